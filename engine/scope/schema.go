package scope

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/headgate/headgate/engine"
)

// ValidationsSchema is the JSON Schema of validations.yaml.
//
//go:embed validations.schema.json
var ValidationsSchema []byte

// AssetsSchema is the JSON Schema of an assets file. What an asset can have is what the input of policies has of it.
func AssetsSchema() []byte {
	var input struct {
		Properties struct {
			Asset struct {
				Properties map[string]any `json:"properties"`
			} `json:"asset"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(engine.InputSchema, &input); err != nil {
		panic(fmt.Sprintf("scope: the input's schema: %v", err)) // it is part of the program
	}
	asset := input.Properties.Asset.Properties
	asset["match"] = object("What makes a finding this asset's: any pattern that fits.", map[string]any{
		"paths":        globs("Paths in a repository; ** crosses folders."),
		"images":       globs("Image names without tag."),
		"repositories": globs("owner/name of repositories."),
		"purls":        globs("Package URLs without version."),
		"hosts":        globs("Hosts and URLs that it answers at."),
	})
	asset["aliases"] = map[string]any{
		"description": "What else it is called where it is described: in Backstage, Threagile models, Kubernetes and CycloneDX.",
		"type":        "array", "items": map[string]any{"type": "string", "minLength": 1},
	}
	for _, k := range edgeKeys {
		asset[k.key] = edgesTo("Ids of assets that it leads an attacker to: " + edgeMeanings[k.kind])
	}
	one := object("One asset. A fact that is not known is left out.", asset)
	one["required"] = []string{"id"} // an asset that edges of others lead to needs no match
	doc := object("What findings are on, and what it means to the business (.headgate/assets.yaml).", map[string]any{
		"assets": map[string]any{"description": "All assets.", "type": "array", "items": one},
	})
	doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	text, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("scope: the schema of assets: %v", err))
	}
	return append(text, '\n')
}

func object(description string, properties map[string]any) map[string]any {
	return map[string]any{"description": description, "type": "object", "properties": properties, "additionalProperties": false}
}

func globs(description string) map[string]any {
	return map[string]any{"description": description, "type": "array", "items": map[string]any{"type": "string", "minLength": 1}}
}

var edgeMeanings = map[engine.EdgeKind]string{
	engine.EdgeNetwork: "it can send them requests.", engine.EdgeDeploys: "it decides what runs there.",
	engine.EdgeCredentials: "it holds what opens them.", engine.EdgeData: "it may read what they hold.",
}

func edgesTo(description string) map[string]any {
	to := map[string]any{"type": "string", "minLength": 1}
	whole := object("An edge that says whether a finding is needed to get there.", map[string]any{
		"to": to, "trusted": map[string]any{"type": "boolean"},
	})
	whole["required"] = []string{"to"}
	return map[string]any{"description": description, "type": "array", "items": map[string]any{"anyOf": []any{to, whole}}}
}
