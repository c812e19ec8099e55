package scope

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Covered says which assets were looked at, by what complete scans looked at. A repository covers the assets that have paths in it, and
// a component may be in anything that was looked at.
func (inv *Inventory) Covered(targets []engine.Target) map[string]bool {
	covered := map[string]bool{}
	for i := range inv.assets {
		e := &inv.assets[i]
		for _, t := range targets {
			if e.match.looksInto(t) {
				covered[e.asset.ID] = true
				break
			}
		}
	}
	return covered
}

// looksInto says whether what was found in a target could be the asset's.
func (m *match) looksInto(t engine.Target) bool {
	switch {
	case len(m.PURLs) > 0:
		return true
	case t.Type == engine.TargetRepository && len(m.Paths) > 0:
		return true
	case t.Type == engine.TargetRepository && slices.ContainsFunc(m.within, func(p place) bool { return t.Name == "" || strings.EqualFold(p.repository, t.Name) }):
		return true
	}
	return m.takes(&engine.Discovery{Target: t})
}
