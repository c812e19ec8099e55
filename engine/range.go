package engine

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A spread is what a decision hinges on: the least and the most urgent priority that the facts that are unknown could make of it, and
// which of them would change it by itself.
//
// The range is that of the decision, of all unknown facts at their most harmless and at their worst, in the order of the schema, and of each
// of them at each of its values. Of a policy that is urgent in the middle (partner exposure counts more than internet) some combination of
// several facts may still lie outside: to try all would take their product.
type spread struct {
	between []Priority // least and most urgent; nil: the policy fails on one of the values
	pivots  []Pivot
}

// ranges are what spreads are worked out from.
type ranges struct {
	*classes               // of the priority alone: far fewer than those of the decision
	values   [][]factValue // by fact
	seen     *observed     // everything that the priority observes
}

func (p *Policy) newRanges() *ranges {
	r := &ranges{classes: p.newClasses(p.priorityRef(), nil, p.priority, p.priorityOf)}
	r.seen = r.all()
	for i := range p.facts {
		r.values = append(r.values, p.facts[i].values(r.compared))
	}
	return r
}

// priorityRef is the document that is the priority of the decision and nothing else: the rule that the decision takes it from, if that is
// plain to see, so that what the action depends on need not be evaluated.
func (p *Policy) priorityRef() ast.Ref {
	priority := ast.MustParseRef("data.main.priority")
	of := ast.StringTerm("priority")
	if rules := p.compiler.GetRulesExact(decisionRef); len(rules) == 1 && rules[0].Else == nil {
		if made, ok := boundTo(rules[0].Body, rules[0].Head.Value).Value.(ast.Object); ok && made.Get(of) != nil {
			if boundTo(rules[0].Body, made.Get(of)).Value.Compare(priority) == 0 {
				return priority
			}
		}
	}
	return decisionRef.Append(of)
}

// boundTo is the term that a body says a variable equals, as the compiler takes expressions apart; any other term is itself.
func boundTo(body ast.Body, t *ast.Term) *ast.Term {
	for _, e := range body {
		if e.IsEquality() && e.Operand(0).Equal(t) && !e.Negated && len(e.With) == 0 {
			return e.Operand(1)
		}
	}
	return t
}

// priorityOf asks for the priority alone.
func (p *Policy) priorityOf(ctx context.Context, q question) (*answer, error) {
	a := new(answer)
	if _, _, err := p.ask(ctx, q, &a.Priority); err != nil {
		return nil, err
	}
	if a.Priority.Rank() < 0 {
		return nil, fmt.Errorf("the policy answers priority %q", a.Priority)
	}
	return a, nil
}

// A ranger works out spreads one after another. Each goroutine needs one of its own.
type ranger struct {
	ranges *ranges
	*decider
	rows    []rowPart // by part
	key     []byte
	same    map[string]*row     // by what they say
	spreads map[string]spread   // by the rows of all parts
	choices map[string]Priority // by the numbers of all parts
}

func (r *ranges) ranger() *ranger {
	one := &ranger{ranges: r, decider: r.decider(fewCases), same: map[string]*row{}, spreads: map[string]spread{}, choices: map[string]Priority{}}
	if !one.byItself && one.rest.empty() { // else the priority observes more than its parts
		one.rows = r.rowParts()
	}
	return one
}

// mostSpreads bounds the spreads and priorities that are remembered.
const mostSpreads = 1 << 16

// spread is that of an input as it is known, of which there may be a sketch, and which the policy sees with assumptions and gives a priority.
func (r *ranger) spread(ctx context.Context, in, seen *Input, look *look, unknown factSet, at Priority) (spread, error) {
	if unknown == 0 {
		return spread{between: []Priority{at, at}}, nil
	}
	if r.rows == nil {
		return r.work(ctx, seen, unknown, at, r.answered(ctx))
	}
	rows := make([]*row, len(r.rows))
	var key []byte
	for i := range rows {
		var ok bool
		if rows[i], ok = r.rowOf(ctx, i, in, seen, look, unknown); !ok {
			return r.work(ctx, seen, unknown, at, r.answered(ctx))
		}
		key = binary.AppendUvarint(key, rows[i].id)
	}
	key = append(binary.AppendUvarint(key, uint64(unknown)), at...)
	if known, ok := r.spreads[string(key)]; ok {
		return known, nil
	}
	made, err := r.work(ctx, seen, unknown, at, r.chosen(ctx, rows, at))
	if err == nil && len(r.spreads) < mostSpreads {
		r.spreads[string(key)] = made
	}
	return made, err
}

