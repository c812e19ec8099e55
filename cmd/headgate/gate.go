package main

import (
	"bytes"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func newGateCommand(a *app) *cobra.Command {
	var f runFlags
	var kept evidenceFlags
	var outputs []string
	c := &cobra.Command{
		Use:   "gate [REPORT…]",
		Short: "Decide what to do about the findings of reports, and block if the policy says so",
		Long: `Reads reports (files, folders, patterns, or - for standard input; the format is detected), joins what is known about assets
and threats, and lets the policies decide. A folder is searched for reports. Settings are read from .headgate of the current folder or
the nearest above it, and only if there is none, from the one beside the reports or above.

Exit status: 0 pass (warnings too), 1 blocked, 2 what you set up does not load, 3 could not decide.`,
		Example: `  headgate gate results.sarif
  headgate gate reports/ -o text -o json=result.json -o markdown=comment.md
  headgate gate reports/ --baseline base-reports/ --diff origin/main...HEAD
  trivy image --format json ghcr.io/acme/checkout | headgate gate -`,
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, report.Formats())
			if err != nil {
				return err
			}
			target, err := kept.target()
			if err != nil {
				return err
			}
			r, err := a.decideReports(c.Context(), &f, args)
			if err != nil {
				return err
			}
			if err := a.writeOutputs(outs,
				func(o output, to *os.File) error {
					return report.Write(to, o.format, r.result, report.Options{All: true})
				},
				func(o output) error {
					shown := a.reportOptions()
					shown.Args = append(slices.Clone(args), f.comparedWith()...)
					var whole bytes.Buffer // half a document must not stand there if the rest cannot be written
					if err := report.Write(&whole, o.format, r.result, shown); err != nil {
						return err
					}
					_, err := a.stdout.Write(whole.Bytes())
					return err
				},
			); err != nil {
				return err
			}
			if err := r.keepEvidence(target); err != nil {
				return err
			}
			if r.result.Outcome == engine.Block {
				return errBlocked
			}
			return nil
		},
	}
	f.decideFlags(c)
	kept.add(c)
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.Formats())+" (default text)")
	return c
}

// reportOptions are those of standard output.
func (a *app) reportOptions() report.Options {
	width := a.width
	if width == 0 {
		width = 100
	}
	return report.Options{Width: width, Color: a.color}
}

func formatNames(formats []report.Format) string {
	names := ""
	for i, f := range formats {
		if i > 0 {
			names += ", "
		}
		names += f.Name
	}
	return names
}

// notes says on standard error what the reader may not expect.
func (r *run) notes() {
	for _, name := range r.reading.passedOver {
		r.app.say("note", name+" is not a report and was passed over")
	}
}
