package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/transport"
)

// Apply makes changes true, one after the other, and says of each what became of it. What cannot be made true is an effect that is
// degraded; the others are tried all the same, unless Jira cannot be reached or wants to be left alone. Each is noted in the ledger at
// once, so that a run that ends early leaves a ledger that is right.
func (b *Board) Apply(ctx context.Context, changes []ticket.Change) []engine.Effect {
	var effects []engine.Effect
	var made []string // keys
	for i := range changes {
		change := &changes[i]
		e := b.apply(ctx, change)
		if change.Issue == nil && e.Did == engine.DidCreate {
			made = append(made, e.Key)
		}
		effects = append(effects, e)
	}
	b.settleDoubles(ctx, made)
	oldest := map[string]*card{}
	for _, w := range b.winners() {
		oldest[w.Key] = w
	}
	for i := range effects {
		if err := b.troubled[effects[i].Key]; err != nil {
			effects[i].Did, effects[i].Why = engine.DidDegrade, cut(fmt.Sprintf("whether it is there twice: %v", err), 2*longestSaid)
		}
		if card := oldest[effects[i].Key]; card != nil && effects[i].ID != "" && card.ID != effects[i].ID && !card.Gone {
			b.fill(&effects[i], card)
			effects[i].Did, effects[i].Why = engine.DidNothing, "made by another run at the same time"
			b.keep(ctx, &effects[i])
		} else if card := b.cards[effects[i].ID]; card != nil && effects[i].Did == engine.DidCreate { // its status is read by now
			b.fill(&effects[i], card)
			b.keep(ctx, &effects[i])
		}
	}
	return effects
}

// apply makes one change true.
func (b *Board) apply(ctx context.Context, c *ticket.Change) engine.Effect {
	e := engine.Effect{Key: c.Key, Kind: engine.EffectTicket, Place: b.client.Place(), Did: c.Did, Why: c.Why}
	if c.Issue != nil {
		if card := b.cards[c.Issue.ID]; card != nil {
			b.fill(&e, card)
		}
	}
	if c.Nothing() || c.Issue != nil && c.Issue.Gone {
		b.keep(ctx, &e)
		return e
	}
	err := b.stop
	if err == nil {
		err = b.make(ctx, c, &e)
	}
	if b.stops(ctx, err); err != nil {
		what := wanted(c)
		if errors.As(err, new(*unlinked)) {
			what = e.Did + ", but not linked"
		}
		e.Did, e.Why = engine.DidDegrade, cut(fmt.Sprintf("%s: %v", what, err), 2*longestSaid)
		if begun := b.kept[c.Key]; e.ID == "" && begun.ID == "" && status(err) == 0 { // it may be there all the same
			e.State = begun.State
		} else if e.ID == "" {
			e.State = map[string]string{stateScope: b.scope}
		}
	}
	if c.Issue != nil {
		if card := b.cards[c.Issue.ID]; card != nil {
			b.fill(&e, card)
		}
	}
	b.keep(ctx, &e)
	return e
}

// wanted says what a change was to do.
func wanted(c *ticket.Change) string {
	switch {
	case c.Issue == nil:
		return "not created"
	case c.Move == ticket.MoveClose:
		return "not closed"
	case c.Move == ticket.MoveReopen:
		return "not opened again"
	}
	return "not updated"
}

// mostFailures is how many changes in a row Jira may fail at before no more are tried.
const mostFailures = 5

// stops notes what makes it useless to go on: Jira is not there, asks to be left alone, does not know us, or fails again and again.
func (b *Board) stops(ctx context.Context, err error) {
	var limited *transport.Limited
	s := status(err)
	if err == nil || s != 0 && s < 500 {
		b.failures = 0
	} else {
		b.failures++
	}
	switch {
	case err == nil || b.stop != nil:
	case errors.As(err, &limited), s == http.StatusUnauthorized, errors.As(err, new(*net.OpError)), ctx.Err() != nil, b.failures >= mostFailures:
		b.stop = fmt.Errorf("not tried any more: %w", err)
	}
}

// make does what a change says.
func (b *Board) make(ctx context.Context, c *ticket.Change, e *engine.Effect) error {
	if c.Issue == nil {
		return b.create(ctx, c, e)
	}
	id := c.Issue.ID
	var err error
	switch c.Move {
	case ticket.MoveClose, ticket.MoveReopen:
		err = b.move(ctx, c, e)
	default:
		err = b.edit(ctx, id, c, c.Comment, c.Next)
	}
	if err != nil {
		return err
	}
	return b.link(ctx, id, c.Links)
}

