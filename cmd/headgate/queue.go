package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/river"
	"github.com/headgate/headgate/integrations/store"
)

// Connections that the jobs of a ledger take besides those of shards: what looks for jobs, hears of new ones and says how they ended.
const (
	connectionsToWork = 5
	connectionsToWait = 2
)

// migrateQueue brings the tables for the jobs of workers up to this version, where the ledger is one that several machines share.
func (a *app) migrateQueue(ctx context.Context, where string) error {
	pool, err := store.Connect(ctx, where, 2) // one connection has the lock while the other works
	if errors.Is(err, store.ErrOneMachine) {
		return nil
	}
	if err != nil {
		return ledgerFailure(where, err)
	}
	defer pool.Close()
	from, to, err := river.Migrate(ctx, pool)
	if err != nil {
		return undecided(fmt.Errorf("the tables for jobs in the ledger %s: %w", store.Shown(where), plain(err)), "")
	}
	fmt.Fprintf(a.stdout, "its tables for the jobs of workers are %s\n", migrated(from, to))
	return nil
}

// openQueue opens the jobs of a ledger.
func (a *app) openQueue(ctx context.Context, where string, connections int, o river.Options) (q *river.Queue, done func(), err error) {
	shown := store.Shown(where)
	pool, err := store.Connect(ctx, where, connections)
	if errors.Is(err, store.ErrOneMachine) {
		return nil, nil, setup(fmt.Errorf("the ledger %s is of one machine, and workers need one in PostgreSQL that they share", shown),
			"--ledger postgres://… names one; on one machine, reassess without --engine river uses all cores")
	}
	if err != nil {
		return nil, nil, ledgerFailure(where, err)
	}
	o.Version, o.Logger = engineVersion(), slog.New(&riverLog{app: a})
	q, err = river.Open(ctx, pool, o)
	if err == nil {
		return q, pool.Close, nil
	}
	pool.Close()
	if errors.Is(err, river.ErrNotMigrated) {
		return nil, nil, setup(fmt.Errorf("the ledger %s: %w", shown, err), "headgate db migrate --ledger "+shown+" makes them")
	}
	return nil, nil, undecided(fmt.Errorf("the ledger %s: %w", shown, plain(err)), "")
}

// engineVersion names what decides, as far as it does not lie in the ledger.
func engineVersion() string {
	return fmt.Sprintf("headgate %s with OPA %s", buildVersion(), engine.OPAVersion())
}

// riverLog says what River has to say: that something failed. What failed before, and was said, is passed over for a while.
type riverLog struct {
	app  *app
	said sync.Map // when, by text
}

// sayAgain is after how long the same is said again.
const sayAgain = 30 * time.Second

// Enabled says of what one is told.
func (l *riverLog) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle says one line.
func (l *riverLog) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "error" || a.Key == "err" {
			text += ": " + a.Value.String()
		}
		return true
	})
	text = strings.Join(strings.Fields(text), " ")
	if last, known := l.said.Load(text); known && r.Time.Sub(last.(time.Time)) < sayAgain {
		return nil
	}
	l.said.Store(text, r.Time)
	l.app.say("warning", text)
	return nil
}

// WithAttrs passes over what is the same in all lines.
func (l *riverLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup passes over groups.
func (l *riverLog) WithGroup(string) slog.Handler { return l }
