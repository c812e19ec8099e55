// Package plan finds which few fixes take away the most. Cases are put together by the fix that clears them, and fixes are ranked by
// what they clear against the effort they are. It judges nothing anew: what counts is what was decided.
package plan

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/headgate/headgate/engine"
)

// Options are what a plan is made with.
type Options struct {
	Repository string  // that the run is about, a part of the ids of fixes. Empty: not known
	Weights    Weights // the zero value is DefaultWeights
	Paths      Paths   // nil: no attack paths are known
}

// Paths answers what attack paths are gone once some findings are fixed.
type Paths interface {
	CutBy(findings []string) int       // how many
	CutOff(findings []string) []string // crown jewels that nothing leads to any more, by id
	Size() int                         // assets and edges: what an answer costs
}

// mostListed bounds what a fix lists for its reader.
const mostListed = 20

// New makes the plan for decided cases: the fixes, best first, and what no known fix clears, worst first. Every open case is in exactly
// one of them; see Open. The order of the cases does not matter.
func New(cases []engine.Case, o Options) ([]engine.Fix, []engine.NoFix) {
	if o.Weights.Effort == nil {
		o.Weights = DefaultWeights()
	}
	groups := grouped(cases, o.Repository)
	made := make([]*draft, len(groups))
	left := make([][]engine.NoFix, len(groups))
	var next atomic.Int64
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(groups); i = int(next.Add(1)) - 1 {
				made[i], left[i] = groups[i].fix()
			}
		})
	}
	work.Wait()
	none := slices.Concat(left...)
	drafts := slices.DeleteFunc(made, func(d *draft) bool { return d == nil })
	total := 0
	for i := range cases {
		if Open(&cases[i]) && pressing(&cases[i]) {
			total++
		}
	}
	slices.SortFunc(none, func(a, b engine.NoFix) int {
		return cmp.Or(compareCounts(b.Cases, a.Cases), strings.Compare(a.Name, b.Name), strings.Compare(a.Target, b.Target),
			strings.Compare(a.Image, b.Image), strings.Compare(a.Why, b.Why))
	})
	return rank(drafts, total, o), none
}

// Open says whether a case is one that a plan is made for: it is not exempted, and VEX does not call it not affected or fixed.
func Open(c *engine.Case) bool {
	if v := c.Input.Context.VEX; v != nil && (v.Status == "not_affected" || v.Status == "fixed") {
		return false
	}
	return c.Decision.Action != engine.Pass || !slices.ContainsFunc(c.Decision.Reasons, func(r engine.Reason) bool {
		return r.Kind == "exempt" && r.AtMost == engine.Pass && r.InForce()
	})
}

// pressing says whether a case counts for the share that fixes clear.
func pressing(c *engine.Case) bool { return c.Decision.Priority.Rank() >= engine.Attend.Rank() }

// A draft is a fix with the cases that it clears, before it has its place.
type draft struct {
	engine.Fix
	open  []*engine.Case
	paths bool    // it shuts doors that attack paths may lead through
	worth float64 // of its cases
}

// fix is what clears the cases of a group, nil if nothing does or none is open, and those of them that are left.
func (g *group) fix() (*draft, []engine.NoFix) {
	d := &draft{Fix: engine.Fix{ID: g.id, Fix: g.kind, Target: g.target, Name: g.name, Image: g.image, Images: g.images, Clears: map[string]int{}}}
	var left []engine.NoFix
	cleared := map[string]bool{} // by finding; absent: it is not
	switch g.kind {
	case engine.FixUpgrade:
		left = g.upgrade(d, cleared)
	case engine.FixRebuild:
		left = g.rebuild(d, cleared)
	case "":
		return nil, g.without(g.members, noPackage)
	default:
		for _, c := range g.members {
			cleared[c.Input.Finding.ID] = true
		}
		d.Effort = efforts[g.kind]
		if g.kind != engine.FixRotate {
			d.Rule = g.shown
		}
	}
	d.take(g.members, cleared)
	if len(d.open) == 0 {
		return nil, left
	}
	d.advise()
	return d, left
}

