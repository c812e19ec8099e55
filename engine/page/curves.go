package page

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine/kpi"
)

// mostPoints bounds the rows of the table below a curve.
const mostPoints = 24

// survival draws how long cases stay open, a chart for each priority that has a curve, the most urgent first. It says in a line which have
// none, and why. All together are drawn only where no priority has a curve of its own. Where there is no curve at all there is nothing to say
// that is not said of the half-life.
func survival(r *kpi.Report) (charts []chart, without []string) {
	definition, bias := "", ""
	if f := r.Find("exposure.half_life", ""); f != nil {
		definition, bias = f.Definition, f.Bias
	}
	each := slices.ContainsFunc(r.Survival, func(c kpi.Curve) bool { return c.Priority != "" && len(c.Steps) > 0 })
	names := map[string][]string{} // of those without a curve, by why
	var whys []string
	for i := range r.Survival {
		c := &r.Survival[i]
		if c.Period != kpi.OfWindow || c.Priority == "" && each {
			continue
		}
		if c.Absent != "" || len(c.Steps) == 0 {
			why := cmp.Or(c.Absent, "none was closed")
			if names[why] == nil {
				whys = append(whys, why)
			}
			names[why] = append(names[why], curveName(c))
			continue
		}
		var was *kpi.Curve
		for k := range r.Survival {
			if o := &r.Survival[k]; o.Period == kpi.OfPrevious && o.Priority == c.Priority && len(o.Steps) > 0 {
				was = o
			}
		}
		charts = append(charts, survivalChart(c, was, definition, bias))
	}
	if len(charts) == 0 {
		return nil, nil
	}
	for _, why := range whys {
		without = append(without, sentence(strings.Join(names[why], ", ")+": "+why))
	}
	return charts, without
}

func curveName(c *kpi.Curve) string {
	if c.Priority == "" {
		return "act and attend"
	}
	return string(c.Priority)
}

func survivalChart(c, was *kpi.Curve, definition, bias string) chart {
	name := curveName(c)
	end := float64(c.Steps[len(c.Steps)-1].Days)
	if was != nil {
		end = math.Max(end, float64(was.Steps[len(was.Steps)-1].Days))
	}
	if c.Due != nil {
		end = math.Max(end, *c.Due*1.25)
	}
	end = math.Max(1, math.Ceil(end*1.04))
	out := chart{
		ID: "open-" + strings.NewReplacer("*", "-star", " ", "-").Replace(name), Title: name, Definition: definition, Bias: bias,
		Up:     upTicks([]float64{0, .5, 1}, func(v float64) string { return percentage(v) + " %" }),
		Across: dayTicks(end),
	}
	var says []string
	if c.HalfLife != nil {
		says = append(says, "half closed within "+told(*c.HalfLife, kpi.UnitDays))
		if was != nil && was.HalfLife != nil {
			says[0] += ", " + told(*was.HalfLife, kpi.UnitDays) + " before"
		}
	} else {
		says = append(says, "more than half stay open")
	}
	if c.AtDue != nil && c.Due != nil {
		says = append(says, percentage(c.AtDue.Share)+" % still open after the "+told(*c.Due, kpi.UnitDays)+" they are allowed")
	}
	says = append(says, fmt.Sprintf("%s of %s closed", number(float64(c.Closed), 0), count(c.N, "case", "cases")))
	out.Sub = sentence(strings.Join(says, "; "))
	out.Says = "Share of " + name + " cases still open by days since they were first seen. " + out.Sub
	if was != nil {
		path, _ := steps(was, end)
		out.Lines = append(out.Lines, line{Class: "was", Path: path})
	}
	path, band := steps(c, end)
	out.Lines = append(out.Lines, line{Class: "now", Path: path, Band: band})
	if c.Due != nil {
		l := limit{At: percent(place(*c.Due, end)), Text: "due after " + told(*c.Due, kpi.UnitDays), Anchor: "start"}
		if place(*c.Due, end) > side/2 {
			l.Anchor = "end"
		}
		out.Limits = append(out.Limits, l)
	}
	out.Table = curveTable(c, was)
	return out
}

// steps are a curve as a path that goes down in steps, and the band around it.
func steps(c *kpi.Curve, end float64) (path, band string) {
	var p, high strings.Builder
	var low []string
	p.WriteString("M" + xy(0, side))
	high.WriteString("M" + xy(0, side))
	low = append(low, "L"+xy(0, side))
	at, share, top, bottom := 0.0, 1.0, 1.0, 1.0
	for _, s := range c.Steps {
		at = float64(s.Days)
		x := place(at, end)
		p.WriteString("L" + xy(x, place(share, 1)) + "L" + xy(x, place(s.Share, 1)))
		high.WriteString("L" + xy(x, place(top, 1)) + "L" + xy(x, place(s.High, 1)))
		low = append(low, "L"+xy(x, place(bottom, 1)), "L"+xy(x, place(s.Low, 1)))
		share, top, bottom = s.Share, s.High, s.Low
	}
	for i := len(low) - 1; i >= 0; i-- {
		high.WriteString(low[i])
	}
	return p.String(), high.String() + "Z"
}

