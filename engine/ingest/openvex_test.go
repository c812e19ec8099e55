package ingest

import (
	"strings"
	"testing"
)

func TestVEXDocumentsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "openvex-shop.json", Options{})
	golden(t, "csaf-shop.json", Options{})
	wantLines(t, "OpenVEX", said(t, "vex", file(t, "openvex-shop.json")),
		"not_affected CVE-2023-39325=GHSA-4374-p667-p6c8=GO-2023-2102 pkg:oci/shop@sha256:4b5d6f0c7a8e9d1b2c3a4f5e6d7c8b9a0f1e2d3c4b5a69788796a5b4c3d2e1f0"+
			"?repository_url=ghcr.io/acme/shop>pkg:golang/golang.org/x/net@v0.15.0 (vulnerable_code_not_in_execute_path) 2026-08-10",
		"affected CVE-2024-37890 pkg:npm/ws@7.5.9 (Update to 7.5.10.) 2026-08-01",
		"fixed CVE-2024-5535 ghcr.io/acme/shop 2026-08-01",
	)
	wantLines(t, "CSAF", said(t, "vex", file(t, "csaf-shop.json")),
		"not_affected CVE-2023-39325=GHSA-4374-p667-p6c8 shop@2.0>pkg:golang/golang.org/x/net@v0.15.0 (vulnerable_code_not_in_execute_path) 2026-08-10",
		"not_affected CVE-2023-39325=GHSA-4374-p667-p6c8 shop@vers:semver/<2.0 (HTTP/2 came with 2.0.) 2026-08-10",
		"fixed CVE-2023-39325=GHSA-4374-p667-p6c8 shop@2.1 2026-08-10",
		"affected SEC-113 shop@2.0 shop@2.1 2026-08-10",
	)
}

