package sweep

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// Called is what people call the finding: its name, or its id where it has none.
func (t *Transition) Called() string { return cmp.Or(t.Name, t.Finding) }

// Where is the repository and branch, the package and the owner; what is not known is empty.
func (t *Transition) Where() []string {
	return []string{strings.TrimSpace(t.Repository + " " + t.Branch), t.Package, t.Owner}
}

// Rose says whether the priority is a higher one than before.
func (t *Transition) Rose() bool { return t.Is.Priority.Rank() > t.Was.Priority.Rank() }

// Fell says whether the priority is a lower one than before.
func (t *Transition) Fell() bool { return t.Is.Priority.Rank() < t.Was.Priority.Rank() }

// Steps say what is otherwise than it was: "track* → act, due 24 Nov 2026".
func (t *Transition) Steps() string {
	what := []string{string(t.Is.Priority)}
	if t.Was.Priority != t.Is.Priority {
		what[0] = fmt.Sprintf("%s → %s", t.Was.Priority, t.Is.Priority)
	}
	switch {
	case t.Is.Waived && !t.Was.Waived:
		what = append(what, "waived")
	case t.Was.Waived && !t.Is.Waived:
		what = append(what, "waived no more")
	}
	if t.Was.Action != t.Is.Action {
		what = append(what, fmt.Sprintf("%s → %s", t.Was.Action, t.Is.Action))
	}
	switch {
	case t.Is.Overdue:
		what = append(what, "overdue since "+t.Is.Due.Format("2 Jan 2006"))
	case !t.Is.Due.IsZero() && !t.Is.Due.Equal(t.Was.Due):
		what = append(what, "due "+t.Is.Due.Format("2 Jan 2006"))
	case t.Is.Due.IsZero() && !t.Was.Due.IsZero():
		what = append(what, "no due date")
	}
	if t.Was.Priority == t.Is.Priority && len(what) == 1 {
		what = append(what, "for other reasons")
	}
	return strings.Join(what, ", ")
}

// Title is what came of it in a few words, none of them from outside: how many cases rose to which priority, fell, or stayed there and are
// otherwise in another way.
func (r *Reassessment) Title() string {
	rose, fell, other := map[engine.Priority]int{}, 0, 0
	for i := range r.Changed {
		switch t := &r.Changed[i]; {
		case t.Rose():
			rose[t.Is.Priority]++
		case t.Fell():
			fell++
		default:
			other++
		}
	}
	var parts []string
	for _, p := range slices.Backward(engine.Priorities) {
		if n := rose[p]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d rose to %s", n, p))
		}
	}
	if fell > 0 {
		parts = append(parts, fmt.Sprintf("%d fell", fell))
	}
	switch {
	case len(r.Changed) == 0:
		return "nothing came out otherwise"
	case other > 0 && len(parts) == 0:
		parts = append(parts, fmt.Sprintf("%d came out otherwise at the same priority", other))
	case other > 0:
		parts = append(parts, fmt.Sprintf("%d otherwise at the same priority", other))
	}
	return strings.Join(parts, ", ")
}

// Told is what people are told. weakened is what loosens it.
func (r *Reassessment) Told(weakened []string) *report.DecidedAgain {
	told := &report.DecidedAgain{Now: r.At, Policy: r.Policy, Intel: r.Intel, Title: r.Title(), Looked: r.Looked(), Left: r.Left(), Proof: r.Proof(), Weakened: weakened}
	for i := range r.Changed {
		t := &r.Changed[i]
		told.CameOut = append(told.CameOut, report.CameOut{Name: t.Called(), Asset: t.Asset, Steps: t.Steps(), Because: t.Because, Where: t.Where()})
	}
	return told
}

// Looked says how much was decided again, why, and what came of it.
func (r *Reassessment) Looked() string {
	e := r.Epoch
	if e.Evaluated == 0 {
		return fmt.Sprintf("Nothing changed that could count for %s.", number(e.Open, "open case", "open cases"))
	}
	var why []string
	for _, w := range Whys {
		if n := e.Candidates[string(w)]; n > 0 {
			why = append(why, fmt.Sprintf("%s %d", w, n))
		}
	}
	return fmt.Sprintf("Decided again: %d of %s (%s). %s otherwise, %d as before.", e.Evaluated, number(e.Open, "open case", "open cases"),
		strings.Join(why, ", "), number(int64(len(r.Changed)), "came out", "came out"), e.Unchanged)
}

// Left says how many cases could not be decided again, and why; empty: all could.
func (r *Reassessment) Left() string {
	if r.Epoch.Erased == 0 {
		return ""
	}
	return number(r.Epoch.Erased, "case is", "cases are") + " left as recorded, since what was decided on was erased."
}

// Proof says where the manifest stands and what it proves, or that nothing was written.
func (r *Reassessment) Proof() string {
	switch {
	case r.DryRun:
		return "Nothing was written: this was a dry run."
	case r.Log == nil:
		return ""
	}
	return fmt.Sprintf("Sweep %d is leaf %d of the log, and proves %s open.", r.Epoch.Number, r.Log.Leaf, number(r.Epoch.State.Cases, "case that is", "cases that are"))
}

func number(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
