package feeds_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
)

// cutText are the scores of n made-up CVEs on a day of November 2026, of which a share is likely to be exploited.
func cutText(model string, day, n int, likely float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#model_version:%s,score_date:2026-11-%02dT12:00:00Z\ncve,epss,percentile\n", model, day)
	for i := range n {
		probability := 0.001
		if float64(i) < likely*float64(n) {
			probability = 0.6
		}
		fmt.Fprintf(&b, "CVE-2031-%05d,%.5f,0.50000\n", 10000+i, probability)
	}
	return b.String()
}

const model = "v2026.06.15"

// Story: on 20 November everything is well, on the 21st a feed serves garbage, whole or in part, and on the 22nd it is well again.
// Nobody is told anything that was not so, and on the 22nd everybody is told what is new.
func TestFeedThatServesGarbageForADayIsNotBelieved(t *testing.T) {
	badKEV := map[string]string{
		"an error page":         "<!DOCTYPE html><title>Access Denied</title>",
		"an empty list":         `{"title":"…","catalogVersion":"2026.11.21","dateReleased":"2026-11-21T16:00:00.0000Z","count":0,"vulnerabilities":[]}`,
		"another document":      `{"vulnerabilities":"none","count":0}`,
		"half of the entries":   kevText(21, 150),
		"ten times the entries": kevText(21, 3000),
		"the one of last week":  kevText(13, 300),
		"one of next year":      strings.ReplaceAll(kevText(21, 300), "2026-11-21T", "2027-11-21T"),
		"a wrong count":         strings.Replace(kevText(21, 301), `"count":301`, `"count":300`, 1),
		"cut":                   kevText(21, 301)[:20_000],
	}
	badEPSS := map[string]string{
		"everything is likely":   cutText(model, 21, 3000, 1),
		"nothing is likely":      cutText(model, 21, 3000, 0),
		"half as much again":     cutText(model, 21, 3000, 0.16),
		"another model":          cutText("v2027.01.01", 21, 3000, 0.1),
		"no model":               strings.SplitAfterN(cutText(model, 21, 3000, 0.1), "\n", 2)[1],
		"numbers out of range":   strings.Replace(cutText(model, 21, 3000, 0.1), "0.60000", "60.0000", 1),
		"not numbers":            strings.Replace(cutText(model, 21, 3000, 0.1), "0.60000", "NaN", 1),
		"a third of the scores":  cutText(model, 21, 1000, 0.1),
		"the wrong decade":       strings.Replace(cutText(model, 21, 3000, 0.1), "2026-11-21", "2036-11-21", 1),
		"compressed and cut off": zip(cutText(model, 21, 3000, 0.1))[:2000],
	}
	for path, bad := range map[string]map[string]string{"/kev": badKEV, "/epss": badEPSS} {
		for name, text := range bad {
			t.Run(path[1:]+"/"+name, func(t *testing.T) {
				p, dir := publish(t), t.TempDir()
				on := func(day int) feeds.Options {
					o := p.options(dir)
					o.Now, o.Calibrated = time.Date(2026, 11, day, 20, 0, 0, 0, time.UTC), model
					return o
				}
				good := func(day int) {
					p.text("/kev", kevText(day, 280+day))
					p.text("/epss", zip(cutText(model, day, 3000, 0.1)))
				}
				good(20)
				if _, err := feeds.Update(t.Context(), on(20)); err != nil {
					t.Fatal(err)
				}
				kind := intel.Feed(path[1:])
				before := load(t, dir)
				good(21)
				p.text(path, text)
				outcomes, err := feeds.Update(t.Context(), on(21))
				if err == nil {
					t.Fatalf("believed: %+v", outcomes)
				}
				during := load(t, dir)
				if *during.Feed(kind) != *before.Feed(kind) {
					t.Errorf("%+v, then %+v", before.Feed(kind), during.Feed(kind))
				}
				cves := []string{"CVE-2031-10200", "CVE-2031-12900"}
				if was, is := before.Lookup(cves), during.Lookup(cves); was.KEV.Listed != is.KEV.Listed || *was.EPSS != *is.EPSS {
					t.Errorf("what is known changed: %+v, then %+v", was, is)
				}
				for _, out := range outcomes {
					if out.Feed != kind && out.Err != nil {
						t.Errorf("%s is not updated either: %v", out.Feed, out.Err)
					}
				}
				m, err := intel.ReadManifest(os.DirFS(dir))
				if err != nil || m.Refused[kind].Why == "" || len(m.Refused) != 1 {
					t.Errorf("%v, %+v", err, m.Refused)
				}
				good(22)
				if _, err := feeds.Update(t.Context(), on(22)); err != nil {
					t.Errorf("the day after: %v", err)
				}
				if after := load(t, dir); after.Feed(kind).Date.Day() != 22 {
					t.Errorf("%+v", after.Feed(kind))
				}
				if m, err := intel.ReadManifest(os.DirFS(dir)); err != nil || len(m.Refused) != 0 {
					t.Errorf("%v, %+v", err, m.Refused)
				}
			})
		}
	}
}

