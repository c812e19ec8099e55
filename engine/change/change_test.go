package change

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// weakness is what gosec finds at a line, with what the line reads or without.
func weakness(rule, file string, line int, content string) engine.Discovery {
	return engine.Discovery{
		Target:  engine.Target{Type: engine.TargetRepository, Name: "acme/shop"},
		Content: content,
		Finding: engine.Finding{
			Kind: engine.KindWeakness, Rule: &engine.Rule{ID: rule, Tool: "gosec"},
			Locations: []engine.Location{{Path: file, Line: line}},
			Sources:   []engine.Source{{Tool: "gosec", Version: "2.21.0", Format: "sarif", Report: "sha256:gosec"}},
		},
	}
}

var complete = []engine.Report{
	{Name: "gosec.sarif", Tool: "gosec", Version: "2.21.0", Digest: "sha256:gosec", Complete: true, Findings: 1},
	{Name: "trivy.json", Tool: "trivy", Version: "0.60.0", Digest: "sha256:trivy", Complete: true, Findings: 1},
}

func baseOf(found ...engine.Discovery) *Base {
	b := NewBase()
	b.AddReports(engine.Correlate(found), complete)
	return b
}

func headOf(found ...engine.Discovery) *Head {
	return &Head{Raw: found, Found: engine.Correlate(found), Reports: complete, Repository: "acme/shop"}
}

// verdicts are those on the findings of a head, by file and line.
func verdicts(h *Head, b *Base, d *Diff) map[string]Verdict {
	out := map[string]Verdict{}
	all := Classify(h, b, d)
	for _, x := range h.Found {
		name := ""
		if x.Finding.Vulnerability != nil {
			name = x.Finding.Vulnerability.ID
		} else {
			name = x.Finding.Rule.ID + " " + x.Finding.Locations[0].Path + ":" + decimal(x.Finding.Locations[0].Line)
		}
		out[name] = all[x.Finding.ID]
	}
	return out
}

func expect(t *testing.T, have map[string]Verdict, want map[string]engine.Status) {
	t.Helper()
	for name, status := range want {
		if v, ok := have[name]; !ok || v.Status != status || v.Ground == "" {
			t.Errorf("%s: %+v, want %q", name, v, status)
		}
	}
	if len(have) != len(want) {
		t.Errorf("have %v, want %v", have, want)
	}
}

func TestWhatIsInTheBaseIsExistingWhereverItsLineIs(t *testing.T) {
	h := headOf(weakness("G1", "a.go", 90, "x"), weakness("G1", "a.go", 12, "y"))
	expect(t, verdicts(h, baseOf(weakness("G1", "a.go", 5, "x")), nil), map[string]engine.Status{
		"G1 a.go:90": engine.StatusExisting, "G1 a.go:12": engine.StatusIntroduced,
	})
}

func TestAnyIDOfAFindingIsEnoughToKnowIt(t *testing.T) {
	was := vulnerable("GHSA-1111-2222-3333", "npm", "lodash", "4.17.20", "package-lock.json")
	is := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.21", "package-lock.json")
	is.Finding.Vulnerability.Aliases = []string{"GHSA-1111-2222-3333"}
	expect(t, verdicts(headOf(is), baseOf(was), nil), map[string]engine.Status{"CVE-2026-1": engine.StatusExisting})
}

func TestANewCVEIsDisclosedWhereThePackageWasBefore(t *testing.T) {
	was := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "package-lock.json")
	for _, c := range []struct {
		name, version, file string
		want                engine.Status
	}{
		{"the same", "4.17.20", "package-lock.json", engine.StatusDisclosed},
		{"another version", "4.17.19", "package-lock.json", engine.StatusIntroduced},
		{"another place", "4.17.20", "b/package-lock.json", engine.StatusIntroduced},
	} {
		h := headOf(vulnerable("CVE-2026-2", "npm", "lodash", c.version, c.file))
		if v := verdicts(h, baseOf(was), nil)["CVE-2026-2"]; v.Status != c.want {
			t.Errorf("%s: %+v, want %q", c.name, v, c.want)
		}
	}
	// A lockfile that was written anew names everything; that the package was there counts more.
	h := headOf(vulnerable("CVE-2026-2", "npm", "lodash", "4.17.20", "package-lock.json"))
	d := parse(t, modified("package-lock.json", `+    "node_modules/lodash": {`))
	expect(t, verdicts(h, baseOf(was), d), map[string]engine.Status{"CVE-2026-2": engine.StatusDisclosed})
}

