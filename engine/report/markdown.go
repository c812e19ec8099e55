package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// explainedCases is how many cases Markdown explains one by one: a comment is read in seconds.
const (
	explainedCases   = 5
	explainedBriefly = 3 // where the document must be short
)

// A block is a part of a Markdown document that can be shortened by whole rows.
type block struct {
	head  string   // always written, with what must follow it for the rows to be read as such
	rows  []string // as many as fit
	tail  string   // always written
	noun  string   // of rows, for saying how many were left out
	most  int      // rows to write at most; 0: as many as fit
	taken int
}

// writeMarkdown writes the document that any code host takes as a comment.
func writeMarkdown(w io.Writer, r *engine.Result, o Options) error {
	budget := o.MaxBytes
	if budget <= 0 {
		budget = DefaultMaxBytes
	}
	v := newView(r)
	_, err := io.WriteString(w, v.markdown(&page{args: o.Args, most: budget, size: inBytes}))
	return err
}

// A page is what a Markdown document about a result is for, and what it says beyond the result.
type page struct {
	args     []string         // what the run was given, for the commands that are named next
	most     int              // how long it may get, as size measures
	size     func(string) int // inBytes or inCharacters
	rows     int              // most rows of one folded table; 0: as many as fit
	brief    bool             // no folds and no picture
	head     string           // the pull request's newest commit; empty: not known
	run      string           // page of the run; empty: none
	read     bool             // list what was read
	resolved bool             // there is nothing to report: the document replaces one that had something
	feedback []engine.Effect
}

func inBytes(s string) int { return len(s) }

// markdown is the whole document: the verdict, what blocks and why, what to do first; the rest folded.
func (v *view) markdown(p *page) string {
	if p.resolved {
		return assemble([]*block{{head: "### Headgate · resolved\n\n" + SentenceCase(v.nothingFound()) + ".\n" + v.footer(p)}}, p.most, p.size)
	}
	blocks := []*block{{head: "### Headgate · " + v.heading() + "\n" + v.movedOn(p)}}
	blocks = append(blocks, v.weakenedBlock(), v.explained(p), v.waysBlock(), v.verdictBlock(), v.gateBlock(), v.todoBlock(p), v.proposedBlock(), v.noteBlock(p))
	if !p.brief {
		blocks = append(append(blocks, v.details(p)...), v.pictureBlock(p))
	}
	blocks = append(blocks, p.feedbackBlock(), &block{head: v.nextBlock(p) + v.footer(p)})
	return assemble(blocks, p.most, p.size)
}

