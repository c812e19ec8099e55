package ingest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// ours are the formats of package scanners and the folders of real reports in them.
var ours = map[string]string{"trivy": "trivy", "grype": "anchore_grype", "osv-scanner": "osv_scanner", "govulncheck": "govulncheck"}

func TestPackageScannersTakeNoOtherFormatsFiles(t *testing.T) {
	dir := corpus(t)
	// What other tools write when they find nothing can be the same bytes: null is a report of Trivy and of gitleaks.
	same := []string{"gitleaks/no_findings.json"}
	seen := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := detect(content[:min(len(content), peekBytes)])
		folder, isOurs := ours[f.name]
		if err == nil && isOurs && filepath.Dir(name) != folder && !slices.Contains(same, filepath.ToSlash(name)) {
			t.Errorf("%s is taken for %s", name, f.title)
		}
		seen++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func TestPackageScannersTakeNoOtherToolsDocuments(t *testing.T) {
	for name, doc := range map[string]string{
		"Trivy operator, one":  `{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"VulnerabilityReport","metadata":{},"report":{"artifact":{"repository":"a"},"vulnerabilities":[{"vulnerabilityID":"CVE-2026-0001"}]}}`,
		"Trivy operator, many": `{"apiVersion":"v1","kind":"List","items":[{"kind":"VulnerabilityReport","report":{}}]}`,
		"Trivy compliance":     `{"ID":"k8s-cis","Title":"CIS","Results":[{"ID":"1.1","Checks":[{"ID":"AVD-KCV-0001"}],"Results":[]}]}`,
		"a cluster's object":   `{"apiVersion":"example.org/v1","kind":"Report","ClusterName":"prod","Resources":[],"SchemaVersion":2}`,
		"CycloneDX":            `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[],"vulnerabilities":[{"id":"CVE-2026-0001"}]}`,
		"Semgrep":              `{"results":[{"check_id":"a","path":"b","extra":{}}],"errors":[],"paths":{},"version":"1.90.0"}`,
		"empty Semgrep":        `{"results":[],"errors":[]}`,
		"npm audit":            `{"auditReportVersion":2,"vulnerabilities":{"a":{"name":"a","severity":"high","via":[]}},"metadata":{}}`,
		"npm audit 6":          `{"actions":[],"advisories":{"1":{"findings":[],"id":1}},"metadata":{}}`,
		"Snyk":                 `{"vulnerabilities":[{"id":"SNYK-JS-A-1","packageName":"a"}],"ok":false,"projectName":"a"}`,
		"Snyk, many":           `[{"vulnerabilities":[{"id":"SNYK-JS-A-1"}],"ok":false,"targetFile":"a"}]`,
		"Bandit":               `{"errors":[],"generated_at":"2026-03-01T00:00:00Z","metrics":{},"results":[{"filename":"a.py","test_id":"B101"}]}`,
		"detect-secrets":       `{"version":"1.5.0","plugins_used":[],"results":{"a.py":[{"type":"Secret Keyword"}]}}`,
		"gitleaks":             `[{"Description":"a","RuleID":"b","File":"c","Match":"d","Secret":"e","StartLine":1}]`,
		"gosec":                `{"Golang errors":{},"Issues":[],"Stats":{},"GosecVersion":"dev"}`,
		"Syft":                 `{"artifacts":[{"id":"a","name":"b"}],"source":{"type":"image"},"descriptor":{"name":"syft","version":"1.0.0"},"schema":{}}`,
		"tfsec":                `{"results":null}`,
		"a bare list of osv":   `[{"id":"GO-2026-0001","modified":"2026-01-01T00:00:00Z","affected":[]}]`,
		"an OSV entry":         `{"schema_version":"1.6.0","id":"GO-2026-0001","modified":"2026-01-01T00:00:00Z","affected":[]}`,
		"KEV":                  `{"title":"CISA Catalog","catalogVersion":"2026.03.01","vulnerabilities":[{"cveID":"CVE-2026-0001"}]}`,
		"an empty object":      `{}`,
		"an empty list":        `[]`,
		"a string":             `"trivy"`,
	} {
		if f, err := detect([]byte(doc)); err == nil && ours[f.name] != "" {
			t.Errorf("%s is taken for %s", name, f.title)
		}
	}
}

func TestFirstBytesAreEnoughToDetect(t *testing.T) {
	long := make([]byte, 2*peekBytes)
	for i := range long {
		long[i] = 'x'
	}
	for doc, want := range map[string]string{
		`{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"container_image","Metadata":{"ImageConfig":"` + string(long):     "trivy",
		`{"matches":[{"vulnerability":{"id":"CVE-2026-0001","description":"` + string(long):                                     "grype",
		`{"descriptor":{"name":"grype","version":"1"},"distro":{},"matches":[{"artifact":{"name":"` + string(long):              "grype",
		`{"matches":[],"source":{"type":"image","target":{"manifest":"` + string(long):                                          "grype",
		`{"results":[{"source":{"path":"a"},"packages":[{"package":{"name":"a"},"vulnerabilities":[{"id":"` + string(long):      "osv-scanner",
		`{"config":{"protocol_version":"v1.0.0"}}{"osv":{"details":"` + string(long):                                            "govulncheck",
		`[{"config":{"protocol_version":"v1.0.0"}},{"osv":{"details":"` + string(long):                                          "govulncheck",
		`{"Calls":{"Functions":{"1":{"ID":1,"CallSites":null}}},"Imports":{},"Requires":{},"Vulns":[{"Symbol":"` + string(long): "govulncheck",
	} {
		f, err := detect([]byte(doc)[:peekBytes])
		if err != nil || f.name != want {
			t.Errorf("%.60s…: %s, %v, want %s", doc, f.name, err, want)
		}
	}
}