func TestWhatIsOddIsAcceptedByNameAndOnRecord(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.text("/epss", cutText(model, 20, 3000, 0.1))
	p.update(t, dir)
	p.text("/epss", cutText("v2027.01.01", 21, 3000, 0.3))
	p.text("/kev", kevText(21, 50))
	o := p.options(dir)
	o.Calibrated, o.Accept = model, []intel.Feed{intel.FeedEPSS}
	outcomes, err := feeds.Update(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "shrank") || strings.Contains(err.Error(), "model") || !outcomes[0].Anomaly {
		t.Errorf("%v", err)
	}
	if out := outcomes[1]; out.Err != nil || !out.Changed || !strings.Contains(out.Odd, "its model is v2027.01.01") {
		t.Errorf("%+v", out)
	}
	m, err := intel.ReadManifest(os.DirFS(dir))
	if err != nil || !strings.Contains(m.Feeds[intel.FeedEPSS].Accepted, "the policy's thresholds are for "+model) {
		t.Errorf("%v, %+v", err, m)
	}
	if outcomes = p.update(t, dir, intel.FeedEPSS); outcomes[0].Changed || outcomes[0].Odd != "" {
		t.Errorf("%+v", outcomes)
	}
	if m, err = intel.ReadManifest(os.DirFS(dir)); err != nil || m.Feeds[intel.FeedEPSS].Accepted == "" {
		t.Errorf("an update that brings nothing new forgets it: %v, %+v", err, m)
	}
	p.text("/epss", "<html>")
	if _, err := feeds.Update(t.Context(), o); err == nil {
		t.Error("garbage is accepted")
	}
	p.text("/epss", strings.Replace(cutText(model, 21, 3000, 0.1), "2026-11-21", "2036-11-21", 1))
	if _, err := feeds.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "has not come yet") {
		t.Errorf("the future is accepted: %v", err)
	}
}

// tagged serves a text as servers do that say which version it is.
func tagged(text, etag string, at time.Time) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		http.ServeContent(w, r, "", at, strings.NewReader(text))
	}
}

func TestOnlyANewVersionIsSentAgain(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	var sent []int64
	var mu sync.Mutex
	counted := func(serve http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c := &counter{ResponseWriter: w}
			serve(c, r)
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, c.n)
		}
	}
	p.answer("/kev", counted(tagged(kevText(20, 100), `W/"v20"`, time.Time{})))
	p.answer("/epss", tagged(epssText(20, 100), "", now))
	p.update(t, dir)
	before := contents(t, dir)
	o := p.options(dir)
	o.Now = now.Add(time.Hour)
	outcomes, err := feeds.Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !outcomes[0].Same || !outcomes[1].Same || outcomes[2].Same || outcomes[0].Info != *outcomes[0].Held || sent[len(sent)-1] != 0 {
		t.Errorf("%+v, sent %v", outcomes, sent)
	}
	m, err := intel.ReadManifest(os.DirFS(dir))
	if err != nil || !m.Feeds[intel.FeedKEV].Fetched.Equal(o.Now) {
		t.Errorf("%v, %+v", err, m)
	}
	if after := contents(t, dir); after["kev.json"] != before["kev.json"] || load(t, dir).KEV == nil {
		t.Error("the file changed")
	}
	// A file that is no longer what was sent is sent again.
	if err := os.WriteFile(filepath.Join(dir, "kev.json"), []byte(kevText(20, 99)), 0o644); err != nil {
		t.Fatal(err)
	}
	if out := p.update(t, dir, intel.FeedKEV)[0]; out.Same || !out.Changed {
		t.Errorf("%+v", out)
	}
	// And so it is by another address.
	p.answer("/other", tagged(kevText(21, 101), `W/"v20"`, time.Time{}))
	o.KEVURL = p.URL + "/other"
	if outcomes, err = feeds.Update(t.Context(), o); err != nil || outcomes[0].Same || !outcomes[0].Changed {
		t.Errorf("%+v, %v", outcomes, err)
	}
}

type counter struct {
	http.ResponseWriter
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += int64(n)
	return n, err
}

func TestServerThatClaimsThatNothingChangedUnaskedIsNotBelieved(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	p.answer("/kev", page(304, ""))
	if _, err := feeds.Update(t.Context(), p.options(dir)); err == nil || !strings.Contains(err.Error(), "304") {
		t.Errorf("%v", err)
	}
}

