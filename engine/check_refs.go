package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// dangling are references of packs to documents that nothing makes: a pack that is not loaded, a parameter or rule that is misspelt.
// They are undefined whatever the input, so the rule that has one would never hold, and nobody would notice.
func dangling(c *ast.Compiler, data map[string]any) []Problem {
	base, err := ast.InterfaceToValue(data)
	if err != nil {
		return problemsOf(err)
	}
	made := newRuleset(c, base, nil, "").documents
	var problems []Problem
	for _, label := range slices.Sorted(maps.Keys(c.Modules)) {
		m := c.Modules[label]
		if packOf(m.Package.Path) == "" {
			continue
		}
		for _, r := range m.Rules {
			ast.WalkTerms(r, func(t *ast.Term) bool {
				ref, ok := t.Value.(ast.Ref)
				if !ok || !ref[0].Equal(ast.DefaultRootDocument) {
					return false
				}
				if missing, there := missingKey(made, base, ref); missing != "" {
					at := cmp.Or(t.Location, r.Location)
					problems = append(problems, Problem{File: label, Line: at.Row, Rule: ruleLabel(r),
						What: fmt.Sprintf("there is no %s%s", missing, nearest(missing[strings.LastIndexByte(missing, '.')+1:], there))})
				}
				return false
			})
		}
	}
	return problems
}

// missingKey is the beginning of a reference into data that leads nowhere, with the keys that would lead on; empty if it may lead to
// something. A map without entries may get any from the settings.
func missingKey(made *documents, base ast.Value, ref ast.Ref) (missing string, there []string) {
	at, isMade := made, true
	for i, key := range ref[1:] {
		name, isConstant := key.Value.(ast.String)
		if !isConstant {
			return "", nil
		}
		if isMade {
			if len(at.rules) > 0 {
				return "", nil
			}
			at, isMade = at.under[string(name)], at.under[string(name)] != nil
		}
		doc, isObject := base.(ast.Object)
		var inner ast.Value
		if isObject {
			if v := doc.Get(key); v != nil {
				inner = v.Value
			}
		}
		if !isMade && inner == nil {
			if isObject && doc.Len() == 0 || base != nil && !isObject {
				return "", nil
			}
			return strings.TrimPrefix(ref[:i+2].String(), "data."), keysThere(made, ref[1:i+1], base)
		}
		base = inner
	}
	return "", nil
}

// keysThere are the keys that lead on from where a reference still led somewhere.
func keysThere(made *documents, keys ast.Ref, base ast.Value) []string {
	var there []string
	if len(keys) == 0 || made.there(keys) {
		there = slices.Collect(maps.Keys(made.to(keys).under))
	}
	if doc, ok := base.(ast.Object); ok {
		for _, k := range doc.Keys() {
			if s, ok := k.Value.(ast.String); ok && !slices.Contains(there, string(s)) {
				there = append(there, string(s))
			}
		}
	}
	slices.Sort(there)
	return there
}
