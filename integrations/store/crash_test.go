//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/store/pgtest"
)

// writerLedger names the environment variable that makes this test binary a writer to a ledger, which a test kills; writerRuns is which
// runs it appends, and how many.
const (
	writerLedger = "HEADGATE_TEST_WRITER"
	writerRuns   = "HEADGATE_TEST_WRITER_RUNS"
)

// nth is one of many runs, each another one.
func nth(t testing.TB, n int) parts {
	s := sketch{at: morning.Add(time.Duration(n) * time.Minute), branch: "main", reports: []engine.Report{trivy}}
	for i := range 400 {
		s.findings = append(s.findings, found(fmt.Sprintf("hg1-%d", (n*37+i)%500), 0))
	}
	return s.run(t)
}

// A stopper ends a writer at the first failure, as a test would.
type stopper struct{ testing.TB }

func (stopper) Helper() {}
func (stopper) Fatal(why ...any) {
	fmt.Fprintln(os.Stderr, why...)
	os.Exit(1)
}

// writer appends its runs, one after the other, and says so of each.
func writer(where string) int {
	var first, count int
	if _, err := fmt.Sscan(os.Getenv(writerRuns), &first, &count); err != nil {
		stopper{}.Fatal(err)
	}
	ctx := context.Background()
	l, err := Open(ctx, where)
	if err != nil {
		stopper{}.Fatal(err)
	}
	defer l.Close()
	for n := first; n < first+count; n++ {
		if _, _, err := l.Append(ctx, nth(stopper{}, n), seal); err != nil {
			stopper{}.Fatal(err)
		}
		fmt.Println("appended", n)
	}
	return 0
}

// A saying is what a process has said so far.
type saying struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *saying) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *saying) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// promised counts the runs that a writer said are appended.
func (s *saying) promised() int { return strings.Count(s.String(), "appended") }

// writing starts a writer.
func writing(t *testing.T, where string, first, count int) (*exec.Cmd, *saying) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var said saying
	c := exec.Command(self)
	c.Env = append(os.Environ(), writerLedger+"="+where, fmt.Sprintf("%s=%d %d", writerRuns, first, count))
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, &said
}

// sound makes sure that a ledger is whole, and gives how many runs it has.
func sound(t *testing.T, l *Ledger) int64 {
	t.Helper()
	x, err := l.Check(context.Background())
	if err == nil {
		err = x.Err()
	}
	if err != nil {
		t.Fatal(err)
	}
	return x.Runs
}

// times is how often something random is done: often enough to mean something, more often if there is time.
func times(few, long int) int {
	if os.Getenv("HEADGATE_LONG") != "" {
		return long
	}
	return few
}

func TestAWriterThatIsKilledLeavesWholeRunsOrNone(t *testing.T) {
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
			for range times(1, 7) { // a new ledger each time, as all of it is checked after each kill
				killing(t, where(t), times(4, 15), r)
			}
		})
	}
}

// killing kills writers to a ledger, each at another moment, and makes sure after each that nothing is lost, and nothing there by halves.
func killing(t *testing.T, at string, kills int, r *rand.Rand) {
	t.Helper()
	next := 0
	for range kills {
		c, said := writing(t, at, next, 1000)
		until(t, "the writer is at work", func() bool { return said.promised() > 0 })
		time.Sleep(time.Duration(r.IntN(100)) * time.Millisecond) // the moment is what the test is about
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
		promised := said.promised()
		l := opening(t, at)
		runs := int(sound(t, l))
		if runs < next+promised || runs > next+promised+1 {
			t.Fatalf("%d runs were there and %d more were promised: now there are %d", next, promised, runs)
		}
		appending(t, l, nth(t, runs)) // what was broken off is done again
		next = runs + 1
		l.Close()
	}
	l := opening(t, at)
	defer l.Close()
	if runs := sound(t, l); int(runs) != next {
		t.Errorf("have %d runs, want %d", runs, next)
	}
}

func TestTwoWritersTakeTurns(t *testing.T) {
	for name, where := range forms {
		t.Run(name, func(t *testing.T) {
			at, each := where(t), times(3, 40)
			var all sync.WaitGroup
			for w := range 2 { // both find it empty
				all.Go(func() {
					if c, said := writing(t, at, w*each, each); c.Wait() != nil {
						t.Errorf("writer %d: %s", w, said)
					}
				})
			}
			all.Wait()
			if runs := sound(t, opening(t, at)); int(runs) != 2*each {
				t.Errorf("have %d runs, want %d", runs, 2*each)
			}
		})
	}
}

