package engine

import (
	"fmt"
	"testing"
)

func TestDevelopmentInOnePlaceSaysNothingOfAnother(t *testing.T) {
	at := func(path, scope string) Discovery {
		d := vuln("osv", "pkg:npm/lodash", "1", "CVE-2024-0001")
		d.Finding.Locations = []Location{{Path: path}}
		d.Finding.Package.Scope = scope
		return d
	}
	for _, c := range []struct{ a, b, want string }{
		{"development", "", ""}, {"", "development", ""}, {"development", "development", "development"},
		{"runtime", "development", "runtime"}, {"development", "runtime", "runtime"}, {"runtime", "", "runtime"}, {"", "", ""},
	} {
		out := Correlate([]Discovery{at("web/package-lock.json", c.a), at("tools/package-lock.json", c.b)})
		if len(out) != 1 || out[0].Finding.Package.Scope != c.want {
			t.Errorf("%q and %q: have %+v, want %q", c.a, c.b, out[0].Finding.Package, c.want)
		}
	}
}

func TestUnreachableInOneModuleSaysNothingOfAnother(t *testing.T) {
	analysed := vuln("govulncheck", "pkg:golang/x", "1", "CVE-2024-0001")
	analysed.Finding.Locations = nil
	analysed.Reachability = &Reachability{Verdict: "unreachable", By: "govulncheck", Confidence: "high"}
	for path, want := range map[string]string{"go.mod": "unreachable", "svc-b/go.mod": "potential"} {
		other := vuln("trivy", "pkg:golang/x", "1", "CVE-2024-0001")
		other.Finding.Locations = []Location{{Path: path}}
		if out := Correlate([]Discovery{other, analysed}); len(out) != 1 || out[0].Reachability.Verdict != want {
			t.Errorf("%s: have %+v, want %s", path, out[0].Reachability, want)
		}
	}
}

func TestResultsOfOneRuleWithoutAPlaceStayApart(t *testing.T) {
	bucket := func(name string) Discovery {
		return Discovery{Target: repo, Finding: Finding{Kind: KindMisconfiguration, Title: "bucket " + name + " is public", Rule: &Rule{ID: "S3"},
			Sources: []Source{{Tool: "x", Format: "sarif", Report: "sha256:x"}}}}
	}
	if out := Correlate([]Discovery{bucket("a"), bucket("b"), bucket("a")}); len(out) != 2 {
		t.Errorf("have %d findings, want 2", len(out))
	}
}

// A vulnerability with so many other names would take minutes if each were looked for among those before it.
func TestManyNamesOfOneVulnerabilityAreJoinedInTime(t *testing.T) {
	many := times(20_000, 200_000)
	v := &Vulnerability{ID: "CVE-2026-0001"}
	for i := range many {
		v.Aliases = append(v.Aliases, fmt.Sprintf("VENDOR-%d", i))
	}
	groups := newNameGroups([]Discovery{{Finding: Finding{Vulnerability: v}}, {Finding: Finding{Vulnerability: v}}})
	if n := len(groups.of(v)); n != many+1 {
		t.Errorf("%d names mean the same, want %d", n, many+1)
	}
}
