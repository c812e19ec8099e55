package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// A Standing is one finding on one asset of a branch, as its latest record has it.
type Standing struct {
	Repository, Branch string

	State  *history.State
	Run    string           // digest of the run that has the record: evidence.ID(Run, State.Index) is the record's id
	Terms  *evidence.Terms  // of that run; shared by all standings that it has, and not to be changed
	Record *evidence.Record // the latest decision on it
	Line   []byte           // the record's exact bytes

	pack *int64 // the first record of the pack that has it; nil: there is none

	// Input is what was decided on: the whole document and where its facts are from. Of one that was erased it has Erased alone. It is nil if
	// inputs were not asked for.
	Input *evidence.Input
}

// A Place is where a case stands: a finding on an asset of a branch.
type Place struct {
	Repository string `json:"repository"`
	Branch     string `json:"branch"`
	Asset      string `json:"asset"`
	Finding    string `json:"finding"`
}

// Compare orders places as Open does.
func (p Place) Compare(o Place) int {
	return cmp.Or(strings.Compare(p.Repository, o.Repository), strings.Compare(p.Branch, o.Branch), strings.Compare(p.Asset, o.Asset), strings.Compare(p.Finding, o.Finding))
}

// A Selection is which standings are asked for.
type Selection struct {
	Repository string   // empty: of all repositories
	Branch     string   // empty: of all branches
	Assets     []string // by id; nil: on all assets
	After      *Place   // behind this place in the order of all; nil: from the first
	Through    *Place   // up to this place; nil: to the last
	Closed     bool     // those that are closed too
	NoInputs   bool     // without what was decided on, which takes most of the time
}

// pageOfStandings is how many standings are read at once: memory is bounded by them and what they were decided on.
const pageOfStandings = 2048

// errEnough ends a walk whose reader has what it wants.
var errEnough = errors.New("enough")

