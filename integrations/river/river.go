// Package river has the shards of a sweep worked on by several processes: as jobs of River in the PostgreSQL that keeps the ledger. What a
// shard is, and what working on it leaves, is its caller's: an epoch is a name and a number of shards.
//
// A shard is worked on in one transaction with its completion, under a lock that the server lets go of when the process that holds it ends.
// So what a shard leaves is there once or not at all, and one whose worker was killed is taken up again within seconds.
package river

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// Times of River, unless Options say others.
const (
	DefaultJobTimeout  = 5 * time.Minute // that one shard may take
	DefaultRescueAfter = 6 * time.Minute // after which a shard of a worker that is not heard of is taken up again, whatever its lock says
	DefaultCooldown    = 50 * time.Millisecond

	// mostAttempts bounds how often a shard is tried. It outlasts a restart of the database, at which all that is being worked on fails.
	mostAttempts = 8

	// keepJobs is how long a job that has ended stays: beyond the time between two sweeps of a schedule, so that each is started once.
	keepJobs = 72 * time.Hour

	// migrateLock is the advisory lock of whoever makes the tables: the letters of "hgriverm".
	migrateLock = 0x6867726976657265
)

// ErrNotMigrated means that the database has no tables for jobs, or those of an earlier version: Migrate makes them.
var ErrNotMigrated = errors.New("the database has no tables for the jobs of workers, or older ones")

// Options of a queue.
type Options struct {
	// Version names all that decides and does not lie in the database: the program and its engines. A worker takes shards of its own version
	// alone; others wait for a worker of theirs.
	Version string

	JobTimeout  time.Duration // 0: DefaultJobTimeout
	RescueAfter time.Duration // 0: DefaultRescueAfter; above JobTimeout
	Cooldown    time.Duration // between two looks for shards; 0: DefaultCooldown
	Logger      *slog.Logger  // takes what River has to say; nil: nobody does
}

// A Queue has the jobs of one ledger.
type Queue struct {
	pool    *pgxpool.Pool
	schema  string // of the tables
	options Options
	client  *river.Client[pgx.Tx] // that inserts and lists
}

// Migrate makes the tables for jobs beside those of the ledger, in the schema that the pool's connections look in first, or brings them up to
// the version of this program. It gives both versions; from is 0 where there were none.
func Migrate(ctx context.Context, pool *pgxpool.Pool) (from, to int, err error) {
	m, err := migratorOf(ctx, pool)
	if err != nil {
		return 0, 0, err
	}
	lock, err := pool.Acquire(ctx)
	if err != nil {
		return 0, 0, err
	}
	defer lock.Release()
	if _, err := lock.Exec(ctx, "SELECT pg_advisory_lock($1)", int64(migrateLock)); err != nil {
		return 0, 0, err
	}
	defer func() {
		if _, e := lock.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(migrateLock)); err == nil {
			err = e
		}
	}()
	if from, to, err = m.versions(ctx); err != nil || from >= to {
		return from, to, err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return from, to, err
}

type migrator struct {
	*rivermigrate.Migrator[pgx.Tx]
}

func migratorOf(ctx context.Context, pool *pgxpool.Pool) (migrator, error) {
	schema, err := schemaOf(ctx, pool)
	if err != nil {
		return migrator{}, err
	}
	m, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(slog.DiscardHandler)})
	return migrator{m}, err
}

// versions are the one that the database has, and the last one.
func (m migrator) versions(ctx context.Context) (is, last int, err error) {
	for _, v := range m.AllVersions() {
		last = max(last, v.Version)
	}
	there, err := m.ExistingVersions(ctx)
	for _, v := range there {
		is = max(is, v.Version)
	}
	return is, last, err
}

// schemaOf is the schema that the connections of a pool look in first.
func schemaOf(ctx context.Context, pool *pgxpool.Pool) (string, error) {
	var schema *string
	if err := pool.QueryRow(ctx, "SELECT current_schema()").Scan(&schema); err != nil {
		return "", err
	}
	if schema == nil {
		return "", ErrNotMigrated
	}
	return *schema, nil
}

// Open opens the queue of a database. Without its tables, or with those of an earlier version, the error wraps ErrNotMigrated.
func Open(ctx context.Context, pool *pgxpool.Pool, o Options) (*Queue, error) {
	m, err := migratorOf(ctx, pool)
	if err != nil {
		return nil, err
	}
	switch is, last, err := m.versions(ctx); {
	case err != nil:
		return nil, fmt.Errorf("the version of the tables for jobs: %w", err)
	case is < last:
		return nil, ErrNotMigrated
	}
	o.JobTimeout, o.RescueAfter = cmp.Or(o.JobTimeout, DefaultJobTimeout), cmp.Or(o.RescueAfter, DefaultRescueAfter)
	o.Cooldown = cmp.Or(o.Cooldown, DefaultCooldown)
	if o.RescueAfter <= o.JobTimeout {
		return nil, fmt.Errorf("a shard may take %v, and is taken up again after %v, which is not later", o.JobTimeout, o.RescueAfter)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	q := &Queue{pool: pool, options: o}
	if q.schema, err = schemaOf(ctx, pool); err != nil {
		return nil, err
	}
	q.client, err = river.NewClient(riverpgxv5.New(pool), &river.Config{Schema: q.schema, Logger: o.Logger})
	return q, err
}

// name is the name of River's queue of the shards of a version: a worker that looks into no other one cannot take what it would decide
// differently, and does not stand in the way of those who can.
func (o *Options) name() string {
	sum := sha256.Sum256([]byte(o.Version))
	return fmt.Sprintf("shards-%x", sum[:6])
}

// table is the name of River's table of jobs.
func (q *Queue) table() string { return pgx.Identifier{q.schema, "river_job"}.Sanitize() }
