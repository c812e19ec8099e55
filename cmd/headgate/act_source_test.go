package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

// Without a release the action builds the program from its own commit. Here that is what git has of this repository, as it stands.
func TestActBuildsTheProgramFromSource(t *testing.T) {
	a := newActed(t)
	root := filepath.Join("..", "..")
	listed, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "action.yml", ".github", "go.mod", "go.sum", "cmd", "engine", "integrations", "policies").Output()
	if err != nil {
		t.Skip("this is no checkout, so there is no source to take")
	}
	for use, dir := range a.actions {
		if !strings.HasPrefix(use, "headgate/headgate@") {
			continue
		}
		for name := range strings.SplitSeq(strings.TrimSuffix(string(listed), "\x00"), "\x00") {
			writeFile(t, filepath.Join(dir, filepath.FromSlash(name)), readFile(t, filepath.Join(root, filepath.FromSlash(name))))
		}
	}
	workflow := readFile(t, filepath.Join(a.dir, ".github", "workflows", "gate.yml"))
	a.write(".github/workflows/source.yml", strings.Replace(workflow, "          reports: reports\n", "          reports: reports\n          version: source\n", 1))
	a.write("deploy.yaml", twoPrivileged)
	a.git("checkout", "-q", "-b", "deploy")
	a.commit("deploy", "deploy")
	pull := a.repo.Pull(githubtest.PullOptions{Head: "deploy", Login: "ana"})
	a.merged("deploy")
	done := a.run("source.yml", pull.Event("opened"), a.repo.Actions("contents: read", "pull-requests: write"))
	a.expect("it was not built from source", strings.Contains(done.log, "from=source"), done)
	a.expect("it does not block, and say so", done.failed && done.outputs["outcome"] == "block" && len(pull.Comments()) == 1, done)
}
