package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
)

// A Survey finds what a sweep has to look at, on one unchanging state of the ledger.
type Survey struct {
	ctx context.Context
	t   transaction
}

// Survey makes one for as long as do runs.
func (l *Ledger) Survey(ctx context.Context, do func(*Survey) error) error {
	return l.db.view(ctx, func(t transaction) error { return do(&Survey{ctx, t}) })
}

// A Candidate is a case that stands, with the leaf of the run that decided it last.
type Candidate struct {
	Place
	Run int64
}

// Size is how many leaves the log has.
func (s *Survey) Size() (n int64, err error) {
	_, err = one(s.ctx, s.t, "SELECT coalesce(max(idx), -1) + 1 FROM log_leaf", nil, &n)
	return n, err
}

// A PastSweep is one that is in the log.
type PastSweep struct {
	Leaf  int64  // of its manifest
	Run   string // digest of the run that has it alone
	Epoch *evidence.Epoch
	Terms *evidence.Terms
}

// Sweeps are the sweeps of the log, the latest first.
func (s *Survey) Sweeps() (all []PastSweep, err error) {
	var lines [][]byte
	err = s.t.each(s.ctx, "SELECT e.leaf, r.digest, e.manifest FROM epoch e JOIN run r ON r.leaf = e.leaf ORDER BY e.id DESC LIMIT $1", []any{mostSweeps}, func(scan func(...any) error) error {
		var past PastSweep
		var line []byte
		err := scan(&past.Leaf, &past.Run, &line)
		all, lines = append(all, past), append(lines, line)
		return err
	})
	for i := range all {
		var r *evidence.Record
		if err == nil {
			r, err = evidence.ParseRecord(lines[i])
		}
		if err == nil && r.Epoch == nil {
			err = fmt.Errorf("the manifest of leaf %d is none", all[i].Leaf)
		}
		if err != nil {
			return nil, err
		}
		all[i].Epoch = r.Epoch
		if all[i].Terms, err = s.Terms(all[i].Leaf); err != nil {
			return nil, err
		}
	}
	return all, err
}

// mostSweeps bounds how far back sweeps are looked at: what a case was decided with says its own run too.
const mostSweeps = 100

// mostScans bounds the runs of a branch whose scans say what was looked at.
const mostScans = 20

// A StandingRun is a run that decided last what stands.
type StandingRun struct {
	Leaf               int64
	Repository, Branch string
	At                 time.Time // that it was given
}

