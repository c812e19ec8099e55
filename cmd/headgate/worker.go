package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/river"
	"github.com/headgate/headgate/integrations/store"
)

// workerFlags are what a worker is told.
type workerFlags struct {
	ledger      string
	concurrency int
	grace       time.Duration
	options     river.Options

	sweep reassessFlags // of scheduled sweeps
}

// mostConcurrency bounds how many shards a worker has at a time: each takes two connections to the database.
const mostConcurrency = 64

func newWorkerCommand(a *app) *cobra.Command {
	var f workerFlags
	c := &cobra.Command{
		Use:   "worker --ledger postgres://…",
		Short: "Work on sweeps that headgate reassess --engine river begins, with others",
		Long: `Works on the shards of sweeps that headgate reassess --engine river begins, as long as it is not interrupted; on any number of machines. All
that decides comes from the ledger, whatever lies on the disk of the worker: the policy, threat data, assets, waivers and the clock. A worker
takes part in sweeps of its own version alone, and refuses to decide what it would decide otherwise.

A shard is decided and recorded in one transaction. If a worker is killed, another one takes its shard up within seconds; what comes out is the
same, byte for byte, as of one process. On SIGTERM it finishes what it is at, for as long as --grace says, and gives the rest back.

With reassess in the settings it also begins sweeps, every day at the times that they name: each is begun by one of the workers, and by the next
one that is there if none was. The settings, threat data and key of that worker count.

Exit status: 0 it was interrupted, 2 what you set up does not load, 3 the database does not answer.`,
		Example: `  headgate db migrate --ledger postgres://ledger.example/headgate
  headgate worker --ledger postgres://ledger.example/headgate
  headgate reassess --ledger postgres://ledger.example/headgate --every-repository --engine river`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.work(c.Context(), &f) },
	}
	r := &f.sweep.run
	c.Flags().StringVar(&f.ledger, "ledger", "", "the `ledger`, postgres://…")
	c.Flags().IntVar(&f.concurrency, "concurrency", runtime.GOMAXPROCS(0), "shards at a time; each takes two connections to the database")
	c.Flags().DurationVar(&f.grace, "grace", 20*time.Second, "how long shards may go on once the worker is to end")
	c.Flags().DurationVar(&f.options.JobTimeout, "shard-timeout", river.DefaultJobTimeout, "how long one shard may take")
	c.Flags().DurationVar(&f.options.RescueAfter, "rescue-after", river.DefaultRescueAfter, "after which `time` a shard is taken up again whose worker is not heard of, though its connection stands")
	c.Flags().StringVar(&r.settings, "settings", "", "`folder` with headgate.yaml, for scheduled sweeps (default: .headgate here or above)")
	c.Flags().StringVar(&r.intel, "intel", "", "`folder` with threat data, for scheduled sweeps (default: intel in the settings folder)")
	c.Flags().StringArrayVar(&r.policies, "policy", nil, "`folder` with packs of your own, or a bundle, for scheduled sweeps: as for gate")
	c.Flags().StringArrayVar(&r.policyKeys, "policy-key", nil, "`file` with a public key in PEM: the bundle must be signed by it, or by one of several")
	c.Flags().StringVar(&f.sweep.key, "evidence-key", "", "`file` with the Ed25519 key in PEM that signs scheduled sweeps; HEADGATE_EVIDENCE_KEY may be the key itself")
	return c
}

