package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A place is what has to be changed and how: what tells fixes apart.
type place struct {
	kind   string // of fix; empty: there is none
	image  string // without tag; empty: it is in none
	target string
	rule   string
	part   string // what else tells it apart: the resource, the secret
}

// A group is the cases of one place.
type group struct {
	place
	id, name string
	shown    string         // the rule as the scanner writes it
	images   []string       // that have it too
	members  []*engine.Case // by finding, then asset
}

// grouped puts cases together by what has to be done, ordered by id.
func grouped(cases []engine.Case, repository string) []*group {
	by := map[place]*group{}
	for i := range cases {
		p := placeOf(&cases[i].Input.Finding)
		g := by[p]
		if g == nil {
			g = &group{place: p, id: idOf(p, repository)}
			by[p] = g
		}
		g.members = append(g.members, &cases[i])
	}
	all := slices.SortedFunc(maps.Values(by), func(a, b *group) int { return strings.Compare(a.id, b.id) })
	all = joined(all)
	for _, g := range all {
		slices.SortFunc(g.members, func(a, b *engine.Case) int {
			return cmp.Or(strings.Compare(a.Input.Finding.ID, b.Input.Finding.ID), strings.Compare(a.Input.Asset.ID, b.Input.Asset.ID))
		})
		f := &g.members[0].Input.Finding
		g.name, g.shown = nameOf(f, g.place), ruleOf(f)
	}
	return all
}

// joined puts packages together that are in a repository and in images, or in several images, of one asset: what is upgraded in the source
// is upgraded in all that is built of it. The first by name stands for all, the repository before any image.
func joined(all []*group) []*group {
	of := map[string][]*group{}
	for _, g := range all {
		if g.kind == engine.FixUpgrade {
			of[g.target] = append(of[g.target], g)
		}
	}
	gone := map[*group]bool{}
	for _, same := range of {
		if len(same) == 1 {
			continue
		}
		slices.SortFunc(same, func(a, b *group) int { return strings.Compare(a.image, b.image) })
		root := make([]int, len(same))
		find := func(i int) int {
			for root[i] != i {
				root[i] = root[root[i]]
				i = root[i]
			}
			return i
		}
		on := map[string]int{} // by asset
		for i, g := range same {
			root[i] = i
			for _, c := range g.members {
				first, ok := on[c.Input.Asset.ID]
				if !ok {
					on[c.Input.Asset.ID] = i
					continue
				}
				a, b := find(first), find(i)
				root[max(a, b)] = min(a, b)
			}
		}
		for i, g := range same {
			if to := same[find(i)]; to != g {
				to.images, to.members = append(to.images, g.image), append(to.members, g.members...)
				gone[g] = true
			}
		}
	}
	for _, g := range all {
		slices.Sort(g.images)
	}
	return slices.DeleteFunc(all, func(g *group) bool { return gone[g] })
}

// placeOf is where a finding is fixed: a package once in each image and in the repository, however many lockfiles have it there; what a
// distribution installed in an image with the image; code by file and rule; a secret by itself.
func placeOf(f *engine.Finding) place {
	p := place{image: imageOf(f)}
	rule := ""
	if f.Rule != nil {
		rule = engine.RuleFamily(f.Rule.ID)
	}
	switch {
	case f.Kind == engine.KindLicense:
		p.kind, p.target, p.rule = engine.FixReplace, cmp.Or(packageOf(f), pathOf(f)), ruleOf(f)
	case f.Kind == engine.KindSecret:
		p.kind, p.target, p.part = engine.FixRotate, cmp.Or(secretType(f), rule, "secret"), f.ID
	case f.Kind == engine.KindWeakness:
		p.kind, p.target, p.rule = engine.FixCode, cmp.Or(pathOf(f), f.Title), rule
	case f.Kind == engine.KindMisconfiguration:
		p.kind, p.target, p.rule, p.part = engine.FixConfigure, cmp.Or(pathOf(f), resource(f), f.Title), rule, resource(f)
	case f.Package == nil:
		p.target = pathOf(f)
		if f.Vulnerability != nil {
			p.part = f.Vulnerability.ID
		}
	case p.image != "" && distribution(f.Package):
		p.kind, p.target = engine.FixRebuild, p.image
	default:
		p.kind, p.target = engine.FixUpgrade, packageOf(f)
	}
	return p
}

