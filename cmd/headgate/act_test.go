package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

// An acted is a repository on a GitHub in memory, whose workflows nektos/act runs on this machine as a runner would, with the action as it
// stands here. Its workflows are the examples, word for word; what they use besides is replaced by stand-ins of a few lines.
type acted struct {
	*githubtest.GitHub
	t        *testing.T
	act      string // the program
	dir      string // the checkout
	repo     *githubtest.Repository
	releases *httptest.Server
	actions  map[string]string // what workflows use, and the folder that stands in
	left     string            // where uploaded artifacts go
}

func newActed(t *testing.T) *acted {
	t.Helper()
	a := actedIn(t, t.TempDir())
	a.git("init", "-q", "-b", "main")
	for name, text := range exampleWorkflows(t) {
		a.write(".github/workflows/"+name, text)
	}
	a.write("README", "a shop\n")
	a.commit("main", "begin")
	a.standIns(slices.Collect(maps.Values(exampleWorkflows(t))), scanner)
	return a
}

// actedIn is one whose checkout is a folder.
func actedIn(t *testing.T, dir string) *acted {
	t.Helper()
	act := os.Getenv("HEADGATE_ACT")
	if act == "" {
		t.Skip("HEADGATE_ACT does not name the program act, which .ci/run installs")
	}
	g := githubtest.New(t, githubtest.Options{})
	return &acted{GitHub: g, t: t, act: act, dir: dir, repo: g.Repository("acme/shop"), left: t.TempDir()}
}

func (a *acted) git(args ...string) string {
	a.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", a.dir, "-c", "user.name=ana", "-c", "user.email=ana@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		a.t.Fatalf("git %v: %v: %s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (a *acted) write(name, text string) {
	a.t.Helper()
	writeFile(a.t, filepath.Join(a.dir, filepath.FromSlash(name)), text)
}

func (a *acted) commit(branch, message string) {
	a.t.Helper()
	a.git("add", "-A")
	a.git("commit", "-q", "-m", message)
	a.repo.Push(a.dir, branch, branch)
}

// scanner finds the lines of deploy.yaml that say privileged.
const scanner = `name: A scanner
description: finds privileged containers in deploy.yaml, and reports as Trivy does
inputs: {scan-type: {}, scan-ref: {default: .}, format: {}, output: {default: reports/trivy.json}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {OUTPUT: "${{ inputs.output }}", FOLDER: "${{ inputs.scan-ref }}"}
      run: |
        {
          printf '{"SchemaVersion": 2, "ArtifactName": "%s", "ArtifactType": "filesystem", "Results": [{"Target": "deploy.yaml", "Class": "config", "Type": "kubernetes", "Misconfigurations": [' "$FOLDER"
          comma=
          n=0
          touch "$FOLDER/deploy.yaml"
          while IFS= read -r line; do
            n=$((n + 1))
            case $line in *privileged*) ;; *) continue ;; esac
            printf '%s{"Type": "Kubernetes Security Check", "ID": "KSV%03d", "Title": "Privileged container %d", "Severity": "CRITICAL", "Status": "FAIL", "CauseMetadata": {"StartLine": %d, "EndLine": %d}}' "$comma" "$n" "$n" "$n" "$n"
            comma=,
          done <"$FOLDER/deploy.yaml"
          printf ']}]}'
        } >"$OUTPUT"
`

const keeper = `name: Upload
description: keeps artifacts in a folder
inputs: {name: {}, path: {}, retention-days: {}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", FILES: "${{ inputs.path }}"}
      run: |
        mkdir -p "$ARTIFACTS/$NAME"
        while IFS= read -r file; do
          [ -z "$file" ] || cp -r "$file" "$ARTIFACTS/$NAME/"
        done <<<"$FILES"
`

const noSetUp = "name: Set up\ndescription: is there already\ninputs: {go-version-file: {}, cache: {}}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: go version\n"

var usesPinned = regexp.MustCompile(`uses: ([\w.-]+/[\w.-]+)(?:/[\w.-]+)?@([0-9a-f]{40})`)

// standIns puts what the workflows use in place: this action as it stands, and a few lines for the rest.
func (a *acted) standIns(workflows []string, scanner string) {
	a.t.Helper()
	texts := map[string]string{"aquasecurity/trivy-action": scanner, "actions/upload-artifact": keeper, "actions/setup-go": noSetUp}
	a.actions = map[string]string{}
	root := filepath.Join("..", "..")
	used := readFile(a.t, filepath.Join(root, "action.yml")) + strings.Join(workflows, "")
	for _, m := range usesPinned.FindAllStringSubmatch(used, -1) {
		dir := a.t.TempDir()
		if text, ok := texts[m[1]]; ok {
			writeFile(a.t, filepath.Join(dir, "action.yml"), text)
			a.actions[m[1]+"@"+m[2]] = dir
		} else if m[1] == "headgate/headgate" {
			a.actions[m[1]+"@"+m[2]] = a.released(root, dir)
		}
	}
}

// builtProgram is the program, built once.
var builtProgram = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "headgate")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "headgate")
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", name, ".").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w: %s", err, out)
	}
	return os.ReadFile(name)
})

