package report

import (
	"errors"
	"fmt"
	"slices"

	"github.com/headgate/headgate/engine"
)

// fixSorts are the sorts of fixes.
var fixSorts = []string{engine.FixUpgrade, engine.FixRebuild, engine.FixCode, engine.FixRotate, engine.FixConfigure, engine.FixReplace}

// checkPlan refuses a plan that no run makes. Whether it is the plan of these cases, only making it again tells.
func checkPlan(r *engine.Result) error {
	there := make(map[string]bool, len(r.Cases))
	for i := range r.Cases {
		there[r.Cases[i].Input.Finding.ID] = true
	}
	for i := range r.Plan {
		f := &r.Plan[i]
		switch {
		case !slices.Contains(fixSorts, f.Fix):
			return fmt.Errorf("fix %d: %q", i, f.Fix)
		case f.Effort != "" && !slices.Contains(engine.Efforts, f.Effort):
			return fmt.Errorf("fix %d: effort %q", i, f.Effort)
		case !(f.Cumulative >= 0 && f.Cumulative <= 1):
			return fmt.Errorf("fix %d: cumulative %v", i, f.Cumulative)
		}
		if err := checkCleared(f.Clears, f.Findings, there); err != nil {
			return fmt.Errorf("fix %d: %w", i, err)
		}
	}
	for i := range r.NoFix {
		if err := checkCleared(r.NoFix[i].Cases, r.NoFix[i].Findings, there); err != nil {
			return fmt.Errorf("no_fix %d: %w", i, err)
		}
	}
	return nil
}

func checkCleared(cases map[string]int, findings []string, there map[string]bool) error {
	for p, n := range cases {
		if engine.Priority(p).Rank() < 0 || n < 0 {
			return errors.New("counts that are none of cases by priority")
		}
	}
	for _, id := range findings {
		if !there[id] {
			return errors.New("a finding that is in no case")
		}
	}
	return nil
}
