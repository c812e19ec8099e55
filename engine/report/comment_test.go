package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

const runPage = "https://github.com/acme/checkout/actions/runs/42"

// proposed is what a change of settings would come to.
func proposed() *engine.Proposal {
	s := simulation()
	s.Results, s.NewlyBlocking.Results = 1, 1
	return &engine.Proposal{Files: []string{".headgate/headgate.yaml", ".headgate/policies/acme/acme.rego"}, More: 3, Simulation: s}
}

// besides is a comment's options with everything that stands beside a result.
func besides() report.CommentOptions {
	return report.CommentOptions{
		Args: []string{"reports/"}, Head: "b2c3d4e5f60718293a4b5c6d7e8f900112233445", RunURL: runPage,
		Feedback: []engine.Effect{
			{Kind: engine.EffectReview, Did: engine.DidDegrade, Why: "the token lacks pull-requests: write (POST reviews was refused)"},
			{Kind: engine.EffectSARIF, Did: engine.DidDegrade, Why: "code scanning is not enabled for acme/checkout"},
			{Kind: engine.EffectComment, Did: engine.DidUpdate},
		},
	}
}

func TestCommentsReadAsTheirGoldensDo(t *testing.T) {
	loosened := blocked()
	loosened.Weakened = []string{"report-only", ".trivyignore is changed by the change under review"}
	reportOnly(loosened)
	loosened.Proposed = proposed()
	for name, c := range map[string]struct {
		r *engine.Result
		o report.CommentOptions
	}{
		"blocked":   {blocked(), report.CommentOptions{Args: []string{"reports/"}, RunURL: runPage}},
		"compact":   {blocked(), report.CommentOptions{Args: []string{"reports/"}, RunURL: runPage, Compact: true}},
		"passing":   {passing(), report.CommentOptions{Head: passing().Change.Head}},
		"resolved":  {nothing(), report.CommentOptions{}},
		"proposing": {loosened, besides()},
	} {
		golden(t, name+".comment.golden", []byte(report.NewComment(c.r, c.o).Body))
	}
}

func TestACommentSaysForWhichCommitItIs(t *testing.T) {
	r := blocked()
	for head, want := range map[string]string{
		"":            "for `a1b2c3d`",
		r.Change.Head: "for `a1b2c3d`",
		"b2c3d4e5f60718293a4b5c6d7e8f900112233445": "**This result is for `a1b2c3d`; the pull request has moved on to `b2c3d4e`.**",
	} {
		have := report.NewComment(r, report.CommentOptions{Head: head}).Body
		if !strings.Contains(have, want) || strings.Contains(have, "moved on") != strings.Contains(want, "moved on") {
			t.Errorf("head %q: no %q in\n%s", head, want, have)
		}
	}
}

func TestNothingToReportIsNoCommentAndResolvesOneThatStands(t *testing.T) {
	c := report.NewComment(nothing(), report.CommentOptions{})
	if !c.Nothing || !strings.HasPrefix(c.Body, "### Headgate · resolved\n\nNothing found in 2 reports.\n") {
		t.Errorf("nothing %v:\n%s", c.Nothing, c.Body)
	}
	for name, change := range map[string]func(*engine.Result, *report.CommentOptions){
		"a weakening": func(r *engine.Result, _ *report.CommentOptions) {
			r.Weakened = []string{".trivyignore is changed by the change under review"}
		},
		"an unfinished report": func(r *engine.Result, _ *report.CommentOptions) { r.Reports[0].Complete = false },
		"a report that did not come": func(r *engine.Result, _ *report.CommentOptions) {
			r.Expected = []engine.Expected{{Tool: "x", Status: "missing"}}
		},
		"a report that is no finding": func(r *engine.Result, _ *report.CommentOptions) { r.Reports[0].Note = "no finding" },
		"the gate as a whole": func(r *engine.Result, _ *report.CommentOptions) {
			r.Gate.Reasons, r.Outcome = []engine.Reason{{Stated: &engine.Stated{Kind: "deny", Rule: "x.y"}, Message: "m"}}, engine.Block
		},
		"something fixed":  func(r *engine.Result, _ *report.CommentOptions) { r.Fixed = release().Fixed },
		"changed settings": func(r *engine.Result, _ *report.CommentOptions) { r.Proposed = &engine.Proposal{} },
	} {
		r, o := nothing(), report.CommentOptions{}
		change(r, &o)
		if c := report.NewComment(r, o); c.Nothing {
			t.Errorf("%s counts as nothing:\n%s", name, c.Body)
		}
	}
}

