package engine

import (
	"reflect"
	"slices"
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
	for _, in := range newFiller(5).inputs(300) {
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
	if differ < 50 {
		t.Errorf("only %d inputs had something to assume", differ)
	}
}
