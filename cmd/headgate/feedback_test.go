package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
	"github.com/headgate/headgate/integrations/store"
)

// A gated is a pull request on a GitHub in memory whose checkout is the current folder. It brings code.go, with a line for each finding.
type gated struct {
	*githubtest.GitHub
	t     testing.TB
	dir   string
	repo  *githubtest.Repository
	pull  *githubtest.PullRequest
	token string
}

func newGated(t testing.TB, lines int, permissions ...string) *gated {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	g := &gated{GitHub: githubtest.New(t, githubtest.Options{}), t: t, dir: t.TempDir()}
	t.Chdir(g.dir)
	g.repo = g.Repository("acme/shop")
	g.git("init", "-q", "-b", "main")
	g.write("README", "a shop\n")
	g.write(".headgate/headgate.yaml", "github: {max_remarks: 3}\n")
	g.git("add", "-A")
	g.git("commit", "-q", "-m", "begin")
	g.repo.Push(g.dir, "main", "main")
	g.git("checkout", "-q", "-b", "fix")
	var code strings.Builder
	for i := range lines {
		fmt.Fprintf(&code, "line%d()\n", i+1)
	}
	g.write("code.go", code.String())
	g.git("add", "-A")
	g.git("commit", "-q", "-m", "fix")
	g.repo.Push(g.dir, "fix", "fix")
	g.pull = g.repo.Pull(githubtest.PullOptions{Head: "fix", Login: "ana"})
	if len(permissions) == 0 {
		permissions = []string{"contents: read", "pull-requests: write", "checks: write", "security-events: write"}
	}
	g.token = g.repo.Actions(permissions...)
	return g
}

func (g *gated) git(args ...string) {
	g.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", g.dir, "-c", "user.name=ana", "-c", "user.email=ana@example.com"}, args...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		g.t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func (g *gated) write(name, text string) {
	g.t.Helper()
	name = filepath.Join(g.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		g.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
}

// report is a scan that finds something on each of the first lines of code.go, and returns where it is.
func (g *gated) report(findings int) string {
	g.t.Helper()
	var results []string
	for i := range findings {
		results = append(results, fmt.Sprintf(`{"ruleId": "G%03d", "level": "error", "message": {"text": "finding %d"}, "properties": {"security-severity": "9.8"},
			"locations": [{"physicalLocation": {"artifactLocation": {"uri": "code.go"}, "region": {"startLine": %d}}}]}`, i, i, i+1))
	}
	name := filepath.Join(g.t.TempDir(), "gosec.sarif")
	text := `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec"}}, "results": [` + strings.Join(results, ",") + `]}]}`
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		g.t.Fatal(err)
	}
	return name
}

// An ended is a run that came to its end.
type ended struct {
	status         int
	stdout, stderr string
	outputs        map[string]string
	summary        string
}

// gate runs the gate as a step of a workflow.
func (g *gated) gate(e githubtest.Event, args ...string) ended {
	g.t.Helper()
	return g.as("gate", e, args...)
}

// as runs a command as a step of a workflow.
func (g *gated) as(command string, e githubtest.Event, args ...string) ended {
	g.t.Helper()
	e = e.With("GITHUB_TOKEN", g.token)
	var out, err bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &err, getenv: e.Getenv,
		waits: &noWait{}, now: func() time.Time { return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC) }}
	status := a.run(g.t.Context(), append([]string{command}, args...))
	outputs, readErr := os.ReadFile(e.Env["GITHUB_OUTPUT"])
	if readErr != nil {
		g.t.Fatal(readErr)
	}
	summary, readErr := os.ReadFile(e.Env["GITHUB_STEP_SUMMARY"])
	if readErr != nil {
		g.t.Fatal(readErr)
	}
	done := ended{status: status, stdout: out.String(), stderr: err.String(), summary: string(summary)}
	if len(outputs) > 0 {
		done.outputs = readOutputs(g.t, string(outputs))
	}
	for text, what := range map[string]string{done.stdout: "standard output", done.stderr: "standard error", done.summary: "the summary", string(outputs): "an output"} {
		if g.token != "" && strings.Contains(text, g.token) {
			g.t.Errorf("the token is in %s", what)
		}
	}
	return done
}

// noWait is a clock that moves when somebody sleeps.
type noWait struct{ slept atomic.Int64 }

func (c *noWait) Now() time.Time {
	return time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC).Add(time.Duration(c.slept.Load()))
}

