package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestGrypeReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"grype-image.json", "grype-old.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/shop"}) })
	}
}

func TestGrypeNamesAreExactOnlyWhereTheyMeanTheSame(t *testing.T) {
	for _, c := range []struct {
		id, related string
		want        engine.Vulnerability
	}{
		{"GHSA-a", "CVE-2026-0001", engine.Vulnerability{ID: "CVE-2026-0001", CVEs: []string{"CVE-2026-0001"}, Aliases: []string{"GHSA-a"}}},
		{"GHSA-a", "CVE-2026-0002 CVE-2026-0001", engine.Vulnerability{ID: "GHSA-a", CVEs: []string{"CVE-2026-0001", "CVE-2026-0002"}}},
		{"GHSA-a", "", engine.Vulnerability{ID: "GHSA-a"}},
		{"ELSA-2026-1", "CVE-2026-0001 CVE-2026-0002", engine.Vulnerability{ID: "ELSA-2026-1", CVEs: []string{"CVE-2026-0001", "CVE-2026-0002"}}},
		{"RHSA-2026:1", "CVE-2026-0001", engine.Vulnerability{ID: "CVE-2026-0001", CVEs: []string{"CVE-2026-0001"}}},
		{"ALAS2023-2026-7", "", engine.Vulnerability{ID: "ALAS2023-2026-7"}},
		{"CVE-2026-0001", "CVE-2026-0001", engine.Vulnerability{ID: "CVE-2026-0001", CVEs: []string{"CVE-2026-0001"}}},
		{"CVE-2026-0001", "GHSA-a", engine.Vulnerability{ID: "CVE-2026-0001", CVEs: []string{"CVE-2026-0001"}}}, // --by-cve
		{"CVE-2026-0001", "CVE-2026-0002", engine.Vulnerability{ID: "CVE-2026-0001", CVEs: []string{"CVE-2026-0001"}}},
	} {
		var related []string
		for _, id := range strings.Fields(c.related) {
			related = append(related, fmt.Sprintf(`{"id":%q}`, id))
		}
		_, found := readDocument(t, fmt.Sprintf(`{"matches":[{"vulnerability":{"id":%q},"relatedVulnerabilities":[%s],"artifact":{"name":"a","type":"npm"}}]}`,
			c.id, strings.Join(related, ",")))
		if got := *found[0].Finding.Vulnerability; fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s related to %q is %v, want %v", c.id, c.related, got, c.want)
		}
	}
}

func TestGrypeSeverityComesFromARelatedRecordOnlyWhereItsOwnIsMissing(t *testing.T) {
	for _, c := range []struct{ own, related, want string }{
		{`"severity":"Low",`, `{"id":"CVE-2026-0001","severity":"Critical"}`, "low"},
		{`"severity":"Unknown",`, `{"id":"CVE-2026-0001","severity":"Medium"},{"id":"CVE-2026-0002","severity":"High"}`, "high"},
		{``, `{"id":"CVE-2026-0001","severity":"Medium"}`, "medium"},
		{``, ``, ""},
		{`"severity":"Negligible",`, ``, "info"},
	} {
		_, found := readDocument(t, `{"matches":[{"vulnerability":{`+c.own+`"id":"GHSA-a"},"relatedVulnerabilities":[`+c.related+`],"artifact":{"name":"a"}}]}`)
		if got := found[0].Finding.Severity; string(got) != c.want {
			t.Errorf("%s with %s is %q, want %q", c.own, c.related, got, c.want)
		}
	}
}

func TestGrypeTargets(t *testing.T) {
	image := func(name string) engine.Target { return engine.Target{Type: engine.TargetImage, Name: name} }
	repository := engine.Target{Type: engine.TargetRepository, Name: "acme/shop"}
	for source, want := range map[string]engine.Target{
		`{"type":"image","target":{"userInput":"nginx:1.27"}}`:                                                                    image("nginx"),
		`{"type":"image","target":{"userInput":"docker:ghcr.io/acme/web@sha256:` + strings.Repeat("a", 64) + `"}}`:                image("ghcr.io/acme/web"),
		`{"type":"image","target":{"userInput":"docker-archive:web.tar","tags":["acme/web:2"]}}`:                                  image("acme/web"),
		`{"type":"image","target":{"userInput":"/tmp/web.tar","tags":["acme/web:2"]}}`:                                            image("acme/web"),
		`{"type":"image","target":{"userInput":"sha256:0123","repoDigests":["acme/web@sha256:` + strings.Repeat("b", 64) + `"]}}`: image("acme/web"),
		`{"type":"directory","target":"."}`:                                                                                       repository,
		`{"type":"sbom-file","target":"bom.json"}`:                                                                                repository,
		`{"type":"image","target":"nginx"}`:                                                                                       image(""),
		`"."`:                                                                                                                     repository,
		`null`:                                                                                                                    repository,
	} {
		_, found := readDocument(t, `{"matches":[{"vulnerability":{"id":"CVE-2026-0001"},"artifact":{"name":"a"}}],"source":`+source+`}`)
		if found[0].Target != want {
			t.Errorf("%s gives the target %v, want %v", source, found[0].Target, want)
		}
	}
}

func TestGrypeBrokenPartsAreErrorsWithAPlace(t *testing.T) {
	for doc, want := range map[string]string{
		`{"matches":[{"vulnerability":{"id":"CVE-2026-0001"},"artifact":{"name":"a"}},{"vulnerability":{"severity":"High"}}]}`: "without vulnerability.id",
		`{"matches":[{"vulnerability":{"id":"CVE-2026-0001"}},7]}`:                                                             "/matches/1",
		`{"matches":[{"vulnerability":{"id":"CVE-2026-0001"},"artifact":"a"}]}`:                                                "/matches/0/artifact",
		`{"matches":[{"vulnerability":{"id":"CVE-2026-0001"}}],"ignoredMatches":{}}`:                                           "/ignoredMatches",
		`{"matches":[{"vulnerability":{"id":"CVE-2026-0001"}}`:                                                                 "ends in the middle",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s\nis refused because %q, want %q in it", doc, got, want)
		}
	}
}
