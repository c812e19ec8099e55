package paths

import (
	"iter"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/iterator"
	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/graph/topo"
)

// A digraph is a directed graph over the nodes 0 to n-1. It is a graph.Directed of gonum that lists neighbours in order: those of
// gonum keep them in maps, so that of two equal paths one would win by chance.
type digraph struct {
	forth, back neighbours
}

// neighbours are lists of nodes, one for each node, in one piece.
type neighbours struct {
	start []int // by node, and one more: where its list begins
	nodes []int
}

func (s *neighbours) of(n int) []int { return s.nodes[s.start[n]:s.start[n+1]] }

// listed sorts pairs of nodes into lists by the first of each.
func listed(n int, from, to []int) neighbours {
	s := neighbours{make([]int, n+1), make([]int, len(from))}
	for _, f := range from {
		s.start[f+1]++
	}
	for i := range n {
		s.start[i+1] += s.start[i]
	}
	at := slices.Clone(s.start)
	for i, f := range from {
		s.nodes[at[f]] = to[i]
		at[f]++
	}
	for i := range n {
		slices.Sort(s.of(i))
	}
	return s
}

// edges collects the edges of a digraph.
type edges struct{ from, to []int }

func (e *edges) add(from, to int) { e.from, e.to = append(e.from, from), append(e.to, to) }

func (e *edges) graph(n int) *digraph {
	return &digraph{listed(n, e.from, e.to), listed(n, e.to, e.from)}
}

func (g *digraph) size() int { return len(g.forth.start) - 1 }

// Node, Nodes, From, To, HasEdgeBetween, HasEdgeFromTo and Edge are those of graph.Directed.

func (g *digraph) Node(id int64) graph.Node {
	if id < 0 || id >= int64(g.size()) {
		return nil
	}
	return simple.Node(id)
}

func (g *digraph) Nodes() graph.Nodes {
	return iterator.NewImplicitNodes(0, g.size(), func(i int) graph.Node { return simple.Node(i) })
}

func (g *digraph) From(id int64) graph.Nodes { return ordered(g.forth.of(int(id))) }

func (g *digraph) To(id int64) graph.Nodes { return ordered(g.back.of(int(id))) }

func (g *digraph) HasEdgeFromTo(u, v int64) bool {
	_, ok := slices.BinarySearch(g.forth.of(int(u)), int(v))
	return ok
}

func (g *digraph) HasEdgeBetween(u, v int64) bool {
	return g.HasEdgeFromTo(u, v) || g.HasEdgeFromTo(v, u)
}

func (g *digraph) Edge(u, v int64) graph.Edge {
	if !g.HasEdgeFromTo(u, v) {
		return nil
	}
	return simple.Edge{F: simple.Node(u), T: simple.Node(v)}
}

// ordered iterates over nodes as they stand.
func ordered(nodes []int) graph.Nodes {
	if len(nodes) == 0 {
		return graph.Empty
	}
	return iterator.NewImplicitNodes(0, len(nodes), func(i int) graph.Node { return simple.Node(nodes[i]) })
}

// parts are the strongly connected parts, those that others lead to first.
func (g *digraph) parts() [][]graph.Node { return topo.TarjanSCC(g) }

// A bitset is a set of small numbers.
type bitset []uint64

func newBitset(n int) bitset { return make(bitset, (n+63)/64) }

func (s bitset) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s bitset) union(o bitset) {
	for i, word := range o {
		s[i] |= word
	}
}

func (s bitset) count() (n int) {
	for _, word := range s {
		n += bits.OnesCount64(word)
	}
	return n
}

// members are the numbers in order.
func (s bitset) members() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(64*i + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
