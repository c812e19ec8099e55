package report_test

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// controls says that a character controls a terminal or hides or reorders text, in words of its own.
func controls(r rune) bool {
	return r < 0x20 || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029 || r == 0xfeff ||
		r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || unicode.Is(unicode.Co, r)
}

var sgr = regexp.MustCompile("\x1b\\[[0-9;]+m")

// inert fails if text for a terminal has anything in it that is not to be shown, or a line that is too wide.
func inert(t *testing.T, have []byte, width int) {
	t.Helper()
	if !utf8.Valid(have) {
		t.Errorf("not valid UTF-8: %q", have)
	}
	for line := range strings.Lines(string(have)) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.IndexFunc(line, controls); i >= 0 {
			t.Errorf("control character in %q", line)
		}
		if w := uniseg.StringWidth(line); w > width && !strings.Contains(line, ": headgate ") { // commands are not broken
			t.Errorf("%d columns of %d: %q", w, width, line)
		}
		if strings.HasSuffix(line, " ") {
			t.Errorf("space at the end of %q", line)
		}
	}
	commandless(t, have)
}

var runnerCommand = regexp.MustCompile(`(?m)^\s*::|##\[|##vso\[`)

// commandless fails if the runner of a workflow finds a command in what is written: GitHub's takes "::" where a line begins, and "##["
// anywhere in one.
func commandless(t *testing.T, have []byte) {
	t.Helper()
	if at := runnerCommand.FindIndex(have); at != nil {
		t.Errorf("a command to a runner: %q", have[max(0, at[0]-20):min(len(have), at[1]+40)])
	}
}

// Any format can go to standard output, which a runner reads.
func TestNoFormatHasACommandToARunner(t *testing.T) {
	for _, format := range report.Formats() {
		t.Run(format.Name, func(t *testing.T) { commandless(t, write(t, format.Name, strange(), report.Options{All: true})) })
	}
}

func TestNoLineIsWiderThanTheTerminalWhateverThingsAreCalled(t *testing.T) {
	for name, r := range samples() {
		for _, width := range []int{48, 60, 72, 80, 100, 120, 200} {
			for _, format := range []string{"text", "table"} {
				for _, all := range []bool{false, true} {
					t.Run(fmt.Sprint(name, format, width, all), func(t *testing.T) {
						inert(t, write(t, format, r, report.Options{Width: width, All: all}), width)
					})
				}
			}
		}
	}
}

func TestColourAddsNothingButColour(t *testing.T) {
	for name, r := range samples() {
		for _, format := range []string{"text", "table"} {
			plain := write(t, format, r, report.Options{})
			colour := write(t, format, r, report.Options{Color: true})
			if name == "blocked" && bytes.Equal(plain, colour) {
				t.Errorf("%s has no colour", format)
			}
			if have := sgr.ReplaceAll(colour, nil); !bytes.Equal(have, plain) {
				t.Errorf("%s %s differs by more than colour", name, format)
			}
		}
	}
}

func FuzzNoControlCharacterLeavesTextAndTable(f *testing.F) {
	for i, name := range hostileNames {
		f.Add(name, uint8(i))
	}
	f.Fuzz(func(t *testing.T, name string, kind uint8) {
		r := result(engine.Block, []engine.Case{strangeCase(name, int(kind)), log4shell()})
		r.Change.Repository, r.Weakened, r.Reports[0].Name = name, []string{name}, name
		r.Reports[0].Complete, r.Reports[0].Incomplete = false, name
		r.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: name, Kind: "deny"}, Message: name}}
		for _, format := range []string{"text", "table"} {
			for _, width := range []int{60, 80} {
				inert(t, sgr.ReplaceAll(write(t, format, r, report.Options{Width: width, Color: true, All: true}), nil), width)
			}
		}
		inert(t, findings(t, "text", r), 80)
		var buf bytes.Buffer
		if err := report.Explain(&buf, report.Explanation{Case: r.Cases[0], Rules: strangeRules(name)}, report.Options{All: true}); err != nil {
			t.Fatal(err)
		}
		inert(t, buf.Bytes(), 80)
		for _, format := range []string{"markdown", "json", "sarif"} {
			commandless(t, write(t, format, r, report.Options{}))
		}
	})
}

