package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/scope"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/integrations/store"
)

// byPaths finds the connected parts of the asset graph where something changed: an asset or edge, what is open there, or a case that is to be
// decided again. Such a part is decided together, as what opens on one asset counts for those behind it.
func (p *planner) byPaths() error { return p.findPaths(false) }

// findPaths looks for the attack paths of the parts that changed, or of all.
func (p *planner) findPaths(all bool) error {
	jewel := p.run.policy.CrownJewel()
	if jewel == nil || len(p.run.assets.Edges()) == 0 {
		return nil
	}
	covered, err := p.covered()
	if err != nil {
		return err
	}
	facts := map[string]engine.Asset{}
	for _, a := range p.run.assets.Assets() {
		facts[a.ID] = a
	}
	touched := map[string]bool{}
	for a := range p.found {
		touched[a.Asset] = true
	}
	openers := map[string][]paths.Opener{}
	var assets []engine.Asset
	var edges []engine.Edge
	p.plan.Paths, p.plan.onPaths = map[string]string{}, map[string]bool{}
	for _, part := range parts(p.run.assets.Edges(), facts) {
		shares, err := p.sharesOn(part.assets)
		if err != nil {
			return err
		}
		own := []engine.Asset{}
		for _, id := range part.assets {
			own = append(own, facts[id])
		}
		digest, err := digestOf(own, part.edges, shares, part.coverage(covered), p.plan.Policy)
		if err != nil {
			return err
		}
		name := part.assets[0]
		p.plan.Paths[name] = digest
		changed := slices.ContainsFunc(part.assets, func(id string) bool { return touched[id] })
		if same := len(p.sweeps) > 0 && p.sweeps[0].Epoch.Paths[name] == digest; same && !changed && !all {
			continue
		}
		open, err := p.openOn(part.assets)
		if err != nil {
			return err
		}
		p.add(open, sweep.WhyPaths)
		if err := p.openersOf(open, openers); err != nil {
			return err
		}
		assets, edges = append(assets, own...), append(edges, part.edges...)
		for _, id := range part.assets {
			p.plan.onPaths[id] = true
		}
	}
	if len(assets) > 0 {
		p.plan.Estate = new(estateOf(assets, edges, jewel, covered, openers))
		p.plan.analysis = paths.Analyse(*p.plan.Estate)
	}
	return nil
}

// A graphPart is a connected part of the asset graph.
type graphPart struct {
	assets []string // in order
	edges  []engine.Edge
}

func (g *graphPart) coverage(covered map[string]bool) (all []string) {
	for _, id := range g.assets {
		if covered[id] {
			all = append(all, id)
		}
	}
	return all
}

// parts are the connected parts of a graph, in the order of their first assets. Edges from or to what is no asset lead nowhere.
func parts(edges []engine.Edge, assets map[string]engine.Asset) []*graphPart {
	root := map[string]string{}
	var find func(string) string
	find = func(id string) string {
		if root[id] == "" || root[id] == id {
			root[id] = id
			return id
		}
		root[id] = find(root[id])
		return root[id]
	}
	known := func(e engine.Edge) bool { return assets[e.From].ID != "" && assets[e.To].ID != "" }
	for _, e := range edges {
		if a, b := find(e.From), find(e.To); known(e) && a != b {
			root[max(a, b)] = min(a, b)
		}
	}
	byRoot := map[string]*graphPart{}
	for _, id := range slices.Sorted(maps.Keys(root)) {
		if assets[id].ID == "" {
			continue
		}
		r := find(id)
		if byRoot[r] == nil {
			byRoot[r] = &graphPart{}
		}
		byRoot[r].assets = append(byRoot[r].assets, id)
	}
	for _, e := range edges {
		if known(e) {
			byRoot[find(e.From)].edges = append(byRoot[find(e.From)].edges, e)
		}
	}
	var all []*graphPart
	for _, r := range slices.Sorted(maps.Keys(byRoot)) {
		all = append(all, byRoot[r])
	}
	return all
}

