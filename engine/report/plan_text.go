package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// shownNoFix is how many things without a fix are named.
const shownNoFix = 5

// writePlanText writes a plan for people: what the first few fixes come to, then each with what it clears and how to make it.
func writePlanText(w io.Writer, p *Plan, o Options) error {
	c, v := newCanvas(w, o), newView(p.Result)
	v.header(c)
	p.writeWhatIf(c, v)
	c.line()
	c.paragraph(0, span{}, 0, p.headline(), bold)
	v.writeFixes(c, p)
	v.writeNoFix(c)
	open := sum(openCases(p.Result))
	if n := len(p.Result.Cases) - open; n > 0 {
		c.line()
		c.paragraph(0, span{}, 0, count(n, "case is", "cases are")+" not planned for: waived, or not affected or fixed by VEX.", dim)
	}
	return c.err
}

// writeWhatIf says what came of the fixes that were thought made.
func (p *Plan) writeWhatIf(c *canvas, v *view) {
	x := p.WhatIf
	if x == nil {
		return
	}
	const label = len("outcome") + 2
	c.line()
	c.line(text("What if", bold))
	for _, m := range x.Made {
		c.paragraph(2, text("made", dim), label, m.words(), plain)
	}
	before, after := openCases(x.Before), openCases(p.Result)
	was := newView(x.Before).outcome().text
	c.paragraph(2, text("outcome", dim), label, v.outcome().text+" (as it is: "+was+")", plain)
	none := func(t tally) string {
		if len(t.words()) == 0 {
			return "nothing"
		}
		return strings.Join(t.words(), ", ")
	}
	c.paragraph(2, text("open", dim), label, none(tallyIn(after))+" (as it is: "+none(tallyIn(before))+")", plain)
	if was, is := x.Before.Graph, p.Result.Graph; was != nil && is != nil && was.Paths > 0 {
		c.paragraph(2, text("paths", dim), label, fmt.Sprintf("%d of %d attack %s left", is.Paths, was.Paths, plural(was.Paths, "path is", "paths are")), plain)
	}
}

// writeFixes lists fixes, best first.
func (v *view) writeFixes(c *canvas, p *Plan) {
	shown := p.shown()
	if len(shown) == 0 {
		return
	}
	c.line()
	ids := fixIDs(p.Result)
	g := &grid{gap: 2, columns: []column{{right: true}, {min: 40, cut: cutMiddle}, {}, {drop: 2}, {right: true, drop: 1}}}
	var rows [][]span
	for i := range shown {
		f := &shown[i]
		so := ""
		if f.Cumulative > 0 {
			so = percent(f.Cumulative)
		}
		rows = append(rows, []span{{strconv.Itoa(i + 1), dim}, text(todoOf(f).words(), plain), text(strings.Join(tallyIn(f.Clears).words(), ", "), plain),
			text(string(f.Effort), dim), {so, dim}})
	}
	head := []span{{}, {"fix", dim}, {"clears", dim}, {"effort", dim}, {"so far", dim}}
	if !slices.ContainsFunc(rows, func(r []span) bool { return r[4].text != "" }) {
		head[4] = span{}
	}
	g.fit(min(c.width, readable+20)-2, append([][]span{head}, rows...))
	c.line(append([]span{space(2)}, g.row(head)...)...)
	hang := 2 + g.widths[0] + 2
	for i, row := range rows {
		f := &shown[i]
		c.line(append([]span{space(2)}, g.row(row)...)...)
		if s := cuts(f, v.r.Graph); s != "" {
			c.paragraph(hang, span{}, 0, s, plain)
		}
		c.paragraph(hang, span{}, 0, v.fixFacts(f, ids[f.ID]), dim)
		for _, h := range f.How {
			c.paragraph(hang, span{}, 0, h, cyan)
		}
	}
	if more := len(p.Result.Plan) - len(shown); more > 0 {
		c.paragraph(2, span{}, 0, fmt.Sprintf("%d more (all: -n 0)", more), dim)
	}
}

// writeNoFix lists what no known fix clears, and what to do instead.
func (v *view) writeNoFix(c *canvas) {
	all := v.r.NoFix
	if len(all) == 0 {
		return
	}
	c.line()
	n := unfixed(v.r)
	total := 0
	for _, k := range n {
		total += k
	}
	c.paragraph(0, span{}, 0, "No fix known: "+count(total, "case", "cases")+" ("+strings.Join(n.words(), ", ")+")", bold)
	shown := all[:min(len(all), shownNoFix)]
	said := ""
	for i := range shown {
		f := &shown[i]
		c.paragraph(2, span{}, 0, noFixWords(f)+" · "+strings.Join(tallyIn(f.Cases).words(), ", ")+" · "+f.Why, plain)
		if f.Instead != said {
			c.paragraph(4, span{}, 0, f.Instead, dim)
			said = f.Instead
		}
	}
	if more := len(all) - len(shown); more > 0 {
		c.paragraph(2, span{}, 0, fmt.Sprintf("%d more (all: -o json)", more), dim)
	}
}

// writePlanMarkdown writes a plan as a table.
func writePlanMarkdown(w io.Writer, p *Plan, o Options) error {
	v := newView(p.Result)
	budget := o.MaxBytes
	if budget <= 0 {
		budget = DefaultMaxBytes
	}
	head := "### " + prose("Plan · "+strings.TrimSuffix(p.headline(), "."), false) + "\n"
	if x := p.WhatIf; x != nil {
		head += "\n"
		for _, m := range x.Made {
			head += "As if made: " + code(m.words(), false) + "\\\n"
		}
		head += "The run would be " + prose(v.outcome().text, false) + "; as it is: " + prose(newView(x.Before).outcome().text, false) + ".\n"
	}
	blocks := []*block{{head: head}}
	shown := p.shown()
	if len(shown) > 0 {
		b := &block{noun: "fix", head: "\n| | fix | clears | so far | effort | attack paths | due | id |\n| ---: | --- | --- | ---: | --- | --- | --- | --- |\n"}
		ids := fixIDs(p.Result)
		for i := range shown {
			f := &shown[i]
			when := ""
			if !f.Due.IsZero() {
				when = dated(f.Due, v.r.Now)
			}
			b.rows = append(b.rows, fmt.Sprintf("| %d | %s | %s | %s | %s | %s | %s | %s |\n", i+1, todoOf(f).markdown(true),
				strings.ReplaceAll(strings.Join(tallyIn(f.Clears).words(), ", "), "*", `\*`), percent(f.Cumulative), f.Effort,
				prose(cuts(f, v.r.Graph), true), when, code(ids[f.ID], true)))
		}
		if more := len(p.Result.Plan) - len(shown); more > 0 {
			b.tail = fmt.Sprintf("\n%d more.\n", more)
		}
		blocks = append(blocks, b)
	}
	if n := v.r.NoFix; len(n) > 0 {
		b := &block{noun: "row", head: "\n**No fix known**\n\n| where | cases | why | instead |\n| --- | --- | --- | --- |\n"}
		for i := range n {
			b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %s |\n", code(noFixWords(&n[i]), true),
				strings.ReplaceAll(strings.Join(tallyIn(n[i].Cases).words(), ", "), "*", `\*`), prose(n[i].Why, true), prose(n[i].Instead, true)))
		}
		blocks = append(blocks, b)
	}
	_, err := io.WriteString(w, assemble(blocks, budget, inBytes))
	return err
}
