package engine

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"reflect"
	"slices"
	"sync"
	"time"
)

// A verdict is what all inputs come to that agree in everything that is observed of them and in which facts are unknown.
type verdict struct {
	*answer
	assumed []string
	tells   bool // messages or dates tell something that is assumed
	spread
}

// A caseDecider makes the decisions of cases one after another. Each goroutine needs one of its own.
type caseDecider struct {
	policy *Policy
	*decider
	ranger *ranger   // nil: ranges are not worked out
	all    *sketcher // of everything that is observed; nil: every input is a class of its own
	known  sketch    // of the input as it is known
	seen   sketch    // of the input with what is assumed of it
	key    []byte
}

// mostMet bounds the verdicts of one shard that are remembered. What comes first is what comes often.
const mostMet = 1 << 11

// metVerdicts are those that a policy has come to, by the sketch of the input as it is known and by the unknown facts. All goroutines share
// them.
type metVerdicts struct {
	seed   maphash.Seed
	shards [128]struct {
		sync.RWMutex
		met map[string]*verdict
	}
}

// of is the verdict on what looks like that; nil if none is remembered.
func (v *metVerdicts) of(key []byte) *verdict {
	shard := &v.shards[maphash.Bytes(v.seed, key)%uint64(len(v.shards))]
	shard.RLock()
	defer shard.RUnlock()
	return shard.met[string(key)]
}

// keep remembers a verdict.
func (v *metVerdicts) keep(key []byte, one *verdict) {
	shard := &v.shards[maphash.Bytes(v.seed, key)%uint64(len(v.shards))]
	shard.Lock()
	defer shard.Unlock()
	if shard.met == nil {
		shard.met = map[string]*verdict{}
	}
	if len(shard.met) < mostMet {
		shard.met[string(key)] = one
	}
}

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
	d := &caseDecider{policy: p, decider: p.classes().decider(cases)}
	if p.ranges != nil {
		d.ranger = p.ranges().ranger()
	}
	if !d.byItself {
		d.all = p.sketcher()
	}
	return d
}

// sketcher is one for all that decisions and their ranges observe: the parts of decisions, then those of ranges.
func (p *Policy) sketcher() *sketcher {
	classes := p.classes()
	all, besides, parts := classes.all(), new(observed), classes.parts
	besides.merge(classes.observed)
	if p.ranges != nil {
		r := p.ranges()
		all.merge(r.seen)
		besides.merge(r.observed)
		parts = slices.Concat(parts, r.parts)
	}
	return newSketcher(all, besides, parts, p.facts, reflect.TypeFor[Input]())
}

// decide makes the decision on a case at a time. Its lists are shared with other decisions: nothing in them may be changed.
func (d *caseDecider) decide(ctx context.Context, in *Input, now time.Time) (Decision, error) {
	unknown := d.policy.unknown(in)
	v, err := d.verdict(ctx, in, unknown)
	if err != nil {
		return Decision{}, err
	}
	seen := in
	if v.tells {
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
		d.all.take(&d.known, reflect.ValueOf(in))
		d.key = binary.AppendUvarint(append(d.key[:0], d.known.text...), uint64(unknown))
		if v := d.policy.met.of(d.key); v != nil {
			return v, nil
		}
	}
	seen, assumed := d.policy.assume(in, unknown)
	of, ofKnown := d.looks(in, seen)
	a, err := d.answerBy(ctx, seen, of)
	if err != nil {
		return nil, err
	}
	v := &verdict{answer: a, assumed: assumed, tells: d.policy.tells(a, unknown)}
	if d.ranger != nil {
		if v.spread, err = d.ranger.spread(ctx, in, seen, ofKnown, unknown, a.Priority); err != nil {
			return nil, err
		}
	}
	if d.all != nil && a.shared { // answers take more memory than all else that is remembered: those of classes are bounded
		d.policy.met.keep(d.key, v)
	}
	return v, nil
}

// dated are the places of the input that dates count from.
var dated = [][]string{{"context", "history"}, {"context", "intel", "kev"}, {"context", "waivers"}}

// tells says that messages or dates of an answer may tell something that is assumed where facts are unknown.
func (p *Policy) tells(a *answer, unknown factSet) bool {
	for i, f := range p.facts {
		told := func(path []string) bool {
			n := min(len(path), len(f.path))
			return slices.Equal(path[:n], f.path[:n])
		}
		if unknown.has(i) && p.assumed[i] != nil && (slices.ContainsFunc(dated, told) || a.names(told)) {
			return true
		}
	}
	return false
}

// names says that a message of an answer names a place of the input.
func (a *answer) names(place func(path []string) bool) bool {
	for i := range a.Reasons {
		for _, s := range a.Reasons[i].text {
			if s.path != nil && place(s.path) {
				return true
			}
		}
	}
	return false
}

// looks are how the parts of the decision look at an input with what is assumed of it, and those of ranges at the input as it is known, whose
// sketch is made already; nil: there are no sketches.
func (d *caseDecider) looks(in, seen *Input) (of, ofKnown *look) {
	if d.all == nil {
		return nil, nil
	}
	of, ofKnown = &look{&d.known, d.all.users}, &look{&d.known, d.all.users[len(d.parts):]}
	if seen != in {
		d.all.take(&d.seen, reflect.ValueOf(seen))
		of.sketch = &d.seen
	}
	return of, ofKnown
}
