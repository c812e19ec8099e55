package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// operatorGroup is the group of the operator's resources.
const operatorGroup = "aquasecurity.github.io"

// detectTrivyOperator knows a resource of Trivy's operator, a list of them, Kubernetes' own lists, and what is collected under the names
// of the kinds.
func detectTrivyOperator(s shape) bool {
	for path, text := range s {
		switch path {
		case "apiVersion", "[].apiVersion", "items[].apiVersion":
			if strings.HasPrefix(text, operatorGroup+"/") {
				return true
			}
		case "kind", "[].kind", "items[].kind":
			if slices.Contains(operatorKinds, strings.TrimSuffix(text, "List")) {
				return true
			}
		default:
			if strings.HasSuffix(path, "reports."+operatorGroup) && text == "[" {
				return true
			}
		}
	}
	return false
}

// operatorKinds are the kinds that have findings; of the others, as SbomReport, nothing is read.
var operatorKinds = []string{
	"VulnerabilityReport", "ClusterVulnerabilityReport", "ExposedSecretReport", "ConfigAuditReport", "ClusterConfigAuditReport",
	"RbacAssessmentReport", "ClusterRbacAssessmentReport", "InfraAssessmentReport", "ClusterInfraAssessmentReport", "ClusterComplianceReport",
}

// readTrivyOperator reads the resources of Trivy's operator, one after the other.
func readTrivyOperator(s *stream, b *batch) error {
	o := operator{s: s, b: b}
	b.report.Tool = "trivy-operator"
	return s.series(o.resource)
}

// An operator is a report being read.
type operator struct {
	s *stream
	b *batch
}

// resource reads one resource, or an object that has many: its parts may stand in any order.
func (o *operator) resource() error {
	var r operatorResource
	s := o.s
	err := s.object(func(key string) error {
		switch key {
		case "kind":
			return s.nameInto(&r.kind)
		case "metadata":
			return s.decode(&r.metadata)
		case "report":
			return s.decode(&r.report)
		case "status":
			return s.decode(&r.status)
		case "items":
			return s.array(o.resource)
		}
		if strings.HasSuffix(key, "reports."+operatorGroup) {
			return s.array(o.resource)
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	return o.take(&r)
}

// An operatorResource is a report on one object of a cluster.
type operatorResource struct {
	kind     string
	metadata loose[struct {
		Name      word                `json:"name"`
		Namespace word                `json:"namespace"`
		Labels    operatorLabels      `json:"labels"`
		Owners    list[operatorOwner] `json:"ownerReferences"`
	}]
	report loose[operatorReport]
	status loose[operatorStatus]
}

type operatorLabels struct {
	Kind      word `json:"trivy-operator.resource.kind"`
	Name      word `json:"trivy-operator.resource.name"`
	Namespace word `json:"trivy-operator.resource.namespace"`
}

// UnmarshalJSONFrom reads an object and passes over anything else.
func (l *operatorLabels) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type plainLabels operatorLabels
	var v loose[plainLabels]
	err := v.UnmarshalJSONFrom(dec)
	*l = operatorLabels(v.is)
	return err
}

type operatorOwner struct {
	Kind word `json:"kind"`
	Name word `json:"name"`
}

type operatorReport struct {
	Artifact loose[struct {
		Repository word `json:"repository"`
		Tag        word `json:"tag"`
		Digest     word `json:"digest"`
	}] `json:"artifact"`
	Registry loose[struct {
		Server word `json:"server"`
	}] `json:"registry"`
	OS loose[struct {
		Family word `json:"family"`
	}] `json:"os"`
	Scanner loose[struct {
		Version word `json:"version"`
	}] `json:"scanner"`
	Updated         text                        `json:"updateTimestamp"`
	Vulnerabilities list[operatorVulnerability] `json:"vulnerabilities"`
	Checks          list[operatorCheck]         `json:"checks"`
	Secrets         list[operatorSecret]        `json:"secrets"`
}

type operatorVulnerability struct {
	ID        word   `json:"vulnerabilityID"`
	Name      word   `json:"resource"`
	Installed word   `json:"installedVersion"`
	Fixed     word   `json:"fixedVersion"`
	Severity  text   `json:"severity"`
	Title     text   `json:"title"`
	Target    word   `json:"target"`
	Type      word   `json:"packageType"`
	PURL      word   `json:"packagePURL"`
	Path      word   `json:"packagePath"`
	CVSS      scores `json:"cvss"`
}

// scores are assessments by their source, in Trivy's form.
type scores []engine.CVSS

// UnmarshalJSONFrom reads an object and passes over anything else.
func (v *scores) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*v = nil
	var sources loose[map[string]loose[struct {
		V2Vector  text
		V3Vector  text
		V40Vector text
		V2Score   number
		V3Score   number
		V40Score  number
	}]]
	if err := json.UnmarshalDecode(dec, &sources); err != nil {
		return err
	}
	for source, is := range sources.is {
		for _, c := range []struct {
			version string
			vector  text
			score   number
		}{{"4.0", is.is.V40Vector, is.is.V40Score}, {"3.1", is.is.V3Vector, is.is.V3Score}, {"2.0", is.is.V2Vector, is.is.V2Score}} {
			found, ok := cvssOfVersion(c.version, string(c.vector), c.score.value, plain(source))
			*v = addCVSS(*v, found, ok)
		}
	}
	slices.SortFunc(*v, func(a, b engine.CVSS) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Version, b.Version), strings.Compare(a.Vector, b.Vector))
	})
	return nil
}