func (c *noWait) Sleep(ctx context.Context, d time.Duration) error {
	c.slept.Add(int64(d))
	return ctx.Err()
}

var everyWay = []string{"--comment", "--review", "--check-run", "--upload-sarif"}

func TestAPullRequestIsToldWhatWasDecided(t *testing.T) {
	g := newGated(t, 5)
	report := g.report(5)
	result := filepath.Join(t.TempDir(), "result.json")
	done := g.gate(g.pull.Event("opened"), append(everyWay, "-o", "text", "-o", "json="+result, report)...)
	if done.status != statusBlocked || done.outputs["feedback"] != "ok" || done.outputs["outcome"] != "block" || done.outputs["result"] != result ||
		done.outputs["block"] != "5" || !strings.Contains(done.outputs["comment-url"], "#issuecomment-") {
		t.Fatalf("status %d, outputs %v\n%s%s", done.status, done.outputs, done.stdout, done.stderr)
	}
	comments := g.pull.Comments()
	if len(comments) != 1 || !strings.Contains(comments[0].Body, "### Headgate · blocked by 5") || strings.Contains(comments[0].Body, "moved on") {
		t.Errorf("the comments are %+v", comments)
	}
	if n := len(g.pull.Threads()); n != 3 { // as the settings of the base say
		t.Errorf("there are %d remarks", n)
	}
	if runs := g.repo.CheckRuns(); len(runs) != 1 || runs[0].Conclusion != "failure" || runs[0].HeadSHA != g.pull.HeadSHA() || len(runs[0].Annotations) != 5 {
		t.Errorf("the check runs are %+v", runs)
	}
	if up := g.repo.SARIFs(); len(up) != 1 || len(up[0].Errors) > 0 || up[0].CommitSHA != g.pull.MergeSHA() || !bytes.Contains(up[0].Content, []byte(`"headgate/gate.gate/"`)) {
		t.Errorf("the uploads are %+v", up)
	}
	if !strings.Contains(done.summary, "### Headgate · blocked by 5") {
		t.Errorf("the summary is %q", done.summary)
	}

	g.Forget()
	again := g.gate(g.pull.Event("synchronize"), append(everyWay, report)...)
	if writes := g.Writes(); len(writes) > 0 || again.outputs["feedback"] != "ok" {
		t.Errorf("unchanged, it wrote %v: %v", writes, again.outputs)
	}

	done = g.gate(g.pull.Event("synchronize"), append(everyWay, g.report(0))...)
	if comments := g.pull.Comments(); done.status != statusPass || len(comments) != 1 || !strings.Contains(comments[0].Body, "resolved") {
		t.Errorf("status %d, the comments are %+v", done.status, comments)
	}
}

func TestAThousandFindingsTakeAtMostTwelveRequests(t *testing.T) {
	g := newGated(t, 1000)
	report := g.report(1000)
	done := g.gate(g.pull.Event("opened"), "--comment", "--review", "--upload-sarif", "-o", "json="+filepath.Join(t.TempDir(), "r.json"), report)
	if done.status != statusBlocked || done.outputs["block"] != "1000" || done.outputs["feedback"] != "ok" || done.summary == "" {
		t.Fatalf("status %d, outputs %v\n%s", done.status, done.outputs, done.stderr)
	}
	requests := g.Requests()
	if len(requests) > 12 {
		for _, r := range requests {
			t.Log(r.Method, r.Path)
		}
		t.Errorf("%d requests", len(requests))
	}
	if len(done.summary) > 1_000_000 {
		t.Errorf("the summary has %d bytes", len(done.summary))
	}
}

