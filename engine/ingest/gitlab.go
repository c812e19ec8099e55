package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// gitlabTypes are the types of reports that are read, by the names that they have in a scan and, before version 15, with each finding.
var gitlabTypes = []string{"sast", "dependency_scanning", "secret_detection", "container_scanning", "cluster_image_scanning", "dast"}

// detectGitLab knows GitLab's security reports. The scan may stand behind all findings.
func detectGitLab(s shape) bool {
	if !s.has("version") || s.hasAny("bomFormat", "auditReportVersion", "SchemaVersion", "matches", "runs") {
		return false
	}
	return s.has("scan.type") && s.hasAny("vulnerabilities", "scan.scanner", "scan.analyzer", "scan.status") ||
		s["vulnerabilities"] == "[" && s.hasAny("vulnerabilities[].identifiers[].type", "vulnerabilities[].location.file",
			"vulnerabilities[].location.dependency", "vulnerabilities[].location.image")
}

// A gitlabScan says what was scanned and how it ended.
type gitlabScan struct {
	Type    text `json:"type"`
	Status  text `json:"status"`
	End     text `json:"end_time"`
	Scanner loose[struct {
		ID      word `json:"id"`
		Name    word `json:"name"`
		Version word `json:"version"`
	}] `json:"scanner"`
}

// A gitlabFinding is a finding of any type.
type gitlabFinding struct {
	ID       word `json:"id"`
	Category text `json:"category"`
	Name     text `json:"name"`
	Message  text `json:"message"` // before version 15
	Severity text `json:"severity"`
	Extract  text `json:"raw_source_code_extract"` // of a secret its value

	Location    loose[gitlabLocation]  `json:"location"`
	Identifiers list[gitlabIdentifier] `json:"identifiers"`
	Flags       list[gitlabFlag]       `json:"flags"`
	CVSS        list[gitlabCVSS]       `json:"cvss_vectors"`
	Tracking    loose[gitlabTracking]  `json:"tracking"`
}

type gitlabLocation struct {
	File   word   `json:"file"`
	Start  number `json:"start_line"`
	End    number `json:"end_line"`
	Image  word   `json:"image"`
	OS     word   `json:"operating_system"`
	Host   word   `json:"hostname"` // DAST, as the next two
	Path   word   `json:"path"`
	Param  word   `json:"param"`
	Commit loose[struct {
		SHA word `json:"sha"`
	}] `json:"commit"`
	Dependency loose[struct {
		Package loose[struct {
			Name word `json:"name"`
		}] `json:"package"`
		Version word     `json:"version"`
		Direct  *boolean `json:"direct"`
	}] `json:"dependency"`
}

type gitlabIdentifier struct {
	Type  text `json:"type"` // cve, cwe, ghsa, or a rule of the analyser's
	Name  text `json:"name"`
	Value word `json:"value"`
}

type gitlabFlag struct {
	Type        text `json:"type"`
	Description text `json:"description"`
}

type gitlabCVSS struct {
	Vendor word `json:"vendor"`
	Vector text `json:"vector"`
}

type gitlabTracking struct {
	Items list[struct {
		Signatures list[struct {
			Algorithm text `json:"algorithm"`
			Value     text `json:"value"`
		}] `json:"signatures"`
	}] `json:"items"`
}

// A gitlab is a report being read.
type gitlab struct {
	b         *batch
	scan      gitlabScan
	found     []gitlabFinding
	ecosystem map[string]string // of a file with dependencies
}

