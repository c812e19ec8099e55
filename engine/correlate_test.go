package engine

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var repo = Target{Type: TargetRepository, Name: "acme/shop"}

func vuln(tool, purl, version string, names ...string) Discovery {
	return Discovery{Target: repo, Finding: Finding{Kind: KindVulnerability, Vulnerability: NewVulnerability(names...),
		Package:   &Package{PURL: purl, Name: purl, Versions: []string{version}},
		Locations: []Location{{Path: "go.mod"}}, Sources: []Source{{Tool: tool, Format: tool, Report: "sha256:" + tool}}}}
}

func flaw(tool, rule, path, content string, line int, cwes ...int) Discovery {
	return Discovery{Target: repo, Content: content, Finding: Finding{Kind: KindWeakness, Title: rule + " by " + tool, CWEs: cwes,
		Rule: &Rule{ID: rule, Tool: tool}, Locations: []Location{{Path: path, Line: line}}, Sources: []Source{{Tool: tool, Format: tool, Report: "sha256:" + tool}}}}
}

func ids(ds []Discovery) []string {
	var all []string
	for _, d := range ds {
		all = append(all, d.Finding.ID)
	}
	return all
}

func TestOneVulnerabilityNamedThreeWaysIsOneFindingWithEverySource(t *testing.T) {
	out := Correlate([]Discovery{
		vuln("trivy", "pkg:golang/x", "1.0", "CVE-2024-0001"),
		vuln("grype", "pkg:golang/x", "1.1", "GHSA-aaaa-bbbb-cccc", "CVE-2024-0001"),
		vuln("govulncheck", "pkg:golang/x", "1.0", "GO-2024-0001", "GHSA-aaaa-bbbb-cccc"),
	})
	if len(out) != 1 {
		t.Fatalf("have %d findings, want 1: %v", len(out), ids(out))
	}
	f := out[0].Finding
	if f.Vulnerability.ID != "CVE-2024-0001" || len(f.Vulnerability.Aliases) != 2 || len(f.Sources) != 3 || len(f.IDs) != 3 {
		t.Errorf("have %+v, %d sources, ids %v", f.Vulnerability, len(f.Sources), f.IDs)
	}
	if !slices.Equal(f.Package.Versions, []string{"1.0", "1.1"}) {
		t.Errorf("have versions %v", f.Package.Versions)
	}
}

func TestDifferentPackagesTargetsAndWeaknessesStayApart(t *testing.T) {
	other := vuln("trivy", "pkg:golang/x", "1.0", "CVE-2024-0001")
	other.Target = Target{Type: TargetImage, Name: "nginx"}
	out := Correlate([]Discovery{
		vuln("trivy", "pkg:golang/x", "1.0", "CVE-2024-0001"),
		vuln("trivy", "pkg:golang/y", "1.0", "CVE-2024-0001"),
		vuln("trivy", "pkg:golang/x", "1.0", "CVE-2024-0002"),
		other,
	})
	if len(out) != 4 {
		t.Errorf("have %d findings, want 4", len(out))
	}
}

func TestANameThatCoversTwoCVEsMergesNothing(t *testing.T) {
	out := Correlate([]Discovery{
		vuln("grype", "pkg:golang/x", "1.0", "GHSA-both", "CVE-2024-0001", "CVE-2024-0002"),
		vuln("trivy", "pkg:golang/x", "1.0", "CVE-2024-0001"),
		vuln("trivy", "pkg:golang/x", "1.0", "CVE-2024-0002"),
		vuln("osv", "pkg:golang/x", "1.0", "CVE-2024-0002", "GHSA-both"),
	})
	var names []string
	for _, d := range out {
		names = append(names, d.Finding.Vulnerability.ID)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"CVE-2024-0001", "CVE-2024-0002", "GHSA-both"}) {
		t.Errorf("have %v", names)
	}
}

