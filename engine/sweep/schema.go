package sweep

import _ "embed"

// Format is the JSON Schema of a Reassessment.
//
//go:embed reassessment.schema.json
var Format []byte
