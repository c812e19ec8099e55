package scope

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/versions"
)

// vexStatuses are the statuses of VEX, the gravest last. The first two say that nothing is to be done.
var vexStatuses = []string{"not_affected", "fixed", "under_investigation", "affected"}

const vexCleared = 2 // statuses below this one clear

// ApplyVEX notes in each case what statements say of its vulnerability in its component. It removes no case. The order of the
// statements does not matter.
//
// A statement is about a case if it names the vulnerability by any of its exact names and one of its products is the component, or is
// the image or application that the case is on, with the component among its subcomponents if it lists any. What a statement demands
// and the case does not know, as a version or a qualifier, does not match. Of several statements the latest counts, and of equally
// late ones the gravest.
//
// A finding can be of several versions, of several packages that a distribution built from one source, and of a name that covers several
// CVEs. It is cleared only if each of them is; otherwise the gravest word that was said of any of them counts, if it is one that does not clear.
func ApplyVEX(cases []engine.Case, statements []engine.Statement) {
	byName := map[string][]*engine.Statement{}
	for i := range statements {
		s := &statements[i]
		if s.Vulnerability == nil || !slices.Contains(vexStatuses, s.VEX.Status) {
			continue
		}
		for _, name := range unique(append(s.Vulnerability.Names(), s.Vulnerability.CVEs...)) {
			byName[name] = append(byName[name], s)
		}
	}
	if len(byName) == 0 {
		return
	}
	for i := range cases {
		c := &cases[i]
		s := heard(c, byName)
		if s == nil {
			continue
		}
		c.Input.Context.VEX = new(s.VEX)
		if c.Provenance == nil {
			c.Provenance = map[string]engine.Provenance{}
		}
		c.Provenance["context.vex"] = engine.Provenance{Source: s.VEX.Source, At: s.Time}
	}
}

// heard is the statement that counts for a case, if any does.
func heard(c *engine.Case, byName map[string][]*engine.Statement) *engine.Statement {
	f := &c.Input.Finding
	if f.Vulnerability == nil {
		return nil
	}
	versions := []string{""}
	if f.Package != nil && len(f.Package.Versions) > 0 {
		versions = f.Package.Versions
	}
	components := []string{""}
	if f.Package != nil && len(f.Package.Binaries) > 0 {
		components = f.Package.Components()
	}
	var worst *engine.Statement
	silent := false // nothing is said of some version, of some component, or of some CVE
	for _, names := range namesApart(f.Vulnerability) {
		var about []*engine.Statement
		for _, name := range names {
			about = append(about, byName[name]...)
		}
		for _, component := range components {
			for _, v := range versions {
				s := latest(c, about, part{component, v})
				if s == nil {
					silent = true
				} else if worst == nil || compareWords(s, worst) > 0 {
					worst = s
				}
			}
		}
	}
	if worst != nil && silent && slices.Index(vexStatuses, worst.VEX.Status) < vexCleared {
		return nil
	}
	return worst
}

// A part is one version of what a finding is in. The package URL is that of one of several packages that a distribution built from the
// finding's; empty: the finding's own.
type part struct{ purl, version string }

// namesApart are the names of a vulnerability: all in one group, but for a name that covers several CVEs, each of which can be spoken
// of by itself or by that name.
func namesApart(v *engine.Vulnerability) [][]string {
	if len(v.CVEs) < 2 {
		return [][]string{v.Names()}
	}
	var groups [][]string
	for _, cve := range v.CVEs {
		groups = append(groups, []string{cve, v.ID})
	}
	return groups
}

// latest is the statement that counts for one part of the finding.
func latest(c *engine.Case, about []*engine.Statement, of part) *engine.Statement {
	var best *engine.Statement
	for _, s := range about {
		if best != nil && cmp.Or(s.Time.Compare(best.Time), compareWords(s, best)) <= 0 {
			continue
		}
		if s.Report != "" && !slices.ContainsFunc(c.Input.Finding.Sources, func(src engine.Source) bool { return src.Report == s.Report }) {
			continue
		}
		if slices.ContainsFunc(s.Products, func(p engine.Product) bool { return speaksOf(&p, c, of) }) {
			best = s
		}
	}
	return best
}

// compareWords orders statements by what they say, the gravest last, and then in some order that is always the same.
func compareWords(a, b *engine.Statement) int {
	return cmp.Or(
		cmp.Compare(slices.Index(vexStatuses, a.VEX.Status), slices.Index(vexStatuses, b.VEX.Status)),
		a.Time.Compare(b.Time),
		strings.Compare(a.VEX.Justification, b.VEX.Justification),
		strings.Compare(a.VEX.Source, b.VEX.Source),
	)
}

