package ingest

import (
	"strings"
	"testing"
)

// A report whose own counts say that there is more than it lists has lost findings: it must not pass for a clean scan.
func TestAReportThatCountsMoreThanItListsIsIncomplete(t *testing.T) {
	const banditHead = `{"generated_at":"2026-01-01T00:00:00Z","errors":[],"metrics":{"_totals":`
	const yarnRow = `{"type":"auditAdvisory","data":{"resolution":{"path":"a"},"advisory":{"module_name":"a","id":1,"severity":"high","title":"t","url":"https://example.com/1"}}}`
	for name, c := range map[string]struct {
		doc  string
		want string // of the reason; empty: complete
	}{
		"gosec":                       {`{"Golang errors":{},"Issues":[],"Stats":{"files":3,"found":2}}`, "it counts 2 issues and lists 0"},
		"gosec, clean":                {`{"Golang errors":{},"Issues":[],"Stats":{"files":3,"found":0}}`, ""},
		"gosec, a huge count":         {`{"Golang errors":{},"Issues":[],"Stats":{"files":3,"found":1e999}}`, ""},
		"bandit":                      {banditHead + `{"SEVERITY.HIGH":2,"SEVERITY.LOW":1,"CONFIDENCE.HIGH":3}},"results":[]}`, "it counts 2 results"},
		"bandit, below a threshold":   {banditHead + `{"SEVERITY.HIGH":0,"SEVERITY.LOW":9,"CONFIDENCE.HIGH":9}},"results":[]}`, ""},
		"bandit, not sure enough":     {banditHead + `{"SEVERITY.HIGH":2,"CONFIDENCE.LOW":2}},"results":[]}`, ""},
		"npm 7":                       {`{"auditReportVersion":2,"vulnerabilities":{},"metadata":{"vulnerabilities":{"info":0,"low":1,"critical":1,"total":2}}}`, "it counts 2 vulnerabilities and lists 0"},
		"npm 7, clean":                {`{"auditReportVersion":2,"vulnerabilities":{},"metadata":{"vulnerabilities":{"info":0,"low":0,"critical":0,"total":0}}}`, ""},
		"npm 6":                       {`{"actions":[],"advisories":{},"muted":[],"metadata":{"vulnerabilities":{"high":7}}}`, "it counts 7 vulnerabilities and lists 0"},
		"snyk":                        {`{"ok":false,"vulnerabilities":[],"uniqueCount":4,"projectName":"a","packageManager":"npm"}`, "it counts 4 vulnerabilities and lists 0"},
		"snyk, not ok":                {`{"ok":false,"vulnerabilities":[],"projectName":"a","packageManager":"npm"}`, "says that there are vulnerabilities"},
		"snyk, above a threshold":     {`{"ok":true,"vulnerabilities":[],"uniqueCount":4,"severityThreshold":"high","projectName":"a","packageManager":"npm"}`, ""},
		"yarn":                        {`{"type":"auditSummary","data":{"vulnerabilities":{"low":0,"high":3}}}`, "lists none"},
		"yarn, clean":                 {`{"type":"auditSummary","data":{"vulnerabilities":{"low":0,"high":0}}}`, ""},
		"yarn, without the critical":  {yarnRow + `{"type":"auditSummary","data":{"vulnerabilities":{"critical":1,"high":1}}}`, "critical"},
		"yarn, above a threshold":     {yarnRow + `{"type":"auditSummary","data":{"vulnerabilities":{"low":4,"high":1}}}`, ""},
		"grype":                       {`{"source":{"type":"image","target":{"userInput":"a:1"}},"descriptor":{"name":"grype","version":"0.80.0"}}`, "no list of matches"},
		"grype, clean":                {`{"matches":[],"source":{"type":"image","target":{"userInput":"a:1"}},"descriptor":{"name":"grype","version":"0.80.0"}}`, ""},
		"trivy, clean, without lists": {`{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem"}`, ""},
	} {
		in, err := Read(name, strings.NewReader(c.doc), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if in.Report.Complete != (c.want == "") || !strings.Contains(in.Report.Incomplete, c.want) {
			t.Errorf("%s: complete %v, %q, want %q", name, in.Report.Complete, in.Report.Incomplete, c.want)
		}
	}
}

func TestTrivysListsInAnotherLetterCaseAreNoCleanScan(t *testing.T) {
	for _, doc := range []string{
		`{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem","results":[{"Target":"go.mod","Vulnerabilities":[{"VulnerabilityID":"CVE-2021-44228"}]}]}`,
		`{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem","Results":[{"Target":"go.mod","vulnerabilities":[{"VulnerabilityID":"CVE-2021-44228"}]}]}`,
		`{"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem","Results":[{"Target":"go.mod","MISCONFIGURATIONS":[{"ID":"X","Status":"FAIL"}]}]}`,
	} {
		if in, err := Read("scan", strings.NewReader(doc), Options{}); err == nil {
			t.Errorf("%s is read as %+v", doc, in.Report)
		}
	}
}

// Where a scanner or a converter writes much about itself first, the marks of its format stand far behind.
func TestMarksBehindOtherKeysAreSeen(t *testing.T) {
	long := `"properties": {"log": "` + strings.Repeat("x", 3*peekBytes) + `"}, `
	for name, c := range map[string]struct{ doc, format string }{
		"SARIF": {"{" + long + smallest[1:], "sarif"},
		"Trivy": {"{" + long + `"SchemaVersion":2,"ArtifactName":"a","ArtifactType":"filesystem"}`, "trivy"},
		"Grype": {"{" + long + `"matches":[],"source":{"type":"image"},"descriptor":{"name":"grype"}}`, "grype"},
	} {
		in, err := Read("scan", strings.NewReader(c.doc), Options{})
		if err != nil || in.Report.Format != c.format {
			t.Errorf("%s: %+v, %v", name, in, err)
		}
	}
	_, err := Read("scan", strings.NewReader("{"+long+`"version`), Options{})
	if err == nil || !strings.Contains(err.Error(), "it ends in the middle") {
		t.Errorf("a report that ends before its marks: %v", err)
	}
}
