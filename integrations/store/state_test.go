//go:build unix

package store

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// branch is what the ledger knows of main, in short: finding, status and how often it came back.
func branch(t *testing.T, l *Ledger) (all []string) {
	t.Helper()
	states, err := l.History(t.Context(), "acme/shop", "main")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states.All() {
		all = append(all, fmt.Sprintf("%s %s %d", s.Finding, s.Status, s.Reopened))
	}
	return all
}

func TestRunsOnABranchSayWhatIsOpenAndThoseOnChangesDoNot(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		all := []engine.Report{trivy}
		unfinished := trivy
		unfinished.Complete = false
		for i, step := range []struct {
			sketch
			want []string
		}{
			{sketch{findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}, reports: all}, []string{"hg1-1 open 0", "hg1-2 open 0"}},
			{sketch{event: engine.EventPullRequest, reports: all}, []string{"hg1-1 open 0", "hg1-2 open 0"}},
			{sketch{reports: []engine.Report{unfinished}}, []string{"hg1-1 open 0", "hg1-2 open 0"}},
			{sketch{reports: []engine.Report{trivy, unfinished}}, []string{"hg1-1 open 0", "hg1-2 open 0"}},
			{sketch{branch: "other", reports: all}, []string{"hg1-1 open 0", "hg1-2 open 0"}},
			{sketch{event: engine.EventSchedule, findings: []evidence.Decision{found("hg1-2", 0)}, reports: all}, []string{"hg1-1 closed 0", "hg1-2 open 0"}},
			{sketch{event: engine.EventRelease, findings: []evidence.Decision{found("hg1-1", 0)}, reports: all}, []string{"hg1-1 open 1", "hg1-2 closed 0"}},
		} {
			step.at = morning.Add(time.Duration(i) * 24 * time.Hour)
			if step.branch == "" {
				step.branch = "main"
			}
			appending(t, l, step.run(t))
			if have := branch(t, l); !slices.Equal(have, step.want) {
				t.Errorf("after run %d: have %q, want %q", i, have, step.want)
			}
		}
		x, err := l.Check(t.Context())
		if err != nil || x.Err() != nil || x.Runs != 7 || x.Records != 4 || x.Findings != 2 {
			t.Errorf("%+v, %v", x, err)
		}
	})
}

func TestWhatIsOpenIsMadeAnewFromTheRecordsAlone(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	for i := range 4 {
		appending(t, l, sketch{at: morning.Add(time.Duration(i) * time.Hour), branch: []string{"main", "next"}[i%2], reports: []engine.Report{trivy},
			findings: []evidence.Decision{found(fmt.Sprintf("hg1-%d", i), 0), found("hg1-x", 0)}}.run(t))
	}
	want := branch(t, l)
	for _, edit := range []string{
		"UPDATE finding_state SET status = 'closed'", "DELETE FROM finding_state WHERE branch = 'next'",
		"UPDATE finding_state SET branch = 'nobody' WHERE finding = 'hg1-x' AND branch = 'next'", "UPDATE finding_state SET due = '2030-01-01T00:00:00Z'",
		"UPDATE finding_state SET cves = 'CVE-2026-9999' WHERE finding = 'hg1-x'",
		"UPDATE branch_root SET cases = cases + 1", "UPDATE branch_root SET root = ''", "DELETE FROM branch_root", "UPDATE branch_root SET branch = 'nobody' WHERE branch = 'next'",
		"INSERT INTO branch_root (repository, branch, cases, root) VALUES ('acme/shop', 'nobody', 0, '')",
	} {
		tamper(t, file, edit)
		x, err := l.Check(t.Context())
		if err != nil || !x.Stale || x.Err() == nil {
			t.Errorf("%s: a check says %+v, %v", edit, x, err)
		}
		if n, err := l.Rebuild(t.Context()); err != nil || n != 6 {
			t.Errorf("%s: %d findings, %v", edit, n, err)
		}
		if x, err := l.Check(t.Context()); err != nil || x.Err() != nil {
			t.Errorf("%s: after it was made anew, a check says %+v, %v", edit, x, err)
		}
		if have := branch(t, l); !slices.Equal(have, want) {
			t.Errorf("%s: have %q, want %q", edit, have, want)
		}
	}
}

