package engine

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Distributions build several packages from one source, and mend a vulnerability in all of them at once. One scanner reports each of
// them, another one only the source: both mean one thing to do. So a finding is in the source package where its name is known, and
// says which packages are installed.

// A built is a package that a distribution installs in a target.
type built struct {
	target Target
	purl   string
}

// sourced brings packages into the form of findings: those whose source is known become it. What one report says of a package's source
// holds for the same package of another report on the same target; where two say different things, neither is known and each package
// stands for itself. What goes in stays as it is.
func sourced(all []Discovery) []Discovery {
	const disputed = "\x00"
	sources := map[built]string{}
	for i := range all {
		p := all[i].Finding.Package
		if p == nil || p.Source == "" || len(p.Binaries) != 1 || p.PURL == "" {
			continue
		}
		b := built{all[i].Target, p.binary(p.Binaries[0])}
		if known, ok := sources[b]; ok && known != p.Source {
			sources[b] = disputed
		} else {
			sources[b] = p.Source
		}
	}
	if len(sources) == 0 {
		return all
	}
	all = slices.Clone(all)
	for i := range all {
		p := all[i].Finding.Package
		if p == nil || p.PURL == "" || p.Source != "" && len(p.Binaries) == 0 || len(p.Binaries) > 1 {
			continue
		}
		purl, name := p.PURL, p.PURL[strings.LastIndexByte(p.PURL, '/')+1:]
		if len(p.Binaries) == 1 {
			purl, name = p.binary(p.Binaries[0]), p.Binaries[0]
		} else if plain, err := url.PathUnescape(name); err == nil {
			name = plain
		}
		source, ok := sources[built{all[i].Target, purl}]
		if !ok {
			continue
		}
		q := clone(p)
		if q.Source, q.Name, q.PURL, q.Binaries = source, source, p.binary(source), []string{name}; source == disputed {
			q.Source, q.Name, q.PURL, q.Binaries = "", name, purl, nil
		}
		all[i].Finding.Package = q
	}
	return all
}

// identified gives packages that a report names without their ecosystem, as Trivy's SARIF does those of an operating system, the package
// URL that other reports have for them: where one target has exactly one package of that name and version with that vulnerability. Else
// they stay what they are, packages of unknown kind, which are no other package. What goes in stays as it is.
func identified(all []Discovery, names *nameGroups) []Discovery {
	type sight struct {
		target              Target
		name, version, weak string
	}
	of := func(d *Discovery) (s sight, ok bool) {
		p, v := d.Finding.Package, d.Finding.Vulnerability
		if p == nil || v == nil || len(p.Versions) != 1 || len(p.Binaries) > 1 {
			return s, false
		}
		return sight{d.Target, p.Name, p.Versions[0], names.of(v)[0]}, true
	}
	unnamed := map[sight]bool{}
	for i := range all {
		if p := all[i].Finding.Package; p != nil && p.PURL == "" && p.Ecosystem == "" {
			if s, ok := of(&all[i]); ok {
				unnamed[s] = true
			}
		}
	}
	if len(unnamed) == 0 {
		return all
	}
	all = slices.Clone(all)
	known := map[sight]*Package{} // nil: several
	for i := range all {
		p := all[i].Finding.Package
		s, ok := of(&all[i])
		if !ok || p.PURL == "" || !unnamed[s] || p.Source != "" && len(p.Binaries) == 0 {
			continue
		}
		if q, seen := known[s]; seen && (q == nil || q.PURL != p.PURL) {
			known[s] = nil
		} else {
			known[s] = p
		}
	}
	for i := range all {
		s, ok := of(&all[i])
		if !ok || all[i].Finding.Package.PURL != "" || all[i].Finding.Package.Ecosystem != "" || known[s] == nil {
			continue
		}
		q := clone(all[i].Finding.Package)
		q.PURL, q.Ecosystem = known[s].PURL, known[s].Ecosystem
		all[i].Finding.Package = q
	}
	return all
}

// Components are the package URLs, without version, of what is installed: of the binaries, or else of the package itself. Empty: it has
// none.
func (p *Package) Components() []string {
	if p.PURL == "" {
		return nil
	}
	if len(p.Binaries) == 0 {
		return []string{p.PURL}
	}
	var all []string
	for _, name := range p.Binaries {
		all = append(all, p.binary(name))
	}
	return all
}

// binary is the package URL of another package of the same distribution.
func (p *Package) binary(name string) string {
	return p.PURL[:strings.LastIndexByte(p.PURL, '/')+1] + purlName(name)
}

// purlName writes the name of a distribution's package as package URLs do.
func purlName(name string) string {
	const safe = "-._~:"
	var b strings.Builder
	for _, c := range []byte(name) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(safe, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// keysBySource are the places that a vulnerability of the package is known by, the best first: the source, then what is installed.
func (p *Package) keysBySource() []string {
	if p.Source == "" {
		return p.Components()
	}
	where := []string{"source:" + p.PURL}
	if len(p.Binaries) > 0 {
		where = append(where, p.Components()...)
	}
	return slices.Compact(where)
}
