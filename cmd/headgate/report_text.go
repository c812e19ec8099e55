package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/report"
)

// figureGroups are what the text shows, in its order; everything else is in the other formats.
var figureGroups = []struct {
	name string
	ids  []string
}{
	{"Are we getting safer?", []string{"paths.validated", "exposure.half_life", "open.cases", "backlog.net", "due.compliance", "due.overdue", "reopened.rate"}},
	{"What next?", []string{"due.next_14_days", "due.projected", "noise.actionable", "noise.fixes", "noise.cut", "waivers.cases", "waivers.debt", "waivers.ending"}},
	{"Does the gate help?", []string{"gate.runs", "gate.block_rate", "gate.override_rate", "gate.unblock", "gate.latency", "gate.latency_p95", "tickets.open", "tickets.close"}},
	{"Can it be relied on?", []string{"open.with_owner", "open.with_fix", "open.on_critical", "kev.coverage", "evidence.signed", "evidence.checkpoint_age", "evidence.replayed"}},
}

// A reportText tells a report to people.
type reportText struct {
	*paper
	*kpi.Report
}

// writeReportText writes what fits on a screen or two: figures with those of the period before, how long cases stay open, and who has what.
func (a *app) writeReportText(to io.Writer, r *kpi.Report) error {
	t := &reportText{a.paper(), r}
	t.head()
	for _, g := range figureGroups {
		t.WriteString("\n" + g.name + "\n")
		t.group(g.ids)
	}
	t.curves()
	t.teams()
	t.foot()
	return t.to(to)
}

// ofDay writes a day as people do.
func ofDay(t time.Time) string { return t.UTC().Format("2 Jan 2006") }

func (t *reportText) head() {
	of := "the result"
	if t.Of.Kind == kpi.FromLedger {
		of = number(t.Of.Cases, "case", "cases") + " and " + number(t.Of.Runs, "run", "runs")
	}
	if t.Of.Team != "" {
		of += " of " + t.Of.Team
	}
	if t.Of.Branch != "" {
		of += " on " + t.Of.Branch
	}
	if len(t.Of.Repositories) > 0 {
		of += " in " + strings.Join(t.Of.Repositories, ", ")
	}
	last := t.Window.Until.Add(-time.Second)
	if t.Of.Kind == kpi.FromResult {
		t.para(0, "%s of %s. It has no history: with --ledger there are trends.", of, ofDay(last))
		return
	}
	t.para(0, "%s to %s, beside %s to %s: %s", ofDay(t.Window.Since), ofDay(last), ofDay(t.Previous.Since), ofDay(t.Previous.Until.Add(-time.Second)), of)
	if t.Of.Begun.After(t.Previous.Since) {
		t.para(0, "The log begins on %s: of what was before, nothing is known.", ofDay(t.Of.Begun))
	}
}

const (
	nameColumn  = 34
	valueColumn = nameColumn + 12
)

// group writes what is known of figures, and then what is not known of them, with the reason of each once.
func (t *reportText) group(ids []string) {
	names := map[string][]string{}
	var reasons []string
	for _, id := range ids {
		f := t.Find(id, "")
		switch {
		case f == nil:
		case f.Value != nil:
			t.figure(f)
		default:
			if names[f.Absent] == nil {
				reasons = append(reasons, f.Absent)
			}
			names[f.Absent] = append(names[f.Absent], f.Name)
		}
	}
	for _, why := range reasons {
		t.field(0, 4, "  -", "%s: %s", strings.Join(names[why], ", "), why)
	}
}

// figure writes a figure on one line: name, value, the one before, target.
func (t *reportText) figure(f *kpi.Figure) {
	name := "  " + f.Name
	var more []string
	if f.Previous != nil {
		more = append(more, "was "+figureText(*f.Previous, f.Unit)+direction(f))
	}
	if f.Target != nil {
		more = append(more, "target "+figureText(*f.Target, f.Unit))
	}
	if f.Low != nil && f.High != nil {
		more = append(more, figureText(*f.Low, f.Unit)+" to "+figureText(*f.High, f.Unit)+" with 95 % confidence")
	}
	if f.N != nil && (f.Unit == kpi.UnitShare || f.Unit == kpi.UnitDays || f.Unit == kpi.UnitSeconds) {
		more = append(more, "of "+strconv.Itoa(*f.N))
	}
	value := figureText(*f.Value, f.Unit)
	if len(more) == 0 {
		t.field(0, nameColumn, name, "%s", value)
		return
	}
	t.field(0, valueColumn, fmt.Sprintf("%-*s%s", nameColumn, name, value), "%s", strings.Join(more, ", "))
}

// direction says which way a figure went.
func direction(f *kpi.Figure) string {
	d := *f.Value - *f.Previous
	if d == 0 || f.Better == "" {
		return ""
	}
	if (d < 0) == (f.Better == kpi.BetterLess) {
		return " (better)"
	}
	return " (worse)"
}

