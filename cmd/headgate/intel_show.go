package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
)

// A heldFeed is one feed of a folder as it is shown.
type heldFeed struct {
	File     string    `json:"file,omitempty"`
	Source   string    `json:"source,omitempty"`
	Fetched  time.Time `json:"fetched,omitzero"`
	Accepted string    `json:"accepted,omitempty"` // what was odd about it, and was accepted by hand
	intel.Edition

	// Before is the version that was held before, and Change what is different since; absent if it is not kept.
	Before *intel.Edition    `json:"before,omitempty"`
	Change *intel.Difference `json:"change,omitempty"`
}

// A keptFile is one snapshot of a feed as it is shown.
type keptFile struct {
	Feed    intel.Feed `json:"feed"`
	Fetched string     `json:"fetched"` // date
	Digest  string     `json:"digest"`
	Bytes   int64      `json:"bytes"`
}

// heldSchema names the version of an intelReport.
const heldSchema = "headgate.intel-held/1"

//go:embed intel.schema.json
var intelSchema []byte

// An intelReport is what `headgate intel show -o json` writes.
type intelReport struct {
	Schema    string                       `json:"schema"`
	Folder    string                       `json:"folder"`
	Feeds     map[intel.Feed]heldFeed      `json:"feeds"`
	Missing   []intel.Feed                 `json:"missing"` // those without which something is not known
	Refused   map[intel.Feed]intel.Refusal `json:"refused"`
	Snapshots []keptFile                   `json:"snapshots"` // newest first
}

func newIntelShowCommand(a *app) *cobra.Command {
	var f intelFlags
	var format string
	c := &cobra.Command{
		Use:   "show",
		Short: "Show which threat data is held, of when it is, and what is missing",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if format != "text" && format != "json" {
				return setup(fmt.Errorf("-o %q is no format", format), "it can be text, json")
			}
			folder, err := f.open(a)
			if err != nil {
				return err
			}
			r, err := readIntelReport(folder, f.folder != "")
			if err != nil {
				return err
			}
			if format == "json" {
				enc := json.NewEncoder(a.stdout)
				enc.SetIndent("", "  ")
				return enc.Encode(r)
			}
			return a.showIntel(r)
		},
	}
	f.add(c)
	c.Flags().StringVarP(&format, "output", "o", "text", "`FORMAT`: text or json")
	return c
}

// readIntelReport loads a folder. A folder that is not there holds nothing, unless it was named.
func readIntelReport(folder string, named bool) (*intelReport, error) {
	r := &intelReport{
		Schema: heldSchema, Folder: filepath.ToSlash(folder), Feeds: map[intel.Feed]heldFeed{}, Missing: []intel.Feed{},
		Refused: map[intel.Feed]intel.Refusal{}, Snapshots: []keptFile{},
	}
	if s, err := os.Stat(folder); err != nil || !s.IsDir() {
		if named {
			return nil, undecided(fmt.Errorf("the intel folder %s is not there", folder), "headgate intel update fetches it")
		}
		r.Missing = append(r.Missing, intel.FeedKEV, intel.FeedEPSS, intel.FeedSSVC)
		return r, nil
	}
	if err := r.read(os.DirFS(folder)); err != nil {
		return nil, undecided(fmt.Errorf("intel in %s: %w", r.Folder, err), "headgate intel update fetches it anew")
	}
	return r, nil
}

