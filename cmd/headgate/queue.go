package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/headgate/headgate/integrations/river"
	"github.com/headgate/headgate/integrations/store"
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
