package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// diff has lines 30 to 50 of the file that is opened, and the manifest.
func diff() map[string][]report.Lines {
	return map[string][]report.Lines{"internal/files/open.go": {{From: 1, To: 3}, {From: 30, To: 50}}, "pom.xml": {{From: 1, To: 100}}}
}

// at moves a case to lines of a file.
func at(c engine.Case, path string, from, to int) engine.Case {
	c.Input.Finding.Locations = []engine.Location{{Path: path, Line: from, EndLine: to}}
	return c
}

func TestRemarksReadAsTheirGoldensDo(t *testing.T) {
	second, third, fourth := at(vulnerable("CVE-2022-22965", "spring-beans", "5.3.17", "5.3.18", engine.Attend, engine.Block, engine.StatusIntroduced), "pom.xml", 20, 0),
		at(vulnerable("CVE-2024-1", "b", "1", "2", engine.Attend, engine.Block, engine.StatusIntroduced), "pom.xml", 20, 0),
		at(vulnerable("CVE-2024-2", "c", "1", "", engine.TrackStar, engine.Warn, engine.StatusIntroduced), "pom.xml", 20, 0)
	r := result(engine.Block, []engine.Case{at(log4shell(), "pom.xml", 20, 0), openFile(), second, third, fourth})
	var out bytes.Buffer
	for _, m := range report.NewRemarks(r, report.RemarkOptions{Lines: diff(), Args: []string{"reports/"}}) {
		fmt.Fprintf(&out, "%s:%d-%d %s\n\n%s\n", m.Path, m.From, m.To, m.Fingerprint, m.Body)
	}
	golden(t, "remarks.golden", out.Bytes())
}

