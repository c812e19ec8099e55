package ingest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestSARIFOfRealToolsIsReadAsTheirGoldenFiles(t *testing.T) {
	for _, name := range []string{
		"sarif-codeql.sarif", "sarif-trivy-image.sarif", "sarif-grype-image.sarif", "sarif-components.sarif", "sarif-advisories.sarif",
		"sarif-gitleaks.sarif", "sarif-sorted.sarif",
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{}) })
	}
}

// sarif reads a log with one run, given by its members.
func sarif(t *testing.T, run string) (engine.Report, []engine.Discovery) {
	t.Helper()
	return sarifWith(t, Options{}, run)
}

func sarifWith(t *testing.T, o Options, run string) (engine.Report, []engine.Discovery) {
	t.Helper()
	report, found, err := Read("x.sarif", strings.NewReader(`{"version": "2.1.0", "runs": [{`+run+`}]}`), o)
	if err != nil {
		t.Fatal(err)
	}
	return report, found
}

// one reads a log with one result of a tool that has one rule, each given by members of its object; both may be empty.
func one(t *testing.T, rule, result string) engine.Discovery {
	t.Helper()
	if rule != "" {
		rule = ", " + rule
	}
	_, found := sarif(t, `"tool": {"driver": {"name": "Tool", "rules": [{"id": "r"`+rule+`}]}}, "results": [{"ruleId": "r"`+and(result)+`}]`)
	if len(found) != 1 {
		t.Fatalf("%d findings, want 1", len(found))
	}
	return found[0]
}

func and(members string) string {
	if members == "" {
		return ""
	}
	return ", " + members
}

func TestSARIFLevelAndSeverity(t *testing.T) {
	for _, c := range []struct {
		rule, result string
		want         engine.Severity
	}{
		{``, ``, "medium"}, // the level of a failure without any is warning
		{``, `"level": "error"`, "high"},
		{``, `"level": "warning"`, "medium"},
		{``, `"level": "note"`, "low"},
		{``, `"level": "none"`, "info"},
		{``, `"level": "dubious"`, ""},
		{`"defaultConfiguration": {"level": "error"}`, ``, "high"},
		{`"defaultConfiguration": {"level": "error"}`, `"level": "note"`, "low"},
		{`"defaultConfiguration": {}`, ``, "medium"},
		{`"properties": {"security-severity": "9.8"}`, `"level": "note"`, "critical"},
		{`"properties": {"security-severity": 9.0}`, ``, "critical"},
		{`"properties": {"security-severity": "8.9"}`, ``, "high"},
		{`"properties": {"security-severity": 4}`, ``, "medium"},
		{`"properties": {"security-severity": "0.1"}`, ``, "low"},
		{`"properties": {"security-severity": "0.0"}`, `"level": "error"`, "high"}, // 0 is how scanners write "missing"
		{`"properties": {"security-severity": "11"}`, `"level": "error"`, "high"},
		{`"properties": {"security-severity": "High"}`, ``, "high"},
		{`"properties": {"security-severity": ["9"]}`, ``, "medium"},
		{`"properties": {"security-severity": "2.0"}`, `"properties": {"security-severity": "9.1"}`, "critical"},
		{``, `"rank": 99.5`, "medium"},
	} {
		if got := one(t, c.rule, c.result).Finding.Severity; got != c.want {
			t.Errorf("rule {%s} and result {%s}: severity %q, want %q", c.rule, c.result, got, c.want)
		}
	}
}

func TestSARIFInvocationsOverrideTheLevelOfARule(t *testing.T) {
	const tool = `"tool": {"driver": {"name": "Tool", "rules": [{"id": "r"}, {"id": "s", "guid": "g"}]}}`
	override := func(descriptor string) string {
		return `{"executionSuccessful": true, "ruleConfigurationOverrides": [{"descriptor": {` + descriptor + `}, "configuration": {"level": "error"}}]}`
	}
	for _, c := range []struct {
		invocations, result string
		want                engine.Severity
	}{
		{override(`"index": 0`), `"ruleId": "r"`, "high"},
		{override(`"id": "r"`), `"ruleIndex": 0`, "high"},
		{override(`"guid": "g"`), `"ruleId": "s"`, "high"},
		{override(`"id": "r"`), `"ruleId": "s"`, "medium"},
		{override(`"id": "r"`), `"ruleId": "r", "level": "note"`, "low"},
		{`{}, ` + override(`"id": "r"`), `"ruleId": "r"`, "medium"}, // it is not said which invocation found it
		{`{}, ` + override(`"id": "r"`), `"ruleId": "r", "provenance": {"invocationIndex": 1}`, "high"},
		{override(`"id": "r"`), `"ruleId": "r", "provenance": {"invocationIndex": 7}`, "medium"},
	} {
		_, found := sarif(t, tool+`, "invocations": [`+c.invocations+`], "results": [{`+c.result+`}]`)
		if got := found[0].Finding.Severity; got != c.want {
			t.Errorf("%s with %s: severity %q, want %q", c.result, c.invocations, got, c.want)
		}
	}
}

