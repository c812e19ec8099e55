package githubtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/integrations/github/githubtest"
	"github.com/headgate/headgate/integrations/transport"
)

// A clock that passes at once.
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

// client is the library on the transport, as the program uses them. Its clock is that of the twin.
func (s *setting) client(api string) (*github.Client, *transport.Transport) {
	s.t.Helper()
	tr, err := transport.New(transport.Options{
		Authorization: map[string]string{api: "Bearer " + s.token}, Clock: &clock{now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	c := github.NewClient(tr.Client())
	if c.BaseURL, err = url.Parse(api + "/"); err != nil {
		s.t.Fatal(err)
	}
	return c, tr
}

func TestLibraryFindsTheGitHubItKnows(t *testing.T) {
	for _, enterprise := range []bool{false, true} {
		s := newSetting(t)
		api := s.Cloud.API
		if enterprise {
			api = s.Enterprise.API
		}
		c, tr := s.client(api)
		ctx := context.Background()
		p, _, err := c.PullRequests.Get(ctx, "acme", "shop", 1)
		if err != nil || p.GetHead().GetSHA() != s.pull.HeadSHA() {
			t.Fatalf("pull request: %v, %v", p, err)
		}
		if _, _, err := c.PullRequests.CreateReview(ctx, "acme", "shop", 1, &github.PullRequestReviewRequest{
			CommitID: p.GetHead().SHA, Event: github.String("COMMENT"),
			Comments: []*github.DraftReviewComment{{Path: github.String("README"), Line: github.Int(6), Side: github.String("RIGHT"), Body: github.String("x")}},
		}); err != nil {
			t.Errorf("review: %v", err)
		}
		for range 3 {
			if _, _, err := c.Issues.CreateComment(ctx, "acme", "shop", 1, &github.IssueComment{Body: github.String("x")}); err != nil {
				t.Errorf("comment: %v", err)
			}
		}
		n := 0
		for o := (&github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 2}}); ; {
			some, res, err := c.Issues.ListComments(ctx, "acme", "shop", 1, o)
			if err != nil {
				t.Fatal(err)
			}
			n += len(some)
			if res.NextPage == 0 {
				break
			}
			o.Page = res.NextPage
		}
		if n != 3 {
			t.Errorf("%d comments by pages", n)
		}
		run, _, err := c.Checks.CreateCheckRun(ctx, "acme", "shop", github.CreateCheckRunOptions{
			Name: "headgate", HeadSHA: p.GetHead().GetSHA(), Conclusion: github.String("neutral"),
			Output: &github.CheckRunOutput{Title: github.String("t"), Summary: github.String("s")},
		})
		if err != nil || run.GetStatus() != "completed" {
			t.Errorf("check run: %v, %v", run, err)
		}
		if _, _, err := c.CodeScanning.UploadSarif(ctx, "acme", "shop", &github.SarifAnalysis{
			CommitSHA: p.GetHead().SHA, Ref: github.String("refs/pull/1/head"), Sarif: github.String(packed(t, strings.ReplaceAll(sarifFile, "%s", ""))),
		}); err != nil {
			t.Errorf("SARIF: %v", err)
		}
		content, _, _, err := c.Repositories.GetContents(ctx, "acme", "shop", "README", &github.RepositoryContentGetOptions{Ref: "main"})
		if err != nil {
			t.Fatalf("contents: %v", err)
		}
		if text, err := content.GetContent(); err != nil || text != readme {
			t.Errorf("contents: %q, %v", text, err)
		}

		zipped := githubtest.Zip(map[string]string{"result.json": "{}"})
		id := s.pull.WorkflowRun("gate", "success").Upload("headgate", zipped)
		req, err := c.NewRequest("GET", "repos/acme/shop/actions/artifacts/"+github.Stringify(id)+"/zip", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := c.BareDo(ctx, req)
		if err != nil {
			t.Fatalf("artifact: %v", err)
		}
		if got, err := io.ReadAll(res.Body); err != nil || !bytes.Equal(got, zipped) {
			t.Errorf("artifact: %q, %v", got, err)
		}
		s.clean() // also: no token at the storage
		if got, want := tr.Counts().Requests, len(s.Requests())+1; got != want {
			t.Errorf("%d requests counted, %d came in", got, want)
		}
	}
}

func TestLibraryRidesOutFaults(t *testing.T) {
	s := newSetting(t)
	c, tr := s.client(s.Cloud.API)
	ctx := context.Background()
	comment := &github.IssueComment{Body: github.String("once")}

	s.Fail("POST */comments", githubtest.Secondary(403, 0), githubtest.Secondary(429, 5))
	if _, _, err := c.Issues.CreateComment(ctx, "acme", "shop", 1, comment); err != nil || tr.Counts().Waited != 65*time.Second {
		t.Errorf("limits: %v after %v", err, tr.Counts().Waited)
	}
	s.Fail("GET */comments", githubtest.Closed(), githubtest.HTML(502), githubtest.Truncated())
	if all, _, err := c.Issues.ListComments(ctx, "acme", "shop", 1, nil); err != nil || len(all) != 1 {
		t.Errorf("faults of a read: %v, %v", all, err)
	}
	for _, f := range []githubtest.Fault{githubtest.Closed().After(), githubtest.Truncated(), githubtest.HTML(502).After()} {
		before := len(s.pull.Comments())
		s.Fail("POST */comments", f)
		_, _, err := c.Issues.CreateComment(ctx, "acme", "shop", 1, comment)
		if !errors.As(err, new(*transport.Lost)) || len(s.pull.Comments()) != before+1 {
			t.Errorf("a create without an answer: %v, %d comments", err, len(s.pull.Comments())-before)
		}
	}
	s.Remaining(0)
	_, _, err := c.Issues.ListComments(ctx, "acme", "shop", 1, nil)
	if limited := (*transport.Limited)(nil); !errors.As(err, &limited) || limited.Until.Minute() != 0 {
		t.Errorf("the primary limit: %v", err)
	}
	s.must(http.StatusForbidden, s.send(s.token, "GET", comments, nil))
}
