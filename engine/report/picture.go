package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/headgate/headgate/engine"
)

// Bounds of the picture in Markdown: what is larger is no picture any more.
const (
	mostNodes   = 12 // the internet among them
	nodeColumns = 32
	edgeColumns = 28
	edgeNames   = 2 // findings named on one step
)

// A picture is attack paths as one graph: nodes in the order of the paths, each edge once.
type picture struct {
	nodes []node
	edges []drawn
	left  int // paths that did not fit
}

// A node is a stop of a path. What it is shows in its shape and in words, never by colour.
type node struct {
	name                string
	entry, choke, jewel bool
	internet            bool
}

// words are what a node is called besides its name.
func (n *node) words() []string {
	var out []string
	for _, w := range []struct {
		is   bool
		word string
	}{{n.entry, "exposed"}, {n.choke, "choke point"}, {n.jewel, "crown jewel"}} {
		if w.is {
			out = append(out, w.word)
		}
	}
	return out
}

// A drawn is an edge with what opens the step.
type drawn struct {
	from, to int // nodes
	opened   []string
	trusted  bool
	proven   bool
}

// draw puts whole paths into a picture for as long as it has no more than most nodes; 0 is as many as there are.
func (v *view) draw(ways []way, most int) *picture {
	g := &picture{nodes: []node{{name: "internet", internet: true}}}
	number := map[string]int{}
	names := v.findingNames()
	for i := range ways {
		w := &ways[i]
		fresh := 0
		for k, asset := range w.Assets {
			if _, ok := number[asset]; !ok && !slices.Contains(w.Assets[:k], asset) {
				fresh++
			}
		}
		if most > 0 && len(g.nodes)+fresh > most {
			g.left++
			continue
		}
		before := 0
		for k, asset := range w.Assets {
			n, ok := number[asset]
			if !ok {
				n = len(g.nodes)
				number[asset] = n
				g.nodes = append(g.nodes, node{name: asset})
			}
			at := &g.nodes[n]
			at.entry, at.jewel = at.entry || k == 0, at.jewel || k == len(w.Assets)-1
			at.choke = at.choke || slices.Contains(w.chokes, asset)
			if !slices.ContainsFunc(g.edges, func(e drawn) bool { return e.from == before && e.to == n }) {
				s := &w.Steps[k]
				g.edges = append(g.edges, drawn{before, n, opened(s, names), s.Trusted != "", s.Proven})
			}
			before = n
		}
	}
	return g
}

// findingNames are what the findings of cases are called, by id.
func (v *view) findingNames() map[string]string {
	names := map[string]string{}
	for i := range v.r.Cases {
		f := &v.r.Cases[i].Input.Finding
		names[f.ID] = weakness(f)
	}
	return names
}

// opened names what opens a step.
func opened(s *engine.PathStep, names map[string]string) []string {
	if s.Trusted != "" {
		return []string{edgeWords(s.Trusted)}
	}
	var out []string
	for _, id := range s.Findings {
		out = append(out, first(names[id], id))
	}
	shown := min(len(out), edgeNames)
	if more := len(out) - shown + s.More; more > 0 {
		return append(out[:shown:shown], strconv.Itoa(more)+" more")
	}
	return out
}

// edgeWords is a kind of edge as people say it: "reads data of".
func edgeWords(k engine.EdgeKind) string { return strings.ReplaceAll(string(k), "_", " ") }

// pictureBlock folds the picture of the told paths away, as Mermaid. It is bounded, so that it is never left out by rows.
func (v *view) pictureBlock(p *page) *block {
	told := v.toldWays()
	if len(told) == 0 {
		return nil
	}
	g := v.draw(told, mostNodes)
	if len(g.edges) == 0 {
		return nil // the shortest of them is too long for a picture
	}
	summary := "The path"
	if len(told)-g.left > 1 {
		summary = "The paths"
	}
	head := "\n<details><summary>" + summary + "</summary>\n\n```mermaid\n" + g.mermaid() + "```\n\n"
	if key := g.key(); key != "" {
		head += key + "\n"
	}
	if g.left > 0 {
		head += "\n" + count(g.left, "path does", "paths do") + " not fit into the picture.\n"
	}
	if p.size(head) > p.most/4 { // it cannot be shortened, and is worth less than the rows that it would take the place of
		return nil
	}
	return &block{head: head + "\n</details>\n"}
}

