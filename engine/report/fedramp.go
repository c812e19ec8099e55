package report

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// The documents of FedRAMP's Consolidated Rules for 2026 that are written, as github.com/FedRAMP/schemas describes them (2026-06-24):
// details of vulnerabilities (VER-RPT-VDT) with those that are accepted (VER-RPT-AVI) and, for retrieval by machines, all of them as they
// stand (VER-TFR-MRH). None of them forbids what it does not name, so one document is both reports, and sums up.
type (
	fedRAMPReport struct {
		Schema   string             `json:"$schema"`
		Package  string             `json:"certificationPackageOverviewUri"`
		Period   *fedRAMPPeriod     `json:"reportPeriod,omitempty"`
		At       time.Time          `json:"generatedAt"`
		Summary  []fedRAMPCount     `json:"summary"`
		Open     *[]fedRAMPDetail   `json:"vulnerabilities,omitempty"`
		Active   *[]fedRAMPDetail   `json:"activeVulnerabilities,omitempty"`
		Accepted *[]fedRAMPAccepted `json:"acceptedVulnerabilities"`
	}
	fedRAMPPeriod struct {
		From time.Time `json:"from"`
		To   time.Time `json:"to"`
	}
	fedRAMPDetail struct {
		ID          string           `json:"providerTrackingId"`
		Detection   fedRAMPDetection `json:"detection"`
		Description string           `json:"vulnerabilityDescription"`
		Impact      string           `json:"potentialAgencyImpact,omitempty"`
		Evaluated   time.Time        `json:"evaluationCompletedAt"`
		Reachable   *bool            `json:"isInternetReachable,omitempty"`
		Exploitable *bool            `json:"isLikelyExploitable,omitempty"`
		Rating      int              `json:"currentRating,omitempty"`
		Overdue     *fedRAMPOverdue  `json:"overdueStatus,omitempty"`
		More        string           `json:"supplementaryRiskInformation,omitempty"`
		Final       string           `json:"finalDisposition,omitempty"`
	}
	fedRAMPDetection struct {
		At     time.Time `json:"detectedAt"`
		Source string    `json:"detectionSource"`
	}
	fedRAMPOverdue struct {
		Is      bool   `json:"isOverdue"`
		Because string `json:"explanation,omitempty"`
	}
	fedRAMPAccepted struct {
		Detail  fedRAMPDetail `json:"vulnerabilityDetail"`
		Because string        `json:"acceptanceRationale"`
	}
	// A fedRAMPCount counts vulnerabilities that are alike in what FedRAMP's time frames ask for. What is absent is not known.
	fedRAMPCount struct {
		Rating      int   `json:"rating,omitempty"`
		Reachable   *bool `json:"isInternetReachable,omitempty"`
		Exploitable *bool `json:"isLikelyExploitable,omitempty"`
		Count       int   `json:"count"`
		Overdue     int   `json:"overdue"`
		Accepted    int   `json:"accepted"`
	}
)

// fedRAMPSchemaID is the $id of the schema that headgate schema fedramp-vdr prints.
const fedRAMPSchemaID = "https://headgate.dev/schema/fedramp-vdr-1.json"

// fedRAMPNoPackage stands for the address that the settings do not name, which FedRAMP wants.
const fedRAMPNoPackage = "urn:headgate:certification-package-overview-not-known"

// acceptedAfter is how many days after its evaluation a vulnerability that is still there counts as accepted (VER-TFR-MAV).
const acceptedAfter = 192

func writeFedRAMP(w io.Writer, r *engine.Result, o Options) error {
	doc, open, accepted := newFedRAMP(r, o)
	doc.Period = &fedRAMPPeriod{From: r.Now.UTC().AddDate(0, 0, -cmp.Or(o.Issuer.ReportDays, DefaultReportDays)), To: r.Now.UTC()}
	doc.Schema, doc.Open, doc.Accepted = fedRAMPSchemaID, &open, &accepted
	return encode(w, doc)
}

func writeFedRAMPHistory(w io.Writer, r *engine.Result, o Options) error {
	doc, open, accepted := newFedRAMP(r, o)
	doc.Schema, doc.Active, doc.Accepted = fedRAMPSchemaID, &open, &accepted
	return encode(w, doc)
}

