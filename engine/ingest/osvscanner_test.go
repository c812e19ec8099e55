package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestOSVScannerReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"osv-scanner-lockfiles.json", "osv-scanner-image.json"} {
		t.Run(name, func(t *testing.T) {
			golden(t, name, Options{Repository: "acme/shop", Roots: []string{"/home/runner/work/shop"}})
		})
	}
}

func TestOSVScannerFindsOncePerGroup(t *testing.T) {
	vulnerability := func(id, aliases string) string { return fmt.Sprintf(`{"id":%q,"aliases":[%s]}`, id, aliases) }
	three := vulnerability("GHSA-a", `"CVE-2026-0001"`) + "," + vulnerability("PYSEC-1", `"CVE-2026-0001"`) + "," + vulnerability("PYSEC-2", "")
	for groups, want := range map[string]string{
		`[{"ids":["GHSA-a","PYSEC-1"]},{"ids":["PYSEC-2"]}]`: "CVE-2026-0001 PYSEC-2",
		`[{"ids":["GHSA-a","PYSEC-1"]}]`:                     "CVE-2026-0001 PYSEC-2", // one in no group is not lost
		`[{"ids":[]},{"ids":["MAL-9"]}]`:                     "MAL-9 CVE-2026-0001 PYSEC-2",
		`null`:                                               "CVE-2026-0001 PYSEC-2",
		`"none"`:                                             "CVE-2026-0001 PYSEC-2",
	} {
		report, found := readDocument(t, `{"results":[{"packages":[{"package":{"name":"a","version":"1","ecosystem":"PyPI"},"vulnerabilities":[`+three+`],"groups":`+groups+`}]}]}`)
		var names []string
		for _, d := range found {
			names = append(names, d.Finding.Vulnerability.ID)
		}
		if got := strings.Join(names, " "); got != want || report.Results != 3 {
			t.Errorf("%s: %s of %d results, want %s of 3", groups, got, report.Results, want)
		}
	}
}

func TestOSVScannerReachability(t *testing.T) {
	for _, c := range []struct{ ecosystem, analysis, want string }{
		{"Go", `{"GO-1":{"called":true}}`, "reachable medium"},
		{"crates.io", `{"GO-1":{"called":false},"GO-2":{"called":true}}`, "reachable medium"},
		{"Go", `{"GO-1":{"called":false,"unimportant":false}}`, "potential medium"},
		{"Debian:12", `{"GO-1":{"called":true,"unimportant":true}}`, ""},
		{"npm", `{"GO-1":{"called":true}}`, ""},
		{"Go", `{}`, ""},
		{"Go", `null`, ""},
	} {
		for _, key := range []string{"experimental_analysis", "experimentalAnalysis"} {
			_, found := readDocument(t, fmt.Sprintf(`{"results":[{"packages":[{"package":{"name":"a","ecosystem":%q},"vulnerabilities":[{"id":"GO-1"}],"groups":[{"ids":["GO-1"],%q:%s}]}]}]}`,
				c.ecosystem, key, c.analysis))
			got := ""
			if r := found[0].Reachability; r != nil {
				got = r.Verdict + " " + r.Confidence
			}
			if got != c.want {
				t.Errorf("%s %s is %q, want %q", c.ecosystem, c.analysis, got, c.want)
			}
		}
	}
}

func TestOSVFixesMendEveryEntryOfAGroup(t *testing.T) {
	entry := func(pairs ...string) *osvEntry {
		r := osvRange{Type: "SEMVER"}
		for i := 0; i < len(pairs); i += 2 {
			r.Events = append(r.Events, osvEvent{Introduced: word(pairs[i])})
			if pairs[i+1] != "" {
				r.Events = append(r.Events, osvEvent{Fixed: word(pairs[i+1])})
			}
		}
		e := &osvEntry{}
		a := osvAffected{Ranges: list[osvRange]{r, {Type: "GIT", Events: list[osvEvent]{{Introduced: "0"}, {Fixed: "deadbeef"}}}}}
		a.Package.is.Name = "Zope.Interface"
		e.Affected = list[osvAffected]{a}
		return e
	}
	for _, c := range []struct {
		entries []*osvEntry
		want    string
	}{
		{[]*osvEntry{entry("0", "1.4.0")}, "[1.4.0]"},
		{[]*osvEntry{entry("0", "1.4.0"), entry("0", "1.4.2")}, "[1.4.2]"},
		{[]*osvEntry{entry("0", "1.8.4", "2.0.0", "2.1.1"), entry("0", "1.9.1", "2.0.0", "2.4.5")}, "[1.9.1 2.4.5]"},
		{[]*osvEntry{entry("0", "1.10.0"), entry("0", "1.9.0")}, "[1.10.0]"},
		{[]*osvEntry{entry("0", "1.0rc1"), entry("0", "1.0")}, "[1.0]"},
		{[]*osvEntry{entry("0", "a"), entry("0", "1.0")}, "[1.0 a]"}, // whose order cannot be told
		{[]*osvEntry{entry("0", "")}, "[]"},
	} {
		if got := fmt.Sprint(fixesOf("pypi", "zope-interface", c.entries)); got != c.want {
			t.Errorf("the fixes are %s, want %s", got, c.want)
		}
		if other := fixesOf("pypi", "another", c.entries); len(other) != 0 {
			t.Errorf("another package has the fixes %v", other)
		}
	}
}

