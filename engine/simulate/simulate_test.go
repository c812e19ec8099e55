package simulate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/simulate"
	"github.com/headgate/headgate/policies"
)

var now = time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)

// side decides by what ships, and by rules of a pack and parameters beside it.
func side(t testing.TB, rules string, params map[string]any) simulate.Side {
	t.Helper()
	src := engine.PolicySource{Shipped: policies.Files, Packs: policies.Default, Params: params, NoRange: true}
	if rules != "" {
		src.Own = []engine.PackFolder{{Label: "own", Files: fstest.MapFS{"mine/mine.rego": {Data: []byte("package packs.mine\n\n" + rules)}}}}
	}
	p, err := engine.LoadPolicy(context.Background(), src)
	if err != nil {
		t.Fatal(err)
	}
	return simulate.Side{Name: engine.SimulatedSide{Policy: p.Info()}, Policy: p}
}

// recorded is a result of so many cases on three assets; every second is critical.
func recorded(n int, event engine.Event) *engine.Result {
	r := &engine.Result{Now: now, Change: engine.RunChange{Event: event}, Weakened: []string{}}
	for i := range n {
		id := fmt.Sprintf("hg1-%06d", i)
		severity := []engine.Severity{"critical", "low"}[i%2]
		r.Cases = append(r.Cases, engine.Case{Input: engine.Input{
			Finding: engine.Finding{ID: id, IDs: []string{id}, Kind: engine.KindVulnerability, Title: "x", Severity: severity,
				Vulnerability: &engine.Vulnerability{ID: "CVE-2026-1", CVEs: []string{"CVE-2026-1"}}},
			Asset:   engine.Asset{ID: fmt.Sprintf("svc-%d", i%3), Owner: []string{"", "team-pay", "team-pay"}[i%3]},
			Context: engine.Context{Change: &engine.Change{Event: event, Status: engine.StatusIntroduced}}},
			Provenance: map[string]engine.Provenance{}})
	}
	r.Counts.Findings = n
	return r
}

func compare(t testing.TB, from, to simulate.Side, results ...*engine.Result) *engine.Simulation {
	t.Helper()
	c := simulate.New(from, to)
	for i, r := range results {
		if err := c.Add(context.Background(), fmt.Sprintf("%d.json", i), r); err != nil {
			t.Fatal(err)
		}
	}
	return c.Simulation()
}

const (
	denyCritical = `deny contains "no critical" if input.finding.severity == "critical"` + "\n"
	denyLow      = `deny contains "no low" if input.finding.severity == "low"` + "\n"
	dueLow       = `due contains {"rule": "mine.due", "kind": "due", "days": 1, "from": "evaluated", "message": "soon"} if input.finding.severity == "low"` + "\n"
)

func TestTheSamePolicyIsEqual(t *testing.T) {
	s := compare(t, side(t, denyCritical, nil), side(t, denyCritical, nil), recorded(10, engine.EventPullRequest))
	if s.Outcome != engine.Equal || s.Changes.Cases != 10 || s.Changes.Stricter+s.Changes.Looser+s.Changes.Mixed+s.Changes.Reworded != 0 || s.Before != s.After {
		t.Errorf("%+v", s)
	}
}

func TestStricterOneWayIsLooserTheOther(t *testing.T) {
	plain, strict := side(t, "", nil), side(t, denyCritical, nil)
	up := compare(t, plain, strict, recorded(10, engine.EventPush), recorded(4, engine.EventPush))
	down := compare(t, strict, plain, recorded(10, engine.EventPush), recorded(4, engine.EventPush))
	if up.Outcome != engine.Stricter || up.Changes.Stricter != 7 || up.NewlyBlocking.Results != 2 || up.NewlyPassing.Results != 0 {
		t.Errorf("up %+v", up)
	}
	if down.Outcome != engine.Looser || down.Changes.Looser != 7 || down.NewlyPassing.Results != 2 || down.NewlyBlocking.Results != 0 {
		t.Errorf("down %+v", down)
	}
	if up.After != down.Before || up.Before != down.After || up.After.Block != 7 {
		t.Errorf("counts %+v and %+v", up.After, down.Before)
	}
	if first := up.NewlyBlocking.Examples[0]; first.Result != "0.json" || first.Cases != 5 || first.After != engine.Block {
		t.Errorf("the build with most is not first: %+v", first)
	}
}