func TestAChainOfAliasesNeverJoinsTwoCVEs(t *testing.T) {
	out := Correlate([]Discovery{
		vuln("a", "pkg:golang/x", "1.0", "CVE-2024-0001", "GHSA-1"),
		vuln("b", "pkg:golang/x", "1.0", "GO-1", "GHSA-1"),
		vuln("c", "pkg:golang/x", "1.0", "CVE-2024-0002", "GO-1"),
	})
	for _, d := range out {
		if len(d.Finding.Vulnerability.CVEs) > 1 {
			t.Errorf("%v joins two CVEs", d.Finding.Vulnerability)
		}
	}
	if len(out) != 2 {
		t.Errorf("have %d findings, want 2", len(out))
	}
}

func TestOldIDsStayWhenAnAliasGroupGrows(t *testing.T) {
	before := Correlate([]Discovery{vuln("a", "pkg:golang/x", "1.0", "GHSA-1")})[0].Finding
	after := Correlate([]Discovery{
		vuln("a", "pkg:golang/x", "1.0", "GHSA-1"),
		vuln("b", "pkg:golang/x", "2.0", "CVE-2024-0001", "GHSA-1"),
	})[0].Finding
	if !slices.Contains(after.IDs, before.ID) {
		t.Errorf("the old id %s is not among %v: a waiver would be lost", before.ID, after.IDs)
	}
}

func TestTheIDOfCodeDoesNotDependOnLineSeverityTitleOrScannerVersion(t *testing.T) {
	a := flaw("gosec", "G304", "a.go", "text:1", 10, 22)
	b := a
	b.Finding.Locations = []Location{{Path: "a.go", Line: 99}}
	b.Finding.Severity, b.Finding.Title = SeverityHigh, "worded anew"
	b.Finding.Sources = []Source{{Tool: "gosec", Version: "9", Format: "sarif", Report: "sha256:z"}}
	if x, y := Correlate([]Discovery{a})[0].Finding.ID, Correlate([]Discovery{b})[0].Finding.ID; x != y {
		t.Errorf("have %s and %s", x, y)
	}
}

func TestTwoScannersWithOneCWEAtOneContentAreOneFinding(t *testing.T) {
	out := Correlate([]Discovery{
		flaw("gosec", "G304", "a.go", "text:1", 10, 22),
		flaw("codeql", "go/path-injection", "a.go", "text:1", 10, 22),
		flaw("codeql", "go/path-injection", "b.go", "text:1", 10, 22),
	})
	if len(out) != 2 {
		t.Fatalf("have %d findings, want 2", len(out))
	}
}

func TestTheSameContentTwiceInAFileIsTwoFindingsWhoeverSaysSo(t *testing.T) {
	both := Correlate([]Discovery{
		flaw("gosec", "G304", "a.go", "text:1", 10, 22), flaw("gosec", "G304", "a.go", "text:1", 30, 22),
		flaw("codeql", "go/path-injection", "a.go", "text:1", 30, 22),
	})
	if len(both) != 2 {
		t.Fatalf("have %d findings, want 2: %v", len(both), ids(both))
	}
	first := Correlate([]Discovery{flaw("gosec", "G304", "a.go", "text:1", 10, 22)})
	if !slices.Contains(ids(both), first[0].Finding.ID) {
		t.Error("a second occurrence changed the id of the first")
	}
}

func TestOneScannersSuppressionDoesNotSilenceAnother(t *testing.T) {
	a, b := flaw("x", "r", "a.go", "text:1", 1), flaw("y", "r", "a.go", "text:1", 1)
	a.Finding.Suppression = &Suppression{Kind: "in_source", Status: "accepted"}
	if out := Correlate([]Discovery{a, b}); len(out) != 1 || out[0].Finding.Suppression != nil {
		t.Errorf("have %+v", out)
	}
}

// installed is a vulnerability of a Debian package, or without a binary of a source package.
func installed(tool, source, binary string, names ...string) Discovery {
	name := cmp.Or(binary, source, "zlib")
	d := vuln(tool, "pkg:deb/debian/"+strings.ReplaceAll(name, "+", "%2B"), "1:3.0.11-1~deb12u1", names...)
	d.Target = Target{Type: TargetImage, Name: "acme/shop"}
	d.Finding.Package.Name, d.Finding.Package.Source = name, source
	if source != "" && binary != "" {
		d.Finding.Package.Binaries = []string{binary}
	}
	return d
}

