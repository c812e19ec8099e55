package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

const gitlabToken = "glpat-0123456789abcdef"

// A gitlab keeps the notes of one merge request in memory. Some are there already, and of those one that somebody else wrote with our mark.
type gitlab struct {
	*httptest.Server
	t      *testing.T
	broken bool
	mu     sync.Mutex
	notes  []gitlabNote
	writes int
}

type gitlabNote struct {
	ID     int    `json:"id"`
	Body   string `json:"body"`
	Author struct {
		ID int `json:"id"`
	} `json:"author"`
}

func newGitLab(t *testing.T, others int) *gitlab {
	g := &gitlab{t: t}
	for i := range others {
		g.add(1, fmt.Sprint("Note ", i))
	}
	g.add(1, "<!-- headgate -->\n### Headgate · pass")
	g.writes = 0
	g.Server = httptest.NewServer(g)
	t.Cleanup(g.Close)
	return g
}

func (g *gitlab) add(author int, body string) {
	n := gitlabNote{ID: 100 + len(g.notes), Body: body}
	n.Author.ID = author
	g.notes = append(g.notes, n)
	g.writes++
}

// ours are the bodies of the notes that the token's owner wrote.
func (g *gitlab) ours() (out []string) {
	for _, n := range g.notes {
		if n.Author.ID == 7 {
			out = append(out, n.Body)
		}
	}
	return out
}

func (g *gitlab) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	const notes = "/api/v4/projects/42/merge_requests/3/notes"
	var sent struct{ Body string }
	if r.Method != http.MethodGet {
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &sent); err != nil || r.Header.Get("Content-Type") != "application/json" || sent.Body == "" {
			g.t.Errorf("%s %s: %s", r.Method, r.URL, body)
		}
	}
	id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, notes+"/"))
	at := slices.IndexFunc(g.notes, func(n gitlabNote) bool { return n.ID == id })
	switch {
	case r.Header.Get("PRIVATE-TOKEN") != gitlabToken:
		w.WriteHeader(http.StatusUnauthorized)
	case g.broken:
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/api/v4/user":
		fmt.Fprint(w, `{"id": 7, "username": "project_42_bot"}`)
	case r.URL.Path == notes && r.Method == http.MethodGet:
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		size, _ := strconv.Atoi(r.URL.Query().Get("per_page"))
		from := min((page-1)*size, len(g.notes))
		json.NewEncoder(w).Encode(g.notes[from:min(from+size, len(g.notes))])
	case r.URL.Path == notes && r.Method == http.MethodPost:
		g.add(7, sent.Body)
		w.WriteHeader(http.StatusCreated)
	case at >= 0 && r.Method == http.MethodPut && g.notes[at].Author.ID == 7:
		g.notes[at].Body = sent.Body
		g.writes++
	default:
		g.t.Errorf("%s %s", r.Method, r.URL)
		w.WriteHeader(http.StatusNotFound)
	}
}

// gitlabJob is the script of the job headgate of the example.
func gitlabJob(t *testing.T) string {
	t.Helper()
	var ci map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(readFile(t, filepath.Join("..", "..", "examples", "gitlab", ".gitlab-ci.yml"))), &ci); err != nil {
		t.Fatal(err)
	}
	var job struct {
		Script    []string
		Artifacts struct {
			When    string
			Paths   []string
			Reports map[string]string
		}
	}
	node := ci["headgate"]
	if err := node.Decode(&job); err != nil {
		t.Fatal(err)
	}
	script := strings.Join(job.Script, "\n")
	for _, file := range append(job.Artifacts.Paths, job.Artifacts.Reports["codequality"]) {
		if !strings.Contains(script, file) {
			t.Errorf("the artifact %q is written by nobody", file)
		}
	}
	if job.Artifacts.When != "always" {
		t.Error("a job that blocks keeps no artifacts")
	}
	return script
}

