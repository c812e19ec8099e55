package engine

import (
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// manyEntries is how many entries a document of data may have for a rule to go through all of them: above it that costs more than
// everything else in the decision.
const manyEntries = 1000

// feeds finds rules that go through all entries of a large document for each case, where one look-up by key would do.
func (l *linter) feeds() {
	through := func(at *ast.Location, t *ast.Term) {
		if n := l.entries(t); n > manyEntries {
			l.warn(at, "look it up by its key: data.…[key]", "goes through all %d entries of %s for each case", n, t)
		}
	}
	ast.WalkExprs(l.rule, func(e *ast.Expr) bool {
		switch t := e.Terms.(type) {
		case *ast.SomeDecl:
			for _, s := range t.Symbols {
				if call, ok := s.Value.(ast.Call); ok && len(call) > 2 {
					through(e.Location, call[len(call)-1])
				}
			}
		case *ast.Every:
			through(e.Location, t.Domain)
		case []*ast.Term:
			if operator(e) == "internal.member_2" && len(t) == 3 {
				through(e.Location, t[2])
			}
		}
		return false
	})
	ast.WalkRefs(l.rule, func(ref ast.Ref) bool {
		for i, key := range ref {
			if v, ok := key.Value.(ast.Var); ok && i > 0 && v.IsWildcard() {
				through(key.Location, ast.NewTerm(ref[:i]))
			}
		}
		return false
	})
}

// entries is how many entries the document of data has that a term names; 0 if it names none.
func (l *linter) entries(t *ast.Term) int {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !ref[0].Equal(ast.DefaultRootDocument) {
		return 0
	}
	at := any(l.data)
	for _, key := range ref[1:] {
		name, isField := key.Value.(ast.String)
		doc, isMap := at.(map[string]any)
		if !isField || !isMap {
			return 0
		}
		at = doc[string(name)]
	}
	switch doc := at.(type) {
	case map[string]any:
		return len(doc)
	case []any:
		return len(doc)
	}
	return 0
}

// names are the parts of the input that differ from finding to finding. A rule that sees the whole of one is decided for each finding,
// not once for all that are alike.
var names = [][]string{
	{"finding", "id"}, {"finding", "ids"}, {"finding", "title"}, {"finding", "locations"}, {"finding", "sources"},
	{"finding", "vulnerability"}, {"finding", "resource", "name"},
	{"finding", "package", "purl"}, {"finding", "package", "name"}, {"finding", "package", "versions"}, {"finding", "package", "fixed"},
	{"context", "intel", "epss", "probability"}, {"context", "intel", "epss", "percentile"},
}

// costly finds rules that see such names whole, as most do that put messages together themselves.
func (d *Draft) costly(c *ast.Compiler) []Problem {
	data, err := ast.InterfaceToValue(d.data)
	if err != nil {
		return problemsOf(err)
	}
	rules := newRuleset(c, data, func(ast.Ref) bool { return false }, "")
	var problems []Problem
	for _, label := range slices.Sorted(maps.Keys(c.Modules)) {
		m := c.Modules[label]
		if !d.isOwn(label) || packOf(m.Package.Path) == "" {
			continue
		}
		for _, r := range m.Rules {
			if !slices.Contains(kinds, ruleName(r)) || r.Head.Key == nil {
				continue
			}
			o := rules.observer()
			o.seeWhole(o.oneOf([]*ast.Rule{r}, nil))
			if seen := wholeName(&o.root); seen != "" {
				problems = append(problems, Problem{File: label, Line: r.Location.Row, Rule: ruleLabel(r), Warning: true,
					What: "sees the whole of " + seen + ", so that cases are decided one by one, not once for all that are alike",
					Hint: "compare it with known values, or name it in the message of the METADATA, {finding.package.name}: the engine fills it in"})
			}
		}
	}
	return problems
}

// wholeName is the first name that is seen whole; empty if none is.
func wholeName(o *observed) string {
	for _, name := range names {
		at, seen := o, []string{"input"}
		for _, field := range name {
			if at == nil || at.whole {
				break
			}
			at, seen = at.fields[field], append(seen, field)
		}
		if at != nil && (at.whole || at.anyWhole()) {
			return strings.Join(seen, ".")
		}
	}
	return ""
}

// anyWhole says that something below is seen whole.
func (o *observed) anyWhole() bool {
	if o == nil {
		return false
	}
	for _, f := range o.fields {
		if f.whole || f.anyWhole() {
			return true
		}
	}
	for _, i := range o.items {
		if i.whole || i.anyWhole() {
			return true
		}
	}
	return o.each != nil && (o.each.whole || o.each.anyWhole())
}

// stepsThatReadPaths refuses opens_step where it can tell what context.paths holds: the paths are made of the steps.
func stepsThatReadPaths(c *ast.Compiler, data map[string]any) []Problem {
	var steps []*ast.Rule
	for _, label := range slices.Sorted(maps.Keys(c.Modules)) {
		if m := c.Modules[label]; packOf(m.Package.Path) != "" {
			for _, r := range m.Rules {
				if ruleName(r) == "opens_step" {
					steps = append(steps, r)
				}
			}
		}
	}
	if steps == nil {
		return nil
	}
	base, err := ast.InterfaceToValue(data)
	if err != nil {
		return problemsOf(err)
	}
	rules := newRuleset(c, base, func(ast.Ref) bool { return false }, "")
	var problems []Problem
	for _, r := range steps {
		o := rules.observer()
		o.seeWhole(o.oneOf([]*ast.Rule{r}, nil))
		at, seen := &o.root, "input"
		for _, field := range []string{"context", "paths"} {
			if at == nil || at.whole {
				break
			}
			at, seen = at.fields[field], seen+"."+field
		}
		if at != nil {
			problems = append(problems, Problem{File: r.Location.File, Line: r.Location.Row, Rule: ruleLabel(r),
				What: "opens_step reads " + seen + ": it must not know of context.paths, which are made of the steps"})
		}
	}
	return problems
}