// figureText writes a number in its unit.
func figureText(v float64, unit string) string {
	switch unit {
	case kpi.UnitShare:
		return strconv.FormatFloat(math.Round(v*100), 'f', -1, 64) + " %"
	case kpi.UnitDays:
		return short(v) + " d"
	case kpi.UnitHours:
		return short(v) + " h"
	case kpi.UnitSeconds:
		return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) + " s"
	}
	return short(v)
}

// short writes a number with one digit behind the point where it is small.
func short(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64)
}

// curves say of each priority how its cases went, against the days that it has.
func (t *reportText) curves() {
	if t.Of.Kind == kpi.FromResult {
		return
	}
	rows := [][]string{{"", "open", "opened", "closed", "half-life", "was", "median closed", "allowed", "open then"}}
	for _, p := range []engine.Priority{engine.Act, engine.Attend, engine.TrackStar, engine.Track} {
		if t.Find("open.cases", p) == nil {
			continue
		}
		row := []string{string(p)}
		for _, id := range []string{"open.cases", "backlog.opened", "backlog.closed", "exposure.half_life"} {
			row = append(row, t.cell(id, p))
		}
		was := "-"
		if f := t.Find("exposure.half_life", p); f != nil && f.Previous != nil {
			was = figureText(*f.Previous, f.Unit)
		}
		row = append(row, was, t.cell("remediation.median", p))
		allowed := "-"
		for i := range t.Survival {
			if c := &t.Survival[i]; c.Priority == p && c.Due != nil {
				allowed = figureText(*c.Due, kpi.UnitDays)
			}
		}
		rows = append(rows, append(row, allowed, t.cell("exposure.open_at_due", p)))
	}
	if len(rows) == 1 {
		return
	}
	t.WriteString("\nHow long do cases stay open?\n")
	t.table(rows, []int{5, 3, 2})
	t.para(2, "The half-life counts what is still open; the median of what was closed does not, and looks better for it.")
}

func (t *reportText) cell(id string, p engine.Priority) string {
	if f := t.Find(id, p); f != nil && f.Value != nil {
		return figureText(*f.Value, f.Unit)
	}
	return "-"
}

// teams say who has what, by when it is due.
func (t *reportText) teams() {
	if len(t.Teams) == 0 {
		return
	}
	const most = 12
	rows := [][]string{{"", "open", "urgent", "overdue", "7 d", "14 d", "30 d", "later", "no date", "accepted"}}
	for i := range t.Teams[:min(len(t.Teams), most)] {
		x := &t.Teams[i]
		name := x.Name
		switch {
		case x.Teams > 0:
			name = number(x.Teams, "other team", "other teams")
		case name == "":
			name = "(nobody)"
		}
		row := []string{printable(report.Line(name))}
		for _, n := range []int{x.Open, x.Urgent, x.Overdue, x.In7, x.In14, x.In30, x.Later, x.NoDate, x.Accepted} {
			row = append(row, zeroless(n))
		}
		rows = append(rows, row)
	}
	t.WriteString("\nWhere not? Open cases by owner and due date\n")
	t.table(rows, []int{8, 7, 6, 5})
	if more := len(t.Teams) - most; more > 0 {
		t.para(2, "and %s: -o csv and -o json have all", number(more, "more line", "more lines"))
	}
}

// zeroless writes a count; nothing is a dot, so that the eye finds what is there.
func zeroless(n int) string {
	if n == 0 {
		return "·"
	}
	return strconv.Itoa(n)
}

// longestTeam bounds what a name takes of a line.
const longestTeam = 32

// table writes rows, the first column on the left and numbers on the right. Where the columns do not fit, those that can be left out go, one by one
// from the right.
func (t *reportText) table(rows [][]string, leave []int) {
	const gap = 2
	for {
		widths := make([]int, len(rows[0]))
		total := gap
		for c := range widths {
			for _, row := range rows {
				widths[c] = max(widths[c], report.Columns(row[c]))
			}
			if c == 0 {
				widths[c] = min(widths[c], longestTeam)
			}
			total += widths[c] + gap
		}
		if over := total - t.width; over > 0 && len(leave) > 0 {
			for i, row := range rows {
				rows[i] = append(row[:leave[0]:leave[0]], row[leave[0]+1:]...)
			}
			leave = leave[1:]
			continue
		} else if over > 0 { // names are cut last
			widths[0] = max(8, widths[0]-over)
		}
		for _, row := range rows {
			line := "  "
			for c, text := range row {
				text = report.Short(printable(report.Line(text)), widths[c])
				pad := strings.Repeat(" ", max(0, widths[c]-report.Columns(text)))
				if c == 0 {
					line += text + pad
				} else {
					line += strings.Repeat(" ", gap) + pad + text
				}
			}
			t.WriteString(strings.TrimRight(line, " ") + "\n")
		}
		return
	}
}

func (t *reportText) foot() {
	t.WriteString("\n")
	if e := t.Evidence; e != nil {
		signed := "unsigned"
		if e.Signed {
			signed = "signed"
		}
		t.para(0, "log %s · %s · checkpoint %s · policy %s", e.Origin, number(int(e.Size), "leaf", "leaves"), signed, shortRun(e.Policy))
	}
	t.para(0, "What each figure says, and what it does not: -o json, -o csv.")
}
