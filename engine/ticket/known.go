package ticket

import (
	"cmp"
	"slices"

	"github.com/headgate/headgate/engine"
)

// Known are tickets as a ledger last knew them.
type Known struct {
	byKey     map[string]*known
	byFinding map[scoped][]*known
}

type known struct {
	engine.Effect
	scope string // label; empty: the ledger does not know
	name  string // of the asset or owner that it is for
}

type scoped struct{ scope, id string }

// KnownOf are the tickets among the effects of a ledger. What cannot be read of one is not known.
func KnownOf(effects []engine.Effect) *Known {
	k := &Known{byKey: map[string]*known{}, byFinding: map[scoped][]*known{}}
	for i := range effects {
		e := &effects[i]
		if e.Kind != engine.EffectTicket || e.ID == "" {
			continue
		}
		t := &known{Effect: *e}
		k.byKey[e.Key] = t
		note, err := ReadState([]byte(e.State["note"]))
		if err != nil {
			continue
		}
		t.scope, t.name = note.Scope, note.For
		for _, c := range note.Clears {
			for _, id := range c.IDs {
				k.byFinding[scoped{note.Scope, id}] = append(k.byFinding[scoped{note.Scope, id}], t)
			}
		}
	}
	return k
}

// Within are the keys of the tickets of some scopes. Left says how many are of none of them, or of one that is not known.
func (k *Known) Within(scopes []string) (keys map[string]bool, left int) {
	labels := map[string]bool{}
	for _, s := range scopes {
		labels[ScopeLabel(s)] = true
	}
	keys = map[string]bool{}
	for key, t := range k.byKey {
		if labels[t.scope] {
			keys[key] = true
		} else {
			left++
		}
	}
	return keys, left
}

// Stand puts the tickets of a scope into a plan of the scope's repository: those that have the key of a fix, and those that are about one of
// its findings, as are the ones that were made for the fix when it was told apart otherwise.
func (k *Known) Stand(scope string, plan []engine.Fix) {
	label := ScopeLabel(scope)
	for i := range plan {
		f := &plan[i]
		all := map[string]*known{}
		for _, per := range Pers {
			for _, name := range per.names(f) {
				if t := k.byKey[keyOf(scope, f.ID, per, name)]; t != nil {
					all[t.Key] = t
				}
			}
		}
		for _, id := range f.Findings {
			for _, t := range k.byFinding[scoped{label, id}] {
				if t.name == "" || slices.Contains(f.Assets, t.name) || slices.Contains(f.Owners, t.name) {
					all[t.Key] = t
				}
			}
		}
		for _, t := range all {
			f.Tickets = append(f.Tickets, engine.FixTicket{Ref: t.Ref, URL: t.URL, Status: t.State[stateStatus], Resolution: t.State[stateResolution], For: t.name})
		}
		slices.SortFunc(f.Tickets, func(a, b engine.FixTicket) int { return cmp.Or(cmp.Compare(a.For, b.For), cmp.Compare(a.Ref, b.Ref)) })
		f.Tickets = slices.Compact(f.Tickets)
	}
}

// names are what the tickets of a fix can be for.
func (p Per) names(f *engine.Fix) []string {
	all := []string{""}
	switch p {
	case PerAsset:
		all = f.Assets
	case PerTeam:
		all = append(all, f.Owners...)
	}
	return all
}
