package ingest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestSARIFLocations(t *testing.T) {
	const run = `"tool": {"driver": {"name": "Tool"}},
		"originalUriBaseIds": {"ROOT": {"uri": "file:///home/runner/repo/"}, "SRC": {"uri": "src/", "uriBaseId": "ROOT"}, "LOOP": {"uri": "l/", "uriBaseId": "LOOP"},
			"ABS": {"uri": "file:///home/runner/repo/sub%20dir/"}, "PLAIN": {"uri": "/opt/tool"}, "EMPTY": {}},
		"invocations": [{"executionSuccessful": true, "workingDirectory": {"uri": "file:///build/agent"}}],
		"artifacts": [{"location": {"uri": "from/artifacts.go", "uriBaseId": "SRC"}}, {}],
		"results": [{"locations": [LOCATIONS]}]`
	at := func(artifact string) string { return `{"physicalLocation": {"artifactLocation": ` + artifact + `}}` }
	for _, c := range []struct {
		locations string
		roots     []string
		want      []engine.Location
	}{
		{``, nil, nil},
		{at(`{"uri": "a/b.go"}`), nil, []engine.Location{{Path: "a/b.go"}}},
		{at(`{"uri": "./a//b.go", "uriBaseId": "%SRCROOT%"}`), nil, []engine.Location{{Path: "a/b.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "ROOT"}`), nil, []engine.Location{{Path: "a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "SRC"}`), nil, []engine.Location{{Path: "src/a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "ABS"}`), []string{"/home/runner/repo"}, []engine.Location{{Path: "sub dir/a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "PLAIN"}`), nil, []engine.Location{{Path: "a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "EMPTY"}`), nil, []engine.Location{{Path: "a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "LOOP"}`), nil, []engine.Location{{Path: strings.Repeat("l/", 10) + "a.go"}}},
		{at(`{"index": 0}`), nil, []engine.Location{{Path: "src/from/artifacts.go"}}},
		{at(`{"uri": "own.go", "index": 0}`), nil, []engine.Location{{Path: "own.go"}}},
		{at(`{"index": 1}`), nil, nil},
		{at(`{"index": 99}`), nil, nil},
		{at(`{"uri": "file:///home/runner/repo/x.go"}`), nil, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "file:///build/agent/x.go"}`), nil, []engine.Location{{Path: "x.go"}}}, // below the working directory
		{at(`{"uri": "/build/agent/x.go"}`), nil, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "file:///elsewhere/x.go"}`), nil, []engine.Location{{Path: "/elsewhere/x.go"}}},
		{at(`{"uri": "file:///elsewhere/x.go"}`), []string{"/elsewhere/"}, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "file:///C:/work/x.go"}`), []string{`C:\work`}, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "with%20space/%C3%A4.go"}`), nil, []engine.Location{{Path: "with space/ä.go"}}},
		{at(`{"uri": "100%/x.go"}`), nil, []engine.Location{{Path: "100%/x.go"}}},
		{at(`{"uri": "src\\main\\x.go"}`), nil, []engine.Location{{Path: "src/main/x.go"}}},
		{at(`{"uri": "../up.go"}`), nil, []engine.Location{{Path: "../up.go"}}},
		{at(`{"uri": "https://example.org/a?b=1"}`), nil, []engine.Location{{URL: "https://example.org/a?b"}}},
		{at(`{"uri": 7}`), nil, []engine.Location{{Path: "7"}}},
		{at(`"a.go"`), nil, nil},
		{at(`{"uri": "a.go"}`) + "," + at(`{"uri": "b.go"}`) + "," + at(`{"uri": "a.go"}`), nil, []engine.Location{{Path: "a.go"}, {Path: "b.go"}}},
		{`7, null, {"physicalLocation": []}, ` + at(`{"uri": "a.go"}`), nil, []engine.Location{{Path: "a.go"}}},
		{`{"logicalLocations": [{"fullyQualifiedName": "a.B.c"}]}`, nil, nil},
	} {
		_, found := sarifWith(t, Options{Roots: c.roots}, strings.Replace(run, "LOCATIONS", c.locations, 1))
		if got := found[0].Finding.Locations; !slices.Equal(got, c.want) {
			t.Errorf("%s below %q is %+v, want %+v", c.locations, c.roots, got, c.want)
		}
	}
}

