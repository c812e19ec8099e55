package scope

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

// product reads "pkg:npm/a@1" or a name, as reading a report does for the few types that these tests use.
func product(text string, inside ...string) engine.Product {
	p := engine.Product{Name: text}
	if rest, ok := strings.CutPrefix(text, "pkg:"); ok {
		base, _, _ := strings.Cut(rest, "?")
		version := versionIn(text)
		base = strings.TrimSuffix(base, "@"+version)
		kind, name, _ := strings.Cut(base, "/")
		p = engine.Product{PURL: text, Package: &engine.Package{PURL: "pkg:" + base, Ecosystem: kind, Name: name}}
		if version != "" {
			p.Package.Versions = []string{version}
		}
	}
	for _, sub := range inside {
		p.Subcomponents = append(p.Subcomponents, product(sub))
	}
	return p
}

var day = time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)

func says(status, vulnerability string, days int, products ...engine.Product) engine.Statement {
	return engine.Statement{
		Vulnerability: engine.NewVulnerability(vulnerability), Products: products, Time: day.AddDate(0, 0, days),
		VEX: engine.VEX{Status: status, Justification: fmt.Sprint("day ", days), Source: "acme"},
	}
}

// caseOf is a finding of CVE-2026-0001, also known as GHSA-1, in versions of a package in ghcr.io/acme/shop:2.0, on the asset shop.
func caseOf(purl string, versions ...string) engine.Case {
	kind, name, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	pkg := &engine.Package{PURL: purl, Ecosystem: kind, Name: name, Versions: versions}
	for _, v := range versions {
		pkg.Found = append(pkg.Found, purl+"@"+v+"?arch=amd64&distro=debian-12.5")
	}
	return engine.Case{Input: engine.Input{
		Finding: engine.Finding{
			ID: "hg1-1", Kind: engine.KindVulnerability, Vulnerability: engine.NewVulnerability("CVE-2026-0001", "GHSA-1"), Package: pkg,
			Locations: []engine.Location{{Image: "ghcr.io/acme/shop:2.0"}},
			Sources:   []engine.Source{{Tool: "a", Report: "sha256:1"}},
		},
		Asset: engine.Asset{ID: "shop", Name: "Storefront"},
	}}
}

func status(c engine.Case, statements ...engine.Statement) string {
	cases := []engine.Case{c}
	ApplyVEX(cases, statements)
	if v := cases[0].Input.Context.VEX; v != nil {
		return v.Status
	}
	return ""
}

