// Package estate makes up the security findings of a large organisation: what open exposures look like in number, kind and spread, without
// being anyone's. The same seed gives the same bytes, whatever is made in between and however many cores make it.
package estate

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"sort"
	"time"

	"github.com/headgate/headgate/engine"
)

// What an estate has, whatever its size.
const (
	CVEs         = 30_000
	Assets       = 2_000
	Repositories = 400
	teams        = 80
	zipf         = 1.1 // how fast CVEs get rarer: the commonest is on a tenth of all cases
)

// Today is the day on which all estates are looked at.
var Today = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)

// An Estate is one organisation.
type Estate struct {
	seed    uint64
	cves    []cve
	often   []float64 // how often a CVE occurs that is no more seldom, of all: by rank
	byOne   []int     // CVE by rank
	parts   []asset
	waivers []engine.Waiver
	upTo    []float64 // the share of all cases that repositories have up to each
	first   []int     // the first asset of each repository, and the number of all
}

type cve struct {
	finding engine.Finding
	intel   engine.Intel
	origin  map[string]engine.Provenance
}

type asset struct {
	engine.Asset
	origin map[string]engine.Provenance
}

// New makes up an estate.
func New(seed uint64) *Estate {
	e := &Estate{seed: seed}
	r := rand.New(rand.NewPCG(seed, 1))
	e.cves = make([]cve, CVEs)
	for i := range e.cves {
		e.cves[i] = makeCVE(r, i)
	}
	e.byOne = r.Perm(CVEs)
	sum := 0.0
	for rank := range CVEs {
		sum += math.Pow(float64(rank+1), -zipf)
		e.often = append(e.often, sum)
	}
	e.parts = make([]asset, Assets)
	for i := range e.parts {
		e.parts[i] = makeAsset(r, i)
	}
	for i := range Waivers {
		e.waivers = append(e.waivers, makeWaiver(r, i))
	}
	// Few repositories have much: a monorepo has as many assets and cases as a hundred small ones.
	weights, all := make([]float64, Repositories), 0.0
	for i := range weights {
		weights[i] = math.Exp(r.NormFloat64())
		all += weights[i]
	}
	share := 0.0
	for _, w := range weights {
		e.first = append(e.first, min(int(share*(Assets-Repositories))+len(e.first), Assets-1))
		share += w / all
		e.upTo = append(e.upTo, share)
	}
	e.first = append(e.first, Assets)
	e.upTo[len(e.upTo)-1] = 1
	return e
}

func pick(r *rand.Rand, words ...string) string { return words[r.IntN(len(words))] }

