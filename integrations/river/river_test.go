//go:build unix

package river_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/headgate/headgate/integrations/river"
	"github.com/headgate/headgate/integrations/store/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// patience is longer than any machine needs: what takes it will not come.
const patience = 5 * time.Minute

// A bench is a database with a table that shards write to, and its queue.
type bench struct {
	*river.Queue
	t    *testing.T
	pool *pgxpool.Pool
}

func poolOf(t *testing.T, address string) *pgxpool.Pool {
	t.Helper()
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	c.MaxConns = 12
	pool, err := pgxpool.NewWithConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, pool: poolOf(t, pgtest.Start(t).Database(t))}
	if _, _, err := river.Migrate(t.Context(), b.pool); err != nil {
		t.Fatal(err)
	}
	b.exec("CREATE TABLE left_by (epoch TEXT, shard INTEGER, worker TEXT, PRIMARY KEY (epoch, shard))")
	b.Queue = b.queue("v1")
	return b
}

func (b *bench) queue(version string) *river.Queue {
	b.t.Helper()
	q, err := river.Open(b.t.Context(), b.pool, river.Options{Version: version})
	if err != nil {
		b.t.Fatal(err)
	}
	return q
}

func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.pool.Exec(b.t.Context(), query, args...); err != nil {
		b.t.Fatal(err)
	}
}

// leaves is a shard that notes who did it: twice is an error.
func leaves(worker string) func(context.Context, river.Tx, string, int) error {
	return func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		_, err := tx.Exec(ctx, "INSERT INTO left_by VALUES ($1, $2, $3)", epoch, shard, worker)
		return err
	}
}

// works starts a worker and gives what ends it; ending it twice does nothing more.
func (b *bench) works(q *river.Queue, w river.Worker) (end func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	w.Concurrency = cmp.Or(w.Concurrency, 2)
	go func() { ended <- q.Work(ctx, w) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	b.t.Cleanup(end)
	return end
}

func (b *bench) enqueue(epoch string, shards int, p river.Priority) {
	b.t.Helper()
	if err := b.Enqueue(b.t.Context(), epoch, shards, p); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) wait(epoch string, shards int) error {
	ctx, cancel := context.WithTimeoutCause(b.t.Context(), patience, errors.New("the epoch is not done in time"))
	defer cancel()
	return b.Wait(ctx, epoch, shards, func(river.Progress) {})
}

// left counts the shards of an epoch that were left, and by how many workers.
func (b *bench) left(epoch string) (shards, workers int) {
	b.t.Helper()
	err := b.pool.QueryRow(b.t.Context(), "SELECT count(*), count(DISTINCT worker) FROM left_by WHERE epoch = $1", epoch).Scan(&shards, &workers)
	if err != nil {
		b.t.Fatal(err)
	}
	return shards, workers
}

// until waits for a condition.
func (b *bench) until(what string, is func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not in time: %s", what)
		}
	}
}

func TestAQueueThatIsNotMigratedIsRefused(t *testing.T) {
	t.Parallel()
	pool := poolOf(t, pgtest.Start(t).Database(t))
	if _, err := river.Open(t.Context(), pool, river.Options{}); !errors.Is(err, river.ErrNotMigrated) {
		t.Errorf("opening gives %v", err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, to, err := river.Migrate(t.Context(), pool); err != nil || to == 0 {
				t.Errorf("to version %d: %v", to, err)
			}
		})
	}
	both.Wait()
	if from, to, err := river.Migrate(t.Context(), pool); from != to || err != nil {
		t.Errorf("the second time from %d to %d: %v", from, to, err)
	}
	if _, err := river.Open(t.Context(), pool, river.Options{}); err != nil {
		t.Error(err)
	}
	if _, err := river.Open(t.Context(), pool, river.Options{JobTimeout: time.Hour}); err == nil {
		t.Error("shards that may take longer than their rescue are accepted")
	}
}

func TestThreeWorkersDoEveryShardOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const shards = 60
	b.enqueue("one", shards, river.Nightly)
	b.enqueue("one", shards, river.Nightly) // by somebody who did not know
	for n := range 3 {
		b.works(b.queue("v1"), river.Worker{Shard: leaves(fmt.Sprint(n))})
	}
	if err := b.wait("one", shards); err != nil {
		t.Fatal(err)
	}
	if n, _ := b.left("one"); n != shards {
		t.Errorf("%d of %d shards left something", n, shards)
	}
	if err := b.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.wait("one", shards); err == nil {
		t.Error("an epoch whose jobs are gone is waited for")
	}
}

func TestAShardThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var tries atomic.Int32
	b.works(b.Queue, river.Worker{Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		if err := leaves("it")(ctx, tx, epoch, shard); err != nil || shard != 1 || tries.Add(1) > 1 {
			return err
		}
		return errors.New("for once")
	}})
	b.enqueue("one", 3, river.CI)
	if err := b.wait("one", 3); err != nil {
		t.Fatal(err)
	}
	if n, _ := b.left("one"); n != 3 || tries.Load() != 2 {
		t.Errorf("%d shards, %d tries of shard 1", n, tries.Load())
	}
}

// What a shard leaves and that it is done are one: where the second cannot be written, as in a database that is about to crash, the first is not
// there either.
func TestAShardThatCannotBeCompletedLeavesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	// A sequence counts what is rolled back too.
	b.exec(`CREATE SEQUENCE completions`)
	b.exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('completions') = 1 THEN RAISE EXCEPTION 'for once'; END IF;
		RETURN NEW;
	END $$`)
	b.exec(`CREATE TRIGGER refuse BEFORE UPDATE ON river_job FOR EACH ROW WHEN (NEW.state = 'completed' AND OLD.state = 'running') EXECUTE FUNCTION refuse()`)
	var tries, already atomic.Int32
	b.works(b.Queue, river.Worker{Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		tries.Add(1)
		var n int32
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM left_by").Scan(&n); err != nil {
			return err
		}
		already.Add(n)
		return leaves(fmt.Sprint(tries.Load()))(ctx, tx, epoch, shard)
	}})
	b.enqueue("one", 1, river.CI)
	if err := b.wait("one", 1); err != nil {
		t.Error(err)
	}
	if tries.Load() != 2 || already.Load() != 0 {
		t.Errorf("%d tries, of which the later ones found %d shards", tries.Load(), already.Load())
	}
}

func TestAShardThatNobodyCanWorkOnEndsTheWait(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.works(b.Queue, river.Worker{Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		if shard == 2 {
			return river.Final(errors.New("the policy of the epoch is another"))
		}
		return leaves("it")(ctx, tx, epoch, shard)
	}})
	b.enqueue("one", 4, river.CI)
	err := b.wait("one", 4)
	var f *river.Failure
	if !errors.As(err, &f) || f.Shard != 2 || !strings.Contains(f.Why, "the policy of the epoch is another") {
		t.Errorf("the wait ends with %v", err)
	}
}

func TestAWorkerOfAnotherVersionTakesNoShard(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var taken atomic.Int32
	b.works(b.queue("v2"), river.Worker{Shard: func(context.Context, river.Tx, string, int) error { taken.Add(1); return nil }})
	b.enqueue("one", 20, river.CI)
	other := b.queue("v2")
	if err := other.Enqueue(t.Context(), "of v2", 1, river.Nightly); err != nil {
		t.Fatal(err)
	}
	if err := b.wait("of v2", 1); err != nil { // so the worker has looked
		t.Fatal(err)
	}
	b.works(b.Queue, river.Worker{Shard: leaves("v1")})
	if err := b.wait("one", 20); err != nil {
		t.Fatal(err)
	}
	if n, _ := b.left("one"); n != 20 || taken.Load() != 1 {
		t.Errorf("%d shards of 20 by the right worker, %d by the other", n, taken.Load())
	}
}

func TestWhatIsUrgentGoesFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.enqueue("night", 10, river.Nightly)
	b.enqueue("delta", 10, river.Delta)
	b.enqueue("ci", 10, river.CI)
	var mu sync.Mutex
	var order []string
	end := b.works(b.Queue, river.Worker{Shard: func(_ context.Context, _ river.Tx, epoch string, _ int) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, epoch)
		return nil
	}})
	if err := b.wait("night", 10); err != nil {
		t.Fatal(err)
	}
	end()
	// Two are worked on at a time, so that neighbours may change places.
	first, last := slices.Index(order, "night"), len(order)-1-slices.Index(reversed(order), "ci")
	if first < 18 || last > 11 {
		t.Errorf("the order is %v", order)
	}
}

func reversed(list []string) []string {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}

func TestAShardOfAWorkerThatHasEndedIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	begun := make(chan struct{})
	var connection atomic.Int64
	lost := poolOf(t, b.pool.Config().ConnString())
	q, err := river.Open(t.Context(), lost, river.Options{Version: "v1"})
	if err != nil {
		t.Fatal(err)
	}
	b.enqueue("one", 1, river.CI)
	stuck := make(chan struct{})
	end := b.works(q, river.Worker{Concurrency: 1, Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		if err := leaves("lost")(ctx, tx, epoch, shard); err != nil {
			return err
		}
		var pid int64
		if err := tx.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid); err != nil {
			return err
		}
		connection.Store(pid)
		close(begun)
		<-stuck // and is not heard of any more
		return nil
	}})
	<-begun
	b.works(b.Queue, river.Worker{Shard: leaves("other")})
	b.exec("SELECT pg_terminate_backend($1)", connection.Load())
	if err := b.wait("one", 1); err != nil {
		t.Error(err)
	}
	close(stuck)
	end()
	var who string
	if err := b.pool.QueryRow(t.Context(), "SELECT worker FROM left_by").Scan(&who); err != nil || who != "other" {
		t.Errorf("it was left by %q: %v", who, err)
	}
}

func TestAWorkerThatEndsGivesItsShardBack(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.enqueue("one", 1, river.CI)
	begun := make(chan struct{})
	end := b.works(b.Queue, river.Worker{Concurrency: 1, Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		if err := leaves("slow")(ctx, tx, epoch, shard); err != nil {
			return err
		}
		close(begun)
		<-ctx.Done()
		return ctx.Err()
	}})
	<-begun
	end()
	b.works(b.queue("v1"), river.Worker{Shard: leaves("other")})
	if err := b.wait("one", 1); err != nil {
		t.Error(err)
	}
	if n, workers := b.left("one"); n != 1 || workers != 1 {
		t.Errorf("%d rows of %d workers", n, workers)
	}
}

func TestAWorkerThatEndsFinishesItsShardInTime(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.enqueue("one", 1, river.CI)
	begun, goOn := make(chan struct{}), make(chan struct{})
	end := b.works(b.Queue, river.Worker{Concurrency: 1, Grace: patience, Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
		close(begun)
		<-goOn
		return leaves("it")(ctx, tx, epoch, shard)
	}})
	<-begun
	ended := make(chan struct{})
	go func() { end(); close(ended) }()
	close(goOn)
	<-ended
	if n, _ := b.left("one"); n != 1 {
		t.Error("the shard was not finished")
	}
}

func TestASweepThatIsDueIsBegunOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	now := time.Now().UTC()
	daily := river.Daily{now.Add(-time.Minute).Sub(now.Add(-time.Minute).Truncate(24 * time.Hour))}
	var sweeps atomic.Int32
	for range 3 {
		q := b.queue("v1")
		b.works(q, river.Worker{Shard: leaves("it"), Schedule: daily, Sweep: func(ctx context.Context, due time.Time) error {
			sweeps.Add(1)
			if since := now.Sub(due); since < time.Minute || since > 2*time.Minute {
				t.Errorf("due %v before now", since)
			}
			if err := q.Enqueue(ctx, "swept", 5, river.Nightly); err != nil {
				return err
			}
			return q.Wait(ctx, "swept", 5, func(river.Progress) {})
		}})
	}
	b.until("the sweep is done", func() bool {
		var n int
		err := b.pool.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE kind = 'headgate_sweep' AND state = 'completed'").Scan(&n)
		return err == nil && n == 1
	})
	if n, _ := b.left("swept"); n != 5 || sweeps.Load() != 1 {
		t.Errorf("%d shards, %d sweeps", n, sweeps.Load())
	}
}

func TestADailyScheduleKnowsItsLastTime(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		v, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	d := river.Daily{2 * time.Hour, 14*time.Hour + 30*time.Minute}
	for until, want := range map[string]string{
		"2026-03-01T01:59:59Z":      "2026-02-28T14:30:00Z",
		"2026-03-01T02:00:00Z":      "2026-03-01T02:00:00Z",
		"2026-03-01T14:29:59Z":      "2026-03-01T02:00:00Z",
		"2026-03-01T23:59:59Z":      "2026-03-01T14:30:00Z",
		"2026-03-01T01:00:00+05:00": "2026-02-28T14:30:00Z",
	} {
		if last := d.Last(at(until)); !last.Equal(at(want)) {
			t.Errorf("until %s: %v, not %s", until, last, want)
		}
	}
}

func TestASweepOutlivesARestartOfTheDatabase(t *testing.T) { // not in parallel: the others' database would go with it
	server := pgtest.Start(t)
	b := newBench(t)
	const shards = 40
	half := make(chan struct{})
	var done atomic.Int32
	for n := range 2 {
		do := leaves(fmt.Sprint(n))
		b.works(b.queue("v1"), river.Worker{Shard: func(ctx context.Context, tx river.Tx, epoch string, shard int) error {
			if done.Add(1) == shards/2 {
				close(half)
				<-ctx.Done() // the crash comes in the middle of this one
			}
			return do(ctx, tx, epoch, shard)
		}})
	}
	b.enqueue("one", shards, river.Nightly)
	waited := make(chan error)
	go func() { waited <- b.wait("one", shards) }()
	<-half
	server.Crash()
	server.Restart(t)
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if n, _ := b.left("one"); n != shards {
		t.Errorf("%d of %d shards left something", n, shards)
	}
}
