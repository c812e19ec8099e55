package engine

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// A rule that does not fire says nothing, and nobody notices. So what can never fire, or never be heard, is refused when policies are
// loaded: by these checks of the modules as their authors wrote them, and by the compiler's checks against the schema.
var checks = []func(*checker){
	(*checker).set,
	(*checker).heard,
	(*checker).metadata,
	(*checker).effective,
	(*checker).values,
	(*checker).negations,
}

// A checker goes through the rules of packs and notes what is wrong with each.
type checker struct {
	named    map[string]bool // by any rule
	module   *ast.Module
	rule     *ast.Rule
	places   inputPlaces
	problems []Problem
}

// check runs all checks on the rules of packs, in the order of their files.
func check(modules map[string]*ast.Module) []Problem {
	c := &checker{named: namesUsed(modules)}
	for _, label := range slices.Sorted(maps.Keys(modules)) {
		c.module = modules[label]
		c.problems = append(c.problems, unread(c.module, label)...)
		if isTest(label) || len(c.module.Package.Path) < 3 || !c.module.Package.Path.HasPrefix(packsRef) {
			continue
		}
		for _, c.rule = range c.module.Rules {
			c.places = inputPlacesIn(c.rule)
			for _, check := range checks {
				check(c)
			}
		}
	}
	return c.problems
}

// silent refuses packs of the user that state nothing, and that no other pack uses: the result would name them among those that decided. A
// bundle had to pass this when it was made, and what was recorded is decided again as it was.
func (src PolicySource) silent(packs []string, modules map[string]*ast.Module) (problems []Problem) {
	spoken := map[string]bool{}
	for label, m := range modules {
		if isTest(label) {
			continue
		}
		of := packOf(m.Package.Path)
		spoken[of] = spoken[of] || slices.ContainsFunc(m.Rules, func(r *ast.Rule) bool { return slices.Contains(kinds, ruleName(r)) })
		ast.WalkRefs(m, func(ref ast.Ref) bool {
			if used := packOf(ref); used != of {
				spoken[used] = true
			}
			return false
		})
	}
	for _, own := range src.Own {
		for _, pack := range packs {
			if s, err := fs.Stat(own.Files, pack); err == nil && s.IsDir() && !spoken[pack] {
				problems = append(problems, Problem{File: path.Join(own.Label, pack), What: "the pack states nothing, and no other pack uses it: no rule of it is one of " +
					strings.Join(kinds, ", "), Hint: "write a rule, or take the folder away"})
			}
		}
	}
	return problems
}

// unread refuses lines that are part of a comment, as they are to Rego where lines end with a carriage return alone. An editor shows rules
// there.
func unread(m *ast.Module, label string) []Problem {
	for _, comment := range m.Comments {
		if bytes.ContainsRune(bytes.TrimRight(comment.Text, "\r"), '\r') {
			return []Problem{{File: label, Line: comment.Location.Row,
				What: "a carriage return stands in a comment: what follows it is no line of its own, and never read; end lines with a line feed"}}
		}
	}
	return nil
}

// isTest says that a file holds tests, which decide nothing.
func isTest(label string) bool { return strings.HasSuffix(label, "_test.rego") }

// refuse notes an error at a place.
func (c *checker) refuse(at *ast.Location, format string, args ...any) {
	c.problems = append(c.problems, Problem{File: at.File, Line: at.Row, Rule: ruleLabel(c.rule), What: fmt.Sprintf(format, args...)})
}

// ruleLabel is how a rule is called: by its id, else by the name that it defines.
func ruleLabel(r *ast.Rule) string { return cmp.Or(metadataID(r), ruleName(r)) }

var packsRef = ast.MustParseRef("data.packs")

// ruleName is the name that a rule defines.
func ruleName(r *ast.Rule) string { return strings.Trim(r.Head.Ref()[0].Value.String(), `"`) }

