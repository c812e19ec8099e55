package page

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// soon is how far ahead waivers that end are told, in days.
const soon = 30

// A waived is a waiver with the cases that it holds for.
type waived struct {
	engine.Waiver
	of    string
	cases int
}

// accept notes the waivers of a case.
func (g *gathered) accept(c *engine.Case) {
	for i := range c.Input.Context.Waivers {
		w := &c.Input.Context.Waivers[i]
		if g.waived == nil {
			g.waived = map[string]*waived{}
		}
		have := g.waived[w.ID]
		if have == nil {
			wrong, in := report.FindingWords(&c.Input.Finding)
			have = &waived{Waiver: *w, of: strings.TrimSpace(wrong + " " + in)}
			g.waived[w.ID] = have
		}
		have.cases++
	}
}

// waivers lists those that end soon, the first to end first, after those that have ended.
func (v *view) waivers(s *Source, g *gathered) {
	if s.Figures != nil && len(s.Figures.Waivers) > 0 && s.Team == "" { // those are of whole branches
		for i := range s.Figures.Waivers {
			w := &s.Figures.Waivers[i]
			of := []string{}
			for _, part := range []string{w.Of, w.Asset} {
				if part = report.Line(part); part != "" {
					of = append(of, part)
				}
			}
			v.addWaiver(s.Now, w.ID, strings.Join(of, " on "), w.Approver, w.Expires, w.Cases)
		}
	} else {
		all := make([]*waived, 0, len(g.waived))
		for _, w := range g.waived {
			all = append(all, w)
		}
		slices.SortFunc(all, func(a, b *waived) int { return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.ID, b.ID)) })
		for _, n := range g.notes {
			if s.Team == "" { // whom one that ended was for is not known
				v.addWaiver(s.Now, n.ID, n.Why, "", "", 0)
			}
		}
		for _, w := range all {
			if d, ok := daysTo(s.Now, w.Expires); !ok || d <= soon {
				v.addWaiver(s.Now, w.ID, w.of, w.Approver, w.Expires, w.cases)
			}
		}
		if more := len(all) - len(v.Waivers); more > 0 {
			v.WaiversNote = count(more, "waiver holds", "waivers hold") + " for longer than " + strconv.Itoa(soon) + " days."
		}
	}
	if n := len(v.Waivers); n > mostWaivers {
		v.Waivers, v.MoreWaivers = v.Waivers[:mostWaivers], n-mostWaivers
	}
}

func (v *view) addWaiver(now time.Time, id, of, approver, expires string, cases int) {
	w := waiver{ID: report.Line(id), Of: report.Line(of), Approver: report.Line(approver), Expires: report.Line(expires)}
	if cases > 0 {
		w.Cases = number(float64(cases), 0)
	}
	switch d, ok := daysTo(now, expires); {
	case expires == "", ok && d < 0:
		w.In, w.Late = "ended", true
	case !ok:
	case d == 0:
		w.In = "today"
	default:
		w.In = "in " + count(d, "day", "days")
	}
	v.Waivers = append(v.Waivers, w)
}

// daysTo are the days from now to a day.
func daysTo(now time.Time, day string) (int, bool) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return 0, false
	}
	return int(t.Sub(now.UTC().Truncate(24*time.Hour)).Hours() / 24), true
}
