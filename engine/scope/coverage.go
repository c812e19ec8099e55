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

// Covered says which assets were looked at: a scan that finished looked at a place where the asset lives, and no scan of any of them
// broke off. Places are repositories, folders and images. Hosts and components are further ways to tell whose a finding is, and places only
// for want of others: from outside little is seen, and a component may be in anything.
func (inv *Inventory) Covered(l Look) map[string]bool {
	covered := map[string]bool{}
	for i := range inv.assets {
		m := &inv.assets[i].match
		livesIn := func(t engine.Target) bool { return m.livesIn(&l, t) }
		if slices.ContainsFunc(l.Whole, livesIn) && !slices.ContainsFunc(l.Part, livesIn) {
			covered[inv.assets[i].asset.ID] = true
		}
	}
	return covered
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

// livesIn says whether a target is a place of the asset.
func (m *match) livesIn(l *Look, t engine.Target) bool {
	placed := len(m.Paths)+len(m.Images)+len(m.Repositories)+len(m.within) > 0
	switch {
	case len(m.Paths) > 0 && l.own(t), slices.ContainsFunc(m.within, func(p place) bool { return p.isIn(t) }):
		return true
	case len(m.PURLs) > 0 && !placed:
		return true
	case t.Type == engine.TargetHost && placed:
		return false
	case t.Type == engine.TargetRepository:
		return fits(m.Repositories, t.Name) // what lies at no path may be anywhere, but no folder was looked at for it
	}
	return m.takes(&engine.Discovery{Target: t})
}
