package engine_test

import (
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestACaseIsWaivedOnlyIfAnExemptionLoweredItsActionWhateverReportOnlyHeldBack(t *testing.T) {
	const (
		deny     = `deny contains lib.deny(rego.metadata.rule())`
		firmDeny = `deny contains lib.deny_firm(rego.metadata.rule())`
		warn     = `warn contains lib.warn(rego.metadata.rule())`
		toPass   = `exempt contains lib.exempt(rego.metadata.rule(), "pass")`
		toWarn   = `exempt contains lib.exempt(rego.metadata.rule(), "warn")`
		toBlock  = `exempt contains lib.exempt(rego.metadata.rule(), "block")`
	)
	for _, c := range []struct {
		name     string
		rules    []string
		action   engine.Action // of an ordinary run
		exempted string        // the rule that lowered it
	}{
		{"nothing stated", nil, engine.Pass, ""},
		{"denied", []string{deny}, engine.Block, ""},
		{"denied and exempted", []string{deny, toPass}, engine.Pass, "mine.b"},
		{"denied and exempted to a warning", []string{deny, toWarn}, engine.Warn, "mine.b"},
		{"two exemptions", []string{deny, toWarn, toPass}, engine.Pass, "mine.c"},
		{"an exemption that allows a block", []string{deny, toBlock}, engine.Block, ""},
		{"a warning that may be a warning", []string{warn, toWarn}, engine.Warn, ""},
		{"a firm deny", []string{firmDeny, toPass}, engine.Block, ""},
		{"an exemption of nothing", []string{toPass}, engine.Pass, ""},
	} {
		rules := rule("z", `deny contains lib.deny(rego.metadata.rule()) if input.finding.title == "another"`)
		for i, r := range c.rules {
			rules += rule(string(rune('a'+i)), r)
		}
		p := load(t, own(rules), nil)
		for _, reportOnly := range []bool{false, true} {
			r := &engine.Result{Cases: []engine.Case{{Input: input(engine.EventPush, "")}}}
			if err := p.Decide(t.Context(), r.Cases, now); err != nil {
				t.Fatal(err)
			}
			if err := p.Conclude(t.Context(), r, 1, reportOnly); err != nil {
				t.Fatal(err)
			}
			d := &r.Cases[0].Decision
			action, held := c.action, false
			if reportOnly && action == engine.Block {
				action, held = engine.Warn, true
			}
			have := ""
			if e := d.Exemption(); e != nil {
				have = e.Rule
			}
			if d.Action != action || have != c.exempted || d.HeldBack() != held || (r.Counts.Waived == 1) != (c.exempted != "") {
				t.Errorf("%s, report-only %v: %s, exempted by %q, held back %v, %d waived", c.name, reportOnly, d.Action, have, d.HeldBack(), r.Counts.Waived)
			}
		}
	}
}
