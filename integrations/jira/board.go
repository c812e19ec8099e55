package jira

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
)

// A Ledger remembers effects between runs. It makes fewer requests do, and finds tickets that a search does not find: moved ones, and
// those that the index has not come to.
type Ledger interface {
	Effects(ctx context.Context, place string) ([]engine.Effect, error)
	Put(ctx context.Context, e engine.Effect) error
}

// A Board is the tickets of one scope, as they were read, and what becomes of them.
type Board struct {
	client  *Client
	scope   string                   // label
	ledger  Ledger                   // nil: there is none
	cards   map[string]*card         // by id
	kept    map[string]engine.Effect // by key: what the ledger has
	patient time.Duration            // how long lost creates may still be looked for, all together
	stop    error                    // nothing more is tried

	doubted map[string]bool // ids of tickets of which is to be read who moved them, though their status is as we noted

	refusals int // of creates, in a row and the same
	hopeless error
	failures int              // in a row
	troubled map[string]error // by key: what kept doubles from being looked for, or settled
}

// patience bounds how long lost creates are looked for in one run.
const patience = 5 * time.Minute

// Board reads the tickets of a scope: a label as ticket.ScopeLabel makes it. Who has no ledger gives nil.
func (c *Client) Board(ctx context.Context, scope string, ledger Ledger) (*Board, error) {
	b := &Board{client: c, scope: scope, ledger: ledger, cards: map[string]*card{}, kept: map[string]engine.Effect{}, patient: patience, doubted: map[string]bool{}, troubled: map[string]error{}}
	if ledger != nil {
		effects, err := ledger.Effects(ctx, c.Place())
		if err != nil {
			return nil, fmt.Errorf("the ledger: %w", err)
		}
		for _, e := range effects {
			if e.Kind == engine.EffectTicket && e.State[stateScope] == scope {
				b.kept[e.Key] = e
			}
		}
	}
	if err := b.look(ctx, []string{scope}, nil); err != nil {
		return nil, err
	}
	if err := b.follow(ctx); err != nil {
		return nil, err
	}
	if len(b.cards) == 0 {
		if err := c.seesProject(ctx); err != nil {
			return nil, err
		}
	}
	return b, b.whoMoved(ctx)
}

// seesProject fails where the project is not there or may not be seen. Searches find nothing then and do not say why, and whoever may
// make tickets all the same would make them anew with each run.
func (c *Client) seesProject(ctx context.Context) error {
	if err := c.do(ctx, http.MethodGet, "project/"+url.PathEscape(c.options.Project), nil, nil); err != nil {
		return fmt.Errorf("project %s: %w", c.options.Project, err)
	}
	return nil
}

// What an effect's State says of a ticket.
const (
	stateScope      = "scope"      // label
	stateStatus     = "status"     // by Jira's name
	stateCategory   = "category"   // new, indeterminate, done
	stateResolution = "resolution" // by Jira's name
	stateNote       = "note"       // the property, as JSON
	stateUpdated    = "updated"    // when the issue was changed last, by Jira's clock: the note is that of then
	stateBegun      = "begun"      // when a create was sent whose answer is not known to have come; the effect has no id yet
)

// look reads what has one of some labels. Issues with ids are read as they are.
func (b *Board) look(ctx context.Context, labels, ids []string) error {
	cloud, err := b.client.isCloud(ctx)
	if err != nil {
		return err
	}
	var bare []raw // without property: Data Center's search gives none
	err = b.client.search(ctx, labels, ids, func(i *raw) {
		if !cloud {
			bare = append(bare, *i)
		} else if card, ours := b.client.card(i, b.scope); ours {
			b.cards[card.ID] = &card
		}
	})
	if err != nil {
		return err
	}
	for n := range bare {
		if err := b.note(ctx, &bare[n]); err != nil {
			return err
		}
	}
	return nil
}

