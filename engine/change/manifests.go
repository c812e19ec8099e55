package change

import (
	"path"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A manifest is a file by which a project says what packages it takes.
type manifest struct {
	pattern   string // of the last part of its name, in lower case
	ecosystem string // type of package URL
	whole     bool   // it is a lockfile: it names every package with its version, also those that others bring along
}

// manifests are the files that package managers read, by their own documentation. The first pattern that fits counts.
var manifests = []manifest{
	{"package-lock.json", "npm", true}, {"npm-shrinkwrap.json", "npm", true}, {"yarn.lock", "npm", true}, {"pnpm-lock.yaml", "npm", true},
	{"bun.lock", "npm", true}, {"bun.lockb", "npm", true}, {"package.json", "npm", false}, {"pnpm-workspace.yaml", "npm", false},
	{"go.mod", "golang", true}, {"go.sum", "golang", true}, {"go.work", "golang", false}, {"go.work.sum", "golang", true},
	{"pom.xml", "maven", false}, {"gradle.lockfile", "maven", true}, {"*.lockfile", "maven", true}, {"*.gradle", "maven", false},
	{"*.gradle.kts", "maven", false}, {"gradle.properties", "maven", false}, {"*.versions.toml", "maven", false}, {"build.sbt", "maven", false},
	{"pipfile.lock", "pypi", true}, {"poetry.lock", "pypi", true}, {"uv.lock", "pypi", true}, {"pdm.lock", "pypi", true}, {"pylock*.toml", "pypi", true},
	{"*requirements*.txt", "pypi", false}, {"*requirements*.in", "pypi", false}, {"*constraints*.txt", "pypi", false}, {"pipfile", "pypi", false},
	{"pyproject.toml", "pypi", false}, {"setup.py", "pypi", false}, {"setup.cfg", "pypi", false},
	{"cargo.lock", "cargo", true}, {"cargo.toml", "cargo", false},
	{"gemfile.lock", "gem", true}, {"gems.locked", "gem", true}, {"gemfile", "gem", false}, {"gems.rb", "gem", false}, {"*.gemspec", "gem", false},
	{"composer.lock", "composer", true}, {"composer.json", "composer", false}, {"installed.json", "composer", true},
	{"packages.lock.json", "nuget", true}, {"packages.config", "nuget", false}, {"*.csproj", "nuget", false}, {"*.fsproj", "nuget", false},
	{"*.vbproj", "nuget", false}, {"*.props", "nuget", false}, {"*.targets", "nuget", false}, {"*.deps.json", "nuget", true}, {"global.json", "nuget", false},
	{"mix.lock", "hex", true}, {"mix.exs", "hex", false},
	{"pubspec.lock", "pub", true}, {"pubspec.yaml", "pub", false},
	{"podfile.lock", "cocoapods", true}, {"podfile", "cocoapods", false},
	{"package.resolved", "swift", true}, {"package.swift", "swift", false},
	{"conan.lock", "conan", true}, {"conanfile.*", "conan", false},
}

// manifestOf is what a file is to a package manager; nil: nothing.
func manifestOf(name string) *manifest {
	base := strings.ToLower(path.Base(name))
	if path.Base(path.Dir(name)) == "requirements" && strings.HasSuffix(base, ".txt") {
		base = "requirements.txt"
	}
	for i := range manifests {
		if ok, err := path.Match(manifests[i].pattern, base); ok && err == nil {
			return &manifests[i]
		}
	}
	return nil
}

// hasFiles says whether the table has files of an ecosystem.
func hasFiles(ecosystem string) bool {
	for i := range manifests {
		if manifests[i].ecosystem == ecosystem {
			return true
		}
	}
	return false
}

// A wanted is a package to look for in the lines of a file, all in the form of fold.
type wanted struct {
	name     string
	versions []string
}

func wantedOf(p *engine.Package, ecosystem string) *wanted {
	w := &wanted{name: fold(ecosystem, p.Name)}
	if ecosystem == "maven" || ecosystem == "swift" {
		w.name = w.name[strings.LastIndexAny(w.name, ":/")+1:] // group and artifact stand in different lines
	}
	for _, v := range p.Versions {
		if v = fold(ecosystem, strings.TrimPrefix(v, "v")); v != "" {
			w.versions = append(w.versions, v)
		}
	}
	return w
}

// fold brings names and lines of an ecosystem to one form: PyPI and NuGet know no letter case, and PyPI takes "_" and "." for "-".
func fold(ecosystem, s string) string {
	s = strings.ToLower(s)
	if ecosystem == "pypi" {
		s = strings.NewReplacer("_", "-", ".", "-").Replace(s)
	}
	return s
}

// letter says whether a byte can be part of a name, so that "lodash" is not found in "lodash.merge".
func letter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c >= 0x80
}

// namedIn says whether a line, in the form of fold, names the package: as a word, or as the last part of a path. What belongs to a
// scope ("@types/lodash") is another package, and what has more parts after it is too, unless they are a version ("/lodash/4.17.20").
func (w *wanted) namedIn(line string) bool {
	for from := 0; ; {
		i := strings.Index(line[from:], w.name)
		if i < 0 || w.name == "" {
			return false
		}
		start, end := from+i, from+i+len(w.name)
		from = start + 1
		if start > 0 && letter(line[start-1]) || end < len(line) && letter(line[end]) && !sentenceEnd(line, end) {
			continue
		}
		if end+1 < len(line) && line[end] == '/' && (line[end+1] < '0' || line[end+1] > '9') {
			continue
		}
		if start > 0 && line[start-1] == '/' && inScope(line[:start-1]) {
			continue
		}
		return true
	}
}

// sentenceEnd says whether the full stop at a place ends a word rather than going on in it.
func sentenceEnd(line string, at int) bool {
	return line[at] == '.' && (at+1 == len(line) || !letter(line[at+1]))
}

// inScope says whether text ends in the scope of an npm package, "@types".
func inScope(text string) bool {
	return strings.HasPrefix(text[strings.LastIndexAny(text, "/\"' ,")+1:], "@")
}

// versionIn says whether a line has one of the versions as a word.
func (w *wanted) versionIn(line string) bool {
	for _, v := range w.versions {
		for from := 0; ; {
			i := strings.Index(line[from:], v)
			if i < 0 {
				break
			}
			start, end := from+i, from+i+len(v)
			from = start + 1
			before := start == 0 || !letter(line[start-1]) || line[start-1] == 'v' && (start == 1 || !letter(line[start-2])) || line[start-1] == '-'
			if before && (end == len(line) || !letter(line[end]) || sentenceEnd(line, end)) {
				return true
			}
		}
	}
	return false
}