func TestOnlyWhatTheChangeIntroducedAndNeedsActionIsRemarkedOn(t *testing.T) {
	waived := openFile()
	waived.Decision.WouldHave, waived.Decision.Action = ptr(engine.Block), engine.Pass
	waived.Decision.Reasons = append(waived.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted"})
	existing, tracked, disclosed := openFile(), openFile(), openFile()
	existing.Input.Context.Change.Status, disclosed.Input.Context.Change.Status = engine.StatusExisting, engine.StatusDisclosed
	tracked.Decision.Action = engine.Pass
	unknown, held := openFile(), openFile()
	unknown.Input.Context.Change.Status = ""
	held.Decision.Action, held.Decision.WouldHave = engine.Warn, ptr(engine.Block)
	for name, c := range map[string]struct {
		k    engine.Case
		want int
	}{
		"introduced": {openFile(), 1}, "of unknown status": {unknown, 1}, "held back by report-only": {held, 1},
		"existing": {existing, 0}, "disclosed": {disclosed, 0}, "tracked": {tracked, 0}, "waived": {waived, 0},
		"off the diff":         {at(openFile(), "internal/files/open.go", 51, 60), 0},
		"between hunks":        {at(openFile(), "internal/files/open.go", 4, 29), 0},
		"of another file":      {at(openFile(), "internal/files/list.go", 41, 41), 0},
		"without a line":       {at(openFile(), "internal/files/open.go", 0, 0), 0},
		"in an image":          {at(openFile(), "/internal/files/open.go", 41, 41), 0},
		"outside":              {at(openFile(), "../internal/files/open.go", 41, 41), 0},
		"written another way":  {at(openFile(), "./internal//files/open.go", 41, 41), 1},
		"partly on the diff":   {at(openFile(), "internal/files/open.go", 20, 31), 1},
		"over the whole file":  {at(openFile(), "internal/files/open.go", 1, 900_000), 1},
		"ending before it was": {at(openFile(), "internal/files/open.go", 41, 2), 1},
	} {
		have := report.NewRemarks(result(engine.Block, []engine.Case{c.k}), report.RemarkOptions{Lines: diff()})
		if len(have) != c.want {
			t.Errorf("%s: %d remarks, want %d", name, len(have), c.want)
		}
		for _, m := range have {
			if !slices.ContainsFunc(diff()[m.Path], func(h report.Lines) bool { return h.From <= m.From && m.From <= m.To && m.To <= h.To }) {
				t.Errorf("%s: %s:%d-%d is not in one hunk", name, m.Path, m.From, m.To)
			}
		}
	}
}

func TestAtMostTenPlacesAreRemarkedOnTheWorstFirst(t *testing.T) {
	var cases []engine.Case
	for i := range 30 {
		c := at(vulnerable(fmt.Sprintf("CVE-2024-%d", i), "x", "1", "2", engine.TrackStar, engine.Warn, engine.StatusIntroduced), "pom.xml", 1+i, 0)
		cases = append(cases, c)
	}
	cases = append(cases, at(log4shell(), "pom.xml", 90, 0), at(vulnerable("CVE-2025-1", "y", "1", "2", engine.TrackStar, engine.Warn, engine.StatusIntroduced), "pom.xml", 90, 0))
	r := result(engine.Block, cases)
	have := report.NewRemarks(r, report.RemarkOptions{Lines: diff()})
	if len(have) != 10 || have[0].From != 90 || len(have[0].Findings) != 2 {
		t.Fatalf("%d remarks, the first %+v", len(have), have[0])
	}
	for most, want := range map[int]int{1: 1, 50: 31, -1: 0} {
		if n := len(report.NewRemarks(r, report.RemarkOptions{Lines: diff(), Max: most})); n != want {
			t.Errorf("of at most %d there are %d, want %d", most, n, want)
		}
	}
}

func TestARemarkIsTheSameWhenItsLineMovesAndAnotherForAnotherFile(t *testing.T) {
	print := func(c ...engine.Case) string {
		lines := map[string][]report.Lines{"a.go": {{From: 1, To: 100}}, "b.go": {{From: 1, To: 100}}}
		return report.NewRemarks(result(engine.Block, c), report.RemarkOptions{Lines: lines})[0].Fingerprint
	}
	was := print(at(openFile(), "a.go", 41, 41))
	if !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(was) {
		t.Errorf("fingerprint %q", was)
	}
	if print(at(openFile(), "a.go", 77, 78)) != was {
		t.Error("another line makes another remark")
	}
	if print(at(openFile(), "b.go", 41, 41)) == was {
		t.Error("another file makes the same remark")
	}
	if print(at(log4shell(), "a.go", 41, 41)) == was {
		t.Error("another finding makes the same remark")
	}
	worse := openFile()
	worse.Decision.Priority = engine.Act
	if print(at(worse, "a.go", 41, 41)) != was {
		t.Error("another decision makes another remark")
	}
}

func TestAFindingOnSeveralAssetsIsRemarkedOnOnce(t *testing.T) {
	other := openFile()
	other.Input.Asset.ID = "mailer"
	have := report.NewRemarks(result(engine.Block, []engine.Case{openFile(), other}), report.RemarkOptions{Lines: diff()})
	if len(have) != 1 || len(have[0].Findings) != 1 || strings.Count(have[0].Body, "G304") != 1 {
		t.Errorf("have %+v", have)
	}
}

func TestACheckSaysTheVerdictAndPointsAtLines(t *testing.T) {
	r := result(engine.Block, []engine.Case{log4shell(), openFile()})
	c := report.NewCheck(r, report.CheckOptions{})
	if c.Title != "Blocked by 2 of 2 new findings: CVE-2021-44228 in log4j-core 2.14.1 → 2.17.1, G304 in internal/files/open.go:41" || !strings.HasPrefix(c.Summary, "### Headgate · blocked") {
		t.Errorf("title %q, summary\n%s", c.Title, c.Summary)
	}
	want := report.Annotation{Path: "internal/files/open.go", From: 41, To: 41, Level: engine.Block, Title: "G304",
		Message: "Potential file inclusion via variable; a path from the request reaches the file system of a service that handles pii."}
	if !slices.Equal(c.Annotations, []report.Annotation{want}) {
		t.Errorf("annotations %+v", c.Annotations)
	}
	var many []engine.Case
	for i := range 60 {
		many = append(many, at(openFile(), "a.go", 1+i, 0))
		many[i].Input.Finding.ID = fmt.Sprint("hg1-", i)
	}
	for most, want := range map[int]int{0: 50, 3: 3, 100: 60, -1: 0} {
		if n := len(report.NewCheck(result(engine.Block, many), report.CheckOptions{MaxAnnotations: most}).Annotations); n != want {
			t.Errorf("of at most %d there are %d annotations", most, n)
		}
	}
}

// hostile is a result, and what stands beside it, with one text wherever a text from outside can stand.
func hostile(text string, kind int) (*engine.Result, report.CommentOptions) {
	one, two := strangeCase(text, kind), strangeCase(text+"2", kind+1)
	for i := range 3 {
		one.Input.Finding.Locations = append(one.Input.Finding.Locations, engine.Location{Path: "pom.xml", Line: 7 + i})
	}
	two.Input.Finding.Locations = []engine.Location{{Path: "pom.xml", Line: 7}}
	waived := strangeCase(text+"3", kind)
	waived.Decision.WouldHave, waived.Decision.Action = ptr(engine.Block), engine.Pass
	waived.Decision.Reasons = append(waived.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: text})
	existing, disclosed := strangeCase(text+"4", kind), strangeCase(text+"5", kind)
	existing.Input.Context.Change.Status, disclosed.Input.Context.Change.Status = engine.StatusExisting, engine.StatusDisclosed
	existing.Decision.Action, disclosed.Decision.Action = engine.Warn, engine.Warn
	r := result(engine.Block, []engine.Case{one, two, waived, existing, disclosed})
	r.Change.Repository, r.Change.Head, r.Change.Base, r.Weakened = text, text, text, []string{text, "x " + text}
	r.Reports[0] = engine.Report{Name: text, Format: text, Tool: text, Version: text, Incomplete: text, Note: text}
	r.Policy.Source, r.Policy.Digest, r.Intel.KEV.Catalog, r.Intel.EPSS.Model = text, text, text, text
	r.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: text, Kind: "deny"}, Message: text}}
	r.Fixed = []engine.Finding{one.Input.Finding}
	r.Waivers = &engine.WaiverReport{Expired: strangeNotes([]string{text}), Unverified: strangeNotes([]string{text})}
	r.Expected = []engine.Expected{{Tool: text, Asset: text, Path: text, Status: text, MaxAge: text, Report: text}}
	r.Graph = &engine.Graph{Digest: text, Paths: 1, Uncovered: []string{text}, ChokePoints: []engine.ChokePoint{{Asset: text, Jewels: []string{text}}}}
	r.Paths = []engine.AttackPath{{Assets: []string{"a" + text, text}, Status: "potential",
		Steps: []engine.PathStep{{Findings: []string{one.Input.Finding.ID, text}, More: 2}, {Trusted: engine.EdgeKind(text)}}}}
	for i := range r.Plan {
		f := &r.Plan[i]
		f.Name, f.Target, f.To, f.Rule, f.Image, f.How, f.At, f.PathsCut, f.CutsOff = text, text, text, text, text, []string{text}, []string{text}, 1, []string{text}
	}
	for i := range r.NoFix {
		r.NoFix[i].Instead = text
	}
	s := simulation()
	s.Examples[0].Finding, s.Examples[0].Asset, s.Examples[0].Rules = one.Input.Finding, text, []string{text}
	r.Proposed = &engine.Proposal{Files: []string{text}, Simulation: s,
		Waivers: []engine.ProposedWaiver{{ID: text, Why: text}, {ID: text, Accepts: text, Expires: text, Why: text, Awaits: []string{text, "@" + text}}}}
	return r, report.CommentOptions{
		Args: []string{text}, Head: text + "x", RunURL: text,
		Feedback: []engine.Effect{{Kind: text, Did: engine.DidDegrade, Why: text}},
	}
}

