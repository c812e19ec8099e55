package feeds_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
)

// kevText is a catalogue of n made-up entries, released on a day of November 2026.
func kevText(day, n int) string {
	var entries []string
	for i := range n {
		entries = append(entries, fmt.Sprintf(`{"cveID":"CVE-2031-%05d","vendorProject":"Example","product":"Gateway","vulnerabilityName":"…",`+
			`"dateAdded":"2026-03-02","shortDescription":"…","requiredAction":"…","dueDate":"2026-03-23","knownRansomwareCampaignUse":"Unknown","notes":""}`, 10000+i))
	}
	return fmt.Sprintf(`{"title":"…","catalogVersion":"2026.11.%02d","dateReleased":"2026-11-%02dT16:00:00.0000Z","count":%d,"vulnerabilities":[%s]}`,
		day, day, n, strings.Join(entries, ","))
}

// epssText are the scores of n made-up CVEs on a day of November 2026.
func epssText(day, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#model_version:v2026.06.15,score_date:2026-11-%02dT12:00:00Z\ncve,epss,percentile\n", day)
	for i := range n {
		fmt.Fprintf(&b, "CVE-2031-%05d,0.%05d,0.50000\n", 10000+i, i)
	}
	return b.String()
}

// recordText is a CVE record with SSVC points.
func recordText(cve string, day int) string {
	return fmt.Sprintf(`{
  "dataType": "CVE_RECORD",
  "containers": {"cna": {"title": "…"}, "adp": [{"title": "CISA ADP Vulnrichment",
    "metrics": [{"other": {"type": "ssvc", "content": {"id": "%[1]s", "role": "CISA Coordinator", "version": "2.0.3", "timestamp": "2026-11-%02[2]dT08:00:00.123456Z",
      "options": [{"Exploitation": "PoC"}, {"Automatable": "yes"}, {"Technical Impact": "total"}]}}}],
    "providerMetadata": {"orgId": "134c704f-9b21-4f2e-91b3-4a467353bcc0", "shortName": "CISA-ADP"}}]},
  "cveMetadata": {"cveId": "%[1]s", "state": "PUBLISHED"}
}`, cve, day)
}

// archive is a repository of n records, as a forge packs it.
func archive(t *testing.T, day, n int) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	add := func(name, text string) {
		if err := w.WriteHeader(&tar.Header{Name: "vulnrichment-develop/" + name, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: "vulnrichment-develop/", Mode: 0o755, Typeflag: tar.TypeDir}); err != nil {
		t.Fatal(err)
	}
	add("README.md", "# Vulnrichment")
	add("assets/kev_metrics_schema-1.0.json", `{"$schema":"https://json-schema.org/draft/2020-12/schema"}`)
	for i := range n {
		cve := fmt.Sprintf("CVE-2031-%05d", 10000+i)
		add("2031/10xxx/"+cve+".json", recordText(cve, day))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

// A publisher is a server with the three feeds, each with the answers that a test gives it.
type publisher struct {
	*httptest.Server
	mu    sync.Mutex
	serve map[string]http.HandlerFunc
	asked map[string]int
}

func publish(t *testing.T) *publisher {
	p := &publisher{serve: map[string]http.HandlerFunc{}, asked: map[string]int{}}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		p.asked[r.URL.Path]++
		serve := p.serve[r.URL.Path]
		p.mu.Unlock()
		if serve == nil {
			http.NotFound(w, r)
			return
		}
		serve(w, r)
	}))
	t.Cleanup(p.Close)
	p.text("/kev", kevText(20, 100))
	p.text("/epss", zip(epssText(20, 100)))
	p.text("/ssvc", archive(t, 19, 100))
	return p
}

func (p *publisher) answer(path string, serve http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve[path] = serve
}

func (p *publisher) text(path, text string) {
	p.answer(path, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, text) })
}

func (p *publisher) count(path string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[path]
}

var now = time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

