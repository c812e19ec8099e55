package ingest

import (
	"cmp"
	"path"
	"regexp"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectDependabot knows alerts as the REST interface lists them, and answers of GraphQL to any question that has them in it.
func detectDependabot(s shape) bool {
	if s.inSeries(func(has func(...string) bool) bool {
		return has("security_advisory") && (has("dependency") || has("security_vulnerability")) || has("security_vulnerability", "dependency")
	}) {
		return true
	}
	for p := range s {
		if strings.HasSuffix(p, ".vulnerabilityAlerts") && (strings.HasPrefix(p, "data.") || strings.HasPrefix(p, "[].data.")) {
			return true
		}
	}
	return false
}

// readDependabot reads Dependabot's alerts.
func readDependabot(s *stream, b *batch) error {
	b.report.Tool = "dependabot"
	b.looked(b.repository())
	d := dependabot{s: s, b: b}
	err := s.series(func() error {
		if s.peek() != '{' {
			return s.wrong("no alert")
		}
		return d.document()
	})
	if d.more {
		b.incomplete("there are more pages of alerts than the file has")
	}
	return err
}

// A dependabot is a list of alerts while it is read.
type dependabot struct {
	s    *stream
	b    *batch
	more bool // a list in the answer that was read last goes on in another one
}

// document reads an alert of the REST interface, or an answer of GraphQL.
func (d *dependabot) document() error {
	var a dependabotAlert
	answer := false
	err := d.s.object(func(key string) error {
		switch key {
		case "data":
			answer, d.more = true, false
			return d.graph("")
		case "errors":
			answer = true
			return d.s.items(func() error {
				d.b.incomplete("GitHub answered with errors")
				return d.s.skip()
			})
		}
		return a.field(d.s, key)
	})
	if err != nil || answer {
		return err
	}
	return d.take(&a, string(a.Repository.is.Name))
}

// field reads what an alert of the REST interface has under a key.
func (a *dependabotAlert) field(s *stream, key string) error {
	switch key {
	case "number":
		return s.decode(&a.Number)
	case "state":
		return s.decode(&a.State)
	case "html_url":
		return s.decode(&a.Page)
	case "url":
		return s.decode(&a.URL)
	case "dependency":
		return s.decode(&a.Dependency)
	case "security_advisory":
		return s.decode(&a.Advisory)
	case "security_vulnerability":
		return s.decode(&a.Vulnerability)
	case "dismissed_reason":
		return s.decode(&a.DismissedReason)
	case "dismissed_comment":
		return s.decode(&a.DismissedComment)
	case "repository":
		return s.decode(&a.Repository)
	}
	return s.skip()
}

// graph looks for alerts in an answer of GraphQL, whose form is that of the question. Alerts belong to the repository that they are
// in, whose name can stand behind them.
func (d *dependabot) graph(repository string) error {
	if d.s.peek() == '[' {
		return d.s.array(func() error { return d.graph(repository) })
	}
	from, name := len(d.b.found), ""
	err := d.s.fields(func(key string) error {
		switch key {
		case "vulnerabilityAlerts":
			return d.alerts(repository)
		case "nameWithOwner":
			return d.s.nameInto(&name)
		case "url":
			var u string
			err := d.s.nameInto(&u)
			if rest, ok := strings.CutPrefix(u, "https://github.com/"); ok && name == "" && strings.Count(rest, "/") == 1 {
				name = rest
			}
			return err
		case "pageInfo":
			return d.page()
		}
		return d.graph(cmp.Or(name, repository))
	})
	if name != "" {
		for i := range d.b.found[from:] {
			if t := &d.b.found[from+i].Target; repository == "" || t.Name == repository {
				t.Name = name
			}
		}
	}
	return err
}

// alerts reads a list of alerts of GraphQL.
func (d *dependabot) alerts(repository string) error {
	return d.s.fields(func(key string) error {
		switch key {
		case "nodes":
			return d.s.items(func() error {
				var a loose[dependabotAlert]
				if err := d.s.decode(&a); err != nil {
					return err
				}
				return d.take(&a.is, repository)
			})
		case "edges":
			return d.s.items(func() error {
				var e loose[struct {
					Node loose[dependabotAlert] `json:"node"`
				}]
				if err := d.s.decode(&e); err != nil {
					return err
				}
				return d.take(&e.is.Node.is, repository)
			})
		case "pageInfo":
			return d.page()
		}
		return d.s.skip()
	})
}

func (d *dependabot) page() error {
	var p loose[struct {
		More boolean `json:"hasNextPage"`
	}]
	err := d.s.decode(&p)
	d.more = d.more || bool(p.is.More)
	return err
}

var repositoryOfGitHub = regexp.MustCompile(`/repos/([A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+)/(?:dependabot|code-scanning)/`)

// repositoryNamed is the repository that an alert names, in itself or in its address; else the one that the options name.
func (b *batch) repositoryNamed(name, url string) engine.Target {
	t := b.repository()
	if m := repositoryOfGitHub.FindStringSubmatch(url); m != nil {
		t.Name = m[1]
	}
	t.Name = cmp.Or(name, t.Name)
	return t
}

// take adds what an alert amounts to: nothing if it is fixed.
func (d *dependabot) take(a *dependabotAlert, repository string) error {
	d.b.report.Results++
	dep, vulnerability := a.Dependency.is, a.vulnerability()
	advisory := vulnerability.Advisory.is
	for _, other := range []dependabotAdvisory{a.GraphAdvisory.is, a.Advisory.is} {
		advisory = advisory.or(other)
	}
	f := engine.Finding{
		Kind:          engine.KindVulnerability,
		Title:         clip(string(advisory.Summary)),
		Severity:      severityOf(string(cmp.Or(vulnerability.Severity, advisory.Severity))),
		Vulnerability: advisory.names(),
		CWEs:          advisory.cwes(),
		CVSS:          advisory.assessments(),
		Suppression:   a.dismissal(),
	}
	if f.Vulnerability == nil {
		return d.s.wrong("an alert without an advisory before this")
	}
	if strings.EqualFold(string(a.State), "fixed") || stated(a.FixedAt) {
		return nil
	}
	manifest := d.b.path(string(cmp.Or(dep.Manifest, a.ManifestPath, a.ManifestFile)))
	pkg := dep.Package.is
	if pkg.Name == "" {
		pkg = vulnerability.Package.is
	}
	version, _ := strings.CutPrefix(string(a.Requirements), "= ")
	if version == string(a.Requirements) {
		version = "" // a range
	}
	f.Package = packageNamed(githubEcosystem(string(pkg.Ecosystem), manifest), string(pkg.Name), version)
	if f.Package != nil {
		setFixed(f.Package, string(cmp.Or(vulnerability.Patched.is.Identifier, vulnerability.Fixed.is.Identifier)))
		switch strings.ToLower(string(cmp.Or(dep.Relationship, a.GraphRelationship))) {
		case "direct":
			f.Package.Direct = ptr(true)
		case "transitive", "indirect":
			f.Package.Direct = ptr(false)
		}
		if scope := strings.ToLower(string(cmp.Or(dep.Scope, a.GraphScope))); scope == "runtime" || scope == "development" {
			f.Package.Scope = scope
		}
	}
	if at := (engine.Location{Path: manifest, URL: webAddress(string(a.Page))}); at != (engine.Location{}) {
		f.Locations = []engine.Location{at}
	}
	d.b.add(engine.Discovery{Target: d.b.repositoryNamed(repository, string(a.URL)), Finding: f})
	return nil
}

func (a *dependabotAlert) vulnerability() dependabotVulnerability {
	if v := a.GraphVulnerability.is; v.Severity != "" || v.Package.is.Name != "" {
		return v
	}
	return a.Vulnerability.is
}

// stated says whether a value is there. Exports made in Python write "None" for what is not.
func stated(value word) bool { return value != "" && value != "None" && value != "null" }

// dismissal is the word of who dismissed an alert, or of the rule that did.
func (a *dependabotAlert) dismissal() *engine.Suppression {
	state := strings.ToLower(string(a.State))
	if state == "open" || state == "" && !stated(a.DismissedAt) && !stated(a.AutoDismissedAt) || state == "fixed" {
		return nil
	}
	why := "dismissed by a rule"
	if state != "auto_dismissed" && !stated(a.AutoDismissedAt) {
		why = dismissalReason(cmp.Or(a.DismissedReason, a.DismissReason), cmp.Or(a.DismissedComment, a.DismissComment))
	}
	return &engine.Suppression{Kind: "external", Status: "accepted", Justification: why}
}

// dismissalReason is a reason of GitHub's list, and what was said beside it.
func dismissalReason(reason, comment text) string {
	var parts []string
	for _, p := range []text{text(strings.ReplaceAll(string(reason), "_", " ")), comment} {
		if stated(word(p)) {
			parts = append(parts, string(p))
		}
	}
	return clip(strings.Join(parts, ": "))
}

// or fills what is missing from another record of the same advisory.
func (a dependabotAdvisory) or(b dependabotAdvisory) dependabotAdvisory {
	a.GHSA, a.GraphGHSA, a.CVE = cmp.Or(a.GHSA, b.GHSA), cmp.Or(a.GraphGHSA, b.GraphGHSA), cmp.Or(a.CVE, b.CVE)
	a.Summary, a.Severity = cmp.Or(a.Summary, b.Summary), cmp.Or(a.Severity, b.Severity)
	if len(a.Identifiers) == 0 {
		a.Identifiers = b.Identifiers
	}
	if len(a.CWEs) == 0 {
		a.CWEs = b.CWEs
	}
	if len(a.assessments()) == 0 {
		a.CVSS, a.Severities, a.GraphScores = b.CVSS, b.Severities, b.GraphScores
	}
	return a
}

func (a dependabotAdvisory) names() *engine.Vulnerability {
	var names, others []string
	for _, n := range []word{a.GHSA, a.GraphGHSA, a.CVE} {
		if stated(n) {
			names = append(names, string(n))
		}
	}
	for _, i := range a.Identifiers {
		switch {
		case !stated(i.Value):
		case i.Type == "GHSA" || i.Type == "CVE":
			names = append(names, string(i.Value))
		default:
			others = append(others, string(i.Value))
		}
	}
	if names == nil {
		names = others
	}
	if names == nil {
		return nil
	}
	return vulnerabilityOf(names[0], names[1:]...)
}

func (a dependabotAdvisory) cwes() []int {
	var all []string
	for _, c := range a.CWEs {
		all = append(all, string(cmp.Or(c.ID, c.Graph)))
		for _, n := range c.Nodes {
			all = append(all, string(n.ID))
		}
	}
	return cwesIn(all...)
}

func (a dependabotAdvisory) assessments() []engine.CVSS {
	var all []engine.CVSS
	for _, list := range []dependabotCVSS{a.Severities.is.V4, a.GraphScores.is.GraphV4, a.Severities.is.V3, a.GraphScores.is.GraphV3, a.CVSS} {
		for _, c := range list {
			found, ok := cvssOf(string(cmp.Or(c.Vector, c.Graph)), c.Score.value, "ghsa")
			all = addCVSS(all, found, ok)
		}
	}
	return all
}

// githubManifests tell the ecosystem of a manifest by its name, for answers that were not asked for it.
var githubManifests = map[string]string{
	"pom.xml": "maven", "build.gradle": "maven", "build.gradle.kts": "maven", "go.mod": "go", "go.sum": "go", "cargo.toml": "cargo", "cargo.lock": "cargo",
	"package.json": "npm", "package-lock.json": "npm", "yarn.lock": "npm", "pnpm-lock.yaml": "npm", "npm-shrinkwrap.json": "npm",
	"requirements.txt": "pip", "pipfile": "pip", "pipfile.lock": "pip", "poetry.lock": "pip", "pyproject.toml": "pip", "setup.py": "pip", "uv.lock": "pip",
	"gemfile": "gem", "gemfile.lock": "gem", "composer.json": "composer", "composer.lock": "composer", "packages.config": "nuget", "pubspec.lock": "pub",
}

// githubEcosystem is GitHub's name for an ecosystem as the others call it.
func githubEcosystem(name, manifest string) string {
	switch name = strings.ToLower(name); name {
	case "actions":
		return "github actions"
	case "erlang":
		return "hex"
	case "":
		file := strings.ToLower(path.Base(manifest))
		if strings.HasSuffix(file, "proj") {
			return "nuget"
		}
		return githubManifests[file]
	}
	return name
}
