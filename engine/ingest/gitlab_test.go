package ingest

import "testing"

func TestGitLabReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"gitlab-sast.json", "gitlab-dependencies.json", "gitlab-secrets.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/shop"}) })
	}
}

func TestGitLabScansThatFailedAreNotComplete(t *testing.T) {
	for status, complete := range map[string]bool{`"success"`: true, `"failure"`: false, `"cancelled"`: false, `null`: true} {
		report, _ := readDocument(t, `{"version":"15.0.0","vulnerabilities":[],"scan":{"type":"sast","status":`+status+`}}`)
		if report.Complete != complete {
			t.Errorf("status %s: %+v", status, report)
		}
	}
}

func TestGitLabKindsComeFromTheScanOrFromTheFinding(t *testing.T) {
	for doc, want := range map[string]string{
		`{"version":"2.0","vulnerabilities":[{"category":"secret_detection","message":"a","location":{"file":"a"},"identifiers":[{"type":"x","value":"y"}]}]}`:                            "secret",
		`{"version":"2.0","vulnerabilities":[{"category":"dependency_scanning","location":{"file":"a"},"identifiers":[{"type":"cve","value":"CVE-2026-0001"}]}]}`:                         "vulnerability",
		`{"version":"14.0.0","vulnerabilities":[{"location":{"file":"a","dependency":{"package":{"name":"b"}}},"identifiers":[{"type":"cve","value":"CVE-2026-0001"}]}]}`:                 "vulnerability",
		`{"version":"15.0.0","vulnerabilities":[{"location":{"image":"a:1","operating_system":"debian:12","dependency":{"package":{"name":"b"}}}}],"scan":{"type":"container_scanning"}}`: "vulnerability",
		`{"version":"15.0.0","vulnerabilities":[{"location":{"file":"a"},"name":"b"}],"scan":{"type":"sast"}}`:                                                                            "weakness",
	} {
		_, found := readDocument(t, doc)
		if got := string(found[0].Finding.Kind); got != want {
			t.Errorf("%s is a %s, want a %s", doc, got, want)
		}
	}
}

func TestGitLabImagesAndHostsAreTheirOwnTargets(t *testing.T) {
	_, found := readDocument(t, `{"version":"15.0.0","vulnerabilities":[{"name":"a","severity":"High","location":{"image":"registry.example/acme/web:1","operating_system":"debian:12","dependency":{"package":{"name":"curl"},"version":"1"}},"identifiers":[{"type":"cve","value":"CVE-2026-0001"}]}],"scan":{"type":"container_scanning"}}`)
	if f := found[0].Finding; found[0].Target.Name != "registry.example/acme/web" || f.Package.PURL != "pkg:deb/debian/curl" || f.Locations[0].Image != "registry.example/acme/web:1" {
		t.Errorf("read as %+v", found[0])
	}
	_, found = readDocument(t, `{"version":"15.0.0","vulnerabilities":[{"name":"a","location":{"hostname":"https://a.example:8443","path":"/x?token=PLANTED","param":"q"},"identifiers":[{"type":"cwe","value":"79"}]}],"scan":{"type":"dast"}}`)
	if f := found[0].Finding; found[0].Target.Name != "a.example:8443" || f.Locations[0].URL != "https://a.example:8443/x?token" || f.CWEs[0] != 79 {
		t.Errorf("read as %+v", found[0])
	}
}