func TestAPassIsOneLineAndWhatIsOpenIsFolded(t *testing.T) {
	have := report.NewComment(passing(), report.CommentOptions{}).Body
	want := "### Headgate · pass\n\nNothing in this change needs action. 41 existing findings stay open.\n\n<details><summary>There before this change: 41 track</summary>"
	_, rest, folded := strings.Cut(have, "</details>\n\n<sub>")
	if !strings.HasPrefix(have, want) || !folded || strings.Count(rest, "\n") != 1 {
		t.Errorf("have\n%s", have)
	}
}

// Scanners begin titles, and rules messages, with the name of a package. It is another one with a capital, or none.
func TestNamesAtTheBeginningOfASentenceKeepTheirCase(t *testing.T) {
	for _, c := range []struct{ pkg, title, message, want string }{
		{"golang.org/x/net", "x/net/http2: too many streams", "not fixed anywhere", "x/net/http2: too many streams. Not fixed anywhere.\\\n"},
		{"github.com/golang-jwt/jwt/v5", "jwt: parsing takes memory without bound", "new and critical", "jwt: parsing takes memory without bound. New and critical.\\\n"},
		{"lodash", "lodash runs commands", "lodash 4.17.20 is not wanted here", "lodash runs commands. lodash 4.17.20 is not wanted here.\\\n"},
		{"acme/left-pad", "left-pad is gone", "os.Open is reached", "left-pad is gone. os.Open is reached.\\\n"},
	} {
		k := vulnerable("CVE-2030-1", c.pkg, "1", "", engine.Attend, engine.Block, engine.StatusIntroduced, raise("mine.x", engine.Attend, c.message))
		k.Input.Finding.Title = c.title
		have := report.NewComment(result(engine.Block, []engine.Case{k}), report.CommentOptions{}).Body
		if plain := strings.ReplaceAll(have, "`", ""); !strings.Contains(plain, c.want) {
			t.Errorf("lacks %q:\n%s", c.want, have)
		}
	}
}

// What was there before asks for attention without a warning of the change: the two are not said in one word. That there are warnings is,
// as the outcome of the run says so too.
func TestAPassWithWhatWarnsFromBeforeSaysSo(t *testing.T) {
	r := passing()
	r.Outcome, r.Cases[0].Decision.Action, r.Cases[0].Decision.Priority = engine.Warn, engine.Warn, engine.Attend
	have := report.NewComment(r, report.CommentOptions{}).Body
	if v := report.Verdict(r); v != "checkout: pass with 1 warning from before" {
		t.Errorf("the log says %q", v)
	}
	want := "### Headgate · pass with 1 warning from before\n\nNot blocked. Nothing in this change needs action. Apart from it, 1 existing finding needs attention (1 attend). 40 existing findings stay open.\n"
	if !strings.HasPrefix(have, want) {
		t.Errorf("have\n%s", have)
	}
}

// A waiver of what would pass anyway lowers nothing, and is not counted as waived. Who had it accepted is told so.
func TestAWaiverThatChangesNothingIsSaid(t *testing.T) {
	r := passing()
	r.Cases[0].Decision.Reasons = append(r.Cases[0].Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: "accepted"})
	have := report.NewComment(r, report.CommentOptions{}).Body
	if want := "41 existing findings stay open. The risk of 1 of them is accepted, which changes nothing: it passes without.\n"; !strings.Contains(have, want) {
		t.Errorf("have\n%s", have)
	}
}

