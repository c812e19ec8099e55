package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func explanation() report.Explanation {
	return report.Explanation{Case: log4shell(), Now: now, Rules: []engine.RuleOutcome{
		{Rule: "exploit.kev_reachable", Kind: "raise", Title: "Known exploited and reachable", Fired: true, Location: "packs/exploit/kev.rego:12"},
		{Rule: "reachability.unreachable", Kind: "cap", Title: "Not reachable", Why: "input.context.reachability.verdict == \"unreachable\": the verdict is reachable", Location: "packs/reachability/reachability.rego:8"},
		{Rule: "paths.to_crown_jewel", Kind: "raise", Title: "On a path to a crown jewel", Why: "input.context.paths.from_internet: attack paths are not known"},
		{Rule: "waivers.accepted", Kind: "exempt", Title: "Risk accepted", Why: "some waiver in input.context.waivers: there is none"},
		{Rule: "code.severe", Kind: "raise", Title: "Severe flaw", Why: "finding.kind is vulnerability, not weakness"},
		{Rule: "secrets.active", Kind: "raise", Title: "Active credential", Why: "finding.kind is vulnerability, not secret"},
	}}
}

// uncertain is a case whose priority hanges on a fact that nobody knows, and that is waived.
func uncertain() report.Explanation {
	r := blocked()
	c := r.Cases[1]
	c.Decision.WouldHave, c.Decision.Action = ptr(engine.Block), engine.Warn
	c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Warn, Message: "accepted until 26 Nov 2026"})
	return report.Explanation{Case: c, Now: now}
}

func TestExplainReadsAsItsGoldensDo(t *testing.T) {
	for name, e := range map[string]report.Explanation{"act": explanation(), "uncertain": uncertain(), "code": {Case: openFile()}, "strange": {Case: strangeCase(hostileNames[3], 3), Rules: strangeRules(hostileNames[8])}} {
		for _, width := range []int{60, 80, 120} {
			var buf bytes.Buffer
			if err := report.Explain(&buf, e, report.Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("explain-%s.%d.golden", name, width), buf.Bytes())
			inert(t, buf.Bytes(), width)
		}
	}
}

func TestExplainSaysWhereRulesStandOnlyWhenAllIsAskedFor(t *testing.T) {
	for _, all := range []bool{false, true} {
		var buf bytes.Buffer
		if err := report.Explain(&buf, explanation(), report.Options{Width: 200, All: all}); err != nil {
			t.Fatal(err)
		}
		for _, place := range []string{"kev.rego:12", "reachability.rego:8"} {
			if strings.Contains(buf.String(), place) != all {
				t.Errorf("all %v, %s:\n%s", all, place, buf.String())
			}
		}
	}
}

func TestAnExplanationIsAlsoJSON(t *testing.T) {
	var buf bytes.Buffer
	if err := report.ExplainJSON(&buf, explanation()); err != nil {
		t.Fatal(err)
	}
	var have report.Explanation
	if err := json.Unmarshal(buf.Bytes(), &have); err != nil {
		t.Fatal(err)
	}
	if len(have.Rules) != 6 || have.Case.Decision.Priority != engine.Act || have.Rules[1].Fired {
		t.Errorf("have %+v", have)
	}
}