// Invariant: of updates at the same time none puts back what another one has replaced, and who reads meanwhile always can.
func TestUpdatesAtTheSameTimeNeverGoBack(t *testing.T) {
	dir := t.TempDir()
	publish(t).update(t, dir)
	done := make(chan struct{})
	var readers, writers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			last := 0
			for {
				held, err := intel.Load(os.DirFS(dir))
				if err != nil {
					t.Error(err)
					return
				}
				if n := held.KEV.Info.Entries; n < last {
					t.Errorf("%d entries after %d", n, last)
				} else {
					last = n
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for day := 21; day <= 26; day++ {
		p := publish(t)
		p.text("/kev", kevText(day, 80+day))
		o := p.options(dir, intel.FeedKEV)
		o.Now = time.Date(2026, 11, 27, 6, 0, 0, 0, time.UTC)
		writers.Go(func() {
			if _, err := feeds.Update(context.WithoutCancel(t.Context()), o); err != nil && !strings.Contains(err.Error(), "older than the one held") {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
	if held := load(t, dir); held.KEV.Info.Catalog != "2026.11.26" {
		t.Errorf("%+v", held.KEV.Info)
	}
}

func TestLockOfSomebodyWhoWasKilledIsTakenAway(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	lock := filepath.Join(dir, ".headgate-lock")
	if err := os.WriteFile(lock, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(lock, long, long); err != nil {
		t.Fatal(err)
	}
	p.update(t, dir)
	load(t, dir)
}

func TestFeedsComeFromAMirrorAsFromAServer(t *testing.T) {
	p, mirror, dir := publish(t), t.TempDir(), t.TempDir()
	p.update(t, mirror)
	o := feeds.Options{Dir: dir, From: mirror, Now: now}
	outcomes, err := feeds.Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, out := range outcomes {
		if !out.Changed || out.Info != *load(t, mirror).Feed(out.Feed) || !strings.HasPrefix(out.Source, filepath.ToSlash(mirror)+"/") {
			t.Errorf("%+v", out)
		}
	}
	// A mirror whose files are not those that were fetched is not used at all.
	if err := os.WriteFile(filepath.Join(mirror, "kev.json"), []byte(kevText(21, 101)), 0o644); err != nil {
		t.Fatal(err)
	}
	if outcomes, err = feeds.Update(t.Context(), o); err == nil || outcomes != nil || !strings.Contains(err.Error(), "kev.json: changed since it was fetched") {
		t.Errorf("%+v, %v", outcomes, err)
	}
	// Files without a manifest are held against what is there, like those of a server, and one that is not there is left alone.
	plain := t.TempDir()
	for name, text := range map[string]string{"known_exploited_vulnerabilities.json": kevText(21, 50), "CVE-2031-10001.json": recordText("CVE-2031-10001", 20)} {
		if err := os.WriteFile(filepath.Join(plain, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o.From = plain
	outcomes, err = feeds.Update(t.Context(), o)
	if err == nil || strings.Count(err.Error(), "shrank") != 2 || !outcomes[1].Absent || outcomes[1].Info.Entries != 100 {
		t.Errorf("%+v, %v", outcomes, err)
	}
	o.Only = []intel.Feed{intel.FeedEPSS}
	if _, err = feeds.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "the folder has no such file") {
		t.Errorf("%v", err)
	}
}

func TestFilesOfBeforeAreKeptForAsLongAsIsSaid(t *testing.T) {
	p, dir := publish(t), t.TempDir()
	update := func(day int) {
		t.Helper()
		p.text("/kev", kevText(day, 80+day))
		o := p.options(dir, intel.FeedKEV)
		o.Now, o.Keep = time.Date(2026, 11, day, 20, 0, 0, 0, time.UTC), 3*24*time.Hour
		if _, err := feeds.Update(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	days := func() (all []int) {
		kept, err := intel.ListKept(os.DirFS(dir))
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kept {
			held, err := intel.Open(os.DirFS(dir), infoOf(k))
			if err != nil || held.KEV.Info.Date.Day() != k.Fetched.Day() {
				t.Errorf("%+v: %v", k, err)
			}
			all = append(all, k.Fetched.Day())
		}
		return all
	}
	for day := 10; day <= 15; day++ {
		update(day)
	}
	if got := fmt.Sprint(days()); got != "[15 14 13 12]" {
		t.Errorf("kept %s", got)
	}
	update(28) // after a pause: what was held before stays, however old
	if got := fmt.Sprint(days()); got != "[28 15]" {
		t.Errorf("kept %s", got)
	}
	load(t, dir)
}
