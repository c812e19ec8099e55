package engine

import (
	"maps"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A condition is what an expression asks of one place of the input: that the value is there and not false or, seen through a call,
// that the call comes to true.
type condition struct {
	path at
	view view
}

// guard is what every one of some rules asks before anything else that could fail. Where it does not hold, none of them states
// anything, whatever else they observe: a pack for secrets sees of a vulnerability only that it is no secret. It is nil if there is
// nothing of that sort.
func (o *observer) guard(rules []*ast.Rule) *observed {
	var common map[string]condition
	for _, rule := range rules {
		if rule.Default || rule.Else != nil || len(rule.Head.Args) > 0 {
			return nil
		}
		b := &body{vars: map[ast.Var]origin{}, uses: o.usesIn(rule)}
		if o.never(b, rule.Body) {
			continue
		}
		asked := o.asked(b, rule.Body)
		if common == nil {
			common = asked
		}
		maps.DeleteFunc(common, func(key string, _ condition) bool {
			_, ok := asked[key]
			return !ok && !o.without("common guards")
		})
	}
	if len(common) == 0 {
		return nil
	}
	g := new(observed)
	for _, c := range common {
		g.add(c.path, c.view)
	}
	return g
}

// asked are the conditions of a body that come before anything that could fail.
func (o *observer) asked(b *body, exprs ast.Body) map[string]condition {
	o.trying++
	defer func() { o.trying-- }()
	all := map[string]condition{}
	for _, e := range exprs {
		if !o.quiet(e) && !o.without("quiet guards") {
			break
		}
		if c, ok := o.condition(b, e); ok {
			key := c.view.key()
			for _, s := range c.path {
				key += "\x00" + s.field
			}
			all[key] = c
		}
		o.expr(b, e)
	}
	return all
}

func (o *observer) condition(b *body, e *ast.Expr) (c condition, ok bool) {
	var from origin
	switch t := e.Terms.(type) {
	case *ast.Term:
		from = o.term(b.closure(), t)
	case []*ast.Term:
		name, args := t[0].Value.String(), make([]origin, 0, 2)
		if len(t) != 3 {
			return c, false
		}
		for _, arg := range t[1:] {
			if o.open(b, arg) {
				return c, false // binds a variable and asks nothing
			}
			args = append(args, o.term(b.closure(), arg))
		}
		if name == "eq" {
			name = "equal"
		}
		from = o.called(name, args)
	}
	if r, isResult := from.(result); isResult {
		c.view.calls = []call{r.call}
		from = r.of
	}
	c.path, ok = from.(at)
	for _, s := range c.path {
		ok = ok && s.kind == toField
	}
	return c, ok
}
