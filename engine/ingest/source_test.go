package ingest

import (
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestScannersAgreeOnWhatADistributionsPackageIsBuiltFrom(t *testing.T) {
	trivy := `{"SchemaVersion":2,"ArtifactName":"acme/shop:1","ArtifactType":"container_image","Metadata":{"OS":{"Family":"debian"}},"Results":[{
		"Target":"acme/shop:1 (debian 12.5)","Class":"os-pkgs","Type":"debian",
		"Packages":[{"ID":"libstdc++6@12.2.0-14","Name":"libstdc++6","Version":"12.2.0-14","SrcName":"gcc-12"}],
		"Vulnerabilities":[{"VulnerabilityID":"CVE-2026-0002","PkgID":"libstdc++6@12.2.0-14","PkgName":"libstdc++6","InstalledVersion":"12.2.0-14","Severity":"LOW"}]}]}`
	grype := `{"matches":[{"vulnerability":{"id":"CVE-2026-0002","severity":"Low"},"artifact":{"name":"gcc-12-base","version":"12.2.0-14","type":"deb",
		"purl":"pkg:deb/debian/gcc-12-base@12.2.0-14?arch=amd64&upstream=gcc-12","upstreams":[{"name":"gcc-12"}],"locations":[]}}],
		"source":{"type":"image","target":{"userInput":"acme/shop:1"}},"descriptor":{"name":"grype","version":"0.104.0"}}`
	syft := `{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"component":{"type":"container","name":"acme/shop","version":"1"}},
		"components":[{"bom-ref":"a","type":"library","name":"libgcc-s1","version":"12.2.0-14","purl":"pkg:deb/debian/libgcc-s1@12.2.0-14?arch=amd64&upstream=gcc-12"},
		{"bom-ref":"b","type":"library","name":"libgomp1","version":"12.2.0-14","purl":"pkg:deb/debian/libgomp1@12.2.0-14?arch=amd64",
			"properties":[{"name":"aquasecurity:trivy:SrcName","value":"gcc-12"}]}],
		"vulnerabilities":[{"id":"CVE-2026-0002","affects":[{"ref":"a"},{"ref":"b"}]}]}`
	osv := `{"results":[{"source":{"path":"image","type":"os"},"packages":[{"package":{"name":"gcc-12","os_package_name":"cpp-12","version":"12.2.0-14","ecosystem":"Debian:12"},
		"vulnerabilities":[{"id":"DEBIAN-CVE-2026-0002"}],"groups":[{"ids":["DEBIAN-CVE-2026-0002"]}]}]}],"image_metadata":{}}`
	var all []engine.Discovery
	for name, report := range map[string]string{"trivy": trivy, "grype": grype, "syft": syft, "osv": osv} {
		_, found, err := read(name, strings.NewReader(report), Options{})
		if err != nil || len(found) == 0 {
			t.Fatal(name, len(found), err)
		}
		for i := range found {
			found[i].Target = engine.Target{Type: engine.TargetImage, Name: "acme/shop"} // OSV-Scanner does not say which image
		}
		all = append(all, found...)
	}
	out := engine.Correlate(all)
	if len(out) != 1 {
		t.Fatalf("have %d findings, want 1: %+v", len(out), out)
	}
	p := out[0].Finding.Package
	if have := strings.Join(p.Binaries, " "); p.PURL != "pkg:deb/debian/gcc-12" || have != "cpp-12 gcc-12-base libgcc-s1 libgomp1 libstdc++6" {
		t.Errorf("have %s of %s", have, p.PURL)
	}
	for i, purl := range p.Components() { // what it makes of a name is what reading makes of a package URL
		if q := packageFrom(purl); q == nil || q.PURL != purl || q.Name != p.Binaries[i] {
			t.Errorf("%s reads as %+v", purl, q)
		}
	}
}

func TestASourcePackageIsReadFromThePackageURL(t *testing.T) {
	for purl, want := range map[string]string{
		"pkg:deb/debian/libssl3@3.0.11-1~deb12u1?arch=amd64&upstream=openssl":                                "openssl",
		"pkg:deb/debian/bsdutils@1:2.38.1-5?upstream=util-linux%402.38.1-5":                                  "util-linux",
		"pkg:apk/alpine/libcrypto3@3.1.4-r0?upstream=openssl":                                                "openssl",
		"pkg:rpm/redhat/openssl-libs@3.0.1-41.el9?arch=x86_64&epoch=1&upstream=openssl-3.0.1-41.el9.src.rpm": "openssl",
		"pkg:rpm/redhat/libstdc%2B%2B@11.4.1?upstream=gcc-11.4.1-2.el9.src.rpm":                              "gcc",
		"pkg:rpm/redhat/gpg-pubkey@1?upstream=(none)":                                                        "",
		"pkg:rpm/redhat/odd@1?upstream=odd.src.rpm":                                                          "",
		"pkg:deb/debian/a@1?upstream=b,c":                                                                    "",
		"pkg:deb/debian/a@1":                                                                                 "",
		"pkg:npm/a@1?upstream=b":                                                                             "",
		"pkg:golang/example.com/m@v2.0.0%2Bincompatible":                                                     "",
	} {
		if p := packageFrom(purl); p == nil || p.Source != want {
			t.Errorf("%s: have %+v, want source %q", purl, p, want)
		}
	}
	if p := packageFrom("pkg:deb/debian/bsdutils@1:2.38.1-5~deb12u1"); p.Versions[0] != "1:2.38.1-5~deb12u1" {
		t.Errorf("have %v", p.Versions)
	}
}
