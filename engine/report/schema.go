package report

import _ "embed"

// ResultSchema is the JSON Schema of the result file, version 1. It refers to engine.InputSchema by its $id.
//
//go:embed result.schema.json
var ResultSchema []byte

// FindingsSchema is the JSON Schema of `headgate findings -o json`, version 1. It refers to ResultSchema and engine.InputSchema.
//
//go:embed findings.schema.json
var FindingsSchema []byte
