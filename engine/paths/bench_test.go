package paths

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/headgate/headgate/engine"
)

// estate is one of a large organisation: layers of services, a few exposed ones, a few jewels, findings on a third of all.
func estate(assets, edges int) Estate {
	r := rand.New(rand.NewPCG(1, 2))
	var e Estate
	for i := range assets {
		s := Asset{ID: fmt.Sprintf("asset-%05d", i), Entry: i%200 == 0, Jewel: i%250 == 249, Covered: true}
		if r.IntN(3) == 0 {
			s.Openers = []Opener{{fmt.Sprintf("hg1-%08d", i), r.IntN(4) == 0}}
		}
		e.Assets = append(e.Assets, s)
	}
	for range edges {
		from := r.IntN(assets)
		e.Edges = append(e.Edges, engine.Edge{From: e.Assets[from].ID, To: e.Assets[min(assets-1, from+1+r.IntN(assets/10))].ID,
			Kind: engine.EdgeNetwork, Trusted: r.IntN(20) == 0})
	}
	return e
}

// BenchmarkFacts analyses estates of growing size and asks for the facts of a hundred findings on each asset.
func BenchmarkFacts(b *testing.B) {
	for _, assets := range []int{100, 1_000, 10_000} {
		e := estate(assets, 10*assets)
		b.Run(fmt.Sprintf("%d-assets", assets), func(b *testing.B) {
			for b.Loop() {
				a := Analyse(e)
				for i := range e.Assets {
					for range 100 {
						a.Facts(e.Assets[i].ID, "hg1-x")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*assets), "µs/asset")
		})
	}
}

// BenchmarkLists lists paths, choke points and cuts.
func BenchmarkLists(b *testing.B) {
	for _, assets := range []int{100, 1_000, 10_000} {
		a := Analyse(estate(assets, 10*assets))
		b.Run(fmt.Sprintf("%d-assets", assets), func(b *testing.B) {
			for b.Loop() {
				a.Paths()
				a.Graph()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*assets), "µs/asset")
		})
	}
}