// Runs are the runs that decided last what stands, in the order of the log. Each is found by the one before, as CVEs are.
func (s *Survey) Runs() (all []StandingRun, err error) {
	for last := int64(-1); ; {
		var next *int64
		if _, err := one(s.ctx, s.t, "SELECT min(run) FROM finding_state WHERE run > $1", []any{last}, &next); err != nil || next == nil {
			return all, err
		}
		last = *next
		r := StandingRun{Leaf: last}
		var at string
		found, err := one(s.ctx, s.t, "SELECT repository, branch, decided FROM run WHERE leaf = $1", []any{last}, &r.Repository, &r.Branch, &at)
		if err == nil && !found {
			err = &evidence.Damage{File: "the ledger", What: fmt.Sprintf("has no run %d", last)}
		}
		if err == nil {
			r.At, err = time.Parse(time.RFC3339, at)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
}

// Scanned are the terms of the latest runs on each branch that read reports and say what is open there, the latest first: scans of one branch
// come in runs of their own.
func (s *Survey) Scanned() (all []*evidence.Terms, err error) {
	var branches []branchName
	err = s.t.each(s.ctx, "SELECT DISTINCT repository, branch FROM run ORDER BY repository, branch", nil, func(scan func(...any) error) error {
		var b branchName
		err := scan(&b.repository, &b.branch)
		branches = append(branches, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, b := range branches {
		var leaves []int64
		query := "SELECT leaf FROM run WHERE repository = $1 AND branch = $2 AND outcome <> '' ORDER BY leaf DESC LIMIT $3"
		err := s.t.each(s.ctx, query, []any{b.repository, b.branch, mostScans}, func(scan func(...any) error) error {
			var leaf int64
			err := scan(&leaf)
			leaves = append(leaves, leaf)
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, leaf := range leaves {
			terms, err := s.Terms(leaf)
			if err != nil {
				return nil, err
			}
			if terms.Epoch == 0 && settles(terms.Change.Event) {
				all = append(all, terms)
			}
		}
	}
	return all, nil
}

// Terms are those of a run.
func (s *Survey) Terms(leaf int64) (*evidence.Terms, error) {
	in, err := announced(s.ctx, &keptRun{view: within(s.t).view, leaf: leaf})
	if err != nil {
		return nil, fmt.Errorf("run %d: %w", leaf, err)
	}
	return &in.terms, nil
}

// Count is how many cases are open in a repository; "" is all.
func (s *Survey) Count(repository string) (n int64, err error) {
	query := "SELECT CAST(coalesce(sum(cases), 0) AS BIGINT) FROM branch_root WHERE repository = $1 OR $1 = ''"
	_, err = one(s.ctx, s.t, query, []any{repository}, &n)
	return n, err
}

// CVEs are the different lists of CVEs that findings cover, each with spaces between them, in order. Each is found by the one before: so few
// rows of the index are read, however many cases have the same. A second bound, as for an index of some rows, would have SQLite begin each time
// at the first of all.
func (s *Survey) CVEs() (all []string, err error) {
	query := `WITH RECURSIVE list (cves) AS (
		SELECT min(cves) FROM finding_state WHERE cves > ''
		UNION ALL SELECT (SELECT min(cves) FROM finding_state s WHERE s.cves > list.cves) FROM list WHERE list.cves IS NOT NULL
	) SELECT cves FROM list WHERE cves IS NOT NULL`
	err = s.t.each(s.ctx, query, nil, func(scan func(...any) error) error {
		var cves string
		err := scan(&cves)
		all = append(all, cves)
		return err
	})
	return all, err
}

// OfCVEs are the cases whose finding covers a list of CVEs.
func (s *Survey) OfCVEs(cves string) ([]Candidate, error) {
	return s.candidates("cves = $2", cves)
}

// OfRun are the cases that a run decided last.
func (s *Survey) OfRun(leaf int64) ([]Candidate, error) { return s.candidates("run = $2", leaf) }

// Passed are the cases whose decision time alone could have changed until now.
func (s *Survey) Passed(now time.Time) ([]Candidate, error) {
	return s.candidates("next_change > '' AND next_change <= $2", timeText(now))
}

// On are the cases on an asset.
func (s *Survey) On(asset string) ([]Candidate, error) { return s.candidates("asset = $2", asset) }

// A Share is how many of the cases that a run decided last are open on an asset. While it is the same, they are the same cases: a run decides on
// each once, and what is closed comes back with another run.
type Share struct {
	Run   int64
	Cases int64
}

// SharesOn are the open cases on an asset, by run. They are counted in the index alone.
func (s *Survey) SharesOn(asset string) (all []Share, err error) {
	query := "SELECT run, count(*) FROM finding_state WHERE asset = $1 AND status <> $2 GROUP BY run ORDER BY run"
	err = s.t.each(s.ctx, query, []any{asset, history.Closed}, func(scan func(...any) error) error {
		var one Share
		err := scan(&one.Run, &one.Cases)
		all = append(all, one)
		return err
	})
	return all, err
}

// OneOnEach is one case of a run on each asset.
func (s *Survey) OneOnEach(leaf int64) (all []Place, err error) {
	query := `SELECT repository, branch, asset, min(finding) FROM finding_state WHERE status <> $1 AND run = $2 GROUP BY repository, branch, asset
		ORDER BY repository, branch, asset`
	err = s.t.each(s.ctx, query, []any{history.Closed, leaf}, func(scan func(...any) error) error {
		var p Place
		err := scan(&p.Repository, &p.Branch, &p.Asset, &p.Finding)
		all = append(all, p)
		return err
	})
	return all, err
}

// Open goes through what is open at some places, with what was decided on.
func (s *Survey) Open(places []Place) iter.Seq2[*Standing, error] {
	return standingsAt(s.ctx, places, func(_ context.Context, do func(transaction) error) error { return do(s.t) })
}

// Waived are the cases whose decision knows waivers.
func (s *Survey) Waived() ([]Candidate, error) { return s.candidates("waivers > 0") }

// candidates are the open cases of which something is so.
func (s *Survey) candidates(so string, arguments ...any) (all []Candidate, err error) {
	query := "SELECT repository, branch, asset, finding, run FROM finding_state WHERE status <> $1 AND " + so
	err = s.t.each(s.ctx, query, append([]any{history.Closed}, arguments...), func(scan func(...any) error) error {
		var c Candidate
		err := scan(&c.Repository, &c.Branch, &c.Asset, &c.Finding, &c.Run)
		all = append(all, c)
		return err
	})
	return all, err
}

// A Stretch is a part of what is open: behind one place, up to another.
type Stretch struct {
	After, Through *Place
	Cases          int64
}

// Stretches cut what is open into parts of at most so many cases, in order: whole branches together, and of a branch that is larger its assets.
// An asset is never cut. They depend on what is open alone. Repositories are those that count; nil: all.
func (s *Survey) Stretches(repositories []string, size int64) (all []Stretch, err error) {
	groups, err := s.groups(repositories)
	if err != nil {
		return nil, err
	}
	var now Stretch
	for len(groups) > 0 {
		n, cases := 1, groups[0].cases
		for n < len(groups) && groups[n].last.Repository == groups[0].last.Repository && groups[n].last.Branch == groups[0].last.Branch {
			cases += groups[n].cases
			n++
		}
		if cases > size {
			n, cases = 1, groups[0].cases
		}
		if now.Cases > 0 && (now.Cases+cases > size || groups[0].gap) {
			all, now = append(all, now), Stretch{}
		}
		if now.Cases == 0 {
			now.After = groups[0].before
		}
		now.Cases, now.Through = now.Cases+cases, new(groups[n-1].last)
		groups = groups[n:]
	}
	if now.Cases > 0 {
		all = append(all, now)
	}
	return all, nil
}

// A group is the cases on one asset of a branch.
type group struct {
	last   Place
	cases  int64
	before *Place // the last place before it; nil: it is the first
	gap    bool   // what stands before it does not count
}

func (s *Survey) groups(repositories []string) (all []group, err error) {
	var before *Place
	gap := false
	query := `SELECT repository, branch, asset, count(*), max(finding) FROM finding_state WHERE status <> $1
		GROUP BY repository, branch, asset ORDER BY repository, branch, asset`
	err = s.t.each(s.ctx, query, []any{history.Closed}, func(scan func(...any) error) error {
		g := group{before: before, gap: gap}
		if err := scan(&g.last.Repository, &g.last.Branch, &g.last.Asset, &g.cases, &g.last.Finding); err != nil {
			return err
		}
		before, gap = new(g.last), repositories != nil && !slices.Contains(repositories, g.last.Repository)
		if !gap {
			all = append(all, g)
		}
		return nil
	})
	return all, err
}