func TestADiffTellsDisclosedFromIntroduced(t *testing.T) {
	d := parse(t, modified("package-lock.json", `+    "node_modules/minimist": {`)+modified("a.go", " x", "+y", " z"))
	h := headOf(vulnerable("CVE-2026-2", "npm", "lodash", "4.17.20", "package-lock.json"),
		vulnerable("CVE-2026-3", "npm", "minimist", "1.2.0", "package-lock.json"),
		weakness("G1", "a.go", 11, "y"), weakness("G2", "b.go", 5, "w"))
	expect(t, verdicts(h, baseOf(weakness("G9", "c.go", 1, "c")), d), map[string]engine.Status{
		"CVE-2026-2": engine.StatusDisclosed, "CVE-2026-3": engine.StatusIntroduced, "G1 a.go:11": engine.StatusIntroduced,
		"G2 b.go:5": engine.StatusDisclosed,
	})
	expect(t, verdicts(h, nil, d), map[string]engine.Status{
		"CVE-2026-2": engine.StatusExisting, "CVE-2026-3": engine.StatusIntroduced, "G1 a.go:11": engine.StatusIntroduced,
		"G2 b.go:5": engine.StatusExisting,
	})
}

// A check that was removed shows at the line that it guarded, which is the same as before.
func TestTheSameScannerThatSaysMoreOfATouchedFileSaysItOfTheChange(t *testing.T) {
	d := parse(t, modified("a.go", "-check(x)", " use(x)", " z"))
	h := headOf(weakness("G1", "a.go", 40, "far"))
	expect(t, verdicts(h, baseOf(), d), map[string]engine.Status{"G1 a.go:40": engine.StatusIntroduced})
	newer := weakness("G1", "a.go", 40, "far")
	newer.Finding.Sources[0].Version = "2.22.0"
	expect(t, verdicts(headOf(newer), baseOf(), d), map[string]engine.Status{"G1 a.go:40": engine.StatusDisclosed})
	secret := weakness("key", "a.go", 40, "far")
	secret.Finding.Kind = engine.KindSecret
	expect(t, verdicts(headOf(secret), baseOf(), d), map[string]engine.Status{"key a.go:40": engine.StatusDisclosed})
}

func TestAPackageThatTheChangeTakesToAnotherFolderIsIntroduced(t *testing.T) {
	was := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "docs/package-lock.json")
	now := vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "docs/package-lock.json")
	now.Finding.Locations = append(now.Finding.Locations, engine.Location{Path: "shop/package-lock.json"})
	base := baseOf(was)
	base.AddReports(nil, []engine.Report{{Digest: "sha256:base", Tool: "trivy", Version: "0.60.0", Complete: true}})
	only := func(d *Diff) Verdict {
		for _, v := range verdicts(headOf(now), base, d) {
			return v
		}
		return Verdict{}
	}
	if v := only(nil); v.Status != engine.StatusIntroduced || !strings.Contains(v.Ground, "but not for shop/package-lock.json") {
		t.Errorf("without a diff: %+v", v)
	}
	if v := only(parse(t, modified("shop/package-lock.json", `+    "node_modules/lodash": {`))); v.Status != engine.StatusIntroduced {
		t.Errorf("where the diff shows it: %+v", v)
	}
	if v := only(parse(t, modified("README.md", "+x"))); v.Status != engine.StatusExisting {
		t.Errorf("where the diff does not touch it: %+v", v)
	}
	if v := only(parse(t, "diff --git a/docs/package-lock.json b/shop/package-lock.json\nsimilarity index 100%\nrename from docs/package-lock.json\nrename to shop/package-lock.json\n")); v.Status != engine.StatusExisting {
		t.Errorf("where the folder is renamed: %+v", v)
	}
	now.Finding.Sources = append(now.Finding.Sources, engine.Source{Tool: "grype"})
	if v := only(nil); v.Status != engine.StatusExisting {
		t.Errorf("with a scanner that did not look at the base: %+v", v)
	}
}

