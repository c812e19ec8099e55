package scope

import (
	"cmp"
	"slices"

	"github.com/headgate/headgate/engine"
)

// saysUnreachable are the justifications of VEX that say that the vulnerable code cannot run: of OpenVEX and CSAF (the first two), and of
// CycloneDX. That a component is not there at all, that an attacker cannot control the code, or that something protects it, says nothing
// of whether it runs.
var saysUnreachable = []string{"vulnerable_code_not_in_execute_path", "vulnerable_code_not_present", "code_not_reachable", "code_not_present"}

// ReachByVEX notes in each case what the justification of its VEX statement says of reachability. A person's word is of medium confidence;
// it counts where no tool found a way, and where one did, that stands and the statement is kept as a conflict.
func ReachByVEX(cases []engine.Case) {
	for i := range cases {
		c := &cases[i]
		v := c.Input.Context.VEX
		if v == nil || v.Status != "not_affected" || !slices.Contains(saysUnreachable, v.Justification) {
			continue
		}
		is := engine.Reachability{Verdict: "unreachable", By: cmp.Or(v.Source, "VEX"), Confidence: "medium"}
		switch r := c.Input.Context.Reachability; {
		case r == nil || r.Verdict == "potential":
			c.Input.Context.Reachability = &is
			setSource(c, "context.reachability", c.Provenance["context.vex"])
		case r.Verdict == "reachable":
			addConflict(c, engine.Conflict{Fact: "context.reachability", Value: r.Verdict, Source: r.By, Other: is.Verdict, By: is.By})
		}
	}
}
