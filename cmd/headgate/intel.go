package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
)

func newIntelCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "intel",
		Short: "Fetch and show threat data: KEV, EPSS and SSVC points",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newIntelUpdateCommand(a), newIntelShowCommand(a))
	return c
}

// intelFlags are what the commands about threat data have in common.
type intelFlags struct {
	folder   string
	settings string
}

func (f *intelFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.folder, "intel", "", "`folder` with threat data (default: intel in the settings folder)")
	c.Flags().StringVar(&f.settings, "settings", "", "`folder` with headgate.yaml (default: .headgate here or above)")
}

// open is the folder that is meant, whether it is there or not.
func (f *intelFlags) open(a *app) (string, error) {
	s, err := a.openSettings(workingTree, f.settings, nil)
	if err != nil {
		return "", err
	}
	folder, _ := s.intelFolder(f.folder)
	return folder, nil
}

func newIntelUpdateCommand(a *app) *cobra.Command {
	var f intelFlags
	var only []string
	o := feeds.Options{UserAgent: "headgate/" + buildVersion()}
	c := &cobra.Command{
		Use:   "update",
		Short: "Fetch threat data from the official addresses, check it, and replace what is held",
		Long: `Fetches the KEV catalogue of CISA, the EPSS scores of FIRST and the SSVC points of CISA's Vulnrichment into a folder. What a server
sends replaces the file that is held only if it is whole, contradicts neither itself nor what it should be, is not older and has not
shrunk. A feed that fails keeps its last good file, the others are updated, and the exit status is 3. The folder's manifest.json pins
what was fetched; a file that changes afterwards is not loaded.`,
		Example: `  headgate intel update
  headgate intel update --only kev,epss --epss-url https://mirror.example.com/epss_scores-current.csv.gz`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if o.Only, err = feedsOf(only); err != nil {
				return err
			}
			if o.Dir, err = f.open(a); err != nil {
				return err
			}
			o.Now = a.now()
			outcomes, err := feeds.Update(c.Context(), o)
			if cause := context.Cause(c.Context()); err != nil && cause != nil {
				err = cause
			}
			if shown := a.showOutcomes(outcomes); shown != nil {
				return undecided(shown, "")
			}
			if err != nil {
				return undecided(err, "")
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringSliceVar(&only, "only", nil, "only these `feeds`: "+words(intel.Feeds))
	c.Flags().StringVar(&o.KEVURL, "kev-url", "", "fetch the KEV catalogue from this `address` (default "+feeds.KEVURL+")")
	c.Flags().StringVar(&o.EPSSURL, "epss-url", "", "fetch the EPSS scores from this `address` (default "+feeds.EPSSURL+")")
	c.Flags().StringVar(&o.VulnrichmentURL, "ssvc-url", "", "fetch the CVE records with SSVC points from this `address` (default "+feeds.VulnrichmentURL+")")
	return c
}

func feedsOf(names []string) ([]intel.Feed, error) {
	var kinds []intel.Feed
	for _, name := range names {
		if !slices.Contains(intel.Feeds, intel.Feed(name)) {
			return nil, setup(fmt.Errorf("--only %q is no feed", name), "it can be "+words(intel.Feeds))
		}
		kinds = append(kinds, intel.Feed(name))
	}
	return kinds, nil
}

// showOutcomes says what became of each feed.
func (a *app) showOutcomes(outcomes []feeds.Outcome) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
	for _, out := range outcomes {
		word := "unchanged"
		switch {
		case out.Err != nil:
			word = "not updated"
		case out.Changed && out.Held == nil:
			word = "new"
		case out.Changed:
			word = "updated"
		}
		line := []string{string(out.Feed), word, "not held"}
		if out.Info.Entries > 0 {
			line = append(line[:2], edition(&out.Info), day(out.Info.Date), entries(out.Info.Entries))
		}
		if out.Changed && out.Held != nil {
			line = append(line, "was "+edition(out.Held)+" of "+day(out.Held.Date)+", "+entries(out.Held.Entries))
		}
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	return w.Flush()
}

// A heldFeed is one feed of a folder as it is shown.
type heldFeed struct {
	File    string    `json:"file,omitempty"`
	Source  string    `json:"source,omitempty"`
	Fetched time.Time `json:"fetched,omitzero"`
	engine.FeedInfo
}

// An intelReport is what `headgate intel show -o json` writes.
type intelReport struct {
	Folder  string                  `json:"folder"`
	Feeds   map[intel.Feed]heldFeed `json:"feeds"`
	Missing []intel.Feed            `json:"missing"`
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
	r := &intelReport{Folder: filepath.ToSlash(folder), Feeds: map[intel.Feed]heldFeed{}, Missing: []intel.Feed{}}
	if s, err := os.Stat(folder); err != nil || !s.IsDir() {
		if named {
			return nil, undecided(fmt.Errorf("the intel folder %s is not there", folder), "headgate intel update fetches it")
		}
		r.Missing = intel.Feeds
		return r, nil
	}
	fsys := os.DirFS(folder)
	held, files, manifest, err := loadIntelFolder(fsys)
	if err != nil {
		return nil, undecided(fmt.Errorf("intel in %s: %w", r.Folder, err), "headgate intel update fetches it anew")
	}
	for _, feed := range intel.Feeds {
		info := held.Feed(feed)
		if info == nil {
			r.Missing = append(r.Missing, feed)
			continue
		}
		h := heldFeed{File: files[feed], FeedInfo: *info}
		if manifest != nil && manifest.Feeds[feed].Digest == info.Digest {
			h.Source, h.Fetched = manifest.Feeds[feed].Source, manifest.Feeds[feed].Fetched
		}
		r.Feeds[feed] = h
	}
	return r, nil
}

func loadIntelFolder(fsys fs.FS) (*intel.Snapshot, map[intel.Feed]string, *intel.Manifest, error) {
	held, err := intel.Load(fsys)
	if err != nil {
		return nil, nil, nil, err
	}
	files, err := intel.Find(fsys)
	if err != nil {
		return nil, nil, nil, err
	}
	manifest, err := intel.ReadManifest(fsys)
	return held, files, manifest, err
}

// unknown says what is not known without a feed.
var unknown = map[intel.Feed]string{
	intel.FeedKEV:  "whether a vulnerability is known to be exploited",
	intel.FeedEPSS: "how likely a vulnerability is to be exploited",
	intel.FeedSSVC: "what CISA says of exploitation, automatability and technical impact",
}

// staleAfter is how old threat data may be before it is said: EPSS changes every day, the others every few days.
const staleAfter = 7 * 24 * time.Hour

func (a *app) showIntel(r *intelReport) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "feed\tversion\tof\tage\tentries\tdigest\tfile")
	stale := []intel.Feed{}
	for _, feed := range intel.Feeds {
		h, ok := r.Feeds[feed]
		if !ok {
			fmt.Fprintf(w, "%s\tnot held\n", feed)
			continue
		}
		age := "-"
		if !h.Date.IsZero() {
			old := a.now().Sub(h.Date)
			age = inDays(old)
			if old > staleAfter {
				stale = append(stale, feed)
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%7s\t%s\t%s\n", feed, edition(&h.FeedInfo), day(h.Date), age, thousands(h.Entries),
			h.Digest[:len("sha256:")+12], printable(h.File))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var b strings.Builder
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
