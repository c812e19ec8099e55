package ingest

import (
	"reflect"
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
	report, found, err := read("x.sarif", strings.NewReader(`{"version": "2.1.0", "runs": [{`+run+`}]}`), o)
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
		{``, ``, "medium"},                 // the level of a failure without any is warning
		{``, `"level": "error"`, "medium"}, // nothing says that it is about security
		{`"properties": {"tags": ["security"]}`, `"level": "error"`, "high"},
		{``, `"level": "warning"`, "medium"},
		{``, `"level": "note"`, "low"},
		{``, `"level": "none"`, "info"},
		{``, `"level": "dubious"`, ""},
		{`"defaultConfiguration": {"level": "error"}, "properties": {"tags": ["Security"]}`, ``, "high"},
		{`"defaultConfiguration": {"level": "error"}`, `"level": "note"`, "low"},
		{`"defaultConfiguration": {}`, ``, "medium"},
		{`"properties": {"security-severity": "9.8"}`, `"level": "note"`, "critical"},
		{`"properties": {"security-severity": 9.0}`, ``, "critical"},
		{`"properties": {"security-severity": "8.9"}`, ``, "high"},
		{`"properties": {"security-severity": 4}`, ``, "medium"},
		{`"properties": {"security-severity": "0.1"}`, ``, "low"},
		{`"properties": {"security-severity": "0.0", "tags": ["security"]}`, `"level": "error"`, "high"}, // 0 is how scanners write "missing"
		{`"properties": {"security-severity": "11", "tags": ["security"]}`, `"level": "error"`, "high"},
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
	const tool = `"tool": {"driver": {"name": "Tool", "rules": [{"id": "r", "properties": {"tags": ["security"]}}, {"id": "s", "guid": "g", "properties": {"tags": ["security"]}}]}}`
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
		{override(`"id": "r"`) + `, {}`, `"ruleId": "r"`, "medium"},
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

func TestSARIFResultsThatAreThereNoMoreAreFixed(t *testing.T) {
	const place = `"locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.go"}, "region": {"startLine": 3}}}]`
	read, err := Read("x.sarif", strings.NewReader(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Tool"}}, "results": [
		{"ruleId": "a", "baselineState": "absent", `+place+`}, {"ruleId": "a", "baselineState": "Absent", "kind": "pass"}, {"ruleId": "b", `+place+`}]}]}`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Fixed) != 1 || read.Fixed[0].Finding.Rule.ID != "a" || read.Fixed[0].Finding.Sources[0].Report != read.Report.Digest {
		t.Errorf("fixed: %+v", read.Fixed)
	}
	if len(read.Discoveries) != 1 || read.Report.Findings != 1 || read.Report.Results != 3 {
		t.Errorf("found: %+v", read.Discoveries)
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
	report, found, err := read("merged.sarif", strings.NewReader(`{"version": "2.1.0", "runs": [
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

func TestSARIFTitlesAreShort(t *testing.T) {
	long := "Using CBC with PKCS5Padding is susceptible to padding oracle attacks, e.g. in Java. " + strings.Repeat("Much more follows. ", 40)
	if got, want := one(t, "", `"message": {"text": "`+long+`"}`).Finding.Title, "Using CBC with PKCS5Padding is susceptible to padding oracle attacks, e.g. in Java."; got != want {
		t.Errorf("title %q, want %q", got, want)
	}
	if got := one(t, "", `"message": {"text": "`+strings.Repeat("x", 5000)+`"}`).Finding.Title; len(got) > 310 {
		t.Errorf("a title of %d bytes", len(got))
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
		report, found, err := read("x.sarif", strings.NewReader(document), Options{})
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
