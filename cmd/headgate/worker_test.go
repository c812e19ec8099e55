//go:build unix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

func TestSeveralProcessesGiveTheBytesThatOneGives(t *testing.T) {
	t.Parallel()
	t.Run("three workers", func(t *testing.T) {
		three, want := newYard(t)
		for range 3 {
			three.worker()
		}
		if p := three.run("headgate", three.sweepArgs("--engine", "river")...); p.status() != statusPass {
			t.Fatal(p.stderr)
		}
		if have := three.outcome(); have != want {
			t.Errorf("three workers give\n%s, and one process\n%s", have, want)
		}
	})
	t.Run("three workers, one of them killed in the middle of a shard", func(t *testing.T) {
		three, want := newYard(t)
		sweep := three.begin()
		watch, release := three.connect(), three.halt()
		victim := three.worker()
		until(t, "the worker is in the middle of two shards", func() bool { return three.halted(watch) == 2 })
		three.worker()
		three.worker()
		until(t, "all workers are in the middle of shards", func() bool { return three.halted(watch) == 6 })
		if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		<-victim.ended
		release()
		if sweep.status() != statusPass {
			t.Fatal(sweep.stderr)
		}
		if have := three.outcome(); have != want {
			t.Errorf("with one killed, three workers give\n%s, and one process\n%s", have, want)
		}
		three.must("db", "check", "--ledger", three.where)
		if p := three.run("headgate", three.sweepArgs("--engine", "river", "--now", "2026-11-22T07:00:00Z")...); p.status() != statusPass {
			t.Errorf("the next sweep: %s", p.stderr)
		}
	})
}

func TestAWorkerOfAnotherVersionTakesNoPart(t *testing.T) {
	t.Parallel()
	y, want := newYard(t)
	other := y.run("other-headgate", "worker", "--ledger", y.where)
	until(t, "the other worker is there", func() bool { return strings.Contains(other.stderr.String(), "working on sweeps of headgate other") })
	sweep := y.begin()
	y.worker()
	if sweep.status() != statusPass {
		t.Fatal(sweep.stderr)
	}
	if have := y.outcome(); have != want {
		t.Errorf("beside a worker of another version comes\n%s, and of one process\n%s", have, want)
	}
	if strings.Contains(other.stderr.String(), "joined") {
		t.Errorf("it took part:\n%s", other.stderr)
	}
}

func TestTwoSweepsAtOnceAreOneAfterTheOther(t *testing.T) {
	t.Parallel()
	y, want := newYard(t)
	first := y.begin()
	watch, release := y.connect(), y.halt()
	y.worker()
	until(t, "the first is at work", func() bool { return y.halted(watch) > 0 })
	if second := y.run("headgate", y.sweepArgs("--engine", "river")...); second.status() != statusUndecided || !strings.Contains(second.stderr.String(), "another sweep") {
		t.Errorf("status %d: %s", second.ProcessState.ExitCode(), second.stderr)
	}
	release()
	if first.status() != statusPass {
		t.Fatal(first.stderr)
	}
	if have := y.outcome(); have != want {
		t.Errorf("after two at once is\n%s, and of one process\n%s", have, want)
	}
}

func TestAWorkerThatIsToEndGivesItsShardsBack(t *testing.T) {
	t.Parallel()
	y, want := newYard(t)
	sweep := y.begin()
	watch, release := y.connect(), y.halt()
	ends := y.worker("--grace", "1ms")
	until(t, "it is in the middle of shards", func() bool { return y.halted(watch) == 2 })
	if err := ends.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if ends.status() != statusPass {
		t.Errorf("a worker that is interrupted ends with %d: %s", ends.ProcessState.ExitCode(), ends.stderr)
	}
	release()
	y.worker()
	if sweep.status() != statusPass {
		t.Fatal(sweep.stderr)
	}
	if have := y.outcome(); have != want {
		t.Errorf("comes\n%s, and of one process\n%s", have, want)
	}
}

func TestWorkersNeedALedgerThatIsSharedAndMigrated(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "ledger.db")
	writeFile(t, file+".sarif", cleanSARIF)
	if status, _, stderr := start(t, "gate", file+".sarif", "--ledger", file); status != statusPass {
		t.Fatal(stderr)
	}
	where := pgtest.Start(t).Database(t)
	if status, _, stderr := start(t, "gate", file+".sarif", "--ledger", where); status != statusPass {
		t.Fatal(stderr)
	}
	for _, c := range []struct{ where, want string }{{file, "is of one machine"}, {where, "headgate db migrate"}} {
		for _, args := range [][]string{{"worker", "--ledger", c.where}, {"reassess", "--ledger", c.where, "--engine", "river"}} {
			if status, _, stderr := start(t, args...); status != statusSetup || !strings.Contains(stderr, c.want) {
				t.Errorf("%v: status %d: %s", args, status, stderr)
			}
		}
	}
}

