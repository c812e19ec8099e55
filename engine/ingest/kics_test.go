package ingest

import "testing"

func TestKICSReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "kics-results.json", Options{Repository: "acme/shop", Roots: []string{"/home/runner/app"}})
}

func TestKICSThatCouldNotScanAllIsNotComplete(t *testing.T) {
	for doc, why := range map[string]string{
		`{"kics_version":"v2","queries":[],"files_failed_to_scan":0,"queries_failed_to_execute":0}`: "",
		`{"kics_version":"v2","queries":null,"files_failed_to_scan":2}`:                             "kics says: files failed to scan 2",
		`{"queries_total":9,"files_scanned":1,"queries_failed_to_execute":1}`:                       "kics says: queries failed to execute 1",
	} {
		report, found := readDocument(t, doc)
		if report.Incomplete != why || len(found) != 0 {
			t.Errorf("%s is read as %+v", doc, report)
		}
	}
}
