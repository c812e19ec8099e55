package report

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestShortIDsAreTheShortestThatNameOneFinding(t *testing.T) {
	ids := []string{"hg1-aaaaaa1111", "hg1-aaaaaa1122", "hg1-aaaaab0000", "hg1-bbbbbbbbbb", "hg1-bbbbbbbbbb", "hg1-cc", "odd"}
	var cases []engine.Case
	for _, id := range ids {
		cases = append(cases, engine.Case{Input: engine.Input{Finding: engine.Finding{ID: id, IDs: []string{id}}}})
	}
	cases[3].Input.Finding.IDs = append(cases[3].Input.Finding.IDs, "hg1-bbbbbbbxxx") // another name of the same finding is still another word
	have := ShortIDs(cases)
	for id, want := range map[string]string{
		"hg1-aaaaaa1111": "hg1-aaaaaa111", "hg1-aaaaaa1122": "hg1-aaaaaa112", "hg1-aaaaab0000": "hg1-aaaaab",
		"hg1-bbbbbbbbbb": "hg1-bbbbbbbb", "hg1-cc": "hg1-cc", "odd": "odd",
	} {
		if have[id] != want {
			t.Errorf("%s: have %s, want %s", id, have[id], want)
		}
	}
}

func TestWhyBeginsWithWhatCarriesThePriority(t *testing.T) {
	raise := func(to engine.Priority, firm bool, m string) engine.Reason {
		return engine.Reason{Stated: &engine.Stated{Kind: "raise", To: to, Firm: firm}, Message: m}
	}
	lower := engine.Reason{Stated: &engine.Stated{Kind: "cap", To: engine.TrackStar}, Message: "not reachable."}
	for _, c := range []struct {
		name     string
		priority engine.Priority
		reasons  []engine.Reason
		want     string
	}{
		{"firm first, lesser raises and idle caps not at all", engine.Act,
			[]engine.Reason{raise(engine.Attend, false, "lesser"), raise(engine.Act, false, "soft"), raise(engine.Act, true, "firm"), {Stated: &engine.Stated{Kind: "cap", To: engine.Act}, Message: "idle"}}, "firm|soft"},
		{"what a cap lowered", engine.TrackStar, []engine.Reason{raise(engine.Act, false, "exploited"), lower}, "exploited|not reachable"},
		{"a cap that a firm raise beats", engine.Act, []engine.Reason{raise(engine.Act, true, "exploited"), lower}, "exploited"},
		{"an action without a priority", engine.Track, []engine.Reason{{Stated: &engine.Stated{Kind: "deny"}, Message: "secrets are never allowed"}}, "secrets are never allowed"},
		{"the same words once", engine.Act, []engine.Reason{raise(engine.Act, false, "exploited"), raise(engine.Act, false, "exploited.")}, "exploited"},
		{"nothing", engine.Track, nil, ""},
	} {
		if have := strings.Join(why(&engine.Decision{Priority: c.priority, Reasons: c.reasons}), "|"); have != c.want {
			t.Errorf("%s: have %q, want %q", c.name, have, c.want)
		}
	}
}
