package engine

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"reflect"
	"sync"

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

// ranges are the spreads that a policy has met.
type ranges struct {
	*classes               // of the priority alone: far fewer than those of the decision
	values   [][]factValue // by fact
	seen     *observed     // everything that the priority observes
	shards   [64]struct {
		sync.Mutex
		known map[string]*knownSpread
	}
}

type knownSpread struct {
	once sync.Once
	spread
	err error
}

func (p *Policy) newRanges() *ranges {
	r := &ranges{classes: p.newClasses(p.priorityRef(), p.priorityOf, p.noClasses)}
	r.seen = r.all()
	for i := range p.facts {
		r.values = append(r.values, p.facts[i].values(r.compared))
	}
	return r
}

// priorityRef is the document that is the priority of the decision and nothing else: the rule that the decision takes it from, if that is
// plain to see, so that what the action depends on need not be evaluated.
func (p *Policy) priorityRef() ast.Ref {
	decision, priority := ast.MustParseRef("data.main.decision"), ast.MustParseRef("data.main.priority")
	of := ast.StringTerm("priority")
	if rules := p.compiler.GetRulesExact(decision); len(rules) == 1 && rules[0].Else == nil {
		if made, ok := boundTo(rules[0].Body, rules[0].Head.Value).Value.(ast.Object); ok && made.Get(of) != nil {
			if boundTo(rules[0].Body, made.Get(of)).Value.Compare(priority) == 0 {
				return priority
			}
		}
	}
	return decision.Append(of)
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

// priorityOf asks for the priority of one input alone.
func (p *Policy) priorityOf(ctx context.Context, in *Input) (*answer, error) {
	query, err := p.priority()
	if err != nil {
		return nil, err
	}
	a := new(answer)
	if err := p.ask(ctx, query, in, &a.Priority); err != nil {
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
	all *projection // nil: every input is a class of its own
	key []byte
}

func (r *ranges) ranger() *ranger {
	one := &ranger{ranges: r, decider: r.decider(fewCases)}
	if !r.seen.whole {
		one.all = project(r.seen, reflect.TypeFor[Input]())
	}
	return one
}

// spread is that of an input as it is known, which the policy sees with assumptions and gives a priority.
func (r *ranger) spread(ctx context.Context, in, seen *Input, unknown factSet, at Priority) (spread, error) {
	if unknown == 0 || r.all == nil {
		return r.work(ctx, seen, unknown, at)
	}
	r.key = binary.AppendUvarint(r.all.appendTo(r.key[:0], reflect.ValueOf(in), true), uint64(unknown))
	known := r.ranges.of(r.key)
	first := false
	known.once.Do(func() {
		known.spread, known.err = r.work(ctx, seen, unknown, at)
		first = true
	})
	if known.err != nil && !first { // for want of time, which is no matter of the class
		return r.work(ctx, seen, unknown, at)
	}
	return known.spread, known.err
}

// of is the spread of inputs with a projection.
func (r *ranges) of(key []byte) *knownSpread {
	shard := &r.shards[maphash.Bytes(r.seed, key)%uint64(len(r.shards))]
	shard.Lock()
	defer shard.Unlock()
	if known := shard.known[string(key)]; known != nil {
		return known
	}
	fresh := new(knownSpread)
	if shard.known == nil {
		shard.known = map[string]*knownSpread{}
	}
	if len(shard.known) < mostClasses {
		shard.known[string(key)] = fresh
	}
	return fresh
}

// work tries the values of unknown facts. A policy that fails on one of them has no range; that is no failure to decide. Only that there is
// no more time is an error.
func (r *ranger) work(ctx context.Context, seen *Input, unknown factSet, at Priority) (s spread, err error) {
	s.between = []Priority{at, at}
	failed := false
	try := func(in *Input) Priority {
		a, err := r.answer(ctx, in)
		if err != nil {
			failed = true
			return at
		}
		if a.Priority.Rank() < s.between[0].Rank() {
			s.between[0] = a.Priority
		}
		if a.Priority.Rank() > s.between[1].Rank() {
			s.between[1] = a.Priority
		}
		return a.Priority
	}
	best, worst := seen, seen
	facts := r.ranges.policy.facts
	for i, values := range r.ranges.values {
		if !unknown.has(i) || len(values) == 0 {
			continue
		}
		slot := facts[i].slot
		best, worst = slot.put(best, values[0].value), slot.put(worst, values[len(values)-1].value)
		var outcomes []Priority
		for _, v := range values {
			outcomes = append(outcomes, try(slot.put(seen, v.value)))
		}
		if p := pivot(facts[i].name, values, outcomes, at); p != nil {
			s.pivots = append(s.pivots, *p)
		}
	}
	try(best)
	try(worst)
	if err := ctx.Err(); err != nil {
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
