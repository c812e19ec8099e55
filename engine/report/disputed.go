package report

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// disputed words what sources state differently, each in a phrase: "reachability unreachable (govulncheck), but exploitable (nuclei)".
func disputed(conflicts []engine.Conflict) []string {
	var out []string
	for i := range conflicts {
		k := &conflicts[i]
		s := factLabel(k.Fact) + " " + bracketed(k.Value, k.Source) + ", but " + bracketed(k.Other, k.By)
		if s = sentence(s); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// dispute is one line of what sources state differently of a case itself; what they state differently of its asset is left to explain.
func dispute(k *engine.Case) string {
	own := slices.DeleteFunc(slices.Clone(k.Conflicts), func(c engine.Conflict) bool { return !strings.HasPrefix(c.Fact, "context.") })
	if len(own) == 0 {
		return ""
	}
	return "sources differ: " + some(disputed(own), 2)
}
