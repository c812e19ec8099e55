package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

const (
	intelKEV = `{"title":"…","catalogVersion":"2026.11.20","dateReleased":"2026-11-20T16:00:00.0000Z","count":1,"vulnerabilities":[{"cveID":"CVE-2031-10001",` +
		`"vendorProject":"Example","product":"Gateway","vulnerabilityName":"…","dateAdded":"2026-03-02","shortDescription":"…","requiredAction":"…","dueDate":"2026-03-23"}]}`
	intelEPSS = "#model_version:v2026.06.15,score_date:2026-11-10T12:00:00Z\ncve,epss,percentile\nCVE-2031-10001,0.97565,0.99951\n"
	intelSSVC = `{"cveMetadata":{"cveId":"CVE-2031-10001"},"containers":{"adp":[{"providerMetadata":{"shortName":"CISA-ADP"},"metrics":[{"other":{"type":"ssvc",` +
		`"content":{"timestamp":"2026-11-19T08:00:00Z","options":[{"Exploitation":"active"}]}}}]}]}}`
)

// intelRun runs the program on the morning of 21 November 2026.
func intelRun(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &err, getenv: func(string) string { return "" },
		now: func() time.Time { return time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC) }}
	status = a.run(t.Context(), append([]string{"intel"}, args...))
	return status, out.String(), err.String()
}

