package store

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
)

// A database is what SQLite and PostgreSQL do each in their own way. All statements are written once, for both: PostgreSQL's numbered
// parameters ($1), and only what version 15 of it and SQLite share.
type database interface {
	// update runs do as one transaction, while no other writer of the same ledger is in one: its outcome is there whole, or not at all.
	// It waits for others as long as its bounds allow, then gives ErrBusy. If do gives an error, nothing of it stays.
	update(ctx context.Context, do func(transaction) error) error

	// view runs do on one unchanging state of the ledger.
	view(ctx context.Context, do func(transaction) error) error

	// tables counts the tables that are there.
	tables(ctx context.Context, t transaction) (int, error)

	// begin makes what tables lie in.
	begin(ctx context.Context, t transaction) error

	// settle sets up what only a database that is known to be a ledger may have.
	settle(ctx context.Context) error

	// forget makes sure that of what was deleted nothing is left where it lay.
	forget(ctx context.Context) error

	// inOwnWords puts a text of the schema into the database's own words for types.
	inOwnWords(schema string) string

	// lockSweep keeps others from taking the same lock for as long as the process lasts, or until release is called. It waits for nobody.
	lockSweep(ctx context.Context) (release func(), err error)

	// inOwnViews puts the text of the views into the database's own words.
	inOwnViews(text string) string

	close() error
}

// A transaction runs statements.
type transaction interface {
	exec(ctx context.Context, query string, args ...any) error

	// each calls do with every row that the query gives; scan takes the row's values.
	each(ctx context.Context, query string, args []any, do func(scan func(into ...any) error) error) error

	// insert puts rows into a table, as fast as the database can.
	insert(ctx context.Context, table string, columns []string, rows iter.Seq2[[]any, error], how insertion) error
}

// An insertion says what becomes of rows whose key is there already.
type insertion struct {
	skip    bool     // they are passed over
	replace []string // the columns of the key: they take the place of what is there
}

// The ways to insert.
var (
	plainly  = insertion{} // a key that is there already is an error
	skipping = insertion{skip: true}
)

func replacing(key []string) insertion { return insertion{replace: key} }

// clause is the end of a statement that inserts so.
func (how insertion) clause(columns []string) string {
	switch {
	case how.skip:
		return " ON CONFLICT DO NOTHING"
	case how.replace != nil:
		var set []string
		for _, c := range columns {
			if !slices.Contains(how.replace, c) {
				set = append(set, c+" = excluded."+c)
			}
		}
		return " ON CONFLICT (" + strings.Join(how.replace, ", ") + ") DO UPDATE SET " + strings.Join(set, ", ")
	}
	return ""
}

// ErrUnreachable means that a database does not answer.
var ErrUnreachable = errors.New("the database does not answer")

// ErrBusy means that another writer was at work for as long as this one may wait.
var ErrBusy = errors.New("another process is writing to the ledger, and did not finish in time")

// one takes the values of the only row of a query; found is false if there is none.
func one(ctx context.Context, t transaction, query string, args []any, into ...any) (found bool, err error) {
	err = t.each(ctx, query, args, func(scan func(...any) error) error {
		found = true
		return scan(into...)
	})
	return found, err
}
