package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

const evalSARIF = `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "Semgrep", "rules": [{"id": "js.eval",
	"properties": {"tags": ["external/cwe/cwe-095"], "security-severity": "9.8"}}]}}, "results": [{"ruleId": "js.eval", "level": "error",
	"message": {"text": "eval"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/login.js"}, "region": {"startLine": 1, "snippet": {"text": "eval(x)"}}}}]}]}]}`

// judged runs the gate in the current folder as a runner would.
func judged(t *testing.T, getenv func(string) string, args ...string) (status int, result *engine.Result, stderr string) {
	t.Helper()
	writeFile(t, filepath.Join("reports", "scan.sarif"), evalSARIF)
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: getenv, now: func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }}
	status = a.run(t.Context(), append([]string{"gate", "-o", "json", "reports"}, args...))
	if status <= statusBlocked {
		result = &engine.Result{}
		if err := json.Unmarshal(out.Bytes(), result); err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
	}
	return status, result, errs.String()
}

// A shop is a repository whose base looks at eval, and a fork's pull request that would have nothing looked at.
func shop(t *testing.T) (*githubtest.GitHub, *githubtest.Repository, *githubtest.PullRequest) {
	t.Helper()
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	r.Commit("main", githubtest.Files{
		".headgate/headgate.yaml":         "repository: acme/shop\n",
		".headgate/assets.yaml":           "assets:\n  - {id: shop, owner: team-shop, criticality: mission_critical, exposure: internet, match: {paths: [\"**\"]}}\n",
		".headgate/policies/own/own.rego": "package packs.own\n\nwarn contains \"look\" if 95 in input.finding.cwes\n",
		"src/login.js":                    "login()\n",
	})
	fork := r.Fork("mallory")
	fork.Commit("feature", githubtest.Files{".headgate/headgate.yaml": "packs: []\n", ".headgate/policies/own/own.rego": githubtest.Without, "src/login.js": "eval(x)\n"})
	return g, r, r.Pull(githubtest.PullOptions{Head: "feature", From: fork})
}

