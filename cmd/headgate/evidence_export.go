package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
)

func newEvidenceExportCommand(a *app) *cobra.Command {
	var outputs []string
	var folder string
	c := &cobra.Command{
		Use:   "export BUNDLE|LEDGER [RUN] -o FORMAT[=FILE]",
		Short: "Write what a run decided in a format that others read",
		Long: `Writes what a run decided in any format that gate writes. The run is decided again for it, and must come out identical: what is written is what
was decided then, with the recorded clock, and not what this version would make of it.

Of a ledger, the latest run that decided anything is meant, or RUN: the digest of one, or the start of it.

Exit status: 0 written, 2 a flag does not load, 3 the run could not be decided again, or came to something else.`,
		Example: `  headgate evidence export evidence/ -o openvex=shop.openvex.json -o csv=decisions.csv
  headgate evidence export ledger.db sha256:19857a20f22c -o json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if len(outputs) == 0 {
				return setup(errors.New("-o says in which format"), "it can be "+formatNames(report.Formats()))
			}
			outs, err := parseOutputs(outputs, report.Formats())
			if err != nil {
				return err
			}
			s, err := a.openSettings(workingTree, folder, nil) // who speaks is said by those who export, not by the run
			if err != nil {
				return err
			}
			r, err := a.recorded(c.Context(), args)
			if err != nil {
				return unread(args[0], err)
			}
			o := a.reportOptions()
			o.Args, o.Issuer = args[:1], s.Exports.issuer()
			return a.writeOutputs(outs,
				func(to output, f *os.File) error {
					return report.Write(f, to.format, r, report.Options{Args: o.Args, Issuer: o.Issuer})
				},
				func(to output) error { return report.Write(a.stdout, to.format, r, o) })
		},
	}
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`: "+formatNames(report.Formats())+" (several at once)")
	c.Flags().StringVar(&folder, "settings", "", "`folder` with headgate.yaml, whose exports say who speaks (default: .headgate here or above)")
	return c
}

// recorded is the result of a run as it was then.
func (a *app) recorded(ctx context.Context, args []string) (*engine.Result, error) {
	from, done, err := a.openEvidence(ctx, args[0])
	if err != nil {
		return nil, err
	}
	defer done()
	run, err := from.chosen(ctx, args[1:])
	if err != nil {
		return nil, err
	}
	return a.resultOf(ctx, run)
}

// resultOf is the result of a run as it was then: it is decided again, and must come out identical.
func (a *app) resultOf(ctx context.Context, run evidence.Run) (*engine.Result, error) {
	again, err := a.replayer().Replay(ctx, run, nil)
	switch {
	case err != nil:
		return nil, err
	case again.Differing > 0 || again.Gate != nil && !again.Gate.Identical:
		return nil, undecided(errors.New("the run comes to something else when it is decided again"), "headgate evidence replay shows how; the version that decided can export it")
	case again.Result == nil:
		return nil, undecided(fmt.Errorf("the run cannot be decided again: %s", cmp.Or(again.Why, "inputs are missing")), "headgate evidence replay says more")
	case again.Erased > 0:
		a.say("note", number(again.Erased, "decision is", "decisions are")+" left out, whose inputs were erased")
	}
	r := again.Result
	r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: r.Change.Repository})
	return r, nil
}

// chosen is the run that is named, or the latest that decided anything.
func (s *evidenceSource) chosen(ctx context.Context, named []string) (evidence.Run, error) {
	if len(named) == 1 {
		if !isRunName(named[0]) {
			return nil, fmt.Errorf("%.80q is no run: name it by its digest, or the start of it, sha256:…", named[0])
		}
		run, _, err := s.find(ctx, named[0])
		if errors.Is(err, errNoRecord) {
			err = errors.New("there is no such run")
		}
		return run, err
	}
	if s.bundle != nil {
		return s.bundle, nil
	}
	head, err := s.log.Head(ctx)
	if err != nil || head == nil {
		return nil, errors.Join(err, errors.New("there is no run in it"))
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return nil, err
	}
	for at := c.Size - 1; at >= 0; at-- {
		leaf, err := s.log.Leaf(ctx, at)
		if err != nil {
			return nil, err
		}
		digest, err := evidence.ParseLeaf(leaf)
		if err != nil {
			return nil, err
		}
		run, err := s.log.Run(ctx, digest)
		if err != nil {
			return nil, err
		}
		if decided, err := evidence.Decided(ctx, run); err != nil || decided {
			return run, err
		}
	}
	return nil, errors.New("no run in it decided anything")
}
