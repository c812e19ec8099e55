package main

import (
	"fmt"
	"path/filepath"

	"github.com/headgate/headgate/engine/plan"
)

// planSettings say what fixes are ranked by; what they do not name is as plan.DefaultWeights has it.
type planSettings struct {
	Effort map[string]float64 `yaml:"effort"` // what a fix costs, by effort
	Worth  map[string]float64 `yaml:"worth"`  // what clearing a case gains, by priority; path for an attack path; overdue is a factor
}

// loadWeights takes the weights of the plan from the settings.
func (r *run) loadWeights() (err error) {
	if r.weights, err = plan.DefaultWeights().With(r.settings.Plan.Effort, r.settings.Plan.Worth); err != nil {
		return setup(fmt.Errorf("%s: plan: %w", filepath.ToSlash(filepath.Join(r.settings.folder, "headgate.yaml")), err), "")
	}
	return nil
}

// plan makes the plan of a decided result.
func (r *run) plan() {
	o := plan.Options{Repository: r.result.Change.Repository, Weights: r.weights}
	if r.paths != nil {
		o.Paths = r.paths
	}
	r.result.Plan, r.result.NoFix = plan.New(r.result.Cases, o)
}
