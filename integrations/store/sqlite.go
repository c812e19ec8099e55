package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteWait is how long a writer waits for another one. An append of a hundred thousand records takes a few seconds.
const sqliteWait = 60 * time.Second

// A sqliteFile is a ledger in one file (and, while it is open, a write-ahead log beside it).
type sqliteFile struct {
	db   *sql.DB
	path string
}

// openSQLite opens the file; where there is none, it is made.
func openSQLite(ctx context.Context, file string) (*sqliteFile, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if err := canBeDatabase(path); err != nil {
		return nil, err
	}
	// What is committed must be on the disk: the log is written through at each commit (FULL), not only when it is folded in. What undoes one
	// statement alone is kept in memory: the transaction knows how to undo all of them.
	q := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", sqliteWait.Milliseconds()), "synchronous(FULL)", "foreign_keys(ON)", "trusted_schema(OFF)", "secure_delete(ON)", "temp_store(MEMORY)",
	}}
	// A URI, as a name may have a question mark.
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(4)
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, inWords(err)
	}
	return &sqliteFile{db: db, path: path}, nil
}

// canBeDatabase says what keeps a path from being that of a database: SQLite says of all of it that there is an error, and waits for a pipe.
func canBeDatabase(path string) error {
	is, err := os.Stat(path)
	if err == nil && !is.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	if folder, err := os.Stat(filepath.Dir(path)); err == nil && !folder.IsDir() || errors.Is(err, fs.ErrNotExist) {
		return errors.New("the folder that it is to lie in is not there")
	}
	return nil // whatever else is wrong, SQLite finds out
}

func (s *sqliteFile) close() error { return s.db.Close() }

func (s *sqliteFile) begin(context.Context, transaction) error { return nil }

// settle has readers not wait for writers. The file remembers it. If it cannot be just now, since another process is at work in a file that is
// new, that one or the next one does it.
func (s *sqliteFile) settle(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, "PRAGMA journal_mode = WAL")
	if err = inWords(err); errors.Is(err, ErrBusy) {
		return nil
	}
	return err
}

// forget folds the write-ahead log in and empties it: what is deleted is overwritten in the file, and would still be in the log.
func (s *sqliteFile) forget(ctx context.Context) error {
	var busy, log, folded int
	err := s.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &log, &folded)
	if err == nil && busy != 0 {
		err = ErrBusy
	}
	return inWords(err)
}

func (s *sqliteFile) inOwnWords(schema string) string { return schema }

// writeCache is how much of the file a writer keeps in memory, in KiB: the indexes, into which a run of a hundred thousand records goes at random.
// With SQLite's own 2 MiB each page of them is written to the log and read again many times before the run is in.
const writeCache = 64 << 10

func (s *sqliteFile) update(ctx context.Context, do func(transaction) error) error {
	return s.within(ctx, fmt.Sprintf("PRAGMA cache_size = -%d; BEGIN IMMEDIATE", writeCache), do)
}

func (s *sqliteFile) view(ctx context.Context, do func(transaction) error) error {
	return s.within(ctx, "BEGIN", do)
}

// within runs do in a transaction that begins as said: database/sql knows no immediate ones.
func (s *sqliteFile) within(ctx context.Context, begin string, do func(transaction) error) (err error) {
	c, err := s.db.Conn(ctx)
	if err != nil {
		return inWords(err)
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, begin); err != nil {
		return inWords(err)
	}
	t := &sqliteTransaction{c: c}
	defer func() {
		err = inWords(errors.Join(err, t.forget()))
		if err != nil {
			// Not the caller's context: it may be why there is something to undo. The error of an undo is not of use: SQLite undoes by
			// itself what a full disk interrupts, and whatever else is open when the file is opened again.
			_, _ = c.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if err := do(t); err != nil {
		return err
	}
	_, err = c.ExecContext(ctx, "COMMIT")
	return err
}

// tables refuses what a ledger does not have and reading it would run: whoever hands somebody a file writes into a view or trigger what they like.
// The views that dashboards read are let be, by their names: nothing here reads them.
func (s *sqliteFile) tables(ctx context.Context, t transaction) (n int, err error) {
	var kind, name string
	query := "SELECT type, name FROM sqlite_schema WHERE (type NOT IN ('table', 'index') OR sql LIKE 'CREATE VIRTUAL%') " +
		"AND NOT (type = 'view' AND name IN ('" + strings.Join(viewNames, "', '") + "')) LIMIT 1"
	if found, err := one(ctx, t, query, nil, &kind, &name); err != nil {
		return 0, err
	} else if found {
		return 0, fmt.Errorf("it has a %s %.80q, which no ledger has", kind, name)
	}
	_, err = one(ctx, t, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", nil, &n)
	return n, err
}

// ErrNoRoom means that the disk of a ledger is full. The ledger is as it was.
var ErrNoRoom = errors.New("no room is left for the ledger")

// ErrDisk means that a disk failed under a ledger.
var ErrDisk = errors.New("the disk did not take, or did not give, what is in the file")

// inWords says what SQLite's errors mean for the ledger.
func inWords(err error) error {
	e := (*sqlite.Error)(nil)
	if !errors.As(err, &e) {
		return err
	}
	if e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE { // not even for the file that its users share
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	}
	switch e.Code() & 0xff { // without what the code is extended by
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return ErrBusy
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the file is no SQLite database: %w", err)
	case sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the file is damaged: %w", err)
	case sqlite3.SQLITE_READONLY:
		return fmt.Errorf("the file, or its folder, cannot be written to: %w", err)
	case sqlite3.SQLITE_IOERR:
		return fmt.Errorf("%w: %w", ErrDisk, err)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("the file cannot be opened: %w", err)
	}
	return err
}

type sqliteTransaction struct {
	c        *sql.Conn
	prepared map[string]*sql.Stmt
}

func (t *sqliteTransaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.c.ExecContext(ctx, query, args...)
	return err
}

func (t *sqliteTransaction) each(ctx context.Context, query string, args []any, do func(func(...any) error) error) error {
	s, err := t.prepare(ctx, query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (t *sqliteTransaction) insert(ctx context.Context, table string, columns []string, rows iter.Seq2[[]any, error], how insertion) error {
	in := rowInserter{table: table, columns: columns, how: how, known: map[string]bool{}}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if in.rows = append(in.rows, row); len(in.rows) == rowsAtOnce {
			if err := in.flush(ctx, t); err != nil {
				return err
			}
		}
	}
	return in.flush(ctx, t)
}

// prepare keeps each statement for as long as the transaction lasts: reading a log's hashes runs the same one thousands of times.
func (t *sqliteTransaction) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if s := t.prepared[query]; s != nil {
		return s, nil
	}
	s, err := t.c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if t.prepared == nil {
		t.prepared = map[string]*sql.Stmt{}
	}
	t.prepared[query] = s
	return s, nil
}

// forget lets go of the statements.
func (t *sqliteTransaction) forget() error {
	var all []error
	for _, s := range t.prepared {
		all = append(all, s.Close())
	}
	return errors.Join(all...)
}
