package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

// A staged is a pull request from a fork, whose own run may write nothing, and the checkout of the second stage: the default branch. The
// fork's change has settings by which nothing blocks.
type staged struct {
	*gated
	fork *githubtest.Repository
	run  *githubtest.WorkflowRun
}

func newStaged(t testing.TB, lines int) *staged {
	t.Helper()
	g := newGated(t, lines) // on the branch fix
	g.write(".headgate/headgate.yaml", "fail_on: act\ngithub: {max_remarks: 1}\n")
	g.git("commit", "-q", "-a", "-m", "be milder")
	s := &staged{gated: g, fork: g.repo.Fork("eve")}
	s.fork.Push(g.dir, "fix", "fix")
	s.pull = g.repo.Pull(githubtest.PullOptions{Head: "fix", From: s.fork, Login: "eve"})
	s.run = s.pull.WorkflowRun("gate", "success")
	remote := filepath.Join(t.TempDir(), "remote")
	g.git("clone", "-q", "--bare", ".", remote) // as GitHub keeps the commits of forks
	g.git("remote", "add", "origin", remote)
	g.git("checkout", "-q", "main")
	g.git("branch", "-q", "-D", "fix")
	g.token = g.repo.Actions("contents: read", "actions: read", "pull-requests: write")
	return s
}

// firstStage is what the fork's run left: its report, and its result.
func (s *staged) firstStage(findings int) map[string]string {
	s.t.Helper()
	report, result := s.report(findings), filepath.Join(s.t.TempDir(), "result.json")
	s.gated.gate(s.repo.PushEvent("main"), "-o", "json="+result, report)
	read := func(name string) string {
		text, err := os.ReadFile(name)
		if err != nil {
			s.t.Fatal(err)
		}
		return string(text)
	}
	return map[string]string{"reports/gosec.sarif": read(report), "result.json": read(result)}
}

func (s *staged) publish(args ...string) ended {
	s.t.Helper()
	return s.as("publish", s.run.Event(), append([]string{"--to", "github"}, args...)...)
}

func TestTheSecondStageTellsAForksPullRequestWhatTheBaseSays(t *testing.T) {
	s := newStaged(t, 5)
	s.run.Upload("headgate", githubtest.Zip(s.firstStage(2)))
	result := filepath.Join(t.TempDir(), "again.json")
	done := s.publish("-o", "text", "-o", "result="+result)
	comments := s.pull.Comments()
	if done.status != statusBlocked || len(comments) != 1 || !strings.Contains(comments[0].Body, "### Headgate · blocked by 2") {
		t.Fatalf("status %d, comments %+v\n%s%s", done.status, comments, done.stdout, done.stderr)
	}
	if !strings.Contains(comments[0].Body, "the run on the pull request said warn, and by the base it is block") {
		t.Errorf("nobody is told that the stages differ:\n%s", comments[0].Body)
	}
	if n := len(s.pull.Threads()); n != 2 { // the fork's settings say one
		t.Errorf("there are %d remarks", n)
	}
	if done.outputs["outcome"] != "block" || done.outputs["result"] != result || done.outputs["comment-url"] == "" || !strings.Contains(done.summary, "blocked by 2") {
		t.Errorf("outputs %v, summary %q", done.outputs, done.summary)
	}
	if !strings.Contains(done.stdout, "#2: comment: Blocked by 2 of 2") {
		t.Errorf("it says\n%s", done.stdout)
	}
	r, err := readResult(result)
	if err != nil || r.Change.Head != s.pull.HeadSHA() || r.Change.Base != s.repo.Tip("main") || r.Change.Event != "pull_request" || r.Cases[0].Input.Context.Change.Status != "introduced" {
		t.Errorf("it decided about %+v, %v", r.Change, err)
	}

	s.Forget()
	if again := s.publish(); again.status != statusBlocked || len(s.Writes()) > 0 {
		t.Errorf("again: status %d, written %v", again.status, s.Writes())
	}
}

