package git

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A repo is a repository that a test makes, with settings that must not change what is read.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	r := &repo{t, t.TempDir()}
	r.git("init", "-q", "--initial-branch=main")
	for _, c := range [][]string{
		{"user.email", "dev@acme.example"}, {"user.name", "Dev"}, {"protocol.file.allow", "always"},
		{"diff.noprefix", "true"}, {"diff.mnemonicPrefix", "true"}, {"diff.renames", "false"}, {"diff.submodule", "log"}, {"diff.context", "0"},
		{"diff.external", "false"}, {"color.ui", "always"}, {"diff.relative", "true"}, {"core.quotePath", "true"},
	} {
		r.git("config", c[0], c[1])
	}
	return r
}

func (r *repo) git(args ...string) string {
	r.t.Helper()
	out, err := exec.Command("git", append([]string{"-C", r.dir}, args...)...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repo) write(name, text string) {
	r.t.Helper()
	name = filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) commit(message string) string {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "-m", message)
	return r.git("rev-parse", "HEAD")
}

func (r *repo) diff(span string) (*Change, string) {
	r.t.Helper()
	c, err := Open(r.t.Context(), r.dir, span)
	if err != nil {
		r.t.Fatal(err)
	}
	var text []byte
	if err := c.Diff(r.t.Context(), func(in io.Reader) error {
		text, err = io.ReadAll(in)
		return err
	}); err != nil {
		r.t.Fatal(err)
	}
	return c, string(text)
}

const long = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"

