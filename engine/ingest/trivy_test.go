package ingest

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestTrivyReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"trivy-image.json", "trivy-repository.json", "trivy-cluster.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/shop"}) })
	}
}

func TestTrivyNullIsACompleteReportWithoutFindings(t *testing.T) {
	for _, doc := range []string{"null", "null\n", `{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"filesystem"}`, `{"ClusterName":"c"}`} {
		report, found := readDocument(t, doc)
		if report.Format != "trivy" || !report.Complete || len(found) != 0 {
			t.Errorf("%s: %+v with %d findings", doc, report, len(found))
		}
	}
}

func TestTrivyBareListIsRead(t *testing.T) {
	report, found := readDocument(t, `[
		{"Target":"alpine:3.9 (alpine 3.9.4)","Type":"alpine","Vulnerabilities":[{"VulnerabilityID":"CVE-2019-14697","PkgName":"musl","InstalledVersion":"1.1.20-r4","FixedVersion":"1.1.20-r5","Severity":"CRITICAL"}]},
		{"Target":"app/Gemfile.lock","Type":"bundler","Vulnerabilities":[{"VulnerabilityID":"CVE-2020-8184","PkgName":"rack","InstalledVersion":"2.0.7","Severity":"HIGH"}]},
		{"Target":"app/empty.lock","Vulnerabilities":null}
	]`)
	if report.Results != 2 || len(found) != 2 {
		t.Fatalf("%d results and %d findings", report.Results, len(found))
	}
	musl, rack := found[0], found[1]
	if musl.Target != (engine.Target{Type: engine.TargetImage, Name: "alpine"}) || rack.Target != musl.Target {
		t.Errorf("targets %v and %v, want the image", musl.Target, rack.Target)
	}
	if musl.Finding.Package.PURL != "pkg:apk/alpine/musl" || rack.Finding.Package.PURL != "pkg:gem/rack" {
		t.Errorf("packages %v and %v", musl.Finding.Package, rack.Finding.Package)
	}
	if l := rack.Finding.Locations; len(l) != 1 || l[0] != (engine.Location{Path: "app/Gemfile.lock", Image: "alpine:3.9"}) {
		t.Errorf("rack is at %v", l)
	}
	_, found = readDocument(t, `[{"Target":"Gemfile.lock","Type":"bundler","Vulnerabilities":[{"VulnerabilityID":"CVE-2020-8184","PkgName":"rack"}]}]`)
	if found[0].Target != (engine.Target{Type: engine.TargetRepository, Name: "acme/shop"}) {
		t.Errorf("without an image the target is %v", found[0].Target)
	}
}

func TestTrivyOrderOfKeysDoesNotMatter(t *testing.T) {
	for _, name := range []string{"trivy-image.json", "trivy-repository.json", "trivy-cluster.json", "grype-image.json", "osv-scanner-lockfiles.json"} {
		_, want, err := readFile(t, name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, order := range []func(a, b string) int{strings.Compare, func(a, b string) int { return strings.Compare(b, a) }} {
			_, got, err := read(name, strings.NewReader(reordered(t, name, order)), Options{})
			if err != nil {
				t.Fatal(name, err)
			}
			if a, b := texted(t, got), texted(t, want); a != b {
				t.Errorf("%s with its keys in another order is read as\n%s\nwant\n%s", name, a, b)
			}
		}
	}
}

// texted is what discoveries say apart from their order and the report's digest.
func texted(t *testing.T, found []engine.Discovery) string {
	t.Helper()
	var all []string
	for _, d := range found {
		d.Finding.Sources = nil
		text, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// reordered writes a report of testdata with the keys of its objects in an order.
func reordered(t *testing.T, name string, order func(a, b string) int) string {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(file(t, name)), &v); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	var write func(v any)
	write = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			keys := make([]string, 0, len(v))
			for k := range v {
				keys = append(keys, k)
			}
			slices.SortFunc(keys, order)
			b.WriteByte('{')
			for i, k := range keys {
				if i > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "%q:", k)
				write(v[k])
			}
			b.WriteByte('}')
		case []any:
			b.WriteByte('[')
			for i, e := range v {
				if i > 0 {
					b.WriteByte(',')
				}
				write(e)
			}
			b.WriteByte(']')
		default:
			text, _ := json.Marshal(v)
			b.Write(text)
		}
	}
	write(v)
	return b.String()
}