type operatorCheck struct {
	ID       word     `json:"checkID"`
	Title    text     `json:"title"`
	Severity text     `json:"severity"`
	Success  *boolean `json:"success"`
	Messages texts    `json:"messages"`
	Target   word     `json:"target"`
}

type operatorSecret struct {
	Target   word `json:"target"`
	Rule     word `json:"ruleID"`
	Title    text `json:"title"`
	Severity text `json:"severity"`
	Match    text `json:"match"` // masked, but not in all versions: it leaves this package as a digest only
}

// An operatorStatus is what a compliance report has found: counts for each control, or the checks of each.
type operatorStatus struct {
	Summary loose[struct {
		Controls list[operatorControl] `json:"controlCheck"`
	}] `json:"summaryReport"`
	Detail loose[struct {
		Results list[operatorControl] `json:"results"`
	}] `json:"detailReport"`
	Updated text `json:"updateTimestamp"`
}

type operatorControl struct {
	ID       word                `json:"id"`
	Name     text                `json:"name"`
	Severity text                `json:"severity"`
	Failed   number              `json:"totalFail"`
	Checks   list[operatorCheck] `json:"checks"`
}

// take adds the findings of a resource.
func (o *operator) take(r *operatorResource) error {
	report, status := &r.report.is, &r.status.is
	o.b.report.Version = cmp.Or(o.b.report.Version, string(report.Scanner.is.Version))
	if at := timeOf(string(cmp.Or(report.Updated, status.Updated))); o.b.report.Time.IsZero() || !at.IsZero() && at.Before(o.b.report.Time) {
		o.b.report.Time = at // of several reports the oldest says how old they are
	}
	image := report.image()
	for _, v := range report.Vulnerabilities {
		if v.ID == "" {
			return o.s.wrong("a vulnerability without vulnerabilityID before here")
		}
		o.add(o.vulnerability(report, v, image))
	}
	for _, x := range report.Secrets {
		o.add(o.secret(x, image))
	}
	for _, c := range report.Checks {
		o.b.report.Results++
		if c.ID == "" {
			return o.s.wrong("a check without checkID before here")
		}
		if c.Success == nil || !bool(*c.Success) {
			o.b.add(o.misconfiguration(c, r.object()))
		}
	}
	o.compliance(r, status)
	return nil
}

func (o *operator) add(d engine.Discovery) {
	o.b.report.Results++
	o.b.add(d)
}

// image is the full name of the image that was scanned, or empty.
func (r *operatorReport) image() string {
	a := r.Artifact.is
	if a.Repository == "" {
		return ""
	}
	name := string(a.Repository)
	if server := string(r.Registry.is.Server); server != "" {
		name = server + "/" + name
	}
	switch {
	case a.Digest != "":
		name += "@" + string(a.Digest)
	case a.Tag != "":
		name += ":" + string(a.Tag)
	}
	return name
}

