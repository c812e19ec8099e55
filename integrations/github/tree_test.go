package github_test

import (
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine/tree"
	"github.com/headgate/headgate/integrations/github"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

func readerOf(t *testing.T, g *githubtest.GitHub, r *githubtest.Repository, permissions ...string) *github.Client {
	t.Helper()
	c, err := github.New(github.Options{API: g.Cloud.API, GraphQL: g.Cloud.GraphQL, Server: g.Cloud.Server, Repository: r.FullName(), Token: r.Actions(permissions...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTheTreeOfACommitOverTheAPIIsItsFiles(t *testing.T) {
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	commit := r.Commit("main", githubtest.Files{".headgate/headgate.yaml": "repository: acme/shop\n", "a/b/c.txt": "c", "d/b/c.txt": "c", "to-c": "symlink:a/b/c.txt", "out": "symlink:../x"})
	r.Commit("main", githubtest.Files{".headgate/headgate.yaml": "packs: []\n"})
	files, err := readerOf(t, g, r, "contents: read").Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{".headgate/headgate.yaml": "repository: acme/shop\n", "to-c": "c", "d/b/c.txt": "c"} {
		if text, err := files.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := files.ReadFile("out"); !errors.Is(err, tree.ErrLeadsOut) {
		t.Errorf("out: %v", err)
	}
	if _, err := files.Stat("none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("none: %v", err)
	}
	sub, err := fs.Sub(files, "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := fstest.TestFS(sub, "b/c.txt"); err != nil {
		t.Error(err)
	}
	trees := 0
	for _, q := range g.Requests() {
		if strings.Contains(q.Path, "/git/trees/") {
			trees++
		}
	}
	if trees != 1 {
		t.Errorf("%d requests for folders", trees)
	}
}

func TestATreeThatCannotBeHadOverTheAPIIsAnError(t *testing.T) {
	g := githubtest.New(t, githubtest.Options{})
	r := g.Repository("acme/shop")
	commit := r.Commit("main", githubtest.Files{"a": "a"})
	if _, err := readerOf(t, g, r, "contents: read").Tree(t.Context(), strings.Repeat("1", 40)); err == nil {
		t.Error("a commit that is not there has files")
	}
	if _, err := readerOf(t, g, r, "contents: read").Tree(t.Context(), "main"); err == nil {
		t.Error("a branch is taken for a commit")
	}
	private := g.Repository("acme/secret").Private()
	hidden := private.Commit("main", githubtest.Files{"a": "a"})
	if _, err := readerOf(t, g, private, "issues: read").Tree(t.Context(), hidden); err == nil {
		t.Error("a token without permission reads")
	}
	other := sending(func(q *http.Request) (*http.Response, error) {
		answer, err := http.DefaultTransport.RoundTrip(q)
		if err == nil && strings.Contains(q.URL.Path, "/git/blobs/") {
			q.URL.Path = q.URL.Path[:strings.LastIndexByte(q.URL.Path, '/')+1] + otherBlob
			return http.DefaultTransport.RoundTrip(q)
		}
		return answer, err
	})
	r.Commit("main", githubtest.Files{"b": "b"})
	c, err := github.New(github.Options{API: g.Cloud.API, GraphQL: g.Cloud.GraphQL, Server: g.Cloud.Server, Repository: r.FullName(), Token: r.Actions("contents: read"), Base: other})
	if err != nil {
		t.Fatal(err)
	}
	files, err := c.Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := files.ReadFile("a"); err == nil {
		t.Errorf("another file is read for it: %q", text)
	}
}

// otherBlob is git's id of a file that reads "b".
const otherBlob = "63d8dbd40c23542e740659a7168a0ce3138ea748"

type sending func(*http.Request) (*http.Response, error)

func (s sending) RoundTrip(q *http.Request) (*http.Response, error) { return s(q) }
