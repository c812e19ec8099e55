package plan

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Weights say what fixes are ranked by: what they clear, divided by the effort they are.
type Weights struct {
	Effort map[engine.Effort]float64
	Worth  map[string]float64 // of one case by priority, and of one attack path cut; overdue is how many times a late case counts
}

// The keys of Weights.Worth beyond the priorities.
const (
	worthPath    = "path"
	worthOverdue = "overdue"
)

// DefaultWeights are the weights where nobody says otherwise.
func DefaultWeights() Weights {
	return Weights{
		Effort: map[engine.Effort]float64{engine.EffortPatch: 1, engine.EffortMinor: 2, engine.EffortRotate: 2, engine.EffortInfrastructure: 3,
			engine.EffortCode: 4, engine.EffortMajor: 5},
		Worth: map[string]float64{string(engine.Act): 100, string(engine.Attend): 10, string(engine.TrackStar): 1, string(engine.Track): 0.01,
			worthPath: 50, worthOverdue: 2},
	}
}

// heaviest bounds a weight, so that sums stay finite.
const heaviest = 1e6

// With puts weights over those that there are. An error names a key that there is none of, or a value that cannot weigh.
func (w Weights) With(effort, worth map[string]float64) (Weights, error) {
	w = Weights{maps.Clone(w.Effort), maps.Clone(w.Worth)}
	for _, key := range slices.Sorted(maps.Keys(effort)) {
		if _, ok := w.Effort[engine.Effort(key)]; !ok {
			return w, fmt.Errorf("effort: %q is none; there is %s", key, names(w.Effort))
		}
		if v := effort[key]; !(v > 0 && v <= heaviest) {
			return w, fmt.Errorf("effort: %s: %v is no effort; it is above 0 and at most %v", key, v, heaviest)
		}
		w.Effort[engine.Effort(key)] = effort[key]
	}
	for _, key := range slices.Sorted(maps.Keys(worth)) {
		if _, ok := w.Worth[key]; !ok {
			return w, fmt.Errorf("worth: %q is none; there is %s", key, names(w.Worth))
		}
		if v := worth[key]; !(v >= 0 && v <= heaviest) {
			return w, fmt.Errorf("worth: %s: %v is no worth; it is at least 0 and at most %v", key, v, heaviest)
		}
		w.Worth[key] = worth[key]
	}
	return w, nil
}

func names[K ~string](m map[K]float64) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, string(k))
	}
	return strings.Join(all, ", ")
}

// effort is what a fix weighs. One of which nothing is known counts as a major one.
func (w Weights) effort(e engine.Effort) float64 { return w.Effort[cmp.Or(e, engine.EffortMajor)] }

// rank puts fixes in order, each time the one that clears most for its effort once those before it are made, and fills in what they come
// to. Total is how many open cases are act or attend.
func rank(drafts []*draft, total int, o Options) []engine.Fix {
	var plain, cutting []*draft
	for _, d := range drafts {
		for _, c := range d.open {
			worth := o.Weights.Worth[string(c.Decision.Priority)]
			if c.Decision.Overdue {
				worth *= o.Weights.Worth[worthOverdue]
			}
			d.worth += worth
		}
		if d.paths && o.Paths != nil {
			cutting = append(cutting, d)
		} else {
			plain = append(plain, d)
		}
	}
	r := ranker{Options: o, total: total}
	for _, list := range [][]*draft{plain, cutting} {
		slices.SortFunc(list, func(a, b *draft) int { return r.compare(a, 0, b, 0) })
	}
	if len(cutting) > 0 {
		r.cuts(cutting)
	}
	for len(cutting) > 0 && r.asks > 0 {
		best := r.best(cutting)
		d := cutting[best]
		plain = r.before(plain, d)
		cutting = slices.Delete(cutting, best, best+1)
		r.next(d)
		r.cut(d, cutting)
	}
	slices.SortFunc(cutting, func(a, b *draft) int { return r.compare(a, r.gain[a], b, r.gain[b]) })
	for i, d := range cutting {
		plain = r.before(plain, d)
		r.done = append(r.done, d.Findings...)
		if i == len(cutting)-1 { // what all of them come to is asked in any case
			r.gone = max(r.gone, r.Paths.CutBy(r.done))
		}
		r.next(d)
	}
	for _, d := range plain {
		r.next(d)
	}
	return r.out
}

