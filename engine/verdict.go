package engine

import (
	"context"
	"encoding/binary"
	"reflect"
	"sync"
	"time"
)

// A verdict is what all inputs come to that agree in everything that is observed of them and in which facts are unknown.
type verdict struct {
	*answer
	assumed []string
	spread
}

// A caseDecider makes the decisions of cases one after another. Each goroutine needs one of its own.
type caseDecider struct {
	policy *Policy
	*decider
	ranger *ranger     // nil: ranges are not worked out
	all    *projection // everything that is observed, of what is known; nil: every input is a class of its own
	key    []byte
	met    map[string]*verdict // by all of it and the unknown facts
}

// mostMet bounds the verdicts that are remembered. What comes first is what comes often.
const mostMet = 1 << 17

// deciders are those that nobody works with at the moment. What they have met, which is bounded, serves the next cases too: those of an
// estate that does not fit into memory come in chunks.
type deciders struct {
	sync.Mutex
	idle []*caseDecider
}

// takeDecider is a decider for that many cases, which has to be given back.
func (p *Policy) takeDecider(cases int) *caseDecider {
	if d := p.deciders.take(); d != nil {
		return d
	}
	return p.caseDecider(cases)
}

// take is a decider that is idle; nil if none is.
func (d *deciders) take() *caseDecider {
	d.Lock()
	defer d.Unlock()
	last := len(d.idle) - 1
	if last < 0 {
		return nil
	}
	one := d.idle[last]
	d.idle = d.idle[:last]
	return one
}

// giveBack keeps a decider for other cases, unless it remembers nothing.
func (p *Policy) giveBack(d *caseDecider) {
	if d.byItself {
		return
	}
	p.deciders.Lock()
	defer p.deciders.Unlock()
	p.deciders.idle = append(p.deciders.idle, d)
}

// caseDecider decides about that many cases.
func (p *Policy) caseDecider(cases int) *caseDecider {
	classes := p.classes()
	d := &caseDecider{policy: p, decider: classes.decider(cases)}
	var all *observed
	if !d.byItself {
		all = classes.all()
	}
	if p.ranges != nil {
		r := p.ranges()
		d.ranger = r.ranger()
		if all != nil {
			all.merge(r.seen)
		}
	}
	if all != nil && !all.whole {
		d.all, d.met = project(all, reflect.TypeFor[Input]()), map[string]*verdict{}
	}
	return d
}

// decide makes the decision on a case at a time. Its lists are shared with other decisions: nothing in them may be changed.
func (d *caseDecider) decide(ctx context.Context, in *Input, now time.Time) (Decision, error) {
	unknown := d.policy.unknown(in)
	v, err := d.verdict(ctx, in, unknown)
	if err != nil {
		return Decision{}, err
	}
	seen := in
	if v.assumed != nil {
		seen, _ = d.policy.assume(in, unknown)
	}
	made, err := v.decision(seen, now)
	made.Assumed, made.Range, made.Pivots = v.assumed, v.between, v.pivots
	return made, err
}

// verdict is looked up by what is observed of the input as it is known. Which facts are unknown says what is assumed of it and what may be
// in their place, so that need not be observed.
func (d *caseDecider) verdict(ctx context.Context, in *Input, unknown factSet) (*verdict, error) {
	if d.all != nil {
		d.key = binary.AppendUvarint(d.all.appendTo(d.key[:0], reflect.ValueOf(in), true), uint64(unknown))
		if v := d.met[string(d.key)]; v != nil {
			return v, nil
		}
	}
	seen, assumed := d.policy.assume(in, unknown)
	a, err := d.answer(ctx, seen)
	if err != nil {
		return nil, err
	}
	v := &verdict{answer: a, assumed: assumed}
	if d.ranger != nil {
		if v.spread, err = d.ranger.spread(ctx, in, seen, unknown, a.Priority); err != nil {
			return nil, err
		}
	}
	if d.all != nil && a.shared && len(d.met) < mostMet { // answers take more memory than all else that is remembered: those of classes are bounded
		d.met[string(d.key)] = v
	}
	return v, nil
}
