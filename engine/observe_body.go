package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// walk goes through expressions in the order in which they are evaluated.
func (o *observer) walk(b *body, exprs ast.Body) {
	for _, e := range exprs {
		o.expr(b, e)
	}
}

// expr goes through one expression. It is false if the expression never holds, whatever the input.
func (o *observer) expr(b *body, e *ast.Expr) bool {
	for _, w := range e.With {
		o.with(b, w)
	}
	if e.Negated {
		if !o.without("not") {
			o.expr(b.closure(), e.ComplementNoWith())
		}
		return true
	}
	switch t := e.Terms.(type) {
	case *ast.Term:
		from := o.term(b, t)
		if !o.without("truths") {
			o.see(from, view{})
		}
		return !isNever(from)
	case []*ast.Term:
		return o.call(b, t[0].Value.(ast.Ref), t[1:])
	case *ast.Every:
		domain := o.term(b, t.Domain)
		o.see(domain, view{})
		inner := b.closure()
		here := false
		if t.Key != nil {
			if k, ok := t.Key.Value.(ast.Var); ok {
				inner.vars[k] = settled{}
				here = b.uses[k] > 1 && !o.without("places")
			}
		}
		o.unify(inner, t.Value, nil, o.anywhereInside(domain, here))
		if !o.without("every") {
			o.walk(inner, t.Body)
		}
	case *ast.Not:
		if !o.without("not") {
			o.walk(b.closure(), t.Body)
		}
	case *ast.LogicalAnd:
		o.walk(b.closure(), t.Lhs)
		if !o.without("and") {
			o.walk(b.closure(), t.Rhs)
		}
	case *ast.LogicalOr:
		o.walk(b.closure(), t.Lhs)
		if !o.without("or") {
			o.walk(b.closure(), t.Rhs)
		}
	case *ast.SomeDecl:
	default:
		o.everything()
	}
	return true
}

// with goes through a replacement. Replaced input is made of what stands there already and of the new value; what the expression
// reads is noted as if it read the input itself, which can only note too much. Replaced data or functions make a policy of which
// nothing here holds.
func (o *observer) with(b *body, w *ast.With) {
	o.replaces = true
	target, ok := w.Target.Value.(ast.Ref)
	if !ok || !target[0].Equal(ast.InputRootDocument) {
		if !o.without("replaced data") {
			o.everything()
		}
		return
	}
	from := origin(at(nil))
	for _, key := range target[1:] {
		if !o.without("with") {
			o.see(from, view{})
		}
		from = o.inside(from, key)
	}
	o.see(from, view{})
	value := o.term(b, w.Value)
	if !o.without("with") {
		o.seeWhole(value)
	}
}

// isNever says that a value is not there or false, whatever the input.
func isNever(from origin) bool {
	values, ok := settledTo(from)
	return ok && !slices.ContainsFunc(values, func(v *ast.Term) bool { return ast.Compare(v.Value, ast.Boolean(false)) != 0 })
}

// never says that a body never holds, whatever the input, and that nothing in it can go wrong before that is clear: a parameter
// switches the rule off. It is never evaluated further than that.
func (o *observer) never(b *body, exprs ast.Body) bool {
	o.trying++
	defer func() { o.trying-- }()
	trial := b.closure()
	for _, e := range exprs {
		if !o.quiet(e) {
			if o.without("quiet") {
				continue
			}
			return false
		}
		if !o.expr(trial, e) {
			return true
		}
	}
	return false
}

// quiet says that an expression cannot fail and asks no rule.
func (o *observer) quiet(e *ast.Expr) bool {
	if len(e.With) > 0 || e.Negated {
		return false
	}
	terms, isCall := e.Terms.([]*ast.Term)
	if !isCall {
		t, ok := e.Terms.(*ast.Term)
		return ok && o.quietTerm(t)
	}
	switch terms[0].Value.String() {
	case "eq", "equal", "neq", "lt", "lte", "gt", "gte", "internal.member_2":
		return !slices.ContainsFunc(terms[1:], func(t *ast.Term) bool { return !o.quietTerm(t) })
	}
	return false
}

