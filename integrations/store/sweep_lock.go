package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"time"
)

// ErrSweeping means that another sweep is at work on the ledger.
var ErrSweeping = errors.New("another sweep is at work on it")

// sweepLock is the advisory lock of PostgreSQL that a sweep holds: the letters of "headgate", and one on.
const sweepLock = postgresLock + 1

// LockSweep makes sure that no other sweep is at work on the ledger until release is called, or the process ends in whatever way. With wait
// it waits for another one; else the error is ErrSweeping. Runs are appended meanwhile as ever.
func (l *Ledger) LockSweep(ctx context.Context, wait bool) (release func(), err error) {
	for {
		release, err = l.db.lockSweep(ctx)
		if !wait || !errors.Is(err, ErrSweeping) {
			return release, err
		}
		pause := time.NewTimer(sweepPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil, context.Cause(ctx)
		case <-pause.C:
		}
	}
}

// sweepPause is how long it takes to notice that another sweep has ended.
const sweepPause = time.Second

// lockSweep takes the lock of a file beside the ledger: one of SQLite itself, which a process that ends lets go of on every system. The
// ledger's own would keep runs from being appended.
func (s *sqliteFile) lockSweep(ctx context.Context) (func(), error) {
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(s.path + ".sweep"), RawQuery: url.Values{"_pragma": {"busy_timeout(0)"}}.Encode()}
	beside, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, err
	}
	c, err := beside.Conn(ctx)
	if err == nil {
		_, err = c.ExecContext(ctx, "BEGIN EXCLUSIVE")
	}
	if err = inWords(err); err != nil {
		if c != nil {
			c.Close()
		}
		beside.Close()
		if errors.Is(err, ErrBusy) {
			err = ErrSweeping
		}
		return nil, err
	}
	return func() {
		c.Close() // with it the transaction, which changed nothing
		beside.Close()
	}, nil
}

// lockSweep takes an advisory lock of the server for as long as a connection lasts.
func (p *postgresServer) lockSweep(ctx context.Context) (func(), error) {
	c, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	var got bool
	if err := c.QueryRow(ctx, "SELECT pg_try_advisory_lock($1)", int64(sweepLock)).Scan(&got); err != nil || !got {
		c.Release()
		if err == nil {
			err = ErrSweeping
		}
		return nil, err
	}
	return func() {
		own := c.Hijack() // the lock is the connection's, and goes with it whatever happens; giving it back is at once
		_, _ = own.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(sweepLock))
		_ = own.Close(context.WithoutCancel(ctx))
	}, nil
}
