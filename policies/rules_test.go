package policies_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

var (
	snakeCase   = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	placeholder = regexp.MustCompile(`\{([a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*)\}`)
)

// sets are the sets of the pack contract.
var sets = map[string]bool{
	"raise": true, "cap": true, "deny": true, "warn": true, "exempt": true, "due": true, "oblige": true, "opens_step": true,
}

// A statedRule is a rule of a pack that contributes to a set of the contract, with its METADATA.
type statedRule struct {
	file, at                                           string
	id, name, title, description, message, remediation string
	controls                                           []string
	text                                               string // the rule itself, as parsed
}

// statedRules are the rules of all packs. A rule without METADATA of its own has no id, which the tests report.
func statedRules(t *testing.T, s shipped) []statedRule {
	t.Helper()
	annotations, errs := ast.BuildAnnotationSet(slices.Collect(maps.Values(s.withoutTests())))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var rules []statedRule
	for _, file := range slices.Sorted(maps.Keys(s.withoutTests())) {
		if !strings.HasPrefix(file, "packs/") {
			continue
		}
		for _, rule := range s.modules[file].Rules {
			if !sets[string(rule.Head.Name)] {
				continue
			}
			if rule.Head.Key == nil {
				t.Errorf("%s: %s is not a set; write %s contains …", rule.Location, rule.Head.Name, rule.Head.Name)
			}
			rules = append(rules, stated(file, annotations, rule))
		}
	}
	return rules
}

func stated(file string, annotations *ast.AnnotationSet, rule *ast.Rule) statedRule {
	r := statedRule{file: file, at: fmt.Sprintf("%s:%d", file, rule.Location.Row), text: rule.String()}
	for _, a := range annotations.GetRuleScope(rule) {
		text := func(key string) string { s, _ := a.Custom[key].(string); return s }
		r.id, r.message, r.remediation = text("id"), text("message"), text("remediation")
		r.title, r.description = a.Title, a.Description
		_, r.name, _ = strings.Cut(r.id, ".")
		list, _ := a.Custom["controls"].([]any)
		for _, control := range list {
			name, _ := control.(string)
			r.controls = append(r.controls, name)
		}
	}
	return r
}

// property finds the schema at a path of names in a document; nil if the document does not have it.
func property(schema map[string]any, at []string) map[string]any {
	for _, name := range at {
		if items, ok := schema["items"].(map[string]any); ok {
			schema = items
			continue
		}
		properties, _ := schema["properties"].(map[string]any)
		next, ok := properties[name].(map[string]any)
		if !ok {
			return nil
		}
		schema = next
	}
	return schema
}

// enumeration lists the values that a reference into the input can have, if the schema enumerates them.
func enumeration(input map[string]any, operand *ast.Term) []any {
	ref, ok := operand.Value.(ast.Ref)
	if !ok || !ref.HasPrefix(ast.Ref{ast.InputRootDocument}) {
		return nil
	}
	var at []string
	for _, term := range ref[1:] {
		name, ok := term.Value.(ast.String)
		if !ok {
			return nil
		}
		at = append(at, string(name))
	}
	values, _ := property(input, at)["enum"].([]any)
	return values
}

// literals are the strings that a term is or holds.
func literals(term *ast.Term) []string {
	var found []string
	ast.WalkTerms(term, func(x *ast.Term) bool {
		if s, ok := x.Value.(ast.String); ok {
			found = append(found, string(s))
		}
		_, isRef := x.Value.(ast.Ref)
		return isRef
	})
	return found
}
