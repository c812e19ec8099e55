package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// why says in the words of the rules why a case has its priority and action, what carries it first: the strongest raises, firm ones
// before others, then caps that lowered them, then what made the action, then what exempts it. Weaker raises say nothing that the
// strongest did not outdo. Where an exemption left a warning, its words come first: they say why somebody has to look. It may be empty:
// no rule said anything.
func why(d *engine.Decision) []string {
	top := strongest(d)
	var firm, raises, caps, acts, exempts []string
	for i := range d.Reasons {
		r := &d.Reasons[i]
		if !r.InForce() {
			continue
		}
		switch r.Kind {
		case "raise":
			switch carries := r.To.Rank() == top && top > 0; {
			case r.Firm && (carries || r.To == d.Priority):
				firm = append(firm, r.Message)
			case carries:
				raises = append(raises, r.Message)
			}
		case "cap":
			if top > d.Priority.Rank() {
				caps = append(caps, r.Message)
			}
		case "deny", "warn":
			acts = append(acts, r.Message)
		case "exempt":
			if r.AtMost.Rank() >= stated(d).Rank() { // else a firm deny withstood it
				exempts = append(exempts, r.Message)
			}
		}
	}
	var out []string
	order := slices.Concat(firm, raises, caps, acts, exempts)
	if lowered(d) && d.Action == engine.Warn {
		order = slices.Concat(exempts, firm, raises, caps, acts)
	}
	for _, m := range order {
		if m = sentence(m); m != "" && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// strongest is the rank of the strongest raise; -1 if there is none.
func strongest(d *engine.Decision) int {
	top := -1
	for i := range d.Reasons {
		if r := &d.Reasons[i]; r.Kind == "raise" && r.InForce() {
			top = max(top, r.To.Rank())
		}
	}
	return top
}

// sentence strips what a message ends with, so that several can be joined.
func sentence(m string) string { return strings.TrimRight(clean(m), " .;") }

// worthKnowing says of the facts that are not known what they would change: "reachability not known (would be track if unreachable)". What
// would change it most comes first.
func worthKnowing(d *engine.Decision) []string {
	var out []string
	for _, p := range pivots(d) {
		out = append(out, hinge(p, d.Priority, engine.Priorities))
	}
	return out
}

// mostWorthKnowing is the one fact that would change most, and how far it would, for where there is not room for all. Threat data is not
// the reader's to find out, and what was not loaded is said once for all cases.
func mostWorthKnowing(d *engine.Decision) []string {
	for _, p := range pivots(d) {
		if feed(p.Fact) != "" {
			continue
		}
		ranks := []int{}
		for _, to := range p.Outcomes {
			ranks = append(ranks, to.Rank())
		}
		return []string{hinge(p, d.Priority, []engine.Priority{engine.Priorities[slices.Min(ranks)], engine.Priorities[slices.Max(ranks)]})}
	}
	return nil
}

// pivots are those of a decision, what would change it most first.
func pivots(d *engine.Decision) []engine.Pivot {
	change := func(p engine.Pivot) (most int) {
		for _, to := range p.Outcomes {
			most = max(most, to.Rank()-d.Priority.Rank(), d.Priority.Rank()-to.Rank())
		}
		return most
	}
	all := slices.DeleteFunc(slices.Clone(d.Pivots), func(p engine.Pivot) bool { return change(p) == 0 })
	slices.SortStableFunc(all, func(a, b engine.Pivot) int { return cmp.Compare(change(b), change(a)) })
	return all
}

// hinge words a pivot: which values lead to some of the outcomes, the most urgent first.
func hinge(p engine.Pivot, at engine.Priority, outcomes []engine.Priority) string {
	var changes []string
	for _, to := range slices.Backward(outcomes) {
		var values []string
		for _, value := range slices.Sorted(maps.Keys(p.Outcomes)) {
			if p.Outcomes[value] == to && to != at {
				values = append(values, value)
			}
		}
		if len(values) > 0 {
			changes = append(changes, string(to)+" "+anyOf(values, to.Rank() > at.Rank()))
		}
	}
	return factLabel(p.Fact) + " not known (would be " + strings.Join(slices.Compact(changes), ", ") + ")"
}

// longestChoice bounds how values are listed that come to the same.
const longestChoice = 48

// anyOf names values one of which is enough; of many or long ones it only says which way they lead.
func anyOf(values []string, worse bool) string {
	s := strings.Join(values, " or ")
	switch {
	case width(s) <= longestChoice:
		return "if " + s
	case worse:
		return "at worst"
	}
	return "at best"
}

// longestTitle bounds a title in a sentence, in columns: some scanners give a whole paragraph.
const longestTitle = 100

// introduce says what the finding is, for who has not heard of its name, and why it matters, as one or two sentences without a last stop.
func introduce(f *engine.Finding, parts []string) string {
	return strings.Join(slices.DeleteFunc([]string{called(f), SentenceAbout(f, strings.Join(parts, "; "))}, func(s string) bool { return s == "" }), ". ")
}

// called is the title of a finding as a sentence; empty if it says no more than the name. Scanners put the package before it, which stands
// beside it here.
func called(f *engine.Finding) string {
	title := sentence(f.Title)
	if f.Package != nil {
		if before, after, ok := strings.Cut(title, ": "); ok && strings.EqualFold(before, f.Package.Name) {
			title = after
		}
	}
	if title = cutEnd(SentenceAbout(f, title), longestTitle); title == "" || strings.EqualFold(title, weakness(f)) {
		return ""
	}
	return title
}

// SentenceAbout begins a sentence about a finding with a capital, if it does not begin with a package: titles have that before a colon, and
// rules name the one that the finding is in.
func SentenceAbout(f *engine.Finding, s string) string {
	first, _, _ := strings.Cut(s, " ")
	if strings.HasSuffix(first, ":") || f.Package != nil && (first == f.Package.Name || strings.HasSuffix(f.Package.Name, "/"+first)) {
		return s
	}
	return SentenceCase(s)
}

// headline is the title of a finding where it says more than the name does: that of a published weakness is known by its name, and
// the package stands beside it.
func headline(f *engine.Finding) string {
	if f.Vulnerability != nil && f.Package != nil {
		return ""
	}
	return sentence(f.Title)
}

// lowered says whether an exemption lowered the action.
func lowered(d *engine.Decision) bool { return d.Exemption() != nil }

// let says whether an exemption lowered the action to nothing to do. One that left a warning leaves somebody to look.
func let(d *engine.Decision) bool { return d.Action == engine.Pass && lowered(d) }

// exempted is what a case that an exemption lowered is called. Only somebody who accepts a risk waives; a suppression or a statement
// that the product is not affected does not.
func exempted(d *engine.Decision) string {
	if e := d.Exemption(); e != nil && strings.HasPrefix(e.Rule, "waivers.") {
		return "waived"
	}
	return "exempted"
}

// acceptedAnyway says that a waiver accepts the risk of a case that would pass without. It is not counted as waived: nothing is lowered.
func acceptedAnyway(k *engine.Case) bool {
	d := &k.Decision
	return d.Exemption() == nil && slices.ContainsFunc(d.Reasons, func(r engine.Reason) bool {
		return r.Kind == "exempt" && r.InForce() && strings.HasPrefix(r.Rule, waiverRule)
	})
}

// stated is the action that the policy came to: what report-only held back is what it would have been.
func stated(d *engine.Decision) engine.Action {
	if d.HeldBack() {
		return *d.WouldHave
	}
	return d.Action
}

// suppressedByItself is the rule of the pack change that excuses what the change under review brings together with its excuse.
const suppressedByItself = "change.suppressed_by_itself"

// selfSuppressed says that a case only warns because the change under review suppresses it.
func selfSuppressed(c *engine.Case) bool {
	e := c.Decision.Exemption()
	return e != nil && e.Rule == suppressedByItself && isNew(c) && c.Decision.Action == engine.Warn
}
