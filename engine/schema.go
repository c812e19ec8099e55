package engine

import (
	_ "embed"
	"encoding/json"
	"sync"
)

// InputSchema is the JSON Schema of the policy input, version 1.
//
//go:embed input.schema.json
var InputSchema []byte

// SummarySchema is the JSON Schema of what data.main.gate sees, version 1.
//
//go:embed summary.schema.json
var SummarySchema []byte

var inputSchema = sync.OnceValue(func() map[string]any {
	var schema map[string]any
	if err := json.Unmarshal(InputSchema, &schema); err != nil {
		panic("engine: input.schema.json: " + err.Error())
	}
	return schema
})

// InputValues lists the values that a field of the input can have, the harmless first; nil if any will do.
func InputValues(path ...string) []string {
	at := inputSchema()
	for _, name := range path {
		props, _ := at["properties"].(map[string]any)
		at, _ = props[name].(map[string]any)
	}
	var values []string
	for _, v := range list(at["enum"]) {
		values = append(values, v.(string))
	}
	return values
}
