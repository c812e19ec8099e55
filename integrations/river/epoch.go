package river

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// A Priority says which shards go first, whatever waits.
type Priority int

// The priorities, most urgent first: somebody waits for an answer; threat data changed; the sweep of every night.
const (
	CI Priority = iota + 1
	Delta
	Nightly
)

// shardArgs name a shard; both together are unique among the jobs that are there.
type shardArgs struct {
	Epoch string `json:"epoch"`
	Shard int    `json:"shard"`
}

const shardKind = "headgate_shard"

// Kind is River's name of the kind.
func (shardArgs) Kind() string { return shardKind }

// batch is how many jobs are inserted with one statement.
const batch = 1000

// Enqueue makes the jobs of an epoch, all or none. Those that are there already stay as they are.
func (q *Queue) Enqueue(ctx context.Context, epoch string, shards int, p Priority) error {
	return pgx.BeginFunc(ctx, q.pool, func(tx pgx.Tx) error {
		for first := 0; first < shards; first += batch {
			var jobs []river.InsertManyParams
			for n := first; n < min(first+batch, shards); n++ {
				jobs = append(jobs, river.InsertManyParams{Args: shardArgs{epoch, n}, InsertOpts: &river.InsertOpts{
					Queue: q.options.name(), Priority: int(p), MaxAttempts: mostAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true},
				}})
			}
			if _, err := q.client.InsertManyTx(ctx, tx, jobs); err != nil {
				return fmt.Errorf("the jobs of shards %d to %d: %w", first, first+len(jobs)-1, err)
			}
		}
		return nil
	})
}

// Progress is how far an epoch is.
type Progress struct {
	Done, Of int // shards
	Running  int // that a worker is at
	Retried  int // that failed and are to be tried again
}

// A Failure is a shard that no worker could work on.
type Failure struct {
	Shard int
	Why   string
}

// Error says which shard, and what its last worker said.
func (f *Failure) Error() string { return fmt.Sprintf("shard %d: %s", f.Shard, f.Why) }

// errNoJob means that jobs were taken away: by whoever began another epoch in the belief that nobody waits for this one.
var errNoJob = errors.New("jobs of the epoch are gone")

// Progress counts the shards of an epoch. A shard that has failed for good is a *Failure.
func (q *Queue) Progress(ctx context.Context, epoch string, of int) (Progress, error) {
	p := Progress{Of: of}
	there := 0
	rows, err := q.pool.Query(ctx, "SELECT state::text, count(*) FROM "+q.table()+" WHERE kind = $1 AND args->>'epoch' = $2 GROUP BY state", shardKind, epoch)
	if err != nil {
		return p, err
	}
	var state string
	var n int
	failed := false
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		there += n
		switch rivertype.JobState(state) {
		case rivertype.JobStateCompleted:
			p.Done = n
		case rivertype.JobStateRunning:
			p.Running = n
		case rivertype.JobStateRetryable:
			p.Retried = n
		case rivertype.JobStateDiscarded, rivertype.JobStateCancelled:
			failed = true
		}
		return nil
	})
	switch {
	case err != nil:
		return p, err
	case failed:
		return p, q.failure(ctx, epoch)
	case there != of:
		return p, fmt.Errorf("%w: %d of %d are there", errNoJob, there, of)
	}
	return p, nil
}

// failure is the first shard that has failed for good, with what was said last.
func (q *Queue) failure(ctx context.Context, epoch string) error {
	var shard int
	var last []byte
	err := q.pool.QueryRow(ctx, "SELECT (args->>'shard')::bigint, to_jsonb(errors[array_upper(errors, 1)]) FROM "+q.table()+
		" WHERE kind = $1 AND args->>'epoch' = $2 AND state IN ('discarded', 'cancelled') ORDER BY 1 LIMIT 1", shardKind, epoch).Scan(&shard, &last)
	if err != nil {
		return err
	}
	f := &Failure{Shard: shard, Why: "it was cancelled"}
	var said rivertype.AttemptError
	if json.Unmarshal(last, &said) == nil && said.Error != "" {
		f.Why = said.Error
	}
	return f
}

// look is how often a wait looks how far an epoch is.
const look = 200 * time.Millisecond

// Wait waits until all shards of an epoch are done; each is called whenever it has looked. A database that does not answer for a while is
// waited for, as it may be starting again; how long is up to the context. The error is a *Failure for a shard that has failed for good.
func (q *Queue) Wait(ctx context.Context, epoch string, of int, each func(Progress)) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		p, err := q.Progress(ctx, epoch, of)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil:
			each(p)
			if p.Done == of {
				return nil
			}
		case !unreachable(err):
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// Clear takes all shards of all epochs away, also those that are being worked on: what their workers were about to leave is not kept. Only
// whoever alone may run a sweep of the ledger may call it.
func (q *Queue) Clear(ctx context.Context) error {
	_, err := q.pool.Exec(ctx, "DELETE FROM "+q.table()+" WHERE kind = $1", shardKind)
	return err
}