// A developer reads what it is, where it is and what to type, and neither a date for what has no time, nor the same thing twice.
func TestTheOneThingThatBlocksIsSaidOnce(t *testing.T) {
	c := dueIn(vulnerable("CVE-2021-44906", "minimist", "1.2.5", "1.2.6", engine.Attend, engine.Block, engine.StatusIntroduced,
		raise("impact.critical", engine.Attend, "critical, and 1.2.6 fixes it")), 14, day(12, 5))
	c.Input.Finding.Title = "minimist: prototype pollution"
	c.Input.Finding.Locations = []engine.Location{{Path: "package-lock.json"}}
	r := result(engine.Block, []engine.Case{c})
	have := report.NewComment(r, report.CommentOptions{}).Body
	for _, want := range []string{"Prototype pollution. Critical, and 1.2.6 fixes it.\\\nIn `package-lock.json`"} {
		if !strings.Contains(have, want) {
			t.Errorf("no %q in\n%s", want, have)
		}
	}
	for _, not := range []string{"due ", "do first", "<details>", "Blocked by"} {
		if strings.Contains(have, not) {
			t.Errorf("%q in\n%s", not, have)
		}
	}
}

// One weakness in two packages is named once.
func TestWhatNoFixClearsIsNamedOnce(t *testing.T) {
	r := blocked()
	r.Cases = append(r.Cases, vulnerable("CVE-2023-23914", "curl", "7.88", "", engine.Attend, engine.Block, engine.StatusIntroduced),
		vulnerable("CVE-2023-23914", "libcurl", "7.88", "", engine.Attend, engine.Block, engine.StatusIntroduced))
	have := string(write(t, "text", r, report.Options{}))
	if have = strings.Join(strings.Fields(have), " "); !strings.Contains(have, "clear all but CVE-2023-23914. ") {
		t.Errorf("have\n%s", have)
	}
}

// What is known to have been there before may need action where the rest is not known.
func TestNothingIsToBeDoneIsNotSaidBesideWhatIs(t *testing.T) {
	r := passing()
	r.Outcome = engine.Warn
	r.Cases[0].Decision.Priority, r.Cases[0].Decision.Action = engine.Attend, engine.Warn
	r.Cases[1].Input.Context.Change.Status = ""
	have := string(write(t, "text", r, report.Options{}))
	if have = strings.Join(strings.Fields(have), " "); !strings.Contains(have, "Nothing that counts as new needs action. Apart from it, 1 existing finding needs attention (1 attend).") {
		t.Errorf("have\n%s", have)
	}
}

// That a workflow is touched does not say that it is weakened.
func TestWhatIsOnlyTouchedIsToBeLookedAt(t *testing.T) {
	r := blocked()
	r.Weakened = []string{"report-only", ".github/workflows/scan.yml changed: it says which scans run"}
	have := report.NewComment(r, report.CommentOptions{}).Body
	if !strings.Contains(have, "- **weakened** report-only\n- **look** `.github/workflows/scan.yml` changed: it says which scans run: have a look whether that is meant\n") ||
		strings.Contains(have, "nothing weakened") {
		t.Errorf("have\n%s", have)
	}
}

