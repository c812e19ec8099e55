package main

import (
	"context"
	"slices"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/paths"
	"github.com/headgate/headgate/engine/scope"
)

// joinPaths finds the attack paths among the assets, and adds to each case what they have to do with it. It comes after all other facts,
// which say what opens a step. Without an edge between assets, or without the pack that asks, there is nothing to find.
func (r *run) joinPaths(ctx context.Context) error {
	jewel, edges := r.policy.CrownJewel(), r.assets.Edges()
	if jewel == nil || len(edges) == 0 {
		return nil
	}
	cases := r.result.Cases
	opens, err := r.policy.OpensStep(ctx, cases, r.result.Now)
	if err != nil {
		return err
	}
	openers := map[string][]paths.Opener{}
	for i := range cases {
		if in := &cases[i].Input; opens[i] {
			openers[in.Asset.ID] = append(openers[in.Asset.ID], paths.Opener{Finding: in.Finding.ID, Proven: in.Proven()})
		}
	}
	estate := estateOf(r.assets.Assets(), edges, jewel, r.covered(), openers)
	analysis := paths.Analyse(estate)
	r.result.Graph, r.result.Paths = analysis.Graph(), analysis.Paths()
	r.paths = analysis
	putPaths(cases, analysis)
	return nil
}

// estateOf is what paths lead along.
func estateOf(assets []engine.Asset, edges []engine.Edge, jewel func(*engine.Asset) bool, covered map[string]bool, openers map[string][]paths.Opener) paths.Estate {
	estate := paths.Estate{Edges: edges}
	for _, a := range assets {
		estate.Assets = append(estate.Assets, paths.Asset{ID: a.ID, Entry: a.Exposure == "internet", Unsaid: a.Exposure == "", Jewel: jewel(&a),
			Covered: covered[a.ID], Openers: openers[a.ID]})
	}
	return estate
}

// putPaths puts into the cases what the paths of an estate have to do with them.
func putPaths(cases []engine.Case, analysis *paths.Analysis) {
	from := engine.Provenance{Source: "the asset graph " + analysis.Digest()}
	for i := range cases {
		c := &cases[i]
		facts, why := analysis.Facts(c.Input.Asset.ID, c.Input.Finding.ID)
		switch c.Input.Context.Paths = facts; {
		case facts != nil:
			c.Provenance["context.paths"] = from
		case why != "": // what is absent for a reason says so where a source would stand
			c.Provenance["context.paths"] = engine.Provenance{Source: why}
		}
	}
}

// covered are the assets that the reports of the run looked at whole. A result file only says which were not that lie on the way; the
// others do not matter.
func (r *run) covered() map[string]bool {
	if r.reading != nil {
		return r.assets.Covered(scope.Look{Repository: r.result.Change.Repository, Whole: r.reading.targets, Part: r.reading.unfinished})
	}
	covered := map[string]bool{}
	for _, a := range r.assets.Assets() {
		covered[a.ID] = !slices.Contains(r.result.Graph.Uncovered, a.ID)
	}
	return covered
}
