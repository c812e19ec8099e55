package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectASFF wants the identifiers that every finding of AWS Security Hub has.
func detectASFF(s shape) bool {
	for _, in := range []string{"[].", "Findings[].", ""} {
		if s.has(in+"AwsAccountId") && s.hasAny(in+"ProductArn", in+"GeneratorId") || s.has(in+"ProductArn", in+"GeneratorId") {
			return true
		}
	}
	return false
}

// readASFF reads findings in the AWS Security Finding Format: a list, what `aws securityhub get-findings` writes, or one alone. What is
// resolved, archived or a passed check is listed and no finding.
func readASFF(s *stream, b *batch) error {
	b.report.Tool = "AWS Security Hub"
	add := func(f asffFinding) error {
		if f.ID == "" {
			return s.wrong("a finding without an Id")
		}
		b.asff(&f)
		return nil
	}
	if s.peek() == '[' {
		return each(s, &b.report.Results, add)
	}
	var page asffPage
	if err := s.decode(&page); err != nil {
		return err
	}
	if page.NextToken != "" {
		b.incomplete("it is one page of several: NextToken leads to the next")
	}
	if page.ID != "" {
		page.Findings = append(page.Findings, page.asffFinding)
	}
	for _, f := range page.Findings {
		b.report.Results++
		if err := add(f); err != nil {
			return err
		}
	}
	return nil
}

// An asffPage is an answer of Security Hub, or one finding alone.
type asffPage struct {
	asffFinding
	Findings  list[asffFinding] `json:"Findings"`
	NextToken text              `json:"NextToken"`
}

type asffFinding struct {
	ID          word  `json:"Id"`
	Product     word  `json:"ProductName"`
	ProductARN  word  `json:"ProductArn"`
	Generator   word  `json:"GeneratorId"`
	Types       words `json:"Types"`
	Title       text  `json:"Title"`
	RecordState text  `json:"RecordState"`
	Severity    loose[struct {
		Label      text   `json:"Label"`
		Normalized number `json:"Normalized"`
	}] `json:"Severity"`
	Workflow loose[struct {
		Status text `json:"Status"`
	}] `json:"Workflow"`
	Compliance loose[struct {
		Status text `json:"Status"`
	}] `json:"Compliance"`
	Note loose[struct {
		Text text `json:"Text"`
	}] `json:"Note"`
	Fields          loose[map[string]text]  `json:"ProductFields"`
	Resources       list[asffResource]      `json:"Resources"`
	Vulnerabilities list[asffVulnerability] `json:"Vulnerabilities"`
}

type asffResource struct {
	Type    word `json:"Type"`
	ID      word `json:"Id"`
	Details loose[struct {
		Image loose[struct {
			Tags words `json:"ImageTags"`
		}] `json:"AwsEcrContainerImage"`
	}] `json:"Details"`
}

type asffVulnerability struct {
	ID       word              `json:"Id"`
	Packages list[asffPackage] `json:"VulnerablePackages"`
	CVSS     list[struct {
		Version text   `json:"Version"`
		Score   number `json:"BaseScore"`
		Vector  text   `json:"BaseVector"`
		Source  word   `json:"Source"`
	}] `json:"Cvss"`
	Vendor loose[struct {
		Severity text `json:"VendorSeverity"`
	}] `json:"Vendor"`
}

type asffPackage struct {
	Name    word `json:"Name"`
	Version word `json:"Version"`
	Epoch   word `json:"Epoch"`
	Release word `json:"Release"`
	Manager word `json:"PackageManager"`
	Path    word `json:"FilePath"`
	Fixed   word `json:"FixedInVersion"`
}

