// Package policies has the policies that ship: the entrypoints (main), the library for authors (lib) and the packs. It is a leaf:
// the engine is handed the files and knows nothing of where they come from.
package policies

import "embed"

// Files are the policies as they lie in this folder.
//
//go:embed main lib packs
var Files embed.FS

// Default are the packs that are on unless the settings say otherwise.
var Default = []string{
	"change",
	"code",
	"exploit",
	"iac",
	"impact",
	"paths",
	"reachability",
	"secrets",
	"sla",
	"ssvc",
	"validation",
	"waivers",
}

// Assume are the values that stand for facts that nobody knows, by path of the fact, unless the settings say otherwise: what is not known
// to be out of reach is taken to be in reach.
var Assume = map[string]any{
	"asset.exposure":       "internet",
	"asset.environment":    "production",
	"context.reachability": "potential",
}