// One approval would not do for waivers of which different people may approve.
func TestEachProposedWaiverSaysWhoseApprovalItAwaits(t *testing.T) {
	const dev = "dev@example.com"
	r := blocked()
	r.Proposed = proposed()
	r.Proposed.Waivers = []engine.ProposedWaiver{
		{ID: "w-1", Accepts: "CVE-2021-1", Expires: "2026-12-01", Awaits: []string{dev, "@bo"}},
		{ID: "w-2", Accepts: "CVE-2021-2", Expires: "2026-12-01", Awaits: []string{"ana@example.com @ana"}},
		{ID: "w-3", Accepts: "CVE-2021-3", Expires: "2026-12-01", Awaits: []string{dev, "@bo"}},
		{ID: "w-4", Accepts: "CVE-2021-4", Expires: "2026-12-01", Awaits: []string{dev, "@bo", "@cy", "@di", "@ed"}},
	}
	r.Proposed.Waivers = append(r.Proposed.Waivers, engine.ProposedWaiver{ID: "w-5", Why: "nobody may"}, engine.ProposedWaiver{ID: "w-6", Why: "nobody may"})
	r.Proposed.Waivers[0].Accepts = strings.Repeat("long ", 200)
	r.Proposed.MoreWaivers = 2
	want := "If w-1, w-3 are approved (a merge by dev@example.com or a review by @bo), w-2 is approved (a review or a merge by @ana) and w-4 is " +
		"approved (a merge by dev@example.com or a review by @bo or a review by @cy or another of the approvers), by what it proposes"
	for _, format := range []string{"text", "markdown"} {
		have := string(write(t, format, r, report.Options{Width: 100}))
		have = strings.Join(strings.Fields(strings.NewReplacer("`", "", "\nproposed ", "\n").Replace(have)), " ")
		for _, want := range []string{want, "The waiver w-6 would not count: nobody may.", "w-2 accepts CVE-2021-2 until 2026-12-01.", "1 other waiver is proposed too.",
			"2 more waivers that nobody has approved are not named here, and taken for approved as far as"} {
			if !strings.Contains(have, want) {
				t.Errorf("%s: no %q in\n%s", format, want, have)
			}
		}
	}
}

// A run that is repeated writes nothing; one that says something else does.
func TestTheDigestOfACommentIsOverWhatItSaysAndNotOverWhen(t *testing.T) {
	digest := func(change func(*engine.Result, *report.CommentOptions)) string {
		r, o := blocked(), report.CommentOptions{Args: []string{"reports/"}, RunURL: runPage}
		r.Cases[0].Decision.DueFrom = "evaluated"
		change(r, &o)
		return report.NewComment(r, o).Digest
	}
	was := digest(func(*engine.Result, *report.CommentOptions) {})
	for name, change := range map[string]func(*engine.Result, *report.CommentOptions){
		"nothing":   func(*engine.Result, *report.CommentOptions) {},
		"the clock": func(r *engine.Result, _ *report.CommentOptions) { r.Now = r.Now.Add(time.Hour) },
		"the run":   func(_ *engine.Result, o *report.CommentOptions) { o.RunURL = runPage + "3" },
		"the catalogue": func(r *engine.Result, _ *report.CommentOptions) {
			r.Intel.KEV.Catalog, r.Intel.EPSS.Date = "2026.11.21", day(11, 21)
		},
		"a relative date": func(r *engine.Result, _ *report.CommentOptions) { r.Cases[0].Decision.Due = day(11, 25) },
		"a shorter form":  func(_ *engine.Result, o *report.CommentOptions) { o.Compact, o.MaxChars = true, 20_000 },
	} {
		if digest(change) != was {
			t.Errorf("%s changes the digest", name)
		}
	}
	for name, change := range map[string]func(*engine.Result, *report.CommentOptions){
		"the commit":        func(r *engine.Result, _ *report.CommentOptions) { r.Change.Head = "b2c3d4e5" },
		"a newer commit":    func(_ *engine.Result, o *report.CommentOptions) { o.Head = "b2c3d4e5" },
		"a case":            func(r *engine.Result, _ *report.CommentOptions) { r.Cases = r.Cases[1:] },
		"a stated date":     func(r *engine.Result, _ *report.CommentOptions) { r.Cases[1].Decision.Due = day(12, 6) },
		"a catalogue less":  func(r *engine.Result, _ *report.CommentOptions) { r.Intel.KEV = nil },
		"a weakening":       func(r *engine.Result, _ *report.CommentOptions) { r.Weakened = []string{"report-only"} },
		"degraded feedback": func(_ *engine.Result, o *report.CommentOptions) { o.Feedback = besides().Feedback },
		"changed settings":  func(r *engine.Result, _ *report.CommentOptions) { r.Proposed = &engine.Proposal{} },
	} {
		if digest(change) == was {
			t.Errorf("%s does not change the digest", name)
		}
	}
}