// Open goes through what is open, in the order of repository, branch, asset and finding (by their bytes), on one unchanging state of the
// ledger. What a waiver covers is open too. A record or input that is missing, or was changed, ends it with an error.
func (l *Ledger) Open(ctx context.Context, of Selection) iter.Seq2[*Standing, error] {
	return func(yield func(*Standing, error) bool) {
		err := l.db.view(ctx, func(t transaction) error {
			r := standingReader{t: t, inputs: !of.NoInputs, runs: map[int64]*standingRun{}}
			for after := of.After; ; {
				page, err := r.page(ctx, &of, after)
				if err != nil {
					return err
				}
				for _, s := range page {
					if !yield(s, nil) {
						return errEnough
					}
				}
				if len(page) < pageOfStandings {
					return nil
				}
				after = new(page[len(page)-1].Place())
			}
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// Place is where the standing is.
func (s *Standing) Place() Place {
	return Place{s.Repository, s.Branch, s.State.Asset, s.State.Finding}
}

// selectStandings begins every statement that selects standings, each with the place of the pack that has its record.
var selectStandings = "SELECT s." + strings.ReplaceAll(stateSelection, ", ", ", s.") + ", s.repository, s.branch, " +
	"(SELECT max(r.idx) FROM record r WHERE r.run = s.run AND r.idx <= s.idx) FROM finding_state s"

// query is the statement that selects what stands after a place, with its arguments.
func (of *Selection) query(after *Place) (string, []any) {
	var args []any
	argument := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	var where []string
	if of.Repository != "" {
		where = append(where, "s.repository = "+argument(of.Repository))
	}
	if of.Branch != "" {
		where = append(where, "s.branch = "+argument(of.Branch))
	}
	if of.Assets != nil {
		list := []string{"''"} // no asset has an empty id, and SQL no empty list
		for _, a := range of.Assets {
			list = append(list, argument(a))
		}
		where = append(where, "s.asset IN ("+strings.Join(list, ", ")+")")
	}
	if !of.Closed {
		where = append(where, "s.status <> "+argument(history.Closed))
	}
	for _, bound := range []struct {
		by string
		at *Place
	}{{">", after}, {"<=", of.Through}} {
		if p := bound.at; p != nil {
			where = append(where, fmt.Sprintf("(s.repository, s.branch, s.asset, s.finding) %s (%s, %s, %s, %s)", bound.by,
				argument(p.Repository), argument(p.Branch), argument(p.Asset), argument(p.Finding)))
		}
	}
	text := selectStandings
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text + " ORDER BY s.repository, s.branch, s.asset, s.finding LIMIT " + argument(pageOfStandings), args
}

// A standingReader reads standings within one transaction.
type standingReader struct {
	t      transaction
	inputs bool
	runs   map[int64]*standingRun // that were met last
}

// A standingRun is what is known of a run whose records stand.
type standingRun struct {
	digest  string
	terms   *evidence.Terms
	chunks  []inputChunk // nil: nobody asked
	decided int64        // the records before its first decision, as far as its decisions stand together
}

// mostRuns bounds the runs that are remembered: each keeps the names of its reports.
const mostRuns = 256

// page reads the next standings.
func (r *standingReader) page(ctx context.Context, of *Selection, after *Place) (page []*Standing, err error) {
	query, args := of.query(after)
	if page, err = r.states(ctx, page, query, args); err != nil {
		return nil, err
	}
	return page, r.complete(ctx, page)
}

// states adds to a page the standings that a query gives.
func (r *standingReader) states(ctx context.Context, page []*Standing, query string, args []any) ([]*Standing, error) {
	err := r.t.each(ctx, query, args, func(scan func(...any) error) error {
		s := &Standing{}
		var err error
		if s.State, err = stateIn(scan, &s.Repository, &s.Branch, &s.pack); err == nil {
			page = append(page, s)
		}
		return err
	})
	return page, err
}

// OpenAt goes through what is open at some places, in their order, on one unchanging state of the ledger. A place where nothing is open is
// passed over.
func (l *Ledger) OpenAt(ctx context.Context, places []Place) iter.Seq2[*Standing, error] {
	return standingsAt(ctx, places, l.db.view)
}

func standingsAt(ctx context.Context, places []Place, view func(context.Context, func(transaction) error) error) iter.Seq2[*Standing, error] {
	return func(yield func(*Standing, error) bool) {
		err := view(ctx, func(t transaction) error {
			r := standingReader{t: t, inputs: true, runs: map[int64]*standingRun{}}
			for some := range slices.Chunk(places, pageOfStandings) {
				var page []*Standing
				var err error
				for few := range slices.Chunk(some, placesAtOnce) {
					if page, err = r.at(ctx, page, few); err != nil {
						return err
					}
				}
				if err := r.complete(ctx, page); err != nil {
					return err
				}
				for _, s := range page {
					if !yield(s, nil) {
						return errEnough
					}
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// placesAtOnce is how many places one statement asks for: on a server in another house most of what a place costs is the way there.
const placesAtOnce = 128

// at adds to a page what is open at some places, in their order.
func (r *standingReader) at(ctx context.Context, page []*Standing, places []Place) ([]*Standing, error) {
	args := []any{history.Closed}
	var rows []string
	for _, p := range places {
		n := len(args)
		rows = append(rows, fmt.Sprintf("($%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4))
		args = append(args, p.Repository, p.Branch, p.Asset, p.Finding)
	}
	query := "WITH place (repository, branch, asset, finding) AS (VALUES " + strings.Join(rows, ", ") + ") " + selectStandings +
		" JOIN place p ON s.repository = p.repository AND s.branch = p.branch AND s.asset = p.asset AND s.finding = p.finding WHERE s.status <> $1"
	found, err := r.states(ctx, nil, query, args)
	if err != nil {
		return nil, err
	}
	by := make(map[Place]*Standing, len(found))
	for _, s := range found {
		by[s.Place()] = s
	}
	for _, p := range places {
		if s := by[p]; s != nil {
			page = append(page, s)
		}
	}
	return page, nil
}

// complete reads what belongs to the standings of a page.
func (r *standingReader) complete(ctx context.Context, page []*Standing) error {
	if len(r.runs) > mostRuns {
		clear(r.runs)
	}
	for _, s := range page {
		run, err := r.run(ctx, s.State.Run)
		if err != nil {
			return fmt.Errorf("run %d: %w", s.State.Run, err)
		}
		s.Run, s.Terms = run.digest, run.terms
	}
	if err := r.readRecords(ctx, page); err != nil {
		return err
	}
	if !r.inputs {
		return nil
	}
	return r.readInputs(ctx, page)
}

// run is what is known of a run by its leaf.
func (r *standingReader) run(ctx context.Context, leaf int64) (*standingRun, error) {
	if known := r.runs[leaf]; known != nil {
		return known, nil
	}
	run := &standingRun{}
	found, err := one(ctx, r.t, "SELECT digest FROM run WHERE leaf = $1", []any{leaf}, &run.digest)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, &evidence.Damage{File: "the ledger", What: "has no such run"}
	}
	in, err := announced(ctx, &keptRun{view: within(r.t).view, leaf: leaf})
	if err != nil {
		return nil, err
	}
	run.terms = &in.terms
	r.runs[leaf] = run
	return run, nil
}
