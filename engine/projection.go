package engine

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A projection writes down of Go values what is observed of them, as bytes: equal bytes are equal observations, and no other. It is
// made for one type, so that reading a value costs no more than going to the fields that count, and it reads what is absent just as
// termOf leaves it out. A projection remembers outcomes, so each goroutine needs one of its own.
type projection struct {
	whole, shape bool
	outcomes     *outcomes
	fields       []projectedField
	keys         []projectedKey
	items        []projectedItem
	each         *projection
	places       bool
}

type projectedField struct {
	index int
	omit  bool
	*projection
}

type projectedKey struct {
	key reflect.Value
	*projection
}

type projectedItem struct {
	index int
	*projection
}

// project makes the projection of a type. What is observed of places that the type does not have is always absent and needs no byte.
func project(o *observed, t reflect.Type) *projection {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	p := &projection{whole: o.whole, shape: o.shape, places: o.places}
	switch t.Kind() {
	case reflect.Struct:
		if o.each != nil { // any field, whatever it is called
			p.whole = true
		}
		for _, f := range layout(t) {
			if under := o.fields[f.name]; under != nil {
				if inner := project(under, t.Field(f.index).Type); !inner.empty() {
					p.fields = append(p.fields, projectedField{f.index, f.omit, inner})
				}
			}
		}
	case reflect.Map:
		for _, name := range slices.Sorted(maps.Keys(o.fields)) {
			if inner := project(o.fields[name], t.Elem()); !inner.empty() {
				p.keys = append(p.keys, projectedKey{reflect.ValueOf(name).Convert(t.Key()), inner})
			}
		}
		p.eachOf(o, t.Elem())
	case reflect.Slice:
		for _, i := range slices.Sorted(maps.Keys(o.items)) {
			if inner := project(o.items[i], t.Elem()); !inner.empty() {
				p.items = append(p.items, projectedItem{i, inner})
			}
		}
		p.eachOf(o, t.Elem())
	}
	if len(o.views) > 0 {
		// OPA's rule index looks inside collections where it looks for text or a value, so which rules it leaves out, and with them
		// which of their errors, is more than the outcome of the call.
		if scalar := t.Kind() != reflect.Struct && t.Kind() != reflect.Map && t.Kind() != reflect.Slice; scalar || !indexed(o.views) {
			p.outcomes = newOutcomes(o.views)
		} else {
			p.whole = true
		}
	}
	return p
}

// empty says that nothing is observed.
func (p *projection) empty() bool {
	return !p.whole && !p.shape && p.outcomes == nil && p.fields == nil && p.keys == nil && p.items == nil && p.each == nil
}

// A guarded projection looks at what must hold first, and at the rest only if it does.
type guarded struct {
	guard, rest *projection
	held        []byte // what the guard's projection is if all of it holds
}

func projectPart(p *part, t reflect.Type) guarded {
	g := guarded{rest: project(p.observed, t)}
	if p.guard != nil {
		guard := project(p.guard, t)
		if held, ok := guard.appendHeld(nil); ok {
			g.guard, g.held = guard, held
		}
	}
	return g
}

// appendTo writes what is observed of a value.
func (g *guarded) appendTo(b []byte, v reflect.Value) []byte {
	if g.guard != nil {
		from := len(b)
		if b = g.guard.appendTo(b, v, true); !bytes.Equal(b[from:], g.held) {
			return append(b, 0)
		}
	}
	return append(g.rest.appendTo(b, v, true), 1)
}

// appendHeld writes what appendTo writes where all values are there and true, and all calls come to true. It is false if that does
// not show.
func (p *projection) appendHeld(b []byte) (held []byte, ok bool) {
	if p.whole {
		return b, false
	}
	if p.shape {
		b = append(b, 2)
	}
	if p.outcomes != nil {
		b = append(b, 1)
		for range p.outcomes.views {
			b = append(b, 't')
		}
	}
	inner := make([]*projection, 0, len(p.fields)+len(p.keys))
	for _, f := range p.fields {
		inner = append(inner, f.projection)
	}
	for _, k := range p.keys {
		inner = append(inner, k.projection)
	}
	for _, one := range inner {
		if b, ok = one.appendHeld(b); !ok {
			return b, false
		}
	}
	return b, true
}

func (p *projection) eachOf(o *observed, elem reflect.Type) {
	if o.each == nil {
		return
	}
	if inner := project(o.each, elem); o.places || !inner.empty() {
		p.each = inner
	}
}

