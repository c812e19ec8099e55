package engine

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// neverTrue finds bodies that hold for no input: a constant that is false, and conditions on one place that exclude each other.
func (l *linter) neverTrue() {
	if l.rule.Default {
		return
	}
	ast.WalkBodies(l.rule, func(b ast.Body) bool {
		possible := map[string]*values{}
		for _, e := range b {
			if len(e.With) > 0 {
				continue
			}
			if constantFalse(e) {
				l.fail(e.Location, "", "`%s` is never true", textOf(e))
				continue
			}
			c, ok := l.conditionOf(e)
			if !ok {
				continue
			}
			v := possible[c.place.key()]
			if v == nil {
				v = valuesOf(c.place)
				possible[c.place.key()] = v
			}
			before := v.none()
			v.narrow(c)
			if v.none() && !before {
				l.fail(e.Location, "", "%s", v.why(c))
			}
		}
		for _, v := range possible { // absent above, and there below
			for _, w := range possible {
				if v.absent && !w.absent && w.there && len(v.place) < len(w.place) && v.place.above(w.place) {
					l.fail(v.last, "", "%s cannot be absent where %s is there: this never holds", v.place, w.place)
				}
			}
		}
		return false
	})
}

func textOf(e *ast.Expr) string { return strings.Join(strings.Fields(string(e.Location.Text)), " ") }

// constantFalse says that an expression of constants does not hold.
func constantFalse(e *ast.Expr) bool {
	if t, ok := e.Terms.(*ast.Term); ok {
		b, isBool := t.Value.(ast.Boolean)
		return isBool && bool(b) == e.Negated
	}
	if !e.IsCall() || slices.ContainsFunc(e.Operands(), func(t *ast.Term) bool { return !ast.IsConstant(t.Value) }) {
		return false
	}
	name := operator(e)
	if name == "eq" {
		name = "equal"
	}
	if !slices.Contains([]string{"equal", "neq", "lt", "lte", "gt", "gte", "internal.member_2"}, name) {
		return false
	}
	v, err := apply(topdown.GetBuiltin(name), e.Operands())
	return err == nil && v != nil && v.Value.Compare(ast.Boolean(e.Negated)) == 0
}

// A comparison is what an expression asks of one place of the input.
type comparison struct {
	place   inputPlace
	op      string // equal, neq, lt, lte, gt, gte, in, or "there": neither absent nor false
	with    []ast.Value
	negated bool
	expr    *ast.Expr
}