func TestTheBaseIsReadOverTheAPIWhereThereIsNoClone(t *testing.T) {
	_, r, pull := shop(t)
	event := pull.Event("synchronize").With("GITHUB_TOKEN", r.Actions("contents: read"))
	t.Chdir(t.TempDir())
	writeFile(t, ".headgate/headgate.yaml", "packs: []\n") // as a checkout without git would have it
	writeFile(t, ".headgate/waivers.yaml", "waivers: []\n")
	status, result, stderr := judged(t, event.Getenv)
	if status != statusBlocked {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if result.Change.Base != pull.BaseSHA() || result.Change.Head != pull.HeadSHA() {
		t.Errorf("the change is %+v", result.Change)
	}
	if !strings.Contains(result.Policy.Source, "shipped, .headgate/policies (as of the base commit "+pull.BaseSHA()[:7]) || !slices.Contains(result.Policy.Packs, "own") {
		t.Errorf("the policy is %+v", result.Policy)
	}
	if result.Cases[0].Input.Asset.Owner != "team-shop" {
		t.Errorf("the asset is %+v", result.Cases[0].Input.Asset)
	}
	if !strings.Contains(stderr, "what the change touched is not known") {
		t.Errorf("it is not said that all counts as introduced: %s", stderr)
	}
}

func TestWithoutBaseNothingIsDecided(t *testing.T) {
	g, r, pull := shop(t)
	event := pull.Event("opened")
	t.Chdir(t.TempDir())
	for name, getenv := range map[string]func(string) string{
		"no token":      event.Getenv,
		"no permission": event.With("GITHUB_TOKEN", g.Repository("acme/other").Actions("issues: read")).Getenv,
		"not GitHub": func(name string) string {
			return map[string]string{"HEADGATE_EVENT": "pull_request", "HEADGATE_BASE": pull.BaseSHA()}[name]
		},
	} {
		if name == "no permission" {
			r.Private()
		}
		status, _, stderr := judged(t, getenv)
		if status != statusUndecided || !strings.Contains(stderr, "hint: ") || !strings.Contains(stderr, "no git repository") {
			t.Errorf("%s: status %d: %s", name, status, stderr)
		}
	}
}

func TestEachTriggerIsAnEvent(t *testing.T) {
	_, r, pull := shop(t)
	token := r.Actions("contents: read")
	named := func(e githubtest.Event, name string) githubtest.Event { return e.With("GITHUB_EVENT_NAME", name) }
	deleted := pull.Event("synchronize")
	events := map[string]struct {
		event githubtest.Event
		want  engine.Event
	}{
		"pull_request":        {pull.Event("opened"), engine.EventPullRequest},
		"pull_request_target": {named(pull.Event("opened"), "pull_request_target"), engine.EventPullRequest},
		"pull_request_review": {named(pull.Event("opened"), "pull_request_review"), engine.EventPullRequest},
		"merge_group":         {pull.MergeGroupEvent(), engine.EventMergeGroup},
		"push":                {r.PushEvent("main"), engine.EventPush},
		"schedule":            {r.ScheduleEvent("0 3 * * *"), engine.EventSchedule},
		"release":             {named(r.PushEvent("main"), "release"), engine.EventRelease},
		"workflow_dispatch":   {r.DispatchEvent("main", "ana"), engine.EventManual},
		"workflow_run":        {pull.WorkflowRun("scan", "success").Event(), engine.EventManual},
		"issue_comment":       {named(r.DispatchEvent("main", "ana"), "issue_comment"), engine.EventManual},
	}
	t.Chdir(t.TempDir())
	for name, e := range events {
		status, result, stderr := judged(t, e.event.With("GITHUB_TOKEN", token).Getenv)
		if status > statusBlocked || result.Change.Event != e.want {
			t.Errorf("%s: status %d, %+v: %s", name, status, result, stderr)
			continue
		}
		review := e.want == engine.EventPullRequest || e.want == engine.EventMergeGroup
		if review != (result.Change.Base != "") || review != strings.Contains(result.Policy.Source, "base commit") {
			t.Errorf("%s: %+v, policy of %s", name, result.Change, result.Policy.Source)
		}
	}
	pull.Close()
	if status, result, stderr := judged(t, deleted.With("GITHUB_TOKEN", token).Getenv); status != statusBlocked || result.Change.Head != pull.HeadSHA() {
		t.Errorf("a closed pull request: status %d: %s", status, stderr)
	}
	if status, result, _ := judged(t, r.PushEvent("main").Getenv, "--event", "schedule"); status > statusBlocked ||
		!slices.Contains(result.Weakened, "the event schedule, where GitHub says push") {
		t.Errorf("another event than GitHub says is not on record")
	}
}

// The payload keeps the base of when the pull request was opened; what is accepted since then judges too.
func TestTheMergeThatIsTriedNamesTheNewestBase(t *testing.T) {
	c := newClone(t)
	c.commit("src/login.js", "login()\n")
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	r.Push(c.dir, "main", "main")
	c.git("checkout", "-q", "-b", "feature")
	c.commit("src/login.js", "eval(x)\n")
	r.Push(c.dir, "feature", "feature")
	pull := r.Pull(githubtest.PullOptions{Head: "feature"})
	c.git("checkout", "-q", "main")
	newest := c.commit(".headgate/headgate.yaml", "params: {exploit: {epss_high: 0.4}}\n")
	c.git("checkout", "-q", "--detach")
	c.git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
	e := pull.Event("synchronize").With("GITHUB_SHA", c.git("rev-parse", "HEAD"))
	status, result, stderr := judged(t, e.Getenv)
	if status != statusBlocked || result.Change.Base != newest || result.Change.Head != pull.HeadSHA() || pull.BaseSHA() == newest {
		t.Fatalf("status %d, %+v: %s", status, result, stderr)
	}
	if !slices.ContainsFunc(result.Weakened, func(w string) bool { return strings.HasPrefix(w, "parameter exploit.epss_high") }) {
		t.Errorf("the newest settings do not judge: %q", result.Weakened)
	}
	if result.Counts.Introduced != 1 || result.Cases[0].Input.Context.Change.Status != engine.StatusIntroduced {
		t.Errorf("what the change introduced is not known: %+v", result.Counts)
	}
}

// A branch that is checked out by its name is what its author pushed last: also a merge of what the event is about into a base of theirs.
func TestAMergeThatTheEventDoesNotNameDoesNotSayWhatJudges(t *testing.T) {
	c := newClone(t)
	c.commit("src/login.js", "login()\n")
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	r.Push(c.dir, "main", "main")
	c.git("checkout", "-q", "-b", "feature")
	c.commit("src/login.js", "eval(x)\n")
	r.Push(c.dir, "feature", "feature")
	pull := r.Pull(githubtest.PullOptions{Head: "feature"})
	c.git("checkout", "-q", "-b", "own", "main")
	c.commit(".headgate/headgate.yaml", "packs: []\n")
	c.commit("src/login.js", "eval(x)\n")
	c.git("merge", "-q", "-s", "ours", "--no-ff", "-m", "Merge", "feature")
	for _, name := range []string{"pull_request", "pull_request_target", "pull_request_review"} {
		status, result, stderr := judged(t, pull.Event("synchronize").With("GITHUB_EVENT_NAME", name).Getenv)
		if status != statusBlocked || result.Change.Base != pull.BaseSHA() || result.Counts.Existing > 0 {
			t.Errorf("%s: status %d, %+v, %+v: %s", name, status, result.Change, result.Counts, stderr)
		}
	}
}

func TestAChangeThatIsCheckedOutWhereAnotherRunEndedIsOnRecord(t *testing.T) {
	c := newClone(t)
	c.commit("src/login.js", "login()\n")
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	r.Push(c.dir, "main", "main")
	c.git("checkout", "-q", "-b", "feature")
	c.commit("src/login.js", "eval(x)\n")
	r.Push(c.dir, "feature", "feature")
	e := r.Pull(githubtest.PullOptions{Head: "feature"}).WorkflowRun("scan", "success").Event()
	for branch, want := range map[string]bool{"main": false, "feature": true} {
		c.git("checkout", "-q", branch)
		_, result, stderr := judged(t, e.Getenv)
		have := slices.ContainsFunc(result.Weakened, func(w string) bool { return strings.Contains(w, "is checked out in workflow_run") })
		if have != want {
			t.Errorf("%s: %q: %s", branch, result.Weakened, stderr)
		}
	}
}

// A squash merge in the browser is committed by GitHub: what proves its waiver is who reviewed it.
func TestAReviewProvesAWaiverThatWasSquashed(t *testing.T) {
	c := newClone(t)
	c.commit(".headgate/headgate.yaml", "approvers: [\"ana@example.com @ana\"]\n")
	c.commit(".headgate/assets.yaml", "assets:\n  - {id: shop, criticality: mission_critical, exposure: internet, match: {paths: [\"**\"]}}\n")
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	for _, login := range []string{"ana", "dev"} {
		r.Collaborator(login, "write")
	}
	r.Push(c.dir, "main", "main")
	c.git("checkout", "-q", "-b", "waive")
	const waivers = "waivers:\n  - id: w-eval\n    path: src/**\n    reason: only the sandbox\n    created: 2026-11-20\n    expires: 2026-12-05\n"
	c.commit(".headgate/waivers.yaml", waivers)
	r.Push(c.dir, "waive", "waive")
	pull := r.Pull(githubtest.PullOptions{Head: "waive", Login: "dev"})
	pull.Review("ana", "APPROVED", "")
	c.git("checkout", "-q", "main")
	t.Setenv("GIT_COMMITTER_EMAIL", "noreply@github.com")
	c.commit(".headgate/waivers.yaml", waivers)
	pull.MergedAs(r.Push(c.dir, "main", "main"))
	event := r.PushEvent("main")
	status, result, stderr := judged(t, event.Getenv, "--fail-on", "track*")
	if status > statusBlocked || result.Counts.Waived != 0 || len(result.Waivers.Unverified) != 1 {
		t.Errorf("without a token: status %d, %+v: %s", status, result, stderr)
	}
	status, result, stderr = judged(t, event.With("GITHUB_TOKEN", r.Actions("contents: read", "pull-requests: read")).Getenv, "--fail-on", "track*")
	if status > statusBlocked || result.Counts.Waived != 1 || len(result.Waivers.Unverified) != 0 {
		t.Fatalf("with a token: status %d, %+v: %s", status, result, stderr)
	}
	if w := result.Cases[0].Input.Context.Waivers[0]; w.Approver != "ana@example.com" || w.Requester != "dev@example.com" {
		t.Errorf("the waiver is %+v", w)
	}
	if why := result.Cases[0].Provenance["context.waivers"].Source; !strings.Contains(why, "approved by @ana in pull request #1") {
		t.Errorf("the proof is %q", why)
	}

	// It holds for the next pull request, whose checkout has one commit: the merge that GitHub tries.
	c.git("checkout", "-q", "-b", "feature")
	c.commit("src/login.js", "eval(x)\n")
	r.Push(c.dir, "feature", "feature")
	pull = r.Pull(githubtest.PullOptions{Head: "feature", Login: "dev"})
	c.git("checkout", "-q", "-b", "tried", "main")
	c.git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
	event = pull.Event("opened").With("GITHUB_SHA", c.git("rev-parse", "HEAD")).With("GITHUB_TOKEN", r.Actions("contents: read", "pull-requests: write"))
	for _, origin := range []string{"file://" + c.dir, "file://" + t.TempDir()} {
		one := t.TempDir()
		c.git("clone", "-q", "--depth=1", "--branch=tried", "file://"+c.dir, one)
		c.git("-C", one, "fetch", "-q", "--depth=1", "origin", "main")
		c.git("-C", one, "remote", "set-url", "origin", origin)
		t.Chdir(one)
		status, result, stderr = judged(t, event.Getenv)
		if holds := origin == "file://"+c.dir; result == nil || (status == statusPass && result.Counts.Waived == 1) != holds ||
			!holds && !strings.Contains(result.Waivers.Unverified[0].Why, "too shallow") {
			t.Errorf("with the rest of the history at %s: status %d, %+v: %s", origin, status, result, stderr)
		}
	}
}

// A clone is a repository in the current folder, which dev commits to.
type clone struct {
	t   *testing.T
	dir string
}

func newClone(t *testing.T) *clone {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	for name, value := range map[string]string{"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Dev", "GIT_COMMITTER_NAME": "Dev",
		"GIT_AUTHOR_EMAIL": "dev@example.com", "GIT_COMMITTER_EMAIL": "dev@example.com"} {
		t.Setenv(name, value)
	}
	c := &clone{t, t.TempDir()}
	t.Chdir(c.dir)
	c.git("init", "-q", "--initial-branch=main")
	return c
}

func (c *clone) git(args ...string) string {
	c.t.Helper()
	out, err := exec.Command("git", args...).CombinedOutput()
	if err != nil {
		c.t.Fatalf("git %v: %s", args, out)
	}
	return strings.TrimSpace(string(out))
}

func (c *clone) commit(name, text string) string {
	c.t.Helper()
	writeFile(c.t, name, text)
	c.git("add", name)
	c.git("commit", "-q", "-m", "x")
	return c.git("rev-parse", "HEAD")
}