func TestACheckFindsWhatWasEditedAndARebuildMendsNoneOfIt(t *testing.T) {
	for name, edit := range map[string]string{
		"an older leaf":         "UPDATE log_leaf SET data = X'00' WHERE idx = 0",
		"an older hash":         "UPDATE log_hash SET hash = zeroblob(32) WHERE idx = 0",
		"an older checkpoint":   "UPDATE checkpoint SET note = X'00' WHERE size = 1",
		"a checkpoint removed":  "DELETE FROM checkpoint WHERE size = 1",
		"a record":              "UPDATE record SET body = edited(body, 'warn', 'pass') WHERE run = 0",
		"a record less":         "UPDATE record SET body = edited(body, 'hg1-2', 'hg1-1'), records = 1 WHERE run = 0",
		"records removed":       "DELETE FROM record WHERE run = 0",
		"records of another":    "UPDATE record SET body = (SELECT body FROM record WHERE run = 1) WHERE run = 0",
		"records that are none": "UPDATE record SET body = X'00' WHERE run = 0",
		"records as they are":   "UPDATE record SET size = 0 WHERE run = 0",
		"records renumbered":    "UPDATE record SET idx = idx + 10 WHERE run = 0",
		"inputs removed":        "DELETE FROM part WHERE run = 0 AND name = 'inputs.jsonl'",
		"another policy":        "UPDATE part SET digest = (SELECT digest FROM part WHERE run = 0 AND name = 'terms.json') WHERE run = 0 AND name = 'policy.json'",
		"a record moved":        "UPDATE record SET idx = 9 WHERE run = 0 AND idx = 0",
		"a run removed":         "DELETE FROM run WHERE leaf = 0",
		"a run said of another": "UPDATE run SET branch = 'next' WHERE leaf = 0",
		"runs exchanged":        "UPDATE run SET leaf = CASE leaf WHEN 0 THEN 8 ELSE 9 END WHERE leaf < 2",
		"the count of records":  "UPDATE run SET records = 7 WHERE leaf = 0",
		"content":               "UPDATE blob SET zstd = (SELECT zstd FROM blob ORDER BY digest LIMIT 1)",
		"content removed":       "DELETE FROM blob",
		"a part removed":        "DELETE FROM part WHERE run = 0 AND name = 'terms.json'",
		"parts exchanged":       "UPDATE part SET digest = (SELECT digest FROM part WHERE run = 1 AND name = 'statement.dsse.json') WHERE run = 0 AND name = 'statement.dsse.json'",
	} {
		t.Run(name, func(t *testing.T) {
			file := forms["sqlite"](t)
			l := opening(t, file)
			for i := range 3 {
				appending(t, l, sketch{at: morning.Add(time.Duration(i) * time.Hour), branch: "main", reports: []engine.Report{trivy},
					findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}}.run(t))
			}
			tamper(t, file, edit)
			x, err := l.Check(t.Context())
			if err != nil || x.Err() == nil || x.Stale {
				t.Fatalf("a check says %+v, %v", x, err)
			}
			if _, err := l.Rebuild(t.Context()); err == nil {
				t.Error("it is made anew of what was edited")
			}
			again, err := l.Check(t.Context())
			slices.Sort(x.Problems) // parts are read side by side
			if slices.Sort(again.Problems); err != nil || !slices.Equal(again.Problems, x.Problems) {
				t.Errorf("a check says another thing now: %q, before %q, %v", again.Problems, x.Problems, err)
			}
		})
	}
}

