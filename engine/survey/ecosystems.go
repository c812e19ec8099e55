package survey

import (
	"slices"
	"strings"
)

// What the folder of a manifest is.
type builds int

const (
	nothing builds = iota // configuration
	program
	image
)

// An Ecosystem is a language, or a kind of configuration, and how its files are called.
type Ecosystem struct {
	Name      string
	Builds    builds
	Manifests []string // names of files, * is any part of a name
	Locks     []string // files that say which versions are used; a scanner of dependencies reads these, and often no others
	Scanners  []string // by name, see scanners: what fits it
}

// ecosystems are all that are known, one line each. What scanners of dependencies read is what Trivy's documentation lists for "fs".
var ecosystems = []Ecosystem{
	{"Go", program, list("go.mod"), list("go.sum go.mod"), list("govulncheck trivy")},
	{"JavaScript", program, list("package.json"), list("package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock"), list("semgrep trivy")},
	{"Python", program, list("pyproject.toml setup.py setup.cfg Pipfile requirements.txt"), list("poetry.lock uv.lock Pipfile.lock requirements.txt"), list("semgrep trivy")},
	{"Java", program, list("pom.xml build.gradle build.gradle.kts"), list("pom.xml gradle.lockfile"), list("semgrep trivy")},
	{"Scala", program, list("build.sbt"), list("build.sbt.lock"), list("semgrep trivy")},
	{".NET", program, list("*.csproj *.fsproj *.vbproj"), list("packages.lock.json packages.config *.deps.json"), list("semgrep trivy")},
	{"Ruby", program, list("Gemfile *.gemspec"), list("Gemfile.lock"), list("semgrep trivy")},
	{"PHP", program, list("composer.json"), list("composer.lock"), list("semgrep trivy")},
	{"Rust", program, list("Cargo.toml"), list("Cargo.lock"), list("trivy")},
	{"Swift", program, list("Package.swift Podfile"), list("Package.resolved Podfile.lock"), list("trivy")},
	{"Dart", program, list("pubspec.yaml"), list("pubspec.lock"), list("trivy")},
	{"Elixir", program, list("mix.exs"), list("mix.lock"), list("trivy")},
	{"C and C++", program, list("conanfile.txt conanfile.py"), list("conan.lock"), list("trivy")},
	{"Docker", image, list("Dockerfile Dockerfile.* *.Dockerfile Containerfile"), nil, list("trivy-config")},
	{"Terraform", nothing, list("*.tf *.tf.json"), nil, list("trivy-config")},
	{"Helm", nothing, list("Chart.yaml"), nil, list("trivy-config")},
	{"Kustomize", nothing, list("kustomization.yaml kustomization.yml"), nil, list("trivy-config")},
}

func list(names string) []string { return strings.Fields(names) }

// rank is the place of an ecosystem in the table.
func rank(name string) int {
	return slices.IndexFunc(ecosystems, func(e Ecosystem) bool { return e.Name == name })
}

// Unlocked are the ecosystems that have a manifest and no lockfile: what a scanner of dependencies finds in them is little or nothing.
func (s *Survey) Unlocked() (names []string) {
	for _, f := range s.Found {
		if f.Builds == program && !f.Locked && len(f.Folders) > 0 {
			names = append(names, f.Name)
		}
	}
	return names
}
