package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAVEXDocumentSpeaksOfTheComponentsThatItsBOMLinksLeadTo(t *testing.T) {
	const serial = "3e671687-395b-41f5-a30f-a58921a69b79"
	sbom := `{"bomFormat":"CycloneDX","specVersion":"1.6","serialNumber":"urn:uuid:` + serial + `","version":2,
		"metadata":{"component":{"bom-ref":"shop","type":"application","name":"shop"}},
		"components":[{"bom-ref":"lib 1","type":"library","name":"ws","version":"8.16.0","purl":"pkg:npm/ws@8.16.0"}]}`
	for ref, want := range map[string]int{
		serial + "/2#lib%201":                            2,
		strings.ToUpper(serial) + "/2#lib%201":           2,
		serial + "/2#lib 1":                              2,
		serial + "/2#shop":                               1, // the whole
		serial + "/1#lib%201":                            0, // another version of the document
		serial + "/2#other":                              0,
		"4e671687-395b-41f5-a30f-a58921a69b79/2#lib%201": 0,
	} {
		vex := `{"bomFormat":"CycloneDX","specVersion":"1.6","vulnerabilities":[{"id":"CVE-2026-0001","analysis":{"state":"not_affected","justification":"code_not_reachable"},
			"affects":[{"ref":"urn:cdx:` + ref + `"}]}]}`
		var readings []*Reading
		for name, doc := range map[string]string{"sbom": sbom, "vex": vex} {
			r, err := Read(name, strings.NewReader(doc), Options{})
			if err != nil {
				t.Fatal(err)
			}
			readings = append(readings, r)
		}
		all := Linked(readings)
		var have []string
		for _, s := range all {
			have = append(have, fmt.Sprintf("%s %s %+v %v", s.VEX.Status, s.Vulnerability.ID, s.Products, s.Report != ""))
		}
		if len(all) != want {
			t.Errorf("%s: have %q, want %d statements", ref, have, want)
		}
		if want == 2 && (!slices.ContainsFunc(have, func(s string) bool { return strings.Contains(s, "pkg:npm/ws@8.16.0") && strings.HasSuffix(s, "true") }) ||
			all[1].Products[0].Name != "shop" || all[1].Products[0].Subcomponents[0].Package.PURL != "pkg:npm/ws" || all[1].Report != "") {
			t.Errorf("%s: have %q", ref, have)
		}
		if want == 0 && readings[0].Statements != nil && readings[1].Statements != nil {
			t.Errorf("%s: a link that leads nowhere says something", ref)
		}
	}
}
