package githubtest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

//go:embed schema.graphqls
var schemaText string

var schema = sync.OnceValue(func() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphqls", Input: schemaText})
})

type graphRequest struct {
	Query         string         `json:"query"`
	Variables     map[string]any `json:"variables"`
	OperationName string         `json:"operationName"`
}

// isQuery says whether the body of a GraphQL request changes nothing.
func isQuery(body []byte) bool {
	var sent graphRequest
	if json.Unmarshal(body, &sent) != nil {
		return true
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: sent.Query})
	if err != nil {
		return true // which is refused
	}
	return !slices.ContainsFunc(doc.Operations, func(op *ast.OperationDefinition) bool { return op.Operation == ast.Mutation })
}

// A node is an object of GraphQL. Values are scalars, nodes, lists of either, or a field for what is worked out when asked for.
type node map[string]any

// A field gives its value for arguments.
type field func(args map[string]any) (any, *graphError)

// A graphError is one in the list of errors. GitHub gives it with status 200.
type graphError struct{ kind, message string }

func notFound(message string) *graphError { return &graphError{"NOT_FOUND", message} }

// A graph is one GraphQL request while it is worked on.
type graph struct {
	c         *call
	variables map[string]any
	errors    []object
}

// graphQL answers a GraphQL request. What does not fit the schema is a violation too: nothing in it depends on what is stored.
func (c *call) graphQL() answer {
	if c.token == nil {
		return c.problem(http.StatusUnauthorized, "This endpoint requires you to be authenticated.")
	}
	var sent graphRequest
	if a, ok := c.decode(&sent); !ok {
		return a
	}
	doc, errs := gqlparser.LoadQueryWithRules(schema(), sent.Query, nil)
	if len(errs) > 0 {
		return c.malformed(errs)
	}
	op := doc.Operations.ForName(sent.OperationName)
	if op == nil {
		return c.malformed(gqlerror.List{gqlerror.Errorf("no operation of the name %q", sent.OperationName)})
	}
	variables, err := validator.VariableValues(schema(), op, sent.Variables)
	if err != nil {
		return c.malformed(gqlerror.List{gqlerror.WrapIfUnwrapped(err)})
	}
	g := &graph{c: c, variables: variables}
	root := c.queries()
	if op.Operation == ast.Mutation {
		root = c.mutations()
	}
	data := g.project(op.SelectionSet, root, nil)
	out := object{"data": data}
	if len(g.errors) > 0 {
		out["errors"] = g.errors
	}
	return ok(out)
}

func (c *call) malformed(errs gqlerror.List) answer {
	var out []object
	for _, e := range errs {
		c.g.violation("GraphQL: " + e.Message)
		out = append(out, object{"message": e.Message, "locations": e.Locations})
	}
	return ok(object{"errors": out})
}

// project takes from a node what is selected.
func (g *graph) project(set ast.SelectionSet, n node, path []any) object {
	out := object{}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			at := append(slices.Clone(path), s.Alias)
			out[s.Alias] = g.value(s, n, at)
		case *ast.InlineFragment:
			g.include(out, s.TypeCondition, s.SelectionSet, n, path)
		case *ast.FragmentSpread:
			g.include(out, s.Definition.TypeCondition, s.Definition.SelectionSet, n, path)
		}
	}
	return out
}

func (g *graph) include(out object, condition string, set ast.SelectionSet, n node, path []any) {
	kind, _ := n["__typename"].(string)
	implements := func(d *ast.Definition) bool { return d.Name == condition }
	if condition != "" && condition != kind && !slices.ContainsFunc(schema().Implements[kind], implements) {
		return
	}
	for name, value := range g.project(set, n, path) {
		out[name] = value
	}
}

func (g *graph) value(f *ast.Field, n node, path []any) any {
	v, known := n[f.Name]
	if !known {
		panic(fmt.Sprintf("githubtest: %v has no field %s, which the schema has", n["__typename"], f.Name))
	}
	if len(f.Directives) > 0 {
		g.c.g.violation("GraphQL: directives are not known here")
	}
	if work, ok := v.(field); ok {
		var err *graphError
		if v, err = work(f.ArgumentMap(g.variables)); err != nil {
			g.errors = append(g.errors, object{
				"type": err.kind, "path": path, "message": err.message,
				"locations": []object{{"line": f.Position.Line, "column": f.Position.Column}},
			})
			return nil
		}
	}
	switch v := v.(type) {
	case node:
		if v == nil {
			return nil
		}
		return g.project(f.SelectionSet, v, path)
	case []node:
		all := make([]object, 0, len(v))
		for i, n := range v {
			all = append(all, g.project(f.SelectionSet, n, append(slices.Clone(path), i)))
		}
		return all
	}
	return v
}

// connection gives a page of nodes. Cursors are positions.
func connection[T any](name string, all []T, render func(T) node) field {
	return func(args map[string]any) (any, *graphError) {
		first, hasFirst := number(args["first"])
		last, hasLast := number(args["last"])
		switch {
		case !hasFirst && !hasLast:
			return nil, &graphError{"MISSING_PAGINATION_BOUNDARIES", fmt.Sprintf("You must provide a `first` or `last` value to properly paginate the `%s` connection.", name)}
		case first > 100 || last > 100:
			return nil, &graphError{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the `%s` connection exceeds the limit of 100 records.", max(first, last), name)}
		case first < 0 || last < 0:
			return nil, &graphError{"INVALID_PAGINATION", "a page cannot have less than no records"}
		}
		from, to := 0, len(all)
		if s, _ := args["after"].(string); s != "" {
			if n, _ := fmt.Sscanf(s, "cursor:%d", &from); n != 1 || from > len(all) {
				return nil, &graphError{"INVALID_CURSOR_ARGUMENTS", fmt.Sprintf("`%s` does not appear to be a valid cursor.", s)}
			}
		}
		if s, _ := args["before"].(string); s != "" {
			if n, _ := fmt.Sscanf(s, "cursor:%d", &to); n != 1 {
				return nil, &graphError{"INVALID_CURSOR_ARGUMENTS", fmt.Sprintf("`%s` does not appear to be a valid cursor.", s)}
			}
			to = max(min(to-1, len(all)), from)
		}
		if hasFirst {
			to = min(to, from+first)
		} else {
			from = max(from, to-last)
		}
		nodes := make([]node, 0, to-from)
		for _, x := range all[from:to] {
			nodes = append(nodes, render(x))
		}
		info := node{"__typename": "PageInfo", "hasNextPage": to < len(all), "hasPreviousPage": from > 0, "startCursor": nil, "endCursor": nil}
		if to > from {
			info["startCursor"], info["endCursor"] = fmt.Sprintf("cursor:%d", from+1), fmt.Sprintf("cursor:%d", to)
		}
		return node{"__typename": "Connection", "nodes": nodes, "pageInfo": info, "totalCount": len(all)}, nil
	}
}

// number is an argument that is a number: from the document an int64, from the variables whatever JSON made of it.
func number(v any) (int, bool) {
	switch v := v.(type) {
	case int64:
		return int(v), true
	case float64:
		return int(v), true
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	}
	return 0, false
}

// actorLogin is how GraphQL names who wrote something: bots without [bot], which REST and the viewer have.
func actorLogin(login string) string { return strings.TrimSuffix(login, "[bot]") }
