// Package paths finds the ways from the internet to what matters: along which assets an attacker can go, where all ways meet, and what
// is cut off when something is fixed. It knows nothing of policies: which findings let an attacker through is told to it.
//
// An attacker who is on an asset can try the door of every asset that an edge leads to. A door opens where a finding on the asset
// opens a step; a trusted edge (a credential, a deployment, the right to read) leads past the door. The internet stands before the
// doors of all entry points. All answers are deterministic, whatever the order of assets and edges, and linear in the graph but for the
// lists of paths and cuts, which are bounded.
package paths

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// An Estate is the assets and edges that paths lead along.
type Estate struct {
	Assets []Asset
	Edges  []engine.Edge // those that name an asset that is not there lead nowhere, and count for nothing
}

// An Asset is a stop on a path. An asset that stands twice is one with all that is said of it.
type Asset struct {
	ID      string
	Entry   bool     // exposed to the internet, explicitly
	Unsaid  bool     // whether it is exposed to the internet, nobody says; Entry is false then
	Jewel   bool     // a crown jewel: what attackers are after
	Covered bool     // a complete scan looked at it, so that it has no findings other than those known
	Openers []Opener // the findings that open its door
}

// An Opener is a finding that lets an attacker onto the asset.
type Opener struct {
	Finding string
	Proven  bool // exploited by a validation, or loaded at run time and reachable
}

// The node of the internet, and those of asset i: its door, which an opener opens, and its inside.
const internet = 0

func door(i int) int   { return 1 + 2*i }
func inside(i int) int { return 2 + 2*i }

// An Analysis answers questions about one estate.
type Analysis struct {
	assets []Asset        // by id
	index  map[string]int // of assets, by id
	jewels []int          // indices of assets
	digest string
	edges  []engine.Edge // ordered, each once

	all    *digraph // as if every door were open
	open   *digraph // through doors that findings open
	proven *digraph // through doors that proven findings open

	hops, hopsProven     []int            // from the internet, by node of open and proven; -1 is out of reach
	behind, behindProven []bitset         // jewels that are reached from the inside of an asset, by asset; numbers are those of jewels
	to                   [][]string       // by asset: the names of the jewels behind it
	ways                 []string         // by asset: the shortest way over it, in words
	over                 []bitset         // by asset: other jewels that all ways lead over it to; nil is none
	severs               []bitset         // by asset: the jewels out of reach once its door is shut; nil is none
	apart                []bool           // by asset: no edge leads there from the internet, whatever opens
	uncovered            []int            // assets without coverage whose doors an attacker may come up to
	upstream             []int            // by asset: one without coverage on a candidate path to it; -1 is none
	onward               []int            // by asset: one on a candidate path to a jewel that it may lead to; -1 is none
	maybe                []int            // by asset: one of unsaid exposure that ways lead from here; -1 is none
	known                []bool           // by asset: the graph says something of it
	opened               map[string][]int // by finding: the assets whose doors it opens
}

// Analyse finds all facts of an estate.
func Analyse(e Estate) *Analysis {
	a := &Analysis{index: map[string]int{}, opened: map[string][]int{}}
	a.takeAssets(e.Assets)
	a.takeEdges(e.Edges)
	a.digest = a.sum()
	a.all = a.graph(func(*Asset) bool { return true })
	a.open = a.graph(func(s *Asset) bool { return len(s.Openers) > 0 })
	a.proven = a.graph(func(s *Asset) bool { return slices.ContainsFunc(s.Openers, func(o Opener) bool { return o.Proven }) })
	a.hops, a.hopsProven = a.open.forth.distances(internet), a.proven.forth.distances(internet)
	a.behind, a.behindProven = a.reached(a.open), a.reached(a.proven)
	a.nameBehind()
	a.nameWays()
	a.dominate()
	a.cover()
	return a
}

// takeAssets orders the assets, merges those of one id, and orders their openers, each finding once.
func (a *Analysis) takeAssets(assets []Asset) {
	for _, s := range assets {
		i, ok := a.index[s.ID]
		if !ok {
			i = len(a.assets)
			a.index[s.ID] = i
			a.assets = append(a.assets, Asset{ID: s.ID})
		}
		have := &a.assets[i]
		have.Entry, have.Jewel, have.Covered = have.Entry || s.Entry, have.Jewel || s.Jewel, have.Covered || s.Covered
		have.Unsaid = (have.Unsaid || s.Unsaid) && !have.Entry
		have.Openers = append(have.Openers, s.Openers...)
	}
	slices.SortFunc(a.assets, func(x, y Asset) int { return strings.Compare(x.ID, y.ID) })
	for i := range a.assets {
		s := &a.assets[i]
		a.index[s.ID] = i
		if s.Jewel {
			a.jewels = append(a.jewels, i)
		}
		slices.SortFunc(s.Openers, func(x, y Opener) int {
			return cmp.Or(strings.Compare(x.Finding, y.Finding), compareBool(y.Proven, x.Proven)) // the proven one first, and kept
		})
		s.Openers = slices.CompactFunc(s.Openers, func(x, y Opener) bool { return x.Finding == y.Finding })
		for _, o := range s.Openers {
			a.opened[o.Finding] = append(a.opened[o.Finding], i)
		}
	}
}

// takeEdges orders the edges, each once; where one stands both trusted and not, the trusted one says all.
func (a *Analysis) takeEdges(edges []engine.Edge) {
	a.known = make([]bool, len(a.assets))
	for i := range a.assets {
		a.known[i] = a.assets[i].Entry || a.assets[i].Jewel
	}
	for _, e := range edges {
		from, ok := a.index[e.From]
		to, there := a.index[e.To]
		if ok && there && from != to {
			a.edges = append(a.edges, engine.Edge{From: e.From, To: e.To, Kind: e.Kind, Trusted: e.Trusted})
			a.known[from], a.known[to] = true, true
		}
	}
	slices.SortFunc(a.edges, func(x, y engine.Edge) int {
		return cmp.Or(strings.Compare(x.From, y.From), strings.Compare(x.To, y.To), compareBool(y.Trusted, x.Trusted),
			strings.Compare(string(x.Kind), string(y.Kind)))
	})
	a.edges = slices.CompactFunc(a.edges, func(x, y engine.Edge) bool { return x.From == y.From && x.To == y.To })
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// Digest names the graph: all assets, edges, entries, jewels, coverage and openers.
func (a *Analysis) Digest() string { return a.digest }

func (a *Analysis) sum() string {
	h := sha256.New()
	for i := range a.assets {
		s := &a.assets[i]
		fmt.Fprintf(h, "asset %q %t %t %t %t\n", s.ID, s.Entry, s.Unsaid, s.Jewel, s.Covered)
		for _, o := range s.Openers {
			fmt.Fprintf(h, "opener %q %t\n", o.Finding, o.Proven)
		}
	}
	for _, e := range a.edges {
		fmt.Fprintf(h, "edge %q %q %q %t\n", e.From, e.To, e.Kind, e.Trusted)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// graph makes the graph in which the doors of some assets are open.
func (a *Analysis) graph(open func(*Asset) bool) *digraph {
	var b edges
	for i := range a.assets {
		if a.assets[i].Entry {
			b.add(internet, door(i))
		}
		if open(&a.assets[i]) {
			b.add(door(i), inside(i))
		}
	}
	for _, e := range a.edges {
		from, to := a.index[e.From], a.index[e.To]
		if e.Trusted {
			b.add(inside(from), inside(to))
		} else {
			b.add(inside(from), door(to))
		}
	}
	return b.graph(1 + 2*len(a.assets))
}
