package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// An origin says where the value of a term comes from, as far as the input has a say in it.
type origin interface{}

type (
	// at is the value at a path of the input.
	at []step

	// constant is one of these values, whatever the input; which one is settled by what is observed elsewhere. None: the term is never
	// defined.
	constant []*ast.Term

	// literal is an array or object that the policy puts together.
	literal struct {
		items  []origin
		fields map[string]origin // nil: an array
	}

	// result is what a call makes of another value.
	result struct {
		call
		of origin
	}

	// choice is one of these, which one being settled by what is observed elsewhere.
	choice []origin

	// settled is a value that follows from what is observed elsewhere.
	settled struct{}
)

// mostValues bounds how many values a term may have for each to be looked at by itself.
const mostValues = 64

// see notes that the policy sees a value through a view.
func (o *observer) see(from origin, w view) {
	if len(w.calls) > farthest {
		w = view{whole: true}
	}
	switch from := from.(type) {
	case at:
		if o.trying == 0 {
			o.root.add(from, w)
			o.compared.note(from, w)
		}
	case literal:
		if len(w.calls) == 0 && !w.whole {
			return // it is there, whatever is inside
		}
		for _, part := range from.parts() {
			if !o.without("parts") {
				o.seeWhole(part)
			}
		}
	case result:
		o.see(from.of, view{append([]call{from.call}, w.calls...), w.whole})
	case choice:
		for i, one := range from {
			if i == 0 || !o.without("choices") {
				o.see(one, w)
			}
		}
	}
}

func (o *observer) seeWhole(from origin) { o.see(from, view{whole: true}) }

// everything gives up: the whole input is observed. It is always right.
func (o *observer) everything() settled {
	o.seeWhole(at(nil))
	return settled{}
}

func (l literal) parts() []origin {
	parts := l.items
	for _, f := range l.fields {
		parts = append(parts, f)
	}
	return parts
}

// settledTo are the values that a term can have if the input has no say in them.
func settledTo(from origin) ([]*ast.Term, bool) {
	switch from := from.(type) {
	case constant:
		return from, true
	case choice:
		var all []*ast.Term
		for _, one := range from {
			values, ok := settledTo(one)
			if !ok || len(all)+len(values) > mostValues {
				return nil, false
			}
			all = append(all, values...)
		}
		return all, true
	case literal:
		if from.fields != nil {
			pairs := make([][2]*ast.Term, 0, len(from.fields))
			for name, f := range from.fields {
				values, ok := settledTo(f)
				if !ok || len(values) != 1 {
					return nil, false
				}
				pairs = append(pairs, [2]*ast.Term{ast.StringTerm(name), values[0]})
			}
			return []*ast.Term{ast.ObjectTerm(pairs...)}, true
		}
		items := make([]*ast.Term, 0, len(from.items))
		for _, item := range from.items {
			values, ok := settledTo(item)
			if !ok || len(values) != 1 {
				return nil, false
			}
			items = append(items, values[0])
		}
		return []*ast.Term{ast.ArrayTerm(items...)}, true
	}
	return nil, false
}

// inside is the value inside another one at a known key.
func (o *observer) inside(from origin, key *ast.Term) origin {
	switch from := from.(type) {
	case at:
		switch k := key.Value.(type) {
		case ast.String:
			return append(from[:len(from):len(from)], step{kind: toField, field: string(k)})
		case ast.Number:
			if i, ok := k.Int(); ok && i >= 0 {
				return append(from[:len(from):len(from)], step{kind: toItem, item: i})
			}
		}
		if from.ofPart() {
			break
		}
		return constant(nil) // the input has no other keys
	case constant:
		var found constant
		for _, v := range from {
			if inner, err := v.Value.Find(ast.Ref{key}); err == nil {
				found = append(found, ast.NewTerm(inner))
			}
		}
		return found
	case literal:
		if k, ok := key.Value.(ast.String); ok && from.fields != nil {
			if f, ok := from.fields[string(k)]; ok {
				return f
			}
		}
		if k, ok := key.Value.(ast.Number); ok && from.fields == nil {
			if i, ok := k.Int(); ok && i >= 0 && i < len(from.items) {
				return from.items[i]
			}
		}
		return constant(nil)
	case choice:
		all := make(choice, 0, len(from))
		for _, one := range from {
			all = append(all, o.inside(one, key))
		}
		return all
	}
	o.seeWhole(from)
	return settled{}
}

// anywhereInside is the value inside another one at a key that is not known. Here says that the policy sees which key it is.
func (o *observer) anywhereInside(from origin, here bool) origin {
	switch from := from.(type) {
	case at:
		kind := toEach
		if here {
			kind = toEachHere
		}
		return append(from[:len(from):len(from)], step{kind: kind})
	case constant:
		var found constant
		for _, v := range from {
			switch v := v.Value.(type) {
			case *ast.Array:
				v.Foreach(func(e *ast.Term) { found = append(found, e) })
			case ast.Set:
				v.Foreach(func(e *ast.Term) { found = append(found, e) })
			case ast.Object:
				v.Foreach(func(_, e *ast.Term) { found = append(found, e) })
			}
		}
		if len(found) > mostValues {
			return settled{}
		}
		if len(found) > 1 && o.without("alternatives") {
			found = found[:1]
		}
		return found
	case literal:
		return choice(from.parts())
	case choice:
		all := make(choice, 0, len(from))
		for _, one := range from {
			all = append(all, o.anywhereInside(one, here))
		}
		return all
	}
	o.seeWhole(from)
	return settled{}
}

// through are the builtin functions that the policy can see a value through: cheap ones whose result says less than their operand.
// All others see their operands whole.
var through = []string{
	"equal", "neq", "lt", "lte", "gt", "gte", "internal.member_2", "startswith", "endswith", "contains", "strings.any_prefix_match",
	"strings.any_suffix_match", "regex.match", "glob.match", "count", "lower", "upper", "is_array", "is_boolean", "is_null", "is_number",
	"is_object", "is_set", "is_string",
}

// called is the value of a call of a builtin function.
func (o *observer) called(name string, args []origin) origin {
	var free []int
	combinations := [][]*ast.Term{make([]*ast.Term, len(args))}
	for i, a := range args {
		values, ok := settledTo(a)
		if !ok {
			free = append(free, i)
			continue
		}
		var more [][]*ast.Term
		for _, c := range combinations {
			for _, v := range values {
				c := slices.Clone(c)
				c[i] = v
				more = append(more, c)
			}
		}
		combinations = more
	}
	fn := topdown.GetBuiltin(name)
	if len(free) > 1 || len(combinations) > mostValues || fn == nil || !slices.Contains(through, name) {
		if o.without("operands") {
			free = nil
		}
		for _, i := range free {
			o.seeWhole(args[i])
		}
		return settled{}
	}
	if len(free) == 0 {
		var found constant
		for _, c := range combinations {
			v, err := apply(fn, c)
			if err != nil || v == nil {
				return settled{}
			}
			found = append(found, v)
		}
		return found
	}
	all := make(choice, 0, len(combinations))
	for _, c := range combinations {
		all = append(all, result{call{name, fn, c, free[0]}, args[free[0]]})
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

// apply calls a builtin function. Nil is undefined.
func apply(fn topdown.BuiltinFunc, args []*ast.Term) (v *ast.Term, err error) {
	err = fn(topdown.BuiltinContext{}, args, func(t *ast.Term) error {
		v = t
		return nil
	})
	return v, err
}
