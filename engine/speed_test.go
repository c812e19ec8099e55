package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/policies"
)

// BenchmarkDecide is the cost of one case with the packs that ship, decided by itself; BenchmarkEstate says what classes save.
func BenchmarkDecide(b *testing.B) {
	p, err := engine.LoadPolicy(context.Background(), engine.PolicySource{Shipped: policies.Files, Packs: policies.Default, NoClasses: true})
	if err != nil {
		b.Fatal(err)
	}
	cases := make([]engine.Case, 1000)
	for i := range cases {
		in := input(engine.EventPullRequest, "")
		in.Finding.Severity = []engine.Severity{engine.SeverityCritical, engine.SeverityHigh, engine.SeverityMedium, engine.SeverityLow}[i%4]
		in.Finding.Package.Fixed = []string{fmt.Sprint(i)}
		in.Finding.Locations = []engine.Location{{Path: "package-lock.json"}}
		in.Asset.Exposure, in.Asset.Criticality, in.Asset.Data = "internet", "mission_critical", []string{"pii"}
		in.Context.Intel = &engine.Intel{KEV: &engine.KEV{Listed: i%20 == 0}, EPSS: &engine.EPSS{CVE: "CVE-2024-1", Probability: float64(i) / 1000, Percentile: 0.5, Model: "v2026.06.15"}}
		cases[i].Input = in
	}
	for b.Loop() {
		if err := p.Decide(b.Context(), cases, now); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(cases)), "µs/case")
}

// BenchmarkLoadPolicy is what a cold start spends on policies: those that are on by default, and all that ship. What is off is not
// compiled.
func BenchmarkLoadPolicy(b *testing.B) {
	all, err := fs.ReadDir(policies.Files, "packs")
	if err != nil {
		b.Fatal(err)
	}
	var names []string
	for _, pack := range all {
		names = append(names, pack.Name())
	}
	for name, packs := range map[string][]string{"default": policies.Default, "all": names} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := engine.LoadPolicy(b.Context(), engine.PolicySource{Shipped: policies.Files, Packs: packs}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
