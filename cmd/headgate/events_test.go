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
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	dir := t.TempDir()
	t.Chdir(dir)
	git := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("git", append([]string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
		return strings.TrimSpace(string(out))
	}
	commit := func(name, text string) string {
		writeFile(t, name, text)
		git("add", name)
		git("commit", "-q", "-m", "x")
		return git("rev-parse", "HEAD")
	}
	git("init", "-q", "--initial-branch=main")
	commit("src/login.js", "login()\n")
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	r.Push(dir, "main", "main")
	git("checkout", "-q", "-b", "feature")
	commit("src/login.js", "eval(x)\n")
	r.Push(dir, "feature", "feature")
	pull := r.Pull(githubtest.PullOptions{Head: "feature"})
	git("checkout", "-q", "main")
	newest := commit(".headgate/headgate.yaml", "params: {exploit: {epss_high: 0.4}}\n")
	git("checkout", "-q", "--detach")
	git("merge", "-q", "--no-ff", "-m", "Merge", "feature")
	status, result, stderr := judged(t, pull.Event("synchronize").Getenv)
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