// The first run's options must not be changed by rendering.
func TestRenderingLeavesTheResultAsItIs(t *testing.T) {
	r := blocked()
	r.Cases[0].Decision.DueFrom = "evaluated"
	before := write(t, "json", r, report.Options{})
	report.NewComment(r, besides())
	report.NewCheck(r, report.CheckOptions{CommentOptions: besides()})
	report.NewRemarks(r, report.RemarkOptions{})
	if string(before) != string(write(t, "json", r, report.Options{})) {
		t.Error("the result was changed")
	}
}

func TestACommentFitsAndIsWhole(t *testing.T) {
	for name, r := range larger() {
		for _, most := range []int{0, 60_000, 30_000, 12_000} {
			for _, compact := range []bool{false, true} {
				o := besides()
				o.MaxChars, o.Compact = most, compact
				have := report.NewComment(r, o).Body
				limit := 60_000
				if most > 0 {
					limit = most
				}
				if compact {
					limit = min(limit, 15_000)
				}
				if n := len(utf16.Encode([]rune(have))); n > limit {
					t.Errorf("%s, compact %v: %d characters of %d", name, compact, n, limit)
				}
				tame(t, toHTML(t, []byte(have)), runPage)
			}
		}
		summary := report.NewJobSummary(r, besides())
		if len(summary) > 1_000_000 {
			t.Errorf("%s: a job summary of %d bytes", name, len(summary))
		}
		tame(t, toHTML(t, []byte(summary)), runPage)
		check := report.NewCheck(r, report.CheckOptions{CommentOptions: besides()})
		if len([]rune(check.Summary)) > 65_535 || len([]rune(check.Title)) > 255 || len(check.Annotations) > 50 {
			t.Errorf("%s: a check of %d characters, title %d, %d annotations", name, len(check.Summary), len(check.Title), len(check.Annotations))
		}
	}
}

// larger are results in which everything is too much.
func larger() map[string]*engine.Result {
	many := blocked()
	for i := range 1000 {
		c := dueIn(vulnerable(fmt.Sprintf("CVE-2024-%d", 30000+i), fmt.Sprintf("library-%d", i), "1.0.0", "1.0.1", engine.Attend, engine.Block, engine.StatusIntroduced,
			raise("exploit.public", engine.Attend, "public exploit on an internet-facing service")), 14, day(12, 5))
		many.Cases = append(many.Cases, c)
	}
	long := strange()
	huge := strings.Repeat("漢字 <b> |`` @a #1 😀", 60_000) // more than 1 MB
	long.Cases = append(long.Cases, strangeCase(huge, 0), strangeCase(huge, 1), strangeCase(huge, 3))
	for range 200 {
		long.Weakened = append(long.Weakened, huge[:2000])
		long.Gate.Reasons = append(long.Gate.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "x.y", Kind: "deny"}, Message: huge[:2000]})
		long.Reports = append(long.Reports, engine.Report{Name: huge[:2000], Note: huge[:2000]})
		long.Cases[0].Decision.Reasons = append(long.Cases[0].Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "a.b", Kind: "deny"}, Message: huge[:2000] + fmt.Sprint(len(long.Weakened))})
		long.Cases[0].Decision.Obligations = append(long.Cases[0].Decision.Obligations, huge[:900])
	}
	return map[string]*engine.Result{"many": result(engine.Block, many.Cases), "long": long, "winding": winding(), "strange": strange()}
}

