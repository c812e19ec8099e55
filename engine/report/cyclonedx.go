package report

import (
	"bytes"
	"cmp"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// The parts of CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/) that are written.
type (
	cdxDocument struct {
		Schema          string             `json:"$schema"`
		Format          string             `json:"bomFormat"`
		SpecVersion     string             `json:"specVersion"`
		Serial          string             `json:"serialNumber"`
		Version         int                `json:"version"`
		Metadata        cdxMetadata        `json:"metadata"`
		Components      []*cdxComponent    `json:"components"`
		Vulnerabilities []cdxVulnerability `json:"vulnerabilities"`
	}
	cdxMetadata struct {
		Timestamp  time.Time     `json:"timestamp"`
		Tools      cdxTools      `json:"tools"`
		Authors    []cdxNamed    `json:"authors"`
		Component  *cdxComponent `json:"component,omitempty"`
		Properties []cdxProperty `json:"properties,omitempty"`
	}
	cdxTools struct {
		Components []cdxComponent `json:"components"`
	}
	cdxNamed struct {
		Name string `json:"name,omitempty"`
	}
	cdxComponent struct {
		Type       string          `json:"type"`
		Ref        string          `json:"bom-ref,omitempty"`
		Name       string          `json:"name"`
		Version    string          `json:"version,omitempty"`
		PURL       string          `json:"purl,omitempty"`
		Components []*cdxComponent `json:"components,omitempty"`
	}
	cdxVulnerability struct {
		Ref            string         `json:"bom-ref"`
		ID             string         `json:"id"`
		Source         *cdxNamed      `json:"source,omitempty"`
		References     []cdxReference `json:"references,omitempty"`
		Ratings        []cdxRating    `json:"ratings,omitempty"`
		CWEs           []int          `json:"cwes,omitempty"`
		Description    string         `json:"description,omitempty"`
		Recommendation string         `json:"recommendation,omitempty"`
		Analysis       cdxAnalysis    `json:"analysis"`
		Affects        []cdxAffected  `json:"affects"`
		Properties     []cdxProperty  `json:"properties,omitempty"`
	}
	cdxReference struct {
		ID     string   `json:"id"`
		Source cdxNamed `json:"source"`
	}
	cdxRating struct {
		Source        *cdxNamed `json:"source,omitempty"`
		Score         *float64  `json:"score,omitempty"`
		Severity      string    `json:"severity,omitempty"`
		Method        string    `json:"method,omitempty"`
		Vector        string    `json:"vector,omitempty"`
		Justification string    `json:"justification,omitempty"`
	}
	cdxAnalysis struct {
		State         string    `json:"state"`
		Justification string    `json:"justification,omitempty"`
		Response      []string  `json:"response,omitempty"`
		Detail        string    `json:"detail,omitempty"`
		LastUpdated   time.Time `json:"lastUpdated,omitzero"`
	}
	cdxAffected struct {
		Ref string `json:"ref"`
	}
	cdxProperty struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// cdxStates are CycloneDX's words for the statuses of VEX. It has none for a risk that is accepted: that is exploitable, and will not be
// fixed.
var cdxStates = map[string]string{
	vexNotAffected: "not_affected", vexAffected: "exploitable", vexFixed: "resolved", vexInvestigated: "in_triage",
}

// cdxTypes are CycloneDX's words for the types of assets; what it has no word for is an application.
var cdxTypes = map[string]string{"image": "container", "library": "library", "host": "device", "datastore": "data"}

// cdxMethods are its words for the versions of CVSS.
var cdxMethods = map[string]string{"2.0": "CVSSv2", "3.0": "CVSSv3", "3.1": "CVSSv31", "4.0": "CVSSv4"}

// writeCycloneDX writes a VEX document with the components that it speaks of, each inside its asset, and one vulnerability for each case of a
// published weakness, so that what is said of one asset is not said of another one with the same component. Where there is one asset alone
// it is the subject of the document, and what is said holds for it in other documents too. The priority is a rating of Headgate's own,
// without a severity: readers would take that for the weakness's.
func writeCycloneDX(w io.Writer, r *engine.Result, o Options) error {
	doc := cdxDocument{
		Schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", Format: "CycloneDX", SpecVersion: "1.6", Version: 1,
		Metadata: cdxMetadata{
			Timestamp: r.Now.UTC(), Authors: []cdxNamed{{clean(o.Issuer.author(r))}},
			Tools:      cdxTools{[]cdxComponent{{Type: "application", Name: "Headgate", Version: clean(r.Engine.Headgate)}}},
			Properties: properties("policy", r.Policy.Digest, "outcome", string(r.Outcome)),
		},
		Components: []*cdxComponent{}, Vulnerabilities: []cdxVulnerability{},
	}
	parts := cdxParts{assets: map[string]*cdxComponent{}, known: map[string]bool{}}
	for i := range r.Cases {
		if c := &r.Cases[i]; c.Input.Finding.Vulnerability != nil {
			doc.Vulnerabilities = append(doc.Vulnerabilities, cdxCase(c, parts.of(c), r.Now))
		}
	}
	if doc.Components = parts.order; len(parts.order) == 1 {
		only := parts.order[0]
		doc.Metadata.Component, doc.Components, only.Components = only, only.Components, nil
	}
	if doc.Components == nil {
		doc.Components = []*cdxComponent{}
	}
	var said bytes.Buffer
	if err := json.MarshalWrite(&said, doc, writing); err != nil {
		return err
	}
	doc.Serial = "urn:uuid:" + uuidOf("cyclonedx", said.String())
	return encode(w, doc)
}

// cdxParts are the components of a document, by asset.
type cdxParts struct {
	order  []*cdxComponent
	assets map[string]*cdxComponent
	known  map[string]bool // references
}

// of notes the asset of a case and what the weakness is in, and gives their references: of the components, or of the asset if there are
// none.
func (p *cdxParts) of(c *engine.Case) (refs []string) {
	a := &c.Input.Asset
	asset := p.assets[a.ID]
	if asset == nil {
		asset = &cdxComponent{
			Type: cmp.Or(cdxTypes[a.Type], "application"), Ref: "asset:" + fingerprint(a.ID)[:16], Name: clean(first(a.ID, "unnamed")), PURL: productURL(a),
		}
		p.assets[a.ID] = asset
		p.order = append(p.order, asset)
	}
	pkg := c.Input.Finding.Package
	for _, u := range componentURLs(pkg) {
		ref := asset.Ref + "/" + u
		refs = append(refs, ref)
		if p.known[ref] {
			continue
		}
		p.known[ref] = true
		asset.Components = append(asset.Components, &cdxComponent{Type: "library", Ref: ref, Name: first(clean(pkg.Name), "unnamed"), Version: urlVersion(u), PURL: u})
	}
	if len(refs) == 0 {
		refs = []string{asset.Ref}
	}
	return refs
}

func cdxCase(c *engine.Case, refs []string, now time.Time) cdxVulnerability {
	f, d := &c.Input.Finding, &c.Decision
	s := standingOf(c)
	v := cdxVulnerability{
		Ref: caseIRI(c), ID: clean(first(f.Vulnerability.ID, "unnamed")), Description: sentence(f.Title), CWEs: f.CWEs, Ratings: cdxRatings(c),
		Analysis: cdxAnalysis{State: cdxStates[s.status], LastUpdated: s.since.UTC()},
		Properties: properties("finding", f.ID, "asset", c.Input.Asset.ID, "priority", string(d.Priority), "action", string(d.Action),
			"controls", strings.Join(controlsOf(d), "; ")),
	}
	if s.since.IsZero() {
		v.Analysis.LastUpdated = now.UTC()
	}
	if !d.Due.IsZero() {
		v.Properties = append(v.Properties, properties("due", d.Due.UTC().Format(time.RFC3339))...)
	}
	for _, name := range distinct(f.Vulnerability.Aliases) {
		scheme, _, _ := strings.Cut(name, "-")
		v.References = append(v.References, cdxReference{name, cdxNamed{scheme}})
	}
	if p := f.Package; p != nil && len(p.Fixed) > 0 {
		v.Recommendation = todoWords(c)
	}
	a := &v.Analysis
	switch s.status {
	case vexNotAffected:
		a.Detail = s.impact
		a.Justification = s.cdxJustification(c.Input.Context.VEX)
		if x := c.Input.Context.VEX; x != nil && x.Justification == "false_positive" {
			a.State = "false_positive"
		}
	case vexAffected:
		a.Detail = s.action
		switch {
		case s.accepted:
			a.Response = []string{"will_not_fix"}
		case v.Recommendation != "":
			a.Response = []string{"update"}
		}
	default:
		a.Detail = strings.Join(s.notes, "; ")
	}
	for _, ref := range refs {
		v.Affects = append(v.Affects, cdxAffected{ref})
	}
	return v
}

// cdxJustification is CycloneDX's word for why something is not affected: as stated, if it is one of its own.
func (s *standing) cdxJustification(x *engine.VEX) string {
	if x == nil {
		return ""
	}
	if _, ok := cdxJustifications[x.Justification]; ok {
		return x.Justification
	}
	return vexJustifications[s.justification]
}

// cdxRatings are the severity that scanners state, the scores of CVSS and EPSS, and the priority.
func cdxRatings(c *engine.Case) []cdxRating {
	f := &c.Input.Finding
	var all []cdxRating
	if f.Severity.Rank() > 0 {
		all = append(all, cdxRating{Severity: string(f.Severity)})
	}
	for _, s := range f.CVSS {
		rating := cdxRating{Method: cmp.Or(cdxMethods[s.Version], "other"), Vector: clean(s.Vector), Score: new(s.Score)}
		if by := clean(s.Source); by != "" {
			rating.Source = &cdxNamed{by}
		}
		all = append(all, rating)
	}
	if in := c.Input.Context.Intel; in != nil && in.EPSS != nil {
		all = append(all, cdxRating{Source: &cdxNamed{strings.TrimSpace("EPSS " + clean(in.EPSS.Model))}, Method: "other", Score: new(in.EPSS.Probability)})
	}
	return append(all, cdxRating{
		Source: &cdxNamed{"Headgate"}, Method: "other", Vector: "priority:" + string(c.Decision.Priority),
		Justification: clean(strings.Join(why(&c.Decision), "; ")),
	})
}

// properties are names of Headgate's own with values; those without a value are left out.
func properties(pairs ...string) []cdxProperty {
	var all []cdxProperty
	for i := 0; i+1 < len(pairs); i += 2 {
		if v := clean(pairs[i+1]); v != "" {
			all = append(all, cdxProperty{"headgate:" + pairs[i], v})
		}
	}
	return all
}
