package main

import (
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
converter between formats.`,
		Example: `  headgate findings reports/
  headgate findings trivy.json grype.json -o json=findings.json`,
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, report.FindingsFormats())
			if err != nil {
				return err
			}
			s, err := a.openSettings(f.settings, args)
			if err != nil {
				return err
			}
			r := &run{app: a, flags: &f, settings: s, result: &engine.Result{}}
			r.result.Change.Repository = r.repository(args)
			if err := r.read(c.Context(), args); err != nil {
				return err
			}
			r.notes()
			if err := r.checkComplete(); err != nil {
				return err
			}
			var findings []engine.Finding
			for _, d := range engine.Correlate(r.reading.discoveries) {
				findings = append(findings, d.Finding)
			}
			return a.writeOutputs(outs,
				func(o output, to *os.File) error {
					return report.Findings(to, o.format, r.reading.reports, findings, report.Options{All: true})
				},
				func(o output) error {
					return report.Findings(a.stdout, o.format, r.reading.reports, findings, a.reportOptions())
				},
			)
		},
	}
	f.readFlags(c)
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.FindingsFormats())+" (default text)")
	return c
}