func TestStatementsMatchProducts(t *testing.T) {
	const digest = "sha256:4b5d"
	pinned := caseOf("pkg:npm/ws", "7.5.9")
	pinned.Input.Finding.Locations = []engine.Location{{Image: "ghcr.io/acme/shop@" + digest}}
	versioned := caseOf("pkg:npm/ws", "7.5.9")
	versioned.Input.Asset.Tags = map[string]string{"version": "2.0"}
	hub := caseOf("pkg:npm/ws", "7.5.9")
	hub.Input.Finding.Locations = []engine.Location{{Image: "nginx:1.27"}}
	epoch := caseOf("pkg:deb/debian/vim", "2:9.0-1")
	epoch.Input.Finding.Package.Found = []string{"pkg:deb/debian/vim@9.0-1?arch=amd64&distro=debian-12&epoch=2"}
	two := caseOf("pkg:deb/debian/vim", "9.0")
	two.Input.Finding.Package.Found = []string{"pkg:deb/debian/vim@9.0?arch=amd64&distro=debian-12", "pkg:deb/debian/vim@9.0?arch=arm64&distro=debian-12.5"}
	bare := caseOf("", "1.0")
	bare.Input.Finding.Package.Name = "libfoo"
	npm := caseOf("pkg:npm/ws", "7.5.9")
	for _, c := range []struct {
		name    string
		is      engine.Case
		product engine.Product
		want    bool
	}{
		{"the component", npm, product("pkg:npm/ws@7.5.9"), true},
		{"every version", npm, product("pkg:npm/ws"), true},
		{"another version", npm, product("pkg:npm/ws@7.5.8"), false},
		{"another package", npm, product("pkg:npm/wsx@7.5.9"), false},
		{"another ecosystem", npm, product("pkg:gem/ws@7.5.9"), false},
		{"a qualifier", npm, product("pkg:npm/ws@7.5.9?arch=amd64"), true},
		{"two qualifiers", npm, product("pkg:npm/ws?distro=debian-12.5&arch=amd64"), true},
		{"another value", npm, product("pkg:npm/ws@7.5.9?arch=arm64"), false},
		{"a qualifier that is not known", npm, product("pkg:npm/ws@7.5.9?os=linux"), false},
		{"one of two architectures", two, product("pkg:deb/debian/vim@9.0?arch=amd64"), false},
		{"one of two names of a distribution", two, product("pkg:deb/debian/vim@9.0?distro=debian-12"), true},
		{"an epoch in the qualifiers", epoch, product("pkg:deb/debian/vim@9.0-1?epoch=2&arch=amd64"), true},
		{"another epoch", epoch, product("pkg:deb/debian/vim@9.0-1?epoch=1"), false},
		{"no epoch", epoch, product("pkg:deb/debian/vim@9.0-1"), true},
		{"the name of what has a package URL", npm, product("ws"), false},
		{"the name of what has none", bare, product("libfoo"), true},
		{"the name in a version", bare, engine.Product{Name: "libfoo", Version: "1.0"}, true},
		{"the name in another version", bare, engine.Product{Name: "libfoo", Version: "1.1"}, false},
		{"the image", npm, product("ghcr.io/acme/shop"), true},
		{"the image by its tag", npm, product("ghcr.io/acme/shop:2.0"), true},
		{"another tag", npm, product("ghcr.io/acme/shop:2.1"), false},
		{"another image", npm, product("ghcr.io/acme/admin"), false},
		{"part of the image's name", npm, product("acme/shop"), false},
		{"an oci URL", npm, product("pkg:oci/shop?repository_url=ghcr.io/acme/shop"), true},
		{"an oci URL without the name", npm, product("pkg:oci/shop?repository_url=ghcr.io/acme"), true},
		{"an oci URL with the tag", npm, product("pkg:oci/shop?repository_url=ghcr.io%2Facme%2Fshop&tag=2.0"), true},
		{"an oci URL of any repository", npm, product("pkg:oci/shop"), true},
		{"an oci URL of another repository", npm, product("pkg:oci/shop?repository_url=docker.io/acme/shop"), false},
		{"an oci URL with a digest that is not known", npm, product("pkg:oci/shop@sha256%3A4b5d?repository_url=ghcr.io/acme/shop"), false},
		{"an oci URL with the digest", pinned, product("pkg:oci/shop@sha256%3A4b5d?repository_url=ghcr.io/acme/shop&arch=amd64"), true},
		{"an oci URL with another digest", pinned, product("pkg:oci/shop@sha256%3A4b5e?repository_url=ghcr.io/acme/shop"), false},
		{"an oci URL with an architecture only", npm, product("pkg:oci/shop?repository_url=ghcr.io/acme/shop&arch=amd64"), false},
		{"Docker's registry", hub, product("pkg:oci/nginx?repository_url=index.docker.io/library/nginx"), true},
		{"a docker URL", hub, product("pkg:docker/nginx@1.27"), true},
		{"a component of the image", npm, product("pkg:oci/shop", "pkg:npm/ws@7.5.9"), true},
		{"another component of the image", npm, product("pkg:oci/shop", "pkg:npm/lodash"), false},
		{"a component of another image", npm, product("pkg:oci/admin", "pkg:npm/ws@7.5.9"), false},
		{"a component in a component", npm, product("pkg:npm/ws@7.5.9", "pkg:npm/lodash"), false},
		{"the asset", npm, product("shop"), true},
		{"the asset by its name", npm, product("Storefront"), true},
		{"another asset", npm, product("checkout"), false},
		{"the application", npm, product("pkg:npm/shop", "pkg:npm/ws"), true},
		{"the application in a version that is not known", npm, product("pkg:npm/shop@2.0", "pkg:npm/ws"), false},
		{"the application in its version", versioned, product("pkg:npm/shop@2.0", "pkg:npm/ws"), true},
		{"the application in another version", versioned, product("pkg:npm/shop@2.1", "pkg:npm/ws"), false},
		{"nothing", npm, engine.Product{}, false},
	} {
		if got := status(c.is, says("not_affected", "CVE-2026-0001", 0, c.product)) != ""; got != c.want {
			t.Errorf("%s: matches %v, want %v", c.name, got, c.want)
		}
	}
}

