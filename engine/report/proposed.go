package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// shownChanges is how many cases that would be decided otherwise are named.
const shownChanges = 5

// proposedBlock says what the change would alter about what decides.
func (v *view) proposedBlock() *block {
	p := v.r.Proposed
	if p == nil {
		return nil
	}
	head := "\n**This change edits what judges** (" + strings.Join(proposedFiles(p, func(s string) string { return code(s, false) }), ", ") +
		"); the base has judged it.\\\n" + proposedProse(p) + "\n"
	if p.Simulation == nil {
		return &block{head: head}
	}
	s := simulated{p.Simulation}
	b := &block{noun: "row", head: head}
	if len(s.Examples) > 0 {
		b.head += "\n| would change | where | asset | how | rules |\n| --- | --- | --- | --- | --- |\n"
	}
	for i := range s.Examples[:min(len(s.Examples), shownChanges)] {
		k := &s.Examples[i]
		b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", code(weakness(&k.Finding), true), code(subject(&k.Finding), true),
			code(k.Asset, true), strings.ReplaceAll(steps(k), "*", `\*`), code(strings.Join(k.Rules, ", "), true)))
	}
	return b
}

// proposedProse is what a proposal comes to as one paragraph of Markdown.
func proposedProse(p *engine.Proposal) string {
	var out []string
	for _, s := range proposal(p) {
		out = append(out, prose(s, false))
	}
	return strings.Join(out, " ")
}

// proposedFiles are the first files of a proposal, each as name gives it, and how many more there are.
func proposedFiles(p *engine.Proposal, name func(string) string) []string {
	out := named(p.Files[:min(len(p.Files), shownChanges)], shownChanges, name)
	if more := len(p.Files) - len(out) + p.More; more > 0 {
		out = append(out, strconv.Itoa(more)+" more")
	}
	return out
}

// proposal says in sentences what would be decided otherwise about this build, and what would become of the waivers: first of those that
// would not count. Each can be long, and is shown by itself, so that none cuts off the others.
func proposal(p *engine.Proposal) []string {
	if p.Error != "" {
		return []string{"What it proposes would not work: " + sentence(p.Error) + "."}
	}
	if p.Simulation == nil {
		return []string{"What it proposes was not tried."}
	}
	words := SentenceCase(approvals(p) + "by what it proposes " + forecast(&simulated{p.Simulation}) + ".")
	var accepted, uncounted []string
	for _, w := range p.Waivers {
		if len(w.Awaits) == 0 {
			uncounted = append(uncounted, "The waiver "+w.ID+" would not count: "+sentence(w.Why)+".")
		} else {
			accepted = append(accepted, w.ID+" accepts "+sentence(w.Accepts)+" until "+sentence(w.Expires)+".")
		}
	}
	if more := len(accepted) - mostWaivers; more > 0 {
		accepted = append(accepted[:mostWaivers], count(more, "other waiver is", "other waivers are")+" proposed too.")
	}
	if more := len(uncounted) - mostWaivers; more > 0 {
		uncounted = append(uncounted[:mostWaivers], "Nor would "+count(more, "other waiver", "other waivers")+".")
	}
	if p.MoreWaivers > 0 {
		accepted = append(accepted, count(p.MoreWaivers, "more waiver", "more waivers")+
			" that nobody has approved "+plural(p.MoreWaivers, "is", "are")+" not named here, and taken for approved as far as an approval can still come.")
	}
	return slices.Concat([]string{words}, uncounted, accepted)
}

// forecast is what would become of the build.
func forecast(s *simulated) string {
	if s.Outcome == engine.Equal {
		return "nothing in this build would be decided otherwise"
	}
	out := "the build would end alike"
	switch {
	case s.NewlyBlocking.Results > 0:
		out = "the build would newly block"
	case s.NewlyPassing.Results > 0:
		out = "the build would block no more"
	}
	out += fmt.Sprintf("; of %s %s", count(s.Changes.Cases, "case", "cases"), changedWords(s.Changes.Stricter, s.Changes.Looser, s.Changes.Mixed, s.Changes.Reworded))
	var figures []string
	for _, f := range s.figures() {
		if f.before != f.after {
			figures = append(figures, fmt.Sprintf("%s %d → %d", f.name, f.before, f.after))
		}
	}
	if len(figures) > 0 {
		out += " (" + strings.Join(figures, ", ") + ")"
	}
	return out
}

// approvals is the condition of a forecast: who still has to approve which of the waivers, and how; empty if there is nothing to approve.
// Waivers of others who may are told apart: one approval would not do for both.
func approvals(p *engine.Proposal) string {
	ids := map[string][]string{} // by who has to approve them
	var each []string
	for _, w := range p.Waivers {
		if len(w.Awaits) == 0 {
			continue
		}
		who := approvers(w.Awaits)
		if ids[who] == nil {
			each = append(each, who)
		}
		ids[who] = append(ids[who], w.ID)
	}
	if len(each) == 0 {
		return ""
	}
	for i, who := range each {
		each[i] = some(ids[who], mostWaivers) + " " + plural(len(ids[who]), "is", "are") + " approved (" + who + ")"
	}
	return "if " + and(each) + ", "
}

// approvers name those who can approve of a waiver, and how.
func approvers(people []string) string {
	var who []string
	for _, person := range people {
		if len(who) == mostWaivers {
			who = append(who, "another of the approvers")
			break
		}
		who = append(who, approval(person))
	}
	return strings.Join(who, " or ")
}

// approval is how one of the approvers can approve of a waiver in a change under review: whoever is named by login is known to review,
// whoever is named by address to merge.
func approval(person string) string {
	login, address := "", ""
	for _, name := range strings.Fields(person) {
		if strings.HasPrefix(name, "@") {
			login = name
		} else {
			address = name
		}
	}
	switch {
	case login == "":
		return "a merge by " + address
	case address == "":
		return "a review by " + login
	}
	return "a review or a merge by " + login
}
