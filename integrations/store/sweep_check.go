package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// A keptSweep is a sweep whose manifest is in the log.
type keptSweep struct {
	leaf  int64
	line  []byte // the record
	epoch *evidence.Epoch
	roots []evidence.BranchRoot // of what was open then, as it is worked out again
}

// problem says how what was open differs from what the manifest says; empty if it does not.
func (s *keptSweep) problem() string {
	slices.SortFunc(s.roots, func(a, b evidence.BranchRoot) int {
		return branchName{a.Repository, a.Branch}.compare(branchName{b.Repository, b.Branch})
	})
	if have := evidence.StateOf(s.roots); have != s.epoch.State {
		return fmt.Sprintf("after sweep %d, %d cases were open with the root %s, and its manifest says %d with %.80q", s.epoch.Number,
			have.Cases, have.Root, s.epoch.State.Cases, s.epoch.State.Root)
	}
	return ""
}

// sweepsOf are the sweeps of a log, in its order.
func sweepsOf(ctx context.Context, t transaction, runs []keptEntry) (all []*keptSweep, err error) {
	for _, e := range runs {
		if e.records != 1 || e.repository != "" {
			continue
		}
		kept := &keptRun{view: within(t).view, leaf: e.leaf}
		in, err := announced(ctx, kept)
		if err != nil {
			return nil, err
		}
		if p := &in.statement.Predicate; p.Epoch == 0 || p.Outcome != "" {
			continue
		}
		line, epoch, err := epochIn(ctx, kept)
		if err != nil {
			return nil, fmt.Errorf("run %d: %w", e.leaf, err)
		}
		all = append(all, &keptSweep{leaf: e.leaf, line: line, epoch: epoch})
	}
	return all, nil
}

// sweeps are those of the log. It checks that they are numbered without gaps, that each names the runs of its own before it, and that their
// list is that of the log.
func (x *Examination) sweeps(ctx context.Context, t transaction, runs []keptEntry) ([]*keptSweep, error) {
	all, err := sweepsOf(ctx, t, runs)
	if err != nil {
		return nil, err
	}
	byLeaf := map[int64]string{}
	for _, e := range runs {
		byLeaf[e.leaf] = e.digest
	}
	for i, s := range all {
		if s.epoch.Number != int64(i+1) {
			x.problem("the sweep of leaf %d is number %d, and stands as number %d", s.leaf, s.epoch.Number, i+1)
		}
		first := s.leaf - int64(len(s.epoch.Runs))
		for j, digest := range s.epoch.Runs {
			if byLeaf[first+int64(j)] != digest {
				x.problem("sweep %d names the run %.80q, which is not leaf %d", s.epoch.Number, digest, first+int64(j))
			}
		}
	}
	n := 0
	err = t.each(ctx, "SELECT id, leaf, manifest FROM epoch ORDER BY id", nil, func(scan func(...any) error) error {
		var id, leaf int64
		var line []byte
		if err := scan(&id, &leaf, &line); err != nil {
			return err
		}
		if n >= len(all) || all[n].epoch.Number != id || all[n].leaf != leaf || !bytes.Equal(all[n].line, line) {
			x.Stale = true
			x.problem("the list of sweeps is not that of the log at number %d: headgate db rebuild makes it anew", id)
		}
		n++
		return nil
	})
	if err == nil && n < len(all) {
		x.Stale = true
		x.problem("the list of sweeps lacks %d of the log: headgate db rebuild makes it anew", len(all)-n)
	}
	return all, err
}

// relistSweeps makes the list of sweeps anew.
func relistSweeps(ctx context.Context, t transaction, runs []keptEntry) error {
	all, err := sweepsOf(ctx, t, runs)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := t.exec(ctx, "INSERT INTO epoch (id, leaf, manifest) VALUES ($1, $2, $3)", s.epoch.Number, s.leaf, s.line); err != nil {
			return err
		}
	}
	return nil
}

// rootOf is the root of what is open on a branch, which has some states, in order.
func rootOf(b branchName, states []*history.State) *evidence.BranchRoot {
	var sum evidence.BranchSummer
	for _, s := range states {
		if s.Status != history.Closed {
			sum.Add(s.Asset, s.Finding, s.Leaf)
		}
	}
	cases, root := sum.Root()
	return &evidence.BranchRoot{Repository: b.repository, Branch: b.branch, Cases: cases, Root: root}
}

// CheckSweeps works out what was open after each sweep from the records of all runs, and says where the manifest says otherwise. It reads
// nothing where the log has no sweep.
func (l *Ledger) CheckSweeps(ctx context.Context) (sweeps int, problems []string, err error) {
	x := &Examination{}
	err = l.db.view(ctx, func(t transaction) error {
		runs, err := runsOf(ctx, t)
		if err != nil {
			return err
		}
		all, err := x.sweeps(ctx, t, runs)
		if err != nil || len(all) == 0 {
			return err
		}
		sweeps = len(all)
		for _, b := range branchesOf(runs) {
			if _, err := replayed(ctx, t, b, runs, all); err != nil {
				return err
			}
		}
		for _, s := range all {
			if problem := s.problem(); problem != "" {
				x.problem("%s", problem)
			}
		}
		return nil
	})
	return sweeps, x.Problems, err
}
