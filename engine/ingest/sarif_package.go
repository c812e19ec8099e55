package ingest

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// advisory finds ids of advisories, wherever they stand in a text.
var advisory = regexp.MustCompile(`(?i)\b(CVE-[0-9]{4}-[0-9]{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3})`)

// advisoryRule finds the id of an advisory that a rule is named after. "CVE-2021-44228-log4j-core" is Grype's way, "[HIGH] CVE-…" is
// how Trivy once wrote it, "BDSA-2020-1001 (CVE-2020-11022)" Black Duck's.
var advisoryRule = regexp.MustCompile(`^(?:\[[A-Za-z]+\] |ANCHOREVULN_)?((?i:CVE-[0-9]{4}-[0-9]{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3})|` +
	`(?:GO|PYSEC|RUSTSEC|MAL|OSV|BDSA|GSD|HSEC|RSEC|CGA|EEF|DRUPAL|BIT|PSF|JLSEC)-[A-Za-z0-9-]*[0-9]{4}-[0-9]+|SNYK-[A-Z0-9]+-[A-Z0-9-]+|` +
	`(?:ALAS|ALASKERNEL)[A-Z0-9.-]*-[0-9]{4}-[0-9]+|(?:RHSA|RHBA|RLSA|ALSA|ELSA|CESA|DSA|DLA|USN|FEDORA)-[0-9]{1,4}[:-][0-9]+(?:-[0-9]+)?|` +
	`(?:SUSE|openSUSE)-SU-[0-9]{4}:[0-9]+-[0-9]+|TEMP-[0-9]{7}-[0-9A-F]{6})`)

// advisoriesOfRule are the advisories that a rule is named after, its own id first.
func advisoriesOfRule(id string) []string {
	m := advisoryRule.FindStringSubmatch(id)
	if m == nil {
		return nil
	}
	own := canonicalAdvisory(m[1])
	all := []string{own}
	if rest := id[len(m[0]):]; strings.HasPrefix(strings.TrimSpace(rest), "(") {
		all = append(all, advisoriesIn(rest)...)
	}
	return slices.Compact(all)
}