func makeCVE(r *rand.Rand, i int) cve {
	name := fmt.Sprintf("CVE-%d-%05d", 2015+i%12, 10_000+i)
	ecosystem := pick(r, "npm", "npm", "maven", "pypi", "golang")
	pkg := fmt.Sprintf("package-%d", i%4000)
	c := cve{finding: engine.Finding{Kind: engine.KindVulnerability, Title: "weakness " + name + " of " + pkg,
		Severity: engine.Severity(pick(r, "critical", "high", "high", "medium", "medium", "low", "")), Rule: &engine.Rule{ID: name, Tool: "trivy"},
		Vulnerability: &engine.Vulnerability{ID: name, CVEs: []string{name}}, CWEs: []int{20 + r.IntN(900)},
		CVSS: []engine.CVSS{{Version: "3.1", Vector: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", Score: float64(20+r.IntN(80)) / 10, Source: "nvd"}},
		Package: &engine.Package{PURL: "pkg:" + ecosystem + "/" + pkg, Ecosystem: ecosystem, Name: pkg,
			Versions: []string{fmt.Sprintf("1.%d.%d", r.IntN(20), r.IntN(9))}, Scope: pick(r, "runtime", "runtime", "runtime", "development", "")}}}
	if r.IntN(10) < 8 {
		c.finding.Package.Fixed = []string{fmt.Sprintf("2.%d.0", r.IntN(20))}
	}
	c.intel = engine.Intel{KEV: &engine.KEV{}, EPSS: &engine.EPSS{CVE: name, Probability: round(math.Pow(r.Float64(), 8)), Percentile: round(r.Float64()), Model: "v2026.06.15"}}
	if r.IntN(120) == 0 {
		added := Today.AddDate(0, 0, -r.IntN(1500))
		c.intel.KEV = &engine.KEV{Listed: true, Added: added.Format(time.DateOnly), Due: added.AddDate(0, 0, 21).Format(time.DateOnly), Ransomware: new(r.IntN(4) == 0)}
	}
	c.origin = map[string]engine.Provenance{"context.intel.kev": {Source: "KEV 2026.11.20", At: Today}, "context.intel.epss": {Source: "EPSS v2026.06.15", At: Today}}
	if r.IntN(3) == 0 {
		c.intel.SSVC = &engine.SSVC{Exploitation: pick(r, "none", "none", "none", "poc", "active"), Automatable: pick(r, "yes", "no", "no"),
			TechnicalImpact: pick(r, "partial", "total"), Source: "vulnrichment"}
		c.origin["context.intel.ssvc"] = engine.Provenance{Source: "Vulnrichment", At: Today}
	}
	return c
}

func round(f float64) float64 { return math.Round(f*1e5) / 1e5 }

func makeAsset(r *rand.Rand, i int) asset {
	a := asset{Asset: engine.Asset{ID: fmt.Sprintf("asset-%04d", i), Name: fmt.Sprintf("asset %d", i), Type: "service", Owner: fmt.Sprintf("team-%d", r.IntN(teams)),
		Criticality: pick(r, "mission_critical", "business_critical", "operational", "operational", "low", ""),
		Environment: pick(r, "production", "production", "staging", "development"), Exposure: pick(r, "internet", "partner", "internal", "internal", "isolated", "")},
		origin: map[string]engine.Provenance{}}
	for _, class := range []string{"pii", "pci", "credentials"} {
		if r.IntN(4) == 0 {
			a.Data = append(a.Data, class)
		}
	}
	for _, fact := range []string{"asset.owner", "asset.criticality", "asset.exposure", "asset.environment", "asset.data"} {
		a.origin[fact] = engine.Provenance{Source: fmt.Sprintf("assets.yaml:%d", 4+6*i)}
	}
	return a
}

// Repository is the name of a repository.
func Repository(i int) string { return fmt.Sprintf("acme/repository-%03d", i) }

// Chunk is how many cases Cases makes at a time.
const Chunk = 8192

// A room is what the lists and facts of a case are made in.
type room struct {
	cwes       [1]int
	ids        [1]string
	sources    [1]engine.Source
	locations  [2]engine.Location
	waivers    [1]engine.Waiver
	change     engine.Change
	history    engine.History
	reach      engine.Reachability
	runtime    engine.Runtime
	validation engine.Validation
	provenance map[string]engine.Provenance
}

// Cases makes the cases of an estate of a size, those of a repository together, in chunks. A chunk may be changed by who gets it; what its cases
// share with others (assets, threat data, provenance of what is no vulnerability) may not. The next chunk is made in the room of the one before,
// which is gone then: making an estate up leaves nothing to be collected while it is worked on, and so takes no time of what is measured.
func (e *Estate) Cases(n int) iter.Seq[[]engine.Case] {
	return func(yield func([]engine.Case) bool) {
		cases, rooms := make([]engine.Case, min(Chunk, n)), make([]room, min(Chunk, n))
		for from := 0; from < n; from += Chunk {
			chunk := cases[:min(Chunk, n-from)]
			for i := range chunk {
				e.fill(&chunk[i], &rooms[i], from+i, n)
			}
			if !yield(chunk) {
				return
			}
		}
	}
}

// Sample makes so many of the cases of an estate of a size, evenly from all of it.
func (e *Estate) Sample(n, some int) []engine.Case {
	cases := make([]engine.Case, min(n, some))
	for i := range cases {
		e.fill(&cases[i], new(room), i*n/len(cases), n)
	}
	return cases
}

// RepositoryCases are the cases that one repository has in an estate of a size.
func (e *Estate) RepositoryCases(repository, n int) []engine.Case {
	from := 0
	if repository > 0 {
		from = int(math.Ceil(e.upTo[repository-1] * float64(n)))
	}
	cases := make([]engine.Case, max(0, min(n, int(math.Ceil(e.upTo[repository]*float64(n))))-from))
	for i := range cases {
		e.fill(&cases[i], new(room), from+i, n)
	}
	return cases
}

// fill makes the i-th of n cases, in a room that is its own.
func (e *Estate) fill(c *engine.Case, own *room, i, n int) {
	source := rand.NewPCG(e.seed^0x9e3779b97f4a7c15, uint64(i)*0xbf58476d1ce4e5b9)
	r := rand.New(source)
	repository := sort.SearchFloat64s(e.upTo, (float64(i)+0.5)/float64(n))
	*c = engine.Case{}
	in := &c.Input
	on := &e.parts[e.first[repository]+r.IntN(max(1, e.first[repository+1]-e.first[repository]))]
	in.Asset = on.Asset
	c.Provenance = on.origin
	own.change = engine.Change{Event: engine.EventSchedule, Status: engine.StatusExisting}
	in.Context.Change = &own.change
	if r.IntN(20) == 0 {
		in.Context.Change.Status = engine.StatusIntroduced
	}
	own.history = engine.History{AgeDays: min(int(r.ExpFloat64()*90), 1200)}
	in.Context.History = &own.history
	switch kind := r.IntN(20); {
	case kind < 2:
		in.Finding = engine.Finding{Kind: engine.KindWeakness, Title: "weakness in code", Severity: engine.Severity(pick(r, "high", "medium", "medium", "low")),
			CWEs: []int{[]int{22, 78, 79, 89, 94, 200, 287, 327, 502, 798, 918}[r.IntN(11)]}, Rule: &engine.Rule{ID: fmt.Sprintf("rule-%d", r.IntN(300)), Tool: "semgrep"}}
	case kind == 2:
		in.Finding = engine.Finding{Kind: engine.KindSecret, Title: "credential", Rule: &engine.Rule{ID: "generic-api-key", Tool: "gitleaks"},
			Secret: &engine.Secret{Type: pick(r, "aws-access-key", "jwt", "private-key")}}
	case kind == 3:
		in.Finding = engine.Finding{Kind: engine.KindMisconfiguration, Title: "configuration", Severity: engine.Severity(pick(r, "high", "medium", "low")),
			Rule: &engine.Rule{ID: fmt.Sprintf("CKV_AWS_%d", 1+r.IntN(200)), Tool: "checkov"}, Resource: &engine.Resource{Type: "aws_s3_bucket", Name: fmt.Sprintf("bucket-%d", r.IntN(400))}}
	default:
		e.vulnerability(r, c, own, on)
	}
	in.Finding.ID = fmt.Sprintf("hg1-%016x%016x", source.Uint64(), uint64(i))
	own.ids[0] = in.Finding.ID
	own.sources[0] = engine.Source{Tool: in.Finding.Rule.Tool, Version: "1.0.0", Format: "sarif", Report: ReportDigest}
	in.Finding.IDs, in.Finding.Sources, in.Finding.Locations = own.ids[:], own.sources[:], own.locations[:0]
	for range 1 + r.IntN(4)/3 {
		in.Finding.Locations = append(in.Finding.Locations, location(r, in.Finding.Kind, repository))
	}
	if r.IntN(100) == 0 {
		in.Context.Waivers = append(own.waivers[:0], e.waivers[r.IntN(Waivers)])
	}
}

// Waivers is how many accepted risks there are.
const Waivers = 300

// Waivers are the accepted risks of the estate.
func (e *Estate) Waivers() []engine.Waiver { return e.waivers }

func makeWaiver(r *rand.Rand, i int) engine.Waiver {
	created := r.IntN(80)
	return engine.Waiver{ID: fmt.Sprintf("w-%d", i), Reason: "behind the login", Requester: "dev@example.com", Approver: Approver,
		Verified: r.IntN(5) > 0, Created: Today.AddDate(0, 0, -created).Format(time.DateOnly), Expires: Today.AddDate(0, 0, 90-created).Format(time.DateOnly),
		AgeDays: created, ValidDays: 90}
}

// Approver approves all waivers.
const Approver = "lead@example.com"

// ReportDigest is the digest of the report that all findings are from.
const ReportDigest = "sha256:4b68ab3847feda7d6c62c1fbcbeebfa35eab7351ed5e78f4ddadea5df64b8015"

// vulnerability makes a case one of a CVE.
func (e *Estate) vulnerability(r *rand.Rand, c *engine.Case, own *room, on *asset) {
	in := &c.Input
	rank := min(sort.SearchFloat64s(e.often, r.Float64()*e.often[CVEs-1]), CVEs-1)
	known := &e.cves[e.byOne[rank]]
	in.Finding, in.Context.Intel = known.finding, &known.intel
	in.Finding.CWEs = append(own.cwes[:0], known.finding.CWEs...)
	if own.provenance == nil {
		own.provenance = make(map[string]engine.Provenance, len(on.origin)+len(known.origin))
	}
	clear(own.provenance)
	c.Provenance = own.provenance
	for _, origin := range []map[string]engine.Provenance{on.origin, known.origin} {
		for fact, from := range origin {
			c.Provenance[fact] = from
		}
	}
	if v := pick(r, "reachable", "unreachable", "unreachable", "", "", "", ""); v != "" {
		own.reach = engine.Reachability{Verdict: v, By: "govulncheck", Confidence: pick(r, "high", "medium")}
		in.Context.Reachability = &own.reach
	}
	switch r.IntN(100) {
	case 0, 1, 2:
		own.runtime = engine.Runtime{Loaded: r.IntN(2) == 0, WindowDays: 30}
		in.Context.Runtime = &own.runtime
	case 3:
		own.validation = engine.Validation{Status: pick(r, "exploitable", "mitigated", "not_exploitable"), By: "nuclei"}
		in.Context.Validation = &own.validation
	}
}

// location is a place in a repository: it has a few files that name packages, and many others.
func location(r *rand.Rand, kind engine.Kind, repository int) engine.Location {
	root := fmt.Sprintf("services/s%d/", repository)
	if kind == engine.KindVulnerability {
		return engine.Location{Path: root + pick(r, "package-lock.json", "go.sum", "web/package-lock.json"), Line: 1 + r.IntN(5000)}
	}
	return engine.Location{Path: root + pick(r, "src/", "src/", "src/", "src/test/", "deploy/") + fmt.Sprintf("file%d.js", r.IntN(60)), Line: 1 + r.IntN(900)}
}