// released makes of this repository what the commit of a release is: its table has the digest of the release's files.
func (a *acted) released(root, dir string) string {
	a.t.Helper()
	program, err := builtProgram()
	if err != nil {
		a.t.Fatal(err)
	}
	name, packed := releaseArchive(a.t, "1.2.3", program)
	if a.releases == nil {
		a.releases = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			today := time.Now().UTC().Format(time.DateOnly)
			switch r.URL.Path {
			case "/v1.2.3/" + name:
				w.Write(packed)
			case "/kev":
				fmt.Fprint(w, strings.ReplaceAll(intelKEV, "2026-11-20", today))
			case "/epss":
				fmt.Fprint(w, strings.ReplaceAll(intelEPSS, "2026-11-10T12", today+"T00"))
			default:
				http.NotFound(w, r)
			}
		}))
		a.t.Cleanup(a.releases.Close)
	}
	// act empties the file of the job summary after each step. A copy that stays is for the tests to look at.
	action, script := readFile(a.t, filepath.Join(root, "action.yml")), "        # The program writes the outputs itself"
	if !strings.Contains(action, script) {
		a.t.Fatal("the script of the action does not begin as it did")
	}
	writeFile(a.t, filepath.Join(dir, "action.yml"), strings.Replace(action, script, "        GITHUB_STEP_SUMMARY=$ARTIFACTS/summary.md\n"+script, 1))
	writeFile(a.t, filepath.Join(dir, ".github", "action", "install.sh"), readFile(a.t, filepath.Join(root, ".github", "action", "install.sh")))
	writeFile(a.t, filepath.Join(dir, ".github", "action", "checksums.txt"),
		readFile(a.t, filepath.Join(root, ".github", "action", "checksums.txt"))+fmt.Sprintf("%x  %s\n", sha256.Sum256(packed), name))
	return dir
}

// A job is one that came to its end.
type job struct {
	failed  bool
	log     string
	outputs map[string]string // of the steps, the last of a name
}

var actOutput = regexp.MustCompile(`(?m)::set-output:: ([a-z-]+)=(.*)$`)

