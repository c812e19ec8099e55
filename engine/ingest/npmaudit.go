package ingest

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectNPMAudit wants the mark of npm 7, or advisories by number with what else npm 6 and pnpm write, or the error document of them.
func detectNPMAudit(s shape) bool {
	return s.has("auditReportVersion") && !s.has("runs") ||
		s["advisories"] == "{" && s.hasAny("actions", "muted", "metadata") ||
		s["error"] == "{" && s.has("error.code") && s.hasAny("error.summary", "error.detail", "error.message") && !s.has("jsonrpc")
}

// readNPMAudit reads what npm audit or pnpm audit writes.
func readNPMAudit(s *stream, b *batch) error {
	b.report.Tool = "npm-audit"
	b.looked(b.repository())
	n := npmAudit{b: b, known: map[npmKey]*engine.Discovery{}}
	var counts severityCounts
	byPackage := false // npm 7 counts what it lists, npm 6 every path to it
	err := s.object(func(key string) error {
		switch key {
		case "advisories": // npm 6, pnpm
			return s.fields(func(string) error {
				var a loose[npmAdvisory]
				if err := s.decode(&a); err != nil {
					return err
				}
				if a.is.Module = cmp.Or(a.is.Module, a.is.found()); a.is.Module == "" {
					return s.wrong("an advisory without module_name, and no path to its package")
				}
				b.report.Results++
				n.advisory(&a.is)
				return nil
			})
		case "metadata":
			return s.fields(func(key string) (err error) {
				if key != "vulnerabilities" {
					return s.skip()
				}
				counts, err = s.counts()
				return err
			})
		case "auditReportVersion":
			byPackage = true
		case "vulnerabilities": // npm 7 and later
			return s.fields(func(name string) error {
				var p loose[npmPackage]
				if err := s.decode(&p); err != nil {
					return err
				}
				if name == "" {
					return s.wrong("a package without a name")
				}
				b.report.Results++
				n.inPackage(name, &p.is)
				return nil
			})
		case "error":
			var e loose[npmFailure]
			err := s.decode(&e)
			b.incomplete("the audit failed: " + clip(strings.Join([]string{string(e.is.Code), string(cmp.Or(e.is.Summary, e.is.Message))}, " ")))
			return err
		}
		return s.skip()
	})
	n.finish()
	if sum := counts.sum(); byPackage || b.report.Results == 0 {
		b.counted(sum, b.report.Results, "vulnerabilities")
	}
	return err
}

// An npmAudit collects findings: one advisory on one package is one, on whatever paths and in whatever versions it was found.
type npmAudit struct {
	b     *batch
	known map[npmKey]*engine.Discovery
	order []*engine.Discovery
}

type npmKey struct{ advisory, name string }

// finding is the one about an advisory on a package, which describe fills the first time.
func (n *npmAudit) finding(id, name string, describe func(*engine.Finding)) *engine.Package {
	key := npmKey{id, plain(name)}
	d := n.known[key]
	if d == nil {
		d = &engine.Discovery{Target: n.b.repository(), Finding: engine.Finding{Kind: engine.KindVulnerability, Package: packageNamed("npm", name, "")}}
		if d.Finding.Package == nil {
			d.Finding.Package = &engine.Package{Ecosystem: "npm", Name: key.name}
		}
		describe(&d.Finding)
		n.known[key] = d
		n.order = append(n.order, d)
	}
	return d.Finding.Package
}

func (n *npmAudit) finish() {
	for _, d := range n.order {
		slices.Sort(d.Finding.Package.Versions)
		d.Finding.Package.Versions = slices.Compact(d.Finding.Package.Versions)
		n.b.add(*d)
	}
}

// advisory takes an advisory of npm 6, with where it was found.
func (n *npmAudit) advisory(a *npmAdvisory) {
	p := n.finding(string(a.ID), string(a.Module), func(f *engine.Finding) {
		f.Vulnerability = npmNames(string(a.GHSA), string(a.URL), string(a.ID), a.CVEs)
		f.Title, f.Severity = clip(string(a.Title)), severityOf(string(a.Severity))
		f.CWEs, f.CVSS = cwesIn(a.CWE...), a.CVSS.is.assessments()
		setFixed(f.Package, lowerBounds(string(a.Patched))...)
	})
	for _, at := range a.Findings {
		if at.Version != "" {
			p.Versions = append(p.Versions, string(at.Version))
		}
		for _, path := range at.Paths {
			setDirect(p, !strings.Contains(path, ">"))
		}
		setScope(p, string(at.Dev))
	}
}

