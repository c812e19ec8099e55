package ingest

import "testing"

func TestTfsecReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "tfsec-results.json", Options{Repository: "acme/shop", Roots: []string{"/home/ci/work"}})
}

func TestTfsecThatFoundNothing(t *testing.T) {
	for _, doc := range []string{`{"results":null}`, `{"results":[]}`} {
		if report, found := readDocument(t, doc); report.Format != "tfsec" || len(found) != 0 || !report.Complete {
			t.Errorf("%s is read as %+v", doc, report)
		}
	}
	for _, doc := range []string{`{"results":{}}`, `{"results":[],"errors":[]}`, `{"results":[{"id":"a"}]}`} {
		if f, err := detect([]byte(doc)); err == nil && f.name == "tfsec" {
			t.Errorf("%s is taken for tfsec's", doc)
		}
	}
}
