package engine

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// An observed is what a compiled policy can tell apart at one place of its input, and below it. Two inputs that agree on all that
// is observed are decided alike: they are of one class. The zero value observes nothing.
type observed struct {
	whole bool // the value itself
	shape bool // whether it is there and, of a truth value, which one
	views map[string]view

	fields map[string]*observed
	items  map[int]*observed
	each   *observed // every element
	places bool      // of each: also where each element stands and how many there are; else only which different ones come, in what order
}

// A view is a value seen through functions whose other operands are known: of input.cvss >= 7 a policy sees one bit, not a number.
type view struct {
	calls []call // innermost first; none: the value itself
	whole bool   // the value of the outermost call; else its shape
}

// A call is a builtin function with all operands known but one.
type call struct {
	name     string
	fn       topdown.BuiltinFunc
	operands []*ast.Term
	free     int // which of the operands is not known
}

// key names a view; equal keys are equal views.
func (w view) key() string {
	var b strings.Builder
	for _, c := range w.calls {
		b.WriteString(c.name)
		b.WriteByte('/')
		b.WriteString(strconv.Itoa(c.free))
		for i, t := range c.operands {
			if i != c.free {
				b.WriteByte(' ')
				b.WriteString(t.String())
			}
		}
		b.WriteByte('\n')
	}
	if w.whole {
		b.WriteByte('=')
	}
	return b.String()
}

// A step leads from a value to one inside it.
type step struct {
	kind  stepKind
	field string
	item  int
}

type stepKind uint8

const (
	toField    stepKind = iota // of an object
	toItem                     // of an array
	toEach                     // all elements, wherever they stand
	toEachHere                 // all elements, and where they stand
)

const (
	deepest  = 16 // steps from the root of the input, beyond which a value is observed whole
	farthest = 6  // calls that a value is seen through
)

// add notes that the value at a path is seen through a view.
func (o *observed) add(path []step, w view) {
	for i, s := range path {
		if o.whole {
			return
		}
		if i == deepest {
			w = view{whole: true}
			break
		}
		o = o.below(s)
	}
	switch {
	case len(w.calls) == 0 && w.whole:
		*o = observed{whole: true}
	case o.whole:
	case len(w.calls) == 0:
		o.shape = true
	default:
		if o.views == nil {
			o.views = map[string]view{}
		}
		o.views[w.key()] = w
	}
}

func (o *observed) below(s step) *observed {
	switch s.kind {
	case toField:
		if o.fields == nil {
			o.fields = map[string]*observed{}
		}
		if o.fields[s.field] == nil {
			o.fields[s.field] = new(observed)
		}
		return o.fields[s.field]
	case toItem:
		if o.items == nil {
			o.items = map[int]*observed{}
		}
		if o.items[s.item] == nil {
			o.items[s.item] = new(observed)
		}
		return o.items[s.item]
	}
	if o.each == nil {
		o.each = new(observed)
	}
	o.places = o.places || s.kind == toEachHere
	return o.each
}

// takeField removes a field and is what was observed of it.
func (o *observed) takeField(name string) *observed {
	taken := o.fields[name]
	delete(o.fields, name)
	switch {
	case o.whole:
		return &observed{whole: true}
	case taken == nil:
		return new(observed)
	}
	return taken
}

// merge notes all that another one observes too.
func (o *observed) merge(other *observed) {
	if o.whole || other.whole {
		*o = observed{whole: true}
		return
	}
	o.shape = o.shape || other.shape
	o.places = o.places || other.places
	for key, w := range other.views {
		if o.views == nil {
			o.views = map[string]view{}
		}
		o.views[key] = w
	}
	for name, under := range other.fields {
		o.below(step{kind: toField, field: name}).merge(under)
	}
	for i, under := range other.items {
		o.below(step{kind: toItem, item: i}).merge(under)
	}
	if other.each != nil {
		o.below(step{kind: toEach}).merge(other.each)
	}
}

// all is everything that an observation sees, whether by itself or through its parts.
func (o *observation) all() *observed {
	all := new(observed)
	all.merge(o.observed)
	for _, p := range o.parts {
		all.merge(p.observed)
		if p.guard != nil {
			all.merge(p.guard)
		}
	}
	return all
}

// termOf makes of a Go value what a policy sees of it that observes no more than this.
func (o *observed) termOf(v reflect.Value) *ast.Term {
	if v.Kind() == reflect.Pointer {
		return o.termOf(v.Elem())
	}
	if o.whole || o.shape || len(o.views) > 0 || o.each != nil || v.Kind() != reflect.Struct {
		return termOf(v)
	}
	pairs := make([][2]*ast.Term, 0, len(o.fields))
	for _, f := range layout(v.Type()) {
		under := o.fields[f.name]
		if under == nil {
			continue
		}
		if fv := v.Field(f.index); !f.omit || !empty(fv) {
			pairs = append(pairs, [2]*ast.Term{f.key, under.termOf(fv)})
		}
	}
	return ast.ObjectTerm(pairs...)
}