// renderedInert fails unless every document that is made of a text has nothing of it but code and plain words.
func renderedInert(t *testing.T, text string, kind int) {
	t.Helper()
	r, o := hostile(text, kind)
	broken := *r
	broken.Proposed = &engine.Proposal{Files: []string{text}, Error: text}
	documents := map[string]string{
		"comment": report.NewComment(r, o).Body, "compact": report.NewComment(&broken, report.CommentOptions{Compact: true}).Body,
		"summary": report.NewJobSummary(&broken, o), "undecided": report.NewUndecided(text, report.CommentOptions{}).Body,
	}
	check := report.NewCheck(r, report.CheckOptions{CommentOptions: o})
	documents["check"] = check.Summary
	for i, m := range report.NewRemarks(r, report.RemarkOptions{Lines: diff(), Args: o.Args}) {
		documents[fmt.Sprint("remark ", i)] = m.Body
	}
	for name, have := range documents {
		commandless(t, []byte(have))
		if i := strings.IndexFunc(have, func(r rune) bool { return r != '\n' && controls(r) }); i >= 0 {
			t.Errorf("%s: a control character at %d", name, i)
		}
		if !utf8.ValidString(have) {
			t.Errorf("%s is no UTF-8", name)
		}
		tame(t, toHTML(t, []byte(have)))
		if t.Failed() {
			t.Fatalf("%s of %q:\n%s", name, text, have)
		}
	}
	for _, a := range append(check.Annotations, report.Annotation{Title: check.Title}) {
		if strings.ContainsFunc(a.Title+a.Message, controls) || utf8.RuneCountInString(a.Title) > 255 {
			t.Errorf("annotation %+v", a)
		}
	}
}

