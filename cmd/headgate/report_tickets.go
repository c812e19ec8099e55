package main

import (
	"context"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/ticket"
)

// A tracked is the tickets that a report is of.
type tracked struct {
	keys map[string]bool // nil: all
}

func (t *tracked) has(key string) bool { return t.keys == nil || t.keys[key] }

// tell finds out which tickets are of the repositories that the report is of. A ledger knows tickets by the names of repositories alone, and
// of the scope that settings may add by those settings: where a ticket is of none of all these, there could be more of them.
func (r *ledgerReport) tell(ctx context.Context, f *reportFlags) error {
	r.tracked = &tracked{}
	if len(f.repositories) == 0 {
		return nil
	}
	effects, err := r.Effects(ctx, "")
	if err != nil {
		return err
	}
	var all, among []string
	seen := map[string]bool{}
	for _, e := range r.latest {
		if seen[e.Repository] {
			continue
		}
		seen[e.Repository] = true
		all = append(all, f.ticketScopes(e.Repository)...)
		if r.among(e.Repository) {
			among = append(among, f.ticketScopes(e.Repository)...)
		}
	}
	known := ticket.KnownOf(effects)
	if _, left := known.Within(all); left > 0 {
		r.options.NoTickets = "of some tickets it is not known which repository they are of"
	}
	r.tracked.keys, _ = known.Within(among)
	return nil
}

// ticketScopes are what tells the tickets of a repository from others: with the settings of the report, and with none.
func (f *reportFlags) ticketScopes(repository string) []string {
	return slices.Compact([]string{ticketScope(repository, ""), ticketScope(repository, f.scope)})
}

// tickets counts what the ledger last knew of them.
func (r *ledgerReport) tickets(ctx context.Context) error {
	effects, err := r.Effects(ctx, "")
	if err != nil {
		return err
	}
	for i := range effects {
		e := &effects[i]
		if e.Kind != engine.EffectTicket || e.ID == "" || !r.tracked.has(e.Key) {
			continue
		}
		t := &kpi.Ticket{Place: e.Place, Key: e.Key, Status: e.State["status"], Resolution: e.State["resolution"], Done: e.State["category"] == "done"}
		for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05.999-0700"} {
			if at, err := time.Parse(form, e.State["updated"]); err == nil {
				t.Changed = at
			}
		}
		if note, err := ticket.ReadState([]byte(e.State["note"])); err == nil {
			t.Unseen = note.Absent > 0
		}
		r.kpi.Ticket(t)
	}
	return nil
}