// note gets the property of an issue of Data Center: from the ledger while nothing has changed the issue since, otherwise from Jira.
func (b *Board) note(ctx context.Context, i *raw) error {
	for _, label := range i.Fields.Labels {
		e, ok := b.kept[ticket.KeyOf(label)]
		if ok && e.ID == i.ID && e.State[stateUpdated] == i.Fields.Updated && e.State[stateNote] != "" {
			i.Properties = map[string]json.RawMessage{property: json.RawMessage(e.State[stateNote])}
		}
	}
	if i.Properties == nil {
		var value struct {
			Value json.RawMessage `json:"value"`
		}
		err := b.client.do(ctx, http.MethodGet, "issue/"+i.ID+"/properties/"+property, nil, &value)
		if status(err) == http.StatusNotFound { // a clone, or deleted just now
			return nil
		} else if err != nil {
			return fmt.Errorf("ticket %s: %w", i.Key, err)
		}
		i.Properties = map[string]json.RawMessage{property: value.Value}
	}
	if card, ours := b.client.card(i, b.scope); ours {
		b.cards[card.ID] = &card
	}
	return nil
}

// follow reads by id what the ledger knows and the search did not find: what was moved out of sight, what is too new for the index, and
// what was deleted.
func (b *Board) follow(ctx context.Context) error {
	for _, key := range slices.Sorted(maps.Keys(b.kept)) {
		e := b.kept[key]
		if _, found := b.cards[e.ID]; found || !isID(e.ID) {
			continue
		}
		if err := b.refresh(ctx, e.ID); err != nil {
			return err
		}
		if _, found := b.cards[e.ID]; !found && e.State[stateNote] != "" {
			if state, err := ticket.ReadState([]byte(e.State[stateNote])); err == nil && state.Scope == b.scope {
				b.cards[e.ID] = &card{Issue: ticket.Issue{Key: key, ID: e.ID, Ref: e.Ref, State: state, Gone: true}}
			}
		}
	}
	return nil
}

// refresh reads one issue as it is now. One that is not there any more, or not ours, is taken off the board.
func (b *Board) refresh(ctx context.Context, id string) error {
	i, err := b.client.get(ctx, id)
	delete(b.cards, id)
	if s := status(err); s == http.StatusNotFound || s == http.StatusForbidden {
		return nil
	} else if err != nil {
		return err
	}
	if card, ours := b.client.card(i, b.scope); ours {
		b.cards[card.ID] = &card
	}
	return nil
}

// whoMoved finds out who moved those tickets whose status is not as we noted.
func (b *Board) whoMoved(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(b.cards)) {
		i := b.cards[id]
		as := (i.Category == ticket.CategoryDone) == (i.State.Closed != "")
		if i.Gone || i.MovedBy != "" || as && !b.doubted[id] {
			continue
		}
		me, err := b.client.myself(ctx)
		if err != nil {
			return err
		}
		full, err := b.client.get(ctx, id, "creator")
		if err != nil {
			return err
		}
		i.MovedBy = movedBy(full.Changelog.Histories, me, i)
	}
	return nil
}

// movedBy is who did the last change of status. One that came before we said that we close the ticket was not that close.
func movedBy(all []history, me *user, i *card) string {
	var last *history
	for n := range all {
		for _, item := range all[n].Items {
			if item.Field == "status" && (last == nil || !stamp(all[n].Created).Before(stamp(last.Created))) {
				last = &all[n]
			}
		}
	}
	before := stamp(i.State.Before)
	switch {
	case i.State.Closed == ticket.ByUs && i.Category != ticket.CategoryDone && !before.IsZero() && (last == nil || !stamp(last.Created).After(before)):
		return ticket.ByNobody
	case last == nil || last.Author == nil || !last.Author.is(me):
		return ticket.ByPerson
	}
	return ticket.ByUs
}

// Issues are the tickets of the scope, one for each key: of several the oldest.
func (b *Board) Issues() []ticket.Issue {
	var all []ticket.Issue
	for _, c := range b.winners() {
		all = append(all, c.Issue)
	}
	return all
}

