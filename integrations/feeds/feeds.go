// Package feeds fetches threat data into a folder: the KEV catalogue, EPSS scores and SSVC points that package intel reads.
//
// Nothing replaces a good file but a better one: what a server sends is read whole and held against the file that is there before
// the file is touched. Whoever is killed at any moment leaves a folder that loads, with the old file or the new one.
package feeds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

// The official addresses.
const (
	// KEVURL is named on https://www.cisa.gov/known-exploited-vulnerabilities-catalog.
	KEVURL = "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"

	// EPSSURL is named on https://www.first.org/epss/data_stats.
	EPSSURL = "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz"

	// VulnrichmentURL is all of https://github.com/cisagov/vulnrichment, whose main branch is "develop".
	VulnrichmentURL = "https://codeload.github.com/cisagov/vulnrichment/tar.gz/refs/heads/develop"
)

// A feed is how one kind of threat data is fetched.
type feed struct {
	kind    intel.Feed
	file    string        // its name in the folder
	limit   int64         // the most bytes that are taken from the server
	timeout time.Duration // for one attempt
	url     func(Options) string

	// store writes what the server sends as the file.
	store func(w io.Writer, body io.Reader) error
}

var table = []feed{
	{intel.FeedKEV, "kev.json", 16 << 20, 2 * time.Minute, func(o Options) string { return or(o.KEVURL, KEVURL) }, storeAsIs},
	{intel.FeedEPSS, "epss.csv.gz", 64 << 20, 2 * time.Minute, func(o Options) string { return or(o.EPSSURL, EPSSURL) }, storeAsIs},
	{intel.FeedSSVC, "vulnrichment.ndjson.gz", 2 << 30, 20 * time.Minute, func(o Options) string { return or(o.VulnrichmentURL, VulnrichmentURL) }, storePoints},
}

func or(url, official string) string {
	if url != "" {
		return url
	}
	return official
}

func storeAsIs(w io.Writer, body io.Reader) error {
	_, err := io.Copy(w, body)
	return err
}

// Options say what to fetch and into which folder.
type Options struct {
	Dir  string       // made if it is not there
	Only []intel.Feed // empty: all
	Now  time.Time    // written into the manifest

	// Addresses; empty is the official one. Plain HTTP is refused but for the local machine. VulnrichmentURL is an archive of
	// the repository (tar, gzip) or CVE records, one after the other, plain or gzip.
	KEVURL, EPSSURL, VulnrichmentURL string

	Client    *http.Client // nil: one with the proxy settings of the environment
	UserAgent string       // empty: "headgate"

	// Pause waits before a second attempt; nil waits on the real clock.
	Pause func(context.Context, time.Duration) error
}

// An Outcome is what became of one feed.
type Outcome struct {
	Feed    intel.Feed
	File    string           // name in the folder
	Source  string           // the address, without user and query
	Held    *engine.FeedInfo // what was there before; nil if nothing
	Info    engine.FeedInfo  // what is there now; zero if there is nothing
	Changed bool             // the file was replaced, or is new
	Err     error            // why it was not updated; Info is then what Held was
}

// Update fetches feeds and replaces the files whose new version is sound. The outcomes are in the order of intel.Feeds. One feed
// that fails does not keep the others from being updated: its last good file stays, and the error, which has a line for each,
// says so. An error without outcomes means that nothing was tried.
func Update(ctx context.Context, o Options) ([]Outcome, error) {
	d, err := openFolder(o.Dir, o.Now)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, 0, len(table))
	chosen := make([]feed, 0, len(table))
	for _, f := range table {
		if wanted(o.Only, f.kind) {
			chosen = append(chosen, f)
			outcomes = append(outcomes, Outcome{Feed: f.kind, File: d.target(f), Source: display(f.url(o)), Held: d.held(f.kind)})
		}
	}
	c := newClient(o)
	staged := make([]*stagedFile, len(chosen))
	defer func() {
		for _, s := range staged {
			s.discard()
		}
	}()
	var wait sync.WaitGroup
	for i, f := range chosen {
		wait.Go(func() { staged[i], outcomes[i].Err = d.fetch(ctx, c, f, f.url(o)) })
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return outcomes, err // killed: what came in whole is not put in place either, so that a second signal has nothing to break
	}
	d.commit(staged, outcomes)

	errs := make([]error, 0, len(outcomes)+1)
	for i := range outcomes {
		out := &outcomes[i]
		if out.Err == nil {
			continue
		}
		out.Err = fmt.Errorf("%s: %w", out.Source, out.Err)
		if out.Held != nil {
			out.Info = *out.Held
			out.Err = fmt.Errorf("%w; the one of %s stays", out.Err, out.Held.Date.Format(time.DateOnly))
		}
		errs = append(errs, out.Err)
	}
	if len(errs) < len(outcomes) { // at least one is new: what is there now must load
		if _, err := intel.Load(os.DirFS(o.Dir)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", o.Dir, err))
		}
	}
	return outcomes, errors.Join(errs...)
}

// fromTheFuture is how far a feed may be ahead of our clock: a day for clocks and zones, and one for good measure.
const fromTheFuture = 48 * time.Hour

func wanted(only []intel.Feed, kind intel.Feed) bool {
	for _, k := range only {
		if k == kind {
			return true
		}
	}
	return len(only) == 0
}

// fetch brings a feed into a file beside its place and checks it; it is not in place yet.
func (d *folder) fetch(ctx context.Context, c *client, f feed, url string) (*stagedFile, error) {
	if other := d.found[f.kind]; other != "" && other != d.target(f) {
		return nil, fmt.Errorf("%s: %s is there, put by someone else: remove it first", f.kind.Title(), other)
	}
	var s *stagedFile
	err := c.get(ctx, url, f, func(body io.Reader) error {
		var err error
		s, err = d.stage(f, body)
		return err
	})
	if err != nil {
		return nil, err
	}
	// A feed of the future would make every true one after it look old.
	if s.info.Date.After(d.now.Add(fromTheFuture)) {
		s.discard()
		return nil, fmt.Errorf("it is dated %s, which has not come yet", s.info.Date.Format(time.DateOnly))
	}
	if floor := d.floor(f.kind); floor != nil {
		if err := intel.CheckAgainst(f.kind, s.info, *floor); err != nil {
			s.discard()
			return nil, err
		}
	}
	return s, nil
}