// A fork's token only reads. The gate holds, the lines are marked by the log, and all who look learn what is missing.
func TestAForkIsGatedThoughItsTokenOnlyReads(t *testing.T) {
	g := newGated(t, 5, "contents: read")
	done := g.gate(g.pull.Event("opened"), append(everyWay, g.report(5))...)
	if done.status != statusBlocked || done.outputs["feedback"] != "degraded" || done.outputs["outcome"] != "block" || done.outputs["comment-url"] != "" {
		t.Errorf("status %d, outputs %v", done.status, done.outputs)
	}
	for _, want := range []string{"pull-requests: write", "checks: write", "security-events: write"} {
		if !strings.Contains(done.stderr, want) || !strings.Contains(done.summary, want) {
			t.Errorf("%s is not named:\n%s\n%s", want, done.stderr, done.summary)
		}
	}
	if !strings.Contains(done.stderr, "::error endLine=1,file=code.go,line=1,title=") {
		t.Errorf("no line is marked:\n%s", done.stderr)
	}
	if !strings.Contains(done.stderr, "::error title=Headgate::Blocked by 5 of 5") {
		t.Errorf("the run does not say why it failed:\n%s", done.stderr)
	}
	if len(g.pull.Comments())+len(g.pull.Threads()) > 0 {
		t.Error("something was written")
	}

	fork := g.repo.Fork("eve")
	fork.Commit("fix", githubtest.Files{"code.go": "line1()\n"})
	g.pull = g.repo.Pull(githubtest.PullOptions{Head: "fix", From: fork, Login: "eve"})
	for range 2 {
		done = g.gate(g.pull.Event("opened"), "--comment", g.report(1))
		if done.status != statusBlocked || !strings.Contains(done.stderr, "headgate: hint: the token of a fork's pull request") {
			t.Errorf("status %d\n%s", done.status, done.stderr)
		}
		fork.Delete() // the head's repository is null from now on
	}
}

// What a token may do it does, also where it does not see the pull request.
func TestWhatCanBeToldIsToldWhereThePullRequestIsNotSeen(t *testing.T) {
	g := newGated(t, 5, "contents: read", "security-events: write", "checks: write")
	g.repo.Private()
	done := g.gate(g.pull.Event("opened"), append(everyWay, g.report(5))...)
	if done.status != statusBlocked || done.outputs["feedback"] != "degraded" || len(g.repo.SARIFs()) != 1 || len(g.repo.CheckRuns()) != 1 {
		t.Errorf("status %d, outputs %v, %d uploads, %d check runs\n%s", done.status, done.outputs, len(g.repo.SARIFs()), len(g.repo.CheckRuns()), done.stderr)
	}
	if n := strings.Count(done.stderr, "headgate: feedback: "); n != 2 {
		t.Errorf("%d effects are said to be missing:\n%s", n, done.stderr)
	}
}

func TestWhatAnotherRunFoundIsNotToldOfTheDefaultBranch(t *testing.T) {
	g := newGated(t, 5)
	e := g.pull.WorkflowRun("scan", "success").Event()
	done := g.gate(e, append(everyWay, g.report(5))...)
	if done.outputs["feedback"] != "degraded" || len(g.Writes()) > 0 || !strings.Contains(done.stderr, "headgate publish") {
		t.Errorf("outputs %v, written %v\n%s", done.outputs, g.Writes(), done.stderr)
	}
}

func TestTheLedgerKeepsWhatWasToldAndWhatNeedsNoSecondUpload(t *testing.T) {
	g := newGated(t, 5)
	where := filepath.Join(t.TempDir(), "ledger.db")
	report := g.report(5)
	for i := range 3 {
		g.Forget()
		done := g.gate(g.repo.PushEvent("main"), "--upload-sarif", "--check-run", "--ledger", where, report)
		if done.outputs["feedback"] != "ok" {
			t.Fatalf("outputs %v\n%s", done.outputs, done.stderr)
		}
		// The second run knows more than the first: since when each finding has been there.
		if n := len(g.Writes()); i == 0 && n != 2 || i == 2 && n != 0 {
			t.Errorf("run %d wrote %d times", i+1, n)
		}
	}
	l, err := store.Open(t.Context(), where)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	kept, err := l.Effects(t.Context(), g.Cloud.Server+"/acme/shop")
	if err != nil || len(kept) != 2 || kept[0].Kind != engine.EffectCheckRun || kept[1].Kind != engine.EffectSARIF || kept[1].ID == "" {
		t.Errorf("the ledger has %+v, %v", kept, err)
	}
}

func TestAnUploadThatCodeScanningCouldNotReadIsMadeAgain(t *testing.T) {
	g := newGated(t, 5)
	g.Fail("GET */code-scanning/sarifs/*", githubtest.Body(`{"processing_status": "failed", "errors": ["out of order"]}`))
	done := g.gate(g.pull.Event("opened"), "--comment", "--upload-sarif", g.report(5))
	if comments := g.pull.Comments(); done.outputs["feedback"] != "degraded" || len(comments) != 1 || !strings.Contains(comments[0].Body, "code scanning") {
		t.Errorf("outputs %v, comments %+v\n%s", done.outputs, comments, done.stderr)
	}
	done = g.gate(g.pull.Event("synchronize"), "--comment", "--upload-sarif", g.report(5))
	if n := len(g.repo.SARIFs()); n != 2 || done.outputs["feedback"] != "ok" {
		t.Errorf("there are %d uploads, outputs %v\n%s", n, done.outputs, done.stderr)
	}
}

