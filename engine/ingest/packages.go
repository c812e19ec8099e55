package ingest

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	packageurl "github.com/package-url/packageurl-go"

	"github.com/headgate/headgate/engine"
)

// purlTypes maps the names that scanners have for ecosystems to package-url types.
var purlTypes = map[string]string{
	"go": "golang", "gomod": "golang", "gobinary": "golang", "go-module": "golang", "golang": "golang",
	"maven": "maven", "jar": "maven", "pom": "maven", "gradle": "maven", "java-archive": "maven", "java": "maven", "sbt": "maven",
	"npm": "npm", "yarn": "npm", "pnpm": "npm", "bun": "npm", "node-pkg": "npm", "nodejs": "npm", "node.js": "npm", "javascript": "npm",
	"pypi": "pypi", "pip": "pypi", "pipenv": "pypi", "poetry": "pypi", "uv": "pypi", "python-pkg": "pypi", "python": "pypi",
	"crates.io": "cargo", "cargo": "cargo", "rust": "cargo", "rust-crate": "cargo", "rustbinary": "cargo",
	"rubygems": "gem", "gem": "gem", "bundler": "gem", "gemspec": "gem", "ruby": "gem",
	"nuget": "nuget", "dotnet": "nuget", "dotnet-core": "nuget", "packages-props": "nuget",
	"packagist": "composer", "composer": "composer", "composer-vendor": "composer", "php-composer": "composer",
	"hex": "hex", "pub": "pub", "dart-pub": "pub", "hackage": "hackage", "cran": "cran", "conan": "conan", "conancenter": "conan",
	"swifturl": "swift", "swift": "swift", "cocoapods": "cocoapods", "conda": "conda", "conda-pkg": "conda", "julia": "julia",
	"conda-environment": "conda", "pod": "cocoapods", "dart": "pub", "r-package": "cran", "bitnami": "bitnami",
	"github actions": "githubactions", "github-action": "githubactions",
	"debian": "deb/debian", "ubuntu": "deb/ubuntu", "alpine": "apk/alpine", "wolfi": "apk/wolfi", "chainguard": "apk/chainguard",
	"minimos": "apk/minimos", "echo": "deb/echo",
	"redhat": "rpm/redhat", "red hat": "rpm/redhat", "centos": "rpm/centos", "rocky": "rpm/rocky", "rocky linux": "rpm/rocky",
	"alma": "rpm/alma", "almalinux": "rpm/alma", "amazon": "rpm/amazon", "oracle": "rpm/oracle", "fedora": "rpm/fedora",
	"suse": "rpm/suse", "opensuse": "rpm/opensuse", "photon": "rpm/photon", "mariner": "rpm/mariner", "azurelinux": "rpm/azurelinux",
	"azure linux": "rpm/azurelinux", "photon os": "rpm/photon", "openeuler": "rpm/openeuler", "mageia": "rpm/mageia",
}

// rpmVendors maps the names that scanners and /etc/os-release have for one rpm distribution to one: the namespace of an rpm's
// package URL is free text, and two scanners of one image shall find the same component.
var rpmVendors = map[string]string{
	"amzn": "amazon", "almalinux": "alma", "ol": "oracle", "rhel": "redhat", "rockylinux": "rocky", "cbl-mariner": "mariner",
	"opensuse-leap": "opensuse", "opensuse.leap": "opensuse", "opensuse-tumbleweed": "opensuse", "opensuse.tumbleweed": "opensuse",
	"sles": "suse", "sled": "suse", "suse linux enterprise server": "suse", "slem": "suse", "suse linux enterprise micro": "suse",
}

// packageFrom describes a component by its package URL. Version, qualifiers and subpath are dropped from the URL: they are no part
// of what a component is. A URL that does not parse gives nil.
func packageFrom(purl string) *engine.Package {
	purl = plain(purl)
	p, err := packageurl.FromString(purl)
	if err != nil && (p.Type != "julia" || p.Name == "") { // whose rule is to have a qualifier, and a canonical URL here has none
		return nil
	}
	pkg := newPackage(p, p.Version)
	if pkg != nil {
		pkg.Found = []string{purl}
		for _, q := range p.Qualifiers {
			if q.Key == "upstream" { // Syft's and Grype's
				builtFrom(pkg, sourceIn(q.Value))
			}
		}
	}
	return pkg
}

// sourceIn is the source package in the qualifier "upstream" of a package URL: "openssl", "openssl@3.0.1" or, of an rpm, the name of its
// file, "openssl-3.0.1-41.el9.src.rpm". Several are none: it is not said which one is meant.
func sourceIn(upstream string) string {
	if strings.Contains(upstream, ",") {
		return ""
	}
	if file, ok := strings.CutSuffix(upstream, ".src.rpm"); ok {
		for range 2 { // release and version
			file = file[:max(strings.LastIndexByte(file, '-'), 0)]
		}
		return file
	}
	name, _, _ := strings.Cut(upstream, "@")
	return name
}