// newFedRAMP sorts cases into those that are accepted and the others. Licences are none of FedRAMP's vulnerabilities; weaknesses of code,
// misconfigurations and secrets are.
func newFedRAMP(r *engine.Result, o Options) (doc fedRAMPReport, open []fedRAMPDetail, accepted []fedRAMPAccepted) {
	doc = fedRAMPReport{Package: cmp.Or(o.Issuer.Package, fedRAMPNoPackage), At: r.Now.UTC()}
	open, accepted = []fedRAMPDetail{}, []fedRAMPAccepted{}
	for i := range r.Cases {
		c := &r.Cases[i]
		if c.Input.Finding.Kind == engine.KindLicense {
			continue
		}
		s := standingOf(c)
		v := fedRAMPDetailOf(r, c, &s)
		because := ""
		switch age := c.Input.Context.History; {
		case v.Final != "":
		case s.accepted:
			because = s.action
		case age != nil && age.AgeDays > acceptedAfter:
			because = fmt.Sprintf("It was evaluated %d days ago and is still there; after %d days it counts as accepted (VER-TFR-MAV).", age.AgeDays, acceptedAfter)
		}
		doc.count(&v, because != "")
		if because != "" {
			accepted = append(accepted, fedRAMPAccepted{v, because})
		} else {
			open = append(open, v)
		}
	}
	doc.sort()
	return doc, open, accepted
}

func fedRAMPDetailOf(r *engine.Result, c *engine.Case, s *standing) fedRAMPDetail {
	d := &c.Decision
	e := estimateOf(d)
	v := fedRAMPDetail{
		ID: clean(c.Input.Finding.ID) + "/" + first(clean(c.Input.Asset.ID), "unnamed"), Description: caseWords(c), Evaluated: r.Now.UTC(),
		Detection: detectionOf(r, c), Impact: e.words(c), Rating: e.rating(), Reachable: internetReachable(&c.Input), Exploitable: e.exploitable(),
	}
	if c.Input.Context.History != nil {
		v.Evaluated = v.Detection.At // every run evaluates what it finds, also the one that found it first
	}
	if !d.Due.IsZero() {
		v.Overdue = &fedRAMPOverdue{Is: d.Overdue}
		if d.Overdue {
			v.Overdue.Because = SentenceCase(due(d, time.Time{})) + prefixed(" by ", dueRule(d)) + ", and reports still have it. " + first(s.action, todoWords(c))
		}
	}
	more := append([]string{"priority: " + string(d.Priority)}, s.notes...)
	if todo := todoWords(c); todo != "" {
		more = append(more, "next: "+todo)
	}
	if !d.Due.IsZero() && !d.Overdue {
		more = append(more, due(d, time.Time{}))
	}
	if len(d.Obligations) > 0 {
		more = append(more, "obliged: "+listed(d.Obligations))
	}
	if len(d.Assumed) > 0 {
		more = append(more, "assumed: "+listed(d.Assumed))
	}
	v.More = strings.Join(more, "; ")
	switch s.status {
	case vexFixed:
		v.Final = "Fully Mitigated"
	case vexNotAffected:
		v.Final = "False Positive"
	}
	return v
}

// detectionOf is when and by what it was first found: by the history of runs, else by the oldest report of this one.
func detectionOf(r *engine.Result, c *engine.Case) fedRAMPDetection {
	d := fedRAMPDetection{At: r.Now.UTC()}
	var tools []string
	for _, s := range c.Input.Finding.Sources {
		tools = append(tools, strings.TrimSpace(s.Tool+" "+s.Version))
		for i := range r.Reports {
			if at := r.Reports[i].Time.UTC(); r.Reports[i].Digest == s.Report && !at.IsZero() && at.Before(d.At) {
				d.At = at
			}
		}
	}
	if h := c.Input.Context.History; h != nil && h.AgeDays > 0 {
		d.At = r.Now.UTC().AddDate(0, 0, -h.AgeDays).Truncate(24 * time.Hour)
	}
	d.Source = first(listed(tools), "not known")
	return d
}

// dueRule is the rule that sets the date.
func dueRule(d *engine.Decision) string {
	for i := range d.Reasons {
		if r := &d.Reasons[i]; r.Kind == "due" && r.InForce() && r.Date.Equal(d.Due) {
			return clean(r.Rule)
		}
	}
	return ""
}

