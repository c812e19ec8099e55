package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// standInTrivy knows two vulnerabilities of packages in package-lock.json, and reports as Trivy does.
const standInTrivy = `#!/usr/bin/env bash
set -euo pipefail
output=
while [ $# -gt 0 ]; do
  case $1 in --output) output=$2; shift ;; esac
  shift
done
found=
while IFS='|' read -r id name from to severity title; do
  grep -A1 "\"node_modules/$name\"" package-lock.json | grep -q "\"version\": \"$from\"" || continue
  found="$found${found:+,}{\"VulnerabilityID\": \"$id\", \"PkgID\": \"$name@$from\", \"PkgName\": \"$name\", \"PkgIdentifier\": {\"PURL\": \"pkg:npm/$name@$from\"},
    \"InstalledVersion\": \"$from\", \"FixedVersion\": \"$to\", \"Status\": \"fixed\", \"Severity\": \"$severity\", \"Title\": \"$title\"}"
done <<'END'
CVE-2021-23337|lodash|4.17.20|4.17.21|HIGH|Command injection by a template
CVE-2021-44906|minimist|1.2.5|1.2.6|CRITICAL|Pollution of a prototype
END
printf '{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "filesystem", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm",
  "Vulnerabilities": [%s]}]}\n' "$found" >"$output"
`

// trivyAction is the action that runs it.
const trivyAction = `name: Trivy
description: runs the program
inputs: {scan-type: {}, scanners: {}, format: {}, output: {}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {OUTPUT: "${{ inputs.output }}"}
      run: trivy fs --output "$OUTPUT" .
`

// What is known of exploitation: of the packages on the page, that it is not likely.
const (
	readerKEV = `{"title":"…","catalogVersion":"2026.08.14","dateReleased":"2026-08-14T16:00:00.0000Z","count":1,"vulnerabilities":[{"cveID":"CVE-2031-10001",
"vendorProject":"Acme","product":"Gate","vulnerabilityName":"…","dateAdded":"2026-08-14","shortDescription":"…","requiredAction":"…","dueDate":"2026-09-04",
"knownRansomwareCampaignUse":"Unknown","notes":"","cwes":[]}]}`
	readerEPSS = "#model_version:v2026.06.15,score_date:2026-08-16T00:00:00Z\ncve,epss,percentile\nCVE-2021-23337,0.00679,0.71120\nCVE-2021-44906,0.01048,0.77030\n"
)

// A reader does what the quick start says, and nothing else: on a machine with the program, a scanner, git and a Jira.
type reader struct {
	t      *testing.T
	folder string // where the reader works
	state  string // where the shell leaves its folder and environment
	origin string // the repository that is on GitHub
	site   string // of the Jira
	jira   *jiratest.Jira
	status int // of the last command
}

func newReader(t *testing.T) *reader {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash here, which the page is written for")
	}
	r := &reader{t: t, folder: t.TempDir(), state: t.TempDir()}
	workflow := jiratest.Workflow{
		Statuses:    []jiratest.Status{{ID: "1", Name: "To Do", Category: "new"}, {ID: "3", Name: "Done", Category: "done"}},
		Transitions: []jiratest.Transition{{ID: "11", Name: "Done", To: "Done"}},
	}
	r.jira = jiratest.New(jiratest.Options{Projects: []jiratest.Project{{Key: "SHOP", Types: []jiratest.IssueType{{Name: "Task"}}, Workflow: workflow}}})
	r.site = r.jira.Serve(t)
	bin := t.TempDir()
	r.origin = filepath.Join(t.TempDir(), "shop.git")
	feeds := http.NewServeMux()
	feeds.HandleFunc("/kev", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, readerKEV) })
	feeds.HandleFunc("/epss", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, readerEPSS) })
	published := httptest.NewServer(feeds)
	t.Cleanup(published.Close)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(bin, "headgate")); err != nil { // see TestMain
		t.Skip("no links here")
	}
	r.tool(bin, "trivy", standInTrivy)
	r.tool(bin, "pipx", "#!/usr/bin/env bash\necho '"+cleanSARIF+"' >reports/semgrep.sarif\n") // runs Semgrep, which finds nothing
	gitIn(t, bin, "init", "-q", "--bare", "-b", "main", r.origin)
	env := map[string]string{
		"PATH": bin + string(os.PathListSeparator) + os.Getenv("PATH"), "PROGRAM_CLOCK": readmeTime.Format("2006-01-02T15:04:05Z"),
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url." + r.origin + ".insteadOf", "GIT_CONFIG_VALUE_0": "https://github.com/acme/shop.git",
		"GIT_AUTHOR_NAME": "Ana", "GIT_AUTHOR_EMAIL": "ana@example.com", "GIT_COMMITTER_NAME": "Ana", "GIT_COMMITTER_EMAIL": "ana@example.com",
		"GIT_AUTHOR_DATE": "2026-08-17T08:00:00Z", "GIT_COMMITTER_DATE": "2026-08-17T08:00:00Z", "HEADGATE_INTEL": "",
		"HEADGATE_KEV_URL": published.URL + "/kev", "HEADGATE_EPSS_URL": published.URL + "/epss",
	}
	for name, value := range env {
		t.Setenv(name, value)
	}
	for _, name := range []string{"GITHUB_ACTIONS", "GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "GITHUB_TOKEN", "CI"} {
		t.Setenv(name, "")
	}
	return r
}