func TestADiffIsFromWhereTheHistoriesPart(t *testing.T) {
	r := newRepo(t)
	r.write("a.go", long)
	root := r.commit("root")
	r.git("checkout", "-q", "-b", "feature")
	r.write("b.go", "b\n")
	if err := os.Symlink("a.go", filepath.Join(r.dir, "l\tk")); err != nil {
		t.Fatal(err)
	}
	head := r.commit("feature")
	r.git("checkout", "-q", "main")
	r.write("main.go", "m\n")
	main := r.commit("main goes on")
	r.git("checkout", "-q", "feature")

	c, text := r.diff("main...")
	if c.Base != root || c.Head != head || !strings.Contains(text, "b/b.go") || strings.Contains(text, "main.go") {
		t.Errorf("main...: %+v\n%s", c, text)
	}
	if c, text := r.diff("main..HEAD"); c.Base != main || !strings.Contains(text, "a/main.go") {
		t.Errorf("main..HEAD: %+v\n%s", c, text)
	}
	files, links, err := c.Files(t.Context())
	if err != nil || !slices.Equal(files, []string{"a.go", "b.go", "l\tk"}) || !slices.Equal(links, []string{"l\tk"}) {
		t.Errorf("files %q, links %q, %v", files, links, err)
	}
	for most, want := range map[int64]string{100: "b\n", 1: "b"} {
		if text, err := c.Read(t.Context(), "b.go", most); err != nil || string(text) != want {
			t.Errorf("b.go reads %q, %v", text, err)
		}
	}
	if _, err := c.Read(t.Context(), "absent.go", 10); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestADiffHasRenamesAndOddNamesWhateverIsSetUp(t *testing.T) {
	r := newRepo(t)
	for _, name := range []string{"with space.go", "quote\"d.go", "ünï.go", "tab\there.go", "plain.go"} {
		r.write(name, long+name+"\n")
	}
	r.write(".gitattributes", "*.lock -diff\n*.go diff=odd\n")
	r.git("config", "diff.odd.textconv", "true")
	r.git("config", "diff.odd.command", "true")
	r.write("yarn.lock", "a\n")
	r.commit("root")
	for _, name := range []string{"with space.go", "quote\"d.go", "ünï.go", "tab\there.go"} {
		r.write(name, long+"new\n")
	}
	r.git("mv", "plain.go", "moved to.go")
	r.write("yarn.lock", "b\n")
	r.commit("head")
	t.Setenv("GIT_EXTERNAL_DIFF", "true")
	t.Setenv("GIT_DIFF_OPTS", "-u9")
	_, text := r.diff("HEAD~..HEAD")
	for _, want := range []string{
		"diff --git a/with space.go b/with space.go\n", `diff --git "a/quote\"d.go" "b/quote\"d.go"` + "\n", `diff --git "a/\303\274n\303\257.go"`,
		`"b/tab\there.go"`, "rename from plain.go\nrename to moved to.go\n", "+new\n", "Binary files a/yarn.lock and b/yarn.lock differ\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestADiffShowsThatASubmoduleMoved(t *testing.T) {
	lib := newRepo(t)
	lib.write("lib.go", "1\n")
	first := lib.commit("one")
	lib.write("lib.go", "2\n")
	lib.commit("two")
	r := newRepo(t)
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.dir, "lib")
	r.commit("root")
	r.git("-C", "lib", "checkout", "-q", first)
	r.commit("head")
	r.git("config", "diff.ignoreSubmodules", "all")
	if _, text := r.diff("HEAD~...HEAD"); !strings.Contains(text, "+Subproject commit "+first) || !strings.Contains(text, " 160000\n") {
		t.Errorf("no move of the submodule in\n%s", text)
	}
}

func TestAnEndlessReaderOfADiffIsNotWaitedFor(t *testing.T) {
	r := newRepo(t)
	r.write("a.go", strings.Repeat(long, 100_000))
	r.commit("root")
	r.write("b.go", strings.Repeat(long, 100_000))
	r.commit("head")
	c, err := Open(t.Context(), r.dir, "HEAD~..")
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	if err := c.Diff(t.Context(), func(io.Reader) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("have %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(enough)
	if err := c.Diff(ctx, func(in io.Reader) error { _, err := io.Copy(io.Discard, in); return err }); err == nil {
		t.Error("a run that is over has a diff")
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	r := newRepo(t)
	r.write("a.go", "1\n")
	r.commit("root")
	r.write("a.go", "2\n")
	r.commit("two")
	r.git("checkout", "-q", "--orphan", "other")
	r.commit("another root")
	for _, c := range []struct {
		span string
		want error
		text string
	}{
		{"mian...HEAD", ErrNoCommit, "mian: there is no such commit here"},
		{"HEAD...mian", ErrNoCommit, "mian"},
		{"--output=x...HEAD", ErrNoCommit, "--output=x"},
		{"HEAD:a.go...HEAD", ErrNoCommit, ""},
		{"main...other", nil, "no commit in common"},
	} {
		_, err := Open(t.Context(), r.dir, c.span)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.span, err)
		}
	}
	if _, err := Open(t.Context(), t.TempDir(), "a...b"); !errors.Is(err, ErrNoRepository) {
		t.Errorf("outside of any repository: %v", err)
	}
	shallow := filepath.Join(t.TempDir(), "clone")
	r.git("clone", "-q", "--depth=1", "--no-single-branch", "file://"+r.dir, shallow)
	for _, span := range []string{"HEAD~...HEAD", "origin/main...HEAD"} {
		if _, err := Open(t.Context(), shallow, span); !errors.Is(err, ErrShallow) {
			t.Errorf("%s of a shallow clone: %v", span, err)
		}
	}
}

// A branch of a change can be called as one of the repository that it is to be merged into is called here.
func TestANameThatSeveralCommitsGoByIsNone(t *testing.T) {
	r := newRepo(t)
	r.write("a.go", "1\n")
	first := r.commit("root")
	r.git("update-ref", "refs/remotes/origin/main", first)
	r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
	r.git("tag", "-a", "-m", "one", "v1")
	r.git("branch", "v1")
	r.write("a.go", "2\n")
	r.commit("two")
	r.git("branch", "origin/main")
	r.git("update-ref", "refs/remotes/fork/HEAD", first)
	r.git("branch", "fork")
	r.git("branch", "alone")
	r.git("branch", "me@home")
	r.git("tag", "home")
	for name, want := range map[string]error{
		"origin/main": ErrAmbiguous, "origin/main~0": ErrAmbiguous, "origin/main@{0}": ErrAmbiguous, "fork": ErrAmbiguous,
		"refs/remotes/origin/main": nil, "remotes/origin/main": nil, "heads/origin/main": nil, "alone": nil, "alone~1": nil, "me@home": nil,
		"v1": nil, "HEAD": nil, "HEAD~1": nil, "@": nil, "": nil, first: nil, first[:12]: nil,
	} {
		id, err := Commit(t.Context(), r.dir, name)
		if !errors.Is(err, want) || (err == nil) == (id == "") {
			t.Errorf("%s: %q, %v", name, id, err)
		}
	}
}

// A change under review can have written a file itself, a link on the way to it, or the submodule that it is in.
func TestTrackedIsWhatTheRepositoryHas(t *testing.T) {
	r := newRepo(t)
	r.write("a.go", "package a\n")
	r.write("reports/README", "scans lie here\n")
	if err := os.Symlink("reports", filepath.Join(r.dir, "base")); err != nil {
		t.Fatal(err)
	}
	other := newRepo(t)
	other.write("forged.json", "{}\n")
	other.commit("forge")
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.dir, "sub")
	r.commit("all")
	r.write("reports/new.json", "{}\n")
	for name, want := range map[string]bool{
		"a.go": true, "b.go": false, "reports": true, "reports/new.json": false, "base": true, "base/new.json": true, "sub": true,
		"sub/": true, "sub/forged.json": true, "sub/new.json": false,
	} {
		if have := Tracked(t.Context(), filepath.Join(r.dir, name)); have != want {
			t.Errorf("%s: %v", name, have)
		}
	}
	if !Tracked(t.Context(), filepath.Join(r.dir, "reports/new.json"), filepath.Join(r.dir, "a.go")) {
		t.Error("one of several")
	}
	if !Submodule(t.Context(), filepath.Join(r.dir, "sub")) || Submodule(t.Context(), r.dir) {
		t.Error("submodules")
	}
}
