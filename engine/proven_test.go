package engine

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/policies"
)

// The checks that are left out of proven policies may refuse, and do nothing else.
func TestProvenPoliciesCompileToTheSameRules(t *testing.T) {
	src := PolicySource{Packs: allPacks(t)}
	checked := loadShipped(t, src)
	src.Proven = true
	proven := loadShipped(t, src)
	if checked.Info().Digest != proven.Info().Digest || len(checked.compiler.Modules) != len(proven.compiler.Modules) {
		t.Error("they are other policies")
	}
	for name, m := range checked.compiler.Modules {
		if have, want := proven.compiler.Modules[name].String(), m.String(); have != want {
			t.Errorf("%s: proven\n%s\nchecked\n%s", name, have, want)
		}
	}
}

// What a user brings is checked, and all that it stands beside, whatever ships.
func TestOwnPacksAreCheckedBesideProvenOnes(t *testing.T) {
	for what, body := range map[string]string{
		"did you mean severity": `warn contains "x" if input.finding.severty == "high"`,
		"recursive":             "a if b\n\nb if a\n\nwarn contains \"x\" if a",
	} {
		own := fstest.MapFS{"mine/mine.rego": {Data: []byte("package packs.mine\n\n" + body + "\n")}}
		_, err := LoadPolicy(t.Context(), PolicySource{Shipped: policies.Files, Proven: true, Packs: policies.Default,
			Own: []PackFolder{{Label: "own", Files: own}}})
		if err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
