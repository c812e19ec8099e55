package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/policies"
)

func newEvidenceReplayCommand(a *app) *cobra.Command {
	var within stretchFlags
	var output string
	c := &cobra.Command{
		Use:   "replay BUNDLE|LEDGER [ID|RUN]",
		Short: "Decide again what was decided, and compare every byte",
		Long: `Decides again with what was recorded: the policy as it was compiled, the inputs, the settings that decide, and the clock of that moment.
What the policy answers is compared byte by byte, and so is the record that is made of the answer: priority, action, dates, reasons.

Of a ledger, all runs are decided again, or those that --from and --to name. RUN is the digest of a run, or the start of it. ID is as for
evidence receipt: the id of a record (run/number), in a bundle its number alone, or the id or name of a finding, with @ASSET behind it.

What comes of each decision is one of: identical; differs, with the differences; input erased, since somebody had it taken out, which
the run says; input missing, and nothing says why; no policy, since it is missing or does not load. Where another version decides than did
then, it says so, and compares all the same.

Exit status: 0 all are identical, 1 some differ, 2 a flag does not load, 3 some could not be decided again.`,
		Example: `  headgate evidence replay evidence/
  headgate evidence replay ledger.db CVE-2021-44228@checkout
  headgate evidence replay ledger.db --from 2026-07-01 --to 2026-09-30 -o json`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output, "text", "json"); err != nil {
				return err
			}
			stretch, err := within.stretch()
			if err != nil {
				return err
			}
			from, done, err := a.openEvidence(c.Context(), args[0])
			if err != nil {
				return err
			}
			defer done()
			told := a.progress("deciding again", 0)
			var all replays
			if len(args) == 2 {
				all, err = a.replayOne(c.Context(), from, args[1], told)
			} else {
				all, err = a.replayAll(c.Context(), from, stretch, told)
			}
			told.end()
			if err != nil {
				return unread(args[0], err)
			}
			return a.showReplays(all, output)
		},
	}
	within.add(c)
	c.Flags().StringVarP(&output, "output", "o", "text", "`format`: text or json")
	return c
}

// replays are what came of deciding several runs again.
type replays struct {
	Schema    string             `json:"schema"`
	Decisions int                `json:"decisions"`
	Identical int                `json:"identical"`
	Differing int                `json:"differs"`
	Erased    int                `json:"erased"`
	Missing   int                `json:"missing"`
	Gates     int                `json:"gates_differ"`
	Runs      []*evidence.Replay `json:"runs"`
}

func (r *replays) add(one *evidence.Replay) {
	r.Decisions += one.Decisions
	r.Identical += one.Identical
	r.Differing += one.Differing
	r.Erased += one.Erased
	r.Missing += one.Missing
	if one.Gate != nil && !one.Gate.Identical {
		r.Gates++
	}
	one.Result = nil
	r.Runs = append(r.Runs, one)
}

func newReplays() replays { return replays{Schema: evidence.ReplaySchema, Runs: []*evidence.Replay{}} }

// replayer decides again with this version.
func (a *app) replayer() *evidence.Replayer {
	return &evidence.Replayer{Shipped: policies.Files, Engine: engine.Versions{Headgate: buildVersion(), OPA: engine.OPAVersion()}}
}

// replayOne decides one decision or one run again.
func (a *app) replayOne(ctx context.Context, from *evidenceSource, id string, told *progress) (all replays, err error) {
	all = newReplays()
	var only map[int64]bool
	run, index, err := from.find(ctx, id)
	if err != nil {
		return all, err
	}
	if index >= 0 {
		only = map[int64]bool{index: true}
	}
	with := a.replayer()
	with.Progress = told.both
	one, err := with.Replay(ctx, run, only)
	if err != nil {
		return all, err
	}
	if only != nil && one.Decisions == 0 {
		return all, errors.New("this record is no decision: there is nothing to decide again")
	}
	all.add(one)
	return all, nil
}

// replayAll decides all runs of a stretch again.
func (a *app) replayAll(ctx context.Context, from *evidenceSource, within evidence.Stretch, told *progress) (all replays, err error) {
	all = newReplays()
	with := a.replayer()
	with.Progress = told.both
	if from.bundle != nil {
		one, err := with.Replay(ctx, from.bundle, nil)
		if err == nil {
			all.add(one)
		}
		return all, err
	}
	p, err := from.count(ctx, within, func(*evidence.RunEntry, *evidence.Line) error { return nil })
	if err != nil {
		return all, err
	}
	for i := range p.Runs {
		if p.Runs[i].Outcome == "" {
			continue
		}
		run, err := from.run(ctx, p.Runs[i].Run)
		if err != nil {
			return all, err
		}
		one, err := with.Replay(ctx, run, nil)
		if err != nil {
			return all, fmt.Errorf("run %s: %w", p.Runs[i].Run, err)
		}
		all.add(one)
	}
	return all, nil
}

