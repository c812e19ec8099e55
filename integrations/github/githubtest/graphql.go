package githubtest

import (
	"encoding/json"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// isQuery says whether the body of a GraphQL request changes nothing.
func isQuery(body []byte) bool {
	var sent struct{ Query string }
	if json.Unmarshal(body, &sent) != nil {
		return true
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: sent.Query})
	if err != nil {
		return true // which is refused
	}
	for _, op := range doc.Operations {
		if op.Operation == ast.Mutation {
			return false
		}
	}
	return true
}
