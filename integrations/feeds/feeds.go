// Package feeds fetches threat data into a folder: the KEV catalogue, EPSS scores, SSVC points and the further catalogues that package
// intel reads.
//
// Nothing replaces a good file but a better one: what a server sends is read whole and held against the file that is there before
// the file is touched. Whoever is killed at any moment leaves a folder that loads, with the old file or the new one, and of two
// updates at the same time the one that comes second is held against what the first one put there.
package feeds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
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

	// EUVDURL is the dump of exploited vulnerabilities of https://euvd.enisa.europa.eu/apidoc, made anew every morning.
	EUVDURL = "https://euvdservices.enisa.europa.eu/api/kev/dump"

	// VulnCheckURL is named on https://docs.vulncheck.com/community/vulncheck-kev/schema. It needs a token, and answers with the
	// address of an archive.
	VulnCheckURL = "https://api.vulncheck.com/v3/backup/vulncheck-kev"
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
	{intel.FeedEUVD, "euvd.json", 64 << 20, 2 * time.Minute, func(o Options) string { return or(o.EUVDURL, EUVDURL) }, storeAsIs},
	{intel.FeedVulnCheck, "vulncheck.json.gz", maxVulnCheck, 5 * time.Minute, func(o Options) string { return or(o.VulnCheckURL, VulnCheckURL) }, storeVulnCheck},
}

// Address is where a feed is fetched from; empty if it is none.
func Address(kind intel.Feed, o Options) string {
	for _, f := range table {
		if f.kind == kind {
			return f.url(o)
		}
	}
	return ""
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
	Only []intel.Feed // empty: those of CISA and FIRST, Also, and the further ones that the folder has already
	Also []intel.Feed // further feeds
	Now  time.Time    // written into the manifest

	// From is a folder with the feeds, such as a mirror on the inside of a network without a way out; empty: they are fetched.
	From string

	// Accept are feeds whose next version replaces the held one though it is older, shrank, grew, has another model or moved as a
	// whole. That it was accepted is written into the manifest. What is not whole is never accepted.
	Accept []intel.Feed

	// Calibrated is the EPSS model that the policy's thresholds are for; empty if that is not known.
	Calibrated string

	// Keep is for how long the files of before are kept; 0: DefaultKeep. Those that are held and the ones before them always are.
	Keep time.Duration

	// Addresses; empty is the official one. Plain HTTP is refused but for the local machine. VulnrichmentURL is an archive of
	// the repository (tar, gzip) or CVE records, one after the other, plain or gzip.
	KEVURL, EPSSURL, VulnrichmentURL, EUVDURL, VulnCheckURL string

	VulnCheckToken string // sent to VulnCheckURL alone

	Client    *http.Client // nil: one with the proxy settings of the environment
	UserAgent string       // empty: "headgate"

	// Pause waits before a second attempt; nil waits on the real clock.
	Pause func(context.Context, time.Duration) error
}

// DefaultKeep is for how long the files of before are kept if nothing is said: a month of all feeds has some 150 MB.
const DefaultKeep = 30 * 24 * time.Hour

func (o Options) keepFor() time.Duration {
	if o.Keep == 0 {
		return DefaultKeep
	}
	return o.Keep
}

// An Outcome is what became of one feed.
type Outcome struct {
	Feed    intel.Feed
	File    string           // name in the folder
	Source  string           // the address, without user and query, or the folder
	Held    *engine.FeedInfo // what was there before; nil if nothing
	Info    engine.FeedInfo  // what is there now; zero if there is nothing
	Changed bool             // the file was replaced, or is new
	Same    bool             // the server says that it has no other version than the one held
	Absent  bool             // the folder that it was to come from does not have it, and nobody asked for it by name
	Odd     string           // what was odd about the version, and was accepted
	Anomaly bool             // Err is that the version is whole but odd, so that it could be accepted
	Silent  bool             // Err is that no server answered: there may be no way to it from here
	Err     error            // why it was not updated; Info is then what Held was
}

