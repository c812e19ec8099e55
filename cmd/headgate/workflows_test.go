package main

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// exampleWorkflows are the workflows to copy, by their file names.
func exampleWorkflows(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "examples", "workflows", "*.yml"))
	if err != nil || len(files) < 8 {
		t.Fatalf("there are %d workflows: %v", len(files), err)
	}
	all := map[string]string{}
	for _, name := range files {
		all[filepath.Base(name)] = readFile(t, name)
	}
	return all
}

var usesThisAction = regexp.MustCompile(`headgate/headgate@\S+( # \S+)?`)

// packageFolder is where the tests start, wherever one of them goes.
var packageFolder, _ = os.Getwd()

// lint reports what is wrong with a workflow, as if it stood in this repository: so the inputs that it gives to the action are looked at.
// The linter is a program of its own, since it needs other versions of libraries than the program does.
func lint(t *testing.T, text string) string {
	t.Helper()
	actionlint := os.Getenv("HEADGATE_ACTIONLINT")
	if actionlint == "" {
		t.Skip("HEADGATE_ACTIONLINT does not name the program actionlint, which .ci/run installs")
	}
	// It takes the folder above that has .git and .github/workflows for the one of the action.
	project := t.TempDir()
	for _, dir := range []string{".git", filepath.Join(".github", "workflows")} {
		if err := os.MkdirAll(filepath.Join(project, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, filepath.Join(project, "action.yml"), readFile(t, filepath.Join(packageFolder, "..", "..", "action.yml")))
	name := filepath.Join(project, ".github", "workflows", "example.yml")
	writeFile(t, name, usesThisAction.ReplaceAllString(text, "./"))
	cmd := exec.Command(actionlint, "-no-color", "-oneline", "-shellcheck=", "-pyflakes=", name)
	cmd.Dir = project
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return string(out)
}

// shownWorkflows are the workflows that the page on the Action shows, by page and file name.
func shownWorkflows(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	page := readFile(t, filepath.Join("..", "..", "docs", "action.md"))
	for _, m := range regexp.MustCompile("(?ms)^```yaml\n# (\\.github/workflows/\\S+)\n(.*?)^```$").FindAllStringSubmatch(page, -1) {
		all["action.md: "+m[1]] = m[2]
	}
	if len(all) < 2 {
		t.Fatalf("the pages show %d workflows", len(all))
	}
	return all
}

func TestWorkflowsOnPagesAreValid(t *testing.T) {
	for name, text := range shownWorkflows(t) {
		if wrong := lint(t, text); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

func TestWorkflowsToCopyAreValid(t *testing.T) {
	for name, text := range exampleWorkflows(t) {
		if !usesThisAction.MatchString(text) {
			t.Errorf("%s does not use the action", name)
		}
		if wrong := lint(t, text); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
	for wrong, with := range map[string]string{"input \"reprots\" is not defined": "reprots: x", "potentially untrusted": "reports: x\n      - run: echo ${{ github.event.pull_request.title }}"} {
		found := lint(t, "on: pull_request\njobs:\n  gate:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: headgate/headgate@main\n        with:\n          "+with+"\n")
		if !strings.Contains(found, wrong) {
			t.Errorf("what is wrong is not found: %q", found)
		}
	}
}

// ownWorkflows are those that this repository runs itself.
func ownWorkflows(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", ".github", "workflows", "*.yml"))
	if err != nil || len(files) < 2 {
		t.Fatalf("there are %d workflows: %v", len(files), err)
	}
	all := map[string]string{}
	for _, name := range files {
		all[filepath.Base(name)] = readFile(t, name)
	}
	return all
}

func TestWorkflowsOfThisRepositoryAreValid(t *testing.T) {
	for name, text := range ownWorkflows(t) {
		if wrong := lint(t, text); wrong != "" {
			t.Errorf("%s: %s", name, wrong)
		}
	}
}

// Whoever takes over a job of this repository can do what the job may, to everybody who uses a release.
func TestOnlyTheJobThatPublishesMayWrite(t *testing.T) {
	for name, text := range ownWorkflows(t) {
		var w struct {
			Permissions map[string]string
			Jobs        map[string]struct {
				Permissions map[string]string
				Environment string
				Steps       []struct {
					Uses, Run string
					With      map[string]any
				}
			}
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s gives all jobs the permissions %v", name, w.Permissions)
		}
		for id, job := range w.Jobs {
			for what, permission := range job.Permissions {
				if permission == "write" && (name != "release.yml" || id != "publish" || job.Environment != "release") {
					t.Errorf("%s: the job %s may write %s", name, id, what)
				}
			}
			if len(job.Permissions) == 0 {
				t.Errorf("%s: the job %s does not say what it may", name, id)
			}
			for _, step := range job.Steps {
				if strings.Contains(step.Run, "${{") {
					t.Errorf("%s: the job %s has an expression in a script", name, id)
				}
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: the job %s leaves the token in the checkout", name, id)
				}
			}
		}
	}
}

// Whatever is copied from here, or runs here, names what it uses by a commit. This action's own is one commit everywhere.
func TestEveryUseOfAnActionIsPinnedToACommit(t *testing.T) {
	root := filepath.Join("..", "..")
	uses := regexp.MustCompile(`(?m)^[ #>-]*uses: *([^\s#]+)( # (?:v?[0-9]+(?:\.[0-9]+)*|unreleased))?`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	versions, own, found := map[string]string{}, map[string]bool{}, 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || !slices.Contains([]string{".yml", ".yaml", ".md", ".txtar"}, filepath.Ext(path)) {
			return nil
		}
		for _, m := range uses.FindAllStringSubmatch(readFile(t, path), -1) {
			found++
			action, _, _ := strings.Cut(m[1], "@")
			switch {
			case strings.HasPrefix(m[1], "./"):
			case !pinned.MatchString(m[1]):
				t.Errorf("%s uses %s, which is not pinned to a commit", path, m[1])
			case action == "headgate/headgate":
				own[m[1]] = true
			case m[2] == "":
				t.Errorf("%s uses %s without its version beside it", path, m[1])
			case versions[m[1]] != "" && versions[m[1]] != m[2]:
				t.Errorf("%s says%s of %s, which elsewhere is%s", path, m[2], m[1], versions[m[1]])
			default:
				versions[m[1]] = m[2]
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 20 || len(own) != 1 {
		t.Errorf("%d uses were found, and %v of this action", found, slices.Sorted(maps.Keys(own)))
	}
}

// A tag can be moved to other code, and what a job may do is what whoever moves it may do.
func TestWorkflowsToCopyPinActionsAndPermissions(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40} # (v?[0-9]+\.[0-9]+\.[0-9]+|unreleased)$`)
	uses := regexp.MustCompile(`(?m)^ +(?:- )?uses: (.*)$`)
	for name, text := range exampleWorkflows(t) {
		for _, m := range uses.FindAllStringSubmatch(text, -1) {
			if found := pinned.FindStringSubmatch(m[1]); found == nil || found[1] == "unreleased" && !strings.HasPrefix(m[1], "headgate/headgate@") {
				t.Errorf("%s uses %s, which is not pinned to a commit with its version beside it", name, m[1])
			}
		}
		var w struct {
			Permissions map[string]string
			Concurrency struct{ Group string }
			Jobs        map[string]struct{ Permissions map[string]string }
		}
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if w.Permissions == nil || len(w.Permissions) > 0 || w.Concurrency.Group == "" {
			t.Errorf("%s gives all jobs permissions %v, in the group %q", name, w.Permissions, w.Concurrency.Group)
		}
		for id, job := range w.Jobs {
			if job.Permissions["contents"] != "read" {
				t.Errorf("%s: the job %s has the permissions %v", name, id, job.Permissions)
			}
		}
	}
	if first := exampleWorkflows(t)["fork-first.yml"]; strings.Contains(first, ": write") {
		t.Error("the first stage for forks may write")
	}
}

// All examples pin one commit of this action, which is one that has the inputs that they give.
func TestWorkflowsToCopyPinOneCommitOfThisAction(t *testing.T) {
	commits := map[string]bool{}
	for _, text := range exampleWorkflows(t) {
		for _, use := range usesThisAction.FindAllString(text, -1) {
			commits[use] = true
		}
	}
	if len(commits) != 1 {
		t.Fatalf("they use %v", commits)
	}
	for use := range commits {
		_, pin, _ := strings.Cut(use, "@")
		commit, _, _ := strings.Cut(pin, " ")
		if exec.Command("git", "cat-file", "-e", commit+"^{commit}").Run() != nil {
			t.Skip("the history is not here")
		}
		text, err := exec.Command("git", "show", commit+":action.yml").Output()
		if err != nil {
			t.Fatal(err)
		}
		var then actionFile
		if err := yaml.Unmarshal(text, &then); err != nil {
			t.Fatal(err)
		}
		for name := range readAction(t).Inputs {
			if _, ok := then.Inputs[name]; !ok {
				t.Errorf("the action has an input %s, which commit %.7s of the examples does not have", name, commit)
			}
		}
	}
}
