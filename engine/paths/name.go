package paths

import (
	"fmt"
	"slices"
	"strings"
)

// mostNamed bounds how many jewels a fact names, the first by id: estates where everything is a jewel exist.
const mostNamed = 100

// names are the ids of jewels, in order.
func (a *Analysis) names(set bitset) []string {
	var ids []string
	for k := range set.members() {
		if len(ids) == mostNamed {
			break
		}
		ids = append(ids, a.assets[a.jewels[k]].ID)
	}
	return ids
}

// nameBehind names the jewels behind every asset; assets of one strongly connected part share the list.
func (a *Analysis) nameBehind() {
	a.to = make([][]string, len(a.assets))
	shared := map[*uint64][]string{}
	for i, set := range a.behind {
		if len(set) == 0 {
			continue
		}
		list, ok := shared[&set[0]]
		if !ok {
			list = a.names(set)
			shared[&set[0]] = list
		}
		a.to[i] = list
	}
}

// mostStops bounds how many assets a way names.
const mostStops = 8

// nameWays words for every asset the shortest way from the internet over it to the nearest jewel: "internet → edge → shop → ledger". It
// is empty if there is none, and if the two halves of the way meet before the asset: then the asset lies beside the way.
func (a *Analysis) nameWays() {
	a.ways = make([]string, len(a.assets))
	ahead := a.open.back.distances(a.jewelNodes()...)
	for i := range a.assets {
		n := inside(i)
		if a.hops[n] < 0 || ahead[n] < 0 {
			continue
		}
		stops := a.back(n)
		onward := a.stops(along(&a.open.forth, ahead, n))
		if len(onward) > 0 && onward[0] == i {
			onward = onward[1:]
		}
		if slices.ContainsFunc(onward, func(s int) bool { return slices.Contains(stops, s) }) {
			continue
		}
		a.ways[i] = a.arrows(append(stops, onward...))
	}
}

// back are the assets on the shortest way from the internet to a node.
func (a *Analysis) back(n int) []int {
	nodes := along(&a.open.back, a.hops, n)
	slices.Reverse(nodes)
	return a.stops(nodes)
}

// along follows the shortest way down to distance 0, at each fork to the first by name.
func along(s *neighbours, dist []int, n int) []int {
	nodes := []int{n}
	for {
		i := slices.IndexFunc(s.of(n), func(m int) bool { return dist[m] >= 0 && dist[m] == dist[n]-step(n, m) })
		if i < 0 {
			return nodes
		}
		n = s.of(n)[i]
		nodes = append(nodes, n)
	}
}

// stops are the assets of a way, each once.
func (a *Analysis) stops(nodes []int) []int {
	var stops []int
	for _, n := range nodes {
		if n != internet {
			stops = append(stops, assetOf(n))
		}
	}
	return slices.Compact(stops)
}

// arrows names the assets of a way, without the middle of a long one.
func (a *Analysis) arrows(stops []int) string {
	names := []string{"internet"}
	for k, i := range stops {
		switch skipped := len(stops) - mostStops; {
		case skipped <= 0 || k < mostStops/2 || k >= mostStops/2+skipped:
			names = append(names, a.assets[i].ID)
		case k == mostStops/2:
			names = append(names, fmt.Sprintf("%d more", skipped))
		}
	}
	return strings.Join(names, " → ")
}
