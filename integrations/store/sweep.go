package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// ErrMoved means that a case is not as a sweep found it: a run on its branch came between.
var ErrMoved = errors.New("the case was decided, or closed, after the sweep had looked at it")

// A MovedError says of which cases: all of one branch that are so.
type MovedError struct{ Places []Place }

func (e *MovedError) Error() string {
	first := e.Places[0]
	return fmt.Sprintf("%.80q on %.80q, one of %d: %v", first.Finding, first.Asset, len(e.Places), ErrMoved)
}

func (e *MovedError) Unwrap() error { return ErrMoved }

// A redecided is one case that a sweep decided again, with the id of the record that it found.
type redecided struct {
	history.Sight
	prev string
}

// sweeps says whether the run is one of a sweep.
func (p *projection) sweeps() bool { return p.in.statement.Predicate.Epoch != 0 }

// lookUp reads the states of what was decided again, and makes sure that each is as it was found.
func (p *projection) lookUp(ctx context.Context, t transaction) error {
	repository, branch := p.in.terms.Change.Repository, p.in.terms.Change.Branch
	runs := map[int64]string{}
	var known []*history.State
	var moved []Place
	for i := range p.again {
		made := &p.again[i]
		var s *history.State
		query := "SELECT " + stateSelection + " FROM finding_state WHERE repository = $1 AND branch = $2 AND asset = $3 AND finding = $4"
		err := t.each(ctx, query, []any{repository, branch, made.Asset, made.Finding}, func(scan func(...any) error) (err error) {
			s, err = stateIn(scan)
			return err
		})
		if err != nil {
			return err
		}
		at := Place{Repository: repository, Branch: branch, Asset: made.Asset, Finding: made.Finding}
		if s == nil || s.Status == history.Closed {
			moved = append(moved, at)
			continue
		}
		if runs[s.Run] == "" {
			var digest string
			if _, err := one(ctx, t, "SELECT digest FROM run WHERE leaf = $1", []any{s.Run}, &digest); err != nil {
				return err
			}
			runs[s.Run] = digest
		}
		if evidence.ID(runs[s.Run], s.Index) != made.prev {
			moved = append(moved, at)
			continue
		}
		known = append(known, s)
	}
	if len(moved) > 0 {
		return &MovedError{moved}
	}
	p.branch = history.NewBranch(known...)
	return nil
}

// end is what a run comes to once all its records are taken.
func (p *projection) end() error {
	if !p.sweeps() {
		p.branch.End(&p.run)
		return nil
	}
	for i := range p.again {
		if made := &p.again[i]; !p.branch.Redecide(&p.run, &made.Sight) {
			at := Place{Repository: p.in.terms.Change.Repository, Branch: p.in.terms.Change.Branch, Asset: made.Asset, Finding: made.Finding}
			return fmt.Errorf("record %d: %w", made.Index, &MovedError{[]Place{at}})
		}
	}
	p.again = nil
	return nil
}

// keepEpoch lists the sweep that the run is the manifest of, if it is one.
func (in *incoming) keepEpoch(ctx context.Context, t transaction, leaf int64) error {
	p := &in.statement.Predicate
	if p.Epoch == 0 || p.Outcome != "" {
		return nil
	}
	line, _, err := epochIn(ctx, in.run)
	if err != nil {
		return err
	}
	return t.exec(ctx, "INSERT INTO epoch (id, leaf, manifest) VALUES ($1, $2, $3)", p.Epoch, leaf, line)
}

// epochIn is the record of a sweep in a run, which has it alone.
func epochIn(ctx context.Context, run evidence.Run) (line []byte, epoch *evidence.Epoch, err error) {
	for l, err := range evidence.Records(ctx, run) {
		if err != nil {
			return nil, nil, err
		}
		if l.Epoch != nil && line == nil {
			line, epoch = slices.Clone(l.Bytes), l.Epoch
			continue
		}
		return nil, nil, errors.New("the run of a sweep's manifest has other records")
	}
	if line == nil {
		return nil, nil, errors.New("the run of a sweep has no manifest")
	}
	return line, epoch, nil
}

