package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/integrations/store"
)

// An estate is a repository with settings, threat data and a ledger, for sweeps.
type estateFolder struct {
	t      *testing.T
	dir    string
	now    time.Time
	kev    map[string]string  // CVE → date
	epss   map[string]float64 // by CVE
	assets map[string]string  // id → exposure
	waived map[string]string  // CVE → last day
	stderr bytes.Buffer

	longWork time.Duration // what a log is told of; 0: there is no log
}

const estateCVEs = 24

func newEstate(t *testing.T) *estateFolder {
	e := &estateFolder{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), kev: map[string]string{}, epss: map[string]float64{},
		assets: map[string]string{}, waived: map[string]string{}}
	t.Chdir(e.dir)
	var matches []string
	for i := range estateCVEs {
		cve := cveOf(i)
		e.epss[cve] = float64(i) / 1000
		severity := []string{"Low", "Medium", "High", "Critical"}[i%4]
		matches = append(matches, fmt.Sprintf(`{"vulnerability":{"id":%q,"severity":%q,"fix":{"versions":["2.0.0"],"state":"fixed"}},"artifact":{"name":"p%d","version":"1.0.0","type":"npm","purl":"pkg:npm/p%d@1.0.0","locations":[{"path":"part%d/package-lock.json"}]}}`,
			cve, severity, i, i, i%3))
	}
	for i := range 3 {
		e.assets[fmt.Sprintf("part%d", i)] = "internal"
	}
	e.write("grype.json", `{"matches":[`+strings.Join(matches, ",")+`],"source":{"type":"directory","target":"."},"descriptor":{"name":"grype","version":"0.80.0"}}`)
	e.write(".headgate/headgate.yaml", "repository: acme/shop\nparams:\n  waivers: {allow_unverified: true}\n")
	e.settle()
	return e
}

func cveOf(i int) string { return fmt.Sprintf("CVE-2026-%04d", i+1) }

func (e *estateFolder) write(name, text string) {
	e.t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		e.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		e.t.Fatal(err)
	}
}

// settle writes what is set up as it is now.
func (e *estateFolder) settle() {
	var entries []string
	entry := func(cve, date string) {
		entries = append(entries, fmt.Sprintf(`{"cveID":%q,"vendorProject":"a","product":"b","vulnerabilityName":"c","dateAdded":%q,"shortDescription":"d","requiredAction":"e","dueDate":"2027-01-01","knownRansomwareCampaignUse":"Unknown","notes":"","cwes":[]}`, cve, date))
	}
	entry("CVE-2020-1111", "2020-01-02")
	for _, cve := range slices.Sorted(maps.Keys(e.kev)) {
		entry(cve, e.kev[cve])
	}
	e.write(".headgate/intel/kev.json", fmt.Sprintf(`{"title":"CISA Catalog of Known Exploited Vulnerabilities","catalogVersion":%q,"dateReleased":%q,"count":%d,"vulnerabilities":[%s]}`,
		e.now.Format("2006.01.02"), e.now.Format(time.RFC3339), len(entries), strings.Join(entries, ",\n")))
	scores := "#model_version:v2026.06.15,score_date:" + e.now.Format(time.RFC3339) + "\ncve,epss,percentile\n"
	for _, cve := range slices.Sorted(maps.Keys(e.epss)) {
		scores += fmt.Sprintf("%s,%.5f,%.5f\n", cve, e.epss[cve], e.epss[cve])
	}
	e.write(".headgate/intel/epss.csv", scores)
	assets := "assets:\n"
	for _, id := range slices.Sorted(maps.Keys(e.assets)) {
		assets += fmt.Sprintf("  - {id: %s, exposure: %s, environment: production, criticality: operational, match: {paths: [\"%s/**\"]}}\n", id, e.assets[id], id)
	}
	e.write(".headgate/assets.yaml", assets)
	waivers := "waivers:\n"
	for _, cve := range slices.Sorted(maps.Keys(e.waived)) {
		waivers += fmt.Sprintf("  - {id: w-%s, finding: %s, reason: not now, created: 2026-11-01, expires: %s, while: {kev: false, epss_below: 0.5}}\n", strings.ToLower(cve), cve, e.waived[cve])
	}
	if len(e.waived) == 0 {
		waivers = "waivers: []\n"
	}
	e.write(".headgate/waivers.yaml", waivers)
}

