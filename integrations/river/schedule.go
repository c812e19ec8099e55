package river

import (
	"context"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Daily says when sweeps are due: every day at times of day in UTC, each as what has passed since midnight. It has at least one.
type Daily []time.Duration

// Last is the last time until another at which a sweep is due, that time included.
func (d Daily) Last(until time.Time) (last time.Time) {
	midnight := until.UTC().Truncate(24 * time.Hour)
	for _, since := range d {
		t := midnight.Add(since)
		if t.After(until) {
			t = t.AddDate(0, 0, -1)
		}
		if t.After(last) {
			last = t
		}
	}
	return last
}

const (
	sweepKind     = "headgate_sweep"
	sweepQueue    = "sweeps"
	sweepAttempts = 3
)

// sweepArgs name a scheduled sweep by when it is due: so it is begun once, whoever is elected meanwhile.
type sweepArgs struct {
	Due time.Time `json:"due"`
}

// Kind is River's name of the kind.
func (sweepArgs) Kind() string { return sweepKind }

// begin makes the job of the sweep that is due, unless somebody has made it. What fell due while no worker was there is made up for when
// one is, but only the last of it. River's own periodic jobs are not used for this: they are made by whichever process is elected, be it one
// that has no schedule, and what fell due while there was none is passed over.
func (q *Queue) begin(ctx context.Context, s Daily) error {
	_, err := q.client.Insert(ctx, sweepArgs{Due: s.Last(time.Now().UTC())}, &river.InsertOpts{
		Queue: sweepQueue, MaxAttempts: sweepAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: rivertype.JobStates()},
	})
	return err
}

type sweepWorker struct {
	river.WorkerDefaults[sweepArgs]
	queue *Queue
	do    func(ctx context.Context, due time.Time) error
}

// Timeout is none: a sweep takes as long as its shards, and that its worker has ended shows in its lock.
func (*sweepWorker) Timeout(*river.Job[sweepArgs]) time.Duration { return -1 }

// Work runs a sweep.
func (w *sweepWorker) Work(ctx context.Context, job *river.Job[sweepArgs]) error {
	return once(ctx, w.queue, job, func(Tx) error { return w.do(ctx, job.Args.Due) })
}
