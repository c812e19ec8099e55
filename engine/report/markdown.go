package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// explainedCases is how many cases Markdown explains one by one: a comment is read in seconds.
const explainedCases = 5

// A block is a part of a Markdown document that can be shortened by whole rows.
type block struct {
	head  string   // always written, with what must follow it for the rows to be read as such
	rows  []string // as many as fit
	tail  string   // always written
	noun  string   // of rows, for saying how many were left out
	taken int
}

// writeMarkdown writes a pull request comment or a job summary: the verdict, what blocks and why, what to do first; the rest folded.
func writeMarkdown(w io.Writer, r *engine.Result, o Options) error {
	v := newView(r)
	budget := o.MaxBytes
	if budget <= 0 {
		budget = DefaultMaxBytes
	}
	blocks := []*block{{head: "### Headgate · " + v.heading() + "\n"}}
	blocks = append(blocks, v.explained(), v.waysBlock(), v.verdictBlock(), v.todoBlock(o), v.noteBlock())
	blocks = append(append(blocks, v.details()...), v.pictureBlock())
	blocks = append(blocks, &block{head: "\n<sub>" + v.footer(o) + "</sub>\n"})
	_, err := io.WriteString(w, assemble(blocks, budget))
	return err
}

// assemble takes what must be written, then rows from the first block on for as long as there is room.
func assemble(blocks []*block, budget int) string {
	const leftOut = 80 // bytes that saying what was left out may take
	used := 0
	for _, b := range blocks {
		if b == nil {
			continue
		}
		used += len(b.head) + len(b.tail)
		if len(b.rows) > 0 {
			used += leftOut
		}
	}
	for _, b := range blocks {
		if b == nil {
			continue
		}
		for b.taken < len(b.rows) && used+len(b.rows[b.taken]) <= budget {
			used += len(b.rows[b.taken])
			b.taken++
		}
	}
	var out strings.Builder
	for _, b := range blocks {
		if b == nil {
			continue
		}
		out.WriteString(b.head)
		for _, row := range b.rows[:b.taken] {
			out.WriteString(row)
		}
		if n := len(b.rows) - b.taken; n > 0 {
			fmt.Fprintf(&out, "\n%d more %s left out for length.\n", n, plural(n, b.noun+" is", b.noun+"s are"))
		}
		out.WriteString(b.tail)
	}
	return out.String()
}

// heading is the outcome and how much of what is new it comes from.
func (v *view) heading() string {
	fresh := 0
	for _, k := range v.urgent {
		if isNew(k) {
			fresh++
		}
	}
	of := func(n int) string {
		switch {
		case n == 0:
			return ""
		case fresh >= n && v.known:
			return fmt.Sprintf(" by %d of %d new %s", n, fresh, plural(fresh, "finding", "findings"))
		}
		return fmt.Sprintf(" by %d of %d %s", n, len(v.r.Cases), plural(len(v.r.Cases), "finding", "findings"))
	}
	switch blocking := len(with(v.urgent, engine.Block)); {
	case v.r.Outcome == engine.Block:
		return "blocked" + of(blocking)
	case v.heldBack():
		return "would be blocked" + of(blocking) + " (report only)"
	case v.r.Outcome == engine.Warn:
		if n := len(with(v.urgent, engine.Warn)); n > 0 {
			return fmt.Sprintf("pass with %s", count(n, "warning", "warnings"))
		}
		return "pass with warnings"
	}
	return "pass"
}

// explained is the worst cases one by one: what, and why in a sentence.
func (v *view) explained() *block {
	b := &block{noun: "case"}
	all := v.pressing()
	shown := all[:min(len(all), explainedCases)]
	places := apart(shown)
	for _, k := range shown {
		f, d := &k.Input.Finding, &k.Decision
		line := "\n" + v.titleLine(f, places[k]) + v.onAsset(k) + " · " + strings.Join(v.consequences(d), ", ")
		parts := why(d)
		if h := headline(f); h != "" {
			parts = append([]string{h}, parts...)
		}
		parts = append(parts, mostWorthKnowing(d)...)
		if s := prose(strings.Join(parts, "; "), false); s != "" {
			line += "\\\n" + sentenceCase(s) + "."
		}
		if s := prose(dispute(k), false); s != "" {
			line += "\\\n" + sentenceCase(s) + "."
		}
		b.rows = append(b.rows, line+"\n")
	}
	if more := len(all) - len(shown); more > 0 {
		b.tail = fmt.Sprintf("\nand %d more: %s.\n", more, escapedWords(tallyOf(all[explainedCases:])))
	}
	return b
}