func TestFeedbackNeverChangesHowTheGateEnds(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{"closed": githubtest.Closed(), "401": githubtest.Status(401), "HTML": githubtest.HTML(200)} {
		for findings, want := range map[int]int{0: statusPass, 2: statusBlocked} {
			g := newGated(t, 5)
			g.FailAll("* /repos*", fault)
			g.FailAll("* /graphql", fault)
			done := g.gate(g.pull.Event("opened"), "--comment", "--review", g.report(findings))
			if done.status != want || done.outputs["feedback"] != "degraded" || !strings.Contains(done.stderr, "headgate: feedback: comment: ") {
				t.Errorf("%s, %d findings: status %d, outputs %v\n%s", name, findings, done.status, done.outputs, done.stderr)
			}
		}
	}
	g := newGated(t, 5)
	g.token = ""
	done := g.gate(g.pull.Event("opened"), "--comment", g.report(0))
	if done.status != statusPass || !strings.Contains(done.stderr, "there is no token") {
		t.Errorf("no token: status %d\n%s", done.status, done.stderr)
	}
}

func TestWhatIsNoPullRequestHasNoCommentAndNoFault(t *testing.T) {
	g := newGated(t, 5)
	for _, e := range []githubtest.Event{g.pull.MergeGroupEvent(), g.repo.PushEvent("fix"), g.repo.ScheduleEvent("0 4 * * *"), g.repo.DispatchEvent("fix", "ana")} {
		name := e.Env["GITHUB_EVENT_NAME"]
		before := len(g.repo.CheckRuns())
		done := g.gate(e, append(everyWay, g.report(5))...)
		if done.status > statusBlocked || done.outputs["feedback"] != "ok" || done.outputs["comment-url"] != "" {
			t.Errorf("%s: status %d, outputs %v\n%s", name, done.status, done.outputs, done.stderr)
		}
		runs := g.repo.CheckRuns()
		if last := runs[len(runs)-1]; len(runs) != before+1 && name != "workflow_dispatch" || last.HeadSHA != e.Env["GITHUB_SHA"] && name == "merge_group" {
			t.Errorf("%s: the check runs are %+v", name, runs)
		}
		if up := g.repo.SARIFs(); up[len(up)-1].Ref != e.Env["GITHUB_REF"] {
			t.Errorf("%s: the last upload is of %s", name, up[len(up)-1].Ref)
		}
		done = g.gate(e, "--comment", "--review", g.report(5))
		if done.outputs["feedback"] != "ok" {
			t.Errorf("%s: outputs %v\n%s", name, done.outputs, done.stderr)
		}
	}
	if len(g.pull.Comments())+len(g.pull.Threads()) > 0 {
		t.Error("a comment was made")
	}
}

func TestWhatIsNotDecidedIsNoPassAnywhere(t *testing.T) {
	g := newGated(t, 5)
	broken := filepath.Join(t.TempDir(), "broken.sarif")
	if err := os.WriteFile(broken, []byte(`{"version": "2.1.0", "runs": [`), 0o644); err != nil {
		t.Fatal(err)
	}
	done := g.gate(g.pull.Event("opened"), append(everyWay, broken)...)
	if done.status != statusUndecided || done.outputs["outcome"] != "undecided" || done.outputs["block"] != "" || !strings.Contains(done.summary, "undecided") {
		t.Errorf("status %d, outputs %v, summary %q\n%s", done.status, done.outputs, done.summary, done.stderr)
	}
	if runs := g.repo.CheckRuns(); len(runs) != 1 || runs[0].Conclusion != "failure" {
		t.Errorf("the check runs are %+v", runs)
	}
	if len(g.pull.Comments()) > 0 || len(g.repo.SARIFs()) > 0 {
		t.Error("there are a comment or an upload")
	}
	g.gate(g.pull.Event("opened"), "--comment", g.report(0), g.report(1))
	g.gate(g.pull.Event("synchronize"), "--comment", broken) // what stands there must not go on speaking
	if comments := g.pull.Comments(); len(comments) != 1 || !strings.Contains(comments[0].Body, "### Headgate · undecided") {
		t.Errorf("the comments are %+v", comments)
	}
	if done := g.gate(g.pull.Event("opened"), "--comment", "-o", "nonsense", broken); done.status != statusSetup || done.outputs["outcome"] != "undecided" {
		t.Errorf("status %d, outputs %v", done.status, done.outputs)
	}
}