// key says what arrows mean.
func (g *picture) key() string {
	var parts []string
	if slices.ContainsFunc(g.edges, func(e drawn) bool { return e.proven }) {
		parts = append(parts, "a thick arrow is a step that is proven, a thin one may be one")
	}
	if slices.ContainsFunc(g.edges, func(e drawn) bool { return e.trusted }) {
		parts = append(parts, "a dotted arrow needs no finding")
	}
	return SentenceCase(strings.Join(parts, ", ")) + strings.Repeat(".", min(len(parts), 1))
}

// mermaid writes a flowchart in Mermaid's language.
func (g *picture) mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for i := range g.nodes {
		n := &g.nodes[i]
		open, shut := "[", "]"
		switch {
		case n.internet:
			open, shut = "((", "))"
		case n.jewel:
			open, shut = "[(", ")]"
		case n.choke:
			open, shut = "[[", "]]"
		case n.entry:
			open, shut = "([", "])"
		}
		label := strings.Join(append([]string{label(n.name, nodeColumns)}, n.words()...), " · ")
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s\n", i, open, label, shut)
	}
	for _, e := range g.edges {
		arrow := "-->"
		switch {
		case e.trusted:
			arrow = "-.->"
		case e.proven:
			arrow = "==>"
		}
		var names []string
		for _, s := range e.opened {
			names = append(names, label(s, edgeColumns))
		}
		if len(names) > 0 {
			arrow += "|\"" + strings.Join(names, ", ") + "\"|"
		}
		fmt.Fprintf(&b, "  n%d %s n%d\n", e.from, arrow, e.to)
	}
	return b.String()
}

// label makes text from outside inert in a label of Mermaid. Its parser reads directives, entities, Markdown, HTML, formulas, icons and
// links there, and versions differ: so there are letters, digits and spaces, and a few marks between letters or digits. All else shows as
// a dot.
func label(s string, most int) string {
	runes := []rune(cutMiddle(clean(s), most))
	word := func(i int) bool {
		return i >= 0 && i < len(runes) && unicode.In(runes[i], unicode.L, unicode.M, unicode.Nd)
	}
	var b strings.Builder
	dot := false
	for i, r := range runes {
		between := word(i-1) && word(i+1)
		address := i >= 3 && strings.EqualFold(string(runes[i-3:i]), "www")
		switch {
		case unicode.Is(unicode.M, r) && !word(i-1): // it would join the mark that stands before
			continue
		case word(i), r == '…', r == ' ' && i > 0 && (word(i-1) || runes[i-1] == '…'), strings.ContainsRune("-_./", r) && between && !address:
			b.WriteRune(r)
			dot = false
		case !dot:
			b.WriteRune('·')
			dot = true
		}
	}
	return first(strings.TrimSpace(b.String()), "unnamed")
}

// writeDOT writes all listed attack paths as a graph for Graphviz.
func writeDOT(w io.Writer, r *engine.Result, _ Options) error {
	v := newView(r)
	g := v.draw(v.ways, 0)
	var b strings.Builder
	b.WriteString("digraph \"attack paths\" {\n  rankdir=LR;\n  node [shape=box];\n")
	if note := v.pathsUnknown(); note != "" {
		fmt.Fprintf(&b, "  label=%s;\n", quoted("not known: "+note))
	}
	if len(g.edges) == 0 {
		g.nodes = nil
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		style := ""
		switch {
		case n.internet:
			style = ", shape=circle"
		case n.jewel:
			style = ", shape=cylinder"
		case n.entry:
			style = ", shape=ellipse"
		}
		if n.choke {
			style += ", peripheries=2"
		}
		fmt.Fprintf(&b, "  n%d [label=%s%s];\n", i, quoted(append([]string{n.name}, n.words()...)...), style)
	}
	for _, e := range g.edges {
		style := ""
		switch {
		case e.trusted:
			style = ", style=dashed"
		case e.proven:
			style = ", style=bold"
		}
		fmt.Fprintf(&b, "  n%d -> n%d [label=%s%s];\n", e.from, e.to, quoted(e.opened...), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// quoted is a string of DOT with a line for each of some texts. Labels know escapes and entities, which are taken out of the texts.
func quoted(lines ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")
	out := make([]string, len(lines))
	for i, s := range lines {
		s = cutMiddle(clean(s), longestName)
		out[i] = escape.Replace(runnerMark.ReplaceAllStringFunc(s, func(mark string) string { return "#·" + mark[2:] }))
	}
	return `"` + strings.Join(out, `\n`) + `"`
}