func TestTheSecondStageReadsWhatIsGivenInAnyForm(t *testing.T) {
	s := newStaged(t, 5)
	files := s.firstStage(2)
	dir := t.TempDir()
	for name, text := range files {
		writeFileIn(t, filepath.Join(dir, "folder", name), text)
	}
	packed := filepath.Join(dir, "artifact.zip")
	writeFileIn(t, packed, string(githubtest.Zip(files)))
	for _, given := range []string{filepath.Join(dir, "folder"), packed, filepath.Join(dir, "folder", "reports", "gosec.sarif"), filepath.Join(dir, "folder", "result.json")} {
		done := s.publish(given)
		if done.status != statusBlocked || done.outputs["block"] != "2" || len(s.pull.Comments()) != 1 {
			t.Errorf("%s: status %d, outputs %v\n%s", given, done.status, done.outputs, done.stderr)
		}
	}
	if body := s.pull.Comments()[0].Body; !strings.Contains(body, "without its reports") {
		t.Errorf("the result alone was taken, and it says\n%s", body)
	}
}

func writeFileIn(t testing.TB, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What the result of the first stage claims beyond what was found has no say: not its decisions, not its counts, not its settings, not the
// ids of its findings, not what it says of the asset, the change or the threat.
func TestOfAnotherRunsResultOnlyTheFindingsCount(t *testing.T) {
	s := newStaged(t, 5)
	result := map[string]any{}
	if err := json.Unmarshal([]byte(s.firstStage(2)["result.json"]), &result); err != nil {
		t.Fatal(err)
	}
	counts := result["counts"].(map[string]any)
	counts["attend"], counts["track"], counts["warn"], counts["pass"] = 0, 2, 0, 2
	result["outcome"] = "pass"
	for _, c := range result["cases"].([]any) {
		decision, input := c.(map[string]any)["decision"].(map[string]any), c.(map[string]any)["input"].(map[string]any)
		decision["priority"], decision["action"], decision["reasons"] = "track", "pass", []any{}
		input["context"].(map[string]any)["change"] = map[string]any{"event": "pull_request", "status": "existing"}
		input["asset"].(map[string]any)["exposure"] = "isolated"
		input["finding"].(map[string]any)["id"] = "hg1-that-of-something-waived"
	}
	delete(result, "plan")
	delete(result, "no_fix")
	delete(result, "schema") // stands first, where a result is known by it
	lies, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	lies = append([]byte(`{"schema": "`+engine.ResultSchema+`", `), lies[1:]...)
	s.run.Upload("headgate", githubtest.Zip(map[string]string{"result.json": string(lies)}))
	done := s.publish("--dry-run")
	if done.status != statusBlocked || !strings.Contains(done.stdout, "Blocked by 2 of 2") || len(s.Writes()) > 0 {
		t.Errorf("status %d, written %v\n%s%s", done.status, s.Writes(), done.stdout, done.stderr)
	}
}

func TestTheSecondStageRefusesHostileArtifacts(t *testing.T) {
	s := newStaged(t, 1)
	good := s.firstStage(1)
	entry := func(name, text string, mode fs.FileMode) func(*zip.Writer) error {
		return func(z *zip.Writer) error {
			h := &zip.FileHeader{Name: name, Method: zip.Deflate}
			h.SetMode(mode)
			w, err := z.CreateHeader(h)
			if err == nil {
				_, err = w.Write([]byte(text))
			}
			return err
		}
	}
	packed := func(entries ...func(*zip.Writer) error) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, add := range entries {
			if err := add(z); err != nil {
				t.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	many := make([]func(*zip.Writer) error, mostArtifactFiles+1)
	for i := range many {
		many[i] = entry(fmt.Sprintf("%d.txt", i), "", 0o644)
	}
	sarif := entry("gosec.sarif", good["reports/gosec.sarif"], 0o644)
	for name, test := range map[string]struct {
		content []byte
		says    string
	}{
		"no zip":            {[]byte("<html>"), "no whole zip file"},
		"cut":               {githubtest.Zip(good)[:400], "no whole zip file"},
		"empty":             {githubtest.Zip(nil), "no report"},
		"way out":           {packed(sarif, entry("../../.headgate/headgate.yaml", "x", 0o644)), "no path"},
		"absolute":          {packed(sarif, entry("/etc/passwd", "x", 0o644)), "no path"},
		"Windows":           {packed(sarif, entry(`C:\x.json`, "x", 0o644)), "no path"},
		"link":              {packed(sarif, entry("x.json", "/etc/passwd", 0o777|fs.ModeSymlink)), "no regular file"},
		"twice":             {packed(sarif, sarif), "two files of one name"},
		"twice by case":     {packed(sarif, entry("GOSEC.sarif", "{}", 0o644)), "two files of one name"},
		"bomb":              {packed(sarif, entry("x.sarif", strings.Repeat("0", 32<<20), 0o644)), "times its size"},
		"many":              {packed(many...), "1001 files"},
		"zip in a zip":      {packed(entry("x.json", string(packed(sarif)), 0o644)), "archive in an archive"},
		"two results":       {packed(entry("a.json", good["result.json"], 0o644), entry("b.json", good["result.json"], 0o644)), "second result"},
		"broken result":     {packed(sarif, entry("a.json", good["result.json"][:600], 0o644)), "result"},
		"unknown field":     {packed(sarif, entry("a.json", strings.Replace(good["result.json"], `"outcome"`, `"x": 1, "outcome"`, 1), 0o644)), "result"},
		"broken report":     {packed(entry("x.sarif", `{"version": "2.1.0", "runs": [`, 0o644)), "x.sarif"},
		"no report":         {packed(entry("README", "hello", 0o644)), "no report"},
		"unfinished claims": {packed(entry("a.json", strings.Replace(good["result.json"], `"complete": true`, `"complete": false`, 1), 0o644)), "did not finish"},
	} {
		t.Run(name, func(t *testing.T) {
			run := s.pull.WorkflowRun("gate", "success")
			run.Upload("headgate", test.content)
			s.run = run
			done := s.publish()
			if done.status != statusUndecided || !strings.Contains(done.stderr, test.says) {
				t.Errorf("status %d\n%s%s", done.status, done.stdout, done.stderr)
			}
			for _, c := range s.pull.Comments() {
				t.Errorf("it says %s", c.Body)
			}
		})
	}
}

func TestAFolderWithALinkIsRefused(t *testing.T) {
	s := newStaged(t, 1)
	dir := t.TempDir()
	writeFileIn(t, filepath.Join(dir, "gosec.sarif"), s.firstStage(1)["reports/gosec.sarif"])
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "notes.json")); err != nil {
		t.Skip(err)
	}
	if done := s.publish(dir); done.status != statusUndecided || !strings.Contains(done.stderr, "notes.json in it is no regular file") {
		t.Errorf("status %d\n%s", done.status, done.stderr)
	}
}

func TestTheSecondStageFindsThePullRequestItself(t *testing.T) {
	for name, test := range map[string]struct {
		happens func(*staged)
		status  int
		says    string
		told    bool
	}{
		"moved on":        {func(s *staged) { s.fork.Commit("fix", githubtest.Files{"b.go": "x"}, "eve") }, statusPass, "#2 has moved on to", false},
		"closed":          {func(s *staged) { s.pull.Close() }, statusPass, "#2 is closed", false},
		"none":            {func(s *staged) { s.pull.Close(); s.fork.Delete() }, statusUndecided, "no pull request has the commit", false},
		"fork is deleted": {func(s *staged) { s.fork.Delete() }, statusBlocked, "", true},
		"fork's other branch": {func(s *staged) {
			s.fork.Branch("other", s.pull.HeadSHA())
			s.repo.Pull(githubtest.PullOptions{Head: "other", From: s.fork, Login: "eve"})
		}, statusBlocked, "", true},
		"base moved on":   {func(s *staged) { s.repo.Commit("main", githubtest.Files{"c.go": "x"}) }, statusBlocked, "", true},
		"no permission":   {func(s *staged) { s.repo.Private(); s.token = s.repo.Actions("contents: read", "actions: read") }, statusUndecided, "pull-requests: read", false},
		"no artifact":     {func(s *staged) { s.run.Expire() }, statusUndecided, "no artifact of this name, or it has expired", false},
		"artifact hidden": {func(s *staged) { s.repo.Private(); s.token = s.repo.Actions("contents: read", "pull-requests: write") }, statusUndecided, "actions: read", false},
		"no token":        {func(s *staged) { s.token = "" }, statusUndecided, "there is no token", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStaged(t, 5)
			s.run.Upload("headgate", githubtest.Zip(s.firstStage(2)))
			test.happens(s)
			done := s.publish()
			if done.status != test.status || !strings.Contains(done.stdout+done.stderr, test.says) || (len(s.pull.Comments()) > 0) != test.told {
				t.Errorf("status %d, comments %d\n%s%s", done.status, len(s.pull.Comments()), done.stdout, done.stderr)
			}
		})
	}
}