func TestACommentSaysThatThePullRequestHasMovedOn(t *testing.T) {
	g := newGated(t, 5)
	e := g.pull.Event("opened")
	g.repo.Commit("fix", githubtest.Files{"more.go": "x\n"})
	done := g.gate(e, "--comment", "--review", g.report(5))
	comments := g.pull.Comments()
	if done.outputs["feedback"] != "ok" || len(comments) != 1 || !strings.Contains(comments[0].Body, "moved on") || len(g.pull.Threads()) > 0 {
		t.Errorf("outputs %v, comments %+v\n%s", done.outputs, comments, done.stderr)
	}
}

func TestOutputsCannotBeInjected(t *testing.T) {
	hostile := "https://x\nheadgate_\noutcome=pass\noutcome<<_GitHubActionsFileCommandDelimeter_\npass\n_GitHubActionsFileCommandDelimeter_\n"
	told := &telling{run: &run{result: &engine.Result{Outcome: engine.Block}}, effects: []engine.Effect{{Kind: engine.EffectComment, URL: hostile}}}
	text := outputLines(told.outputPairs(nil))
	outputs := readOutputs(t, text)
	if outputs["outcome"] != "block" || outputs["comment-url"] != hostile || len(outputs) != len(told.outputPairs(nil)) {
		t.Errorf("the outputs are %q", outputs)
	}
	if outputLines(told.outputPairs(nil)) == text {
		t.Error("the delimiters are the same in each run")
	}
}

func TestASummaryThatIsFullIsNotAddedTo(t *testing.T) {
	g := newGated(t, 5)
	e := g.repo.DispatchEvent("fix", "ana")
	full := strings.Repeat("x", 999_990)
	if err := os.WriteFile(e.Env["GITHUB_STEP_SUMMARY"], []byte(full), 0o600); err != nil {
		t.Fatal(err)
	}
	if done := g.gate(e, g.report(5)); done.summary != full || !strings.Contains(done.stderr, "the job summary: ") {
		t.Errorf("the summary has %d bytes\n%s", len(done.summary), done.stderr)
	}
}

func TestASummaryThatIsFullHasNoVerdictOfARunThatDecidedNothing(t *testing.T) {
	g := newGated(t, 5)
	broken := filepath.Join(t.TempDir(), strings.Repeat("broken", 30)+".sarif") // whose name takes more room than a verdict
	if err := os.WriteFile(broken, []byte(`{"version": "2.1.0", "runs": [`), 0o644); err != nil {
		t.Fatal(err)
	}
	for room := range 10 {
		e := g.pull.Event("opened")
		if err := os.WriteFile(e.Env["GITHUB_STEP_SUMMARY"], bytes.Repeat([]byte("x"), 1_000_000-60*room), 0o600); err != nil {
			t.Fatal(err)
		}
		done := g.gate(e, broken)
		if added := strings.TrimLeft(done.summary, "x"); done.status != statusUndecided || added != "" && !strings.Contains(added, "undecided") {
			t.Fatalf("status %d, and the summary says %s", done.status, added)
		}
	}
}

func TestWhatSettingsSayOfGitHubIsChecked(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	for text, want := range map[string]string{
		"github: {comment_key: 'a b'}": "comment_key", "github: {max_remarks: 51}": "max_remarks", "github: {max_remarks: -1}": "max_remarks", "github: {key: x}": "key",
	} {
		writeFile(t, ".headgate/headgate.yaml", text+"\n")
		if status, _, stderr := start(t, "gate", "clean.sarif"); status != statusSetup || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s", text, status, stderr)
		}
	}
}

// The row of the speed table: a thousand findings with comment, remarks, summary and upload, against a server in memory.
func BenchmarkFeedbackOnAThousandFindings(b *testing.B) {
	g := newGated(b, 1000)
	report := g.report(1000)
	for b.Loop() {
		g.gate(g.pull.Event("opened"), "--comment", "--review", "--upload-sarif", report)
	}
}