// readGitLab reads a security report. What its scan is of may stand behind the findings.
func readGitLab(s *stream, b *batch) error {
	g := gitlab{b: b, ecosystem: map[string]string{}}
	err := s.object(func(key string) error {
		switch key {
		case "scan":
			var v loose[gitlabScan]
			err := s.decode(&v)
			g.scan = v.is
			return err
		case "vulnerabilities":
			return each(s, &b.report.Results, into(&g.found))
		case "dependency_files":
			return s.items(func() error {
				var f loose[struct {
					Path    word `json:"path"`
					Manager word `json:"package_manager"`
				}]
				err := s.decode(&f)
				g.ecosystem[string(f.is.Path)] = string(f.is.Manager)
				return err
			})
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	scanner := g.scan.Scanner.is
	b.report.Tool = cmp.Or(string(scanner.ID), string(scanner.Name), "gitlab")
	b.report.Version = string(scanner.Version)
	for _, layout := range []string{string(g.scan.End), string(g.scan.End) + "Z"} { // its times have no zone: they are in UTC
		b.report.Time = cmp.Or(b.report.Time, timeOf(layout))
	}
	if g.scan.Status != "" && g.scan.Status != "success" {
		b.incomplete("the scan ended with " + clip(string(g.scan.Status)))
	}
	for i := range g.found {
		b.add(g.discovery(&g.found[i]))
	}
	return nil
}

// kind is that of a finding, by its scan, else by what old versions wrote with it, else by what it has.
func (g *gitlab) kind(f *gitlabFinding) (kind engine.Kind, of string) {
	of = string(cmp.Or(g.scan.Type, f.Category))
	if !slices.Contains(gitlabTypes, of) {
		switch l := f.Location.is; {
		case l.Image != "":
			of = "container_scanning"
		case l.Dependency.is.Package.is.Name != "":
			of = "dependency_scanning"
		case l.Host != "":
			of = "dast"
		}
	}
	switch of {
	case "dependency_scanning", "container_scanning", "cluster_image_scanning":
		return engine.KindVulnerability, of
	case "secret_detection":
		return engine.KindSecret, of
	}
	return engine.KindWeakness, of
}

func (g *gitlab) discovery(v *gitlabFinding) engine.Discovery {
	kind, of := g.kind(v)
	l, secret := v.Location.is, ""
	if kind == engine.KindSecret {
		secret = string(v.Extract)
	}
	f := engine.Finding{
		Kind:     kind,
		Title:    clip(hidden(string(cmp.Or(v.Name, v.Message)), secret)),
		Severity: severityOf(string(v.Severity)),
		CWEs:     v.cwes(),
	}
	d := engine.Discovery{Target: g.b.repository()}
	at := lines(g.b.path(hidden(string(l.File), secret)), l.Start, l.End)
	switch {
	case of == "dast":
		d.Target = hostTarget(string(l.Host))
		at = engine.Location{URL: address(strings.TrimSuffix(string(l.Host), "/") + "/" + strings.TrimPrefix(string(l.Path), "/"))}
		d.Content = contentOf(string(l.Param))
	case l.Image != "":
		d.Target, at = ImageTarget(string(l.Image)), engine.Location{Image: string(l.Image)}
	}
	if at != (engine.Location{}) {
		f.Locations = []engine.Location{at}
	}
	for _, flag := range v.Flags {
		if flag.Type == "flagged-as-likely-false-positive" {
			f.Suppression = &engine.Suppression{Kind: "external", Status: "under_review", Justification: clip(hidden(string(flag.Description), secret))}
		}
	}
	rule := hidden(v.rule(), secret)
	switch kind {
	case engine.KindVulnerability:
		g.describe(&f, v)
	case engine.KindSecret:
		f.Secret = &engine.Secret{Type: rule}
		if sha := string(l.Commit.is.SHA); sha != "" && strings.Trim(sha, "0") == "" {
			f.Secret.InHistory = ptr(false) // the tree was scanned; any other commit can be in the history only
		}
		d.Content = contentOf(secret)
	default:
		d.Content = cmp.Or(d.Content, v.content())
	}
	if f.Vulnerability == nil && rule != "" {
		f.Rule = &engine.Rule{ID: rule, Tool: g.b.report.Tool}
	}
	f.Title = cmp.Or(f.Title, rule)
	d.Finding = f
	return d
}

// describe adds what belongs to a vulnerability of a component.
func (g *gitlab) describe(f *engine.Finding, v *gitlabFinding) {
	l := v.Location.is
	var names []string
	for _, kind := range []text{"cve", "ghsa"} {
		for _, i := range v.Identifiers {
			if strings.EqualFold(string(i.Type), string(kind)) {
				names = append(names, string(cmp.Or(i.Value, word(i.Name))))
			}
		}
	}
	if len(names) == 0 && len(v.Identifiers) > 0 {
		names = []string{string(cmp.Or(v.Identifiers[0].Value, word(v.Identifiers[0].Name)))}
	}
	if len(names) > 0 {
		f.Vulnerability = vulnerabilityOf(names[0], names[1:]...)
	}
	ecosystem := g.ecosystem[string(l.File)]
	if l.OS != "" {
		ecosystem, _, _ = strings.Cut(string(l.OS), " ")
		ecosystem, _, _ = strings.Cut(ecosystem, ":")
	}
	dependency := l.Dependency.is
	f.Package = packageNamed(ecosystem, string(dependency.Package.is.Name), string(dependency.Version))
	if f.Package != nil && dependency.Direct != nil {
		f.Package.Direct = ptr(bool(*dependency.Direct))
	}
	for _, c := range v.CVSS {
		found, ok := cvssOf(string(c.Vector), 0, strings.ToLower(string(c.Vendor)))
		f.CVSS = addCVSS(f.CVSS, found, ok)
	}
}

func (v *gitlabFinding) cwes() []int {
	var all []string
	for _, i := range v.Identifiers {
		if strings.EqualFold(string(i.Type), "cwe") {
			all = append(all, "CWE-"+strings.TrimPrefix(strings.ToUpper(string(i.Value)), "CWE-"))
		}
	}
	return cwesIn(all...)
}

// rule is the analyser's own: the first identifier that is no public one. Its value has the rule's id; its name is for people.
func (v *gitlabFinding) rule() string {
	for _, i := range v.Identifiers {
		switch strings.ToLower(string(i.Type)) {
		case "cve", "cwe", "ghsa", "owasp", "osvdb", "usn", "wasc":
		default:
			return string(cmp.Or(i.Value, word(clip(string(i.Name)))))
		}
	}
	return ""
}

// content identifies code by the signature that hangs least on lines, else by the code itself.
func (v *gitlabFinding) content() string {
	best, rank := "", -1
	for _, i := range v.Tracking.is.Items {
		for _, s := range i.Signatures {
			if r := slices.Index([]string{"location", "hash", "scope_offset", "scope_offset_compressed"}, string(s.Algorithm)); r > max(rank, 0) {
				best, rank = string(s.Value), r // "location" is the line
			}
		}
	}
	return contentOf(cmp.Or(best, string(v.Extract)))
}
