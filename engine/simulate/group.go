package simulate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A group collects the changed cases of a rule, an asset or an owner.
type group struct {
	counts   map[string]int // by change
	examples []example      // worst first
}

// An example is a changed case, and how bad it is.
type example struct {
	weight
	engine.ChangedCase
}

// A weight orders changed cases, the worst first: what blocks or would before what warns, the greater step before the smaller.
type weight struct {
	change         string
	action, step   int
	priority, rise int
	finding, asset string
}

func weigh(change string, k *engine.Case, was, is *engine.Decision) weight {
	far := func(n int) int { return max(n, -n) }
	return weight{change: change, finding: k.Input.Finding.ID, asset: k.Input.Asset.ID,
		action: max(was.Action.Rank(), is.Action.Rank()), step: far(is.Action.Rank() - was.Action.Rank()),
		priority: max(was.Priority.Rank(), is.Priority.Rank()), rise: far(is.Priority.Rank() - was.Priority.Rank())}
}

func (w *weight) compare(o *weight) int {
	return cmp.Or(o.step-w.step, o.action-w.action, o.priority-w.priority, o.rise-w.rise,
		strings.Compare(w.finding, o.finding), strings.Compare(w.asset, o.asset), strings.Compare(w.change, o.change))
}

func named(in map[string]*group, name string) *group {
	g := in[name]
	if g == nil {
		g = &group{}
		in[name] = g
	}
	return g
}

// note counts a changed case, and keeps it if it is among the worst. A finding on an asset that many results have is kept once.
func (g *group) note(w weight, one func() engine.ChangedCase) {
	if g.counts == nil {
		g.counts = map[string]int{}
	}
	g.counts[w.change]++
	if n := len(g.examples); n == engine.MostExamples && g.examples[n-1].compare(&w) <= 0 {
		return
	}
	if at := slices.IndexFunc(g.examples, func(e example) bool { return e.weight.finding == w.finding && e.asset == w.asset }); at >= 0 {
		if g.examples[at].compare(&w) <= 0 {
			return
		}
		g.examples = slices.Delete(g.examples, at, at+1)
	}
	at, _ := slices.BinarySearchFunc(g.examples, w, func(e example, w weight) int { return e.compare(&w) })
	g.examples = slices.Insert(g.examples, at, example{w, one()})
	g.examples = g.examples[:min(len(g.examples), engine.MostExamples)]
}

func (g *group) group(name string) engine.ChangedGroup {
	out := engine.ChangedGroup{Name: name, Stricter: g.counts[engine.Stricter], Looser: g.counts[engine.Looser], Mixed: g.counts[engine.Mixed],
		Examples: []engine.ChangedCase{}}
	for _, e := range g.examples {
		out.Examples = append(out.Examples, e.ChangedCase)
	}
	return out
}

// groups are ordered by how many cases change.
func groups(in map[string]*group) []engine.ChangedGroup {
	out := []engine.ChangedGroup{}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		out = append(out, in[name].group(name))
	}
	slices.SortStableFunc(out, func(a, b engine.ChangedGroup) int { return b.Cases() - a.Cases() })
	return out
}
