//go:build unix

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// garbage are values that no ledger has where they are put, by the type of the column.
var garbage = map[string][]any{
	"TEXT":    {"", "\x00x", "\x1b[31m\n::error::x", "9999-99-99T00:00:00Z"},
	"INTEGER": {int64(-1), int64(-1 << 63), int64(1<<63 - 1)},
	"BLOB":    {[]byte{}, make([]byte, 31), []byte("null"), []byte(`{"decision":null}`), []byte(strings.Repeat("[", 10_001))},
}

// Whoever can write into the file of a ledger can make it useless, but not take the program down: what is in it is read as what anybody says.
func TestNoGarbageInTheTablesOfALedgerTakesTheProgramDown(t *testing.T) {
	ctx, file := t.Context(), forms["sqlite"](t)
	l := opening(t, file)
	for i := range 2 {
		appending(t, l, sketch{at: morning.Add(time.Duration(i) * time.Hour), branch: "main", reports: []engine.Report{trivy},
			findings: []evidence.Decision{found("hg1-1", 0), found(fmt.Sprintf("hg1-2%d", i), 0)}}.run(t))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	next := sketch{at: morning.Add(3 * time.Hour), branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0)}}.run(t)
	tried := 0
	for n, at := range columnsOf(t, file) {
		values := garbage[at.kind]
		if os.Getenv("HEADGATE_LONG") == "" { // one for each column, where there is no time
			values = values[n%len(values):][:1]
		}
		for _, value := range values {
			tried++
			damaged := filepath.Join(t.TempDir(), "damaged.db")
			if err := os.WriteFile(damaged, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if !at.put(t, damaged, value) {
				continue
			}
			// What comes out is nobody's question here, but that something does.
			d, err := OpenExisting(ctx, damaged)
			if err != nil {
				continue
			}
			_, _ = d.Check(ctx)
			_, _ = d.History(ctx, "acme/shop", "main")
			_, _ = d.Stats(ctx)
			_, _ = d.State(ctx)
			for _, err := range d.Open(ctx, Selection{}) {
				if err != nil {
					break
				}
			}
			_, _, _ = d.Append(ctx, next, seal)
			_, _ = d.Rebuild(ctx)
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if tried < 70 {
		t.Errorf("no more than %d columns were damaged", tried)
	}
}

type column struct{ table, name, kind string }

// columnsOf are the columns of all tables.
func columnsOf(t *testing.T, file string) (all []column) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT m.name, c.name, c.type FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c column
		if err := rows.Scan(&c.table, &c.name, &c.kind); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// put puts a value into the last row of a table, and says whether that is possible: not every value is, of what is a key.
func (c column) put(t *testing.T, file string, value any) bool {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	done, err := db.Exec(fmt.Sprintf("UPDATE %s SET %s = $1 WHERE rowid = (SELECT max(rowid) FROM %s)", c.table, c.name, c.table), value)
	if err != nil {
		return false
	}
	n, err := done.RowsAffected()
	return err == nil && n == 1
}

func TestADamagedStateIsFoundByACheckAndMadeAnew(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	appending(t, l, sketch{at: morning, branch: "main", reports: []engine.Report{trivy}, findings: []evidence.Decision{found("hg1-1", 0)}}.run(t))
	for _, edit := range []string{"UPDATE finding_state SET next_change = 'soon'", "UPDATE finding_state SET leaf = X'00'", "UPDATE finding_state SET names = X'00'"} {
		tamper(t, file, edit)
		if _, err := l.History(t.Context(), "acme/shop", "main"); err == nil || !strings.Contains(err.Error(), `the state of "hg1-1"`) {
			t.Errorf("%s: what is known of the branch is read: %v", edit, err)
		}
		if x, err := l.Check(t.Context()); err != nil || !x.Stale {
			t.Errorf("%s: a check says %+v, %v", edit, x, err)
		}
		if _, err := l.Rebuild(t.Context()); err != nil {
			t.Errorf("%s: %v", edit, err)
		}
		if x, err := l.Check(t.Context()); err != nil || x.Err() != nil {
			t.Errorf("%s: after it was made anew, a check says %+v, %v", edit, x, err)
		}
	}
}

// Other programs number their migrations too.
func TestTheTablesOfAnotherProgramOrALaterVersionAreLeftAlone(t *testing.T) {
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
			for _, c := range []struct {
				noted string
				want  error
			}{
				{"", ErrForeign}, {"(1, 'users')", ErrForeign}, {"(-5, 'ledger')", ErrForeign}, {"(0, 'ledger')", ErrForeign}, {"(1, 'ledger'), (1, 'ledger')", ErrForeign},
				{"(1, '0001_ledger'), (99, 'much')", ErrNew}, {"(99, 'much')", ErrForeign},
			} {
				ctx, at := t.Context(), where(t)
				d, err := open(ctx, at, fewConnections)
				if err != nil {
					t.Fatal(err)
				}
				defer d.close()
				err = d.update(ctx, func(t transaction) error {
					if err := d.begin(ctx, t); err != nil {
						return err
					}
					err := t.exec(ctx, "CREATE TABLE migration (version INTEGER, name TEXT)")
					if err == nil && c.noted != "" {
						err = t.exec(ctx, "INSERT INTO migration (version, name) VALUES "+c.noted)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				for what, open := range map[string]func(context.Context, string) error{
					"open":    func(ctx context.Context, at string) error { _, err := Open(ctx, at); return err },
					"look":    func(ctx context.Context, at string) error { _, err := OpenExisting(ctx, at); return err },
					"migrate": func(ctx context.Context, at string) error { _, _, err := Migrate(ctx, at); return err },
				} {
					if err := open(ctx, at); !errors.Is(err, c.want) {
						t.Errorf("migrations %s, %s: have %v, want %v", c.noted, what, err, c.want)
					}
				}
			}
		})
	}
}

func TestWhatIsNoFileIsNoLedger(t *testing.T) {
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no FIFOs here: %v", err)
	}
	for where, want := range map[string]string{
		pipe: "is no regular file", folder: "is no regular file", os.DevNull: "is no regular file", filepath.Join(folder, "none", "ledger.db"): "is not there",
		"mysql://ledger.example": "no ledger has such an address",
	} {
		if l, err := Open(t.Context(), where); err == nil {
			l.Close()
			t.Errorf("%s is opened", where)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: have %v, want %q", where, err, want)
		}
	}
}
