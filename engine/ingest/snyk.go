package ingest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectSnyk wants a vulnerability as Snyk writes it, or what it says of a project, or its error document. That a vulnerability names its
// package is no mark: Twistlock and others call it packageName too.
func detectSnyk(s shape) bool {
	for _, at := range []string{"", "[]."} {
		if s[at+"vulnerabilities"] == "[" && s.has(at+"vulnerabilities[].id") &&
			(s.hasAny(at+"vulnerabilities[].CVSSv3", at+"vulnerabilities[].semver.vulnerable", at+"vulnerabilities[].from") ||
				s.has(at+"vulnerabilities[].packageName") && snykID.MatchString(s[at+"vulnerabilities[].id"])) {
			return true
		}
		if s.has(at+"ok") && (s[at+"vulnerabilities"] == "[" && s.hasAny(at+"projectName", at+"packageManager", at+"dependencyCount") ||
			s[at+"ok"] == "false" && s.has(at+"error", at+"path")) {
			return true
		}
	}
	return false
}

// snykID is an id of Snyk's own: today's, and those of before 2019 ("npm:ms:20151024").
var snykID = regexp.MustCompile(`^(?i:SNYK[-:]|[a-z]+:.+:[0-9]{8}$)`)

// readSnyk reads a report of Snyk Open Source or Container: of one project, or of all in a list.
func readSnyk(s *stream, b *batch) error {
	b.report.Tool = "snyk"
	k := snyk{s: s, b: b, known: map[snykKey]*snykFinding{}}
	var err error
	if s.peek() == '[' {
		err = s.array(func() error { return k.project("") })
	} else {
		err = k.project("")
	}
	if err != nil {
		return err
	}
	for _, f := range k.order {
		b.add(f.discovery())
	}
	return nil
}

// A snyk is a report while it is read. Snyk writes a row for each path to a package, and for each project that has it.
type snyk struct {
	s     *stream
	b     *batch
	known map[snykKey]*snykFinding
	order []*snykFinding
}

type snykKey struct {
	target            engine.Target
	id, manager, name string
}

type snykFinding struct {
	engine.Discovery
	open     bool   // on one path at least it is not ignored
	whyNot   string // the first reason of those that ignore it
	external bool   // one of those that ignore it stands outside of the tree

	places map[engine.Location]bool
	fixed  []string // of all rows
}

// project reads a project, and the applications in an image, each of which is a project in that image.
func (k *snyk) project(image string) error {
	p := snykProject{image: image}
	err := k.s.object(func(key string) error {
		switch key {
		case "vulnerabilities":
			return each(k.s, &k.b.report.Results, func(r snykRow) error {
				if r.ID == "" {
					return k.s.wrong("a vulnerability without id")
				}
				p.rows = append(p.rows, r)
				return nil
			})
		case "filtered":
			return k.s.fields(func(how string) error {
				if how != "ignore" && how != "patch" {
					return k.s.skip()
				}
				return each(k.s, &k.b.report.Results, func(r snykRow) error {
					p.suppressed = append(p.suppressed, &snykSuppressed{r, how == "patch"})
					return nil
				})
			})
		case "applications":
			p.image = cmp.Or(p.image, p.reference())
			return k.s.items(func() error { return k.project(p.image) })
		case "packageManager":
			return k.s.nameInto(&p.manager)
		case "projectName":
			return k.s.nameInto(&p.name)
		case "path":
			return k.s.nameInto(&p.path)
		case "displayTargetFile":
			return k.s.nameInto(&p.file)
		case "targetFile":
			return k.nameUnlessKnown(&p.file)
		case "error":
			return k.s.scalarInto(&p.error)
		case "uniqueCount":
			return k.s.integerInto(&p.unique)
		case "ok":
			p.vulnerable = k.s.peek() == 'f'
		case "severityThreshold":
			p.threshold = true
		}
		return k.s.skip()
	})
	if err == nil {
		k.take(&p)
	}
	return err
}

func (k *snyk) nameUnlessKnown(to *string) error {
	if *to != "" {
		return k.s.skip()
	}
	return k.s.nameInto(to)
}

// snykImage is how Snyk begins the names of projects that are images.
const snykImage = "docker-image|"

// reference is the image that a project is, if it is one: its name stands in the project's name, its tag in the path, behind which
// the name can follow again ("acme/shop:1.2/shop").
func (p *snykProject) reference() string {
	name, ok := strings.CutPrefix(p.name, snykImage)
	if !ok {
		return ""
	}
	if rest, ok := strings.CutPrefix(p.path, name); ok {
		tag, _, _ := strings.Cut(rest, "/")
		return name + tag
	}
	return imageReference(p.path, name)
}

// take adds what was found in a project to what is known.
func (k *snyk) take(p *snykProject) {
	if p.error != "" {
		k.b.incomplete("snyk reports an error: " + clip(p.error))
	}
	if len(p.rows)+len(p.suppressed) == 0 && !p.threshold {
		k.b.counted(p.unique, 0, "vulnerabilities")
		if p.vulnerable && p.error == "" {
			k.b.incomplete("it says that there are vulnerabilities and lists none")
		}
	}
	image := cmp.Or(p.image, p.reference())
	at := engine.Location{Path: k.b.path(p.file), Image: image}
	target := k.b.repository()
	if image != "" {
		target, at.Path = ImageTarget(image), strings.TrimPrefix(at.Path, "/")
	}
	k.b.looked(target)
	for i := range p.rows {
		f := k.finding(target, p, &p.rows[i], at)
		f.open = true
	}
	for _, r := range p.suppressed {
		k.finding(target, p, &r.snykRow, at).ignore(r)
	}
}