// advisoriesIn are the CVEs and GHSAs in a text, each once and in their order.
func advisoriesIn(text string) []string {
	var all []string
	for _, id := range advisory.FindAllString(text, 20) {
		if id = canonicalAdvisory(id); !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// canonicalAdvisory writes CVE ids in capitals, and GHSA ids as GitHub does.
func canonicalAdvisory(id string) string {
	switch upper := strings.ToUpper(id); {
	case strings.HasPrefix(upper, "CVE-"):
		return upper
	case strings.HasPrefix(upper, "GHSA-"):
		return "GHSA-" + strings.ToLower(id[len("GHSA-"):])
	}
	return id
}

// describeVulnerability fills in what the file says of vulnerability and component.
func (r *sarifRun) describeVulnerability(f *engine.Finding, result *sarifResult, rule *sarifRule, message string) {
	id := cmp.Or(result.rule.id, rule.id)
	names := advisoriesOfRule(id)
	for _, p := range []*sarifProperties{rule.facts, result.facts} {
		if p == nil {
			continue
		}
		for _, t := range slices.Concat(p.vulnerabilities, p.tags) {
			if ids := advisoriesIn(t); len(ids) == 1 && len(ids[0]) == len(t) {
				names = append(names, ids...)
			}
		}
		for _, c := range p.assessments() {
			f.CVSS = addCVSS(f.CVSS, c, true)
		}
	}
	names = append(names, rule.deprecated...)
	said := packageInMessage(message)
	names = append(names, said.aliases...)
	if len(names) == 0 || advisory.FindString(names[0]) == "" {
		names = append(names, rule.vulnerabilities...)
	}
	if len(names) == 0 {
		names = []string{clip(id)}
	}
	f.Vulnerability = vulnerabilityOf(names[0], names[1:]...)
	f.Package = r.packageOf(f, result, rule, said)
}

// A sarifPackage is what texts say of a component.
type sarifPackage struct {
	name, version, fixed string
	ecosystem            string // as the scanner calls it
	aliases              []string
}

// packageInText reads the lines "Package: x", "Installed Version: y" and so on that Trivy, Grype and Snyk write.
func packageInText(text string) sarifPackage {
	var p sarifPackage
	const most = 12 // what follows is prose
	lines := strings.SplitN(text, "\n", most+1)
	for _, line := range lines[:min(len(lines), most)] {
		label, value, ok := strings.Cut(strings.TrimLeft(line, "* \t"), ":")
		value = strings.TrimSpace(value)
		if !ok || value == "" || len(value) > longestWord {
			continue
		}
		switch strings.TrimSpace(label) {
		case "Package", "PkgName", "Vulnerable module":
			p.name = value
		case "Version", "Installed Version":
			p.version = value
		case "Fix Version", "Fixed Version":
			p.fixed = value
		case "Type", "Package Manager":
			p.ecosystem = cmp.Or(p.ecosystem, value)
		case "Data Namespace":
			if distro, rest, ok := strings.Cut(value, ":"); ok && strings.HasPrefix(rest, "distro:") {
				p.ecosystem = distro
			}
		}
	}
	if p.name == "" {
		return sarifPackage{}
	}
	return p
}

// versionIn reads "(CVE-2020-8203) lodash@4.17.15" for the name, as Snyk describes its rules.
func (p *sarifPackage) versionIn(description string) {
	_, version, ok := cutLast(description, p.name+"@")
	if ok && p.name != "" && p.version == "" && !strings.ContainsAny(version, " \t\n") && len(version) <= longestWord {
		p.version = version
	}
}

// packageMessages are the sentences in which scanners name a component.
var packageMessages = []*regexp.Regexp{
	regexp.MustCompile(`^Package '(?P<name>[^'\s]+)@(?P<version>[^'@\s]+)' is vulnerable to '[^'\s]+'(?: \(also known as (?P<aliases>[^)]*)\))?`), // OSV-Scanner
	regexp.MustCompile(`\bin (?P<ecosystem>[\w-]+) package: (?P<name>\S+), version (?P<version>\S+) was found\b`),                                 // Grype
	regexp.MustCompile(`\breports (?P<name>\S+) at version (?P<version>\S+) +which (?:would result in|is) a vulnerable \((?P<ecosystem>[\w-]+)\) package`),
	regexp.MustCompile(`^This file introduces a vulnerable (?P<name>\S+) package\b`),                 // Snyk
	regexp.MustCompile(`^Your code depends on 1 vulnerable (?P<ecosystem>module) \((?P<name>\S+)\)`), // govulncheck
}

// packageInMessage reads lines or a sentence about a component.
func packageInMessage(message string) sarifPackage {
	if p := packageInText(message); p.name != "" {
		return p
	}
	var p sarifPackage
	for _, re := range packageMessages {
		m := re.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		for i, group := range re.SubexpNames() {
			switch group {
			case "name":
				p.name = m[i]
			case "version":
				p.version = m[i]
			case "ecosystem":
				p.ecosystem = strings.Replace(m[i], "module", "go-module", 1)
			case "aliases":
				for a := range strings.SplitSeq(m[i], ",") {
					if a = strings.Trim(a, " '"); a != "" {
						p.aliases = append(p.aliases, a)
					}
				}
			}
		}
		return p
	}
	return p
}

// packageOf is the component that a vulnerability is in: by package URL where the file has one, else by what message, help and
// properties say.
func (r *sarifRun) packageOf(f *engine.Finding, result *sarifResult, rule *sarifRule, said sarifPackage) *engine.Package {
	help := rule.component
	if said.name == "" || said.name == help.name && (said.version == "" || help.version == "" || said.version == help.version) {
		said.name, said.version = cmp.Or(said.name, help.name), cmp.Or(said.version, help.version)
		said.fixed, said.ecosystem = cmp.Or(said.fixed, help.fixed), cmp.Or(help.ecosystem, said.ecosystem)
	} else if said.name == help.name {
		said.ecosystem = cmp.Or(help.ecosystem, said.ecosystem) // the rule's help is about another version of it
	}
	if p := result.facts; p != nil && said.name == "" {
		said.name, said.version, said.ecosystem = p.component, p.version, p.origin
	}
	if name, version, ok := cutLast(result.module, "@"); ok && said.name == "" {
		said.name, said.version, said.ecosystem = name, version, "golang"
	}
	var found *engine.Package
	for _, purl := range r.purls(result, rule) {
		p := packageFrom(purl)
		if p == nil {
			continue
		}
		if found == nil || len(p.Versions) > 0 && p.Versions[0] == strings.TrimPrefix(said.version, "v") {
			found = p
		}
	}
	switch {
	case found != nil && said.version != "" && said.name != "":
		setVersion(found, said.version)
	case found == nil && said.name != "":
		if purlTypes[strings.ToLower(said.ecosystem)] == "" {
			said.ecosystem = cmp.Or(ecosystemOf(f.Locations), said.ecosystem)
		}
		found = packageSaid(said)
	}
	if found != nil {
		setFixed(found, said.fixed)
	}
	return found
}

// packageSaid makes a package of a name. Without its group a Maven artifact has no package URL: the name alone is another component.
func packageSaid(said sarifPackage) *engine.Package {
	if strings.HasPrefix(purlTypes[strings.ToLower(said.ecosystem)], "maven") && !strings.ContainsAny(said.name, ":/") {
		p := &engine.Package{Ecosystem: "maven", Name: plain(said.name)}
		setVersion(p, said.version)
		return p
	}
	return packageNamed(said.ecosystem, said.name, said.version)
}

// purls are the package URLs in properties and logical locations.
func (r *sarifRun) purls(result *sarifResult, rule *sarifRule) []string {
	var all []string
	for _, p := range []*sarifProperties{result.facts, rule.facts} {
		if p != nil {
			all = append(all, p.purls...)
		}
	}
	for _, at := range result.places {
		for _, name := range []string{at.logical.full, at.logical.name} {
			if strings.HasPrefix(name, "pkg:") {
				all = append(all, name)
			}
		}
	}
	return all
}

// lockfiles tell the ecosystem of a package by the file that names it, for scanners that do not say it. Patterns are of path.Match.
var lockfiles = []struct{ ecosystem, patterns string }{
	{"npm", "package-lock.json npm-shrinkwrap.json package.json yarn.lock pnpm-lock.yaml bun.lock"},
	{"golang", "go.mod go.sum"},
	{"maven", "pom.xml *.jar *.war *.ear *.par gradle.lockfile *.gradle.lockfile build.gradle build.gradle.kts verification-metadata.xml"},
	{"pypi", "requirements*.txt poetry.lock Pipfile.lock uv.lock pdm.lock pylock.toml METADATA PKG-INFO"},
	{"gem", "Gemfile.lock gems.locked *.gemspec"},
	{"cargo", "Cargo.lock"},
	{"composer", "composer.lock installed.json"},
	{"nuget", "packages.lock.json packages.config *.deps.json Directory.Packages.props Packages.props"},
	{"pub", "pubspec.lock"}, {"hex", "mix.lock"}, {"swift", "Package.resolved"}, {"cocoapods", "Podfile.lock"},
	{"conan", "conan.lock"}, {"cran", "renv.lock"}, {"hackage", "cabal.project.freeze stack.yaml.lock"},
}

// ecosystemOf is the ecosystem of the files that a finding is in; "" if they tell nothing.
func ecosystemOf(places []engine.Location) string {
	for _, at := range places {
		base := path.Base(at.Path)
		for _, l := range lockfiles {
			for pattern := range strings.FieldsSeq(l.patterns) {
				if ok, _ := path.Match(pattern, base); ok {
					return l.ecosystem
				}
			}
		}
	}
	return ""
}
