package githubtest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

func payload(t *testing.T, e githubtest.Event) reply {
	t.Helper()
	data, err := os.ReadFile(e.Env["GITHUB_EVENT_PATH"])
	if err != nil {
		t.Fatal(err)
	}
	r := reply{}
	if err := json.Unmarshal(data, &r.body); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEvents(t *testing.T) {
	s := newSetting(t)
	fork := s.repo.Fork("mallory")
	fork.Commit("main", githubtest.Files{"x": "x\n"})
	fromFork := s.repo.Pull(githubtest.PullOptions{Head: "main", From: fork})
	gone := s.repo.Fork("gone")
	gone.Commit("main", githubtest.Files{"y": "y\n"})
	fromGone := s.repo.Pull(githubtest.PullOptions{Head: "main", From: gone})
	gone.Delete()
	s.repo.Commit("dependabot/npm/x", githubtest.Files{"z": "z\n"}, "dependabot[bot]")
	dependabot := s.repo.Pull(githubtest.PullOptions{Head: "dependabot/npm/x", Login: "dependabot[bot]"})

	for name, c := range map[string]struct {
		event githubtest.Event
		env   map[string]string
		want  map[string]any // path in the payload → value
	}{
		"own branch": {s.pull.Event("opened"), map[string]string{
			"GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": s.pull.MergeSHA(), "GITHUB_REF": "refs/pull/1/merge", "GITHUB_REF_NAME": "1/merge",
			"GITHUB_HEAD_REF": "feature", "GITHUB_BASE_REF": "main", "GITHUB_ACTOR": "dev",
		}, map[string]any{"pull_request/head/sha": s.pull.HeadSHA(), "pull_request/head/repo/fork": false, "action": "opened"}},
		"fork": {fromFork.Event("synchronize"), map[string]string{"GITHUB_REF": "refs/pull/2/merge", "GITHUB_ACTOR": "mallory"}, map[string]any{
			"pull_request/head/repo/full_name": "mallory/shop", "pull_request/head/repo/fork": true, "after": fromFork.HeadSHA(),
			"pull_request/base/sha": s.repo.Tip("main"), "before": s.repo.Tip("main"),
		}},
		"deleted fork": {fromGone.Event("reopened"), nil, map[string]any{"pull_request/head/repo": nil, "pull_request/head/label": "gone:main"}},
		"Dependabot": {dependabot.Event("opened"), map[string]string{"GITHUB_ACTOR": "dependabot[bot]"}, map[string]any{
			"pull_request/user/type": "Bot", "pull_request/head/repo/fork": false,
		}},
		"merge queue": {s.pull.MergeGroupEvent(), map[string]string{
			"GITHUB_EVENT_NAME": "merge_group", "GITHUB_REF": "refs/heads/gh-readonly-queue/main/pr-1-" + s.repo.Tip("main"),
		}, map[string]any{"merge_group/base_sha": s.repo.Tip("main"), "pull_request": nil}},
		"push": {s.repo.PushEvent("feature"), map[string]string{"GITHUB_REF": "refs/heads/feature", "GITHUB_SHA": s.repo.Tip("feature")}, map[string]any{
			"before": s.repo.Tip("main"), "after": s.repo.Tip("feature"), "head_commit/id": s.repo.Tip("feature"),
		}},
		"schedule": {s.repo.ScheduleEvent("0 4 * * *"), map[string]string{"GITHUB_REF": "refs/heads/main"}, map[string]any{"schedule": "0 4 * * *"}},
		"by hand": {s.repo.DispatchEvent("feature", "dev"), map[string]string{"GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_SHA": s.repo.Tip("feature")},
			map[string]any{"inputs": nil}},
		"stage two": {fromFork.WorkflowRun("gate", "failure").Event(), map[string]string{
			"GITHUB_EVENT_NAME": "workflow_run", "GITHUB_SHA": s.repo.Tip("main"), "GITHUB_REF": "refs/heads/main",
		}, map[string]any{"workflow_run/head_sha": fromFork.HeadSHA(), "workflow_run/conclusion": "failure", "workflow_run/head_repository/full_name": "mallory/shop"}},
		"stage two of a deleted fork": {fromGone.WorkflowRun("gate", "success").Event(), nil, map[string]any{"workflow_run/head_repository": nil}},
	} {
		got := payload(t, c.event)
		for variable, value := range c.env {
			if c.event.Getenv(variable) != value {
				t.Errorf("%s: %s is %q, want %q", name, variable, c.event.Getenv(variable), value)
			}
		}
		for path, value := range c.want {
			if v := got.get(strings.Split(path, "/")...); v != value {
				t.Errorf("%s: %s is %v, want %v", name, path, v, value)
			}
		}
		if c.event.Env["GITHUB_API_URL"] != s.Cloud.API || got.get("repository", "full_name") != "acme/shop" || got.get("sender", "login") == nil {
			t.Errorf("%s: what all events have is missing", name)
		}
	}
	s.OnEnterprise()
	e := s.repo.ScheduleEvent("0 4 * * *")
	if e.Env["GITHUB_API_URL"] != s.Enterprise.API || e.Env["GITHUB_GRAPHQL_URL"] != s.Enterprise.GraphQL ||
		!strings.HasPrefix(payload(t, e).get("repository", "url").(string), s.Enterprise.API) {
		t.Errorf("on an Enterprise Server: %v", e.Env)
	}
	if !slices.Contains(e.With("GITHUB_TOKEN", "t").Environ(), "GITHUB_TOKEN=t") || e.Env["GITHUB_TOKEN"] != "" {
		t.Error("a variable that is added is not there, or there for others too")
	}
}

func TestCommitsHaveTheIDsOfGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	dir := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=dev", "-c", "user.email=dev@users.noreply.github.com"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_DATE=2026-11-22T08:00:00Z", "GIT_COMMITTER_DATE=2026-11-22T08:00:00Z")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	files := githubtest.Files{"a.txt": "a\n", "a/b.txt": "b\n", "a/c/d": "d", "a-b": "sorted before a/", "ab": "and this after", "link": "symlink:a.txt"}
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if to, ok := strings.CutPrefix(content, "symlink:"); ok {
			if err := os.Symlink(to, path); err != nil {
				t.Skip(err)
			}
		} else if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git("add", "-A")
	git("commit", "-q", "-m", "first")
	s := newSetting(t)
	local := s.Repository("acme/local")
	if got, want := local.Push(dir, "HEAD", "main"), git("rev-parse", "HEAD"); got != want || local.Tip("main") != want {
		t.Errorf("pushed %s, want %s", got, want)
	}
	if r := s.must(200, s.send(s.token, "GET", "/repos/acme/local/git/trees/main", nil)); r.get("sha") != git("rev-parse", "HEAD^{tree}") {
		t.Errorf("tree %v, want %s", r.get("sha"), git("rev-parse", "HEAD^{tree}"))
	}

	// And the other way: a commit that is made here is one that git can have.
	made := s.Repository("acme/made")
	sha := made.Commit("main", files, "dev")
	r := s.must(200, s.send(s.token, "GET", "/repos/acme/made/commits/"+sha, nil))
	if tree := r.get("commit", "tree", "sha"); tree != git("rev-parse", "HEAD^{tree}") {
		t.Errorf("tree %v, want %s", tree, git("rev-parse", "HEAD^{tree}"))
	}
	stamp := r.get("commit", "author", "date").(string)
	cmd := exec.Command("git", "-C", dir, "commit-tree", git("rev-parse", "HEAD^{tree}"), "-m", r.get("commit", "message").(string))
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=dev", "GIT_AUTHOR_EMAIL=dev@users.noreply.github.com",
		"GIT_COMMITTER_NAME=dev", "GIT_COMMITTER_EMAIL=dev@users.noreply.github.com", "GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(out)); got != sha {
		t.Errorf("git makes %s of it, here it is %s", got, sha)
	}
}