// ignore notes why a row is filtered.
func (f *snykFinding) ignore(r *snykSuppressed) {
	why := ""
	if r.patched {
		why = "patched"
	}
	for _, i := range r.Filtered.is.Ignored {
		why = cmp.Or(why, clip(string(i.Reason)))
		f.external = f.external || i.Source == "api"
	}
	f.whyNot = cmp.Or(f.whyNot, why)
}

// finding is the one that a row belongs to.
func (k *snyk) finding(target engine.Target, p *snykProject, r *snykRow, at engine.Location) *snykFinding {
	manager, name := snykEcosystem(string(cmp.Or(r.PackageManager, word(p.manager)))), string(r.PackageName)
	if image := target.Type == engine.TargetImage; name == "" || image && strings.HasPrefix(string(r.Name), name+"/") {
		name = string(cmp.Or(r.Name, r.PackageName))
		if _, binary, ok := strings.Cut(name, "/"); ok && image {
			name = binary // other scanners of images name the packages that are installed
		}
	}
	key := snykKey{target, string(r.ID), manager, name}
	f := k.known[key]
	if f == nil {
		f = &snykFinding{Discovery: engine.Discovery{Target: target, Finding: r.describe(manager, name)}, places: map[engine.Location]bool{}}
		k.known[key] = f
		k.order = append(k.order, f)
	}
	if f.Reachability == nil || f.Reachability.Verdict != "reachable" {
		f.Reachability = cmp.Or(r.reachability(), f.Reachability)
	}
	if at != (engine.Location{}) && !f.places[at] {
		f.places[at] = true
		f.Finding.Locations = append(f.Finding.Locations, at)
	}
	pkg := f.Finding.Package
	if pkg == nil {
		return f
	}
	f.fixed = append(f.fixed, r.FixedIn...)
	if v := string(r.Version); v != "" {
		one := packageNamed(manager, name, v)
		pkg.Versions = append(pkg.Versions, one.Versions...)
	}
	if direct := len(r.From) == 2; len(r.From) > 1 && (at.Image == "" || at.Path != "") && (direct || pkg.Direct == nil) {
		pkg.Direct = ptr(direct)
	}
	return f
}

// describe is a row as a finding, but for what differs between the rows of one.
func (r *snykRow) describe(manager, name string) engine.Finding {
	ids := r.Identifiers.is
	f := engine.Finding{
		Kind:     engine.KindVulnerability,
		Title:    clip(string(r.Title)),
		Severity: severityOf(string(r.Severity)),
		CWEs:     cwesIn(ids.CWE...),
		Package:  packageNamed(manager, name, ""),
	}
	if r.Type == "license" || strings.HasPrefix(string(r.ID), "snyk:lic:") {
		f.Kind, f.CWEs = engine.KindLicense, nil
		spdx := string(r.License)
		if _, last, ok := cutLast(string(r.ID), ":"); ok {
			spdx = cmp.Or(spdx, last)
		}
		f.License = &engine.License{SPDX: spdx}
		return f
	}
	f.Vulnerability = vulnerabilityOf(string(r.ID), slices.Concat(ids.CVE, ids.GHSA)...)
	c, ok := cvssOf(string(r.CVSSv3), r.Score.value, "snyk")
	f.CVSS = addCVSS(f.CVSS, c, ok)
	for _, d := range r.Details {
		c, ok := cvssOf(string(d.Vector), d.Score.value, strings.ToLower(string(d.Assigner)))
		f.CVSS = addCVSS(f.CVSS, c, ok)
	}
	for _, d := range r.Sources {
		c, ok := cvssOfVersion(string(d.Version), string(d.Vector), d.Score.value, strings.ToLower(string(d.Assigner)))
		f.CVSS = addCVSS(f.CVSS, c, ok)
	}
	return f
}

// reachability is what Snyk found out on one path. That it found no path does not say that there is none.
func (r *snykRow) reachability() *engine.Reachability {
	switch strings.ToLower(string(r.Reachability)) {
	case "function", "reachable":
		return &engine.Reachability{Verdict: "reachable", By: "snyk"}
	case "package", "potentially-reachable", "not-reachable", "no-path-found":
		return &engine.Reachability{Verdict: "potential", By: "snyk"}
	}
	return nil
}

// discovery is the finding with the word of those who ignore it, which counts if no path is left on which it is open.
func (f *snykFinding) discovery() engine.Discovery {
	if p := f.Finding.Package; p != nil {
		slices.Sort(p.Versions)
		p.Versions = slices.Compact(p.Versions)
		setFixed(p, f.fixed...)
	}
	if !f.open {
		f.Finding.Suppression = &engine.Suppression{Kind: "in_source", Status: "accepted", Justification: f.whyNot}
		if f.external {
			f.Finding.Suppression.Kind = "external"
		}
	}
	return f.Discovery
}

// snykEcosystem is Snyk's name for a package manager as the others call it.
func snykEcosystem(manager string) string {
	switch m := strings.ToLower(manager); m {
	case "gomodules", "golangdep", "govendor":
		return "golang"
	case "paket":
		return "nuget"
	case "cpp", "unmanaged", "unmanaged (c/c++)":
		return "" // no package manager
	default:
		return m
	}
}
