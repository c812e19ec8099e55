package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// verdict writes the last lines: what the outcome comes from, and the next command.
func (v *view) verdict(c *canvas, o Options) {
	c.line()
	for _, s := range v.sentences() {
		c.paragraph(0, span{}, 0, s, plain)
	}
	given := o.given()
	if next := v.next(given); next != "" {
		c.command(0, "why: "+next)
	}
	if accept := v.accept(given); accept != "" {
		c.command(0, "accept: "+accept)
	}
}

// Verdict is in a line what a result came to and what it comes from, as text ends with it: "checkout: blocked by 1 of 2 new findings: …".
func Verdict(r *engine.Result) string {
	v := newView(r)
	return clean(v.subject()) + ": " + clean(v.heading()+v.namesOf(with(v.urgent, engine.Block), 1))
}

// sentences say the outcome and what it comes from.
func (v *view) sentences() []string {
	var out []string
	blocking, warned := with(v.urgent, engine.Block), with(v.urgent, engine.Warn)
	excused := len(warned)
	warned = slices.DeleteFunc(warned, selfSuppressed)
	excused -= len(warned)
	switch {
	case v.r.Outcome == engine.Block:
		out = append(out, "Blocked"+v.by(blocking)+"."+v.coverage(blocking))
	case v.heldBack():
		out = append(out, "Would be blocked"+v.by(blocking)+"; report-only never blocks."+v.coverage(blocking))
	case len(warned) > 0:
		out = append(out, "Not blocked. "+and(tallyOf(warned).words())+v.origin(warned)+" "+plural(len(warned), "needs", "need")+" attention."+v.coverage(warned))
	case excused > 0:
		out = append(out, "Not blocked.")
	case v.r.Outcome == engine.Warn:
		out = append(out, "Not blocked. "+v.nothingNew()+v.tracked())
	default:
		out = append(out, v.nothingNew()+v.tracked())
	}
	if excused > 0 {
		out[0] += " " + v.excused(excused)
	}
	for _, s := range []string{v.exposed(), v.fixed()} {
		if s != "" {
			out = append(out, s)
		}
	}
	for _, r := range v.r.Gate.Reasons {
		out = append(out, "The run as a whole: "+sentence(r.Message)+".")
	}
	return out
}

// fixed names what the change fixed, the gravest first.
func (v *view) fixed() string {
	if len(v.r.Fixed) == 0 {
		return ""
	}
	var names []string
	for _, f := range v.gone {
		names = append(names, strings.TrimSpace(weakness(f)+" "+subject(f)))
	}
	const shown = 3
	s := strings.Join(names[:min(len(names), shown)], ", ")
	if more := len(names) - shown; more > 0 {
		s += " and " + strconv.Itoa(more) + " more"
	}
	return v.fixedWord() + ": " + s + "."
}

// fixedWord is what findings are called that are gone: where there is no change under review it is not said whose merit that is.
func (v *view) fixedWord() string {
	if v.owned() {
		return "Fixed since the base"
	}
	return "Fixed by this change"
}

// by names what blocks.
func (v *view) by(blocking []*engine.Case) string {
	if len(blocking) == 0 {
		return ""
	}
	return " by " + and(tallyOf(blocking).words()) + v.origin(blocking)
}

// excused says that n cases are suppressed by the change that brings them. Where the change's part is not known it is not claimed.
func (v *view) excused(n int) string {
	if !v.known {
		return count(n, "finding that counts", "findings that count") + " as new " + plural(n, "is", "are") + " suppressed in the source: somebody has to look."
	}
	return count(n, "new finding", "new findings") + " " + plural(n, "is", "are") + " suppressed by the change itself: somebody has to look."
}

