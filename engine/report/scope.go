package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// scopeFormat names the version of what ScopeJSON writes.
const scopeFormat = "headgate.scope/1"

// A Scope is what is known about assets before anything is decided, and, with reports, what nobody knows of them.
type Scope struct {
	Schema      string        `json:"schema"`
	Files       []ScopeFile   `json:"files"`  // that something was read from, by precedence of their kinds and by name
	Silent      int           `json:"silent"` // files that were looked at and say nothing of assets
	Assets      []ScopeAsset  `json:"assets"` // in the order of their ids
	Edges       []engine.Edge `json:"edges"`
	EntryPoints []string      `json:"entry_points"` // ids of assets that are exposed to the internet
	CrownJewels []string      `json:"crown_jewels"` // ids of assets that attackers are after, by the parameter of the pack paths
	Warnings    []string      `json:"warnings"`
	Reports     *ScopeReports `json:"reports,omitempty"` // absent if no reports were given
}

// A ScopeFile is a file and the kind of source that it is.
type ScopeFile struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

// A ScopeAsset is one asset with the sources of its facts.
type ScopeAsset struct {
	Asset     engine.Asset      `json:"asset"`
	Aliases   []string          `json:"aliases,omitempty"`
	Facts     []ScopeFact       `json:"facts,omitempty"`
	Match     []string          `json:"match,omitempty"` // what makes a finding its own, in words: "path services/checkout/**"
	Conflicts []engine.Conflict `json:"conflicts,omitempty"`
	Findings  *int              `json:"findings,omitempty"` // on it, absent without reports
	Covered   *bool             `json:"covered,omitempty"`  // a complete report looked at it; absent without reports
}

// A ScopeFact is one fact, its value in words, and where it stands.
type ScopeFact struct {
	Fact   string `json:"fact"` // path in the input
	Value  string `json:"value"`
	Source string `json:"source"`
}

// ScopeReports is what reports say of the scope itself.
type ScopeReports struct {
	Findings int              `json:"findings"`
	NoAsset  []engine.Finding `json:"findings_without_asset"`
	Unseen   []string         `json:"assets_without_coverage"` // ids of assets that no complete report looked at
}

// ScopeJSON writes the scope as a document: see ScopeSchema.
func ScopeJSON(w io.Writer, s *Scope) error {
	s.Schema = scopeFormat
	return encode(w, s)
}

// How much of a long list is shown. The document has all.
const (
	mostScopeAssets = 40
	mostScopeLines  = 20
)

// ScopeText writes the scope for people: each asset with its facts and where they stand, what it leads to, and what is wrong or missing.
// Options.All lists everything.
func ScopeText(w io.Writer, s *Scope, o Options) error {
	c := newCanvas(w, o)
	v := &scopeView{s: s, c: c, edges: map[string][]engine.Edge{}, entry: map[string]bool{}, jewel: map[string]bool{}, all: o.All}
	for _, e := range s.Edges {
		v.edges[e.From] = append(v.edges[e.From], e)
	}
	for _, id := range s.EntryPoints {
		v.entry[id] = true
	}
	for _, id := range s.CrownJewels {
		v.jewel[id] = true
	}
	v.head()
	for i := range s.Assets[:v.most(len(s.Assets), mostScopeAssets)] {
		v.asset(&s.Assets[i])
	}
	v.more(len(s.Assets), mostScopeAssets, "assets")
	v.tail()
	return c.err
}

type scopeView struct {
	s            *Scope
	c            *canvas
	edges        map[string][]engine.Edge
	entry, jewel map[string]bool
	all          bool
}

func (v *scopeView) most(n, bound int) int {
	if v.all {
		return n
	}
	return min(n, bound)
}

func (v *scopeView) more(n, bound int, of string) {
	if rest := n - v.most(n, bound); rest > 0 {
		v.c.line()
		v.c.line(text(fmt.Sprintf("%d more %s", rest, of), plain), space(3), text("all: -o json", dim))
	}
}

// head is what there is, in one line.
func (v *scopeView) head() {
	conflicts := 0
	for i := range v.s.Assets {
		conflicts += len(v.s.Assets[i].Conflicts)
	}
	parts := []string{count(len(v.s.Assets), "asset", "assets"), count(len(v.s.Edges), "edge", "edges")}
	for _, p := range []struct {
		n         int
		one, many string
	}{{conflicts, "conflict", "conflicts"}, {len(v.s.Warnings), "warning", "warnings"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n, p.one, p.many))
		}
	}
	right := span{strings.Join(parts, "   "), plain}
	v.c.line(text("scope", bold), space(min(v.c.width, readable)-len("scope")-len(right.text)), right)
	v.c.line()
	kinds, files := []string{}, map[string]int{}
	for _, f := range v.s.Files {
		if files[f.Kind]++; files[f.Kind] == 1 {
			kinds = append(kinds, f.Kind)
		}
	}
	for i, k := range kinds {
		if k != "assets.yaml" {
			kinds[i] += " (" + count(files[k], "file", "files") + ")"
		}
	}
	read := strings.Join(kinds, ", ")
	if v.s.Silent > 0 {
		read += "; " + count(v.s.Silent, "file says", "files say") + " nothing of assets"
	}
	if len(v.s.Files)+v.s.Silent == 0 {
		read = "nothing: there is no assets.yaml, and scope in headgate.yaml names no files"
	}
	v.entryLine("read", read, plain)
	if len(v.s.EntryPoints) > 0 {
		v.entryLine("entry points", some(v.s.EntryPoints, mostScopeLines), plain)
	}
	if len(v.s.CrownJewels) > 0 {
		v.entryLine("crown jewels", some(v.s.CrownJewels, mostScopeLines), plain)
	}
}