// showReplays writes what came of it. What is not identical is a failure.
func (a *app) showReplays(all replays, format string) error {
	if format == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		if err := e.Encode(all); err != nil {
			return err
		}
		return all.failure()
	}
	p := a.paper()
	for _, one := range all.Runs {
		one := &replayText{p, one}
		one.write()
	}
	p.para(0, "%s", all.sentence())
	if err := p.to(a.stdout); err != nil {
		return err
	}
	return all.failure()
}

// failure is the exit status.
func (r *replays) failure() error {
	switch {
	case r.Differing+r.Gates > 0:
		return &failure{status: statusBlocked, err: errors.New("deciding again comes to something else"), said: true}
	case r.Identical < r.Decisions:
		return &failure{status: statusUndecided, err: errors.New("not all could be decided again"), said: true}
	}
	return nil
}

// sentence says what was shown, and what was not.
func (r *replays) sentence() string {
	runs := number(len(r.Runs), "run", "runs")
	switch {
	case len(r.Runs) == 0:
		return "no run decided anything here: there is nothing to decide again"
	case r.Differing+r.Gates > 0:
		what := number(r.Differing, "decision", "decisions")
		if r.Gates > 0 {
			what += " and " + number(r.Gates, "gate", "gates")
		}
		return fmt.Sprintf("differs: %s of %d in %s came out otherwise; above is how. Either what decides now is not what decided then, or what was recorded is not what was decided.", what, r.Decisions, runs)
	case r.Identical < r.Decisions:
		return fmt.Sprintf("not all could be decided again: of %s in %s, %d are identical; of the others only the record and its proof are left.",
			number(r.Decisions, "decision", "decisions"), runs, r.Identical)
	}
	return fmt.Sprintf("identical: %s in %s came out the same, byte for byte. That the records are those of then is what evidence verify shows.",
		number(r.Decisions, "decision", "decisions"), runs)
}

// A replayText tells of one run.
type replayText struct {
	*paper
	*evidence.Replay
}

func (t *replayText) write() {
	t.para(0, "run %s", t.Run)
	t.para(2, "decided at %s by headgate %s with OPA %s", t.At, t.Engine.Headgate, t.Engine.OPA)
	t.para(2, "under the policy %s", t.Policy)
	if t.Other != "" {
		t.para(2, "another engine: %s", t.Other)
	}
	if t.Why != "" {
		t.para(2, "not all is there: %s", t.Why)
	}
	var counts []string
	for _, c := range []struct {
		n    int
		name string
	}{{t.Identical, evidence.ReplayIdentical}, {t.Differing, "differing"}, {t.Erased, evidence.ReplayErased}, {t.Missing, evidence.ReplayMissing}} {
		if c.n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.n, c.name))
		}
	}
	t.para(2, "%s: %s", number(t.Decisions, "decision", "decisions"), cmp.Or(strings.Join(counts, ", "), "none decided again"))
	for i := range t.Differences {
		t.difference(&t.Differences[i])
	}
	if t.More > 0 {
		t.para(2, "and %d more that differ", t.More)
	}
	switch {
	case t.Gate == nil:
	case t.Gate.Identical:
		t.para(2, "the gate: %s, as recorded", t.Gate.Outcome)
	case t.Gate.Is != "":
		t.para(2, "the gate: %s, and %s was recorded", t.Gate.Is, t.Gate.Outcome)
	default:
		t.para(2, "the gate: %s, as recorded, with other counts or reasons", t.Gate.Outcome)
	}
	t.WriteString("\n")
}

func (t *replayText) difference(d *evidence.Difference) {
	asset := ""
	if d.Asset != "" {
		asset = " on " + d.Asset
	}
	how := "the policy answers the same; what is made of the answer differs"
	if d.Answer {
		how = "the policy answers otherwise"
	}
	_, index, _ := strings.Cut(d.ID, "/")
	t.para(2, "record %s, %s%s: %s", index, d.Finding, asset, how)
	for _, c := range d.Changes {
		t.para(4, "%s: was %s, is %s", c.At, cmp.Or(c.Was, "absent"), cmp.Or(c.Is, "absent"))
	}
}