// conditionOf is the comparison that an expression makes with constants; it is false if it makes none.
func (l *linter) conditionOf(e *ast.Expr) (comparison, bool) {
	c := comparison{expr: e, negated: e.Negated}
	if t, ok := e.Terms.(*ast.Term); ok {
		p, ok := l.places.of(t)
		c.place, c.op = p, "there"
		return c, ok
	}
	if !e.IsCall() || len(e.Operands()) != 2 {
		return c, false
	}
	left, right, name := e.Operand(0), e.Operand(1), operator(e)
	p, ok := l.places.of(left)
	if !ok { // the other way round
		turned := map[string]string{"equal": "equal", "eq": "eq", "neq": "neq", "lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
		if name = turned[name]; name == "" {
			return c, false
		}
		if p, ok = l.places.of(right); !ok {
			return c, false
		}
		left, right = right, left
	}
	if !ast.IsConstant(right.Value) {
		return c, false
	}
	c.place, c.op, c.with = p, name, []ast.Value{right.Value}
	switch name {
	case "eq":
		c.op = "equal"
	case "equal", "neq", "lt", "lte", "gt", "gte":
	case "internal.member_2":
		c.op, c.with = "in", nil
		switch set := right.Value.(type) {
		case ast.Set:
			set.Foreach(func(t *ast.Term) { c.with = append(c.with, t.Value) })
		case *ast.Array:
			set.Foreach(func(t *ast.Term) { c.with = append(c.with, t.Value) })
		default:
			return c, false
		}
	default:
		return c, false
	}
	return c, true
}

// values are those that a place can have where all conditions so far hold.
type values struct {
	place         inputPlace
	allowed       []ast.Value // nil: any
	least, most   float64     // of numbers
	above, below  bool        // least and most are not among them
	there, absent bool        // it must be there (and not false); it must be absent or false
	last          *ast.Location
}

func valuesOf(p inputPlace) *values {
	v := &values{place: p, least: math.Inf(-1), most: math.Inf(1)}
	schema := p.schema()
	for _, word := range enumeration(p) {
		v.allowed = append(v.allowed, ast.String(word))
	}
	if schema["type"] == "boolean" {
		v.allowed = []ast.Value{ast.Boolean(false), ast.Boolean(true)}
	}
	if n, ok := schema["minimum"].(float64); ok {
		v.least = n
	}
	if n, ok := schema["maximum"].(float64); ok {
		v.most = n
	}
	return v
}

// none says that no value is left.
func (v *values) none() bool {
	return v.there && (v.absent || v.allowed != nil && len(v.allowed) == 0 || v.least > v.most || v.least == v.most && (v.above || v.below))
}

// narrow takes away what a comparison excludes. A value that is none of the schema's is reported elsewhere, and takes nothing away.
func (v *values) narrow(c comparison) {
	v.last = c.expr.Location
	if words := enumeration(v.place); words != nil && !slices.ContainsFunc(c.with, func(x ast.Value) bool {
		s, ok := x.(ast.String)
		return ok && slices.Contains(words, string(s))
	}) && c.op != "there" {
		return
	}
	is := func(x ast.Value) bool {
		return slices.ContainsFunc(c.with, func(y ast.Value) bool { return y.Compare(x) == 0 })
	}
	switch {
	case c.op == "there" && c.negated:
		v.absent = true
		return
	case c.negated && c.op != "equal": // is refused, or says nothing of what is there
		return
	case c.negated:
		v.allowed = without(v.allowed, is)
		return
	}
	if c.op != "equal" || c.with[0].Compare(ast.Boolean(false)) != 0 { // else it is there, and false
		v.there = true
	}
	number, isNumber := 0.0, false
	if len(c.with) == 1 {
		number, isNumber = numberOf(c.with[0])
	}
	switch c.op {
	case "there":
		v.allowed = without(v.allowed, func(x ast.Value) bool { return x.Compare(ast.Boolean(false)) == 0 })
	case "neq":
		v.allowed = without(v.allowed, is)
	case "equal", "in":
		if v.allowed == nil {
			v.allowed = c.with
		} else {
			v.allowed = without(v.allowed, func(x ast.Value) bool { return !is(x) })
		}
		if isNumber {
			v.atLeast(number, false)
			v.atMost(number, false)
		}
	case "gt", "gte":
		if isNumber {
			v.atLeast(number, c.op == "gt")
		}
	case "lt", "lte":
		if isNumber {
			v.atMost(number, c.op == "lt")
		}
	}
}

func (v *values) atLeast(n float64, above bool) {
	if n > v.least || n == v.least && above {
		v.least, v.above = n, above
	}
}

func (v *values) atMost(n float64, below bool) {
	if n < v.most || n == v.most && below {
		v.most, v.below = n, below
	}
}

func without(all []ast.Value, drop func(ast.Value) bool) []ast.Value {
	if all == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(all), drop)
}

func numberOf(v ast.Value) (float64, bool) {
	n, ok := v.(ast.Number)
	if !ok {
		return 0, false
	}
	f, ok := n.Float64()
	return f, ok
}

// why says why nothing is left after the last condition.
func (v *values) why(c comparison) string {
	alone := valuesOf(v.place)
	alone.narrow(c)
	if schema := v.place.schema(); alone.none() && schema["minimum"] != nil && schema["maximum"] != nil {
		return v.place.String() + " is " + bound(schema["minimum"]) + " to " + bound(schema["maximum"]) + ", so `" + textOf(c.expr) + "` never holds"
	}
	return "the conditions on " + v.place.String() + " exclude each other: this never holds"
}

func bound(v any) string {
	n, _ := v.(float64)
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// alphabet finds words compared by < and >: they are ordered by their letters, where critical comes before high, and not by what they
// mean.
func (l *linter) alphabet() {
	ast.WalkExprs(l.rule, func(e *ast.Expr) bool {
		c, ok := l.conditionOf(e)
		if words := enumeration(c.place); ok && words != nil && slices.Contains([]string{"lt", "lte", "gt", "gte"}, c.op) {
			l.fail(e.Location, "list the values: "+c.place.String()+" in {…}", "`%s` compares words by the alphabet, not in the order %s",
				textOf(e), strings.Join(words, ", "))
		}
		return false
	})
}
