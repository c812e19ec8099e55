package ingest

import (
	"strings"
	"testing"
)

func TestTfsecReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "tfsec-results.json", Options{Repository: "acme/shop", Roots: []string{"/home/runner/app"}})
}

func TestTfsecThatFoundNothing(t *testing.T) {
	for _, doc := range []string{`{"results":null}`, `{"results":[]}`} {
		if report, found := readDocument(t, doc); report.Format != "empty-list" || report.Tool != "" || len(found) != 0 || !report.Complete {
			t.Errorf("%s is read as %+v", doc, report) // of nobody's: tfsec's, OSV-Scanner's and others' read the same
		}
	}
	// What stands behind the beginning that detection sees is no part of an empty list.
	for _, doc := range []string{
		`{"results":[]` + strings.Repeat(" ", 2*widePeekBytes) + `,"vulnerabilities":[{"id":"CVE-2026-0001"}]}`,
		`{"results":[` + strings.Repeat(" ", 2*widePeekBytes) + `{"id":"CVE-2026-0001"}]}`,
	} {
		if r, err := Read("x", strings.NewReader(doc), Options{}); err == nil {
			t.Errorf("a list with something far behind its beginning is read as %+v", r.Report)
		}
	}
	for _, doc := range []string{`{"results":{}}`, `{"results":[],"errors":[]}`, `{"results":[{"id":"a"}]}`} {
		if f, err := detect([]byte(doc)); err == nil && f.name == "tfsec" {
			t.Errorf("%s is taken for tfsec's", doc)
		}
	}
}