// found is the package that all paths of an advisory lead to; empty if there are none, or if they do not agree. Some releases of pnpm
// write advisories without a name.
func (a *npmAdvisory) found() word {
	var name word
	for _, at := range a.Findings {
		for _, path := range at.Paths {
			last := path[strings.LastIndexByte(path, '>')+1:]
			if version := strings.LastIndexByte(last, '@'); version > 0 && !strings.Contains(last[version:], "/") {
				last = last[:version]
			}
			last = strings.TrimSpace(last)
			if last == "" || last == "." || name != "" && word(last) != name {
				return ""
			}
			name = word(last)
		}
	}
	return name
}

// inPackage takes the advisories about a package of npm 7. A package that only inherits a vulnerability from another has none of its own.
func (n *npmAudit) inPackage(key string, p *npmPackage) {
	for i := range p.Via {
		v := &p.Via[i]
		name := string(cmp.Or(v.Name, word(key)))
		pkg := n.finding(string(cmp.Or(v.URL, v.Source, word(v.Title))), name, func(f *engine.Finding) {
			f.Vulnerability = npmNames("", string(v.URL), string(v.Source), nil)
			f.Title, f.Severity = clip(string(v.Title)), severityOf(string(v.Severity))
			f.CWEs, f.CVSS = cwesIn(v.CWE...), v.CVSS.is.assessments()
			setFixed(f.Package, upperBounds(string(v.Range))...)
		})
		if p.Direct != "" {
			setDirect(pkg, p.Direct == "true")
		}
	}
}

var ghsaID = regexp.MustCompile(`GHSA(-[23456789cfghjmpqrvwx]{4}){3}`)

var npmAdvisoryNumber = regexp.MustCompile(`(?:npmjs\.com|nodesecurity\.io)/advisories/([0-9]{1,9})$`)

// npmNames are those of an advisory. Its number changes with the registry's database, so it is a name only where the report has no
// other: of GitHub's advisories in the address, and before those the number in npm's own.
func npmNames(ghsa, url, number string, cves []string) *engine.Vulnerability {
	ghsa = cmp.Or(ghsa, ghsaID.FindString(url))
	if ghsa != "" || len(cves) > 0 {
		return vulnerabilityOf(ghsa, cves...)
	}
	if m := npmAdvisoryNumber.FindStringSubmatch(url); m != nil {
		number = m[1]
	}
	return vulnerabilityOf("NPM-" + cmp.Or(number, "unknown"))
}

func (c npmCVSS) assessments() []engine.CVSS {
	found, ok := cvssOf(string(c.Vector), c.Score.value, "ghsa")
	return addCVSS(nil, found, ok)
}

// setDirect notes that a package is a direct dependency; that one path to it is not direct says so only if no other is.
func setDirect(p *engine.Package, direct bool) {
	if direct || p.Direct == nil {
		p.Direct = ptr(direct)
	}
}

// setScope notes what a dependency is for: what is used at run time on one path is not for development only.
func setScope(p *engine.Package, dev string) {
	switch {
	case dev == "false":
		p.Scope = "runtime"
	case dev == "true" && p.Scope == "":
		p.Scope = "development"
	}
}

var npmLowerBound = regexp.MustCompile(`^\s*>=\s*([0-9][^\s<>|,]*)`)

// lowerBounds are the first versions of the ranges that mend: of ">= 2.11.2 < 3.0.0 || >= 3.6.4" they are 2.11.2 and 3.6.4.
func lowerBounds(patched string) []string {
	var all []string
	for part := range strings.SplitSeq(patched, "||") {
		if m := npmLowerBound.FindStringSubmatch(part); m != nil {
			all = append(all, m[1])
		}
	}
	return all
}

var npmUpperBound = regexp.MustCompile(`<\s*([0-9][^\s<>=|,]*)\s*$`)

// upperBounds are the ends of the ranges that are vulnerable, where they are not vulnerable themselves: an advisory ends a range with
// the version that mends it. Of ">=5.5.0 <5.7.4 || <=7.0.0" it is 5.7.4.
func upperBounds(vulnerable string) []string {
	var all []string
	for part := range strings.SplitSeq(vulnerable, "||") {
		if m := npmUpperBound.FindStringSubmatch(part); m != nil {
			all = append(all, m[1])
		}
	}
	return all
}
