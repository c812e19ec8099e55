package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/engine/waiver"
	"github.com/headgate/headgate/integrations/river"
	"github.com/headgate/headgate/integrations/store"
)

// A sweeper decides again what is open in a ledger.
type sweeper struct {
	app      *app
	flags    *reassessFlags
	run      *run // what is set up, as the gate has it
	now      time.Time
	ledger   *store.Ledger
	queue    *river.Queue // of the workers that decide; nil: this process does
	unqueue  func()       // closes it
	signer   *evidence.Signer
	observer *engine.Observer

	assets  string // digest of what is known of assets; empty: nothing is
	waivers string // digest of the waivers and who approved them; empty: there is no file
	guards  waiverGuards
	proofs  map[string]waiver.Proof // by waiver

	plan *sweepPlan
	came *sweep.Reassessment
}

func (s *sweeper) close() {
	if s.queue != nil {
		s.unqueue()
	}
	if s.ledger != nil {
		_ = s.ledger.Close() // what was appended is there already
	}
}

// A sweepPlan is what one process finds out for all that share a sweep.
type sweepPlan struct {
	Epoch        int64     `json:"epoch"`
	Through      int64     `json:"through"` // size of the log
	At           time.Time `json:"at"`
	Repositories []string  `json:"repositories,omitempty"` // absent: all
	Whole        bool      `json:"whole,omitempty"`
	Open         int64     `json:"open"`
	Prev         string    `json:"prev,omitempty"` // id of the manifest before

	Policy   string           `json:"policy"` // digests of what decides: a process that has another one must not take part
	Intel    engine.IntelInfo `json:"intel"`
	Assets   string           `json:"assets,omitempty"`
	Waivers  string           `json:"waivers,omitempty"`
	NoRange  bool             `json:"no_range,omitempty"`
	Versions engine.Versions  `json:"engine"`

	Estate *paths.Estate     `json:"estate,omitempty"` // what attack paths lead along; absent: none are looked for
	Paths  map[string]string `json:"paths,omitempty"`  // as in the manifest

	analysis *paths.Analysis
	onPaths  map[string]bool // the assets of the estate
}

// A shardOfSweep is what one worker does at a time: the cases at some places, or all of a stretch.
type shardOfSweep struct {
	Cases   []placedCase `json:"cases,omitempty"`
	Stretch *stretch     `json:"stretch,omitempty"`
	Why     []sweep.Why  `json:"why,omitempty"` // of all cases of the stretch
}

// A placedCase is a case that is to be decided again, and why.
type placedCase struct {
	store.Place
	Why []sweep.Why `json:"why"`
}

type stretch struct {
	After   *store.Place `json:"after,omitempty"`
	Through *store.Place `json:"through"`
}

// A shardOutcome is what came of one.
type shardOutcome struct {
	Evaluated  int64               `json:"evaluated"`
	Unchanged  int64               `json:"unchanged"`
	Erased     int64               `json:"erased"`
	Candidates map[sweep.Why]int64 `json:"candidates"`
	Changed    []changedCase       `json:"changed"` // in the order of their places
}

// A changedCase is one that came out otherwise, with all that its record is made of.
type changedCase struct {
	store.Place
	Prev  string           `json:"prev"`  // id of the record before
	Input *evidence.Input  `json:"input"` // that is decided on now
	Told  sweep.Transition `json:"told"`
}

// Bounds of shards, in cases.
const (
	casesOfShard = 2000    // unless --shard-size says otherwise
	mostOfShard  = 10_000  // what a worker has in memory at once
	mostPlaced   = 200_000 // candidates that are listed one by one: from there on it costs less to look at everything
)

// sweep plans, decides and records.
func (s *sweeper) sweep(ctx context.Context) error {
	var shards []shardOfSweep
	err := s.ledger.Survey(ctx, func(v *store.Survey) (err error) {
		shards, err = s.survey(ctx, v)
		return err
	})
	if err != nil {
		return err
	}
	decide := s.decideHere
	if s.queue != nil {
		decide = s.decideByWorkers
	}
	outcomes, err := decide(ctx, shards)
	if err != nil {
		return err
	}
	return s.conclude(ctx, outcomes)
}

// decideHere decides shards in this process: while one waits for the ledger another one works.
func (s *sweeper) decideHere(ctx context.Context, shards []shardOfSweep) ([][]byte, error) {
	outcomes := make([][]byte, len(shards))
	told := s.app.progress("deciding again, in shards", len(shards))
	defer told.end()
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(max(2, runtime.GOMAXPROCS(0)))
	for i := range shards {
		work.Go(func() (err error) {
			outcomes[i], err = s.shard(ctx, &shards[i])
			told.add(1)
			return err
		})
	}
	return outcomes, work.Wait()
}

