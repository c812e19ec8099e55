package git

import (
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/headgate/headgate/engine/tree"
)

func openTree(t *testing.T, r *repo, commit string) *Tree {
	t.Helper()
	opened, err := OpenTree(t.Context(), r.dir, commit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	return opened
}

func TestTheTreeIsThatOfTheCommitWhateverLiesInTheWorkingTree(t *testing.T) {
	r := newRepo(t)
	r.write(".headgate/headgate.yaml", "repository: acme/shop\n")
	r.write("a b/ünïcode.txt", "é\r\n")
	r.write("empty", "")
	if err := os.Symlink("a b", filepath.Join(r.dir, "link")); err != nil {
		t.Skip("no links here")
	}
	first := r.commit("first")
	r.write(".headgate/headgate.yaml", "packs: []\n")
	r.write("later", "x")
	r.git("rm", "-q", "-r", "a b")
	second := r.commit("second")
	opened := openTree(t, r, first)
	if opened.Commit != first {
		t.Errorf("the commit is %s", opened.Commit)
	}
	for name, want := range map[string]string{".headgate/headgate.yaml": "repository: acme/shop\n", "link/ünïcode.txt": "é\r\n", "empty": ""} {
		if text, err := opened.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if _, err := opened.Stat("later"); err == nil {
		t.Error("what came later is there")
	}
	r.git("rm", "-q", "link")
	r.commit("third")
	if err := fstest.TestFS(openTree(t, r, second+"~1").FS, ".headgate/headgate.yaml", "empty"); err != nil {
		t.Error(err)
	}
	opened.Close()
	if _, err := opened.ReadFile("empty"); err == nil {
		t.Error("a closed tree reads")
	}
}

func TestATreeOfANameThatIsNoCommitDoesNotOpen(t *testing.T) {
	r := newRepo(t)
	r.write("a", "a")
	blob := r.commit("x")
	blob = r.git("rev-parse", blob+":a")
	for _, name := range []string{"--help", "none", blob, strings.Repeat("0", 40), "HEAD:a"} {
		if opened, err := OpenTree(t.Context(), r.dir, name); err == nil {
			opened.Close()
			t.Errorf("%s opens", name)
		}
	}
}

func TestASubmoduleOfATreeIsNotReadFromTheWorkingTree(t *testing.T) {
	other := newRepo(t)
	other.write("headgate.yaml", "packs: []\n")
	other.commit("other")
	r := newRepo(t)
	r.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.dir, ".headgate")
	opened := openTree(t, r, r.commit("with a submodule"))
	if text, err := opened.ReadFile(".headgate/headgate.yaml"); err == nil {
		t.Errorf("the submodule reads %q", text)
	}
	if s, err := opened.Lstat(".headgate"); err != nil || s.Mode()&fs.ModeIrregular == 0 {
		t.Errorf("the submodule is %v, %v", s, err)
	}
	if Untracked(t.Context(), r.dir, ".headgate/headgate.yaml") {
		t.Error("what is in a submodule counts as made here")
	}
}

func TestACommitThatIsNotHereIsFetchedAndNothingElseChanges(t *testing.T) {
	hub := newRepo(t)
	hub.write("a", "1")
	hub.commit("one")
	hub.git("checkout", "-q", "-b", "feature")
	hub.write("a", "2")
	hub.commit("two")
	hub.git("checkout", "-q", "main")
	hub.write("b", "3")
	base := hub.commit("three")
	for _, depth := range []string{"", "--depth=1"} {
		clone := &repo{t, t.TempDir()}
		clone.git("init", "-q")
		clone.git("remote", "add", "origin", "file://"+hub.dir)
		fetch := []string{"fetch", "-q", "--no-tags", "origin", "feature"}
		if depth != "" {
			fetch = append(fetch, depth)
		}
		clone.git(fetch...)
		clone.git("checkout", "-q", "--detach", "FETCH_HEAD")
		refs, marks := clone.git("for-each-ref"), clone.git("rev-parse", "FETCH_HEAD")
		if err := Fetch(t.Context(), clone.dir, base); err != nil {
			t.Fatalf("%s: %v", depth, err)
		}
		if text, err := openTree(t, clone, base).ReadFile("b"); err != nil || string(text) != "3" {
			t.Errorf("%s: %q, %v", depth, text, err)
		}
		if clone.git("for-each-ref") != refs || clone.git("rev-parse", "FETCH_HEAD") != marks {
			t.Errorf("%s: references changed", depth)
		}
		whole := clone.git("rev-parse", "--is-shallow-repository") == "false"
		if whole != (depth == "") {
			t.Errorf("%s: whole is %v", depth, whole)
		}
		if err := Fetch(t.Context(), clone.dir, strings.Repeat("1", 40)); err == nil {
			t.Error("a commit that nobody has is fetched")
		}
		if err := Fetch(t.Context(), clone.dir, "--upload-pack=touch x"); err == nil {
			t.Error("an option is fetched")
		}
	}
}

func TestWhatWasMadeHereIsToldFromWhatTheChangeBrings(t *testing.T) {
	r := newRepo(t)
	r.write("tracked/a", "a")
	r.write("mixed/tracked", "a")
	r.write(".gitignore", "ignored/\n")
	if err := os.Symlink("made", filepath.Join(r.dir, "link")); err != nil {
		t.Skip("no links here")
	}
	r.commit("x")
	r.write("removed", "a")
	r.commit("y")
	r.git("rm", "-q", "--cached", "removed")
	r.write("staged", "a")
	r.git("add", "staged")
	r.write("made/a", "a")
	r.write("ignored/a", "a")
	r.write("mixed/made", "a")
	if err := os.MkdirAll(filepath.Join(r.dir, "nested", ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.write("nested/a", "a")
	for name, want := range map[string]bool{"made": true, "made/a": true, "ignored": true, "ignored/a": true, "mixed/made": true,
		"tracked": false, "tracked/a": false, "mixed": false, "staged": false, "removed": false, "link": false, "link/a": false, "none": false, "nested/a": false,
		"MADE": false, "made/A": false, "../made": false} {
		if have := Untracked(t.Context(), r.dir, name); have != want {
			t.Errorf("%s was made here: %v", name, have)
		}
	}
	if names := UntrackedIn(t.Context(), r.dir, "mixed"); len(names) != 1 || names[0] != "made" {
		t.Errorf("made in mixed: %v", names)
	}
}

// A repository, or a folder of it that looks like one, can name programs that git runs on many occasions.
func TestGitRunsNoProgramOfTheRepository(t *testing.T) {
	r := newRepo(t)
	ran := filepath.Join(t.TempDir(), "ran")
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho $0 >> "+ran+"\ncat 2>/dev/null\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.write("a.txt", "a\n")
	r.write(".gitattributes", "* filter=evil diff=evil\n")
	first := r.commit("one")
	r.write("a.txt", "b\n")
	second := r.commit("two")
	for _, key := range []string{"core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "filter.evil.process", "diff.evil.textconv", "diff.evil.command",
		"diff.external", "core.pager", "core.editor", "gpg.program", "pager.log"} {
		r.git("config", key, program)
	}
	r.git("config", "core.hooksPath", filepath.Dir(program))
	if err := os.Rename(program, filepath.Join(filepath.Dir(program), "post-index-change")); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(filepath.Dir(program), "post-index-change"), program); err != nil {
		t.Fatal(err)
	}
	if _, err := openTree(t, r, first).ReadFile("a.txt"); err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), r.dir, first+"..."+second)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Diff(t.Context(), func(in io.Reader) error { _, err := io.Copy(io.Discard, in); return err }); err != nil {
		t.Fatal(err)
	}
	Untracked(t.Context(), r.dir, "a.txt")
	Tracked(t.Context(), filepath.Join(r.dir, "a.txt"))
	if _, err := History(t.Context(), r.dir, "a.txt", second); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(ran); err == nil {
		t.Errorf("git ran %s", text)
	}
	// A folder that is a bare repository names programs too, and is none to git.
	planted := filepath.Join(r.dir, "planted")
	if out, err := exec.Command("git", "clone", "-q", "--bare", r.dir, planted).CombinedOutput(); err != nil {
		t.Fatalf("%s", out)
	}
	if checkout, err := FindCheckout(t.Context(), planted); err == nil && filepath.Base(checkout.Root) == "planted" {
		t.Errorf("a planted repository is taken for one: %+v", checkout)
	}
}

// What is read of a tree object is all of it: written again it is the same.
func FuzzReadTree(f *testing.F) {
	id := strings.Repeat("\x01", 20)
	f.Add([]byte("100644 a\x00" + id + "40000 b\x00" + id + "120000 c\x00" + id + "160000 d\x00" + id))
	f.Add([]byte("100755 a b\x00" + id))
	f.Add([]byte("40000 \x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		entries, err := readTree(text, 20)
		if err != nil {
			return
		}
		size := 0
		for _, e := range entries {
			if len(e.ID) != 40 || strings.Contains(e.Name, "\x00") {
				t.Errorf("read %+v", e)
			}
			size += len("40000 ") + len(e.Name) + 1 + 20
			if e.Kind != tree.Folder {
				size++
			}
		}
		if size > len(text) {
			t.Errorf("%d bytes come to %d", len(text), size)
		}
	})
}
