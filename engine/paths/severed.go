package paths

// CutOff are the crown jewels that an attacker can get to, and that nothing leads to any more once some findings are fixed, by id. It is
// bounded like all lists of jewels.
func (a *Analysis) CutOff(findings []string) []string {
	shut := a.shutBy(findings)
	if len(shut) == 0 {
		return nil
	}
	hops := a.without(shut).forth.distances(internet)
	var lost []string
	for _, j := range a.jewels {
		if a.hops[inside(j)] >= 0 && hops[inside(j)] < 0 && len(lost) < mostNamed {
			lost = append(lost, a.assets[j].ID)
		}
	}
	return lost
}

// Size is how many assets and edges the estate has.
func (a *Analysis) Size() int { return len(a.assets) + len(a.edges) }

// without is the open graph with some more doors shut.
func (a *Analysis) without(shut map[int]bool) *digraph {
	return a.graph(func(s *Asset) bool { return len(s.Openers) > 0 && !shut[a.index[s.ID]] })
}
