package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

const (
	shownCases = 10 // cases that text and Markdown explain one by one
	whyLines   = 3  // lines of reasons for one case
)

// writeText writes for people: what blocks, why, what to do first, how far to trust it, and the verdict last, where the eye is when
// the command ends.
func writeText(w io.Writer, r *engine.Result, o Options) error {
	c, v := newCanvas(w, o), newView(r)
	if v.quiet(c) {
		return c.err
	}
	v.header(c)
	if len(r.Cases) > 0 {
		v.cases(c, o)
		v.writeWays(c)
		v.doFirst(c, o)
	}
	v.writeNotes(c)
	v.verdict(c, o)
	return c.err
}

// quiet writes the one line of a run that found nothing and has nothing to add, and says whether this is such a run.
func (v *view) quiet(c *canvas) bool {
	if len(v.r.Cases) > 0 || len(v.r.Fixed) > 0 || v.r.Outcome != engine.Pass || len(v.r.Gate.Reasons) > 0 || len(v.notes) > 0 {
		return false
	}
	rest := []span{{" · ", dim}, v.outcome(), {" · " + v.nothingFound(), dim}}
	room := c.width
	for _, s := range rest {
		room -= width(s.text)
	}
	c.line(append([]span{{cutMiddle(clean(v.subject()), max(room, 8)), bold}}, rest...)...)
	return true
}

// header says of what, the outcome, and how many.
func (v *view) header(c *canvas) {
	left := []span{text(v.subject(), bold), {" · ", dim}, v.outcome()}
	right := strings.Join(v.totals(), "   ")
	used := 0
	for _, s := range left {
		used += width(s.text)
	}
	if gap := min(c.width, readable) - used - width(right); gap >= 3 || right == "" {
		c.line(append(left, space(gap), span{right, dim})...)
		return
	}
	left[0] = span{cutMiddle(left[0].text, c.width-used+width(left[0].text)), bold}
	c.line(left...)
	c.paragraph(0, span{}, 0, strings.Join(v.totals(), ", "), dim)
}

// totals are the counts that the reader can check: what is new, what is not, what was exempted and fixed. Each case is in one of them.
func (v *view) totals() []string {
	n := map[engine.Status]int{}
	for i := range v.r.Cases {
		if k := &v.r.Cases[i]; !let(&k.Decision) {
			n[status(k)]++
		}
	}
	var out []string
	add := func(n int, word string) {
		if n > 0 {
			out = append(out, strconv.Itoa(n)+" "+word)
		}
	}
	if v.known {
		add(n[engine.StatusIntroduced], "new")
	} else if open := n[engine.StatusIntroduced] + n[""]; open > 0 {
		out = append(out, count(open, "finding", "findings"))
	}
	add(n[engine.StatusExisting], "existing")
	add(n[engine.StatusDisclosed], "disclosed")
	for _, g := range v.exemptions() {
		add(len(g.cases), g.name)
	}
	add(len(v.r.Fixed), "fixed")
	return out
}

func (v *view) outcome() span {
	switch {
	case v.r.Outcome == engine.Block:
		return span{"blocked", red}
	case v.heldBack():
		return span{"would be blocked (report only)", yellow}
	case v.r.Outcome == engine.Warn:
		return span{"pass with warnings", yellow}
	}
	return span{"pass", plain}
}

// cases writes what concerns the reader case by case, then one line for each group that was folded away.
func (v *view) cases(c *canvas, o Options) {
	shown, rest := v.shown()
	folded := v.aside()
	if o.All {
		shown = slices.Concat(v.urgent, v.existing, v.disclosed, v.exempted)
		rest, folded = nil, ""
	}
	if len(shown) > 0 {
		c.line()
		v.rows(c, shown)
	}
	if len(shown) == 0 && len(rest) == 0 || len(rest) == 0 && folded == "" {
		return // the verdict counts what is folded if there is nothing else
	}
	c.line()
	if len(rest) > 0 {
		s := strconv.Itoa(len(rest)) + v.more(len(shown) > 0) + allOf(tallyOf(rest), len(rest))
		c.paragraph(2, span{}, 0, s+" (all: -o table)", dim)
	}
	if folded != "" {
		c.paragraph(2, span{}, 0, folded, dim)
	}
}

// more is what cases that are not shown are called.
func (v *view) more(after bool) string {
	s := ""
	if after {
		s = " more"
	}
	if v.known {
		s += " new"
	}
	return s
}

// allOf words a tally of n cases after their number: ", all track" or ": 1 track*, 11 track".
func allOf(t tally, n int) string {
	for p, m := range t {
		if m == n && n > 1 {
			return ", all " + string(p)
		}
	}
	return ": " + strings.Join(t.words(), ", ")
}

// shown divides the urgent cases into those to explain and the rest: the first few, and of them those that ask for something.
func (v *view) shown() (shown, rest []*engine.Case) {
	n := 0
	for n < len(v.urgent) && n < shownCases && v.urgent[n].Decision.Action != engine.Pass {
		n++
	}
	return v.urgent[:n], v.urgent[n:]
}

