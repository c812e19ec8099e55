package plan_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/versions"
)

// vulnerable is a case of a weakness in a package, on an asset of the repository.
func vulnerable(id, purl string, versions, fixed []string, p engine.Priority) engine.Case {
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	return engine.Case{
		Input: engine.Input{
			Finding: engine.Finding{ID: id, IDs: []string{id}, Kind: engine.KindVulnerability, Vulnerability: &engine.Vulnerability{ID: "CVE-" + id},
				Package:   &engine.Package{PURL: purl, Ecosystem: kind, Name: purl[strings.LastIndexByte(purl, '/')+1:], Versions: versions, Fixed: fixed},
				Locations: []engine.Location{{Path: "lock"}}},
			Asset: engine.Asset{ID: "shop", Owner: "team-shop"},
		},
		Decision: engine.Decision{Priority: p, Action: engine.Warn},
	}
}

func found(kind engine.Kind, id, path, rule string, p engine.Priority) engine.Case {
	return engine.Case{
		Input: engine.Input{
			Finding: engine.Finding{ID: id, IDs: []string{id}, Kind: kind, Rule: &engine.Rule{ID: rule}, Locations: []engine.Location{{Path: path, Line: 7}}},
			Asset:   engine.Asset{ID: "shop"},
		},
		Decision: engine.Decision{Priority: p, Action: engine.Warn},
	}
}

func inImage(c engine.Case, image string) engine.Case {
	c.Input.Finding.Locations = []engine.Location{{Image: image}}
	return c
}

func of(versions string) []string {
	if versions == "" {
		return nil
	}
	return strings.Split(versions, " ")
}

func words(f engine.Fix) string {
	s := f.Fix + " " + f.Target
	if f.To != "" {
		s += " to " + f.To
	}
	for _, m := range f.Moves {
		s += " [" + m.From + " → " + m.To + "]"
	}
	if len(f.Fixed) > 0 {
		s += " fixed " + strings.Join(f.Fixed, ",")
	}
	if f.Image != "" {
		s += " in " + f.Image
	}
	return s + " clears " + strings.Join(f.Findings, ",")
}

