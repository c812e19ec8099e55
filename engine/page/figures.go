package page

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/report"
)

// A tile is one figure with what to make of it.
type tile struct {
	ID, Name    string
	Main        bool
	Value, Unit string // empty: Absent says why
	Was, Goal   string // the value before, and the one to reach, of the same unit
	Verdict     string // better, worse or no change
	Definition  string
	Bias        string
	Absent      string
	Spark       []line
}

// amount words a value of a unit: the number and its noun.
func amount(v float64, unit string) (string, string) {
	switch unit {
	case kpi.UnitShare:
		return percentage(v), "%"
	case kpi.UnitRatio:
		return number(v, 2), ""
	case kpi.UnitSeconds:
		if s := plain(v); v < 10 && s != "1" {
			return s, unit
		}
		fallthrough
	case kpi.UnitDays, kpi.UnitHours:
		digits := 0
		if math.Abs(v) < 10 && v != math.Trunc(v) {
			digits = 1
		}
		if s := strings.TrimSuffix(number(v, digits), ".0"); s != "1" {
			return s, unit
		}
		return "1", singular(unit)
	}
	if v == 1 {
		return "1", singular(unit)
	}
	if v != math.Trunc(v) {
		return number(v, 1), unit
	}
	return number(v, 0), unit
}

func singular(unit string) string {
	if unit == kpi.UnitFixes {
		return "fix"
	}
	return strings.TrimSuffix(unit, "s")
}

// percentage is a share without the sign. What is nearly all, or nearly nothing, does not read as all or nothing.
func percentage(v float64) string {
	p := v * 100
	switch {
	case p > 99 && p < 100:
		return number(math.Min(p, 99.9), 1)
	case p > 0 && p < 1:
		return number(math.Max(p, 0.1), 1)
	}
	return number(math.Round(p), 0)
}

// told is an amount in one text.
func told(v float64, unit string) string {
	n, noun := amount(v, unit)
	if noun == "" {
		return n
	}
	return n + " " + noun // not to be broken
}

// bare is an amount beside another one that has the unit.
func bare(v float64, unit string) string {
	if unit == kpi.UnitShare {
		return told(v, unit)
	}
	n, _ := amount(v, unit)
	return n
}

// periodBefore names the period before.
func periodBefore(p kpi.Period) string {
	if d := p.Days(); d > 88 && d < 94 {
		return "the quarter before"
	} else {
		return "the " + number(math.Round(d), 0) + " days before"
	}
}

// tileOf is a figure as a tile.
func tileOf(f *kpi.Figure) tile {
	t := tile{ID: f.ID, Name: figureName(f), Definition: report.Line(f.Definition), Bias: report.Line(f.Bias)}
	if f.Value == nil {
		t.Absent = sentence(cmp.Or(f.Absent, "not known"))
		return t
	}
	t.Value, t.Unit = amount(*f.Value, f.Unit)
	if f.Previous != nil {
		t.Was = bare(*f.Previous, f.Unit)
		t.Verdict = verdict(f)
	}
	if f.Target != nil {
		t.Goal = bare(*f.Target, f.Unit)
	}
	return t
}

// A figure is a row of the table of all, with its parts by priority or status below it.
type figure struct {
	tile
	Parts []tile
}

// allFigures are all there are: those that are known, and then, folded together, the others by why they are not. One that is given for each
// priority alone stands for itself.
func (v *view) allFigures(r *kpi.Report) {
	var all []figure
	at := map[string]int{}
	for i := range r.Figures {
		f := &r.Figures[i]
		t := tileOf(f)
		if k, known := at[f.ID]; known && f.Priority+engine.Priority(f.Status) != "" {
			if t.Absent == "" {
				t.Name = string(f.Priority) + report.Line(f.Status)
				all[k].Parts = append(all[k].Parts, t)
			}
			continue
		}
		at[f.ID] = len(all)
		all = append(all, figure{tile: t})
	}
	why := map[string]int{}
	for _, f := range all {
		if f.Absent == "" || len(f.Parts) > 0 {
			v.Figures = append(v.Figures, f)
			for _, t := range append(f.Parts, f.tile) {
				v.Was, v.Goals = v.Was || t.Was != "", v.Goals || t.Goal != ""
			}
			continue
		}
		k, known := why[f.Absent]
		if !known {
			k = len(v.Unknown)
			why[f.Absent] = k
			v.Unknown = append(v.Unknown, pair{Is: f.Absent})
		}
		v.Unknown[k].Term = strings.TrimPrefix(v.Unknown[k].Term+" · "+f.Name, " · ")
	}
}

func figureName(f *kpi.Figure) string {
	name := report.Line(f.Name)
	if f.Priority != "" {
		name += ", " + string(f.Priority)
	}
	if f.Status != "" {
		name += ", " + report.Line(f.Status)
	}
	return name
}