// options are for an update into a folder from this publisher that never waits.
func (p *publisher) options(dir string, only ...intel.Feed) feeds.Options {
	return feeds.Options{
		Dir: dir, Only: only, Now: now, Client: p.Client(),
		KEVURL: p.URL + "/kev", EPSSURL: p.URL + "/epss", VulnrichmentURL: p.URL + "/ssvc",
		Pause: func(context.Context, time.Duration) error { return nil },
	}
}

// update runs an update that must work.
func (p *publisher) update(t *testing.T, dir string, only ...intel.Feed) []feeds.Outcome {
	t.Helper()
	outcomes, err := feeds.Update(t.Context(), p.options(dir, only...))
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// load is what the folder holds; it must load and have nothing half-written in it.
func load(t *testing.T, dir string) *intel.Snapshot {
	t.Helper()
	held, err := intel.Load(os.DirFS(dir))
	if err != nil {
		t.Fatalf("the folder does not load: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return held
}

// contents are all files of a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(text)
	}
	return all
}

func TestUpdateFetchesChecksAndPinsEveryFeed(t *testing.T) {
	p, dir := publish(t), filepath.Join(t.TempDir(), "deep", "intel")
	outcomes := p.update(t, dir)
	if len(outcomes) != 3 {
		t.Fatalf("%+v", outcomes)
	}
	held := load(t, dir)
	for i, out := range outcomes {
		info := held.Feed(out.Feed)
		if out.Feed != intel.Feeds[i] || !out.Changed || out.Held != nil || info == nil || out.Info != *info || info.Entries != 100 {
			t.Errorf("%+v, held %+v", out, info)
		}
	}
	facts := held.Lookup([]string{"CVE-2031-10007"})
	if !facts.KEV.Listed || facts.EPSS.Probability != 0.00007 || facts.SSVC.Exploitation != "poc" || facts.SSVC.TechnicalImpact != "total" {
		t.Errorf("%+v %+v %+v", facts.KEV, facts.EPSS, facts.SSVC)
	}
	m, err := intel.ReadManifest(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for feed, file := range map[intel.Feed]string{intel.FeedKEV: "kev.json", intel.FeedEPSS: "epss.csv.gz", intel.FeedSSVC: "vulnrichment.ndjson.gz"} {
		pin := m.Feeds[feed]
		if pin.File != file || pin.Source != p.URL+"/"+string(feed) || !pin.Fetched.Equal(now) || pin.Edition.FeedInfo != *held.Feed(feed) || pin.Replaces != "" {
			t.Errorf("%s: %+v", feed, pin)
		}
	}
	if text := contents(t, dir)["kev.json"]; text != kevText(20, 100) {
		t.Error("the file is not what the server sent")
	}
}

func TestUpdateOfWhatIsHeldChangesNoFeed(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir)
	before := contents(t, dir)
	for _, out := range p.update(t, dir) {
		if out.Changed || out.Held == nil || *out.Held != out.Info {
			t.Errorf("%+v", out)
		}
	}
	after := contents(t, dir)
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s changed", name)
		}
	}
}

func TestUpdateReplacesWhatIsOlder(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir)
	p.text("/kev", kevText(21, 101))
	outcomes := p.update(t, dir)
	if out := outcomes[0]; !out.Changed || out.Held.Entries != 100 || out.Info.Entries != 101 || out.Info.Catalog != "2026.11.21" {
		t.Errorf("%+v", out)
	}
	if held := load(t, dir); held.KEV.Info.Entries != 101 {
		t.Errorf("%+v", held.KEV.Info)
	}
}

