package store

import (
	"context"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/history"
	"github.com/headgate/headgate/engine/ticket"
)

// told are the tickets that the records of a run name, oldest first.
type told struct {
	tickets   []toldTicket
	byFinding map[string][]int           // places in tickets, by any id of a finding
	byName    map[history.TicketName]int // and by their own
}

// A toldTicket is one as a record has it.
type toldTicket struct {
	history.Ticket
	asset, team *string // that it is for alone; nil: for any
}

// tells says whether a run can be one of what was done outside: such a run decides nothing. It is about all branches of its repository, as a
// ticket is about a finding wherever it is found.
func (in *incoming) tells() bool {
	p := &in.statement.Predicate
	return p.Outcome == "" && p.Epoch == 0 && !settles(p.Event)
}

// tells says of a run that is listed what incoming.tells says of it, as far as the list knows: of no fewer runs.
func (e *keptEntry) tells() bool { return e.outcome == "" && e.epoch == 0 }

// hear takes up a ticket that there is.
func (t *told) hear(e *engine.Effect) {
	if e.Kind != engine.EffectTicket || e.ID == "" || e.Place == "" || e.Key == "" {
		return
	}
	heard := toldTicket{Ticket: history.Ticket{Name: history.TicketName{Place: e.Place, Key: e.Key}, Ref: e.Ref, Status: statusOf(e)}}
	for name, of := range map[string]**string{ticket.StateAsset: &heard.asset, ticket.StateTeam: &heard.team} {
		if value, ok := e.State[name]; ok {
			*of = &value
		}
	}
	at := len(t.tickets)
	if at == 0 {
		t.byFinding, t.byName = map[string][]int{}, map[history.TicketName]int{}
	}
	t.tickets, t.byName[heard.Name] = append(t.tickets, heard), at
	for _, id := range strings.Fields(e.State[ticket.StateFindings]) {
		t.byFinding[id] = append(t.byFinding[id], at)
	}
}

// statusOf is what an effect says of the status of a ticket. What was done says more than what was read before it.
func statusOf(e *engine.Effect) string {
	switch {
	case e.Did == engine.DidCreate, e.Did == engine.DidReopen:
		return history.TicketOpen
	case e.Did == engine.DidClose, e.State["category"] == ticket.CategoryDone:
		return history.TicketClosed
	case e.State["category"] != "":
		return history.TicketOpen
	}
	return ""
}

// of are the places of the tickets about a state: those for it that name its finding, and the one that it has.
func (t *told) of(s *history.State) (all []int) {
	for _, id := range append([]string{s.Finding}, s.IDs...) {
		for _, at := range t.byFinding[id] {
			if x := &t.tickets[at]; (x.asset == nil || *x.asset == s.Asset) && (x.team == nil || *x.team == s.Owner) {
				all = append(all, at)
			}
		}
	}
	if at, ok := t.byName[s.Ticket.Name]; ok {
		all = append(all, at)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// about are the tickets about a state.
func (t *told) about(s *history.State) (all []history.Ticket) {
	for _, at := range t.of(s) {
		all = append(all, t.tickets[at].Ticket)
	}
	return all
}

// write notes the tickets with what is known of the findings of a repository.
func (t *told) write(ctx context.Context, tx transaction, repository string) error {
	return t.each(ctx, tx, repository, func(name string, put, gone []*history.State) error {
		return writeStates(ctx, tx, repository, name, put, gone, replacing(stateKey))
	})
}

// each gives what the tickets change on each branch of a repository.
func (t *told) each(ctx context.Context, tx transaction, repository string, do func(branch string, put, gone []*history.State) error) error {
	if len(t.tickets) == 0 {
		return nil
	}
	var branches []string
	err := tx.each(ctx, "SELECT DISTINCT branch FROM finding_state WHERE repository = $1 ORDER BY branch", []any{repository}, func(scan func(...any) error) error {
		var branch string
		err := scan(&branch)
		branches = append(branches, branch)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range branches {
		known, err := statesOf(ctx, tx, repository, name)
		if err != nil {
			return err
		}
		branch := history.NewBranch(known...)
		branch.Tell(t.about)
		put, gone := branch.Changed()
		if err := do(name, put, gone); err != nil {
			return err
		}
	}
	return nil
}

// Untold says of each effect whether the log lacks it: it is a ticket, and what is known of a finding of the repository would be another with
// it. What a run did and was cut off before it could put it into the log comes to it so, and what people did with a ticket.
func (l *Ledger) Untold(ctx context.Context, repository string, effects []engine.Effect) ([]bool, error) {
	var t told
	var from []int // the effects that tickets are of
	for i := range effects {
		if t.hear(&effects[i]); len(t.tickets) > len(from) {
			from = append(from, i)
		}
	}
	lacks := make([]bool, len(effects))
	if len(from) == 0 {
		return lacks, nil
	}
	err := l.db.view(ctx, func(tx transaction) error {
		return t.each(ctx, tx, repository, func(_ string, put, _ []*history.State) error {
			for _, s := range put {
				for _, at := range t.of(s) {
					lacks[from[at]] = true
				}
			}
			return nil
		})
	})
	return lacks, err
}
