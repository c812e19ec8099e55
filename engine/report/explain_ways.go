package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

const (
	explainedWays   = 3 // attack paths that an explanation shows
	explainedOpened = 3 // findings named for one step
)

// OnTheWay are the attack paths of a result over the asset of a case, worst first and a few at most, and what the findings are called
// that open their steps, by id. Paths of which only another route leads there come last.
func OnTheWay(r *engine.Result, c *engine.Case) ([]engine.AttackPath, map[string]string) {
	if c.Input.Context.Paths == nil {
		return nil, nil
	}
	var over, beside []engine.AttackPath
	is := func(id string) bool { return id == c.Input.Asset.ID }
	for _, p := range r.Paths {
		switch {
		case len(p.Steps) != len(p.Assets):
		case slices.ContainsFunc(p.Assets, is):
			over = append(over, p)
		case slices.ContainsFunc(p.Others, func(route []string) bool { return slices.ContainsFunc(route, is) }):
			beside = append(beside, p)
		}
	}
	all := append(over, beside...)
	all = all[:min(len(all), explainedWays)]
	wanted, names := map[string]bool{}, map[string]string{}
	for _, p := range all {
		for _, s := range p.Steps {
			for _, id := range s.Findings {
				wanted[id] = true
			}
		}
	}
	for i := range r.Cases {
		if f := &r.Cases[i].Input.Finding; wanted[f.ID] && names[f.ID] == "" {
			names[f.ID] = headlined(f)
		}
	}
	return all, names
}

// headlined is a finding in a few words: its name, what it is in, and its title where that says more.
func headlined(f *engine.Finding) string {
	s := weakness(f)
	if in := subject(f); in != "" && in != f.Title {
		s += " in " + in
	}
	if clean(f.Title) != "" && clean(f.Title) != clean(weakness(f)) {
		s += ": " + f.Title
	}
	return s
}

// ways show the attack paths over the asset: how each step is opened, other routes, and what fixing this finding takes away.
func (x *explainer) ways() {
	p := x.e.Case.Input.Context.Paths
	if p == nil || len(x.e.Paths) == 0 {
		return
	}
	x.c.line()
	for i := range x.e.Paths {
		w := &x.e.Paths[i]
		x.entry("path", strings.Join(stops(w.Assets, brief), " → ")+" · "+w.Status)
		for k := range w.Steps {
			x.entry("", brief(w.Assets[k])+": "+x.openedBy(&w.Steps[k]))
		}
		for _, route := range w.Others {
			x.entry("other way", strings.Join(stops(route, brief), " → "))
		}
	}
	x.entry("if fixed", ifFixed(p))
}

// openedBy says how one asset of a path is got onto.
func (x *explainer) openedBy(s *engine.PathStep) string {
	if s.Trusted != "" {
		return "needs no finding, as the asset before " + trustWords(s.Trusted)
	}
	var out []string
	for _, id := range s.Findings[:min(len(s.Findings), explainedOpened)] {
		out = append(out, first(x.e.Findings[id], id))
	}
	if more := len(s.Findings) - len(out) + s.More; more > 0 {
		out = append(out, strconv.Itoa(more)+" more")
	}
	said := strings.Join(out, "; ")
	if s.Proven {
		said += " (proven)"
	}
	return said
}

// trustWords say what a trusted edge lets an attacker do with the next asset.
func trustWords(k engine.EdgeKind) string {
	switch k {
	case engine.EdgeData:
		return "may read its data"
	case engine.EdgeCredentials:
		return "has its credentials"
	case engine.EdgeDeploys:
		return "decides what runs there"
	}
	return "is trusted by it"
}

// ifFixed says what disappears with the finding alone.
func ifFixed(p *engine.PathFacts) string {
	switch {
	case len(p.Cuts) > 0:
		return "nothing leads from the internet to " + some(p.Cuts, 3) + " any more"
	case p.Opens:
		return "something else still opens the asset, or another way leads on: no jewel is cut off by this alone"
	}
	return "nothing changes for the path: this does not let an attacker onto the asset"
}
