package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// Effects are the objects outside that the ledger knows of in a place, in the order of kind and key; those of all places, by place first, if
// it is empty.
func (l *Ledger) Effects(ctx context.Context, place string) (all []engine.Effect, err error) {
	err = l.db.view(ctx, func(t transaction) error {
		return t.each(ctx, "SELECT body FROM effect WHERE place = $1 OR $1 = ''", []any{place}, func(scan func(...any) error) error {
			var body []byte
			if err := scan(&body); err != nil {
				return err
			}
			var e engine.Effect
			if err := json.Unmarshal(body, &e); err != nil {
				return fmt.Errorf("an effect in %s: %w", place, err)
			}
			all = append(all, e)
			return nil
		})
	})
	// Here and not in the query, as databases differ in how they order text.
	slices.SortFunc(all, func(a, b engine.Effect) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Key, b.Key))
	})
	return all, err
}

// Put keeps what is known of an object outside. It takes the place of what was known under the same place, kind and key.
func (l *Ledger) Put(ctx context.Context, e engine.Effect) error {
	if e.Place == "" || e.Kind == "" || e.Key == "" {
		return fmt.Errorf("an effect without place, kind or key cannot be kept: %.80q, %.80q, %.80q", e.Place, e.Kind, e.Key)
	}
	body, err := json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return err
	}
	return l.db.update(ctx, func(t transaction) error {
		row := func(yield func([]any, error) bool) { yield([]any{e.Place, e.Kind, e.Key, body}, nil) }
		return t.insert(ctx, "effect", []string{"place", "kind", "key", "body"}, row, replacing([]string{"place", "kind", "key"}))
	})
}