func TestAJobSummaryHasEveryRowAndWhatWasRead(t *testing.T) {
	r := larger()["many"]
	have := report.NewJobSummary(r, report.CommentOptions{})
	if n := strings.Count(have, "| `library-"); n != 1000 || !strings.Contains(have, "<summary>Read: 2 reports</summary>") {
		t.Errorf("%d of 1000 rows", n)
	}
	comment := report.NewComment(r, report.CommentOptions{}).Body
	if !strings.Contains(comment, "915 more rows are left out for length.") {
		t.Error("the comment does not say how much it leaves out")
	}
}

// A run that a comment links to is given by the environment, which is not the program's own either.
func TestOnlyAnAddressIsLinkedTo(t *testing.T) {
	for url, linked := range map[string]bool{
		runPage: true, "http://ghes.local:8080/acme/x/actions/runs/1": true,
		"javascript:alert(1)": false, "https://a.example/x) ![](https://b.example/y.png": false, "https://a.example/<b>": false,
		"https://a.example/\n/close": false, "https://u:p@a.example/x": false, "https://a.example/" + strings.Repeat("x", 2000): false, "": false,
	} {
		have := report.NewComment(blocked(), report.CommentOptions{RunURL: url}).Body
		if strings.Contains(have, "[run]") != linked {
			t.Errorf("%q is linked to: %v", url, !linked)
		}
	}
}

func TestWhatWeakensAndWhatIsProposedIsNotFoldedAway(t *testing.T) {
	r := blocked()
	r.Weakened, r.Proposed = []string{"pack reachability is off"}, proposed()
	have := report.NewComment(r, besides()).Body
	fold := strings.Index(have, "<details>")
	for _, want := range []string{"**weakened** pack reachability is off", "**This change edits what judges** (`.headgate/headgate.yaml`, `.headgate/policies/acme/acme.rego`, 3 more)",
		"By what it proposes the build would newly block; of 3 cases 1 stricter, 1 alike for other reasons (act 0 → 1"} {
		if at := strings.Index(have, want); at < 0 || at > fold {
			t.Errorf("%q is at %d, the first fold at %d:\n%s", want, at, fold, have)
		}
	}
	r.Proposed = &engine.Proposal{Files: []string{"a"}, Error: "headgate.yaml:3: field pakcs not found"}
	for format, have := range map[string]string{"comment": report.NewComment(r, besides()).Body, "text": oneLine(write(t, "text", r, report.Options{}))} {
		if !strings.Contains(have, "What it proposes would not work: ") {
			t.Errorf("%s:\n%s", format, have)
		}
	}
}

func TestFeedbackThatDidNotArriveIsNamed(t *testing.T) {
	have := report.NewComment(blocked(), besides()).Body
	for _, want := range []string{"<summary>Feedback that did not arrive: 2</summary>", "**review** the token lacks pull-requests: write (POST reviews was refused)", "**SARIF upload** "} {
		if !strings.Contains(have, want) {
			t.Errorf("no %q in\n%s", want, have)
		}
	}
}

func TestAJobSummaryShowsFeedbackThatDidNotArrive(t *testing.T) {
	have := report.NewJobSummary(blocked(), besides())
	at := strings.Index(have, "**Feedback that did not arrive**\n\n- **review** ")
	if at < 0 || strings.Count(have[:at], "<details>") != strings.Count(have[:at], "</details>") {
		t.Errorf("have\n%s", have)
	}
}

func TestCommentsOfTheSameResultAreTheSame(t *testing.T) {
	for name, r := range samples() {
		one, two := report.NewComment(r, besides()), report.NewComment(r, besides())
		if one != two || !slices.Equal(report.NewCheck(r, report.CheckOptions{}).Annotations, report.NewCheck(r, report.CheckOptions{}).Annotations) {
			t.Errorf("%s differs", name)
		}
	}
}
