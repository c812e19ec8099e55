package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// States goes through all findings of a branch, open and closed, in the order of repository, branch, asset and id; of all branches if it is
// empty. Of leaves out the repositories that it says no of; nil: none. It reads what is open alone, and no record: a million take seconds.
// Memory does not grow with their number.
func (l *Ledger) States(ctx context.Context, branch string, of func(repository string) bool) iter.Seq2[*history.State, error] {
	return func(yield func(*history.State, error) bool) {
		err := l.db.view(ctx, func(t transaction) error {
			query := "SELECT repository, " + stateSelection + " FROM finding_state WHERE branch = $1 OR $1 = '' ORDER BY repository, branch, asset, finding"
			return t.each(ctx, query, []any{branch}, func(scan func(...any) error) error {
				var repository string
				s, err := stateIn(func(into ...any) error { return scan(append([]any{&repository}, into...)...) })
				if err != nil || of != nil && !of(repository) {
					return err
				}
				if !yield(s, nil) {
					return errEnough
				}
				return nil
			})
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// A RunEntry is one run as the ledger lists it.
type RunEntry struct {
	Leaf               int64
	Digest             string
	At                 time.Time
	Event              engine.Event
	Repository, Branch string
	Outcome            engine.Action // empty: it decided nothing, and has records of what happened
	Records            int64
	Epoch              int64         // of the sweep that decided again what was open; 0: the run read reports
	Took               time.Duration // as Took noted it; 0: not known
	Run                evidence.Run
}

// pageOfRuns is how many runs are listed at once.
const pageOfRuns = 1024

const runSelection = "SELECT leaf, digest, decided, event, repository, branch, outcome, records, epoch, coalesce(millis, 0) " +
	"FROM run LEFT JOIN run_timing ON run_timing.run = run.leaf"

// Runs goes through the runs that were given a time from since on, as the log has them, and those that decided nothing whatever their time.
func (l *Ledger) Runs(ctx context.Context, since time.Time) iter.Seq2[*RunEntry, error] {
	return func(yield func(*RunEntry, error) bool) {
		for after := int64(-1); ; {
			page, err := l.listed(ctx, runSelection+" WHERE leaf > $1 AND (decided >= $2 OR outcome = '') ORDER BY leaf LIMIT $3", after, timeText(since), pageOfRuns)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
				after = e.Leaf
			}
			if len(page) < pageOfRuns {
				return
			}
		}
	}
}

// LatestRuns are the last runs of all branches that decided on them as they are, from reports, and were given an earlier time; zero: any.
func (l *Ledger) LatestRuns(ctx context.Context, before time.Time) ([]*RunEntry, error) {
	var settled string
	for _, e := range engine.Events {
		if settles(e) {
			settled += ", '" + string(e) + "'"
		}
	}
	return l.listed(ctx, runSelection+" WHERE leaf IN (SELECT max(leaf) FROM run WHERE event IN ("+settled[2:]+") AND outcome <> '' AND epoch = 0 AND "+
		"(decided < $1 OR $1 = '') GROUP BY repository, branch) ORDER BY leaf", timeText(before))
}

// FirstRun is when the first run was made that decided something, by the time that it was given; zero: there is none.
func (l *Ledger) FirstRun(ctx context.Context) (first time.Time, err error) {
	err = l.db.view(ctx, func(t transaction) error {
		var text string
		if _, err := one(ctx, t, "SELECT coalesce(min(decided), '') FROM run WHERE outcome <> ''", nil, &text); err != nil || text == "" {
			return err
		}
		var err error
		first, err = time.Parse(time.RFC3339, text)
		return err
	})
	return first, err
}

func (l *Ledger) listed(ctx context.Context, query string, args ...any) (page []*RunEntry, err error) {
	err = l.db.view(ctx, func(t transaction) error {
		return t.each(ctx, query, args, func(scan func(...any) error) error {
			e := &RunEntry{}
			var at, event, outcome string
			var millis int64
			if err := scan(&e.Leaf, &e.Digest, &at, &event, &e.Repository, &e.Branch, &outcome, &e.Records, &e.Epoch, &millis); err != nil {
				return err
			}
			e.Took = tookOf(millis)
			var err error
			if e.At, err = time.Parse(time.RFC3339, at); err != nil {
				return fmt.Errorf("run %d: %w", e.Leaf, err)
			}
			e.Event, e.Outcome, e.Run = engine.Event(event), engine.Action(outcome), &keptRun{view: l.db.view, leaf: e.Leaf}
			page = append(page, e)
			return nil
		})
	})
	return page, err
}
