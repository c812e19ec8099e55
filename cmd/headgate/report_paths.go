package main

import (
	"slices"

	"github.com/headgate/headgate/engine"
)

// pathsOver are the attack paths that lead over some assets.
func pathsOver(all []engine.AttackPath, assets map[string]bool) []engine.AttackPath {
	return slices.DeleteFunc(slices.Clone(all), func(p engine.AttackPath) bool {
		return !slices.ContainsFunc(p.Assets, func(id string) bool { return assets[id] })
	})
}

// cutAtEntries says of the fixes of a result how many attack paths each cuts where they begin: it clears all that opens the asset that the
// internet reaches, without which no way of the path begins. A ledger does not keep the whole graph, so that what a fix cuts further in is
// not known: there may be more.
func cutAtEntries(r *engine.Result) {
	if r.Graph == nil {
		return
	}
	for i := range r.Plan {
		f := &r.Plan[i]
		clears := map[string]bool{}
		for _, id := range f.Findings {
			clears[id] = true
		}
		left := map[string]bool{} // jewels that something leads to still
		cut := map[string]bool{}
		for k := range r.Paths {
			p := &r.Paths[k]
			if len(p.Assets) == 0 || len(p.Steps) != len(p.Assets) {
				continue
			}
			jewel, entry := p.Assets[len(p.Assets)-1], &p.Steps[0]
			shut := entry.Trusted == "" && entry.More == 0 && len(entry.Findings) > 0 && slices.Contains(f.Assets, p.Assets[0]) &&
				!slices.ContainsFunc(entry.Findings, func(id string) bool { return !clears[id] })
			if !shut {
				left[jewel] = true
				continue
			}
			f.PathsCut++
			cut[jewel] = true
		}
		if len(r.Paths) < r.Graph.Paths { // not all are listed
			continue
		}
		for _, jewel := range r.Graph.Jewels {
			if cut[jewel] && !left[jewel] {
				f.CutsOff = append(f.CutsOff, jewel)
			}
		}
	}
}
