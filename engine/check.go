package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A rule that does not fire says nothing, and nobody notices. So what can never fire, or never be heard, is refused when policies are
// loaded: by these checks of the modules as their authors wrote them, and by the compiler's checks against the schema.
var checks = []func(*ast.Module, *ast.Rule, map[string]bool) error{
	checkSet,
	checkHeard,
	checkMetadata,
	checkValues,
	checkNegations,
}

// check runs all checks on the rules of packs, in the order of their files.
func check(modules map[string]*ast.Module) error {
	for _, label := range slices.Sorted(maps.Keys(modules)) {
		m := modules[label]
		if len(m.Package.Path) < 3 || !m.Package.Path.HasPrefix(packsRef) {
			continue
		}
		named := namesUsed(modules)
		for _, r := range m.Rules {
			for _, c := range checks {
				if err := c(m, r, named); err != nil {
					return fmt.Errorf("%s:%d: %w", r.Location.File, r.Location.Row, err)
				}
			}
		}
	}
	return nil
}

var packsRef = ast.MustParseRef("data.packs")

// ruleName is the name that a rule defines.
func ruleName(r *ast.Rule) string { return strings.Trim(r.Head.Ref()[0].Value.String(), `"`) }

// checkSet refuses a rule that has the name of a set but is none ("raise if …"), and one in a package below the pack's own.
func checkSet(m *ast.Module, r *ast.Rule, _ map[string]bool) error {
	name := ruleName(r)
	switch {
	case !slices.Contains(kinds, name):
		return nil
	case r.Head.Key == nil || r.Head.Value != nil || len(r.Head.Args) > 0:
		return fmt.Errorf("%s is a set: write %s contains … if { … }", name, name)
	case len(m.Package.Path) > 3:
		return fmt.Errorf("%s is never asked in package %s; it belongs in %s", name,
			strings.TrimPrefix(m.Package.Path.String(), "data."), strings.TrimPrefix(m.Package.Path[:3].String(), "data."))
	}
	return nil
}

// checkHeard refuses a set that is none of the contract, is not used by any rule, and is not marked as private.
func checkHeard(_ *ast.Module, r *ast.Rule, named map[string]bool) error {
	name := ruleName(r)
	if r.Head.Key == nil || r.Head.Value != nil || slices.Contains(kinds, name) || strings.HasPrefix(name, "_") || named[name] {
		return nil
	}
	return fmt.Errorf("%s is no set that is asked%s", name, nearest(name, kinds))
}

// namesUsed are all names that rules refer to.
func namesUsed(modules map[string]*ast.Module) map[string]bool {
	used := map[string]bool{}
	for _, m := range modules {
		for _, r := range m.Rules {
			visit := func(x any) {
				ast.WalkTerms(x, func(t *ast.Term) bool {
					switch v := t.Value.(type) {
					case ast.Var:
						used[string(v)] = true
					case ast.String:
						used[string(v)] = true
					}
					return false
				})
			}
			visit(r.Body)
			for rule := r; rule != nil; rule = rule.Else {
				visit(rule.Body)
				if rule.Head.Value != nil {
					visit(rule.Head.Value)
				}
				if rule.Head.Key != nil {
					visit(rule.Head.Key)
				}
			}
		}
	}
	return used
}

// checkMetadata refuses a rule of a set that takes its words from METADATA but has no id there: what it states would be undefined.
func checkMetadata(_ *ast.Module, r *ast.Rule, _ map[string]bool) error {
	if !slices.Contains(kinds, ruleName(r)) {
		return nil
	}
	asks := false
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		asks = asks || ref.HasPrefix(metadataRef)
		return false
	})
	for _, a := range r.Annotations {
		if id, _ := a.Custom["id"].(string); id != "" {
			return nil
		}
	}
	if asks {
		return fmt.Errorf("%s takes its words from METADATA, which needs a title and custom: {id: …} above the rule", ruleName(r))
	}
	return nil
}

var metadataRef = ast.Ref{ast.VarTerm("rego"), ast.StringTerm("metadata")}

