package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/paths"
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
	estate := paths.Estate{Edges: edges}
	covered := r.assets.Covered(r.reading.targets)
	for _, a := range r.assets.Assets() {
		estate.Assets = append(estate.Assets, paths.Asset{ID: a.ID, Entry: a.Exposure == "internet", Jewel: jewel(&a),
			Covered: covered[a.ID], Openers: openers[a.ID]})
	}
	analysis := paths.Analyse(estate)
	r.result.Graph, r.result.Paths = analysis.Graph(), analysis.Paths()
	r.paths = analysis
	from := engine.Provenance{Source: "the asset graph " + analysis.Digest()}
	for i := range cases {
		c := &cases[i]
		if c.Input.Context.Paths, _ = analysis.Facts(c.Input.Asset.ID, c.Input.Finding.ID); c.Input.Context.Paths != nil {
			c.Provenance["context.paths"] = from
		}
	}
	if missing := r.result.Graph.Uncovered; len(missing) > 0 {
		r.app.say("note", fmt.Sprintf("attack paths over %s are not known: no complete report of this run looked there", few(missing)))
	}
	return nil
}

// few names some of many.
func few(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
