package engine

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/policies"
)

func loadShipped(t testing.TB, src PolicySource) *Policy {
	t.Helper()
	src.Shipped = policies.Files
	if src.Packs == nil {
		src.Packs = policies.Default
	}
	p, err := LoadPolicy(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// assumedAsShipped are the assumptions that ship.
var assumedAsShipped = PolicySource{Assume: policies.Assume}

func decideOne(t testing.TB, p *Policy, in Input) Decision {
	t.Helper()
	cases := []Case{{Input: in}}
	if err := p.Decide(t.Context(), cases, decidedAt); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(cases[0].Input, in) {
		t.Error("the decision changed the input")
	}
	return cases[0].Decision
}

// aVulnerability is one of which little is known.
func aVulnerability() Input {
	return Input{
		Finding: Finding{ID: "hg1-1", Kind: KindVulnerability, Severity: SeverityCritical, Package: &Package{Name: "x", Fixed: []string{"1.2"}}},
		Asset:   Asset{ID: "shop"},
		Context: Context{Change: &Change{Event: EventPullRequest}},
	}
}

func TestUnknownFactsAreAssumedAndListed(t *testing.T) {
	d := decideOne(t, loadShipped(t, assumedAsShipped), aVulnerability())
	if want := []string{"asset.environment=production", "asset.exposure=internet", "context.reachability=potential"}; !slices.Equal(d.Assumed, want) {
		t.Errorf("assumed %v, want %v", d.Assumed, want)
	}
	if want := []Priority{Track, Act}; !slices.Equal(d.Range, want) {
		t.Errorf("the range is %v, want %v", d.Range, want)
	}
	pivots := map[string]map[string]Priority{}
	for _, p := range d.Pivots {
		pivots[p.Fact] = p.Outcomes
	}
	want := map[string]Priority{"unreachable": Track, "probably unreachable": TrackStar, "potential": Attend, "reachable": Attend}
	if have := pivots["context.reachability"]; !reflect.DeepEqual(have, want) {
		t.Errorf("reachability would make it %v, want %v", have, want)
	}
}

// Whether a fact is assumed or stated, the policy sees the same.
func TestAssumptionEqualsStatingTheFact(t *testing.T) {
	stating, assuming := loadShipped(t, PolicySource{Packs: allPacks(t)}), loadShipped(t, PolicySource{Packs: allPacks(t), Assume: policies.Assume})
	differ := 0
	n := times(75, 300)
	for _, in := range newFiller(5).inputs(n) {
		if in.Context.Change == nil {
			continue
		}
		cases := []Case{{Input: in}}
		if err := assuming.Decide(t.Context(), cases, decidedAt); err != nil {
			continue // no event
		}
		have := cases[0].Decision
		seen, err := Assumed(&in, have.Assumed)
		if err != nil {
			t.Fatal(err)
		}
		want := decideOne(t, stating, *seen)
		if have.Priority != want.Priority || have.Action != want.Action || !reflect.DeepEqual(have.Reasons, want.Reasons) {
			t.Fatalf("assumed\n%s\nstated\n%s", inJSON(t, have), inJSON(t, want))
		}
		if len(have.Assumed) > 0 {
			differ++
		}
	}
	if differ < n/6 {
		t.Errorf("only %d inputs had something to assume", differ)
	}
}

// What unknown facts can change is the same whether it is worked out by class or by asking the policy about each value.
func TestRangesByClassAreThoseOfEachCase(t *testing.T) {
	src := PolicySource{Packs: allPacks(t), Assume: policies.Assume}
	byClass := loadShipped(t, src)
	src.NoClasses = true
	byItself := loadShipped(t, src)
	n := times(100, 1500)
	one, other := byClass.caseDecider(fewCases), byItself.caseDecider(fewCases)
	if one.ranger.rows == nil || other.ranger.rows != nil {
		t.Fatal("both go the same way, so nothing is compared")
	}
	compared, wide, pivots := 0, 0, 0
	f := newFiller(11)
	for _, in := range f.inputs(n) {
		if f.IntN(2) == 0 {
			in.Context.Intel, in.Asset.Exposure = nil, ""
		}
		have, errHave := one.decide(t.Context(), &in, decidedAt)
		want, errWant := other.decide(t.Context(), &in, decidedAt)
		if (errHave == nil) != (errWant == nil) || !reflect.DeepEqual(have, want) {
			t.Fatalf("by class\n%s\nby itself\n%s\nof\n%s", inJSON(t, have), inJSON(t, want), inJSON(t, in))
		}
		if errHave != nil {
			continue
		}
		compared++
		if have.Range == nil {
			continue
		}
		if have.Range[0].Rank() > have.Priority.Rank() || have.Range[1].Rank() < have.Priority.Rank() {
			t.Errorf("%s is not in %v", have.Priority, have.Range)
		}
		if have.Range[0] != have.Range[1] {
			wide++
		}
		for _, p := range have.Pivots {
			pivots++
			if _, ok := lookup(reflect.ValueOf(&in).Elem(), strings.Split(p.Fact, ".")); ok {
				t.Errorf("%s is known and has a pivot", p.Fact)
			}
			for value, to := range p.Outcomes {
				if to.Rank() < have.Range[0].Rank() || to.Rank() > have.Range[1].Rank() {
					t.Errorf("%s=%s comes to %s, outside of %v", p.Fact, value, to, have.Range)
				}
			}
		}
	}
	if compared < n/2 || wide < 10 || pivots < 10 {
		t.Errorf("so little was compared: %d of %d, %d with a range, %d pivots", compared, n, wide, pivots)
	}
}

// No case gets a laxer decision by what is assumed as shipped than it gets without.
func TestShippedAssumptionsOnlyTighten(t *testing.T) {
	src := PolicySource{Packs: allPacks(t), NoRange: true}
	without := loadShipped(t, src).caseDecider(fewCases)
	src.Assume = policies.Assume
	with := loadShipped(t, src).caseDecider(fewCases)
	tighter := 0
	for _, in := range newFiller(13).inputs(times(150, 1500)) {
		was, err := without.decide(t.Context(), &in, decidedAt)
		if err != nil {
			continue
		}
		is, err := with.decide(t.Context(), &in, decidedAt)
		if err != nil || is.Priority.Rank() < was.Priority.Rank() || is.Action.Rank() < was.Action.Rank() {
			t.Fatalf("with assumptions\n%s %v\nwithout\n%s\nof\n%s", inJSON(t, is), err, inJSON(t, was), inJSON(t, in))
		}
		if is.Priority != was.Priority {
			tighter++
		}
	}
	if tighter == 0 {
		t.Error("the assumptions changed nothing, so nothing was compared")
	}
}
