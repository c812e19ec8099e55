package report

import (
	"io"
	"slices"

	"github.com/headgate/headgate/engine"
)

// writeTable writes one line for every case, worst first, whoever caused it. A column without any text is left out, and so are, on
// narrow terminals, those that can best be done without.
func writeTable(w io.Writer, r *engine.Result, o Options) error {
	c, v := newCanvas(w, o), newView(r)
	if len(r.Cases) == 0 {
		return writeText(w, r, o)
	}
	cases := make([]*engine.Case, len(r.Cases))
	for i := range r.Cases {
		cases[i] = &r.Cases[i]
	}
	slices.SortStableFunc(cases, worseFirst)

	g := &grid{gap: 2, columns: []column{
		{}, {drop: 4}, {}, {min: 14, cut: cutMiddle}, {min: 16, cut: cutMiddle}, {min: 6, cut: cutEnd, drop: 2}, {min: 8, cut: cutMiddle, drop: 5},
		{drop: 1}, {drop: 3},
	}}
	head := []span{}
	for _, h := range []string{"priority", "action", "id", "weakness", "where", "fix", "asset", "status", "due"} {
		head = append(head, text(h, dim))
	}
	rows := [][]span{head}
	for _, k := range cases {
		f, d := &k.Input.Finding, &k.Decision
		rows = append(rows, []span{
			{string(d.Priority), priorityStyle(d.Priority)}, text(action(d), plain), text(v.ids[f.ID], dim),
			text(weakness(f), plain), text(subject(f), plain), text(v.fixes.fixedIn(f), plain), text(assetName(&k.Input.Asset), plain),
			text(string(status(k)), dim), v.day(d),
		})
	}
	for i, h := range head { // a head alone is no reason for a column
		if !slices.ContainsFunc(rows[1:], func(row []span) bool { return row[i].text != "" }) {
			h.text = ""
		}
		head[i] = h
	}
	if v.onlyAsset != "" && !g.fits(c.width, rows) {
		for _, row := range rows {
			row[columnAsset] = span{}
		}
	}
	g.fit(c.width, rows)
	for _, row := range rows {
		c.line(g.row(row)...)
	}
	v.writeNotes(c)
	v.verdict(c, o)
	return c.err
}

const columnAsset = 6 // it can go first where all cases are on one

// action is the action, and whether an exemption made it, or report-only held it back.
func action(d *engine.Decision) string {
	switch {
	case d.HeldBack():
		return "would " + string(*d.WouldHave)
	case let(d):
		return exempted(d)
	case lowered(d):
		return string(d.Action) + " (" + exempted(d) + ")"
	}
	return string(d.Action)
}

// day is the due date alone.
func (v *view) day(d *engine.Decision) span {
	if d.Due.IsZero() {
		return span{}
	}
	s := text(dated(d.Due, v.r.Now), plain)
	if d.Overdue {
		s = text(s.text+", overdue", red)
	}
	return s
}