// origin says whose the cases are. Where the change's part is not known it is not claimed.
func (v *view) origin(cases []*engine.Case) string {
	introduced, unknown := 0, 0
	for _, k := range cases {
		switch status(k) {
		case engine.StatusIntroduced:
			introduced++
		case "":
			unknown++
		}
	}
	switch {
	case unknown == len(cases) && !v.owned():
		return " (what this change introduced is not known, so all counts as new)"
	case introduced == len(cases):
		return " that this change introduced"
	}
	var parts []string
	if introduced > 0 {
		parts = append(parts, fmt.Sprintf("%d of them introduced by this change", introduced))
	}
	if unknown > 0 && !v.owned() {
		parts = append(parts, fmt.Sprintf("%d of unknown status, which %s as new", unknown, plural(unknown, "counts", "count")))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// nothingNew says that there is nothing to do, or nothing at all.
func (v *view) nothingNew() string {
	switch {
	case len(v.r.Cases) == 0:
		return SentenceCase(v.nothingFound()) + "."
	case v.owned() || !v.known && len(v.existing)+len(v.disclosed) == 0:
		return "Nothing needs action."
	case !v.known:
		return "Nothing that counts as new needs action."
	}
	return "Nothing in this change needs action."
}

// nothingFound says so, and in how much.
func (v *view) nothingFound() string {
	return "nothing found in " + count(len(v.r.Reports), "report", "reports")
}

// numbers are the cases of groups that are of a sort, and how many there are of each group.
func numbers(groups []group, of func(*engine.Case) bool) (cases []*engine.Case, words []string) {
	for _, g := range groups {
		n := 0
		for _, k := range g.cases {
			if of(k) {
				cases, n = append(cases, k), n+1
			}
		}
		if n > 0 {
			words = append(words, strings.TrimSpace(strconv.Itoa(n)+" "+g.name))
		}
	}
	return cases, words
}

// tracked counts what stays open without action, and what needs some that is not the change's.
func (v *view) tracked() string {
	fresh := "new"
	if !v.known {
		fresh = ""
	}
	groups := []group{{fresh, v.urgent}, {"existing", v.existing}, {"newly disclosed", v.disclosed}}
	s := ""
	if warned, n := numbers(groups, func(k *engine.Case) bool { return stated(&k.Decision) != engine.Pass }); len(n) > 0 {
		s = fmt.Sprintf(" Apart from it, %s %s %s attention (%s).", and(n), plural(len(warned), "finding", "findings"), plural(len(warned), "needs", "need"),
			strings.Join(tallyOf(warned).words(), ", "))
	}
	if open, n := numbers(groups, func(k *engine.Case) bool { return stated(&k.Decision) == engine.Pass }); len(n) > 0 {
		s += " " + and(n) + " " + plural(len(open), "finding stays", "findings stay") + " open."
		if a := slices.DeleteFunc(open, func(k *engine.Case) bool { return !acceptedAnyway(k) }); len(a) > 0 {
			s += " The risk of " + strconv.Itoa(len(a)) + " of them is accepted, which changes nothing: " + plural(len(a), "it passes", "they pass") + " without."
		}
	}
	for _, g := range v.exemptions() {
		s += " " + count(len(g.cases), "finding", "findings") + " " + plural(len(g.cases), "is", "are") + " " + g.name + "."
	}
	return s
}

// coverage says what the fixes that were named come to, if they are all there are to name.
func (v *view) coverage(cases []*engine.Case) string {
	all := v.todo
	if len(all) == 0 || len(cases) == 1 {
		return ""
	}
	told := all[:min(len(all), shownFixes)]
	fixed := map[string]bool{}
	for _, t := range told {
		for _, id := range t.Findings {
			fixed[id] = true
		}
	}
	const named = 3
	left, names := 0, []string{}
	for _, k := range cases {
		if f := &k.Input.Finding; !fixed[f.ID] {
			left++
			if name := weakness(f); left <= named && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	who := "Fix 1 clears"
	if n := len(told); n == 2 {
		who = "Fixes 1 and 2 clear"
	} else if n > 2 {
		who = fmt.Sprintf("Fixes 1 to %d clear", n)
	}
	switch {
	case left == len(cases):
		return ""
	case left == 0:
		return " " + who + " all."
	case left <= named:
		return " " + who + " all but " + and(names) + "."
	}
	return " " + who + " " + strconv.Itoa(len(cases)-left) + " of " + strconv.Itoa(len(cases)) + "."
}

// worst is the worst case that concerns the reader; nil if there is none.
func (v *view) worst() *engine.Case {
	if len(v.urgent) == 0 {
		return nil
	}
	return v.urgent[0]
}

// next is the command to go on with: why the worst case is as it is.
func (v *view) next(args []string) string { return v.onWorst(args, "explain") }

// accept is the command that accepts the risk of the worst case, where that would change anything.
func (v *view) accept(args []string) string {
	if len(v.urgent) == 0 || stated(&v.urgent[0].Decision) != engine.Block {
		return ""
	}
	return v.onWorst(args, "waive") + " --reason \"…\""
}

// onRun is a command about the run.
func onRun(args []string, name string) string { return commandOn(args, "headgate", name) }

// onWorst is a command about the worst case; empty if there is none.
func (v *view) onWorst(args []string, name string) string {
	worst := v.worst()
	if worst == nil {
		return ""
	}
	return commandOn(args, "headgate", name, v.ids[worst.Input.Finding.ID])
}

// mostGiven bounds what a command repeats of what the run was given, in characters: a pattern can stand for hundreds of files.
const mostGiven = 300

// commandOn is a command about what the run was given or, where that is too much or not known, about its result.
func commandOn(args []string, words ...string) string {
	if given := command(args...); given == "" || len(given) > mostGiven {
		args = []string{"RESULT"}
	}
	return command(append(words, args...)...)
}
