package main

import (
	"context"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/integrations/store"
)

// mostCounted bounds the cases of a ledger that a plan is made of for a number: each is read with all that it was decided on.
const mostCounted = 100_000

// fixes counts the fixes that clear what needs action, branch by branch.
func (r *ledgerReport) fixes(ctx context.Context) error {
	if r.options.Team != "" || r.open > mostCounted {
		return nil
	}
	n := 0
	var cases []engine.Case
	var of *store.Standing // the branch that cases are of
	count := func() {
		if of != nil {
			made, _ := plan.New(cases, plan.Options{Repository: of.Repository})
			n += fixesOf(made)
		}
		cases = cases[:0]
	}
	for s, err := range r.Open(ctx, store.Selection{Branch: r.options.Branch}) {
		if err != nil {
			return err
		}
		if of == nil || of.Repository != s.Repository || of.Branch != s.Branch {
			count()
			of = s
		}
		d := s.Record.Decision
		if !r.among(s.Repository) {
			continue
		}
		if d.ExemptedBy != "" || d.Priority != engine.Act && d.Priority != engine.Attend || s.Input.Input == nil { // accepted, for later, or erased
			continue
		}
		cases = append(cases, engine.Case{Input: *s.Input.Input, Decision: engine.Decision{Priority: d.Priority, Action: d.Action, Due: d.Due}})
	}
	count()
	r.kpi.Fixes(n)
	return nil
}
