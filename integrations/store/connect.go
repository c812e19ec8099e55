package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrOneMachine means that a ledger is one machine's: workers on several need one in PostgreSQL.
var ErrOneMachine = errors.New("it is a ledger of one machine")

// Connect opens connections to the database of a ledger, no more than most, for who works beside the ledger in the same transactions. A
// ledger that is in no PostgreSQL is ErrOneMachine.
func Connect(ctx context.Context, where string, most int) (*pgxpool.Pool, error) {
	if !strings.HasPrefix(where, formPostgres) && !strings.HasPrefix(where, formOtherPG) {
		return nil, ErrOneMachine
	}
	return connect(ctx, where, most)
}