func TestChangesAreSharedOutByRuleAssetAndOwner(t *testing.T) {
	s := compare(t, side(t, denyCritical, nil), side(t, denyLow, nil), recorded(12, engine.EventPush))
	if s.Outcome != engine.Mixed || s.Changes.Stricter != 6 || s.Changes.Looser != 6 || len(s.Examples) != engine.MostExamples {
		t.Errorf("%s %+v", s.Outcome, s.Changes)
	}
	total := func(groups []engine.ChangedGroup) (n int) {
		for i := range groups {
			n += groups[i].Cases()
		}
		return n
	}
	if total(s.Assets) != 12 || total(s.Owners) != 12 || len(s.Assets) != 3 || len(s.Owners) != 2 {
		t.Errorf("assets %v owners %v", s.Assets, s.Owners)
	}
	if s.Owners[0].Name != "team-pay" || s.Owners[0].Cases() != 8 {
		t.Errorf("owners %+v", s.Owners[0])
	}
	if len(s.Rules) != 1 || s.Rules[0].Cases() != 12 {
		t.Errorf("rules %+v", s.Rules)
	}
}

func TestAnEarlierDateAloneIsStricter(t *testing.T) {
	s := compare(t, side(t, "", nil), side(t, dueLow, nil), recorded(4, engine.EventPush))
	if s.Outcome != engine.Stricter || s.Changes.Stricter != 2 || s.NewlyBlocking.Results != 0 {
		t.Errorf("%s %+v", s.Outcome, s.Changes)
	}
	if e := s.Examples[0]; e.After.Due.IsZero() || e.Before.Action != e.After.Action {
		t.Errorf("%+v", e)
	}
}

func TestATableThatChangesWithoutAnyRuleIsOfMain(t *testing.T) {
	table := map[string]any{"main": map[string]any{"table": map[string]any{"push": map[string]any{"introduced": map[string]any{
		"track": "block", "track*": "block", "attend": "block", "act": "block"}}}}}
	s := compare(t, side(t, "", nil), side(t, "", table), recorded(4, engine.EventPush))
	if s.Outcome != engine.Stricter || len(s.Rules) != 1 || s.Rules[0].Name != "main" || len(s.Examples[0].Rules) != 0 {
		t.Errorf("%s %+v", s.Outcome, s.Rules)
	}
}

func TestABudgetOfTheWholeRunIsADifferenceThoughNoCaseIsOne(t *testing.T) {
	budget := map[string]any{"main": map[string]any{"budgets": map[string]any{"introduced": 2}}}
	s := compare(t, side(t, "", nil), side(t, "", budget), recorded(4, engine.EventPush))
	if s.Outcome != engine.Stricter || s.Changes.Stricter != 0 || s.NewlyBlocking.Results != 1 || s.NewlyBlocking.Examples[0].Cases != 0 {
		t.Errorf("%s %+v %+v", s.Outcome, s.Changes, s.NewlyBlocking)
	}
}

func TestTheSameFindingOfManyRunsIsOneExample(t *testing.T) {
	var nights []*engine.Result
	for range 20 {
		nights = append(nights, recorded(2, engine.EventPush))
	}
	s := compare(t, side(t, "", nil), side(t, denyCritical, nil), nights...)
	if s.Changes.Stricter != 20 || len(s.Examples) != 1 || s.NewlyBlocking.Results != 20 || len(s.NewlyBlocking.Examples) != engine.MostExamples {
		t.Errorf("%+v, %d examples, %d builds", s.Changes, len(s.Examples), len(s.NewlyBlocking.Examples))
	}
}

func TestASimulationDoesNotChangeWhatWasRecorded(t *testing.T) {
	r := recorded(6, engine.EventPush)
	before, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	other := side(t, denyCritical, nil)
	other.Join = func(cases []engine.Case, _ time.Time) {
		for i := range cases {
			cases[i].Input.Context.Intel = &engine.Intel{KEV: &engine.KEV{Listed: true}}
		}
	}
	if s := compare(t, side(t, "", nil), other, r); s.Outcome != engine.Stricter {
		t.Errorf("%s", s.Outcome)
	}
	if after, _ := json.Marshal(r); string(after) != string(before) {
		t.Error("the recorded result is another one")
	}
}

func TestTheOrderOfResultsChangesNothingButTheirNames(t *testing.T) {
	from, to := side(t, "", nil), side(t, denyCritical, nil)
	one := compare(t, from, to, recorded(6, engine.EventPush), recorded(3, engine.EventPullRequest))
	two := compare(t, from, to, recorded(3, engine.EventPullRequest), recorded(6, engine.EventPush))
	if one.Changes != two.Changes || one.Before != two.Before || one.After != two.After || len(one.Rules) != len(two.Rules) {
		t.Errorf("%+v and %+v", one, two)
	}
}

func BenchmarkSimulate(b *testing.B) {
	from, to := side(b, "", nil), side(b, denyCritical, nil)
	r := recorded(10_000, engine.EventPush)
	for b.Loop() {
		compare(b, from, to, r)
	}
	b.ReportMetric(float64(len(r.Cases)*b.N)/b.Elapsed().Seconds(), "inputs/s")
}
