package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/plan"
)

// Ten edges for each asset, and a finding that opens most of them: what fixes cut is asked of the graph again and again.
func BenchmarkNewWithAttackPaths(b *testing.B) {
	for _, n := range []int{100, 1_000, 10_000} {
		r := rand.New(rand.NewPCG(1, 1))
		e := paths.Estate{}
		var cases []engine.Case
		for i := range n {
			a := paths.Asset{ID: fmt.Sprint("a", i), Entry: i < n/200+1, Jewel: i > n-n/200-2, Covered: true}
			if r.IntN(3) > 0 {
				id := fmt.Sprint("f", i)
				a.Openers = []paths.Opener{{Finding: id}}
				c := found(engine.KindWeakness, id, id+".go", "R", engine.Attend)
				c.Input.Asset.ID, c.Input.Context.Paths = a.ID, &engine.PathFacts{Opens: true, Status: "potential"}
				cases = append(cases, c)
			}
			e.Assets = append(e.Assets, a)
			for range 10 {
				e.Edges = append(e.Edges, engine.Edge{From: a.ID, To: fmt.Sprint("a", r.IntN(n))})
			}
		}
		analysis := paths.Analyse(e)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				plan.New(cases, plan.Options{Paths: analysis})
			}
		})
	}
}
