package githubtest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A WorkflowRun is one of a workflow, on the head of a pull request or of a branch.
type WorkflowRun struct {
	g          *GitHub
	repo       *Repository
	id         int64
	name       string
	event      string // that started it
	conclusion string
	from       *Repository // whose commit it ran on
	branch     string
	sha        string
	created    time.Time
	artifacts  []*artifact
}

type artifact struct {
	id      int64
	name    string
	content []byte
	expired bool
	run     *WorkflowRun
}

// WorkflowRun notes that a workflow ran for the pull request, on its present head, with a conclusion such as success or failure.
func (p *PullRequest) WorkflowRun(name, conclusion string) *WorkflowRun {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	run := &WorkflowRun{
		g: p.g, repo: p.repo, id: p.g.id(), name: name, event: "pull_request", conclusion: conclusion,
		from: p.from, branch: p.head, sha: p.headSHA, created: p.g.now().UTC(),
	}
	p.repo.runs = append(p.repo.runs, run)
	return run
}

// ID is the number of the run.
func (run *WorkflowRun) ID() int64 { return run.id }

// Upload adds an artifact to the run: any bytes, which should be those of a zip.
func (run *WorkflowRun) Upload(name string, content []byte) int64 {
	run.g.mu.Lock()
	defer run.g.mu.Unlock()
	a := &artifact{id: run.g.id(), name: name, content: content, run: run}
	run.artifacts = append(run.artifacts, a)
	return a.id
}

// Expire has the artifacts of the run go, as they do after some days.
func (run *WorkflowRun) Expire() {
	run.g.mu.Lock()
	defer run.g.mu.Unlock()
	for _, a := range run.artifacts {
		a.expired = true
	}
}

// Zip packs files, by name.
func Zip(files map[string]string) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(files[name]))
		}
		if err != nil {
			panic("githubtest: " + err.Error())
		}
	}
	if err := z.Close(); err != nil {
		panic("githubtest: " + err.Error())
	}
	return buf.Bytes()
}

func (c *call) renderRun(run *WorkflowRun) object {
	self := c.url("/repos/%s/actions/runs/%d", run.repo.FullName(), run.id)
	workflow := c.url("/repos/%s/actions/workflows/%d", run.repo.FullName(), run.repo.id)
	at := run.repo.commits.commits[run.sha]
	who := object{"name": at.author, "email": emailOf(at.author)}
	o := object{
		"id": run.id, "node_id": nodeID("WFR", run.id), "name": run.name, "display_title": run.name, "head_branch": run.branch, "head_sha": run.sha,
		"path": ".github/workflows/gate.yml", "run_number": 1, "run_attempt": 1, "event": run.event, "status": "completed", "conclusion": run.conclusion,
		"workflow_id": run.repo.id, "check_suite_id": run.repo.suite(run.sha), "check_suite_node_id": nodeID("CS", run.repo.suite(run.sha)),
		"url": self, "html_url": c.web("/%s/actions/runs/%d", run.repo.FullName(), run.id), "pull_requests": []object{},
		"created_at": stamp(run.created), "updated_at": stamp(run.created), "run_started_at": stamp(run.created),
		"actor": c.renderAccount(at.author), "triggering_actor": c.renderAccount(at.author),
		"jobs_url": self + "/jobs", "logs_url": self + "/logs", "artifacts_url": self + "/artifacts", "cancel_url": self + "/cancel",
		"rerun_url": self + "/rerun", "previous_attempt_url": nil, "workflow_url": workflow,
		"check_suite_url": c.url("/repos/%s/check-suites/%d", run.repo.FullName(), run.repo.suite(run.sha)),
		"head_commit": object{
			"id": at.sha, "tree_id": at.tree, "message": at.message, "timestamp": stamp(at.at), "author": who, "committer": who,
		},
		"repository": c.renderRepository(run.repo), "head_repository": nil,
	}
	if !run.from.deleted {
		o["head_repository"] = c.renderRepository(run.from)
	}
	if run.from == run.repo { // for forks GitHub leaves this empty
		var pulls []object
		for _, p := range run.repo.allPulls() {
			if p.from == run.repo && p.head == run.branch && p.open() {
				side := func(branch, sha string) object {
					return object{"ref": branch, "sha": sha, "repo": object{
						"id": run.repo.id, "name": run.repo.name, "url": c.url("/repos/%s", run.repo.FullName()),
					}}
				}
				pulls = append(pulls, object{
					"id": p.id, "number": p.number, "url": c.url("/repos/%s/pulls/%d", run.repo.FullName(), p.number),
					"head": side(p.head, p.headSHA), "base": side(p.base, p.baseSHA),
				})
			}
		}
		o["pull_requests"] = append([]object{}, pulls...)
	}
	return o
}