// Update fetches feeds and replaces the files whose new version is sound. The outcomes are in the order of intel.Feeds. One feed
// that fails does not keep the others from being updated: its last good file stays, and the error, which has a line for each,
// says so. An error without outcomes means that nothing was tried.
func Update(ctx context.Context, o Options) ([]Outcome, error) {
	d, err := openFolder(o)
	if err != nil {
		return nil, err
	}
	mirror, err := openMirror(o)
	if err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, 0, len(table))
	chosen := make([]feed, 0, len(table))
	for _, f := range table {
		if d.wanted(f.kind) {
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
		wait.Go(func() {
			if mirror != nil {
				staged[i], outcomes[i].Err = d.copyFrom(mirror, f, &outcomes[i])
			} else {
				staged[i], outcomes[i].Err = d.fetch(ctx, c, f, &outcomes[i])
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return outcomes, err // killed: what came in whole is not put in place either, so that a second signal has nothing to break
	}
	if err := d.commit(ctx, staged, outcomes); err != nil {
		return outcomes, err
	}

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

// wanted says whether a feed is to be updated.
func (d *folder) wanted(kind intel.Feed) bool {
	if len(d.options.Only) > 0 {
		return slices.Contains(d.options.Only, kind)
	}
	_, pinned := d.manifest.Feeds[kind]
	return !kind.Further() || pinned || d.found[kind] != "" || slices.Contains(d.options.Also, kind)
}

// fetch brings a feed into a file beside its place and checks it; it is not in place yet. There is no file, and no error, if the
// server has no other version than the one that is held.
func (d *folder) fetch(ctx context.Context, c *client, f feed, out *Outcome) (*stagedFile, error) {
	if err := d.othersFile(f); err != nil {
		return nil, err
	}
	url := f.url(d.options)
	known := d.known(f, url, out.Held)
	var s *stagedFile
	use := func(a answer) error {
		var err error
		if s, err = d.stage(f, a.body); err == nil {
			s.etag, s.modified = a.etag, a.modified
		}
		return err
	}
	var err error
	if f.kind == intel.FeedVulnCheck {
		err = c.vulncheck(ctx, url, d.options.VulnCheckToken, f, known, use)
	} else {
		err = c.get(ctx, request{address: url, known: known}, f, use)
	}
	if errors.Is(err, errNotModified) {
		out.Same = true
		return nil, nil
	}
	if err != nil {
		out.Silent = errors.Is(err, errNoAnswer)
		return nil, err
	}
	return s, d.check(s, f, out)
}

// othersFile is an error if somebody put a file of a feed in the folder under another name than the one that is written.
func (d *folder) othersFile(f feed) error {
	if other := d.found[f.kind]; other != "" && other != d.target(f) {
		return fmt.Errorf("%s: %s is there, put by someone else: remove it first", f.kind.Title(), other)
	}
	return nil
}

// known is what the server said of the version that is held, for it to say that it has no other. It is asked so only of the very
// address that the version came from (one with a query in it may be another), and only while the file is what it sent.
func (d *folder) known(f feed, url string, held *engine.FeedInfo) validators {
	pin, ok := d.manifest.Feeds[f.kind]
	if !ok || pin.Source != url || pin.Replaces != "" || held == nil || held.Digest != pin.Digest {
		return validators{}
	}
	return validators{etag: pin.ETag, modified: pin.LastModified}
}

// check holds a file that was fetched against the calendar and against what is held, and discards it if it must not replace that.
func (d *folder) check(s *stagedFile, f feed, out *Outcome) error {
	// A feed of the future would make every true one after it look old.
	if s.Date.After(d.now.Add(fromTheFuture)) {
		s.discard()
		return fmt.Errorf("it is dated %s, which has not come yet", s.Date.Format(time.DateOnly))
	}
	floor := d.floor(f.kind)
	if floor == nil {
		return nil
	}
	err := intel.CheckAgainst(f.kind, s.Edition, *floor, d.options.Calibrated)
	switch {
	case err == nil:
		return nil
	case slices.Contains(d.options.Accept, f.kind):
		out.Odd = err.Error()
		return nil
	}
	out.Anomaly = true
	s.discard()
	return err
}
