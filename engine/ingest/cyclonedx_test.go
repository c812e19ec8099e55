package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

func TestCycloneDXIsReadAsItsGoldens(t *testing.T) {
	for _, name := range []string{"cyclonedx-image.json", "cyclonedx-extension.xml", "cyclonedx-application.xml"} {
		golden(t, name, Options{Repository: "acme/shop"})
	}
}

// said are the statements of a report, each as one line.
func said(t *testing.T, name, doc string) []string {
	t.Helper()
	in, err := Read(name, strings.NewReader(doc), Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range in.Statements {
		line := s.VEX.Status + " " + strings.Join(s.Vulnerability.Names(), "=")
		for _, p := range s.Products {
			line += " " + productText(p)
		}
		if s.Report != "" {
			if s.Report != in.Report.Digest {
				t.Errorf("%s: a statement on the findings of %s, not of this report", name, s.Report)
			}
			line += " here"
		}
		if s.VEX.Justification != "" {
			line += " (" + s.VEX.Justification + ")"
		}
		if !s.Time.IsZero() {
			line += " " + s.Time.Format(time.DateOnly)
		}
		lines = append(lines, line)
	}
	return lines
}

func productText(p engine.Product) string {
	text := p.PURL + p.Name
	if p.Version+p.Range != "" {
		text += "@" + p.Version + p.Range
	}
	for _, s := range p.Subcomponents {
		text += ">" + productText(s)
	}
	return text
}

func wantLines(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s: says\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCycloneDXAnalysesAreStatementsOnTheseComponents(t *testing.T) {
	wantLines(t, "image", said(t, "image", file(t, "cyclonedx-image.json")),
		"not_affected CVE-2023-39325 pkg:golang/golang.org/x/net@v0.15.0 here (code_not_reachable) 2026-08-01",
		"not_affected CVE-2023-39325 ghcr.io/acme/shop>pkg:golang/golang.org/x/net@v0.15.0 (code_not_reachable) 2026-08-01",
		"under_investigation CVE-2024-5535 pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12 here 2026-08-16",
		"under_investigation CVE-2024-5535 ghcr.io/acme/shop>pkg:deb/debian/openssl@3.0.11-1?arch=amd64&distro=debian-12 2026-08-16",
	)
	doc := func(state, versions string) string {
		return `{"bomFormat":"CycloneDX","specVersion":"1.5","components":[{"bom-ref":"a","type":"library","name":"a","version":"1.0"}],
			"vulnerabilities":[{"id":"CVE-2026-0001","analysis":{"state":"` + state + `"},"affects":[{"ref":"a","versions":[` + versions + `]}]}]}`
	}
	for state, want := range map[string]string{
		"resolved":               "fixed CVE-2026-0001 a@1.0 here",
		"resolved_with_pedigree": "fixed CVE-2026-0001 a@1.0 here",
		"exploitable":            "affected CVE-2026-0001 a@1.0 here",
		"in_triage":              "under_investigation CVE-2026-0001 a@1.0 here",
		"false_positive":         "not_affected CVE-2026-0001 a@1.0 here (false_positive)",
		"not_affected":           "not_affected CVE-2026-0001 a@1.0 here",
		"sunny":                  "",
	} {
		var lines []string
		if want != "" {
			lines = []string{want}
		}
		wantLines(t, state, said(t, state, doc(state, "")), lines...)
	}
	wantLines(t, "unaffected version", said(t, "v", doc("exploitable", `{"version":"0.9"},{"version":"1.0","status":"unaffected"}`)),
		"not_affected CVE-2026-0001 a@1.0 here (the version found is listed as unaffected)")
	for listed, want := range map[string]string{
		"vers:npm/>=0.5.0|<2.0.0": "not_affected", "vers:npm/>=1.5.0": "affected", "<2": "not_affected",
		"vers:npm/<<2": "affected", "vers:pypi/<2": "affected", "all of them": "affected", // what cannot be read clears nothing
	} {
		text := `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"bom-ref":"c","type":"library","name":"a","version":"1.0.0","purl":"pkg:npm/a@1.0.0"}],
			"vulnerabilities":[{"id":"CVE-2026-0001","analysis":{"state":"exploitable"},"affects":[{"ref":"c","versions":[{"range":"` + listed + `","status":"unaffected"}]}]}]}`
		if have := said(t, listed, text); len(have) != 1 || !strings.HasPrefix(have[0], want+" ") {
			t.Errorf("%s: have %q, want %s", listed, have, want)
		}
	}
}

func TestCycloneDXVEXOfAnotherDocumentFindsNothing(t *testing.T) {
	doc := func(affects string) string {
		return `{"bomFormat":"CycloneDX","specVersion":"1.4","metadata":{"timestamp":"2026-03-01T00:00:00Z"},"vulnerabilities":[{"id":"CVE-2026-0001",
			"analysis":{"state":"not_affected","justification":"code_not_present"},"affects":[` + affects + `]}]}`
	}
	for _, c := range []struct{ affects, want string }{
		{`{"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg:npm/%40acme/a@1.0"}`, "not_affected CVE-2026-0001 pkg:npm/%40acme/a@1.0 (code_not_present) 2026-03-01"},
		{`{"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#pkg%3Anpm%2Fa%401.0"}`, "not_affected CVE-2026-0001 pkg:npm/a@1.0 (code_not_present) 2026-03-01"},
		{`{"ref":"pkg:npm/a"}`, "not_affected CVE-2026-0001 pkg:npm/a (code_not_present) 2026-03-01"},
		{`{"ref":"pkg:npm/a","versions":[{"version":"1.0","status":"affected"},{"version":"1.1","status":"unknown"}]}`,
			"not_affected CVE-2026-0001 pkg:npm/a@1.0 (code_not_present) 2026-03-01"},
		{`{"ref":"pkg:npm/a","versions":[{"range":"vers:npm/<2"}]}`, "not_affected CVE-2026-0001 pkg:npm/a@vers:npm/<2 (code_not_present) 2026-03-01"},
		{`{"ref":"pkg:npm/a","versions":[{"range":"vers:npm/<2","status":"unknown"}]}`, ""},
		{`{"ref":"urn:cdx:3e671687-395b-41f5-a30f-a58921a69b79/1#acme-lib"}`, ""},
	} {
		var lines []string
		if c.want != "" {
			lines = []string{c.want}
		}
		wantLines(t, c.affects, said(t, "vex", doc(c.affects)), lines...)
		report, found, err := read("vex", strings.NewReader(doc(c.affects)), Options{})
		if err != nil || len(found) != 0 || report.Results != 1 {
			t.Errorf("%s: %d findings of %d results, %v", c.affects, len(found), report.Results, err)
		}
	}
}

func TestCycloneDXTraps(t *testing.T) {
	head := `{"bomFormat":"CycloneDX","specVersion":"1.7",`
	xmlHead := `<bom xmlns="http://cyclonedx.org/schema/bom/1.5">`
	for _, c := range []struct{ name, doc, want string }{
		{"no vulnerabilities", head + `"components":[{"type":"library","name":"a"}]}`, "0 complete"},
		{"vulnerabilities first", head + `"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"a"}]}],"components":[{"bom-ref":"a","name":"lib","version":"2"}]}`, "lib [2]"},
		{"group", head + `"components":[{"bom-ref":"a","group":"g","name":"lib"}],"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"a"}]}]}`, "g/lib []"},
		{"no affects", head + `"vulnerabilities":[{"id":"CVE-2026-0001"}]}`, "1 complete"},
		{"unknown reference", head + `"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"pkg:npm/x@1"}]}]}`, "x [1]"},
		{"cwes as text", head + `"vulnerabilities":[{"id":"CVE-2026-0001","cwes":["CWE-79",89],"ratings":{"score":"9.1","method":"CVSSv31"},"affects":[{"ref":"x"}]}]}`, "x [] critical [79 89]"},
		{"a repeated bom-ref", head + `"components":[{"bom-ref":"a","name":"one"},{"bom-ref":"a","name":"two"}],"vulnerabilities":[{"id":"CVE-2026-0001","affects":[{"ref":"a"}]}]}`, "one []"},
		{"a later version", `{"bomFormat":"CycloneDX","specVersion":"2.0","components":[]}`, `version "2.0" of CycloneDX is not known`},
		{"no version", `{"bomFormat":"CycloneDX","components":[]}`, `version "" of CycloneDX is not known`},
		{"no id", head + `"vulnerabilities":[{"affects":[]}]}`, "a vulnerability without an id"},
		{"cut", head + `"components":[{"bom-ref":"a"`, "it ends in the middle"},
		{"something after it", head + `"components":[]}{}`, "after the end of the report"},
		{"XML without vulnerabilities", xmlHead + `<components/></bom>`, "0 complete"},
		{"XML with a prefix", `<c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.5"><c:vulnerabilities><c:vulnerability><c:id>CVE-2026-0001</c:id><c:affects><c:target><c:ref>pkg:npm/x@1</c:ref></c:target></c:affects></c:vulnerability></c:vulnerabilities></c:bom>`, "x [1]"},
		{"XML with a score that is none", xmlHead + `<vulnerabilities><vulnerability><id>CVE-2026-0001</id><ratings><rating><score>n/a</score><severity>low</severity></rating></ratings><affects><target><ref>x</ref></target></affects></vulnerability></vulnerabilities></bom>`, "x [] low"},
		{"XML in Latin-1", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + xmlHead + "<metadata><authors><author><name>Ren\xe9</name></author></authors></metadata></bom>", "0 complete"},
		{"XML that is cut", xmlHead + `<components><component>`, "it ends in the middle"},
		{"XML and text after it", xmlHead + `</bom>x`, "text outside of the document"},
		{"XML and another document", xmlHead + `</bom><bom/>`, "a second document"},
		{"XML with an entity", `<!DOCTYPE bom [<!ENTITY a "b">]>` + xmlHead + `<vulnerabilities><vulnerability><id>&a;</id></vulnerability></vulnerabilities></bom>`, "not well-formed"},
		{"XML of a later version", `<bom xmlns="http://cyclonedx.org/schema/bom/2.0"/>`, `version "2.0" of CycloneDX is not known`},
	} {
		report, found, err := read(c.name, strings.NewReader(c.doc), Options{})
		var got string
		switch {
		case err != nil:
			got = err.Error()
		case len(found) == 1 && found[0].Finding.Package != nil:
			f := found[0].Finding
			got = fmt.Sprint(f.Package.Name, " ", f.Package.Versions, " ", f.Severity, " ", f.CWEs)
		default:
			got = fmt.Sprint(len(found), map[bool]string{true: " complete"}[report.Complete])
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestOnlyADocumentThatSaysWhatWasFoundIsAScan(t *testing.T) {
	const head = `{"bomFormat":"CycloneDX","specVersion":"1.5",`
	for document, want := range map[string]bool{
		head + `"components":[{"type":"library","name":"a"}]}`:                                                                                 false,
		head + `"components":[{"type":"library","name":"a"}],"vulnerabilities":[]}`:                                                            true,
		`<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components><component type="library"><name>a</name></component></components></bom>`: false,
		`<bom xmlns="http://cyclonedx.org/schema/bom/1.5"><components/><vulnerabilities/></bom>`:                                               true,
		`{"@context":"https://openvex.dev/ns/v0.2.0","@id":"x","author":"a","timestamp":"2026-01-01T00:00:00Z","version":1,"statements":[]}`:   false,
		smallest: true,
	} {
		in, err := Read("x", strings.NewReader(document), Options{})
		if err != nil || in.Scan != want {
			t.Errorf("%s: have %+v, %v, want a scan: %v", document, in, err, want)
		}
	}
}
