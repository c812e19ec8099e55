//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

// A stop is a place at which a sweep can be held: where it first takes a lock on a table that does not go together with the one that is held.
type stop struct{ table, lock string }

// Whoever reads waits for the first, whoever writes for the second.
const (
	againstReading = "ACCESS EXCLUSIVE"
	againstWriting = "SHARE"
)

// stopsOfSweep are all of them in which a sweep can be cut off, if there is time; else some.
func stopsOfSweep(some ...stop) []stop {
	if os.Getenv("HEADGATE_LONG") == "" {
		return some
	}
	all := []stop{{"epoch", againstReading}, {"branch_root", againstReading}, {"finding_state", againstReading}}
	for _, table := range []string{"blob", "log_leaf", "log_hash", "run", "part", "record", "finding_state", "branch_root", "checkpoint", "epoch"} {
		all = append(all, stop{table, againstWriting})
	}
	return all
}

// held starts the program, which is to come to the stop, and waits until it is there. It goes no further before release is called.
func (y *yard) held(at stop, args ...string) (p *process, release func()) {
	y.t.Helper()
	ctx, c, watch := context.Background(), y.connect(), y.connect()
	tx, err := c.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, "LOCK TABLE "+at.table+" IN "+at.lock+" MODE")
	}
	if err != nil {
		y.t.Fatal(err)
	}
	// Databases that were copied from one have tables with the same numbers: only a wait in this one counts.
	waits := `SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
		WHERE NOT granted AND relation = $1::regclass AND datname = current_database() AND application_name = 'headgate'`
	p = y.run("headgate", args...)
	until(y.t, "the program waits for the table "+at.table, func() bool {
		select {
		case <-p.ended:
			y.t.Fatalf("it ended before it came to %v: %s", at, p.stderr)
		default:
		}
		var n int
		_ = watch.QueryRow(ctx, waits, at.table).Scan(&n) // none, if it does not answer
		return n > 0
	})
	return p, func() { _ = tx.Rollback(ctx) } // the database may have gone away meanwhile, and the lock with it
}

// alone waits until nobody is at work on the database but the test: what a process that was killed had begun is undone then.
func (y *yard) alone() {
	y.t.Helper()
	c := y.connect()
	query := "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'headgate'"
	until(y.t, "the server has noticed that the program is gone", func() bool {
		var n int
		return c.QueryRow(context.Background(), query).Scan(&n) == nil && n == 0
	})
}

// converges makes sure that the ledger is whole, and that the next sweep comes to what it would have come to.
func (y *yard) converges(want string) {
	y.t.Helper()
	y.must("db", "check", "--ledger", y.where)
	y.must(y.sweepArgs()...)
	if have := y.outcome(); have != want {
		y.t.Errorf("the next sweep comes to\n%s, and an undisturbed one to\n%s", have, want)
	}
}

func TestASweepOnPostgreSQLThatIsKilledChangesNothingAndTheNextConverges(t *testing.T) {
	t.Parallel()
	for _, at := range stopsOfSweep(stop{"finding_state", againstReading}, stop{"epoch", againstWriting}) {
		t.Run(at.table+" "+at.lock, func(t *testing.T) {
			y, want := newYard(t)
			before := y.outcome()
			sweep, release := y.held(at, y.sweepArgs()...)
			if err := sweep.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-sweep.ended
			release()
			y.alone()
			if have := y.outcome(); have != before {
				t.Errorf("it left\n%s, and there was\n%s", have, before)
			}
			y.converges(want)
		})
	}
}

func TestASweepOnPostgreSQLWhoseDatabaseCrashesChangesNothingAndTheNextConverges(t *testing.T) { // not in parallel: the others' database would go with it
	server := pgtest.Start(t)
	for _, at := range stopsOfSweep(stop{"record", againstWriting}) {
		t.Run(at.table+" "+at.lock, func(t *testing.T) {
			y, want := newYard(t)
			before := y.outcome()
			sweep, _ := y.held(at, y.sweepArgs()...)
			server.Crash()
			status := sweep.status()
			server.Restart(t)
			if said := sweep.stderr.String(); status != statusUndecided || !strings.Contains(said, "the ledger postgres://") || strings.Count(said, "\n") > 2 {
				t.Errorf("without its database it ends with %d: %s", status, said)
			}
			if have := y.outcome(); have != before {
				t.Errorf("it left\n%s, and there was\n%s", have, before)
			}
			y.converges(want)
		})
	}
}

// Of two sweeps one gives up, or waits: then it looks at what the other one left.
func TestTwoSweepsOfOneProcessEachAreOneAfterTheOther(t *testing.T) {
	t.Parallel()
	y, once := newYard(t)
	other := y.copy(t)
	other.must(other.sweepArgs()...)
	other.must(other.sweepArgs()...)
	twice := other.outcome()
	first, release := y.held(stop{"record", againstWriting}, y.sweepArgs()...)
	if second := y.run("headgate", y.sweepArgs()...); second.status() != statusUndecided || !strings.Contains(second.stderr.String(), "another sweep is at work on it") {
		t.Errorf("a second one ends with %d: %s", second.ProcessState.ExitCode(), second.stderr)
	}
	waits := y.run("headgate", y.sweepArgs("--wait")...)
	release()
	for _, p := range []*process{first, waits} {
		if p.status() != statusPass {
			t.Fatal(p.stderr)
		}
	}
	if have := y.outcome(); have != twice || have == once {
		t.Errorf("two at once come to\n%s, and two one after the other to\n%s", have, twice)
	}
	y.must("db", "check", "--ledger", y.where)
}

// What a run decides while a sweep is at work stays as the run left it, and the next sweep comes to what it would have come to after the run.
func TestRunsThatComeBetweenASweepOnPostgreSQLAreNotUndone(t *testing.T) {
	t.Parallel()
	y, _ := newYard(t)
	other := y.copy(t)
	gate := func(y *yard, repository int) []string {
		return []string{"gate", y.path("reports", fmt.Sprintf("%d.json", repository)), "--ledger", y.where, "--repository", fmt.Sprintf("acme/r%d", repository),
			"--branch", "main", "--event", "push", "--settings", y.path("settings"), "--intel", y.path("intel-new"), "--now", "2026-11-22T06:00:00Z"}
	}
	sweep, release := y.held(stop{"blob", againstWriting}, y.sweepArgs()...) // it has decided, and recorded nothing
	var runs []*process
	for r := range 2 {
		runs = append(runs, y.run("headgate", gate(y, r)...))
		other.must(gate(other, r)...)
	}
	release()
	for _, p := range append(runs, sweep) {
		if p.status() != statusPass {
			t.Fatal(p.stderr)
		}
	}
	y.must("db", "check", "--ledger", y.where)
	for _, y := range []*yard{y, other} {
		y.must(y.sweepArgs()...)
	}
	if out := y.must(y.sweepArgs("-o", "json")...); !strings.Contains(out, `"transitions": []`) {
		t.Errorf("a sweep after another one changes something: %s", out)
	}
	if have, want := y.open(), other.open(); have != want {
		t.Errorf("open is\n%s, and where one came after the other\n%s", have, want)
	}
}

// open is what is open, but for which runs said so.
func (y *yard) open() string {
	y.t.Helper()
	rows, err := y.connect().Query(context.Background(), `SELECT concat_ws(' ', repository, branch, asset, finding, status, first_seen, last_seen, reopened, priority, action, due)
		FROM finding_state ORDER BY 1`)
	if err != nil {
		y.t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(all) == 0 {
		y.t.Fatal("nothing is open", err)
	}
	return strings.Join(all, "\n")
}
