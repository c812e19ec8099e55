package page

import (
	"math"
	"strings"

	"github.com/headgate/headgate/engine/kpi"
)

// A gate is how the gate itself does on changes: what leadership asks before it is made to block.
type gate struct {
	Tiles  []tile
	Charts []chart
}

// gateOrder are the figures of the gate, those of them that are known.
var gateOrder = []string{"gate.runs", "gate.block_rate", "gate.override_rate", "gate.unblock", "gate.latency", "gate.latency_p95"}

// gateOf is nil where no change was judged.
func gateOf(r *kpi.Report) *gate {
	if runs := r.Find("gate.runs", ""); runs == nil || runs.Value == nil || *runs.Value == 0 {
		return nil
	}
	g := &gate{}
	for _, id := range gateOrder {
		if f := r.Find(id, ""); f != nil && f.Value != nil {
			g.Tiles = append(g.Tiles, tileOf(f))
		}
	}
	for _, c := range []*chart{
		sideBySide(r, "week-changes", "Changes judged and blocked", "gate.block_rate", [2]string{"changes", "blocked"}, [2]string{"judged", "blocked"}),
		sideBySide(r, "week-latency", "Gate latency", "gate.latency", [2]string{"latency_p95", "latency"}, [2]string{"95 of 100 took at most", "half took at most"}),
	} {
		if c != nil {
			g.Charts = append(g.Charts, *c)
		}
	}
	return g
}

// sideBySide draws two series of one unit by week; nil if either is not known of two weeks one after the other.
func sideBySide(r *kpi.Report, id, title, figure string, of, names [2]string) *chart {
	above, below := seriesOf(r, of[0]), seriesOf(r, of[1])
	if above == nil || below == nil || len(above.Points) != len(below.Points) {
		return nil
	}
	ups, downs := valuesOf(above), valuesOf(below)
	most := 0.0
	for _, v := range append(ups, downs...) {
		if v != nil {
			most = math.Max(most, *v)
		}
	}
	scale := upTo(most, above.Unit != kpi.UnitSeconds)
	end := scale[len(scale)-1]
	c := &chart{ID: id, Title: title, Tall: true, Up: upTicks(scale, plain), Across: weekTicks(timesOf(above)),
		Lines: []line{{Class: "was", Path: polyline(ups, end)}, {Class: "now", Path: polyline(downs, end)}},
		Key:   []key{{"was", names[0]}, {"now", names[1]}},
		Table: &numbers{Head: []string{"week to", names[0], names[1]}}}
	for _, l := range c.Lines {
		if !strings.Contains(l.Path, "L") {
			return nil
		}
	}
	c.Sub = sentence(above.Unit + " by week")
	c.Says = title + ": " + names[0] + ", and " + names[1] + ". " + c.Sub
	if f := r.Find(figure, ""); f != nil {
		c.Definition, c.Bias = f.Definition, f.Bias
	}
	for i := range ups {
		row := []string{above.Points[i].At.UTC().Format("2 Jan 2006")}
		for _, v := range []*float64{ups[i], downs[i]} {
			if v == nil {
				row = append(row, "not known")
			} else {
				row = append(row, plain(*v))
			}
		}
		c.Table.Rows = append(c.Table.Rows, row)
	}
	return c
}

// plain is a number with no more digits after the point than it needs, and no more than two.
func plain(v float64) string {
	s := number(v, 2)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
