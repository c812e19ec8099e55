package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// postgresSchema is the schema of the ledger's tables, unless the address names another (search_path).
	postgresSchema = "headgate"

	// postgresLock is the advisory lock that whoever writes to a ledger holds: the letters of "headgate".
	postgresLock = 0x6865616467617465

	postgresWait = 60 * time.Second // how long a writer waits for another one
	connectWait  = 15 * time.Second // how long an address has to answer

	fewConnections = 4 // of one ledger: runs of many pipelines share a server that takes about a hundred
)

// A postgresServer is a ledger that several machines share.
type postgresServer struct{ pool *pgxpool.Pool }

// openPostgres connects.
func openPostgres(ctx context.Context, address string, most int) (*postgresServer, error) {
	pool, err := connect(ctx, address, most)
	if err != nil {
		return nil, err
	}
	return &postgresServer{pool: pool}, nil
}

// connect opens a pool of connections that see the tables of a ledger. The address is one of PostgreSQL's (postgres://…); what it leaves out
// comes from where all its programs look (PGPASSWORD, PGSSLMODE, the password file).
func connect(ctx context.Context, address string, most int) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, errors.New("the address of the ledger is none of PostgreSQL") // the error repeats the address, with its password
	}
	c.MaxConns = int32(most)
	// A connection that the server has closed meanwhile, as it was started again, is not used.
	c.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }
	if c.ConnConfig.ConnectTimeout == 0 {
		c.ConnConfig.ConnectTimeout = connectWait
	}
	own := c.ConnConfig.RuntimeParams
	if own["search_path"] == "" {
		own["search_path"] = postgresSchema
	}
	if own["application_name"] == "" {
		own["application_name"] = "headgate"
	}
	own["lock_timeout"] = fmt.Sprint(postgresWait.Milliseconds())
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("%w: %s", ErrUnreachable, strings.Join(strings.Fields(err.Error()), " ")) // one line for each address that it tried
	}
	return pool, nil
}

func (p *postgresServer) close() error {
	p.pool.Close()
	return nil
}

// postgresWords also have text ordered by its bytes, as SQLite does: so both list what is open in the same order.
var postgresWords = strings.NewReplacer(" BLOB", " BYTEA", " INTEGER", " BIGINT", " STRICT", "", " TEXT", ` TEXT COLLATE "C"`)

func (p *postgresServer) inOwnWords(schema string) string { return postgresWords.Replace(schema) }

func (p *postgresServer) update(ctx context.Context, do func(transaction) error) error {
	return p.within(ctx, pgx.TxOptions{}, func(t transaction) error {
		if err := t.exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(postgresLock)); err != nil {
			return err
		}
		return do(t)
	})
}

func (p *postgresServer) view(ctx context.Context, do func(transaction) error) error {
	return p.within(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, do)
}

func (p *postgresServer) within(ctx context.Context, o pgx.TxOptions, do func(transaction) error) error {
	err := pgx.BeginTxFunc(ctx, p.pool, o, func(tx pgx.Tx) error { return do(&postgresTransaction{tx: tx}) })
	if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
		switch e.Code {
		case "55P03": // lock_not_available
			return ErrBusy
		case "53100": // disk_full
			return fmt.Errorf("no room is left for the ledger: %w", err)
		}
	}
	return err
}

func (p *postgresServer) tables(ctx context.Context, t transaction) (n int, err error) {
	_, err = one(ctx, t, "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema()", nil, &n)
	return n, err
}

// forget has the server reuse the room of what was deleted. Copies of it in the server's own log and backups are beyond this program.
func (p *postgresServer) forget(ctx context.Context) error {
	_, err := p.pool.Exec(ctx, "VACUUM blob")
	return err
}

func (p *postgresServer) settle(context.Context) error { return nil }

// begin makes the schema of the ledger, where it is not there and the address names no other.
func (p *postgresServer) begin(ctx context.Context, t transaction) error {
	var current *string
	if _, err := one(ctx, t, "SELECT current_schema()", nil, &current); err != nil || current != nil {
		return err
	}
	return t.exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+postgresSchema)
}

type postgresTransaction struct{ tx pgx.Tx }

func (t *postgresTransaction) exec(ctx context.Context, query string, args ...any) error {
	_, err := t.tx.Exec(ctx, query, args...)
	return err
}

func (t *postgresTransaction) each(ctx context.Context, query string, args []any, do func(func(...any) error) error) error {
	rows, err := t.tx.Query(ctx, query, args...)
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

func (t *postgresTransaction) insert(ctx context.Context, table string, columns []string, rows iter.Seq2[[]any, error], how insertion) error {
	if !how.skip && how.replace == nil {
		return t.copy(ctx, table, columns, rows)
	}
	// COPY knows no keys that are there: they go by way of a table that lasts as long as the transaction.
	coming := "coming_" + table
	if err := t.exec(ctx, "CREATE TEMPORARY TABLE "+coming+" (LIKE "+table+") ON COMMIT DROP"); err != nil {
		return err
	}
	if err := t.copy(ctx, coming, columns, rows); err != nil {
		return err
	}
	names := strings.Join(columns, ", ")
	if err := t.exec(ctx, "INSERT INTO "+table+" ("+names+") SELECT "+names+" FROM "+coming+how.clause(columns)); err != nil {
		return err
	}
	return t.exec(ctx, "DROP TABLE "+coming)
}

func (t *postgresTransaction) copy(ctx context.Context, table string, columns []string, rows iter.Seq2[[]any, error]) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	_, err := t.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		row, err, ok := next()
		if !ok {
			return nil, nil
		}
		return row, err
	}))
	return err
}