// asff adds what a finding amounts to: one finding for each vulnerable package, or the check that failed, for each resource.
func (b *batch) asff(f *asffFinding) {
	if f.RecordState == "ARCHIVED" || f.Workflow.is.Status == "RESOLVED" || slices.Contains([]text{"PASSED", "NOT_AVAILABLE"}, f.Compliance.is.Status) {
		return
	}
	resources := f.Resources
	if len(resources) == 0 {
		resources = list[asffResource]{{}}
	}
	if len(f.Vulnerabilities) == 0 {
		resources = resources[:1] // the others take part in what was seen
	}
	for _, r := range resources {
		target, image := b.resourceTarget(string(r.Type), string(r.ID), "", r.Details.is.Image.is.Tags...)
		for _, found := range f.findings(r) {
			for i := range found.Locations {
				found.Locations[i].Image = image
				found.Locations[i].Path = strings.TrimPrefix(b.path(found.Locations[i].Path), "/")
			}
			if len(found.Locations) == 0 && image != "" {
				found.Locations = []engine.Location{{Image: image}}
			}
			b.add(engine.Discovery{Target: target, Finding: found})
		}
	}
}

func (f *asffFinding) findings(r asffResource) []engine.Finding {
	severity := f.Severity.is
	base := engine.Finding{
		Kind:     f.kind(),
		Title:    clip(string(f.Title)),
		Severity: severityOf(string(severity.Label)),
		Sources:  []engine.Source{{Tool: f.tool()}},
	}
	if base.Severity == "" && severity.Normalized.set {
		base.Severity = severityOfScore(severity.Normalized.value / 10)
	}
	if f.Workflow.is.Status == "SUPPRESSED" {
		base.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: clip(string(f.Note.is.Text))}
	}
	if len(f.Vulnerabilities) == 0 {
		base.Rule = &engine.Rule{ID: string(f.Generator), Tool: f.tool()}
		base.Resource = &engine.Resource{Type: string(r.Type), Name: string(r.ID)}
		return []engine.Finding{base}
	}
	var all []engine.Finding
	for _, v := range f.Vulnerabilities {
		one := base
		one.Kind = engine.KindVulnerability
		one.Vulnerability = vulnerabilityOf(cmp.Or(string(v.ID), string(f.ID)))
		for _, c := range v.CVSS {
			cvss, ok := cvssOfVersion(string(c.Version), string(c.Vector), c.Score.value, strings.ToLower(string(c.Source)))
			one.CVSS = addCVSS(one.CVSS, cvss, ok)
		}
		if one.Severity == "" {
			one.Severity = severityOf(string(v.Vendor.is.Severity))
		}
		if len(v.Packages) == 0 {
			all = append(all, one)
		}
		for _, p := range v.Packages {
			in := one
			in.Package = packageNamed(awsEcosystem(string(p.Manager), f.platform()), string(p.Name),
				distributionVersion(string(p.Epoch), string(p.Version), string(p.Release)))
			if in.Package != nil && p.Fixed != "NotAvailable" {
				setFixed(in.Package, strings.TrimPrefix(string(p.Fixed), "0:"))
			}
			if p.Path != "" {
				in.Locations = []engine.Location{{Path: string(p.Path)}}
			}
			all = append(all, in)
		}
	}
	return all
}

// kind is by the taxonomy of types, "namespace/category/classifier". Unusual behaviour and tactics are no settings.
func (f *asffFinding) kind() engine.Kind {
	for _, t := range f.Types {
		switch {
		case strings.HasPrefix(t, "Software and Configuration Checks/Vulnerabilities/CVE"):
			return engine.KindWeakness // of which no vulnerability is listed: the title names it
		case strings.HasPrefix(t, "Software and Configuration Checks"):
			return engine.KindMisconfiguration
		}
	}
	if f.Compliance.is.Status != "" {
		return engine.KindMisconfiguration
	}
	return engine.KindWeakness
}

// tool is what found it; Security Hub collects what others find.
func (f *asffFinding) tool() string {
	_, product, _ := strings.Cut(string(f.ProductARN), "product/")
	return cmp.Or(string(f.Product), string(f.Fields.is["aws/securityhub/ProductName"]), product, "AWS Security Hub")
}

// platform is the operating system of an instance or image, where Inspector says so.
func (f *asffFinding) platform() string {
	for name, value := range f.Fields.is {
		if strings.HasPrefix(name, "aws/inspector/") && strings.HasSuffix(name, "/platform") {
			return string(value)
		}
	}
	return ""
}
