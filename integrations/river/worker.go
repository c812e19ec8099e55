package river

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
)

// A Tx is a transaction: what a worker writes in it is there once its shard is done, and not before.
type Tx = pgx.Tx

// Final makes an error one that no further attempt can mend: the shard has failed for good.
func Final(err error) error { return river.JobCancel(err) }

// A Worker is what one process does.
type Worker struct {
	Concurrency int // shards at a time, at least 1

	// Shard works on one shard. It may be called again for the same one, also by another process, if what it did before was not kept; it must
	// leave the same then. It keeps to the transaction in what it writes.
	Shard func(ctx context.Context, tx Tx, epoch string, shard int) error

	Schedule Daily                                          // of sweeps; nil: this process begins none
	Sweep    func(ctx context.Context, due time.Time) error // runs a whole one: makes an epoch, waits for it and puts together what it left

	// Grace is how long shards that are being worked on may go on when the process is to end; what is not done then is given back.
	Grace time.Duration
}

// Work works until the context ends, and returns when nothing is being worked on any more. All processes of a database may do so at the
// same time; one of them, which they elect, begins what is scheduled.
func (q *Queue) Work(ctx context.Context, w Worker) error {
	all := river.NewWorkers()
	river.AddWorker(all, &shardWorker{queue: q, do: w.Shard})
	c := &river.Config{
		Schema: q.schema, Logger: q.options.Logger, Workers: all,
		Queues:        map[string]river.QueueConfig{q.options.name(): {MaxWorkers: w.Concurrency}},
		FetchCooldown: q.options.Cooldown, FetchPollInterval: max(q.options.Cooldown, time.Second),
		JobTimeout: q.options.JobTimeout, RescueStuckJobsAfter: q.options.RescueAfter,
		RetryPolicy: patience{}, SoftStopTimeout: max(w.Grace, time.Millisecond),
		CompletedJobRetentionPeriod: keepJobs, CancelledJobRetentionPeriod: keepJobs, DiscardedJobRetentionPeriod: keepJobs,
	}
	river.AddWorker(all, &sweepWorker{queue: q, do: w.Sweep}) // whoever is elected to look after all jobs must know all kinds
	if w.Schedule != nil {
		c.Queues[sweepQueue] = river.QueueConfig{MaxWorkers: 1}
	}
	client, err := river.NewClient(riverpgxv5.New(q.pool), c)
	if err != nil {
		return err
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	defer q.looking(ctx, client, w.Schedule)()
	<-ctx.Done()
	return client.Stop(context.WithoutCancel(ctx))
}

// patience is how long a shard that failed waits: what failed because the database was started again need not wait long, and the last
// attempts are minutes after the first.
type patience struct{}

// NextRetry is when the next attempt may be.
func (patience) NextRetry(job *rivertype.JobRow) time.Time {
	n := len(job.Errors) + 1
	return time.Now().Add(time.Duration(n*n) * 500 * time.Millisecond)
}

type shardWorker struct {
	river.WorkerDefaults[shardArgs]
	queue *Queue
	do    func(ctx context.Context, tx Tx, epoch string, shard int) error
}

// Work works on one shard.
func (w *shardWorker) Work(ctx context.Context, job *river.Job[shardArgs]) error {
	return once(ctx, w.queue, job, func(tx Tx) error { return w.do(ctx, tx, job.Args.Epoch, job.Args.Shard) })
}

// once does a job in one transaction with its completion, unless it is done already. Others who have been given the same job, because this
// process was not heard of for long, wait until it is done, or until this process has ended.
func once[A river.JobArgs](ctx context.Context, q *Queue, job *river.Job[A], do func(Tx) error) error {
	return pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		// Between statements the transaction keeps nothing from being cleaned up; that it may be idle for long is meant.
		if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock("+lockKey+")", q.lock(job.ID)); err != nil {
			return fmt.Errorf("another worker is at it: %w", err)
		}
		var state rivertype.JobState
		err := tx.QueryRow(ctx, "SELECT state::text FROM "+q.table()+" WHERE id = $1", job.ID).Scan(&state)
		switch {
		case errors.Is(err, pgx.ErrNoRows), state == rivertype.JobStateCompleted:
			return nil // taken away with its epoch, or done by another worker while this one waited
		case err != nil:
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		done, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, tx, job)
		if err == nil && done.State != rivertype.JobStateCompleted {
			err = fmt.Errorf("the job was taken from this worker: it is %s", done.State)
		}
		if errors.Is(err, rivertype.ErrNotFound) {
			err = errNoJob
		}
		return err
	})
}