func TestWhatWasEditedInALedgerFailsItsLevel(t *testing.T) {
	for name, c := range map[string]struct {
		edit  string
		level int
	}{
		"the last leaf removed":       {"DELETE FROM log_leaf WHERE idx = 2", evidence.LevelInclusion},
		"the last checkpoint removed": {"DELETE FROM checkpoint WHERE size = 3", evidence.LevelInclusion},
		"a hash removed":              {"DELETE FROM log_hash WHERE idx = 0", evidence.LevelInclusion},
		"a hash cut":                  {"UPDATE log_hash SET hash = X'00' WHERE idx = 1", evidence.LevelInclusion},
		"content exchanged": {"UPDATE blob SET zstd = (SELECT zstd FROM blob WHERE digest = (SELECT digest FROM part WHERE name = 'terms.json' LIMIT 1)) " +
			"WHERE digest = (SELECT digest FROM part WHERE run = 0 AND name = 'inputs.jsonl')", evidence.LevelRun},
		"content that is none": {"UPDATE blob SET zstd = X'00' WHERE digest = (SELECT digest FROM part WHERE run = 0 AND name = 'inputs.jsonl')", evidence.LevelRun},
		"a size that is none":  {"UPDATE blob SET size = -1 WHERE digest = (SELECT digest FROM part WHERE run = 0 AND name = 'inputs.jsonl')", evidence.LevelRun},
		"records renumbered":   {"UPDATE record SET idx = idx + 10 WHERE run = 1", evidence.LevelRun},
	} {
		t.Run(name, func(t *testing.T) {
			file := forms["sqlite"](t)
			l := opening(t, file)
			for i := range 3 {
				appending(t, l, sketch{at: morning.Add(time.Duration(i) * time.Hour), branch: "main", reports: []engine.Report{trivy},
					findings: []evidence.Decision{found("hg1-1", 0), found("hg1-2", 0)}}.run(t))
			}
			if v, err := evidence.VerifyLog(t.Context(), l, l.Run, evidence.Options{}); err != nil || v.Failed != 0 {
				t.Fatalf("before: %+v, %v", v, err)
			}
			tamper(t, file, c.edit)
			if v, err := evidence.VerifyLog(t.Context(), l, l.Run, evidence.Options{}); err != nil || v.Failed != c.level {
				t.Errorf("%+v, %v", v, err)
			}
		})
	}
}

func TestAFileWithViewsIsNoLedger(t *testing.T) {
	for _, edit := range []string{
		"CREATE VIEW own AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
		"CREATE TRIGGER own AFTER INSERT ON record BEGIN DELETE FROM record; END",
	} {
		file := forms["sqlite"](t)
		appending(t, opening(t, file), sketch{at: morning}.run(t))
		db, err := sql.Open("sqlite", file)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(edit); err != nil {
			t.Fatal(err)
		}
		if l, err := OpenExisting(t.Context(), file); err == nil {
			l.Close()
			t.Errorf("it opens with %s", edit)
		} else if !strings.Contains(err.Error(), "which no ledger has") {
			t.Error(err)
		}
	}
}

func TestAnEffectIsThereOnceForItsKey(t *testing.T) {
	onEach(t, func(t *testing.T, where string, l *Ledger) {
		ctx := t.Context()
		jira := engine.Effect{Key: "b", Kind: engine.EffectTicket, Place: "https://jira.example/PAY", ID: "10001", Ref: "PAY-1", State: map[string]string{"status": "new"}}
		other := engine.Effect{Key: "a", Kind: engine.EffectTicket, Place: jira.Place}
		elsewhere := engine.Effect{Key: "b", Kind: engine.EffectTicket, Place: "https://jira.example/OPS"}
		for _, e := range []engine.Effect{jira, elsewhere, other} {
			if err := l.Put(ctx, e); err != nil {
				t.Fatal(err)
			}
		}
		jira.State["status"] = "done"
		if err := l.Put(ctx, jira); err != nil {
			t.Fatal(err)
		}
		all, err := l.Effects(ctx, jira.Place)
		if err != nil || len(all) != 2 || all[0].Key != "a" || all[1].State["status"] != "done" || all[1].Ref != "PAY-1" {
			t.Errorf("have %+v, %v", all, err)
		}
		if err := l.Put(ctx, engine.Effect{Key: "c", Kind: engine.EffectTicket}); err == nil {
			t.Error("an effect in no place is kept")
		}
		if all, err := l.Effects(ctx, "https://nowhere.example"); err != nil || len(all) != 0 {
			t.Errorf("have %+v, %v", all, err)
		}
	})
}