// change changes something at random, and lets time pass.
func (e *estateFolder) change(r *rand.Rand) {
	cve := cveOf(r.IntN(estateCVEs))
	switch r.IntN(7) {
	case 0:
		e.kev[cve] = e.now.Format(time.DateOnly)
	case 1:
		delete(e.kev, cve)
	case 2, 3:
		e.epss[cve] = float64(r.IntN(1000)) / 1000
	case 4:
		e.assets[fmt.Sprintf("part%d", r.IntN(3))] = []string{"internet", "partner", "internal", "isolated"}[r.IntN(4)]
	case 5:
		e.waived[cve] = e.now.AddDate(0, 0, 1+r.IntN(20)).Format(time.DateOnly)
	case 6:
		delete(e.waived, cve)
	}
	if r.IntN(2) == 0 {
		e.now = e.now.Add(time.Duration(r.IntN(30*24)) * time.Hour)
	}
}

func (e *estateFolder) run(args ...string) (int, string) {
	var out bytes.Buffer
	e.stderr.Reset()
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &e.stderr, getenv: func(string) string { return "" }, now: func() time.Time { return e.now },
		logged: e.longWork > 0, longWork: e.longWork}
	return a.run(e.t.Context(), args), out.String()
}

func (e *estateFolder) must(args ...string) string {
	e.t.Helper()
	status, out := e.run(args...)
	if status != statusPass {
		e.t.Fatalf("%q ends with %d: %s%s", args, status, out, e.stderr.String())
	}
	return out
}

// state is what a ledger has open, in short, and how many records its log has.
func (e *estateFolder) state(ledger string) (all []string) {
	e.t.Helper()
	l, err := store.OpenExisting(e.t.Context(), ledger)
	if err != nil {
		e.t.Fatal(err)
	}
	defer l.Close()
	for s, err := range l.Open(e.t.Context(), store.Selection{NoInputs: true}) {
		if err != nil {
			e.t.Fatal(err)
		}
		d := s.Record.Decision
		var rules []string
		for _, r := range d.Reasons {
			rules = append(rules, r.Rule)
		}
		slices.Sort(rules)
		all = append(all, fmt.Sprintf("%s %s on %s: %s %s due %s overdue %t by %q under %q", s.State.Status, d.Finding.Name, s.State.Asset, d.Priority, d.Action,
			d.Due.Format(time.RFC3339), d.Overdue, rules, d.Waivers))
	}
	return all
}

// Whatever changes, looking only at what changed leaves what deciding everything again leaves, and a second look finds nothing more.
func TestADeltaLeavesWhatAFullSweepLeaves(t *testing.T) {
	seeds, rounds := uint64(1), 5
	if os.Getenv("HEADGATE_LONG") != "" {
		seeds, rounds = 20, 15
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			e := newEstate(t)
			for _, ledger := range []string{"delta.db", "full.db"} {
				e.must("gate", "grype.json", "--ledger", ledger, "--branch", "main", "--event", "push", "--report-only")
			}
			moved := 0
			for round := range rounds {
				for range 1 + r.IntN(4) {
					e.change(r)
				}
				e.settle()
				before := e.state("delta.db")
				e.must("reassess", "--ledger", "delta.db")
				e.must("reassess", "--ledger", "full.db", "--all")
				delta, full := e.state("delta.db"), e.state("full.db")
				for i := range delta {
					if delta[i] != full[i] {
						t.Errorf("round %d:\na delta leaves      %s\na full sweep leaves %s", round, delta[i], full[i])
					}
					if delta[i] != before[i] {
						moved++
					}
				}
				if out := e.must("reassess", "--ledger", "delta.db", "-o", "json"); !strings.Contains(out, `"transitions": []`) {
					t.Errorf("round %d: a second look finds more: %s", round, out)
				}
			}
			if moved == 0 {
				t.Error("nothing ever changed: the test shows nothing")
			}
			e.must("db", "check", "--ledger", "delta.db")
		})
	}
}

