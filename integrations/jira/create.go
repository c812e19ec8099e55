package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
)

// pauses are the waits between looks for a create whose answer was lost: the index may need that long to have it.
var pauses = []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second}

// create makes a ticket in one request: labels and property are there with it or it is not there. The ledger has before that it was sent,
// so that a run after one that was killed knows to look for it.
func (b *Board) create(ctx context.Context, c *ticket.Change, e *engine.Effect) error {
	if b.hopeless != nil && b.refusals >= mostRefusals {
		return fmt.Errorf("not tried, since it was refused %d times: %w", b.refusals, b.hopeless)
	}
	body, err := b.createBody(ctx, c)
	if err != nil {
		return err
	}
	begun := *e
	begun.State = map[string]string{stateScope: b.scope, stateBegun: b.client.options.Clock.Now().UTC().Format(time.RFC3339)}
	b.keep(ctx, &begun)
	for range 2 {
		var made struct{ ID, Key string }
		err = b.client.do(ctx, http.MethodPost, "issue", body, &made)
		if err == nil && !isID(made.ID) {
			err = &garbled{errors.New("it does not say which ticket was made")}
		}
		if err == nil {
			b.cards[made.ID] = &card{Issue: ticket.Issue{Key: c.Key, ID: made.ID, Ref: cut(made.Key, longestSaid), URL: b.client.browse(made.Key), State: c.Next, Labels: c.Ticket.Labels}}
			return b.created(ctx, made.ID, c, e)
		}
		if !isUnsure(err) {
			return b.counted(err)
		}
		id, look := b.find(ctx, c.Key)
		if look != nil {
			return look
		}
		if id != "" {
			return b.created(ctx, id, c, e)
		}
		if b.patient <= 0 || errors.As(err, new(*garbled)) {
			break // nobody looked long enough to know that it is not there, or the next answer would be no better
		}
	}
	return err
}

// created notes a ticket that is there, and links it.
func (b *Board) created(ctx context.Context, id string, c *ticket.Change, e *engine.Effect) error {
	b.refusals, b.hopeless = 0, nil
	b.fill(e, b.cards[id])
	b.keep(ctx, e)
	return b.link(ctx, id, c.Links)
}

// mostRefusals is how often in a row the same refusal of a create is asked for: what is wrong with the project or a field of it is wrong
// with all tickets.
const mostRefusals = 3

func (b *Board) counted(err error) error {
	if b.hopeless == nil || b.hopeless.Error() != err.Error() {
		b.refusals = 0
	}
	b.refusals, b.hopeless = b.refusals+1, err
	return err
}

func (b *Board) createBody(ctx context.Context, c *ticket.Change) (map[string]any, error) {
	state, err := c.Next.Encode()
	if err != nil {
		return nil, err
	}
	t := c.Ticket
	values, err := b.client.fieldValues(ctx, t, given(t))
	if err != nil {
		return nil, err
	}
	values["project"] = map[string]string{"key": b.client.options.Project}
	values["issuetype"] = map[string]string{"name": t.Type}
	values["labels"] = t.Labels
	return map[string]any{"fields": values, "properties": []any{map[string]any{"key": property, "value": json.RawMessage(state)}}}, nil
}

// given are the fields of a ticket that are not empty.
func given(t *ticket.Ticket) []string {
	names := []string{ticket.FieldSummary, ticket.FieldBody}
	for name, is := range map[string]bool{
		ticket.FieldPriority: t.Priority != "", ticket.FieldDue: !t.Due.IsZero(), ticket.FieldAssignee: t.Assignee != "",
		ticket.FieldComponents: len(t.Components) > 0, ticket.FieldParent: t.Parent != "",
	} {
		if is {
			names = append(names, name)
		}
	}
	return slices.AppendSeq(names, maps.Keys(t.Fields))
}

// find looks for the ticket of a key until the index should have it.
func (b *Board) find(ctx context.Context, key string) (id string, err error) {
	for _, pause := range pauses {
		if b.patient <= 0 {
			return "", nil
		}
		b.patient -= pause
		if err := b.client.sleep(ctx, pause); err != nil {
			return "", err
		}
		if err := b.look(ctx, []string{ticket.KeyLabel(key)}, nil); err != nil {
			return "", err
		}
		for _, w := range b.winners() {
			if w.Key == key && !w.Gone {
				return w.ID, nil
			}
		}
	}
	return "", nil
}

// settling is how long it takes at the least until tickets that others made at the same time are looked for.
const settling = 5 * time.Second

// settleDoubles looks whether there is more than one ticket of a key, by now also of those that were made just now, and leaves the oldest:
// whoever looks comes to the same one.
func (b *Board) settleDoubles(ctx context.Context, made []string) {
	if b.stop != nil {
		return
	}
	if len(made) > 0 {
		err := b.client.sleep(ctx, settling)
		if err == nil {
			err = b.recheck(ctx, made)
		}
		for _, key := range made {
			b.troubled[key] = err
		}
	}
	oldest := map[string]*card{}
	for _, w := range b.winners() {
		oldest[w.Key] = w
	}
	for _, id := range b.ids() {
		c := b.cards[id]
		if w := oldest[c.Key]; w.ID != id && !c.Gone && c.Category != ticket.CategoryDone {
			b.troubled[c.Key] = errors.Join(b.troubled[c.Key], b.double(ctx, c, w))
		}
	}
}

// recheck reads what has the keys of tickets that were made, these as they are now.
func (b *Board) recheck(ctx context.Context, made []string) error {
	for batch := range slices.Chunk(made, mostReconcile) {
		var labels, ids []string
		for _, key := range batch {
			labels = append(labels, ticket.KeyLabel(key))
		}
		for _, id := range b.ids() {
			if slices.Contains(batch, b.cards[id].Key) {
				ids = append(ids, id)
			}
		}
		if err := b.look(ctx, labels, ids); err != nil {
			return err
		}
		for _, id := range ids { // the index of Data Center may not have it yet
			if b.cards[id].Status != "" {
				continue
			}
			i, err := b.client.get(ctx, id)
			if err != nil {
				continue // it is there all the same: what is not known is its status
			}
			if card, ours := b.client.card(i, b.scope); ours {
				b.cards[id] = &card
			}
		}
	}
	return nil
}