const scopeLabel = 17 // columns of a label and the gap after it

func (v *scopeView) entryLine(label, s string, st style) {
	v.c.paragraph(2, text(label, dim), scopeLabel, s, st)
}

// asset is one asset: its facts with their sources, what it leads to, and what sources do not agree on.
func (v *scopeView) asset(a *ScopeAsset) {
	v.c.line()
	var marks []string
	if a.Asset.Name != "" && a.Asset.Name != a.Asset.ID {
		marks = append(marks, a.Asset.Name)
	}
	if len(a.Aliases) > 0 {
		marks = append(marks, "also "+some(a.Aliases, 3))
	}
	if v.entry[a.Asset.ID] {
		marks = append(marks, "entry point")
	}
	if v.jewel[a.Asset.ID] {
		marks = append(marks, "crown jewel")
	}
	id := text(a.Asset.ID, bold)
	id.text = cutMiddle(id.text, v.c.width)
	right := clean(strings.Join(marks, " · "))
	if room := v.c.width - width(id.text) - 2; room > 3 {
		right = cutEnd(right, room)
		v.c.line(id, space(2), span{right, dim})
	} else {
		v.c.line(id)
	}
	g := &grid{gap: 2, columns: []column{{}, {min: 16, cut: cutEnd}, {min: 12, cut: cutMiddle}}}
	var rows [][]span
	var tags []string
	for _, f := range a.Facts {
		if key, ok := strings.CutPrefix(f.Fact, "asset.tags."); ok {
			tags = append(tags, key+"="+f.Value)
			continue
		}
		label := strings.TrimPrefix(strings.TrimPrefix(f.Fact, "asset."), "requirements.")
		rows = append(rows, []span{{pad(clean(label), scopeLabel-2), dim}, text(f.Value, plain), text(f.Source, dim)})
	}
	g.fit(v.c.width-2, rows)
	for _, row := range rows {
		v.c.line(append([]span{space(2)}, g.row(row)...)...)
	}
	if len(tags) > 0 {
		v.entryLine("tags", some(tags, v.most(len(tags), mostScopeLines)), plain)
	}
	for _, s := range disputed(a.Conflicts) {
		v.entryLine("disputed", s, yellow)
	}
	if edges := v.edges[a.Asset.ID]; len(edges) > 0 {
		to := leadsTo(edges)
		v.entryLine("leads to", some(to, v.most(len(to), mostScopeLines)), plain)
	}
	if len(a.Match) > 0 {
		v.entryLine("matches", some(a.Match, v.most(len(a.Match), 6)), plain)
	} else {
		v.entryLine("matches", "nothing: no finding can be its own", plain)
	}
	if a.Findings != nil {
		s := count(*a.Findings, "finding", "findings")
		if a.Covered != nil && !*a.Covered {
			s += "; no complete report looked at it"
		}
		v.entryLine("reports", s, plain)
	}
}

// leadsTo words edges from one asset: each asset that they lead to once, with their kinds unless it is the network alone.
func leadsTo(edges []engine.Edge) (to []string) {
	kinds := map[string][]string{}
	for _, e := range edges {
		if k := strings.ReplaceAll(string(e.Kind), "_", " "); !slices.Contains(kinds[e.To], k) {
			kinds[e.To] = append(kinds[e.To], k)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(kinds)) {
		slices.Sort(kinds[id])
		if words := strings.Join(kinds[id], ", "); words != string(engine.EdgeNetwork) {
			id += " (" + words + ")"
		}
		to = append(to, id)
	}
	return to
}

// tail is what is wrong in the files, and what reports show to be missing.
func (v *scopeView) tail() {
	v.list("Warnings", v.s.Warnings)
	r := v.s.Reports
	if r == nil {
		return
	}
	var lines []string
	for i := range r.NoAsset {
		f := &r.NoAsset[i]
		s := weakness(f)
		if on := subject(f); on != "" {
			s += " in " + on
		}
		if at := place(f); at != "" && at != subject(f) {
			s += ", " + at
		}
		lines = append(lines, s)
	}
	v.list(strconv.Itoa(len(r.NoAsset))+" of "+count(r.Findings, "finding", "findings")+" on no asset", lines)
	v.list("Assets without coverage", r.Unseen)
}

func (v *scopeView) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	v.c.line()
	v.c.line(text(title, bold))
	for _, s := range lines[:v.most(len(lines), mostScopeLines)] {
		v.c.paragraph(2, span{}, 0, s, plain)
	}
	if rest := len(lines) - v.most(len(lines), mostScopeLines); rest > 0 {
		v.c.line(space(2), text(fmt.Sprintf("%d more: -o json lists all", rest), dim))
	}
}
