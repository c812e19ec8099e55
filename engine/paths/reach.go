package paths

import (
	"cmp"
	"slices"

	"gonum.org/v1/gonum/graph/flow"
	"gonum.org/v1/gonum/graph/simple"

	"github.com/headgate/headgate/engine"
)

// isDoor says whether a node is a door.
func isDoor(n int) bool { return n%2 == 1 }

// assetOf is the asset that a door or inside belongs to.
func assetOf(n int) int { return (n - 1) / 2 }

// step is how far an edge leads: going through one's own open door is no step.
func step(n, m int) int {
	if n != internet && m != internet && assetOf(n) == assetOf(m) {
		return 0
	}
	return 1
}

// distances are how many steps lead from the nearest of some nodes to each other one; -1 is out of reach. Along the lists of
// predecessors they are those to the nearest.
func (s *neighbours) distances(from ...int) []int {
	dist := make([]int, len(s.start)-1)
	for i := range dist {
		dist[i] = -1
	}
	for _, n := range from {
		dist[n] = 0
	}
	now, next := slices.Clone(from), []int(nil)
	for far := 0; len(now) > 0; far++ {
		for i := 0; i < len(now); i++ {
			n := now[i]
			if dist[n] != far { // reached sooner, through a door
				continue
			}
			for _, m := range s.of(n) {
				to := far + step(n, m)
				if dist[m] >= 0 && dist[m] <= to {
					continue
				}
				dist[m] = to
				if to == far {
					now = append(now, m)
				} else {
					next = append(next, m)
				}
			}
		}
		now, next = next, now[:0]
	}
	return dist
}

// reached are the jewels that can be reached from the inside of each asset, its own included.
func (a *Analysis) reached(g *digraph) []bitset {
	part := make([]bitset, g.size()) // by node: shared by the nodes of a strongly connected part
	number := make(map[int]int, len(a.jewels))
	for k, j := range a.jewels {
		number[inside(j)] = k
	}
	for _, nodes := range g.parts() {
		set := newBitset(len(a.jewels))
		for _, n := range nodes {
			part[n.ID()] = set
			if k, ok := number[int(n.ID())]; ok {
				set.add(k)
			}
		}
		for _, n := range nodes {
			for _, m := range g.forth.of(int(n.ID())) {
				if part[m] != nil {
					set.union(part[m])
				}
			}
		}
	}
	behind := make([]bitset, len(a.assets))
	for i := range a.assets {
		behind[i] = part[inside(i)]
	}
	return behind
}

// dominate finds which assets all ways to a jewel lead over, and which doors.
func (a *Analysis) dominate() {
	a.over, a.severs = make([]bitset, len(a.assets)), make([]bitset, len(a.assets))
	tree := flow.Dominators(simple.Node(internet), a.open)
	for k, j := range a.jewels {
		if a.hops[inside(j)] < 0 {
			continue
		}
		for n := tree.DominatorOf(int64(inside(j))); n != nil && n.ID() != internet; n = tree.DominatorOf(n.ID()) {
			switch i := assetOf(int(n.ID())); {
			case isDoor(int(n.ID())):
				if a.severs[i] == nil {
					a.severs[i] = newBitset(len(a.jewels))
				}
				a.severs[i].add(k)
			case i != j:
				if a.over[i] == nil {
					a.over[i] = newBitset(len(a.jewels))
				}
				a.over[i].add(k)
			}
		}
	}
}

