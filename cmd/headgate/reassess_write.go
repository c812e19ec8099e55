package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/integrations/store"
)

// mostMoved bounds how often a sweep takes out what runs decided while it was at work: all of a branch at a time.
const mostMoved = 1000

// conclude puts the outcomes of all shards together, in their order, and records what came out otherwise and the manifest.
func (s *sweeper) conclude(ctx context.Context, outcomes [][]byte) error {
	e := &evidence.Epoch{Number: s.plan.Epoch, Through: s.plan.Through, Repositories: s.plan.Repositories, Whole: s.plan.Whole, Assets: s.plan.Assets,
		Waivers: s.plan.Waivers, Paths: s.plan.Paths, Open: s.plan.Open, Candidates: map[string]int64{}, Runs: []string{}}
	var changed []changedCase
	for _, text := range outcomes {
		var out shardOutcome
		if err := json.Unmarshal(text, &out); err != nil {
			return fmt.Errorf("the outcome of a shard cannot be read: %w", err)
		}
		e.Evaluated, e.Unchanged, e.Erased = e.Evaluated+out.Evaluated, e.Unchanged+out.Unchanged, e.Erased+out.Erased
		for why, n := range out.Candidates {
			e.Candidates[string(why)] += n
		}
		changed = append(changed, out.Changed...)
	}
	info := s.run.policy.Info()
	info.Source = s.run.choice.String()
	s.came = &sweep.Reassessment{Schema: sweep.Schema, At: s.now, DryRun: s.flags.dryRun, Policy: info, Intel: s.run.intel.Info(), Epoch: e, Changed: []sweep.Transition{}}
	if !s.flags.dryRun {
		var err error
		if changed, err = s.record(ctx, e, changed); err != nil {
			return err
		}
	}
	e.Changed = int64(len(changed))
	for i := range changed {
		s.came.Changed = append(s.came.Changed, changed[i].Told)
	}
	slices.SortFunc(s.came.Changed, func(a, b sweep.Transition) int { return sweep.Compare(&a, &b) })
	return nil
}

// record appends the runs and the manifest, and gives what is recorded: what a run decided or closed while the sweep was at work is as that
// run left it, and no more the sweep's.
func (s *sweeper) record(ctx context.Context, e *evidence.Epoch, changed []changedCase) ([]changedCase, error) {
	folder, err := os.MkdirTemp("", "headgate-reassess-")
	if err != nil {
		return nil, undecided(fmt.Errorf("evidence: %w", plain(err)), "")
	}
	defer os.RemoveAll(folder)
	if err := s.run.keepIntelIn(ctx, s.ledger); err != nil {
		return nil, undecided(fmt.Errorf("the threat data is not in the ledger %s: %w", store.Shown(s.flags.ledger), plain(err)), "")
	}
	for try := range mostMoved {
		err := s.appendAll(ctx, filepath.Join(folder, strconv.Itoa(try)), e, changed)
		moved := (*store.MovedError)(nil)
		if !errors.As(err, &moved) {
			return changed, err
		}
		there := map[store.Place]bool{}
		for _, at := range moved.Places {
			there[at] = true
		}
		changed = slices.DeleteFunc(changed, func(c changedCase) bool { return there[c.Place] })
		e.Evaluated -= int64(len(there))
		os.RemoveAll(filepath.Join(folder, strconv.Itoa(try)))
	}
	return nil, errors.New("runs came between all the time: try again when it is quieter")
}

// appendAll writes the bundles of all branches on which something came out otherwise, and appends them with the manifest.
func (s *sweeper) appendAll(ctx context.Context, folder string, e *evidence.Epoch, changed []changedCase) error {
	all := store.Sweep{Number: e.Number}
	var done []func()
	defer func() {
		for _, d := range done {
			d()
		}
	}()
	open := func(at string) (evidence.Run, error) {
		b, end, err := openBundle(at)
		if err == nil {
			done = append(done, end)
		}
		return b, err
	}
	writing := s.app.progress("writing what changed", len(changed))
	var sizes []int // of the runs, in cases
	for first := 0; first < len(changed); {
		n := first + 1
		for n < len(changed) && changed[n].Repository == changed[first].Repository && changed[n].Branch == changed[first].Branch {
			n++
		}
		at := filepath.Join(folder, strconv.Itoa(len(all.Runs)))
		err := s.bundleOf(ctx, at, changed[first:n])
		var run evidence.Run
		if err == nil {
			run, err = open(at)
		}
		if err != nil {
			writing.end()
			return err
		}
		all.Runs, sizes = append(all.Runs, run), append(sizes, n-first)
		writing.add(n - first)
		first = n
	}
	writing.end()
	e.Changed = int64(len(changed))
	var manifest string
	all.Close = func(state evidence.StateRoot, runs []string) (_ evidence.Run, err error) {
		e.State, e.Runs = state, append(e.Runs[:0], runs...)
		at := filepath.Join(folder, "manifest")
		if manifest, err = s.manifest(at, e); err != nil {
			return nil, err
		}
		return open(at)
	}
	seal, err := s.seal(ctx)
	if err != nil {
		return err
	}
	appending := s.app.progress("appending what changed", len(changed))
	all.Appended = func(run int) { appending.add(sizes[run]) }
	leaf, err := s.ledger.AppendSweep(ctx, all, seal)
	appending.end()
	if err != nil {
		return err
	}
	s.came.Log = &sweep.LogEntry{Run: manifest, Leaf: leaf}
	return nil
}