func (o *observer) quietTerm(t *ast.Term) bool {
	quiet := true
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Ref:
			if v[0].Equal(ast.DefaultRootDocument) {
				quiet = quiet && len(o.documents.overlapping(v[1:])) == 0
			} else if _, ok := v[0].Value.(ast.Var); !ok {
				quiet = false
			}
		case *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, ast.Call:
			quiet = false
		}
		return !quiet
	})
	return quiet
}

// term is the origin of the value of a term. A reference that is not there stops the evaluation, so that much is seen of each.
func (o *observer) term(b *body, t *ast.Term) origin {
	if ast.IsConstant(t.Value) {
		return constant{t}
	}
	switch v := t.Value.(type) {
	case ast.Var:
		if from := b.vars[v]; from != nil {
			return from
		}
	case ast.Ref:
		from := o.reference(b, v)
		if !o.without("references") {
			o.see(from, view{})
		}
		return from
	case *ast.Array:
		l := literal{}
		v.Foreach(func(e *ast.Term) { l.items = append(l.items, o.term(b, e)) })
		return l
	case ast.Object:
		return o.object(b, v)
	case ast.Set:
		v.Foreach(func(e *ast.Term) {
			if from := o.term(b, e); !o.without("sets") {
				o.seeWhole(from)
			}
		})
		return settled{}
	case *ast.ArrayComprehension:
		inner := b.closure()
		inner.counted = true
		o.walk(inner, v.Body)
		o.member(inner, v.Term)
		return settled{}
	case *ast.SetComprehension:
		inner := b.closure()
		o.walk(inner, v.Body)
		o.member(inner, v.Term)
		return settled{}
	case *ast.ObjectComprehension:
		inner := b.closure()
		o.walk(inner, v.Body)
		o.member(inner, v.Key)
		o.member(inner, v.Value)
		return settled{}
	}
	return o.everything()
}

// member goes through what a comprehension collects.
func (o *observer) member(b *body, t *ast.Term) {
	from := o.term(b, t)
	if !o.without("comprehensions") {
		o.seeWhole(from)
	}
}

func (o *observer) object(b *body, v ast.Object) origin {
	l := literal{fields: map[string]origin{}}
	var whole choice
	v.Foreach(func(k, e *ast.Term) {
		from := o.term(b, e)
		if name, ok := k.Value.(ast.String); ok {
			l.fields[string(name)] = from
			return
		}
		whole = append(whole, o.term(b, k), from)
	})
	if whole == nil {
		return l
	}
	if !o.without("computed keys") {
		o.seeWhole(whole)
	}
	o.seeWhole(l)
	return settled{}
}

func (o *observer) reference(b *body, ref ast.Ref) origin {
	switch {
	case ref[0].Equal(ast.DefaultRootDocument):
		return o.document(b, ref)
	case ref[0].Equal(ast.InputRootDocument):
		return o.into(b, at(nil), ref[1:])
	}
	return o.into(b, o.term(b, ref[0]), ref[1:])
}

// call goes through a call. It is false if the call never holds, whatever the input.
func (o *observer) call(b *body, op ast.Ref, args []*ast.Term) bool {
	name := op.String()
	if name == "eq" && len(args) == 2 {
		return o.unify(b, args[0], args[1], nil)
	}
	builtin, arity := ast.BuiltinMap[name], 0
	var rules []*ast.Rule
	switch {
	case builtin != nil:
		arity = builtin.Decl.Arity()
	case op[0].Equal(ast.DefaultRootDocument):
		if d, rest := o.documents.exactly(op[1:]); d != nil && len(rest) == 0 && len(d.rules) > 0 {
			rules, arity = d.rules, len(d.rules[0].Head.Args)
		}
	}
	if builtin == nil && rules == nil || builtin != nil && builtin.Nondeterministic || len(args) < arity || len(args) > arity+1 {
		o.everything()
		o.bindAll(b, args)
		return true
	}
	from := make([]origin, arity)
	for i := range from {
		from[i] = o.term(b, args[i])
	}
	var made origin
	switch {
	case rules != nil:
		made = o.function(rules, from)
	case builtin.Relation:
		b.several = true
		if !o.without("relations") {
			o.seeWhole(choice(from))
		}
		o.bindAll(b, args[arity:])
		return true
	case name == "object.get":
		made = o.get(from)
	default:
		made = o.called(name, from)
	}
	if !o.without("calls") {
		o.see(made, view{})
	}
	if len(args) == arity {
		return !isNever(made)
	}
	return o.unify(b, args[arity], nil, made)
}

