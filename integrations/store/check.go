package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// mostProblems bounds what a check lists: past it, more of the same says no more.
const mostProblems = 20

// An Examination is what a check found.
type Examination struct {
	Runs     int64
	Records  int64
	Findings int64    // whose state was compared
	Problems []string // each a sentence; none: the ledger is as it was written
	More     int      // problems that are not listed
	Stale    bool     // what is open now is not what the records come to; all else is as it was written
}

func (x *Examination) problem(format string, args ...any) {
	if len(x.Problems) == mostProblems {
		x.More++
		return
	}
	x.Problems = append(x.Problems, fmt.Sprintf(format, args...))
}

// Err is what is wrong, as an error; nil if nothing is.
func (x *Examination) Err() error {
	if len(x.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s (problems: %d)", x.Problems[0], len(x.Problems)+x.More)
}

// A keptEntry is the row of a run.
type keptEntry struct {
	leaf               int64
	digest             string
	decided, event     string
	repository, branch string
	outcome            string
	records, epoch     int64
}

// Check reads the whole ledger and works everything out again: the hashes and checkpoints of the log, the content and records of every run,
// and what is open now. It changes nothing. The error is of what stood in the way of reading.
func (l *Ledger) Check(ctx context.Context) (*Examination, error) {
	x := &Examination{}
	err := l.db.view(ctx, func(t transaction) error {
		leaves, err := x.log(ctx, t)
		if err != nil {
			return err
		}
		runs, err := runsOf(ctx, t)
		if err != nil {
			return err
		}
		x.Runs = int64(len(runs))
		for _, e := range runs {
			if e.leaf < 0 || e.leaf >= int64(len(leaves)) || leaves[e.leaf] != string(evidence.Leaf(e.digest)) {
				x.problem("run %d is not the one that the log's leaf %d names", e.leaf, e.leaf)
			}
			if err := x.run(ctx, t, &e); err != nil {
				return err
			}
		}
		if len(runs) != len(leaves) {
			x.problem("the log has %d leaves, and the ledger has %d runs", len(leaves), len(runs))
		}
		if len(x.Problems) > 0 { // what does not hold is not what is open
			return nil
		}
		return x.states(ctx, t, runs)
	})
	return x, err
}

// log works out the log again, and gives its leaves.
func (x *Examination) log(ctx context.Context, t transaction) (leaves []string, err error) {
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, _ error) {
		for _, i := range at {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	roots := []tlog.Hash{{}}
	err = t.each(ctx, "SELECT idx, data FROM log_leaf ORDER BY idx", nil, func(scan func(...any) error) error {
		var index int64
		var data []byte
		if err := scan(&index, &data); err != nil {
			return err
		}
		n := int64(len(leaves))
		if index != n {
			x.problem("the log has no leaf %d: the next one is %d", n, index)
		}
		leaves = append(leaves, string(data))
		more, err := tlog.StoredHashes(n, data, reader)
		if err != nil {
			return err
		}
		hashes = append(hashes, more...)
		root, err := tlog.TreeHash(n+1, reader)
		roots = append(roots, root)
		return err
	})
	if err != nil {
		return nil, err
	}
	next := int64(0)
	err = t.each(ctx, "SELECT idx, hash FROM log_hash ORDER BY idx", nil, func(scan func(...any) error) error {
		var index int64
		var hash []byte
		if err := scan(&index, &hash); err != nil {
			return err
		}
		if index < 0 || index >= int64(len(hashes)) || string(hash) != string(hashes[index][:]) {
			x.problem("hash %d of the log is not what its leaves come to", index)
		}
		next++
		return nil
	})
	if err == nil && next != int64(len(hashes)) {
		x.problem("the log has %d hashes, and its leaves come to %d", next, len(hashes))
	}
	if err != nil {
		return nil, err
	}
	return leaves, x.checkpoints(ctx, t, roots)
}

// checkpoints holds each checkpoint against the root that the log had at its size.
func (x *Examination) checkpoints(ctx context.Context, t transaction, roots []tlog.Hash) error {
	want, origin := int64(1), ""
	err := t.each(ctx, "SELECT size, note FROM checkpoint ORDER BY size", nil, func(scan func(...any) error) error {
		var size int64
		var note []byte
		if err := scan(&size, &note); err != nil {
			return err
		}
		if size != want {
			x.problem("the checkpoint of size %d is not there", want)
		}
		want = size + 1
		c, err := evidence.ParseCheckpoint(note, nil)
		switch {
		case err != nil:
			x.problem("the checkpoint of size %d cannot be read: %v", size, err)
			return nil
		case c.Size != size || size >= int64(len(roots)) || c.Root != roots[size]:
			x.problem("the checkpoint of size %d says a size or root that the log did not have", size)
		case origin != "" && c.Origin != origin:
			x.problem("the checkpoint of size %d is of %s, and those before it are of %s", size, c.Origin, origin)
		}
		origin = c.Origin
		return nil
	})
	if err == nil && want != int64(len(roots)) {
		x.problem("the latest checkpoint is of size %d, and the log has %d leaves", want-1, len(roots)-1)
	}
	return err
}

// runsOf lists the runs in the order of the log.
func runsOf(ctx context.Context, t transaction) (all []keptEntry, err error) {
	err = t.each(ctx, "SELECT leaf, digest, decided, event, repository, branch, outcome, records, epoch FROM run ORDER BY leaf", nil, func(scan func(...any) error) error {
		var e keptEntry
		err := scan(&e.leaf, &e.digest, &e.decided, &e.event, &e.repository, &e.branch, &e.outcome, &e.records, &e.epoch)
		all = append(all, e)
		return err
	})
	return all, err
}

// run works out what one run left.
func (x *Examination) run(ctx context.Context, t transaction, e *keptEntry) error {
	kept := &keptRun{view: inTurn(t), leaf: e.leaf}
	in, err := announced(ctx, kept)
	if err != nil {
		x.problem("run %d (%s): %v", e.leaf, e.digest, err)
		return ctx.Err()
	}
	p := &in.statement.Predicate
	if in.digest != e.digest || timeText(p.At) != e.decided || string(p.Event) != e.event || string(p.Outcome) != e.outcome ||
		in.terms.Change.Repository != e.repository || in.terms.Change.Branch != e.branch || in.terms.Epoch != e.epoch {
		x.problem("run %d is listed as something else than what its statement says", e.leaf)
	}
	v, err := evidence.VerifyRun(ctx, kept, evidence.Options{})
	if err != nil {
		x.problem("run %d (%s): %v", e.leaf, e.digest, err)
		return ctx.Err()
	}
	for _, f := range v.Failures {
		if f.Level <= evidence.LevelRun { // that a waiver was used against the rules is as it was written
			x.problem("run %d (%s): %s", e.leaf, e.digest, f.Said)
		}
	}
	if want := p.Tree.Size; e.records != want {
		x.problem("run %d (%s) is listed with %d records, and has %d", e.leaf, e.digest, e.records, want)
	}
	x.Records += v.Records
	return ctx.Err()
}

// inTurn is the state that one transaction sees, for several who read at the same time: a connection answers one of them at a time.
func inTurn(t transaction) func(context.Context, func(transaction) error) error {
	var busy sync.Mutex
	return func(_ context.Context, do func(transaction) error) error {
		busy.Lock()
		defer busy.Unlock()
		return do(t)
	}
}

// A branchName is whose states are worked out together.
type branchName struct{ repository, branch string }

// states compares what is open now with what the records come to, and what was open after each sweep with what its manifest says.
func (x *Examination) states(ctx context.Context, t transaction, runs []keptEntry) error {
	sweeps, err := x.sweeps(ctx, t, runs)
	if err != nil {
		return err
	}
	for _, b := range branchesOf(runs) {
		want, err := replayed(ctx, t, b, runs, sweeps)
		if err != nil {
			return err
		}
		same, err := sameStates(ctx, t, b, want)
		if err == nil && same {
			same, err = sameRoot(ctx, t, rootOf(b, want))
		}
		if err != nil {
			return err
		}
		x.Findings += int64(len(want))
		if !same {
			x.Stale = true
			x.problem("what is open on %s is not what its runs come to: headgate db rebuild makes it anew", b)
		}
	}
	for _, s := range sweeps {
		if problem := s.problem(); problem != "" {
			x.problem("%s", problem)
		}
	}
	if err := x.timings(ctx, t); err != nil {
		return err
	}
	return x.strays(ctx, t)
}

// strays finds what is kept of branches that no run was on.
func (x *Examination) strays(ctx context.Context, t transaction) error {
	for _, of := range []struct{ table, what string }{{"finding_state", "findings are open or closed"}, {"branch_root", "roots are kept of what is open"}} {
		var n int64
		query := "SELECT count(*) FROM " + of.table + " s WHERE NOT EXISTS (SELECT 1 FROM run r WHERE r.repository = s.repository AND r.branch = s.branch)"
		if _, err := one(ctx, t, query, nil, &n); err != nil {
			return err
		}
		if n > 0 {
			x.Stale = true
			x.problem("%d %s on branches that no run was on: headgate db rebuild removes them", n, of.what)
		}
	}
	return nil
}

// sameStates says whether what is kept of a branch is what its runs come to.
func sameStates(ctx context.Context, t transaction, b branchName, want []*history.State) (bool, error) {
	have, err := statesOf(ctx, t, b.repository, b.branch)
	if d := (*evidence.Damage)(nil); errors.As(err, &d) {
		return false, nil
	}
	if err != nil || len(have) != len(want) {
		return false, err
	}
	slices.SortFunc(have, history.Compare)
	for i := range want {
		is, err1 := rowOf(b.repository, b.branch, have[i])
		should, err2 := rowOf(b.repository, b.branch, want[i])
		if err := errors.Join(err1, err2); err != nil || !reflect.DeepEqual(is, should) {
			return false, err
		}
	}
	return sameCVEs(ctx, t, b, want)
}

// sameCVEs says whether each state of a branch is found by the CVEs that it covers: a state that is not found by them is passed over when threat
// data change.
func sameCVEs(ctx context.Context, t transaction, b branchName, want []*history.State) (same bool, err error) {
	lists := make(map[[2]string]string, len(want))
	for _, s := range want {
		lists[[2]string{s.Asset, s.Finding}] = listOf(s.CVEs)
	}
	same = true
	query := "SELECT asset, finding, cves FROM finding_state WHERE repository = $1 AND branch = $2"
	err = t.each(ctx, query, []any{b.repository, b.branch}, func(scan func(...any) error) error {
		var at [2]string
		var cves string
		err := scan(&at[0], &at[1], &cves)
		same = same && lists[at] == cves
		return err
	})
	return same, err
}

// sameRoot says whether the root that is kept of a branch is this one. Where no run said what is open, none is kept.
func sameRoot(ctx context.Context, t transaction, want *evidence.BranchRoot) (bool, error) {
	have := *want
	found, err := one(ctx, t, "SELECT cases, root FROM branch_root WHERE repository = $1 AND branch = $2", []any{want.Repository, want.Branch}, &have.Cases, &have.Root)
	return have == *want && (found || want.Cases == 0), err
}

// String names a branch for people.
func (b branchName) String() string {
	switch {
	case b.repository == "" && b.branch == "":
		return "no branch that is known"
	case b.branch == "":
		return b.repository
	}
	return b.repository + " " + b.branch
}

func branchesOf(runs []keptEntry) (all []branchName) {
	seen := map[branchName]bool{}
	for _, e := range runs {
		if b := (branchName{e.repository, e.branch}); !seen[b] {
			seen[b] = true
			all = append(all, b)
		}
	}
	return all
}

// replayed works out what is open on a branch from the records of its runs, and gives each sweep what was open on it then.
func replayed(ctx context.Context, t transaction, b branchName, runs []keptEntry, sweeps []*keptSweep) ([]*history.State, error) {
	branch := history.NewBranch()
	var root *evidence.BranchRoot // nil: something changed since it was worked out
	for _, e := range runs {
		if len(sweeps) > 0 && sweeps[0].leaf == e.leaf {
			if root == nil {
				root = rootOf(b, branch.All())
			}
			sweeps[0].roots = append(sweeps[0].roots, *root)
			sweeps = sweeps[1:]
		}
		on := e.repository == b.repository && e.branch == b.branch
		if !on && (e.repository != b.repository || !e.tells()) {
			continue
		}
		kept := &keptRun{view: within(t).view, leaf: e.leaf}
		in, err := announced(ctx, kept)
		if err != nil {
			return nil, err
		}
		p := in.projectionOn(e.leaf)
		if on && p.branch != nil {
			p.branch, root = branch, nil
		} else if !in.tells() {
			continue
		}
		if err := p.takeAll(ctx, kept); err != nil {
			return nil, fmt.Errorf("run %d: %w", e.leaf, err)
		}
		if p.branch == nil {
			branch.Tell(p.told.about)
		} else if err := p.end(); err != nil {
			return nil, fmt.Errorf("run %d: %w", e.leaf, err)
		}
	}
	return branch.All(), nil
}

// takeAll notes what all records of a run say.
func (p *projection) takeAll(ctx context.Context, kept evidence.Run) error {
	index := int64(0)
	for line, err := range evidence.Records(ctx, kept) {
		if err == nil {
			_, err = p.take(line, index)
		}
		if err != nil {
			return fmt.Errorf("record %d: %w", index, err)
		}
		index++
	}
	return nil
}

// Rebuild makes what is open now anew, from the records alone, and gives how many findings there are. It reads every run; the log stays as
// it is, and so do the times that runs took, which no record could tell. A ledger in which something else is wrong is not touched.
func (l *Ledger) Rebuild(ctx context.Context) (findings int64, err error) {
	x, err := l.Check(ctx)
	if err != nil {
		return 0, err
	}
	if err := x.Err(); err != nil && !x.Stale {
		return 0, fmt.Errorf("what is open cannot be made of a ledger that is not as it was written: %w", err)
	}
	err = l.db.update(ctx, func(t transaction) error {
		for _, table := range []string{"finding_state", "branch_root", "epoch"} {
			if err := t.exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		if err := t.exec(ctx, "DELETE "+strayTimings); err != nil {
			return err
		}
		runs, err := runsOf(ctx, t)
		if err != nil {
			return err
		}
		if err := relistSweeps(ctx, t, runs); err != nil {
			return err
		}
		for _, b := range branchesOf(runs) {
			all, err := replayed(ctx, t, b, runs, nil)
			if err != nil {
				return err
			}
			findings += int64(len(all))
			if err := writeStates(ctx, t, b.repository, b.branch, all, nil, plainly); err != nil {
				return err
			}
			if err := keepRoot(ctx, t, rootOf(b, all)); err != nil {
				return err
			}
		}
		return nil
	})
	return findings, err
}
