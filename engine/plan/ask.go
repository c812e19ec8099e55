package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Step is one fix that somebody thinks of making.
type Step struct {
	Fix      *engine.Fix // of the plan
	To       string      // another version than that of the plan; empty: that of the plan
	Findings []string    // that it clears, by id
}

// sorts are the words that a step may begin with.
var sorts = []string{engine.FixUpgrade, engine.FixRebuild, engine.FixCode, engine.FixRotate, engine.FixConfigure, engine.FixReplace}

// Ask reads what fixes somebody thinks of, and finds what they clear. It is the id of a fix or the beginning of one, or a sort and then an
// id, a target or a name: "upgrade:pkg:npm/lodash", "rotate:fix-3fa9c2". Of an upgrade it may have a version: "upgrade:lodash@4.17.21".
// A target or name can be that of several fixes, in several images; then all are meant.
func Ask(cases []engine.Case, fixes []engine.Fix, repository, ask string) ([]Step, error) {
	kind, what, ok := strings.Cut(ask, ":")
	if strings.HasPrefix(ask, "fix-") {
		kind, what, ok = "", ask, true
	}
	if !ok || kind != "" && !slices.Contains(sorts, kind) {
		return nil, fmt.Errorf("%q names no fix; write the id of one, or one of %s with a colon and what it is about", ask, strings.Join(sorts, ", "))
	}
	found, err := named(fixes, kind, what)
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, f := range found {
		steps = append(steps, Step{Fix: f, Findings: f.Findings})
	}
	if len(steps) > 0 {
		return steps, nil
	}
	at := strings.LastIndexByte(what, '@')
	if at <= 0 || kind != engine.FixUpgrade || strings.Contains(what[at:], "/") {
		return nil, fmt.Errorf("no fix of the plan is %s", ask)
	}
	target, to := what[:at], what[at+1:]
	if found, err = named(fixes, kind, target); err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no fix of the plan upgrades %s", target)
	}
	groups := grouped(cases, repository)
	for _, f := range found {
		i, there := slices.BinarySearchFunc(groups, f.ID, func(g *group, id string) int { return strings.Compare(g.id, id) })
		if !there {
			return nil, errors.New("the plan is not that of these cases")
		}
		if ids := groups[i].clearedBy(to); len(ids) > 0 {
			steps = append(steps, Step{Fix: f, To: to, Findings: ids})
		}
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("an upgrade of %s to %s clears nothing", target, to)
	}
	return steps, nil
}

// named are the fixes of a sort (empty: any) with an id that begins so, or with that target or name.
func named(fixes []engine.Fix, kind, what string) ([]*engine.Fix, error) {
	var byID, byName []*engine.Fix
	for i := range fixes {
		f := &fixes[i]
		switch {
		case kind != "" && f.Fix != kind:
		case len(what) > len("fix-") && strings.HasPrefix(f.ID, what):
			byID = append(byID, f)
		case f.Target == what || f.Name == what:
			byName = append(byName, f)
		}
	}
	if len(byID) > 1 {
		return nil, fmt.Errorf("several fixes have an id that begins with %s: give more of it", what)
	}
	return append(byID, byName...), nil
}

// clearedBy are the findings of a package that a version clears in all places where it is installed.
func (g *group) clearedBy(version string) []string {
	findings := distinct(g.members)
	all := []string{version}
	for _, f := range findings {
		all = append(append(all, f.Package.Versions...), f.Package.Fixed...)
	}
	l := newLadder(ecosystemOf(findings[0].Package), all)
	var ids []string
	for _, f := range findings {
		a := l.affect(f)
		if a.why != "" {
			continue
		}
		u := upgrade{ladder: l, to: -1, fixed: []string{version}}
		if l != nil {
			to, ok := l.rung[version]
			if !ok {
				continue
			}
			u.to = to
		}
		if u.clears(a) {
			ids = append(ids, f.ID)
		}
	}
	return ids
}