func (r *intelReport) read(fsys fs.FS) error {
	held, err := intel.Load(fsys)
	if err != nil {
		return err
	}
	files, err := intel.Find(fsys)
	if err != nil {
		return err
	}
	manifest, err := intel.ReadManifest(fsys)
	if err != nil {
		return err
	}
	kept, err := intel.ListKept(fsys)
	if err != nil {
		return err
	}
	for _, k := range kept {
		r.Snapshots = append(r.Snapshots, keptFile{Feed: k.Feed, Fetched: k.Fetched.Format(time.DateOnly), Digest: k.Digest, Bytes: k.Bytes})
	}
	if manifest != nil {
		maps.Copy(r.Refused, manifest.Refused)
	}
	for _, feed := range intel.Feeds {
		edition := held.Edition(feed)
		if edition == nil {
			if !feed.Further() {
				r.Missing = append(r.Missing, feed)
			}
			continue
		}
		h := heldFeed{File: files[feed], Edition: *edition}
		if manifest != nil && manifest.Feeds[feed].Digest == edition.Digest {
			pin := manifest.Feeds[feed]
			h.Source, h.Fetched, h.Accepted = pin.Source, pin.Fetched, pin.Accepted
			h.compare(fsys, feed, held, pin.Previous)
		}
		r.Feeds[feed] = h
	}
	return nil
}

// compare says what changed since the version before, if that is kept.
func (h *heldFeed) compare(fsys fs.FS, feed intel.Feed, held *intel.Snapshot, digest string) {
	if digest == "" {
		return
	}
	var want engine.IntelInfo
	want.Set(string(feed), &engine.FeedInfo{Digest: digest})
	before, err := intel.Open(fsys, want)
	if err != nil {
		return // it is no longer kept
	}
	h.Before, h.Change = before.Edition(feed), intel.Differ(feed, before, held)
}

// unknown says what is not known without a feed.
var unknown = map[intel.Feed]string{
	intel.FeedKEV:  "whether a vulnerability is known to be exploited",
	intel.FeedEPSS: "how likely a vulnerability is to be exploited",
	intel.FeedSSVC: "what CISA says of exploitation, automatability and technical impact",
}

// staleAfter is how old threat data may be before it is said. EPSS changes every day. The others may have nothing new for longer, and
// have it then if somebody looked: but not for quietAfter.
const (
	staleAfter = 7 * 24 * time.Hour
	quietAfter = 30 * 24 * time.Hour
)

// isStale says that there must be something newer than what is held. A further catalogue names only the day of its newest entry, so that of
// it only counts when somebody looked.
func (a *app) isStale(feed intel.Feed, h *heldFeed) bool {
	old, unseen := a.now().Sub(h.Date), a.now().Sub(h.Fetched)
	switch {
	case h.Date.IsZero():
		return false
	case feed == intel.FeedEPSS || unseen > staleAfter && !feed.Further():
		return old > staleAfter
	case feed.Further():
		return old > staleAfter && unseen > staleAfter
	}
	return old > quietAfter
}

func (a *app) showIntel(r *intelReport) error {
	rows := [][]string{{"feed", "version", "of", "age", "checked", "entries", "digest", "file"}}
	stale := []intel.Feed{}
	for _, feed := range intel.Feeds {
		h, ok := r.Feeds[feed]
		if !ok {
			if !feed.Further() {
				rows = append(rows, []string{string(feed), "not held"})
			}
			continue
		}
		age, checked := a.since(h.Date), a.since(h.Fetched)
		if a.isStale(feed, &h) {
			stale = append(stale, feed)
		}
		rows = append(rows, []string{
			string(feed), edition(&h.FeedInfo), day(h.Date), age, checked, fmt.Sprintf("%7s", thousands(h.Entries)),
			h.Digest[:len("sha256:")+12], printable(h.File),
		})
	}
	if err := writeRows(a.stdout, rows); err != nil {
		return err
	}
	var b strings.Builder
	r.changes(&b)
	r.oddities(&b)
	if n := len(r.Snapshots); n > 0 {
		var bytes int64
		for _, k := range r.Snapshots {
			bytes += k.Bytes
		}
		fmt.Fprintf(&b, "\nSnapshots: %s, %s, from %s on.\n", files(n), size(bytes), r.Snapshots[n-1].Fetched)
	}
	if len(r.Missing) > 0 {
		b.WriteString("\n")
	}
	for _, feed := range r.Missing {
		fmt.Fprintf(&b, "Without %s it is not known %s.\n", feed, unknown[feed])
	}
	for _, need := range []struct {
		feeds []intel.Feed
		words string
	}{{r.Missing, "To fetch what is missing"}, {stale, "Older than a week: " + words(stale) + ". To fetch what is new"}} {
		if len(need.feeds) > 0 {
			fmt.Fprintf(&b, "\n%s: headgate intel update --intel %s --only %s\n", need.words, printable(r.Folder), strings.ReplaceAll(words(need.feeds), " ", ""))
		}
	}
	_, err := fmt.Fprint(a.stdout, b.String())
	return err
}

