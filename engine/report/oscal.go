package report

import (
	"bytes"
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	oscal "github.com/defenseunicorns/go-oscal/src/types/oscal-1-1-3"
	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// oscalNS is the namespace of Headgate's own properties and facets.
const oscalNS = "https://github.com/headgate/headgate/ns/oscal"

// writeOSCAL writes assessment results (OSCAL 1.1.3, https://pages.nist.gov/OSCAL/): an observation and a risk for each case, and a finding
// for each control that a rule names which said something of a case. Assets are inventory items, reports resources that observations
// have as evidence. Its UUIDs are made of what they name, so they are the same in the next document about the same.
//
// A control is not satisfied while a case that names it asks for something: the build stops or warns, or a date is set. It is satisfied
// where all that name it are settled: accepted, not affected, fixed, or of no consequence by the policy. Controls that no rule named are left
// out: nothing is known of them.
//
// OSCAL wants an assessment plan. Where the settings name none, the document refers to a resource of its own that says so.
func writeOSCAL(w io.Writer, r *engine.Result, o Options) error {
	d := newOSCAL(r)
	doc := oscal.AssessmentResults{
		Metadata: oscal.Metadata{
			Title: "Decisions about security findings" + prefixed(" of ", clean(r.Change.Repository)), LastModified: r.Now.UTC(), OscalVersion: oscal.Version,
			Parties: atLeastOne([]oscal.Party{{UUID: uuidOf("party", o.Issuer.author(r)), Type: "organization", Name: clean(o.Issuer.author(r))}}),
		},
		ImportAp: oscal.ImportAp{Href: o.Issuer.AssessmentPlan},
	}
	if doc.ImportAp.Href == "" {
		none := oscal.Resource{UUID: uuidOf("no assessment plan"), Title: "No assessment plan", Description: "The run was not told which assessment plan it is part of (exports.assessment_plan of the settings)."}
		d.resources = append(d.resources, none)
		doc.ImportAp = oscal.ImportAp{Href: "#" + none.UUID, Remarks: none.Description}
	}
	for i := range r.Cases {
		d.add(&r.Cases[i])
	}
	doc.Results = []oscal.Result{d.result()}
	doc.BackMatter = &oscal.BackMatter{Resources: atLeastOne(d.resources)}
	if len(d.resources) == 0 {
		doc.BackMatter = nil
	}
	var said bytes.Buffer
	if err := json.MarshalWrite(&said, doc, writing); err != nil {
		return err
	}
	doc.UUID = uuidOf("assessment-results", said.String())
	doc.Metadata.Version = doc.UUID
	doc.Results[0].UUID = uuidOf("result", said.String())
	return encode(w, oscal.OscalModels{AssessmentResults: &doc})
}

// An oscalWriter gathers what the cases of a result come to.
type oscalWriter struct {
	r            *engine.Result
	tool         oscal.Origin
	resources    []oscal.Resource
	evidence     map[string]*engine.Report // by digest
	items        []oscal.InventoryItem
	known        map[string]bool // inventory items, by UUID
	observations []oscal.Observation
	risks        []oscal.Risk
	controls     map[string]*oscalControl
}

// An oscalControl is what cases come to for one control.
type oscalControl struct {
	name         string // as rules write it
	observations []oscal.RelatedObservation
	risks        []oscal.AssociatedRisk
	asks         int // cases that ask for something
	rules        map[string]bool
}

func newOSCAL(r *engine.Result) *oscalWriter {
	d := &oscalWriter{r: r, evidence: map[string]*engine.Report{}, known: map[string]bool{}, controls: map[string]*oscalControl{}}
	d.tool = oscal.Origin{Actors: []oscal.OriginActor{{Type: "tool", ActorUuid: uuidOf("tool", "headgate")}}}
	for i := range r.Reports {
		rep := &r.Reports[i]
		if d.evidence[rep.Digest] != nil {
			continue
		}
		d.evidence[rep.Digest] = rep
		d.resources = append(d.resources, oscal.Resource{
			UUID: uuidOf("report", rep.Digest), Title: first(clean(rep.Name), "report"),
			Description: strings.TrimSpace("Report of " + clean(first(strings.TrimSpace(rep.Tool+" "+rep.Version), "a scanner not named"))),
			Props:       atLeastOne(oscalProps("digest", rep.Digest, "format", rep.Format)),
		})
	}
	return d
}

// result is what all cases come to.
func (d *oscalWriter) result() oscal.Result {
	r := d.r
	res := oscal.Result{
		Title: "Gate: " + string(r.Outcome), Description: "Each finding on each asset was decided by policy, at the given time and on the facts that were known then.",
		Start: r.Now.UTC(), End: new(r.Now.UTC()), Observations: atLeastOne(d.observations), Risks: atLeastOne(d.risks),
		Props: atLeastOne(oscalProps("outcome", string(r.Outcome), "policy", r.Policy.Digest, "commit", r.Change.Head, "event", string(r.Change.Event))),
		LocalDefinitions: &oscal.LocalDefinitions{
			InventoryItems: atLeastOne(d.items),
			Components: atLeastOne([]oscal.SystemComponent{{
				UUID: d.tool.Actors[0].ActorUuid, Type: "software", Title: "Headgate", Description: "Decides by policy what is done about security findings.",
				Props: atLeastOne(oscalProps("version", r.Engine.Headgate, "opa-version", r.Engine.OPA)), Status: oscal.SystemComponentStatus{State: "operational"},
			}}),
		},
	}
	for _, rep := range r.Reports {
		if !rep.Time.IsZero() && rep.Time.Before(res.Start) {
			res.Start = rep.Time.UTC()
		}
	}
	var remarks []string
	for _, n := range newView(r).notes {
		remarks = append(remarks, clean(n.label+": "+n.text))
	}
	res.Remarks = strings.Join(remarks, "; ")
	findings := d.findings()
	res.Findings = atLeastOne(findings)
	res.ReviewedControls = d.reviewed()
	return res
}

// findings are what the cases come to, one for each control, in the order of their names.
func (d *oscalWriter) findings() []oscal.Finding {
	var all []oscal.Finding
	for _, id := range slices.Sorted(maps.Keys(d.controls)) {
		c := d.controls[id]
		f := oscal.Finding{
			UUID: uuidOf("finding", id), Title: clean(c.name), Origins: atLeastOne([]oscal.Origin{d.tool}),
			Description: SentenceCase(count(len(c.risks), "case", "cases")) + " that " + plural(len(c.risks), "names", "name") + " this control by " +
				listed(slices.Sorted(maps.Keys(c.rules))) + "; " + count(c.asks, "asks", "ask") + " for something to be done.",
			Target:              oscal.FindingTarget{Type: "objective-id", TargetId: id, Status: oscal.ObjectiveStatus{State: "satisfied", Reason: "pass"}},
			RelatedObservations: atLeastOne(c.observations), RelatedRisks: atLeastOne(c.risks),
		}
		if c.asks > 0 {
			f.Target.Status = oscal.ObjectiveStatus{State: "not-satisfied", Reason: "fail"}
		}
		all = append(all, f)
	}
	return all
}

// regimes are the texts that controls are of, by how their ids begin in rules.
var regimes = []struct{ prefix, title string }{
	{"CIS-8.1-", "CIS Controls 8.1"},
	{"CRA-", "Cyber Resilience Act, Regulation (EU) 2024/2847"},
	{"FedRAMP-", "FedRAMP Consolidated Rules for 2026"},
	{"NIST-CSF-2.0-", "NIST Cybersecurity Framework 2.0"},
	{"NIST-SSDF-1.1-", "NIST SP 800-218, Secure Software Development Framework 1.1"},
	{"PCI-DSS-4.0.1-", "PCI DSS 4.0.1"},
	{"SOC2-", "Trust Services Criteria (SOC 2)"},
}

// reviewed are the controls that rules named, by regime.
func (d *oscalWriter) reviewed() oscal.ReviewedControls {
	const other = "Other controls"
	by := map[string][]oscal.AssessedControlsSelectControlById{}
	for _, id := range slices.Sorted(maps.Keys(d.controls)) {
		title := other
		for _, g := range regimes {
			if strings.HasPrefix(id, g.prefix) {
				title = g.title
			}
		}
		by[title] = append(by[title], oscal.AssessedControlsSelectControlById{ControlId: id})
	}
	r := oscal.ReviewedControls{Description: "The controls that are named by rules which said something of a case."}
	for _, title := range slices.Sorted(maps.Keys(by)) {
		r.ControlSelections = append(r.ControlSelections, oscal.AssessedControls{Description: title, IncludeControls: atLeastOne(by[title])})
	}
	if len(by) == 0 {
		r.ControlSelections = []oscal.AssessedControls{{Description: "No rule that names a control said something of a case."}}
	}
	return r
}

// control is the entry of a control by the name that a rule gives it; nil if nothing is left of that name.
func (d *oscalWriter) control(name string) *oscalControl {
	id := oscalToken(name)
	if id == "" {
		return nil
	}
	c := d.controls[id]
	if c == nil {
		c = &oscalControl{name: name, rules: map[string]bool{}}
		d.controls[id] = c
	}
	return c
}

// mostToken bounds an id, in characters.
const mostToken = 128

// oscalToken is a name as OSCAL's ids are written: a letter or low line, then letters, digits, points, dashes and low lines.
func oscalToken(name string) string {
	var b strings.Builder
	n := 0
	for _, r := range strings.TrimSpace(clean(name)) {
		if n++; n > mostToken {
			break
		}
		letter := unicode.IsLetter(r) || r == '_'
		if b.Len() == 0 && !letter {
			b.WriteByte('_')
		}
		if letter || unicode.IsDigit(r) || r == '.' || r == '-' {
			b.WriteRune(r)
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

// oscalProps are properties of Headgate's own; those without a value are left out.
func oscalProps(pairs ...string) []oscal.Property {
	var all []oscal.Property
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := clean(pairs[i+1]); v != "" {
			all = append(all, oscal.Property{Name: pairs[i], Ns: oscalNS, Value: v})
		}
	}
	return all
}

// atLeastOne is a list where OSCAL wants one with an entry at least; without any it is left out.
func atLeastOne[T any](list []T) *[]T {
	if len(list) == 0 {
		return nil
	}
	return &list
}

// prefixed puts words before text that there is.
func prefixed(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

// dayOf is a date of a waiver as a time; the other time where it is none.
func dayOf(date string, other time.Time) time.Time {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return other.UTC()
	}
	return cmp.Or(t, other).UTC()
}
