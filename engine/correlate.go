package engine

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// Correlate merges discoveries that mean the same weakness in the same target, and gives every finding its ids. What comes out does
// not depend on the order of what goes in, nor on how results were spread over reports: every source is kept, lists are sorted, and
// where sources disagree the graver word counts.
//
// Vulnerabilities are the same if their names are joined by exact aliases, in the same package; packages that a distribution built from
// one source are the same where reports state that source. Code, secrets and settings are the
// same if rule and path agree and the content at the place does; a CWE in place of the rule joins what several scanners say of the
// same content.
func Correlate(discoveries []Discovery) []Discovery {
	groups, names := grouped(discoveries)
	out := make([]Discovery, 0, len(groups))
	for _, g := range groups {
		d := merge(g, names)
		d.Finding.License = d.Finding.License.withAlternatives()
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Discovery) int { return strings.Compare(a.Finding.ID, b.Finding.ID) })
	return out
}

// IDs are, for each discovery, the ids of the finding that Correlate would make of it and the others.
func IDs(discoveries []Discovery) [][]string {
	groups, _ := grouped(discoveries)
	out := make([][]string, len(discoveries))
	for _, g := range groups {
		var ids []string
		for _, c := range g {
			for _, k := range c.keys {
				ids = append(ids, idOf(k))
			}
		}
		ids = unique(ids, strings.Compare)
		for _, c := range g {
			out[c.at] = ids
		}
	}
	return out
}

// grouped puts together what means the same. Neither the order of the groups nor that within them depends on the order of what goes in.
func grouped(discoveries []Discovery) ([][]*claim, *nameGroups) {
	names := newNameGroups(discoveries)
	discoveries = sourced(identified(discoveries, names))
	all := make([]*claim, len(discoveries))
	for i, d := range discoveries {
		all[i] = &claim{Discovery: d, at: i, keys: keysOf(&d, names)}
	}
	slices.SortFunc(all, compareClaims)
	numberRepeats(all)

	same := newDisjoint(len(all))
	first := map[string]int{}
	for i := range all {
		for _, k := range all[i].keys {
			if j, ok := first[k]; ok {
				same.join(i, j)
			} else {
				first[k] = i
			}
		}
	}
	place := map[int]int{} // of a group, by its root
	var groups [][]*claim
	for i := range all {
		root := same.find(i)
		at, ok := place[root]
		if !ok {
			at = len(groups)
			place[root] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], all[i])
	}
	return groups, names
}

// A claim is a discovery with the keys that it can be known by, the best first.
type claim struct {
	Discovery
	at   int // among the discoveries that were given
	keys []string
	text []byte // all of it, made when it is first needed
}

// keysOf are the texts that a finding's ids are digests of.
func keysOf(d *Discovery, names *nameGroups) []string {
	f := &d.Finding
	target := []string{string(d.Target.Type), d.Target.Name}
	if v := f.Vulnerability; v != nil {
		var keys []string
		for _, where := range placesOf(f) {
			for _, n := range names.of(v) {
				keys = append(keys, key(append(target, "vulnerability", n, where)...))
			}
		}
		return keys
	}
	var what []string
	if f.License != nil {
		what = append(what, "license:"+f.License.SPDX)
	} else if f.Rule != nil {
		what = append(what, "rule:"+RuleFamily(f.Rule.ID))
	}
	if len(f.CWEs) == 1 && d.Content != "" {
		what = append([]string{"cwe:" + strconv.Itoa(f.CWEs[0])}, what...)
	}
	if len(what) == 0 {
		what = []string{"title:" + f.Title}
	}
	place, content := pathOf(f), d.Content
	if content == "" && (len(f.Locations) == 0 || f.Locations[0].Line == 0) {
		content = "title:" + f.Title // nothing else tells several results of one rule apart
	}
	if f.Resource != nil {
		place += "#" + f.Resource.Type + "." + f.Resource.Name
	}
	if f.License != nil && f.Package != nil {
		place = cmp.Or(f.Package.PURL, f.Package.Name)
	}
	var keys []string
	for _, w := range what {
		keys = append(keys, key(append(target, string(f.Kind), w, place, content)...))
	}
	return keys
}

