package waiver

import _ "embed"

// Schema is the JSON Schema of a waivers file, version 1. Read refuses more than it can say: dates that are none, an expiry before the
// day of creation, scopes that take in everything.
//
//go:embed waivers.schema.json
var Schema []byte

// SchemaFile is what the schema is called where it stands beside a waivers file, which names it for editors.
const SchemaFile = "waivers.schema.json"