func TestCommentRemarksSummaryAndCheckAreInert(t *testing.T) {
	for i, text := range append(slices.Clone(hostileNames), moreHostile...) {
		renderedInert(t, text, i)
	}
}

// moreHostile are texts for places where a code host reads them.
var moreHostile = []string{
	"```suggestion\nos.RemoveAll(\"/\")\n```", "~~~suggestion\nx\n~~~", "-->", "<!-- headgate:v1 key=x -->", "--> <b>x</b>",
	"Fixes #1, closes acme/checkout#2, GH-3 and 0f1e2d3c4b5a", "deadbeef cafe1234 a1b2c3d", "GHSA-jfh8-c2jp-5v3q", "acme/checkout@a1b2c3d",
	"/close", "x\n/lgtm\n/approve", "@dependabot merge", ":+1: :tada: :a:", "text:tada:text", "someone@evil.example",
	"> [!CAUTION]\n> x", "[!NOTE]", "</summary></details><h1>x", "</sub>", "| a |\n| --- |\n| b |", "\\`x`", "``", "`", "a`b``c```d````",
	"a ` @octocat ` b", "a `` #1 <img src=x> `` b", "`<b>`", "a | ` | [x](https://evil.example) ` | b",
	"%%{init: {'theme':'dark'}}%%\nclick n0 \"https://evil.example\"", "n0[\"x\"]; click n0 call alert()", "subgraph x\nend", "\"]\nn9 --> n0", "#quot;#35;",
	"::set-output name=outcome::pass", "outcome<<EOF\npass\nEOF", "_GitHubActionsFileCommandDelimeter_\noutcome=pass",
	"$`x`$", "$$x$$", "\\(x\\)", "$\\href{https://evil.example}{x}$", "\u202e\u2066x\u200b\u00ad", "Ａｃｍｅ ＠octocat", "a\u0300@octocat",
	"<a href=x>", "&lt;script&gt;", "&#x40;octocat", "javascript:alert(1)", "xmpp:a@b.example/c", "http:evil.example", "ssh://git@evil.example", "WWW.EVIL.EXAMPLE",
	strings.Repeat("A", 1<<20), strings.Repeat("`", 1<<20), strings.Repeat("\n", 1<<20) + "# x", strings.Repeat("<details> | ", 1<<17),
}

func FuzzNothingOfATextIsMoreThanCodeOrPlainWords(f *testing.F) {
	for i, text := range append(slices.Clone(hostileNames), moreHostile...) {
		f.Add(text[:min(len(text), 2000)], uint8(i))
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8) { renderedInert(t, text, int(kind)) })
}
