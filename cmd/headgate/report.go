package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/report"
)

// reportFlags are what report is told.
type reportFlags struct {
	ledger, settings  string
	since, until, now string
	team, branch      string
	repositories      []string
	scope             string // of tickets, that the settings have; empty: none
	replay            int
	outputs           []string
}

// A reportFormat is one way to write a report: one line each.
type reportFormat struct {
	report.Format
	write func(a *app, to io.Writer, r *kpi.Report) error
}

// htmlFormat is made of more than the figures: pageReport writes it.
var htmlFormat = report.Format{Name: "html", Title: "one page that needs nothing else, to look at and to send"}

func reportFormats() []reportFormat {
	return []reportFormat{
		{report.Format{Name: "text", Title: "for people"}, (*app).writeReportText},
		{report.Format{Name: "json", Title: "all figures, with their definitions: headgate schema kpi"}, func(_ *app, to io.Writer, r *kpi.Report) error { return kpi.WriteJSON(to, r) }},
		{report.Format{Name: "csv", Title: "one line a figure"}, func(_ *app, to io.Writer, r *kpi.Report) error { return writeReportCSV(to, r) }},
		{report.Format{Name: "openmetrics", Title: "for Prometheus and what reads its format"}, func(_ *app, to io.Writer, r *kpi.Report) error { return kpi.WriteOpenMetrics(to, r) }},
	}
}

func reportFormatNames() (all []report.Format) {
	all = append(all, htmlFormat)
	for _, f := range reportFormats() {
		all = append(all, f.Format)
	}
	return all
}

func newReportCommand(a *app) *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report [RESULT]",
		Short: "Show whether exposure goes down: one page, or figures with their definitions, of a ledger or a result",
		Long: `Shows whether exposure goes down, where not, and what next: figures of a period beside those of the same length of time before it, each with
its definition, from what a ledger kept of runs (--ledger), or as far as one can be, from a result file (headgate gate -o json=FILE).

A figure that cannot be known says why, and is never 0. Without --since the period is the last 13 weeks. A time of the period is the one that
a run was given; days are those of UTC.

Without -o it is one HTML page with everything in it: figures, curves, attack paths, the plan, waivers that end and what was decided, with
the reasons. It loads nothing from anywhere. It goes to standard output, or, where that is a terminal, to the file ` + reportPage + `.

Targets are set as kpi in headgate.yaml; where there is none, the days that the pack sla allows in the latest run are the target of half-lives
and of the 90th percentile of remediation.

Exit status: 0 written, 2 a flag or setting does not load, 3 what is to be reported on cannot be read.`,
		Example: `  headgate report --ledger ledger.db -o html=report.html
  headgate report result.json > report.html
  headgate report --ledger ledger.db -o text
  headgate report --ledger ledger.db --since 2026-07-01 --until 2026-09-30 -o json=q3.json
  headgate report --ledger ledger.db --team team-pay
  headgate report --ledger ledger.db --repository acme/shop --repository 'acme/pay-*' -o html=pay.html
  headgate report --ledger postgres://ledger/acme -o openmetrics=headgate.prom`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.replay < 0 || f.replay > 1_000_000 {
				return setup(fmt.Errorf("--replay %d: a sample has from 1 to 1000000 decisions", f.replay), "")
			}
			outs, err := a.reportOutputs(f.outputs)
			if err != nil {
				return err
			}
			if f.replay < 0 {
				return setup(fmt.Errorf("--replay %d is no number of decisions", f.replay), "")
			}
			if len(args) == 1 == (f.ledger != "") {
				return setup(errors.New("a report is of a ledger or of a result file"), "--ledger ledger.db, or the name of a file that headgate gate -o json=FILE wrote")
			}
			r, err := a.reported(c.Context(), &f, args)
			if err != nil {
				return err
			}
			a.noteNothing(&f, r)
			write := func(o output, to io.Writer) error {
				if o.format == htmlFormat.Name {
					return a.writePage(c.Context(), to, &f, args, r)
				}
				for _, format := range reportFormats() {
					if format.Name == o.format {
						return format.write(a, to, r)
					}
				}
				return nil // parseOutputs has refused all other names
			}
			return a.writeOutputs(outs, func(o output, to *os.File) error { return write(o, to) }, func(o output) error { return write(o, a.stdout) })
		},
	}
	c.Flags().StringVar(&f.ledger, "ledger", "", ledgerForms)
	c.Flags().StringVar(&f.settings, "settings", "", "`folder` with headgate.yaml, whose kpi are the targets (default: .headgate here or above)")
	c.Flags().StringVar(&f.since, "since", "", "the first `day` of the period, 2026-07-01 (default: 13 weeks before its end)")
	c.Flags().StringVar(&f.until, "until", "", "the last `day` of the period, 2026-09-30 (default: up to now)")
	c.Flags().StringVar(&f.now, "now", "", "the `time` that it is, instead of the real one")
	c.Flags().StringVar(&f.team, "team", "", "only what this `owner` has")
	c.Flags().StringArrayVar(&f.repositories, "repository", nil, "only this `OWNER/NAME`, in which * stands for any characters (can be given several times)")
	c.Flags().StringVar(&f.branch, "branch", "", "only what is on this `branch` (default: all that the ledger keeps)")
	c.Flags().IntVar(&f.replay, "replay", 0, "decide a sample of so `many` recorded decisions again, and show how many come out identical")
	c.Flags().StringArrayVarP(&f.outputs, "output", "o", nil, "`FORMAT[=FILE]`: "+formatNames(reportFormatNames())+" (several at once)")
	return c
}

