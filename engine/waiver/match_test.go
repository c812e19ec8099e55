package waiver_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/waiver"
)

var now = time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC)

// lodash is a vulnerability of a package on an asset, about which everything is known that guards ask.
func lodash() engine.Case {
	f := engine.Finding{
		ID: "hg1-0123456789abcdef", IDs: []string{"hg1-0123456789abcdef", "hg1-00000000000000ff"}, Kind: engine.KindVulnerability, Severity: engine.SeverityHigh,
		Vulnerability: engine.NewVulnerability("CVE-2021-23337", "GHSA-35jh-r3h4-6jhm"),
		Package:       &engine.Package{PURL: "pkg:npm/lodash", Name: "lodash", Versions: []string{"4.17.19", "4.17.20"}},
		Locations:     []engine.Location{{Path: "web/package-lock.json"}, {Path: "web/admin/package-lock.json"}},
	}
	return engine.Case{Input: engine.Input{Finding: f, Asset: engine.Asset{ID: "checkout", Exposure: "internal"}, Context: engine.Context{
		Intel:        &engine.Intel{KEV: &engine.KEV{Listed: false}, EPSS: &engine.EPSS{CVE: "CVE-2021-23337", Probability: 0.01}},
		Reachability: &engine.Reachability{Verdict: "potential"},
		Validation:   &engine.Validation{Status: "mitigated"},
	}}, Decision: engine.Decision{Priority: engine.Attend}}
}

func proven(w *waiver.Waiver) waiver.Proof {
	return waiver.Proof{Verified: true, Requester: dev, Approver: ana, How: "committed"}
}

func matches(t *testing.T, text string, c engine.Case) bool {
	t.Helper()
	cases := []engine.Case{c}
	read(t, text).Apply(cases, now, proven)
	return len(cases[0].Input.Context.Waivers) > 0
}

func TestAWaiverIsAboutWhatItsScopeSays(t *testing.T) {
	scope := func(keys ...string) string {
		return entry(append([]string{"finding:", "expires: 2026-12-01"}, keys...)...)
	}
	for _, c := range []struct {
		text string
		want bool
	}{
		{entry("expires: 2026-12-01"), true},
		{scope("finding: hg1-00000000000000ff"), true},
		{scope("finding: hg1-00000000000000fe"), false},
		{scope("finding: GHSA-35jh-r3h4-6jhm"), true},
		{scope("finding: CVE-2021-44228"), false},
		{scope("package: pkg:npm/lodash"), true},
		{scope("package: pkg:npm/*"), true},
		{scope("package: pkg:npm/lodash-es"), false},
		{scope("package: pkg:npm/lodash", "versions: [4.17.20, 4.17.19]"), true},
		{scope("package: pkg:npm/lodash", "versions: 4.17.20"), false}, // 4.17.19 is there too
		{scope("path: web/**"), true},
		{scope("path: web/admin/**"), false}, // not all places
		{scope("finding: CVE-2021-23337", "asset: checkout"), true},
		{scope("finding: CVE-2021-23337", "asset: catalog"), false},
		{scope("finding: CVE-2021-23337", "package: pkg:npm/underscore"), false},
		{scope("finding: CVE-2021-23337", "path: api/**"), false},
	} {
		if have := matches(t, c.text, lodash()); have != c.want {
			t.Errorf("%s\nis about the case: %v", c.text, have)
		}
	}
	several := lodash()
	several.Input.Finding.Vulnerability = engine.NewVulnerability("RHSA-2024:1", "CVE-2021-23337", "CVE-2021-23338")
	if matches(t, scope("finding: CVE-2021-23337"), several) {
		t.Error("one CVE waives a finding that covers two")
	}
}

