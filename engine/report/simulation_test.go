package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// simulation is one with something of everything; names are hostile.
func simulation() *engine.Simulation {
	k := engine.ChangedCase{Result: "results/<b>|1.json", Change: engine.Stricter, Asset: "check`out\x1b[31m", Owner: "@team", Rules: []string{"acme.high", "sla.due"},
		Finding: engine.Finding{ID: "hg1-1", IDs: []string{"hg1-1"}, Kind: engine.KindVulnerability, Title: "x",
			Vulnerability: &engine.Vulnerability{ID: "CVE-2021-44228", CVEs: []string{"CVE-2021-44228"}}, Sources: []engine.Source{}},
		Before: engine.ChangedDecision{Priority: engine.TrackStar, Action: engine.Warn},
		After:  engine.ChangedDecision{Priority: engine.Act, Action: engine.Block, Due: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}}
	group := func(name string) []engine.ChangedGroup {
		return []engine.ChangedGroup{{Name: name, Stricter: 1, Examples: []engine.ChangedCase{k}}}
	}
	return &engine.Simulation{Schema: engine.SimulationSchema, Outcome: engine.Stricter, Results: 2, Changes: engine.Changes{Cases: 3, Stricter: 1, Reworded: 1},
		From:   engine.SimulatedSide{Policy: engine.PolicyInfo{Digest: "sha256:1111111111111111", Source: "shipped", Packs: []string{"ssvc"}}},
		To:     engine.SimulatedSide{Policy: engine.PolicyInfo{Digest: "sha256:2222222222222222", Revision: "v2", Packs: []string{"ssvc"}}, Waivers: "waivers.yaml"},
		Before: engine.Counts{Cases: 3, TrackStar: 1, Track: 2, Warn: 1, Pass: 2}, After: engine.Counts{Cases: 3, Act: 1, Track: 2, Block: 1, Pass: 2, Overdue: 1},
		Examples: []engine.ChangedCase{k}, Rules: group("acme.high"), Assets: group(k.Asset), Owners: group(""),
		NewlyBlocking: engine.ChangedResults{Results: 12, Examples: []engine.ChangedResult{{Result: k.Result, Now: time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC),
			Change: engine.RunChange{Event: engine.EventPullRequest, Repository: "acme/shop"}, Before: engine.Warn, After: engine.Block, Cases: 1, ReportOnly: true}}},
		NewlyPassing: engine.ChangedResults{Examples: []engine.ChangedResult{}}}
}

func writeSimulation(t *testing.T, format string, s *engine.Simulation, o report.Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := report.Simulation(&out, format, s, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestASimulationInJSONIsValidByItsSchema(t *testing.T) {
	s := schema(t, report.SimulationSchema())
	validate(t, s, []byte(writeSimulation(t, "json", simulation(), report.Options{})))
}

func TestASimulationSaysWhatWouldChangeAndForWhom(t *testing.T) {
	text := writeSimulation(t, "text", simulation(), report.Options{Width: 120})
	for _, want := range []string{"stricter: 12 of 2 builds would newly block", "3 cases in 2 results: 1 stricter, 1 alike for other reasons",
		"act           0      1  +1", "overdue       0      1  +1", "pull_request · acme/shop · 21 Nov 2026 · warn → block · 1 case · recorded as report-only",
		"and 11 builds", "acme.high: 1 stricter", "warn → block, track* → act, due none → 24 Nov 2026", "no owner: 1 stricter", "v2, waivers waivers.yaml"} {
		if !strings.Contains(text, want) {
			t.Errorf("not said: %s\n%s", want, text)
		}
	}
	equal := writeSimulation(t, "text", &engine.Simulation{Outcome: engine.Equal, Results: 1}, report.Options{})
	if !strings.Contains(equal, "equal: every case is decided alike") || strings.Contains(equal, "By rule") {
		t.Error(equal)
	}
}

func TestASimulationLetsNoNameBecomeMarkupOrControl(t *testing.T) {
	for _, format := range []string{"text", "markdown"} {
		for _, width := range []int{48, 80, 200} {
			text := writeSimulation(t, format, simulation(), report.Options{Width: width})
			if strings.Contains(text, "\x1b") {
				t.Errorf("%s has a terminal control", format)
			}
			for line := range strings.Lines(text) {
				if format == "text" && len([]rune(strings.TrimRight(line, "\n"))) > width {
					t.Errorf("a line wider than %d: %s", width, line)
				}
			}
		}
	}
	markdown := writeSimulation(t, "markdown", simulation(), report.Options{})
	for _, bad := range []string{" <b>", "| @team", "\n<b>"} {
		if strings.Contains(markdown, bad) {
			t.Errorf("Markdown has %q:\n%s", bad, markdown)
		}
	}
	if !strings.Contains(markdown, "`results/<b>|1.json`") || !strings.Contains(markdown, "``check`out") {
		t.Errorf("names are no code spans:\n%s", markdown)
	}
}
