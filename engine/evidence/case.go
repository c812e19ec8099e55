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
	d := &Decision{}
	d.of(c, now, reports)
	return d
}

// of makes the decision that decisionOf gives. The lists that it made before are used again; those of the case are not written to.
func (d *Decision) of(c *engine.Case, now time.Time, reports map[string]int) {
	d.ofCase(c, now, reports)
	d.ofReasons(c.Decision.Reasons)
}

// ofCase is of without the reasons and their controls.
func (d *Decision) ofCase(c *engine.Case, now time.Time, reports map[string]int) {
	in, made := &c.Input, &c.Decision
	*d = Decision{Finding: Finding{IDs: d.Finding.IDs[:0], Reports: d.Finding.Reports[:0]}, Asset: Asset{ID: in.Asset.ID, Owner: in.Asset.Owner,
		Criticality: in.Asset.Criticality, Exposure: in.Asset.Exposure}, Status: in.Status(), Priority: made.Priority, Action: made.Action, Due: made.Due,
		DueFrom: made.DueFrom, Overdue: made.Overdue, NextChange: made.NextChange, Assumed: made.Assumed, Oblige: made.Obligations, Range: made.Range,
		Reasons: d.Reasons[:0], Controls: d.Controls[:0], Waivers: d.Waivers[:0]}
	d.Finding.of(&in.Finding, reports)
	if made.WouldHave != nil {
		d.WouldHave = *made.WouldHave
	}
	if e := made.Exemption(); e != nil {
		d.ExemptedBy = e.Rule
	}
	if h := in.Context.History; h != nil {
		d.FirstSeen = now.UTC().Truncate(day).Add(-time.Duration(h.AgeDays) * day)
	}
	for i := range in.Context.Waivers {
		d.Waivers = append(d.Waivers, in.Context.Waivers[i].ID)
	}
}

func (d *Decision) ofReasons(reasons []engine.Reason) {
	for i := range reasons {
		r := &reasons[i]
		d.Reasons = append(d.Reasons, reasonOf(r))
		if !r.InForce() {
			continue
		}
		for _, control := range r.Controls {
			if at, there := slices.BinarySearch(d.Controls, control); !there {
				d.Controls = slices.Insert(d.Controls, at, control)
			}
		}
	}
}

func reasonOf(r *engine.Reason) Reason {
	return Reason{Rule: r.Rule, Kind: r.Kind, To: r.To, AtMost: r.AtMost, Firm: r.Firm, Date: r.Date, Staged: staged(r)}
}

// staged says that the rule of a reason is not in force at the time.
func staged(r *engine.Reason) bool { return r.EffectiveOn != "" || r.EffectiveUntil != "" }

// of names a finding.
func (f *Finding) of(seen *engine.Finding, reports map[string]int) {
	f.ID, f.Kind = seen.ID, seen.Kind
	for _, id := range seen.IDs {
		if id != seen.ID {
			f.IDs = append(f.IDs, id)
		}
	}
	for i := range seen.Sources {
		if at, ok := reports[seen.Sources[i].Report]; ok && !slices.Contains(f.Reports, at) {
			f.Reports = append(f.Reports, at)
		}
	}
	slices.Sort(f.Reports)
	switch {
	case seen.Vulnerability != nil:
		f.Name, f.CVEs, f.EUVD = seen.Vulnerability.ID, seen.Vulnerability.CVEs, seen.Vulnerability.EUVD()
	case seen.Rule != nil:
		f.Name = seen.Rule.ID
	}
	if seen.Package != nil {
		f.Package, f.Fixed = seen.Package.PURL, seen.Package.Fixed
	}
}

// Called says whether a finding has an id or name.
func (f *Finding) Called(name string) bool {
	return f.ID == name || f.Name == name || slices.Contains(f.IDs, name) || slices.Contains(f.CVEs, name) || slices.Contains(f.EUVD, name)
}