// inImage is a place in an image; without one, of a node of the cluster.
func inImage(d *engine.Discovery, image, path string) {
	d.Target = engine.Target{Type: engine.TargetHost}
	if image != "" {
		d.Target = ImageTarget(image)
	}
	if image != "" || path != "" {
		d.Finding.Locations = []engine.Location{{Path: strings.TrimPrefix(path, "/"), Image: image}}
	}
}

func (o *operator) vulnerability(r *operatorReport, v operatorVulnerability, image string) engine.Discovery {
	ecosystem := cmp.Or(string(v.Type), string(r.OS.is.Family))
	d := engine.Discovery{Finding: engine.Finding{
		Kind:          engine.KindVulnerability,
		Title:         clip(string(v.Title)),
		Severity:      severityOf(string(v.Severity)),
		Vulnerability: vulnerabilityOf(string(v.ID)),
		CVSS:          v.CVSS,
		Package:       packageOf(string(v.PURL), ecosystem, string(v.Name), string(v.Installed)),
	}}
	if d.Finding.Package != nil {
		setFixed(d.Finding.Package, string(v.Fixed))
	}
	inImage(&d, image, o.b.path(string(cmp.Or(v.Path, v.Target))))
	return d
}

func (o *operator) secret(x operatorSecret, image string) engine.Discovery {
	match := string(x.Match)
	rule := hidden(string(x.Rule), match)
	d := engine.Discovery{Content: contentOf(match), Finding: engine.Finding{
		Kind:     engine.KindSecret,
		Title:    clip(hidden(string(cmp.Or(x.Title, text(x.Rule))), match)),
		Severity: severityOf(string(x.Severity)),
		Secret:   &engine.Secret{Type: rule},
	}}
	if rule != "" {
		d.Finding.Rule = &engine.Rule{ID: rule, Tool: "trivy"}
	}
	inImage(&d, image, o.b.path(hidden(string(x.Target), match)))
	return d
}

// object is what a report is on: its labels say so, or its owner, or its own name.
func (r *operatorResource) object() *engine.Resource {
	m := r.metadata.is
	kind, name := string(m.Labels.Kind), string(m.Labels.Name)
	if name == "" && len(m.Owners) > 0 {
		kind, name = string(m.Owners[0].Kind), string(m.Owners[0].Name)
	}
	name = cmp.Or(name, string(m.Name))
	if name == "" {
		return nil
	}
	return &engine.Resource{Type: kind, Name: strings.Trim(cmp.Or(string(m.Labels.Namespace), string(m.Namespace))+"/"+name, "/")}
}

func (o *operator) misconfiguration(c operatorCheck, of *engine.Resource) engine.Discovery {
	f := engine.Finding{
		Kind:     engine.KindMisconfiguration,
		Title:    clip(string(c.Title)),
		Severity: severityOf(string(c.Severity)),
		Rule:     &engine.Rule{ID: string(c.ID), Tool: "trivy"},
		Resource: of,
	}
	if f.Title == "" {
		f.Title = clip(strings.Join(c.Messages, "; "))
	}
	return engine.Discovery{Target: engine.Target{Type: engine.TargetHost}, Finding: f, Content: contentOf(string(c.Target))}
}

// compliance adds the controls that fail. The checks that fail them are findings only where the report has them, one by one.
func (o *operator) compliance(r *operatorResource, status *operatorStatus) {
	of := &engine.Resource{Type: "ClusterComplianceReport", Name: string(r.metadata.is.Name)}
	for _, c := range status.Summary.is.Controls {
		o.b.report.Results++
		if c.Failed.value > 0 {
			o.b.add(o.misconfiguration(operatorCheck{ID: c.ID, Title: c.Name, Severity: c.Severity}, of))
		}
	}
	for _, c := range status.Detail.is.Results {
		for _, check := range c.Checks {
			o.b.report.Results++
			if check.Success == nil || bool(*check.Success) {
				continue // it was not decided, or passed
			}
			check.Severity, check.Title = cmp.Or(check.Severity, c.Severity), cmp.Or(check.Title, c.Name)
			if check.ID == "" {
				check.ID = c.ID
			}
			o.b.add(o.misconfiguration(check, of))
		}
	}
}
