package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// explained is a case as the only one of a run.
func explained(c engine.Case, rules []engine.RuleOutcome) report.Explanation {
	return report.NewExplanation(result(c.Decision.Action, []engine.Case{c}), &c, rules)
}

func explanation() report.Explanation {
	return explained(log4shell(), []engine.RuleOutcome{
		{Rule: "exploit.kev_reachable", Kind: "raise", Title: "Known exploited and reachable", Fired: true, Location: "packs/exploit/kev.rego:12"},
		{Rule: "reachability.unreachable", Kind: "cap", Title: "Not reachable", Why: "input.context.reachability.verdict == \"unreachable\": the verdict is reachable", Location: "packs/reachability/reachability.rego:8"},
		{Rule: "paths.to_crown_jewel", Kind: "raise", Title: "On a path to a crown jewel", Why: "input.context.paths.from_internet: attack paths are not known"},
		{Rule: "waivers.accepted", Kind: "exempt", Title: "Risk accepted", Why: "some waiver in input.context.waivers: there is none"},
		{Rule: "code.severe", Kind: "raise", Title: "Severe flaw", Why: "finding.kind is vulnerability, not weakness"},
		{Rule: "secrets.active", Kind: "raise", Title: "Active credential", Why: "finding.kind is vulnerability, not secret"},
	})
}

// uncertain is a case whose priority hanges on a fact that nobody knows, and that is waived.
func uncertain() report.Explanation {
	r := blocked()
	c := r.Cases[1]
	c.Decision.WouldHave, c.Decision.Action = ptr(engine.Block), engine.Warn
	c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Warn}, Message: "accepted until 26 Nov 2026"})
	return explained(c, nil)
}