func TestAnUpgradeGoesToTheLeastVersionThatClearsAll(t *testing.T) {
	for _, c := range []struct {
		name, purl string
		versions   string
		fixed      []string // of each finding
		want       string   // version and effort, moves; empty: there is none
	}{
		{"the only fix", "pkg:maven/g/a", "2.14.1", []string{"2.17.1"}, "2.17.1 minor"},
		{"the highest of several findings", "pkg:npm/a", "1.0.0", []string{"1.2.0", "1.10.0", "1.9.0"}, "1.10.0 minor"},
		{"the branch that is installed", "pkg:maven/g/a", "5.2.1", []string{"5.2.20 5.3.18"}, "5.2.20 patch"},
		{"the other branch", "pkg:maven/g/a", "5.3.17", []string{"5.2.20 5.3.18"}, "5.3.18 patch"},
		{"no major jump where the branch has a fix", "pkg:npm/a", "1.3.0", []string{"1.3.4 2.0.1", "1.3.2 2.0.0"}, "1.3.4 patch"},
		{"between branches is not fixed", "pkg:maven/g/a", "2.10.0", []string{"2.3.1 2.12.2 2.15.0", "2.13.0"}, "2.15.0 minor"},
		{"on a branch of one, past the fix of another", "pkg:maven/g/a", "5.2.1", []string{"5.2.20 5.3.18", "5.3.1"}, "5.3.18 minor"},
		{"several installed versions on several branches", "pkg:npm/a", "3.10.0 4.17.0", []string{"3.10.2 4.17.21"}, "4.17.21 patch [3.10.0 → 3.10.2] [4.17.0 → 4.17.21]"},
		{"several installed versions, one fix", "pkg:npm/a", "3.10.0 4.17.0", []string{"4.17.21"}, "4.17.21 major"},
		{"the order of the ecosystem", "pkg:deb/debian/a", "1.0~rc1-1", []string{"1.0-1", "1.0-1+deb12u1"}, "1.0-1+deb12u1 patch"},
		{"Go with and without v", "pkg:golang/m", "v0.7.0", []string{"0.17.0"}, "0.17.0 minor"},
		{"none is above", "pkg:npm/a", "1.0.0", []string{"1.0.0"}, ""},
		{"none is known", "pkg:npm/a", "1.0.0", []string{""}, ""},
		{"not a version", "pkg:npm/a", "1.0.0", []string{"see-advisory"}, ""},
		{"not a version beside one", "pkg:npm/a", "1.0.0", []string{"see-advisory 1.0.1"}, "1.0.1 patch"},
		{"no installed version: that of the last branch", "pkg:npm/a", "", []string{"1.2.3 2.0.1"}, "2.0.1"},
		{"an installed version that is none", "pkg:npm/a", "latest", []string{"1.2.3"}, "1.2.3"},
		{"no order, one fix", "pkg:generic/a", "1", []string{"2", "2"}, "2"},
		{"no order, several fixes", "pkg:generic/a", "1", []string{"2", "3"}, "fixed 2,3"},
		{"no order, what is installed is no fix", "pkg:generic/a", "1", []string{"1"}, ""},
	} {
		var cases []engine.Case
		for i, fixed := range c.fixed {
			cases = append(cases, vulnerable(fmt.Sprint("f", i), c.purl, of(c.versions), of(fixed), engine.Act))
		}
		fixes, none := plan.New(cases, plan.Options{})
		have := ""
		if len(fixes) == 1 {
			f := fixes[0]
			have = f.To
			if f.Effort != "" {
				have += " " + string(f.Effort)
			}
			for _, m := range f.Moves {
				have += " [" + m.From + " → " + m.To + "]"
			}
			if len(f.Fixed) > 0 {
				have += "fixed " + strings.Join(f.Fixed, ",")
			}
		}
		if have != c.want || len(fixes) > 1 || (c.want == "") != (len(none) == 1) {
			t.Errorf("%s: have %q and %d without a fix, want %q", c.name, have, len(none), c.want)
		}
	}
}

func TestCasesAreGroupedByTheFixThatClearsThem(t *testing.T) {
	secret := func(id string) engine.Case {
		c := found(engine.KindSecret, id, "a.env", "aws", engine.Act)
		c.Input.Finding.Secret = &engine.Secret{Type: "aws-key"}
		return c
	}
	bucket := found(engine.KindMisconfiguration, "m1", "main.tf", "AVD-AWS-1", engine.Attend)
	bucket.Input.Finding.Resource = &engine.Resource{Type: "aws_s3_bucket", Name: "logs"}
	licence := found(engine.KindLicense, "l1", "lock", "x", engine.Attend)
	licence.Input.Finding.Package, licence.Input.Finding.License = &engine.Package{PURL: "pkg:npm/gpl", Name: "gpl"}, &engine.License{SPDX: "GPL-3.0-only"}
	other := vulnerable("v3", "pkg:npm/a", of("1.0.0"), of("1.0.2"), engine.Act)
	other.Input.Asset.ID = "another"
	cases := []engine.Case{
		found(engine.KindWeakness, "w1", "a.go", "G101", engine.Attend), found(engine.KindWeakness, "w2", "a.go", "g101", engine.Attend),
		found(engine.KindWeakness, "w3", "a.go", "G102", engine.Attend), found(engine.KindWeakness, "w4", "b.go", "G101", engine.Attend),
		secret("s1"), secret("s2"), bucket, licence,
		inImage(vulnerable("o1", "pkg:deb/debian/a", of("1-1"), of("1-2"), engine.Act), "ghcr.io/a/b:1"),
		inImage(vulnerable("o2", "pkg:deb/debian/b", of("1-1"), of("1-2"), engine.Act), "ghcr.io/a/b@sha256:00"),
		inImage(vulnerable("o3", "pkg:deb/debian/c", of("1-1"), nil, engine.Act), "ghcr.io/a/b:1"),
		vulnerable("v1", "pkg:npm/a", of("1.0.0"), of("1.0.1"), engine.Act),
		inImage(vulnerable("v2", "pkg:npm/a", of("1.0.0"), of("1.0.1"), engine.Act), "ghcr.io/a/b:1"), // built of the same source: it is on the same asset
		inImage(other, "ghcr.io/other:1"), // nothing to do with it
		{Input: engine.Input{Finding: engine.Finding{ID: "n1", Kind: engine.KindVulnerability, Vulnerability: &engine.Vulnerability{ID: "CVE-1"}}}},
	}
	fixes, none := plan.New(cases, plan.Options{})
	have := map[string]bool{}
	for _, f := range fixes {
		have[words(f)] = true
	}
	for _, want := range []string{
		"code a.go clears w1,w2", "code a.go clears w3", "code b.go clears w4", "rotate aws-key clears s1", "rotate aws-key clears s2",
		"configure main.tf clears m1", "replace pkg:npm/gpl clears l1", "rebuild ghcr.io/a/b in ghcr.io/a/b clears o1,o2",
		"upgrade pkg:npm/a to 1.0.1 clears v1,v2", "upgrade pkg:npm/a to 1.0.2 in ghcr.io/other clears v3",
	} {
		if !have[want] {
			t.Errorf("no fix is %q", want)
		}
		delete(have, want)
	}
	if len(have) > 0 || len(none) != 2 {
		t.Errorf("besides there is %v, and %d without a fix", have, len(none))
	}
}