func TestSARIFRegions(t *testing.T) {
	for region, want := range map[string]engine.Location{
		`null`:                              {Path: "a.go"},
		`{"charOffset": 12}`:                {Path: "a.go"},
		`{"startLine": 3}`:                  {Path: "a.go", Line: 3},
		`{"startLine": 3, "endLine": 5}`:    {Path: "a.go", Line: 3, EndLine: 5},
		`{"startLine": 3, "endLine": 1}`:    {Path: "a.go", Line: 3},
		`{"endLine": 4}`:                    {Path: "a.go"},
		`{"startLine": "3"}`:                {Path: "a.go", Line: 3},
		`{"startLine": 3.0}`:                {Path: "a.go", Line: 3},
		`{"startLine": 3.5}`:                {Path: "a.go"},
		`{"startLine": -3}`:                 {Path: "a.go"},
		`{"startLine": 99999999999999999}`:  {Path: "a.go"},
		`{"startLine": {"a": 1}}`:           {Path: "a.go"},
		`{"startLine": "three\ufffd"}`:      {Path: "a.go"},
		`[{"startLine": 3}]`:                {Path: "a.go"},
		`{"startLine": 0, "endLine": 0}`:    {Path: "a.go"},
		`{"startLine": true, "snippet": 4}`: {Path: "a.go"},
	} {
		d := one(t, "", `"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.go"}, "region": `+region+`}}]`)
		if got := d.Finding.Locations; len(got) != 1 || got[0] != want {
			t.Errorf("%s is %+v, want %+v", region, got, want)
		}
	}
}

func TestSARIFContentIsWhatStandsThereElseAFingerprint(t *testing.T) {
	const place = `"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.go"}, "region": {"startLine": 3%s}}}]`
	without, with := fmt.Sprintf(place, ""), fmt.Sprintf(place, `, "snippet": {"text": "  if a ==  b {"}`)
	for result, want := range map[string]string{
		without: "",
		with:    contentOf("if a == b {"),
		with + `, "partialFingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"}`:                                                               contentOf("if a == b {"),
		fmt.Sprintf(place, `, "snippet": {"text": "REDACTED"}`):                                                                                           "",
		fmt.Sprintf(place, `, "snippet": {"text": "****************"}`):                                                                                   "",
		without + `, "partialFingerprints": {"a": "1234", "primaryLocationLineHash": "39fa2ee980eb94b0:1", "primaryLocationStartColumnFingerprint": "4"}`: "fp:primaryLocationLineHash:39fa2ee980eb94b0:1",
		without + `, "partialFingerprints": {"primaryLocationStartColumnFingerprint": "4", "commitSha": "8d5c1b0e9f"}`:                                    "",
		without + `, "partialFingerprints": {"z": "5678", "contextHash/v1": "old", "contextHash/v12": "newer", "contextHash/v2": "new"}`:                  "fp:contextHash/v12:newer",
		without + `, "fingerprints": {"matchBasedId/v1": "requires login"}`:                                                                               "",
		without + `, "fingerprints": {"0": "e3b0c44298fc1c14"}, "partialFingerprints": {"x": 5}`:                                                          "fp:x:5",
		without + `, "fingerprints": {"csvRowSha256": {"value": "b5b5b5b5"}}`:                                                                             "fp:csvRowSha256:b5b5b5b5",
		without + `, "fingerprints": {"a": ["b"], "c": null, "d": {"e": "f"}}`:                                                                            "",
		without + `, "fingerprints": "e3b0c442"`:                                                                                                          "",
		`"locations": [{"logicalLocations": [{"fullyQualifiedName": "a.B.c()", "name": "c"}]}]`:                                                           "logical:a.B.c()",
	} {
		if got := one(t, "", result).Content; got != want {
			t.Errorf("{%s} has content %q, want %q", result, got, want)
		}
	}
}

func TestSARIFNamesTheRepositoryOnlyIfTheOptionsDoNot(t *testing.T) {
	for uri, want := range map[string]string{
		"https://github.com/acme/checkout":         "acme/checkout",
		"https://github.com/acme/checkout.git":     "acme/checkout",
		"https://user@git.example.org/group/a/b/":  "group/a/b",
		"git@github.com:acme/checkout.git":         "acme/checkout",
		"ssh://git@example.org:2222/acme/checkout": "acme/checkout",
		"checkout":                 "",
		"https://example.org/":     "",
		"https://example.org/only": "",
		"":                         "",
		"https://example.org/../../etc/passwd%00%zz": "",
	} {
		run := `"tool": {"driver": {"name": "T"}}, "versionControlProvenance": [{"repositoryUri": "` + uri + `"}], "results": [{}]`
		_, found := sarif(t, run)
		if got := found[0].Target; got != (engine.Target{Type: engine.TargetRepository, Name: want}) {
			t.Errorf("%q is %+v, want %q", uri, got, want)
		}
		_, found = sarifWith(t, Options{Repository: "my/own"}, run)
		if got := found[0].Target.Name; got != "my/own" {
			t.Errorf("%q goes before the options: %q", uri, got)
		}
	}
}
