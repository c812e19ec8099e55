package ingest

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestModulePathInTheSubpathOfAPackageURLIsTheSameModule(t *testing.T) {
	const name, version = "github.com/golang-jwt/jwt/v5", "v5.2.1"
	syft := packageOf("pkg:golang/github.com/golang-jwt/jwt@v5.2.1#v5", "go-module", name, version)
	trivy := packageOf("pkg:golang/github.com/golang-jwt/jwt/v5@v5.2.1", "gobinary", name, version)
	if syft.PURL != trivy.PURL || syft.Name != name || trivy.Name != name {
		t.Errorf("%+v and %+v are one module", syft, trivy)
	}
	// By the specification a subpath is a folder of the module, and that is no part of the component.
	folder := packageOf("pkg:golang/google.golang.org/genproto@v0.1.0#googleapis/api", "golang", "google.golang.org/genproto", "v0.1.0")
	if folder.PURL != "pkg:golang/google.golang.org/genproto" {
		t.Errorf("%s has the subpath of its URL", folder.PURL)
	}
}

func TestPackageURLsAreCanonicalForTheirTypes(t *testing.T) {
	for purl, want := range map[string]string{ // URL and name
		"pkg:npm/%40babel/core@7.0.0":                                     "pkg:npm/%40babel/core @babel/core",
		"pkg:npm/@babel/core@7.0.0":                                       "pkg:npm/%40babel/core @babel/core",
		"pkg:pypi/Zope.Interface@5":                                       "pkg:pypi/zope-interface zope-interface",
		"pkg:pypi/typing__extensions@4?file_name=x":                       "pkg:pypi/typing-extensions typing-extensions",
		"pkg:golang/github.com/Masterminds/goutils@v1.1.0":                "pkg:golang/github.com/masterminds/goutils github.com/masterminds/goutils",
		"pkg:golang/golang.org%2Fx%2Ftext@v0.3.5":                         "pkg:golang/golang.org/x/text golang.org/x/text",
		"pkg:golang/stdlib@1.22.1":                                        "pkg:golang/stdlib stdlib",
		"pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1?type=jar":   "pkg:maven/org.apache.logging.log4j/log4j-core org.apache.logging.log4j:log4j-core",
		"pkg:deb/debian/libssl1.1@1.1.1n?arch=amd64&distro=debian-11":     "pkg:deb/debian/libssl1.1 libssl1.1",
		"pkg:apk/alpine/musl@1.2.3-r4?arch=x86_64":                        "pkg:apk/alpine/musl musl",
		"pkg:rpm/rhel/openssl@1.1.1k?epoch=1":                             "pkg:rpm/redhat/openssl openssl",
		"pkg:rpm/amzn/curl@8":                                             "pkg:rpm/amazon/curl curl",
		"pkg:rpm/opensuse.leap/zlib@1":                                    "pkg:rpm/opensuse/zlib zlib",
		"pkg:rpm/fedora/zlib@1":                                           "pkg:rpm/fedora/zlib zlib",
		"pkg:github/Madler/zlib@v1.3":                                     "pkg:github/madler/zlib madler/zlib",
		"pkg:nuget/Newtonsoft.Json@13":                                    "pkg:nuget/Newtonsoft.Json Newtonsoft.Json",
		"pkg:swift/github.com/Alamofire/Alamofire@5":                      "pkg:swift/github.com/Alamofire/Alamofire github.com/Alamofire/Alamofire",
		"pkg:julia/Example@0.5?uuid=7876af07-990d-54b4-ab0e-23690620f79a": "pkg:julia/Example Example",
		"pkg:generic/java@17\x00-J":                                       "pkg:generic/java java",
		"pkg:composer/Guzzlehttp/Guzzle@6":                                "pkg:composer/guzzlehttp/guzzle guzzlehttp/guzzle",
	} {
		p := packageFrom(purl)
		if p == nil {
			t.Errorf("%s is no package", purl)
			continue
		}
		if got := p.PURL + " " + p.Name; got != want {
			t.Errorf("%s is %s, want %s", purl, got, want)
		}
		if again := packageFrom(p.PURL); again == nil || again.PURL != p.PURL {
			t.Errorf("%s is not canonical: it is read as %+v", p.PURL, again)
		}
	}
	for _, purl := range []string{"", "pkg:", "npm/a@1", "pkg:npm", "pkg:npm/", "pkg:npm/%zz@1", "https://example.org"} {
		if p := packageFrom(purl); p != nil {
			t.Errorf("%q is the package %+v", purl, p)
		}
	}
}

