package engine

import (
	"context"
	"encoding/binary"
	"reflect"
)

// A row is what one part comes to when unknown facts change: the numbers of its value as it is seen, at each value of each unknown fact that
// it observes, and at the most harmless and the worst of all. Parts that come to the same have the same row, however they came to it.
type row struct {
	id     uint64
	as     uint64
	values map[int][]uint64 // by fact
	best   uint64
	worst  uint64
}

// A rowPart finds the row of a part. What is observed of the input as it is known, together with which of the facts are unknown, says
// what the row is. Conditions on facts are no guard: the values that are tried may meet them.
type rowPart struct {
	guarded
	touched factSet // the facts that the part observes
	known   map[string]*row
	near    map[string]*row // by the pieces of sketches: the same, found sooner
	use     []byte
}

// rowParts are those of the parts of a ranger.
func (r *ranges) rowParts() []rowPart {
	facts := r.policy.facts
	var all []rowPart
	for _, p := range r.parts {
		one := rowPart{known: map[string]*row{}}
		for i := range facts {
			if p.observed.touches(facts[i].path) || p.guard != nil && p.guard.touches(facts[i].path) {
				one.touched |= 1 << i
			}
		}
		if p.guard != nil {
			p.guard = p.guard.apart(facts, nil)
		}
		one.guarded = projectPart(&p, reflect.TypeFor[Input]())
		all = append(all, one)
	}
	return all
}

// touches says that a value at a path, or whether there is one, is observed.
func (o *observed) touches(path []string) bool {
	if o == nil {
		return false
	}
	if o.whole || o.shape || len(o.views) > 0 || o.each != nil || len(path) == 0 {
		return true
	}
	return o.fields[path[0]].touches(path[1:])
}

// apart is what is observed of places that no fact changes; path is where o stands.
func (o *observed) apart(facts []fact, path []string) *observed {
	for _, f := range facts {
		if len(path) <= len(f.path) && equalStart(path, f.path) && len(path) > 0 {
			if len(path) == len(f.path) {
				return nil
			}
			rest := &observed{}
			rest.keep(o, facts, path)
			return rest
		}
	}
	rest := *o
	rest.fields = nil
	rest.keep(o, facts, path)
	return &rest
}

func (o *observed) keep(from *observed, facts []fact, path []string) {
	for name, under := range from.fields {
		if kept := under.apart(facts, append(path[:len(path):len(path)], name)); kept != nil {
			if o.fields == nil {
				o.fields = map[string]*observed{}
			}
			o.fields[name] = kept
		}
	}
}

func equalStart(short, long []string) bool {
	for i := range short {
		if short[i] != long[i] {
			return false
		}
	}
	return true
}

// rowOf is the row of a part for an input as it is known, of which there may be a sketch. It is false if the part has no value that can be
// worked with.
func (r *ranger) rowOf(ctx context.Context, part int, in, seen *Input, look *look, unknown factSet) (*row, bool) {
	p := &r.rows[part]
	if look == nil {
		return r.rowAlone(ctx, part, in, seen, unknown)
	}
	p.use = binary.AppendUvarint(look.appendUse(p.use[:0], part), uint64(unknown&p.touched))
	if known := p.near[string(p.use)]; known != nil {
		return known, true
	}
	one, ok := r.rowAlone(ctx, part, in, seen, unknown)
	if ok && len(p.near) < mostProjections {
		if p.near == nil {
			p.near = map[string]*row{}
		}
		p.near[string(p.use)] = one
	}
	return one, ok
}

// rowAlone is rowOf without a sketch.
func (r *ranger) rowAlone(ctx context.Context, part int, in, seen *Input, unknown factSet) (*row, bool) {
	p := &r.rows[part]
	r.key = binary.AppendUvarint(p.appendTo(r.key[:0], reflect.ValueOf(in)), uint64(unknown&p.touched))
	if known := p.known[string(r.key)]; known != nil {
		return known, true
	}
	number := func(in *Input) uint64 {
		n, ok := r.stated(ctx, &r.parts[part], reflect.ValueOf(in))
		if !ok {
			n = failedPart
		}
		return n
	}
	one := &row{as: number(seen), values: map[int][]uint64{}}
	best, worst := seen, seen
	content := binary.AppendUvarint(nil, one.as)
	failed := one.as == failedPart
	for i, values := range r.ranges.values {
		if !(unknown & p.touched).has(i) || len(values) == 0 {
			continue
		}
		slot := r.ranges.policy.facts[i].slot
		content = binary.AppendUvarint(append(content, 1), uint64(i))
		for _, v := range values {
			n := number(slot.put(seen, v.value))
			failed = failed || n == failedPart
			one.values[i] = append(one.values[i], n)
			content = binary.AppendUvarint(content, n)
		}
		best, worst = slot.put(best, values[0].value), slot.put(worst, values[len(values)-1].value)
	}
	one.best, one.worst = number(best), number(worst)
	if failed || one.best == failedPart || one.worst == failedPart {
		return nil, false
	}
	content = binary.AppendUvarint(binary.AppendUvarint(append(content, 0), one.best), one.worst)
	if same := r.same[string(content)]; same != nil {
		one = same
	} else {
		one.id = uint64(len(r.same))
		r.same[string(content)] = one
	}
	if len(p.known) < mostProjections {
		p.known[string(r.key)] = one
	}
	return one, true
}

// failedPart stands for a part that has no value that can be worked with.
const failedPart = ^uint64(0)
