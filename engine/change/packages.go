package change

import (
	"bytes"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// packages says whether the change brought a package: whether a lockfile or manifest that tells of it names it in an added line.
func (d *Diff) packages(x *engine.Discovery) (touch, string) {
	p := x.Finding.Package
	if p.Name == "stdlib" && p.Ecosystem == "golang" {
		return unclear, "the diff does not show which Go builds it"
	}
	result, ground := untouched, ""
	for _, l := range x.Finding.Locations {
		t, g := d.packageAt(l, p)
		if t > result || ground == "" {
			result, ground = max(t, result), g
		}
	}
	return result, ground
}

// packageAt judges one place where a package was found.
func (d *Diff) packageAt(l engine.Location, p *engine.Package) (touch, string) {
	name := cleanPath(l.Path)
	m := manifestOf(name)
	if m == nil {
		if t, g := d.linesAt(l); t != untouched {
			return t, g
		}
		if d.tree[name] && contained(name) || p.Ecosystem == "githubactions" && strings.HasPrefix(name, ".github/") {
			return untouched, "the change does not touch " + name
		}
	}
	if m == nil && !hasFiles(p.Ecosystem) {
		return unclear, "it is not known which files say what packages of " + p.Ecosystem + " are taken"
	}
	if m != nil && p.Ecosystem != "" {
		m = &manifest{m.pattern, p.Ecosystem, m.whole} // one file can be read for several: *.props, *.lockfile
	}
	result, ground := untouched, "the change does not touch "+name
	if m != nil && !d.there(name) {
		return unclear, name + " is not a file of the head"
	}
	if d.links[name] {
		return unclear, name + " is a link, and the diff does not show where it leads"
	}
	if m == nil {
		ground = "the change touches no file that says what packages are taken"
	}
	for _, f := range d.consulted(name, m, p.Ecosystem) {
		t, g := f.brings(p)
		if t == untouched && f.name != name && result == untouched {
			continue
		}
		if t >= result {
			result, ground = t, g
		}
	}
	return result, ground
}

// contained says whether a file is a package itself, which is the same as long as the file is.
func contained(name string) bool {
	return slices.Contains([]string{".jar", ".war", ".ear", ".whl", ".egg", ".nupkg", ".gem", ".exe", ".dll", ".so"}, path.Ext(strings.ToLower(name)))
}

// consulted are the touched files that may have brought what was found at a place. For a lockfile it is that file, in Go together with
// what stands beside it; for a manifest all that lie beside it or above; for any other place all of the ecosystem.
func (d *Diff) consulted(name string, m *manifest, ecosystem string) []*file {
	var out []*file
	dir := path.Dir(name)
	for _, f := range d.manifests {
		fm := manifestOf(f.name)
		at := path.Dir(f.name)
		switch {
		case m == nil:
			if fm.ecosystem != ecosystem {
				continue
			}
		case f.name == name, within(f.name, name), within(name, f.name): // a scan of a folder may leave the folder out
		case fm.ecosystem != m.ecosystem, m.whole && m.ecosystem != "golang":
			continue
		case m.ecosystem == "maven" && !fm.whole && path.Base(f.name) != "pom.xml": // Gradle's may stand anywhere
		case at != "." && at != dir && !strings.HasPrefix(dir, at+"/"):
			continue
		}
		out = append(out, f)
	}
	return out
}

// brings says whether a touched file brings the package.
func (f *file) brings(p *engine.Package) (touch, string) {
	m := manifestOf(f.name)
	w := wantedOf(p, m.ecosystem)
	switch {
	case f.deleted:
		return unclear, "the change removes " + f.name
	case f.opaque != "":
		return unclear, f.name + " is " + f.opaque + ", and touched by the change"
	}
	if was := manifestOf(f.old); f.renamed && (was == nil || was.ecosystem != m.ecosystem || was.whole != m.whole) {
		return unclear, "it was " + f.old + " before, from which no packages of this kind are taken"
	}
	if f.addedBy(w) {
		return touched, f.name + " adds " + strings.TrimSpace(p.Name+" "+strings.Join(p.Versions, ", "))
	}
	if m.whole || !f.matters() {
		return untouched, "the change touches " + f.name + ", and adds no line with " + p.Name
	}
	switch {
	case f.decides():
		return unclear, f.name + " is touched by the change where it decides on versions"
	case p.Direct != nil && *p.Direct, f.names(w):
		return untouched, "the change touches " + f.name + ", and no line with " + p.Name
	}
	return unclear, f.name + " is touched by the change, and does not name all that it brings"
}

// names says whether the file, as far as it is known, names the package.
func (f *file) names(w *wanted) bool {
	if said, ok := f.named[w.name]; ok {
		return said
	}
	said := false
	ecosystem := manifestOf(f.name).ecosystem
	for l := range bytes.Lines(f.head) {
		if said = w.namedIn(fold(ecosystem, string(l))); said {
			break
		}
	}
	if f.named == nil {
		f.named = map[string]bool{}
	}
	f.named[w.name] = said
	return said
}

// remark is a line that says nothing to a package manager.
var remark = regexp.MustCompile(`^\s*(?:#|//(?:[^*]|\*[^/])*$|<!--[^<>]*-->\s*$|$)`)

// matters says whether any changed line can say something of packages.
func (f *file) matters() bool {
	return f.added || len(f.runs) == 0 || slices.ContainsFunc(f.text, func(l line) bool {
		return (l.op == '+' || l.op == '-') && !remark.MatchString(l.text)
	})
}

var (
	// plainly are the lines of a pom.xml that speak of one dependency; what names it stands among them.
	plainly = regexp.MustCompile(`^\s*(?:</?dependency>|<(?:groupId|artifactId|version|classifier|optional)>[^<$]*</\w+>|<scope>(?:compile|runtime|test|provided|system)</scope>|<type>(?:jar|test-jar|war)</type>)\s*$`)
	// coordinates are the lines of a Gradle build that take one library.
	coordinates = regexp.MustCompile(`^\s*[\w.]+[ (]+["'][\w.-]+:[\w.-]+(?::[\w.+-]+)?["']\)?\s*$`)
	// included are the lines of a requirements file that bring others, or say where packages come from.
	included = regexp.MustCompile(`^\s*-`)
)

// decides says whether a changed line may decide on the versions of packages that it does not name: a property, a parent, an import
// of versions, another file.
func (f *file) decides() bool {
	if f.steers == nil {
		f.steers = new(f.anySteers())
	}
	return *f.steers
}

func (f *file) anySteers() bool {
	ecosystem := manifestOf(f.name).ecosystem
	inside := false // of pom.xml: between <dependency> and its end
	for _, l := range f.text {
		if l.op == '@' {
			inside = false
			continue
		}
		inside = inside || strings.Contains(l.text, "<dependency>")
		if (l.op == '+' || l.op == '-') && !remark.MatchString(l.text) {
			switch {
			case path.Base(f.name) == "pom.xml":
				if !inside || !plainly.MatchString(l.text) {
					return true
				}
			case ecosystem == "maven" && !coordinates.MatchString(l.text), ecosystem == "pypi" && included.MatchString(l.text):
				return true
			}
		}
		inside = inside && !strings.Contains(l.text, "</dependency>")
	}
	return false
}
