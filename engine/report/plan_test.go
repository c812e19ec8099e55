package report_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func writePlan(t testing.TB, format string, p *report.Plan, o report.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := report.WritePlan(&buf, format, p, o); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// plans are those of all samples, and one with fixes that are thought made.
func plans() map[string]*report.Plan {
	all := map[string]*report.Plan{}
	for name, r := range samples() {
		all[name] = &report.Plan{Result: r, Most: 10}
	}
	before := blocked()
	after := result(engine.Block, before.Cases[1:])
	all["whatif"] = &report.Plan{Result: after, Most: 3, WhatIf: &report.WhatIf{Before: before, Findings: before.Plan[0].Findings,
		Made: []report.Made{{Fix: &before.Plan[0]}, {Fix: &before.Plan[1], To: "9.9.9"}}}}
	return all
}

func TestPlansReadAsTheirGoldensDo(t *testing.T) {
	for name, p := range plans() {
		for _, width := range []int{60, 80, 120, 200} {
			have := writePlan(t, "text", p, report.Options{Width: width})
			golden(t, fmt.Sprintf("%s.plan.%d.golden", name, width), have)
			inert(t, have, width)
		}
		golden(t, name+".plan.markdown.golden", writePlan(t, "markdown", p, report.Options{}))
	}
}

func TestNothingInAPlanComesFromAFindingButText(t *testing.T) {
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) {
			markdown := writePlan(t, "markdown", p, report.Options{})
			commandless(t, markdown)
			tame(t, toHTML(t, markdown))
			commandless(t, writePlan(t, "json", p, report.Options{}))
		})
	}
}

func TestEveryJSONPlanIsValidByItsSchema(t *testing.T) {
	s := schema(t, report.PlanSchema())
	for name, p := range plans() {
		t.Run(name, func(t *testing.T) { validate(t, s, writePlan(t, "json", p, report.Options{})) })
	}
}

func TestMarkdownOfAPlanKeepsToItsLength(t *testing.T) {
	p := &report.Plan{Result: strange()}
	whole := writePlan(t, "markdown", p, report.Options{})
	short := writePlan(t, "markdown", p, report.Options{MaxBytes: len(whole) / 2})
	if len(short) > len(whole)/2 || !bytes.Contains(short, []byte("left out for length")) {
		t.Errorf("%d bytes of %d", len(short), len(whole))
	}
}

func TestAResultWithAPlanThatNoRunMakesIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(*engine.Result){
		"a sort that is none":      func(r *engine.Result) { r.Plan[0].Fix = "pray" },
		"an effort that is none":   func(r *engine.Result) { r.Plan[0].Effort = "none" },
		"a share above all":        func(r *engine.Result) { r.Plan[0].Cumulative = 1.5 },
		"a priority that is none":  func(r *engine.Result) { r.Plan[0].Clears["urgent"] = 1 },
		"a negative number":        func(r *engine.Result) { r.Plan[0].Clears["act"] = -1 },
		"a finding that is absent": func(r *engine.Result) { r.Plan[0].Findings[0] = "hg1-absent" },
		"no fix for an absent one": func(r *engine.Result) {
			r.NoFix = append(r.NoFix, engine.NoFix{Findings: []string{"hg1-absent"}})
		},
	} {
		r := blocked()
		spoil(r)
		if _, err := report.ReadResult(bytes.NewReader(write(t, "json", r, report.Options{}))); err == nil {
			t.Errorf("%s: it is read", name)
		}
	}
}