// since is how long ago something was, in days; "-" if it is not known.
func (a *app) since(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return inDays(a.now().Sub(at))
}

// size writes a number of bytes as people read it.
func size(bytes int64) string {
	if bytes < 1e6 {
		return fmt.Sprintf("%d kB", (bytes+999)/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return thousands(n) + " files"
}

// changes says what is different from the version before, of each feed of which that is known.
func (r *intelReport) changes(b *strings.Builder) {
	w := tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)
	title := "\nSince the version before:\n"
	for _, feed := range intel.Feeds {
		h := r.Feeds[feed]
		if h.Change == nil {
			continue
		}
		if title != "" {
			fmt.Fprint(w, title)
			title = ""
		}
		added := thousands(h.Change.Added) + " added"
		if n := len(h.Change.New); n > 0 && n == h.Change.Added {
			added += " (" + strings.Join(h.Change.New, ", ") + ")"
		}
		parts := []string{added, thousands(h.Change.Removed) + " removed", thousands(h.Change.Changed) + " changed"}
		if h.Model != h.Before.Model {
			parts = append(parts, "model was "+edition(&h.Before.FeedInfo))
		}
		for i, limit := range intel.BandLimits {
			if len(h.Bands) > i && len(h.Before.Bands) > i && limit >= 0.1 {
				parts = append(parts, fmt.Sprintf("%v or more: %s (was %s)", limit, thousands(h.Bands[i]), thousands(h.Before.Bands[i])))
			}
		}
		fmt.Fprintf(w, "  %s\tof %s\t%s\n", feed, day(h.Before.Date), strings.Join(parts, "; "))
	}
	w.Flush()
}

// oddities says what was refused, and what was accepted though it was odd.
func (r *intelReport) oddities(b *strings.Builder) {
	for _, feed := range intel.Feeds {
		if why, ok := r.Refused[feed]; ok {
			fmt.Fprintf(b, "\nNot put in place on %s: %s\n", day(why.At), printable(why.Why))
			if why.Anomaly {
				fmt.Fprintf(b, "Once you have looked at it: headgate intel update --intel %s --only %s --accept-anomaly %[2]s\n", printable(r.Folder), feed)
			}
		}
	}
	for _, feed := range intel.Feeds {
		if h := r.Feeds[feed]; h.Accepted != "" {
			fmt.Fprintf(b, "\nAccepted by hand on %s: %s\n", day(h.Fetched), printable(h.Accepted))
		}
	}
}

// edition is the version that a feed gives itself; SSVC points have none.
func edition(info *engine.FeedInfo) string {
	switch {
	case info.Catalog != "":
		return info.Catalog
	case info.Model != "":
		return info.Model
	}
	return "-"
}

func day(date time.Time) string {
	if date.IsZero() {
		return "-"
	}
	return date.Format(time.DateOnly)
}

func inDays(d time.Duration) string {
	switch n := int(d / (24 * time.Hour)); {
	case n < 1:
		return "today"
	case n == 1:
		return "1 day"
	default:
		return strconv.Itoa(n) + " days"
	}
}

func entries(n int) string {
	if n == 1 {
		return "1 entry"
	}
	return thousands(n) + " entries"
}

// thousands writes a number as people read it: 360,142.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
