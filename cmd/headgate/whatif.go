package main

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
)

// whatIf decides the run again as if some fixes were made: without the findings that they clear, by the same policy, intelligence and
// clock, with the attack paths that are left. The run has the result of that afterwards.
func (r *run) whatIf(ctx context.Context, asks []string) (*report.WhatIf, error) {
	before := r.result
	x := &report.WhatIf{Before: before}
	gone := map[string]bool{}
	for _, ask := range asks {
		steps, err := plan.Ask(before.Cases, before.Plan, before.Change.Repository, ask)
		if err != nil {
			return nil, setup(err, "headgate plan -n 0 lists all fixes with their ids")
		}
		for _, s := range steps {
			x.Made = append(x.Made, report.Made{Fix: s.Fix, To: s.To})
			for _, id := range s.Findings {
				gone[id] = true
			}
		}
	}
	x.Findings = slices.Sorted(maps.Keys(gone))
	after := *before
	after.Cases = casesWithout(before.Cases, gone)
	after.Weakened = slices.DeleteFunc(slices.Clone(before.Weakened), engine.CountsSuppressed)
	r.result, r.paths = &after, nil
	if err := r.redecide(ctx, before); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, err
	}
	return x, nil
}

// casesWithout are the cases of the other findings, of which nothing is shared that deciding changes.
func casesWithout(cases []engine.Case, gone map[string]bool) []engine.Case {
	left := []engine.Case{}
	for _, c := range cases {
		if !gone[c.Input.Finding.ID] {
			if c.Provenance = maps.Clone(c.Provenance); c.Provenance == nil {
				c.Provenance = map[string]engine.Provenance{}
			}
			left = append(left, c)
		}
	}
	return left
}

// redecide decides what is left of a result.
func (r *run) redecide(ctx context.Context, before *engine.Result) error {
	if before.Graph != nil {
		if err := r.joinPaths(ctx); err != nil {
			return undecided(err, "")
		}
		is, was := r.result.Graph, before.Graph
		if r.paths == nil || is.Assets != was.Assets || is.Edges != was.Edges || is.Entries != was.Entries || !slices.Equal(is.Jewels, was.Jewels) {
			return setup(errors.New("the assets here are not those of the result, so that its attack paths cannot be looked for again"),
				"give the reports instead, or the settings that the result was decided with")
		}
	}
	if err := r.policy.Decide(ctx, r.result.Cases, r.result.Now); err != nil {
		return undecided(err, "")
	}
	findings := map[string]bool{}
	for i := range r.result.Cases {
		findings[r.result.Cases[i].Input.Finding.ID] = true
	}
	if err := r.policy.Conclude(ctx, r.result, len(findings), slices.Contains(before.Weakened, "report-only")); err != nil {
		return undecided(err, "")
	}
	slices.Sort(r.result.Weakened)
	r.plan()
	return nil
}
