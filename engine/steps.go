package engine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
)

// OpensStep says of every case, on all cores, whether its finding lets an attacker onto its asset, as data.main.opens_step decides. What
// is assumed of a case counts here too, and a rule that is not in force at the time opens nothing. Paths are not known yet: facts of them are taken out, so that no rule can depend on itself. An
// error means that of one case it could not be said; then nothing may be taken from the answers.
func (p *Policy) OpensStep(ctx context.Context, cases []Case, now time.Time) ([]bool, error) {
	p, err := p.at(ctx, now)
	if err != nil {
		return nil, err
	}
	opens := make([]bool, len(cases))
	workers := runtime.GOMAXPROCS(0)
	all := newShares(len(cases), workers)
	var work sync.WaitGroup
	for worker := range workers {
		work.Go(func() {
			decider := p.steps().decider(len(cases))
			for i := range all.of(ctx, worker) {
				in := cases[i].Input
				in.Context.Paths = nil
				seen, _ := p.assume(&in, p.unknown(&in))
				a, err := decider.answer(ctx, seen)
				if err != nil {
					all.failed.note(i, fmt.Errorf("ask whether %s opens a step onto %s: %w", in.Finding.ID, in.Asset.ID, err))
					continue
				}
				opens[i] = len(a.Reasons) > 0
			}
		})
	}
	work.Wait()
	if ctx.Err() != nil {
		return nil, p.stuck.explain(context.Cause(ctx))
	}
	return opens, all.failed.err
}

// opensStepRef is the document of all rules that open a step.
var opensStepRef = ast.MustParseRef("data.main.opens_step")

// stepsOf asks which rules open a step.
func (p *Policy) stepsOf(ctx context.Context, q question) (*answer, error) {
	a := new(answer)
	if _, _, err := p.ask(ctx, q, &a.Reasons); err != nil {
		return nil, err
	}
	return a, p.complete(a.Reasons, q.held)
}

// CrownJewel says whether an asset is what attackers are after, by the parameter crown_jewels of the pack paths. It is nil if the pack
// is off: then nobody asks for paths.
func (p *Policy) CrownJewel() func(*Asset) bool {
	_, params, err := paramsOf(p.data, "paths", p.info.Packs)
	if err != nil {
		return nil
	}
	wanted, _ := params["crown_jewels"].(map[string]any)
	among := func(key, value string) bool { return value != "" && slices.Contains(list(wanted[key]), any(value)) }
	return func(a *Asset) bool {
		return among("criticality", a.Criticality) || among("types", a.Type) ||
			slices.ContainsFunc(a.Data, func(class string) bool { return among("data", class) })
	}
}

// Proven says whether a finding is shown to let an attacker in: it was exploited, or the component was seen loaded and the weak code is
// reachable.
func (in *Input) Proven() bool {
	c := &in.Context
	return c.Validation != nil && c.Validation.Status == "exploitable" ||
		c.Runtime != nil && c.Runtime.Loaded && c.Reachability != nil && c.Reachability.Verdict == "reachable"
}
