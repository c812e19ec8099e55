//go:build unix

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

// sharedEstate is what the tests of workers sweep: several repositories, whose cases a change of threat data touches in part.
const (
	repositoriesOfEstate = 3
	findingsOfEstate     = 80 // of each repository
	shardOfEstate        = "20"
)

// longEstate makes the estate a larger one, where there is time for it.
func longEstate() (repositories, findings int, shard string) {
	if os.Getenv("HEADGATE_LONG") == "" {
		return repositoriesOfEstate, findingsOfEstate, shardOfEstate
	}
	return 10, 2000, "500"
}

// A yard is a database with what is open in an estate, a folder with the threat data of two days, and the programs that work there.
type yard struct {
	t      *testing.T
	folder string // with intel-old and intel-new
	where  string
}

// estate is made once; each test sweeps copies of it.
var estate struct {
	sync.Mutex
	yard   *yard
	swept  string // what one process comes to
	copies int
}

// newYard gives a copy of the estate, and what one process comes to that sweeps it.
func newYard(t *testing.T) (y *yard, want string) {
	t.Helper()
	pgtest.Start(t)
	estate.Lock()
	defer estate.Unlock()
	if estate.yard == nil {
		made := makeEstate(t)
		estate.swept = made.locally()
		estate.yard = made
	}
	return estate.yard.copy(t), estate.swept
}

// makeEstate makes what the tests sweep, in a new database and a folder that outlives the test.
func makeEstate(t *testing.T) *yard {
	t.Helper()
	folder, err := os.MkdirTemp("", "headgate-estate-")
	if err != nil {
		t.Fatal(err)
	}
	y := &yard{t: t, folder: folder, where: pgtest.Start(t).Database(t)}
	repositories, findings, _ := longEstate()
	for _, day := range []string{"old", "new"} {
		writeFile(t, y.path("intel-"+day, "kev.json"), kevOf(findings, day == "new"))
		writeFile(t, y.path("intel-"+day, "epss.csv"), epssOf(findings, day == "new"))
	}
	for r := range repositories {
		report := y.path("reports", fmt.Sprintf("%d.json", r))
		writeFile(t, report, trivyOf(r, findings))
		y.must("gate", report, "--ledger", y.where, "--repository", fmt.Sprintf("acme/r%d", r), "--branch", "main", "--event", "push", "--intel", y.path("intel-old"),
			"--now", "2026-11-20T06:00:00Z")
	}
	y.must("db", "migrate", "--ledger", y.where)
	return y
}

func (y *yard) path(parts ...string) string {
	return filepath.Join(append([]string{y.folder}, parts...)...)
}

// copy is a yard whose database has the same in it. Nobody may be connected to the one that is copied.
func (y *yard) copy(t *testing.T) *yard {
	t.Helper()
	estate.copies++
	c, err := pgx.ParseConfig(y.where)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("copy%d", estate.copies)
	ctx := context.Background()
	from := strings.Replace(y.where, "/"+c.Database+"?", "/postgres?", 1)
	server, err := pgx.Connect(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(ctx)
	if _, err := server.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+c.Database); err != nil {
		t.Fatal(err)
	}
	return &yard{t: t, folder: y.folder, where: strings.Replace(y.where, "/"+c.Database+"?", "/"+name+"?", 1)}
}

// connect gives a connection of the test's own to the database.
func (y *yard) connect() *pgx.Conn {
	y.t.Helper()
	c, err := pgx.Connect(context.Background(), y.where+"&search_path=headgate")
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// must runs the program, which must pass.
func (y *yard) must(args ...string) string {
	y.t.Helper()
	status, stdout, stderr := start(y.t, args...)
	if status != statusPass {
		y.t.Fatalf("%v: status %d: %s%s", args, status, stdout, stderr)
	}
	return stdout
}

// sweepArgs are those of a sweep over the estate with the threat data of the new day.
func (y *yard) sweepArgs(more ...string) []string {
	_, _, size := longEstate()
	return append([]string{"reassess", "--ledger", y.where, "--every-repository", "--intel", y.path("intel-new"), "--now", "2026-11-22T06:00:00Z", "--shard-size", size}, more...)
}

// A process is the program at work on its own.
type process struct {
	*exec.Cmd
	t      *testing.T
	stderr *syncBuilder
	ended  chan struct{}
}

// A syncBuilder is written by a process and read by its test.
type syncBuilder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// run starts a program that TestMain knows.
func (y *yard) run(program string, args ...string) *process {
	y.t.Helper()
	p := &process{Cmd: command(y.t, program, args...), t: y.t, stderr: &syncBuilder{}, ended: make(chan struct{})}
	p.Stderr = p.stderr
	if err := p.Start(); err != nil {
		y.t.Fatal(err)
	}
	go func() {
		_ = p.Wait() // how it ended is in its state
		close(p.ended)
	}()
	y.t.Cleanup(func() {
		_ = p.Process.Kill() // it may have ended already
		<-p.ended
	})
	return p
}

func (y *yard) worker(more ...string) *process {
	return y.run("headgate", append([]string{"worker", "--ledger", y.where, "--concurrency", "2"}, more...)...)
}

const patience = 2 * time.Minute

// status waits for the end of the process, and gives its exit status.
func (p *process) status() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatalf("the program does not end; it said:\n%s", p.stderr)
	}
	return p.ProcessState.ExitCode()
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// begin starts a sweep by workers, of which there are none yet, and waits for its shards.
func (y *yard) begin(more ...string) *process {
	y.t.Helper()
	p := y.run("headgate", y.sweepArgs(append(more, "--engine", "river")...)...)
	c := y.connect()
	until(y.t, "the shards are there", func() bool {
		var n int
		return c.QueryRow(context.Background(), "SELECT count(*) FROM river_job WHERE state = 'available'").Scan(&n) == nil && n > 0
	})
	return p
}