func TestALedgerWithoutRoomStaysAsItWas(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	appending(t, l, nth(t, 0))
	pages := 0
	err := l.db.view(t.Context(), func(tx transaction) error {
		_, err := one(t.Context(), tx, "PRAGMA page_count", nil, &pages)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := l.db.(*sqliteFile)
	s.db.SetMaxOpenConns(1) // the bound is one of the connection
	for _, more := range []int{1, 5, 10} {
		if _, err := s.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages+more)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.Append(t.Context(), nth(t, 1), seal); err == nil || !strings.Contains(err.Error(), "no room is left") {
			t.Fatalf("%d pages more: %v", more, err)
		}
		if runs := sound(t, l); runs != 1 {
			t.Errorf("%d pages more: %d runs", more, runs)
		}
	}
	if _, err := s.db.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	appending(t, l, nth(t, 1))
	sound(t, l)
}

// A bound on the size of files stands for a full disk: the table cannot grow, as on one.
func TestAServerWithoutRoomStaysAsItWas(t *testing.T) {
	if os.Getenv("HEADGATE_LONG") == "" {
		t.Skip("a long test: it fills files of tens of megabytes (HEADGATE_LONG=1)")
	}
	server := pgtest.Start(t)
	at := server.Database(t)
	l := opening(t, at)
	appending(t, l, nth(t, 0))
	large := sketch{at: morning.AddDate(1, 0, 0), branch: "main", reports: []engine.Report{trivy}}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 800 {
		d := found(fmt.Sprintf("hg1-large-%d", i), 0)
		for range 1500 { // records of 23 MB, all together, which the server cannot make smaller
			d.Controls = append(d.Controls, fmt.Sprintf("%016x", r.Uint64()))
		}
		large.findings = append(large.findings, d)
	}
	p := large.run(t)
	server.Stop()
	server.Restart(t, pgtest.LargestFile(17<<20)) // more than a segment of its own log, which it needs
	if _, _, err := l.Append(t.Context(), p, seal); err == nil {
		t.Error("more was appended than there is room for")
	}
	if runs := sound(t, l); runs != 1 {
		t.Errorf("have %d runs", runs)
	}
	server.Stop()
	server.Restart(t)
	appending(t, l, p)
	sound(t, l)
}

// until waits for a condition, longer than any machine needs.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestAServerThatCrashesLosesNothingThatItPromised(t *testing.T) {
	server := pgtest.Start(t)
	for when, hold := range map[string]string{
		"in the middle of an append": "LOCK TABLE record IN SHARE MODE",
		"while it commits":           "SELECT pg_advisory_xact_lock(1)", // for which a commit is made to wait below
	} {
		t.Run(when, func(t *testing.T) {
			at := server.Database(t)
			l := opening(t, at)
			appending(t, l, nth(t, 0))
			c, err := pgx.Connect(t.Context(), at+"&search_path=headgate")
			if err == nil {
				_, err = c.Exec(t.Context(), `CREATE FUNCTION waits() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END';
					CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON checkpoint DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION waits()`)
			}
			if err == nil {
				_, err = c.Exec(t.Context(), "BEGIN; "+hold)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(context.Background())
			w, said := writing(t, at, 1, 1000)
			until(t, "the writer waits", func() bool {
				n := 0
				err := c.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE NOT granted").Scan(&n)
				return err == nil && n > 0
			})
			server.Crash()
			if err := w.Wait(); err == nil || said.promised() != 0 {
				t.Errorf("the writer noticed nothing: %s", said)
			}
			if _, _, err := l.Append(t.Context(), nth(t, 900), seal); err == nil {
				t.Error("a run is appended to a server that is not there")
			}
			server.Restart(t)
			if runs := sound(t, l); runs != 1 { // on connections that it has to make anew
				t.Errorf("one run was promised, and there are %d", runs)
			}
			appending(t, l, nth(t, 900))
			sound(t, l)
		})
	}
}

// Whoever sets a ledger back to an older copy has one that is whole. Only a newer checkpoint, kept elsewhere, tells.
func TestALedgerThatWasSetBackIsToldByANewerCheckpoint(t *testing.T) {
	file := forms["sqlite"](t)
	l := opening(t, file)
	appending(t, l, nth(t, 0))
	l.Close()
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	l = opening(t, file)
	appending(t, l, nth(t, 1))
	newer, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, old, 0o600); err != nil {
		t.Fatal(err)
	}
	l = opening(t, copied)
	sound(t, l)
	if err := l.Extends(t.Context(), newer); err == nil || errors.Is(err, context.Canceled) {
		t.Error("it passes for what the newer checkpoint is of")
	}
	appending(t, l, nth(t, 2)) // and goes another way from there
	sound(t, l)
	if err := l.Extends(t.Context(), newer); err == nil {
		t.Error("a log that went another way passes for the same")
	}
	first, err := l.Checkpoint(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Extends(t.Context(), first); err != nil {
		t.Errorf("what both have in common: %v", err)
	}
}

func TestAClockThatGoesBackStopsNoRun(t *testing.T) {
	l := opening(t, forms["sqlite"](t))
	for _, n := range []int{9, 3, 6, 1} {
		appending(t, l, nth(t, n))
	}
	sound(t, l)
}
