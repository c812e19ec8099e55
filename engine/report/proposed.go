package report

import (
	"fmt"
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
		"); the base has judged it.\\\n" + prose(proposal(p), false) + "\n"
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

// proposedFiles are the first files of a proposal, each as name gives it, and how many more there are.
func proposedFiles(p *engine.Proposal, name func(string) string) []string {
	out := named(p.Files[:min(len(p.Files), shownChanges)], shownChanges, name)
	if more := len(p.Files) - len(out) + p.More; more > 0 {
		out = append(out, strconv.Itoa(more)+" more")
	}
	return out
}

// proposal says in a sentence what would be decided otherwise about this build.
func proposal(p *engine.Proposal) string {
	if p.Error != "" {
		return "What it proposes would not work: " + sentence(p.Error) + "."
	}
	if p.Simulation == nil {
		return "What it proposes was not tried."
	}
	s := simulated{p.Simulation}
	if s.Outcome == engine.Equal {
		return "By what it proposes every finding would be decided alike."
	}
	out := "By what it proposes the build would end alike"
	switch {
	case s.NewlyBlocking.Results > 0:
		out = "By what it proposes the build would newly block"
	case s.NewlyPassing.Results > 0:
		out = "By what it proposes the build would block no more"
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
	return out + "."
}