func TestTheSourceAndWhatIsInstalledOfItAreOneFinding(t *testing.T) {
	out := Correlate([]Discovery{
		installed("trivy", "openssl", "libssl3", "CVE-2024-0001"),
		installed("grype", "openssl", "libcrypto3", "CVE-2024-0001"),
		installed("sarif", "", "libssl3", "CVE-2024-0001"), // does not say the source: another report of the same package does
		installed("osv", "openssl", "", "DEBIAN-CVE-2024-0001", "CVE-2024-0001"),
		installed("trivy", "gcc-12", "libstdc++6", "CVE-2024-0001"),
		installed("other", "", "openssl", "CVE-2024-0001"), // a binary of that name; whose source it is, nobody says
	})
	var have []string
	for _, d := range out {
		p := d.Finding.Package
		have = append(have, fmt.Sprintf("%s %s%v %s %d", p.PURL, p.Name, p.Binaries, p.Versions, len(d.Finding.Sources)))
	}
	slices.Sort(have)
	want := []string{
		"pkg:deb/debian/gcc-12 gcc-12[libstdc++6] [1:3.0.11-1~deb12u1] 1",
		"pkg:deb/debian/openssl openssl[] [1:3.0.11-1~deb12u1] 1",
		"pkg:deb/debian/openssl openssl[libcrypto3 libssl3] [1:3.0.11-1~deb12u1] 4",
	}
	if !slices.Equal(have, want) {
		t.Errorf("have %q, want %q", have, want)
	}
	for _, d := range out {
		if d.Finding.Package.Name == "gcc-12" && !slices.Equal(d.Finding.Package.Components(), []string{"pkg:deb/debian/libstdc%2B%2B6"}) {
			t.Errorf("have %v", d.Finding.Package.Components())
		}
	}
}

func TestAWaiverOnAnInstalledPackageHoldsWhenItsSourceBecomesKnown(t *testing.T) {
	before := Correlate([]Discovery{installed("sarif", "", "libssl3", "CVE-2024-0001")})[0].Finding
	after := Correlate([]Discovery{installed("sarif", "", "libssl3", "CVE-2024-0001"), installed("trivy", "openssl", "libssl3", "CVE-2024-0001")})
	if len(after) != 1 || !slices.Contains(after[0].Finding.IDs, before.ID) {
		t.Errorf("the old id %s is not among %v", before.ID, ids(after))
	}
}

func TestAPackageOfUnknownKindIsTheOneThatAnotherReportKnowsExactly(t *testing.T) {
	unnamed := func(name, version, cve string) Discovery {
		d := installed("sarif", "", name, cve)
		d.Finding.Package = &Package{Name: name, Versions: []string{version}}
		return d
	}
	python := installed("grype", "", "requests", "CVE-2024-0001")
	other := python
	other.Finding.Package = &Package{PURL: "pkg:pypi/requests", Ecosystem: "pypi", Name: "requests", Versions: python.Finding.Package.Versions}
	const version = "1:3.0.11-1~deb12u1"
	for _, c := range []struct {
		name  string
		known []Discovery
		d     Discovery
		want  int
	}{
		{"the same", []Discovery{installed("trivy", "openssl", "libssl3", "CVE-2024-0001")}, unnamed("libssl3", version, "CVE-2024-0001"), 1},
		{"by an alias", []Discovery{installed("trivy", "", "libssl3", "CVE-2024-0001", "GHSA-1")}, unnamed("libssl3", version, "GHSA-1"), 1},
		{"another version", []Discovery{installed("trivy", "openssl", "libssl3", "CVE-2024-0001")}, unnamed("libssl3", "3.0.11-1", "CVE-2024-0001"), 2},
		{"another weakness", []Discovery{installed("trivy", "openssl", "libssl3", "CVE-2024-0001")}, unnamed("libssl3", version, "CVE-2024-0002"), 2},
		{"two of the name", []Discovery{python, other}, unnamed("requests", version, "CVE-2024-0001"), 3},
		{"a source only", []Discovery{installed("osv", "openssl", "", "CVE-2024-0001")}, unnamed("openssl", version, "CVE-2024-0001"), 2},
	} {
		if out := Correlate(append(slices.Clone(c.known), c.d)); len(out) != c.want {
			t.Errorf("%s: have %d findings, want %d", c.name, len(out), c.want)
		}
	}
}

