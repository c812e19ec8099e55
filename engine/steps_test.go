package engine

import (
	"slices"
	"testing"

	"github.com/headgate/headgate/policies"
)

func TestStepsAreOpenedByClassAsByEachCase(t *testing.T) {
	inputs := newFiller(7).inputs(600)
	ask := func(noClasses bool) []bool {
		p, err := LoadPolicy(t.Context(), PolicySource{Shipped: policies.Files, Packs: allPacks(t), NoClasses: noClasses})
		if err != nil {
			t.Fatal(err)
		}
		cases := make([]Case, len(inputs))
		for i := range inputs {
			cases[i].Input = inputs[i]
		}
		opens, err := p.OpensStep(t.Context(), cases, decidedAt)
		if err != nil {
			t.Fatal(err)
		}
		return opens
	}
	byClass, byItself := ask(false), ask(true)
	open := 0
	for i := range inputs {
		if byClass[i] != byItself[i] {
			t.Errorf("by class %t, by itself %t: %s", byClass[i], byItself[i], inJSON(t, inputs[i]))
		}
		if byItself[i] {
			open++
		}
	}
	if open < 30 || open > len(inputs)-30 || !slices.Contains(byClass, false) {
		t.Errorf("so little was compared: %d of %d random inputs open a step", open, len(inputs))
	}
}

// BenchmarkOpensStep asks an estate for steps, by classes that the policy has not met yet.
func BenchmarkOpensStep(b *testing.B) {
	cases := estate(100_000)
	for b.Loop() {
		b.StopTimer()
		p := benchmarkPolicy(b, false)
		b.StartTimer()
		if _, err := p.OpensStep(b.Context(), cases, decidedAt); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(cases)), "ns/case")
}