// A variant is an input with other values of unknown facts: with one value of one fact, or the most harmless or worst of all.
type variant struct {
	fact, value int
	all         string // best or worst; empty: one fact
	input       func() *Input
}

// answered asks the policy for the priority of a variant.
func (r *ranger) answered(ctx context.Context) func(variant) (Priority, bool) {
	return func(v variant) (Priority, bool) {
		a, err := r.answer(ctx, v.input())
		if err != nil {
			return "", false
		}
		return a.Priority, true
	}
}

// chosen finds the priority of a variant by what rows say of its parts, and asks the policy only if it has not met these. Where no part is
// another than that of the case, the priority is that of the case.
func (r *ranger) chosen(ctx context.Context, rows []*row, at Priority) func(variant) (Priority, bool) {
	ask := r.answered(ctx)
	var key []byte
	return func(v variant) (Priority, bool) {
		key = key[:0]
		changes := false
		for i, one := range rows {
			n := one.as
			switch {
			case v.all == "best":
				n = one.best
			case v.all == "worst":
				n = one.worst
			case r.rows[i].touched.has(v.fact):
				n = one.values[v.fact][v.value]
			}
			changes = changes || n != one.as
			key = binary.AppendUvarint(key, n)
		}
		if !changes {
			return at, true
		}
		if known, ok := r.choices[string(key)]; ok {
			return known, true
		}
		to, ok := ask(v)
		if ok && len(r.choices) < mostSpreads {
			r.choices[string(key)] = to
		}
		return to, ok
	}
}

// work tries the values of unknown facts. A policy that fails on one of them has no range; that is no failure to decide. Only that there is
// no more time is an error.
func (r *ranger) work(ctx context.Context, seen *Input, unknown factSet, at Priority, ask func(variant) (Priority, bool)) (s spread, err error) {
	s.between = []Priority{at, at}
	failed := false
	try := func(v variant) Priority {
		to, ok := ask(v)
		if !ok {
			failed = true
			return at
		}
		if to.Rank() < s.between[0].Rank() {
			s.between[0] = to
		}
		if to.Rank() > s.between[1].Rank() {
			s.between[1] = to
		}
		return to
	}
	facts := r.ranges.policy.facts
	all := func(pick func([]factValue) factValue) func() *Input {
		return func() *Input {
			in := seen
			for i, values := range r.ranges.values {
				if unknown.has(i) && len(values) > 0 {
					in = facts[i].slot.put(in, pick(values).value)
				}
			}
			return in
		}
	}
	try(variant{all: "best", input: all(func(values []factValue) factValue { return values[0] })})
	try(variant{all: "worst", input: all(func(values []factValue) factValue { return values[len(values)-1] })})
	for i, values := range r.ranges.values {
		if !unknown.has(i) {
			continue
		}
		var outcomes []Priority
		for j, v := range values {
			outcomes = append(outcomes, try(variant{fact: i, value: j, input: func() *Input { return facts[i].slot.put(seen, v.value) }}))
		}
		if p := pivot(facts[i].name, values, outcomes, at); p != nil {
			s.pivots = append(s.pivots, *p)
		}
	}
	if ctx.Err() != nil {
		return spread{}, context.Cause(ctx)
	}
	if failed {
		return spread{}, nil
	}
	return s, nil
}

// pivot says what each value of a fact comes to; nil if none changes the decision. Neighbouring spans of numbers with the same outcome are
// one.
func pivot(name string, values []factValue, outcomes []Priority, at Priority) *Pivot {
	p := &Pivot{Fact: name, Outcomes: map[string]Priority{}}
	changes := false
	for i, v := range values {
		changes = changes || outcomes[i] != at
		label := v.name
		switch spans := i > 0 && v.begins != ""; {
		case spans && outcomes[i] == outcomes[i-1]:
			continue
		case i == 0 && label == "": // ends where the first other outcome begins
			for j := range values {
				if outcomes[j] != outcomes[0] {
					label = values[j].ends
					break
				}
			}
		}
		p.Outcomes[label] = outcomes[i]
	}
	if !changes {
		return nil
	}
	if to, ok := p.Outcomes[""]; ok { // no value of it differs from any other, but all from what is decided now
		delete(p.Outcomes, "")
		p.Outcomes["any"] = to
	}
	return p
}