func TestTablesAreBroughtForwardAndNeverBack(t *testing.T) {
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
			ctx, at := t.Context(), where(t)
			d, err := open(ctx, at, fewConnections)
			if err != nil {
				t.Fatal(err)
			}
			defer d.close()
			shipped, err := migrationsOf(schemaFiles)
			if err != nil {
				t.Fatal(err)
			}
			more := append(slices.Clone(shipped), migration{len(shipped) + 1, "next", "ALTER TABLE run ADD COLUMN noted INTEGER;"})
			broken := append(slices.Clone(more), migration{len(more) + 1, "broken", "CREATE TABLE one (n INTEGER); CREATE TABLE one (n INTEGER);"})

			if from, to, err := migrate(ctx, d, shipped, toAppend); err != nil || from != 0 || to != len(shipped) {
				t.Fatalf("from %d to %d, %v", from, to, err)
			}
			if _, _, err := migrate(ctx, d, more, toAppend); !errors.Is(err, ErrOld) {
				t.Errorf("older tables: %v", err)
			}
			if _, _, err := migrate(ctx, d, broken, toMigrate); err == nil {
				t.Error("a migration that breaks off is taken")
			}
			if from, to, err := migrate(ctx, d, more, toMigrate); err != nil || from != len(shipped) || to != len(more) {
				t.Errorf("from %d to %d, %v: of the one that broke off something stayed", from, to, err)
			}
			if from, _, err := migrate(ctx, d, more, toMigrate); err != nil || from != len(more) {
				t.Errorf("again: from %d, %v", from, err)
			}
			if _, err := Open(ctx, at); err == nil || !strings.Contains(err.Error(), "version 2") {
				t.Errorf("a newer ledger opens: %v", err)
			}
		})
	}
}

func TestADatabaseOfSomethingElseIsLeftAlone(t *testing.T) {
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
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
				return t.exec(ctx, "CREATE TABLE customers (n INTEGER)")
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(ctx, at); err == nil || !strings.Contains(err.Error(), "not those of a ledger") {
				t.Errorf("have %v", err)
			}
			if _, _, err := Migrate(ctx, at); err == nil {
				t.Error("it is migrated")
			}
		})
	}
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	for _, names := range [][]string{{"0002_a"}, {"0001_a", "0003_b"}, {"0001_a", "0001_b"}, {"first"}} {
		files := fstest.MapFS{}
		for _, n := range names {
			files["schema/"+n+".sql"] = &fstest.MapFile{Data: []byte("SELECT 1;")}
		}
		if all, err := migrationsOf(files); err == nil {
			t.Errorf("%q: %d migrations", names, len(all))
		}
	}
}

func TestWhereThereIsNoLedgerNoneIsMadeByReading(t *testing.T) {
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
			at := where(t)
			for range 2 {
				if l, err := OpenExisting(t.Context(), at); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("have %v, %v", l, err)
				}
			}
			opening(t, at)
			if l, err := OpenExisting(t.Context(), at); err != nil {
				t.Error(err)
			} else {
				l.Close()
			}
		})
	}
	if _, err := OpenExisting(t.Context(), "sqlite:"+forms["sqlite"](t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("have %v", err)
	}
}

// Who only reads, and who finds the tables as they are to be, waits for nobody.
func TestALedgerOpensWhileAnotherWrites(t *testing.T) {
	onEach(t, func(t *testing.T, at string, l *Ledger) {
		err := l.db.update(t.Context(), func(transaction) error {
			other, err := Open(t.Context(), at)
			if err != nil {
				return err
			}
			defer other.Close()
			_, err = other.Head(t.Context())
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAPasswordIsInNoError(t *testing.T) {
	for _, where := range []string{
		"postgres://u:hunter2@127.0.0.1:1/x?sslmode=disable&connect_timeout=2", "postgres://u:hunter2@[::1/x", "postgres://u:hunter2@127.0.0.1:1/x?sslmode=no",
	} {
		if _, err := Open(t.Context(), where); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("have %v", err)
		}
	}
}
