package engine

import (
	"bytes"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A sight is what a document can tell of the values of one part. The priority sees of what a pack states how urgent it is and not by which
// rule, so that values which differ in that alone are one to it.
type sight struct {
	seen *observed
	part *statedValues
	sync.Mutex
	known  map[string]uint64 // by what is seen
	number map[uint64]uint64 // by number of the value
}

// of is the number that stands for all values that look like the one with a number.
func (s *sight) of(n uint64) uint64 {
	if s.seen.whole {
		return n
	}
	s.Lock()
	defer s.Unlock()
	same, ok := s.number[n]
	if !ok {
		if s.known == nil {
			s.known, s.number = map[string]uint64{}, map[uint64]uint64{}
		}
		key := s.seen.appendTerm(nil, s.part.value(n))
		if same, ok = s.known[string(key)]; !ok {
			same = n
			s.known[string(key)] = n
		}
		s.number[n] = same
	}
	return same
}

// Marks of what follows in what is seen of a term. Where it is not seen whole, its type comes next.
const (
	seenAbsent byte = iota
	seenWhole
	seenThrough
)

// appendTerm writes what is observed of a value that rules state; nil is none. Unlike those of the input such values can be of any type at
// any place, and hold sets and keys of any sort; what the observer cannot tell apart in them is written whole.
func (o *observed) appendTerm(b []byte, t *ast.Term) []byte {
	switch {
	case t == nil:
		return append(b, seenAbsent)
	case o.whole || !o.seesInto(t.Value):
		return appendText(append(b, seenWhole), t.String())
	}
	b = appendText(append(b, seenThrough), ast.ValueName(t.Value))
	if o.shape && t.Equal(ast.BooleanTerm(false)) {
		b = append(b, 0)
	} else {
		b = append(b, 1)
	}
	for _, key := range slices.Sorted(maps.Keys(o.views)) {
		b = append(b, o.views[key].outcome(t)...)
	}
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		var inner *ast.Term
		if object, ok := t.Value.(ast.Object); ok {
			inner = object.Get(ast.StringTerm(name))
		}
		b = o.fields[name].appendTerm(b, inner)
	}
	if o.each != nil {
		b = o.appendTerms(b, t)
	}
	return b
}

// seesInto says that what is observed of a value can be told of its inside without the keys. Functions of collections are not, for the
// same reason as in project.
func (o *observed) seesInto(v ast.Value) bool {
	inside := len(o.views) == 0 && len(o.items) == 0 && !o.places
	switch v.(type) {
	case ast.Object:
		return inside
	case ast.Set, *ast.Array:
		return inside && len(o.fields) == 0
	}
	return true
}

// appendTerms writes what is observed of the elements, as appendEach does.
func (o *observed) appendTerms(b []byte, t *ast.Term) []byte {
	var written [][]byte
	write := func(e *ast.Term) {
		one := o.each.appendTerm(nil, e)
		if !slices.ContainsFunc(written, func(w []byte) bool { return bytes.Equal(w, one) }) {
			written = append(written, one)
			b = append(append(b, 1), one...)
		}
	}
	switch v := t.Value.(type) {
	case ast.Object:
		v.Foreach(func(_, e *ast.Term) { write(e) })
	case ast.Set:
		for _, e := range v.Slice() { // sorted
			write(e)
		}
	case *ast.Array:
		v.Foreach(write)
	}
	return append(b, 0)
}
