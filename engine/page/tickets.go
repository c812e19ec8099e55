package page

import (
	"slices"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// mostTickets bounds those that are named beside one thing.
const mostTickets = 3

// ticketWords name tickets, with the status that each last had.
func ticketWords(tickets []engine.FixTicket) (words string) {
	for i, t := range tickets[:min(len(tickets), mostTickets)] {
		if i > 0 {
			words += ", "
		}
		words += report.Line(t.Ref)
		if t.Status != "" {
			words += " (" + report.Line(t.Status) + ")"
		}
	}
	return words
}

// Tickets are the fixes of a result that have one, by the findings that they clear.
type tickets map[string][]*engine.Fix

func ticketsOf(r *engine.Result) tickets {
	all := tickets{}
	for i := range r.Plan {
		if f := &r.Plan[i]; len(f.Tickets) > 0 {
			for _, id := range f.Findings {
				all[id] = append(all[id], f)
			}
		}
	}
	return all
}

// of names the tickets of a case: of the fixes that clear its finding where it is, those for its asset, its owner, or for all.
func (t tickets) of(c *engine.Case) string {
	var mine []engine.FixTicket
	for _, f := range t[c.Input.Finding.ID] {
		if !slices.Contains(f.Assets, c.Input.Asset.ID) {
			continue
		}
		for _, x := range f.Tickets {
			if x.For == "" || x.For == c.Input.Asset.ID || x.For == c.Input.Asset.Owner {
				mine = append(mine, x)
			}
		}
	}
	return ticketWords(mine)
}