// titleLine is what a case is: its name, what it is in, and, if at is not empty, at which place.
func (v *view) titleLine(f *engine.Finding, at string) string {
	name := "**" + code(weakness(f), false) + "**"
	switch {
	case f.Package != nil:
		name += " in " + code(f.Package.Name, false)
		if len(f.Package.Versions) > 0 {
			name += " " + code(some(f.Package.Versions, 2), false)
		}
		if f.Kind == engine.KindVulnerability {
			if to := v.fixes.fixedIn(f); to != noFix {
				name += " → " + code(to, false)
			} else {
				name += " (no fix known)"
			}
		}
		if at != "" {
			name += " in " + code(at, false)
		}
	default:
		if s := code(subject(f), false); s != "" {
			name += " in " + s
		}
	}
	return name
}

// onAsset names the asset where there is more than one.
func (v *view) onAsset(k *engine.Case) string {
	if s := code(assetName(&k.Input.Asset), false); s != "" && v.onlyAsset == "" {
		return " on " + s
	}
	return ""
}

// consequences are what a case asks for: priority, due date, and what else must happen.
func (v *view) consequences(d *engine.Decision) []string {
	out := []string{priorityWord(d.Priority)}
	if s := due(d, v.r.Now); s != "" {
		out = append(out, s)
	}
	for _, o := range d.Obligations {
		out = append(out, prose(o, false))
	}
	return out
}

// priorityWord is a priority as Markdown: the star is no emphasis.
func priorityWord(p engine.Priority) string { return strings.ReplaceAll(string(p), "*", `\*`) }

func escapedWords(t tally) string { return strings.ReplaceAll(and(t.words()), "*", `\*`) }

// verdictBlock is the sentence that the text ends with. Where the heading and the cases have said it, only what they did not.
func (v *view) verdictBlock() *block {
	var out []string
	for _, s := range v.sentences() {
		if s != v.fixed() && (s != v.exposed() || len(v.toldWays()) == 0) { // it has a table, and paths are told
			out = append(out, prose(s, false))
		}
	}
	return &block{head: "\n" + strings.Join(out, "\\\n") + "\n"}
}

// todoBlock is the few things to do first.
func (v *view) todoBlock(o Options) *block {
	all := v.todo
	if len(all) == 0 {
		return nil
	}
	shown := all[:min(len(all), shownFixes)]
	b := &block{head: "\n| | do first | clears |\n| ---: | --- | --- |\n", noun: "fix"}
	paths := slices.ContainsFunc(shown, func(f *engine.Fix) bool { return cuts(f, v.r.Graph) != "" })
	if paths {
		b.head = "\n| | do first | clears | attack paths |\n| ---: | --- | --- | --- |\n"
	}
	for i, f := range shown {
		row := fmt.Sprintf("| %d | %s | %s |", i+1, todoOf(f).markdown(), strings.ReplaceAll(strings.Join(tallyIn(f.Clears).words(), ", "), "*", `\*`))
		if paths {
			row += " " + prose(cuts(f, v.r.Graph), true) + " |"
		}
		b.rows = append(b.rows, row+"\n")
	}
	if more := len(all) - len(b.rows); more > 0 {
		b.tail = fmt.Sprintf("\n%d more: %s\n", more, code(v.onRun(o, "plan"), false))
	}
	return b
}

// noteBlock is how far to trust the result.
func (v *view) noteBlock() *block {
	b := &block{noun: "note"}
	for i, n := range v.notes {
		row := "- **" + n.label + "** " + prose(n.text, false) + "\n"
		if i == 0 {
			row = "\n" + row
		}
		b.rows = append(b.rows, row)
	}
	return b
}

// details are folded tables: everything that concerns the reader, and everything else.
func (v *view) details() []*block {
	summary := fmt.Sprintf("All %d introduced by this change", len(v.urgent))
	if !v.known || slices.ContainsFunc(v.urgent, func(k *engine.Case) bool { return !isNew(k) }) {
		summary = "All " + count(len(v.urgent), "finding", "findings") + " of this run"
	}
	return []*block{v.fold(summary, v.urgent), v.fold(v.aside(), slices.Concat(v.existing, v.disclosed, v.exempted)), v.fixedFold()}
}

