package evidence

import (
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
)

const day = 24 * time.Hour

// DecisionOf is what a record would say of a case that was decided at a time, without input, answer and reports.
func DecisionOf(c *engine.Case, now time.Time) *Decision { return decisionOf(c, now, nil) }

// decisionOf is what a record says of a decided case, but for the digests of input and answer. Reports are the places of reports in the
// terms, by digest.
func decisionOf(c *engine.Case, now time.Time, reports map[string]int) *Decision {
	in, made := &c.Input, &c.Decision
	d := &Decision{Finding: findingOf(&in.Finding, reports), Asset: Asset{ID: in.Asset.ID, Owner: in.Asset.Owner, Criticality: in.Asset.Criticality,
		Exposure: in.Asset.Exposure}, Status: in.Status(), Priority: made.Priority, Action: made.Action, Due: made.Due, DueFrom: made.DueFrom,
		Overdue: made.Overdue, NextChange: made.NextChange, Assumed: made.Assumed, Oblige: made.Obligations, Range: made.Range}
	if made.WouldHave != nil {
		d.WouldHave = *made.WouldHave
	}
	if e := made.Exemption(); e != nil {
		d.ExemptedBy = e.Rule
	}
	if h := in.Context.History; h != nil {
		d.FirstSeen = now.UTC().Truncate(day).Add(-time.Duration(h.AgeDays) * day)
	}
	for i := range made.Reasons {
		r := &made.Reasons[i]
		d.Reasons = append(d.Reasons, Reason{Rule: r.Rule, Kind: r.Kind, To: r.To, AtMost: r.AtMost, Firm: r.Firm, Date: r.Date,
			Staged: r.EffectiveOn != "" || r.EffectiveUntil != ""})
		if !r.InForce() {
			continue
		}
		for _, control := range r.Controls {
			if !slices.Contains(d.Controls, control) {
				d.Controls = append(d.Controls, control)
			}
		}
	}
	slices.Sort(d.Controls)
	for _, w := range in.Context.Waivers {
		d.Waivers = append(d.Waivers, w.ID)
	}
	return d
}

func findingOf(f *engine.Finding, reports map[string]int) Finding {
	out := Finding{ID: f.ID, Kind: f.Kind}
	for _, id := range f.IDs {
		if id != f.ID {
			out.IDs = append(out.IDs, id)
		}
	}
	for _, source := range f.Sources {
		if at, ok := reports[source.Report]; ok && !slices.Contains(out.Reports, at) {
			out.Reports = append(out.Reports, at)
		}
	}
	slices.Sort(out.Reports)
	switch {
	case f.Vulnerability != nil:
		out.Name, out.CVEs = f.Vulnerability.ID, f.Vulnerability.CVEs
	case f.Rule != nil:
		out.Name = f.Rule.ID
	}
	if f.Package != nil {
		out.Package, out.Fixed = f.Package.PURL, f.Package.Fixed
	}
	return out
}

// Called says whether a finding has an id or name.
func (f *Finding) Called(name string) bool {
	return f.ID == name || f.Name == name || slices.Contains(f.IDs, name) || slices.Contains(f.CVEs, name)
}