// The other direction: what is broken can still be read, and what is no command stays as it is.
func TestCommandsToARunnerAreBrokenVisiblyAndNothingElseIs(t *testing.T) {
	for _, c := range []struct{ have, want string }{
		{"::error::owned", "·:error::owned · "},
		{"a::b ##[error]x ##vso[task.complete]y", "a::b #·[error]x #·vso[task.complete]y · "},
		{"###[x]##[y]", "##·[x]#·[y] · "},
		{"## heading # [1]", "## heading # [1] · "},
	} {
		r := blocked()
		r.Change.Repository = "acme/" + c.have
		for _, color := range []bool{false, true} {
			have := string(sgr.ReplaceAll(write(t, "text", r, report.Options{Width: 120, Color: color}), nil))
			if !strings.HasPrefix(have, c.want) {
				t.Errorf("%q, colour %v: want %q in %q", c.have, color, c.want, have[:60])
			}
		}
	}
}

func strangeRules(name string) []engine.RuleOutcome {
	return []engine.RuleOutcome{
		{Rule: name, Kind: "cap", Title: name, Why: name, Location: name, Controls: []string{name}, Remediation: name},
		{Rule: "exploit.public", Kind: "raise", Fired: true, Message: name, Location: name},
	}
}

func TestTheWorstCaseComesFirstWhateverTheOrderOfTheResult(t *testing.T) {
	r := blocked()
	want := write(t, "text", r, report.Options{})
	for i, j := 0, len(r.Cases)-1; i < j; i, j = i+1, j-1 {
		r.Cases[i], r.Cases[j] = r.Cases[j], r.Cases[i]
	}
	have := string(write(t, "text", r, report.Options{}))
	if first := strings.Index(have, "CVE-2021-44228"); first < 0 || first > strings.Index(have, "CVE-2022-22965") {
		t.Errorf("the worst case is not first:\n%s", have)
	}
	if len(have) != len(want) {
		t.Errorf("another order shows something else:\n%s\n%s", have, want)
	}
}

func TestWhatTheReaderDidNotCauseIsFoldedAwayUntilAllIsAskedFor(t *testing.T) {
	folded, all := string(write(t, "text", blocked(), report.Options{})), string(write(t, "text", blocked(), report.Options{All: true}))
	for _, existing := range []string{"CVE-2020-10000", "CVE-2026-4000", "CVE-2021-22000"} {
		if strings.Contains(folded, existing) || !strings.Contains(all, existing) {
			t.Errorf("%s: folded %v, all %v", existing, strings.Contains(folded, existing), strings.Contains(all, existing))
		}
	}
	scheduled := blocked()
	scheduled.Change.Event = engine.EventSchedule
	if have := string(write(t, "text", scheduled, report.Options{})); !strings.Contains(have, "CVE-2020-10000") {
		t.Errorf("a run without a change under review hides what warns:\n%s", have)
	}
}

func TestAnUnknownStatusIsNotCalledIntroduced(t *testing.T) {
	r := blocked()
	for i := range r.Cases {
		r.Cases[i].Input.Context.Change = &engine.Change{Event: engine.EventPullRequest}
	}
	for _, format := range []string{"text", "markdown"} {
		have := strings.Join(strings.Fields(string(write(t, format, r, report.Options{}))), " ")
		if strings.Contains(have, "that this change introduced") || strings.Contains(have, "introduced by this change") || !strings.Contains(have, "is not known, so all counts as new") {
			t.Errorf("%s:\n%s", format, have)
		}
	}
}