func TestAGuardHoldsOnlyOfAFactThatIsKnown(t *testing.T) {
	for _, c := range []struct {
		guard  string
		worse  func(*engine.Input)
		absent func(*engine.Input)
	}{
		{"kev: false", func(in *engine.Input) { in.Context.Intel.KEV.Listed = true }, func(in *engine.Input) { in.Context.Intel.KEV = nil }},
		{"epss_below: 0.2", func(in *engine.Input) { in.Context.Intel.EPSS.Probability = 0.2 }, func(in *engine.Input) { in.Context.Intel = nil }},
		{"reachability_not: reachable", func(in *engine.Input) { in.Context.Reachability.Verdict = "reachable" }, func(in *engine.Input) { in.Context.Reachability = nil }},
		{"exposure_not: [internet, partner]", func(in *engine.Input) { in.Asset.Exposure = "partner" }, func(in *engine.Input) { in.Asset.Exposure = "" }},
		{"validation_not: exploitable", func(in *engine.Input) { in.Context.Validation.Status = "exploitable" }, func(in *engine.Input) { in.Context.Validation = nil }},
		{"severity_at_most: high", func(in *engine.Input) { in.Finding.Severity = engine.SeverityCritical }, func(in *engine.Input) { in.Finding.Severity = "" }},
	} {
		text := entry("expires: 2026-12-01", "while: {"+c.guard+"}")
		if !matches(t, text, lodash()) {
			t.Errorf("%s does not hold", c.guard)
		}
		for name, change := range map[string]func(*engine.Input){"worse": c.worse, "absent": c.absent} {
			one := lodash()
			change(&one.Input)
			if matches(t, text, one) {
				t.Errorf("%s holds of a fact that is %s", c.guard, name)
			}
			cases := []engine.Case{one}
			r := read(t, text).Apply(cases, now, proven).Report(cases, unbounded, 0)
			if len(r.Lapsed) != 1 || len(r.Unused) != 0 {
				t.Errorf("%s, %s: %+v", c.guard, name, r)
			}
		}
	}
}

func unbounded(engine.Priority) (int, bool) { return 0, false }

func TestAWaiverHoldsFromItsFirstDayToItsLast(t *testing.T) {
	text := entry() // 2026-11-01 to 2026-11-20
	for _, c := range []struct {
		now  string
		want bool
	}{{"2026-10-31T23:59:59Z", false}, {"2026-11-01T00:00:00Z", true}, {"2026-11-20T23:59:59Z", true}, {"2026-11-21T00:00:00Z", false}} {
		at, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		cases := []engine.Case{lodash()}
		read(t, text).Apply(cases, at, proven)
		if have := len(cases[0].Input.Context.Waivers) == 1; have != c.want {
			t.Errorf("at %s it holds: %v", c.now, have)
		}
	}
}

func TestWhatAPolicySeesOfAWaiver(t *testing.T) {
	cases := []engine.Case{lodash()}
	read(t, entry("expires: 2026-12-01", "requester: somebody", "approver: Ana@example.com")).Apply(cases, now, proven)
	want := engine.Waiver{ID: "w", Reason: "accepted", Requester: dev, Approver: ana, Verified: true, Created: "2026-11-01", Expires: "2026-12-01", AgeDays: 20, ValidDays: 30}
	if have := cases[0].Input.Context.Waivers[0]; have != want {
		t.Errorf("have %+v", have)
	}
	if p := cases[0].Provenance["context.waivers"]; p.Source != ".headgate/waivers.yaml:2 (committed)" || p.Expires.Format(time.DateTime) != "2026-12-01 23:59:59" {
		t.Errorf("it comes from %+v", p)
	}
}

func TestTheReportNamesWaiversThatNeedSomeone(t *testing.T) {
	text := "waivers:\n"
	add := func(id, scope, created, expires string) {
		text += "  - {id: " + id + ", " + scope + ", reason: x, created: " + created + ", expires: " + expires + "}\n"
	}
	const mine, other = "finding: CVE-2021-23337", "finding: CVE-2021-44228"
	add("fine", mine, "2026-11-20", "2026-12-30")
	add("over", mine, "2026-10-01", "2026-11-20")
	add("soon", mine, "2026-11-01", "2026-12-05")
	add("unused", other, "2026-11-01", "2026-12-30")
	add("later", mine, "2026-12-01", "2026-12-30")
	add("too-long", mine, "2026-10-25", "2026-12-30")
	add("too-old", mine, "2026-10-01", "2026-12-30")
	add("unproven", mine, "2026-11-20", "2026-12-30")
	cases := []engine.Case{lodash()}
	use := read(t, text).Apply(cases, now, func(w *waiver.Waiver) waiver.Proof {
		if w.ID == "unproven" {
			return waiver.Proof{Why: "nobody approved it"}
		}
		return proven(w)
	})
	r := use.Report(cases, func(engine.Priority) (int, bool) { return 30, true }, 14*24*time.Hour)
	ids := func(notes []engine.WaiverNote) string {
		var out []string
		for _, n := range notes {
			out = append(out, n.ID+": "+n.Why)
			if n.At == "" {
				t.Errorf("%s stands nowhere", n.ID)
			}
		}
		return strings.Join(out, " | ")
	}
	for name, c := range map[string][2]string{
		"expired":    {ids(r.Expired), "over: on 20 Nov 2026; 1 case is in its scope and counts again | too-old: the policy's maximum of 30 days for attend has passed"},
		"expiring":   {ids(r.Expiring), "soon: on 1 Dec 2026, by the policy's maximum of 30 days for attend | too-long: on 24 Nov 2026, by the policy's maximum of 30 days for attend"},
		"unused":     {ids(r.Unused), "later: it does not hold before 1 Dec 2026 | unused: no case of this run is in its scope"},
		"unverified": {ids(r.Unverified), "unproven: nobody approved it"},
		"lapsed":     {ids(r.Lapsed), ""},
	} {
		if c[0] != c[1] {
			t.Errorf("%s\nhave %s\nwant %s", name, c[0], c[1])
		}
	}
}