// assemble takes what must be written, then rows from the first block on for as long as there is room.
func assemble(blocks []*block, budget int, size func(string) int) string {
	const leftOut = 80 // that saying what was left out may take
	used := 0
	for _, b := range blocks {
		if b == nil {
			continue
		}
		used += size(b.head) + size(b.tail)
		if len(b.rows) > 0 {
			used += leftOut
		}
	}
	for _, b := range blocks {
		if b == nil {
			continue
		}
		for b.taken < len(b.rows) && (b.most == 0 || b.taken < b.most) && used+size(b.rows[b.taken]) <= budget {
			used += size(b.rows[b.taken])
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
		switch n := len(with(v.urgent, engine.Warn)); {
		case n > 0:
			return fmt.Sprintf("pass with %s", count(n, "warning", "warnings"))
		case len(v.r.Gate.Reasons) > 0:
			return "pass with warnings"
		}
		n := len(with(v.existing, engine.Warn)) + len(with(v.disclosed, engine.Warn))
		return fmt.Sprintf("pass with %s from before", count(n, "warning", "warnings"))
	}
	return "pass"
}

// explained is the worst cases one by one: what, and why in a sentence.
func (v *view) explained(p *page) *block {
	b := &block{noun: "case"}
	all := v.pressing()
	n := explainedCases
	if p.brief {
		n = explainedBriefly
	}
	shown := all[:min(len(all), n)]
	for _, k := range shown {
		f, d := &k.Input.Finding, &k.Decision
		line := "\n" + v.titleLine(f) + v.onAsset(k) + " · " + strings.Join(v.consequences(d), ", ")
		parts := append(why(d), mostWorthKnowing(d)...)
		if s := prose(introduce(f, parts), false); s != "" {
			line += "\\\n" + s + "."
		}
		if s := v.whereAndHow(f); s != "" {
			line += "\\\n" + s
		}
		if s := prose(dispute(k), false); s != "" {
			line += "\\\n" + SentenceCase(s) + "."
		}
		b.rows = append(b.rows, line+"\n")
	}
	if more := len(all) - len(shown); more > 0 {
		b.tail = fmt.Sprintf("\nand %d more: %s.\n", more, escapedWords(tallyOf(all[n:])))
	}
	return b
}

// whereAndHow is the file that a component is named in and the command that upgrades it there, in which order a developer asks for them.
// Of anything else the title names the place, and the fixes what to do.
func (v *view) whereAndHow(f *engine.Finding) string {
	if f.Package == nil {
		return ""
	}
	var parts []string
	if s := code(place(f), false); s != "" {
		parts = append(parts, "In "+s)
	}
	if fix := v.fixes.fix[f.ID]; fix != nil && fix.Fix == engine.FixUpgrade && len(fix.How) > 0 {
		parts = append(parts, "fix: "+code(fix.How[0], false))
	}
	return strings.Join(parts, " · ")
}

// titleLine is what a case is: its name and what it is in.
func (v *view) titleLine(f *engine.Finding) string {
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

// consequences are what a case asks for: priority, due date, and what else must happen. What holds up a change has no time until then.
func (v *view) consequences(d *engine.Decision) []string {
	out := []string{priorityWord(d.Priority)}
	if s := v.dueOf(d); s != "" {
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
	said := v.sentences()
	for i, s := range said[:len(said)-len(v.r.Gate.Reasons)] {
		if i == 0 && v.saysAll() {
			continue
		}
		if s != v.fixed() && (s != v.exposed() || len(v.toldWays()) == 0) { // it has a table, and paths are told
			out = append(out, prose(s, false))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return &block{head: "\n" + strings.Join(out, "\\\n") + "\n"}
}

// saysAll says that heading and title say all that there is to do: the change brings one thing that holds it up, and an upgrade clears that.
func (v *view) saysAll() bool {
	blocking := with(v.urgent, engine.Block)
	if v.r.Outcome != engine.Block || !v.known || len(blocking) != 1 || !isNew(blocking[0]) || len(v.todo) > 1 || slices.ContainsFunc(v.urgent, selfSuppressed) {
		return false
	}
	f := &blocking[0].Input.Finding
	return f.Package != nil && (len(v.todo) == 0 || v.todo[0].Fix == engine.FixUpgrade && cuts(v.todo[0], v.r.Graph) == "")
}

// gateBlock is what is wrong with the run as a whole.
func (v *view) gateBlock() *block {
	b := &block{noun: "reason"}
	said := v.sentences()
	for _, s := range said[len(said)-len(v.r.Gate.Reasons):] {
		b.rows = append(b.rows, "\n"+prose(s, false)+"\n")
	}
	return b
}

// todoBlock is the few things to do first.
func (v *view) todoBlock(p *page) *block {
	all := v.todo
	if len(all) == 0 || v.saysAll() {
		return nil
	}
	shown := all[:min(len(all), shownFixes)]
	b := &block{head: "\n| | do first | clears |\n| ---: | --- | --- |\n", noun: "fix"}
	paths := slices.ContainsFunc(shown, func(f *engine.Fix) bool { return cuts(f, v.r.Graph) != "" })
	if paths {
		b.head = "\n| | do first | clears | attack paths |\n| ---: | --- | --- | --- |\n"
	}
	for i, f := range shown {
		row := fmt.Sprintf("| %d | %s | %s |", i+1, todoOf(f).markdown(true), strings.ReplaceAll(strings.Join(tallyIn(f.Clears).words(), ", "), "*", `\*`))
		if paths {
			row += " " + prose(cuts(f, v.r.Graph), true) + " |"
		}
		b.rows = append(b.rows, row+"\n")
	}
	if more := len(all) - len(b.rows); more > 0 {
		b.tail = fmt.Sprintf("\n%d more: %s\n", more, code(onRun(p.args, "plan"), false))
	}
	return b
}

// noteBlock is how far to trust the result. What is not known a job summary says in full, for who keeps the settings; others in short.
func (v *view) noteBlock(p *page) *block {
	b := &block{noun: "note"}
	for _, n := range v.notes {
		if n.label != "weakened" && n.label != "proposed" && (n.label != "not known" || p.read) { // they have blocks of their own
			b.rows = append(b.rows, "- **"+first(prose(n.label, false), "note")+"** "+prose(n.text, false)+"\n")
		}
	}
	return b.list()
}

// list puts an empty line before rows that are items of a list.
func (b *block) list() *block {
	if len(b.rows) > 0 {
		b.head += "\n"
	}
	return b
}

// shownWeakened is how many things that loosen the gate are named one by one.
const shownWeakened = 10

// weakenedBlock names, where everyone sees it, whatever loosens the gate: a verdict is not to be read without it.
func (v *view) weakenedBlock() *block {
	b := &block{noun: "weakening", most: shownWeakened}
	for _, w := range v.r.Weakened {
		label := "weakened"
		if engine.OnlyTouched(w) {
			label, w = "look", w+": have a look whether that is meant"
		}
		if s := prose(w, false); s != "" {
			b.rows = append(b.rows, "- **"+label+"** "+s+"\n")
		}
	}
	return b.list()
}

// movedOn says that the result is not for the pull request's newest commit.
func (v *view) movedOn(p *page) string {
	head := v.r.Change.Head
	if p.head == "" || head == "" || p.head == head {
		return ""
	}
	return "\n**This result is for " + code(short(head, 7), false) + "; the pull request has moved on to " + code(short(p.head, 7), false) + ".**\n"
}

// developerPage says in order what a developer does about a comment: read it, fix it or have a risk accepted, and with which commands.
const developerPage = "https://github.com/headgate/headgate/blob/main/docs/action.md#what-a-developer-does"

// nextBlock is where to go on from here. A command would not do: who reads this has neither the program nor the reports at hand.
func (v *view) nextBlock(p *page) string {
	var lines []string
	if !p.read {
		lines = v.assumptions()
	}
	if worst := v.worst(); worst != nil {
		what := "What to do about it, and why it is so"
		if v.accept(p.args) != "" {
			what = "What to do about it, why it is so, and how a risk is accepted"
		}
		lines = append(lines, "["+what+"]("+developerPage+") · id "+code(v.ids[worst.Input.Finding.ID], false))
	}
	if len(lines) == 0 {
		return ""
	}
	return "\n<sub>" + strings.Join(lines, "\\\n") + "</sub>\n"
}

// assumptions say in short what was taken for granted about the cases that press, and which threat data could make a case more urgent that
// does not block.
func (v *view) assumptions() (out []string) {
	var taken []string
	for _, f := range facts {
		for _, k := range v.pressing() {
			if value, ok := assumption(&k.Decision, f.path); ok {
				if s := prose(f.label+" "+value, false); !slices.Contains(taken, s) {
					taken = append(taken, s)
				}
			}
		}
	}
	if len(taken) > 0 {
		out = append(out, "Assumed, as nobody has said otherwise: "+strings.Join(taken, ", ")+".")
	}
	if missing := slices.DeleteFunc(v.missingFeeds(), func(name string) bool { return !v.couldRise(name) }); len(missing) > 0 {
		out = append(out, "Not loaded: "+and(missing)+", which could make something here more urgent.")
	}
	return out
}

// couldRise says whether threat data that is not loaded could make a case more urgent that concerns the reader and does not block.
func (v *view) couldRise(name string) bool {
	return slices.ContainsFunc(v.urgent, func(k *engine.Case) bool {
		return stated(&k.Decision) != engine.Block && slices.ContainsFunc(k.Decision.Pivots, func(p engine.Pivot) bool {
			return feed(p.Fact) == name && slices.ContainsFunc(slices.Collect(maps.Values(p.Outcomes)), func(to engine.Priority) bool {
				return to.Rank() > k.Decision.Priority.Rank()
			})
		})
	})
}

// footer is what the decision was made with, and for which commit.
func (v *view) footer(p *page) string {
	var parts []string
	add := func(label, value string) {
		if s := code(value, false); s != "" {
			parts = append(parts, label+s)
		}
	}
	r := v.r
	add("for ", short(r.Change.Head, 7))
	add("policy ", short(r.Policy.Digest, 7))
	source, _, _ := strings.Cut(r.Policy.Source, " (") // the rest says of which commit
	if s := prose(source, false); s != "" && len(parts) > 0 {
		parts[len(parts)-1] += " from " + s
	}
	for _, f := range []struct {
		name string
		info *engine.FeedInfo
	}{{"KEV", r.Intel.KEV}, {"EPSS", r.Intel.EPSS}, {"SSVC", r.Intel.SSVC}, {"EUVD", r.Intel.EUVD}, {"VulnCheck KEV", r.Intel.VulnCheck}} {
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
	if len(r.Weakened) == 0 && r.Proposed == nil {
		parts = append(parts, "nothing weakened")
	}
	if p.run != "" {
		parts = append(parts, "[run]("+p.run+")")
	}
	return "\n<sub>" + strings.Join(parts, " · ") + "</sub>\n"
}
