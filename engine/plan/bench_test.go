package plan_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
)

// The work grows with the cases: ten times as many take about ten times as long.
func BenchmarkNew(b *testing.B) {
	for _, n := range []int{5_000, 50_000, 500_000} {
		cases := many(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if fixes, _ := plan.New(cases, plan.Options{Repository: "acme/shop"}); len(fixes) == 0 {
					b.Fatal("no fix")
				}
			}
		})
	}
}

// many makes cases as scanners report them: few packages have many findings, most have few, with fixes on several branches.
func many(n int) []engine.Case {
	r := rand.New(rand.NewPCG(5, 6))
	cases := make([]engine.Case, n)
	ecosystems := []string{"npm", "maven/g", "golang/example.com", "pypi", "deb/debian", "rpm/redhat"}
	for i := range cases {
		k := int(float64(n/10+1) * r.Float64() * r.Float64())
		purl := fmt.Sprintf("pkg:%s/p%d", ecosystems[k%len(ecosystems)], k)
		var fixed []string
		for range 1 + r.IntN(3) {
			fixed = append(fixed, fmt.Sprintf("%d.%d.%d", 1+r.IntN(4), r.IntN(10), r.IntN(30)))
		}
		c := vulnerable(fmt.Sprintf("hg1-%08d", i), purl, []string{fmt.Sprintf("1.%d.0", k%5)}, fixed, engine.Priorities[r.IntN(4)])
		if k%len(ecosystems) > 3 {
			c = inImage(c, fmt.Sprintf("ghcr.io/acme/app%d:1", k%50))
		}
		c.Input.Asset.ID = fmt.Sprintf("asset%d", r.IntN(500))
		cases[i] = c
	}
	return cases
}

// One package with thousands of fixed versions in thousands of findings.
func BenchmarkOnePackageWithThousandsOfFixedVersions(b *testing.B) {
	for _, n := range []int{500, 5_000} {
		cases := make([]engine.Case, n)
		for i := range cases {
			fixed := []string{fmt.Sprintf("1.%d.%d", i%50, i), fmt.Sprintf("2.%d.%d", i%70, i), fmt.Sprintf("3.0.%d", i)}
			cases[i] = vulnerable(fmt.Sprintf("hg1-%08d", i), "pkg:npm/a", []string{"1.0.0", "2.0.0"}, fixed, engine.Act)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				plan.New(cases, plan.Options{})
			}
		})
	}
}
