package github

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

const (
	headSHA = "1111111111111111111111111111111111111111"
	baseSHA = "2222222222222222222222222222222222222222"
)

// environment is what a runner sets for a workflow of acme/shop, with more on top.
func environment(name string, more ...string) func(string) string {
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": "event.json", "GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_SHA": headSHA, "GITHUB_REF": "refs/pull/7/merge", "GITHUB_RUN_ID": "4711", "GITHUB_RUN_ATTEMPT": "2",
		"GITHUB_API_URL": "https://ghe.example/api/v3", "GITHUB_GRAPHQL_URL": "https://ghe.example/api/graphql",
		"GITHUB_SERVER_URL": "https://ghe.example", "GITHUB_STEP_SUMMARY": "summary.md", "GITHUB_OUTPUT": "output",
	}
	for i := 0; i < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return func(name string) string { return env[name] }
}

// holding is the payload as a file.
func holding(text string) func(string, int64) ([]byte, error) {
	return func(name string, most int64) ([]byte, error) {
		if name != "event.json" || int64(len(text)) > most {
			return nil, errors.New("not to be read")
		}
		return []byte(text), nil
	}
}

func pullPayload(headRepo string) string {
	return fmt.Sprintf(`{"action": "synchronize", "number": 7, "pull_request": {"number": 7, "user": {"login": "ana"}, "title": "::set-output name=a::b",
		"head": {"sha": %q, "ref": "fix", "repo": %s}, "base": {"sha": %q, "ref": "main", "repo": {"full_name": "acme/shop"}}}}`, headSHA, headRepo, baseSHA)
}

func TestAnEventSaysWhichCommitsAPullRequestIsAbout(t *testing.T) {
	for headRepo, want := range map[string]struct {
		repository string
		fork       bool
	}{
		`{"full_name": "acme/shop"}`: {"acme/shop", false},
		`{"full_name": "ana/shop"}`:  {"ana/shop", true},
		`null`:                       {"", true}, // deleted
	} {
		e, err := ReadEvent(environment("pull_request"), holding(pullPayload(headRepo)))
		if err != nil {
			t.Fatalf("%s: %v", headRepo, err)
		}
		p := e.Pull
		if p == nil || p.Number != 7 || p.Author != "ana" || p.Fork() != want.fork ||
			p.Head != (Side{headSHA, "fix", want.repository}) || p.Base != (Side{baseSHA, "main", "acme/shop"}) {
			t.Errorf("%s: %+v", headRepo, p)
		}
		if e.Run != 4711 || e.Attempt != 2 || e.API != "https://ghe.example/api/v3" || e.Action != "synchronize" || e.Output != "output" || !e.Actions {
			t.Errorf("%s: %+v", headRepo, e)
		}
	}
}

func TestAnEventSaysWhatTheMergeQueueTries(t *testing.T) {
	const text = `{"merge_group": {"head_sha": "` + headSHA + `", "head_ref": "refs/heads/gh-readonly-queue/main/pr-7-` + baseSHA + `",
		"base_sha": "` + baseSHA + `", "base_ref": "refs/heads/main"}}`
	e, err := ReadEvent(environment("merge_group"), holding(text))
	if err != nil {
		t.Fatal(err)
	}
	if m := e.MergeGroup; m == nil || m.Number() != 7 || m.Head.SHA != headSHA || m.Base.SHA != baseSHA || e.Pull != nil {
		t.Errorf("%+v", e)
	}
	if n := (&MergeGroup{Head: Side{Ref: "refs/heads/pr-7-of-mine"}}).Number(); n != 0 {
		t.Errorf("a branch of another name is number %d", n)
	}
}