// run has act run a workflow for an event, in the checkout as it is, with a token.
func (a *acted) run(workflow string, e githubtest.Event, token string, more ...string) job {
	a.t.Helper()
	home := a.t.TempDir()
	if e.Env["GITHUB_EVENT_NAME"] == "pull_request" { // GitHub checks out its own merge, whose time and so whose id is another
		e = e.With("GITHUB_SHA", a.git("rev-parse", "HEAD"))
	}
	args := []string{e.Env["GITHUB_EVENT_NAME"], "--workflows", ".github/workflows/" + workflow, "--eventpath", e.Env["GITHUB_EVENT_PATH"],
		"--platform", "ubuntu-latest=-self-hosted", "--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server", "--action-offline-mode", "--secret", "GITHUB_TOKEN=" + token,
		"--env", "HEADGATE_RELEASES=" + a.releases.URL,
		"--env", "HEADGATE_KEV_URL=" + a.releases.URL + "/kev", "--env", "HEADGATE_EPSS_URL=" + a.releases.URL + "/epss",
		"--env", "ARTIFACTS=" + a.left}
	for _, name := range []string{"GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_REF",
		"GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_ACTOR", "GITHUB_BASE_REF", "GITHUB_HEAD_REF"} {
		args = append(args, "--env", name+"="+e.Env[name])
	}
	for use, dir := range a.actions {
		args = append(args, "--local-repository", use+"="+dir)
	}
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOFLAGS", "GOTOOLCHAIN", "GOPROXY"} { // for the story that builds
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			a.t.Fatal(err)
		}
		args = append(args, "--env", name+"="+strings.TrimSpace(string(value)))
	}
	cmd := exec.CommandContext(a.t.Context(), a.act, append(args, more...)...)
	cmd.Dir, cmd.Env = a.dir, append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home, "XDG_CONFIG_HOME="+home)
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		a.t.Fatal(err)
	}
	done := job{failed: err != nil, log: string(out), outputs: map[string]string{}}
	for _, m := range actOutput.FindAllStringSubmatch(done.log, -1) {
		done.outputs[m[1]] = m[2]
	}
	if strings.Contains(done.log, token) {
		a.t.Error("the token is in the log")
	}
	return done
}

// merged checks out what GitHub does for a pull request: the trial merge of its head into its base.
func (a *acted) merged(head string) {
	a.t.Helper()
	a.git("checkout", "-q", "--detach", "main")
	a.git("merge", "-q", "--no-ff", "-m", "Merge "+head+" into main", head)
}

// uploaded is an artifact as a job left it, packed.
func (a *acted) uploaded(name string) []byte {
	a.t.Helper()
	files, root := map[string]string{}, filepath.Join(a.left, name)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)] = readFile(a.t, path)
		return nil
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return githubtest.Zip(files)
}

func (a *acted) expect(what string, ok bool, done job) {
	a.t.Helper()
	if !ok {
		a.t.Fatalf("%s; the outputs are %v, and the log is\n%s", what, done.outputs, done.log)
	}
}

const twoPrivileged = "containers:\n- privileged: true\n- privileged: true\n"

func TestActTellsTheStoryOfAPullRequest(t *testing.T) {
	a := newActed(t)
	token := a.repo.Actions("contents: read", "pull-requests: write")

	// Ana opens a pull request that makes two containers privileged. Her job fails, and the pull request says why, in one comment and on
	// the two lines.
	a.git("checkout", "-q", "-b", "deploy")
	a.write("deploy.yaml", twoPrivileged)
	a.commit("deploy", "deploy")
	pull := a.repo.Pull(githubtest.PullOptions{Head: "deploy", Login: "ana"})
	a.merged("deploy")
	done := a.run("gate.yml", pull.Event("opened"), token) // which the pages show
	a.expect("the job passes", done.failed, done)
	a.expect("the outcome is no block", done.outputs["outcome"] == "block" && done.outputs["feedback"] == "ok" && done.outputs["block"] == "2", done)
	comments := pull.Comments()
	a.expect("there is not one comment that blocks", len(comments) == 1 && strings.Contains(comments[0].Body, "### Headgate · blocked by 2"), done)
	a.expect("there are not two remarks", len(pull.Threads()) == 2, done)
	a.expect("the release was not used", strings.Contains(done.log, "from=release"), done)

	// She runs it again, and nobody hears of it.
	a.Forget()
	done = a.run("gate.yml", pull.Event("synchronize"), token)
	a.expect("something was written", done.failed && len(a.Writes()) == 0, done)

	// She mends one, and the comment is about the other.
	a.git("checkout", "-q", "deploy")
	a.write("deploy.yaml", "containers:\n- privileged: true\n- {}\n")
	a.commit("deploy", "mend one")
	a.merged("deploy")
	done = a.run("gate.yml", pull.Event("synchronize"), token)
	comments = pull.Comments()
	a.expect("the comment is not about one", done.failed && len(comments) == 1 && strings.Contains(comments[0].Body, "blocked by 1"), done)

	// She mends the other. The job passes, the comment says that all is resolved, and so do the remarks.
	a.git("checkout", "-q", "deploy")
	a.write("deploy.yaml", "containers:\n- {}\n- {}\n")
	a.commit("deploy", "mend the other")
	a.merged("deploy")
	done = a.run("gate.yml", pull.Event("synchronize"), token)
	comments = pull.Comments()
	a.expect("the job fails, or the comment does not say so", !done.failed && len(comments) == 1 && strings.Contains(comments[0].Body, "resolved"), done)
	for _, thread := range pull.Threads() {
		a.expect("a remark stands as if nothing had happened: "+thread.Comments[0].Body, strings.Contains(thread.Comments[0].Body, settledRemark), done)
	}

	// In the merge queue the gate gates, and tells nobody.
	a.Forget()
	queued := pull.MergeGroupEvent()
	done = a.run("gate.yml", queued, token)
	a.expect("the queue is held up, or somebody is told", !done.failed && done.outputs["outcome"] == "pass" && len(a.Writes()) == 0, done)
}

