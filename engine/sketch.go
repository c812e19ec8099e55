package engine

import (
	"bytes"
	"reflect"
	"slices"
)

// A sketch is what is observed of one input, piece by piece: found out once, so that all parts of the policy can be looked up by the pieces
// that they touch. What cannot count, since a condition on another piece does not hold (the paths of a finding that is no weakness in code),
// is left out. Equal texts are equal observations of all that counts.
type sketch struct {
	text  []byte
	spans []span // by piece
	plan  *plan
}

// A span is where a piece stands in the text. That of a piece which is left out means nothing.
type span struct{ from, to int }

// A sketcher makes sketches of inputs. Each goroutine needs one of its own; the sketches that several make of one input are the same.
type sketcher struct {
	bases  []holder
	pieces []piece // those that conditions are on come first
	first  int     // how many these are
	users  []user
	plans  map[string]*plan // by what is observed of the first pieces
	values []reflect.Value  // by base, of the input that is looked at
}

// A holder is a struct that pieces are fields of, itself a field of another one. The first one is the input.
type holder struct{ of, index int }

// A piece is a place of the input of which something is observed.
type piece struct {
	path        []string
	base, index int
	omit        bool
	*projection
}

// A user is a part of the policy: the pieces that it touches, and the condition without which it looks at no others.
type user struct {
	number int
	guarded
	pieces []int
}

// A plan is what counts of all inputs of which the same conditions hold.
type plan struct {
	holds  []bool // by user
	pieces []int  // besides the first ones
}

// Bounds of sketches: the steps from the input to a piece, and the plans that are remembered.
const (
	deepestPiece = 3
	mostPlans    = 1 << 10
)

// newSketcher is one for all that a policy observes of inputs of a type, and for its parts. What it observes besides them counts always. A
// condition on a fact is none, since the values that are assumed or tried where it is unknown may meet it. It is nil where the input cannot
// be taken apart.
func newSketcher(all, besides *observed, parts []part, facts []fact, t reflect.Type) *sketcher {
	if !all.apartFromFields() {
		return nil
	}
	s := &sketcher{bases: []holder{{}}, plans: map[string]*plan{}}
	guards, on := make([]*observed, len(parts)), new(observed)
	for i, p := range parts {
		if p.guard != nil {
			guards[i] = p.guard.apart(facts, nil)
			on.merge(guards[i])
		}
	}
	s.cut(all, t, 0, nil, func(path []string) bool { return on.touches(path) })
	s.first = len(s.pieces)
	s.cut(all, t, 0, nil, func(path []string) bool { return !on.touches(path) })
	for i, p := range append(slices.Clip(parts), part{observed: besides}) {
		u := user{number: i}
		if i < len(parts) {
			u.guarded = projectPart(&part{observed: new(observed), guard: guards[i]}, t)
		}
		for at, one := range s.pieces {
			if p.touches(one.path) || p.guard.touches(one.path) {
				u.pieces = append(u.pieces, at)
			}
		}
		s.users = append(s.users, u)
	}
	return s
}

// apartFromFields says that nothing is observed of a struct itself, only of fields with a name. That a struct is there says nothing where it
// always is.
func (o *observed) apartFromFields() bool {
	return !o.whole && len(o.views) == 0 && len(o.items) == 0 && o.each == nil
}

// cut makes the pieces that are wanted of what is observed of a base.
func (s *sketcher) cut(o *observed, t reflect.Type, of int, path []string, wanted func([]string) bool) {
	for _, f := range layout(t) {
		under := o.fields[f.name]
		if under == nil {
			continue
		}
		at, inner := append(slices.Clip(path), f.name), t.Field(f.index).Type
		pointer := inner.Kind() == reflect.Pointer
		if pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && len(at) < deepestPiece && under.apartFromFields() && !(pointer && under.shape) {
			s.cut(under, inner, s.base(of, f.index), at, wanted)
		} else if p := project(under, inner); !p.empty() && wanted(at) {
			s.pieces = append(s.pieces, piece{path: at, base: of, index: f.index, omit: f.omit, projection: p})
		}
	}
}

// base is the place of a base, which is new if it is not there yet.
func (s *sketcher) base(of, index int) int {
	one := holder{of, index}
	at := slices.Index(s.bases[1:], one) + 1
	if at == 0 {
		at = len(s.bases)
		s.bases = append(s.bases, one)
	}
	return at
}

// take makes the sketch of an input, whatever was in it.
func (s *sketcher) take(sk *sketch, in reflect.Value) {
	s.values = s.values[:0]
	for i, b := range s.bases {
		v := in
		if i > 0 {
			if v = s.values[b.of]; v.IsValid() {
				v = v.Field(b.index)
			}
		}
		if v.Kind() == reflect.Pointer {
			v = v.Elem() // of nil: not valid
		}
		s.values = append(s.values, v)
	}
	sk.text, sk.spans = sk.text[:0], append(sk.spans[:0], make([]span, len(s.pieces))...)
	for i := range s.first {
		s.write(sk, i)
	}
	if sk.plan = s.plans[string(sk.text)]; sk.plan == nil {
		sk.plan = s.newPlan(in)
		if len(s.plans) < mostPlans {
			s.plans[string(sk.text)] = sk.plan
		}
	}
	for _, i := range sk.plan.pieces {
		s.write(sk, i)
	}
}

// write adds a piece to a sketch.
func (s *sketcher) write(sk *sketch, i int) {
	p, from := &s.pieces[i], len(sk.text)
	v := s.values[p.base]
	there := v.IsValid()
	if there {
		v = v.Field(p.index)
		there = !p.omit || !empty(v)
	}
	sk.text = p.appendTo(sk.text, v, there)
	sk.spans[i] = span{from, len(sk.text)}
}

// newPlan finds out what counts of an input.
func (s *sketcher) newPlan(in reflect.Value) *plan {
	p := &plan{holds: make([]bool, len(s.users))}
	counts := make([]bool, len(s.pieces))
	for i := range s.users {
		if p.holds[i] = s.users[i].guarded.holds(in); p.holds[i] {
			for _, at := range s.users[i].pieces {
				counts[at] = true
			}
		}
	}
	for at := s.first; at < len(counts); at++ {
		if counts[at] {
			p.pieces = append(p.pieces, at)
		}
	}
	return p
}

// holds says that the condition of a part holds.
func (g *guarded) holds(v reflect.Value) bool {
	return g.guard == nil || bytes.Equal(g.guard.appendTo(nil, v, true), g.held)
}

// A look is a sketch as the parts of one document look at it, which are the first users.
type look struct {
	*sketch
	users []user
}

// appendUse writes what is observed of the pieces that a part touches. Where that is equal, so is the value of the part.
func (l *look) appendUse(b []byte, part int) []byte {
	u := &l.users[part]
	if !l.plan.holds[u.number] {
		return append(b, 0)
	}
	b = append(b, 1)
	for _, at := range u.pieces {
		b = append(b, l.text[l.spans[at].from:l.spans[at].to]...)
	}
	return b
}