// Python takes a carriage return for the end of a line and git does not, so that the scanner's line is another than git's.
func TestLinesThatGitDoesNotCountAreNotJudged(t *testing.T) {
	x := weakness("B605", "a.py", 40, "os.system(x)")
	for _, end := range []string{"\r", "\v", "\f", "\u0085", "\u2028"} {
		d := parse(t, modified("a.py", " a", "+x = 1"+end+"os.system(x)"))
		if have, ground := d.judge(&x, "acme/shop"); have != unclear {
			t.Errorf("%q: %v (%s)", end, have, ground)
		}
	}
	if have, ground := parse(t, modified("a.py", " a", "+x = 1\r")).judge(&x, "acme/shop"); have != untouched {
		t.Errorf("lines that end in CRLF: %v (%s)", have, ground)
	}
}

// What an earlier change wrote counts too, where it is known what the file reads.
func TestLinesThatTheFileDoesNotHaveAreNotJudged(t *testing.T) {
	for text, want := range map[string]touch{"a\nb\nc\n": unclear, "a\rb\rc\n" + strings.Repeat("d\n", 50): unclear, strings.Repeat("d\n", 39) + "e": untouched, strings.Repeat("d\r\n", 40): untouched} {
		x := weakness("B605", "a.py", 40, "os.system(x)")
		d := parse(t, modified("a.py", " a", "+x = 1"))
		d.KnowLines("a.py", []byte(text))
		if have, ground := d.judge(&x, "acme/shop"); have != want {
			t.Errorf("%q: %v (%s)", text, have, ground)
		}
	}
}

// A test's file that becomes one of the product was not looked at before.
func TestWhatNobodyFoundUnderTheOldNameIsIntroduced(t *testing.T) {
	base := NewBase()
	base.AddReports(nil, []engine.Report{{Digest: "sha256:base", Tool: "gosec", Version: "1", Complete: true}})
	x := weakness("G201", "shop/a.go", 3, "db.Query(x)")
	x.Finding.Sources = []engine.Source{{Tool: "gosec", Version: "2", Report: "sha256:head"}}
	d := parse(t, "diff --git a/test/a.go.txt b/shop/a.go\nsimilarity index 100%\nrename from test/a.go.txt\nrename to shop/a.go\n")
	for _, v := range verdicts(headOf(x), base, d) {
		if v.Status != engine.StatusIntroduced || !strings.Contains(v.Ground, "test/a.go.txt") {
			t.Errorf("%+v", v)
		}
	}
}

func TestARenameDoesNotIntroduce(t *testing.T) {
	d := parse(t, "diff --git a/old name.go b/new/name.go\nsimilarity index 90%\nrename from old name.go\nrename to new/name.go\n"+
		"index 1111111..2222222 100644\n--- a/old name.go\t\n+++ b/new/name.go\n@@ -1,2 +1,3 @@\n a\n+added\n b\n")
	h := headOf(weakness("G1", "new/name.go", 9, "x"), weakness("G1", "new/name.go", 2, "y"), weakness("G2", "new/name.go", 21, ""))
	b := baseOf(weakness("G1", "old name.go", 8, "x"), weakness("G2", "old name.go", 20, ""))
	expect(t, verdicts(h, b, d), map[string]engine.Status{
		"G1 new/name.go:9": engine.StatusExisting, "G1 new/name.go:2": engine.StatusIntroduced, "G2 new/name.go:21": engine.StatusExisting,
	})
	if fixed := b.Fixed(h); len(fixed) != 0 {
		t.Errorf("a renamed file fixes %v", fixed)
	}
	expect(t, verdicts(h, nil, d), map[string]engine.Status{
		"G1 new/name.go:9": engine.StatusExisting, "G1 new/name.go:2": engine.StatusIntroduced, "G2 new/name.go:21": engine.StatusExisting,
	})
}

