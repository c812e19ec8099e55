package ingest

import (
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

func (t *trivy) vulnerability(r *trivyResult, v *trivyVulnerability) engine.Discovery {
	slices.SortStableFunc(v.cvss, func(a, b engine.CVSS) int { return strings.Compare(a.Source, b.Source) })
	f := engine.Finding{
		Kind:          engine.KindVulnerability,
		Title:         v.title,
		Severity:      severityOf(v.severity),
		Vulnerability: t.names(v),
		CWEs:          cwesIn(v.cwes...),
		CVSS:          v.cvss,
		Package:       t.component(r.kind, v),
	}
	if v.status == "not_affected" {
		by := v.database
		if by == "" {
			by = "the vulnerability database"
		}
		f.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: "not affected, says " + by}
	}
	listed := r.packageOf(v)
	if f.Package != nil {
		setFixed(f.Package, v.fixed) // the status "fixed" only says that there is a fix: what was found lacks it
		listed.describe(f.Package)
	}
	f.Locations = r.places(v.path, listed)
	return engine.Discovery{Finding: f}
}

// component is the package that a vulnerability is in. Most packages have several, so each is made once.
func (t *trivy) component(kind string, v *trivyVulnerability) *engine.Package {
	key := trivyComponent{kind, v.purl, v.name, v.installed}
	p, known := t.components[key]
	if !known {
		p = packageOf(v.purl, kind, v.name, v.installed)
		t.components[key] = p
	}
	if p == nil {
		return nil
	}
	return ptr(*p)
}

// names are the vulnerability's: of the vendor's ids only GHSAs are exact names, the others are advisories.
func (t *trivy) names(v *trivyVulnerability) *engine.Vulnerability {
	names := slices.DeleteFunc(v.vendorIDs, func(n string) bool { return !strings.HasPrefix(n, "GHSA-") })
	for _, n := range names {
		if len(t.covers[n]) < 2 && !slices.Contains(t.covers[n], v.id) { // two are as good as more: see dropShared
			t.covers[n] = append(t.covers[n], v.id)
		}
	}
	return vulnerabilityOf(v.id, names...)
}

// packageOf is the listed package that a vulnerability is in, or nil.
func (r *trivyResult) packageOf(v *trivyVulnerability) *trivyPackage {
	if len(r.packages) == 0 {
		return nil
	}
	for _, key := range []string{v.uid, v.pkgID, v.name + "@" + v.installed} {
		if p := r.packages[key]; p != nil {
			return p
		}
	}
	return nil
}

// describe notes how the target depends on the package, where the list says so.
func (p *trivyPackage) describe(to *engine.Package) {
	if p == nil {
		return
	}
	switch {
	case p.Relationship == "direct":
		to.Direct = ptr(true)
	case p.Relationship == "indirect", p.Relationship == "" && bool(p.Indirect):
		to.Direct = ptr(false)
	}
	if p.Dev {
		to.Scope = "development"
	}
	builtFrom(to, string(p.SrcName))
}

// trivyLabels are targets that are no files: packages that each have their own path.
var trivyLabels = []string{"Conda", "Java", "Kubernetes", "Node.js", "Python", "Ruby", "OS Packages", "Loose File License(s)"}

// trivyOSTarget is how Trivy writes an image and its operating system, e.g. "alpine:3.9 (alpine 3.9.4)".
var trivyOSTarget = regexp.MustCompile(`^(\S+) \([a-z][^()]*\)$`)

// describe finds what a result's target is: an image and its operating system, a file, or a label only.
func (r *trivyResult) describe() {
	m := trivyOSTarget.FindStringSubmatch(r.target)
	switch {
	case m != nil && (r.class == "os-pkgs" || r.class == ""):
		r.image = m[1]
	case r.class != "os-pkgs" && !slices.Contains(trivyLabels, r.target):
		r.file = r.target
	}
}

// places are where a package stands: its own path, or the lines of the lock file.
func (r *trivyResult) places(own string, p *trivyPackage) []engine.Location {
	file := own
	if file == "" {
		file = r.file
	}
	if file == "" {
		return nil
	}
	var all []engine.Location
	if p != nil && own == "" {
		for _, l := range p.Locations {
			all = append(all, lines(file, l.StartLine, l.EndLine))
		}
	}
	if all == nil {
		all = []engine.Location{{Path: file}}
	}
	return all
}

// lines is a place in a file. Lines that make no sense are not known.
func lines(file string, start, end number) engine.Location {
	const most = 1 << 30
	l := engine.Location{Path: file}
	if start.value >= 1 && start.value < most {
		l.Line = int(start.value)
		if end.value >= start.value && end.value < most {
			l.EndLine = int(end.value)
		}
	}
	return l
}

