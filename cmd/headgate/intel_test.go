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
	for _, args := range [][]string{{"update", "--only", "cvss"}, {"show", "-o", "yaml"}, {"show", "folder"}, {"refresh"}} {
		t.Chdir(t.TempDir())
		if status, stdout, stderr := intelRun(t, args...); status != statusSetup || stdout != "" || stderr == "" {
			t.Errorf("%v: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
}
