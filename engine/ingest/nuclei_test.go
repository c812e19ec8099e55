package ingest

import (
	"fmt"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestNucleiReportsAreReadAsTheirGoldens(t *testing.T) { golden(t, "nuclei-lines.json", Options{}) }

func TestNucleiKinds(t *testing.T) {
	for _, c := range []struct {
		doc  string
		kind engine.Kind
		id   string
		cves []string
	}{
		{`"template-id":"CVE-2026-0001","info":{"name":"a"}`, "vulnerability", "CVE-2026-0001", []string{"CVE-2026-0001"}},
		{`"template-id":"a","info":{"name":"a","classification":{"cve-id":"CVE-2026-0001"}}`, "vulnerability", "CVE-2026-0001", []string{"CVE-2026-0001"}},
		{`"template-id":"a","info":{"name":"a","classification":{"cve-id":["CVE-2026-0002","cve-2026-0001"]}}`, "vulnerability", "a", []string{"CVE-2026-0001", "CVE-2026-0002"}},
		{`"template-id":"a","info":{"name":"a","classification":{"cve-id":null}}`, "weakness", "", nil},
		{`"template-id":"a","info":{"name":"a","tags":"x, misconfig"}`, "misconfiguration", "", nil},
		{`"template-id":"a","template-path":"http/exposures/a.yaml","info":{"name":"a"}`, "misconfiguration", "", nil},
	} {
		_, found := readDocument(t, `[{"type":"http",`+c.doc+`,"matched-at":"https://a.example/"}]`)
		f := found[0].Finding
		id, cves := "", []string(nil)
		if v := f.Vulnerability; v != nil {
			id, cves = v.ID, v.CVEs
		}
		if f.Kind != c.kind || id != c.id || fmt.Sprint(cves) != fmt.Sprint(c.cves) {
			t.Errorf("%s is %s %s %v, want %s %s %v", c.doc, f.Kind, id, cves, c.kind, c.id, c.cves)
		}
	}
}

func TestNucleiResultsThatDidNotMatchAreNoFindings(t *testing.T) {
	report, found := readDocument(t, `{"template-id":"a","info":{"name":"a"},"type":"http","matcher-status":false}
		{"template-id":"b","info":{"name":"b"},"type":"http","matcher-status":true}
		{"template-id":"c","info":{"name":"c"},"type":"http"}`)
	if report.Results != 3 || len(found) != 2 || found[0].Finding.Rule.ID != "b" {
		t.Errorf("read as %+v with %d findings", report, len(found))
	}
}

func TestAddressesLoseWhatCanBeACredential(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/b?q=1&token=x#frag":    "https://a.example/b?q&token",
		"https://user:pass@a.example:8443/":       "https://a.example:8443/",
		"https://a.example/?onlyavalue":           "https://a.example/",
		"https://a.example/%2e%2e/x":              "https://a.example/%2e%2e/x",
		"a.example:22":                            "",
		"/etc/passwd":                             "",
		"javascript:alert(1)":                     "",
		"https://a.example/\u202etxt\nSet-Cookie": "https://a.example/txtSet-Cookie",
		"": "",
	} {
		if got := address(raw); got != want {
			t.Errorf("%q is shown as %q, want %q", raw, got, want)
		}
	}
}

func TestHostsAreNamedWithThePortThatIsNotTheUsualOne(t *testing.T) {
	for raw, want := range map[string]string{
		"https://A.example/x":     "a.example",
		"https://a.example:443/":  "a.example",
		"http://a.example:443/":   "a.example:443",
		"http://a.example:80":     "a.example",
		"https://a.example:8443":  "a.example:8443",
		"a.example:22":            "a.example:22",
		"a.example":               "a.example",
		"a.example.":              "a.example",
		"203.0.113.7":             "203.0.113.7",
		"https://[2001:db8::1]/x": "2001:db8::1",
		"":                        "",
	} {
		if got := hostTarget(raw); got != (engine.Target{Type: engine.TargetHost, Name: want}) {
			t.Errorf("%q is %v, want %q", raw, got, want)
		}
	}
}
