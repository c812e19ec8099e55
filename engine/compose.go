package engine

import (
	"context"
	"maps"
	"reflect"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// A composition makes the answer of a class from what its parts came to, which is known by then. It is the policy without the rules that state
// these parts: their values stand in the input. Rules of packs are then evaluated once for all inputs that a pack cannot tell apart, and for a
// class only those that unite what packs say.
type composition struct {
	compiler *ast.Compiler
	query    rego.PreparedEvalQuery
	seen     *observed // of the input, besides the parts that stand in it
	given    []givenPart
}

// A givenPart is a part whose value stands in the input: which one it is, and where.
type givenPart struct {
	part int
	path []*ast.Term // behind composedPlace
}

// composedPlace is where the values of parts stand in the input: a name that no field of an input has.
var composedPlace = ast.StringTerm(partPlace)

// statedRef is the document that references to parts lead to. A rule makes it of the input, since OPA leaves out rules that refer to something
// which the input does not have, before an expression in front of that can fail.
var statedRef = ast.MustParseRef("data.composed.stated")

// composed is the module of that rule, and its name.
const (
	composedName = "composed"
	composedText = "package composed\n\nstated := input[\"\\u0000\"]\n"
)

// newComposition composes a document of what observation says of it; nil if there is nothing to gain, or if that cannot be done.
func newComposition(p *Policy, data ast.Value, document ast.Ref, o *observation) *composition {
	var all *composer
	left := 0 // references to rules that are gone
	compiler := lenientCompiler().
		WithStageAfterID(ast.StageResolveRefs, ast.CompilerStageDefinition{Name: "Part", MetricName: "part", Stage: func(c *ast.Compiler) *ast.Error {
			all = newComposer(c.Modules, document, o.parts, data)
			all.take(document)
			return nil
		}}).
		WithStageAfterID(ast.StageRewriteDynamicTerms, ast.CompilerStageDefinition{Name: "Compose", MetricName: "compose", Stage: func(*ast.Compiler) *ast.Error {
			left = all.move()
			all.settle()
			return nil
		}})
	modules := maps.Clone(p.modules)
	modules[composedName] = ast.MustParseModule(composedText)
	if compiler.Compile(modules); compiler.Failed() || left > 0 {
		return nil
	}
	c := &composition{seen: new(observed), given: all.where()}
	if len(c.given) == 0 {
		return nil
	}
	c.seen.merge(o.observed)
	c.compiler = compiler
	for i, part := range o.parts {
		if !slices.ContainsFunc(c.given, func(g givenPart) bool { return g.part == i }) {
			c.seen.merge(part.observed)
			if part.guard != nil {
				c.seen.merge(part.guard)
			}
		}
	}
	if !c.seen.apartFromFields() { // something looks at all that the input has, and would come upon the parts
		return nil
	}
	var err error
	if c.query, err = p.prepareWith(context.Background(), compiler, document.String()); err != nil {
		return nil
	}
	return c
}

// A composer finds out which parts can be given, and has the modules refer to these.
type composer struct {
	modules map[string]*ast.Module
	data    ast.Value // the base documents
	parts   []part
	given   []bool // by part
}

// newComposer finds out which parts can be given: wherever one of them is asked for, it must be plain from the reference that nothing else is
// meant, neither a document that is no part nor data.
func newComposer(modules map[string]*ast.Module, document ast.Ref, parts []part, data ast.Value) *composer {
	c := &composer{modules: modules, data: data, given: make([]bool, len(parts)), parts: parts}
	_, refs := c.needed(document)
	for i := range parts {
		c.given[i] = true
	}
	for again := true; again; {
		again = false
		for _, ref := range refs {
			for i := range parts {
				if c.given[i] && meet(ref, parts[i].ref) && !c.plain(ref, len(parts[i].ref)) {
					c.given[i], again = false, true
				}
			}
		}
	}
	return c
}

// take takes out of the modules what the document does not need where the parts are given.
func (c *composer) take(document ast.Ref) {
	rules, _ := c.needed(document)
	for name, m := range c.modules {
		m.Rules = slices.DeleteFunc(m.Rules, func(r *ast.Rule) bool { return !rules[r] && name != composedName })
	}
}

// move has all references to given parts lead to where these stand. It says how many still lead to where they stood.
func (c *composer) move() (left int) {
	for _, m := range c.modules {
		for _, r := range m.Rules {
			_, err := ast.TransformRefs(r, func(ref ast.Ref) (ast.Value, error) { return c.moved(ref), nil })
			if err != nil {
				left++
			}
			ast.WalkRefs(r, func(ref ast.Ref) bool {
				if c.givenPart(ref) >= 0 {
					left++
				}
				return false
			})
		}
	}
	return left
}

// where says where the given parts stand.
func (c *composer) where() (given []givenPart) {
	for i, p := range c.parts {
		if c.given[i] {
			given = append(given, givenPart{i, partPath(p.ref, len(p.ref))})
		}
	}
	return given
}

// needed are the rules that a document asks for where the parts are given, and all references in them.
func (c *composer) needed(document ast.Ref) (rules map[*ast.Rule]bool, refs []ast.Ref) {
	rules = map[*ast.Rule]bool{}
	known := map[string]bool{}
	var need func(ast.Ref)
	need = func(ref ast.Ref) {
		if known[ref.String()] || !ref[0].Equal(ast.DefaultRootDocument) || c.givenPart(ref) >= 0 {
			return
		}
		known[ref.String()] = true
		refs = append(refs, ref)
		for _, m := range c.modules {
			for _, r := range m.Rules {
				if !rules[r] && meet(ref, r.Ref()) {
					rules[r] = true
					ast.WalkRefs(r, func(inner ast.Ref) bool {
						need(inner)
						return false
					})
				}
			}
		}
	}
	need(document)
	return rules, refs
}

// givenPart is one of the given parts that a reference leads into; -1: it leads into none.
func (c *composer) givenPart(ref ast.Ref) int {
	for i, p := range c.parts {
		if c.given[i] && ref[0].Equal(ast.DefaultRootDocument) && meet(ref, p.ref) {
			return i
		}
	}
	return -1
}

// meet says that two references may lead to the same document, or one into that of the other.
func meet(a, b ast.Ref) bool {
	for i := range min(len(a), len(b)) {
		_, constant := a[i].Value.(ast.String)
		_, alsoConstant := b[i].Value.(ast.String)
		if i > 0 && constant && alsoConstant && !a[i].Equal(b[i]) {
			return false
		}
	}
	return true
}

// plain says that a reference leads into documents at a depth that all are given parts, and that it says itself what the last step is.
func (c *composer) plain(ref ast.Ref, depth int) bool {
	if len(ref) < depth || partPath(ref, depth) == nil || inData(c.data, ref[1:depth]) {
		return false
	}
	for _, m := range c.modules {
		for _, r := range m.Rules {
			if meet(ref, r.Ref()) && !slices.ContainsFunc(c.partsAt(depth), func(p ast.Ref) bool { return p.Equal(r.Ref()) }) {
				return false
			}
		}
	}
	return true
}

// partsAt are the given parts at a depth.
func (c *composer) partsAt(depth int) (refs []ast.Ref) {
	for i, p := range c.parts {
		if c.given[i] && len(p.ref) == depth {
			refs = append(refs, p.ref)
		}
	}
	return refs
}

// moved is a reference to where the parts stand that it leads into; one that leads into none is itself.
func (c *composer) moved(ref ast.Ref) ast.Value {
	i := c.givenPart(ref)
	if i < 0 {
		return ref
	}
	depth := len(c.parts[i].ref)
	return append(append(slices.Clone(statedRef), partPath(ref, depth)...), ref[depth:]...)
}

// partPath is where the value of a part stands below composedPlace: the set comes first, so that who goes through all packs only meets those
// that state it. It is nil if the reference does not say which set it is.
func partPath(ref ast.Ref, depth int) []*ast.Term {
	if _, ok := ref[depth-1].Value.(ast.String); !ok {
		return nil
	}
	return append([]*ast.Term{ref[depth-1]}, ref[1:depth-1]...)
}

// inData says that there may be base documents where keys lead.
func inData(data ast.Value, keys []*ast.Term) bool {
	object, ok := data.(ast.Object)
	if !ok || len(keys) == 0 {
		_, array := data.(*ast.Array)
		return array || len(keys) == 0
	}
	if _, constant := keys[0].Value.(ast.String); constant {
		under := object.Get(keys[0])
		return under != nil && inData(under.Value, keys[1:])
	}
	return object.Until(func(_, under *ast.Term) bool { return inData(under.Value, keys[1:]) })
}

// settle has conditions hold that hold whatever the input: that a function is not true which asks for data that is not there. Where all rules
// are in force, none of what packs state is held back. Rules that never hold, such as those of sets which no pack states, are not tried.
func (c *composer) settle() {
	for _, m := range c.modules {
		for _, r := range m.Rules {
			if r.Else == nil && c.neverHolds(r.Body) {
				r.Body = ast.NewBody(ast.NewExpr(ast.BooleanTerm(false)))
			}
			ast.WalkExprs(r, func(e *ast.Expr) bool {
				terms, call := e.Terms.([]*ast.Term)
				if e.Negated && call && len(e.With) == 0 && c.neverTrue(terms[0].Value.(ast.Ref)) &&
					!slices.ContainsFunc(terms[1:], func(t *ast.Term) bool { _, ok := t.Value.(ast.Var); return !ok }) {
					e.Negated, e.Terms = false, ast.BooleanTerm(true)
				}
				return false
			})
		}
	}
}

// neverTrue says that no rule of a function holds, whatever its arguments.
func (c *composer) neverTrue(function ast.Ref) bool {
	rules := 0
	for _, m := range c.modules {
		for _, r := range m.Rules {
			if r.Ref().Equal(function) {
				if rules++; r.Default || r.Else != nil || !c.neverHolds(r.Body) {
					return false
				}
			}
		}
	}
	return rules > 0
}

// neverHolds says that a body asks for data that is not there, and for nothing before that could fail.
func (c *composer) neverHolds(body ast.Body) bool {
	for _, e := range body {
		asked, ok := e.Terms.(*ast.Term)
		if e.IsEquality() {
			_, ok = e.Operand(0).Value.(ast.Var)
			asked = e.Operand(1)
		}
		if !ok || e.Negated || len(e.With) > 0 {
			return false
		}
		ref, isRef := asked.Value.(ast.Ref)
		switch {
		case isRef && c.nowhere(ref):
			return true
		case mayFail(asked):
			return false
		}
	}
	return false
}

// mayFail says that a term asks for a rule or works something out.
func mayFail(t *ast.Term) (may bool) {
	ast.WalkTerms(t, func(inner *ast.Term) bool {
		switch v := inner.Value.(type) {
		case ast.Ref:
			may = may || v[0].Equal(ast.DefaultRootDocument)
		case ast.Call, *ast.ArrayComprehension, *ast.SetComprehension, *ast.ObjectComprehension:
			may = true
		}
		return may
	})
	return may
}

// nowhere says that a reference leads neither to data nor to a rule, whatever its variables are.
func (c *composer) nowhere(ref ast.Ref) bool {
	if !ref[0].Equal(ast.DefaultRootDocument) || inData(c.data, ref[1:]) {
		return false
	}
	for _, m := range c.modules {
		if len(ref) <= len(m.Package.Path) && meet(ref, m.Package.Path) { // a package is there without rules too
			return false
		}
		if slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return meet(ref, r.Ref()) }) {
			return false
		}
	}
	return true
}

// question is what is asked of the composition for a class: parts have these values, by the number that stands for each.
func (c *composition) question(in reflect.Value, stated []*statedValues, numbers []uint64) question {
	q := question{query: c.query, held: newHeldRules(c.compiler)}
	input := c.seen.termOf(in)
	values := ast.NewObject()
	for _, g := range c.given {
		value := stated[g.part].value(numbers[g.part])
		if value == nil {
			continue
		}
		q.held.stated = append(q.held.stated, value)
		g.put(values, value)
	}
	input.Value.(ast.Object).Insert(composedPlace, ast.NewTerm(values))
	q.input = input.Value
	return q
}

// put puts the value of a part where it stands.
func (g givenPart) put(values ast.Object, value *ast.Term) {
	for _, key := range g.path[:len(g.path)-1] {
		next := values.Get(key)
		if next == nil {
			next = ast.ObjectTerm()
			values.Insert(key, next)
		}
		values = next.Value.(ast.Object)
	}
	values.Insert(g.path[len(g.path)-1], value)
}
