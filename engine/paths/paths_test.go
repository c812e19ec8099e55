package paths

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// A tiny estate is small enough for every question to be answered by trying everything.
func randomEstate(r *rand.Rand) Estate {
	n := 1 + r.IntN(7)
	var e Estate
	for i := range n {
		s := Asset{ID: fmt.Sprintf("a%d", i), Entry: r.IntN(3) == 0, Jewel: r.IntN(3) == 0, Covered: r.IntN(12) != 0}
		for k := range r.IntN(3) {
			s.Openers = append(s.Openers, Opener{fmt.Sprintf("f%d", r.IntN(5)+k), r.IntN(2) == 0})
		}
		e.Assets = append(e.Assets, s)
	}
	for range r.IntN(4 * n) {
		e.Edges = append(e.Edges, engine.Edge{From: fmt.Sprintf("a%d", r.IntN(n+1)), To: fmt.Sprintf("a%d", r.IntN(n+1)),
			Kind: engine.EdgeNetwork, Trusted: r.IntN(4) == 0})
	}
	return e
}

// A way is how an attacker can go: assets, and of each whether it was got onto along a trusted edge.
type way struct {
	assets  []string
	trusted []bool
}

// brute lists all ways from the internet that pass no asset twice.
func brute(e Estate, opens func(Asset) bool) []way {
	var all []way
	byID := map[string]Asset{}
	for _, s := range e.Assets {
		byID[s.ID] = s
	}
	var walk func(w way)
	walk = func(w way) {
		all = append(all, way{slices.Clone(w.assets), slices.Clone(w.trusted)})
		for _, edge := range e.Edges {
			to, ok := byID[edge.To]
			if edge.From != w.assets[len(w.assets)-1] || !ok || slices.Contains(w.assets, edge.To) {
				continue
			}
			if edge.Trusted || opens(to) {
				walk(way{append(slices.Clone(w.assets), edge.To), append(slices.Clone(w.trusted), edge.Trusted)})
			}
		}
	}
	for _, s := range e.Assets {
		if s.Entry && opens(s) {
			walk(way{[]string{s.ID}, []bool{false}})
		}
	}
	return all
}

func isOpen(s Asset) bool { return len(s.Openers) > 0 }

func isProven(s Asset) bool {
	return slices.ContainsFunc(s.Openers, func(o Opener) bool { return o.Proven })
}

// without is an estate after findings are fixed.
func without(e Estate, findings ...string) Estate {
	left := Estate{Edges: e.Edges}
	for _, s := range e.Assets {
		s.Openers = slices.DeleteFunc(slices.Clone(s.Openers), func(o Opener) bool { return slices.Contains(findings, o.Finding) })
		left.Assets = append(left.Assets, s)
	}
	return left
}

func pairsOf(ways []way, jewels []string) map[[2]string]int {
	least := map[[2]string]int{}
	for _, w := range ways {
		last := w.assets[len(w.assets)-1]
		if !slices.Contains(jewels, last) {
			continue
		}
		ends := [2]string{w.assets[0], last}
		if n, ok := least[ends]; !ok || len(w.assets) < n {
			least[ends] = len(w.assets)
		}
	}
	return least
}

func jewelsOf(e Estate) (ids []string) {
	for _, s := range e.Assets {
		if s.Jewel {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

const smallGraphs = 2500

func eachEstate(t *testing.T, try func(t *testing.T, e Estate, a *Analysis)) {
	t.Helper()
	for seed := range uint64(smallGraphs) {
		e := randomEstate(rand.New(rand.NewPCG(seed, 7)))
		a := Analyse(e)
		try(t, e, a)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, e)
		}
	}
}

func TestPathsAreThoseThatTryingEverythingFinds(t *testing.T) {
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		jewels := jewelsOf(e)
		potential, validated := pairsOf(brute(e, isOpen), jewels), pairsOf(brute(e, isProven), jewels)
		listed := a.Paths()
		if len(listed) != len(potential) {
			t.Errorf("%d paths are listed, there are %d: %v", len(listed), len(potential), listed)
		}
		for _, p := range listed {
			ends := [2]string{p.Assets[0], p.Assets[len(p.Assets)-1]}
			want, status := potential[ends], "potential"
			if n, ok := validated[ends]; ok {
				want, status = n, "validated"
			}
			if len(p.Assets) != want || p.Status != status {
				t.Errorf("the path %v is %s, shortest has %d assets and is %s", p.Assets, p.Status, want, status)
			}
			if len(p.Steps) != len(p.Assets) {
				t.Errorf("the path %v has %d steps", p.Assets, len(p.Steps))
			}
		}
		if g := a.Graph(); g.Paths != len(potential) || g.Validated != len(validated) {
			t.Errorf("%d paths and %d validated are counted, there are %d and %d", g.Paths, g.Validated, len(potential), len(validated))
		}
	})
}

