package jira

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/transport"
)

// DoubleLabel marks a ticket that turned out to be a double. It has the labels of its key and scope no more, and is left to people.
const DoubleLabel = ticket.Label + "-duplicate"

// duplicate is the type of link that Jira comes with. A site may have none of that name.
const duplicate = "Duplicate"

// double settles a ticket of a key that has an older one: it is linked to that, closed if nobody but us has touched it, and found no more
// by its labels. It is found by them until all of it is done.
func (b *Board) double(ctx context.Context, c, of *card) error {
	i, err := b.client.get(ctx, c.ID, "creator", "comment")
	if err != nil {
		return err
	}
	if !slices.Contains(i.Fields.Labels, ticket.KeyLabel(c.Key)) { // the index is behind: it is settled
		delete(b.cards, c.ID)
		return nil
	}
	ours, err := b.untouched(ctx, i)
	if err != nil {
		return err
	}
	err = b.client.do(transport.Repeatable(ctx), http.MethodPost, "issueLink", map[string]any{
		"type": map[string]string{"name": duplicate}, "inwardIssue": map[string]string{"key": c.Ref}, "outwardIssue": map[string]string{"key": of.Ref},
	}, nil)
	if s := status(err); err != nil && (s == 0 || s >= 500) { // otherwise it is refused: there is no such type, or no permission
		return fmt.Errorf("%s, a double of %s: %w", c.Ref, of.Ref, err)
	}
	text := "This is a double of " + of.Ref + ", which two runs made at the same time."
	if !ours {
		text += " It is left open, since somebody has worked on it."
	}
	change := &ticket.Change{
		Key: c.Key, Issue: &c.Issue, AddLabels: []string{DoubleLabel}, RemoveLabels: []string{ticket.KeyLabel(c.Key), b.scope},
		Comment: ticket.Document{{Paragraph: []ticket.Inline{{Text: text, URL: of.URL}}}},
	}
	if ours && i.Fields.Status.Category.Key != ticket.CategoryDone {
		if err := b.transit(ctx, c, Duplicate, ticket.CategoryDone); err != nil && !isImpassable(err) {
			return err
		}
	}
	if err := b.edit(ctx, c.ID, change, change.Comment, c.State); err != nil {
		return fmt.Errorf("%s, a double of %s: %w", c.Ref, of.Ref, err)
	}
	delete(b.cards, c.ID)
	return nil
}

// untouched says whether nobody but us made, changed or commented a ticket.
func (b *Board) untouched(ctx context.Context, i *raw) (bool, error) {
	me, err := b.client.myself(ctx)
	if err != nil {
		return false, err
	}
	mine := func(u *user) bool { return u != nil && u.is(me) }
	if !mine(i.Fields.Creator) || i.Changelog.Total > len(i.Changelog.Histories) {
		return false, nil
	}
	for _, h := range i.Changelog.Histories {
		if !mine(h.Author) {
			return false, nil
		}
	}
	if comments := i.Fields.Comment; comments != nil {
		for _, said := range comments.Comments {
			if !mine(said.Author) {
				return false, nil
			}
		}
		return comments.Total <= len(comments.Comments), nil
	}
	return true, nil
}

// ids are those of all cards, in their order.
func (b *Board) ids() []string {
	return slices.SortedFunc(maps.Keys(b.cards), compareIDs)
}