func TestWhatIsKnownOfTheOriginIsSaidAndTheRestCountsAsNew(t *testing.T) {
	cases := blocked().Cases[:3]
	all := "Blocked by 1 act and 2 attend"
	for _, c := range []struct {
		event    engine.Event
		statuses [3]engine.Status
		want     string
	}{
		{engine.EventPullRequest, [3]engine.Status{"introduced", "introduced", "introduced"}, all + " that this change introduced."},
		{engine.EventPullRequest, [3]engine.Status{"", "", ""}, all + " (what this change introduced is not known, so all counts as new)."},
		{engine.EventPullRequest, [3]engine.Status{"introduced", "", ""}, all + " (1 of them introduced by this change; 2 of unknown status, which count as new)."},
		{engine.EventPullRequest, [3]engine.Status{"introduced", "existing", "existing"}, all + " (1 of them introduced by this change)."},
		{engine.EventPullRequest, [3]engine.Status{"", "existing", "existing"}, all + " (1 of unknown status, which counts as new)."},
		{engine.EventPullRequest, [3]engine.Status{"existing", "existing", "disclosed"}, all + "."},
		{engine.EventRelease, [3]engine.Status{"", "", ""}, all + "."},
		{engine.EventRelease, [3]engine.Status{"introduced", "", ""}, all + " (1 of them introduced by this change)."},
	} {
		var list []engine.Case
		for i, k := range cases {
			k.Input.Context.Change = &engine.Change{Event: c.event, Status: c.statuses[i]}
			list = append(list, k)
		}
		r := result(engine.Block, list)
		r.Change.Event = c.event
		for _, format := range []string{"text", "markdown"} {
			if have := oneLine(write(t, format, r, report.Options{})); !strings.Contains(have, c.want) {
				t.Errorf("%s %s: want %q in\n%s", c.event, c.statuses, c.want, have)
			}
		}
	}
}

// oneLine is a text as words, however it was wrapped.
func oneLine(text []byte) string { return strings.Join(strings.Fields(string(text)), " ") }

func TestReportOnlyHidesNothingOfWhatWouldBlock(t *testing.T) {
	would := blocked()
	reportOnly(would)
	blocks, held := oneLine(write(t, "text", blocked(), report.Options{Width: 120})), oneLine(write(t, "text", would, report.Options{Width: 120}))
	held = strings.Replace(held, "weakened report-only ", "", 1)
	held = strings.Replace(held, "would be blocked (report only)", "blocked", 1)
	held = strings.Replace(held, "Would be blocked", "Blocked", 1)
	held = strings.Replace(held, "; report-only never blocks.", ".", 1)
	if held != blocks {
		t.Errorf("report-only differs by more than its own words:\n%s\n%s", held, blocks)
	}
	gate := warned()
	gate.Gate.Reasons = []engine.Reason{{Stated: &engine.Stated{Rule: "main.budget", Kind: "deny"}, Message: "15 introduced, and the budget allows 3"}}
	gate.Weakened = []string{"report-only"}
	for _, format := range []string{"text", "markdown"} {
		have := oneLine(write(t, format, gate, report.Options{}))
		for _, want := range []string{"would be blocked", "(report only)", "Would be blocked; report-only never blocks.", "The run as a whole: 15 introduced, and the budget allows 3."} {
			if !strings.Contains(have, want) {
				t.Errorf("%s of a gate that report-only holds back: no %q in\n%s", format, want, have)
			}
		}
	}
}

func TestAChangeThatSuppressesItsOwnFindingNeedsSomebody(t *testing.T) {
	known, unknown := excused(), excused()
	for i := range unknown.Cases {
		unknown.Cases[i].Input.Context.Change = &engine.Change{Event: engine.EventPullRequest}
	}
	both := result(engine.Block, append(excused().Cases, log4shell()))
	only := excused()
	only.Cases = only.Cases[:1]
	for name, c := range map[string]struct {
		r    *engine.Result
		want string
	}{
		"known":         {known, "Not blocked. 1 new finding is suppressed by the change itself: somebody has to look."},
		"alone":         {result(engine.Warn, only.Cases), "Not blocked. 1 new finding is suppressed by the change itself: somebody has to look."},
		"not known":     {unknown, "Not blocked. 1 finding that counts as new is suppressed in the source: somebody has to look."},
		"beside others": {both, "Blocked by 1 act that this change introduced. 1 new finding is suppressed by the change itself: somebody has to look."},
	} {
		for _, format := range []string{"text", "markdown"} {
			have := oneLine(write(t, format, c.r, report.Options{}))
			if !strings.Contains(have, c.want) || strings.Contains(have, "eeds action") || strings.Contains(have, "need attention") {
				t.Errorf("%s %s:\n%s", name, format, have)
			}
			if !strings.Contains(have, "open.go:41") || format == "text" && !strings.Contains(have, "so somebody has to look: the name is checked above") {
				t.Errorf("%s %s does not show the case and the reason:\n%s", name, format, have)
			}
		}
	}
}

