package ingest

import (
	"strings"
	"testing"
)

func TestTrivyOperatorReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "trivy-operator-list.json", Options{})
}

func TestTrivyOperatorResourcesComeAloneInListsAndByKind(t *testing.T) {
	one := `{"apiVersion":"aquasecurity.github.io/v1alpha1","kind":"VulnerabilityReport","report":{"artifact":{"repository":"a"},"vulnerabilities":[{"vulnerabilityID":"CVE-2026-0001","resource":"b"}]}}`
	for _, doc := range []string{
		one, "[" + one + "]", `{"apiVersion":"v1","kind":"List","items":[` + one + `]}`, `{"items":[` + one + `],"kind":"VulnerabilityReportList"}`,
		`{"sbomreports.aquasecurity.github.io":[{}],"vulnerabilityreports.aquasecurity.github.io":[` + one + `]}`,
	} {
		report, found := readDocument(t, doc)
		if report.Format != "trivy-operator" || len(found) != 1 || found[0].Target.Name != "a" {
			t.Errorf("%s is read as %+v %+v", doc, report, found)
		}
	}
	for _, doc := range []string{
		`{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Pod"}]}`, `{"apiVersion":"v1","kind":"List","items":[]}`,
		`{"apiVersion":"aquasecurity.github.io.evil/v1","kind":"Other"}`,
	} {
		if f, err := detect([]byte(doc)); err == nil {
			t.Errorf("%s is taken for %s", doc, f.title)
		}
	}
	if got := refused(t, strings.Replace(one, "CVE-2026-0001", "", 1)); !strings.Contains(got, "without vulnerabilityID") {
		t.Errorf("refused because %q", got)
	}
}
