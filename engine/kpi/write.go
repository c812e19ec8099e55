package kpi

import (
	_ "embed"
	"encoding/json"
	"io"
)

//go:embed kpi.schema.json
var schemaText []byte

// JSONSchema is the JSON Schema of a report, version 1.
func JSONSchema() []byte { return schemaText }

// WriteJSON writes a report for programs.
func WriteJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