// A Sweep is what is appended of one: the runs of what came out otherwise, and the manifest.
type Sweep struct {
	Number int64
	Runs   []evidence.Run

	Appended func(run int) // is told of each of them that is appended, while the whole may yet be undone; nil: nobody is

	// Close makes the run of the manifest, once it is known what is open after the runs, and their digests.
	Close func(state evidence.StateRoot, runs []string) (evidence.Run, error)
}

// AppendSweep puts the runs of a sweep and its manifest at the end of the log, all of them or nothing. The error wraps ErrMoved if a case is
// not as the sweep found it: see MovedError.
func (l *Ledger) AppendSweep(ctx context.Context, s Sweep, seal evidence.Seal) (leaf int64, err error) {
	err = l.db.update(ctx, func(t transaction) error {
		var last int64
		if _, err := one(ctx, t, "SELECT coalesce(max(id), 0) FROM epoch", nil, &last); err != nil {
			return err
		}
		if s.Number != last+1 {
			return fmt.Errorf("the sweep %d cannot follow the sweep %d", s.Number, last)
		}
		var digests []string
		for i, run := range s.Runs {
			in, err := announced(ctx, run)
			if err != nil {
				return err
			}
			if _, _, err := in.append(ctx, t, seal); err != nil {
				return err
			}
			if digests = append(digests, in.digest); s.Appended != nil {
				s.Appended(i)
			}
		}
		state, err := stateRoot(ctx, t)
		if err != nil {
			return err
		}
		manifest, err := s.Close(state, digests)
		if err != nil {
			return err
		}
		in, err := announced(ctx, manifest)
		if err != nil {
			return err
		}
		leaf, _, err = in.append(ctx, t, seal)
		return err
	})
	return leaf, err
}

// State is the root of everything that is open.
func (l *Ledger) State(ctx context.Context) (state evidence.StateRoot, err error) {
	err = l.db.view(ctx, func(t transaction) (err error) {
		state, err = stateRoot(ctx, t)
		return err
	})
	return state, err
}

// stateRoot is the root of everything that is open.
func stateRoot(ctx context.Context, t transaction) (evidence.StateRoot, error) {
	var all []evidence.BranchRoot
	err := t.each(ctx, "SELECT repository, branch, cases, root FROM branch_root ORDER BY repository, branch", nil, func(scan func(...any) error) error {
		var b evidence.BranchRoot
		err := scan(&b.Repository, &b.Branch, &b.Cases, &b.Root)
		all = append(all, b)
		return err
	})
	return evidence.StateOf(all), err
}

// keepRoot keeps the root of what is open on a branch from now on.
func keepRoot(ctx context.Context, t transaction, b *evidence.BranchRoot) error {
	query := "INSERT INTO branch_root (repository, branch, cases, root) VALUES ($1, $2, $3, $4) ON CONFLICT (repository, branch) DO UPDATE SET cases = excluded.cases, root = excluded.root"
	return t.exec(ctx, query, b.Repository, b.Branch, b.Cases, b.Root)
}

func (b branchName) compare(o branchName) int {
	if c := strings.Compare(b.repository, o.repository); c != 0 {
		return c
	}
	return strings.Compare(b.branch, o.branch)
}

// branchRoot works out the root of what is open on a branch, from the tables.
func branchRoot(ctx context.Context, t transaction, b branchName) (*evidence.BranchRoot, error) {
	var sum evidence.BranchSummer
	query := "SELECT asset, finding, leaf FROM finding_state WHERE repository = $1 AND branch = $2 AND status <> $3 ORDER BY asset, finding"
	err := t.each(ctx, query, []any{b.repository, b.branch, history.Closed}, func(scan func(...any) error) error {
		var asset, finding string
		var leaf []byte
		if err := scan(&asset, &finding, &leaf); err != nil {
			return err
		}
		if len(leaf) != tlog.HashSize {
			return &evidence.Damage{File: fmt.Sprintf("what is open on %s", b), What: "has no hash of a record"}
		}
		sum.Add(asset, finding, tlog.Hash(leaf))
		return nil
	})
	cases, root := sum.Root()
	return &evidence.BranchRoot{Repository: b.repository, Branch: b.branch, Cases: cases, Root: root}, err
}