// idOf names a fix by what is fixed and where: 64 bits of a digest, as findings are named.
func idOf(p place, repository string) string {
	if p.image != "" { // an image is the same whichever repository's run looks at it
		repository = ""
	}
	h := sha256.New()
	for _, part := range []string{p.kind, repository, p.image, p.target, p.rule, p.part} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part + ","))
	}
	return "fix-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// nameOf is what people call what is fixed.
func nameOf(f *engine.Finding, p place) string {
	switch p.kind {
	case engine.FixUpgrade, engine.FixReplace:
		if f.Package != nil {
			return cmp.Or(f.Package.Name, p.target)
		}
	case engine.FixConfigure:
		if f.Resource != nil {
			return cmp.Or(f.Resource.Name, f.Resource.Type, p.target)
		}
	case "":
		return cmp.Or(p.part, p.target, f.Title)
	}
	return p.target
}

// ruleOf is what finds it: the licence, or the scanner's rule.
func ruleOf(f *engine.Finding) string {
	switch {
	case f.License != nil:
		return f.License.SPDX
	case f.Rule != nil:
		return f.Rule.ID
	}
	return ""
}

func resource(f *engine.Finding) string {
	if f.Resource == nil {
		return ""
	}
	return strings.Trim(f.Resource.Type+"."+f.Resource.Name, ".")
}

func secretType(f *engine.Finding) string {
	if f.Secret == nil {
		return ""
	}
	return f.Secret.Type
}

// packageOf names a package as its URL does.
func packageOf(f *engine.Finding) string {
	if f.Package == nil {
		return ""
	}
	return cmp.Or(f.Package.PURL, strings.TrimPrefix(f.Package.Ecosystem+"/"+f.Package.Name, "/"))
}

// ecosystemOf is the type of a package URL.
func ecosystemOf(p *engine.Package) string {
	if rest, ok := strings.CutPrefix(p.PURL, "pkg:"); ok {
		kind, _, _ := strings.Cut(rest, "/")
		return kind
	}
	return p.Ecosystem
}

// distribution says whether a package is one that the distribution of an image brings.
func distribution(p *engine.Package) bool {
	switch ecosystemOf(p) {
	case "deb", "rpm", "apk", "alpm":
		return true
	}
	return false
}

// imageOf is the name of the image that a finding is in, without tag and digest; empty if it is in none.
func imageOf(f *engine.Finding) string {
	for _, l := range f.Locations {
		if l.Image == "" {
			continue
		}
		name, _, _ := strings.Cut(l.Image, "@")
		if at := strings.LastIndexByte(name, ':'); at > strings.LastIndexByte(name, '/') {
			name = name[:at]
		}
		return name
	}
	return ""
}

// pathOf is the file, or the address without its parameters.
func pathOf(f *engine.Finding) string {
	for _, l := range f.Locations {
		if l.Path != "" {
			return l.Path
		}
		if l.URL != "" {
			url, _, _ := strings.Cut(l.URL, "#")
			url, _, _ = strings.Cut(url, "?")
			return url
		}
	}
	return ""
}

// byPackage divides cases by package, in the order of their names.
func byPackage(members []*engine.Case) [][]*engine.Case {
	by := map[string][]*engine.Case{}
	for _, c := range members {
		p := packageOf(&c.Input.Finding)
		by[p] = append(by[p], c)
	}
	var out [][]*engine.Case
	for _, p := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[p])
	}
	return out
}

// distinct are the findings of cases that are ordered by them.
func distinct(members []*engine.Case) []*engine.Finding {
	var out []*engine.Finding
	for _, c := range members {
		if f := &c.Input.Finding; len(out) == 0 || out[len(out)-1].ID != f.ID {
			out = append(out, f)
		}
	}
	return out
}