// before puts those of some fixes, best first, that are better than another one, and gives the rest.
func (r *ranker) before(plain []*draft, d *draft) []*draft {
	for len(plain) > 0 && r.compare(plain[0], 0, d, r.gain[d]) < 0 {
		r.next(plain[0])
		plain = plain[1:]
	}
	return plain
}

// A ranker puts fixes in order.
type ranker struct {
	Options
	total, cleared int // cases of act and attend
	out            []engine.Fix
	gain           map[*draft]int // attack paths that are gone once it is made besides those before it
	done           []string       // findings that those before it clear, of those that cut paths
	gone           int            // attack paths that are gone
	asks           int            // how often the graph may still be asked
}

// Bounds of how often the graph is asked what fixes cut: small graphs answer fast. Once it may not be asked any more, fixes are ranked by
// what was known of them last, and paths so far are at least those that were gone then.
const (
	mostAsks, fewestAsks = 500, 20
	asksForAll           = 1_000_000 // assets and edges that may be gone through in all
)

// cuts asks what each fix cuts by itself.
func (r *ranker) cuts(cutting []*draft) {
	r.asks = min(max(asksForAll/(r.Paths.Size()+1), fewestAsks), mostAsks)
	r.gain = make(map[*draft]int, len(cutting))
	for _, d := range cutting {
		if r.asks--; r.asks < 0 {
			return
		}
		if d.PathsCut = r.Paths.CutBy(d.Findings); d.PathsCut > 0 {
			d.CutsOff = r.Paths.CutOff(d.Findings)
		}
		r.gain[d] = d.PathsCut
	}
}

// cut notes that a fix is made, and asks what the others cut now.
func (r *ranker) cut(made *draft, others []*draft) {
	r.done = append(r.done, made.Findings...)
	if r.asks--; r.asks < 0 {
		return
	}
	r.gone = max(r.gone, r.Paths.CutBy(r.done))
	r.out[len(r.out)-1].PathsCumulative = r.gone
	for _, d := range others {
		if r.asks--; r.asks < 0 {
			return
		}
		r.gain[d] = max(r.Paths.CutBy(slices.Concat(r.done, d.Findings))-r.gone, 0)
	}
}

// best is the index of the best of some fixes.
func (r *ranker) best(list []*draft) (best int) {
	for i, d := range list {
		if r.compare(d, r.gain[d], list[best], r.gain[list[best]]) < 0 {
			best = i
		}
	}
	return best
}

// compare orders fixes, the better first, by worth for effort where they cut that many more paths. What is worth the same is ordered by
// what it clears, then by name, so that nothing is left to chance.
func (r *ranker) compare(a *draft, gainA int, b *draft, gainB int) int {
	score := func(d *draft, gain int) float64 {
		return (d.worth + float64(gain)*r.Weights.Worth[worthPath]) / r.Weights.effort(d.Effort)
	}
	return cmp.Or(cmp.Compare(score(b, gainB), score(a, gainA)), compareCounts(b.Clears, a.Clears), strings.Compare(a.Name, b.Name),
		strings.Compare(a.Target, b.Target), strings.Compare(a.ID, b.ID))
}

// compareCounts compares cases by priority, the highest first.
func compareCounts(a, b map[string]int) int {
	for _, p := range slices.Backward(engine.Priorities) {
		if c := cmp.Compare(a[string(p)], b[string(p)]); c != 0 {
			return c
		}
	}
	return 0
}

// next puts a fix after those before it.
func (r *ranker) next(d *draft) {
	for _, c := range d.open {
		if pressing(c) {
			r.cleared++
		}
	}
	if r.total > 0 { // rounded down: all is not said of nearly all
		d.Cumulative = math.Floor(float64(r.cleared)/float64(r.total)*1e4) / 1e4
	}
	d.PathsCumulative = r.gone
	r.out = append(r.out, d.Fix)
}
