package report

import (
	_ "embed"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

//go:embed result.schema.json
var resultSchema []byte

//go:embed plan.schema.json
var planSchema []byte

//go:embed findings.schema.json
var findingsSchema []byte

//go:embed explanation.schema.json
var explanationSchema []byte

//go:embed scope.schema.json
var scopeSchema []byte

//go:embed notification.schema.json
var notificationSchema []byte

//go:embed fedramp-vdr.schema.json
var fedRAMPSchema []byte

// FedRAMPSchema is the JSON Schema of what is written for FedRAMP, version 1.
func FedRAMPSchema() []byte { return fedRAMPSchema }

//go:embed publication.schema.json
var publicationSchema []byte

// PublicationSchema is the JSON Schema of `headgate publish -o json`, version 1.
func PublicationSchema() []byte { return publicationSchema }

// NotificationSchema is the JSON Schema of what webhooks are sent, version 1, with what it refers to in it.
func NotificationSchema() []byte {
	return Bundled(notificationSchema, map[string][]byte{"input-1": engine.InputSchema, "result-1": resultSchema, "simulation-1": simulationSchema})
}

// ScopeSchema is the JSON Schema of `headgate scope -o json`, version 1, with what it refers to in it.
func ScopeSchema() []byte {
	return Bundled(scopeSchema, map[string][]byte{"input-1": engine.InputSchema})
}

// ResultSchema is the JSON Schema of the result file, version 1. It has in it what it refers to, so that it needs
// nothing but itself.
func ResultSchema() []byte {
	return Bundled(resultSchema, map[string][]byte{"input-1": engine.InputSchema, "simulation-1": simulationSchema})
}

// FindingsSchema is the JSON Schema of `headgate findings -o json`, version 1, with what it refers to in it.
func FindingsSchema() []byte {
	return Bundled(findingsSchema, map[string][]byte{"input-1": engine.InputSchema, "result-1": resultSchema, "simulation-1": simulationSchema})
}

// ExplanationSchema is the JSON Schema of `headgate explain -o json`, version 1, with what it refers to in it.
func ExplanationSchema() []byte {
	return Bundled(explanationSchema, map[string][]byte{"input-1": engine.InputSchema, "result-1": resultSchema, "simulation-1": simulationSchema})
}

// PlanSchema is the JSON Schema of `headgate plan -o json`, version 1, with what it refers to in it.
func PlanSchema() []byte {
	return Bundled(planSchema, map[string][]byte{"input-1": engine.InputSchema, "result-1": resultSchema, "simulation-1": simulationSchema})
}

// Bundled is a schema with others among its definitions. References name the others by their $id, which they keep, so they resolve
// without anything being fetched.
func Bundled(schema []byte, others map[string][]byte) []byte {
	const definitions = `"$defs": {`
	before, after, found := strings.Cut(string(schema), definitions)
	if !found {
		panic("report: a schema that refers to others has no $defs")
	}
	text := before + definitions
	for _, name := range slices.Sorted(maps.Keys(others)) {
		text += `"` + name + `": ` + string(others[name]) + ","
	}
	out := jsontext.Value(text + after)
	if err := out.Indent(jsontext.WithIndent("  ")); err != nil {
		panic("report: " + err.Error())
	}
	return append(out, '\n')
}
