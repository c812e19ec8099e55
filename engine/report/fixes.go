package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/versions"
)

// A todo is one thing to do, and what it clears.
type todo struct {
	verb, target, to string // "upgrade", "log4j-core", "to 2.17.1"
	version          string // of an upgrade
	ecosystem        string // of an upgrade: what its versions are ordered by
	component        string // of an upgrade: what tells packages of the same name apart
	clears           tally
	pathsCut         int
	findings         []string
}

// todos are the things to do for the cases, best first. A result with a plan has them; else each case's own fix is taken, and cases
// with the same fix are put together. Cases without a known fix have none.
func todos(r *engine.Result, cases []*engine.Case) []todo {
	if len(r.Plan) > 0 {
		return planned(r.Plan)
	}
	var keys []string
	group := map[string]*todo{}
	for _, c := range cases {
		t, ok := fixOf(&c.Input.Finding)
		if !ok {
			continue
		}
		key := strings.Join([]string{t.verb, t.target, t.to, t.component}, "\x00")
		if group[key] == nil {
			keys = append(keys, key)
			group[key] = &t
			t.clears = tally{}
		}
		group[key].clears[c.Decision.Priority]++
		group[key].findings = append(group[key].findings, c.Input.Finding.ID)
	}
	all := make([]todo, 0, len(keys))
	for _, k := range keys {
		all = append(all, *group[k])
	}
	all = mergeUpgrades(all)
	slices.SortStableFunc(all, func(a, b todo) int {
		return cmp.Or(
			cmp.Compare(b.clears[engine.Act], a.clears[engine.Act]),
			cmp.Compare(b.clears[engine.Attend], a.clears[engine.Attend]),
			cmp.Compare(b.clears[engine.TrackStar], a.clears[engine.TrackStar]),
			cmp.Compare(b.clears[engine.Track], a.clears[engine.Track]))
	})
	return all
}

// planned are the fixes of a plan, in its order.
func planned(plan []engine.Fix) []todo {
	verbs := map[string]string{"code": "change", "rotate": "rotate", "configure": "configure", "rebuild": "rebuild", "upgrade": "upgrade"}
	var all []todo
	for _, f := range plan {
		t := todo{verb: cmp.Or(verbs[f.Fix], f.Fix), target: targetName(f.Target), clears: tally{}, pathsCut: f.PathsCut, findings: f.Findings}
		if f.To != "" {
			t.to = "to " + f.To
		}
		if f.Fix == "rebuild" && f.To != "" {
			t.to = "on " + f.To
		}
		for p, n := range f.Clears {
			t.clears[engine.Priority(p)] = n
		}
		all = append(all, t)
	}
	return all
}

// targetName is a package URL as people write it: the name, without type and namespace.
func targetName(target string) string {
	if !strings.HasPrefix(target, "pkg:") {
		return target
	}
	target, _, _ = strings.Cut(target, "?")
	return target[strings.LastIndexByte(target, '/')+1:]
}

// fixOf is what a finding itself says of how to fix it.
func fixOf(f *engine.Finding) (todo, bool) {
	at := place(f)
	switch {
	case f.Package != nil && f.Kind == engine.KindVulnerability:
		to := fixedIn(f.Package)
		return todo{
			verb: "upgrade", target: f.Package.Name, to: "to " + to,
			version: to, ecosystem: f.Package.Ecosystem, component: cmp.Or(f.Package.PURL, f.Package.Ecosystem+"/"+f.Package.Name),
		}, to != ""
	case f.Kind == engine.KindSecret && at != "":
		what := "the secret"
		if f.Secret != nil && f.Secret.Type != "" {
			what = "the " + f.Secret.Type
		}
		return todo{verb: "rotate", target: what, to: "in " + at}, true
	case f.Kind == engine.KindWeakness && at != "":
		return todo{verb: "change", target: at, to: "(" + weakness(f) + ")"}, true
	case f.Kind == engine.KindMisconfiguration && (at != "" || f.Resource != nil):
		return todo{verb: "configure", target: subject(f), to: "(" + weakness(f) + ")"}, true
	case f.Kind == engine.KindLicense && f.Package != nil:
		return todo{verb: "replace", target: f.Package.Name, to: "(" + weakness(f) + ")"}, true
	}
	return todo{}, false
}

// fixedIn names the version to upgrade to: the lowest fixed one that is above all versions found, where the order of the ecosystem's
// versions is known; else all fixed ones. Empty: none is known.
func fixedIn(p *engine.Package) string {
	best := ""
	for _, fixed := range p.Fixed {
		for _, have := range p.Versions {
			order, err := versions.Compare(p.Ecosystem, fixed, have)
			if err != nil {
				return strings.Join(p.Fixed, " or ")
			}
			if order <= 0 {
				fixed = ""
				break
			}
		}
		if fixed == "" {
			continue
		}
		if best == "" {
			best = fixed
		} else if order, err := versions.Compare(p.Ecosystem, fixed, best); err != nil {
			return strings.Join(p.Fixed, " or ")
		} else if order < 0 {
			best = fixed
		}
	}
	if best == "" {
		return strings.Join(p.Fixed, " or ")
	}
	return best
}

// mergeUpgrades makes one of several upgrades of a component, to the highest version, where they can be compared.
func mergeUpgrades(all []todo) []todo {
	var out []todo
	first := map[string]int{} // by component: its upgrade in out
	for _, t := range all {
		at, seen := first[t.component]
		if t.component == "" || !seen {
			if t.component != "" {
				first[t.component] = len(out)
			}
			out = append(out, t)
			continue
		}
		o := &out[at]
		order, err := versions.Compare(t.ecosystem, t.version, o.version)
		if err != nil {
			out = append(out, t)
			continue
		}
		if order > 0 {
			o.version, o.to = t.version, t.to
		}
		for p, n := range t.clears {
			o.clears[p] += n
		}
		o.findings = append(o.findings, t.findings...)
	}
	return out
}