// verdict says in a word how a figure moved; empty where neither way is better.
func verdict(f *kpi.Figure) string {
	switch d := *f.Value - *f.Previous; {
	case f.Better == "":
		return ""
	case told(*f.Value, f.Unit) == told(*f.Previous, f.Unit):
		return "no change"
	case (d < 0) == (f.Better == kpi.BetterLess):
		return "better"
	}
	return "worse"
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	s = strings.TrimRight(report.Line(s), ". ")
	if s == "" {
		return ""
	}
	return report.SentenceCase(s) + "."
}

// sparkFor is a small line without axes for a tile: of the half-life the curve that it is read off, beside that of the period before.
func sparkFor(r *kpi.Report, id string) []line {
	if id != "exposure.half_life" {
		return weekly(seriesOf(r, "paths"))
	}
	var all []line
	end := 0.0
	for i := range r.Survival {
		if c := &r.Survival[i]; c.Priority == "" && len(c.Steps) > 0 {
			end = max(end, float64(c.Steps[len(c.Steps)-1].Days))
		}
	}
	for _, period := range []string{kpi.OfPrevious, kpi.OfWindow} {
		for i := range r.Survival {
			if c := &r.Survival[i]; c.Priority == "" && c.Period == period && len(c.Steps) > 0 {
				path, _ := steps(c, end)
				all = append(all, line{Class: map[string]string{kpi.OfPrevious: "was", kpi.OfWindow: "now"}[period], Path: path})
			}
		}
	}
	return all
}

func weekly(s *kpi.Series) []line {
	values := valuesOf(s)
	most := 0.0
	for _, v := range values {
		if v != nil {
			most = max(most, *v)
		}
	}
	if path := polyline(values, max(most, 1)); strings.Contains(path, "L") {
		return []line{{Class: "now", Path: path}}
	}
	return nil
}

func valuesOf(s *kpi.Series) []*float64 {
	if s == nil {
		return nil
	}
	values := make([]*float64, len(s.Points))
	for i := range s.Points {
		values[i] = s.Points[i].Value
	}
	return values
}

// seriesOf is the series with an id over all priorities, from the week in which the log begins; nil if there is none.
func seriesOf(r *kpi.Report, id string) *kpi.Series {
	i := slices.IndexFunc(r.Series, func(s kpi.Series) bool { return s.ID == id && s.Of == "" })
	if i < 0 {
		return nil
	}
	s := r.Series[i]
	for len(s.Points) > 0 && !s.Points[0].At.After(r.Of.Begun) {
		s.Points = s.Points[1:]
	}
	return &s
}

// A team is a row of the heat map.
type team struct {
	Name  string
	Cells []cell
	Open  string
}

// A cell is a number, and how much there is to it, from 0 to 4.
type cell struct {
	N     string
	Class string
}

// A bucket is a column of the heat map. Where there is little room it has a shorter name.
type bucket struct {
	Name, Slim string
	of         func(*kpi.Team) int
}

var buckets = []bucket{
	{"overdue", "late", func(t *kpi.Team) int { return t.Overdue }},
	{"7 days", "7 d", func(t *kpi.Team) int { return t.In7 }},
	{"14 days", "14 d", func(t *kpi.Team) int { return t.In14 }},
	{"30 days", "30 d", func(t *kpi.Team) int { return t.In30 }},
	{"later", "later", func(t *kpi.Team) int { return t.Later }},
	{"no date", "none", func(t *kpi.Team) int { return t.NoDate }},
}

// mostTeams bounds the rows of the heat map: it is to be seen at once.
const mostTeams = 8

// heat are the teams by when what is open with them is due. The shade is by the largest number of all, but for what is overdue: that is
// shaded a step darker than its number alone would be, as it counts for more.
func heat(teams []kpi.Team) (rows []team, left int) {
	most := 0
	for i := range teams[:min(len(teams), mostTeams)] { // the last line stands for many, and would take the colour from all others
		for _, b := range buckets[:len(buckets)-2] {
			most = max(most, b.of(&teams[i]))
		}
	}
	for i := range teams {
		t := &teams[i]
		if i >= mostTeams {
			left++
			continue
		}
		r := team{Name: teamName(t), Open: number(float64(t.Open), 0)}
		for k, b := range buckets {
			n := b.of(t)
			c := cell{N: number(float64(n), 0), Class: "h0"}
			if n > 0 {
				shade := 1
				if k < len(buckets)-2 { // what is not due soon is no reason to look
					shade = 1 + int(math.Round(2*math.Sqrt(float64(n)/float64(max(most, 1)))))
				}
				if k == 0 {
					shade = min(4, shade+1)
				}
				c.Class = "h" + number(float64(min(shade, 4)), 0)
			} else {
				c.N = "·"
			}
			r.Cells = append(r.Cells, c)
		}
		rows = append(rows, r)
	}
	return rows, left
}

func teamName(t *kpi.Team) string {
	switch {
	case t.Teams > 0:
		return count(t.Teams, "other team", "other teams")
	case t.Name == "":
		return "nobody known"
	}
	return report.Line(t.Name)
}
