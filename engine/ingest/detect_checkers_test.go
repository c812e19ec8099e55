package ingest

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// checkers are the formats of scanners of secrets, of infrastructure and of running applications, and the folders of real reports in
// them.
var checkers = map[string]string{
	"gitleaks": "gitleaks", "trufflehog": "", "secret-scanning": "", "checkov": "checkov", "kics": "kics", "tfsec": "", "nuclei": "nuclei",
	"zap": "zap", "zap-xml": "zap", "trivy-operator": "trivy_operator", "gitlab": "", "sonarqube": "", "picus": "picus", "threagile": "threagile",
}

func TestCheckersTakeTheirOwnRealReportsAndNoOthers(t *testing.T) {
	dir := corpus(t)
	// What tells nothing of its tool, and what is no report at all.
	others := map[string]string{"gitleaks/no_findings.json": "trivy", "threagile/bad_formatted_risks_file.json": ""}
	folders, seen := map[string]bool{}, 0
	for _, folder := range checkers {
		folders[folder] = true
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		content, err := os.ReadFile(path)
		if err != nil || len(content) == 0 {
			return err
		}
		seen++
		f, _ := detect(content[:min(len(content), peekBytes)])
		if other, ok := others[name]; ok {
			if f.name != other {
				t.Errorf("%s is taken for %q, want %q", name, f.name, other)
			}
			return nil
		}
		folder, ours := checkers[f.name]
		switch in := filepath.Dir(name); {
		case ours && folder != in:
			t.Errorf("%s is taken for %s", name, f.title)
		case !ours && folders[in]:
			t.Errorf("%s is taken for %q", name, f.title)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func TestReportsOfScannersThatAreNotReadAreRefused(t *testing.T) {
	for name, doc := range map[string]string{
		"Twistlock, an image": `{"_id":"sha256:1","distro":"Debian","vulnerabilities":[{"id":"CVE-2026-0001","packageName":"zlib","packageVersion":"1.2","cvss":9.8,` +
			`"vector":"CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H","severity":"high","link":"https://example.org","riskFactors":{}}]}`,
		"Twistlock, images": `[{"vulnerabilities":[{"id":"PRISMA-2026-0001","packageName":"zlib","packageVersion":"1.2"}]}]`,
		"Twistlock, twistcli": `{"results":[{"id":"sha256:1","distro":"Debian","vulnerabilities":[{"id":"CVE-2026-0001","packageName":"zlib"}]}],` +
			`"consoleURL":"https://example.org"}`,
		"Veracode's pipeline scan": `{"scan_id":"1","scan_status":"SUCCESS","message":"Scan successful.","modules":["a.jar"],"findings":[{"title":"java.lang.Runtime",` +
			`"issue_id":1,"gob":"B","severity":5,"issue_type_id":"taint","issue_type":"OS Command Injection","cwe_id":"78","files":{"source_file":{"file":"A.java","line":3}}}]}`,
		"Veracode's pipeline scan without findings": `{"scan_id":"1","scan_status":"SUCCESS","message":"Scan successful.","modules":["a.jar"],"findings":[]}`,
	} {
		if f, err := detect([]byte(doc)); err == nil {
			t.Errorf("%s is taken for %s", name, f.title)
		}
	}
}

func TestCheckersTakeNoOtherToolsDocuments(t *testing.T) {
	for name, doc := range map[string]string{
		"a package's description":   `{"name":"a","version":"1.0.0","scan":{"type":"x"}}`,
		"a list of issues":          `{"issues":[{"id":1,"title":"a"}]}`,
		"GitHub issues":             `[{"number":1,"state":"open","title":"a","locked":false}]`,
		"code-scanning alerts":      `[{"number":1,"state":"open","rule":{"id":"a"},"tool":{"name":"CodeQL"},"most_recent_instance":{"location":{"path":"a"}}}]`,
		"Dependabot alerts":         `[{"number":1,"state":"open","dependency":{"package":{"ecosystem":"npm","name":"a"}},"security_advisory":{"ghsa_id":"GHSA-a"}}]`,
		"Kubernetes pods":           `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod"}]}`,
		"detect-secrets":            `{"version":"1.5.0","plugins_used":[],"results":{"a.py":[{"type":"Secret Keyword"}]}}`,
		"Semgrep":                   `{"results":[{"check_id":"a","path":"b","extra":{}}],"errors":[],"paths":{},"version":"1.90.0"}`,
		"a build log":               `{"level":"info","msg":"built","logger":"build"}`,
		"CycloneDX":                 `{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"vulnerabilities":[{"id":"CVE-2026-0001"}]}`,
		"npm audit":                 `{"auditReportVersion":2,"vulnerabilities":{"a":{"name":"a","severity":"high","via":[]}},"metadata":{}}`,
		"a site's description":      `{"site":[{"name":"a"}]}`,
		"a Nuclei template's index": `[{"template":"a","severity":"high"}]`,
		"another table":             "title,severity,description\na,High,b\n",
		"another XML":               `<?xml version="1.0"?><report version="1"><site name="a"/></report>`,
	} {
		if f, err := detect([]byte(doc)); err == nil {
			if _, ours := checkers[f.name]; ours {
				t.Errorf("%s is taken for %s", name, f.title)
			}
		}
	}
}