// cover finds out where an asset that was not looked at could make the difference: such a one may have a finding that opens it. Its
// door must be one that an attacker can come up to, as if every door were open.
func (a *Analysis) cover() {
	come := a.all.forth.distances(internet)
	mark := make([]int, a.all.size()) // by node: the first asset without coverage on the way there
	for n := range mark {
		mark[n] = -1
	}
	for i := range a.assets {
		if !a.assets[i].Covered && come[door(i)] >= 0 {
			if a.assets[i].Jewel || len(a.all.forth.of(inside(i))) > 0 { // where nothing leads on, nothing hangs on it
				a.uncovered = append(a.uncovered, i)
			}
			spread(&a.all.forth, mark, inside(i), i)
		}
	}
	a.upstream, a.apart = make([]int, len(a.assets)), make([]bool, len(a.assets))
	for i := range a.assets {
		a.apart[i] = come[door(i)] < 0 && come[inside(i)] < 0
		a.upstream[i] = -1
		for _, n := range slices.Concat(a.all.back.of(door(i)), a.all.back.of(inside(i))) {
			if n != door(i) && mark[n] >= 0 && a.upstream[i] < 0 {
				a.upstream[i] = mark[n]
			}
		}
	}
	a.doubt()
	back := make([]int, a.all.size())
	for n := range back {
		back[n] = -1
	}
	for _, j := range a.jewels {
		if by := mark[inside(j)]; by >= 0 {
			spread(&a.all.back, back, inside(j), by)
		}
	}
	a.onward = make([]int, len(a.assets))
	for i := range a.assets {
		a.onward[i] = back[inside(i)]
	}
}

// doubt finds out what would be reached from the internet if assets of unsaid exposure were exposed.
func (a *Analysis) doubt() {
	mark := make([]int, a.open.size())
	for n := range mark {
		mark[n] = -1
	}
	for i := range a.assets {
		if a.assets[i].Unsaid {
			spread(&a.open.forth, mark, door(i), i)
		}
	}
	a.maybe = make([]int, len(a.assets))
	for i := range a.assets {
		a.maybe[i] = max(mark[door(i)], mark[inside(i)])
	}
}

// spread marks what can be reached from a node and is not marked yet.
func spread(lists *neighbours, mark []int, from, as int) {
	if mark[from] >= 0 {
		return
	}
	mark[from] = as
	for left := []int{from}; len(left) > 0; {
		n := left[len(left)-1]
		left = left[:len(left)-1]
		for _, m := range lists.of(n) {
			if mark[m] < 0 {
				mark[m] = as
				left = append(left, m)
			}
		}
	}
}

// Facts says what the graph knows of a finding on an asset. It is nil if the graph says nothing of the asset, and where it could be
// wrong; why then names what is not known: an asset on a candidate path that no complete scan looked at, as what was not looked at may
// open, or one that may be exposed to the internet, where nothing else leads from there.
func (a *Analysis) Facts(asset, finding string) (f *engine.PathFacts, why string) {
	i, ok := a.index[asset]
	if !ok || !a.known[i] {
		return nil, ""
	}
	for _, by := range []int{a.upstream[i], a.onward[i]} {
		if by >= 0 {
			return nil, "no complete report of this run looked at " + a.assets[by].ID + ", which may lie on the way"
		}
	}
	if by := a.maybe[i]; by >= 0 && a.hops[door(i)] < 0 && a.hops[inside(i)] < 0 {
		return nil, "nobody says whether " + a.assets[by].ID + " is exposed to the internet"
	}
	openers := a.assets[i].Openers
	at, opens := slices.BinarySearchFunc(openers, finding, func(o Opener, id string) int { return cmp.Compare(o.Finding, id) })
	if a.apart[i] {
		return &engine.PathFacts{Opens: opens}, ""
	}
	f = &engine.PathFacts{Opens: opens, To: a.to[i], Way: a.ways[i]}
	hops := a.hops[door(i)]
	if in := a.hops[inside(i)]; hops < 0 || in >= 0 && in < hops {
		hops = in
	}
	if hops < 0 {
		return f, ""
	}
	f.FromInternet, f.Hops, f.ChokePoint = true, new(hops), new(a.over[i] != nil)
	if a.hops[inside(i)] >= 0 && len(f.To) > 0 {
		f.Status = "potential"
		if a.hopsProven[inside(i)] >= 0 && a.behindProven[i].count() > 0 && (!opens || openers[at].Proven) {
			f.Status = "validated"
		}
	}
	if opens && len(openers) == 1 {
		f.Cuts = a.names(a.severs[i])
	}
	return f, ""
}
