package ingest

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectOSVScanner wants packages in results, or the settings that newer versions always write. Other tools call their lists "results"
// too, so a bare list is not enough.
func detectOSVScanner(s shape) bool {
	if s["results"] != "[" && s["results"] != "null" {
		return false
	}
	return s.has("experimental_config") ||
		s.hasAny("results[].packages[].package", "results[].packages[].vulnerabilities", "results[].packages[].groups")
}

// readOSVScanner reads a report of OSV-Scanner. One vulnerability of one package stands there once for each database that has it;
// its groups say which are the same, and a group is a finding.
func readOSVScanner(s *stream, b *batch) error {
	b.report.Tool = "osv-scanner"
	image := false
	err := s.object(func(key string) error {
		switch key {
		case "results":
			return s.array(func() error { return osvResult(s, b) })
		case "experimental_generic_findings":
			return each(s, &b.report.Results, func(g osvGeneric) error {
				b.add(g.discovery())
				return nil
			})
		case "image_metadata":
			image = s.peek() == '{'
		}
		return s.skip()
	})
	for i := range b.found {
		d := &b.found[i]
		if d.Target = b.repository(); !image {
			continue
		}
		d.Target = engine.Target{Type: engine.TargetImage} // the report does not say which
		for j := range d.Finding.Locations {
			l := &d.Finding.Locations[j]
			l.Path = strings.TrimPrefix(l.Path, "/")
		}
	}
	return err
}

// osvResult reads what was found in one file. The file may stand after its packages.
func osvResult(s *stream, b *batch) error {
	from := len(b.found)
	var source loose[osvSource]
	err := s.object(func(key string) error {
		switch key {
		case "source", "packageSource": // the latter before version 1.0
			return s.decode(&source)
		case "packages":
			return s.array(func() error { return osvPackage(s, b) })
		}
		return s.skip()
	})
	if p := b.path(string(source.is.Path)); p != "" {
		for i := range b.found[from:] {
			b.found[from+i].Finding.Locations = []engine.Location{{Path: p}}
		}
	}
	return err
}

// osvPackage reads one package with what was found in it.
func osvPackage(s *stream, b *batch) error {
	p := osvPackageFindings{entries: map[string]*osvEntry{}}
	err := s.object(func(key string) error {
		switch key {
		case "package", "Package": // the latter before version 1.0
			return s.decode(&p.what)
		case "dependency_groups":
			return s.decode(&p.used)
		case "vulnerabilities":
			return each(s, &b.report.Results, func(e osvEntry) error {
				if e.ID == "" {
					return s.wrong("a vulnerability without id")
				}
				if _, again := p.entries[string(e.ID)]; !again {
					p.order = append(p.order, string(e.ID))
				}
				p.entries[string(e.ID)] = &e
				return nil
			})
		case "groups":
			return s.decode(&p.groups)
		case "license_violations":
			return s.decode(&p.violations)
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	b.report.Results += len(p.violations)
	for _, g := range p.allGroups() {
		b.add(p.discovery(g))
	}
	for _, l := range p.violations {
		b.add(engine.Discovery{Finding: engine.Finding{
			Kind:    engine.KindLicense,
			Title:   clip(l + " is not on the list of allowed licences"),
			License: &engine.License{SPDX: l},
			Package: p.component(nil),
		}})
	}
	return nil
}

// An osvPackageFindings is a package of a report while it is read.
type osvPackageFindings struct {
	what       loose[osvPackageName]
	used       words
	entries    map[string]*osvEntry
	order      []string // their ids as they stand
	groups     list[osvGroup]
	violations words
}

// allGroups are the groups, and one for each vulnerability that is in none. Versions before 1.0 wrote no groups: then entries that
// share a name are one.
func (p *osvPackageFindings) allGroups() []osvGroup {
	groups := slices.DeleteFunc(slices.Clone(p.groups), func(g osvGroup) bool { return len(g.IDs) == 0 })
	grouped := map[string]bool{}
	for _, g := range groups {
		for _, id := range g.IDs {
			grouped[id] = true
		}
	}
	byName := map[string]int{}
	for _, id := range p.order {
		if grouped[id] {
			continue
		}
		names := append([]string{id}, p.entries[id].Aliases...)
		at := len(groups)
		for _, n := range names {
			if i, ok := byName[n]; ok {
				at = i
			}
		}
		if at == len(groups) {
			groups = append(groups, osvGroup{})
		}
		groups[at].IDs = append(groups[at].IDs, id)
		for _, n := range names {
			byName[n] = at
		}
	}
	return groups
}

// discovery is what a group amounts to.
func (p *osvPackageFindings) discovery(g osvGroup) engine.Discovery {
	var entries []*osvEntry
	aliases, upstream := slices.Concat(g.IDs[1:], g.Aliases), []string(nil)
	for _, id := range g.IDs {
		if e := p.entries[id]; e != nil {
			entries = append(entries, e)
			aliases = append(aliases, e.Aliases...)
			upstream = append(upstream, e.Upstream...)
		}
	}
	f := engine.Finding{Kind: engine.KindVulnerability, Title: titleOf(entries), Package: p.component(entries)}
	if f.Vulnerability = vulnerabilityOf(g.IDs[0], aliases...); len(f.Vulnerability.CVEs) == 0 {
		f.Vulnerability = vulnerabilityOf(g.IDs[0], slices.Concat(aliases, upstream)...)
	}
	var cwes []string
	name := string(p.what.is.Name)
	for _, e := range entries {
		f.Severity = worse(f.Severity, e.severity())
		cwes = append(cwes, e.Database.is.CWEs...)
		for _, c := range e.assessments(name) {
			f.CVSS = addCVSS(f.CVSS, c, !slices.ContainsFunc(f.CVSS, func(o engine.CVSS) bool { return o.Vector == c.Vector }))
		}
	}
	f.CWEs = cwesIn(cwes...)
	if f.Severity == "" {
		f.Severity = g.severity()
	}
	if f.Severity == "" {
		for _, c := range f.CVSS {
			f.Severity = worse(f.Severity, severityOfScore(c.Score))
		}
	}
	if f.Package != nil {
		setFixed(f.Package, fixesOf(f.Package.Ecosystem, name, entries)...)
	}
	d := engine.Discovery{Finding: f, Reachability: g.reachability(string(p.what.is.Ecosystem))}
	if g.unimportant() {
		d.Finding.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: "unimportant, says the distribution"}
	}
	return d
}