func TestASecondSweepIsToldThatOneRuns(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	l, err := store.OpenExisting(t.Context(), "ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	release, err := l.LockSweep(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := e.run("reassess", "--ledger", "ledger.db"); status != statusUndecided || !strings.Contains(e.stderr.String(), "another sweep is at work on it") {
		t.Errorf("status %d: %s", status, e.stderr.String())
	}
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only") // runs are appended as ever
	release()
	e.must("reassess", "--ledger", "ledger.db")
}

func TestAClockThatWentBackDecidesNothing(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	e.must("reassess", "--ledger", "ledger.db")
	before := e.state("ledger.db")
	e.now = e.now.AddDate(0, 0, -3)
	if status, _ := e.run("reassess", "--ledger", "ledger.db", "--all"); status != statusUndecided || !strings.Contains(e.stderr.String(), "the clock went back") {
		t.Errorf("status %d: %s", status, e.stderr.String())
	}
	if !slices.Equal(before, e.state("ledger.db")) {
		t.Error("something changed all the same")
	}
}

// Whether the gate or a sweep had a clock that was ahead, what it decided too early is decided again.
func TestAClockThatWasAheadIsMadeGood(t *testing.T) {
	e := newEstate(t)
	gate := func() {
		e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	}
	overdue := func() int { return strings.Count(strings.Join(e.state("ledger.db"), "\n"), "overdue true") }
	gate()
	right := e.now.Add(time.Hour)
	e.now = right.AddDate(1, 0, 0)
	gate()
	if overdue() == 0 {
		t.Fatal("nothing is overdue in a year: the test shows nothing")
	}
	e.now = right
	e.must("reassess", "--ledger", "ledger.db")
	if n := overdue(); n != 0 {
		t.Errorf("after a gate that was ahead, %d cases are still overdue", n)
	}
	e.now = right.AddDate(1, 0, 0)
	e.must("reassess", "--ledger", "ledger.db")
	e.now = right.Add(time.Hour)
	if status, _ := e.run("reassess", "--ledger", "ledger.db"); status != statusUndecided || !strings.Contains(e.stderr.String(), "--all with --now") {
		t.Errorf("status %d: %s", status, e.stderr.String())
	}
	e.must("reassess", "--ledger", "ledger.db", "--all", "--now", e.now.Format(time.RFC3339))
	if n := overdue(); n != 0 {
		t.Errorf("after a sweep that was ahead, %d cases are still overdue", n)
	}
	e.must("reassess", "--ledger", "ledger.db")
	e.now = right.AddDate(0, 0, 20)
	e.must("reassess", "--ledger", "ledger.db")
	if overdue() == 0 {
		t.Error("what is overdue in twenty days is not noticed any more")
	}
	e.must("evidence", "verify", "ledger.db")
	e.must("db", "check", "--ledger", "ledger.db")
}

func TestWhatAnotherRepositoryHasIsLeftAloneUnlessItIsAskedFor(t *testing.T) {
	e := newEstate(t)
	for _, repository := range []string{"acme/shop", "acme/other"} {
		e.must("gate", "grype.json", "--repository", repository, "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	}
	e.kev[cveOf(3)] = "2026-11-01"
	e.now = e.now.Add(time.Hour)
	e.settle()
	if out := e.must("reassess", "--ledger", "ledger.db"); strings.Count(out, "KEV added") != 1 || !strings.Contains(out, "acme/shop main") {
		t.Errorf("own: %s", out)
	}
	if out := e.must("reassess", "--ledger", "ledger.db", "--every-repository"); strings.Count(out, "KEV added") != 1 || !strings.Contains(out, "acme/other main") {
		t.Errorf("every: %s", out)
	}
}

func TestAReassessmentFitsTheSchemaThatIsPrinted(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	e.kev[cveOf(3)] = "2026-11-01"
	e.settle()
	schema := e.must("schema", "reassessment")
	for _, flags := range [][]string{{"--dry-run"}, nil, {"--all"}} {
		out := e.must(append([]string{"reassess", "--ledger", "ledger.db", "-o", "json"}, flags...)...)
		if err := valid(t, []byte(schema), out); err != nil {
			t.Errorf("%v: %v\n%s", flags, err, out)
		}
	}
}

// forgedManifest makes the run of a manifest of which nothing is so but the state, in the folder forged.
func (e *estateFolder) forgedManifest(number int64, state evidence.StateRoot) (evidence.Run, error) {
	terms := evidence.Terms{At: e.now, Epoch: number, Builtins: evidence.BuiltinsDigest(), Policy: evidence.PolicyTerms{PolicyInfo: engine.PolicyInfo{Packs: []string{}}}, Reports: []engine.Report{}}
	if err := os.Mkdir("forged", 0o777); err != nil {
		return nil, err
	}
	w, err := evidence.NewWriter(func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join("forged", name)) }, terms, nil)
	if err != nil {
		return nil, err
	}
	err = w.Add(evidence.Record{Kind: evidence.KindEpoch, Epoch: &evidence.Epoch{Number: number, Candidates: map[string]int64{}, Runs: []string{}, State: state}})
	if err != nil {
		return nil, err
	}
	if _, err := w.Close(evidence.Outcome{}); err != nil {
		return nil, err
	}
	b, _, err := openBundle("forged")
	return b, err
}

