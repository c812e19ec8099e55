package report

import (
	"strings"
	"time"

	oscal "github.com/defenseunicorns/go-oscal/src/types/oscal-1-1-3"

	"github.com/headgate/headgate/engine"
)

// add notes what a case comes to.
func (d *oscalWriter) add(c *engine.Case) {
	s := standingOf(c)
	status := riskStatus(c, &s)
	o, k := d.observation(c), d.risk(c, &s, status)
	d.observations = append(d.observations, o)
	d.risks = append(d.risks, k)
	asks := (status == riskOpen || status == riskRequested) && (stated(&c.Decision) != engine.Pass || !c.Decision.Due.IsZero())
	named := map[*oscalControl]bool{}
	for i := range c.Decision.Reasons {
		r := &c.Decision.Reasons[i]
		for _, name := range r.Controls {
			to := d.control(name)
			if to == nil || !r.InForce() {
				continue
			}
			to.rules[r.Rule] = true
			if named[to] {
				continue
			}
			named[to] = true
			to.observations = append(to.observations, oscal.RelatedObservation{ObservationUuid: o.UUID})
			to.risks = append(to.risks, oscal.AssociatedRisk{RiskUuid: k.UUID})
			if asks {
				to.asks++
			}
		}
	}
}

// subject is the asset of a case as an inventory item.
func (d *oscalWriter) subject(a *engine.Asset) oscal.SubjectReference {
	id := uuidOf("asset", a.ID)
	if !d.known[id] {
		d.known[id] = true
		d.items = append(d.items, oscal.InventoryItem{
			UUID: id, Description: clean(assetName(a)),
			Props: atLeastOne(oscalProps("id", a.ID, "type", a.Type, "owner", a.Owner, "criticality", a.Criticality, "environment", a.Environment,
				"exposure", a.Exposure, "data", strings.Join(a.Data, "; "))),
		})
	}
	return oscal.SubjectReference{SubjectUuid: id, Type: "inventory-item", Title: clean(assetName(a))}
}

// observation is what was seen: the finding, where, and the reports that say so.
func (d *oscalWriter) observation(c *engine.Case) oscal.Observation {
	f := &c.Input.Finding
	o := oscal.Observation{
		UUID: uuidOf("observation", f.ID, c.Input.Asset.ID), Title: caseTitle(f), Description: caseWords(c), Methods: []string{"TEST"},
		Types: atLeastOne([]string{"finding"}), Subjects: atLeastOne([]oscal.SubjectReference{d.subject(&c.Input.Asset)}), Origins: atLeastOne([]oscal.Origin{d.tool}),
		Props: atLeastOne(oscalProps("finding-id", f.ID, "kind", string(f.Kind), "vulnerability-id", vulnerabilityID(f), "severity", string(f.Severity),
			"component", strings.Join(componentURLs(f.Package), "; "))),
		Collected: d.r.Now.UTC(),
	}
	var evidence []oscal.RelevantEvidence
	seen := map[string]bool{}
	for _, s := range f.Sources {
		e := oscal.RelevantEvidence{Description: first(clean(strings.TrimSpace(s.Tool+" "+s.Version)), "a scanner not named")}
		if rep := d.evidence[s.Report]; rep != nil {
			e.Href = "#" + uuidOf("report", rep.Digest)
			if !rep.Time.IsZero() && rep.Time.Before(o.Collected) {
				o.Collected = rep.Time.UTC()
			}
		}
		if !seen[e.Href+e.Description] {
			seen[e.Href+e.Description] = true
			evidence = append(evidence, e)
		}
	}
	o.RelevantEvidence = atLeastOne(evidence)
	return o
}

// The statuses of risks.
const (
	riskOpen          = "open"
	riskInvestigating = "investigating"
	riskRequested     = "deviation-requested"
	riskApproved      = "deviation-approved"
	riskClosed        = "closed"
)

// riskStatus is OSCAL's word for how a case stands: a risk that somebody accepted is an approved deviation; a waiver that does not hold, as
// one that nobody has approved, is one that is asked for.
func riskStatus(c *engine.Case, s *standing) string {
	switch {
	case s.accepted:
		return riskApproved
	case cleared(s.status):
		return riskClosed
	case len(c.Input.Context.Waivers) > 0:
		return riskRequested
	case s.status == vexInvestigated && c.Input.Finding.Kind == engine.KindVulnerability:
		return riskInvestigating
	}
	return riskOpen
}