func (c *call) workflowRun() (*WorkflowRun, *answer) {
	id, _ := strconv.ParseInt(c.vars["run_id"], 10, 64)
	for _, run := range c.repo.runs {
		if run.id == id {
			return run, nil
		}
	}
	a := c.problem(http.StatusNotFound, "Not Found")
	return nil, &a
}

func (c *call) getRun() answer {
	run, wrong := c.workflowRun()
	if wrong != nil {
		return *wrong
	}
	return ok(c.renderRun(run))
}

func (c *call) renderArtifact(a *artifact) object {
	self := c.url("/repos/%s/actions/artifacts/%d", a.run.repo.FullName(), a.id)
	return object{
		"id": a.id, "node_id": nodeID("ART", a.id), "name": a.name, "size_in_bytes": len(a.content), "url": self, "archive_download_url": self + "/zip",
		"expired": a.expired, "created_at": stamp(a.run.created), "updated_at": stamp(a.run.created), "expires_at": stamp(a.run.created.AddDate(0, 0, 90)),
		"digest": fmt.Sprintf("sha256:%x", sha256.Sum256(a.content)),
		"workflow_run": object{
			"id": a.run.id, "repository_id": a.run.repo.id, "head_repository_id": a.run.from.id, "head_branch": a.run.branch, "head_sha": a.run.sha,
		},
	}
}

// listArtifacts has the newest first.
func (c *call) listArtifacts() answer {
	run, wrong := c.workflowRun()
	if wrong != nil {
		return *wrong
	}
	var some []*artifact
	for _, a := range slices.Backward(run.artifacts) {
		if name := c.r.URL.Query().Get("name"); name == "" || name == a.name {
			some = append(some, a)
		}
	}
	a := list(c, some, c.renderArtifact)
	if a.status == http.StatusOK {
		a.body = object{"total_count": len(some), "artifacts": a.body}
	}
	return a
}

func (c *call) artifact() (*artifact, *answer) {
	id, _ := strconv.ParseInt(c.vars["artifact_id"], 10, 64)
	for _, run := range c.repo.runs {
		for _, a := range run.artifacts {
			if a.id == id {
				return a, nil
			}
		}
	}
	a := c.problem(http.StatusNotFound, "Not Found")
	return nil, &a
}

func (c *call) getArtifact() answer {
	a, wrong := c.artifact()
	if wrong != nil {
		return *wrong
	}
	return ok(c.renderArtifact(a))
}

// downloadArtifact sends to the storage, which is another host, with a signature in the address instead of the token.
func (c *call) downloadArtifact() answer {
	a, wrong := c.artifact()
	switch {
	case c.token == nil:
		return c.problem(http.StatusUnauthorized, "Requires authentication")
	case wrong != nil:
		return *wrong
	case c.vars["archive_format"] != "zip":
		return c.problem(http.StatusNotFound, "Not Found")
	case a.expired:
		return c.problem(http.StatusGone, "Artifact has expired")
	}
	to := fmt.Sprintf("%s/artifacts/%d.zip?sig=%s", c.g.storage.URL, a.id, signature(a.id))
	return answer{status: http.StatusFound, header: http.Header{"Location": {to}}}
}

func signature(id int64) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "artifact %d", id)))[:16]
}

// serveStorage gives artifacts to whoever has a signed address, and takes it ill when a token comes along.
func (g *GitHub) serveStorage(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "" {
		g.violation("the token was sent to the storage of artifacts, which is another host")
		http.Error(w, "InvalidAuthenticationInfo", http.StatusUnauthorized)
		return
	}
	id, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/artifacts/"), ".zip"), 10, 64)
	if r.URL.Query().Get("sig") != signature(id) {
		http.Error(w, "AuthenticationFailed", http.StatusForbidden)
		return
	}
	g.mu.Lock()
	var content []byte
	for _, repo := range g.repositories {
		for _, run := range repo.runs {
			for _, a := range run.artifacts {
				if a.id == id {
					content = a.content
				}
			}
		}
	}
	g.mu.Unlock()
	w.Header().Set("Content-Type", "application/zip")
	w.Write(content)
}
