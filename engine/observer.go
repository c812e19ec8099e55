package engine

import (
	"context"
	"encoding/binary"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"
)

// An Observer says whether a policy can tell two inputs apart. It remembers what it met, so that each goroutine needs one of its own.
type Observer struct {
	policy *Policy
	seen   *observed
	all    *projection // nil: the policy may read everything
}

// Observer is one for what the policy decides at a time, and for what it says of steps of attackers.
func (p *Policy) Observer(ctx context.Context, now time.Time) (*Observer, error) {
	p, err := p.at(ctx, now)
	if err != nil {
		return nil, err
	}
	all := p.classes().all()
	all.merge(p.steps().all())
	if p.ranges != nil {
		all.merge(p.ranges().seen)
	}
	o := &Observer{policy: p, seen: all}
	if !all.whole {
		o.all = project(all, reflect.TypeFor[Input]())
	}
	return o, nil
}

// Observed is everything that can count of an input, as bytes: the decisions on two inputs with the same are the same at the same time. The
// day on which a vulnerability came into the catalogue is part of it, since due dates count from it.
func (o *Observer) Observed(in *Input) string {
	var b []byte
	if o.all == nil {
		b, _ = json.Marshal(in, json.Deterministic(true)) // what cannot be written down has no part in a document either
	} else {
		b = o.all.appendTo(nil, reflect.ValueOf(in), true)
	}
	b = binary.AppendUvarint(b, uint64(o.policy.unknown(in)))
	if added, ok := kevAdded(in); ok {
		b = added.AppendFormat(b, "2006-01-02")
	}
	return string(b)
}

// Reads says whether the policy may read what is at a path of the input, or something below it.
func (o *Observer) Reads(path ...string) bool {
	at := o.seen
	for _, name := range path {
		if at.whole || at.each != nil {
			return true
		}
		if at = at.fields[name]; at == nil {
			return false
		}
	}
	return true
}
