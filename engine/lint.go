package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// lints are what an author is told beyond what keeps a policy from loading, rule by rule, as the rules are written.
var lints = []func(*linter){
	(*linter).metadata,
	(*linter).placeholders,
	(*linter).neverTrue,
	(*linter).alphabet,
	(*linter).absent,
	(*linter).empty,
	(*linter).every,
	(*linter).feeds,
}

// A linter goes through the rules of an author.
type linter struct {
	data     map[string]any
	rule     *ast.Rule
	pack     string // empty: of lib or main
	places   inputPlaces
	problems []Problem
}

func (l *linter) note(at *ast.Location, warning bool, hint, format string, args ...any) {
	l.problems = append(l.problems, Problem{File: at.File, Line: at.Row, Rule: ruleLabel(l.rule), What: fmt.Sprintf(format, args...),
		Hint: hint, Warning: warning})
}

// warn notes what the author is to judge.
func (l *linter) warn(at *ast.Location, hint, format string, args ...any) {
	l.note(at, true, hint, format, args...)
}

// fail notes what is wrong whatever the author meant.
func (l *linter) fail(at *ast.Location, hint, format string, args ...any) {
	l.note(at, false, hint, format, args...)
}

// Check says everything that is wrong with a draft, in the order of its files: what keeps it from loading, and what would load and
// not do what it reads like. An empty list means that the gate takes it.
func (d *Draft) Check() []Problem {
	problems := slices.Clone(d.problems)
	if len(problems) == 0 {
		problems = d.checkRules()
	}
	for i := range problems {
		if p := &problems[i]; p.Rule == "" {
			p.Rule = d.ruleAt(p.File, p.Line)
		}
	}
	slices.SortFunc(problems, compareProblems)
	return slices.CompactFunc(problems, func(a, b Problem) bool { return compareProblems(a, b) == 0 })
}

// ruleAt is the rule that a line of a file is part of; empty if it is of none, or the file cannot be parsed.
func (d *Draft) ruleAt(file string, line int) (label string) {
	if m := d.modules[file]; m != nil {
		for _, r := range m.Rules {
			if r.Location.Row <= line {
				label = ruleLabel(r)
			}
		}
	}
	return label
}

func (d *Draft) checkRules() []Problem {
	problems := append(check(d.modules), d.source.silent(d.packs, d.modules)...)
	problems = append(problems, d.lint()...)
	compiler, err := d.compile(d.deciding())
	if err != nil {
		return append(problems, problemsOf(err)...)
	}
	_, wrong := rulesOf(compiler)
	problems = slices.Concat(problems, wrong, dangling(compiler, d.data), stepsThatReadPaths(compiler, d.data), d.unasked(compiler), d.costly(compiler))
	if _, err := d.compile(d.modules); err != nil { // the tests
		problems = append(problems, problemsOf(err)...)
	}
	return problems
}

// compile compiles as the gate does, and finds all errors, however many.
func (d *Draft) compile(modules map[string]*ast.Module) (*ast.Compiler, error) {
	c, err := newCompiler()
	if err != nil {
		return nil, err
	}
	if c.SetErrorLimit(0).Compile(modules); c.Failed() {
		return nil, c.Errors
	}
	return c, nil
}

// ownModules are the author's modules without tests, in the order of their files.
func (d *Draft) ownModules() []*ast.Module {
	var own []*ast.Module
	for _, label := range slices.Sorted(maps.Keys(d.modules)) {
		if d.isOwn(label) && !isTest(label) {
			own = append(own, d.modules[label])
		}
	}
	return own
}

func (d *Draft) lint() []Problem {
	l := &linter{data: d.data}
	for _, m := range d.ownModules() {
		l.pack = packOf(m.Package.Path)
		for _, rule := range m.Rules {
			for ; rule != nil; rule = rule.Else {
				l.rule, l.places = rule, inputPlacesIn(rule)
				for _, lint := range lints {
					lint(l)
				}
			}
		}
	}
	return l.problems
}

// packOf is the pack of a package; empty if it is of none.
func packOf(path ast.Ref) string {
	if len(path) < 3 || !path.HasPrefix(packsRef) {
		return ""
	}
	name, _ := path[2].Value.(ast.String)
	return string(name)
}

// unasked are rules of packs that no set of any pack needs: left over, or misspelt where they were meant to be used.
func (d *Draft) unasked(c *ast.Compiler) []Problem {
	asked := map[*ast.Rule]bool{}
	var ask func(*ast.Rule)
	ask = func(r *ast.Rule) {
		if asked[r] {
			return
		}
		asked[r] = true
		for other := range c.Graph.Dependencies(r) {
			if rule, ok := other.(*ast.Rule); ok {
				ask(rule)
			}
		}
	}
	for _, m := range c.Modules {
		for _, r := range m.Rules {
			if packOf(m.Package.Path) == "" || slices.Contains(kinds, ruleName(r)) {
				ask(r)
			}
		}
	}
	var problems []Problem
	for _, label := range slices.Sorted(maps.Keys(c.Modules)) {
		m := c.Modules[label]
		if packOf(m.Package.Path) == "" || !d.isOwn(label) {
			continue
		}
		said := map[string]bool{}
		for _, r := range m.Rules {
			isSet := r.Head.Key != nil && r.Head.Value == nil && !strings.HasPrefix(ruleName(r), "_") // is refused
			if name := ruleName(r); !asked[r] && !said[name] && !isSet {
				said[name] = true
				problems = append(problems, Problem{File: label, Line: r.Location.Row, Rule: name, Warning: true,
					What: "nothing asks " + name, Hint: "use it in a set, or take it out"})
			}
		}
	}
	return problems
}
