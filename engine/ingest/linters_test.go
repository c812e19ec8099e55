package ingest

import (
	"strings"
	"testing"
)

// What a folder of a checkout on the machine that scanned is called in the reports of testdata.
var checkout = Options{Repository: "acme/shop", Roots: []string{"/home/runner/shop"}}

func TestReportsOfLanguagesOwnToolsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"pip-audit.json", "cargo-audit.json", "gosec.json", "bandit.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, checkout) })
	}
}

func TestCredentialsInMessagesAndCodeAreNotShown(t *testing.T) {
	leaksNot(t, "gosec.json", "pw_Pl4ntedGosecValue00")
	leaksNot(t, "bandit.json", "pw_Pl4ntedBanditValue00")
}

func TestFilesThatWereNotScannedMakeAReportIncomplete(t *testing.T) {
	for name, c := range map[string]struct {
		doc      string
		complete bool
	}{
		"bandit, clean":                   {`{"errors":[],"generated_at":"2026-03-01T09:30:00Z","metrics":{},"results":[]}`, true},
		"bandit, with an unreadable file": {`{"errors":[{"filename":"a.py","reason":"syntax error"}],"generated_at":"2026-03-01T09:30:00Z","metrics":{},"results":[]}`, false},
		"gosec, clean":                    {`{"Golang errors":{},"Issues":[],"Stats":{"files":3},"GosecVersion":"2.21.4"}`, true},
		"gosec, clean, null":              {`{"Golang errors":{},"Issues":null,"Stats":{"files":3},"GosecVersion":"2.21.4"}`, true},
		"gosec, with errors":              {`{"Golang errors":{"a.go":[{"line":1,"error":"x"}]},"Issues":[],"Stats":{"files":3},"GosecVersion":"2.21.4"}`, true},
		"gosec, with errors only":         {`{"Golang errors":{"a.go":[{"line":1,"error":"x"}]},"Issues":[],"Stats":{"files":0},"GosecVersion":"2.21.4"}`, false},
	} {
		if report, found := readDocument(t, c.doc); report.Complete != c.complete || len(found) != 0 {
			t.Errorf("%s: complete %v, want %v; %d findings", name, report.Complete, c.complete, len(found))
		}
	}
}

func TestPipAuditReadsWhatOldVersionsWrote(t *testing.T) {
	_, found := readDocument(t, `[{"name":"jinja2","version":"2.11.2","vulns":[{"id":"PYSEC-2021-66","fix_versions":["2.11.3"]}]},{"name":"a","version":"1","vulns":[]}]`)
	if len(found) != 1 || found[0].Finding.Vulnerability.ID != "PYSEC-2021-66" || found[0].Finding.Package.PURL != "pkg:pypi/jinja2" {
		t.Errorf("read as %+v", found)
	}
}

func TestBanditContentIsTheCodeAtThePlaceAlone(t *testing.T) {
	content := func(code, line string) string {
		_, found := readDocument(t, `{"errors":[],"results":[{"filename":"a.py","test_id":"B602","code":"`+code+`","line_number":`+line+`,"line_range":[`+line+`]}]}`)
		return found[0].Content
	}
	here := content(`1 import os\n2 run(x)\n3 done\n`, "2")
	if here != contentOf("run(x)") || here != content(`41 while x:\n42     run(x)\n`, "42") || here == content(`1 import os\n2 run(y)\n`, "2") {
		t.Errorf("the content %s is not that of the line", here)
	}
}

func TestReportsWithoutAnIdentityAreRefused(t *testing.T) {
	for doc, want := range map[string]string{
		`{"dependencies":[{"name":"a","version":"1","vulns":[{"fix_versions":[]}]}],"fixes":[]}`:  "without id",
		`{"database":{"advisory-count":1},"vulnerabilities":{"list":[{"package":{"name":"a"}}]}}`: "without advisory.id",
		`{"Golang errors":{},"Issues":[{"details":"x"}],"Stats":{},"GosecVersion":"dev"}`:         "without rule_id",
		`{"errors":[],"generated_at":"","metrics":{},"results":[{"filename":"a.py"}]}`:            "without test_id",
		`{"results":[{"check_id":"","path":"a"}],"errors":[]}`:                                    "without check_id",
		`{"vulnerabilities":[{"packageName":"a"}],"ok":false,"projectName":"p"}`:                  "without id",
		`{"actions":[],"advisories":{"1":{"id":1}},"metadata":{}}`:                                "without module_name",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s is refused with %q, want %q", doc, got, want)
		}
	}
}
