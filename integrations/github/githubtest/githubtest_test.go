package githubtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

// A setting is a GitHub with one repository and one pull request from a branch of it.
type setting struct {
	*githubtest.GitHub
	t          *testing.T
	repo       *githubtest.Repository
	pull       *githubtest.PullRequest
	token      string
	violations []string
}

const readme = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"

var all = []string{
	"issues: write", "pull-requests: write", "checks: write", "security-events: write", "contents: read", "actions: read",
}

func newSetting(t *testing.T) *setting {
	t.Helper()
	s := &setting{t: t}
	s.GitHub = githubtest.New(t, githubtest.Options{Violation: func(v string) { s.violations = append(s.violations, v) }})
	s.repo = s.Repository("acme/shop")
	s.repo.Commit("main", githubtest.Files{"README": readme, "old.txt": "old\n", "same.bin": "\x00\x01"})
	s.repo.Commit("feature", githubtest.Files{"README": strings.Replace(readme, "6\n", "six\n6.5\n", 1), "new.go": "package shop\n", "old.txt": githubtest.Without})
	s.pull = s.repo.Pull(githubtest.PullOptions{Head: "feature", Login: "dev"})
	s.token = s.repo.Actions(all...)
	return s
}

// A reply is an answer; body is JSON as it decodes, or a string if it is none.
type reply struct {
	status int
	header http.Header
	body   any
}

func (r reply) get(path ...string) any {
	at := r.body
	for _, p := range path {
		o, _ := at.(map[string]any)
		at = o[p]
	}
	return at
}

func (r reply) String() string { return fmt.Sprintf("%d %v", r.status, r.body) }