// A manifest says what need not be looked at again: one from elsewhere holds together, and the ledger does not take it.
func TestAManifestFromElsewhereComesIntoNoLedger(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	l, err := store.OpenExisting(t.Context(), "ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	state, err := l.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.forgedManifest(1, state); err != nil {
		t.Fatal(err)
	}
	if status, out := e.run("evidence", "append", "forged", "--ledger", "ledger.db"); status != statusUndecided || !strings.Contains(e.stderr.String(), "a run of a sweep") {
		t.Errorf("status %d: %s%s", status, out, e.stderr.String())
	}
	if out := e.must("reassess", "--ledger", "ledger.db"); !strings.Contains(out, "Sweep 1 is leaf 1 of the log") {
		t.Errorf("then %s", out)
	}
}

// A manifest that says of what is open what is not so holds together by itself; what the records of all runs come to shows it.
func TestAManifestThatSaysOtherwiseThanTheRecordsIsFound(t *testing.T) {
	e := newEstate(t)
	e.must("gate", "grype.json", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	e.must("reassess", "--ledger", "ledger.db")
	e.must("evidence", "verify", "ledger.db")
	l, err := store.OpenExisting(t.Context(), "ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	forged := store.Sweep{Number: 2, Close: func(state evidence.StateRoot, runs []string) (evidence.Run, error) {
		state.Cases--
		return e.forgedManifest(2, state)
	}}
	if _, err := l.AppendSweep(t.Context(), forged, evidence.Seal{Origin: "acme/shop"}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if status, out := e.run("evidence", "verify", "ledger.db"); status != statusLevel+evidence.LevelRun || !strings.Contains(out, "after sweep 2") {
		t.Errorf("verify: status %d: %s", status, out)
	}
	if status, out := e.run("db", "check", "--ledger", "ledger.db"); status != statusBlocked || !strings.Contains(out, "after sweep 2") {
		t.Errorf("check: status %d: %s", status, out)
	}
}

// The gate has reports and a sweep has none. Where they know the same otherwise they come to the same, also when dates pass.
func TestASweepComesToWhatTheGateComesTo(t *testing.T) {
	seeds, rounds := uint64(1), 3
	if os.Getenv("HEADGATE_LONG") != "" {
		seeds, rounds = 10, 10
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 9))
		e := newEstate(t)
		gate := func(ledger string) {
			e.must("gate", "grype.json", "--ledger", ledger, "--branch", "main", "--event", "push", "--report-only")
		}
		gate("swept.db")
		gate("gated.db")
		for round := range rounds {
			for range 1 + r.IntN(4) {
				e.change(r)
			}
			e.now = e.now.AddDate(0, 0, 15)
			e.settle()
			e.must("reassess", "--ledger", "swept.db")
			gate("gated.db")
			swept, gated := e.state("swept.db"), e.state("gated.db")
			for i := range gated {
				if swept[i] != gated[i] {
					t.Errorf("seed %d, round %d:\na sweep leaves  %s\nthe gate leaves %s", seed, round, swept[i], gated[i])
				}
			}
			if !strings.Contains(strings.Join(gated, "\n"), "overdue true") {
				t.Error("nothing is overdue: the test shows less than it should")
			}
		}
	}
}