func TestSARIFOnlyFailuresThatAreThereNowAreFindings(t *testing.T) {
	results := []string{
		`{}`, `{"kind": "fail"}`, `{"kind": "FAIL"}`, `{"kind": 7}`, // findings
		`{"kind": "pass"}`, `{"kind": "notApplicable"}`, `{"kind": "informational"}`, `{"kind": "open"}`, `{"kind": "review"}`,
		`{"baselineState": "absent"}`,
	}
	report, found := sarif(t, `"tool": {"driver": {"name": "Tool"}}, "results": [`+strings.Join(results, ",")+`]`)
	if report.Results != 10 || report.Findings != 4 || len(found) != 4 {
		t.Errorf("%d results, %d findings (%d), want 10 and 4", report.Results, report.Findings, len(found))
	}
}

func TestSARIFBaselineStateBecomesStatus(t *testing.T) {
	for state, want := range map[string]engine.Status{
		"": "", `"baselineState": "new"`: "introduced", `"baselineState": "unchanged"`: "existing", `"baselineState": "updated"`: "existing",
		`"baselineState": "odd"`: "", `"baselineState": null`: "",
	} {
		if got := one(t, "", state).Status; got != want {
			t.Errorf("{%s} is %q, want %q", state, got, want)
		}
	}
}

func TestSARIFRulesAreFoundWhereverTheyStand(t *testing.T) {
	const tool = `"tool": {
		"driver": {"name": "Tool", "guid": "d", "rules": [{"id": "a", "name": "driver a"}, {"id": "CA5350", "name": "weak hash"}]},
		"extensions": [
			{"name": "none"},
			{"name": "pack", "guid": "p", "rules": [{"id": "b", "name": "pack b"}, {"id": "a", "name": "pack a", "guid": "ga"}]}]}`
	for result, want := range map[string]string{
		`"ruleId": "a"`:                  "driver a",
		`"ruleIndex": 1`:                 "weak hash",
		`"rule": {"index": 0}`:           "driver a",
		`"rule": {"id": "b"}`:            "pack b",
		`"ruleId": "b"`:                  "pack b",
		`"ruleId": "b", "ruleIndex": 0`:  "pack b",   // the index leads to another rule: some tools write 0 for all
		`"ruleId": "c", "ruleIndex": 0`:  "driver a", // for want of a better one
		`"ruleId": "CA5350/md5"`:         "weak hash",
		`"ruleId": "CA5350/md5/x"`:       "weak hash",
		`"ruleId": "CA53"`:               "CA53",
		`"ruleId": "x/y"`:                "x/y",
		`"ruleIndex": 99, "ruleId": "a"`: "driver a",
		`"ruleIndex": -1, "ruleId": "a"`: "driver a",
		`"ruleIndex": "1"`:               "weak hash",
		`"rule": {"guid": "ga"}`:         "pack a",
		`"rule": {"id": "a", "index": 1, "toolComponent": {"index": 1}}`:     "pack a",
		`"rule": {"index": 0, "toolComponent": {"name": "pack"}}`:            "pack b",
		`"rule": {"index": 0, "toolComponent": {"guid": "p"}}`:               "pack b",
		`"rule": {"index": 1, "toolComponent": {"guid": "d"}}`:               "weak hash",
		`"rule": {"id": "a", "toolComponent": {"index": 9}}`:                 "driver a",
		`"ruleId": "a", "rule": {"index": 1, "toolComponent": {"index": 1}}`: "pack a",
	} {
		_, found := sarif(t, tool+`, "results": [{`+result+`}]`)
		if got := found[0].Finding.Title; got != want {
			t.Errorf("{%s} has the rule %q, want %q", result, got, want)
		}
	}
}

func TestSARIFResultsNeedNoRule(t *testing.T) {
	_, found := sarif(t, `"tool": {"driver": {"name": "Tool"}}, "results": [{"message": {"text": "Something is wrong."}}, {"ruleId": "r"}]`)
	if f := found[0].Finding; f.Rule != nil || f.Title != "Something is wrong." {
		t.Errorf("a result without rule is %+v", f)
	}
	if f := found[1].Finding; f.Rule == nil || f.Rule.ID != "r" || f.Rule.Tool != "Tool" || f.Title != "r" {
		t.Errorf("a result whose rule is not described is %+v", f)
	}
}