// edit writes fields, labels, comment and state of a ticket in one request. Sent twice it would say the comment twice, so that one whose
// answer is lost is looked up: the state came with it, or nothing did.
func (b *Board) edit(ctx context.Context, id string, c *ticket.Change, comment ticket.Document, next ticket.State) error {
	body, err := b.editBody(ctx, c, comment, next)
	if err != nil {
		return err
	}
	if comment != nil {
		ctx = transport.Once(ctx)
	}
	for range 3 {
		err = b.client.do(ctx, http.MethodPut, "issue/"+id, body, nil)
		if err == nil {
			break
		}
		if !isUnsure(err) {
			return err
		}
		was, look := b.client.get(ctx, id)
		if look != nil {
			return err
		}
		card, ours := b.client.card(was, b.scope)
		if ours && same(card.State, next) {
			err = nil
			break
		}
	}
	if err != nil {
		return err
	}
	if card := b.cards[id]; card != nil {
		card.State, card.updated = next, ""
	}
	return nil
}

// same says whether two states have the same JSON form, as Jira has kept one of them.
func same(a, b ticket.State) bool {
	x, err1 := a.Encode()
	y, err2 := b.Encode()
	return err1 == nil && err2 == nil && string(x) == string(y)
}

// editBody is the body of the request that edits a ticket: fields are set, labels added and removed one by one, so that those of people
// stay.
func (b *Board) editBody(ctx context.Context, c *ticket.Change, comment ticket.Document, next ticket.State) (map[string]any, error) {
	state, err := next.Encode()
	if err != nil {
		return nil, err
	}
	body := map[string]any{"properties": []any{map[string]any{"key": property, "value": json.RawMessage(state)}}}
	if c.Ticket != nil && len(c.Fields) > 0 {
		fields, err := b.client.fieldValues(ctx, c.Ticket, c.Fields)
		if err != nil {
			return nil, err
		}
		body["fields"] = fields
	}
	update := map[string]any{}
	var verbs []any
	for _, l := range c.AddLabels {
		verbs = append(verbs, map[string]string{"add": l})
	}
	for _, l := range c.RemoveLabels {
		verbs = append(verbs, map[string]string{"remove": l})
	}
	if verbs != nil {
		update["labels"] = verbs
	}
	if comment != nil {
		text, err := b.client.text(ctx, comment)
		if err != nil {
			return nil, err
		}
		update["comment"] = []any{map[string]any{"add": map[string]any{"body": text}}}
	}
	if len(update) > 0 {
		body["update"] = update
	}
	return body, nil
}

// An unlinked ticket is as it should be but for a link.
type unlinked struct{ error }

func (u *unlinked) Unwrap() error { return u.error }

// link writes links out of a ticket, each by its id in place of the one before.
func (b *Board) link(ctx context.Context, id string, links []ticket.Link) error {
	ctx = transport.Repeatable(ctx) // by its id it is one, however often it is sent
	for _, l := range links {
		if !isWeb(l.URL) {
			continue
		}
		body := map[string]any{
			"globalId": cutUnits(l.ID, 255),
			"object":   map[string]any{"url": l.URL, "title": titleOf(l)},
		}
		if err := b.client.do(ctx, http.MethodPost, "issue/"+id+"/remotelink", body, nil); err != nil {
			return &unlinked{fmt.Errorf("the link to %s: %w", cut(titleOf(l), 80), err)}
		}
	}
	return nil
}

// fill puts into an effect what is known of the ticket.
func (b *Board) fill(e *engine.Effect, c *card) {
	e.ID, e.Ref, e.URL = c.ID, c.Ref, c.URL
	e.State = map[string]string{stateScope: b.scope}
	for name, value := range map[string]string{stateStatus: c.Status, stateCategory: c.Category, stateResolution: c.Resolution, stateUpdated: c.updated} {
		if value != "" {
			e.State[name] = value
		}
	}
	if note, err := c.State.Encode(); err == nil {
		e.State[stateNote] = string(note)
	}
}

// keep notes an effect in the ledger, if it says anything new. A ledger that fails is no reason to stop: it saves requests, and the next
// run finds by search what it does not have.
func (b *Board) keep(ctx context.Context, e *engine.Effect) {
	had, ok := b.kept[e.Key]
	if b.ledger == nil || e.ID == "" && e.State[stateBegun] == "" && !ok {
		return
	}
	if lost := e.ID == "" && had.ID != ""; lost { // a ticket is not forgotten because it could not be read
		return
	}
	if ok && had.ID == e.ID && had.Ref == e.Ref && maps.Equal(had.State, e.State) {
		return
	}
	if err := b.ledger.Put(ctx, *e); err != nil {
		if e.Did != engine.DidDegrade {
			e.Why = cut(fmt.Sprintf("%s (not noted in the ledger: %v)", e.Why, err), 2*longestSaid)
		}
		return
	}
	b.kept[e.Key] = *e
}