// merges does what the reader does in the browser: the pull request goes to main.
func (r *reader) merges() {
	r.t.Helper()
	gitIn(r.t, r.origin, "update-ref", "refs/heads/main", "refs/heads/options")
}

func (r *reader) tool(bin, name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
		r.t.Fatal(err)
	}
}

// types runs lines in the reader's shell, which keeps its folder and variables, and returns what they write.
func (r *reader) types(lines string) string {
	r.t.Helper()
	// The page has addresses of the world; here they are of this machine.
	lines = strings.ReplaceAll(lines, "https://acme.atlassian.net", r.site)
	lines = strings.ReplaceAll(lines, "robot@example.com", jiratest.Robot.Email)
	lines = strings.ReplaceAll(lines, "an-api-token", jiratest.Robot.Token)
	script := fmt.Sprintf("[ ! -e %[1]s/env ] || . %[1]s/env\n[ ! -e %[1]s/folder ] || cd \"$(cat %[1]s/folder)\"\n(exit %[2]d)\n%[3]s\nstatus=$?\npwd >%[1]s/folder\nexport -p >%[1]s/env\nexit $status\n",
		r.state, r.status, strings.TrimRight(lines, "\n"))
	cmd := exec.CommandContext(r.t.Context(), "bash", "-c", script)
	cmd.Dir = r.folder
	out, err := cmd.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		r.t.Fatal(err)
	}
	r.status = cmd.ProcessState.ExitCode()
	shown := strings.ReplaceAll(string(out), r.site, "https://acme.atlassian.net")
	shown = strings.ReplaceAll(shown, strings.TrimPrefix(r.site, "http://"), "acme.atlassian.net")
	return sameDigests(shown)
}

// follows goes through the page from top to bottom. after is what happens elsewhere once a block has run that has a text.
func (r *reader) follows(page string, after map[string]func()) (shown string) {
	r.t.Helper()
	blocks := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	return blocks.ReplaceAllStringFunc(page, func(block string) string {
		m := blocks.FindStringSubmatch(block)
		kind, body := m[1], m[2]
		switch kind {
		case "sh":
			if strings.HasPrefix(body, "go install ") { // it is what this test is of
				break
			}
			if out := r.types("set -e\n" + body + "set +e\n"); r.status != 0 {
				r.t.Fatalf("this ends with %d:\n%s\n%s", r.status, body, out)
			}
		case "console":
			block = "```console\n" + r.console(body) + "```"
		default:
			r.t.Errorf("the page has a block of kind %q, which no reader can do", kind)
		}
		for text, happens := range after {
			if strings.Contains(body, text) {
				happens()
			}
		}
		return block
	})
}