func TestIntelUpdateFetchesAndShowShowsIt(t *testing.T) {
	answers := map[string]string{"/kev": intelKEV, "/epss": intelEPSS, "/ssvc": intelSSVC}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := answers[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, text)
	}))
	defer server.Close()
	dir := filepath.Join(t.TempDir(), "intel")
	update := []string{"update", "--intel", dir, "--kev-url", server.URL + "/kev", "--epss-url", server.URL + "/epss", "--ssvc-url", server.URL + "/ssvc"}

	status, stdout, stderr := intelRun(t, append(update, "--only", "kev,epss")...)
	want := "kev    new   2026.11.20    2026-11-20   1 entry\nepss   new   v2026.06.15   2026-11-10   1 entry\n"
	if status != statusPass || stdout != want || stderr != "" {
		t.Errorf("status %d\n%s%s\nwant\n%s", status, stdout, stderr, want)
	}

	status, stdout, stderr = intelRun(t, "show", "--intel", dir)
	for _, words := range []string{
		"kev    2026.11.20    2026-11-20   today     ", "epss   v2026.06.15   2026-11-10   10 days   ", "ssvc   not held",
		"Without ssvc it is not known what CISA says of exploitation",
		"To fetch what is missing: headgate intel update --intel " + filepath.ToSlash(dir) + " --only ssvc\n",
		"Older than a week: epss.",
	} {
		if !strings.Contains(stdout, words) {
			t.Errorf("show lacks %q:\n%s", words, stdout)
		}
	}
	if status != statusPass || stderr != "" {
		t.Errorf("status %d: %s", status, stderr)
	}

	answers["/epss"] = "<html>"
	status, stdout, stderr = intelRun(t, update...)
	if status != statusUndecided || !strings.Contains(stdout, "epss   not updated") || !strings.Contains(stdout, "ssvc   new") {
		t.Errorf("status %d:\n%s", status, stdout)
	}
	if want := "headgate: error: " + server.URL + "/epss: EPSS scores: a web page"; !strings.HasPrefix(stderr, want) || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%q, want one line with %q", stderr, want)
	}

	_, stdout, _ = intelRun(t, "show", "--intel", dir, "-o", "json")
	var shown intelReport
	if err := json.Unmarshal([]byte(stdout), &shown); err != nil {
		t.Fatal(err)
	}
	if err := valid(t, intelSchema, stdout); err != nil {
		t.Error(err)
	}
	if len(shown.Missing) != 0 || shown.Feeds["ssvc"].File != "vulnrichment.ndjson.gz" || shown.Feeds["ssvc"].Source != server.URL+"/ssvc" || shown.Feeds["epss"].Model != "v2026.06.15" {
		t.Errorf("%s", stdout)
	}

	if err := os.WriteFile(filepath.Join(dir, "kev.json"), []byte(strings.Replace(intelKEV, "10001", "10002", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr = intelRun(t, "show", "--intel", dir); status != statusUndecided || !strings.Contains(stderr, "kev.json: changed since it was fetched") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

// A machine without a network, or behind a proxy that nobody named, can do something about it: that is not said of a server that answers.
func TestIntelUpdateWithoutAnAnswerSaysWhatToDo(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	t.Chdir(t.TempDir())
	for address, hint := range map[string]bool{server.URL: false, gone.URL: true} {
		status, _, stderr := intelRun(t, "update", "--only", "kev", "--kev-url", address)
		said := strings.Contains(stderr, "\nheadgate: hint: ") && strings.Contains(stderr, "HTTPS_PROXY") && strings.Contains(stderr, "headgate intel update --from FOLDER")
		if status != statusUndecided || said != hint {
			t.Errorf("status %d, want a hint %t: %s", status, hint, stderr)
		}
	}
	server.Close()
}

func TestIntelShowWithoutAnythingSaysWhatIsMissing(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, _ := intelRun(t, "show")
	if status != statusPass || !strings.Contains(stdout, "headgate intel update --intel .headgate/intel --only kev,epss,ssvc") {
		t.Errorf("status %d:\n%s", status, stdout)
	}
	if status, _, stderr := intelRun(t, "show", "--intel", "elsewhere"); status != statusUndecided || !strings.Contains(stderr, "elsewhere is not there") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestIntelFlagsThatMeanNothingAreRefused(t *testing.T) {
	for _, args := range [][]string{{"update", "--only", "cvss"}, {"update", "--also", "nvd"}, {"update", "--accept-anomaly", "all"}, {"update", "--keep", "forever"}, {"show", "-o", "yaml"}, {"show", "folder"}, {"refresh"}} {
		t.Chdir(t.TempDir())
		if status, stdout, stderr := intelRun(t, args...); status != statusSetup || stdout != "" || stderr == "" {
			t.Errorf("%v: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}

func TestIntelShowSaysWhatChangedAndWhatWasRefusedOrAccepted(t *testing.T) {
	t.Chdir(t.TempDir())
	folder := func(name, kev, epss string) {
		writeFile(t, name+"/kev.json", kev)
		writeFile(t, name+"/epss.csv", epss)
	}
	later := strings.NewReplacer("2026.11.20", "2026.11.21", "2026-11-20T", "2026-11-21T", `"count":1`, `"count":2`, `"vulnerabilities":[`,
		`"vulnerabilities":[{"cveID":"CVE-2031-10002","dateAdded":"2026-11-21","dueDate":"2026-11-24"},`).Replace(intelKEV)
	folder("before", intelKEV, intelEPSS)
	folder("after", later, strings.Replace(intelEPSS, "v2026.06.15", "v2027.01.01", 1))

	if status, _, stderr := intelRun(t, "update", "--from", "before"); status != statusPass {
		t.Fatalf("status %d: %s", status, stderr)
	}
	status, stdout, stderr := intelRun(t, "update", "--from", "after")
	if status != statusUndecided || !strings.Contains(stderr, "the policy's thresholds are for v2026.06.15") || !strings.Contains(stderr, "--accept-anomaly epss") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
	_, stdout, _ = intelRun(t, "show")
	for _, words := range []string{"  kev   of 2026-11-20   1 added (CVE-2031-10002); 0 removed; 0 changed\n", "Not put in place on 2026-11-21: EPSS scores: its model is v2027.01.01",
		"headgate intel update --intel .headgate/intel --only epss --accept-anomaly epss\n", "Snapshots: 3 files, 1"} {
		if !strings.Contains(stdout, words) {
			t.Errorf("show lacks %q:\n%s", words, stdout)
		}
	}
	_, stdout, _ = intelRun(t, "show", "-o", "json")
	if err := valid(t, intelSchema, stdout); err != nil || !strings.Contains(stdout, `"anomaly": true`) {
		t.Errorf("%v\n%s", err, stdout)
	}

	if status, stdout, _ = intelRun(t, "update", "--from", "after", "--accept-anomaly", "epss"); status != statusPass || !strings.Contains(stdout, "accepted: EPSS scores: its model is") {
		t.Errorf("status %d: %s", status, stdout)
	}
	_, stdout, _ = intelRun(t, "show", "-o", "json")
	var shown intelReport
	if err := json.Unmarshal([]byte(stdout), &shown); err != nil {
		t.Fatal(err)
	}
	epss := shown.Feeds["epss"]
	if err := valid(t, intelSchema, stdout); err != nil || len(shown.Refused) != 0 || epss.Accepted == "" || epss.Before.Model != "v2026.06.15" || len(shown.Snapshots) != 4 {
		t.Errorf("%v\n%s", err, stdout)
	}

	// The policy's thresholds are set for the new model: then it is the one that is expected.
	writeFile(t, ".headgate/headgate.yaml", "params: {exploit: {epss_model: v2027.01.01}}\n")
	if status, _, stderr := intelRun(t, "update", "--from", "before", "--intel", "other"); status != statusPass {
		t.Errorf("status %d: %s", status, stderr)
	}
	if status, _, stderr := intelRun(t, "update", "--from", "after", "--intel", "other"); status != statusPass {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestVulnCheckNeedsAToken(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, flag := range []string{"--only", "--also"} {
		if status, _, stderr := intelRun(t, "update", flag, "vulncheck"); status != statusSetup || !strings.Contains(stderr, "VULNCHECK_API_TOKEN") {
			t.Errorf("%s: status %d, %s", flag, status, stderr)
		}
	}
}

// Invariant: reassess forgets nothing that a feed said which is not loaded now, and believes the loaded ones alone.
func TestWhatAFeedSaidThatIsNotLoadedStays(t *testing.T) {
	listed, not := &engine.Exploitation{Listed: true, Added: "2026-11-14"}, &engine.Exploitation{}
	info := &engine.FeedInfo{}
	for name, c := range map[string]struct {
		was, now, want *engine.Exploited
		loaded         engine.IntelInfo
	}{
		"neither is loaded":   {&engine.Exploited{EUVD: listed, VulnCheck: not}, nil, &engine.Exploited{EUVD: listed, VulnCheck: not}, engine.IntelInfo{}},
		"one of them is":      {&engine.Exploited{EUVD: listed, VulnCheck: listed}, &engine.Exploited{EUVD: not}, &engine.Exploited{EUVD: not, VulnCheck: listed}, engine.IntelInfo{EUVD: info}},
		"the other one is":    {&engine.Exploited{EUVD: listed}, &engine.Exploited{VulnCheck: not}, &engine.Exploited{EUVD: listed, VulnCheck: not}, engine.IntelInfo{VulnCheck: info}},
		"both are":            {&engine.Exploited{EUVD: listed, VulnCheck: listed}, &engine.Exploited{EUVD: not, VulnCheck: not}, &engine.Exploited{EUVD: not, VulnCheck: not}, engine.IntelInfo{EUVD: info, VulnCheck: info}},
		"there was none then": {nil, &engine.Exploited{EUVD: not}, &engine.Exploited{EUVD: not}, engine.IntelInfo{EUVD: info}},
	} {
		t.Run(name, func(t *testing.T) {
			now := engine.Input{Context: engine.Context{Intel: &engine.Intel{Exploited: c.now}}}
			keepUnloaded(&now, &engine.Intel{Exploited: c.was}, &c.loaded)
			if got := now.Context.Intel.Exploited; got == nil || *got != *c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
