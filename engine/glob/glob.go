// Package glob bounds the patterns that people write: of packages, paths, images and hosts.
package glob

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Bounds on patterns: matching tries every combination of the alternatives in braces, so "{a,b}" forty times over never ends.
const (
	longestPattern   = 1 << 10 // bytes
	mostCombinations = 1 << 10
)

// Valid says whether a pattern is one, and can be matched in bounded time, as package doublestar reads them.
func Valid(p string) bool {
	return len(p) <= longestPattern && combinations(p) <= mostCombinations && doublestar.ValidatePattern(p)
}

// combinations bounds from above how many patterns without braces one with braces stands for.
func combinations(p string) int {
	all, open := 1, []int(nil) // alternatives of each brace that is open
	for i := 0; i < len(p) && all <= mostCombinations; i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case c == '{':
			open = append(open, 1)
		case c == ',' && len(open) > 0:
			open[len(open)-1]++
		case c == '}' && len(open) > 0:
			all *= open[len(open)-1]
			open = open[:len(open)-1]
		}
	}
	if strings.Count(p, "{") > 64 {
		return mostCombinations + 1
	}
	return all
}