func TestWhatAFileOfTheSettingsSaysIsNewToRepositoriesThatItWasNotAbout(t *testing.T) {
	e := newEstate(t)
	for _, repository := range []string{"acme/shop", "acme/other"} {
		e.must("gate", "grype.json", "--repository", repository, "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only",
			"--assets", ".headgate/assets.yaml")
	}
	e.now = e.now.Add(time.Hour)
	e.assets["part0"], e.waived[cveOf(3)], e.kev[cveOf(6)] = "internet", "2026-11-20", "2026-11-01"
	e.settle()
	e.must("reassess", "--ledger", "ledger.db", "--every-repository")
	for _, what := range []string{"assets", "waivers"} {
		with := []string{"reassess", "--ledger", "ledger.db", "--every-repository", "--" + what, ".headgate/" + what + ".yaml", "--dry-run"}
		delta, _, _ := strings.Cut(e.must(with...), "Decided again")
		full, _, _ := strings.Cut(e.must(append(with, "--all")...), "Decided again")
		if delta != full || !strings.Contains(full, "acme/other main") {
			t.Errorf("%s: a delta says\n%s\na full sweep\n%s", what, delta, full)
		}
	}
}

// What a run decided while a sweep was at work is as that run left it; what the sweep found on other branches is recorded all the same.
func TestARunThatComesBeforeASweepIsRecordedLosesNothing(t *testing.T) {
	e := newEstate(t)
	gate := func(ledger, branch string) {
		e.must("gate", "grype.json", "--ledger", ledger, "--branch", branch, "--event", "push", "--report-only")
	}
	for _, ledger := range []string{"between.db", "after.db"} {
		gate(ledger, "main")
		gate(ledger, "release")
	}
	e.now = e.now.Add(time.Hour)
	e.kev[cveOf(3)], e.kev[cveOf(6)] = "2026-11-01", "2026-11-01"
	e.settle()
	ctx, s := e.sweeper("between.db")
	var shards []shardOfSweep
	err := s.ledger.Survey(ctx, func(v *store.Survey) (err error) {
		shards, err = s.survey(ctx, v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	outcomes, err := s.decideHere(ctx, shards)
	if err != nil {
		t.Fatal(err)
	}
	gate("between.db", "main")
	var decided shardOutcome
	if err := json.Unmarshal(outcomes[0], &decided); err != nil || len(outcomes) != 1 {
		t.Fatal(len(outcomes), err)
	}
	s.came = &sweep.Reassessment{Policy: s.run.policy.Info()}
	moved := (*store.MovedError)(nil) // all of a branch at once: a sweep does not begin anew for each of thousands
	if err := s.appendAll(ctx, t.TempDir(), &evidence.Epoch{Number: s.plan.Epoch}, decided.Changed); !errors.As(err, &moved) || len(moved.Places) != 2 {
		t.Errorf("of what came between it says %v", err)
	}
	if err := s.conclude(ctx, outcomes); err != nil {
		t.Fatal(err)
	}
	if len(s.came.Changed) != 2 || s.came.Epoch.Changed != 2 || slices.ContainsFunc(s.came.Changed, func(c sweep.Transition) bool { return c.Branch != "release" }) {
		t.Errorf("recorded are %+v", s.came.Changed)
	}
	e.must("reassess", "--ledger", "after.db")
	if between, after := e.state("between.db"), e.state("after.db"); !slices.Equal(between, after) {
		t.Errorf("a run between leaves\n%s\nnone leaves\n%s", strings.Join(between, "\n"), strings.Join(after, "\n"))
	}
	e.must("db", "check", "--ledger", "between.db")
	e.must("evidence", "verify", "between.db")
	if out := e.must("reassess", "--ledger", "between.db", "-o", "json"); !strings.Contains(out, `"transitions": []`) {
		t.Errorf("a second look finds more: %s", out)
	}
}