func TestOtherRoutesAreRealOnes(t *testing.T) {
	seen := 0
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		ways := brute(e, isOpen)
		for _, p := range a.Paths() {
			for _, other := range p.Others {
				seen++
				if !slices.ContainsFunc(ways, func(w way) bool { return slices.Equal(w.assets, other) }) || slices.Equal(other, p.Assets) {
					t.Errorf("%v is no other route of %v", other, p.Assets)
				}
			}
		}
	})
	if seen < 100 {
		t.Errorf("only %d other routes were seen", seen)
	}
}

func TestFactsAreThoseThatTryingEverythingFinds(t *testing.T) {
	known, choked, cut := 0, 0, 0
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		for _, s := range e.Assets {
			for _, finding := range []string{"f0", "f1", "f2", "f5"} {
				f, missing := a.Facts(s.ID, finding)
				if f == nil {
					if missing == "" && named(e, s) {
						t.Errorf("%s: no facts, and nothing is missing", s.ID)
					}
					continue
				}
				known++
				want := bruteFacts(e, s, finding)
				if f.FromInternet != want.FromInternet || f.Opens != want.Opens || !slices.Equal(f.To, want.To) || !slices.Equal(f.Cuts, want.Cuts) ||
					f.Status != want.Status || (f.Hops != nil) != f.FromInternet || f.Hops != nil && *f.Hops != *want.Hops {
					t.Errorf("%s %s: facts are %s, want %s", s.ID, finding, show(f), show(&want))
				}
				if f.ChokePoint != nil && *f.ChokePoint != *want.ChokePoint {
					t.Errorf("%s: choke point %t", s.ID, *f.ChokePoint)
				}
				if f.ChokePoint != nil && *f.ChokePoint {
					choked++
				}
				cut += len(f.Cuts)
			}
		}
	})
	if known < 1000 || choked < 100 || cut < 100 {
		t.Errorf("only %d facts, %d choke points and %d cuts were compared", known, choked, cut)
	}
}

func show(f *engine.PathFacts) string {
	hops, choke := -1, false
	if f.Hops != nil {
		hops = *f.Hops
	}
	if f.ChokePoint != nil {
		choke = *f.ChokePoint
	}
	return fmt.Sprintf("internet %t hops %d to %v choke %t opens %t cuts %v %s", f.FromInternet, hops, f.To, choke, f.Opens, f.Cuts, f.Status)
}

// named says whether the graph says something of an asset.
func named(e Estate, s Asset) bool {
	ids := map[string]bool{}
	for _, a := range e.Assets {
		ids[a.ID] = true
	}
	return s.Entry || s.Jewel || slices.ContainsFunc(e.Edges, func(g engine.Edge) bool {
		return g.From != g.To && ids[g.From] && ids[g.To] && (g.From == s.ID || g.To == s.ID)
	})
}

