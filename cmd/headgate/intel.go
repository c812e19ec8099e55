package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine/intel"
	"github.com/headgate/headgate/integrations/feeds"
	"github.com/headgate/headgate/policies"
)

func newIntelCommand(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "intel",
		Short: "Fetch and show threat data: KEV, EPSS, SSVC points, EUVD and VulnCheck KEV",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newIntelUpdateCommand(a), newIntelShowCommand(a), newIntelRestoreCommand(a))
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
	var only, also, accept []string
	keep := age(feeds.DefaultKeep)
	o := feeds.Options{UserAgent: "headgate/" + buildVersion()}
	c := &cobra.Command{
		Use:   "update",
		Short: "Fetch threat data from the official addresses, check it, and replace what is held",
		Long: `Fetches the KEV catalogue of CISA, the EPSS scores of FIRST and the SSVC points of CISA's Vulnrichment into a folder; with --also,
and from then on, the list of exploited vulnerabilities of ENISA's EUVD, and VulnCheck KEV for the token in VULNCHECK_API_TOKEN. What a
server sends replaces the file that is held only if it is whole and does not contradict itself, and if it fits to what was held before:
it is not older, has not shrunk or grown beyond belief, and has neither another EPSS model nor scores that moved as a whole. A feed that
fails keeps its last good file, the others are updated, and the exit status is 3. What is whole but odd can be accepted by whoever has
looked at it (--accept-anomaly), which is recorded. The folder's manifest.json pins what was fetched; a file that changes afterwards is
not loaded. The files of before stay in the folder's snapshots, by digest.`,
		Example: `  headgate intel update
  headgate intel update --also euvd,vulncheck
  headgate intel update --from /mnt/mirror/intel
  headgate intel update --only kev,epss --epss-url https://mirror.example.com/epss_scores-current.csv.gz`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			for _, list := range []struct {
				flag  string
				names []string
				to    *[]intel.Feed
			}{{"only", only, &o.Only}, {"also", also, &o.Also}, {"accept-anomaly", accept, &o.Accept}} {
				var err error
				if *list.to, err = feedsOf(list.flag, list.names); err != nil {
					return err
				}
			}
			s, err := a.openSettings(workingTree, f.settings, nil)
			if err != nil {
				return err
			}
			o.Dir, _ = s.intelFolder(f.folder)
			o.Now, o.Keep, o.Calibrated = a.now(), time.Duration(keep), calibratedModel(s)
			o.VulnCheckToken = cmp.Or(a.getenv("HEADGATE_VULNCHECK_TOKEN"), a.getenv("VULNCHECK_API_TOKEN"))
			if o.VulnCheckToken == "" && o.From == "" && (slices.Contains(o.Only, intel.FeedVulnCheck) || slices.Contains(o.Also, intel.FeedVulnCheck)) {
				return setup(errors.New("VulnCheck KEV is given out for a token alone, and there is none"), "put one of https://vulncheck.com into VULNCHECK_API_TOKEN")
			}
			if o.From != "" {
				if info, err := os.Stat(o.From); err != nil || !info.IsDir() {
					return undecided(fmt.Errorf("the folder %s is not there", printable(o.From)), "")
				}
			}
			outcomes, err := feeds.Update(c.Context(), o)
			if cause := context.Cause(c.Context()); err != nil && cause != nil {
				err = cause
			}
			if shown := a.showOutcomes(outcomes); shown != nil {
				return undecided(shown, "")
			}
			if err != nil {
				return undecided(err, updateHint(outcomes))
			}
			return nil
		},
	}
	f.add(c)
	c.Flags().StringSliceVar(&only, "only", nil, "only these `feeds`: "+words(intel.Feeds))
	c.Flags().StringSliceVar(&also, "also", nil, "these further `feeds` too, now and from now on: euvd, vulncheck")
	c.Flags().StringVar(&o.From, "from", "", "take the feeds from this `folder` instead of fetching them")
	c.Flags().StringSliceVar(&accept, "accept-anomaly", nil, "accept of these `feeds` what is whole but does not fit to what was held, and record it")
	c.Flags().Var(&keep, "keep", "keep the files of before for this `age`")
	c.Flags().StringVar(&o.KEVURL, "kev-url", "", "fetch the KEV catalogue from this `address` (default "+feeds.KEVURL+")")
	c.Flags().StringVar(&o.EPSSURL, "epss-url", "", "fetch the EPSS scores from this `address` (default "+feeds.EPSSURL+")")
	c.Flags().StringVar(&o.VulnrichmentURL, "ssvc-url", "", "fetch the CVE records with SSVC points from this `address` (default "+feeds.VulnrichmentURL+")")
	c.Flags().StringVar(&o.EUVDURL, "euvd-url", "", "fetch the list of EUVD from this `address` (default "+feeds.EUVDURL+")")
	c.Flags().StringVar(&o.VulnCheckURL, "vulncheck-url", "", "ask this `address` for VulnCheck KEV (default "+feeds.VulnCheckURL+")")
	return c
}

