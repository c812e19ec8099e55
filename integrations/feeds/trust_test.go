package feeds_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
)

func TestOnlyHTTPSIsFetchedButFromTheLocalMachine(t *testing.T) {
	for address, words := range map[string]string{
		"http://feeds.example.com/kev.json":                  "only https",
		"ftp://feeds.example.com/kev.json":                   "only https",
		"file:///etc/passwd":                                 "not an address of a server",
		"kev.json":                                           "not an address of a server",
		"http://127.0.0.1.example.com/kev.json":              "only https",
		"http://user:hunter2@feeds.example.com/?key=hunter3": "only https",
		"https://exa mple.com/\x1b[31m":                      "not an address",
	} {
		dir := t.TempDir()
		_, err := feeds.Update(t.Context(), feeds.Options{Dir: dir, Only: []intel.Feed{intel.FeedKEV}, KEVURL: address, Now: now})
		if err == nil || !strings.Contains(err.Error(), words) || strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: error %v, want one with %q and no password", address, err, words)
		}
		if left := contents(t, dir); len(left) != 0 {
			t.Errorf("%v", left)
		}
	}
}

func TestRedirectNeverLeavesHTTPS(t *testing.T) {
	p := publish(t)
	secure := httptest.NewTLSServer(sent(p.URL + "/kev"))
	t.Cleanup(secure.Close)
	o := p.options(t.TempDir(), intel.FeedKEV)
	o.KEVURL, o.Client = secure.URL, secure.Client()
	if _, err := feeds.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "from https to plain http") {
		t.Errorf("%v", err)
	}
	if p.count("/kev") != 0 {
		t.Error("the redirect was followed")
	}
}

func TestRedirectCarriesNoTokenToAnotherHost(t *testing.T) {
	p := publish(t)
	p.answer("/kev", func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), "hunter2") || name == "Authorization" {
				t.Errorf("%s: %v", name, values)
			}
		}
		io.WriteString(w, kevText(20, 100))
	})
	first := httptest.NewServer(sent(strings.Replace(p.URL, "127.0.0.1", "localhost", 1) + "/kev"))
	t.Cleanup(first.Close)
	dir := t.TempDir()
	o := p.options(dir, intel.FeedKEV)
	o.KEVURL = strings.Replace(first.URL, "http://", "http://me:hunter2@", 1) + "/?token=hunter2"
	outcomes, err := feeds.Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if outcomes[0].Source != first.URL+"/" || strings.Contains(contents(t, dir)[intel.ManifestName], "hunter2") {
		t.Errorf("the token is stored: %s", outcomes[0].Source)
	}
}

