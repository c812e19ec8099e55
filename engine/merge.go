package engine

import (
	"cmp"
	"slices"
	"strings"
)

// merge makes one finding of all claims of a group, which are sorted.
func merge(group []*claim, names *nameGroups) Discovery {
	var keys []string
	for _, c := range group {
		keys = append(keys, c.keys...)
	}
	out := group[0].Discovery
	f := out.Finding
	f.ID, f.IDs = idsOf(keys, f.Vulnerability != nil)
	f.Rule, f.Package = clone(f.Rule), nil
	f.CWEs, f.CVSS, f.Locations, f.Sources = nil, nil, nil, nil
	var all []string
	for _, c := range group {
		g := &c.Finding
		if g.Severity.Rank() > f.Severity.Rank() {
			f.Severity = g.Severity
		}
		f.Title = cmp.Or(f.Title, g.Title)
		if f.Rule == nil {
			f.Rule = clone(g.Rule)
		}
		if v := g.Vulnerability; v != nil {
			all = append(all, names.of(v)...)
		}
		f.CWEs = append(f.CWEs, g.CWEs...)
		f.CVSS = append(f.CVSS, g.CVSS...)
		f.Locations = append(f.Locations, g.Locations...)
		f.Sources = append(f.Sources, g.Sources...)
		f.Package = mergePackage(f.Package, g.Package)
		f.Secret = mergeSecret(f.Secret, g.Secret)
		f.License = cmp.Or(f.License, g.License)
		f.Resource = cmp.Or(f.Resource, g.Resource)
		out.Content = cmp.Or(out.Content, c.Content)
		if r := graver(out.Reachability, c.Reachability); r != out.Reachability {
			out.Reachability, out.Commit = r, c.Commit
		}
	}
	if f.Package != nil {
		f.Package.settle()
	}
	out.Reachability = doubted(out.Reachability, group)
	out.Otherwise = otherwise(out.Reachability, group)
	f.Vulnerability = mergeVulnerability(group, all)
	f.Suppression = mergeSuppression(group)
	out.Status = mergeStatus(group)
	f.CWEs = unique(f.CWEs, cmp.Compare[int])
	f.CVSS = unique(f.CVSS, compareCVSS)
	f.Locations = unique(f.Locations, compareLocations)
	f.Sources = unique(f.Sources, compareSources)
	out.Finding = f
	return out
}

// idsOf turns keys into ids. The canonical id is that of the first key: of the canonical name (CVE before GHSA before others), or of
// the content's best description.
func idsOf(keys []string, byName bool) (id string, ids []string) {
	canonical := keys[0]
	if !byName {
		canonical = slices.MinFunc(keys, func(a, b string) int {
			return cmp.Or(cmp.Compare(keyRank(a), keyRank(b)), strings.Compare(a, b))
		})
	}
	for _, k := range keys {
		ids = append(ids, idOf(k))
	}
	return idOf(canonical), unique(ids, strings.Compare)
}

// keyRank puts keys by CWE, which every scanner can give, before keys by a scanner's own rule.
func keyRank(k string) int {
	if strings.Contains(k, ":cwe:") {
		return 0
	}
	return 1
}

func mergeVulnerability(group []*claim, names []string) *Vulnerability {
	if group[0].Finding.Vulnerability == nil {
		return nil
	}
	var cves []string
	for _, c := range group {
		if v := c.Finding.Vulnerability; v != nil && len(v.CVEs) > 1 {
			cves = append(cves, v.CVEs...)
		}
	}
	if cves != nil { // one name that covers several CVEs: they are no aliases of each other
		return &Vulnerability{ID: group[0].Finding.Vulnerability.ID, CVEs: unique(cves, strings.Compare)}
	}
	return NewVulnerability(names...)
}

