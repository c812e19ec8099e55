package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestGovulncheckReportsAreReadAsTheirGoldens(t *testing.T) {
	golden(t, "govulncheck-source.json", Options{Repository: "acme/shop"})
}

// The same messages in an array, without white space between them, and in the opposite order say the same.
func TestGovulncheckOrderAndWrappingOfMessagesDoNotMatter(t *testing.T) {
	messages := strings.SplitAfter(file(t, "govulncheck-source.json"), "\n}\n")
	messages = messages[:len(messages)-1]
	if len(messages) != 14 {
		t.Fatalf("%d messages", len(messages))
	}
	_, want, err := readFile(t, "govulncheck-source.json", Options{})
	if err != nil {
		t.Fatal(err)
	}
	var backwards []string
	for _, m := range messages {
		backwards = append([]string{m}, backwards...)
	}
	for name, doc := range map[string]string{
		"wrapped":   "[" + strings.Join(messages, ",") + "]",
		"lines":     strings.ReplaceAll(strings.Join(messages, ""), "\n", ""),
		"backwards": strings.Join(backwards, "\n"),
	} {
		_, got, err := read(name, strings.NewReader(doc), Options{})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d findings, %v", name, len(got), err)
		}
		same := slices.Clone(want)
		if name == "backwards" { // places are listed as they come
			for i := range got {
				got[i].Finding.Locations, same[i].Finding.Locations = nil, nil
			}
		}
		if a, b := texted(t, got), texted(t, same); a != b {
			t.Errorf("%s: read as\n%s\nwant\n%s", name, a, b)
		}
	}
}

func TestGovulncheckReachability(t *testing.T) {
	module := `{"module":"m","version":"v1.0.0"}`
	imported := `{"module":"m","version":"v1.0.0","package":"m/p"}`
	linked := `{"module":"m","version":"v1.0.0","package":"m/p","function":"F"}`
	called := linked + `,{"module":"own","package":"own","function":"main","position":{"filename":"main.go","line":3}}`
	for _, c := range []struct{ level, mode, trace, want string }{
		{"symbol", "source", called, "reachable high"},
		{"symbol", "source", imported, "potential medium"},
		{"symbol", "source", module, "unreachable high"},
		{"package", "source", imported, "potential low"},
		{"package", "source", module, "potential low"},
		{"module", "source", module, "potential low"},
		{"symbol", "binary", linked, "potential medium"},
		{"symbol", "binary", imported, "potential low"},
		{"symbol", "binary", module, "potential low"},
		{"symbol", "", called, "reachable high"}, // before version 1.1: places in code are of a scan of source code
		{"symbol", "", linked, "potential medium"},
		{"symbol", "", module, "potential low"},
		{"", "", module, "potential low"},
	} {
		_, found := readDocument(t, fmt.Sprintf(`{"config":{"protocol_version":"v1.0.0","scan_level":%q,"scan_mode":%q}}
			{"finding":{"osv":"GO-1","trace":[%s]}}`, c.level, c.mode, c.trace))
		r := found[0].Reachability
		if got := r.Verdict + " " + r.Confidence; got != c.want || r.By != "govulncheck" {
			t.Errorf("%s of %s, %s: %s, want %s", c.level, c.mode, c.trace, got, c.want)
		}
	}
}

func TestGovulncheckEntriesOfTheDatabaseAreNoFindings(t *testing.T) {
	report, found := readDocument(t, `{"config":{"protocol_version":"v1.0.0"}}{"osv":{"id":"GO-1"}}{"osv":{"id":"GO-2"}}`)
	if report.Results != 0 || len(found) != 0 || !report.Complete {
		t.Errorf("%d results, %d findings, complete %v", report.Results, len(found), report.Complete)
	}
}

func TestGovulncheckThatStoppedIsIncomplete(t *testing.T) {
	config := `{"config":{"protocol_version":"v1.0.0","scan_mode":"source","scan_level":"symbol"}}`
	for doc, want := range map[string]string{
		config: "before it looked",
		config + `{"SBOM":{}}{"progress":{"message":"Fetching vulnerabilities from the database..."}}`:                                                                            "while it fetched",
		config + `{"SBOM":{}}{"progress":{"message":"Fetching vulnerabilities from the database..."}}{"progress":{"message":"Checking the code against the vulnerabilities..."}}`: "",
		config + `{"progress":{"message":"Scanning your code and 0 packages across 0 dependent modules for known vulnerabilities..."}}`:                                           "",
		config + `{"SBOM":{}}`: "",
		config + `{"SBOM":{"modules":[{"path":"example.com/shop"}]}}`:                                                                            "listed the modules",
		config + `{"SBOM":{}}{"osv":{"id":"GO-2026-0001"}}`:                                                                                      "while it fetched",
		config + `{"SBOM":{"modules":[{"path":"example.com/shop"}]}}{"progress":{"message":"Checking the code against the vulnerabilities..."}}`: "",
	} {
		report, _ := readDocument(t, doc)
		if report.Complete != (want == "") || !strings.Contains(report.Incomplete, want) {
			t.Errorf("%s: complete %v (%q), want %q", doc, report.Complete, report.Incomplete, want)
		}
	}
}

