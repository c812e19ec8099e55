package paths

import (
	"slices"

	"github.com/headgate/headgate/engine"
)

// Bounds of cuts that are looked for.
const (
	mostCuts    = 20 // jewels
	mostCutDoor = 8  // doors of one cut; a larger one helps nobody
)

// Graph sums up what paths were looked for in.
func (a *Analysis) Graph() *engine.Graph {
	g := &engine.Graph{Digest: a.digest, Assets: len(a.assets), Edges: len(a.edges), Jewels: []string{}}
	for i := range a.assets {
		if a.assets[i].Entry {
			g.Entries++
		}
		if a.over[i] != nil && len(g.ChokePoints) < mostPaths {
			g.ChokePoints = append(g.ChokePoints, engine.ChokePoint{Asset: a.assets[i].ID, Jewels: a.names(a.over[i])})
		}
	}
	for _, j := range a.jewels[:min(len(a.jewels), mostNamed)] {
		g.Jewels = append(g.Jewels, a.assets[j].ID)
	}
	g.Paths, g.Validated = a.pairs(a.open, a.behind), a.pairs(a.proven, a.behindProven)
	g.Uncovered = a.ids(a.uncovered)
	for _, j := range a.jewels {
		if a.hops[inside(j)] < 0 || len(g.Cuts) == mostCuts {
			continue
		}
		if doors := a.leastCut(j); doors != nil {
			g.Cuts = append(g.Cuts, engine.Cut{Jewel: a.assets[j].ID, Assets: a.ids(doors)})
		}
	}
	return g
}

// pairs counts pairs of an exposed asset and a jewel that ways lead between.
func (a *Analysis) pairs(g *digraph, behind []bitset) (n int) {
	for i := range a.assets {
		if enters(g, i) {
			n += behind[i].count()
		}
	}
	return n
}

// leastCut is a smallest set of assets whose doors, once shut, leave no way to a jewel: of several, the one nearest to the internet. It
// is nil if it would be large. By Menger's theorem it is as large as the number of ways that share no door; each round finds one more,
// taking back parts of earlier ones where that helps.
func (a *Analysis) leastCut(jewel int) []int {
	f := flowing{a.open, map[[2]int]int{}}
	for range mostCutDoor + 1 {
		before, seen := f.way(inside(jewel))
		if before == nil {
			var cut []int
			for i := range a.assets {
				if seen[door(i)] && !seen[inside(i)] && a.open.HasEdgeFromTo(int64(door(i)), int64(inside(i))) {
					cut = append(cut, i)
				}
			}
			return cut
		}
		for n := inside(jewel); n != internet; n = before[n] {
			f.push(before[n], n)
		}
	}
	return nil
}

// flowing is a graph along which ways have been taken: through an open door at most one, elsewhere any number.
type flowing struct {
	*digraph
	taken map[[2]int]int // by edge
}

// push takes an edge, or takes it back.
func (f *flowing) push(from, to int) {
	if back := [2]int{to, from}; f.taken[back] > 0 {
		f.taken[back]--
		return
	}
	f.taken[[2]int{from, to}]++
}

// way finds one more way from the internet to a node, as the node before each. It is nil if there is none; seen are then the nodes
// that can still be come to.
func (f *flowing) way(to int) (before []int, seen []bool) {
	before, seen = make([]int, f.size()), make([]bool, f.size())
	seen[internet] = true
	for now := []int{internet}; len(now) > 0; now = now[1:] {
		n := now[0]
		if n == to {
			return before, seen
		}
		come := func(m int) {
			if !seen[m] {
				seen[m], before[m] = true, n
				now = append(now, m)
			}
		}
		for _, m := range f.forth.of(n) {
			if full := step(n, m) == 0 && f.taken[[2]int{n, m}] > 0; !full {
				come(m)
			}
		}
		for _, m := range f.back.of(n) {
			if f.taken[[2]int{m, n}] > 0 {
				come(m)
			}
		}
	}
	return nil, seen
}

// CutBy counts the paths (pairs of an exposed asset and a jewel) that are gone once some findings are fixed.
func (a *Analysis) CutBy(findings []string) int {
	shut := a.shutBy(findings)
	if len(shut) == 0 {
		return 0
	}
	left := a.without(shut)
	return a.pairs(a.open, a.behind) - a.pairs(left, a.reached(left))
}

// shutBy are the doors on ways that nothing opens any more once some findings are fixed.
func (a *Analysis) shutBy(findings []string) map[int]bool {
	fixed, shut := map[string]bool{}, map[int]bool{}
	for _, id := range findings {
		fixed[id] = true
	}
	for _, id := range findings {
		for _, i := range a.opened[id] {
			left := slices.ContainsFunc(a.assets[i].Openers, func(o Opener) bool { return !fixed[o.Finding] })
			if !left && a.hops[door(i)] >= 0 && a.behind[i].count() > 0 {
				shut[i] = true
			}
		}
	}
	return shut
}