// risk is what the case was decided to be.
func (d *oscalWriter) risk(c *engine.Case, s *standing, status string) oscal.Risk {
	f, x := &c.Input.Finding, &c.Decision
	k := oscal.Risk{
		UUID: uuidOf("risk", f.ID, c.Input.Asset.ID), Title: caseTitle(f), Description: caseWords(c), Status: status,
		Statement: first(clean(strings.Join(why(x), "; ")), "No rule raised it above the lowest priority."),
		Props:     atLeastOne(oscalProps("priority", string(x.Priority), "action", string(x.Action), "obligations", strings.Join(x.Obligations, "; "), "assumed", strings.Join(x.Assumed, "; "))),
		Origins:   atLeastOne([]oscal.Origin{d.tool}), Characterizations: atLeastOne([]oscal.Characterization{d.characterization(c)}),
		RelatedObservations: atLeastOne([]oscal.RelatedObservation{{ObservationUuid: uuidOf("observation", f.ID, c.Input.Asset.ID)}}),
		Remediations:        atLeastOne(d.responses(c, s)),
	}
	if !x.Due.IsZero() {
		k.Deadline = new(x.Due.UTC())
	}
	if v := c.Input.Context.Validation; v != nil && v.Status == "mitigated" {
		k.MitigatingFactors = atLeastOne([]oscal.MitigatingFactor{{UUID: uuidOf("mitigation", f.ID, c.Input.Asset.ID), Description: clean("An attempt to exploit it was stopped: " + validationValue(&c.Input))}})
	}
	if s.waiver != nil {
		w := s.waiver
		entry := oscal.RiskLogEntry{
			UUID: uuidOf("risk-log", f.ID, c.Input.Asset.ID, w.ID), Title: "Risk accepted", Description: clean(strings.Join(waiverWords(w), ", ")),
			Start: dayOf(w.Created, d.r.Now), StatusChange: riskApproved,
		}
		if end := dayOf(w.Expires, time.Time{}); !end.IsZero() {
			entry.End = new(end.Add(24*time.Hour - time.Second)) // the day itself is included
		}
		k.RiskLog = &oscal.RiskLog{Entries: []oscal.RiskLogEntry{entry}}
	}
	return k
}

// characterization are the facts that the decision was made of.
func (d *oscalWriter) characterization(c *engine.Case) oscal.Characterization {
	facts := []struct{ name, value string }{
		{"priority", string(c.Decision.Priority)}, {"severity", string(c.Input.Finding.Severity)}, {"exposure", c.Input.Asset.Exposure},
		{"kev", kevValue(&c.Input)}, {"epss", epssValue(&c.Input)}, {"ssvc", ssvcValue(&c.Input)}, {"reachability", reachabilityValue(&c.Input)},
		{"validation", validationValue(&c.Input)}, {"vex", vexValue(&c.Input)}, {"paths", pathsValue(&c.Input)},
	}
	for _, s := range c.Input.Finding.CVSS {
		facts = append(facts, struct{ name, value string }{"cvss", strings.TrimSpace(s.Version + " " + number(s.Score) + " " + s.Vector)})
	}
	out := oscal.Characterization{Origin: d.tool}
	for _, f := range facts {
		if v := clean(f.value); v != "" {
			out.Facets = append(out.Facets, oscal.Facet{Name: f.name, System: oscalNS, Value: v})
		}
	}
	return out
}

// responses are what is to be done, and what was decided instead.
func (d *oscalWriter) responses(c *engine.Case, s *standing) []oscal.Response {
	response := func(kind, title, description, lifecycle string) oscal.Response {
		return oscal.Response{
			UUID: uuidOf("response", kind, c.Input.Finding.ID, c.Input.Asset.ID), Title: title, Description: description, Lifecycle: lifecycle,
			Props: atLeastOne([]oscal.Property{{Name: "type", Value: kind}}), Origins: atLeastOne([]oscal.Origin{d.tool}),
		}
	}
	var all []oscal.Response
	if todo := todoWords(c); todo != "" && !cleared(s.status) {
		all = append(all, response("mitigate", "Fix", todo, "recommendation"))
	}
	if s.accepted {
		all = append(all, response("accept", "Risk accepted", s.action, "completed"))
	}
	return all
}

// caseTitle names a finding: "CVE-2021-44228 in log4j-core 2.14.1".
func caseTitle(f *engine.Finding) string {
	return clean(weakness(f) + prefixed(" in ", clean(subject(f))))
}

// caseWords say what was found on which asset.
func caseWords(c *engine.Case) string {
	words := caseTitle(&c.Input.Finding)
	if title := sentence(c.Input.Finding.Title); title != "" {
		words += ": " + title
	}
	return words + ". On " + clean(assetName(&c.Input.Asset)) + "."
}

func vulnerabilityID(f *engine.Finding) string {
	if f.Vulnerability == nil {
		return ""
	}
	return f.Vulnerability.ID
}
