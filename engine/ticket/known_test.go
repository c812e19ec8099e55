package ticket

import (
	"slices"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestKnownTicketsStandWithTheFixesOfTheirRepository(t *testing.T) {
	const scope = "acme/shop\n"
	effect := func(ref, key string, note State) engine.Effect {
		note.Key = key
		text, err := note.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return engine.Effect{Kind: engine.EffectTicket, Place: "https://acme.example/PAY", ID: ref, Ref: ref, Key: key, State: map[string]string{"status": "To Do", "note": string(text)}}
	}
	about := func(scope, of string, ids ...string) State {
		return State{Scope: ScopeLabel(scope), For: of, Clears: []Cleared{{IDs: ids}}}
	}
	none := engine.Effect{Kind: engine.EffectTicket, Key: keyOf(scope, "fix-2", PerRepository, ""), Place: "p", ID: "9", Ref: "PAY-9"}
	comment := effect("PAY-8", keyOf(scope, "fix-1", PerTeam, "team-pay"), about(scope, "team-pay", "hg1-a"))
	comment.Kind = "comment"
	known := KnownOf([]engine.Effect{
		effect("PAY-1", keyOf(scope, "fix-1", PerAsset, "checkout"), about(scope, "checkout", "hg1-a")),
		effect("PAY-2", keyOf("acme/other\n", "fix-1", PerAsset, "checkout"), about("acme/other\n", "checkout", "hg1-a")),
		effect("PAY-3", keyOf(scope, "an older fix", PerAsset, "edge"), about(scope, "edge", "hg1-z", "hg1-a")),
		effect("PAY-4", keyOf(scope, "an older fix", PerAsset, "search"), about(scope, "search", "hg1-a")),
		none, comment,
	})
	plan := []engine.Fix{
		{ID: "fix-1", Assets: []string{"checkout", "edge"}, Owners: []string{"team-pay"}, Findings: []string{"hg1-a", "hg1-b"}},
		{ID: "fix-2", Assets: []string{"checkout"}, Findings: []string{"hg1-c"}},
		{ID: "fix-3", Assets: []string{"checkout"}, Findings: []string{"hg1-d"}},
	}
	known.Stand(scope, plan)
	for i, want := range [][]string{{"PAY-1", "PAY-3"}, {"PAY-9"}, nil} {
		var refs []string
		for _, f := range plan[i].Tickets {
			refs = append(refs, f.Ref)
		}
		if !slices.Equal(refs, want) {
			t.Errorf("%s has the tickets %v, not %v", plan[i].ID, refs, want)
		}
	}
	keys, left := known.Within([]string{scope})
	if len(keys) != 3 || left != 2 {
		t.Errorf("%d tickets are of the repository, and %d of none: %v", len(keys), left, keys)
	}
}