func TestExemptedCasesAreNotPlannedForButCounted(t *testing.T) {
	waived := vulnerable("w", "pkg:npm/a", of("1.0.0"), of("1.0.1"), engine.Act)
	waived.Decision.Action, waived.Decision.WouldHave = engine.Pass, new(engine.Block)
	waived.Decision.Reasons = []engine.Reason{{Stated: &engine.Stated{Kind: "exempt", AtMost: engine.Pass}}}
	harmless := vulnerable("h", "pkg:npm/a", of("1.0.0"), of("9.0.0"), engine.Track)
	harmless.Decision.Action, harmless.Input.Context.VEX = engine.Pass, &engine.VEX{Status: "not_affected"}
	fixes, none := plan.New([]engine.Case{waived, harmless, vulnerable("v", "pkg:npm/a", of("1.0.0"), of("1.0.3"), engine.Attend)}, plan.Options{})
	if len(fixes) != 1 || len(none) != 0 {
		t.Fatalf("%d fixes, %d without", len(fixes), len(none))
	}
	// Neither makes the upgrade go further, and the one that it clears all the same is told.
	if f := fixes[0]; f.To != "1.0.3" || f.Exempted != 1 || !reflect.DeepEqual(f.Clears, map[string]int{"attend": 1}) || f.Cumulative != 1 || strings.Join(f.Findings, " ") != "v w" {
		t.Errorf("have %+v", f)
	}
	if fixes, _ := plan.New([]engine.Case{waived, harmless}, plan.Options{}); len(fixes) != 0 {
		t.Errorf("a plan for nothing: %+v", fixes)
	}
}