// checkValues refuses comparisons of a fact with a value that it never has: the schema lists the values, but the compiler does not
// look at them.
func checkValues(_ *ast.Module, r *ast.Rule, _ map[string]bool) error {
	var err error
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		if err != nil || !slices.Contains([]string{"equal", "eq", "neq", "internal.member_2"}, operator(e)) {
			return err != nil
		}
		for i, operand := range e.Operands() {
			path := inputPath(operand)
			values := InputValues(path...)
			if len(path) == 0 || values == nil {
				continue
			}
			for _, literal := range literals(e.Operand(1 - i)) {
				if !slices.Contains(values, literal) {
					err = fmt.Errorf("input.%s is never %q%s", strings.Join(path, "."), literal, nearest(literal, values))
				}
			}
		}
		return err != nil
	})
	return err
}

// checkNegations refuses `not input.a.b in {…}` and its like: where the fact is absent they are undefined, not true, and the rule
// stays silent just when nothing is known. A negated equality, fact or rule is true then, as it reads.
func checkNegations(_ *ast.Module, r *ast.Rule, _ map[string]bool) error {
	var err error
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		if err != nil || !e.Negated || !e.IsCall() || e.Operator().Equal(ast.Equal.Ref()) {
			return err != nil
		}
		for _, operand := range e.Operands() {
			ast.WalkRefs(operand, func(ref ast.Ref) bool {
				if path := inputPath(ast.NewTerm(ref)); len(path) > 0 && !required(path) {
					err = fmt.Errorf("%q is undefined, not true, where input.%s is absent: negate a rule that says it",
						strings.Join(strings.Fields(string(e.Location.Text)), " "), strings.Join(path, "."))
				}
				return err != nil
			})
		}
		return err != nil
	})
	return err
}

// inputPath is the constant path of a reference into the input; nil if it is none.
func inputPath(t *ast.Term) []string {
	ref, ok := t.Value.(ast.Ref)
	if !ok || !ref[0].Equal(ast.InputRootDocument) {
		return nil
	}
	var path []string
	for _, k := range ref[1:] {
		s, ok := k.Value.(ast.String)
		if !ok {
			return nil
		}
		path = append(path, string(s))
	}
	return path
}

// required says whether a field of the input is always there.
func required(path []string) bool {
	at := inputSchema()
	for _, name := range path {
		if !slices.Contains(list(at["required"]), any(name)) {
			return false
		}
		props, _ := at["properties"].(map[string]any)
		at, _ = props[name].(map[string]any)
	}
	return true
}

// literals are the texts of a term: itself, or the members of a set or list.
func literals(t *ast.Term) []string {
	var out []string
	add := func(t *ast.Term) {
		if s, ok := t.Value.(ast.String); ok {
			out = append(out, string(s))
		}
	}
	switch v := t.Value.(type) {
	case ast.String:
		add(t)
	case ast.Set:
		v.Foreach(add)
	case *ast.Array:
		v.Foreach(add)
	}
	return out
}

// checkTable refuses an action table with something else than actions, and a priority to block from that is none.
func checkTable(data map[string]any) error {
	main, _ := data["main"].(map[string]any)
	params, _ := main["params"].(map[string]any)
	if from, ok := params["fail_on"].(string); ok && Priority(from).Rank() < 0 {
		return fmt.Errorf("params.main.fail_on: %q is no priority; it can be %s", from, words(Priorities))
	}
	return checkActions(params["table"], "params.main.table")
}

func checkActions(table any, at string) error {
	switch v := table.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := checkActions(v[key], at+"."+key); err != nil {
				return err
			}
		}
	case string:
		if Action(v).Rank() < 0 {
			return fmt.Errorf("%s: %q is no action; it can be %s", at, v, words(Actions))
		}
	}
	return nil
}

func words[T ~string](list []T) string {
	var out []string
	for _, w := range list {
		out = append(out, string(w))
	}
	return strings.Join(out, ", ")
}
