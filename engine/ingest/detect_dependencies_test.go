package ingest

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// analysers are the formats of the tools that look at code and dependencies, and the folders of real reports in them.
var analysers = map[string][]string{
	"semgrep":          {"semgrep", "semgrep_pro"},
	"snyk":             {"snyk"},
	"npm-audit":        {"npm_audit", "npm_audit_7_plus"},
	"yarn-audit":       nil,
	"pip-audit":        nil,
	"cargo-audit":      nil,
	"gosec":            {"gosec"},
	"bandit":           nil,
	"dependency-check": {"dependency_check"},
	"dependabot":       {"github_vulnerability"},
	"code-scanning":    {"github_sast", "github_vulnerability"},
}

func TestAnalysersTakeNoOtherFormatsFiles(t *testing.T) {
	dir := corpus(t)
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
		if folders, known := analysers[f.name]; err == nil && known && !slices.Contains(folders, filepath.Dir(name)) {
			t.Errorf("%s is taken for %s", name, f.title)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestReportsOfAnalysersAreDetectedFromTheirFirstBytes(t *testing.T) {
	long := strings.Repeat("x", 2*peekBytes)
	for doc, want := range map[string]string{
		`{"version":"1.96.0","results":[{"check_id":"a","path":"b","extra":{"message":"` + long: "semgrep",
		`{"results":[],"errors":[]}`: "semgrep",
		`{"version":"1.96.0","results":[],"errors":[],"paths":{"scanned":["` + long:                                                      "semgrep",
		`{"vulnerabilities":[{"id":"SNYK-JS-A-1","packageName":"a","description":"` + long:                                               "snyk",
		`[{"vulnerabilities":[{"CVSSv3":"x","id":"SNYK-JS-A-1","description":"` + long:                                                   "snyk",
		`[{"vulnerabilities":[],"ok":true,"projectName":"a","policy":"` + long:                                                           "snyk",
		`{"ok":false,"error":"no","path":"/a"}`:                                                                                          "snyk",
		`{"auditReportVersion":2,"vulnerabilities":{"a":{"name":"` + long:                                                                "npm-audit",
		`{"actions":[],"advisories":{"1":{"overview":"` + long:                                                                           "npm-audit",
		`{"type":"auditAdvisory","data":{"resolution":{"path":"a"},"advisory":{"overview":"` + long:                                      "yarn-audit",
		`{"value":"a","children":{"ID":1,"Issue":"x","Severity":"low"}}`:                                                                 "yarn-audit",
		`{"dependencies":[{"name":"a","version":"1","vulns":[{"id":"x","description":"` + long:                                           "pip-audit",
		`{"dependencies":[],"fixes":[]}`:                                                                                                 "pip-audit",
		`{"database":{"advisory-count":1},"lockfile":{"dependency-count":3},"vulnerabilities":{"list":["` + long:                         "cargo-audit",
		`{"Golang errors":{},"Issues":[{"rule_id":"G1","details":"x","code":"` + long:                                                    "gosec",
		`{"Issues":[{"severity":"LOW","rule_id":"G1","details":"` + long:                                                                 "gosec",
		`{"errors":[],"generated_at":"2026-03-01T00:00:00Z","metrics":{"a":"` + long:                                                     "bandit",
		`{"reportSchema":"1.1","scanInfo":{"engineVersion":"11"},"projectInfo":{"credits":"` + long:                                      "dependency-check",
		`<?xml version="1.0"?><analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.4.0.xsd"><scanInfo>` + long: "dependency-check",
		`[{"number":1,"state":"open","dependency":{},"security_advisory":{"description":"` + long:                                        "dependabot",
		`{"data":{"repository":{"vulnerabilityAlerts":{"nodes":[{"securityVulnerability":{"x":"` + long:                                  "dependabot",
		`{"data":{"search":{"nodes":[{"name":"a","vulnerabilityAlerts":{"nodes":[]}}]}}}`:                                                "dependabot",
		`[{"number":1,"rule":{"id":"a","help":"x"},"tool":{"name":"b"},"most_recent_instance":{"x":"` + long:                             "code-scanning",
	} {
		f, err := detect([]byte(doc)[:min(len(doc), peekBytes)])
		if err != nil || f.name != want {
			t.Errorf("%.70s: %s, %v, want %s", doc, f.name, err, want)
		}
	}
}

func TestReportsOfAnalysersThatAreCutAreRefused(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		base := filepath.Base(name)
		if strings.HasSuffix(base, ".golden") {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil || len(content) == 0 {
			continue
		}
		f, err := detect(content[:min(len(content), peekBytes)])
		if _, known := analysers[f.name]; err != nil || !known {
			continue
		}
		seen[f.name] = true
		whole := strings.TrimRight(string(content), " \r\n")
		for i := 1; i < 60; i++ {
			cut := whole[:len(whole)*i/60]
			report, _, err := read(base, strings.NewReader(cut), Options{})
			if err == nil && report.Complete {
				t.Errorf("%s is read to the end though it is cut at byte %d", base, len(cut))
			}
		}
		if _, _, err := read(base, strings.NewReader(whole+"}"), Options{}); err == nil {
			t.Errorf("%s is read with garbage behind it", base)
		}
	}
	for name := range analysers {
		if !seen[name] {
			t.Errorf("there is no report of %s in testdata", name)
		}
	}
}

func TestValuesOfOtherTypesDoNotMakeReportsOfAnalysersUnreadable(t *testing.T) {
	for name, doc := range map[string]string{
		"semgrep":       `{"results":[{"check_id":"a","path":["b"],"start":{"line":"x"},"end":{"line":1e99},"extra":{"metadata":[],"severity":3,"fingerprint":{},"is_ignored":"no","sca_info":null}}],"errors":[]}`,
		"snyk":          `{"vulnerabilities":[{"id":"a","packageName":"p","identifiers":[],"cvssDetails":{},"from":"x","fixedIn":"1","cvssScore":null,"filtered":[]}],"ok":false,"filtered":[],"applications":null}`,
		"npm-audit":     `{"auditReportVersion":2,"vulnerabilities":{"a":{"via":"b","isDirect":"yes","fixAvailable":true},"c":{"via":[{"cvss":[],"cwe":null,"range":7}]}}}`,
		"pip-audit":     `{"dependencies":[{"name":"a","version":null,"vulns":[{"id":"x","fix_versions":"1","aliases":null,"description":[]}]},{"name":"b","skip_reason":1}],"fixes":[]}`,
		"cargo-audit":   `{"database":{"advisory-count":1},"vulnerabilities":{"list":[{"advisory":{"id":"x","cvss":{},"aliases":"y"},"package":[],"versions":null}]},"warnings":[]}`,
		"gosec":         `{"Golang errors":[],"Issues":[{"rule_id":"G1","cwe":"79","line":12,"code":{},"suppressions":"x"}],"Stats":[],"GosecVersion":1}`,
		"bandit":        `{"errors":{},"results":[{"test_id":"B1","filename":"a","line_range":7,"issue_cwe":[],"line_number":"3"}],"metrics":null,"generated_at":5}`,
		"dependabot":    `[{"number":"1","state":null,"dependency":[],"security_advisory":{"ghsa_id":"GHSA-a","cvss":"x","cwes":{"nodes":"y"},"identifiers":{}},"security_vulnerability":"z"}]`,
		"code-scanning": `[{"number":null,"rule":{"id":"a","tags":"x"},"tool":"y","most_recent_instance":{"message":"z","location":[]},"state":1}]`,
	} {
		report, found, err := read(name, strings.NewReader(doc), Options{})
		if err != nil || report.Format != name || len(found) == 0 {
			t.Errorf("%s: read as %s, %d findings, %v", name, report.Format, len(found), err)
		}
	}
}