// bruteFacts answers by trying everything.
func bruteFacts(e Estate, s Asset, finding string) engine.PathFacts {
	ways, jewels := brute(e, isOpen), jewelsOf(e)
	f := engine.PathFacts{ChokePoint: new(false)}
	least := -1
	come := func(n int) {
		if least < 0 || n < least {
			least = n
		}
	}
	if s.Entry {
		come(1)
	}
	for _, w := range ways {
		last := w.assets[len(w.assets)-1]
		if last == s.ID {
			come(len(w.assets))
		}
		for _, edge := range e.Edges {
			if edge.From == last && edge.To == s.ID && edge.From != edge.To {
				come(len(w.assets) + 1)
			}
		}
	}
	if least > 0 {
		f.FromInternet, f.Hops = true, &least
	}
	f.Opens = slices.ContainsFunc(s.Openers, func(o Opener) bool { return o.Finding == finding })
	if slices.ContainsFunc(brute(e, func(Asset) bool { return true }), func(w way) bool { return w.assets[len(w.assets)-1] == s.ID }) {
		f.To = onwards(e, s, jewels, isOpen)
	}
	if slices.ContainsFunc(ways, func(w way) bool { return w.assets[len(w.assets)-1] == s.ID }) && len(f.To) > 0 {
		f.Status = "potential"
		on := slices.ContainsFunc(brute(e, isProven), func(w way) bool { return w.assets[len(w.assets)-1] == s.ID })
		unproven := f.Opens && !slices.Contains(s.Openers, Opener{finding, true})
		if on && len(onwards(e, s, jewels, isProven)) > 0 && !unproven {
			f.Status = "validated"
		}
	}
	for _, j := range jewels {
		over, reached := true, false
		for _, w := range ways {
			if w.assets[len(w.assets)-1] == j {
				reached = true
				over = over && slices.Contains(w.assets, s.ID)
			}
		}
		if reached && over && j != s.ID {
			f.ChokePoint = new(true)
		}
	}
	var mine []string
	for _, o := range s.Openers {
		if !slices.Contains(mine, o.Finding) {
			mine = append(mine, o.Finding)
		}
	}
	if f.FromInternet && f.Opens && len(mine) == 1 {
		f.Cuts = severed(e, s, jewels, finding)
	}
	return f
}

// severed are the jewels out of reach once the door of one asset is shut.
func severed(e Estate, s Asset, jewels []string, finding string) []string {
	after := Estate{Edges: e.Edges}
	for _, a := range e.Assets {
		if a.ID == s.ID {
			a.Openers = nil
		}
		after.Assets = append(after.Assets, a)
	}
	left := brute(after, isOpen)
	var gone []string
	for _, j := range jewels {
		ends := func(w way) bool { return w.assets[len(w.assets)-1] == j }
		if slices.ContainsFunc(brute(e, isOpen), ends) && !slices.ContainsFunc(left, ends) {
			gone = append(gone, j)
		}
	}
	return gone
}

// onwards are the jewels that an attacker who is on an asset gets to.
func onwards(e Estate, s Asset, jewels []string, opens func(Asset) bool) []string {
	from := Estate{Edges: e.Edges}
	for _, a := range e.Assets {
		a.Entry = a.ID == s.ID
		from.Assets = append(from.Assets, a)
	}
	var to []string
	for _, w := range brute(from, func(a Asset) bool { return a.ID == s.ID || opens(a) }) {
		if last := w.assets[len(w.assets)-1]; slices.Contains(jewels, last) && !slices.Contains(to, last) {
			to = append(to, last)
		}
	}
	slices.Sort(to)
	return to
}

func TestWhatAFixCutsIsWhatTryingEverythingFinds(t *testing.T) {
	cut := 0
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		for _, findings := range [][]string{{"f0"}, {"f1", "f2"}, {"f0", "f1", "f2", "f3"}} {
			before, after := pairsOf(brute(e, isOpen), jewelsOf(e)), pairsOf(brute(without(e, findings...), isOpen), jewelsOf(e))
			cut += len(before) - len(after)
			if n := a.CutBy(findings); n != len(before)-len(after) {
				t.Errorf("fixing %v cuts %d paths, want %d", findings, n, len(before)-len(after))
			}
		}
	})
	if cut < 100 {
		t.Errorf("only %d paths were cut", cut)
	}
}

func TestCutsAreSmallestAndCut(t *testing.T) {
	sizes := map[int]int{}
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		for _, cut := range a.Graph().Cuts {
			sizes[len(cut.Assets)]++
			if !closes(e, cut.Jewel, cut.Assets) {
				t.Errorf("%v do not cut off %s", cut.Assets, cut.Jewel)
			}
			for subset := range 1 << len(e.Assets) {
				var shut []string
				for i, s := range e.Assets {
					if subset&(1<<i) != 0 {
						shut = append(shut, s.ID)
					}
				}
				if len(shut) < len(cut.Assets) && closes(e, cut.Jewel, shut) {
					t.Errorf("%v cut off %s already, not only %v", shut, cut.Jewel, cut.Assets)
				}
			}
		}
	})
	if sizes[2] < 50 || sizes[3] == 0 {
		t.Errorf("too few large cuts were seen: %v", sizes)
	}
}

