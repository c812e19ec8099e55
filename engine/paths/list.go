package paths

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/graph/path"
	"gonum.org/v1/gonum/graph/simple"

	"github.com/headgate/headgate/engine"
)

// Bounds of what is listed. What is counted is not bounded.
const (
	mostPaths   = 100   // paths
	mostEntries = 100   // exposed assets that paths are listed of, those nearest to a jewel first
	mostRoutes  = 3     // routes between the two ends of one path
	mostAsked   = 20    // paths whose further routes are looked for
	mostDetours = 3     // steps by which a further route may be longer
	mostWalked  = 5_000 // edges of the part of the graph that further routes are looked for in
	mostOpeners = 5     // findings named for one step
)

// A pair is an exposed asset and a jewel that a way leads between.
type pair struct {
	entry, jewel int // assets
	proven       bool
	hops         int
}

func (p *pair) in(a *Analysis) *digraph {
	if p.proven {
		return a.proven
	}
	return a.open
}

// Paths lists attack paths: for each pair of an exposed asset and a jewel the shortest way between them, of the validated ones if there
// are any. Validated paths come first, then the shorter ones, then by name; at most 100 are listed.
func (a *Analysis) Paths() []engine.AttackPath {
	var pairs []pair
	for _, e := range a.nearest() {
		open, proven := a.open.forth.distances(inside(e)), a.proven.forth.distances(inside(e))
		for _, j := range a.jewels {
			switch n := inside(j); {
			case enters(a.proven, e) && proven[n] >= 0:
				pairs = append(pairs, pair{e, j, true, proven[n]})
			case open[n] >= 0:
				pairs = append(pairs, pair{e, j, false, open[n]})
			}
		}
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(compareBool(y.proven, x.proven), cmp.Compare(x.hops, y.hops), cmp.Compare(x.entry, y.entry),
			cmp.Compare(x.jewel, y.jewel))
	})
	var list []engine.AttackPath
	for i := range pairs[:min(len(pairs), mostPaths)] {
		list = append(list, a.describe(&pairs[i], i < mostAsked))
	}
	return list
}

// enters says whether an attacker gets from the internet straight onto an asset.
func enters(g *digraph, i int) bool {
	return g.HasEdgeFromTo(internet, int64(door(i))) && g.HasEdgeFromTo(int64(door(i)), int64(inside(i)))
}

func (a *Analysis) jewelNodes() []int {
	nodes := make([]int, len(a.jewels))
	for k, j := range a.jewels {
		nodes[k] = inside(j)
	}
	return nodes
}

// nearest are the exposed assets that a way to a jewel begins at: validated ways before others, then those nearest to a jewel.
func (a *Analysis) nearest() []int {
	var entries []pair
	for _, g := range []*digraph{a.proven, a.open} {
		ahead := g.back.distances(a.jewelNodes()...)
		for i := range a.assets {
			known := slices.ContainsFunc(entries, func(p pair) bool { return p.proven && p.entry == i })
			if far := ahead[inside(i)]; far >= 0 && enters(g, i) && !known {
				entries = append(entries, pair{entry: i, proven: g == a.proven, hops: far})
			}
		}
	}
	slices.SortStableFunc(entries, func(x, y pair) int { return cmp.Or(compareBool(y.proven, x.proven), cmp.Compare(x.hops, y.hops)) })
	var assets []int
	for _, e := range entries[:min(len(entries), mostEntries)] {
		assets = append(assets, e.entry)
	}
	return assets
}

// describe tells the shortest way of a pair, and others.
func (a *Analysis) describe(p *pair, more bool) engine.AttackPath {
	g := p.in(a)
	ahead := g.back.distances(inside(p.jewel))
	route := a.stops(along(&g.forth, ahead, inside(p.entry)))
	told := engine.AttackPath{Status: "potential", Assets: a.ids(route), Steps: a.steps(g, route)}
	if p.proven {
		told.Status = "validated"
	}
	if more {
		for _, other := range a.others(g, p, ahead) {
			if ids := a.ids(other); !slices.Equal(ids, told.Assets) && len(told.Others) < mostRoutes-1 {
				told.Others = append(told.Others, ids)
			}
		}
	}
	return told
}

func (a *Analysis) ids(assets []int) []string {
	ids := make([]string, len(assets))
	for k, i := range assets {
		ids[k] = a.assets[i].ID
	}
	return ids
}

// steps tell how each asset of a route is got onto.
func (a *Analysis) steps(g *digraph, route []int) []engine.PathStep {
	steps := make([]engine.PathStep, len(route))
	for k, i := range route {
		s := &steps[k]
		if k > 0 && g.HasEdgeFromTo(int64(inside(route[k-1])), int64(inside(i))) {
			s.Trusted = a.edge(route[k-1], i).Kind
			continue
		}
		s.Proven = a.proven.HasEdgeFromTo(int64(door(i)), int64(inside(i)))
		for _, o := range a.assets[i].Openers {
			switch {
			case g == a.proven && !o.Proven:
			case len(s.Findings) == mostOpeners:
				s.More++
			default:
				s.Findings = append(s.Findings, o.Finding)
			}
		}
	}
	return steps
}

// edge is the edge between two assets that one leads between.
func (a *Analysis) edge(from, to int) engine.Edge {
	at, _ := slices.BinarySearchFunc(a.edges, [2]string{a.assets[from].ID, a.assets[to].ID}, func(e engine.Edge, ends [2]string) int {
		return cmp.Or(cmp.Compare(e.From, ends[0]), cmp.Compare(e.To, ends[1]))
	})
	return a.edges[at]
}

// others are the shortest routes of a pair, the shortest included, in the part of the graph where routes are not much longer than that;
// none if that part is large.
func (a *Analysis) others(g *digraph, p *pair, ahead []int) [][]int {
	come := g.forth.distances(inside(p.entry))
	limit := ahead[inside(p.entry)] + mostDetours
	near := func(n int) bool { return come[n] >= 0 && ahead[n] >= 0 && come[n]+ahead[n] <= limit }
	var part edges
	for n := range g.size() {
		if !near(n) {
			continue
		}
		for _, m := range g.forth.of(n) {
			if near(m) {
				part.add(n, m)
			}
		}
		if len(part.from) > mostWalked {
			return nil
		}
	}
	small := part.graph(g.size())
	found := path.YenKShortestPaths(stepped{small}, mostRoutes, math.Inf(1), simple.Node(inside(p.entry)), simple.Node(inside(p.jewel)))
	var routes [][]int
	for _, nodes := range found {
		var numbers []int
		for _, n := range nodes {
			numbers = append(numbers, int(n.ID()))
		}
		routes = append(routes, a.stops(numbers))
	}
	slices.SortStableFunc(routes, func(x, y []int) int { return cmp.Or(cmp.Compare(len(x), len(y)), slices.Compare(x, y)) })
	return routes
}

// stepped gives the edges of a graph their lengths in steps. Doors count a little, so that no two routes of one length are taken for
// one by their order.
type stepped struct{ *digraph }

// Weight is that of gonum's path.Weighted.
func (s stepped) Weight(u, v int64) (float64, bool) {
	switch {
	case u == v:
		return 0, true
	case !s.HasEdgeFromTo(u, v):
		return math.Inf(1), false
	}
	return float64(step(int(u), int(v))), true
}
