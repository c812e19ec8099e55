package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// An inputPlace is where in the input a term of a rule reads, as far as its author can say: by field names, and by elements for what
// lies in a list or map.
type inputPlace []inputStep

type inputStep struct {
	field   string
	element string // what picks the element, to tell one from another; empty: a field
}

// String is the place as rules write it: input.finding.locations[_].path.
func (p inputPlace) String() string {
	var b strings.Builder
	b.WriteString("input")
	for _, s := range p {
		if s.element != "" {
			b.WriteString("[_]")
			continue
		}
		b.WriteString("." + s.field)
	}
	return b.String()
}

// key tells places apart; two elements that different variables pick are different places.
func (p inputPlace) key() string {
	var b strings.Builder
	for _, s := range p {
		b.WriteString("\x00" + s.field + "\x01" + s.element)
	}
	return b.String()
}

// above says that a place is another one, or lies above it.
func (p inputPlace) above(q inputPlace) bool { return len(p) <= len(q) && slices.Equal(p, q[:len(p)]) }

// schema is what the input's schema says of a place; nil if it says nothing.
func (p inputPlace) schema() map[string]any {
	at := inputSchema()
	for _, s := range p {
		next, _ := at["properties"].(map[string]any)
		switch {
		case s.element != "" && at["items"] != nil:
			at, _ = at["items"].(map[string]any)
		case s.element != "" || next == nil:
			at, _ = at["additionalProperties"].(map[string]any)
		default:
			at, _ = next[s.field].(map[string]any)
		}
	}
	return at
}

// required says whether there is always a value at a place: an element is there once it is picked.
func (p inputPlace) required() bool {
	for i, s := range p {
		if s.element == "" && !slices.Contains(list(p[:i].schema()["required"]), any(s.field)) {
			return false
		}
	}
	return true
}

// enumeration lists the values that a place can have; nil if any will do.
func enumeration(p inputPlace) []string {
	var values []string
	for _, v := range list(p.schema()["enum"]) {
		if text, ok := v.(string); ok {
			values = append(values, text)
		}
	}
	return values
}

// inputPlaces are what the variables of a rule stand for: f of `f := input.finding`, l of `some l in input.finding.locations`.
type inputPlaces map[ast.Var]inputPlace

// inputPlacesIn finds them. A variable that stands for several places in different closures stands for none here.
func inputPlacesIn(r *ast.Rule) inputPlaces {
	known := inputPlaces{}
	several := map[ast.Var]bool{}
	note := func(t *ast.Term, p inputPlace, ok bool) {
		v, isVar := t.Value.(ast.Var)
		if !isVar || !ok {
			return
		}
		if was, twice := known[v]; twice && was.key() != p.key() {
			several[v] = true
		}
		known[v] = p
	}
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		switch t := e.Terms.(type) {
		case *ast.SomeDecl:
			for _, s := range t.Symbols {
				if call, ok := s.Value.(ast.Call); ok && len(call) > 2 {
					value, domain := call[len(call)-2], call[len(call)-1]
					p, ok := known.of(domain)
					note(value, append(slices.Clone(p), inputStep{element: value.String()}), ok)
				}
			}
		case *ast.Every:
			p, ok := known.of(t.Domain)
			note(t.Value, append(slices.Clone(p), inputStep{element: t.Value.String()}), ok)
		case []*ast.Term:
			if op := operator(e); (op == "assign" || op == "eq") && len(t) == 3 && !e.Negated {
				p, ok := known.of(t[2])
				note(t[1], p, ok)
			}
		}
		return false
	})
	for v := range several {
		delete(known, v)
	}
	return known
}

// of is the place that a term reads; it is false if it is none of the input.
func (known inputPlaces) of(t *ast.Term) (inputPlace, bool) {
	if v, ok := t.Value.(ast.Var); ok {
		p, ok := known[v]
		return p, ok
	}
	ref, ok := t.Value.(ast.Ref)
	if !ok {
		return nil, false
	}
	var p inputPlace
	if v, isVar := ref[0].Value.(ast.Var); isVar && !ref[0].Equal(ast.InputRootDocument) {
		if p, ok = known[v]; !ok {
			return nil, false
		}
		p = slices.Clone(p)
	} else if !isVar {
		return nil, false
	}
	for _, k := range ref[1:] {
		if s, isField := k.Value.(ast.String); isField {
			p = append(p, inputStep{field: string(s)})
			continue
		}
		p = append(p, inputStep{element: k.String()})
	}
	return p, true
}