func indexed(views map[string]view) bool {
	for _, w := range views {
		switch c := w.calls[0]; c.name {
		case "count":
		case "internal.member_2":
			if c.free == 0 {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// appendTo writes what is observed of a value, or of the absence of one.
func (p *projection) appendTo(b []byte, v reflect.Value, there bool) []byte {
	for there && v.Kind() == reflect.Pointer {
		if there = !v.IsNil(); there {
			v = v.Elem()
		}
	}
	switch {
	case p.whole && !there:
		return append(b, 0)
	case p.whole:
		return appendValue(append(b, 1), v)
	case p.shape:
		b = append(b, shapeOf(v, there))
	}
	if p.outcomes != nil {
		b = p.outcomes.appendTo(b, v, there)
	}
	for _, f := range p.fields {
		fv, ok := v, there
		if there {
			fv = v.Field(f.index)
			ok = !f.omit || !empty(fv)
		}
		b = f.appendTo(b, fv, ok)
	}
	for _, k := range p.keys {
		kv, ok := v, there
		if there {
			kv = v.MapIndex(k.key)
			ok = kv.IsValid()
		}
		b = k.appendTo(b, kv, ok)
	}
	for _, i := range p.items {
		iv, ok := v, there && i.index < v.Len()
		if ok {
			iv = v.Index(i.index)
		}
		b = i.appendTo(b, iv, ok)
	}
	if p.each != nil {
		b = p.appendEach(b, v, there)
	}
	return b
}

// appendEach writes what is observed of the elements of a list or map: 1 before each and 0 behind the last. Without places, an
// element that looks like an earlier one is left out: rules that only ask whether some or every element is such see no more.
func (p *projection) appendEach(b []byte, v reflect.Value, there bool) []byte {
	if !there {
		return append(b, 0)
	}
	var seen []int // where the elements written so far start
	write := func(key string, elem reflect.Value) {
		at := len(b)
		b = append(b, 1)
		if p.places {
			b = appendText(b, key)
		}
		b = p.each.appendTo(b, elem, true)
		if p.places {
			return
		}
		for i, from := range seen {
			end := at
			if i+1 < len(seen) {
				end = seen[i+1]
			}
			if bytes.Equal(b[from:end], b[at:]) {
				b = b[:at]
				return
			}
		}
		seen = append(seen, at)
	}
	if v.Kind() == reflect.Map {
		for _, k := range sortedKeys(v) {
			write(k.String(), v.MapIndex(k))
		}
	} else {
		for i := range v.Len() {
			write("", v.Index(i))
		}
	}
	return append(b, 0)
}

func sortedKeys(m reflect.Value) []reflect.Value {
	return slices.SortedFunc(slices.Values(m.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
}

func shapeOf(v reflect.Value, there bool) byte {
	switch {
	case !there:
		return 0
	case v.Kind() == reflect.Bool && !v.Bool():
		return 1
	}
	return 2
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendValue writes a whole value as termOf would see it.
func appendValue(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return appendText(b, v.String())
	case reflect.Bool:
		return append(b, shapeOf(v, true))
	case reflect.Int:
		return binary.AppendVarint(b, v.Int())
	case reflect.Float64:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(v.Float()))
	case reflect.Pointer:
		return appendValue(b, v.Elem())
	case reflect.Slice:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for i := range v.Len() {
			b = appendValue(b, v.Index(i))
		}
	case reflect.Map:
		b = binary.AppendUvarint(b, uint64(v.Len()))
		for _, k := range sortedKeys(v) {
			b = appendValue(appendText(b, k.String()), v.MapIndex(k))
		}
	case reflect.Struct:
		for _, f := range layout(v.Type()) {
			fv := v.Field(f.index)
			if f.omit && empty(fv) {
				b = append(b, 0)
				continue
			}
			b = appendValue(append(b, 1), fv)
		}
	}
	return b
}

// outcomes is what views make of the values of one place. Values of text and numbers repeat, so what came of them is remembered.
type outcomes struct {
	views   []view
	counted bool // all views start with count
	texts   recent[string]
	numbers recent[uint64]
}

// mostRemembered bounds the values that are remembered of one place: there are twice as many at most.
const mostRemembered = 1 << 14

// A recent remembers what came of the values that were met last: those of one repository are not those of the next.
type recent[K comparable] struct{ young, old map[K][]byte }

// of is what came of a value; it is worked out if that is not remembered.
func (r *recent[K]) of(k K, work func() []byte) []byte {
	if found, ok := r.young[k]; ok {
		return found
	}
	found, ok := r.old[k]
	if !ok {
		found = work()
	}
	if r.young == nil || len(r.young) == mostRemembered {
		r.young, r.old = map[K][]byte{}, r.young
	}
	r.young[k] = found
	return found
}

func newOutcomes(views map[string]view) *outcomes {
	o := &outcomes{counted: true}
	for _, key := range slices.Sorted(maps.Keys(views)) {
		o.views = append(o.views, views[key])
		o.counted = o.counted && views[key].calls[0].name == "count"
	}
	return o
}

func (o *outcomes) appendTo(b []byte, v reflect.Value, there bool) []byte {
	if !there {
		return append(b, 0)
	}
	b = append(b, 1)
	work := func() []byte { return o.of(v) }
	switch v.Kind() {
	case reflect.String:
		return append(b, o.texts.of(v.String(), work)...)
	case reflect.Int:
		return append(b, o.numbers.of(uint64(v.Int()), work)...)
	case reflect.Float64:
		return append(b, o.numbers.of(math.Float64bits(v.Float()), work)...)
	}
	if o.counted && v.Kind() == reflect.Slice {
		return append(b, o.numbers.of(uint64(v.Len()), work)...)
	}
	return append(b, o.of(v)...)
}

// of evaluates the views of a value.
func (o *outcomes) of(v reflect.Value) (b []byte) {
	t := termOf(v)
	for _, w := range o.views {
		b = append(b, w.outcome(t)...)
	}
	return b
}

// outcome is what a view shows of a value: that a call fails ('!') or has no value ('?'), the value, or its shape.
func (w view) outcome(t *ast.Term) []byte {
	for _, c := range w.calls {
		args := slices.Clone(c.operands)
		args[c.free] = t
		var err error
		if t, err = apply(c.fn, args); err != nil {
			return []byte{'!'}
		}
		if t == nil {
			return []byte{'?'}
		}
	}
	if v, ok := t.Value.(ast.Boolean); ok {
		if v {
			return []byte{'t'}
		}
		return []byte{'f'}
	}
	if !w.whole {
		return []byte{'.'}
	}
	return appendText([]byte{'='}, t.String())
}