// builtFrom notes the source package that a distribution built a package from. Elsewhere packages are their own source.
func builtFrom(p *engine.Package, source string) {
	if p == nil || !slices.Contains([]string{"deb", "apk", "rpm"}, p.Ecosystem) || p.PURL == "" {
		return
	}
	if source = plain(source); source == "" || strings.ContainsAny(source, "/ (") { // e.g. "(none)"
		return
	}
	if p.Ecosystem != "rpm" {
		source = strings.ToLower(source) // as package URLs have them
	}
	name := p.PURL[strings.LastIndexByte(p.PURL, '/')+1:]
	if text, err := url.PathUnescape(name); err == nil {
		name = text
	}
	p.Source, p.Binaries = source, []string{name}
}

// packageNamed describes a component of an ecosystem by the name and version that a scanner gives. An ecosystem that no package-url
// type is known for gives a package with a name and no URL.
func packageNamed(ecosystem, name, version string) *engine.Package {
	name = plain(name)
	if name == "" {
		return nil
	}
	eco, _, _ := strings.Cut(strings.ToLower(plain(ecosystem)), ":") // OSV: "Debian:11", "Alpine:v3.18"
	kind, known := purlTypes[eco]
	if vendor, ok := rpmVendors[eco]; ok {
		kind, known = "rpm/"+vendor, true
	}
	if !known {
		p := &engine.Package{Name: name, Ecosystem: eco}
		setVersion(p, version)
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

// packageOf describes a component by its package URL where that parses, else by the name in its ecosystem. The version that the
// scanner gives goes before the URL's, which lacks what stands in qualifiers, as the epoch of a Debian package.
func packageOf(purl, ecosystem, name, version string) *engine.Package {
	p := packageFrom(purl)
	if p == nil {
		return packageNamed(ecosystem, name, version)
	}
	if strings.EqualFold(p.Name, name) {
		p.Name = plain(name) // Go's package URLs are in lower case, its modules are not
	}
	if p.Ecosystem == "golang" && strings.HasPrefix(strings.ToLower(name), strings.ToLower(p.Name)+"/") {
		// Syft and Grype write what follows the third part of a module's path, as the /v5 of github.com/golang-jwt/jwt/v5, as a
		// subpath: "…/jwt@v5.2.1#v5". It is part of the module's name.
		return packageNamed("golang", name, version)
	}
	if version != "" {
		setVersion(p, version)
	}
	return p
}

var pypiSeparators = regexp.MustCompile(`[-_.]+`)

func newPackage(p packageurl.PackageURL, version string) *engine.Package {
	p.Version, p.Qualifiers, p.Subpath = "", nil, ""
	name := nameOf(p)
	_ = p.Normalize() // its errors are rules of single types on parts that are dropped here, e.g. that Julia has a qualifier
	switch p.Type {
	case "golang":
		// A module path in one escaped part is the same as in several.
		full := strings.Trim(p.Namespace+"/"+p.Name, "/")
		i := strings.LastIndexByte(full, '/')
		p.Namespace, p.Name = full[:max(i, 0)], full[i+1:]
	case "pypi":
		// PEP 503: runs of the three separators mean the same. Scanners differ in "zope.interface" and "zope-interface".
		p.Name = strings.ToLower(pypiSeparators.ReplaceAllString(p.Name, "-"))
		name = p.Name
	case "rpm":
		if vendor, ok := rpmVendors[p.Namespace]; ok {
			p.Namespace = vendor
		}
	}
	if p.Name == "" {
		return nil
	}
	out := &engine.Package{PURL: p.ToString(), Ecosystem: p.Type, Name: name}
	setVersion(out, version)
	return out
}

// setVersion notes the version found. Go's lose their "v", with which only Go's own tools write them.
func setVersion(p *engine.Package, version string) {
	version = plain(version)
	if p.Ecosystem == "golang" {
		version = strings.TrimPrefix(version, "v")
	}
	switch {
	case version == "":
		p.Versions = nil
	case len(p.Versions) != 1 || p.Versions[0] != version:
		p.Versions = []string{version}
	}
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
// do. Texts like "2.6.9, 3.1.0" are several versions, and so are ranges as some databases have them: of ">= 2.1.3, < 3.0.0, >= 3.1.0"
// they are 2.1.3 and 3.1.0. It is called once for a
// finding: each time sorts all.
func setFixed(p *engine.Package, versions ...string) {
	for _, list := range versions {
		for v, more := "", true; more; {
			v, list, more = strings.Cut(list, ",")
			v = plain(v)
			if strings.HasPrefix(v, "<") || strings.HasPrefix(v, "!") || strings.HasPrefix(v, ">") && !strings.HasPrefix(v, ">=") {
				continue // where a range ends, or what lies outside of it, fixes nothing
			}
			v = strings.TrimLeft(v, ">=~^ ")
			if p.Ecosystem == "golang" {
				v = strings.TrimPrefix(v, "v")
			}
			if v != "" {
				p.Fixed = append(p.Fixed, v)
			}
		}
	}
	slices.Sort(p.Fixed)
	p.Fixed = slices.Compact(p.Fixed)
}