// placesOf are what a vulnerability is in, the best first.
func placesOf(f *Finding) []string {
	switch p := f.Package; {
	case p == nil:
		return []string{"path:" + pathOf(f)}
	case p.PURL == "":
		return []string{"package:" + p.Ecosystem + ":" + p.Name}
	default:
		return p.keysBySource()
	}
}

// RuleFamily is what several scanners, and several versions of one, call a rule alike: letter case does not count, nor does the prefix
// that Trivy has given up ("AVD-KSV-0001").
func RuleFamily(rule string) string {
	return strings.TrimPrefix(strings.ToLower(strings.TrimSpace(rule)), "avd-")
}

func pathOf(f *Finding) string {
	if len(f.Locations) == 0 {
		return ""
	}
	return cmp.Or(f.Locations[0].Path, f.Locations[0].URL)
}

// key joins parts so that no two lists of parts give the same text.
func key(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = strconv.AppendInt(b, int64(len(p)), 10)
		b = append(append(append(b, ':'), p...), ',')
	}
	return string(b)
}

// idOf is the id for a key: 64 bits of a digest, so that even among a million findings two ids are the same with a chance of less
// than one in ten million.
func idOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "hg1-" + hex.EncodeToString(sum[:8])
}

// numberRepeats tells apart what has the same key but stands at several lines of one file: the second gets a number, and so on, in
// the order of the lines. The numbers come from all reports together, so that it does not matter which report says what. Claims
// must be sorted.
func numberRepeats(all []*claim) {
	lines := map[string][]int{}
	for i := range all {
		if at, ok := all[i].repeatable(); ok {
			for _, k := range all[i].keys {
				lines[k] = append(lines[k], at)
			}
		}
	}
	for k, at := range lines {
		lines[k] = unique(at, cmp.Compare[int])
	}
	for i := range all {
		if at, ok := all[i].repeatable(); ok {
			for j, k := range all[i].keys {
				if n, _ := slices.BinarySearch(lines[k], at); n > 0 {
					all[i].keys[j] = key(k, strconv.Itoa(n+1))
				}
			}
		}
	}
}

// repeatable says whether a claim is of one line of a file, and which.
func (c *claim) repeatable() (line int, ok bool) {
	if c.Finding.Vulnerability != nil || len(c.Finding.Locations) == 0 {
		return 0, false
	}
	return c.Finding.Locations[0].Line, true
}

// compareClaims is a total order on what claims say, so that merging does not depend on the order of reports.
func compareClaims(a, b *claim) int {
	x, y := &a.Finding, &b.Finding
	if c := slices.Compare(a.keys, b.keys); c != 0 {
		return c
	}
	if c := slices.CompareFunc(x.Sources, y.Sources, compareSources); c != 0 {
		return c
	}
	if c := slices.CompareFunc(x.Locations, y.Locations, compareLocations); c != 0 {
		return c
	}
	return bytes.Compare(a.bytes(), b.bytes())
}

// bytes tell apart what is the same in all else that claims are ordered by; that is rare, so they are made when asked for.
func (c *claim) bytes() []byte {
	if c.text == nil {
		text, err := json.Marshal(c.Discovery)
		if err != nil {
			panic("engine: a discovery cannot be marshalled: " + err.Error()) // a bug in the types: they hold only what JSON has
		}
		c.text = text
	}
	return c.text
}

func compareSources(a, b Source) int {
	return cmp.Or(strings.Compare(a.Tool, b.Tool), strings.Compare(a.Format, b.Format), strings.Compare(a.Version, b.Version),
		strings.Compare(a.Report, b.Report))
}

func compareLocations(a, b Location) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.EndLine, b.EndLine),
		strings.Compare(a.URL, b.URL), strings.Compare(a.Image, b.Image))
}

func compareCVSS(a, b CVSS) int {
	return cmp.Or(strings.Compare(b.Version, a.Version), strings.Compare(a.Source, b.Source), strings.Compare(a.Vector, b.Vector),
		cmp.Compare(a.Score, b.Score))
}
