package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Plan is the plan of a result, and what came of thinking some fixes made.
type Plan struct {
	Result *engine.Result
	WhatIf *WhatIf // nil: nothing was thought made
	Most   int     // fixes to show; 0 is all
}

// A WhatIf is fixes that were thought made. The result of the plan is then the run as it would be.
type WhatIf struct {
	Made     []Made
	Findings []string       // that they clear, by id
	Before   *engine.Result // the run as it is
}

// A Made is a fix that is thought made, perhaps to another version than that of the plan.
type Made struct {
	Fix *engine.Fix
	To  string // empty: as planned
}

func (m Made) words() string {
	f := *m.Fix
	if m.To != "" {
		f.To, f.Moves, f.Fixed = m.To, nil, nil
	}
	return todoOf(&f).words()
}

// planFormat names the version of what a plan is written as.
const planFormat = "headgate.plan/1"

// planFormats are the formats of plans.
var planFormats = []struct {
	Format
	write func(io.Writer, *Plan, Options) error
}{
	{Format{"text", "for people"}, writePlanText},
	{Format{"json", "the plan, version 1"}, writePlanJSON},
	{Format{"markdown", "a table for a ticket or a comment"}, writePlanMarkdown},
}

// PlanFormats lists the formats of plans.
func PlanFormats() []Format {
	var all []Format
	for _, f := range planFormats {
		all = append(all, f.Format)
	}
	return all
}

// WritePlan writes a plan. An error is that of the writer, or an unknown format.
func WritePlan(w io.Writer, format string, p *Plan, o Options) error {
	for _, f := range planFormats {
		if f.Name == format {
			return f.write(w, p, o)
		}
	}
	return unknown(format, PlanFormats())
}

// A planDocument is a plan as JSON.
type planDocument struct {
	Schema   string          `json:"schema"`
	Outcome  engine.Action   `json:"outcome"`
	WhatIf   *whatIfDocument `json:"what_if,omitempty"`
	Cases    map[string]int  `json:"cases"`
	Exempted int             `json:"exempted"`
	Paths    *int            `json:"paths,omitempty"`
	Fixes    []engine.Fix    `json:"fixes"`
	NoFix    []engine.NoFix  `json:"no_fix"`
}

type whatIfDocument struct {
	Made     []string       `json:"made"`
	Findings []string       `json:"findings"`
	Outcome  engine.Action  `json:"outcome"`
	Cases    map[string]int `json:"cases"`
	Paths    *int           `json:"paths,omitempty"`
}

func writePlanJSON(w io.Writer, p *Plan, _ Options) error {
	r := p.Result
	d := planDocument{planFormat, r.Outcome, nil, openCases(r), 0, pathsOf(r), slices.Clone(p.shown()), slices.Clone(r.NoFix)}
	d.Exempted = len(r.Cases) - sum(d.Cases)
	if d.Fixes == nil {
		d.Fixes = []engine.Fix{}
	}
	if d.NoFix == nil {
		d.NoFix = []engine.NoFix{}
	}
	if x := p.WhatIf; x != nil {
		d.WhatIf = &whatIfDocument{[]string{}, x.Findings, x.Before.Outcome, openCases(x.Before), pathsOf(x.Before)}
		for _, m := range x.Made {
			d.WhatIf.Made = append(d.WhatIf.Made, m.words())
		}
	}
	return encode(w, d)
}

// openCases are the cases that a plan is made for, by priority: all of them are in it.
func openCases(r *engine.Result) map[string]int {
	n := map[string]int{}
	for i := range r.Plan {
		for p, k := range r.Plan[i].Clears {
			n[p] += k
		}
	}
	for i := range r.NoFix {
		for p, k := range r.NoFix[i].Cases {
			n[p] += k
		}
	}
	return n
}

func sum(counts map[string]int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}

func pathsOf(r *engine.Result) *int {
	if r.Graph == nil {
		return nil
	}
	return &r.Graph.Paths
}