func TestOnlyAWaiverWaives(t *testing.T) {
	for _, format := range []string{"text", "table", "markdown"} {
		have := oneLine(write(t, format, excused(), report.Options{All: true}))
		for _, want := range map[string][]string{
			"text": {"1 new 1 waived 2 exempted"}, "table": {"warn (exempted)", "attend exempted", "attend waived"},
			"markdown": {"<summary>Waived: 1 attend</summary>", "<summary>Exempted: 2 attend</summary>", "| attend | exempted | `CVE-2022-22965`", "| attend | waived | `CVE-2021-22002`"},
		}[format] {
			if !strings.Contains(have, want) {
				t.Errorf("%s: no %q in\n%s", format, want, have)
			}
		}
	}
	r := excused()
	r.Cases, r.Outcome = r.Cases[1:], engine.Pass
	if have := oneLine(write(t, "text", result(engine.Pass, r.Cases), report.Options{})); !strings.Contains(have, "1 finding is waived. 2 findings are exempted.") {
		t.Errorf("have\n%s", have)
	}
}

func TestCasesThatWouldReadTheSameSayWhereTheyAre(t *testing.T) {
	one, two := log4shell(), log4shell()
	two.Input.Finding.ID, two.Input.Finding.IDs = findingID("image"), []string{findingID("image")}
	two.Input.Finding.Locations = []engine.Location{{Path: "app/lib/log4j-core.jar"}}
	for _, format := range []string{"text", "markdown"} {
		if have := string(write(t, format, result(engine.Block, []engine.Case{one}), report.Options{})); strings.Contains(have, "pom.xml") != (format == "markdown") {
			t.Errorf("%s: a place that nobody needs:\n%s", format, have)
		}
		have := string(write(t, format, result(engine.Block, []engine.Case{one, two}), report.Options{}))
		if !strings.Contains(have, "pom.xml") || !strings.Contains(have, "app/lib/log4j-core.jar") {
			t.Errorf("%s: two cases read the same:\n%s", format, have)
		}
	}
}

func TestTheNextCommandHasTheArgumentsOfTheRunQuotedForAShell(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "why: headgate explain hg1-28ff7f RESULT"},
		{[]string{"examples/checkout"}, "why: headgate explain hg1-28ff7f examples/checkout"},
		{[]string{"a b.json", "$(id).json", "it's"}, `why: headgate explain hg1-28ff7f 'a b.json' '$(id).json' 'it'\''s'`},
		{[]string{strings.Repeat("long/", 40)}, "why: headgate explain hg1-28ff7f " + strings.Repeat("long/", 40)},
		{slices.Repeat([]string{"report.json"}, 40), "why: headgate explain hg1-28ff7f RESULT"},
	} {
		have := write(t, "text", blocked(), report.Options{Args: c.args, Width: 60})
		accept := strings.Replace(c.want, "why: headgate explain", "accept: headgate waive", 1) + ` --reason "…"`
		if !strings.HasSuffix(string(have), "\n"+c.want+"\n"+accept+"\n") {
			t.Errorf("%q: want %s and %s in\n%s", c.args, c.want, accept, have)
		}
	}
	for _, args := range [][]string{nil, slices.Repeat([]string{"report.json"}, 40)} {
		if have := write(t, "text", blocked(), report.Options{Args: args, Result: "a b.json"}); !bytes.Contains(have, []byte("\nwhy: headgate explain hg1-28ff7f 'a b.json'\n")) {
			t.Errorf("%q: the file of the result is not named:\n%s", args, have)
		}
	}
	r := blocked()
	r.Cases[0].Input.Finding.ID = "hg1-;reboot"
	if have := write(t, "text", r, report.Options{}); !bytes.Contains(have, []byte("explain 'hg1-;reboo")) {
		t.Errorf("an id is a command:\n%s", have)
	}
}
