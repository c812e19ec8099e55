package report_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/defenseunicorns/go-oscal/src/pkg/validation"
	oscal "github.com/defenseunicorns/go-oscal/src/types/oscal-1-1-3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

func oscalOf(t *testing.T, r *engine.Result, o report.Options) *oscal.AssessmentResults {
	t.Helper()
	var d oscal.OscalModels
	if err := json.Unmarshal(write(t, "oscal", r, o), &d); err != nil {
		t.Fatal(err)
	}
	return d.AssessmentResults
}

func TestOSCALIsValidByItsSchema(t *testing.T) {
	for name, r := range exportable() {
		o := report.Options{}
		if name == "standings" {
			o.Issuer = issuer()
		}
		v, err := validation.NewValidator(write(t, "oscal", r, o))
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Validate(); err != nil || v.GetModelType() != "assessment-results" {
			t.Errorf("%s: %v %s", name, err, v.GetModelType())
		}
	}
}

// list is what a pointer to a list leads to.
func list[T any](p *[]T) []T {
	if p == nil {
		return nil
	}
	return *p
}

// Everything that a part of the document refers to is in it, and is there once.
func TestOSCALHasEveryCaseOnceAndWhatItRefersTo(t *testing.T) {
	for name, r := range exportable() {
		d := oscalOf(t, r, report.Options{})
		res := d.Results[0]
		ids := map[string]int{d.UUID: 1}
		ids[res.UUID]++
		for _, x := range list(res.Observations) {
			ids[x.UUID]++
		}
		for _, x := range list(res.Risks) {
			ids[x.UUID]++
			for _, a := range list(x.Remediations) {
				ids[a.UUID]++
			}
		}
		for _, x := range list(res.Findings) {
			ids[x.UUID]++
		}
		for _, x := range list(res.LocalDefinitions.InventoryItems) {
			ids[x.UUID]++
		}
		for _, x := range list(res.LocalDefinitions.Components) {
			ids[x.UUID]++
		}
		for _, x := range list(d.BackMatter.Resources) {
			ids[x.UUID]++
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: %s is there %d times", name, id, n)
			}
		}
		if len(list(res.Observations)) != len(r.Cases) || len(list(res.Risks)) != len(r.Cases) {
			t.Errorf("%s: %d observations and %d risks of %d cases", name, len(list(res.Observations)), len(list(res.Risks)), len(r.Cases))
		}
		refs := []string{strings.TrimPrefix(d.ImportAp.Href, "#")}
		for _, x := range list(res.Observations) {
			for _, s := range list(x.Subjects) {
				refs = append(refs, s.SubjectUuid)
			}
			for _, e := range list(x.RelevantEvidence) {
				if e.Href != "" {
					refs = append(refs, strings.TrimPrefix(e.Href, "#"))
				}
			}
		}
		for _, x := range list(res.Findings) {
			for _, k := range list(x.RelatedRisks) {
				refs = append(refs, k.RiskUuid)
			}
			for _, k := range list(x.RelatedObservations) {
				refs = append(refs, k.ObservationUuid)
			}
		}
		for _, ref := range refs {
			if ids[ref] == 0 {
				t.Errorf("%s: %s leads nowhere", name, ref)
			}
		}
	}
}

func TestAnAcceptedRiskIsADeviationInOSCAL(t *testing.T) {
	res := oscalOf(t, standingResult(), report.Options{}).Results[0]
	want := map[string]string{
		"nothing": "investigating", "dated": "open", "blocked": "open", "waived": "deviation-approved", "waived-and-stated": "deviation-approved",
		"waiver-without-effect": "deviation-requested", "suppressed": "deviation-approved", "not-present": "closed", "fixed": "closed",
		"stated-but-exploited": "open", "unreachable": "investigating",
	}
	for i, s := range standings {
		k := list(res.Risks)[i]
		if want[s.name] != "" && k.Status != want[s.name] {
			t.Errorf("%s is %s, want %s", s.name, k.Status, want[s.name])
		}
		if (k.Deadline != nil) != (s.name == "dated" || s.name == "stated-investigated") {
			t.Errorf("%s: deadline %v", s.name, k.Deadline)
		}
		if s.name == "waived" {
			e := k.RiskLog.Entries[0]
			if e.Start.Format("2006-01-02") != "2026-11-01" || e.End.Format("2006-01-02T15") != "2026-12-24T23" || !strings.Contains(e.Description, "approved by ana") {
				t.Errorf("%+v", e)
			}
		}
	}
}

// A control is not satisfied while a case that names it asks for something.
func TestOSCALFindingsAreOfTheControlsThatRulesName(t *testing.T) {
	open := log4shell() // names PCI DSS 6.3.3 and NIST CSF ID.RA-01
	d := oscalOf(t, result(engine.Block, []engine.Case{open, stands("waived", waived)}), report.Options{})
	want := map[string]string{"PCI-DSS-6.3.3": "not-satisfied", "NIST-CSF-ID.RA-01": "not-satisfied", "PCI-DSS-4.0.1-6.3.1": "satisfied", "NIST-CSF-2.0-ID.RA-07": "satisfied"}
	findings := list(d.Results[0].Findings)
	for _, f := range findings {
		if want[f.Target.TargetId] != f.Target.Status.State {
			t.Errorf("%s is %s", f.Target.TargetId, f.Target.Status.State)
		}
	}
	if len(findings) != len(want) {
		t.Errorf("%d findings", len(findings))
	}
	var reviewed, groups []string
	for _, s := range d.Results[0].ReviewedControls.ControlSelections {
		groups = append(groups, s.Description)
		for _, c := range list(s.IncludeControls) {
			reviewed = append(reviewed, c.ControlId)
		}
	}
	slices.Sort(reviewed)
	if !slices.Equal(reviewed, []string{"NIST-CSF-2.0-ID.RA-07", "NIST-CSF-ID.RA-01", "PCI-DSS-4.0.1-6.3.1", "PCI-DSS-6.3.3"}) || !slices.Contains(groups, "PCI DSS 4.0.1") {
		t.Errorf("reviewed %v of %v", reviewed, groups)
	}
	if none := oscalOf(t, nothing(), report.Options{}).Results[0]; len(none.ReviewedControls.ControlSelections) != 1 || none.Findings != nil {
		t.Errorf("of nothing: %+v", none.ReviewedControls)
	}
}

func TestOSCALNamesTheAssessmentPlanOrSaysThatThereIsNone(t *testing.T) {
	if have := oscalOf(t, blocked(), report.Options{Issuer: issuer()}).ImportAp.Href; have != "https://acme.example/plan.json" {
		t.Error(have)
	}
	if have := oscalOf(t, blocked(), report.Options{}).ImportAp; !strings.HasPrefix(have.Href, "#") || !strings.Contains(have.Remarks, "exports.assessment_plan") {
		t.Errorf("%+v", have)
	}
}