// shown are the fixes to show.
func (p *Plan) shown() []engine.Fix {
	all := p.Result.Plan
	if p.Most > 0 {
		all = all[:min(len(all), p.Most)]
	}
	return all
}

// enough is the share of act and attend that a headline is content with: what is left takes most of the work.
const enough = 0.8

// headline says how much the first few fixes do: "3 upgrades clear 84 % of act and attend, and 5 of 6 attack paths".
func (p *Plan) headline() string {
	open := openCases(p.Result)
	if open[string(engine.Act)]+open[string(engine.Attend)] == 0 {
		return "Nothing in act or attend is open."
	}
	n, share := 0, 0.0
	for i := range p.Result.Plan {
		if c := p.Result.Plan[i].Cumulative; c > share {
			n, share = i+1, c
		}
		if share >= enough {
			break
		}
	}
	if n == 0 {
		return "No known fix clears any of act and attend."
	}
	first := p.Result.Plan[:n]
	noun := []string{"fix", "fixes"}
	if !slices.ContainsFunc(first, func(f engine.Fix) bool { return f.Fix != engine.FixUpgrade }) {
		noun = []string{"upgrade", "upgrades"}
	}
	s := count(n, noun[0], noun[1]) + " " + plural(n, "clears", "clear") + " "
	if share == 1 {
		s += "all of act and attend"
	} else {
		s += percent(share) + " of act and attend"
	}
	if g := p.Result.Graph; g != nil && g.Paths > 0 {
		switch gone := first[n-1].PathsCumulative; {
		case gone >= g.Paths && g.Paths == 1:
			s += ", and the only attack path"
		case gone >= g.Paths:
			s += fmt.Sprintf(", and all %d attack paths", g.Paths)
		case gone > 0:
			s += fmt.Sprintf(", and %d of %d attack paths", gone, g.Paths)
		}
	}
	return s + "."
}

// percent is a share, rounded down: 100 % is said of all only.
func percent(share float64) string { return strconv.Itoa(int(math.Floor(share*100))) + " %" }

// facts are what there is to know of a fix beyond what it is and clears.
func (v *view) fixFacts(f *engine.Fix, id string) string {
	var parts []string
	add := func(s string) {
		if clean(s) != "" {
			parts = append(parts, s)
		}
	}
	if !f.Due.IsZero() {
		add(due(&engine.Decision{Due: f.Due, Overdue: f.Overdue > 0}, v.r.Now))
	}
	add(some(f.Owners, 2))
	if v.onlyAsset == "" || len(f.Owners) == 0 {
		add(some(f.Assets, 3))
	}
	if f.Direct != nil && !*f.Direct {
		add("through what brings it")
	}
	if f.Exempted > 0 {
		add(fmt.Sprintf("and %d exempted", f.Exempted))
	}
	for _, t := range f.Tickets[:min(len(f.Tickets), 3)] {
		words := "ticket " + t.Ref
		if t.Status != "" {
			words += ", " + t.Status
		}
		if t.Resolution != "" && t.Resolution != t.Status {
			words += " (" + t.Resolution + ")"
		}
		add(words)
	}
	add(id)
	return strings.Join(parts, " · ")
}

// fixIDs are the short ids of all fixes of a result.
func fixIDs(r *engine.Result) map[string]string {
	var ids []string
	for i := range r.Plan {
		ids = append(ids, r.Plan[i].ID)
	}
	return shortIDs(ids, slices.Clone(ids))
}

// unfixed sums up what has no fix.
func unfixed(r *engine.Result) tally {
	t := tally{}
	for i := range r.NoFix {
		for p, n := range r.NoFix[i].Cases {
			t[engine.Priority(p)] += n
		}
	}
	return t
}

// noFixWords names what has no fix: "libfoo 1.2 in ghcr.io/acme/shop".
func noFixWords(n *engine.NoFix) string {
	s := strings.TrimSpace(first(n.Name, n.Target) + " " + some(n.From, 2))
	if n.Image != "" {
		s += " in " + n.Image
	}
	return s
}