// curveTable is a curve in numbers: some of its days where there are many.
func curveTable(c, was *kpi.Curve) *numbers {
	t := &numbers{Head: []string{"days", "still open", "95 % between", "watched"}}
	if was != nil {
		t.Head = append(t.Head, "before")
	}
	step := (len(c.Steps) + mostPoints - 1) / mostPoints
	for i := range c.Steps {
		if i%step != 0 && i != len(c.Steps)-1 {
			continue
		}
		s := &c.Steps[i]
		row := []string{number(float64(s.Days), 0), percentage(s.Share) + " %", percentage(s.Low) + " and " + percentage(s.High) + " %", number(float64(s.AtRisk), 0)}
		if was != nil {
			row = append(row, shareAt(was, s.Days))
		}
		t.Rows = append(t.Rows, row)
	}
	if step > 1 {
		t.Note = "Some of " + count(len(c.Steps), "day", "days") + "."
	}
	return t
}

// shareAt is what is still open after so many days. Past the last day that a curve knows of, nobody knows.
func shareAt(c *kpi.Curve, days int) string {
	share := 1.0
	for i, s := range c.Steps {
		if s.Days > days {
			break
		}
		if share = s.Share; i == len(c.Steps)-1 && s.Days < days {
			return ""
		}
	}
	return percentage(share) + " %"
}

// burnUp draws what was opened and what was closed since the beginning of both periods, or of the log. Between the lines lies what the backlog
// changed by; since the beginning of the log that is all that is open.
func burnUp(r *kpi.Report) *chart {
	opened, closed := seriesOf(r, "opened"), seriesOf(r, "closed")
	if opened == nil || closed == nil || len(opened.Points) < 2 || len(opened.Points) != len(closed.Points) {
		return nil
	}
	ups, downs := running(opened), running(closed)
	most := 1.0
	for i := range ups {
		most = math.Max(most, math.Max(*ups[i], *downs[i]))
	}
	scale := upTo(most, true)
	end := scale[len(scale)-1]
	last := len(ups) - 1
	since, from, between := r.Previous.Since.UTC().Format("2 January 2006"), "the beginning of the period before", "how the backlog changed"
	if r.Of.Begun.After(r.Previous.Since) {
		since, from, between = "the log began on "+r.Of.Begun.UTC().Format("2 January 2006"), "the beginning of the log", "what is open"
	}
	c := &chart{
		ID: "burn-up", Title: "Found and closed", Tall: true,
		Sub:        sentence(number(*ups[last], 0) + " found and " + number(*downs[last], 0) + " closed since " + since),
		Up:         upTicks(scale, func(v float64) string { return number(v, 0) }),
		Definition: "Cases found and cases closed, added up week by week from " + from + ". The distance between the lines is " + between + ".",
		Bias:       "The first run of a repository brings all that it has.",
		Table:      &numbers{Head: []string{"week to", "found", "closed", "found so far", "closed so far"}},
	}
	c.Says = "Cases found and closed, added up by week. " + c.Sub
	c.Key = []key{{"was", "found"}, {"now", "closed"}, {"band", between}}
	area := polyline(ups, end)
	for i := last; i >= 0; i-- {
		area += "L" + xy(place(float64(i), float64(last)), place(*downs[i], end))
	}
	c.Lines = []line{{Class: "was", Path: polyline(ups, end), Band: area + "Z"}, {Class: "now", Path: polyline(downs, end)}}
	for i := range opened.Points {
		c.Table.Rows = append(c.Table.Rows, []string{opened.Points[i].At.UTC().Format("2 Jan 2006"), shown(opened.Points[i].Value), shown(closed.Points[i].Value),
			number(*ups[i], 0), number(*downs[i], 0)})
	}
	c.Across = weekTicks(timesOf(opened))
	return c
}

// running adds a series up; a week that nobody knows of adds nothing.
func running(s *kpi.Series) []*float64 {
	sum := 0.0
	out := make([]*float64, len(s.Points))
	for i, p := range s.Points {
		if p.Value != nil {
			sum += *p.Value
		}
		out[i] = new(sum)
	}
	return out
}

func shown(v *float64) string {
	if v == nil {
		return "not known"
	}
	return number(*v, 0)
}

// overTime draws a series by week.
func overTime(r *kpi.Report, id, title, figure string) *chart {
	s := seriesOf(r, id)
	if s == nil || len(s.Points) < 2 {
		return nil
	}
	values := valuesOf(s)
	most := 0.0
	for _, v := range values {
		if v != nil {
			most = math.Max(most, *v)
		}
	}
	scale := upTo(math.Max(most, 1), true)
	c := &chart{ID: "week-" + id, Title: title, Tall: true, Up: upTicks(scale, func(v float64) string { return number(v, 0) }), Table: &numbers{Head: []string{"week to", s.Unit}}}
	path := polyline(values, scale[len(scale)-1])
	if !strings.Contains(path, "L") {
		return nil
	}
	c.Lines = []line{{Class: "now", Path: path}}
	if last := values[len(values)-1]; last != nil {
		c.Sub = sentence(told(*last, s.Unit) + " now")
		c.Says = title + " by week. " + c.Sub
	}
	if f := r.Find(figure, ""); f != nil {
		c.Definition, c.Bias = f.Definition, f.Bias
	}
	for _, p := range s.Points {
		c.Table.Rows = append(c.Table.Rows, []string{p.At.UTC().Format("2 Jan 2006"), shown(p.Value)})
	}
	c.Across = weekTicks(timesOf(s))
	return c
}

func timesOf(s *kpi.Series) []time.Time {
	at := make([]time.Time, len(s.Points))
	for i := range s.Points {
		at[i] = s.Points[i].At
	}
	return at
}