// speaksOf says whether a product is that part of the finding, or something that the case is on.
func speaksOf(p *engine.Product, c *engine.Case, of part) bool {
	if len(p.Subcomponents) == 0 {
		return isComponent(p, c.Input.Finding.Package, of) || isWhole(p, c)
	}
	return isWhole(p, c) && slices.ContainsFunc(p.Subcomponents, func(sub engine.Product) bool {
		return isComponent(&sub, c.Input.Finding.Package, of)
	})
}

// isComponent compares a product with the component of a finding. By name only what has no package URL is found: the name of a
// package without its ecosystem is not the name of that package alone. A source package, which package URLs tell by the architecture
// "source" or "src", stands for all that is built from it.
func isComponent(p *engine.Product, pkg *engine.Package, of part) bool {
	if pkg == nil {
		return false
	}
	if p.PURL == "" {
		return p.Range == "" && pkg.PURL == "" && p.Name != "" && p.Name == pkg.Name && (p.Version == "" || p.Version == of.version)
	}
	if p.Package == nil {
		return false
	}
	want := qualifiers(p.PURL)
	if pkg.Source != "" {
		isSource := want["arch"] == "source" || want["arch"] == "src"
		if !isSource && of.purl == "" {
			return false // which of the source's packages are installed is not known, and this is one of them
		}
		if isSource {
			delete(want, "arch") // what is found has that of its machine
			of.purl = ""
		}
	}
	if p.Package.PURL != cmp.Or(of.purl, pkg.PURL) {
		return false
	}
	stated := ""
	if len(p.Package.Versions) > 0 {
		stated = p.Package.Versions[0]
	}
	if stated != "" && !sameVersion(stated, want["epoch"], of.version) || stated == "" && p.Range != "" && !inRange(p, of.version) {
		return false
	}
	delete(want, "epoch") // part of the version
	return len(want) == 0 || hasQualifiers(pkg, of.version, want)
}

// inRange says whether a version is in the range that a product states. A range that cannot be read, as one of an ecosystem whose order is
// not known, has no version: it would be a guess.
func inRange(p *engine.Product, version string) bool {
	r, err := versions.ParseRange(p.Package.Ecosystem, p.Range)
	if err != nil {
		return false
	}
	in, err := r.Contains(version)
	return err == nil && in
}

// sameVersion compares a version in a package URL with one that was found. Distributions' epochs stand before a version ("1:3.0.2-1")
// or in a qualifier; where a statement has none, any is meant.
func sameVersion(stated, epoch, found string) bool {
	if stated == found || epoch != "" && epoch+":"+stated == found {
		return true
	}
	before, after, ok := strings.Cut(found, ":")
	return ok && epoch == "" && strings.Trim(before, "0123456789") == "" && after == stated
}

// hasQualifiers says whether the package URLs that were found for a version have the qualifiers. A qualifier with several values, as
// two architectures in one finding, is not the one that is demanded; but scanners name one distribution in several ways, of which one
// is enough.
func hasQualifiers(pkg *engine.Package, version string, want map[string]string) bool {
	values := map[string][]string{}
	for _, purl := range pkg.Found {
		has := qualifiers(purl)
		if v := versionIn(purl); v != "" && version != "" && !sameVersion(strings.TrimPrefix(v, "v"), has["epoch"], strings.TrimPrefix(version, "v")) {
			continue
		}
		for k, v := range has {
			if !slices.Contains(values[k], v) {
				values[k] = append(values[k], v)
			}
		}
	}
	for k, v := range want {
		if !slices.Contains(values[k], v) || len(values[k]) > 1 && k != "distro" {
			return false
		}
	}
	return true
}

// qualifiers are those of a package URL; keys are in lower case.
func qualifiers(purl string) map[string]string {
	purl, _, _ = strings.Cut(purl, "#")
	_, query, _ := strings.Cut(purl, "?")
	all := map[string]string{}
	for part := range strings.SplitSeq(query, "&") {
		k, v, _ := strings.Cut(part, "=")
		if text, err := url.PathUnescape(v); err == nil {
			v = text
		}
		if k != "" && v != "" {
			all[strings.ToLower(k)] = v
		}
	}
	return all
}

// versionIn is the version of a package URL.
func versionIn(purl string) string {
	purl, _, _ = strings.Cut(purl, "#")
	purl, _, _ = strings.Cut(purl, "?")
	i := strings.LastIndexByte(purl, '@')
	if i < 0 || i < strings.LastIndexByte(purl, '/') {
		return ""
	}
	text, err := url.PathUnescape(purl[i+1:])
	if err != nil {
		return purl[i+1:]
	}
	return text
}

func unique(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