// send sends a request to the API of github.com, or of the Enterprise Server if the path starts with its own.
func (s *setting) send(token, method, path string, body any) reply {
	s.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	if raw, ok := body.(string); ok {
		content = []byte(raw)
	}
	req, err := http.NewRequest(method, s.Cloud.API+path, bytes.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	if body == nil {
		req.Body, req.ContentLength = nil, 0
	} else {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return reply{body: err.Error()}
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{body: err.Error()}
	}
	r := reply{status: res.StatusCode, header: res.Header, body: string(got)}
	if json.Unmarshal(got, &r.body) != nil {
		r.body = string(got)
	}
	return r
}

func (s *setting) must(status int, r reply) reply {
	s.t.Helper()
	if r.status != status {
		s.t.Fatalf("got %v, want %d", r, status)
	}
	return r
}

// clean fails the test if something did not fit the published API.
func (s *setting) clean() {
	s.t.Helper()
	for _, v := range s.violations {
		s.t.Errorf("violation: %s", v)
	}
	s.violations = nil
}

const (
	comments = "/repos/acme/shop/issues/1/comments"
	pull     = "/repos/acme/shop/pulls/1"
)

type m = map[string]any

// The program under test has no business with what the description of the API does not allow: the twin says so by itself.
func TestRequestsAreHeldAgainstTheDescription(t *testing.T) {
	if !githubtest.Described() {
		t.Skip("the published API descriptions are not here: set HEADGATE_CORPUS to the folder that has them")
	}
	for _, api := range []string{"", "/api/v3"} {
		s := newSetting(t)
		s.send(s.token, "POST", api+comments, m{"body": 12})
		if len(s.violations) != 1 || !strings.Contains(s.violations[0], "request POST "+comments) {
			t.Errorf("%q: a number for a text: violations %q", api, s.violations)
		}
		s.violations = nil
		s.send(s.token, "GET", api+"/repos/acme/shop/nothing/of/this/kind", nil)
		if len(s.violations) != 1 {
			t.Errorf("%q: an operation that is not there: violations %q", api, s.violations)
		}
	}
}

func TestCommentsAreKept(t *testing.T) {
	for _, api := range []string{"", "/api/v3"} {
		s := newSetting(t)
		made := s.must(201, s.send(s.token, "POST", api+comments, m{"body": "**hello**"}))
		if made.get("user", "login") != "github-actions[bot]" || made.get("user", "type") != "Bot" {
			t.Errorf("written by %v", made.get("user"))
		}
		self, _ := strings.CutPrefix(made.get("url").(string), s.Cloud.API)
		if !strings.HasPrefix(self, api+"/repos/") {
			t.Errorf("the address %s is not below %q", self, api)
		}
		s.must(200, s.send(s.token, "PATCH", self, m{"body": "bye"}))
		if got := s.must(200, s.send(s.token, "GET", self, nil)); got.get("body") != "bye" || got.get("created_at") == got.get("updated_at") {
			t.Errorf("got %v", got)
		}
		if got := s.must(200, s.send(s.token, "GET", api+comments, nil)); len(got.body.([]any)) != 1 {
			t.Errorf("got %v", got)
		}
		s.must(204, s.send(s.token, "DELETE", self, nil))
		s.must(404, s.send(s.token, "GET", self, nil))
		if left := s.pull.Comments(); len(left) != 0 {
			t.Errorf("left: %v", left)
		}
		s.clean()
	}
}

func TestCommentLimits(t *testing.T) {
	s := newSetting(t)
	s.must(201, s.send(s.token, "POST", comments, m{"body": strings.Repeat("é", 65536)}))
	long := s.must(422, s.send(s.token, "POST", comments, m{"body": strings.Repeat("e", 65537)}))
	if !strings.Contains(long.String(), "Body is too long (maximum is 65536 characters)") {
		t.Errorf("got %v", long)
	}
	s.must(422, s.send(s.token, "POST", comments, m{"body": " \n"}))
	s.must(400, s.send(s.token, "POST", comments, `{"body": "x"`))
	s.must(404, s.send(s.token, "POST", "/repos/acme/shop/issues/2/comments", m{"body": "x"}))
	if n := len(s.pull.Comments()); n != 1 {
		t.Errorf("%d comments", n)
	}
}

func TestTokens(t *testing.T) {
	s := newSetting(t)
	readOnly := s.repo.Actions("contents: read", "pull-requests: read", "issues: read")
	elsewhere := s.Repository("acme/other").Actions(all...)
	stranger := s.Token(githubtest.Token{Login: "stranger"})
	fine := s.Token(githubtest.Token{Login: "acme", Permissions: map[string]string{"pull_requests": "read"}})

	s.must(401, s.send("ghs_unknown", "GET", comments, nil))
	s.must(401, s.send("", "POST", comments, m{"body": "x"}))
	s.must(200, s.send("", "GET", comments, nil))
	s.must(200, s.send(readOnly, "GET", comments, nil))
	denied := s.must(403, s.send(readOnly, "POST", comments, m{"body": "x"}))
	if denied.get("message") != "Resource not accessible by integration" || denied.header.Get("X-Accepted-Github-Permissions") != "issues=write; pull_requests=write" {
		t.Errorf("got %v, %v", denied, denied.header)
	}
	s.must(403, s.send(elsewhere, "POST", comments, m{"body": "x"}))
	s.must(403, s.send(s.token, "GET", "/user", nil))
	s.must(201, s.send(stranger, "POST", comments, m{"body": "anyone may comment"}))
	if got := s.must(200, s.send(stranger, "GET", "/user", nil)); got.get("login") != "stranger" {
		t.Errorf("got %v", got)
	}
	s.must(201, s.send(fine, "POST", comments, m{"body": "x"}))

	fork := s.repo.Fork("mallory")
	fork.Commit("patch", githubtest.Files{"x": "x\n"})
	fromFork := s.repo.Pull(githubtest.PullOptions{Head: "patch", From: fork})
	byDependabot := s.repo.Pull(githubtest.PullOptions{Head: "feature", Login: "dependabot[bot]"})
	s.must(201, s.send(s.pull.Actions(all...), "POST", comments, m{"body": "x"}))
	s.must(403, s.send(fromFork.Actions(all...), "POST", comments, m{"body": "x"}))
	s.must(403, s.send(byDependabot.Actions(all...), "POST", comments, m{"body": "x"}))

	// A stranger cannot touch what others wrote; an app that may write can.
	ours := s.pull.Comment("github-actions[bot]", "ours")
	s.must(403, s.send(stranger, "PATCH", fmt.Sprintf("/repos/acme/shop/issues/comments/%d", ours), m{"body": "forged"}))
	s.must(403, s.send(stranger, "DELETE", fmt.Sprintf("/repos/acme/shop/issues/comments/%d", ours), nil))
	theirs := s.pull.Comment("stranger", "theirs")
	s.must(200, s.send(s.token, "PATCH", fmt.Sprintf("/repos/acme/shop/issues/comments/%d", theirs), m{"body": "edited"}))

	s.repo.Private()
	s.must(404, s.send("", "GET", comments, nil))
	s.must(404, s.send(stranger, "GET", comments, nil))
	s.must(404, s.send(elsewhere, "GET", comments, nil))
	s.must(403, s.send(s.repo.Actions("contents: read"), "GET", comments, nil))
	s.repo.Collaborator("stranger", "read")
	s.must(200, s.send(stranger, "GET", comments, nil))
}

func TestPages(t *testing.T) {
	s := newSetting(t)
	for i := range 205 {
		s.pull.Comment("dev", fmt.Sprint(i))
	}
	r := s.must(200, s.send(s.token, "GET", "/api/v3"+comments+"?per_page=500", nil))
	if n := len(r.body.([]any)); n != 100 {
		t.Errorf("a page of %d", n)
	}
	link := r.header.Get("Link")
	if !strings.Contains(link, `page=2&per_page=500>; rel="next"`) || !strings.Contains(link, `page=3&per_page=500>; rel="last"`) ||
		!strings.Contains(link, "<"+s.Enterprise.API+comments) {
		t.Errorf("links: %s", link)
	}
	r = s.must(200, s.send(s.token, "GET", comments+"?per_page=100&page=3", nil))
	if n, link := len(r.body.([]any)), r.header.Get("Link"); n != 5 || strings.Contains(link, `"next"`) || !strings.Contains(link, `"first"`) {
		t.Errorf("the last page has %d, links: %s", n, link)
	}
	if r = s.must(200, s.send(s.token, "GET", comments, nil)); len(r.body.([]any)) != 30 {
		t.Errorf("by default a page of %d", len(r.body.([]any)))
	}
	if r = s.must(200, s.send(s.token, "GET", comments+"?page=99", nil)); len(r.body.([]any)) != 0 {
		t.Errorf("past the end: %v", r)
	}
}

func TestPullRequestsAndTheirFiles(t *testing.T) {
	s := newSetting(t)
	p := s.must(200, s.send(s.token, "GET", pull, nil))
	if p.get("head", "sha") != s.pull.HeadSHA() || p.get("base", "sha") != s.pull.BaseSHA() || p.get("changed_files") != 3.0 || p.get("state") != "open" {
		t.Errorf("got %v", p)
	}
	files := s.must(200, s.send(s.token, "GET", pull+"/files", nil)).body.([]any)
	var got []string
	for _, f := range files {
		got = append(got, fmt.Sprint(f.(m)["status"], " ", f.(m)["filename"], " ", f.(m)["additions"], " ", f.(m)["deletions"]))
	}
	if want := "modified README 2 1, added new.go 1 0, removed old.txt 0 1"; strings.Join(got, ", ") != want {
		t.Errorf("files: %s, want %s", strings.Join(got, ", "), want)
	}
	if patch := files[0].(m)["patch"]; patch != "@@ -3,7 +3,8 @@\n 3\n 4\n 5\n-6\n+six\n+6.5\n 7\n 8\n 9" {
		t.Errorf("patch: %q", patch)
	}

	fork := s.repo.Fork("mallory")
	fork.Commit("main", githubtest.Files{"evil.sh": "#!/bin/sh\n", "same.bin": "\x00\x02"})
	from := s.repo.Pull(githubtest.PullOptions{Head: "main", From: fork})
	p = s.must(200, s.send(s.token, "GET", "/repos/acme/shop/pulls/2", nil))
	if p.get("head", "repo", "fork") != true || p.get("head", "label") != "mallory:main" || p.get("head", "sha") != from.HeadSHA() {
		t.Errorf("from a fork: %v", p.get("head"))
	}
	files = s.must(200, s.send(s.token, "GET", "/repos/acme/shop/pulls/2/files", nil)).body.([]any)
	if files[1].(m)["filename"] != "same.bin" || files[1].(m)["patch"] != nil {
		t.Errorf("what is not text has no patch: %v", files[1])
	}
	pullsOf := func(repo, sha string) []any {
		t.Helper()
		var numbers []any
		for _, p := range s.must(200, s.send(s.token, "GET", "/repos/"+repo+"/commits/"+sha+"/pulls", nil)).body.([]any) {
			numbers = append(numbers, p.(m)["number"])
		}
		return numbers
	}
	if got := pullsOf("acme/shop", s.pull.HeadSHA()); !slices.Equal(got, []any{1.0}) {
		t.Errorf("pull requests of a commit: %v", got)
	}
	if got := pullsOf("acme/shop", from.HeadSHA()); len(got) != 0 {
		t.Errorf("the repository knows of the commit of a fork: %v", got)
	}
	if got := pullsOf("mallory/shop", from.HeadSHA()); len(got) != 0 {
		t.Errorf("open pull requests of a commit in the default branch of a fork: %v", got)
	}
	fork.Commit("patch", githubtest.Files{"patch": "x\n"})
	patch := s.repo.Pull(githubtest.PullOptions{Head: "patch", From: fork})
	if got := pullsOf("mallory/shop", patch.HeadSHA()); !slices.Equal(got, []any{3.0}) {
		t.Errorf("pull requests of a commit of a fork: %v", got)
	}
	if got := pullsOf("acme/shop", s.repo.Tip("main")); len(got) != 0 {
		t.Errorf("pull requests of the base: %v", got)
	}
	byHead := s.must(200, s.send(s.token, "GET", "/repos/acme/shop/pulls?head=mallory:main", nil)).body.([]any)
	if len(byHead) != 1 || byHead[0].(m)["number"] != 2.0 {
		t.Errorf("pull requests by head: %v", byHead)
	}
	s.clean()
	fork.Delete()
	if p = s.must(200, s.send(s.token, "GET", "/repos/acme/shop/pulls/2", nil)); p.get("head", "repo") != nil || p.get("head", "label") != "mallory:main" {
		t.Errorf("from a deleted fork: %v", p.get("head"))
	}
	s.clean()
	from.Close()
	if p = s.must(200, s.send(s.token, "GET", pull, nil)); p.get("state") != "open" {
		t.Errorf("got %v", p)
	}
	s.repo.Commit("feature", githubtest.Files{"more.go": "package shop\n"})
	if p = s.must(200, s.send(s.token, "GET", pull, nil)); p.get("head", "sha") != s.repo.Tip("feature") || p.get("commits") != 2.0 {
		t.Errorf("after a push: %v", p)
	}
	s.pull.Merge()
	if p = s.must(200, s.send(s.token, "GET", pull, nil)); p.get("merged") != true || p.get("state") != "closed" {
		t.Errorf("merged: %v", p)
	}
	if got := pullsOf("acme/shop", s.pull.HeadSHA()); !slices.Equal(got, []any{1.0}) {
		t.Errorf("pull requests that brought a commit: %v", got)
	}
	s.clean()
}

func TestNoMoreThan3000FilesAreListed(t *testing.T) {
	s := newSetting(t)
	files := githubtest.Files{}
	for i := range 3005 {
		files[fmt.Sprintf("f/%04d", i)] = "x\n"
	}
	s.repo.Commit("big", files)
	s.repo.Pull(githubtest.PullOptions{Head: "big"})
	n := 0
	for page := 1; page <= 32; page++ {
		n += len(s.must(200, s.send(s.token, "GET", fmt.Sprintf("/repos/acme/shop/pulls/2/files?per_page=100&page=%d", page), nil)).body.([]any))
	}
	if n != 3000 {
		t.Errorf("%d files", n)
	}
	if p := s.send(s.token, "GET", "/repos/acme/shop/pulls/2", nil); p.get("changed_files") != 3005.0 {
		t.Errorf("changed files: %v", p.get("changed_files"))
	}
}

func TestRenamedRepositoryRedirects(t *testing.T) {
	s := newSetting(t)
	s.repo.Rename("store")
	r := s.must(301, s.send(s.token, "GET", comments+"?per_page=1", nil))
	to, _ := strings.CutPrefix(r.header.Get("Location"), s.Cloud.API)
	if to != fmt.Sprintf("/repositories/%d/issues/1/comments?per_page=1", s.repo.ID()) {
		t.Errorf("to %s", to)
	}
	s.must(200, s.send(s.repo.Actions(all...), "GET", to, nil))
	s.must(307, s.send(s.token, "POST", comments, m{"body": "x"}))
	if len(s.pull.Comments()) != 0 {
		t.Error("a redirected write was carried out")
	}
}