func (r *reader) console(body string) string {
	r.t.Helper()
	var out strings.Builder
	for line := range strings.Lines(body) {
		command, ok := strings.CutPrefix(line, "$ ")
		if !ok {
			continue
		}
		out.WriteString(line + r.types(command))
	}
	return out.String()
}

func quickStart() string { return filepath.Join("..", "..", "docs", "quick-start.md") }

func TestTheQuickStartLeadsFromNothingToThePage(t *testing.T) {
	place, err := filepath.Abs(quickStart())
	if err != nil {
		t.Fatal(err)
	}
	page := readFile(t, place)
	r := newReader(t)
	shown := r.follows(page, map[string]func(){"Take minimist 1.2.6": r.merges})
	if *update {
		writeFile(t, place, shown)
	} else if shown != page {
		t.Errorf("docs/quick-start.md shows other output than this, which the commands write (go test ./cmd/headgate -run QuickStart -update):\n%s", shown)
	}
	r.arrives()
}

// arrives checks that the reader has what the page promises.
func (r *reader) arrives() {
	r.t.Helper()
	tickets := r.jira.Issues()
	if len(tickets) != 1 || !strings.Contains(fmt.Sprint(tickets[0]), "lodash") {
		r.t.Errorf("there is not one ticket about lodash: %v", tickets)
	}
	if html := readFile(r.t, filepath.Join(r.folder, "shop", "headgate.html")); !strings.Contains(html, "<html") || !strings.Contains(html, "lodash") {
		r.t.Error("the page is none, or does not tell of lodash")
	}
	if shown := r.types("headgate report --ledger ledger.db -o text"); !regexp.MustCompile(`(?m)^ *Open tickets +1\b`).MatchString(shown) {
		r.t.Errorf("the figures do not know of the ticket:\n%s", shown)
	}
	if shown := r.types("git status --porcelain"); shown != "" {
		r.t.Errorf("the reader is left with files that git does not know:\n%s", shown)
	}
	if r.types("headgate evidence verify evidence/1"); r.status != 0 {
		r.t.Errorf("the evidence does not verify: %d", r.status)
	}
}

// The same, with the pull request on a GitHub whose runner is act.
func TestActANewcomerGoesByTheQuickStartAlone(t *testing.T) {
	if os.Getenv("HEADGATE_ACT") == "" {
		t.Skip("HEADGATE_ACT does not name the program act, which .ci/run installs")
	}
	page := readFile(t, quickStart())
	r := newReader(t)
	a := actedIn(t, filepath.Join(r.folder, "shop"))
	var pull *githubtest.PullRequest
	gated := func(event string) job {
		a.merged("options")
		done := a.run("headgate.yml", pull.Event(event), a.repo.Actions("contents: read", "pull-requests: write"))
		a.git("switch", "-q", "options")
		return done
	}
	happened := []string{}
	r.follows(page, map[string]func(){
		"git push -q -u origin main": func() { a.repo.Push(a.dir, "main", "main") },
		"git push -q -u origin options": func() {
			a.standIns([]string{readFile(t, filepath.Join(a.dir, ".github", "workflows", "headgate.yml"))}, trivyAction)
			a.repo.Push(a.dir, "options", "options")
			pull = a.repo.Pull(githubtest.PullOptions{Head: "options", Login: "ana"})
			done := gated("opened")
			comments := pull.Comments()
			a.expect("the pull request is not blocked", done.failed && done.outputs["outcome"] == "block" && done.outputs["feedback"] == "ok", done)
			a.expect("the comment does not say what to do", len(comments) == 1 && strings.Contains(comments[0].Body, "blocked by 1 of 1 new") && strings.Contains(comments[0].Body, "1.2.6"), done)
			happened = append(happened, "blocked")
		},
		"Take minimist 1.2.6": func() {
			a.repo.Push(a.dir, "options", "options")
			done := gated("synchronize")
			a.expect("the pull request does not pass", !done.failed && strings.Contains(pull.Comments()[0].Body, "Nothing in this change needs action"), done)
			happened = append(happened, "passed")
			r.merges()
		},
	})
	if !slices.Equal(happened, []string{"blocked", "passed"}) {
		t.Errorf("the pull request was %v", happened)
	}
	r.arrives()
}
