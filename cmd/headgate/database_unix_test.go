//go:build unix

package main

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

// runTests also takes away what tests share.
func runTests(m *testing.M) int {
	status := pgtest.Main(m)
	if y := estate.yard; y != nil {
		os.RemoveAll(y.folder)
	}
	return status
}

// pageLedger is the address of an empty database.
func pageLedger(t *testing.T) string {
	t.Helper()
	return pgtest.Start(t).Database(t)
}

// runSQL runs what the page on dashboards shows, which makes a user that reads every view and nothing else.
func runSQL(t *testing.T, ledger, text string) {
	t.Helper()
	ctx := context.Background()
	c, err := pgx.Connect(ctx, ledger)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := c.Exec(ctx, "RESET ROLE; DROP OWNED BY grafana; DROP ROLE grafana"); err != nil {
			t.Error(err)
		}
		c.Close(ctx)
	})
	if _, err := c.Exec(ctx, text); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	rows, err := c.Query(ctx, "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'headgate' ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 12 {
		t.Fatalf("%d tables and views, %v", len(tables), err)
	}
	if _, err := c.Exec(ctx, "SET ROLE grafana"); err != nil {
		t.Fatal(err)
	}
	for _, name := range tables {
		isView := len(name) > 4 && name[:4] == "kpi_"
		if _, err := c.Exec(ctx, "SELECT count(*) FROM headgate."+name); (err == nil) != isView {
			t.Errorf("the dashboard's user reads %s: %v", name, err)
		}
	}
}