func TestFileThatSomeoneElsePutThereIsNotReplaced(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	own := filepath.Join(dir, "kev-of-tuesday.json")
	if err := os.WriteFile(own, []byte(kevText(17, 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := feeds.Update(t.Context(), p.options(dir))
	if err == nil || !strings.Contains(err.Error(), "kev-of-tuesday.json is there") {
		t.Errorf("%v", err)
	}
	if held := load(t, dir); held.KEV.Info.Catalog != "2026.11.17" || held.EPSS == nil {
		t.Errorf("%+v", held)
	}
}

func TestFolderThatDoesNotLoadAfterwardsIsAnError(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("remember\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := feeds.Update(t.Context(), p.options(dir)); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("%v", err)
	}
}

// A damaged file is replaced, but by nothing older than what it was.
func TestDamagedFileIsReplacedByOneThatIsNotOlder(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir)
	for _, text := range []string{"", "<html>", kevText(20, 100)[:300], kevText(20, 99)} {
		if err := os.WriteFile(filepath.Join(dir, "kev.json"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		p.text("/kev", kevText(18, 100))
		outcomes, err := feeds.Update(t.Context(), p.options(dir, intel.FeedKEV))
		if err == nil || !strings.Contains(err.Error(), "older") || strings.Contains(err.Error(), "stays") || outcomes[0].Info.Entries != 0 {
			t.Errorf("%+v, %v", outcomes, err)
		}
		p.text("/kev", kevText(20, 100))
		if out := p.update(t, dir, intel.FeedKEV); !out[0].Changed || out[0].Held != nil {
			t.Errorf("%+v", out[0])
		}
		load(t, dir)
	}
}

func TestUnreadableManifestStopsTheUpdate(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, intel.ManifestName), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	outcomes, err := feeds.Update(t.Context(), p.options(dir))
	if err == nil || outcomes != nil || !strings.Contains(err.Error(), "manifest.json") {
		t.Errorf("%v, %v", outcomes, err)
	}
	if p.count("/kev") != 0 {
		t.Error("the server was asked")
	}
}

func TestPlaceThatCannotBeWrittenKeepsTheManifestTrue(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir)
	before := contents(t, dir)[intel.ManifestName]
	// A folder in the place of the file: it can neither be read nor be replaced by a file.
	if err := os.Remove(filepath.Join(dir, "kev.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "kev.json", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	p.text("/kev", kevText(21, 101))
	if _, err := feeds.Update(t.Context(), p.options(dir, intel.FeedKEV)); err == nil {
		t.Error("no error")
	}
	if err := os.RemoveAll(filepath.Join(dir, "kev.json")); err != nil {
		t.Fatal(err)
	}
	if after := contents(t, dir)[intel.ManifestName]; after != before {
		t.Errorf("the manifest names what is not there:\n%s", after)
	}
}

func TestCancelledUpdateLeavesTheFolderAsItWas(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir)
	before := contents(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	p.text("/kev", kevText(21, 101))
	p.answer("/epss", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, epssText(21, 101)[:500])
		w.(http.Flusher).Flush()
		cancel()
		<-r.Context().Done()
	})
	if _, err := feeds.Update(ctx, p.options(dir)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	load(t, dir)
	for name, text := range contents(t, dir) {
		if before[name] != text {
			t.Errorf("%s changed", name)
		}
	}
}

// TestMain runs an update instead of the tests when it is started for that, so that a test can kill it.
func TestMain(m *testing.M) {
	dir := os.Getenv("FEEDS_TEST_UPDATE")
	if dir == "" {
		os.Exit(m.Run())
	}
	_, err := feeds.Update(context.Background(), feeds.Options{
		Dir: dir, KEVURL: os.Getenv("FEEDS_TEST_URL"), Only: []intel.Feed{intel.FeedKEV}, Now: now, Client: &http.Client{Transport: telling{}},
	})
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// telling says on standard output when the body of an answer is read for the second time: what came first was written then.
type telling struct{}

func (telling) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		res.Body = &tellingBody{ReadCloser: res.Body}
	}
	return res, err
}

type tellingBody struct {
	io.ReadCloser
	reads int
}

func (b *tellingBody) Read(p []byte) (int, error) {
	if b.reads++; b.reads == 2 {
		os.Stdout.WriteString("written\n")
	}
	return b.ReadCloser.Read(p)
}

func TestKilledUpdateLeavesAFolderThatLoadsAndALaterOneCleansUp(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.update(t, dir)
	before := contents(t, dir)
	release := make(chan struct{})
	p.answer("/kev", func(w http.ResponseWriter, _ *http.Request) {
		text := kevText(21, 3000)
		io.WriteString(w, text[:len(text)/2])
		w.(http.Flusher).Flush()
		<-release
	})
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FEEDS_TEST_UPDATE="+dir, "FEEDS_TEST_URL="+p.URL+"/kev")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("written\n"))); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it was not killed")
	}
	close(release)

	if _, err := intel.Load(os.DirFS(dir)); err != nil {
		t.Errorf("the folder does not load: %v", err)
	}
	left := ""
	for name, text := range contents(t, dir) {
		switch {
		case strings.HasPrefix(name, ".headgate-"):
			left = filepath.Join(dir, name)
		case before[name] != text:
			t.Errorf("%s changed", name)
		}
	}
	if left == "" {
		t.Fatal("it was killed in the middle, but nothing is left to clean up")
	}
	p.text("/kev", kevText(21, 101))
	p.update(t, dir)
	if _, err := os.Stat(left); err != nil {
		t.Error("what may belong to an update that is running was removed")
	}
	old := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	p.update(t, dir)
	load(t, dir)
}

// Were a catalogue of the future taken, every true one after it would be refused as older.
func TestAFeedOfTheFutureIsRefused(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.text("/kev", strings.ReplaceAll(strings.ReplaceAll(kevText(1, 200), "2026-", "2099-"), "2026.", "2099."))
	if _, err := feeds.Update(t.Context(), p.options(dir, intel.FeedKEV)); err == nil || !strings.Contains(err.Error(), "has not come yet") {
		t.Errorf("have %v", err)
	}

	p.text("/epss", strings.Replace(cutText(model, 21, 3000, 0.1), "2026-11-21", "2099-11-21", 1))
	if _, err := feeds.Update(t.Context(), p.options(dir, intel.FeedEPSS)); err == nil || !strings.Contains(err.Error(), "has not come yet") {
		t.Errorf("EPSS: have %v", err)
	}

	b := vulncheckServers(t)
	b.text("/euvd", `[{"cveId":"CVE-2031-20001","euvdId":"EUVD-2031-6001","dateAdded":"2099-11-19","sources":["eukev_kev"]}]`)
	b.archive = vulncheckArchiveOf(t, 150, "2099-11-19")
	for _, feed := range []intel.Feed{intel.FeedEUVD, intel.FeedVulnCheck} {
		o := b.further(t.TempDir())
		o.Only, o.Also = []intel.Feed{feed}, []intel.Feed{feed}
		if _, err := feeds.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has not come yet") {
			t.Errorf("%s: have %v", feed, err)
		}
	}
}