// Syft and Grype write the last part of a Go module's path as a subpath.
func TestProductsAreNamedAsFindingsAre(t *testing.T) {
	doc := `{"@context":"https://openvex.dev/ns","statements":[{"vulnerability":"CVE-2026-0001","status":"fixed","products":[
		"pkg:golang/github.com/golang-jwt/jwt@v5.2.1#v5","pkg:pypi/Zope_Interface@1.0","pkg:oci/shop@sha256%3A12?repository_url=ghcr.io/acme/shop","shop"]}]}`
	in, err := Read("vex", strings.NewReader(doc), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range in.Statements[0].Products {
		if p.Package == nil {
			got = append(got, "none")
			continue
		}
		got = append(got, p.Package.PURL+" "+strings.Join(p.Package.Versions, " "))
	}
	wantLines(t, "products", got, "pkg:golang/github.com/golang-jwt/jwt/v5 5.2.1", "pkg:pypi/zope-interface 1.0", "pkg:oci/shop sha256:12", "none")
}

// Version 0.0.1 has strings where later versions have objects, and subcomponents beside the products.
func TestOpenVEXOfTheFirstVersion(t *testing.T) {
	doc := `{"@context":"https://openvex.dev/ns","author":"a","timestamp":"2023-01-08T18:02:03.647787998-06:00","statements":[
		{"vulnerability":"CVE-2023-12345","products":["pkg:apk/wolfi/git@2.39.0-r1?arch=armv7","pkg:oci/shop"],"subcomponents":["pkg:npm/ws@7"],"status":"fixed"}]}`
	wantLines(t, "0.0.1", said(t, "vex", doc),
		"fixed CVE-2023-12345 pkg:apk/wolfi/git@2.39.0-r1?arch=armv7>pkg:npm/ws@7 pkg:oci/shop>pkg:npm/ws@7 2023-01-09")
}

func TestVEXThatSaysTooLittleIsRefused(t *testing.T) {
	vex := func(statement string) string {
		return `{"@context":"https://openvex.dev/ns/v0.2.0","statements":[` + statement + `]}`
	}
	csaf := func(version, category, more string) string {
		return `{"document":{"csaf_version":"` + version + `","category":"` + category + `"},"product_tree":{"full_product_names":[{"product_id":"A","name":"a"}]},
			"vulnerabilities":[{"cve":"CVE-2026-0001","product_status":{"known_not_affected":["A"]}` + more + `}]}`
	}
	for _, c := range []struct{ name, doc, want string }{
		{"no reason", vex(`{"vulnerability":{"name":"CVE-2026-0001"},"products":[{"@id":"pkg:npm/a"}],"status":"not_affected"}`), "not_affected without justification"},
		{"no vulnerability", vex(`{"products":[{"@id":"pkg:npm/a"}],"status":"fixed"}`), "without a vulnerability"},
		{"no status", vex(`{"vulnerability":"CVE-2026-0001","products":["pkg:npm/a"]}`), "status is not known"},
		{"another status", vex(`{"vulnerability":"CVE-2026-0001","products":["pkg:npm/a"],"status":"Not_Affected","justification":"component_not_present"}`), "status is not known"},
		{"a later version", `{"@context":"https://openvex.dev/ns/v1.0.0","statements":[]}`, "version 1.0.0 is not known"},
		{"cut", `{"@context":"https://openvex.dev/ns/v0.2.0","statements":[`, "ends in the middle"},
		{"CSAF without reason", csaf("2.0", "csaf_vex", ""), "known_not_affected without a flag or an impact"},
		{"CSAF with a reason for all", csaf("2.0", "csaf_vex", `,"threats":[{"category":"impact","details":"no"}]`), ""},
		{"CSAF advisory", csaf("2.0", "csaf_security_advisory", ""), ""},
		{"CSAF of a later version", csaf("3.0", "csaf_vex", ""), `version "3.0" of CSAF is not known`},
	} {
		_, _, err := read("vex", strings.NewReader(c.doc), Options{})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Relationships that lead to each other, or to nothing, end.
func TestCSAFRelationshipsMayBuildOnEachOtherInAnyOrder(t *testing.T) {
	doc := `{"document":{"csaf_version":"2.0"},"product_tree":{"full_product_names":[{"product_id":"A","name":"a"},{"product_id":"B","name":"b"},{"product_id":"C","name":"c"}],
		"relationships":[
			{"product_reference":"C","relates_to_product_reference":"AB","full_product_name":{"product_id":"ABC"}},
			{"product_reference":"B","relates_to_product_reference":"A","full_product_name":{"product_id":"AB"}},
			{"product_reference":"X","relates_to_product_reference":"Y","full_product_name":{"product_id":"Y"}}]},
		"vulnerabilities":[{"cve":"CVE-2026-0001","product_status":{"known_affected":["ABC","Y"]}}]}`
	wantLines(t, "CSAF", said(t, "vex", doc), "affected CVE-2026-0001 a>c")
}

func TestSPDXIsAListOfComponents(t *testing.T) {
	golden(t, "spdx-image.json", Options{})
	golden(t, "spdx-image.spdx", Options{})
	for _, c := range []struct{ name, doc, want string }{
		{"version 3", `{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}`, "SPDX 3 is not read"},
		{"version 3 named", `{"spdxVersion":"SPDX-3.0","@graph":[]}`, "SPDX 3 is not read"},
		{"version 1", `{"spdxVersion":"SPDX-1.2"}`, `version "SPDX-1.2" is not known`},
		{"no version", `{"SPDXID":"SPDXRef-DOCUMENT","creationInfo":{}}`, "it has no version"},
		{"cut", `{"spdxVersion":"SPDX-2.3","packages":[{`, "ends in the middle"},
		{"cut tags", "SPDXVersion: SPDX-2.3\nPackageComment: <text>Built", "ends in the middle"},
		{"something else after it", "SPDXVersion: SPDX-2.3\n\n{}", "line 3: no tag"},
		{"version 3 in tags", "SPDXVersion: SPDX-3.0\n", "SPDX 3 is not read"},
	} {
		_, _, err := read("spdx", strings.NewReader(c.doc), Options{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