func TestASweepThatNoWorkerCanDecideChangesNothing(t *testing.T) {
	t.Parallel()
	y, _ := newYard(t)
	before := y.outcome()
	sweep := y.begin()
	c := y.connect()
	// After the plan is made, what a case was decided on is gone: nobody can decide it again.
	if _, err := c.Exec(t.Context(), "DELETE FROM part WHERE name = 'inputs.ndjson.zst' OR name LIKE 'inputs%'"); err != nil {
		t.Fatal(err)
	}
	y.worker()
	if sweep.status() != statusUndecided || !strings.Contains(sweep.stderr.String(), "the workers cannot decide: shard") {
		t.Errorf("status %d: %s", sweep.ProcessState.ExitCode(), sweep.stderr)
	}
	unchanged := func(text string) string { // but for what was deleted above
		before, _, _ := strings.Cut(text, "part:")
		_, after, _ := strings.Cut(text, "record:")
		return before + after
	}
	if have := y.outcome(); unchanged(have) != unchanged(before) {
		t.Errorf("it left\n%s, and there was\n%s", have, before)
	}
}

func TestASweepByWorkersOutlivesARestartOfTheDatabase(t *testing.T) { // not in parallel: the others' database would go with it
	y, want := newYard(t)
	server := pgtest.Start(t)
	sweep := y.begin()
	watch, _ := y.connect(), y.halt()
	y.worker()
	y.worker()
	until(t, "the workers are in the middle of shards", func() bool { return y.halted(watch) == 4 })
	server.Crash()
	server.Restart(t)
	if sweep.status() != statusPass {
		t.Fatal(sweep.stderr)
	}
	if have := y.outcome(); have != want {
		t.Errorf("over a restart comes\n%s, and of one process\n%s", have, want)
	}
}

func TestAScheduledSweepIsBegunByOneWorkerAndTellsWhatChanged(t *testing.T) {
	t.Parallel()
	y, _ := newYard(t)
	hour := time.Now().UTC().Add(-time.Minute).Format("15:04") // what fell due before a worker was there is made up for
	settings := t.TempDir()
	writeFile(t, filepath.Join(settings, "headgate.yaml"), fmt.Sprintf("reassess:\n  at: [%q]\n", hour))
	var all []*process
	for range 2 {
		all = append(all, y.worker("--settings", settings, "--intel", y.path("intel-new")))
	}
	c := y.connect()
	until(t, "the sweep is in the log", func() bool {
		var n int
		return c.QueryRow(context.Background(), "SELECT count(*) FROM epoch").Scan(&n) == nil && n > 0
	})
	until(t, "its job is done", func() bool {
		var n int
		return c.QueryRow(context.Background(), "SELECT count(*) FROM river_job WHERE kind = 'headgate_sweep' AND state = 'completed'").Scan(&n) == nil && n == 1
	})
	begun := 0
	for _, p := range all {
		begun += strings.Count(p.stderr.String(), " begins")
	}
	if begun != 1 {
		t.Errorf("the sweep was begun %d times:\n%s\n%s", begun, all[0].stderr, all[1].stderr)
	}
	y.must("db", "check", "--ledger", y.where)
}

func TestTimesOfSweepsAreTimesOfDay(t *testing.T) {
	for text, want := range map[string]string{
		"reassess: {at: []}": "names 0 times of day", "reassess: {at: [\"2:00\"]}": "is no time of day", "reassess: {at: [\"25:00\"]}": "is no time of day",
		"reassess: {at: [\"02:00\"], whole: Sunday}": "is none of sunday", "reassess: {at: [\"02:00\"], wholly: sunday}": "wholly",
	} {
		folder := t.TempDir()
		writeFile(t, filepath.Join(folder, "headgate.yaml"), text+"\n")
		if status, _, stderr := start(t, "worker", "--ledger", "postgres://127.0.0.1:1/x", "--settings", folder); status != statusSetup || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s", text, status, stderr)
		}
	}
	r := reassessSettings{At: []string{"14:00", "02:00"}, Whole: "sunday"}
	for due, want := range map[string]bool{"2026-11-22T02:00:00Z": true, "2026-11-22T14:00:00Z": false, "2026-11-23T02:00:00Z": false} {
		at, err := time.Parse(time.RFC3339, due)
		if err != nil {
			t.Fatal(err)
		}
		if r.isWhole(at) != want {
			t.Errorf("the sweep of %s: everything is %t", due, !want)
		}
	}
}