// assetsOf says whether assets of the settings are those of a repository's cases.
func (p *planner) assetsOf(repository string) bool {
	return p.over(repository) && (p.run.flags.assets != "" || p.own(repository))
}

// sharesOn is how much is open on some assets, by asset: as long as it is the same, so are the cases.
func (p *planner) sharesOn(assets []string) ([][]store.Share, error) {
	counted := map[int64]bool{}
	for _, r := range p.runs {
		counted[r.Leaf] = p.assetsOf(r.Repository)
	}
	all := make([][]store.Share, len(assets))
	for i, id := range assets {
		on, err := p.view.SharesOn(id)
		if err != nil {
			return nil, err
		}
		all[i] = slices.DeleteFunc(on, func(s store.Share) bool { return !counted[s.Run] })
	}
	return all, nil
}

// openOn are the cases on some assets, in the order of their places.
func (p *planner) openOn(assets []string) (all []store.Candidate, err error) {
	for _, id := range assets {
		on, err := p.view.On(id)
		if err != nil {
			return nil, err
		}
		for _, c := range on {
			if p.assetsOf(c.Repository) {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b store.Candidate) int { return a.Place.Compare(b.Place) })
	return all, nil
}

// openersOf finds the cases that open a step of an attacker, as far as what is known of them now says.
func (p *planner) openersOf(open []store.Candidate, openers map[string][]paths.Opener) error {
	var places []store.Place
	for _, c := range open {
		places = append(places, c.Place)
	}
	for some := range slices.Chunk(places, casesOfShard) {
		var at []*lookedAt
		var cases []engine.Case
		for from, err := range p.view.Open(some) {
			if err != nil {
				return err
			}
			if from.Input.Erased == nil {
				at = append(at, &lookedAt{Standing: from})
				cases = append(cases, engine.Case{Input: *from.Input.Input, Provenance: from.Input.Provenance, Conflicts: from.Input.Conflicts})
			}
		}
		if err := p.join(p.ctx, at, cases); err != nil {
			return err
		}
		opens, err := p.run.policy.OpensStep(p.ctx, cases, p.now)
		if err != nil {
			return err
		}
		for i := range cases {
			if in := &cases[i].Input; opens[i] {
				openers[in.Asset.ID] = append(openers[in.Asset.ID], paths.Opener{Finding: in.Finding.ID, Proven: in.Proven()})
			}
		}
	}
	return nil
}

// covered are the assets that the latest scans of the branches looked at whole: of each tool and target the last one counts.
func (p *planner) covered() (map[string]bool, error) {
	scanned, err := p.view.Scanned()
	looks := map[[2]string]*scope.Look{} // by repository and branch
	seen := map[[4]string]bool{}
	for _, t := range scanned {
		if !p.over(t.Change.Repository) {
			continue
		}
		branch := [2]string{t.Change.Repository, t.Change.Branch}
		if looks[branch] == nil {
			looks[branch] = &scope.Look{Repository: t.Change.Repository}
		}
		look, now := looks[branch], [][4]string{}
		for i := range t.Reports {
			r := &t.Reports[i]
			for _, text := range r.Targets {
				scan := [4]string{branch[0], branch[1], r.Tool, text}
				if now = append(now, scan); seen[scan] {
					continue
				}
				kind, name, _ := strings.Cut(text, " ")
				if target := (engine.Target{Type: engine.TargetType(kind), Name: name}); r.Complete {
					look.Whole = append(look.Whole, target)
				} else {
					look.Part = append(look.Part, target)
				}
			}
		}
		for _, scan := range now { // several reports of one run can be of one scan
			seen[scan] = true
		}
	}
	covered := map[string]bool{}
	for _, look := range looks {
		maps.Copy(covered, p.run.assets.Covered(*look))
	}
	return covered, err
}