func TestSARIFMessages(t *testing.T) {
	const tool = `"tool": {"driver": {"name": "Tool", "globalMessageStrings": {"g": {"text": "global {0}"}},
		"rules": [{"id": "r", "shortDescription": {"text": "short"}, "messageStrings": {
			"default": {"text": "{0} flows into {1}, {{not}} {2}"}, "md": {"markdown": "only *markdown*"}}}]},
		"extensions": [{"name": "pack", "globalMessageStrings": {"g": {"text": "packed {0}"}}}]}`
	for message, want := range map[string]string{
		`{"text": "plain {0} and {{x}}"}`:                            "plain {0} and {{x}}", // without arguments nothing is a placeholder
		`{"text": "{0} of {1}", "arguments": ["one", "two"]}`:        "one of two",
		`{"text": "{{0}} {0}", "arguments": ["one"]}`:                "{0} one",
		`{"id": "default", "arguments": ["a", "{0}"]}`:               "a flows into {0}, {not} {2}",
		`{"id": "default"}`:                                          "{0} flows into {1}, {not} {2}",
		`{"id": "g", "arguments": ["x"]}`:                            "global x",
		`{"id": "md"}`:                                               "only *markdown*",
		`{"id": "unknown"}`:                                          "short",
		`{"markdown": "*m*"}`:                                        "*m*",
		`{"text": "depends on a [user-provided value](1), [2](2)."}`: "depends on a user-provided value, 2.",
		`{"text": "see [docs](https://example.org/x)"}`:              "see docs",
		`{"text": "a[i](x y) and []()"}`:                             "a[i](x y) and []()",
		`"just text"`:                                                "just text",
		`{"text": "two\nlines\tand \u0007 bells"}`:                   "two lines and bells",
		`{"text": 12}`:                                               "12",
		`null`:                                                       "short",
		`[]`:                                                         "short",
		`{"text": null, "arguments": 3}`:                             "short",
	} {
		_, found := sarif(t, tool+`, "results": [{"ruleId": "r", "message": `+message+`}]`)
		if got := found[0].Finding.Title; got != want {
			t.Errorf("%s says %q, want %q", message, got, want)
		}
	}
	_, found := sarif(t, tool+`, "results": [{"rule": {"toolComponent": {"index": 0}}, "message": {"id": "g", "arguments": ["x"]}}]`)
	if got := found[0].Finding.Title; got != "packed x" {
		t.Errorf("the message of an extension says %q", got)
	}
}

func TestSARIFSuppressions(t *testing.T) {
	for suppressions, want := range map[string]*engine.Suppression{
		`null`:                   nil,
		`[]`:                     nil,
		`true`:                   nil,
		`[{"kind": "inSource"}]`: {Kind: "in_source", Status: "accepted"},
		`[{"kind": "external", "status": "accepted"}]`:                                                  {Kind: "external", Status: "accepted"},
		`[{"kind": "external", "status": "rejected"}]`:                                                  {Kind: "external", Status: "rejected"},
		`[{"kind": "external", "status": "someday"}]`:                                                   {Kind: "external"},
		`[{"kind": "odd", "justification": "why\nnot"}]`:                                                {Status: "accepted", Justification: "why not"},
		`[{"kind": "inSource"}, {"kind": "external", "status": "underReview"}]`:                         {Kind: "external", Status: "under_review"},
		`[{"kind": "external", "status": "rejected"}, {"kind": "inSource"}]`:                            {Kind: "external", Status: "rejected"},
		`[{"kind": "external", "status": "someday"}, {"kind": "inSource", "status": "underReview"}, 7]`: {Kind: "external"},
	} {
		if got := one(t, "", `"suppressions": `+suppressions).Finding.Suppression; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, want %+v", suppressions, got, want)
		}
	}
}

func TestSARIFRunsThatDidNotScanAreIncomplete(t *testing.T) {
	const tool = `"tool": {"driver": {"name": "Tool"}}`
	for run, want := range map[string]string{
		tool + `, "results": []`:   "",
		tool + `, "results": null`: "run 1 (Tool) has no results: the tool did not scan",
		tool:                       "run 1 (Tool) has no results: the tool did not scan",
		`"results": null`:          "run 1 has no results: the tool did not scan",
		tool + `, "externalPropertyFileReferences": {"results": [{"location": {"uri": "r.sarif-external-properties"}}]}`:                                       "run 1 (Tool) keeps its results in other files",
		tool + `, "results": [], "invocations": [{"executionSuccessful": true, "toolExecutionNotifications": [{"level": "error", "message": {"text": "x"}}]}]`: "",
		tool + `, "results": [], "invocations": [{"executionSuccessful": false}]`:                                                                              "run 1 (Tool) did not succeed",
		tool + `, "results": [], "invocations": [{"executionSuccessful": "false", "exitCode": 2}]`:                                                             "run 1 (Tool) did not succeed: exit code 2",
		tool + `, "results": [], "invocations": [{"executionSuccessful": true}, {"executionSuccessful": false, "exitCode": 137, "exitCodeDescription": "killed",
			"toolExecutionNotifications": [{"level": "note", "message": {"text": "started"}}, {"level": "error", "message": {"text": "out of\nmemory"}}]}]`: "run 1 (Tool) did not succeed: exit code 137: killed: out of memory",
	} {
		report, _ := sarif(t, run)
		if report.Incomplete != want || report.Complete != (want == "") {
			t.Errorf("{%s} is incomplete because of %q (complete %v), want %q", run, report.Incomplete, report.Complete, want)
		}
	}
}

