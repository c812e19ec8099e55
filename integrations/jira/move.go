package jira

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
)

// An impassable move is one that the workflow has no way for.
type impassable struct{ why string }

func (i *impassable) Error() string { return i.why }

func isImpassable(err error) bool { return errors.As(err, new(*impassable)) }

// A way is a transition that an issue could take now.
type way struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	To   struct {
		Category struct {
			Key string `json:"key"`
		} `json:"statusCategory"`
	} `json:"to"`
	Fields map[string]struct {
		Required      bool `json:"required"`
		HasDefault    bool `json:"hasDefaultValue"`
		AllowedValues []struct {
			Name string `json:"name"`
		} `json:"allowedValues"`
	} `json:"fields"`
}

// move closes a ticket or opens it again. Closing says so first: what is closed may not be editable, and Jira drops, without a word, the
// comment of a transition whose screen has no field for it. Opening says so afterwards, likewise.
func (b *Board) move(ctx context.Context, c *ticket.Change, e *engine.Effect) error {
	card := b.cards[c.Issue.ID]
	if card == nil {
		return errors.New("the ticket is gone")
	}
	name, to := c.MoveAs, ticket.CategoryDone
	if name == "" || b.client.options.Transitions[name].Name == "" && b.client.options.Transitions[name].Fields == nil {
		name = Close
	}
	if c.Move == ticket.MoveReopen {
		name, to = Reopen, ticket.CategoryNew
	}
	chosen, err := b.way(ctx, card, name, to)
	if isImpassable(err) {
		is, look := b.client.get(ctx, card.ID)
		if look != nil {
			return look
		}
		card.stands(is)
		if (card.Category == ticket.CategoryDone) == (to == ticket.CategoryDone) { // somebody was faster
			return b.edit(ctx, card.ID, c, c.Comment, c.Next)
		}
	}
	switch {
	case isImpassable(err) && c.Unreachable != nil:
		e.Did, e.Why = engine.DidUpdate, err.Error()+"; asks people to do it"
		return b.edit(ctx, card.ID, &ticket.Change{}, c.Unreachable.Comment, c.Unreachable.Next)
	case err != nil:
		return err
	case c.Move == ticket.MoveReopen:
		if err := b.take(ctx, card, chosen, name, false); err != nil {
			return err
		}
		return b.edit(ctx, card.ID, c, c.Comment, c.Next)
	}
	next := c.Next
	next.Before = card.updated
	if err := b.edit(ctx, card.ID, c, c.Comment, next); err != nil {
		return err
	}
	return b.take(ctx, card, chosen, name, true)
}

// transit takes an issue into a category, if a way leads there.
func (b *Board) transit(ctx context.Context, c *card, name, to string) error {
	chosen, err := b.way(ctx, c, name, to)
	if err != nil {
		return err
	}
	return b.take(ctx, c, chosen, name, to == ticket.CategoryDone)
}

// way chooses a transition: the one that the settings name, otherwise one by the category that it leads to, since names are everyone's
// own. Of several it takes one that needs no more than we can give.
func (b *Board) way(ctx context.Context, c *card, name, to string) (*way, error) {
	var answer struct {
		Transitions []way `json:"transitions"`
	}
	if err := b.client.do(ctx, http.MethodGet, "issue/"+c.ID+"/transitions?expand=transitions.fields", nil, &answer); err != nil {
		return nil, fmt.Errorf("the ways that %s could go: %w", c.Ref, err)
	}
	return choose(answer.Transitions, b.client.options.Transitions[name], name, to)
}

// choose is the choice of way.
func choose(ways []way, set Transition, name, to string) (*way, error) {
	var lacks error
	for _, category := range []string{to, ticket.CategoryInProgress} {
		for i := range ways {
			w := &ways[i]
			if set.Name != "" && !strings.EqualFold(w.Name, set.Name) || set.Name == "" && w.To.Category.Key != category {
				continue
			}
			if missing := w.missing(set, name); len(missing) > 0 {
				lacks = errors.Join(lacks, fmt.Errorf("transition %q needs %s: set it in transitions.%s.fields", w.Name, strings.Join(missing, ", "), name))
				continue
			}
			return w, nil
		}
		if to == ticket.CategoryDone { // nothing else is closed
			break
		}
	}
	switch {
	case lacks != nil:
		return nil, lacks
	case set.Name != "":
		return nil, &impassable{fmt.Sprintf("the workflow has no transition %q from where it is", set.Name)}
	case to == ticket.CategoryDone:
		return nil, &impassable{"the workflow has no way to done from where it is"}
	}
	return nil, &impassable{"the workflow has no way back from where it is"}
}

// missing are the fields that a transition requires and that neither the settings nor we have a value for.
func (w *way) missing(set Transition, name string) []string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(w.Fields)) {
		if f := w.Fields[id]; f.Required && !f.HasDefault && set.Fields[id] == nil && (id != "resolution" || w.resolution(name) == "") {
			all = append(all, id)
		}
	}
	return all
}

// usual are the resolutions that Jira comes with, by what a transition does.
var usual = map[string][]string{
	Close:                {"Done", "Fixed", "Resolved", "Complete", "Completed"},
	ticket.ClosedGone:    {"Done", "Fixed", "Resolved", "Complete", "Completed"},
	Duplicate:            {"Duplicate", "Done"},
	ticket.ClosedExcused: {"Won't Do", "Won't Fix", "Won’t Do", "Declined"},
}

// resolution is one of those that the screen of a transition offers; empty: none that says what we mean.
func (w *way) resolution(name string) string {
	for _, want := range usual[name] {
		for _, has := range w.Fields["resolution"].AllowedValues {
			if strings.EqualFold(has.Name, want) {
				return has.Name
			}
		}
	}
	return ""
}

// take goes a way, with those fields of the settings that are on its screen: others would be refused. One whose answer is lost is looked up.
func (b *Board) take(ctx context.Context, c *card, w *way, name string, done bool) error {
	body := map[string]any{"transition": map[string]string{"id": w.ID}}
	fields := map[string]any{}
	set := b.client.options.Transitions[name]
	for id, value := range set.Fields {
		if _, on := w.Fields[id]; on {
			fields[id] = value
		}
	}
	if _, on := w.Fields["resolution"]; on && fields["resolution"] == nil && w.resolution(name) != "" {
		fields["resolution"] = map[string]string{"name": w.resolution(name)}
	}
	if len(fields) > 0 {
		body["fields"] = fields
	}
	var err error
	for range 3 {
		err = b.client.do(ctx, http.MethodPost, "issue/"+c.ID+"/transitions", body, nil)
		if err != nil && !isUnsure(err) {
			return fmt.Errorf("transition %q: %w", w.Name, err)
		}
		is, look := b.client.get(ctx, c.ID)
		if look != nil {
			return look
		}
		c.stands(is)
		if err == nil || (c.Category == ticket.CategoryDone) == done {
			return nil
		}
	}
	return err
}
