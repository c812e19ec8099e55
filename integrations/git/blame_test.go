package git_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/git"
)

// A repo is a real repository in which several people commit.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	r := &repo{t, t.TempDir()}
	r.git("", "init", "-q", "-b", "main", ".")
	return r
}

func (r *repo) git(who string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "HOME="+r.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=x", "GIT_COMMITTER_NAME=x",
		"GIT_AUTHOR_EMAIL="+who, "GIT_COMMITTER_EMAIL="+who)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) write(text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, "a file.yaml"), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) commit(who, text string, args ...string) string {
	r.t.Helper()
	r.write(text)
	r.git(who, "add", ".")
	r.git(who, append([]string{"commit", "-q", "-m", "x"}, args...)...)
	return r.git(who, "rev-parse", "HEAD")
}

func TestHistoryNamesWhoWroteEachLine(t *testing.T) {
	r := newRepo(t)
	first := r.commit("dev@example.com", "one\ntwo\n")
	second := r.commit("ana@example.com", "one\nTWO\n", "--trailer", "Approved-by: Bo <bo@example.com>", "--trailer", "Reviewed-by: cy@example.com")
	r.write("one\nTWO\nthree\n")
	h, err := git.History(t.Context(), r.dir, "a file.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(h.Lines, []string{first, second, ""}) || h.Head != second || len(h.Cut) != 0 {
		t.Errorf("have %+v", h)
	}
	if c := h.Commits[second]; c.Author != "ana@example.com" || !slices.Equal(c.Parents, []string{first}) || !slices.Equal(c.Approvals, []string{"bo@example.com", "cy@example.com"}) {
		t.Errorf("the second is %+v", c)
	}
	if c := h.Commits[first]; c.Author != "dev@example.com" || len(c.Parents) != 0 || len(c.Approvals) != 0 {
		t.Errorf("the first is %+v", c)
	}
	if h, err = git.History(t.Context(), r.dir, "a file.yaml", first); err != nil || !slices.Equal(h.Lines, []string{first, first}) {
		t.Errorf("at the first: %+v, %v", h, err)
	}
}

func TestHistoryHasTheMergeThatBroughtALine(t *testing.T) {
	r := newRepo(t)
	r.commit("ana@example.com", "one\n")
	r.git("dev@example.com", "checkout", "-q", "-b", "side")
	side := r.commit("dev@example.com", "one\ntwo\n")
	r.git("ana@example.com", "checkout", "-q", "main")
	r.git("ana@example.com", "merge", "-q", "--no-ff", "-m", "merge", "side")
	h, err := git.History(t.Context(), r.dir, "a file.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	if h.Lines[1] != side || len(h.Commits[h.Head].Parents) != 2 || h.Commits[h.Head].Author != "ana@example.com" {
		t.Errorf("have %+v", h)
	}
}

// What people may set up to be passed over or read differently must not change who wrote a line.
func TestHistoryIsWhatWasCommittedWhateverIsSetUp(t *testing.T) {
	r := newRepo(t)
	first := r.commit("dev@example.com", "one\n")
	second := r.commit("eve@example.com", "one more\n")
	if err := os.WriteFile(filepath.Join(r.dir, ".mailmap"), []byte("Ana <ana@example.com> <eve@example.com>\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "ignored"), []byte(second+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	r.git("", "config", "blame.ignoreRevsFile", filepath.Join(r.dir, "ignored"))
	r.git("", "replace", second, first)
	h, err := git.History(t.Context(), r.dir, "a file.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	if h.Lines[0] != second || h.Commits[second].Author != "eve@example.com" {
		t.Errorf("have %+v", h)
	}
}

func TestAShallowCloneSaysWhereItIsCut(t *testing.T) {
	r := newRepo(t)
	r.commit("dev@example.com", "one\n")
	second := r.commit("ana@example.com", "one\ntwo\n")
	shallow := filepath.Join(t.TempDir(), "clone")
	r.git("", "clone", "-q", "--depth", "1", "file://"+r.dir, shallow)
	r.git("", "-C", shallow, "remote", "set-url", "origin", filepath.Join(t.TempDir(), "nowhere"))
	h, err := git.History(t.Context(), shallow, "a file.yaml", "")
	if err != nil || !slices.Contains(h.Cut, second) {
		t.Errorf("have %+v, %v", h, err)
	}
}

// A checkout in CI has one commit. What a waiver needs to be proven is fetched.
func TestAShallowCloneFetchesWhoWroteTheLines(t *testing.T) {
	r := newRepo(t)
	first := r.commit("dev@example.com", "one\n")
	second := r.commit("ana@example.com", "one\ntwo\n")
	shallow := filepath.Join(t.TempDir(), "clone")
	r.git("", "clone", "-q", "--depth", "1", "file://"+r.dir, shallow)
	h, err := git.History(t.Context(), shallow, "a file.yaml", "")
	if err != nil || len(h.Cut) > 0 || !slices.Equal(h.Lines, []string{first, second}) || h.Commits[first].Author != "dev@example.com" {
		t.Errorf("have %+v, %v", h, err)
	}
}

func TestWhatGitDoesNotKnowIsAnError(t *testing.T) {
	r := newRepo(t)
	r.write("one\n")
	if _, err := git.History(t.Context(), r.dir, "a file.yaml", ""); err == nil {
		t.Error("a repository without commits has a history")
	}
	r.git("dev@example.com", "commit", "-q", "--allow-empty", "-m", "x")
	if _, err := git.History(t.Context(), r.dir, "a file.yaml", ""); err == nil {
		t.Error("a file that is not committed has a history")
	}
	if _, err := git.History(t.Context(), r.dir, "a file.yaml", "--output=x"); err == nil {
		t.Error("an option is a commit")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := git.History(ctx, r.dir, "a file.yaml", ""); err == nil {
		t.Error("git answers after the end")
	}
}

func TestTheTextOfAHistoryIsThatOfTheCommit(t *testing.T) {
	r := newRepo(t)
	first := r.commit("dev@example.com", "one\n")
	second := r.commit("dev@example.com", "two\n")
	h, err := git.History(t.Context(), r.dir, "a file.yaml", "")
	if err != nil {
		t.Fatal(err)
	}
	for commit, want := range map[string]string{first: "one\n", second: "two\n"} {
		if text, err := h.Text(commit); err != nil || string(text) != want {
			t.Errorf("%q, %v", text, err)
		}
	}
	r.git("dev@example.com", "mv", "a file.yaml", "other")
	if _, err := h.Text(r.commit("dev@example.com", "x", "-a")); err != nil {
		t.Errorf("the file is there again: %v", err)
	}
	r.git("dev@example.com", "rm", "-q", "a file.yaml")
	r.git("dev@example.com", "commit", "-q", "-m", "x")
	if _, err := h.Text(r.git("", "rev-parse", "HEAD")); err == nil {
		t.Error("a file that is not there has a text")
	}
}