func TestFixesAreRankedByWhatTheyClearForTheirEffort(t *testing.T) {
	late := vulnerable("late", "pkg:npm/late", of("1.0.0"), of("1.0.1"), engine.Attend)
	late.Decision.Overdue, late.Decision.Due = true, time.Unix(0, 0)
	cases := []engine.Case{
		vulnerable("1", "pkg:npm/track", of("1.0.0"), of("1.0.1"), engine.Track),
		vulnerable("2", "pkg:npm/attend", of("1.0.0"), of("1.0.1"), engine.Attend),
		late,
		vulnerable("3", "pkg:npm/major", of("1.0.0"), of("2.0.0"), engine.Act),
		vulnerable("4", "pkg:npm/patch", of("1.0.0"), of("1.0.1"), engine.Act),
		vulnerable("5", "pkg:npm/star", of("1.0.0"), of("1.0.1"), engine.TrackStar),
		vulnerable("6", "pkg:npm/none", of("1.0.0"), nil, engine.Act),
	}
	order := func(w plan.Weights) string {
		var have []string
		fixes, _ := plan.New(cases, plan.Options{Weights: w})
		for _, f := range fixes {
			have = append(have, fmt.Sprintf("%s %v", f.Name, f.Cumulative))
		}
		return strings.Join(have, ", ")
	}
	if have, want := order(plan.Weights{}), "patch 0.2, major 0.4, late 0.6, attend 0.8, star 0.8, track 0.8"; have != want {
		t.Errorf("have %s\nwant %s", have, want)
	}
	w, err := plan.DefaultWeights().With(map[string]float64{"major": 50}, map[string]float64{"overdue": 1})
	if have, want := order(w), "patch 0.2, attend 0.4, late 0.6, major 0.8, star 0.8, track 0.8"; err != nil || have != want {
		t.Errorf("with other weights: have %s\nwant %s", have, want)
	}
	for key, value := range map[string]float64{"mojor": 1, "major": 0, "minor": -1} {
		if _, err := plan.DefaultWeights().With(map[string]float64{key: value}, nil); err == nil {
			t.Errorf("effort %s %v is taken", key, value)
		}
	}
	if _, err := plan.DefaultWeights().With(nil, map[string]float64{"acts": 1}); err == nil || !strings.Contains(err.Error(), "there is act, attend") {
		t.Errorf("worth acts: %v", err)
	}
}

// random makes cases of all sorts over few names, so that they meet.
func random(r *rand.Rand, n int) []engine.Case {
	purls := []string{"pkg:npm/a", "pkg:npm/b", "pkg:maven/g/c", "pkg:deb/debian/d", "pkg:generic/e", "pkg:golang/f"}
	version := func() string { return fmt.Sprintf("%d.%d.%d", r.IntN(3), r.IntN(4), r.IntN(5)) }
	some := func(most int) (out []string) {
		for range r.IntN(most + 1) {
			out = append(out, version())
		}
		return out
	}
	var cases []engine.Case
	for i := range n {
		id, p := fmt.Sprintf("f%d", i), engine.Priorities[r.IntN(4)]
		c := vulnerable(id, purls[r.IntN(len(purls))], some(2), some(3), p)
		switch r.IntN(6) {
		case 0:
			c = found(engine.KindWeakness, id, []string{"a.go", "b.go"}[r.IntN(2)], "G1", p)
		case 1:
			c = inImage(c, []string{"x:1", "y:1"}[r.IntN(2)])
		}
		if r.IntN(8) == 0 {
			c.Decision.Action, c.Decision.Reasons = engine.Pass, []engine.Reason{{Stated: &engine.Stated{Kind: "exempt", AtMost: engine.Pass}}}
		}
		c.Decision.Overdue = r.IntN(5) == 0
		for range 1 + r.IntN(2) {
			c.Input.Asset.ID = fmt.Sprintf("asset%d", r.IntN(4))
			if !slices.ContainsFunc(cases, func(o engine.Case) bool { return o.Input.Finding.ID == id && o.Input.Asset.ID == c.Input.Asset.ID }) {
				cases = append(cases, c)
			}
		}
	}
	return cases
}