// Without what the lines read, findings of one rule in one file are only told apart by their order, which a new one before them shifts.
func TestFindingsWithoutContentAreFollowedThroughTheDiff(t *testing.T) {
	d := parse(t, modified("a.go", " a", "+new", " b"))
	h := headOf(weakness("G1", "a.go", 11, ""), weakness("G1", "a.go", 51, ""))
	b := baseOf(weakness("G1", "a.go", 50, ""))
	expect(t, verdicts(h, b, d), map[string]engine.Status{"G1 a.go:11": engine.StatusIntroduced, "G1 a.go:51": engine.StatusExisting})
	if fixed := b.Fixed(h); len(fixed) != 0 {
		t.Errorf("fixed: %v", fixed)
	}
	// One gone and one come are not the same one.
	d = parse(t, modified("a.go", " a", "+new", " b"))
	h = headOf(weakness("G1", "a.go", 11, ""))
	expect(t, verdicts(h, b, d), map[string]engine.Status{"G1 a.go:11": engine.StatusIntroduced})
	// But one whose line was changed is.
	d = parse(t, modified("a.go", " a", "-old", "+new", " b"))
	expect(t, verdicts(h, baseOf(weakness("G1", "a.go", 11, "")), d), map[string]engine.Status{"G1 a.go:11": engine.StatusExisting})
}

func TestOnlyWhatWasLookedForIsFixed(t *testing.T) {
	b := baseOf(weakness("G1", "a.go", 5, "x"), vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "package-lock.json"))
	clean := func(reports ...engine.Report) *Head { return &Head{Reports: reports} }
	gosec := engine.Report{Name: "head/gosec.sarif", Tool: "gosec", Digest: "sha256:2", Complete: true}
	for _, c := range []struct {
		name string
		head *Head
		want int
	}{
		{"nobody looked", clean(), 0},
		{"one scanner looked, and found nothing", clean(gosec), 1},
		{"it did not finish", clean(engine.Report{Name: "gosec.sarif", Tool: "gosec", Complete: false}), 0},
		{"both looked", clean(gosec, engine.Report{Name: "trivy.json", Tool: "Trivy", Complete: true}), 2},
		{"another tool", clean(engine.Report{Name: "x.json", Tool: "semgrep", Complete: true}), 0},
		{"it found other things there", &Head{Found: engine.Correlate([]engine.Discovery{weakness("G2", "b.go", 1, "z")}), Reports: complete[:1]}, 1},
		{"it is still there", headOf(weakness("G1", "a.go", 7, "x")), 0},
	} {
		Classify(c.head, b, nil)
		if fixed := b.Fixed(c.head); len(fixed) != c.want {
			t.Errorf("%s: %d fixed, want %d", c.name, len(fixed), c.want)
		}
	}
	// Two targets, and one clean report that does not say of which it is.
	one, two := vulnerable("CVE-2026-1", "deb", "openssl", "1", ""), vulnerable("CVE-2026-1", "deb", "openssl", "1", "")
	one.Target, two.Target = engine.Target{Type: engine.TargetImage, Name: "a"}, engine.Target{Type: engine.TargetImage, Name: "b"}
	one.Finding.Sources[0].Report, two.Finding.Sources[0].Report = "sha256:a", "sha256:b"
	b = NewBase()
	b.AddReports(engine.Correlate([]engine.Discovery{one, two}), []engine.Report{
		{Name: "base/a.json", Tool: "trivy", Digest: "sha256:a", Complete: true, Findings: 1}, {Name: "base/b.json", Tool: "trivy", Digest: "sha256:b", Complete: true, Findings: 1},
	})
	h := clean(engine.Report{Name: "head/b.json", Tool: "trivy", Complete: true})
	Classify(h, b, nil)
	if fixed := b.Fixed(h); len(fixed) != 1 || !slices.Contains(fixed[0].IDs, engine.Correlate([]engine.Discovery{two})[0].Finding.ID) {
		t.Errorf("of two images, the clean one is not the only one fixed: %v", fixed)
	}
}

func TestAScannersOwnBaselineTellsWhatIsFixed(t *testing.T) {
	gone, back := weakness("G1", "a.go", 5, "x"), weakness("G1", "b.go", 5, "y")
	h := headOf(weakness("G1", "b.go", 8, "y"))
	if fixed := FixedByScanner([]engine.Discovery{gone, back}, h); len(fixed) != 1 || fixed[0].Locations[0].Path != "a.go" {
		t.Errorf("fixed: %v", fixed)
	}
	h.Reports = []engine.Report{{Digest: "sha256:gosec"}}
	if fixed := FixedByScanner([]engine.Discovery{gone}, h); len(fixed) != 0 {
		t.Errorf("by a scan that did not finish: %v", fixed)
	}
}

