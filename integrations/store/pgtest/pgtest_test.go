//go:build unix

package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

func TestAServerKeepsItsDataOverACrash(t *testing.T) {
	s, ctx := Start(t), t.Context()
	address := s.Database(t)
	exec := func(query string) error {
		c, err := pgx.Connect(ctx, address)
		if err != nil {
			return err
		}
		defer c.Close(context.Background())
		_, err = c.Exec(ctx, query)
		return err
	}
	if err := exec("CREATE TABLE kept (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	s.Crash()
	if err := exec("SELECT n FROM kept"); err == nil {
		t.Error("a server that has crashed answers")
	}
	s.Restart(t)
	if err := exec("SELECT n FROM kept"); err != nil {
		t.Error(err)
	}
}