// winners are the oldest cards of each key, in the order of their ids. One that is gone counts only where there is no other.
func (b *Board) winners() []*card {
	best := map[string]*card{}
	for _, c := range b.cards {
		if w := best[c.Key]; w == nil || cmp.Or(compareBool(c.Gone, w.Gone), compareIDs(c.ID, w.ID)) < 0 {
			best[c.Key] = c
		}
	}
	return slices.SortedFunc(maps.Values(best), func(x, y *card) int { return compareIDs(x.ID, y.ID) })
}

// compareIDs orders ids by number.
func compareIDs(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// rounds bounds how often it is decided again since what it was decided on had changed.
const rounds = 3

// Settle asks what should become of the tickets, and reads once more those that something should become of: the index may have shown them
// as they were some minutes ago. It asks again while that shows anything new.
func (b *Board) Settle(ctx context.Context, decide func([]ticket.Issue) []ticket.Change) ([]ticket.Change, error) {
	fresh := map[string]bool{} // ids and keys
	for range rounds {
		changes := decide(b.Issues())
		same, err := b.freshen(ctx, changes, fresh)
		if err != nil {
			return nil, err
		}
		if same {
			return changes, nil
		}
	}
	return decide(b.Issues()), nil
}

// freshen reads what changes are about, as far as it was not read so already, and says whether all is as it was.
func (b *Board) freshen(ctx context.Context, changes []ticket.Change, fresh map[string]bool) (same bool, err error) {
	before := maps.Clone(b.cards)
	for id, c := range before {
		copied := *c
		before[id] = &copied
	}
	var keys, ids []string
	for i := range changes {
		c := &changes[i]
		switch {
		case c.Issue == nil && !fresh[c.Key]:
			keys = append(keys, c.Key)
		case c.Issue != nil && !c.Nothing() && !c.Issue.Gone && !fresh[c.Issue.ID]:
			keys, ids = append(keys, c.Key), append(ids, c.Issue.ID)
		default:
			continue
		}
		fresh[c.Key] = true
	}
	for _, id := range ids {
		fresh[id] = true
	}
	for i := range changes { // what we closed somebody may have opened and closed again since, as not to be done
		if c := &changes[i]; c.Issue != nil && c.Move == ticket.MoveReopen {
			b.doubted[c.Issue.ID] = true
		}
	}
	if len(keys) == 0 {
		return true, nil
	}
	if err := b.awaitIndex(ctx, changes); err != nil {
		return false, err
	}
	if err := b.again(ctx, keys, ids); err != nil {
		return false, err
	}
	if err := b.whoMoved(ctx); err != nil {
		return false, err
	}
	return reflect.DeepEqual(before, b.cards), nil
}

// again reads issues by keys of ours, those with ids as they are now.
func (b *Board) again(ctx context.Context, keys, ids []string) error {
	cloud, err := b.client.isCloud(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(keys, mostReconcile) {
		var labels, of []string
		for _, key := range batch {
			labels = append(labels, ticket.KeyLabel(key))
		}
		for _, id := range ids {
			if c := b.cards[id]; c != nil && slices.Contains(batch, c.Key) {
				of = append(of, id)
				delete(b.cards, id)
			}
		}
		if err := b.look(ctx, labels, of); err != nil {
			return err
		}
		for _, id := range of { // somebody took the label away, or it is gone; and Data Center finds nothing as it is now
			if b.cards[id] == nil || !cloud {
				if err := b.refresh(ctx, id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// indexed is how long it takes until a search finds what was made, as a rule.
const indexed = 60 * time.Second

// awaitIndex waits where a run before this one sent a create and did not note what came of it: the ticket may be there, and not yet in the
// index.
func (b *Board) awaitIndex(ctx context.Context, changes []ticket.Change) error {
	var wait time.Duration
	for i := range changes {
		e, begun := b.kept[changes[i].Key]
		if changes[i].Issue != nil || !begun || e.ID != "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, e.State[stateBegun])
		if err == nil {
			wait = max(wait, min(at.Add(indexed).Sub(b.client.options.Clock.Now()), indexed))
		}
	}
	if wait <= 0 {
		return nil
	}
	return b.client.sleep(ctx, wait)
}
