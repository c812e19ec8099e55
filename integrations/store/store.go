// Package store keeps ledgers: the log of runs with everything that they left, what is open now, and the objects outside. A ledger is a
// SQLite file, a PostgreSQL database or, for the log alone, a git ref.
package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strings"

	"github.com/headgate/headgate/engine/evidence"
)

// The forms of a ledger.
const (
	formSQLite   = "sqlite:"
	formPostgres = "postgres://"
	formOtherPG  = "postgresql://" // the same, as PostgreSQL's own programs say it too
	formGit      = "git:"
)

// A Ledger is one in a database. It implements evidence.Ledger.
type Ledger struct {
	db database
	logView
}

// IsGit says whether an address names a log on a git ref, which OpenGit opens.
func IsGit(where string) bool { return strings.HasPrefix(where, formGit) }

// Shown is an address as people may see it: without the password that it may have.
func Shown(where string) string {
	if !strings.Contains(where, "://") {
		return where
	}
	u, err := url.Parse(where)
	if err != nil {
		return "(an address that cannot be read)"
	}
	u.RawQuery = "" // which may have one too
	return u.Redacted()
}

// open opens the database that an address names. A server is asked for no more than some connections at a time.
func open(ctx context.Context, where string, connections int) (database, error) {
	switch {
	case strings.HasPrefix(where, formPostgres), strings.HasPrefix(where, formOtherPG):
		return openPostgres(ctx, where, connections)
	case IsGit(where):
		return nil, fmt.Errorf("%s is a log on a git ref, which is no database", where)
	case strings.Contains(where, "://"):
		return nil, errors.New("no ledger has such an address: it is the name of a file, or begins with " + formPostgres)
	}
	return openSQLite(ctx, strings.TrimPrefix(where, formSQLite))
}

// Open opens a ledger: a file name (sqlite:FILE is the same), or postgres://… for a database. An empty one gets its tables. Tables of an
// earlier version are ErrOld, as whoever shares a ledger decides when they change: see Migrate. Those of a later one are an error.
func Open(ctx context.Context, where string) (*Ledger, error) {
	l, _, _, err := opened(ctx, where, toAppend, fewConnections)
	return l, err
}

// OpenExisting opens a ledger as Open does, but does not make one: where there is none, the error wraps fs.ErrNotExist.
func OpenExisting(ctx context.Context, where string) (*Ledger, error) {
	return OpenToWork(ctx, where, fewConnections)
}

// OpenToWork opens a ledger that is there, for so many who read it at the same time: see OpenExisting.
func OpenToWork(ctx context.Context, where string, connections int) (*Ledger, error) {
	if file := strings.TrimPrefix(where, formSQLite); !strings.Contains(where, "://") {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("there is no ledger %s: %w", file, fs.ErrNotExist)
		}
	}
	l, _, _, err := opened(ctx, where, toRead, max(connections, fewConnections))
	return l, err
}

// Migrate brings the tables of a ledger up to the version of this program, and gives both versions; 0: there were none.
func Migrate(ctx context.Context, where string) (from, to int, err error) {
	l, from, to, err := opened(ctx, where, toMigrate, fewConnections)
	if err != nil {
		return from, to, err
	}
	return from, to, l.Close()
}

func opened(ctx context.Context, where string, how readiness, connections int) (l *Ledger, from, to int, err error) {
	d, err := open(ctx, where, connections)
	if err != nil {
		return nil, 0, 0, err
	}
	all, err := migrationsOf(schemaFiles)
	if err == nil {
		from, to, err = migrate(ctx, d, all, how)
	}
	if err == nil {
		err = d.settle(ctx)
	}
	if err != nil {
		d.close()
		return nil, from, to, err
	}
	return &Ledger{db: d, logView: logView{view: d.view}}, from, to, nil
}

// Close lets go of the ledger.
func (l *Ledger) Close() error { return l.db.close() }

var _ evidence.Ledger = (*Ledger)(nil)
