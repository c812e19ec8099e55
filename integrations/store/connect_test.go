//go:build unix

package store

import (
	"errors"
	"testing"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

func TestConnectionsForWorkersSeeTheTablesOfTheLedger(t *testing.T) {
	where := pgtest.Start(t).Database(t)
	opening(t, where)
	pool, err := Connect(t.Context(), where, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var n int
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM log_leaf").Scan(&n); err != nil {
		t.Error(err)
	}
}

func TestALedgerOfOneMachineHasNoConnectionsForWorkers(t *testing.T) {
	for _, where := range []string{"ledger.db", "sqlite:ledger.db", "git:refs/log"} {
		if _, err := Connect(t.Context(), where, 2); !errors.Is(err, ErrOneMachine) {
			t.Errorf("%s: %v", where, err)
		}
	}
}
