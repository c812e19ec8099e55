package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine/sweep"
)

// writeReassessment writes what a sweep came to as it was asked for.
func (a *app) writeReassessment(came *sweep.Reassessment, outs []output) error {
	write := func(to io.Writer, format string, most int) error {
		if format == "json" {
			e := json.NewEncoder(to)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(came)
		}
		return a.reassessmentText(came, most).to(to)
	}
	return a.writeOutputs(outs,
		func(o output, to *os.File) error { return write(to, o.format, len(came.Changed)) },
		func(o output) error {
			var whole bytes.Buffer
			if err := write(&whole, o.format, mostTold); err != nil {
				return err
			}
			_, err := a.stdout.Write(whole.Bytes())
			return err
		})
}

// mostTold is how many transitions are told on standard output; a file has all of them.
const mostTold = 100

// reassessmentText tells what changed and why, worst first.
func (a *app) reassessmentText(came *sweep.Reassessment, most int) *paper {
	p := a.paper()
	for i := range came.Changed[:min(len(came.Changed), most)] {
		t := &came.Changed[i]
		p.para(0, "%s", transitionText(t))
		if t.Repository != "" || t.Owner != "" {
			where := slices.DeleteFunc([]string{strings.TrimSpace(t.Repository + " " + t.Branch), t.Package, t.Owner}, func(s string) bool { return s == "" })
			p.para(2, "%s", strings.Join(where, " · "))
		}
	}
	if more := len(came.Changed) - most; more > 0 {
		p.para(0, "and %s; -o json has all", number(more, "case more", "cases more"))
	}
	if len(came.Changed) > 0 {
		p.WriteString("\n")
	}
	e := came.Epoch
	p.para(0, "%s", evaluatedText(came))
	if e.Erased > 0 {
		p.para(0, "%s left as recorded, since what was decided on was erased", number(int(e.Erased), "case is", "cases are"))
	}
	switch {
	case came.DryRun:
		p.para(0, "Nothing was written: this was a dry run.")
	case came.Log != nil:
		p.para(0, "Sweep %d is leaf %d of the log, and proves %s open.", e.Number, came.Log.Leaf, number(int(e.State.Cases), "case that is", "cases that are"))
	}
	return p
}

func evaluatedText(came *sweep.Reassessment) string {
	e := came.Epoch
	if e.Evaluated == 0 {
		return fmt.Sprintf("Nothing changed that could count for %s.", number(int(e.Open), "open case", "open cases"))
	}
	var why []string
	for _, w := range sweep.Whys {
		if n := e.Candidates[string(w)]; n > 0 {
			why = append(why, fmt.Sprintf("%s %d", w, n))
		}
	}
	return fmt.Sprintf("Decided again: %d of %s (%s). %s otherwise, %d as before.", e.Evaluated, number(int(e.Open), "open case", "open cases"),
		strings.Join(why, ", "), number(len(came.Changed), "came out", "came out"), e.Unchanged)
}

// transitionText is one transition in a line: CVE-2026-1 on checkout: track* → act, due 24 Nov 2026 (KEV added 20 Nov 2026).
func transitionText(t *sweep.Transition) string {
	var b strings.Builder
	name := t.Name
	if name == "" {
		name = t.Finding
	}
	fmt.Fprintf(&b, "%s on %s: ", name, t.Asset)
	var what []string
	if t.Was.Priority != t.Is.Priority {
		what = append(what, fmt.Sprintf("%s → %s", t.Was.Priority, t.Is.Priority))
	} else {
		what = append(what, string(t.Is.Priority))
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
	b.WriteString(strings.Join(what, ", "))
	fmt.Fprintf(&b, " (%s)", strings.Join(t.Because, "; "))
	return b.String()
}
