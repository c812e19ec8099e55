package engine

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/headgate/headgate/policies"
)

// estate makes the open cases of a large organisation: 30,000 CVEs that occur as seldom as Zipf says, on 2,000 assets, one in
// twenty brought by the change, a fifth of the rest weaknesses in code and secrets.
func estate(n int) []Case {
	r := rand.New(rand.NewPCG(7, 7))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	type cve struct {
		finding Finding
		intel   Intel
	}
	cves := make([]cve, 30_000)
	for i := range cves {
		c := &cves[i]
		name := fmt.Sprintf("CVE-%d-%05d", 2015+i%12, 1000+i)
		c.finding = Finding{Kind: KindVulnerability, Title: "weakness " + name, Severity: Severity(pick("critical", "high", "high", "medium", "medium", "low", "")),
			Rule: &Rule{ID: name, Tool: "trivy"}, Vulnerability: &Vulnerability{ID: name, CVEs: []string{name}}, CWEs: []int{20 + r.IntN(900)},
			CVSS:    []CVSS{{Version: "3.1", Score: float64(20+r.IntN(80)) / 10, Source: "nvd"}},
			Package: &Package{PURL: fmt.Sprintf("pkg:npm/pkg-%d", i%4000), Ecosystem: "npm", Name: fmt.Sprintf("pkg-%d", i%4000), Versions: []string{"1.2.3"}, Scope: pick("runtime", "runtime", "development", "")}}
		if r.IntN(10) < 8 {
			c.finding.Package.Fixed = []string{fmt.Sprintf("%d.%d.0", r.IntN(5), r.IntN(20))}
		}
		c.intel = Intel{KEV: &KEV{}, EPSS: &EPSS{CVE: name, Probability: math.Round(math.Pow(r.Float64(), 8)*1e5) / 1e5, Percentile: math.Round(r.Float64()*1e5) / 1e5, Model: "v2026.06.15"}}
		if r.IntN(60) == 0 {
			c.intel.KEV = &KEV{Listed: true, Added: fmt.Sprintf("2025-%02d-%02d", 1+r.IntN(12), 1+r.IntN(28)), Ransomware: new(r.IntN(4) == 0)}
		}
		if r.IntN(3) == 0 {
			c.intel.SSVC = &SSVC{Exploitation: pick("none", "none", "poc", "active"), Automatable: pick("yes", "no"), TechnicalImpact: pick("partial", "total"), Source: "vulnrichment"}
		}
	}
	assets := make([]Asset, 2000)
	for i := range assets {
		assets[i] = Asset{ID: fmt.Sprintf("asset-%04d", i), Name: fmt.Sprintf("asset %d", i), Type: "service", Owner: fmt.Sprintf("team-%d", r.IntN(80)),
			Criticality: pick("mission_critical", "business_critical", "operational", "low", ""), Environment: pick("production", "production", "staging", "development"),
			Exposure: pick("internet", "partner", "internal", "isolated")}
		for _, class := range []string{"pii", "pci", "internal"} {
			if r.IntN(3) == 0 {
				assets[i].Data = append(assets[i].Data, class)
			}
		}
	}
	zipf := rand.NewZipf(r, 1.1, 1, uint64(len(cves)-1))
	order := r.Perm(len(cves))
	cases := make([]Case, n)
	for i := range cases {
		in := &cases[i].Input
		in.Asset = assets[r.IntN(len(assets))]
		in.Context.Change = &Change{Event: EventSchedule, Status: StatusExisting}
		if r.IntN(20) == 0 {
			in.Context.Change.Status = StatusIntroduced
		}
		in.Context.History = &History{AgeDays: r.IntN(400)}
		switch r.IntN(10) {
		case 0:
			in.Finding = Finding{Kind: KindWeakness, Title: "weakness in code", Severity: Severity(pick("high", "medium", "low")), CWEs: []int{20 + r.IntN(900)},
				Rule: &Rule{ID: fmt.Sprintf("rule-%d", r.IntN(300)), Tool: "semgrep"}}
		case 1:
			in.Finding = Finding{Kind: KindSecret, Title: "credential", Secret: &Secret{Type: pick("aws", "jwt", "pem")}}
		default:
			c := &cves[order[zipf.Uint64()]]
			in.Finding, in.Context.Intel = c.finding, &c.intel
			if v := pick("reachable", "unreachable", "", "", ""); v != "" {
				in.Context.Reachability = &Reachability{Verdict: v, By: "govulncheck", Confidence: pick("high", "medium")}
			}
		}
		in.Finding.ID = fmt.Sprintf("hg1-%08d", i)
		in.Finding.IDs = []string{in.Finding.ID}
		for range 1 + r.IntN(4)/3 {
			in.Finding.Locations = append(in.Finding.Locations, Location{Path: pick(fmt.Sprintf("services/s%d/package-lock.json", r.IntN(5000)), fmt.Sprintf("services/s%d/src/test/a%d.js", r.IntN(500), r.IntN(50))), Line: r.IntN(900)})
		}
	}
	return cases
}