func TestGovulncheckBeforeVersionOneIsRead(t *testing.T) {
	osv := `{"id":"GO-2022-0969","aliases":["CVE-2022-27664"],"details":"Connections hang","affected":[{"package":{"name":"stdlib","ecosystem":"Go"},"ranges":[{"type":"SEMVER","events":[{"introduced":"0"},{"fixed":"1.18.6"},{"introduced":"1.19.0"},{"fixed":"1.19.1"}]}]}]}`
	for name, doc := range map[string]string{
		"call graph": `{"Calls":{"Functions":{}},"Imports":{},"Requires":{},"Vulns":[
			{"OSV":` + osv + `,"Symbol":"Serve","PkgPath":"net/http","ModPath":"stdlib","CallSink":0,"ImportSink":57,"RequireSink":1},
			{"OSV":` + osv + `,"Symbol":"ListenAndServe","PkgPath":"net/http","ModPath":"stdlib","CallSink":5,"ImportSink":57,"RequireSink":1}],
			"Modules":[{"Path":"stdlib","Version":"v1.19.0","Dir":"","Replace":null}]}`,
		"modules": `{"Vulns":[{"OSV":` + osv + `,"Modules":[{"Path":"stdlib","FoundVersion":"v1.19.0","FixedVersion":"v1.19.1","Packages":[{"Path":"net/http","CallStacks":[{"Symbol":"Serve"}]}]}]}]}`,
		"messages": `{"config":{"name":"govulncheck","version":"v0.1.0","data_source":"https://vuln.example.org"}}{"progress":{"message":"Scanning"}}
			{"vulnerability":{"osv":` + osv + `,"modules":[{"path":"stdlib","found_version":"v1.19.0","fixed_version":"v1.19.1","packages":[{"path":"net/http","callstacks":[{"frames":[]}]}]}]}}`,
	} {
		report, found := readDocument(t, doc)
		if len(found) != 1 || report.Format != "govulncheck" {
			t.Fatalf("%s: %d findings of %s", name, len(found), report.Format)
		}
		f, r := found[0].Finding, found[0].Reachability
		fixed := fmt.Sprint(f.Package.Fixed)
		if f.Vulnerability.ID != "CVE-2022-27664" || f.Package.PURL != "pkg:golang/stdlib" || fmt.Sprint(f.Package.Versions) != "[1.19.0]" ||
			!strings.Contains(fixed, "1.19.1") || f.Title != "Connections hang" || r.Verdict != "reachable" {
			t.Errorf("%s: %+v, %+v, %+v", name, f, f.Package, r)
		}
	}
	report, found := readDocument(t, `{"Calls":{},"Imports":{},"Requires":{},"Vulns":null,"Modules":null}`)
	if len(found) != 0 || !report.Complete {
		t.Errorf("without vulnerabilities: %d findings, complete %v", len(found), report.Complete)
	}
}

func TestGovulncheckBrokenPartsAreErrorsWithAPlace(t *testing.T) {
	config := `{"config":{"protocol_version":"v1.0.0"}}`
	for doc, want := range map[string]string{
		config + `{"finding":{"osv":"GO-1"}}`:                                      "without osv or trace",
		config + `{"finding":{"trace":[{"module":"m"}]}}`:                          "without osv or trace",
		config + `{"finding":"GO-1"}`:                                              "/finding",
		config + `{"finding":{"osv":"GO-1","trace":[{"module":"m"}`:                "ends in the middle",
		config + `["finding"]`:                                                     "after the end",
		`[` + config + `,7]`:                                                       "/1",
		`[` + config:                                                               "ends in the middle",
		`{"config":{"protocol_version":"v2.0.0"}}`:                                 "protocol version",
		`{"Calls":{},"Imports":{},"Vulns":[{"OSV":{"id":"GO-1"}}],"Modules":null}`: "without OSV or module",
	} {
		if got := refused(t, doc); !strings.Contains(got, want) {
			t.Errorf("%s\nis refused because %q, want %q in it", doc, got, want)
		}
	}
}