func misconfigurationOfTrivy(a *trivyArtifact, r *trivyResult, m trivyMisconfiguration) engine.Discovery {
	cause := m.CauseMetadata.is
	f := engine.Finding{
		Kind:     engine.KindMisconfiguration,
		Title:    clip(string(m.Title)),
		Severity: severityOf(string(m.Severity)),
	}
	if f.Title == "" {
		f.Title = clip(string(m.Message))
	}
	if id := string(m.AVDID); id != "" {
		f.Rule = &engine.Rule{ID: id, Tool: "trivy"}
	} else if m.ID != "" {
		f.Rule = &engine.Rule{ID: string(m.ID), Tool: "trivy"}
	}
	if a.resource.kind != "" {
		// An object of a cluster is no file, and its text changes with every image that is rolled out; Trivy's message names the
		// container and the setting.
		f.Resource = &engine.Resource{Type: a.resource.kind, Name: strings.Trim(a.resource.namespace+"/"+a.resource.name, "/")}
		return engine.Discovery{Finding: f, Content: contentOf(a.resource.path() + "\n" + string(m.Message))}
	}
	f.Resource = resourceOfTrivy(r.kind, string(cause.Resource))
	if file := r.file; file != "" {
		f.Locations = []engine.Location{lines(file, cause.StartLine, cause.EndLine)}
	}
	return engine.Discovery{Finding: f, Content: contentOf(string(cause.Resource) + "\n" + codeOf(cause.Code.is.Lines))}
}

// codeOf is the text of the lines that are at fault, or of all.
func codeOf(lines []trivyLine) string {
	var causes, all []string
	for _, l := range lines {
		all = append(all, string(l.Content))
		if l.IsCause {
			causes = append(causes, string(l.Content))
		}
	}
	if len(causes) > 0 {
		return strings.Join(causes, "\n")
	}
	return strings.Join(all, "\n")
}

// resourceOfTrivy takes a Terraform address apart, e.g. "module.logs.aws_s3_bucket.this[0]"; elsewhere a resource has a name only.
func resourceOfTrivy(kind, name string) *engine.Resource {
	if name == "" {
		return nil
	}
	if !strings.HasPrefix(kind, "terraform") {
		return &engine.Resource{Name: name}
	}
	address, _, _ := strings.Cut(name, "[")
	parts := strings.Split(address, ".")
	if len(parts) < 2 || parts[len(parts)-2] == "module" {
		return &engine.Resource{Name: name}
	}
	return &engine.Resource{Type: parts[len(parts)-2], Name: name}
}

func secretOfTrivy(r *trivyResult, v trivySecret) engine.Discovery {
	f := engine.Finding{
		Kind:     engine.KindSecret,
		Title:    clip(string(v.Title)),
		Severity: severityOf(string(v.Severity)),
		Secret:   &engine.Secret{Type: string(v.RuleID)},
	}
	if v.RuleID != "" {
		f.Rule = &engine.Rule{ID: string(v.RuleID), Tool: "trivy"}
	}
	if file := r.file; file != "" {
		f.Locations = []engine.Location{lines(file, v.StartLine, v.EndLine)}
	}
	return engine.Discovery{Finding: f, Content: contentOf(string(v.Match))}
}

func licenseOfTrivy(a *trivyArtifact, r *trivyResult, l trivyLicense) engine.Discovery {
	name := clip(string(l.Name))
	f := engine.Finding{
		Kind:     engine.KindLicense,
		Title:    name,
		Severity: severityOf(string(l.Severity)),
		License:  &engine.License{SPDX: name},
	}
	if l.Category != "" {
		f.Title = clip(name + " (" + string(l.Category) + ")")
	}
	ecosystem := r.kind
	switch {
	case r.target == "OS Packages":
		ecosystem = string(a.meta.OS.is.Family)
	case ecosystem == "":
		ecosystem = purlTypes[strings.ToLower(r.target)] // a label such as "Java"
	}
	f.Package = packageNamed(ecosystem, string(l.PkgName), string(l.PkgVersion))
	if l.FilePath != "" {
		f.Locations = []engine.Location{{Path: string(l.FilePath)}}
	} else if file := r.file; file != "" {
		f.Locations = []engine.Location{{Path: file}}
	}
	return engine.Discovery{Finding: f}
}

// suppressionOfTrivy is the word of an ignore file or of a VEX statement. Such files lie beside the code, where the change under review
// can write them. A VEX statement that calls a finding affected is no
// suppression, nil.
func suppressionOfTrivy(m trivyModified) *engine.Suppression {
	s := engine.Suppression{Kind: "in_source", Status: "accepted"}
	switch m.Status {
	case "affected":
		return nil
	case "under_investigation":
		s.Status = "under_review"
	}
	why := string(m.Statement)
	if why == "" {
		why = strings.ReplaceAll(string(m.Status), "_", " ")
	}
	if m.Source != "" {
		why += " (" + string(m.Source) + ")"
	}
	s.Justification = clip(why)
	return &s
}
