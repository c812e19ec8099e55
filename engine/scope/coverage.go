package scope

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Look is what the scans of a run looked at.
type Look struct {
	Repository string          // that the run is about; empty if not known
	Whole      []engine.Target // by scans that finished
	Part       []engine.Target // by scans that did not finish: what they did not come to may be there
}

// Covered says which assets were looked at whole, so that they have no findings other than those known. What an asset matches names the
// places where it lives, and each of them must have been looked at: of two images one says nothing of the other. Hosts and components are
// further ways to tell whose a finding is, and places only for want of others.
func (inv *Inventory) Covered(l Look) map[string]bool {
	covered := map[string]bool{}
	for i := range inv.assets {
		e := &inv.assets[i]
		if e.match.covered(&l) {
			covered[e.asset.ID] = true
		}
	}
	return covered
}

func (m *match) covered(l *Look) bool {
	whole := func(ok func(engine.Target) bool) bool { return slices.ContainsFunc(l.Whole, ok) }
	if slices.ContainsFunc(l.Part, func(t engine.Target) bool { return m.livesIn(l, t) }) {
		return false
	}
	for _, image := range m.Images {
		if !whole(func(t engine.Target) bool { return t.Type == engine.TargetImage && fits([]string{image}, t.Name) }) {
			return false
		}
	}
	for _, repository := range m.Repositories {
		if !whole(func(t engine.Target) bool {
			return t.Type == engine.TargetRepository && fits([]string{repository}, t.Name)
		}) {
			return false
		}
	}
	for _, p := range m.within {
		if !whole(p.isIn) {
			return false
		}
	}
	switch {
	case len(m.Repositories)+len(m.within) > 0: // the paths are in those
		return true
	case len(m.Paths) > 0:
		return whole(l.own)
	case len(m.Images) > 0:
		return true
	}
	return whole(func(t engine.Target) bool { return m.livesIn(l, t) })
}

// own says whether a target is the repository that the run is about, as far as either is known. Paths are those of this one: a report of
// another repository has not looked at them.
func (l *Look) own(t engine.Target) bool {
	return t.Type == engine.TargetRepository && (t.Name == "" || l.Repository == "" || strings.EqualFold(t.Name, l.Repository))
}

// isIn says whether a target is the repository of a place. One that nobody names may be the one that is meant.
func (p place) isIn(t engine.Target) bool {
	return t.Type == engine.TargetRepository && (t.Name == "" || strings.EqualFold(p.repository, t.Name))
}

// livesIn says whether what was found in a target could be the asset's. A component may be in anything.
func (m *match) livesIn(l *Look, t engine.Target) bool {
	switch {
	case len(m.Paths) > 0 && l.own(t), slices.ContainsFunc(m.within, func(p place) bool { return p.isIn(t) }):
		return true
	case len(m.PURLs) > 0 && len(m.Paths)+len(m.Images)+len(m.Repositories)+len(m.within) == 0:
		return true
	}
	return m.takes(&engine.Discovery{Target: t})
}
