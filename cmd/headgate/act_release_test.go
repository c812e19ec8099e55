package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

// Where there is no release, or none is wanted, the action builds the program from its own commit.
func TestActBuildsTheActionFromSource(t *testing.T) {
	a := newActed(t)
	root, source := filepath.Join("..", ".."), t.TempDir()
	copyTracked(t, root, source)
	for use := range a.actions {
		if strings.HasPrefix(use, "headgate/headgate@") {
			a.actions[use] = source
		}
	}
	workflow := exampleWorkflows(t)["gate.yml"]
	asked := strings.Replace(workflow, "          reports: reports", "          version: source\n          reports: reports", 1)
	if asked == workflow {
		t.Fatal("gate.yml does not say where the reports are")
	}
	a.git("checkout", "-q", "-b", "deploy")
	a.write(".github/workflows/gate.yml", asked)
	a.write("deploy.yaml", twoPrivileged)
	a.commit("deploy", "deploy")
	pull := a.repo.Pull(githubtest.PullOptions{Head: "deploy", Login: "ana"})
	a.merged("deploy")
	done := a.run("gate.yml", pull.Event("opened"), a.repo.Actions("contents: read", "pull-requests: write"))
	a.expect("it was not built, or does not decide", done.failed && strings.Contains(done.log, "from=source") && done.outputs["outcome"] == "block", done)
	a.expect("the pull request does not hear of it", len(pull.Comments()) == 1, done)
}

// copyTracked copies what the repository has, as it lies there.
func copyTracked(t *testing.T, root, to string) {
	t.Helper()
	out, err := exec.Command("git", "-C", root, "ls-files", "-z").Output()
	if err != nil {
		t.Skip("the history is not here")
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		if text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err == nil { // one that was just removed is not there
			writeFile(t, filepath.Join(to, filepath.FromSlash(name)), string(text))
		}
	}
}

// The job of the release that builds runs as it is, on a program of a few lines: what the tag pins is built again, twice, and handed on.
func TestActReleasesWhatATagPins(t *testing.T) {
	a := newActed(t)
	root := filepath.Join("..", "..")
	for _, name := range []string{".github/workflows/release.yml", ".github/action/checksums.txt", "LICENSE"} {
		a.write(name, readFile(t, filepath.Join(root, filepath.FromSlash(name))))
	}
	tool, err := filepath.Glob(filepath.Join(root, ".github", "release", "*"))
	if err != nil || len(tool) < 5 {
		t.Fatalf("the release has %d files: %v", len(tool), err)
	}
	for _, name := range tool {
		a.write(".github/release/"+filepath.Base(name), readFile(t, name))
	}
	a.write(".gitignore", "/dist/\n")
	a.write("go.mod", "module github.com/headgate/headgate\n\ngo 1.26.3\n\ntoolchain "+runtime.Version()+"\n")
	a.write("cmd/headgate/main.go", "package main\n\nvar version, commit, commitDate string\n\nfunc main() { println(version, commit, commitDate) }\n")
	a.commit("main", "a program")
	release := func(args ...string) {
		t.Helper()
		cmd := exec.Command("go", append([]string{"run", "-C", filepath.Join(a.dir, ".github", "release"), "."}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", args, out)
		}
	}
	release("build", "v1.2.3", "--once")
	release("pin", "v1.2.3")
	if err := os.RemoveAll(filepath.Join(a.dir, "dist")); err != nil {
		t.Fatal(err)
	}
	a.commit("main", "Release v1.2.3")
	a.git("tag", "v1.2.3")

	event := a.repo.PushEvent("main").With("GITHUB_REF", "refs/tags/v1.2.3")
	payload := filepath.Join(t.TempDir(), "event.json")
	writeFile(t, payload, `{"ref": "refs/tags/v1.2.3", "after": "`+a.git("rev-parse", "HEAD")+`", "repository": {"full_name": "acme/shop", "default_branch": "main"}}`)
	event = event.With("GITHUB_EVENT_PATH", payload)
	done := a.run("release.yml", event, a.repo.Actions("contents: read"), "--job", "build")
	a.expect("what the tag pins is not built", !done.failed, done)
	left, err := filepath.Glob(filepath.Join(a.left, "release", "*", "headgate_1.2.3_*"))
	a.expect("the files are not handed on", err == nil && len(left) == 9, done)
}
