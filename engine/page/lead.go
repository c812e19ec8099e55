package page

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine/kpi"
)

// lead is the answer in a sentence or two. Where the log does not know the whole period there is no answer yet, but what is open.
func (v *view) lead(s *Source, g *gathered) {
	if s.Single {
		v.Lead = g.sentences[:min(len(g.sentences), 2)]
		v.Basis = "This is one run. How long things stay open, and whether that gets better, is known of runs that are kept: headgate gate --ledger."
		return
	}
	if s.Figures == nil {
		return
	}
	if nothing(s.Figures) {
		v.Lead = []string{"No run is recorded yet: headgate gate --ledger with the same ledger, on the default branch, records one."}
		return
	}
	standing := standingWords(s.Figures)
	says := []string{standing, pathWords(s.Figures)}
	switch {
	case young(s.Figures) && standing == "": // the whole period lies before the log
	case young(s.Figures):
		if f := s.Figures.Find("backlog.closed", ""); f != nil && f.Value != nil && *f.Value > 0 {
			says = slices.Insert(says, 1, count(int(*f.Value), "was", "were")+" closed so far.")
		}
		says = append(says, "It is too early to say whether that gets better.")
	default:
		says = slices.Insert(says, 0, v.trendWords(s.Figures))
	}
	if says = slices.DeleteFunc(says, func(s string) bool { return s == "" }); len(says) > 0 {
		v.Lead = []string{strings.Join(says, " ")}
	}
}

// nothing says that nothing is recorded: then there is nothing else to say.
func nothing(r *kpi.Report) bool { return r.Of.Begun.IsZero() && r.Of.Runs+r.Of.Cases == 0 }

// young says that the log begins within the period: what its first run found may have been there for long, so that nothing can be said of
// how it came to that.
func young(r *kpi.Report) bool { return r.Of.Begun.After(r.Window.Since) }

// basis says which time figures are of, and since when anything is known.
func basis(r *kpi.Report, before string) string {
	since, last := r.Window.Since.UTC(), r.Window.Until.Add(-time.Second).UTC()
	is := since.Format("2 January") + " to " + last.Format("2 January 2006")
	if since.Year() != last.Year() {
		is = since.Format("2 January 2006") + " to " + last.Format("2 January 2006")
	}
	if !r.Of.Begun.After(r.Previous.Since) {
		return is + ", beside " + before + "."
	}
	log := "The log begins on " + r.Of.Begun.UTC().Format("2 January 2006") + ": of what was before, nothing is known."
	if young(r) {
		return log
	}
	return is + ". " + log
}

// trendWords say whether things are closed sooner than before or, where most is open still, whether it becomes more.
func (v *view) trendWords(r *kpi.Report) string {
	if f := r.Find("exposure.half_life", ""); f != nil && f.Value != nil {
		now := "half within " + told(*f.Value, f.Unit)
		switch {
		case f.Previous == nil:
			return "Half of what is found is closed within " + told(*f.Value, f.Unit) + "."
		case verdict(f) == "better":
			return "Things are closed sooner than " + v.Before + ": " + now + ", where it took " + bare(*f.Previous, f.Unit) + "."
		case verdict(f) == "worse":
			return "Things stay open for longer than " + v.Before + ": " + now + ", where it took " + bare(*f.Previous, f.Unit) + "."
		}
		return "Things are closed as soon as " + v.Before + ": " + now + "."
	}
	f := r.Find("backlog.net", "")
	if f == nil || f.Value == nil {
		return ""
	}
	switch n := count(int(math.Abs(*f.Value)), "case", "cases"); {
	case *f.Value > 0:
		return "More was found than closed: " + n + " more in " + told(math.Round(r.Window.Days()), kpi.UnitDays) + "."
	case *f.Value < 0:
		return "More was closed than found: " + n + " fewer in " + told(math.Round(r.Window.Days()), kpi.UnitDays) + "."
	}
	return "As much was closed as found."
}

// standingWords say how much is open, and by when it is due.
func standingWords(r *kpi.Report) string {
	open, overdue := r.Find("open.cases", ""), r.Find("due.overdue", "")
	if open == nil || open.Value == nil || overdue == nil || overdue.Value == nil {
		return ""
	}
	n, late := int(*open.Value), int(*overdue.Value)
	if n == 0 {
		return "Nothing is open."
	}
	says := count(n, "case is", "cases are") + " open, "
	switch {
	case late == 0:
		says += "none overdue"
	case n == 1:
		says += "and overdue"
	default:
		says += number(float64(late), 0) + " of them overdue"
	}
	if soon := r.Find("due.next_14_days", ""); soon != nil && soon.Value != nil && *soon.Value > 0 {
		says += "; " + count(int(*soon.Value), "is", "are") + " due within 14 days"
	}
	return says + "."
}

// pathWords say whether an attacker has a proven way.
func pathWords(r *kpi.Report) string {
	f := r.Find("paths.validated", "")
	if f == nil || f.Value == nil {
		return ""
	}
	n := int(*f.Value)
	path := count(n, "proven path leads", "proven paths lead") + " from the internet to a crown jewel"
	if n == 0 {
		path = "No proven path leads from the internet to a crown jewel"
	}
	if f.Previous != nil && *f.Previous != *f.Value {
		path += "; before there " + word(int(*f.Previous), "was ", "were ") + bare(*f.Previous, f.Unit)
	}
	return path + "."
}
