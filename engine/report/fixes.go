package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// shownFixes is how many things to do first are named: more is not first.
const shownFixes = 3

// fixIndex says of findings what the plan does about them.
type fixIndex struct {
	fix  map[string]*engine.Fix   // by finding
	none map[string]*engine.NoFix // by finding
}

func indexFixes(r *engine.Result) fixIndex {
	x := fixIndex{map[string]*engine.Fix{}, map[string]*engine.NoFix{}}
	for i := range r.Plan {
		for _, id := range r.Plan[i].Findings {
			x.fix[id] = &r.Plan[i]
		}
	}
	for i := range r.NoFix {
		for _, id := range r.NoFix[i].Findings {
			x.none[id] = &r.NoFix[i]
		}
	}
	return x
}

// first are the fixes of the plan that clear any of some cases, in its order.
func (x fixIndex) first(r *engine.Result, cases []*engine.Case) []*engine.Fix {
	wanted := map[*engine.Fix]bool{}
	for _, c := range cases {
		wanted[x.fix[c.Input.Finding.ID]] = true
	}
	var out []*engine.Fix
	for i := range r.Plan {
		if wanted[&r.Plan[i]] {
			out = append(out, &r.Plan[i])
		}
	}
	return out
}

// noFix stands where a version that fixes would, if none is known.
const noFix = "none"

// fixedIn is the version that the plan takes a component to, or noFix. Of what it does nothing about, since it is exempted, it is what
// the reports say. Of anything but a component it is empty: that is fixed in place.
func (x fixIndex) fixedIn(f *engine.Finding) string {
	p := f.Package
	if f.Kind != engine.KindVulnerability || p == nil {
		return ""
	}
	if x.none[f.ID] != nil {
		return noFix
	}
	if fix := x.fix[f.ID]; fix != nil {
		if to := versionsFor(fix, p); to != "" {
			return to
		}
	}
	if len(p.Fixed) == 0 {
		return noFix
	}
	return strings.Join(p.Fixed[:min(len(p.Fixed), 3)], " or ")
}

// versionsFor are the versions that a fix takes a package to.
func versionsFor(fix *engine.Fix, p *engine.Package) string {
	var to []string
	for _, m := range fix.Moves {
		if slices.Contains(p.Versions, m.From) && !slices.Contains(to, m.To) {
			to = append(to, m.To)
		}
	}
	for _, m := range fix.Packages {
		if m.Name == p.Name {
			return m.To
		}
	}
	if len(to) > 0 {
		return some(to, 2)
	}
	return fix.To
}

// A todo is a fix in words.
type todo struct {
	verb, target string // "upgrade", "log4j-core"
	link, to     string // "to", "2.17.1"; both empty where it is done in place
	aside        string // what is said in brackets
	in           string // the image
}

func todoOf(f *engine.Fix) todo {
	t := todo{verb: f.Fix, target: f.Name}
	switch f.Fix {
	case engine.FixUpgrade:
		t.in = f.Image
		var to []string
		for _, m := range f.Moves {
			if !slices.Contains(to, m.To) {
				to = append(to, m.To)
			}
		}
		switch {
		case len(to) > 0:
			t.link, t.to = "to", some(to, 3)
		case f.To != "":
			t.link, t.to = "to", f.To
		default:
			t.aside = "fixed in " + some(f.Fixed, 2)
		}
	case engine.FixRebuild:
		if t.aside = count(len(f.Packages), "package", "packages"); len(f.Packages) == 1 {
			t.aside = strings.TrimSpace(f.Packages[0].Name + " " + f.Packages[0].To)
		}
	case engine.FixCode:
		t.verb, t.target, t.aside = "change", fixPlace(f), f.Rule
	case engine.FixRotate:
		t.verb, t.target = "rotate the", first(f.Name, "secret")
		if at := fixPlace(f); at != "" {
			t.link, t.to = "in", at
		}
	case engine.FixConfigure:
		t.aside = f.Rule
		if at := fixPlace(f); at != f.Name {
			t.link, t.to = "in", at
		}
	default:
		t.aside, t.in = f.Rule, f.Image
	}
	return t
}

// fixPlace is the first place of a fix, and how many more there are.
func fixPlace(f *engine.Fix) string {
	switch len(f.At) {
	case 0:
		return f.Name
	case 1:
		return f.At[0]
	}
	return f.At[0] + fmt.Sprintf(" +%d", len(f.At)-1)
}

// words are the whole of it: "upgrade log4j-core to 2.17.1 in ghcr.io/acme/shop".
func (t todo) words() string {
	s := strings.TrimSpace(t.verb + " " + t.target + " " + strings.TrimSpace(t.link+" "+t.to))
	if t.in != "" {
		s += " in " + t.in
	}
	if t.aside != "" {
		s += " (" + t.aside + ")"
	}
	return s
}

// markdown is the whole of it as Markdown, also of a table cell.
func (t todo) markdown(cell bool) string {
	parts := []string{prose(t.verb, cell), code(t.target, cell)}
	add := func(word, name string) {
		if s := code(name, cell); s != "" {
			parts = append(parts, strings.TrimSpace(word+" "+s))
		}
	}
	add(t.link, t.to)
	add("in", t.in)
	if s := code(t.aside, cell); s != "" {
		parts = append(parts, "("+s+")")
	}
	return strings.Join(parts, " ")
}

// tallyIn is the tally of cases by the names of their priorities.
func tallyIn(counts map[string]int) tally {
	t := tally{}
	for p, n := range counts {
		t[engine.Priority(p)] = n
	}
	return t
}

// cuts says what a fix alone does to the attack paths of a run.
func cuts(f *engine.Fix, g *engine.Graph) string {
	switch {
	case f.PathsCut == 0 || g == nil:
		return ""
	case f.PathsCut < g.Paths:
		return fmt.Sprintf("cuts %d of %d attack paths", f.PathsCut, g.Paths)
	case len(f.CutsOff) == 1 && g.Paths == 1:
		return "cuts the only path to " + f.CutsOff[0]
	case len(f.CutsOff) == 1:
		return "cuts all paths to " + f.CutsOff[0]
	}
	return "cuts all " + strconv.Itoa(f.PathsCut) + " attack paths"
}