func TestOSVScannerScopeIsDevelopmentOnlyIfAllGroupsAre(t *testing.T) {
	for groups, want := range map[string]string{
		`["dev"]`: "development", `["dev","test"]`: "development", `["dev","prod"]`: "", `["requirements"]`: "", `[]`: "", `null`: "", `"dev"`: "development",
	} {
		_, found := readDocument(t, `{"results":[{"packages":[{"package":{"name":"a","ecosystem":"npm"},"dependency_groups":`+groups+`,"vulnerabilities":[{"id":"GHSA-a"}]}]}]}`)
		if got := found[0].Finding.Package.Scope; got != want {
			t.Errorf("%s is %q, want %q", groups, got, want)
		}
	}
}

func TestOSVScannerNamesVendoredCodeByItsRepository(t *testing.T) {
	_, found := readDocument(t, `{"results":[{"source":{"path":"third_party/zlib/","type":"git"},"packages":[{"package":{"name":"","version":"","ecosystem":"","commit":"0123abcd"},
		"vulnerabilities":[{"id":"CVE-2026-0001","affected":[{"ranges":[{"type":"GIT","repo":"https://github.com/Madler/zlib.git","events":[{"introduced":"0"},{"fixed":"beef"}]}]}]}]}]}]}`)
	f := found[0].Finding
	if f.Package.PURL != "pkg:github/madler/zlib" || f.Package.Versions[0] != "0123abcd" || f.Package.Fixed != nil || f.Locations[0].Path != "third_party/zlib" {
		t.Errorf("read as %+v at %v", f.Package, f.Locations)
	}
}

func TestOSVScannerImageIsAnImageWithoutName(t *testing.T) {
	_, found, err := readFile(t, "osv-scanner-image.json", Options{Repository: "acme/shop"})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if d.Target != (engine.Target{Type: engine.TargetImage}) {
			t.Errorf("the target is %v", d.Target)
		}
	}
}

func TestOSVScannerBrokenPartsAreErrorsWithAPlace(t *testing.T) {
	for doc, want := range map[string]string{
		`{"results":[{"packages":[{"package":{"name":"a"},"vulnerabilities":{}}]}]}`:        "/results/0/packages/0/vulnerabilities",
		`{"results":[{"packages":[{"package":{"name":"a"},"vulnerabilities":[{}]}]}]}`:      "without id",
		`{"results":[{"packages":[{"package":{"name":"a"},"vulnerabilities":["CVE-1"]}]}]}`: "/results/0/packages/0/vulnerabilities/0",
		`{"results":[{"packages":[{"package":{"name":"a"},"vulnerabilities":[]},7]}]}`:      "/results/0/packages/1",
		`{"results":[{"packages":[{"package":{"name":"a"},"vulnerabilities":[`:              "ends in the middle",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s\nis refused because %q, want %q in it", doc, got, want)
		}
	}
}

// What is related to a vulnerability is another one: taken for a name of it, a waiver or VEX of the one would clear the other.
func TestWhatOSVCallsRelatedIsNoOtherName(t *testing.T) {
	_, found := readDocument(t, `{"results":[{"source":{"path":"a/go.mod","type":"lockfile"},"packages":[{"package":{"name":"a","version":"1","ecosystem":"npm"},
		"vulnerabilities":[{"id":"GHSA-c2qf-rxjj-qqgw","aliases":["CVE-2026-0001"],"related":["CVE-2026-0002","GHSA-35jh-r3h4-6jhm"]},
		{"id":"GHSA-35jh-r3h4-6jhm","aliases":["CVE-2026-0002"],"related":["GHSA-c2qf-rxjj-qqgw","CVE-2026-0001"]}],
		"groups":[{"ids":["GHSA-c2qf-rxjj-qqgw"],"aliases":["CVE-2026-0001","GHSA-c2qf-rxjj-qqgw"]},{"ids":["GHSA-35jh-r3h4-6jhm"],"aliases":["CVE-2026-0002","GHSA-35jh-r3h4-6jhm"]}]}]}]}`)
	all := engine.Correlate(found)
	if len(all) != 2 {
		t.Fatalf("%d findings", len(all))
	}
	for _, d := range all {
		if v := d.Finding.Vulnerability; len(v.CVEs) != 1 || len(v.Aliases) != 1 {
			t.Errorf("%s is also %v and covers %v", v.ID, v.Aliases, v.CVEs)
		}
	}
}
