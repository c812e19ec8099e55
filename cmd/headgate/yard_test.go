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
	"sync/atomic"
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
	return 6, 300, "100"
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
	yard  *yard
	swept string // what one process comes to
}

// copies counts the copies, of the estate and of its copies: their databases are on one server.
var copies atomic.Int64

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
	writeFile(t, y.path("settings", "headgate.yaml"), "params: {waivers: {allow_unverified: true}}\n")
	writeFile(t, y.path("settings", "waivers.yaml"), waiversOfEstate)
	writeFile(t, y.path("settings", "assets.yaml"), assetsOfEstate)
	for r := range repositories {
		report := y.path("reports", fmt.Sprintf("%d.json", r))
		writeFile(t, report, trivyOf(r, findings))
		y.must("gate", report, "--ledger", y.where, "--repository", fmt.Sprintf("acme/r%d", r), "--branch", "main", "--event", "push", "--intel", y.path("intel-old"),
			"--settings", y.path("settings"), "--now", "2026-11-20T06:00:00Z")
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
	c, err := pgx.ParseConfig(y.where)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("copy%d", copies.Add(1))
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
	return append([]string{"reassess", "--ledger", y.where, "--every-repository", "--settings", y.path("settings"), "--assets", y.path("settings", "assets.yaml"),
		"--waivers", y.path("settings", "waivers.yaml"), "--intel", y.path("intel-new"), "--now", "2026-11-22T06:00:00Z", "--shard-size", size}, more...)
}

// A process is the program at work on its own.
type process struct {
	*exec.Cmd
	t      *testing.T
	stderr *syncBuilder
	ended  chan struct{}
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

// patience is longer than any machine needs: what takes it will not come.
const patience = 5 * time.Minute

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
	for _, table := range []string{"log_leaf", "log_hash", "checkpoint", "run", "part", "record", "finding_state", "epoch", "branch_root", "effect", "sweep", "sweep_shard"} {
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

// assetsOfEstate lead from the internet over two of the repositories to what attackers are after.
const assetsOfEstate = `assets:
  - id: edge
    exposure: internet
    environment: production
    match: {repositories: [acme/r0]}
    reaches: [payments]
  - id: payments
    exposure: internal
    criticality: mission_critical
    data: [pci]
    environment: production
    match: {repositories: [acme/r1]}
  - id: back-office
    exposure: isolated
    match: {repositories: [acme/r2]}
`

const waiversOfEstate = `waivers:
  - id: w-lib7
    package: pkg:npm/lib7
    reason: only used in the build
    approver: ana@example.com
    created: 2026-11-01
    expires: 2026-11-21
  - id: w-lib8
    package: pkg:npm/lib8
    reason: only used in the build
    approver: ana@example.com
    created: 2026-11-01
    expires: 2026-12-10
`