// work works on shards until the context ends.
func (a *app) work(ctx context.Context, f *workerFlags) error {
	switch {
	case f.ledger == "":
		return setup(errors.New("no ledger is named"), "--ledger postgres://… says where sweeps are shared")
	case f.concurrency < 1 || f.concurrency > mostConcurrency:
		return setup(fmt.Errorf("--concurrency %d is not between 1 and %d", f.concurrency, mostConcurrency), "")
	case f.options.RescueAfter <= f.options.JobTimeout || f.options.JobTimeout <= 0:
		return setup(fmt.Errorf("--rescue-after %v must be longer than --shard-timeout %v", f.options.RescueAfter, f.options.JobTimeout), "")
	}
	s, err := a.openSettings(workingTree, f.sweep.run.settings, nil)
	if err != nil {
		return err
	}
	q, done, err := a.openQueue(ctx, f.ledger, f.concurrency+connectionsToWork, f.options)
	if err != nil {
		return err
	}
	defer done()
	l, err := store.OpenToWork(ctx, f.ledger, f.concurrency+1)
	if err != nil {
		return ledgerFailure(f.ledger, err)
	}
	defer l.Close()
	w := &worker{app: a, flags: f, ledger: l}
	what := river.Worker{Concurrency: f.concurrency, Shard: w.shard, Grace: f.grace}
	said := fmt.Sprintf("working on sweeps of %s, on %s at a time", engineVersion(), number(f.concurrency, "shard", "shards"))
	if r := s.Reassess; r != nil {
		what.Schedule, what.Sweep = r.schedule(), func(ctx context.Context, due time.Time) error { return w.sweep(ctx, r, due) }
		said += "; sweeps are begun every day at " + r.times()
	}
	a.say("note", said)
	if err := q.Work(ctx, what); err != nil {
		return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(f.ledger), plain(err)), "")
	}
	a.say("note", "ended; what was not finished is given back")
	return nil
}

// A worker is one process that works on sweeps.
type worker struct {
	app    *app
	flags  *workerFlags
	ledger *store.Ledger

	mu    sync.Mutex
	epoch string // that it is set up for
	ready *sweeper
}

// shard works on one shard.
func (w *worker) shard(ctx context.Context, tx river.Tx, epoch string, n int) error {
	s, err := w.join(ctx, epoch)
	if err != nil {
		return err
	}
	text, err := w.ledger.ShardWork(ctx, epoch, n)
	if err != nil {
		return err
	}
	var of shardOfSweep
	if err := json.Unmarshal(text, &of); err != nil {
		return river.Final(fmt.Errorf("what is to be done cannot be read: %w", err))
	}
	outcome, err := s.shard(ctx, &of)
	if damage := (*evidence.Damage)(nil); errors.As(err, &damage) {
		return river.Final(err)
	}
	if err != nil {
		return err
	}
	return store.KeepShard(ctx, tx, epoch, n, outcome)
}

// join sets the worker up for a sweep, once for all its shards.
func (w *worker) join(ctx context.Context, epoch string) (*sweeper, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.epoch == epoch {
		return w.ready, nil
	}
	data, err := w.ledger.SharedSweep(ctx, epoch)
	if err != nil {
		return nil, err
	}
	s, err := w.app.joinSweep(ctx, w.ledger, data)
	if errors.Is(err, errOtherwise) {
		w.app.say("warning", err.Error())
		return nil, river.Final(err)
	}
	if err != nil {
		return nil, err
	}
	w.epoch, w.ready = epoch, s
	w.app.say("note", fmt.Sprintf("joined the sweep of %s, under the policy %s", s.now.Format(time.RFC3339), s.plan.Policy))
	return s, nil
}

// sweep runs a scheduled sweep. What was open when another one ran at the same time is looked at once it has ended.
func (w *worker) sweep(ctx context.Context, r *reassessSettings, due time.Time) error {
	f := w.flags.sweep
	f.ledger, f.engine, f.size, f.every, f.wait, f.all, f.run.deadline = w.flags.ledger, engineRiver, casesOfShard, true, true, r.isWhole(due), 12*time.Hour
	w.app.say("note", fmt.Sprintf("the sweep of %s begins", due.Format(time.RFC3339)))
	err := w.app.reassess(ctx, &f)
	if err != nil {
		w.app.say("error", fmt.Sprintf("the sweep of %s: %v", due.Format(time.RFC3339), err))
	}
	return err
}
