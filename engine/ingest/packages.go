package ingest

import (
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/headgate/headgate/engine"
)

// purlTypes maps the names that scanners have for ecosystems to package-url types.
var purlTypes = map[string]string{
	"go": "golang", "gomod": "golang", "gobinary": "golang", "go-module": "golang", "golang": "golang",
	"maven": "maven", "jar": "maven", "pom": "maven", "gradle": "maven", "java-archive": "maven", "java": "maven", "sbt": "maven",
	"npm": "npm", "yarn": "npm", "pnpm": "npm", "bun": "npm", "node-pkg": "npm", "nodejs": "npm", "javascript": "npm",
	"pypi": "pypi", "pip": "pypi", "pipenv": "pypi", "poetry": "pypi", "uv": "pypi", "python-pkg": "pypi", "python": "pypi",
	"crates.io": "cargo", "cargo": "cargo", "rust": "cargo", "rust-crate": "cargo", "rustbinary": "cargo",
	"rubygems": "gem", "gem": "gem", "bundler": "gem", "gemspec": "gem", "ruby": "gem",
	"nuget": "nuget", "dotnet": "nuget", "dotnet-core": "nuget", "packages-props": "nuget",
	"packagist": "composer", "composer": "composer", "composer-vendor": "composer", "php-composer": "composer",
	"hex": "hex", "pub": "pub", "dart-pub": "pub", "hackage": "hackage", "cran": "cran", "conan": "conan", "conancenter": "conan",
	"swifturl": "swift", "swift": "swift", "cocoapods": "cocoapods", "conda": "conda", "conda-pkg": "conda", "julia": "julia",
	"github actions": "githubactions", "github-action": "githubactions",
	"debian": "deb/debian", "ubuntu": "deb/ubuntu", "alpine": "apk/alpine", "wolfi": "apk/wolfi", "chainguard": "apk/chainguard",
	"redhat": "rpm/redhat", "red hat": "rpm/redhat", "centos": "rpm/centos", "rocky": "rpm/rocky", "rocky linux": "rpm/rocky",
	"alma": "rpm/alma", "almalinux": "rpm/alma", "amazon": "rpm/amazon", "oracle": "rpm/oracle", "fedora": "rpm/fedora",
	"suse": "rpm/suse", "opensuse": "rpm/opensuse", "photon": "rpm/photon", "mariner": "rpm/mariner", "azurelinux": "rpm/azurelinux",
}

// packageFrom describes a component by its package URL. Version, qualifiers and subpath are dropped from the URL: they are no part
// of what a component is. A URL that does not parse gives nil.
func packageFrom(purl string) *engine.Package {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return nil
	}
	return newPackage(p, p.Version)
}

// packageNamed describes a component of an ecosystem by the name and version that a scanner gives. An ecosystem that no package-url
// type is known for gives a package with a name and no URL.
func packageNamed(ecosystem, name, version string) *engine.Package {
	if name == "" {
		return nil
	}
	eco, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(ecosystem)), ":") // OSV: "Debian:11", "Alpine:v3.18"
	kind, known := purlTypes[eco]
	if !known {
		p := &engine.Package{Name: name, Ecosystem: eco}
		if version != "" {
			p.Versions = []string{version}
		}
		return p
	}
	kind, namespace, _ := strings.Cut(kind, "/")
	switch sep := "/"; kind {
	case "maven":
		if strings.Contains(name, ":") {
			sep = ":"
		}
		fallthrough
	case "golang", "npm", "composer", "githubactions", "swift":
		if i := strings.LastIndex(name, sep); i > 0 {
			namespace, name = name[:i], name[i+1:]
		}
	}
	return newPackage(*packageurl.NewPackageURL(kind, namespace, name, "", nil, ""), version)
}

func newPackage(p packageurl.PackageURL, version string) *engine.Package {
	if p.Type == "golang" {
		version = strings.TrimPrefix(version, "v")
	}
	p.Version, p.Qualifiers, p.Subpath = "", nil, ""
	if err := p.Normalize(); err != nil || p.Name == "" {
		return nil
	}
	out := &engine.Package{PURL: p.ToString(), Ecosystem: p.Type, Name: nameOf(p)}
	if version != "" {
		out.Versions = []string{version}
	}
	return out
}

// nameOf is what the people of an ecosystem call the package.
func nameOf(p packageurl.PackageURL) string {
	switch {
	case p.Namespace == "":
		return p.Name
	case p.Type == "maven":
		return p.Namespace + ":" + p.Name
	case p.Type == "deb" || p.Type == "apk" || p.Type == "rpm":
		return p.Name // the namespace is the distribution
	}
	return p.Namespace + "/" + p.Name
}

// setFixed notes the versions that fix a finding, each once and in the order of their text; Go versions lose their "v" as versions
// do. Texts like "2.6.9, 3.1.0" are several versions.
func setFixed(p *engine.Package, versions ...string) {
	for _, list := range versions {
		for v := range strings.SplitSeq(list, ",") {
			v = strings.TrimSpace(v)
			if p.Ecosystem == "golang" {
				v = strings.TrimPrefix(v, "v")
			}
			if v != "" && !slices.Contains(p.Fixed, v) {
				p.Fixed = append(p.Fixed, v)
			}
		}
	}
	slices.Sort(p.Fixed)
}