func TestStatementsThatCount(t *testing.T) {
	ws := product("pkg:npm/ws")
	seven, eight := product("pkg:npm/ws@7.5.9"), product("pkg:npm/ws@8.16.0")
	one, both := caseOf("pkg:npm/ws", "7.5.9"), caseOf("pkg:npm/ws", "7.5.9", "8.16.0")
	many := caseOf("pkg:npm/ws", "7.5.9")
	many.Input.Finding.Vulnerability = &engine.Vulnerability{ID: "GHSA-2", CVEs: []string{"CVE-2026-0001", "CVE-2026-0002"}}
	code := one
	code.Input.Finding.Vulnerability = nil
	bound := says("not_affected", "CVE-2026-0001", 0, ws)
	bound.Report = "sha256:1"
	elsewhere := bound
	elsewhere.Report = "sha256:2"
	for _, c := range []struct {
		name       string
		is         engine.Case
		want       string
		statements []engine.Statement
	}{
		{"by an alias", one, "fixed", []engine.Statement{says("fixed", "GHSA-1", 0, ws)}},
		{"of another vulnerability", one, "", []engine.Statement{says("fixed", "CVE-2026-0002", 0, ws)}},
		{"of no product", one, "", []engine.Statement{says("fixed", "CVE-2026-0001", 0)}},
		{"of no known status", one, "", []engine.Statement{says("fine", "CVE-2026-0001", 0, ws)}},
		{"the later one", one, "not_affected", []engine.Statement{says("affected", "CVE-2026-0001", 0, ws), says("not_affected", "CVE-2026-0001", 1, ws)}},
		{"the later one, graver", one, "affected", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, seven), says("affected", "CVE-2026-0001", 1, ws)}},
		{"equally late", one, "affected", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, ws), says("affected", "CVE-2026-0001", 0, ws)}},
		{"fixed before not affected", one, "fixed", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, ws), says("fixed", "CVE-2026-0001", 0, ws)}},
		{"one of two versions", both, "", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, seven)}},
		{"each of two versions", both, "fixed", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, seven), says("fixed", "CVE-2026-0001", 3, eight)}},
		{"one cleared, one affected", both, "affected", []engine.Statement{says("not_affected", "CVE-2026-0001", 5, seven), says("affected", "CVE-2026-0001", 0, eight)}},
		{"one affected", both, "affected", []engine.Statement{says("affected", "CVE-2026-0001", 0, eight)}},
		{"one under investigation", both, "under_investigation", []engine.Statement{says("under_investigation", "CVE-2026-0001", 0, eight)}},
		{"one of two CVEs", many, "", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, ws)}},
		{"each of two CVEs", many, "not_affected", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, ws), says("not_affected", "CVE-2026-0002", 0, ws)}},
		{"the name for two CVEs", many, "not_affected", []engine.Statement{says("not_affected", "GHSA-2", 0, ws)}},
		{"of code", code, "", []engine.Statement{says("not_affected", "CVE-2026-0001", 0, ws)}},
		{"of findings of this report", one, "not_affected", []engine.Statement{bound}},
		{"of findings of another report", one, "", []engine.Statement{elsewhere}},
	} {
		if got := status(c.is, c.statements...); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestVEXSaysWhereItIsFrom(t *testing.T) {
	cases := []engine.Case{caseOf("pkg:npm/ws", "7.5.9")}
	ApplyVEX(cases, []engine.Statement{says("not_affected", "CVE-2026-0001", 2, product("pkg:npm/ws"))})
	if got, want := *cases[0].Input.Context.VEX, (engine.VEX{Status: "not_affected", Justification: "day 2", Source: "acme"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := cases[0].Provenance["context.vex"], (engine.Provenance{Source: "acme", At: day.AddDate(0, 0, 2)}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Whatever is said, in whatever order: the same facts, no case fewer, nothing else of a case changed, and no case cleared of which
// some version was not.
func TestVEXOrderDoesNotMatterAndNoVersionIsClearedByAnother(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	for range 3000 {
		var said []engine.Statement
		for range random.IntN(6) {
			p := product(pick("pkg:npm/ws", "pkg:npm/ws@7", "pkg:npm/ws@8", "pkg:npm/ws@8?arch=amd64", "pkg:npm/a", "ghcr.io/acme/shop:2.0", "shop"))
			if random.IntN(4) == 0 {
				p = product(pick("pkg:oci/shop", "shop", "admin"), pick("pkg:npm/ws@7", "pkg:npm/ws@8"), pick("pkg:npm/ws", "pkg:npm/a"))
			}
			said = append(said, says(pick(vexStatuses...), pick("CVE-2026-0001", "GHSA-1", "CVE-2026-0002"), random.IntN(3), p))
		}
		versions := [][]string{{"7"}, {"8"}, {"7", "8"}, nil}[random.IntN(4)]
		cases := []engine.Case{caseOf("pkg:npm/ws", versions...), caseOf("pkg:npm/a", "1")}
		again := slices.Clone(cases)
		plain := text(t, cases)
		ApplyVEX(cases, said)
		shuffled := slices.Clone(said)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		ApplyVEX(again, shuffled)
		if a, b := text(t, cases), text(t, again); a != b {
			t.Fatalf("%+v say\n%s\nin one order and in another\n%s", said, a, b)
		}
		got := ""
		if v := cases[0].Input.Context.VEX; v != nil {
			got = v.Status
		}
		for _, v := range versions {
			alone := status(caseOf("pkg:npm/ws", v), said...)
			if slices.Index(vexStatuses, got) >= 0 && slices.Index(vexStatuses, got) < vexCleared && alone != "not_affected" && alone != "fixed" {
				t.Fatalf("%+v: versions %v are %s, but version %s alone is %q", said, versions, got, v, alone)
			}
		}
		for i := range cases {
			cases[i].Input.Context.VEX, cases[i].Provenance = nil, nil
		}
		if text(t, cases) != plain {
			t.Fatalf("%+v change more than what VEX says", said)
		}
	}
}

func TestARangeClearsTheVersionsInItAndNothingElse(t *testing.T) {
	ranged := func(text, versions string) engine.Product {
		p := product(text)
		p.Range = versions
		return p
	}
	shop := engine.Product{Name: "shop", Range: "<3.0"}
	shop.Subcomponents = []engine.Product{product("pkg:npm/ws")}
	for _, e := range []struct {
		purl, version string
		product       engine.Product
		want          string
	}{
		{"pkg:npm/ws", "8.16.0", ranged("pkg:npm/ws", "vers:npm/>=8.0.0|<8.17.1"), "not_affected"},
		{"pkg:npm/ws", "8.17.1", ranged("pkg:npm/ws", "vers:npm/>=8.0.0|<8.17.1"), ""},
		{"pkg:npm/ws", "8.2.0", ranged("pkg:npm/ws", "<8.10.0"), "not_affected"}, // 8.2 is before 8.10
		{"pkg:deb/debian/openssl", "3.0.11-1~deb12u1", ranged("pkg:deb/debian/openssl", "vers:deb/<3.0.11-1"), "not_affected"},
		{"pkg:deb/debian/openssl", "1:1.0-1", ranged("pkg:deb/debian/openssl", "vers:deb/<3.0.11-1"), ""},
		{"pkg:npm/ws", "8.16.0", ranged("pkg:npm/ws", "vers:npm/>=8.0.0,<9"), ""},
		{"pkg:npm/ws", "8.16.0", ranged("pkg:npm/ws", "vers:pypi/<9"), ""},
		{"pkg:npm/ws", "8.16.0", ranged("pkg:npm/ws", "all versions"), ""},
		{"pkg:npm/ws", "latest", ranged("pkg:npm/ws", "vers:npm/*"), ""},
		{"pkg:generic/ws", "1.0", ranged("pkg:generic/ws", "vers:generic/<2.0"), ""},
		{"pkg:npm/ws", "8.16.0", ranged("pkg:npm/ws@8.15.0", "<9.0.0"), ""},
		{"pkg:npm/ws", "8.16.0", engine.Product{Name: "shop", Range: "<3.0"}, ""}, // the order of an asset's versions is not known
		{"pkg:npm/ws", "8.16.0", engine.Product{Name: "ghcr.io/acme/shop", Range: "<3.0"}, ""},
		{"pkg:npm/ws", "8.16.0", shop, ""},
	} {
		if have := status(caseOf(e.purl, e.version), says("not_affected", "CVE-2026-0001", 0, e.product)); have != e.want {
			t.Errorf("%s %s by %+v: have %q, want %q", e.purl, e.version, e.product, have, e.want)
		}
	}
	if have := status(caseOf("pkg:npm/ws", "8.16.0", "8.18.0"), says("not_affected", "CVE-2026-0001", 0, ranged("pkg:npm/ws", "<8.17.1"))); have != "" {
		t.Errorf("one of two versions clears both: %q", have)
	}
}

func TestAPackageIsClearedOnlyWithAllThatIsInstalledOfItsSource(t *testing.T) {
	c := caseOf("pkg:deb/debian/openssl", "3.0.11-1")
	c.Input.Finding.Package.Source, c.Input.Finding.Package.Binaries = "openssl", []string{"libcrypto3", "libssl3"}
	c.Input.Finding.Package.Found = []string{"pkg:deb/debian/libssl3@3.0.11-1?arch=amd64", "pkg:deb/debian/libcrypto3@3.0.11-1?arch=amd64"}
	onlySource := caseOf("pkg:deb/debian/openssl", "3.0.11-1")
	onlySource.Input.Finding.Package.Source = "openssl"
	cleared := func(purls ...string) (all []engine.Statement) {
		for _, purl := range purls {
			all = append(all, says("not_affected", "CVE-2026-0001", 0, product(purl)))
		}
		return all
	}
	for _, e := range []struct {
		c     engine.Case
		purls []string
		want  string
	}{
		{c, []string{"pkg:deb/debian/libssl3"}, ""},
		{c, []string{"pkg:deb/debian/libssl3", "pkg:deb/debian/libcrypto3"}, "not_affected"},
		{c, []string{"pkg:deb/debian/libssl3@3.0.11-1?arch=amd64", "pkg:deb/debian/libcrypto3@3.0.11-1?arch=amd64"}, "not_affected"},
		{c, []string{"pkg:deb/debian/libssl3@3.0.10-1", "pkg:deb/debian/libcrypto3@3.0.11-1"}, ""},
		{c, []string{"pkg:deb/debian/openssl"}, ""}, // the package of that name, which is another
		{c, []string{"pkg:deb/debian/openssl?arch=source"}, "not_affected"},
		{c, []string{"pkg:deb/debian/openssl@3.0.11-1?arch=source"}, "not_affected"},
		{c, []string{"pkg:deb/debian/openssl@3.0.9-1?arch=source"}, ""},
		{onlySource, []string{"pkg:deb/debian/openssl"}, ""},
		{onlySource, []string{"pkg:deb/debian/openssl?arch=source"}, "not_affected"},
	} {
		if have := status(e.c, cleared(e.purls...)...); have != e.want {
			t.Errorf("%v: have %q, want %q", e.purls, have, e.want)
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