func TestPackagesNamedByEcosystemAreThoseOfTheirURL(t *testing.T) {
	for _, c := range []struct{ ecosystem, name, want string }{
		{"Go", "golang.org/x/net", "pkg:golang/golang.org/x/net"},
		{"gomod", "github.com/Acme/X", "pkg:golang/github.com/acme/x"},
		{"Maven", "org.apache.logging.log4j:log4j-core", "pkg:maven/org.apache.logging.log4j/log4j-core"},
		{"jar", "org.apache.logging.log4j:log4j-core", "pkg:maven/org.apache.logging.log4j/log4j-core"},
		{"npm", "@babel/core", "pkg:npm/%40babel/core"},
		{"node-pkg", "lodash", "pkg:npm/lodash"},
		{"PyPI", "Typing_Extensions", "pkg:pypi/typing-extensions"},
		{"Packagist", "guzzlehttp/psr7", "pkg:composer/guzzlehttp/psr7"},
		{"crates.io", "serde", "pkg:cargo/serde"},
		{"Debian:12", "curl", "pkg:deb/debian/curl"},
		{"Alpine:v3.20", "musl", "pkg:apk/alpine/musl"},
		{"Red Hat:enterprise_linux:9::appstream", "curl", "pkg:rpm/redhat/curl"},
		{"almalinux:9", "curl", "pkg:rpm/alma/curl"},
		{"SUSE Linux Enterprise Server", "curl", "pkg:rpm/suse/curl"},
		{"cbl-mariner", "curl", "pkg:rpm/mariner/curl"},
		{"SwiftURL", "github.com/apple/swift-nio", "pkg:swift/github.com/apple/swift-nio"},
		{"julia", "Example", "pkg:julia/Example"},
		{"GitHub Actions", "actions/checkout", "pkg:githubactions/actions/checkout"},
		{"OSS-Fuzz", "libxml2", ""},
	} {
		p := packageNamed(c.ecosystem, c.name, "1.0")
		if p == nil || p.PURL != c.want || len(p.Versions) != 1 {
			t.Errorf("%s %s is %+v, want %s", c.ecosystem, c.name, p, c.want)
			continue
		}
		if c.want != "" && packageFrom(c.want).PURL != p.PURL {
			t.Errorf("%s is not what its URL is", c.want)
		}
	}
	if p := packageNamed("npm", " ", "1"); p != nil {
		t.Errorf("no name is %+v", p)
	}
}

func TestVersionsOfGoLoseTheirV(t *testing.T) {
	p := packageOf("pkg:golang/golang.org/x/net@v0.9.0", "go-module", "golang.org/x/net", "v0.9.0+incompatible")
	setFixed(p, "v0.17.0, v0.9.1", "0.17.0", "", " ")
	if p.Versions[0] != "0.9.0+incompatible" || len(p.Fixed) != 2 || p.Fixed[0] != "0.17.0" || p.Fixed[1] != "0.9.1" {
		t.Errorf("found %v, fixed %v", p.Versions, p.Fixed)
	}
	q := packageOf("pkg:deb/debian/vim@9.0?epoch=2", "deb", "vim", "2:9.0")
	setFixed(q, "v2", ">= v2, >=v2")
	if q.Versions[0] != "2:9.0" || len(q.Fixed) != 1 || q.Fixed[0] != "v2" {
		t.Errorf("found %v, fixed %v", q.Versions, q.Fixed)
	}
}

func TestFixedVersionsAreTakenFromRangesToo(t *testing.T) {
	for text, want := range map[string]string{
		"2.6.9, 3.1.0, 2.6.9":                 "2.6.9 3.1.0",
		">= 2.1.3, < 3.0.0, >= 3.1.0":         "2.1.3 3.1.0",
		">=4.17.11":                           "4.17.11",
		"~> 5.2.4.3, >= 6.0.3.1":              "5.2.4.3 6.0.3.1",
		"^1.2.3, =1.3":                        "1.2.3 1.3",
		"> 1.0, != 1.1, <2":                   "",
		"1:1.1.1w-0+deb11u2~bpo, 0:8.7-1.el9": "0:8.7-1.el9 1:1.1.1w-0+deb11u2~bpo",
		" , ":                                 "",
	} {
		var p engine.Package
		setFixed(&p, text)
		if got := strings.Join(p.Fixed, " "); got != want {
			t.Errorf("%q is fixed by %q, want %q", text, got, want)
		}
	}
}
