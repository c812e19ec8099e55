package ingest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestSemgrepReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"semgrep-repository.json", "semgrep-platform.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/shop"}) })
	}
}

func TestSemgrepTakesNoPlaceholderForAnIdentity(t *testing.T) {
	for _, c := range []struct{ lines, fingerprint, want string }{
		{"a == b", "requires login", contentOf("a == b")},
		{"a == b", "f00_0", contentOf("a == b")},
		{"requires login", "f00_0", "fp:matchBasedId:f00_0"},
		{"requires login", "requires login", ""},
		{"", "", ""},
	} {
		_, found := readDocument(t, fmt.Sprintf(`{"results":[{"check_id":"a.b","path":"c.py","extra":{"lines":%q,"fingerprint":%q}}],"errors":[]}`, c.lines, c.fingerprint))
		if got := found[0].Content; got != c.want {
			t.Errorf("lines %q and fingerprint %q give the content %q, want %q", c.lines, c.fingerprint, got, c.want)
		}
	}
}

func TestSemgrepReachabilityIsWhatItSays(t *testing.T) {
	for sca, want := range map[string]string{
		`{"reachability_rule":true,"reachable":true}`:                                                              "reachable",
		`{"reachability_rule":true,"reachable":false}`:                                                             "potential",
		`{"reachability_rule":false,"reachable":false}`:                                                            "",
		`{"reachability_rule":true,"reachable":false,"kind":"TransitiveUndetermined"}`:                             "potential",
		`{"reachability_rule":true,"reachable":false,"kind":["TransitiveUnreachable",{"explanation":"no calls"}]}`: "unreachable",
		`{"reachability_rule":false,"reachable":false,"kind":["LockfileOnlyMatch","transitive"]}`:                  "",
	} {
		_, found := readDocument(t, `{"results":[{"check_id":"ssc-1","path":"a.lock","extra":{"sca_info":`+sca+`}}],"errors":[]}`)
		got := ""
		if r := found[0].Reachability; r != nil {
			got = r.Verdict
		}
		if got != want || found[0].Finding.Kind != engine.KindVulnerability {
			t.Errorf("%s is %q, want %q", sca, got, want)
		}
	}
}

func TestSemgrepErrorsMakeAReportIncompleteAndWarningsDoNot(t *testing.T) {
	for level, complete := range map[string]bool{"error": false, "warn": true, "info": true} {
		report, _ := readDocument(t, fmt.Sprintf(`{"errors":[{"code":2,"level":%q,"type":"Fatal error","message":"x"}],"results":[]}`, level))
		if report.Complete != complete {
			t.Errorf("with an error of the level %q the report is complete: %v", level, report.Complete)
		}
	}
}

// leaksNot fails if what is read of a file of testdata has one of the texts in it.
func leaksNot(t *testing.T, name string, secrets ...string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	report, found, err := read(name, strings.NewReader(string(content)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	all, err := json.Marshal([]any{report, found})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if !strings.Contains(string(content), s) {
			t.Fatalf("%q is not planted", s)
		}
		if strings.Contains(string(all), s) {
			t.Errorf("%q is in %s", s, all)
		}
	}
}

func TestSemgrepSecretsAreNotShown(t *testing.T) {
	leaksNot(t, "semgrep-repository.json", "sk_live_Pl4ntedSemgrepValue00")
}