func mergePackage(a, b *Package) *Package {
	if a == nil || b == nil {
		if b == nil {
			return a
		}
		a = clone(b) // the lists are copied, as more is added to them
		a.Versions, a.Fixed, a.Found = slices.Clone(b.Versions), slices.Clone(b.Fixed), slices.Clone(b.Found)
		a.Binaries = slices.Clone(b.Binaries)
		return a
	}
	a.PURL, a.Ecosystem = cmp.Or(a.PURL, b.PURL), cmp.Or(a.Ecosystem, b.Ecosystem)
	a.Versions, a.Fixed, a.Found = append(a.Versions, b.Versions...), append(a.Fixed, b.Fixed...), append(a.Found, b.Found...)
	a.Binaries = append(a.Binaries, b.Binaries...)
	a.Direct = either(a.Direct, b.Direct)
	switch {
	case b.Scope == "runtime":
		a.Scope = b.Scope
	case b.Scope != a.Scope && a.Scope != "runtime":
		a.Scope = "" // development in one place says nothing of the others
	}
	return a
}

// settle sorts the lists that were gathered, each once.
func (p *Package) settle() {
	p.Versions, p.Fixed, p.Found = unique(p.Versions, strings.Compare), unique(p.Fixed, strings.Compare), unique(p.Found, strings.Compare)
	p.Binaries = unique(p.Binaries, strings.Compare)
}

func mergeSecret(a, b *Secret) *Secret {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	s := *a
	s.Type, s.Active = cmp.Or(a.Type, b.Type), either(a.Active, b.Active)
	if a.InHistory == nil || b.InHistory == nil {
		s.InHistory = cmp.Or(a.InHistory, b.InHistory)
	} else {
		s.InHistory = new(*a.InHistory && *b.InHistory) // one sight in the tree is enough
	}
	return &s
}

// either is true if one says so, false if one says no and none says yes, else not known.
func either(a, b *bool) *bool {
	if a == nil || b != nil && *b {
		return cmp.Or(b, a)
	}
	return a
}

var verdicts = []string{"unreachable", "potential", "reachable"}

// graver keeps the verdict that is worse: a path found by one analysis is not undone by another that found none.
func graver(a, b *Reachability) *Reachability {
	if a == nil || b == nil {
		return cmp.Or(a, b)
	}
	if slices.Index(verdicts, b.Verdict) > slices.Index(verdicts, a.Verdict) {
		return b
	}
	return a
}

// otherwise are the verdicts of other tools that differ, each once. That one cannot tell is no word against another.
func otherwise(r *Reachability, group []*claim) (all []Reachability) {
	for _, c := range group {
		if o := c.Reachability; o != nil && o.Verdict != r.Verdict && o.Verdict != "potential" && r.Verdict != "potential" && !slices.Contains(all, *o) {
			all = append(all, *o)
		}
	}
	return all
}

// doubted takes back that a weakness is unreachable where another report has it in a folder below the root of the target: the analysis
// may have been of another module, and says nothing of that one.
func doubted(r *Reachability, group []*claim) *Reachability {
	if r == nil || r.Verdict != "unreachable" {
		return r
	}
	for _, c := range group {
		if c.Reachability != nil {
			continue
		}
		for _, l := range c.Finding.Locations {
			if strings.Contains(l.Path, "/") {
				return &Reachability{Verdict: "potential", By: r.By, Confidence: "low"}
			}
		}
	}
	return r
}

// mergeSuppression keeps a suppression only if every source has one: one scanner's exception does not silence another.
func mergeSuppression(group []*claim) *Suppression {
	var kept *Suppression
	for _, c := range group {
		s := c.Finding.Suppression
		if s == nil {
			return nil
		}
		if kept == nil || s.Status != "accepted" && kept.Status == "accepted" {
			kept = s
		}
	}
	return kept
}

// mergeStatus takes a status that a baseline gave over none, and where baselines disagree the stricter.
func mergeStatus(group []*claim) Status {
	order := []Status{"", StatusExisting, StatusDisclosed, StatusIntroduced}
	return slices.MaxFunc(group, func(a, b *claim) int {
		return cmp.Compare(slices.Index(order, a.Status), slices.Index(order, b.Status))
	}).Status
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

// unique sorts a list and drops repetitions. An empty list is nil.
func unique[T comparable](list []T, compare func(a, b T) int) []T {
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, compare)
	return slices.Compact(list)
}