func TestABaseOfResultsSaysTheSameAsItsReports(t *testing.T) {
	found := engine.Correlate([]engine.Discovery{weakness("G1", "a.go", 5, "x"), vulnerable("CVE-2026-1", "npm", "lodash", "4.17.20", "package-lock.json")})
	r := &engine.Result{Reports: complete, Change: engine.RunChange{Repository: "acme/shop"}}
	for _, x := range found {
		r.Cases = append(r.Cases, engine.Case{Input: engine.Input{Finding: x.Finding}})
	}
	b := NewBase()
	b.AddResult(r)
	h := headOf(weakness("G1", "a.go", 9, "x"), vulnerable("CVE-2026-2", "npm", "lodash", "4.17.20", "package-lock.json"))
	have := verdicts(h, b, nil)
	expect(t, have, map[string]engine.Status{"G1 a.go:9": engine.StatusExisting, "CVE-2026-2": engine.StatusDisclosed})
	if !strings.Contains(have["G1 a.go:9"].Ground, "the base result") {
		t.Errorf("ground %q", have["G1 a.go:9"].Ground)
	}
	if fixed := b.Fixed(h); len(fixed) != 1 || fixed[0].Vulnerability.ID != "CVE-2026-1" {
		t.Errorf("fixed: %v", fixed)
	}
}

// randomFindings are drawn from few rules, files and packages, so that those of base and head overlap in every way.
func randomFindings(r *rand.Rand) []engine.Discovery {
	var all []engine.Discovery
	for range r.IntN(12) {
		if r.IntN(2) == 0 {
			all = append(all, vulnerable(fmt.Sprintf("CVE-2026-%d", r.IntN(4)), "npm", fmt.Sprintf("lib%d", r.IntN(2)), fmt.Sprintf("1.%d.0", r.IntN(2)), "package-lock.json"))
		} else {
			all = append(all, weakness(fmt.Sprintf("G%d", r.IntN(2)), fmt.Sprintf("%d.go", r.IntN(2)), 9+r.IntN(5), []string{"", "x", "y"}[r.IntN(3)]))
		}
	}
	return all
}

func randomDiff(t *testing.T, r *rand.Rand) *Diff {
	var text string
	for _, name := range []string{"0.go", "1.go", "package-lock.json"} {
		if r.IntN(2) == 0 {
			continue
		}
		lines := []string{"+first"} // a hunk that changes nothing is none
		for range 1 + r.IntN(4) {
			lines = append(lines, []string{" ", "+", "-"}[r.IntN(3)]+[]string{`"node_modules/lib0": {`, `"version": "1.0.0"`, "z"}[r.IntN(3)])
		}
		text += modified(name, lines...)
	}
	return parse(t, text)
}

func TestWhatAChangeThatTouchesNothingFindsWasThere(t *testing.T) {
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		all := randomFindings(r)
		h, b := headOf(all...), baseOf(slices.Clone(all)...)
		for name, v := range verdicts(h, b, parse(t, "")) {
			if v.Status != engine.StatusExisting {
				t.Fatalf("seed %d: %s is %+v", seed, name, v)
			}
		}
		if fixed := b.Fixed(h); len(fixed) != 0 {
			t.Fatalf("seed %d: fixed %v", seed, fixed)
		}
	}
}

// A base of which a part is missing must not open the gate, nor say that something is fixed which the whole base does not.
func TestLessOfTheBaseNeverMakesMoreExistingNorFixed(t *testing.T) {
	for seed := range uint64(2000) {
		r := rand.New(rand.NewPCG(seed, 2))
		before, after, d := randomFindings(r), randomFindings(r), randomDiff(t, r)
		if r.IntN(2) == 0 {
			d = nil
		}
		var vulnerabilities []engine.Discovery // whole kinds, as when a report is missing: ids of code may depend on what stands beside it
		for _, x := range before {
			if x.Finding.Vulnerability != nil && r.IntN(2) == 0 {
				vulnerabilities = append(vulnerabilities, x)
			}
		}
		h, part := headOf(after...), headOf(after...)
		whole, less := baseOf(before...), baseOf(vulnerabilities...)
		all, some := verdicts(h, whole, d), verdicts(part, less, d)
		for name, v := range some {
			if v.Status == engine.StatusExisting && all[name].Status != engine.StatusExisting {
				t.Fatalf("seed %d: %s is existing by a part of the base, and %+v by all of it", seed, name, all[name])
			}
		}
		gone := map[string]bool{}
		for _, f := range whole.Fixed(h) {
			gone[f.ID] = true
		}
		for _, f := range less.Fixed(part) {
			if !gone[f.ID] {
				t.Fatalf("seed %d: %s is fixed by a part of the base only", seed, f.ID)
			}
		}
	}
}