func TestActTellsTheStoryOfAFork(t *testing.T) {
	a := newActed(t)
	remote := filepath.Join(t.TempDir(), "remote")

	// Eve sends a pull request from a fork. It comes with settings by which nothing blocks.
	a.git("checkout", "-q", "-b", "deploy")
	a.write("deploy.yaml", twoPrivileged)
	a.write(".headgate/headgate.yaml", "fail_on: act\n")
	a.git("add", "-A")
	a.git("commit", "-q", "-m", "deploy")
	fork := a.repo.Fork("eve")
	fork.Push(a.dir, "deploy", "deploy")
	pull := a.repo.Pull(githubtest.PullOptions{Head: "deploy", From: fork, Login: "eve"})

	// Her run may read and nothing else. It gates by the base's settings and leaves its reports; the pull request hears nothing yet.
	a.merged("deploy")
	done := a.run("fork-first.yml", pull.Event("opened"), pull.Actions("contents: read"))
	a.expect("the fork's own settings counted", done.failed && done.outputs["outcome"] == "block", done)
	a.expect("something was written", len(a.Writes()) == 0 && len(pull.Comments()) == 0, done)
	first := pull.WorkflowRun("scan", "failure")
	first.Upload("headgate", a.uploaded("headgate"))

	// The second stage runs on the default branch, and tells her.
	a.git("checkout", "-q", "main")
	a.git("clone", "-q", "--bare", ".", remote)
	a.git("remote", "add", "origin", remote)
	a.git("branch", "-q", "-D", "deploy")
	token := a.repo.Actions("contents: read", "actions: read", "pull-requests: write", "checks: write")
	done = a.run("fork-second.yml", first.Event(), token)
	comments := pull.Comments()
	a.expect("the outcome is no block", done.outputs["outcome"] == "block" && done.outputs["feedback"] == "ok", done)
	a.expect("the pull request does not hear of it", len(comments) == 1 && strings.Contains(comments[0].Body, "### Headgate · blocked by 2") && len(pull.Threads()) == 2, done)
	runs := a.repo.CheckRuns()
	a.expect("there is no verdict on the fork's commit", len(runs) == 1 && runs[0].HeadSHA == pull.HeadSHA() && runs[0].Conclusion == "failure", done)
	a.expect("the run on the default branch fails", !done.failed, done)

	// Twice at once, and again: there is one comment.
	var both sync.WaitGroup
	event := first.Event()
	for range 2 {
		both.Go(func() { a.run("fork-second.yml", event, token) })
	}
	both.Wait()
	a.expect("there is more than one comment", len(pull.Comments()) == 1 && len(pull.Threads()) == 2, done)
}