// A disjoint is a union-find structure over numbers.
type disjoint []int

func newDisjoint(n int) disjoint {
	d := make(disjoint, n)
	for i := range d {
		d[i] = i
	}
	return d
}

func (d disjoint) find(i int) int {
	for d[i] != i {
		d[i] = d[d[i]]
		i = d[i]
	}
	return i
}

// join puts two groups together; the smaller number stays the root, so that roots do not depend on the order of joins.
func (d disjoint) join(i, j int) {
	i, j = d.find(i), d.find(j)
	d[max(i, j)] = min(i, j)
}

// nameGroups know which names of vulnerabilities mean exactly the same.
type nameGroups struct {
	group map[string][]string // by name; only names that have others
}

// newNameGroups joins names through exact aliases. A name that stands for two CVEs joins nothing: two CVEs are never the same, and
// whatever would make them so is not an alias.
func newNameGroups(all []Discovery) *nameGroups {
	next := map[string][]string{}
	joined := map[[2]string]bool{} // a name can have thousands of others, each stated thousands of times
	edge := func(a, b string) {
		if a != b && !joined[[2]string{a, b}] {
			joined[[2]string{a, b}], joined[[2]string{b, a}] = true, true
			next[a], next[b] = append(next[a], b), append(next[b], a)
		}
	}
	for i := range all {
		if v := all[i].Finding.Vulnerability; v != nil && len(v.CVEs) <= 1 {
			for _, n := range v.Aliases {
				edge(v.ID, n)
			}
		}
	}
	// A name beside a discovery that covers several CVEs is one for several, wherever else it appears.
	many := map[string]bool{}
	for i := range all {
		if v := all[i].Finding.Vulnerability; v != nil && len(v.CVEs) > 1 {
			many[v.ID] = nameRank(v.ID) != 0
		}
	}
	g := &nameGroups{map[string][]string{}}
	seen := map[string]bool{}
	for start := range next {
		if seen[start] {
			continue
		}
		for _, group := range split(component(start, next, seen), next, many) {
			slices.SortFunc(group, compareNames)
			for _, n := range group {
				g.group[n] = group
			}
		}
	}
	return g
}

func component(start string, next map[string][]string, seen map[string]bool) []string {
	seen[start] = true
	members := []string{start}
	for i := 0; i < len(members); i++ {
		for _, n := range next[members[i]] {
			if !seen[n] {
				seen[n] = true
				members = append(members, n)
			}
		}
	}
	return members
}

// split cuts a group of joined names in which there is more than one CVE: every other name goes to the CVE that it is directly an
// alias of, if there is exactly one, else it stands alone.
func split(members []string, next map[string][]string, many map[string]bool) [][]string {
	cves := slices.DeleteFunc(slices.Clone(members), func(n string) bool { return nameRank(n) != 0 })
	ambiguous := slices.ContainsFunc(members, func(n string) bool { return many[n] })
	if len(cves) <= 1 && !ambiguous {
		return [][]string{members}
	}
	groups := map[string][]string{}
	for _, n := range members {
		home := n
		if nameRank(n) != 0 && !many[n] {
			direct := slices.DeleteFunc(slices.Clone(next[n]), func(o string) bool { return nameRank(o) != 0 })
			if len(direct) == 1 {
				home = direct[0]
			}
		}
		groups[home] = append(groups[home], n)
	}
	var out [][]string
	for _, g := range groups {
		out = append(out, g)
	}
	return out
}

// of are all names that mean the same as a vulnerability, the canonical one first. One that covers several CVEs has only its own.
func (g *nameGroups) of(v *Vulnerability) []string {
	if len(v.CVEs) > 1 {
		return []string{v.ID}
	}
	if group := g.group[v.ID]; group != nil {
		return group
	}
	return []string{v.ID}
}