// set refuses a rule that has the name of a set but is none ("raise if …"), and one in a package below the pack's own.
func (c *checker) set() {
	name, in := ruleName(c.rule), c.module.Package.Path
	switch {
	case !slices.Contains(kinds, name):
	case c.rule.Head.Key == nil || c.rule.Head.Value != nil || len(c.rule.Head.Args) > 0:
		c.refuse(c.rule.Location, "%s is a set: write %s contains … if { … }", name, name)
	case len(in) > 3:
		c.refuse(c.rule.Location, "%s is never asked in package %s; it belongs in %s", name,
			strings.TrimPrefix(in.String(), "data."), strings.TrimPrefix(in[:3].String(), "data."))
	}
}

// ofConftest are sets that other programs ask, and what stands for them here.
var ofConftest = map[string]string{
	"violation": "; a violation is a deny here",
	"exception": "; an exception is an exempt here",
}

// heard refuses a set that is none of the contract, is not used by any rule, and is not marked as private.
func (c *checker) heard() {
	name := ruleName(c.rule)
	if c.rule.Head.Key == nil || c.rule.Head.Value != nil || slices.Contains(kinds, name) || strings.HasPrefix(name, "_") || c.named[name] {
		return
	}
	meant, known := ofConftest[name]
	for _, set := range []string{"deny", "warn", "violation"} {
		if strings.HasPrefix(name, set+"_") {
			meant, known = "; call it "+strings.Replace(set, "violation", "deny", 1)+": the id in its METADATA tells it from other rules", true
		}
	}
	if !known {
		meant = nearest(name, kinds)
	}
	c.refuse(c.rule.Location, "%s is no set that is asked%s", name, meant)
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

// metadata refuses a rule of a set that takes its words from METADATA but has no id there: what it states would be undefined.
func (c *checker) metadata() {
	if !slices.Contains(kinds, ruleName(c.rule)) || metadataID(c.rule) != "" || !takesMetadata(c.rule) {
		return
	}
	c.refuse(c.rule.Location, "%s takes its words from METADATA, which needs a title and custom: {id: …} above the rule", ruleName(c.rule))
}

// takesMetadata says that a rule hands its METADATA to a call of the library.
func takesMetadata(r *ast.Rule) (takes bool) {
	ast.WalkRefs(r, func(ref ast.Ref) bool {
		takes = takes || ref.HasPrefix(metadataRef)
		return false
	})
	return takes
}

// metadataID is the id of a rule; empty if it has none.
func metadataID(r *ast.Rule) string {
	for _, a := range r.Annotations {
		if id, _ := a.Custom["id"].(string); id != "" {
			return id
		}
	}
	return ""
}

var metadataRef = ast.Ref{ast.VarTerm("rego"), ast.StringTerm("metadata")}

// values refuses comparisons of a fact with a value that it never has: the schema lists the values, but the compiler does not look at
// them.
func (c *checker) values() {
	ast.WalkExprs(c.rule, func(e *ast.Expr) bool {
		if !slices.Contains([]string{"equal", "eq", "neq", "internal.member_2"}, operator(e)) || len(e.Operands()) != 2 {
			return false
		}
		for i, operand := range e.Operands() {
			p, ok := c.places.of(operand)
			values := enumeration(p)
			if !ok || values == nil {
				continue
			}
			for _, literal := range literals(e.Operand(1 - i)) {
				if !slices.Contains(values, literal) {
					c.refuse(e.Location, "%s is never %q%s", p, literal, nearest(literal, values))
				}
			}
		}
		return false
	})
}

// negations refuses `not input.a.b in {…}` and its like: where the fact is absent they are undefined, not true, and the rule stays
// silent just when nothing is known. A negated equality, fact or rule is true then, as it reads.
func (c *checker) negations() {
	ast.WalkExprs(c.rule, func(e *ast.Expr) bool {
		if !e.Negated || !e.IsCall() || e.Operator().Equal(ast.Equal.Ref()) {
			return false
		}
		for _, operand := range e.Operands() {
			said := false
			ast.WalkTerms(operand, func(t *ast.Term) bool {
				if p, ok := c.places.of(t); ok && !said && !p.required() {
					said = true
					c.refuse(e.Location, "`%s` is undefined, not true, where %s is absent: negate a rule that says it",
						textOf(e), p)
				}
				return said
			})
		}
		return false
	})
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