// fixedFold is a table of what the change fixed.
func (v *view) fixedFold() *block {
	if len(v.gone) == 0 {
		return nil
	}
	b := &block{
		noun: "row",
		head: fmt.Sprintf("\n<details><summary>%s: %d</summary>\n\n| weakness | where |\n| --- | --- |\n", v.fixedWord(), len(v.gone)),
		tail: "\n</details>\n",
	}
	for _, f := range v.gone {
		b.rows = append(b.rows, "| "+code(weakness(f), true)+" | "+code(subject(f), true)+" |\n")
	}
	return b
}

// fold is a table of cases that opens at a click.
func (v *view) fold(summary string, cases []*engine.Case) *block {
	if len(cases) == 0 {
		return nil
	}
	columns := v.columns(cases)
	head, rule := "|", "|"
	for _, col := range columns {
		head, rule = head+" "+col.name+" |", rule+" --- |"
	}
	b := &block{
		noun: "row",
		head: "\n<details><summary>" + strings.ReplaceAll(summary, "*", "&#42;") + "</summary>\n\n" + head + "\n" + rule + "\n",
		tail: "\n</details>\n",
	}
	for _, k := range cases {
		row := "|"
		for _, col := range columns {
			row += " " + col.cell(k) + " |"
		}
		b.rows = append(b.rows, row+"\n")
	}
	return b
}

// A tableColumn is one column of a table of cases. Its cells are Markdown.
type tableColumn struct {
	name string
	cell func(*engine.Case) string
}

// columns are those that say something of any of the cases.
func (v *view) columns(cases []*engine.Case) []tableColumn {
	all := []tableColumn{
		{"priority", func(k *engine.Case) string { return priorityWord(k.Decision.Priority) }},
		{"action", func(k *engine.Case) string { return action(&k.Decision) }},
		{"weakness", func(k *engine.Case) string { return code(weakness(&k.Input.Finding), true) }},
		{"where", func(k *engine.Case) string { return code(subject(&k.Input.Finding), true) }},
		{"fix", func(k *engine.Case) string {
			if s := v.fixes.fixedIn(&k.Input.Finding); s != noFix {
				return code(s, true)
			}
			return noFix
		}},
		{"asset", func(k *engine.Case) string {
			if v.onlyAsset != "" {
				return ""
			}
			return code(assetName(&k.Input.Asset), true)
		}},
		{"due", func(k *engine.Case) string { return v.day(&k.Decision).text }},
		{"because", func(k *engine.Case) string {
			if e := k.Decision.Exemption(); e != nil && let(&k.Decision) {
				return prose(sentence(e.Message), true)
			}
			return ""
		}},
		{"id", func(k *engine.Case) string { return code(v.ids[k.Input.Finding.ID], true) }},
	}
	return slices.DeleteFunc(all, func(col tableColumn) bool {
		return !slices.ContainsFunc(cases, func(k *engine.Case) bool { return col.cell(k) != "" })
	})
}

// footer is what the decision was made with.
func (v *view) footer(o Options) string {
	var parts []string
	add := func(label, value string) {
		if s := code(value, false); s != "" {
			parts = append(parts, label+s)
		}
	}
	r := v.r
	add("", short(r.Change.Head, 7))
	add("policy ", short(r.Policy.Digest, 7))
	if s := prose(r.Policy.Source, false); s != "" && len(parts) > 0 {
		parts[len(parts)-1] += " from " + s
	}
	for _, f := range []struct {
		name string
		info *engine.FeedInfo
	}{{"KEV", r.Intel.KEV}, {"EPSS", r.Intel.EPSS}, {"SSVC", r.Intel.SSVC}} {
		if f.info == nil {
			continue
		}
		s := f.name
		if version := code(f.info.Catalog+f.info.Model, false); version != "" {
			s += " " + version
		}
		if !f.info.Date.IsZero() {
			s += " of " + dated(f.info.Date, r.Now)
		}
		parts = append(parts, s)
	}
	switch n := len(r.Weakened); n {
	case 0:
		parts = append(parts, "nothing weakened")
	default:
		parts = append(parts, strconv.Itoa(n)+" weakened")
	}
	if next := v.next(o); next != "" {
		parts = append(parts, "why: "+code(next, false))
	}
	if accept := v.accept(o); accept != "" {
		parts = append(parts, "accept: "+code(accept, false))
	}
	return strings.Join(parts, " · ")
}
