package scope

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
)

// wireEdges are what an asset leads to: lists of ids of assets, or of {to: id, trusted: true or false}.
type wireEdges struct {
	Reaches     yaml.Node `yaml:"reaches"`
	Deploys     yaml.Node `yaml:"deploys"`
	Credentials yaml.Node `yaml:"uses_credentials_of"`
	Data        yaml.Node `yaml:"reads_data_of"`
}

// edges are the edges from an asset. Those but of the network are trusted unless they say otherwise.
func (w *wireEdges) edges(name, from string) ([]edge, error) {
	var edges []edge
	for _, list := range []struct {
		key  string
		node *yaml.Node
		kind engine.EdgeKind
	}{
		{"reaches", &w.Reaches, engine.EdgeNetwork},
		{"deploys", &w.Deploys, engine.EdgeDeploys},
		{"uses_credentials_of", &w.Credentials, engine.EdgeCredentials},
		{"reads_data_of", &w.Data, engine.EdgeData},
	} {
		var items []yaml.Node
		if err := decode(name, list.key, list.node, &items); err != nil {
			return nil, err
		}
		for i := range items {
			item := &items[i]
			e := engine.Edge{From: from, Kind: list.kind, Trusted: list.kind != engine.EdgeNetwork, Source: fmt.Sprintf("%s:%d", shortened(name), item.Line)}
			if err := readEdge(&e, name, list.key, item); err != nil {
				return nil, err
			}
			edges = append(edges, edge{e, list.key})
		}
	}
	return edges, nil
}

// readEdge reads where an edge leads to.
func readEdge(e *engine.Edge, name, key string, item *yaml.Node) error {
	place := fmt.Sprintf("%s:%d", name, item.Line)
	if item.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(item.Content); i += 2 {
			if k := item.Content[i].Value; k != "to" && k != "trusted" {
				return fmt.Errorf("%s: there is no key %s in %s; it takes to and trusted", place, k, key)
			}
		}
		var told struct {
			To      string `yaml:"to"`
			Trusted *bool  `yaml:"trusted"`
		}
		if err := item.Decode(&told); err != nil {
			return YAMLError(name, err)
		}
		e.To = told.To
		if told.Trusted != nil {
			e.Trusted = *told.Trusted
		}
	} else if err := item.Decode(&e.To); err != nil {
		return YAMLError(name, err)
	}
	if e.To == "" {
		return isEmpty(place, "a value of "+key)
	}
	return nil
}

// Edges are all edges between assets, in the order in which they are stated.
func (inv *Inventory) Edges() []engine.Edge { return inv.edges }

// Assets are all assets that are named, in the order in which they are stated.
func (inv *Inventory) Assets() []engine.Asset {
	var assets []engine.Asset
	for i := range inv.assets {
		assets = append(assets, inv.assets[i].asset)
	}
	return assets
}
