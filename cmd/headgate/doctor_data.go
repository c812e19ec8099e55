package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
	"github.com/headgate/headgate/integrations/store"
	"github.com/headgate/headgate/integrations/transport"
)

// examineReports looks whether the reports that are named can be read, and whether those that are expected are among them.
func (x *examination) examineReports(ctx context.Context, d *department) {
	if x.settings == nil {
		return
	}
	if len(x.args) == 0 {
		if n := len(x.settings.Expect); n > 0 {
			d.warn("expected", "name them: headgate doctor reports/", "%s expected, and none was named here", number(n, "report is", "reports are"))
		}
		return
	}
	if err := x.read(ctx, x.args); err != nil {
		d.failed("read", err)
		return
	}
	const most = 12
	for i := range x.reading.reports[:min(len(x.reading.reports), most)] {
		rep := &x.reading.reports[i]
		if !rep.Complete && !x.allowsIncomplete(rep) {
			d.fail(statusUndecided, "scan", "scan again, or allow_incomplete in headgate.yaml", "%s: it did not finish: %s", rep.Name, rep.Incomplete)
			continue
		}
		d.ok(cmp.Or(rep.Tool, rep.Format), "%s: %s", rep.Name, amount(rep.Findings, "finding"))
	}
	if more := len(x.reading.reports) - most; more > 0 {
		d.ok("more", "%s", amount(more, "other report"))
	}
	if len(x.reading.reports) == 0 || x.reading.scans == 0 {
		d.fail(statusUndecided, "scan", "run a scanner first: headgate formats lists what can be read", "there is no report of what a scan found")
		return
	}
	for i := range x.settings.Expect {
		e := &x.settings.Expect[i]
		if met := x.met(e); met.Status != "met" {
			d.fail(statusUndecided, "expected", "let the scan run before the gate, or change expect in headgate.yaml", "the report of %s is %s", e.what(), met.Status)
		} else {
			d.ok("expected", "%s: %s", e.what(), met.Report)
		}
	}
}

// examineIntel looks how old threat data is, and whether it can be fetched.
func (x *examination) examineIntel(ctx context.Context, d *department) {
	if x.settings == nil {
		return
	}
	folder, _ := x.settings.intelFolder(x.flags.intel)
	d.Place = filepath.ToSlash(folder)
	held, err := readIntelReport(folder, x.flags.intel != "" || x.settings.Intel != "")
	if err != nil {
		d.failed("load", err)
		return
	}
	wanted := slices.Clone(held.Missing)
	for _, feed := range intel.Feeds {
		if h, ok := held.Feeds[feed]; ok {
			wanted = append(wanted, feed)
			x.examineFeed(d, feed, &h)
		}
		if at := slices.Index(held.Missing, feed); at >= 0 {
			fix := ""
			if at == len(held.Missing)-1 { // one command for all
				fix = "headgate intel update --only " + strings.ReplaceAll(words(held.Missing), " ", "") + "; in a workflow, fetch-intel of the action"
			}
			d.warn(string(feed), fix, "not held: %s is not known", unknown[feed])
		}
		if no, ok := held.Refused[feed]; ok {
			d.warn(string(feed), "look at it, and try again: headgate intel update --only "+string(feed), "what was sent on %s was refused: %s", day(no.At), no.Why)
		}
	}
	if !x.offline {
		x.reachFeeds(ctx, d, wanted)
	}
}

// examineFeed looks how old one feed is.
func (x *examination) examineFeed(d *department, feed intel.Feed, h *heldFeed) {
	fetch := "headgate intel update --only " + string(feed)
	switch old := x.app.now().Sub(h.Date); {
	case !h.Date.IsZero() && old < -25*time.Hour:
		d.fail(statusUndecided, string(feed), "set the clock of this machine, or fetch it anew: "+fetch, "is of %s, which is still to come", day(h.Date))
	case !h.Date.IsZero() && old > staleAfter && (!feed.Further() || x.app.now().Sub(h.Fetched) > staleAfter):
		d.warn(string(feed), fetch, "%s is %s old", editionOf(&h.FeedInfo), inDays(old))
	default:
		d.ok(string(feed), "%s, %s", editionOf(&h.FeedInfo), entries(h.Entries))
	}
}

