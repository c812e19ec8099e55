package ticket

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// Vars are what the templates of fields may name.
type Vars struct {
	Key        string // of the ticket, as in its label
	Summary    string
	Fix        string // what to do, in words: upgrade log4j-core to 2.17.1
	Kind       string // upgrade, rebuild, code, rotate, configure or replace
	Target     string // package URL, image, path, type of secret or resource
	Asset      string // id; of a ticket for several assets the first
	AssetName  string
	Owner      string // of the asset; empty: not known
	Repository string // empty: not known
	Priority   string // track, track*, attend or act
	Due        string // day, 2026-11-24; empty: none
	Findings   string // names, the most urgent first: CVE-2021-44228, CVE-2021-45046
}

// Bounds of fields.
const (
	deepestField = 8
	mostTemplate = 4_000  // characters of one template
	mostFilled   = 30_000 // characters of what comes out of one
)

// functions are what templates may call: they compare and choose, and make no text of their own.
var functions = []string{"and", "or", "not", "eq", "ne"}

// A field is a value of the settings, with its strings parsed.
type field struct {
	value any // as in the settings, but for strings: *template.Template
}

// fields are those of the settings, parsed.
func (s *Settings) fields() (map[string]field, error) {
	out := map[string]field{}
	for _, id := range slices.Sorted(maps.Keys(s.Fields)) {
		v, err := parsed(s.Fields[id], 0)
		if err != nil {
			return nil, fmt.Errorf("fields: %s: %w", id, err)
		}
		f := field{v}
		if _, err := f.fill(&Vars{}); err != nil {
			return nil, fmt.Errorf("fields: %s: %w", id, err)
		}
		out[id] = f
	}
	return out, nil
}

// parsed is a value with its strings as templates.
func parsed(v any, depth int) (any, error) {
	if depth > deepestField {
		return nil, errors.New("it is too deep")
	}
	switch v := v.(type) {
	case string:
		if len(v) > mostTemplate {
			return nil, errors.New("a template is too long")
		}
		t, err := template.New("").Option("missingkey=error").Parse(v)
		if err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "template: :"))
		}
		if t.Tree == nil { // of an empty text
			return v, nil
		}
		return t, allowed(t.Root)
	case []any, map[string]any:
		return inside(v, func(part any) (any, error) { return parsed(part, depth+1) })
	case nil, bool, int, int64, uint64, float64:
		return v, nil
	}
	return nil, fmt.Errorf("a %T is no value of a field", v)
}

// allowed refuses templates that do more than name, compare and choose: no loop, no call that could take long or make much of little.
func allowed(n parse.Node) error {
	var of []parse.Node
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			of = n.Nodes
		}
	case *parse.ActionNode:
		of = append(of, n.Pipe)
	case *parse.IfNode:
		of = append(of, n.Pipe, n.List, n.ElseList)
	case *parse.PipeNode:
		if n != nil {
			for _, c := range n.Cmds {
				of = append(of, c)
			}
		}
	case *parse.CommandNode:
		of = n.Args
	case *parse.IdentifierNode:
		if !slices.Contains(functions, n.Ident) {
			return fmt.Errorf("a template calls %s; it may call %s", n.Ident, words(functions))
		}
	case *parse.TextNode, *parse.CommentNode, *parse.FieldNode, *parse.StringNode, *parse.BoolNode, *parse.NumberNode:
	default:
		return fmt.Errorf("a template has %q; it may have fields, if, and %s", n.String(), words(functions))
	}
	for _, n := range of {
		if err := allowed(n); err != nil {
			return err
		}
	}
	return nil
}

// fill is the value with its templates filled in.
func (f field) fill(v *Vars) (any, error) { return filled(f.value, v) }

func filled(value any, v *Vars) (any, error) {
	switch value := value.(type) {
	case *template.Template:
		var b strings.Builder
		if err := value.Execute(&b, v); err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "template: :"))
		}
		return cutEnd(b.String(), mostFilled), nil
	case []any, map[string]any:
		return inside(value, func(part any) (any, error) { return filled(part, v) })
	}
	return value, nil
}

// inside is a list or object with each part made another.
func inside(v any, each func(any) (any, error)) (any, error) {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = each(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			var err error
			if out[k], err = each(v[k]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// cutEnd is text of at most n characters.
func cutEnd(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
