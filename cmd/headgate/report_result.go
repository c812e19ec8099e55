package main

import (
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
)

// reportedOfResult is what can be known from one result: what is open, and nothing of how it came to that.
func (a *app) reportedOfResult(f *reportFlags, o kpi.Options, name string) (*kpi.Report, error) {
	result, err := readResult(name)
	if err != nil {
		return nil, err
	}
	if err := a.reportPeriod(f, &o); err != nil {
		return nil, err
	}
	o.Kind, o.At, o.Window.Until = kpi.FromResult, result.Now, result.Now.Add(time.Second)
	o.Window.Since, o.DueDays = result.Now.AddDate(0, 0, -7*13), map[engine.Priority]float64{}
	for i := range result.Cases {
		d := &result.Cases[i].Decision
		for _, r := range d.Reasons {
			if r.Rule == "sla.due" && r.Days != nil {
				o.DueDays[d.Priority] = *r.Days
			}
		}
	}
	c, err := kpi.New(o)
	if err != nil {
		return nil, err
	}
	if !f.among()(result.Change.Repository) {
		return c.Report(), nil
	}
	if result.Change.Branch == o.Branch || o.Branch == "" {
		for i := range result.Cases {
			c.Case(caseOfResult(&result.Cases[i], result))
		}
		c.Fixes(fixesOf(result.Plan))
	}
	run := &kpi.Run{At: result.Now, Repository: result.Change.Repository, Branch: result.Change.Branch, Event: engine.EventManual, Outcome: result.Outcome,
		Findings: result.Counts.Findings, Graph: validatedOf(result)}
	for i := range result.Reports {
		run.Reported += result.Reports[i].Results
	}
	c.Run(run)
	return c.Report(), nil
}

func caseOfResult(x *engine.Case, result *engine.Result) *kpi.Case {
	in, d := &x.Input, &x.Decision
	c := &kpi.Case{Owner: in.Asset.Owner, Criticality: in.Asset.Criticality, Priority: d.Priority, Waived: d.Exemption() != nil, Due: d.Due}
	if h := in.Context.History; h != nil {
		c.FirstSeen = result.Now.AddDate(0, 0, -h.AgeDays)
	}
	if in.Finding.Package != nil && in.Finding.Kind == engine.KindVulnerability {
		c.Fixable = new(len(in.Finding.Package.Fixed) > 0)
	}
	return c
}

// fixesOf counts the fixes that clear what needs action.
func fixesOf(plan []engine.Fix) int {
	n := 0
	for i := range plan {
		if c := plan[i].Clears; c[string(engine.Act)]+c[string(engine.Attend)] > 0 {
			n++
		}
	}
	return n
}
