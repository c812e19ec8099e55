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

// rowsOfSweep is what a sweep over two repositories reads, in rows of each table and its indexes, as the server counts them: of one repository a
// CVE came into the catalogue since, of the other so many cases stand as they are.
func rowsOfSweep(t *testing.T, still int) map[string]int64 {
	y := &yard{t: t, folder: t.TempDir(), where: pgtest.Start(t).Database(t)}
	writeFile(t, y.path("settings", "headgate.yaml"), "{}\n")
	writeFile(t, y.path("intel", "kev.json"), kevOf(5, false))
	finding := func(n, cve int) string {
		return fmt.Sprintf(`{"VulnerabilityID":"CVE-2025-%d","PkgName":"p%d","PkgIdentifier":{"PURL":"pkg:npm/p%d@1.0.0"},"InstalledVersion":"1.0.0","Severity":"HIGH"}`, 10000+cve, n, n)
	}
	for name, findings := range map[string]int{"moving": 1, "still": still} {
		var all []string
		for n := range findings {
			cve := 5
			if name == "still" {
				cve = 11 + n%30
			}
			all = append(all, finding(n, cve))
		}
		report := y.path(name + ".json")
		writeFile(t, report, `{"SchemaVersion":2,"ArtifactName":".","ArtifactType":"repository","Results":[{"Target":"package-lock.json","Class":"lang-pkgs","Type":"npm","Vulnerabilities":[`+strings.Join(all, ",")+`]}]}`)
		y.must("gate", report, "--ledger", y.where, "--repository", "acme/"+name, "--branch", "main", "--event", "push", "--report-only", "--intel", y.path("intel"),
			"--settings", y.path("settings"), "--now", "2026-11-20T06:00:00Z")
	}
	sweep := func(now string) *process {
		// Of a few hundred cases the server reads all, as that is as quick: so it is asked to use an index wherever one serves.
		return y.run("headgate", "reassess", "--ledger", y.where+"&options=-c%20enable_seqscan%3Doff", "--every-repository", "--settings", y.path("settings"),
			"--intel", y.path("intel"), "--now", now, "-o", "json="+y.path(now+".json"))
	}
	if p := sweep("2026-11-20T07:00:00Z"); p.status() != statusPass {
		t.Fatal(p.stderr)
	}
	y.alone()
	c := y.connect()
	if _, err := c.Exec(context.Background(), "SELECT pg_stat_reset()"); err != nil {
		t.Fatal(err)
	}
	writeFile(t, y.path("intel", "kev.json"), kevOf(6, false))
	if p := sweep("2026-11-20T08:00:00Z"); p.status() != statusPass {
		t.Fatal(p.stderr)
	}
	y.alone() // what a connection read is counted when it ends
	if came, err := os.ReadFile(y.path("2026-11-20T08:00:00Z.json")); err != nil || strings.Count(string(came), `"finding":`) != 1 || !strings.Contains(string(came), "CVE-2025-10005") {
		t.Fatalf("not one came out otherwise: %s, %v", came, err)
	}
	rows, err := c.Query(context.Background(), `SELECT relname, coalesce(seq_tup_read, 0) + coalesce((SELECT sum(idx_tup_read) FROM pg_stat_user_indexes i WHERE i.relid = s.relid), 0)
		FROM pg_stat_user_tables s`)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]int64{}
	var table string
	var n int64
	if _, err := pgx.ForEachRow(rows, []any{&table, &n}, func() error { read[table] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return read
}

// What a sweep costs goes by what changed: cases of which nothing did are not read, however many there are.
func TestASweepReadsNoneOfTheCasesOfWhichNothingChanged(t *testing.T) {
	t.Parallel()
	few, many := rowsOfSweep(t, 60), rowsOfSweep(t, 600)
	if few["finding_state"] == 0 || few["record"] == 0 {
		t.Fatalf("the server counts nothing: %v", few)
	}
	for table, n := range many {
		if n > few[table]+10 { // rows that are dead and not yet taken away
			t.Errorf("of the table %s it reads %d rows where 600 cases stand as they are, and %d where 60 do", table, n, few[table])
		}
	}
}
