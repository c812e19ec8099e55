package page

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestADecisionNamesTheTicketsThatAreForIt(t *testing.T) {
	at := func(asset, owner string) *engine.Case {
		return &engine.Case{Input: engine.Input{Finding: engine.Finding{ID: "hg1-a"}, Asset: engine.Asset{ID: asset, Owner: owner}}}
	}
	known := ticketsOf(&engine.Result{Plan: []engine.Fix{
		{Findings: []string{"hg1-a"}, Assets: []string{"shop", "pay"}, Tickets: []engine.FixTicket{{Ref: "S-1", Status: "To Do", For: "shop"}, {Ref: "S-2", For: "team-pay"}, {Ref: "S-3"}}},
		{Findings: []string{"hg1-a"}, Assets: []string{"edge"}, Tickets: []engine.FixTicket{{Ref: "S-4"}}},
		{Findings: []string{"hg1-b"}, Assets: []string{"shop"}, Tickets: []engine.FixTicket{{Ref: "S-5"}}},
	}})
	for _, c := range []struct{ asset, owner, want string }{
		{"shop", "team-shop", "S-1 (To Do), S-3"}, // not that of the other team
		{"pay", "team-pay", "S-2, S-3"},
		{"edge", "", "S-4"}, // not that of the fix elsewhere
		{"mail", "team-pay", ""},
	} {
		if have := known.of(at(c.asset, c.owner)); have != c.want {
			t.Errorf("on %s of %s: %q, not %q", c.asset, c.owner, have, c.want)
		}
	}
}

func TestTicketsBesideAThingAreBoundedAndClean(t *testing.T) {
	if have := ticketWords([]engine.FixTicket{{Ref: "A"}, {Ref: "B\x1b[31m", Status: "Do\u202ene"}, {Ref: "C"}, {Ref: "D"}}); strings.Count(have, ", ") != 2 || strings.ContainsAny(have, "\x1b\u202e") {
		t.Errorf("%q", have)
	}
}
