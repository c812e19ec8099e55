package main

import (
	"bytes"
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/report"
)

func newPlanCommand(a *app) *cobra.Command {
	var f runFlags
	var outputs, whatIf []string
	var most int
	c := &cobra.Command{
		Use:   "plan RESULT|REPORT…",
		Short: "Show which few fixes clear the most, best first, and what would be left once some are made",
		Long: `Shows the fixes that clear the findings, those first that clear most for their effort, with the share of all act and attend that is
cleared so far and the attack paths that each one cuts; then what no known fix clears. Given is a result file (headgate gate -o
json=FILE), or the same reports that gate is given.

Waived cases, and those that VEX calls not affected or fixed, are not planned for. plan of headgate.yaml sets what efforts weigh and
what clearing a case is worth.

--what-if decides again as if a fix were made: by its id, or as upgrade, rebuild, code, rotate, configure or replace with a colon and
the id, target or name; of an upgrade with the version to think of. The exit status does not depend on the outcome.`,
		Example: `  headgate plan reports/
  headgate plan result.json -n 3 -o markdown
  headgate plan reports/ --what-if upgrade:pkg:maven/org.apache.logging.log4j/log4j-core@2.17.1`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, report.PlanFormats())
			if err != nil {
				return err
			}
			if most < 0 {
				return setup(errors.New("-n is a number of fixes, or 0 for all"), "")
			}
			made, err := a.planned(c.Context(), &f, args, whatIf)
			if err != nil {
				return err
			}
			return a.writeOutputs(outs,
				func(o output, to *os.File) error {
					return report.WritePlan(to, o.format, made, report.Options{})
				},
				func(o output) error {
					shown := *made
					shown.Most = most
					if o.format == "json" && !c.Flags().Changed("number") {
						shown.Most = 0
					}
					var whole bytes.Buffer
					if err := report.WritePlan(&whole, o.format, &shown, a.reportOptions()); err != nil {
						return err
					}
					_, err := a.stdout.Write(whole.Bytes())
					return err
				},
			)
		},
	}
	f.decideFlags(c)
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.PlanFormats())+" (default text)")
	c.Flags().IntVarP(&most, "number", "n", 10, "show this `number` of fixes; 0 is all (files and JSON have all)")
	c.Flags().StringArrayVar(&whatIf, "what-if", nil, "a `fix` to think made: its id, or upgrade:PACKAGE[@VERSION], rotate:ID, …; several at once")
	return c
}

// planned is the plan that arguments stand for, once some fixes are thought made.
func (a *app) planned(ctx context.Context, f *runFlags, args, asks []string) (*report.Plan, error) {
	var r *run
	var err error
	switch {
	case !isResultFile(args):
		if r, err = a.decideReports(ctx, f, args); err != nil {
			return nil, err
		}
	case len(asks) == 0:
		result, err := readResult(args[0])
		return &report.Plan{Result: result}, err
	default:
		result, err := readResult(args[0])
		if err != nil {
			return nil, err
		}
		if r, err = a.runOf(ctx, f, result); err != nil {
			return nil, err
		}
		if r.policy.Info().Digest != result.Policy.Digest {
			return nil, setup(errors.New("the policies here are not those that decided the result, so that what they say now is no answer to what if"),
				"give the reports instead, or the settings that the result was decided with")
		}
		if err := r.loadScope(); err != nil {
			return nil, err
		}
	}
	if len(asks) == 0 {
		return &report.Plan{Result: r.result}, nil
	}
	what, err := r.whatIf(ctx, asks)
	if err != nil {
		return nil, err
	}
	return &report.Plan{Result: r.result, WhatIf: what}, nil
}