// The example is what people copy: its script is run as a runner does, in a clone, against a GitLab that minds tokens, pages and authors.
func TestTheGitLabExampleGatesAndKeepsOneNote(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"git", "sh", "curl", "jq"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("there is no " + tool + " here")
		}
	}
	script, dir := gitlabJob(t), t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com"}, args...)...)
		cmd.Dir = filepath.Join(dir, "origin")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	origin := filepath.Join(dir, "origin")
	writeFile(t, filepath.Join(origin, "open.go"), "package open\n\nvar x = 1\n")
	writeFile(t, filepath.Join(origin, ".headgate", "headgate.yaml"), "fail_on: track*\n")
	git("init", "-q", "--initial-branch=main")
	git("add", ".")
	git("commit", "-q", "-m", "The base")
	git("checkout", "-q", "-b", "change")
	writeFile(t, filepath.Join(origin, "open.go"), "package open\n\nvar x = 2\n")
	writeFile(t, filepath.Join(origin, ".headgate", "headgate.yaml"), "packs: []\n") // judged by main all the same
	git("commit", "-q", "-a", "-m", "The change")
	hit := strings.Replace(cleanSARIF, `"results": []`, `"results": [{"ruleId": "G304", "level": "error", "message": {"text": "opens @all files"},
		"locations": [{"physicalLocation": {"artifactLocation": {"uri": "open.go"}, "region": {"startLine": 3}}}]}]`, 1)

	g := newGitLab(t, 105)
	job := func(report string, more ...string) (int, string) {
		t.Helper()
		work := filepath.Join(t.TempDir(), "work")
		if out, err := exec.Command("git", "clone", "-q", "--branch", "change", "file://"+origin, work).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		writeFile(t, filepath.Join(work, "reports", "gosec.sarif"), report)
		cmd := exec.Command("sh", "-e", "-c", script)
		cmd.Dir = work
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + work, "HEADGATE_NOW=2026-11-21", "CI_PIPELINE_SOURCE=merge_request_event",
			"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_IID=3", "CI_PROJECT_ID=42", "CI_API_V4_URL=" + g.URL + "/api/v4",
			"CI_COMMIT_SHA=" + git("rev-parse", "change"), "HEADGATE_GITLAB_TOKEN=" + gitlabToken}, more...)
		out, err := cmd.CombinedOutput()
		if err != nil && cmd.ProcessState.ExitCode() < 0 {
			t.Fatal(err)
		}
		if strings.Contains(string(out), gitlabToken) {
			t.Error("the token is in the log")
		}
		return cmd.ProcessState.ExitCode(), string(out)
	}
	expect := func(what string, status, want int, out string, notes int, says string) {
		t.Helper()
		ours := g.ours()
		if status != want || len(ours) != notes || notes > 0 && !strings.Contains(ours[0], says) {
			t.Errorf("%s: status %d, notes %q:\n%s", what, status, ours, out)
		}
	}

	status, out := job(hit, "HEADGATE_GITLAB_TOKEN=")
	expect("without a token", status, statusBlocked, out, 0, "")
	status, out = job(hit)
	expect("a finding", status, statusBlocked, out, 1, "<!-- headgate -->\n### Headgate · blocked by 1 of 1 new finding")
	writes := g.writes
	status, out = job(hit)
	expect("the same again", status, statusBlocked, out, 1, "blocked")
	if g.writes != writes {
		t.Error("what is unchanged was written again")
	}
	status, out = job("{")
	expect("a broken report", status, statusUndecided, out, 1, "undecided")
	status, out = job(cleanSARIF)
	expect("fixed", status, statusPass, out, 1, "### Headgate · pass")
	g.broken = true
	status, out = job(hit)
	expect("no permission", status, statusBlocked, out, 1, "### Headgate · pass")
	if !strings.Contains(out, "the note on the merge request is not up to date") {
		t.Errorf("the log does not say so:\n%s", out)
	}
}
