package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

// outline is conditions as lines: status, text, and what was seen.
func outline(all []engine.Condition, in string) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s%s %s [%s]\n", in, c.Status, c.Text, c.Why)
		for _, r := range c.Rules {
			fmt.Fprintf(&b, "%s  %s %v\n%s", in, r.Rule, r.Held, outline(r.Conditions, in+"    "))
		}
	}
	return b.String()
}

func TestTraceSaysOfEachConditionWhatBecameOfIt(t *testing.T) {
	p := load(t, own("_far if {\n\tinput.asset.exposure in {\"internal\", \"isolated\"}\n\tinput.asset.owner == \"us\"\n}\n\n"+
		rule("x", "deny contains lib.deny(rego.metadata.rule()) if {\n\tinput.finding.kind == \"vulnerability\"\n\tnot _far\n\tcount(input.finding.package.name) > 40\n\tinput.asset.criticality == \"low\"\n}")+
		rule("y", "warn contains lib.warn(rego.metadata.rule()) if {\n\tsome location in input.finding.locations\n\tlocation.path == \"x\"\n}")), nil)
	in := input(engine.EventPush, "")
	in.Asset.Exposure, in.Asset.Owner = "internal", "others"
	d := mustDecide(t, p, in)
	rules, err := p.Trace(t.Context(), &in, &d, now)
	if err != nil || len(rules) != 2 {
		t.Fatal(rules, err)
	}
	want := `held input.finding.kind == "vulnerability" [finding.kind is vulnerability]
held not _far []
  mine._far false
    held input.asset.exposure in {"internal", "isolated"} [asset.exposure is internal]
    failed input.asset.owner == "us" [asset.owner is others, not us]
failed count(input.finding.package.name) > 40 [finding.package.name is log4j-core]
not_asked input.asset.criticality == "low" []
`
	if have := outline(rules[0].Conditions, ""); have != want {
		t.Errorf("have\n%swant\n%s", have, want)
	}
	want = `failed some location in input.finding.locations [there is none: finding.locations is not known]
not_asked location.path == "x" []
`
	if have := outline(rules[1].Conditions, ""); have != want {
		t.Errorf("have\n%swant\n%s", have, want)
	}
	if plain, _ := p.Explain(t.Context(), &in, &d, now); plain[0].Conditions != nil {
		t.Error("an explanation without a trace has conditions")
	}
}
