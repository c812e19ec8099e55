package engine

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// lowering are the sets that make a case less urgent: there a fact that is not known must not count as harmless.
var lowering = []string{"cap", "exempt"}

// absent finds conditions that come out in a way that their author may not expect where a fact is not known: an inequality is not true
// then, and a negation is.
func (l *linter) absent() {
	lowers := slices.Contains(lowering, ruleName(l.rule))
	ast.WalkBodies(l.rule, func(b ast.Body) bool {
		for i, e := range b {
			c, ok := l.conditionOf(e)
			if !ok || c.place.required() {
				continue
			}
			fact, isFact := c.place.fact()
			switch {
			case c.op == "neq" && !c.negated && !lowers && !isEmptyValue(c.with[0]) && !l.guarded(b, i, c.place):
				l.warn(e.Location, "write not "+c.place.String()+" == … if the rule is to hold where it is not known, or "+c.place.String()+
					" on a line before it if not", "`%s` is undefined where %s is absent, and the rule stays silent", textOf(e), c.place)
			case c.negated && lowers && isFact && !l.guarded(b, i, fact):
				l.warn(e.Location, "unknown is not no: put "+fact.String()+" on a line before it, or negate a rule with a name that says what you mean", "`%s` holds where %s is not known, and lowers the case", textOf(e), fact)
			}
		}
		return false
	})
}

// fact is the part of a place up to which it may be unknown although it applies, as the schema marks it; it is false if there is none.
func (p inputPlace) fact() (inputPlace, bool) {
	for n := 1; n <= len(p); n++ {
		if p[:n].schema()["x-fact"] != nil {
			return p[:n], true
		}
	}
	return nil, false
}

// guarded says that another expression of a body asks for a place or something in it, so that it is there.
func (l *linter) guarded(b ast.Body, but int, p inputPlace) bool {
	for i, e := range b {
		if i == but || e.Negated {
			continue
		}
		asks := false
		ast.WalkTerms(e, func(t *ast.Term) bool {
			q, ok := l.places.of(t)
			asks = asks || ok && p.above(q)
			return asks
		})
		if asks {
			return true
		}
	}
	return false
}

// isEmptyValue says that a value is one that a fact never has: what is not known is absent instead.
func isEmptyValue(v ast.Value) bool {
	switch v := v.(type) {
	case ast.String:
		return v == ""
	case ast.Null:
		return true
	case *ast.Array:
		return v.Len() == 0
	case ast.Object:
		return v.Len() == 0
	case ast.Set:
		return v.Len() == 0
	}
	return false
}

// empty finds tests for emptiness that never hold: what is empty is absent.
func (l *linter) empty() {
	ast.WalkExprs(l.rule, func(e *ast.Expr) bool {
		if c, ok := l.conditionOf(e); ok && c.op == "equal" && isEmptyValue(c.with[0]) {
			l.warn(e.Location, "write not "+c.place.String(), "%s is absent where nothing is known, never empty: this never holds", c.place)
		}
		if p, ok := l.countedAsNone(e); ok {
			l.warn(e.Location, "write not "+p.String(), "%s is absent where there is none, never an empty list: this never holds", p)
		}
		return false
	})
}

// countedAsNone is the place whose elements an expression wants to be none: count(…) == 0 or < 1.
func (l *linter) countedAsNone(e *ast.Expr) (inputPlace, bool) {
	if e.Negated || !e.IsCall() || len(e.Operands()) != 2 {
		return nil, false
	}
	call, ok := e.Operand(0).Value.(ast.Call)
	n, isNumber := numberOf(e.Operand(1).Value)
	if !ok || !isNumber || len(call) != 2 || call[0].String() != "count" {
		return nil, false
	}
	switch op := operator(e); {
	case (op == "equal" || op == "eq" || op == "lte") && n == 0, op == "lt" && n == 1:
		return l.places.of(call[1])
	}
	return nil, false
}

// every finds comparisons in every that fail as a whole where one element lacks the fact.
func (l *linter) every() {
	ast.WalkExprs(l.rule, func(e *ast.Expr) bool {
		every, ok := e.Terms.(*ast.Every)
		if !ok {
			return false
		}
		for _, inner := range every.Body {
			c, ok := l.conditionOf(inner)
			if ok && !c.negated && c.op != "there" && !c.place.required() && c.place[len(c.place)-1].element == "" {
				l.warn(inner.Location, "ask a rule or function that says what holds then", "`%s` is undefined where %s is absent, and then every does not hold", textOf(inner), c.place)
			}
		}
		return false
	})
}