func TestTrivySecretsLeaveNoText(t *testing.T) {
	_, found, err := readFile(t, "trivy-image.json", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if text := texted(t, found); strings.Contains(text, "notARealOne") {
		t.Error("the text of a secret is in the findings")
	}
	i := slices.IndexFunc(found, func(d engine.Discovery) bool { return d.Finding.Kind == engine.KindSecret })
	if i < 0 || !strings.HasPrefix(found[i].Content, "keyed:") {
		t.Error("no secret with content")
	}
}

func TestTrivyGHSAOfTwoCVEsIsNoAlias(t *testing.T) {
	entry := `{"VulnerabilityID":%q,"VendorIDs":[%q],"PkgName":"a","InstalledVersion":"1"}`
	_, found := readDocument(t, `{"SchemaVersion":2,"ArtifactName":".","ArtifactType":"filesystem","Results":[{"Target":"go.sum","Class":"lang-pkgs","Type":"gomod","Vulnerabilities":[`+
		fmt.Sprintf(entry, "CVE-2026-0001", "GHSA-two")+","+fmt.Sprintf(entry, "CVE-2026-0002", "GHSA-two")+","+fmt.Sprintf(entry, "CVE-2026-0003", "GHSA-one")+`]}]}`)
	for i, want := range []string{"[CVE-2026-0001]", "[CVE-2026-0002]", "[CVE-2026-0003 GHSA-one]"} {
		if got := fmt.Sprint(found[i].Finding.Vulnerability.Names()); got != want {
			t.Errorf("the exact names are %s, want %s", got, want)
		}
	}
}

func TestTrivyPathsAreThoseOfTheRepository(t *testing.T) {
	for _, c := range []struct{ artifact, kind, target, want string }{
		{".", "filesystem", "go.mod", "go.mod"},
		{"services/billing", "filesystem", "package-lock.json", "services/billing/package-lock.json"},
		{"tofu/clusters", "filesystem", "../modules/main.tf", "tofu/modules/main.tf"},
		{"lib/catalina.jar", "filesystem", "catalina.jar", "lib/catalina.jar"},
		{"/builds/acme/shop", "filesystem", "go.mod", "go.mod"},
		{"/builds/acme/shop/web", "filesystem", "yarn.lock", "web/yarn.lock"},
		{"https://git.example.org/acme/shop", "repository", "go.mod", "go.mod"},
		{"git.example.org/acme/shop", "repository", "go.mod", "go.mod"},
		{"./web", "repository", "go.mod", "web/go.mod"},
		{"bom.json", "cyclonedx", "go.mod", "go.mod"},
	} {
		doc := fmt.Sprintf(`{"SchemaVersion":2,"ArtifactName":%q,"ArtifactType":%q,"Results":[{"Target":%q,"Class":"secret","Secrets":[{"RuleID":"r"}]}]}`,
			c.artifact, c.kind, c.target)
		_, found, err := read("test", strings.NewReader(doc), Options{Roots: []string{"/builds/acme/shop"}})
		if err != nil {
			t.Fatal(err)
		}
		if got := found[0].Finding.Locations[0].Path; got != c.want {
			t.Errorf("%s in %s %s is %s, want %s", c.target, c.kind, c.artifact, got, c.want)
		}
	}
}

func TestTrivyHostsAreHosts(t *testing.T) {
	for _, kind := range []string{"vm", "aws_account"} {
		_, found := readDocument(t, `{"SchemaVersion":2,"ArtifactName":"web-7","ArtifactType":"`+kind+`","Results":[{"Target":"web-7 (ubuntu 24.04)","Class":"os-pkgs","Type":"ubuntu","Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0001","PkgName":"tar"}]}]}`)
		if found[0].Target != (engine.Target{Type: engine.TargetHost, Name: "web-7"}) {
			t.Errorf("%s: the target is %v", kind, found[0].Target)
		}
	}
}

func TestTrivyFailureInAClusterMakesTheReportIncomplete(t *testing.T) {
	report, found, err := readFile(t, "trivy-cluster.json", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Complete || !strings.Contains(report.Incomplete, "shop/Job/import failed: unable to pull") || len(found) != 3 {
		t.Errorf("complete: %v (%q), %d findings", report.Complete, report.Incomplete, len(found))
	}
}

func TestTrivyBrokenPartsAreErrorsWithAPlace(t *testing.T) {
	head := `{"SchemaVersion":2,"ArtifactName":"x","ArtifactType":"filesystem",`
	for doc, want := range map[string]string{
		head + `"Results":{"Target":"x"}}`:                                                                         "/Results",
		head + `"Results":[{"Target":"x","Vulnerabilities":"none"}]}`:                                              "/Results/0/Vulnerabilities",
		head + `"Results":[{"Target":"x","Vulnerabilities":[{"Title":"x"}]}]}`:                                     "without VulnerabilityID",
		head + `"Results":[{"Target":"x","Vulnerabilities":["CVE-2026-0001"]}]`:                                    "/Results/0/Vulnerabilities/0",
		head + `"Results":[{"Target":"x"`:                                                                          "ends in the middle",
		head + `"Results":[{"Target":"x","ExperimentalModifiedFindings":[{"Type":"vulnerability","Finding":7}]}]}`: "modified finding",
		`{"SchemaVersion":3,"ArtifactName":"x","ArtifactType":"filesystem"}`:                                       "schema version after 2",
		head + `"Results":[]} {}`:                                                                                  "after the end",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s\nis refused because %q, want %q in it", doc, got, want)
		}
	}
}

func TestTrivyOddTypesOfWhatIsNotNeededAreAbsent(t *testing.T) {
	_, found := readDocument(t, `{"SchemaVersion":2,"CreatedAt":7,"Trivy":"x","ArtifactName":"x","ArtifactType":"filesystem","Metadata":{"OS":"debian","RepoTags":"a"},"Results":[{"Target":"go.sum","Class":"lang-pkgs","Type":"gomod",
		"Packages":[7,{"Name":"a","Version":"1","Dev":"yes","Locations":{"StartLine":"4"}}],
		"Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0001","PkgName":"a","InstalledVersion":1,"VendorIDs":"x","PkgIdentifier":"pkg:golang/a","CVSS":{"nvd":7,"ghsa":{"V3Vector":"no","V3Score":"7.5"}},"CweIDs":"CWE-79","DataSource":[],"Title":{}}]}]}`)
	f := found[0].Finding
	if f.Package.PURL != "pkg:golang/a" || f.Package.Versions[0] != "1" || len(f.CWEs) != 1 || len(f.CVSS) != 1 || f.CVSS[0].Score != 7.5 {
		t.Errorf("read as %+v with %+v", f, f.Package)
	}
}

// writeTrivy writes a report on an image whose vulnerabilities are as long as they are in practice: most of it are references.
func writeTrivy(w io.Writer, size int) {
	written := 0
	out := func(format string, args ...any) {
		n, _ := fmt.Fprintf(w, format, args...)
		written += n
	}
	out(`{"SchemaVersion":2,"ArtifactName":"acme/shop:1","ArtifactType":"container_image","Results":[{"Target":"acme/shop:1 (debian 12)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[`)
	references := strings.Repeat(`"https://security.example.org/advisories/of/a/length/that/is/usual",`, 20) + `"https://example.org"`
	description := strings.Repeat("A reader of many words tells what could go wrong and why. ", 12)
	for i := 0; written < size; i++ {
		if i > 0 {
			out(",")
		}
		out(`{"VulnerabilityID":"CVE-2026-%05d","PkgID":"lib%d@1.2","PkgName":"lib%d","PkgIdentifier":{"PURL":"pkg:deb/debian/lib%d@1.2?arch=amd64"},"InstalledVersion":"1.2","FixedVersion":"1.3","Status":"fixed",`+
			`"DataSource":{"ID":"debian"},"Title":"lib: reads beyond the end","Description":%q,"Severity":"HIGH","CweIDs":["CWE-125"],"CVSS":{"nvd":{"V3Vector":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H","V3Score":7.5}},"References":[%s]}`,
			i, i%400, i%400, i%400, description, references)
	}
	out(`]}]}`)
}

func TestTrivyIsKnownWhateverTheOrderOfItsKeys(t *testing.T) {
	var report strings.Builder
	report.WriteString(`{"ArtifactName": ".", "ArtifactType": "filesystem", "Results": [{"Class": "lang-pkgs", "Target": "go.mod", "Type": "gomod", "Vulnerabilities": [`)
	for i := range 2000 { // more than detection sees
		if i > 0 {
			report.WriteString(",")
		}
		fmt.Fprintf(&report, `{"PkgName": "example.com/m%d", "VulnerabilityID": "CVE-2031-%05d"}`, i, i)
	}
	report.WriteString(`]}], "SchemaVersion": 2}`)
	got, found, err := read("sorted.json", strings.NewReader(report.String()), Options{})
	if err != nil || got.Format != "trivy" || len(found) != 2000 {
		t.Errorf("have %+v, %d findings, %v", got, len(found), err)
	}
}

func TestTrivyFindingsUnderAKeyThatIsNotKnownAreNoCleanReport(t *testing.T) {
	const result = `{"Target":"a/package-lock.json","Class":"lang-pkgs","Type":"npm","Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0001","PkgName":"a","InstalledVersion":"1"}]}`
	for doc, bad := range map[string]bool{
		`{"SchemaVersion":2,"ArtifactName":"a","Report":{"Results":[` + result + `]}}`:       true,
		`{"SchemaVersion":2,"ArtifactName":"a","Report":[{"x":[{"Vulnerabilities":[{}]}]}]}`: true,
		`{"SchemaVersion":2,"ArtifactName":"a","Results":[],"Report":{"Results":[]}}`:        false,
		`{"SchemaVersion":2,"ArtifactName":"a","Results":[],"Report":{"Results":3,"x":[1]}}`: false,
	} {
		if _, err := Read("x", strings.NewReader(doc), Options{}); (err != nil) != bad {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

// One scan in two forms, as pipelines that upload SARIF and keep the JSON have it.
func TestTrivysSARIFAndJSONOfOneScanAreTheSameFindings(t *testing.T) {
	const jsonForm = `{"SchemaVersion":2,"ArtifactName":"ghcr.io/acme/shop:1.2","ArtifactType":"container_image","Metadata":{"OS":{"Family":"debian","Name":"12.5"},
		"RepoTags":["ghcr.io/acme/shop:1.2"]},"Results":[
		{"Target":"ghcr.io/acme/shop:1.2 (debian 12.5)","Class":"os-pkgs","Type":"debian",
		"Packages":[{"ID":"libssl3@3.0.11-1","Name":"libssl3","Version":"3.0.11-1","SrcName":"openssl","Identifier":{"UID":"u1"}}],
		"Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0001","PkgID":"libssl3@3.0.11-1","PkgName":"libssl3","InstalledVersion":"3.0.11-1","FixedVersion":"3.0.11-2","Severity":"HIGH",
			"PkgIdentifier":{"PURL":"pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12.5","UID":"u1"}}]},
		{"Target":"app/package-lock.json","Class":"lang-pkgs","Type":"npm",
		"Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0002","PkgName":"lodash","InstalledVersion":"4.17.20","FixedVersion":"4.17.21","Severity":"CRITICAL",
			"PkgIdentifier":{"PURL":"pkg:npm/lodash@4.17.20"}}]}]}`
	result := func(cve, pkg, version, fixed, severity, place string) string {
		return `{"ruleId":"` + cve + `","level":"error","message":{"text":"Package: ` + pkg + `\nInstalled Version: ` + version + `\nVulnerability ` + cve + `\nSeverity: ` +
			severity + `\nFixed Version: ` + fixed + `\nLink: [` + cve + `](https://avd.aquasec.com/nvd/x)"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":"` +
			place + `","uriBaseId":"ROOTPATH"},"region":{"startLine":1,"endLine":1}}}]}`
	}
	sarifForm := `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Trivy","version":"0.60.0","rules":[
		{"id":"CVE-2026-0001","name":"OsPackageVulnerability","properties":{"tags":["vulnerability","security","HIGH"]}},
		{"id":"CVE-2026-0002","name":"LanguageSpecificPackageVulnerability","properties":{"tags":["vulnerability","security","CRITICAL"]}}]}},
		"results":[` + result("CVE-2026-0001", "libssl3", "3.0.11-1", "3.0.11-2", "HIGH", "acme/shop") + `,` +
		result("CVE-2026-0002", "lodash", "4.17.20", "4.17.21", "CRITICAL", "app/package-lock.json") + `],
		"properties":{"imageName":"ghcr.io/acme/shop:1.2","repoTags":["ghcr.io/acme/shop:1.2"]}}]}`
	_, one := readDocument(t, jsonForm)
	_, other := readDocument(t, sarifForm)
	alone, both := engine.Correlate(one), engine.Correlate(append(slices.Clone(one), other...))
	if len(one) != 2 || len(other) != 2 || len(both) != 2 {
		t.Fatalf("%d and %d findings are %d", len(one), len(other), len(both))
	}
	for i, d := range both {
		p := d.Finding.Package
		if d.Finding.ID != alone[i].Finding.ID || len(d.Finding.Sources) != 2 || len(d.Finding.Locations) != len(alone[i].Finding.Locations) {
			t.Errorf("%s has the id %s, sources %v and places %+v; alone %s", p.Name, d.Finding.ID, d.Finding.Sources, d.Finding.Locations, alone[i].Finding.ID)
		}
		if len(p.Versions) != 1 || len(p.Fixed) != 1 {
			t.Errorf("%s is %+v", p.Name, p)
		}
	}
}