func TestSARIFEveryRunKeepsItsOwnTool(t *testing.T) {
	report, found, err := Read("merged.sarif", strings.NewReader(`{"version": "2.1.0", "runs": [
		{"tool": {"driver": {"name": "A", "version": "1", "semanticVersion": "1.0.0"}}, "results": [{"ruleId": "x"}],
			"invocations": [{"executionSuccessful": true, "endTimeUtc": "2026-01-02T03:04:05Z"}]},
		{"results": [{"ruleId": "y"}, {"ruleId": "z", "kind": "pass"}], "tool": {"driver": {"name": "B", "version": "2"}},
			"invocations": [{"executionSuccessful": true, "startTimeUtc": "2026-05-05T05:05:05Z", "endTimeUtc": "2026-02-02T03:04:05.5+01:00"}]},
		{"tool": {"driver": {"name": "A"}}, "results": []}]}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if report.Tool != "A, B" || report.Version != "" || report.Results != 3 || report.Time.Format("2006-01-02 15:04:05.0") != "2026-02-02 02:04:05.5" {
		t.Errorf("report is %+v", report)
	}
	want := []engine.Source{{Tool: "A", Version: "1.0.0", Format: "sarif", Report: report.Digest}, {Tool: "B", Version: "2", Format: "sarif", Report: report.Digest}}
	if len(found) != 2 || found[0].Finding.Sources[0] != want[0] || found[1].Finding.Sources[0] != want[1] {
		t.Errorf("found %+v, want sources %+v", found, want)
	}
	report, _ = sarif(t, `"tool": {"driver": {"name": "A", "version": "7"}}, "invocations": [{"startTimeUtc": "2026-05-05T05:05:05"}], "results": []`)
	if report.Tool != "A" || report.Version != "7" || report.Time.Hour() != 5 {
		t.Errorf("report of one run is %+v", report)
	}
}

func TestSARIFLocations(t *testing.T) {
	const run = `"tool": {"driver": {"name": "Tool"}},
		"originalUriBaseIds": {"ROOT": {"uri": "file:///home/ci/repo/"}, "SRC": {"uri": "src/", "uriBaseId": "ROOT"}, "LOOP": {"uri": "l/", "uriBaseId": "LOOP"},
			"ABS": {"uri": "file:///home/ci/repo/sub%20dir/"}, "PLAIN": {"uri": "/opt/tool"}, "EMPTY": {}},
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
		{at(`{"uri": "a.go", "uriBaseId": "ABS"}`), []string{"/home/ci/repo"}, []engine.Location{{Path: "sub dir/a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "PLAIN"}`), nil, []engine.Location{{Path: "a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "EMPTY"}`), nil, []engine.Location{{Path: "a.go"}}},
		{at(`{"uri": "a.go", "uriBaseId": "LOOP"}`), nil, []engine.Location{{Path: strings.Repeat("l/", 10) + "a.go"}}},
		{at(`{"index": 0}`), nil, []engine.Location{{Path: "src/from/artifacts.go"}}},
		{at(`{"uri": "own.go", "index": 0}`), nil, []engine.Location{{Path: "own.go"}}},
		{at(`{"index": 1}`), nil, nil},
		{at(`{"index": 99}`), nil, nil},
		{at(`{"uri": "file:///home/ci/repo/x.go"}`), nil, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "file:///build/agent/x.go"}`), nil, []engine.Location{{Path: "x.go"}}}, // below the working directory
		{at(`{"uri": "/build/agent/x.go"}`), nil, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "file:///elsewhere/x.go"}`), nil, []engine.Location{{Path: "/elsewhere/x.go"}}},
		{at(`{"uri": "file:///elsewhere/x.go"}`), []string{"/elsewhere/"}, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "file:///C:/work/x.go"}`), []string{`C:\work`}, []engine.Location{{Path: "x.go"}}},
		{at(`{"uri": "with%20space/%C3%A4.go"}`), nil, []engine.Location{{Path: "with space/ä.go"}}},
		{at(`{"uri": "100%/x.go"}`), nil, []engine.Location{{Path: "100%/x.go"}}},
		{at(`{"uri": "src\\main\\x.go"}`), nil, []engine.Location{{Path: "src/main/x.go"}}},
		{at(`{"uri": "../up.go"}`), nil, []engine.Location{{Path: "../up.go"}}},
		{at(`{"uri": "https://example.org/a?b=1"}`), nil, []engine.Location{{URL: "https://example.org/a?b=1"}}},
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

func TestSARIFCWEs(t *testing.T) {
	const taxonomies = `"taxonomies": [{"name": "OWASP", "taxa": [{"id": "A1"}]}, {"name": "CWE", "taxa": [{"id": "22"}, {"id": "CWE-23"}]}]`
	for _, c := range []struct {
		rule, result string
		want         []int
	}{
		{`"properties": {"tags": ["security", "external/cwe/cwe-079", "CWE-80: Basic XSS"]}`, ``, []int{79, 80}},
		{`"properties": {"cwe": "CWE-89: SQL"}`, ``, []int{89}},
		{`"properties": {"cwe": ["89", "CWE-79", 20]}`, ``, []int{20, 79, 89}},
		{``, `"properties": {"cwe": 89, "tags": "CWE-79"}`, []int{79, 89}},
		{`"relationships": [{"target": {"id": "327", "toolComponent": {"name": "CWE"}}}, {"target": {"id": "328", "toolComponent": {"name": "OWASP"}}}]`, ``, []int{327}},
		{``, `"taxa": [{"id": "22", "toolComponent": {"name": "CWE"}}]`, []int{22}},
		{``, `"taxa": [{"index": 1, "toolComponent": {"index": 1}}, {"id": "22", "toolComponent": {"index": 1}}]`, []int{22, 23}},
		{``, `"taxa": [{"index": 7, "toolComponent": {"index": 1}}, {"index": 0, "toolComponent": {"index": 7}}, {"id": "A1", "toolComponent": {"index": 0}}]`, nil},
		{``, ``, nil},
	} {
		rule := c.rule
		_, found := sarif(t, `"tool": {"driver": {"name": "T", "rules": [{"id": "r"`+and(rule)+`}]}}, `+taxonomies+`, "results": [{"ruleId": "r"`+and(c.result)+`}]`)
		if got := found[0].Finding.CWEs; !slices.Equal(got, c.want) {
			t.Errorf("rule {%s} and result {%s}: CWEs %v, want %v", c.rule, c.result, got, c.want)
		}
	}
}

func TestSARIFKinds(t *testing.T) {
	for _, c := range []struct {
		tool, rule string
		want       engine.Kind
	}{
		{"CodeQL", `"id": "java/sql-injection"`, engine.KindWeakness},
		{"CodeQL", `"id": "js/hardcoded-credentials", "properties": {"tags": ["security", "external/cwe/cwe-798"]}`, engine.KindWeakness},
		{"Semgrep OSS", `"id": "go.lang.security.audit.xss"`, engine.KindWeakness},
		{"Semgrep OSS", `"id": "generic.secrets.security.detected-aws-access-key"`, engine.KindSecret},
		{"Semgrep OSS", `"id": "terraform.aws.security.aws-s3-public"`, engine.KindMisconfiguration},
		{"Custom", `"id": "CVE-2021-44228"`, engine.KindVulnerability},
		{"Custom", `"id": "cve-2021-44228"`, engine.KindVulnerability},
		{"Grype", `"id": "CVE-2021-44228-log4j-core"`, engine.KindVulnerability},
		{"Trivy", `"id": "[HIGH] CVE-2021-44228"`, engine.KindVulnerability},
		{"Trivy", `"id": "DLA-3000-1"`, engine.KindVulnerability},
		{"Trivy", `"id": "AVD-AWS-0086", "name": "Misconfiguration"`, engine.KindMisconfiguration},
		{"Trivy", `"id": "KSV001", "properties": {"tags": ["misconfiguration", "security", "MEDIUM"]}`, engine.KindMisconfiguration},
		{"Trivy", `"id": "github-pat", "name": "Secret"`, engine.KindSecret},
		{"Trivy", `"id": "busybox:GPL-2.0", "name": "License"`, engine.KindLicense},
		{"gitleaks", `"id": "aws-access-token"`, engine.KindSecret},
		{"Checkov", `"id": "CKV_AWS_20"`, engine.KindMisconfiguration},
		{"Checkov", `"id": "CKV_SECRET_6"`, engine.KindSecret},
		{"Checkov", `"id": "CVE-2020-1234"`, engine.KindVulnerability},
		{"KICS", `"id": "2a1fcd40-3f0e-4b6f-8a2c-0d9ad0c0a8c4"`, engine.KindMisconfiguration},
		{"Hadolint", `"id": "DL3008"`, engine.KindMisconfiguration},
		{"Snyk Open Source", `"id": "SNYK-JS-LODASH-567746"`, engine.KindVulnerability},
		{"Snyk Open Source", `"id": "snyk:lic:npm:x:GPL-3.0"`, engine.KindLicense},
		{"Snyk Open Source", `"id": "npm:ms:20170412"`, engine.KindVulnerability},
		{"SnykCode", `"id": "javascript/Sqli"`, engine.KindWeakness},
		{"govulncheck", `"id": "GO-2021-0113"`, engine.KindVulnerability},
	} {
		_, found := sarif(t, `"tool": {"driver": {"name": "`+c.tool+`", "rules": [{`+c.rule+`}]}}, "results": [{"ruleIndex": 0}]`)
		f := found[0].Finding
		if f.Kind != c.want {
			t.Errorf("%s of %s is a %s, want %s", c.rule, c.tool, f.Kind, c.want)
		}
		if (f.Kind == engine.KindVulnerability) != (f.Vulnerability != nil) || (f.Kind == engine.KindSecret) != (f.Secret != nil) {
			t.Errorf("%s of %s has vulnerability %v and secret %v", c.rule, c.tool, f.Vulnerability, f.Secret)
		}
	}
}

func TestSARIFVulnerabilitiesAndComponents(t *testing.T) {
	for _, c := range []struct {
		name, run     string
		vulnerability engine.Vulnerability
		component     engine.Package
	}{
		{"Grype of a folder, a rule for two versions",
			`"tool": {"driver": {"name": "Grype", "rules": [{"id": "CVE-2021-23337-lodash", "help": {"text": "Vulnerability CVE-2021-23337\nSeverity: high\nPackage: lodash\nVersion: 4.17.15\nFix Version: 4.17.21\nType: npm\nLocation: a/package-lock.json\nData Namespace: github:language:javascript\nLink: x"},
				"properties": {"purls": ["pkg:npm/lodash@4.17.15"]}}]}},
			"results": [{"ruleId": "CVE-2021-23337-lodash", "message": {"text": "A high vulnerability in npm package: lodash, version 4.17.20 was found at: b/package-lock.json"}}]`,
			engine.Vulnerability{ID: "CVE-2021-23337", CVEs: []string{"CVE-2021-23337"}},
			engine.Package{PURL: "pkg:npm/lodash", Ecosystem: "npm", Name: "lodash", Versions: []string{"4.17.20"}}}, // the fix is that of the other version
		{"Grype before purls, a distribution's package",
			`"tool": {"driver": {"name": "Grype", "rules": [{"id": "CVE-2022-37434-zlib1g", "help": {"text": "Vulnerability CVE-2022-37434\nSeverity: critical\nPackage: zlib1g\nVersion: 1:1.2.11\nFix Version: 1:1.2.12,1:1.2.13\nType: deb\nData Namespace: debian:distro:debian:11"}}]}},
			"results": [{"ruleId": "CVE-2022-37434-zlib1g", "message": {"text": "The path /var/lib/dpkg/status reports zlib1g at version 1:1.2.11  which is a vulnerable (deb) package installed in the container"}}]`,
			engine.Vulnerability{ID: "CVE-2022-37434", CVEs: []string{"CVE-2022-37434"}},
			engine.Package{PURL: "pkg:deb/debian/zlib1g", Ecosystem: "deb", Name: "zlib1g", Versions: []string{"1:1.2.11"}, Fixed: []string{"1:1.2.12", "1:1.2.13"}}},
		{"Trivy, the ecosystem by the lockfile",
			`"tool": {"driver": {"name": "Trivy"}}, "results": [{"ruleId": "CVE-2021-23337", "message": {"text": "Package: lodash\nInstalled Version: 4.17.20\nVulnerability CVE-2021-23337\nSeverity: HIGH\nFixed Version: 4.17.21\nLink: x"},
				"locations": [{"physicalLocation": {"artifactLocation": {"uri": "web/yarn.lock"}, "region": {"startLine": 88}}}]}]`,
			engine.Vulnerability{ID: "CVE-2021-23337", CVEs: []string{"CVE-2021-23337"}},
			engine.Package{PURL: "pkg:npm/lodash", Ecosystem: "npm", Name: "lodash", Versions: []string{"4.17.20"}, Fixed: []string{"4.17.21"}}},
		{"a Maven artifact without its group has no package URL",
			`"tool": {"driver": {"name": "Grype"}}, "results": [{"ruleId": "CVE-2008-0732-geronimo-mail", "message": {"text": "The path lib/x.jar reports geronimo-mail at version 1.8.4  which would result in a vulnerable (java-archive) package installed"}}]`,
			engine.Vulnerability{ID: "CVE-2008-0732", CVEs: []string{"CVE-2008-0732"}},
			engine.Package{Ecosystem: "maven", Name: "geronimo-mail", Versions: []string{"1.8.4"}}},
		{"a rule that covers two CVEs is neither",
			`"tool": {"driver": {"name": "Snyk Open Source", "rules": [{"id": "SNYK-JS-AJV-584908", "fullDescription": {"text": "(CVE-2020-15366,CVE-2020-15367) ajv@5.0.0"}, "help": {"markdown": "* Package Manager: npm\n* Vulnerable module: ajv\n"}}]}},
			"results": [{"ruleId": "SNYK-JS-AJV-584908"}]`,
			engine.Vulnerability{ID: "SNYK-JS-AJV-584908", CVEs: []string{"CVE-2020-15366", "CVE-2020-15367"}},
			engine.Package{PURL: "pkg:npm/ajv", Ecosystem: "npm", Name: "ajv", Versions: []string{"5.0.0"}}},
		{"scoped npm package of OSV-Scanner",
			`"tool": {"driver": {"name": "osv-scanner"}}, "results": [{"ruleId": "GHSA-67hx-6x53-jw92", "message": {"text": "Package '@babel/traverse@7.22.0' is vulnerable to 'CVE-2023-45133' (also known as 'GHSA-67hx-6x53-jw92')."},
				"locations": [{"physicalLocation": {"artifactLocation": {"uri": "package-lock.json"}}}]}]`,
			engine.Vulnerability{ID: "GHSA-67hx-6x53-jw92"},
			engine.Package{PURL: "pkg:npm/%40babel/traverse", Ecosystem: "npm", Name: "@babel/traverse", Versions: []string{"7.22.0"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, found := sarif(t, c.run)
			f := found[0].Finding
			if f.Vulnerability == nil || !reflect.DeepEqual(*f.Vulnerability, c.vulnerability) {
				t.Errorf("vulnerability %+v, want %+v", f.Vulnerability, c.vulnerability)
			}
			if f.Package == nil || !reflect.DeepEqual(*f.Package, c.component) {
				t.Errorf("package %+v, want %+v", f.Package, c.component)
			}
		})
	}
}

func TestSARIFAssessmentsAreReadFromProperties(t *testing.T) {
	d := one(t, "", `"properties": {"source": "NVD", "cvssv2_score": 4.3, "cvssv2_version": "2.0", "cvssv3_baseScore": "6.1", "cvssv3_version": "3.0",
		"cvssv40_vector": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", "cvssv9_score": 1, "cvssv3_severity": "MEDIUM"}, "ruleId": "CVE-2015-9251"`)
	want := []engine.CVSS{
		{Version: "4.0", Vector: "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", Score: 9.3, Source: "nvd"},
		{Version: "3.0", Score: 6.1, Source: "nvd"},
		{Version: "2.0", Score: 4.3, Source: "nvd"},
	}
	if !slices.Equal(d.Finding.CVSS, want) {
		t.Errorf("assessments %+v, want %+v", d.Finding.CVSS, want)
	}
	// A score without a version says nothing.
	if d := one(t, "", `"ruleId": "CVE-2015-9251", "properties": {"cvssv3_baseScore": 9.8}`); d.Finding.CVSS != nil {
		t.Errorf("assessments %+v of a bare score", d.Finding.CVSS)
	}
}

func TestSARIFTitlesAreShort(t *testing.T) {
	long := "Using CBC with PKCS5Padding is susceptible to padding oracle attacks, e.g. in Java. " + strings.Repeat("Much more follows. ", 40)
	if got, want := one(t, "", `"message": {"text": "`+long+`"}`).Finding.Title, "Using CBC with PKCS5Padding is susceptible to padding oracle attacks, e.g. in Java."; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if got := one(t, "", `"message": {"text": "`+strings.Repeat("x", 5000)+`"}`).Finding.Title; len(got) > 310 {
		t.Errorf("a title of %d bytes", len(got))
	}
}

func TestSARIFSecretsAreNowhereInWhatIsRead(t *testing.T) {
	const value = "made-up-5f4dcc3b5aa765d61d83"
	for _, run := range []string{
		`"tool": {"driver": {"name": "gitleaks"}}, "results": [{"message": {"text": "found ` + value + ` here"}, "properties": {"offender": "` + value + `"},
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}, "region": {"startLine": 1, "snippet": {"text": "KEY='` + value + `';"}}}}]}]`,
		`"tool": {"driver": {"name": "Trivy", "rules": [{"id": "key", "name": "Secret", "shortDescription": {"text": "A key"}, "fullDescription": {"text": "` + value + `"}, "help": {"text": "Match: ` + value + `"}}]}},
			"results": [{"ruleId": "key", "message": {"text": "Match: ` + value + `"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.env"}}}]}]`,
		`"tool": {"driver": {"name": "Bandit", "rules": [{"id": "B105", "properties": {"tags": ["security", "external/cwe/cwe-259"]}}]}},
			"results": [{"ruleId": "B105", "message": {"text": "Possible hardcoded password: '` + value + `'"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"},
				"region": {"startLine": 1, "snippet": {"text": "password = '` + value + `'"}}, "contextRegion": {"snippet": {"text": "password = '` + value + `'"}}}}]}]`,
		`"tool": {"driver": {"name": "Bandit", "rules": [{"id": "B105", "properties": {"cwe": 798}}]}}, "results": [{"ruleId": "B105", "message": {"id": "default", "arguments": ["` + value + `"]}}]`,
	} {
		report, found := sarif(t, run)
		text, err := json.Marshal([]any{report, found})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) != 1 || strings.Contains(string(text), value) {
			t.Errorf("of {%s} came %s", run, text)
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

func TestSARIFMisconfigurationsNameTheirResource(t *testing.T) {
	for logical, want := range map[string]*engine.Resource{
		`{"fullyQualifiedName": "aws_s3_bucket.data", "kind": "resource"}`: {Type: "aws_s3_bucket", Name: "data"},
		`{"name": "data", "kind": "aws_s3_bucket"}`:                        {Type: "aws_s3_bucket", Name: "data"},
		`{"fullyQualifiedName": "Deployment/web"}`:                         {Name: "Deployment/web"},
		`{}`: nil,
	} {
		_, found := sarif(t, `"tool": {"driver": {"name": "tfsec"}}, "results": [{"ruleId": "r", "locations": [{"logicalLocations": [`+logical+`]}]}]`)
		if got := found[0].Finding.Resource; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %+v, want %+v", logical, got, want)
		}
	}
}

func TestSARIFThatBreaksItsShapeIsRefusedWithThePlace(t *testing.T) {
	for document, want := range map[string]string{
		`{"version": "2.1.0", "runs": {"tool": 1}}`:                                               `byte 30 ("/runs"): an object where an array belongs`,
		`{"version": "2.1.0", "runs": "none"}`:                                                    `byte 35 ("/runs"): a string where an array belongs`,
		`{"version": "2.1.0", "runs": [7]}`:                                                       `("/runs/0"): a number where an object belongs`,
		`{"version": "2.1.0", "runs": [null]}`:                                                    `("/runs/0"): null where an object belongs`,
		`{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": {}}]}`:                 `("/runs/0/results"): an object where an array belongs`,
		`{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [{}, "x"]}]}`:          `("/runs/0/results/1"): a string where an object belongs`,
		`{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [null]}]}`:             `("/runs/0/results/0"): null where an object belongs`,
		`{"version": "2.1.0", "runs": [{"tool": [], "results": []}]}`:                             `("/runs/0/tool"): an array where an object belongs`,
		`{"version": "1.0.0", "runs": [{"tool": {"name": "Old"}, "results": []}]}`:                `SARIF "1.0.0" is not read: write 2.1.0`,
		`{"version": "2.0.0", "$schema": "sarif-schema.json", "runs": []}`:                        `SARIF "2.0.0" is not read: write 2.1.0`,
		`{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "runs": []}`:                `no "version"`,
		`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "T"}}, "results": [{"ruleId"`: `it ends in the middle, at byte`,
	} {
		report, found, err := Read("x.sarif", strings.NewReader(document), Options{})
		if err == nil {
			t.Errorf("%s is read as %+v", document, report)
			continue
		}
		if text := err.Error(); !strings.HasPrefix(text, "x.sarif: not valid SARIF 2.1.0: ") || !strings.Contains(text, want) || strings.Contains(text, "\n") {
			t.Errorf("%s is refused with %q, want %q", document, text, want)
		}
		if found != nil || report.Name != "" {
			t.Errorf("%s is refused and read", document)
		}
	}
}

func TestSARIFIsDetectedWhateverStandsFirst(t *testing.T) {
	for document, want := range map[string]bool{
		`{"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json", "runs": []}`: true,
		`{"runs": [], "version": "2.1.0"}`:                                       true,
		`{"runs": [{"tool": {"driver": {"name": "T"}}}]}`:                        true,
		`{"runs": [{"results": [{"message": {}}]}]}`:                             true,
		`{"runs": [{"artifacts": [{"location": {"uri": "a"}}]}]}`:                true,
		`{"runs": [{"columnKind": "utf16CodeUnits"}]}`:                           true,
		`{"runs": [{"id": 1, "conclusion": "success"}]}`:                         false,
		`{"version": "2.1.0", "matches": []}`:                                    false,
		`[{"runs": []}]`:                                                         false,
		`{"version": "1.0.0", "runs": [{"tool": {"name": "Old"}}]}`:              true, // to refuse it with a reason
		`{"$schema": "http://json.schemastore.org/sarif-1.0.0", "runs": "none"}`: true,
	} {
		s, err := shapeOf([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if got := detectSARIF(s); got != want {
			t.Errorf("%s is SARIF: %v, want %v", document, got, want)
		}
	}
}