func TestWhatTheChangeAddsOrChangesIsSaid(t *testing.T) {
	base, head := read(t, entry("expires: 2026-12-01")), read(t, entry("expires: 2026-12-31")+"  - {id: v, finding: CVE-2021-44228, reason: x, created: 2026-11-01, expires: 2026-12-31}\n")
	cases := []engine.Case{lodash()}
	use := base.Apply(cases, now, proven)
	use.OnlyInChange(head)
	r := use.Report(cases, unbounded, 0)
	if len(r.Unverified) != 2 || !strings.Contains(r.Unverified[0].Why, "adds it") || !strings.Contains(r.Unverified[1].Why, "holds as it was") {
		t.Errorf("have %+v", r.Unverified)
	}
	var none *waiver.List
	use = none.Apply(cases, now, proven)
	use.OnlyInChange(head)
	if r := use.Report(cases, unbounded, 0); len(r.Unverified) != 2 {
		t.Errorf("without a base: %+v", r.Unverified)
	}
}

// On a path that somebody chose with care, trying every way in which a pattern could fit would not end.
func TestTheWorstPatternsAreMatchedToTheEnd(t *testing.T) {
	c := lodash()
	c.Input.Finding.Locations = []engine.Location{{Path: strings.Repeat("a/", 2000) + strings.Repeat("a", 2000)}}
	for _, p := range []string{"**/a/**/a/**/a/**/a/**/a/**/b", strings.Repeat("a*", 12) + "b", strings.Repeat("**/", 6) + "b", "{a,a,a}{a,a,a}{a,a,a}b/**"} {
		matches(t, entry("finding:", "path: \""+p+"\"", "expires: 2026-12-01"), c)
	}
}

func BenchmarkApply(b *testing.B) {
	var text strings.Builder
	text.WriteString("waivers:\n")
	for i := range 2000 {
		fmt.Fprintf(&text, "  - {id: w%d, path: 'a%d/**', reason: r, created: 2026-11-01, expires: 2026-12-31}\n", i, i)
	}
	list, err := waiver.Read("waivers.yaml", strings.NewReader(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cases := make([]engine.Case, 10_000)
		for i := range cases {
			cases[i] = lodash()
		}
		list.Apply(cases, now, proven)
	}
}

func TestAWaiverOfOnePackageDoesNotAcceptOthersOfItsSource(t *testing.T) {
	scope := func(pkg string) string { return entry("finding:", "expires: 2026-12-01", "package: "+pkg) }
	of := func(binaries ...string) engine.Case {
		c := lodash()
		c.Input.Finding.Package = &engine.Package{PURL: "pkg:deb/debian/openssl", Name: "openssl", Source: "openssl", Binaries: binaries, Versions: []string{"3.0.2"}}
		return c
	}
	one, both := of("libssl3"), of("libssl3", "openssl-tools")
	for _, c := range []struct {
		pkg  string
		of   engine.Case
		want bool
	}{
		{"pkg:deb/debian/openssl", both, true}, // the source, as the finding is shown
		{"pkg:deb/debian/libssl3", one, true},
		{"pkg:deb/debian/libssl3", both, false},
		{"'pkg:deb/debian/{libssl3,openssl-tools}'", both, true},
		{"pkg:deb/debian/libcrypto3", one, false},
		{"pkg:rpm/redhat/openssl", both, false},
	} {
		if have := matches(t, scope(c.pkg), c.of); have != c.want {
			t.Errorf("%s takes %v: %v", c.pkg, c.of.Input.Finding.Package.Binaries, have)
		}
	}
	// What is known of one case is not taken for another of the same source with more installed.
	cases := []engine.Case{one, both}
	read(t, scope("pkg:deb/debian/libssl3")).Apply(cases, now, proven)
	if len(cases[0].Input.Context.Waivers) != 1 || len(cases[1].Input.Context.Waivers) != 0 {
		t.Error("a case has what was found out about another")
	}
}