func TestADisputedSourceJoinsNothing(t *testing.T) {
	out := Correlate([]Discovery{
		installed("trivy", "openssl", "libssl3", "CVE-2024-0001"), installed("grype", "openssl1.1", "libssl3", "CVE-2024-0001"),
		installed("trivy", "openssl", "libcrypto3", "CVE-2024-0001"), installed("grype", "openssl1.1", "openssl", "CVE-2024-0001"),
	})
	var have []string
	for _, d := range out {
		have = append(have, fmt.Sprint(d.Finding.Package.Name, d.Finding.Package.Binaries))
	}
	slices.Sort(have)
	if want := []string{"libssl3[]", "openssl1.1[openssl]", "openssl[libcrypto3]"}; !slices.Equal(have, want) {
		t.Errorf("have %q, want %q", have, want)
	}
}

// randomDiscoveries are drawn from few names, so that they overlap in every way.
func randomDiscoveries(r *rand.Rand) []Discovery {
	var all []Discovery
	for range 1 + r.IntN(12) {
		tool := fmt.Sprintf("tool%d", r.IntN(3))
		if r.IntN(2) == 0 {
			var names []string
			for range 1 + r.IntN(3) {
				names = append(names, []string{"CVE-2024-0001", "CVE-2024-0002", "GHSA-1", "GHSA-2", "GO-1", "GO-2"}[r.IntN(6)])
			}
			d := vuln(tool, fmt.Sprintf("pkg:golang/p%d", r.IntN(2)), fmt.Sprint(r.IntN(3)), names...)
			if r.IntN(2) == 0 {
				d = installed(tool, []string{"", "", "openssl", "openssl", "gcc"}[r.IntN(5)], []string{"", "openssl", "libssl3", "libc++1"}[r.IntN(4)], names...)
			}
			if r.IntN(5) == 0 {
				d.Finding.Package = &Package{Name: d.Finding.Package.Name, Versions: d.Finding.Package.Versions}
			}
			d.Finding.Locations = []Location{{Path: fmt.Sprint(r.IntN(3), "/go.mod")}, {Path: fmt.Sprint(r.IntN(3), "/go.mod")}}[:1+r.IntN(2)]
			d.Finding.Severity = severities[r.IntN(5)]
			d.Finding.Title = fmt.Sprint("title ", r.IntN(3))
			all = append(all, d)
			continue
		}
		if r.IntN(4) == 0 {
			d := flaw(tool, "aws-key", fmt.Sprintf("%d.env", r.IntN(2)), []string{"", "text:1"}[r.IntN(2)], r.IntN(3))
			d.Finding.Kind, d.Finding.Secret = KindSecret, &Secret{Type: []string{"", "aws"}[r.IntN(2)]}
			d.Finding.Secret.InHistory = []*bool{nil, new(true), new(false)}[r.IntN(3)]
			all = append(all, d)
			continue
		}
		d := flaw(tool, fmt.Sprintf("r%d", r.IntN(2)), fmt.Sprintf("%d.go", r.IntN(2)), []string{"", "text:1", "text:2"}[r.IntN(3)], r.IntN(4))
		for range r.IntN(3) {
			d.Finding.CWEs = append(d.Finding.CWEs, 20+r.IntN(2))
		}
		d.Status = []Status{"", StatusExisting, StatusIntroduced}[r.IntN(3)]
		if r.IntN(3) == 0 {
			d.Finding.Suppression = &Suppression{Kind: "external", Status: []string{"accepted", "rejected"}[r.IntN(2)]}
		}
		all = append(all, d)
	}
	return all
}

