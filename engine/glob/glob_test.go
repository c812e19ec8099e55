package glob

import (
	"strings"
	"testing"
)

func TestPatternsThatCannotBeMatchedInBoundedTimeAreNone(t *testing.T) {
	for p, want := range map[string]bool{
		"services/{checkout,ledger}/**": true, "**/*.{json,sarif,xml}": true, "{a,b}{c,d}/{e,{f,g}}": true, `\{a,b\}`: true, "a": true,
		strings.Repeat("{a,b}", 40) + "x": false, strings.Repeat("{a,aa,a*}", 8): false, strings.Repeat("{", 100) + strings.Repeat("}", 100): false,
		strings.Repeat("a", 2000): false, "{a": false, "[": false,
	} {
		if have := Valid(p); have != want {
			t.Errorf("%.60s is a pattern: %v", p, have)
		}
	}
}