func feedsOf(flag string, names []string) ([]intel.Feed, error) {
	var kinds []intel.Feed
	for _, name := range names {
		if !slices.Contains(intel.Feeds, intel.Feed(name)) {
			return nil, setup(fmt.Errorf("--%s %q is no feed", flag, name), "it can be "+words(intel.Feeds))
		}
		kinds = append(kinds, intel.Feed(name))
	}
	return kinds, nil
}

// calibratedModel is the EPSS model that the thresholds of pack exploit are for: by the settings, else as it ships.
func calibratedModel(s *settings) string {
	if pack, ok := s.Params["exploit"].(map[string]any); ok {
		if model, ok := pack["epss_model"].(string); ok {
			return model
		}
	}
	var shipped struct {
		Params struct {
			Model string `yaml:"epss_model"`
		} `yaml:"params"`
	}
	text, err := fs.ReadFile(policies.Files, "packs/exploit/data.yaml")
	if err != nil || yaml.Unmarshal(text, &shipped) != nil {
		return ""
	}
	return shipped.Params.Model
}

// updateHint says what to do about feeds that were not updated, if something can be done: a line for each kind of trouble.
func updateHint(outcomes []feeds.Outcome) string {
	var odd, lines []string
	silent := false
	for _, out := range outcomes {
		if out.Anomaly {
			odd = append(odd, string(out.Feed))
		}
		silent = silent || out.Silent
	}
	if odd != nil {
		lines = append(lines, "what is held stays in force; once you have looked at what is odd: headgate intel update --accept-anomaly "+strings.Join(odd, ","))
	}
	if silent {
		lines = append(lines, "without a way to that server name a proxy in HTTPS_PROXY, or bring the feeds as files: headgate intel update --from FOLDER; "+
			"what is held stays in force, and headgate intel show says what that is")
	}
	return strings.Join(lines, "\n")
}

// showOutcomes says what became of each feed.
func (a *app) showOutcomes(outcomes []feeds.Outcome) error {
	var rows [][]string
	for _, out := range outcomes {
		word := "unchanged"
		switch {
		case out.Err != nil:
			word = "not updated"
		case out.Absent:
			word = "not in the folder"
		case out.Same:
			word = "not modified"
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
		if out.Odd != "" && out.Err == nil {
			line = append(line, "accepted: "+printable(out.Odd))
		}
		rows = append(rows, line)
	}
	return writeRows(a.stdout, rows)
}

// writeRows writes rows under each other, cell by cell. A row may have fewer cells than others.
func writeRows(to io.Writer, rows [][]string) error {
	most := 0
	for _, row := range rows {
		most = max(most, len(row))
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.Join(row, "\t")+strings.Repeat("\t", most-len(row)))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(to, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}