// bindAll gives values to variables that have none, where nothing is known of what they become.
func (o *observer) bindAll(b *body, terms []*ast.Term) {
	for _, t := range terms {
		ast.WalkVars(t, func(v ast.Var) bool {
			if b.vars[v] == nil {
				b.vars[v] = settled{}
			}
			return false
		})
		o.seeWhole(o.term(b, t))
	}
}

func (o *observer) function(rules []*ast.Rule, args []origin) origin {
	if o.calls++; o.calls > mostCalls {
		return o.everything()
	}
	return o.oneOf(rules, args)
}

// get is object.get with constant keys: the value there, or the default.
func (o *observer) get(args []origin) origin {
	from, fallback := args[0], args[2]
	values, ok := settledTo(args[1])
	if !ok || len(values) != 1 {
		o.seeWhole(choice(args))
		return settled{}
	}
	keys := []*ast.Term{values[0]}
	if list, ok := values[0].Value.(*ast.Array); ok {
		keys = nil
		list.Foreach(func(k *ast.Term) { keys = append(keys, k) })
	}
	if slices.ContainsFunc(keys, func(k *ast.Term) bool { _, ok := k.Value.(ast.String); return !ok }) {
		o.seeWhole(choice(args))
		return settled{}
	}
	o.see(from, view{}) // what is no object is an error
	for _, k := range keys {
		from = o.inside(from, k)
	}
	if o.without("defaults") {
		return from
	}
	return choice{from, fallback}
}

// unify goes through an equation; right may be given as a term or as an origin. It is false if the two are never equal.
func (o *observer) unify(b *body, left, right *ast.Term, made origin) bool {
	if o.open(b, left) && right != nil && o.open(b, right) {
		return o.unifyOpen(b, left, right)
	}
	if right != nil && o.open(b, right) {
		left, right = right, left
	}
	if right != nil {
		made = o.term(b, right)
	}
	if v, ok := left.Value.(ast.Var); ok && b.vars[v] == nil {
		b.vars[v] = made
		return true
	}
	if array, ok := left.Value.(*ast.Array); ok && o.open(b, left) {
		if l, ok := made.(literal); ok && l.fields == nil && len(l.items) == array.Len() {
			for i, item := range l.items {
				o.unify(b, array.Elem(i), nil, item)
			}
			return true
		}
	}
	if o.bind(b, left) {
		if !o.without("patterns") {
			o.seeWhole(made)
		}
		return true
	}
	compared := o.called("equal", []origin{o.term(b, left), made})
	if !o.without("equations") {
		o.see(compared, view{})
	}
	return !isNever(compared)
}

// unifyOpen goes through an equation with variables that have no value on both sides.
func (o *observer) unifyOpen(b *body, left, right *ast.Term) bool {
	l, ok := left.Value.(*ast.Array)
	if r, same := right.Value.(*ast.Array); ok && same && l.Len() == r.Len() {
		for i := range l.Len() {
			o.unify(b, l.Elem(i), r.Elem(i), nil)
		}
		return true
	}
	o.everything()
	o.bindAll(b, []*ast.Term{left, right})
	return true
}

// open says whether a term is a variable without a value, or has one in it. Keys of references do not count: they are found while
// the reference is evaluated.
func (o *observer) open(b *body, t *ast.Term) bool {
	found := false
	ast.WalkTerms(t, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Var:
			found = found || b.vars[v] == nil
		case ast.Ref, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension, ast.Call:
			return true
		}
		return found
	})
	return found
}