func TestExplainReadsAsItsGoldensDo(t *testing.T) {
	for name, e := range map[string]report.Explanation{"act": explanation(), "uncertain": uncertain(), "code": explained(openFile(), nil), "way": onTheWay(exposed(), 0), "winding": onTheWay(winding(), 5), "strange": explained(strangeCase(hostileNames[3], 3), strangeRules(hostileNames[8]))} {
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

func onTheWay(r *engine.Result, at int) report.Explanation {
	e := report.NewExplanation(r, &r.Cases[at], []engine.RuleOutcome{})
	e.Paths, e.Findings = report.OnTheWay(r, &e.Case)
	return e
}

func TestExplainShowsThePathsOverTheAssetAndWhatAFixTakesAway(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    int
		facts *engine.PathFacts
		want  []string
		not   string
	}{
		{"cuts", 0, &engine.PathFacts{Opens: true, Cuts: []string{"payments-db"}}, []string{
			"internet → edge → checkout → payments-db · potential", "edge: CVE-2023-44487 in nghttp2 1.43.0: Weakness in nghttp2 (proven)",
			"checkout: G304 in internal/files/open.go:41: Potential file inclusion via variable", "payments-db: needs no finding, as the asset before may read its data",
			"other way internet → edge → catalog → checkout → payments-db", "internet → portal → checkout → payments-db",
			"if fixed nothing leads from the internet to payments-db any more",
		}, "ledger"},
		{"opens among others", 0, &engine.PathFacts{Opens: true}, []string{"no jewel is cut off by this alone"}, "any more"},
		{"lies on the way", 0, &engine.PathFacts{}, []string{"does not let an attacker onto the asset"}, "any more"},
		{"is not known", 0, nil, nil, "if fixed"},
		{"on another asset", 2, &engine.PathFacts{Opens: true}, []string{"internet → portal → checkout → payments-db"}, "internet → edge"},
	} {
		r := exposed()
		r.Cases[c.at].Input.Context.Paths = c.facts
		e := onTheWay(r, c.at)
		e.Case.Decision.Reasons = nil
		var buf bytes.Buffer
		if err := report.Explain(&buf, e, report.Options{Width: 200}); err != nil {
			t.Fatal(err)
		}
		have := strings.Join(strings.Fields(buf.String()), " ")
		for _, want := range c.want {
			if !strings.Contains(have, want) {
				t.Errorf("%s: no %q in\n%s", c.name, want, buf.String())
			}
		}
		if strings.Contains(have, c.not) {
			t.Errorf("%s: %q in\n%s", c.name, c.not, buf.String())
		}
		buf.Reset()
		if err := report.ExplainJSON(&buf, []report.Explanation{e}); err != nil {
			t.Fatal(err)
		}
		validate(t, schema(t, report.ExplanationSchema()), buf.Bytes())
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
	if err := report.ExplainJSON(&buf, []report.Explanation{explanation(), uncertain()}); err != nil {
		t.Fatal(err)
	}
	validate(t, schema(t, report.ExplanationSchema()), buf.Bytes())
	var have struct {
		Schema string
		Cases  []report.Explanation
	}
	if err := json.Unmarshal(buf.Bytes(), &have); err != nil {
		t.Fatalf("several cases are not one document: %v", err)
	}
	if have.Schema != "headgate.explanation/1" || len(have.Cases) != 2 || have.Cases[1].Case.Decision.Priority != engine.Attend {
		t.Fatalf("have %+v", have)
	}
	if first := have.Cases[0]; len(first.Rules) != 6 || first.Case.Decision.Priority != engine.Act || first.Rules[1].Fired {
		t.Errorf("have %+v", first)
	}
}

func TestExplainFoldsRulesThatWaitForWhatThisKindOfFindingCannotHave(t *testing.T) {
	for _, c := range []struct {
		why    string
		folded []engine.Kind
	}{
		{"finding.kind is secret, not weakness", []engine.Kind{engine.KindVulnerability, engine.KindWeakness, engine.KindSecret, engine.KindLicense}},
		{"context.intel.kev.listed is not known", []engine.Kind{engine.KindWeakness, engine.KindSecret, engine.KindLicense}},
		{"points := input.context.intel.ssvc (context.intel.ssvc is not known)", []engine.Kind{engine.KindWeakness, engine.KindSecret, engine.KindLicense}},
		{"context.reachability.verdict is not known", []engine.Kind{engine.KindWeakness, engine.KindSecret, engine.KindLicense}},
		{"finding.package.scope is not known", []engine.Kind{engine.KindWeakness, engine.KindSecret}},
		{"finding.secret.active is not known", []engine.Kind{engine.KindVulnerability, engine.KindWeakness, engine.KindLicense}},
		{"asset.exposure is not known", nil},
		{"context.validation.status is not known", nil},
		{"finding.suppression.status is not known", nil},
		{"context.intel.kev.listed is false, not true", nil},
	} {
		for _, kind := range []engine.Kind{engine.KindVulnerability, engine.KindWeakness, engine.KindSecret, engine.KindLicense} {
			e := report.Explanation{Case: engine.Case{Input: engine.Input{Finding: engine.Finding{ID: "hg1-1", Kind: kind}}}}
			e.Rules = []engine.RuleOutcome{{Rule: "mine.rule", Kind: "raise", Why: c.why}}
			for _, all := range []bool{false, true} {
				var buf bytes.Buffer
				if err := report.Explain(&buf, e, report.Options{Width: 120, All: all}); err != nil {
					t.Fatal(err)
				}
				have, want := !strings.Contains(buf.String(), "mine.rule"), slices.Contains(c.folded, kind) && !all
				if have != want || have != strings.Contains(buf.String(), "rule for another kind of finding: mine") {
					t.Errorf("%s of a %s, all %v: folded %v, want %v:\n%s", c.why, kind, all, have, want, buf.String())
				}
			}
		}
	}
}

func TestExplainAdvisesOnlyByTheRulesThatCarryThePriorityAndTheDate(t *testing.T) {
	advice := func(r engine.Reason) engine.Reason { r.Remediation = "advice of " + r.Rule; return r }
	limit := func(rule string, to engine.Priority) engine.Reason {
		return engine.Reason{Stated: &engine.Stated{Rule: rule, Kind: "cap", To: to}, Message: rule}
	}
	date := func(rule string, d int) engine.Reason {
		return engine.Reason{Stated: &engine.Stated{Rule: rule, Kind: "due", Days: ptr(1.0)}, From: "evaluated", Date: day(12, d), Message: rule}
	}
	for _, c := range []struct {
		name     string
		priority engine.Priority
		reasons  []engine.Reason
		want     []string
	}{
		{"the strongest raise and its date", engine.Attend, []engine.Reason{
			raise("a", engine.Attend, "a"), raise("b", engine.TrackStar, "b"), date("late", 20), date("due", 5),
		}, []string{"a", "due"}},
		{"capped", engine.TrackStar, []engine.Reason{raise("a", engine.Act, "a"), raise("b", engine.TrackStar, "b"), limit("c", engine.TrackStar), limit("d", engine.Attend)}, []string{"c"}},
		{"firm against a cap", engine.Attend, []engine.Reason{raise("a", engine.Act, "a"), firm(raise("b", engine.Attend, "b")), limit("c", engine.Track)}, []string{"b"}},
		{"a cap that lowers nothing", engine.Attend, []engine.Reason{raise("a", engine.Attend, "a"), limit("c", engine.Attend)}, []string{"a"}},
		{"no more than three", engine.Attend, []engine.Reason{
			raise("a", engine.Attend, "a"), raise("b", engine.Attend, "b"), raise("c", engine.Attend, "c"), raise("d", engine.Attend, "d"),
		}, []string{"a", "b", "c"}},
		{"what else is said", engine.Track, []engine.Reason{{Stated: &engine.Stated{Rule: "e", Kind: "exempt", AtMost: engine.Pass}, Message: "e"}, {Stated: &engine.Stated{Rule: "o", Kind: "oblige", Obligation: "notify"}, Message: "o"}}, nil},
	} {
		k := openFile()
		k.Decision.Priority, k.Decision.Due, k.Decision.Reasons = c.priority, day(12, 5), nil
		for _, r := range c.reasons {
			k.Decision.Reasons = append(k.Decision.Reasons, advice(r))
		}
		var buf bytes.Buffer
		if err := report.Explain(&buf, report.Explanation{Case: k}, report.Options{}); err != nil {
			t.Fatal(err)
		}
		var have []string
		for line := range strings.Lines(buf.String()) {
			if _, advice, ok := strings.Cut(line, "advice of "); ok {
				have = append(have, strings.TrimSpace(advice))
			}
		}
		if !slices.Equal(have, c.want) {
			t.Errorf("%s: advice of %q, want %q:\n%s", c.name, have, c.want, buf.String())
		}
	}
}

func TestExplainSaysWhatReportOnlyHeldBackAndWhatWasExempted(t *testing.T) {
	for want, r := range map[string]*engine.Result{
		"would block, but the run was report-only": reported(), "warn (block without the exemption)": excused(),
	} {
		var buf bytes.Buffer
		if err := report.Explain(&buf, report.Explanation{Case: r.Cases[0], Now: now}, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(buf.String(), want) {
			t.Errorf("no %q in\n%s", want, buf.String())
		}
	}
}