// shard decides a shard again. The outcome depends on the plan, the shard and the ledger as it is alone, whoever works on it.
func (s *sweeper) shard(ctx context.Context, of *shardOfSweep) ([]byte, error) {
	out := shardOutcome{Candidates: map[sweep.Why]int64{}, Changed: []changedCase{}}
	var standings iter.Seq2[*store.Standing, error]
	why := map[store.Place][]sweep.Why{}
	if of.Stretch != nil {
		standings = s.ledger.Open(ctx, store.Selection{After: of.Stretch.After, Through: of.Stretch.Through})
	} else {
		var places []store.Place
		for _, c := range of.Cases {
			places, why[c.Place] = append(places, c.Place), c.Why
		}
		standings = s.ledger.OpenAt(ctx, places)
	}
	var some []*lookedAt
	flush := func() error {
		err := s.decideSome(ctx, some, &out)
		some = some[:0]
		return err
	}
	for from, err := range standings {
		if err != nil {
			return nil, err
		}
		reasons := of.Why
		if of.Stretch == nil {
			reasons = why[from.Place()]
		}
		some = append(some, &lookedAt{Standing: from, why: reasons})
		if len(some) == casesOfShard {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return json.Marshal(&out)
}

// A lookedAt is a case that may be decided again.
type lookedAt struct {
	*store.Standing
	why []sweep.Why
	was engine.Input // what was recorded
}

// decideSome decides some cases again, and notes what came of it.
func (s *sweeper) decideSome(ctx context.Context, some []*lookedAt, out *shardOutcome) error {
	var known []*lookedAt
	for _, c := range some {
		if c.Input.Erased != nil {
			out.Erased++
			continue
		}
		known = append(known, c)
	}
	cases := make([]engine.Case, len(known))
	for i, c := range known {
		c.was = *c.Input.Input
		cases[i] = engine.Case{Input: *c.Input.Input, Provenance: c.Input.Provenance, Conflicts: c.Input.Conflicts}
	}
	if err := s.join(ctx, known, cases); err != nil {
		return err
	}
	observer, err := s.run.policy.Observer(ctx, s.now)
	if err != nil {
		return err
	}
	var evaluated []*lookedAt
	var again []engine.Case
	for i, c := range known {
		if c.why = s.confirmed(observer, c, &cases[i]); len(c.why) > 0 {
			evaluated, again = append(evaluated, c), append(again, cases[i])
		}
	}
	if err := s.run.policy.Decide(ctx, again, s.now); err != nil {
		return err
	}
	for i, c := range evaluated {
		out.Evaluated++
		for _, why := range c.why {
			out.Candidates[why]++
		}
		was, is := c.Record.Decision, evidence.DecisionOf(&again[i], s.now)
		if sweep.Same(was, is, s.now) {
			out.Unchanged++
			continue
		}
		out.Changed = append(out.Changed, changedCase{Place: c.Place(), Prev: evidence.ID(c.Run, c.State.Index),
			Input: &evidence.Input{Input: &again[i].Input, Provenance: again[i].Provenance, Conflicts: again[i].Conflicts}, Told: s.told(c, is, &again[i])})
	}
	return nil
}

// told says what became of a case, and why.
func (s *sweeper) told(c *lookedAt, is *evidence.Decision, now *engine.Case) sweep.Transition {
	because := sweep.Because(&c.was, &now.Input)
	if slices.Contains(c.why, sweep.WhyPolicy) {
		because = append(because, "the policy or what decides by it changed")
	}
	if is.Overdue && !c.Record.Decision.Overdue {
		because = append(because, "it is overdue")
	}
	if len(because) == 0 {
		because = append(because, "time has passed")
	}
	return sweep.Transition{Repository: c.Repository, Branch: c.Branch, Asset: is.Asset.ID, Owner: is.Asset.Owner, Finding: is.Finding.ID, Name: is.Finding.Name,
		Package: is.Finding.Package, Was: sweep.StateOf(c.Record.Decision), Is: sweep.StateOf(is), Why: c.why, Because: because}
}

// confirmed are the reasons to decide a case again that hold when all of it is known. Candidates are found by what is cheap to know, so that
// there are too many of them and none too few.
func (s *sweeper) confirmed(o *engine.Observer, c *lookedAt, now *engine.Case) (all []sweep.Why) {
	for _, why := range c.why {
		holds := true
		switch why {
		case sweep.WhyTime:
			holds = s.timeCounts(o, c)
		case sweep.WhyIntel:
			holds = s.intelDiffers(o, &c.was, &now.Input)
		case sweep.WhyAsset:
			holds = !sameJSON(c.was.Asset, now.Input.Asset)
		case sweep.WhyWaivers:
			holds = !sameWaivers(o, &c.was, &now.Input)
		case sweep.WhyPaths:
			holds = !sameJSON(c.was.Context.Paths, now.Input.Context.Paths)
		}
		if holds {
			all = append(all, why)
		}
	}
	return all
}

// timeCounts says whether time alone can make a difference for a case: a date of it has passed, it was decided by a clock that was ahead, or
// the policy asks for ages.
func (s *sweeper) timeCounts(o *engine.Observer, c *lookedAt) bool {
	next := c.State.NextChange
	return !next.IsZero() && !next.After(s.now) || c.Terms.At.After(s.now) || o.Reads("context", "history", "age_days")
}

// sameJSON says whether two facts are the same.
func sameJSON(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return errors.Join(err1, err2) == nil && string(x) == string(y)
}

// intelDiffers says whether the threat data of two inputs differ in a way that counts.
func (s *sweeper) intelDiffers(o *engine.Observer, was, is *engine.Input) bool {
	a, b := *was, *was
	b.Context.Intel = is.Context.Intel
	return s.guards.of(&a) != s.guards.of(&b) || o.Observed(&a) != o.Observed(&b)
}

// sameWaivers says whether what is known of waivers is the same as far as it counts. How old they are does if the policy reads it.
func sameWaivers(o *engine.Observer, was, is *engine.Input) bool {
	a, b := *was, *was
	b.Context.Waivers = is.Context.Waivers
	return waiverNames(a.Context.Waivers) == waiverNames(b.Context.Waivers) && o.Observed(&a) == o.Observed(&b)
}

func waiverNames(all []engine.Waiver) (names string) {
	for _, w := range all {
		names += fmt.Sprintf("%q %s %t\n", w.ID, w.Expires, w.Verified)
	}
	return names
}
