package engine_test

import (
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

// A fact past its end is not known any more, so a decision may be another from then on.
func TestTheEndOfAFactIsATimeAtWhichADecisionCanChange(t *testing.T) {
	p := load(t, own(rule("x", `due contains lib.due(rego.metadata.rule(), 9, "evaluated")`)), nil)
	for end, want := range map[string]string{"2026-11-23T12:00:00Z": "2026-11-23T12:00:00Z", "2027-01-31T00:00:00Z": "2026-12-01T00:00:00Z", "2026-11-01T00:00:00Z": "2026-12-01T00:00:00Z"} {
		at, err := time.Parse(time.RFC3339, end)
		if err != nil {
			t.Fatal(err)
		}
		cases := []engine.Case{{Input: input(engine.EventPush, ""), Provenance: map[string]engine.Provenance{"context.validation": {Source: "validations.yaml:1", Expires: at}}}}
		if err := p.Decide(t.Context(), cases, now); err != nil {
			t.Fatal(err)
		}
		if have := cases[0].Decision.NextChange.Format(time.RFC3339); have != want {
			t.Errorf("a fact ends at %s: the next change is at %s, not %s", end, have, want)
		}
	}
}
