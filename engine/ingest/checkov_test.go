package ingest

import (
	"strings"
	"testing"
)

func TestCheckovReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "checkov-frameworks.json", Options{Repository: "acme/shop", Roots: []string{"/builds/acme/shop"}})
}

func TestCheckovThatHadNothingToCheckFoundNothing(t *testing.T) {
	for _, doc := range []string{
		`{"passed":0,"failed":0,"skipped":0,"parsing_errors":0,"resource_count":0,"checkov_version":"3.2.300"}`,
		`{"check_type":"terraform","results":{"failed_checks":[]},"summary":{"checkov_version":"3.2.300"}}`,
	} {
		report, found := readDocument(t, doc)
		if len(found) != 0 || !report.Complete || report.Version != "3.2.300" || report.Tool != "checkov" {
			t.Errorf("%s is read as %+v", doc, report)
		}
	}
}

func TestCheckovThatCouldParseNothingDidNotScan(t *testing.T) {
	for doc, complete := range map[string]bool{
		`{"check_type":"terraform","results":{"parsing_errors":["/a.tf"]}}`:                                                                                false,
		`[{"check_type":"terraform","results":{"passed_checks":[{}]}},{"results":{"parsing_errors":["/a.yaml"]},"check_type":"kubernetes"}]`:               false,
		`{"check_type":"terraform","results":{"passed_checks":[{}],"parsing_errors":["/a.tf"]}}`:                                                           true,
		`{"check_type":"terraform","results":{"failed_checks":[{"check_id":"CKV_1","file_path":"/b.tf"}],"skipped_checks":[],"parsing_errors":["/a.tf"]}}`: true,
	} {
		if report, _ := readDocument(t, doc); report.Complete != complete {
			t.Errorf("%s: complete is %v (%s)", doc, report.Complete, report.Incomplete)
		}
	}
}

func TestCheckovPathsStartAtTheRepository(t *testing.T) {
	for fields, want := range map[string]string{
		`"file_path":"/a.tf"`:                                     "a.tf",
		`"file_path":"/a.tf","repo_file_path":"/infra/a.tf"`:      "infra/a.tf",
		`"file_path":"/a.tf","repo_file_path":"/../x/a.tf"`:       "a.tf",
		`"file_path":"/a.tf","repo_file_path":"../../x/a.tf"`:     "a.tf",
		`"file_path":"/a.tf","file_abs_path":"/ci/work/i/a.tf"`:   "i/a.tf",
		`"file_path":"/a.tf","file_abs_path":"/elsewhere/a.tf"`:   "a.tf",
		`"file_path":"\\infra\\a.tf","file_line_range":"unknown"`: "infra/a.tf",
	} {
		_, found, err := read("x", strings.NewReader(`{"check_type":"terraform","results":{"failed_checks":[{"check_id":"CKV_1",`+fields+`}]}}`), Options{Roots: []string{"/ci/work"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := found[0].Finding.Locations[0].Path; got != want {
			t.Errorf("%s is %q, want %q", fields, got, want)
		}
	}
}

func TestCheckovBrokenPartsAreErrorsWithAPlace(t *testing.T) {
	for doc, want := range map[string]string{
		`{"check_type":"terraform","results":{"failed_checks":[{"check_name":"a"}]}}`: "without check_id",
		`{"check_type":"terraform","results":{"failed_checks":{}}}`:                   "/results/failed_checks",
		`[{"check_type":"terraform","results":{}},7]`:                                 "/1",
		`[{"check_type":"terraform","results":{}}`:                                    "ends in the middle",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s\nis refused because %q, want %q in it", doc, got, want)
		}
	}
}