// efforts are those of fixes that are the same work whatever they clear. To do without a package is like a new major version of it.
var efforts = map[string]engine.Effort{
	engine.FixCode: engine.EffortCode, engine.FixRotate: engine.EffortRotate, engine.FixConfigure: engine.EffortInfrastructure,
	engine.FixRebuild: engine.EffortInfrastructure, engine.FixReplace: engine.EffortMajor,
}

// upgrade finds the version that clears the open findings in a package.
func (g *group) upgrade(d *draft, cleared map[string]bool) []engine.NoFix {
	u, left := g.raise(g.members, cleared)
	if u != nil {
		u.describe(&d.Fix)
	}
	d.Direct = direct(g.members)
	return left
}

// rebuild finds for each of an image's packages the version that the new base must have.
func (g *group) rebuild(d *draft, cleared map[string]bool) []engine.NoFix {
	var left []engine.NoFix
	for _, members := range byPackage(g.members) {
		u, without := g.raise(members, cleared)
		left = append(left, without...)
		if u == nil {
			continue
		}
		var f engine.Fix
		u.describe(&f)
		d.Packages = append(d.Packages, engine.PackageMove{Name: members[0].Input.Finding.Package.Name, From: installed(members, cleared), To: f.To})
	}
	d.Effort = efforts[g.kind]
	return left
}

// raise finds the upgrade of one package, nil if there is none, and notes which findings it clears; those left have no fix.
func (g *group) raise(members []*engine.Case, cleared map[string]bool) (*upgrade, []engine.NoFix) {
	p := members[0].Input.Finding.Package
	findings := distinct(members)
	var names []string
	for _, f := range findings {
		names = append(append(names, f.Package.Versions...), f.Package.Fixed...)
	}
	l := newLadder(ecosystemOf(p), names)
	open := map[string]bool{}
	for _, c := range members {
		open[c.Input.Finding.ID] = open[c.Input.Finding.ID] || Open(c)
	}
	var all, fixable []affected
	for _, f := range findings {
		a := l.affect(f)
		all = append(all, a)
		if a.why == "" && open[f.ID] {
			fixable = append(fixable, a)
		}
	}
	why := map[string]string{}
	for _, a := range all {
		why[a.ID] = a.why
	}
	var left []engine.NoFix
	for _, reason := range []string{noneKnown, noneAbove, noVersion} {
		var cases []*engine.Case
		for _, c := range members {
			if why[c.Input.Finding.ID] == reason && Open(c) {
				cases = append(cases, c)
			}
		}
		left = append(left, g.without(cases, reason)...)
	}
	if len(fixable) == 0 {
		return nil, left
	}
	u := upgradeOf(l, fixable)
	for _, a := range all {
		if u.clears(a) || a.why == "" && open[a.ID] {
			cleared[a.ID] = true
		}
	}
	return &u, left
}

// take fills in what the cleared cases say.
func (d *draft) take(members []*engine.Case, cleared map[string]bool) {
	for _, c := range members {
		id := c.Input.Finding.ID
		if !cleared[id] {
			continue
		}
		if len(d.Findings) == 0 || d.Findings[len(d.Findings)-1] != id { // members are ordered by it
			d.Findings = append(d.Findings, id)
		}
		if !Open(c) {
			d.Exempted++
			continue
		}
		d.open = append(d.open, c)
		d.Clears[string(c.Decision.Priority)]++
		if c.Decision.Overdue {
			d.Overdue++
		}
		if due := c.Decision.Due; !due.IsZero() && (d.Due.IsZero() || due.Before(d.Due)) {
			d.Due = due
		}
		if p := c.Input.Context.Paths; p != nil && p.Opens && p.Status != "" {
			d.paths = true
		}
	}
	d.Assets, d.Owners, d.At = assets(d.open), owners(d.open), d.places()
	if d.Fix.Fix == engine.FixUpgrade {
		d.From = installed(members, cleared)
	}
}
