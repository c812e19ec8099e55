// Package engine has the words of Headgate as types, and the decision: findings on assets, in context, become decisions by
// policy. It is pure: no file, clock, network or environment; whoever calls it hands in bytes, file systems and the time.
package engine

// An Input is exactly the document that a policy sees (version 1, described by input.schema.json).
type Input struct {
	Finding Finding `json:"finding"`
	Asset   Asset   `json:"asset"`
	Context Context `json:"context"`
}

// A Case is one finding on one asset: the unit that is decided.
type Case struct {
	Input      Input                 `json:"input"`
	Provenance map[string]Provenance `json:"provenance,omitempty"` // by path of the fact, e.g. "asset.exposure"
	Conflicts  []Conflict            `json:"conflicts,omitempty"`  // facts that sources state differently, by path
	Decision   Decision              `json:"decision"`
}
