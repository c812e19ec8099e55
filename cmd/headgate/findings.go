package main

import (
	"cmp"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func newFindingsCommand(a *app) *cobra.Command {
	var f runFlags
	var outputs []string
	c := &cobra.Command{
		Use:   "findings REPORT…",
		Short: "Show what reports say, understood once, before any decision",
		Long: `Reads reports like gate does and shows the findings that they come to: the same weakness once, with every source. With -o it is a
converter between formats.

A report that cannot be read whole is said and left out, and the others are shown; the exit status is 3 then. Several files end with a
summary on standard error.`,
		Example: `  headgate findings reports/
  headgate findings artifact.zip
  headgate findings trivy.json grype.json -o json=findings.json`,
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, report.FindingsFormats())
			if err != nil {
				return err
			}
			s, err := a.openSettings(workingTree, f.settings, args)
			if err != nil {
				return err
			}
			f.keepGoing = true
			r := &run{app: a, flags: &f, settings: s, result: &engine.Result{}}
			r.result.Change.Repository = r.repository(args)
			if err := r.read(c.Context(), args); err != nil {
				return err
			}
			r.notes()
			r.sayRefusals()
			var findings []engine.Finding
			for _, d := range engine.Correlate(r.reading.discoveries) {
				findings = append(findings, d.Finding)
			}
			if len(r.reading.reports)+len(r.reading.refused) > 0 {
				if err := r.writeFindings(outs, findings); err != nil {
					return err
				}
			}
			if len(r.reading.reports)+len(r.reading.refused) > 1 {
				r.sayUnderstood(findings)
			}
			return r.wholeReading()
		},
	}
	f.readFlags(c)
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.FindingsFormats())+" (default text)")
	return c
}

// writeFindings writes what was understood.
func (r *run) writeFindings(outs []output, findings []engine.Finding) error {
	u := report.Understood{Reports: r.reading.reports, Findings: findings}
	for _, one := range r.reading.refused {
		u.Refused = append(u.Refused, report.Refusal{Name: one.name, Error: printable(one.err.Error())})
	}
	return r.app.writeOutputs(outs,
		func(o output, to *os.File) error {
			return report.Findings(to, o.format, u, report.Options{All: true})
		},
		func(o output) error {
			return report.Findings(r.app.stdout, o.format, u, r.app.reportOptions())
		},
	)
}

// wholeReading fails if a report is missing from what was shown: it is refused, or its scan did not finish.
func (r *run) wholeReading() error {
	if n := len(r.reading.refused); n > 0 {
		hint := ""
		for _, one := range r.reading.refused {
			hint = cmp.Or(hint, hintOnReading(one.err))
		}
		return undecided(fmt.Errorf("%s refused, whose findings are not known", many(n, "report")), hint)
	}
	return r.checkComplete()
}
