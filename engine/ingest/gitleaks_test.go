package ingest

import (
	"fmt"
	"strings"
	"testing"
)

func TestGitleaksReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"gitleaks-history.json", "gitleaks-7.json"} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, Options{Repository: "acme/shop", Roots: []string{"/home/runner/app"}})
		})
	}
}

func TestGitleaksSecretsAreInTheTreeOnlyWhereFilesWereScanned(t *testing.T) {
	for commit, want := range map[string]string{
		``:                             "false",
		`,"Commit":""`:                 "false",
		`,"Commit":"000000000000"`:     "false",
		`,"Commit":"8f2b6c1d9e0a4b7c"`: "unknown", // it can be gone from the tree, or stand there still
	} {
		_, found := readDocument(t, `[{"RuleID":"a","Secret":"b","File":"c","StartLine":1`+commit+`}]`)
		got := "unknown"
		if in := found[0].Finding.Secret.InHistory; in != nil {
			got = fmt.Sprint(*in)
		}
		if got != want {
			t.Errorf("%q: in history is %s, want %s", commit, got, want)
		}
	}
}

func TestTheSameSecretIsTheSameContentForEverySecretScanner(t *testing.T) {
	want := ""
	for _, doc := range []string{
		`[{"RuleID":"a","Secret":"AKIAPLANTEDKEY000001","Match":"key = AKIAPLANTEDKEY000001","File":"c"}]`,
		`[{"rule":"a","offender":"AKIAPLANTEDKEY000001","line":"key = AKIAPLANTEDKEY000001","file":"c"}]`,
		`{"DetectorName":"AWS","SourceName":"x","Raw":"AKIAPLANTEDKEY000001","RawV2":"AKIAPLANTEDKEY000001:more"}`,
		`[{"number":1,"secret_type":"aws","state":"open","secret":"AKIAPLANTEDKEY000001"}]`,
	} {
		_, found := readDocument(t, doc)
		if want == "" && len(found) == 1 {
			want = found[0].Content
		}
		if len(found) != 1 || found[0].Content != want || !strings.HasPrefix(want, "keyed:") {
			t.Errorf("%s is read as %+v, want the content %s", doc, found, want)
		}
	}
}

func TestEmptyListsAreReportsOfNoToolThatCanBeNamed(t *testing.T) {
	for _, doc := range []string{"[]", " [ ]\n"} {
		report, found := readDocument(t, doc)
		if report.Format != "empty-list" || report.Tool != "" || len(found) != 0 || !report.Complete {
			t.Errorf("%q is read as %+v", doc, report)
		}
	}
	for _, doc := range []string{"[", "[] []", "[]]"} {
		if why := refused(t, doc); !strings.Contains(why, "empty JSON list") {
			t.Errorf("%q is refused because %q", doc, why)
		}
	}
}

func TestBrokenGitleaksReportsAreErrorsWithAPlace(t *testing.T) {
	for doc, want := range map[string]string{
		`[{"RuleID":"a","Secret":"b"},7]`:               "/1",
		`[{"RuleID":"a","Secret":"b"},{"File":"c"}]`:    "without a rule",
		`[{"RuleID":"a","Secret":"b"}`:                  "ends in the middle",
		`[{"RuleID":"a","Secret":"b"}] trailing`:        "byte",
		`[{"RuleID":"a","Secret":"b"}][{"RuleID":"a"}]`: "",
	} {
		if want == "" {
			if _, found := readDocument(t, doc); len(found) != 2 {
				t.Errorf("%s is read as %d findings", doc, len(found))
			}
			continue
		}
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s\nis refused because %q, want %q in it", doc, got, want)
		}
	}
}
