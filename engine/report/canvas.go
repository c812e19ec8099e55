package report

import (
	"io"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A style is how a piece of text looks on a terminal with colour: SGR parameters, empty for plain. Light and dark backgrounds both
// show these; nothing is said by style alone.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	red    style = "1;31"
	yellow style = "33"
	cyan   style = "36"
)

func priorityStyle(p engine.Priority) style {
	switch p {
	case engine.Act:
		return red
	case engine.Attend:
		return yellow
	case engine.TrackStar:
		return cyan
	}
	return plain
}

// A span is a piece of text in one style. Its text is clean: spans are made by text only.
type span struct {
	text  string
	style style
}

// text makes a span of what may be hostile. It is the one way in which text gets onto a canvas.
func text(s string, st style) span { return span{clean(s), st} }

// A canvas takes lines of a terminal. The first error of the writer is kept and ends the writing.
type canvas struct {
	w     io.Writer
	width int
	color bool
	err   error
	buf   strings.Builder
}

func newCanvas(w io.Writer, o Options) *canvas {
	c := &canvas{w: w, width: o.Width, color: o.Color}
	if c.width == 0 {
		c.width = 80
	}
	c.width = max(c.width, narrowest)
	return c
}

// line writes spans one after the other, and ends the line. Spaces at the end of the line are left out. It is the one place where lines
// are written, so here nothing in them remains a command to the runner of a workflow.
func (c *canvas) line(spans ...span) {
	disarm(spans)
	c.buf.Reset()
	for len(spans) > 0 {
		last := &spans[len(spans)-1]
		if last.text = strings.TrimRight(last.text, " "); last.text != "" {
			break
		}
		spans = spans[:len(spans)-1]
	}
	for _, s := range spans {
		if c.color && s.style != plain && s.text != "" {
			// Padding stays outside the style, or underlined and coloured backgrounds of some themes would show it.
			word := strings.TrimRight(s.text, " ")
			c.buf.WriteString("\x1b[" + string(s.style) + "m" + word + "\x1b[0m" + s.text[len(word):])
		} else {
			c.buf.WriteString(s.text)
		}
	}
	c.buf.WriteByte('\n')
	if c.err == nil {
		_, c.err = io.WriteString(c.w, c.buf.String())
	}
}

// space is n columns of nothing.
func space(n int) span { return span{strings.Repeat(" ", max(n, 0)), plain} }

// paragraph writes text wrapped to the width, after a label of the first line and under it.
func (c *canvas) paragraph(indent int, label span, labelWidth int, s string, st style) {
	first := []span{space(indent), {pad(label.text, labelWidth), label.style}}
	// Lines longer than about 100 columns are hard to read back from.
	for i, l := range wrap(clean(s), min(c.width, readable)-indent-labelWidth) {
		if i > 0 {
			first = []span{space(indent + labelWidth)}
		}
		c.line(append(first, span{l, st})...)
	}
}

// command writes a command on one line, however long: of one that was broken a shell would run the first half.
func (c *canvas) command(indent int, line string) { c.line(space(indent), text(line, dim)) }

const (
	narrowest = 48  // the narrowest terminal that is laid out for
	readable  = 100 // the widest that prose gets
)

// A column is one column of a grid: how narrow it may get and how its text is cut.
type column struct {
	min   int                      // columns it keeps when the terminal is narrow
	cut   func(string, int) string // nil: never cut
	right bool                     // aligned to the right: numbers
	drop  int                      // the order in which columns are left out if even their least does not fit; 0 is never
}

// A grid lays rows out in aligned columns within a width. Columns are as wide as their widest text; where that does not fit, the
// widest that may be cut give way first.
type grid struct {
	columns []column
	gap     int
	widths  []int
}

// measure finds how wide each column wants to be, and all together with the gaps between them.
func (g *grid) measure(rows [][]span) (sum int) {
	g.widths = make([]int, len(g.columns))
	for _, row := range rows {
		for i, s := range row {
			g.widths[i] = max(g.widths[i], width(s.text))
		}
	}
	for _, w := range g.widths {
		if w > 0 {
			sum += w + g.gap
		}
	}
	return sum - g.gap
}

// fits says whether nothing needs to be cut on a line of total columns.
func (g *grid) fits(total int, rows [][]span) bool { return g.measure(rows) <= total }

// fit settles the widths for a line of total columns.
func (g *grid) fit(total int, rows [][]span) {
	sum := g.measure(rows)
	for order := 1; order <= len(g.columns) && g.least() > total; order++ {
		for i, col := range g.columns {
			if col.drop == order && g.widths[i] > 0 {
				sum -= g.widths[i] + g.gap
				g.widths[i] = 0
			}
		}
	}
	sum = g.shrink(sum, total, func(c column) int { return c.min })
	g.shrink(sum, total, func(column) int { return 3 })
}

// least is the narrowest that the columns can be without cutting below what can be read.
func (g *grid) least() int {
	sum := -g.gap
	for i, col := range g.columns {
		w := g.widths[i]
		if w == 0 {
			continue
		}
		if col.cut != nil {
			w = min(w, col.min)
		}
		sum += w + g.gap
	}
	return sum
}

// shrink takes from the widest column that may be cut, one at a time, until the sum of all fits or no column can give way.
func (g *grid) shrink(sum, total int, least func(column) int) int {
	for ; sum > total; sum-- {
		widest := -1
		for i, col := range g.columns {
			if col.cut != nil && g.widths[i] > least(col) && (widest < 0 || g.widths[i] > g.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		g.widths[widest]--
	}
	return sum
}

// row puts cells into their columns. Columns without any text take no room.
func (g *grid) row(cells []span) []span {
	var out []span
	for i, s := range cells {
		w := g.widths[i]
		if w == 0 {
			continue
		}
		if g.columns[i].cut != nil {
			s.text = g.columns[i].cut(s.text, w)
		}
		if len(out) > 0 {
			out = append(out, space(g.gap))
		}
		if g.columns[i].right {
			out = append(out, space(w-width(s.text)), s)
		} else {
			s.text = pad(s.text, w)
			out = append(out, s)
		}
	}
	return out
}
