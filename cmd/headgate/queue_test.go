//go:build unix

package main

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

func TestMigratingALedgerThatIsSharedMakesTheTablesOfWorkersToo(t *testing.T) {
	where := pgtest.Start(t).Database(t)
	for _, want := range []string{"are new, of version", "are of version"} {
		status, stdout, stderr := start(t, "db", "migrate", "--ledger", where)
		if status != statusPass || !strings.Contains(stdout, "its tables for the jobs of workers "+want) {
			t.Errorf("status %d: %s%s", status, stdout, stderr)
		}
	}
}
