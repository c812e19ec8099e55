package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

// A scene is a repository on a GitHub in memory, with one pull request.
type scene struct {
	*githubtest.GitHub
	t     testing.TB
	repo  *githubtest.Repository
	pull  *githubtest.PullRequest
	token string
	clock *clock
}

const me = "github-actions[bot]"

// twelve is a file of as many lines.
const twelve = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"

// newScene opens a pull request that changes line 6 of code.go into two. The token may do what is listed; nothing listed is all that a
// workflow that only speaks may.
func newScene(t testing.TB, permissions ...string) *scene {
	t.Helper()
	s := &scene{t: t, GitHub: githubtest.New(t, githubtest.Options{}), clock: &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}}
	s.repo = s.Repository("acme/shop")
	s.repo.Commit("main", githubtest.Files{"code.go": twelve, "gone.go": "x\n"})
	s.repo.Commit("fix", githubtest.Files{"code.go": strings.Replace(twelve, "6\n", "six\n6.5\n", 1), "gone.go": githubtest.Without, "new.go": "package shop\n"})
	s.pull = s.repo.Pull(githubtest.PullOptions{Head: "fix", Login: "ana"})
	if len(permissions) == 0 {
		permissions = []string{"contents: read", "pull-requests: write", "checks: write", "security-events: write"}
	}
	s.token = s.repo.Actions(permissions...)
	return s
}

// client is a run of the program: its own connections, its own memory.
func (s *scene) client(base ...http.RoundTripper) *Client {
	s.t.Helper()
	o := Options{API: s.Cloud.API, GraphQL: s.Cloud.GraphQL, Server: s.Cloud.Server, Repository: "acme/shop", Token: s.token, Clock: s.clock}
	if len(base) > 0 {
		o.Base = base[0]
	}
	c, err := New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// comment is what run n has to say about the head.
func (s *scene) comment(n int64, text string) Comment {
	head := s.pull.HeadSHA()
	return Comment{
		Pull: s.pull.Number(), Key: "gate", Run: Run{Head: head, ID: n, Attempt: 1}, Now: head, Text: Text{Body: text, Digest: text},
		Compact: func() Text { return Text{Body: "short", Digest: text} },
	}
}

// ours are the comments of the token, without their marks.
func (s *scene) ours() []string {
	var all []string
	for _, m := range s.pull.Comments() {
		if _, text, ok := strings.Cut(m.Body, " -->\n"); ok && m.Login == me {
			all = append(all, text)
		}
	}
	return all
}

// wants fails the test unless the texts are these.
func (s *scene) wants(texts ...string) {
	s.t.Helper()
	if have := s.ours(); fmt.Sprint(have) != fmt.Sprint(texts) {
		s.t.Errorf("there are the comments %q, wanted %q", have, texts)
	}
}

// did fails the test unless an effect came to this.
func did(t testing.TB, e engine.Effect, want string) {
	t.Helper()
	if e.Did != want {
		t.Errorf("%s is %s (%s), wanted %s", e.Kind, e.Did, e.Why, want)
	}
}

// A clock moves when somebody sleeps, and no time passes.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}