func TestUpdateOfOneFeedLeavesTheOthersAlone(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	if outcomes := p.update(t, dir, intel.FeedEPSS); len(outcomes) != 1 || outcomes[0].Feed != intel.FeedEPSS {
		t.Errorf("%+v", outcomes)
	}
	if held := load(t, dir); held.KEV != nil || held.SSVC != nil || held.EPSS == nil {
		t.Errorf("%+v", held)
	}
	if p.count("/kev")+p.count("/ssvc") != 0 {
		t.Error("feeds were asked for that were not wanted")
	}
	p.update(t, dir, intel.FeedKEV)
	if held := load(t, dir); held.KEV == nil || held.EPSS == nil {
		t.Errorf("%+v", held)
	}
}

// A copy that was made from the same records in another order, plain or compressed, is the same file.
func TestSSVCPointsOfAMirrorGiveTheSameFile(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir, intel.FeedSSVC)
	want := contents(t, dir)["vulnrichment.ndjson.gz"]
	var records []string
	for i := range 100 {
		records = append(records, recordText(fmt.Sprintf("CVE-2031-%05d", 10000+i), 19))
	}
	slices.Reverse(records)
	for name, text := range map[string]string{
		"records":             strings.Join(records, "\n"),
		"records, gzip":       zip(strings.Join(records, "\n")),
		"what was written":    want,
		"an uncompressed one": unzip(t, want),
	} {
		p.text("/ssvc", text)
		dir := t.TempDir()
		p.update(t, dir, intel.FeedSSVC)
		if contents(t, dir)["vulnrichment.ndjson.gz"] != want {
			t.Errorf("%s give another file", name)
		}
	}
}

func unzip(t *testing.T, text string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What is unsound never replaces what is held, whatever is unsound about it; and the other feeds are updated all the same.
func TestUnsoundAnswerLeavesTheLastGoodFile(t *testing.T) {
	good := archive(t, 19, 100)
	for name, c := range map[string]struct {
		path  string
		serve http.HandlerFunc
		words string
		asked int // how often the server is asked
	}{
		"error page":              {"/kev", page(200, "<!DOCTYPE html><title>Access Denied</title>"), "a web page", 1},
		"nothing":                 {"/kev", page(200, ""), "the file is empty", 1},
		"forbidden":               {"/kev", page(403, "<html>"), "the server answers 403 Forbidden", 1},
		"not found":               {"/epss", page(404, "no"), "the server answers 404 Not Found", 1},
		"server error":            {"/epss", page(500, "no"), "the server answers 500 Internal Server Error", 2},
		"too many requests":       {"/epss", page(429, "no"), "the server answers 429 Too Many Requests", 2},
		"not the whole answer":    {"/kev", broken(kevText(21, 101)), "the connection broke off", 2},
		"half an archive":         {"/ssvc", broken(good), "the connection broke off", 2},
		"cut at its origin":       {"/kev", page(200, kevText(21, 101)[:5000]), "truncated", 1},
		"scores cut":              {"/epss", page(200, zip(epssText(21, 101))[:400]), "truncated", 1},
		"archive cut":             {"/ssvc", page(200, good[:len(good)/2]), "truncated", 1},
		"archive without records": {"/ssvc", page(200, archive(t, 20, 0)), "the archive has no CVE records", 1},
		"another feed":            {"/kev", page(200, epssText(21, 101)), "another feed", 1},
		"another feed, as SSVC":   {"/ssvc", page(200, kevText(21, 101)), "another feed", 1},
		"shrunk":                  {"/kev", page(200, kevText(21, 90)), "it shrank from 100 to 90 entries", 1},
		"scores shrunk":           {"/epss", page(200, epssText(21, 80)), "it shrank", 1},
		"points shrunk":           {"/ssvc", page(200, archive(t, 20, 80)), "it shrank", 1},
		"older":                   {"/kev", page(200, kevText(19, 100)), "older than the one held", 1},
		"scores of last week":     {"/epss", page(200, zip(epssText(13, 100))), "older than the one held", 1},
		"off to plain HTTP":       {"/kev", sent("http://feeds.example.com/kev.json"), "only https", 1},
		"off to a file":           {"/kev", sent("file:///etc/passwd"), "not an address of a server", 1},
		"in circles":              {"/kev", sent("/kev"), "more than 5 redirects", 6},
	} {
		t.Run(name, func(t *testing.T) {
			p, dir := publish(t), t.TempDir()
			p.update(t, dir)
			before := contents(t, dir)
			for path, text := range map[string]string{"/kev": kevText(21, 101), "/epss": epssText(21, 101), "/ssvc": archive(t, 20, 101)} {
				p.text(path, text)
			}
			p.answer(c.path, c.serve)
			asked := p.count(c.path)
			outcomes, err := feeds.Update(t.Context(), p.options(dir))
			if err == nil || !strings.Contains(err.Error(), c.words) {
				t.Fatalf("error %v, want one with %q", err, c.words)
			}
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), p.URL+c.path+": ") || !strings.Contains(err.Error(), "stays") {
				t.Errorf("not one line with the address and what stays: %q", err)
			}
			if n := p.count(c.path) - asked; n != c.asked {
				t.Errorf("asked %d times, want %d", n, c.asked)
			}
			after := contents(t, dir)
			held := load(t, dir)
			for _, out := range outcomes {
				failed := "/"+string(out.Feed) == c.path
				if failed != (out.Err != nil) || failed == out.Changed || out.Info != *held.Feed(out.Feed) {
					t.Errorf("%+v", out)
				}
				if failed && after[out.File] != before[out.File] {
					t.Errorf("%s was touched", out.File)
				}
				if !failed && held.Feed(out.Feed).Entries != 101 {
					t.Errorf("%s was not updated: %+v", out.Feed, held.Feed(out.Feed))
				}
			}
		})
	}
}