func TestWhatIsNoPullRequestIsNotPublished(t *testing.T) {
	s := newStaged(t, 1)
	done := s.as("publish", s.repo.ScheduleEvent("0 4 * * *"), "--to", "github")
	if done.status != statusPass || !strings.Contains(done.stdout, "the event schedule is about no pull request") {
		t.Errorf("status %d\n%s%s", done.status, done.stdout, done.stderr)
	}
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
	if status := a.run(t.Context(), []string{"publish", "--to", "github"}); status != statusSetup || !strings.Contains(errs.String(), "run of a workflow") {
		t.Errorf("outside of a workflow: status %d\n%s", status, errs.String())
	}
}

// Wherever it is killed, and whether what it sent last was carried out or not: the next run makes one comment of it, and it is right.
func TestAKilledSecondStageConverges(t *testing.T) {
	s := newStaged(t, 3)
	s.run.Upload("headgate", githubtest.Zip(s.firstStage(3)))
	var mu sync.Mutex
	seen, last := 0, 0 // nothing arrives after the last request; 0: all does
	dead := func(after bool) func(githubtest.Request) *githubtest.Fault {
		return func(githubtest.Request) *githubtest.Fault {
			mu.Lock()
			defer mu.Unlock()
			if !after {
				seen++
			}
			if last == 0 || seen < last || after != (seen == last) {
				return nil
			}
			f := githubtest.Closed()
			return &f
		}
	}
	s.On("* *", dead(false))
	s.After("* *", dead(true))
	killAt := func(request int) {
		mu.Lock()
		defer mu.Unlock()
		seen, last = 0, request
	}
	asked := func() int {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
	kills := 1
	for ; ; kills++ {
		killAt(kills)
		s.publish()
		if asked() < kills {
			break
		}
	}
	if kills < 8 {
		t.Fatalf("it was killed at %d requests only", kills)
	}
	killAt(0)
	done := s.publish()
	if c := s.pull.Comments(); done.status != statusBlocked || len(c) != 1 || len(s.pull.Threads()) != 3 || !strings.Contains(c[0].Body, "blocked by 3") {
		t.Errorf("status %d, %d comments, %d remarks\n%s", done.status, len(c), len(s.pull.Threads()), done.stderr)
	}
}

func TestTwoSecondStagesAtOnceLeaveOneComment(t *testing.T) {
	s := newStaged(t, 3)
	s.run.Upload("headgate", githubtest.Zip(s.firstStage(3)))
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { s.publish() })
	}
	both.Wait()
	if c := s.pull.Comments(); len(c) != 1 || len(s.pull.Threads()) != 3 {
		t.Errorf("there are %d comments and %d remarks", len(c), len(s.pull.Threads()))
	}
}
