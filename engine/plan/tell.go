package plan

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// without tells of cases that have no fix.
func (g *group) without(cases []*engine.Case, why string) []engine.NoFix {
	cases = slices.DeleteFunc(slices.Clone(cases), func(c *engine.Case) bool { return !Open(c) })
	if len(cases) == 0 {
		return nil
	}
	f := &cases[0].Input.Finding
	n := engine.NoFix{Target: g.target, Name: g.name, Image: g.image, Why: why, Assets: assets(cases), Cases: map[string]int{}}
	if f.Package != nil {
		n.Target, n.Name = packageOf(f), cmp.Or(f.Package.Name, g.name)
	}
	removable := f.Package != nil && !distribution(f.Package)
	switch {
	case removable:
		n.Instead = "take the package out or replace it; until then keep the weak code from being reached, or accept the risk for a time with a waiver"
	case f.Package != nil:
		n.Instead = "take the package out of the image if nothing needs it; until the distribution has a fix keep it from being reached, or accept the risk for a time with a waiver"
	default:
		n.Instead = "ask the maker for a fix; until then restrict who can reach it, or accept the risk for a time with a waiver"
	}
	for _, c := range cases {
		n.Cases[string(c.Decision.Priority)]++
		if id := c.Input.Finding.ID; len(n.Findings) == 0 || n.Findings[len(n.Findings)-1] != id {
			n.Findings = append(n.Findings, id)
		}
		if p := c.Input.Finding.Package; p != nil {
			n.From = append(n.From, p.Versions...)
		}
	}
	n.From = few(n.From)
	return []engine.NoFix{n}
}

// few are the first of many, each once.
func few(names []string) []string {
	slices.Sort(names)
	names = slices.Compact(names)
	return names[:min(len(names), mostListed)]
}

func assets(cases []*engine.Case) []string {
	all := []string{}
	for _, c := range cases {
		all = append(all, c.Input.Asset.ID)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func owners(cases []*engine.Case) []string {
	var all []string
	for _, c := range cases {
		if o := c.Input.Asset.Owner; o != "" {
			all = append(all, o)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// places are where the cases are, each file with its line where there is one.
func (d *draft) places() []string {
	type spot struct {
		path string
		line int
	}
	var all []spot
	for _, c := range d.open {
		for _, l := range c.Input.Finding.Locations {
			if l.Image != "" && d.Image == "" {
				continue // what is built; the source says where to change it
			}
			if path := cmp.Or(l.Path, l.URL); path != "" {
				all = append(all, spot{path, l.Line})
			}
		}
	}
	slices.SortFunc(all, func(a, b spot) int { return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.line, b.line)) })
	all = slices.Compact(all)
	var out []string
	for _, s := range all[:min(len(all), mostListed)] {
		if s.line > 0 {
			s.path += ":" + strconv.Itoa(s.line)
		}
		out = append(out, s.path)
	}
	return out
}

// installed are the versions of what is cleared.
func installed(members []*engine.Case, cleared map[string]bool) []string {
	var all []string
	for _, c := range members {
		if f := &c.Input.Finding; cleared[f.ID] && f.Package != nil {
			all = append(all, f.Package.Versions...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) < 2 {
		return all
	}
	if l := newLadder(ecosystemOf(members[0].Input.Finding.Package), slices.Clone(all)); l != nil && len(l.names) > 0 {
		if on, ok := l.on(all); ok {
			all = all[:0]
			for _, r := range on[:min(len(on), mostListed)] {
				all = append(all, l.names[r])
			}
			return all
		}
	}
	return few(all)
}

// direct says whether the package is one that is asked for by name: true if any report says so, false if all that say anything deny it,
// nil if none does.
func direct(members []*engine.Case) *bool {
	var is *bool
	for _, c := range members {
		if d := c.Input.Finding.Package.Direct; d != nil && (is == nil || *d) {
			is = new(*d)
		}
	}
	return is
}

// worst is the case that makes a fix urgent: of the highest priority, and of those the one due first.
func worst(cases []*engine.Case) *engine.Case {
	return slices.MinFunc(cases, func(a, b *engine.Case) int {
		return cmp.Or(cmp.Compare(b.Decision.Priority.Rank(), a.Decision.Priority.Rank()), engine.CompareDue(&a.Decision, &b.Decision),
			strings.Compare(a.Input.Finding.ID, b.Input.Finding.ID), strings.Compare(a.Input.Asset.ID, b.Input.Asset.ID))
	})
}

// because is the reason that carries a decision's priority, a firm one first; nil if no rule raised it.
func because(d *engine.Decision) *engine.Reason {
	var best *engine.Reason
	for i := range d.Reasons {
		r := &d.Reasons[i]
		if r.Kind == "raise" && r.InForce() && r.To.Rank() >= d.Priority.Rank() && (best == nil || r.Firm && !best.Firm) {
			best = r
		}
	}
	return best
}