// Where the token may not speak, the job does; here on an Enterprise Server, whose API has other addresses.
func TestActSaysWhatDidNotArrive(t *testing.T) {
	a := newActed(t)
	a.OnEnterprise()
	a.git("checkout", "-q", "-b", "deploy")
	a.write("deploy.yaml", twoPrivileged)
	a.git("add", "-A")
	a.git("commit", "-q", "-m", "deploy")
	fork := a.repo.Fork("eve")
	fork.Push(a.dir, "deploy", "deploy")
	pull := a.repo.Pull(githubtest.PullOptions{Head: "deploy", From: fork, Login: "eve"})
	a.merged("deploy")
	done := a.run("gate.yml", pull.Event("opened"), pull.Actions("contents: read", "pull-requests: write"))
	a.expect("it does not block, or does not say what is missing",
		done.failed && done.outputs["outcome"] == "block" && done.outputs["feedback"] == "degraded" && strings.Contains(done.log, "pull-requests: write"), done)
	a.expect("the server was not asked at its own addresses", strings.HasSuffix(pull.Event("opened").Env["GITHUB_API_URL"], "/api/v3") && len(a.Requests()) > 0, done)
}

// At night it decides, leaves evidence and adds to the ledger. Tickets are for repositories that say where: here nobody does, which is said.
func TestActDecidesAtNight(t *testing.T) {
	a := newActed(t)
	ledger := filepath.Join(t.TempDir(), "ledger.db")
	a.write("deploy.yaml", twoPrivileged)
	a.commit("main", "deploy")
	done := a.run("nightly.yml", a.repo.ScheduleEvent("17 3 * * *"), a.repo.Actions("contents: read"), "--var", "HEADGATE_LEDGER="+ledger)
	a.expect("it does not decide", strings.Contains(done.log, "set-output:: outcome=warn") && strings.Contains(done.log, "set-output:: findings=2"), done)
	a.expect("it does not say that Jira is not set up", done.failed && strings.Contains(done.log, "jira is not set up"), done)
	a.expect("the program was fetched twice", strings.Contains(done.log, "from=here"), done)
	if left, err := os.ReadDir(filepath.Join(a.left, "evidence")); err != nil || len(left) == 0 {
		a.expect("there is no evidence", false, done)
	}
	if shown := (&console{t: t}).run("headgate report --now " + time.Now().Add(time.Hour).UTC().Format(time.RFC3339) + " --ledger " + ledger + " -o text"); !strings.Contains(shown, "2 cases and 1 run") {
		t.Errorf("the report does not know the run: %s", shown)
	}
}

// standInGH fetches what the jobs of a run left.
const standInGH = `#!/usr/bin/env bash
set -euo pipefail
[ "$1 $2 $4 $6" = "run download --pattern --dir" ]
mkdir -p "$7"
cp -r "$ARTIFACTS"/$5 "$7/"
`

// The legs of a matrix scan, and one job gates after all of them: one decision, and one comment.
func TestActGatesOnceAfterAMatrix(t *testing.T) {
	a := newActed(t)
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "gh"), []byte(standInGH), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	a.write(".github/workflows/matrix.yml", shownWorkflows(t)["action.md: .github/workflows/matrix.yml"])
	for _, service := range []string{"checkout", "search"} {
		a.write("services/"+service+"/deploy.yaml", "containers:\n- {}\n")
	}
	a.commit("main", "two services")
	a.git("checkout", "-q", "-b", "deploy")
	a.write("services/checkout/deploy.yaml", twoPrivileged)
	a.write("services/search/deploy.yaml", "containers:\n- privileged: true\n- {}\n")
	a.commit("deploy", "deploy")
	pull := a.repo.Pull(githubtest.PullOptions{Head: "deploy", Login: "ana"})
	a.merged("deploy")
	done := a.run("matrix.yml", pull.Event("opened"), a.repo.Actions("contents: read", "actions: read", "pull-requests: write"))
	comments := pull.Comments()
	a.expect("it does not gate what both legs found", done.failed && done.outputs["outcome"] == "block" && done.outputs["findings"] == "3", done)
	a.expect("there is not one comment", len(comments) == 1 && strings.Contains(comments[0].Body, "blocked by 3"), done)
	a.expect("it was not gated once", strings.Count(done.log, "Run Main Gate\n") == 1, done)
}