// aside counts what the reader did not cause, worst first within each group. Exempted cases of the change itself are not
// called somebody else's.
func (v *view) aside() string {
	var parts []string
	for _, g := range append([]group{{"existing", v.existing}, {"newly disclosed", v.disclosed}}, v.exemptions()...) {
		if len(g.cases) == 0 {
			continue
		}
		s := strconv.Itoa(len(g.cases)) + " " + g.name
		if words := tallyOf(g.cases).words(); len(words) > 0 && g.cases[0].Decision.Priority != engine.Track {
			s += " (" + strings.Join(words, ", ") + ")"
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return ""
	}
	label := "Not from this change: "
	if v.owned() || slices.ContainsFunc(v.exempted, isNew) {
		label = "Besides: "
	}
	return label + strings.Join(parts, ", ")
}

// rows writes each case as one line of what, and lines of why below it. Where asset and date do not fit, they go below too.
func (v *view) rows(c *canvas, cases []*engine.Case) {
	g := &grid{gap: 2, columns: []column{{}, {min: 14, cut: cutMiddle}, {min: 36, cut: cutMiddle}, {min: 8, cut: cutMiddle}, {}}}
	var rows [][]span
	for _, k := range cases {
		f, d := &k.Input.Finding, &k.Decision
		asset := text(assetName(&k.Input.Asset), plain)
		if v.onlyAsset != "" {
			asset = span{}
		}
		rows = append(rows, []span{
			{pad(string(d.Priority), len("attend")), priorityStyle(d.Priority)},
			text(weakness(f), bold), text(v.what(f), plain), asset, v.due(d),
		})
	}
	g.measure(rows)
	below := g.least() > c.width-2
	if below {
		for _, row := range rows {
			row[3], row[4] = span{}, span{}
		}
	}
	g.fit(c.width-2, rows)
	places := apart(cases)
	for i, row := range rows {
		c.line(append([]span{space(2)}, g.row(row)...)...)
		v.reasons(c, cases[i], places[cases[i]], below)
	}
}

// what is the subject and, of a component, the version that fixes it.
func (v *view) what(f *engine.Finding) string {
	s := subject(f)
	switch to := v.fixes.fixedIn(f); to {
	case "":
		return s
	case noFix:
		return s + " (no fix known)"
	default:
		return s + " → " + to
	}
}

func (v *view) due(d *engine.Decision) span {
	s := text(v.dueOf(d), plain)
	if d.Overdue {
		s.style = red
	}
	return s
}

// reasons says why, wrapped and hanging under what, after asset and date if these are to stand below, and after the place if that is
// what tells the case from another. What does not fit in a few
// lines is left to explain.
func (v *view) reasons(c *canvas, k *engine.Case, at string, below bool) {
	var head, parts []string
	if below {
		if v.onlyAsset == "" {
			head = append(head, assetName(&k.Input.Asset))
		}
		if when := v.due(&k.Decision).text; when != "" {
			head = append(head, when)
		}
	}
	if h := headline(&k.Input.Finding); h != "" {
		parts = append(parts, h)
	}
	if at != "" {
		parts = append(parts, "in "+at)
	}
	parts = append(append(parts, why(&k.Decision)...), mostWorthKnowing(&k.Decision)...)
	if len(parts) > 0 {
		head = append(head, strings.Join(parts, "; "))
	}
	hang := 2 + len("attend") + 2
	room := min(c.width, readable) - hang
	lines := wrap(clean(strings.Join(head, " · ")), room)
	if len(lines) > whyLines {
		lines = lines[:whyLines]
		head, _ := split(lines[whyLines-1], room-2)
		lines[whyLines-1] = head + " …"
	}
	for _, l := range append(lines, wrap(clean(dispute(k)), room)...) {
		c.line(space(hang), span{l, dim})
	}
}

// doFirst names the next action: the few fixes that clear the most.
func (v *view) doFirst(c *canvas, o Options) {
	all := v.todo
	if len(all) == 0 {
		return
	}
	c.line()
	c.line(text("Do first", bold))
	g := &grid{gap: 2, columns: []column{{right: true}, {min: 20, cut: cutMiddle}, {}, {}}}
	var rows [][]span
	for i, f := range all[:min(len(all), shownFixes)] {
		rows = append(rows, []span{{strconv.Itoa(i + 1), dim}, text(todoOf(f).words(), plain), text(clears(f), dim), text(cuts(f, v.r.Graph), dim)})
	}
	below := !g.fits(min(c.width, 2*readable)-2, rows)
	for _, row := range rows {
		effect := []span{row[2]}
		if row[3].text != "" {
			effect = append(effect, span{", ", dim}, row[3])
		}
		if below {
			g.fit(c.width-2, [][]span{row[:2]})
			c.line(append([]span{space(2)}, g.row(row[:2])...)...)
			c.paragraph(5, span{}, 0, joined(effect), dim)
			continue
		}
		c.line(append([]span{space(2)}, g.row(row)...)...)
	}
	if more := len(all) - len(rows); more > 0 {
		c.command(2, fmt.Sprintf("%d more: %s", more, onRun(o.given(), "plan")))
	}
}

// joined is the text of spans.
func joined(spans []span) string {
	s := ""
	for _, one := range spans {
		s += one.text
	}
	return s
}

// pressing are the cases that fixes are named for: those that block, or, if none does, those that warn.
func (v *view) pressing() []*engine.Case {
	if list := with(v.urgent, engine.Block); len(list) > 0 {
		return list
	}
	return with(v.urgent, engine.Warn)
}

func clears(f *engine.Fix) string { return "clears " + strings.Join(tallyIn(f.Clears).words(), ", ") }

func (v *view) writeNotes(c *canvas) {
	notes := v.notes
	if len(notes) == 0 {
		return
	}
	c.line()
	for _, n := range notes {
		st := yellow
		if n.label == "not known" || n.label == "waivers" {
			st = dim
		}
		c.paragraph(0, text(n.label, st), len("incomplete")+2, n.text, plain)
	}
}