// lockKey is the key of the advisory lock of a job, made of the name that is its parameter.
const lockKey = "hashtextextended($1, 0)"

// lock is the name that the lock of a job is made of: several ledgers may lie in one database.
func (q *Queue) lock(job int64) string { return fmt.Sprintf("%s %d", q.table(), job) }

const (
	lookEvery   = time.Second     // for jobs whose worker has ended, and sweeps that are due
	rescueFresh = 3 * time.Second // a job that was begun since may not have its lock yet
)

// looking looks for what is to be done beside shards, until its end is called: jobs whose worker has ended, and sweeps that are due.
func (q *Queue) looking(ctx context.Context, client *river.Client[pgx.Tx], s Daily) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := q.rescue(ctx, client)
			if s != nil && err == nil {
				err = q.begin(ctx, s)
			}
			if err != nil && ctx.Err() == nil {
				q.options.Logger.WarnContext(ctx, "look for jobs of workers that have ended, and for what is due", "error", err.Error())
			}
		}
	}()
	return func() { cancel(); <-ended }
}

type runningJob struct {
	id            int64
	attempt, most int
	scheduled     time.Time
}

// rescue gives back the jobs that are said to be worked on and whose lock nobody holds: their worker was killed, or lost its connection.
func (q *Queue) rescue(ctx context.Context, client *river.Client[pgx.Tx]) error {
	var horizon time.Time
	if err := q.pool.QueryRow(ctx, "SELECT now() - $1::interval", rescueFresh).Scan(&horizon); err != nil {
		return err
	}
	rows, err := q.pool.Query(ctx, "SELECT id, attempt, max_attempts, scheduled_at FROM "+q.table()+
		" WHERE kind = ANY($1) AND state = 'running' AND attempted_at < $2", []string{shardKind, sweepKind}, horizon)
	if err != nil {
		return err
	}
	jobs, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (j runningJob, err error) {
		err = row.Scan(&j.id, &j.attempt, &j.most, &j.scheduled)
		return j, err
	})
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if err := q.rescueOne(ctx, client, j, horizon); err != nil {
			return err
		}
	}
	return nil
}

func (q *Queue) rescueOne(ctx context.Context, client *river.Client[pgx.Tx], j runningJob, horizon time.Time) error {
	return pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		var free bool
		if err := tx.QueryRow(ctx, "SELECT pg_try_advisory_xact_lock("+lockKey+")", q.lock(j.id)).Scan(&free); err != nil || !free {
			return err
		}
		said, err := json.Marshal(rivertype.AttemptError{At: time.Now().UTC(), Attempt: j.attempt, Error: "its worker ended, or lost its connection, before it was done"})
		if err != nil {
			return err
		}
		p := riverdriver.JobRescueManyParams{Schema: q.schema, ID: []int64{j.id}, Error: [][]byte{said}, StuckHorizon: horizon,
			FinalizedAt: []*time.Time{nil}, ScheduledAt: []time.Time{j.scheduled}, State: []string{string(rivertype.JobStateAvailable)}}
		if j.attempt >= j.most {
			now := time.Now().UTC()
			p.FinalizedAt[0], p.State[0] = &now, string(rivertype.JobStateDiscarded)
		}
		_, err = client.Driver().UnwrapExecutor(tx).JobRescueMany(ctx, &p)
		return err
	})
}

// unreachable says whether an error is of a database that does not answer, or is just starting or ending.
func unreachable(err error) bool {
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		switch e.Code {
		case "57P01", "57P02", "57P03", "53300": // shut down by an administrator, by a crash; starting; too many connections
			return true
		}
		return e.Code[:2] == "08" // connection exception
	}
	var f *Failure
	return !errors.Is(err, errNoJob) && !errors.As(err, &f)
}