func TestAnyOrderOfReportsGivesTheSameBytes(t *testing.T) {
	for seed := range uint64(times(300, 2000)) {
		r := rand.New(rand.NewPCG(seed, 1))
		all := randomDiscoveries(r)
		want, err := json.Marshal(Correlate(slices.Clone(all)))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			at := r.IntN(len(all) + 1)
			have, _ := json.Marshal(Correlate(slices.Concat(all[:at], all[at:]))) // wherever one report ends and the next begins
			if string(have) != string(want) {
				t.Fatalf("seed %d:\nhave %s\nwant %s", seed, have, want)
			}
			twice, _ := json.Marshal(Correlate(slices.Concat(all, all[:at])))
			if string(twice) != string(want) {
				t.Fatalf("seed %d: with a part given twice:\nhave %s\nwant %s", seed, twice, want)
			}
		}
	}
}

func TestIDsAreThoseOfTheFindingsThatDiscoveriesBecome(t *testing.T) {
	for seed := range uint64(times(200, 1000)) {
		all := randomDiscoveries(rand.New(rand.NewPCG(seed, 3)))
		known := map[string][]string{}
		for _, d := range Correlate(slices.Clone(all)) {
			known[d.Finding.ID] = d.Finding.IDs
		}
		seen := map[string]bool{}
		for i, ids := range IDs(all) {
			found := ""
			for id, want := range known {
				if slices.Equal(ids, want) {
					found = id
				}
			}
			if found == "" {
				t.Fatalf("seed %d: the ids of discovery %d are of no finding: %v", seed, i, ids)
			}
			seen[found] = true
		}
		if len(seen) != len(known) {
			t.Fatalf("seed %d: discoveries are of %d findings, there are %d", seed, len(seen), len(known))
		}
	}
}

func TestNoFindingHoldsTwoCVEsUnlessAReportSaysSoAndIDsAreUnique(t *testing.T) {
	for seed := range uint64(times(400, 3000)) {
		all := randomDiscoveries(rand.New(rand.NewPCG(seed, 2)))
		said := map[string]bool{}
		sources := 0
		for _, d := range all {
			if v := d.Finding.Vulnerability; v != nil && len(v.CVEs) > 1 {
				said[v.ID] = true
			}
			sources++
		}
		seen := map[string]bool{}
		for _, d := range Correlate(all) {
			f := d.Finding
			if v := f.Vulnerability; v != nil && len(v.CVEs) > 1 && !said[v.ID] {
				t.Fatalf("seed %d: %v", seed, v)
			}
			if seen[f.ID] {
				t.Fatalf("seed %d: id %s twice", seed, f.ID)
			}
			seen[f.ID] = true
			if !slices.Contains(f.IDs, f.ID) || !strings.HasPrefix(f.ID, "hg1-") {
				t.Fatalf("seed %d: id %s, ids %v", seed, f.ID, f.IDs)
			}
		}
	}
}

func TestIDsDoNotChangeFromOneReleaseToTheNext(t *testing.T) {
	// Waivers and tickets hold these. If this fails, the scheme needs a new name (hg2-).
	out := Correlate([]Discovery{vuln("trivy", "pkg:maven/org.apache.logging.log4j/log4j-core", "2.14.1", "CVE-2021-44228"),
		flaw("gosec", "G304", "a.go", "text:1", 10, 22)})
	want := []string{"hg1-49222211b3aaa9c3", "hg1-6ddd86157d1ffd2c"}
	if have := ids(out); !slices.Equal(have, want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

func BenchmarkCorrelate(b *testing.B) {
	var all []Discovery
	for i := range 200_000 {
		all = append(all, vuln(fmt.Sprint("tool", i%8), fmt.Sprint("pkg:golang/p", i/8%5000), "1", fmt.Sprintf("CVE-2024-%05d", i/8%25_000)))
	}
	for b.Loop() {
		Correlate(slices.Clone(all))
	}
	b.ReportMetric(float64(len(all)*b.N)/b.Elapsed().Seconds(), "findings/s")
}
