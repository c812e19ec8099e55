package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/kpi"
)

// A gate that judges a change leaves the time that it took beside its run, and nothing else does: neither one with another clock, nor a bundle,
// nor the same run again.
func TestTheTimeThatAGateTookIsAFigureOfTheLedger(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS("checkout", os.DirFS(filepath.Join(root, "examples", "checkout"))); err != nil {
		t.Fatal(err)
	}
	at, step := time.Date(2026, 8, 17, 9, 0, 0, 0, time.UTC), time.Duration(0)
	run := func(args ...string) string {
		var out, errs bytes.Buffer
		looks := 0
		a := &app{stdout: &out, stderr: &errs, stdin: strings.NewReader(""), getenv: func(string) string { return "" }, now: func() time.Time {
			looks++
			return at.Add(time.Duration(looks-1) * step) // it is later each time that somebody looks
		}}
		if status := a.run(t.Context(), args); status > statusBlocked {
			t.Fatalf("headgate %s: status %d: %s", strings.Join(args, " "), status, errs.String())
		}
		return out.String()
	}
	figure := func(id string) *kpi.Figure {
		var r kpi.Report
		if err := json.Unmarshal([]byte(run("report", "--ledger", "ledger.db", "--now", "2026-08-18", "-o", "json")), &r); err != nil {
			t.Fatal(err)
		}
		return r.Find(id, "")
	}
	gate := []string{"gate", "checkout", "--event", "merge_group", "--base", "HEAD", "--ledger", "ledger.db", "-o", "json=result.json"}
	gitIn(t, ".", "init", "-q", "-b", "main")
	gitIn(t, ".", "add", ".")
	gitIn(t, ".", "commit", "-qm", "base")

	run(append(gate, "--now", "2026-08-16")...)
	run(gate...) // by a clock that stands still
	if f := figure("gate.latency"); f.Value != nil || !strings.Contains(f.Absent, "how long it took") {
		t.Errorf("of runs that were not timed it is %+v", f)
	}
	at, step = at.Add(time.Hour), 1234*time.Millisecond
	run(append(gate, "--evidence", "bundle")...)
	for id, least := range map[string]float64{"gate.latency": 1.24, "gate.latency_p95": 1.24} {
		if f := figure(id); f.Value == nil || *f.Value < least || f.N == nil || *f.N != 1 || f.Unit != kpi.UnitSeconds {
			t.Errorf("%s is %+v", id, f)
		}
	}
	before := *figure("gate.latency").Value
	step = time.Hour
	run("evidence", "append", "bundle", "--ledger", "ledger.db")
	run("evidence", "append", "bundle", "--ledger", "other.db")
	if now := figure("gate.latency"); now.Value == nil || *now.Value != before {
		t.Errorf("a bundle changes it to %+v", now)
	}
	run("db", "rebuild", "--ledger", "ledger.db")
	if now := figure("gate.latency"); now.Value == nil || *now.Value != before {
		t.Errorf("a rebuild changes it to %+v", now)
	}
	if text := run("report", "--ledger", "ledger.db", "--now", "2026-08-18", "-o", "text"); !strings.Contains(text, "Gate latency  ") {
		t.Errorf("the text does not tell it:\n%s", text)
	}
	if text := run("report", "--ledger", "ledger.db", "--now", "2026-08-18", "-o", "openmetrics"); !regexp.MustCompile(`(?m)^headgate_gate_latency_p95_seconds [1-9]`).MatchString(text) {
		t.Errorf("the metrics do not tell it:\n%s", text)
	}
}
