package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/headgate/headgate/integrations/river"
	"github.com/headgate/headgate/integrations/store"
)

// What works on the shards of a sweep.
const (
	engineLocal = "local"
	engineRiver = "river"
)

// openWorkers opens the jobs of the ledger's workers, if these are to decide.
func (s *sweeper) openWorkers(ctx context.Context) (err error) {
	switch s.flags.engine {
	case engineLocal:
		return nil
	case engineRiver:
		s.queue, s.unqueue, err = s.app.openQueue(ctx, s.flags.ledger, connectionsToWait, river.Options{})
		return err
	}
	return setup(fmt.Errorf("--engine %q is none", s.flags.engine), "it can be local or river")
}

// mostIdle is how long nobody may work on a sweep before it is said.
const mostIdle = 10 * time.Second

// tidying bounds how long it may take to take away what a sweep shared.
const tidying = 30 * time.Second

// decideByWorkers has shards decided by the workers of the ledger, and waits for them. This process is the only one with a sweep, so that
// what another one left is taken away first.
func (s *sweeper) decideByWorkers(ctx context.Context, shards []shardOfSweep) (outcomes [][]byte, err error) {
	if err := s.clearShared(ctx); err != nil || len(shards) == 0 {
		return nil, err
	}
	data, err := s.shared()
	if err != nil {
		return nil, err
	}
	work := make([][]byte, len(shards))
	for i := range shards {
		if work[i], err = json.Marshal(&shards[i]); err != nil {
			return nil, err
		}
	}
	defer func() {
		tidy, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidying)
		defer cancel()
		if e := s.clearShared(tidy); e != nil && err == nil { // the next sweep takes it away
			s.app.say("warning", fmt.Sprintf("what the workers shared is still in the ledger: %v", plain(e)))
		}
	}()
	epoch, err := s.ledger.ShareSweep(ctx, data, work)
	if err != nil {
		return nil, err
	}
	if err := s.queue.Enqueue(ctx, epoch, len(shards), s.priority()); err != nil {
		return nil, err
	}
	if err := s.waitForWorkers(ctx, epoch, len(shards)); err != nil {
		return nil, err
	}
	for i := range shards {
		outcome, err := s.ledger.ShardOutcome(ctx, epoch, i)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// priority is that of what is asked for in a pipeline, of a change of threat data, or of everything.
func (s *sweeper) priority() river.Priority {
	switch {
	case s.plan.Whole:
		return river.Nightly
	case s.flags.run.repository != "":
		return river.CI
	}
	return river.Delta
}

// clearShared takes away what sweeps shared.
func (s *sweeper) clearShared(ctx context.Context) error {
	return errors.Join(s.queue.Clear(ctx), s.ledger.ForgetSweeps(ctx))
}

// waitForWorkers waits until all shards are done, and tells how far they are. A shard that nobody can work on ends it: what is missing is never
// taken for unchanged.
func (s *sweeper) waitForWorkers(ctx context.Context, epoch string, shards int) error {
	told := s.app.progress("deciding by workers, in shards", shards)
	done, moved, warned := 0, time.Now(), false
	err := s.queue.Wait(ctx, epoch, shards, func(p river.Progress) {
		told.add(p.Done - done)
		if p.Done > done || p.Running > 0 {
			done, moved = p.Done, time.Now()
		}
		if time.Since(moved) > mostIdle && !warned {
			warned = true
			s.app.say("note", fmt.Sprintf("nobody works on the sweep: headgate worker --ledger %s does, if it is %s", store.Shown(s.flags.ledger), engineVersion()))
		}
	})
	told.end()
	failed := (*river.Failure)(nil)
	if errors.As(err, &failed) {
		return undecided(fmt.Errorf("the workers cannot decide: %w", err), "nothing was changed; the workers' own output says more")
	}
	return err
}