// closes says whether no way leads to a jewel once the doors of some assets are shut.
func closes(e Estate, jewel string, shut []string) bool {
	after := Estate{Edges: e.Edges}
	for _, s := range e.Assets {
		if slices.Contains(shut, s.ID) {
			s.Openers = nil
		}
		after.Assets = append(after.Assets, s)
	}
	return !slices.ContainsFunc(brute(after, isOpen), func(w way) bool { return w.assets[len(w.assets)-1] == jewel })
}

func TestNoFactDependsOnAnAssetThatWasNotLookedAt(t *testing.T) {
	withheld := 0
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		for i, s := range e.Assets {
			if s.Covered {
				continue
			}
			found := Estate{Edges: e.Edges, Assets: slices.Clone(e.Assets)}
			found.Assets[i].Openers = append(slices.Clone(s.Openers), Opener{"unseen", true})
			after := Analyse(found)
			for _, other := range e.Assets {
				was, _ := a.Facts(other.ID, "f0")
				if was == nil {
					withheld++
					continue
				}
				if other.ID == s.ID { // what is on the asset itself is what is asked about
					continue
				}
				if now, _ := after.Facts(other.ID, "f0"); now == nil || show(now) != show(was) {
					t.Errorf("with a finding on %s, facts of %s change from %s", s.ID, other.ID, show(was))
				}
			}
		}
	})
	if withheld < 100 {
		t.Errorf("only %d facts were withheld", withheld)
	}
}

func TestTheOrderOfAssetsAndEdgesDoesNotMatter(t *testing.T) {
	eachEstate(t, func(t *testing.T, e Estate, a *Analysis) {
		r := rand.New(rand.NewPCG(3, uint64(len(e.Edges))))
		other := Estate{Assets: slices.Clone(e.Assets), Edges: slices.Clone(e.Edges)}
		r.Shuffle(len(other.Assets), func(i, j int) { other.Assets[i], other.Assets[j] = other.Assets[j], other.Assets[i] })
		r.Shuffle(len(other.Edges), func(i, j int) { other.Edges[i], other.Edges[j] = other.Edges[j], other.Edges[i] })
		b := Analyse(other)
		if a.Digest() != b.Digest() || fmt.Sprintf("%+v %+v", a.Paths(), a.Graph()) != fmt.Sprintf("%+v %+v", b.Paths(), b.Graph()) {
			t.Errorf("another order gives %+v", b.Paths())
		}
	})
}

func TestNoFactDependsOnAnExposureThatNobodyStates(t *testing.T) {
	kept, withheld := 0, 0
	eachEstate(t, func(t *testing.T, e Estate, _ *Analysis) {
		for i, s := range e.Assets {
			if s.Entry {
				continue
			}
			unsaid, exposed := Estate{Edges: e.Edges, Assets: slices.Clone(e.Assets)}, Estate{Edges: e.Edges, Assets: slices.Clone(e.Assets)}
			unsaid.Assets[i].Unsaid, exposed.Assets[i].Entry = true, true
			doubtful, sure := Analyse(unsaid), Analyse(exposed)
			for _, other := range e.Assets {
				was, why := doubtful.Facts(other.ID, "f0")
				if was == nil {
					if strings.Contains(why, "nobody says") {
						withheld++
					}
					continue
				}
				if now, _ := sure.Facts(other.ID, "f0"); now != nil && now.FromInternet && !was.FromInternet {
					t.Errorf("with %s exposed, %s is reached from the internet: %s, not %s", s.ID, other.ID, show(now), show(was))
				}
				kept++
			}
		}
	})
	if kept < 1000 || withheld < 100 {
		t.Errorf("%d facts were kept and %d withheld", kept, withheld)
	}
}
