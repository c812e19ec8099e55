package main

import (
	"bytes"
	"context"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// gateFlags are those of gate.
type gateFlags struct {
	runFlags
	evidence evidenceFlags
	feedback feedbackFlags
	outputs  []string
}

func newGateCommand(a *app) *cobra.Command {
	var f gateFlags
	c := &cobra.Command{
		Use:   "gate [REPORT…]",
		Short: "Decide what to do about the findings of reports, and block if the policy says so",
		Long: `Reads reports (files, folders, patterns, or - for standard input; the format is detected), joins what is known about assets
and threats, and lets the policies decide. A folder is searched for reports. Settings are read from .headgate of the current folder or
the nearest above it, and only if there is none, from the one beside the reports or above.

In a pull request or a merge queue all of them are read from the commit that the change is to be merged into: a change cannot judge
itself. GitHub names that commit; elsewhere --base does. Without one nothing is decided.

Exit status: 0 pass (warnings too), 1 blocked, 2 what you set up does not load, 3 could not decide.`,
		Example: `  headgate gate results.sarif
  headgate gate reports/ -o text -o json=result.json -o markdown=comment.md
  headgate gate reports/ --baseline base-reports/ --diff origin/main...HEAD
  headgate gate reports/ --event pull_request --base origin/main
  trivy image --format json ghcr.io/acme/checkout | headgate gate -`,
		RunE: func(c *cobra.Command, args []string) error { return a.gate(c.Context(), &f, args, judgedBy(c.Flags())) },
	}
	f.decideFlags(c)
	f.evidence.add(c)
	f.ledger.add(c)
	f.feedback.add(c, false)
	c.Flags().StringArrayVarP(&f.outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(report.Formats())+" (default text)")
	return c
}

// gate decides, shows what came of it, and tells those who are to know. What cannot be told changes nothing about how it ends. Reports and the flags
// that judge them are repeated in the commands that are named next.
func (a *app) gate(ctx context.Context, f *gateFlags, args, judgedBy []string) error {
	r, began := &run{app: a}, a.now()
	var target *evidenceTarget
	outs, err := parseOutputs(f.outputs, report.Formats())
	if err == nil {
		var done func()
		target, done, err = f.evidence.target(f.ledger.where != "")
		defer done()
	}
	if err == nil {
		r, err = a.decideReports(ctx, &f.runFlags, args)
		defer r.ledger.close()
	}
	given := f.again(args, judgedBy)
	if err == nil {
		err = r.write(outs, given)
	}
	if err == nil {
		r.sayVerdict(outs)
		err = r.keepEvidence(target)
	}
	if err == nil {
		err = r.keepInLedger(ctx, target, began)
	}
	told := r.tell(ctx, &f.feedback, given, err)
	told.hooks = r.notify(ctx, err) // before the account, which names what did not arrive
	told.account(outs)
	if target != nil {
		a.recordEffects(ctx, r.ledger, r.result.Change, target.signer, slices.DeleteFunc(slices.Clone(told.effects), untouched))
	}
	r.suggestSettings(err)
	if err == nil && r.result.Outcome == engine.Block {
		return errBlocked
	}
	return err
}

// sayVerdict says on standard error what it came to where it is the only place to say it: all outputs go to files.
func (r *run) sayVerdict(outs []output) {
	if !slices.ContainsFunc(outs, func(o output) bool { return o.file == "" }) {
		r.app.say("verdict", report.Verdict(r.result))
	}
}

// suggestSettings tells a person who has nothing set up how to: a job's log is not the place for it.
func (r *run) suggestSettings(failed error) {
	if failed == nil && r.settings.folder == "" && r.app.width > 0 && r.event.Name == "" {
		r.app.say("hint", "nothing is set up here, so the shipped defaults decided: headgate init writes settings, assets and a workflow that fit")
	}
}

// write writes a result as it was asked for. args are what the run was given, for the commands that are named next.
func (r *run) write(outs []output, args []string) error {
	return r.app.writeOutputs(outs,
		func(o output, to *os.File) error {
			return report.Write(to, o.format, r.result, report.Options{All: true, Issuer: r.settings.Exports.issuer()})
		},
		func(o output) error {
			shown := r.app.reportOptions()
			shown.Args, shown.Result, shown.Issuer = args, resultFile(outs), r.settings.Exports.issuer()
			var whole bytes.Buffer // half a document must not stand there if the rest cannot be written
			if err := report.Write(&whole, o.format, r.result, shown); err != nil {
				return err
			}
			_, err := r.app.stdout.Write(whole.Bytes())
			return err
		},
	)
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