// reachFeeds looks whether feeds can be fetched from here. An answer that is an error may be one to a question of this kind alone: it is said,
// and nothing fails by it.
func (x *examination) reachFeeds(ctx context.Context, d *department, wanted []intel.Feed) {
	o := feeds.Options{
		KEVURL: x.app.getenv("HEADGATE_KEV_URL"), EPSSURL: x.app.getenv("HEADGATE_EPSS_URL"), VulnrichmentURL: x.app.getenv("HEADGATE_SSVC_URL"),
		EUVDURL: x.app.getenv("HEADGATE_EUVD_URL"), VulnCheckURL: x.app.getenv("HEADGATE_VULNCHECK_URL"),
	}
	failures := make([]error, len(wanted))
	var asking sync.WaitGroup
	for i, feed := range wanted {
		if feed == intel.FeedVulnCheck {
			continue // it answers to a token alone
		}
		asking.Go(func() {
			res, err := x.ask(ctx, http.MethodHead, feeds.Address(feed, o))
			if err == nil && res.StatusCode >= 400 && res.StatusCode != http.StatusMethodNotAllowed {
				err = fmt.Errorf("%s answers %d", res.Request.URL.Host, res.StatusCode)
			}
			failures[i] = err
		})
	}
	asking.Wait()
	for i, feed := range wanted {
		if failures[i] != nil {
			d.warn(string(feed), "let this machine reach it, or name a mirror: headgate intel update --help", "cannot be fetched from here: %v", failures[i])
		}
	}
}

// editionOf is which edition of a feed is held, and of when.
func editionOf(info *engine.FeedInfo) string {
	return strings.TrimPrefix(edition(info)+" of "+day(info.Date), "- of ")
}

// examineLedger looks whether the ledger that runs are appended to is there, is of this version, and reads.
func (x *examination) examineLedger(ctx context.Context, d *department) {
	where := x.flags.ledger.where
	if where == "" {
		return
	}
	d.Place = store.Shown(where)
	if store.IsGit(where) {
		if x.offline {
			d.ok("log", "is on a git ref, which was not asked for: --offline")
			return
		}
		l, err := store.OpenGit(ctx, where, ".", transport.WallClock().Sleep)
		if err != nil {
			d.failed("log", ledgerFailure(where, err))
			return
		}
		defer l.Close()
		if head, err := l.Head(ctx); err != nil {
			d.failed("log", undecided(err, ""))
		} else {
			d.ok("log", "%s", headOf(head))
		}
		return
	}
	if x.offline && strings.Contains(where, "://") {
		d.ok("ledger", "is on a server, which was not asked: --offline")
		return
	}
	l, err := store.OpenExisting(ctx, where)
	if err != nil {
		d.failed("ledger", ledgerFailure(where, err))
		return
	}
	defer l.Close()
	stats, err := l.Stats(ctx)
	if err != nil {
		d.failed("ledger", undecided(err, hintOnCheck))
		return
	}
	d.ok("ledger", "%s, %s; %d open, %d waived", number(int(stats.Runs), "run", "runs"), number(int(stats.Records), "record", "records"), stats.Open, stats.Waived)
	if head, err := l.Head(ctx); err != nil {
		d.failed("log", undecided(err, hintOnCheck))
	} else {
		d.ok("log", "%s", headOf(head))
	}
	if stats.Runs > 0 && x.app.now().Sub(stats.Last) > 30*24*time.Hour {
		d.warn("last run", "let the nightly workflow run, and append to this ledger", "was %s", day(stats.Last))
	}
}

// headOf is what a checkpoint says, in words.
func headOf(note []byte) string {
	if len(note) == 0 {
		return "the log is empty"
	}
	lines := strings.SplitN(string(note), "\n", 3)
	if len(lines) < 3 {
		return "the log has no checkpoint that can be read"
	}
	return "the log " + lines[0] + " has " + lines[1] + " entries"
}

// largestSkew is how far a clock may be from those of others before what depends on it goes wrong: due dates, ages, signatures.
const largestSkew = 5 * time.Minute

// examineClock compares this machine's clock with those of the servers that answered.
func (x *examination) examineClock(_ context.Context, d *department) {
	x.mu.Lock()
	said := slices.Clone(x.said)
	x.mu.Unlock()
	if len(said) == 0 {
		return
	}
	// Two servers are not wrong in the same way: the smallest difference is that of this clock.
	closest := said[0]
	for _, s := range said {
		if s.was.Sub(s.said).Abs() < closest.was.Sub(closest.said).Abs() {
			closest = s
		}
	}
	skew := closest.was.Sub(closest.said)
	if skew.Abs() > largestSkew {
		direction := "ahead of"
		if skew < 0 {
			direction = "behind"
		}
		d.fail(statusSetup, "clock", "set the clock of this machine (timedatectl set-ntp true)", "is %s %s that of %s: due dates and ages would be wrong", skew.Abs().Round(time.Minute), direction, closest.host)
		return
	}
	d.ok("clock", "agrees with that of %s", closest.host)
}
