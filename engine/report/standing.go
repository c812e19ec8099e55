package report

import (
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// An Issuer says who speaks in documents that are for others, and what these refer to. What is not given is not known, and the documents
// say so where they cannot leave it out.
type Issuer struct {
	Author         string // the organisation or person that answers for what is said; empty: the repository speaks
	AssessmentPlan string // OSCAL: the URI of the assessment plan that the run is part of
	Package        string // FedRAMP: the URI of the provider's certification package overview
	ReportDays     int    // FedRAMP: how many days a report is about; 0 means DefaultReportDays
}

// DefaultReportDays covers any month.
const DefaultReportDays = 31

// author is who says so: the author, else the repository.
func (i Issuer) author(r *engine.Result) string {
	return first(i.Author, r.Change.Repository, "not known")
}

// The statuses of VEX.
const (
	vexNotAffected  = "not_affected"
	vexAffected     = "affected"
	vexFixed        = "fixed"
	vexInvestigated = "under_investigation"
)

// A standing is what is said to others of one case. It follows the decision and its facts, and is careful: whoever reads that something
// is not affected stops looking.
//
//   - Not affected, or fixed, is only what a VEX statement says so of, or what an attempt to exploit it showed, and only if the policy takes
//     that for it: nothing is left to do.
//   - A risk that somebody accepted is affected, whatever else is said; so is what a scanner was told to leave alone.
//   - Call analysis that finds no way to the code is told, and clears nothing by itself: it is of one build of one program, and VEX is of
//     the product. Somebody has to say so (a VEX statement with vulnerable_code_not_in_execute_path).
//   - Affected is what asks for something: the build stops or warns, or there is a date. The rest has been seen and not looked into:
//     under investigation.
type standing struct {
	status        string
	justification string         // of OpenVEX; empty: there is none that is one of its words
	impact        string         // why it is not affected, in words
	action        string         // what affected asks for, or what was decided instead
	accepted      bool           // somebody decided to leave it, for now or for good
	notes         []string       // facts that the status was made of
	waiver        *engine.Waiver // that accepts it, if one does
	since         time.Time      // when the statement was made that says so; zero: at this run
}

// vexJustifications are OpenVEX's words for why something is not affected, and those of CycloneDX that mean the same. CycloneDX's others
// (a configuration, a dependency or an environment that is required, protection by something outside of the product) have none there.
var vexJustifications = map[string]string{
	"component_not_present":                             "",
	"vulnerable_code_not_present":                       "code_not_present",
	"vulnerable_code_not_in_execute_path":               "code_not_reachable",
	"vulnerable_code_cannot_be_controlled_by_adversary": "",
	"inline_mitigations_already_exist":                  "protected_by_mitigating_control",
}

// cdxJustifications are CycloneDX's words, with what OpenVEX calls the same.
var cdxJustifications = map[string]string{
	"code_not_present":                "vulnerable_code_not_present",
	"code_not_reachable":              "vulnerable_code_not_in_execute_path",
	"protected_by_mitigating_control": "inline_mitigations_already_exist",
	"requires_configuration":          "", "requires_dependency": "", "requires_environment": "",
	"protected_by_compiler": "", "protected_at_runtime": "", "protected_at_perimeter": "",
}

// standingOf says how a case stands.
func standingOf(c *engine.Case) standing {
	d, x := &c.Decision, &c.Input.Context
	s := standing{status: vexInvestigated, notes: standingFacts(&c.Input)}
	exploited := x.Validation != nil && x.Validation.Status == "exploitable"
	done := stated(d) == engine.Pass // nothing is left to do, by the policy
	waived := len(x.Waivers) > 0 || slices.ContainsFunc(d.Reasons, func(r engine.Reason) bool { return strings.HasPrefix(r.Rule, waiverRule) })
	said := ""
	if x.VEX != nil {
		said = x.VEX.Status
	}
	switch {
	case waived, lowered(d) && !cleared(said), exploited:
		s.status = vexAffected
	case cleared(said) && done:
		s.status = said
		s.since = c.Provenance["context.vex"].At
		s.justify(x.VEX)
	case x.Validation != nil && x.Validation.Status == "not_exploitable" && done:
		s.status = vexNotAffected
		s.impact = "An attempt to exploit it showed that it cannot be exploited here"
		if by := clean(x.Validation.By); by != "" {
			s.impact += " (" + by + ")"
		}
	case said == vexInvestigated && done:
	case said == vexAffected, !done, !d.Due.IsZero():
		s.status = vexAffected
	}
	if s.status == vexAffected {
		s.act(c, acceptance(d, said))
	}
	return s
}

func cleared(status string) bool { return status == vexNotAffected || status == vexFixed }

// justify takes over what a statement says of why something is not affected.
func (s *standing) justify(v *engine.VEX) {
	why := clean(v.Justification)
	if _, ok := vexJustifications[why]; ok {
		s.justification = why
	} else if word, ok := cdxJustifications[why]; ok && word != "" {
		s.justification = word
	}
	if s.status == vexNotAffected {
		s.impact = first(why, "stated without a reason")
		if by := clean(v.Source); by != "" {
			s.impact += " (" + by + ")"
		}
	}
}

// waiverRule begins the ids of the rules of the pack waivers, by which somebody accepts a risk.
const waiverRule = "waivers."

// acceptance is the reason by which somebody decided to leave a case: a waiver that holds, or what excuses it without saying, as VEX does,
// that there is nothing to it. Nil: nobody did.
func acceptance(d *engine.Decision, vex string) *engine.Reason {
	e := d.Exemption()
	if e == nil || strings.HasPrefix(e.Rule, waiverRule) {
		return e
	}
	for i := range d.Reasons {
		if r := &d.Reasons[i]; r.Kind == "exempt" && r.InForce() && strings.HasPrefix(r.Rule, waiverRule) && r.AtMost.Rank() <= d.Action.Rank() {
			return r
		}
	}
	if let(d) && !cleared(vex) {
		return e
	}
	return nil
}

// act says what is to be done about a case, or who decided to leave it and until when.
func (s *standing) act(c *engine.Case, acceptedBy *engine.Reason) {
	d := &c.Decision
	var says []string
	if s.accepted = acceptedBy != nil; s.accepted {
		for i := range c.Input.Context.Waivers {
			w := &c.Input.Context.Waivers[i]
			if s.waiver == nil && strings.HasPrefix(acceptedBy.Rule, waiverRule) && (w.Verified || acceptedBy.Rule == "waivers.unverified") {
				s.waiver = w
			}
		}
		says = append(says, "Risk accepted for now, no fix is made: "+sentence(acceptedBy.Message))
		if w := s.waiver; w != nil {
			says = append(says, strings.Join(waiverWords(w), ", "))
		}
	}
	if todo := todoWords(c); todo != "" {
		says = append(says, todo)
	}
	if d.Due.IsZero() {
		if len(says) == 0 {
			says = append(says, "There is no fix yet that is known")
		}
	} else {
		says = append(says, SentenceCase(due(d, time.Time{})))
	}
	for i := range says {
		says[i] = strings.TrimRight(says[i], ".") + "."
	}
	s.action = strings.Join(says, " ")
}

// waiverWords are the facts of a waiver: "waiver w-1", "approved by ana", "until 2026-11-26".
func waiverWords(w *engine.Waiver) []string {
	words := []string{"Waiver " + clean(w.ID)}
	if w.Reason != "" {
		words = append(words, "because "+sentence(w.Reason))
	}
	if w.Approver != "" {
		words = append(words, "approved by "+clean(w.Approver))
	}
	if w.Expires != "" {
		words = append(words, "until "+clean(w.Expires))
	}
	return words
}

// todoWords say how a case is fixed, if that is known: "Upgrade log4j-core to version 2.17.1".
func todoWords(c *engine.Case) string {
	if p := c.Input.Finding.Package; p != nil && len(p.Fixed) > 0 {
		return "Upgrade " + clean(p.Name) + " to version " + clean(strings.Join(p.Fixed, ", "))
	}
	for i := range c.Decision.Reasons {
		r := &c.Decision.Reasons[i]
		if r.InForce() && r.Kind != "exempt" && r.Remediation != "" {
			return SentenceCase(sentence(r.Remediation))
		}
	}
	return ""
}

// standingFacts are the facts that say something of whether a weakness can be exploited.
func standingFacts(in *engine.Input) []string {
	var notes []string
	for _, f := range []struct{ name, value string }{
		{"VEX", vexValue(in)}, {"validation", validationValue(in)}, {"reachability", reachabilityValue(in)}, {"runtime", runtimeValue(in)},
		{"KEV", kevValue(in)}, {"EPSS", epssValue(in)}, {"SSVC", ssvcValue(in)},
		{"EUVD", euvdValue(in)}, {"VulnCheck KEV", vulncheckValue(in)},
	} {
		if v := clean(f.value); v != "" {
			notes = append(notes, f.name+": "+v)
		}
	}
	return notes
}