// noteNothing says that a report is of nothing, as nothing is recorded or because of a name: a slip would look like all being well.
func (a *app) noteNothing(f *reportFlags, r *kpi.Report) {
	if r.Of.Cases > 0 || r.Of.Runs > 0 {
		return
	}
	if r.Of.Kind == kpi.FromLedger && r.Of.Begun.IsZero() {
		a.say("note", "the ledger has no run yet: headgate gate --ledger with the same ledger, on the default branch, records one")
		return
	}
	for _, only := range [][2]string{{strings.Join(f.repositories, ", "), "--repository %s: nothing is known of it: the report is of nothing"}, {f.team, "--team %s: no case is known that this owner has: the report is of nothing"},
		{f.branch, "--branch %s: nothing is known of this branch: the report is of nothing"}} {
		if only[0] != "" {
			a.say("note", fmt.Sprintf(only[1], printable(only[0])))
		}
	}
}

// reportPage is the file that a page goes to where it would fill a terminal.
const reportPage = "headgate-report.html"

// reportOutputs reads -o. A page is what is meant without it; on a terminal nobody wants to read it.
func (a *app) reportOutputs(flags []string) ([]output, error) {
	if len(flags) == 0 && a.width > 0 {
		a.say("note", "the page goes to the file "+reportPage+"; -o text shows the figures here")
		return []output{{htmlFormat.Name, reportPage}}, nil
	}
	if len(flags) == 0 {
		flags = []string{htmlFormat.Name}
	}
	outs, err := parseOutputs(flags, reportFormatNames())
	if err == nil && a.width > 0 && slices.Contains(outs, output{format: htmlFormat.Name}) {
		err = setup(errors.New("-o html is a page, and standard output is a terminal"), "-o html="+reportPage+" writes it to a file")
	}
	return outs, err
}

// among says of repositories whether a report is of them: they are among those that --repository names or has a pattern of, whatever the
// case of letters, or it names none.
func (f *reportFlags) among() func(repository string) bool {
	if len(f.repositories) == 0 {
		return func(string) bool { return true }
	}
	var all []string
	for _, pattern := range f.repositories {
		all = append(all, strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*"))
	}
	fits := regexp.MustCompile("(?is)^(?:" + strings.Join(all, "|") + ")$")
	known := map[string]bool{} // there are many cases, and few repositories
	return func(repository string) bool {
		is, ok := known[repository]
		if !ok {
			is = fits.MatchString(repository)
			known[repository] = is
		}
		return is
	}
}

// reported is the report that flags and arguments ask for.
func (a *app) reported(ctx context.Context, f *reportFlags, args []string) (*kpi.Report, error) {
	o := kpi.Options{Team: f.team, Branch: f.branch, Repositories: f.repositories, Kind: kpi.FromLedger}
	if len(args) == 1 {
		return a.reportedOfResult(f, o, args[0])
	}
	if err := a.reportPeriod(f, &o); err != nil {
		return nil, err
	}
	return a.reportedOfLedger(ctx, f, o)
}

// reportPeriod reads which period is meant, and the targets.
func (a *app) reportPeriod(f *reportFlags, o *kpi.Options) error {
	now, _, err := (&runFlags{now: f.now}).clock(a)
	if err != nil {
		return err
	}
	o.At = now.UTC().Truncate(time.Second)
	o.Window.Until = o.At.Add(time.Second) // what is recorded now is in it
	for _, day := range []struct {
		flag, text string
		into       *time.Time
		add        int
	}{{"--until", f.until, &o.Window.Until, 1}, {"--since", f.since, &o.Window.Since, 0}} {
		if day.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, day.text)
		if err != nil {
			return setup(fmt.Errorf("%s %q is no day", day.flag, day.text), "write 2026-07-01")
		}
		*day.into = t.AddDate(0, 0, day.add)
	}
	if o.Window.Until.After(o.At) { // the last day is today
		o.Window.Until = o.At.Add(time.Second) // what is recorded now is in it
	}
	if f.since == "" {
		o.Window.Since = o.Window.Until.Add(-time.Second).Truncate(24*time.Hour).AddDate(0, 0, 1-7*13)
	}
	s, err := a.openSettings(workingTree, f.settings, nil)
	if err != nil {
		return err
	}
	o.Targets = s.KPI
	if s.Jira != nil {
		f.scope = s.Jira.Scope
	}
	return nil
}