// internetReachable says whether a payload from the internet can come to it, by the facts that the pack fedramp goes by; nil: not known.
func internetReachable(in *engine.Input) *bool {
	switch p := in.Context.Paths; {
	case in.Asset.Exposure == "internet", p != nil && p.FromInternet:
		return new(true)
	case in.Asset.Exposure != "":
		return new(false)
	}
	return nil
}

// An estimate is what the pack fedramp says of a case: the ratings of the potential agency impact and the likelihoods that are possible by
// what is known. Empty: the pack is off, or has nothing to say.
type estimate struct{ impacts, likelihoods []string }

// timeframeRule is the rule of the pack fedramp that names impact and likelihood, and timeframeSaid its message.
const timeframeRule = "fedramp.timeframe"

var timeframeSaid = regexp.MustCompile(`^FedRAMP VDR: class [a-d], (n[1-5](?: or n[1-5])*), ((?:nlev|lev_nirv|lev_irv)(?: or (?:nlev|lev_nirv|lev_irv))*) → `)

func estimateOf(d *engine.Decision) estimate {
	for i := range d.Reasons {
		r := &d.Reasons[i]
		if m := timeframeSaid.FindStringSubmatch(r.Message); r.Rule == timeframeRule && m != nil {
			return estimate{strings.Split(m[1], " or "), strings.Split(m[2], " or ")}
		}
	}
	return estimate{}
}

// rating is the one rating that is possible; 0: there are several, or none is known.
func (e estimate) rating() int {
	if len(e.impacts) != 1 {
		return 0
	}
	return int(e.impacts[0][1] - '0')
}

// exploitable says whether it is likely exploitable; nil: not known.
func (e estimate) exploitable() *bool {
	switch {
	case len(e.likelihoods) == 0 || len(e.likelihoods) > 1 && slices.Contains(e.likelihoods, "nlev"):
		return nil
	}
	return new(e.likelihoods[0] != "nlev")
}

// words say how the rating came about. It is an estimate unless the provider has judged.
func (e estimate) words(c *engine.Case) string {
	if len(e.impacts) == 0 {
		return ""
	}
	said := strings.ToUpper(strings.Join(e.impacts, " or "))
	if tag := c.Input.Asset.Tags["fedramp_impact"]; len(e.impacts) == 1 && tag == e.impacts[0] {
		return said + ", as the provider states for this asset."
	}
	return said + ", estimated by Headgate: criticality " + first(clean(c.Input.Asset.Criticality), "not known") + ", severity " +
		first(clean(string(c.Input.Finding.Severity)), "not known") + ". It is not the provider's judgement."
}

func (doc *fedRAMPReport) count(v *fedRAMPDetail, accepted bool) {
	if v.Final != "" {
		return
	}
	same := func(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }
	at := slices.IndexFunc(doc.Summary, func(n fedRAMPCount) bool {
		return n.Rating == v.Rating && same(n.Reachable, v.Reachable) && same(n.Exploitable, v.Exploitable)
	})
	if at < 0 {
		at = len(doc.Summary)
		doc.Summary = append(doc.Summary, fedRAMPCount{Rating: v.Rating, Reachable: v.Reachable, Exploitable: v.Exploitable})
	}
	n := &doc.Summary[at]
	n.Count++
	if v.Overdue != nil && v.Overdue.Is {
		n.Overdue++
	}
	if accepted {
		n.Accepted++
	}
}

// sort puts what is worst first, and what is not known before what is harmless.
func (doc *fedRAMPReport) sort() {
	if doc.Summary == nil {
		doc.Summary = []fedRAMPCount{}
	}
	rank := func(b *bool) int {
		switch {
		case b == nil:
			return 1
		case *b:
			return 2
		}
		return 0
	}
	slices.SortFunc(doc.Summary, func(a, b fedRAMPCount) int {
		return cmp.Or(cmp.Compare(cmp.Or(b.Rating, 6), cmp.Or(a.Rating, 6)), cmp.Compare(rank(b.Exploitable), rank(a.Exploitable)), cmp.Compare(rank(b.Reachable), rank(a.Reachable)))
	})
}
