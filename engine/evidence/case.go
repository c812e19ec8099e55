package evidence

import (
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
)

const day = 24 * time.Hour

// decisionOf is what a record says of a decided case, but for the digests of input and answer.
func decisionOf(c *engine.Case, now time.Time) *Decision {
	in, made := &c.Input, &c.Decision
	d := &Decision{Finding: findingOf(&in.Finding), Asset: Asset{ID: in.Asset.ID, Owner: in.Asset.Owner, Criticality: in.Asset.Criticality,
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

func findingOf(f *engine.Finding) Finding {
	out := Finding{ID: f.ID, Kind: f.Kind}
	switch {
	case f.Vulnerability != nil:
		out.Name = f.Vulnerability.ID
	case f.Rule != nil:
		out.Name = f.Rule.ID
	}
	if f.Package != nil {
		out.Package, out.Fixed = f.Package.PURL, f.Package.Fixed
	}
	return out
}