// blank takes facts away at random: a third of all asset facts, and threat data of one case in twenty.
func blank(cases []Case) {
	r := rand.New(rand.NewPCG(9, 9))
	for i := range cases {
		a := &cases[i].Input.Asset
		for _, fact := range []*string{&a.Exposure, &a.Environment, &a.Criticality} {
			if r.IntN(3) == 0 {
				*fact = ""
			}
		}
		if r.IntN(20) == 0 {
			cases[i].Input.Context.Intel = nil
		}
	}
}

// BenchmarkRange decides a run of 10,000 cases, a third of whose facts are unknown, with and without working out what these could change.
func BenchmarkRange(b *testing.B) {
	cases := estate(10_000)
	blank(cases)
	var without float64
	for _, none := range []bool{true, false} {
		b.Run(fmt.Sprintf("range=%v", !none), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				p, err := LoadPolicy(b.Context(), PolicySource{Shipped: policies.Files, Packs: policies.Default, Assume: policies.Assume, NoRange: none})
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				if err := p.Decide(b.Context(), cases, decidedAt); err != nil {
					b.Fatal(err)
				}
			}
			each := float64(b.Elapsed().Microseconds()) / float64(b.N*len(cases))
			b.ReportMetric(each, "µs/case")
			if none {
				without = each
			} else {
				b.ReportMetric(100*(each/without-1), "%-more")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

func benchmarkPolicy(b *testing.B, noClasses bool) *Policy {
	p, err := LoadPolicy(context.Background(), PolicySource{Shipped: policies.Files, Packs: policies.Default, NoClasses: noClasses, NoRange: noClasses})
	if err != nil {
		b.Fatal(err)
	}
	return p
}

// BenchmarkEstate decides an estate by class, and how many times faster that is than deciding its cases one by one. Of those no more
// than a thousand are decided, since each costs the same. A long run decides a million.
func BenchmarkEstate(b *testing.B) {
	sizes := []int{1_000, 100_000}
	if os.Getenv("HEADGATE_LONG") != "" {
		sizes = append(sizes, 1_000_000)
	}
	all := estate(sizes[len(sizes)-1])
	for _, n := range sizes {
		cases := all[:n]
		b.Run(fmt.Sprintf("cases=%d", n), func(b *testing.B) {
			byItself := benchmarkPolicy(b, true)
			start := time.Now()
			if err := byItself.Decide(b.Context(), cases[:1000], decidedAt); err != nil {
				b.Fatal(err)
			}
			slow := float64(time.Since(start).Nanoseconds()) / 1000
			b.ReportAllocs()
			var p *Policy
			for b.Loop() {
				b.StopTimer()
				p = benchmarkPolicy(b, false) // which has met no class yet
				b.StartTimer()
				if err := p.Decide(b.Context(), cases, decidedAt); err != nil {
					b.Fatal(err)
				}
			}
			each := float64(b.Elapsed().Nanoseconds()) / float64(b.N*n)
			b.ReportMetric(each/1000, "µs/case")
			b.ReportMetric(slow/each, "times-faster")
			asked := 0
			for i := range p.classes().stated {
				asked += len(p.classes().stated[i].known)
			}
			b.ReportMetric(float64(p.classes().count()), "classes")
			b.ReportMetric(float64(asked), "parts")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkClass is the cost of finding out which class a case is of.
func BenchmarkClass(b *testing.B) {
	cases := estate(10_000)
	d := benchmarkPolicy(b, false).classes().decider(len(cases))
	for i := range cases { // all classes are met
		if _, err := d.answer(b.Context(), &cases[i].Input); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	for b.Loop() {
		if _, err := d.answer(b.Context(), &cases[i%len(cases)].Input); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkObserve is the cost of deriving what the packs that ship observe, once per run.
func BenchmarkObserve(b *testing.B) {
	p := benchmarkPolicy(b, false)
	data := ast.NewObject()
	for b.Loop() {
		observe(p.compiler, data, ast.MustParseRef("data.main.decision"), statedByPack, nil, "")
	}
}

// BenchmarkMet is the cost of a decision once all classes are met, which is what most of a large estate costs.
func BenchmarkMet(b *testing.B) {
	cases := estate(20_000)
	p := loadShipped(b, PolicySource{Assume: policies.Assume})
	blank(cases)
	if err := p.Decide(b.Context(), cases, decidedAt); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := p.Decide(b.Context(), cases, decidedAt); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(cases)), "ns/case")
}
