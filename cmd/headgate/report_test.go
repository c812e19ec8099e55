package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
)

// figuresPage is the list of all figures as docs/kpis.md has it.
func figuresPage() string {
	var out strings.Builder
	group := ""
	for _, d := range kpi.Definitions {
		if g, _, _ := strings.Cut(d.ID, "."); g != group {
			group = g
		}
		each := ""
		if d.Each {
			each = ", of each priority"
		}
		better := ""
		if d.Better != "" {
			better = ", " + d.Better + " is better"
		}
		fmt.Fprintf(&out, "\n### %s\n\n`%s` · %s, %s the period%s%s\n\n%s\n\n", d.Name, d.ID, d.Unit, map[string]string{kpi.AtEnd: "at the end of", kpi.Within: "within"}[d.When],
			each, better, d.Text)
		fmt.Fprintf(&out, "- Formula: %s\n- Made of: %s\n", d.Formula, d.Source)
		if d.Bias != "" {
			fmt.Fprintf(&out, "- Mind: %s\n", d.Bias)
		}
	}
	return out.String()
}

func TestThePageOfFiguresListsThemAll(t *testing.T) {
	const file, from, to = "../../docs/kpis.md", "-update -->\n", "\n<!-- /figures -->"
	page := readFile(t, file)
	before, rest, ok := strings.Cut(page, from)
	_, after, ok2 := strings.Cut(rest, to[1:])
	if !ok || !ok2 {
		t.Fatal("docs/kpis.md has no place for the figures")
	}
	want := before + from + figuresPage() + to + after
	if page == want {
		return
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Error("docs/kpis.md does not list the figures as they are: go test ./cmd/headgate -run Figures -update")
}

func TestEveryFigureIsDefinedWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range kpi.Definitions {
		if d.Name == "" || d.Unit == "" || d.When == "" || d.Text == "" || d.Formula == "" || d.Source == "" || seen[d.ID] {
			t.Errorf("%s is not defined whole, or twice", d.ID)
		}
		seen[d.ID] = true
	}
}

// strangeReport has names that formats must not obey.
func strangeReport(t *testing.T) *kpi.Report {
	t.Helper()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	c, err := kpi.New(kpi.Options{At: now, Window: kpi.Period{Since: now.AddDate(0, 0, -91), Until: now}, Kind: kpi.FromLedger,
		DueDays: map[engine.Priority]float64{engine.Act: 3}, Targets: map[string]float64{"open.cases": 3}})
	if err != nil {
		t.Fatal(err)
	}
	c.Begun(now.AddDate(-1, 0, 0))
	for i, owner := range []string{"=cmd|'/c calc'!A1", "\x1b[31mred\x1b[0m", "##[error]team", "", "团队-付款-一个很长的名字-一个很长的名字-一个很长的名字", strings.Repeat("team", 100)} {
		x := &kpi.Case{Owner: owner, Priority: engine.Priorities[i%4], FirstSeen: now.AddDate(0, 0, -10), Spans: []kpi.Span{{From: now.AddDate(0, 0, -10)}}}
		c.Case(x)
		y := *x
		y.Spans = []kpi.Span{{From: now.AddDate(0, 0, -30), To: now.AddDate(0, 0, -20)}}
		c.Case(&y)
	}
	c.Ticket(&kpi.Ticket{Place: "p", Key: "k", Status: "=1+1\n", Resolution: "\x1b[2J"})
	return c.Report()
}

func TestAReportFitsItsSchemaWhateverTeamsAreCalled(t *testing.T) {
	r := strangeReport(t)
	var out bytes.Buffer
	if err := kpi.WriteJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	if err := valid(t, kpi.JSONSchema(), out.String()); err != nil {
		t.Error(err)
	}
	r.Figures[0].Unit = "severity"
	out.Reset()
	if err := kpi.WriteJSON(&out, r); err != nil {
		t.Fatal(err)
	}
	if valid(t, kpi.JSONSchema(), out.String()) == nil {
		t.Error("the schema takes any unit")
	}
}

func TestNoCellOfAReportIsAFormulaAndNoLineACommand(t *testing.T) {
	r := strangeReport(t)
	var out bytes.Buffer
	if err := writeReportCSV(&out, r); err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(r.Figures)+1 {
		t.Errorf("%d lines of %d figures", len(all), len(r.Figures))
	}
	for _, line := range all[1:] {
		for _, cell := range line {
			if strings.HasPrefix(cell, "=") || strings.ContainsAny(cell, "\x1b\n") {
				t.Errorf("cell %q", cell)
			}
		}
	}
	for _, width := range []int{40, 60, 80, 120, 200} {
		out.Reset()
		a := &app{width: width}
		if err := a.writeReportText(&out, r); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); strings.Contains(text, "\x1b") || strings.Contains(text, "##[error]") {
			t.Errorf("the text at %d columns:\n%s", width, text)
		}
	}
}

func TestTargetsAreOfFiguresThatThereAre(t *testing.T) {
	for text, good := range map[string]bool{"exposure.half_life.act: 3": true, "due.compliance: 0.95": true, "open.cases.track*: 5": true, "exposure.halflife: 3": false,
		"exposure.half_life.urgent: 3": false, "due.compliance: 95": false, "open.cases: -1": false, "gate.block_rate.act: 0.1": false} {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "headgate.yaml"), []byte("kpi:\n  "+text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := loadSettings(workingTree, folder); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestAReportOfAResultSaysWhatIsOpenAndNothingOfHistory(t *testing.T) {
	result := filepath.Join(t.TempDir(), "result.json")
	run := func(args ...string) string {
		var out, errs bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
		if status := a.run(t.Context(), args); status > statusBlocked {
			t.Fatalf("%q: status %d: %s", args, status, errs.String())
		}
		return out.String()
	}
	run("gate", "../../examples/checkout/reports", "--settings", "../../examples/checkout/.headgate", "--now", "2026-08-14", "-o", "json="+result)
	text := run("report", result, "-o", "json")
	if err := valid(t, kpi.JSONSchema(), text); err != nil {
		t.Error(err)
	}
	var r kpi.Report
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	for id, known := range map[string]bool{"open.cases": true, "noise.fixes": true, "noise.cut": true, "paths.validated": true, "exposure.half_life": false, "backlog.opened": false,
		"gate.block_rate": false, "evidence.signed": false} {
		if f := r.Find(id, ""); (f.Value != nil) != known || known == (f.Absent != "") {
			t.Errorf("%s: %+v", id, f)
		}
	}
	if f := r.Find("open.cases", ""); f.Value == nil || *f.Value != 30 {
		t.Errorf("%+v", f)
	}
}