func TestEveryOpenCaseIsInExactlyOnePlaceWhateverTheOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		cases := random(r, 1+r.IntN(40))
		fixes, none := plan.New(cases, plan.Options{Repository: "acme/shop"})
		in := map[string]int{}
		ids := map[string]bool{}
		last := 0.0
		for _, f := range fixes {
			for _, id := range f.Findings {
				in[id]++
			}
			if ids[f.ID] || f.Cumulative < last || f.Cumulative > 1 || len(f.Findings) == 0 {
				t.Fatalf("%s: twice, or its share goes from %v to %v", f.ID, last, f.Cumulative)
			}
			ids[f.ID], last = true, f.Cumulative
		}
		for _, n := range none {
			for _, id := range n.Findings {
				in[id]++
			}
		}
		open, cleared := 0, 0
		for i := range cases {
			if plan.Open(&cases[i]) {
				open++
				if in[cases[i].Input.Finding.ID] != 1 {
					t.Fatalf("%s is in %d places", cases[i].Input.Finding.ID, in[cases[i].Input.Finding.ID])
				}
			}
		}
		for _, f := range fixes {
			for _, n := range f.Clears {
				cleared += n
			}
		}
		for _, f := range none {
			for _, n := range f.Cases {
				cleared += n
			}
		}
		if open != cleared {
			t.Fatalf("%d cases are open, %d counted", open, cleared)
		}
		shuffled := slices.Clone(cases)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		again, without := plan.New(shuffled, plan.Options{Repository: "acme/shop"})
		if !reflect.DeepEqual(fixes, again) || !reflect.DeepEqual(none, without) {
			t.Fatalf("another order of the cases makes another plan")
		}
		// What is left once all of it is made has no fix.
		var left []engine.Case
		for _, c := range cases {
			if !slices.ContainsFunc(fixes, func(f engine.Fix) bool { return slices.Contains(f.Findings, c.Input.Finding.ID) }) {
				left = append(left, c)
			}
		}
		if rest, still := plan.New(left, plan.Options{Repository: "acme/shop"}); len(rest) != 0 || !slices.Equal(unfixed(still), unfixed(none)) {
			t.Fatalf("once all is made there is still to do: %+v", rest)
		}
	}
}

func unfixed(none []engine.NoFix) (ids []string) {
	for _, n := range none {
		ids = append(ids, n.Findings...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// fixedAt says, from scratch, whether a version has the fix: every fixed version is at or below it, or the closest one below is of a
// closer branch than the closest one above.
func fixedAt(t *testing.T, eco, v string, fixed []string) bool {
	order := func(a, b string) int {
		n, err := versions.Compare(eco, a, b)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	below, above := "", ""
	for _, f := range fixed {
		if order(f, v) <= 0 && (below == "" || order(f, below) > 0) {
			below = f
		}
		if order(f, v) > 0 && (above == "" || order(f, above) < 0) {
			above = f
		}
	}
	if below == "" || above == "" || order(below, v) == 0 {
		return below != ""
	}
	alike := func(other string) (n int) {
		a, b := strings.Split(v, "."), strings.Split(other, ".")
		for n < min(len(a), len(b)) && a[n] == b[n] {
			n++
		}
		return n
	}
	return alike(below) > alike(above)
}

func TestTheVersionIsTheLeastThatClearsAllByBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	tried := 0
	for range 2000 {
		installed := fmt.Sprintf("%d.%d.%d", r.IntN(3), r.IntN(3), r.IntN(3))
		var cases []engine.Case
		var candidates []string
		var all [][]string
		for i := range 1 + r.IntN(4) {
			var fixed []string
			for range 1 + r.IntN(3) {
				fixed = append(fixed, fmt.Sprintf("%d.%d.%d", r.IntN(3), r.IntN(3), r.IntN(4)))
			}
			above := slices.DeleteFunc(slices.Clone(fixed), func(f string) bool { n, _ := versions.Compare("npm", f, installed); return n <= 0 })
			if len(above) > 0 {
				all, candidates = append(all, above), append(candidates, above...)
			}
			cases = append(cases, vulnerable(fmt.Sprint(i), "pkg:npm/a", []string{installed}, fixed, engine.Act))
		}
		want := ""
		for _, v := range candidates {
			if n, _ := versions.Compare("npm", v, installed); n <= 0 || slices.ContainsFunc(all, func(f []string) bool { return !fixedAt(t, "npm", v, f) }) {
				continue
			}
			if n, _ := versions.Compare("npm", v, want); want == "" || n < 0 {
				want = v
			}
		}
		have := ""
		fixes, _ := plan.New(cases, plan.Options{})
		if len(fixes) == 1 {
			have = fixes[0].To
			tried++
		}
		if have != want {
			t.Fatalf("installed %s, fixed %v: have %s, want %s", installed, all, have, want)
		}
	}
	if tried < 1000 {
		t.Errorf("only %d had an upgrade", tried)
	}
}
