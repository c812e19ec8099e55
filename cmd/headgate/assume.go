package main

import (
	"maps"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/policies"
)

// assume is what stands for facts that nobody knows: what ships, and what the settings put in its place.
func (s *settings) assume() map[string]any {
	all := maps.Clone(policies.Assume)
	maps.Copy(all, s.Assume)
	return all
}

// weakenByAssumptions records what is assumed more favourably than the program ships.
func (r *run) weakenByAssumptions() error {
	for _, what := range engine.LoosenedAssumptions(policies.Assume, r.settings.assume()) {
		r.weaken("assumption " + what)
	}
	return nil
}
