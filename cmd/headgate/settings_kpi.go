package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
)

// kpiTargets are the targets of figures, by id, with a dot and the priority where they are of one.
type kpiTargets map[string]float64

// check refuses what is no figure, so that a misspelt target is not one that nobody sees.
func (t kpiTargets) check() error {
	for key, value := range t {
		d := figureOf(key)
		switch {
		case d == nil:
			return fmt.Errorf("%.80q is no figure", key)
		case value < 0 || math.IsNaN(value) || math.IsInf(value, 0) || d.Unit == kpi.UnitShare && value > 1:
			return fmt.Errorf("%s: %v is no target in %s", key, value, d.Unit)
		}
	}
	return nil
}

// figureOf is the definition that a target is of; nil if there is none.
func figureOf(key string) *kpi.Definition {
	for i := range kpi.Definitions {
		d := &kpi.Definitions[i]
		rest, ok := strings.CutPrefix(key, d.ID)
		if ok && (rest == "" || d.Each && strings.HasPrefix(rest, ".") && slices.Contains(engine.Priorities, engine.Priority(rest[1:]))) {
			return d
		}
	}
	return nil
}