// halt keeps workers from recording any shard until release is called: they decide, and wait in the middle of their transactions.
func (y *yard) halt() (release func()) {
	y.t.Helper()
	ctx := context.Background()
	c := y.connect()
	tx, err := c.Begin(ctx)
	if err == nil {
		_, err = tx.Exec(ctx, "LOCK TABLE sweep_shard IN SHARE MODE")
	}
	if err != nil {
		y.t.Fatal(err)
	}
	return func() { _ = tx.Rollback(ctx) } // the database may have gone away meanwhile, and the lock with it
}

// halted counts the shards that wait in the middle of their transactions.
func (y *yard) halted(c *pgx.Conn) (n int) {
	query := "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE sweep_shard%'"
	_ = c.QueryRow(context.Background(), query).Scan(&n) // none, if it does not answer
	return n
}

// outcome is everything that a ledger has, as text: one hash for each table, over all of its rows in order.
func (y *yard) outcome() string {
	y.t.Helper()
	ctx, c := context.Background(), y.connect()
	var all strings.Builder
	for _, table := range []string{"log_leaf", "log_hash", "checkpoint", "run", "part", "record", "finding_state", "finding_cve", "epoch", "branch_root", "sweep", "sweep_shard"} {
		rows, err := c.Query(ctx, "SELECT row_to_json(t)::text FROM "+table+" t ORDER BY 1")
		if err != nil {
			y.t.Fatal(err)
		}
		sum, n := sha256.New(), 0
		var row string
		_, err = pgx.ForEachRow(rows, []any{&row}, func() error {
			n++
			_, err := io.WriteString(sum, row+"\n")
			return err
		})
		if err != nil {
			y.t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s: %d rows, %x\n", table, n, sum.Sum(nil))
	}
	var twice int
	if err := c.QueryRow(ctx, "SELECT count(*) - count(DISTINCT (run, idx)) FROM record").Scan(&twice); err != nil || twice != 0 {
		y.t.Errorf("%d records are there twice: %v", twice, err)
	}
	return all.String()
}

// locally is what one process comes to on a copy of the yard, and it must have changed something.
func (y *yard) locally() string {
	y.t.Helper()
	other := y.copy(y.t)
	out := other.must(other.sweepArgs("-o", "json")...)
	if !strings.Contains(out, `"priority":`) {
		y.t.Fatalf("nothing came out otherwise:\n%s", out)
	}
	other.must("db", "check", "--ledger", other.where)
	return other.outcome()
}

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
	y.worker()
	c := y.connect()
	// What a case was decided on is gone: nobody can decide it again.
	if _, err := c.Exec(t.Context(), "DELETE FROM part WHERE name = 'inputs.ndjson.zst' OR name LIKE 'inputs%'"); err != nil {
		t.Fatal(err)
	}
	sweep := y.run("headgate", y.sweepArgs("--engine", "river")...)
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

func kevOf(findings int, grown bool) string {
	var all []string
	for n := range findings {
		if n%5 == 0 || grown && n%5 == 1 {
			all = append(all, fmt.Sprintf(`{"cveID":"CVE-2025-%d","vendorProject":"Example","product":"Gateway","vulnerabilityName":"…","dateAdded":"2026-11-19","shortDescription":"…","requiredAction":"…","dueDate":"2026-12-10"}`, 10000+n))
		}
	}
	version := "2026.11.19"
	if grown {
		version = "2026.11.21"
	}
	return fmt.Sprintf(`{"title":"…","catalogVersion":%q,"dateReleased":"%sT16:00:00.0000Z","count":%d,"vulnerabilities":[%s]}`,
		version, strings.ReplaceAll(version, ".", "-"), len(all), strings.Join(all, ","))
}

func epssOf(findings int, moved bool) string {
	var all strings.Builder
	day := "2026-11-19"
	if moved {
		day = "2026-11-21"
	}
	fmt.Fprintf(&all, "#model_version:v2026.06.15,score_date:%sT12:00:00Z\ncve,epss,percentile\n", day)
	for n := range findings {
		p := float64(n%10) / 100
		if moved && n%10 == 3 {
			p = 0.9
		}
		fmt.Fprintf(&all, "CVE-2025-%d,%.5f,%.5f\n", 10000+n, p, p)
	}
	return all.String()
}

func trivyOf(repository, findings int) string {
	var all []string
	for n := range findings {
		severity := []string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}[(n+repository)%4]
		all = append(all, fmt.Sprintf(`{"VulnerabilityID":"CVE-2025-%d","PkgName":"lib%d","PkgIdentifier":{"PURL":"pkg:npm/lib%d@1.0.0"},"InstalledVersion":"1.0.0","FixedVersion":"1.0.1","Severity":%q,"Title":"…"}`,
			10000+n, n%50, n%50, severity))
	}
	return fmt.Sprintf(`{"SchemaVersion":2,"CreatedAt":"2026-11-20T05:00:00Z","ArtifactName":"r%d","ArtifactType":"filesystem","Metadata":{},"Results":[{"Target":"package-lock.json","Class":"lang-pkgs","Type":"npm","Vulnerabilities":[%s]}]}`,
		repository, strings.Join(all, ","))
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