func TestAnEventSaysWhichRunEnded(t *testing.T) {
	const text = `{"action": "completed", "workflow_run": {"id": 99, "run_attempt": 1, "event": "pull_request", "conclusion": "failure",
		"head_sha": "` + headSHA + `", "head_branch": "fix", "head_repository": {"full_name": "ana/shop"}, "pull_requests": []}}`
	e, err := ReadEvent(environment("workflow_run"), holding(text))
	if err != nil {
		t.Fatal(err)
	}
	if w := e.WorkflowRun; w == nil || w.ID != 99 || w.Event != "pull_request" || w.Head != (Side{headSHA, "fix", "ana/shop"}) {
		t.Errorf("%+v", e.WorkflowRun)
	}
}

func TestOutsideOfAWorkflowThereIsNoEvent(t *testing.T) {
	e, err := ReadEvent(func(string) string { return "" }, holding("{}"))
	if err != nil || e != (Event{}) {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestOtherEventsNeedNothingOfTheirPayload(t *testing.T) {
	for _, name := range []string{"schedule", "workflow_dispatch", "release", "issue_comment"} {
		// What is of another event is not taken for this one's.
		e, err := ReadEvent(environment(name), holding(pullPayload("null")))
		if err != nil || e.Name != name || e.Pull != nil {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestAnEventThatCannotBeIsRefused(t *testing.T) {
	good := pullPayload("null")
	for name, c := range map[string]struct {
		env  func(string) string
		text string
		want string
	}{
		"nothing":            {environment("pull_request"), "", "EOF"},
		"cut":                {environment("pull_request"), good[:90], "unexpected EOF"},
		"two documents":      {environment("pull_request"), good + "{}", "more than one"},
		"HTML":               {environment("pull_request"), "<html>", "invalid character"},
		"no pull request":    {environment("pull_request_target"), "{}", "no pull request"},
		"no merge group":     {environment("merge_group"), "{}", "no merge group"},
		"no run":             {environment("workflow_run"), "{}", "no workflow run"},
		"a flag as commit":   {environment("pull_request"), strings.Replace(good, headSHA, "--upload-pack=x", 1), "is no commit"},
		"a wrong type":       {environment("pull_request"), strings.Replace(good, `"number": 7, "user"`, `"number": "7", "user"`, 1), "cannot unmarshal"},
		"number 0":           {environment("pull_request"), strings.Replace(good, `"number": 7, "user"`, `"number": 0, "user"`, 1), "no number"},
		"another repository": {environment("pull_request", "GITHUB_REPOSITORY", "acme/other"), good, "the workflow of acme/other"},
		"a path":             {environment("push", "GITHUB_REPOSITORY", "../../x/y"), "{}", "is no owner/name"},
		"a host":             {environment("push", "GITHUB_API_URL", "https://token@evil.example/"), "{}", "GITHUB_API_URL"},
		"a file as API":      {environment("push", "GITHUB_API_URL", "file:///etc/passwd"), "{}", "GITHUB_API_URL"},
		"no run id":          {environment("push", "GITHUB_RUN_ID", "x"), "{}", "invalid syntax"},
		"too long":           {environment("push"), strings.Repeat(" ", mostOfAPayload+1), "not to be read"},
		"deep":               {environment("push"), strings.Repeat(`{"a":`, 20_000), "depth"},
	} {
		if e, err := ReadEvent(c.env, holding(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func FuzzReadEvent(f *testing.F) {
	for _, name := range []string{"pull_request", "merge_group", "workflow_run", "push"} {
		f.Add(name, pullPayload("null"))
		f.Add(name, `{"before": "`+baseSHA+`", "merge_group": {"head_sha": "`+headSHA+`"}, "workflow_run": {"id": 1}}`)
	}
	f.Fuzz(func(t *testing.T, name, text string) {
		e, err := ReadEvent(environment(name), holding(text))
		if err != nil {
			return
		}
		for _, side := range e.sides() {
			if !commitID.MatchString(side.SHA) || side.Repository != "" && !repositoryName.MatchString(side.Repository) {
				t.Errorf("%+v", side)
			}
		}
	})
}