// page is an answer with a status.
func page(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// broken sends half of a text and ends the connection.
func broken(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		io.WriteString(w, text[:len(text)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// sent is a redirect.
func sent(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestFirstFetchThatFailsLeavesNothing(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	for _, path := range []string{"/kev", "/epss", "/ssvc"} {
		p.answer(path, page(404, ""))
	}
	outcomes, err := feeds.Update(t.Context(), p.options(dir))
	if err == nil || strings.Count(err.Error(), "\n") != 2 || len(outcomes) != 3 {
		t.Errorf("%v", err)
	}
	if left := contents(t, dir); len(left) != 0 {
		t.Errorf("%v", left)
	}
}

func TestSecondAttemptWaitsAsLongAsTheServerAsksWithinReason(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                              time.Second,
		"7":                             7 * time.Second,
		"86400":                         30 * time.Second,
		"9999999999999999999":           time.Second,
		"-3":                            time.Second,
		"Sat, 21 Nov 2026 06:00:12 GMT": 12 * time.Second,
		"Sun, 22 Nov 2026 06:00:00 GMT": 30 * time.Second,
		"soon":                          time.Second,
	} {
		p, dir := publish(t), t.TempDir()
		first := true
		p.answer("/kev", func(w http.ResponseWriter, _ *http.Request) {
			if first {
				first = false
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			io.WriteString(w, kevText(20, 100))
		})
		o := p.options(dir, intel.FeedKEV)
		var waited []time.Duration
		o.Pause = func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil }
		if _, err := feeds.Update(t.Context(), o); err != nil {
			t.Errorf("%q: %v", header, err)
		}
		if len(waited) != 1 || waited[0] != want {
			t.Errorf("Retry-After %q: waited %v, want %v", header, waited, want)
		}
		load(t, dir)
	}
}

func TestConnectionThatBreaksOffOnceIsTriedAgain(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	for path, text := range map[string]string{"/kev": kevText(20, 100), "/ssvc": archive(t, 19, 100)} {
		first := true
		p.answer(path, func(w http.ResponseWriter, r *http.Request) {
			if first {
				first = false
				broken(text)(w, r)
			}
			io.WriteString(w, text)
		})
	}
	p.update(t, dir)
	load(t, dir)
}