// seal is how the log's checkpoints are made: under the name that it has.
func (s *sweeper) seal(ctx context.Context) (evidence.Seal, error) {
	seal := evidence.Seal{Origin: cmp.Or(s.run.result.Change.Repository, "headgate"), Signer: s.signer}
	head, err := s.ledger.Head(ctx)
	if err != nil || head == nil {
		return seal, err
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err == nil {
		seal.Origin = c.Origin
	}
	return seal, err
}

// writer begins a bundle of the sweep in a folder.
func (s *sweeper) writer(folder string, change engine.RunChange) (*evidence.Writer, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	files, err := s.run.policy.Files()
	if err != nil {
		return nil, err
	}
	terms := s.run.terms()
	terms.At, terms.Change, terms.Epoch, terms.Intel, terms.Reports = s.now, change, s.plan.Epoch, s.run.intel.Info(), []engine.Report{}
	terms.Engine = engine.Versions{Headgate: buildVersion(), OPA: engine.OPAVersion()}
	terms.Policy.PolicyInfo = s.came.Policy
	return evidence.NewWriter(func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(folder, name)) }, terms, files)
}

// bundleOf writes the run of what came out otherwise on one branch.
func (s *sweeper) bundleOf(ctx context.Context, folder string, changed []changedCase) error {
	change := engine.RunChange{Event: engine.EventSchedule, Repository: changed[0].Repository, Branch: changed[0].Branch}
	w, err := s.writer(folder, change)
	if err != nil {
		return err
	}
	prev := map[[2]string]string{}
	cases := make([]engine.Case, len(changed))
	findings := map[string]bool{}
	for i := range changed {
		c := &changed[i]
		cases[i] = engine.Case{Input: *c.Input.Input, Provenance: c.Input.Provenance, Conflicts: c.Input.Conflicts}
		prev[[2]string{c.Asset, c.Finding}] = c.Prev
		findings[c.Finding] = true
	}
	result := &engine.Result{Now: s.now, Change: change, Engine: engine.Versions{Headgate: buildVersion()}, Policy: s.came.Policy, Intel: s.run.intel.Info(),
		Reports: []engine.Report{}, Weakened: slices.Clone(s.run.result.Weakened), Cases: cases}
	if err := s.run.policy.Decide(ctx, cases, s.now); err != nil {
		return err
	}
	if err := s.run.policy.Conclude(ctx, result, len(findings), false); err != nil {
		return err
	}
	slices.Sort(result.Weakened)
	for _, o := range s.waiverRecords(change.Repository, result.Cases) {
		if err := w.Add(evidence.Record{Kind: evidence.KindWaiver, Waiver: o}); err != nil {
			return err
		}
	}
	err = w.Cases(result.Cases, func(c *engine.Case) string { return prev[[2]string{c.Input.Asset.ID, c.Input.Finding.ID}] })
	if err != nil {
		return err
	}
	_, err = w.Close(evidence.Outcome{Result: result, Signer: s.signer})
	return err
}

// waiverRecords are those of all waivers of the file that is about the repository; else of the waivers that cases have.
func (s *sweeper) waiverRecords(repository string, cases []engine.Case) (all []*evidence.Waiver) {
	if s.waiversOf(repository) {
		bare := make([]engine.Case, len(cases))
		for i := range cases {
			bare[i] = engine.Case{Input: cases[i].Input}
			bare[i].Input.Context.Waivers = nil
		}
		r := *s.run
		r.waivers.use = r.waivers.list.Apply(bare, s.now, s.proof)
		return r.waiverOutcomes()
	}
	held := map[string]*evidence.Waiver{}
	for i := range cases {
		for _, w := range cases[i].Input.Context.Waivers {
			if held[w.ID] == nil {
				held[w.ID] = &evidence.Waiver{ID: w.ID, State: evidence.WaiverUsed, Reason: w.Reason, Ticket: w.Ticket, Requester: w.Requester, Approver: w.Approver,
					Verified: w.Verified, How: "as recorded before", Created: w.Created, Expires: w.Expires}
				all = append(all, held[w.ID])
			}
			held[w.ID].Cases++
		}
	}
	slices.SortFunc(all, func(a, b *evidence.Waiver) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// manifest writes the run of the manifest, and is its digest.
func (s *sweeper) manifest(folder string, e *evidence.Epoch) (string, error) {
	w, err := s.writer(folder, engine.RunChange{})
	if err != nil {
		return "", err
	}
	if err := w.Add(evidence.Record{Kind: evidence.KindEpoch, Prev: s.plan.Prev, Epoch: e}); err != nil {
		return "", err
	}
	return w.Close(evidence.Outcome{Signer: s.signer})
}