func TestWithNeitherBaseNorDiffNothingIsJudged(t *testing.T) {
	if v := Classify(headOf(weakness("G1", "a.go", 5, "x")), nil, nil); len(v) != 0 {
		t.Errorf("have %v", v)
	}
	var none *Base
	if fixed := none.Fixed(&Head{}); fixed != nil {
		t.Errorf("have %v", fixed)
	}
}

// One scanner names what is installed, another the source that it was built from, and the base may have been scanned by either.
func TestABaseAndAHeadThatNamePackagesDifferentlyAreCompared(t *testing.T) {
	// of is a finding of an installed package, of a source of which nobody says what is installed, or of both.
	of := func(cve, source, binary string) engine.Discovery {
		name := binary
		if name == "" {
			name = source
		}
		x := vulnerable(cve, "deb/debian", name, "3.0.2", "var/lib/dpkg/status")
		x.Finding.Package.Ecosystem, x.Finding.Package.Source = "deb", source
		if binary != "" && source != "" {
			x.Finding.Package.Binaries = []string{binary}
		}
		return x
	}
	const was, is = "CVE-2026-1", "CVE-2026-2"
	for _, c := range []struct {
		name       string
		base, head []engine.Discovery
		want       engine.Status // of the new vulnerability
	}{
		{"named after", []engine.Discovery{of(was, "", "libssl3")}, []engine.Discovery{of(was, "openssl", "libssl3"), of(is, "openssl", "libssl3")}, engine.StatusDisclosed},
		{"named before", []engine.Discovery{of(was, "openssl", "libssl3")}, []engine.Discovery{of(was, "", "libssl3"), of(is, "", "libssl3")}, engine.StatusDisclosed},
		{"one more", []engine.Discovery{of(was, "openssl", "libssl3")}, []engine.Discovery{of(was, "openssl", "libssl3"), of(is, "openssl", "libssl3"), of(is, "openssl", "libcrypto3")},
			engine.StatusIntroduced},
		{"one more, not named before", []engine.Discovery{of(was, "", "libssl3")}, []engine.Discovery{of(was, "openssl", "libssl3"), of(is, "openssl", "libssl3"), of(is, "openssl", "libcrypto3")},
			engine.StatusIntroduced},
		{"the source alone after", []engine.Discovery{of(was, "openssl", "libssl3")}, []engine.Discovery{of(was, "openssl", "libssl3"), of(is, "openssl", "")}, engine.StatusDisclosed},
		{"the source alone before", []engine.Discovery{of(was, "openssl", "")}, []engine.Discovery{of(was, "openssl", ""), of(is, "openssl", "libssl3")}, engine.StatusDisclosed},
		{"a package that is called like the source", []engine.Discovery{of(was, "openssl", "libssl3")}, []engine.Discovery{of(was, "openssl", "libssl3"), of(is, "", "openssl")}, engine.StatusIntroduced},
		{"another source", []engine.Discovery{of(was, "openssl", "libssl3")}, []engine.Discovery{of(was, "openssl", "libssl3"), of(is, "zlib", "zlib1g")}, engine.StatusIntroduced},
	} {
		have := verdicts(headOf(c.head...), baseOf(c.base...), nil)
		if have[was].Status != engine.StatusExisting || have[is].Status != c.want {
			t.Errorf("%s: %+v, want %q", c.name, have, c.want)
		}
		result := &engine.Result{Reports: complete}
		for _, d := range engine.Correlate(c.base) {
			f := d.Finding
			p := *f.Package
			p.Source, p.Found = "", nil // a result file does not have them
			f.Package = &p
			result.Cases = append(result.Cases, engine.Case{Input: engine.Input{Finding: f}})
		}
		result.Change.Repository = "acme/shop"
		base := NewBase()
		base.AddResult(result)
		if v := verdicts(headOf(c.head...), base, nil)[is]; v.Status != c.want && v.Status != engine.StatusIntroduced {
			t.Errorf("%s, with a base result: %+v, want %q", c.name, v, c.want)
		}
	}
}
