package githubtest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An Event is what a runner knows of why its workflow runs. Its payload is in the file of GITHUB_EVENT_PATH.
type Event struct {
	Env map[string]string
}

// Getenv is the environment as a function.
func (e Event) Getenv(name string) string { return e.Env[name] }

// Environ is the environment as commands take it, sorted.
func (e Event) Environ() []string {
	all := make([]string, 0, len(e.Env))
	for _, name := range slices.Sorted(maps.Keys(e.Env)) {
		all = append(all, name+"="+e.Env[name])
	}
	return all
}

// With adds a variable, such as GITHUB_TOKEN.
func (e Event) With(name, value string) Event {
	env := maps.Clone(e.Env)
	env[name] = value
	return Event{env}
}

// outside is a call that nobody made: for what is rendered into payloads, under the addresses of the site.
func (g *GitHub) outside(r *Repository) *call {
	return &call{g: g, repo: r, root: g.site().API, time: g.now().UTC()}
}

func (g *GitHub) site() Addresses {
	if g.onEnterprise {
		return g.Enterprise
	}
	return g.Cloud
}

// OnEnterprise has events tell of the addresses of the Enterprise Server from now on.
func (g *GitHub) OnEnterprise() *GitHub {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.onEnterprise = true
	return g
}

// event writes the payload of an event and makes the environment of a runner in the repository. more are names and values in turn.
func (r *Repository) event(name, sha, ref, actor string, payload object, more ...string) Event {
	g := r.g
	c := g.outside(r)
	payload["repository"], payload["sender"] = c.renderRepository(r), c.renderAccount(actor)
	dir := g.t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			g.t.Fatal(err)
		}
		return path
	}
	kind := "branch"
	if strings.HasPrefix(ref, "refs/tags/") {
		kind = "tag"
	}
	short := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(ref, "refs/"), "heads/"), "pull/")
	env := map[string]string{
		"CI": "true", "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": file("event.json", encode(payload)),
		"GITHUB_API_URL": g.site().API, "GITHUB_GRAPHQL_URL": g.site().GraphQL, "GITHUB_SERVER_URL": g.site().Server,
		"GITHUB_REPOSITORY": r.FullName(), "GITHUB_REPOSITORY_ID": strconv.FormatInt(r.id, 10),
		"GITHUB_REPOSITORY_OWNER": r.owner, "GITHUB_REPOSITORY_OWNER_ID": strconv.FormatInt(g.account(r.owner).id, 10),
		"GITHUB_SHA": sha, "GITHUB_REF": ref, "GITHUB_REF_NAME": short, "GITHUB_REF_TYPE": kind, "GITHUB_REF_PROTECTED": "false",
		"GITHUB_HEAD_REF": "", "GITHUB_BASE_REF": "", "GITHUB_ACTOR": actor, "GITHUB_TRIGGERING_ACTOR": actor,
		"GITHUB_ACTOR_ID": strconv.FormatInt(g.account(actor).id, 10),
		"GITHUB_RUN_ID":   strconv.FormatInt(g.id(), 10), "GITHUB_RUN_NUMBER": "1", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_RETENTION_DAYS": "90",
		"GITHUB_WORKFLOW": "gate", "GITHUB_WORKFLOW_REF": r.FullName() + "/.github/workflows/gate.yml@" + ref, "GITHUB_WORKFLOW_SHA": sha,
		"GITHUB_JOB": "gate", "GITHUB_ACTION": "headgate", "GITHUB_WORKSPACE": dir,
		"GITHUB_OUTPUT": file("output", nil), "GITHUB_STEP_SUMMARY": file("summary.md", nil), "GITHUB_ENV": file("env", nil),
		"GITHUB_PATH": file("path", nil), "GITHUB_STATE": file("state", nil),
		"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64", "RUNNER_NAME": "runner", "RUNNER_TEMP": dir, "RUNNER_TOOL_CACHE": dir,
	}
	for i := 0; i+1 < len(more); i += 2 {
		env[more[i]] = more[i+1]
	}
	return Event{env}
}

const noCommit = "0000000000000000000000000000000000000000"

// Event is that of something that happened to the pull request: opened, synchronize, reopened or closed. The fork that it is from may
// be deleted.
func (p *PullRequest) Event(action string) Event {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	c := p.g.outside(p.repo)
	payload := object{"action": action, "number": p.number, "pull_request": c.renderPull(p, true)}
	if action == "synchronize" {
		payload["after"], payload["before"] = p.headSHA, noCommit
		if parents := p.repo.commits.commits[p.headSHA].parents; len(parents) > 0 {
			payload["before"] = parents[0]
		}
	}
	sha, ref := p.headSHA, fmt.Sprintf("refs/pull/%d/merge", p.number)
	if p.open() {
		sha = p.mergeSHA()
	}
	return p.repo.event("pull_request", sha, ref, p.author, payload, "GITHUB_HEAD_REF", p.head, "GITHUB_BASE_REF", p.base)
}

// MergeGroupEvent puts the pull request into the merge queue: its changes are tried on the tip of the base, in a branch of the queue.
func (p *PullRequest) MergeGroupEvent() Event {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	base := p.repo.branches[p.base]
	try := p.repo.merged(base, p.headSHA, p.author)
	branch := fmt.Sprintf("gh-readonly-queue/%s/pr-%d-%s", p.base, p.number, base)
	p.repo.move(branch, try.sha)
	who := object{"name": p.author, "email": emailOf(p.author)}
	payload := object{"action": "checks_requested", "merge_group": object{
		"head_sha": try.sha, "head_ref": "refs/heads/" + branch, "base_sha": base, "base_ref": "refs/heads/" + p.base,
		"head_commit": object{
			"id": try.sha, "tree_id": try.tree, "message": try.message, "timestamp": stamp(try.at), "author": who, "committer": who,
		},
	}}
	return p.repo.event("merge_group", try.sha, "refs/heads/"+branch, p.author, payload)
}

// PushEvent is that of the last commit of a branch: the one before was pushed earlier.
func (r *Repository) PushEvent(branch string) Event {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	at := r.commits.commits[r.branches[branch]]
	before := noCommit
	if len(at.parents) > 0 {
		before = at.parents[0]
	}
	c := r.g.outside(r)
	who := object{"name": at.author, "email": emailOf(at.author), "username": at.author}
	one := object{
		"id": at.sha, "tree_id": at.tree, "distinct": true, "message": at.message, "timestamp": stamp(at.at), "author": who, "committer": who,
		"url": c.web("/%s/commit/%s", r.FullName(), at.sha), "added": []string{}, "removed": []string{}, "modified": []string{},
	}
	for _, f := range r.commits.changes(r.commits.commits[before], at) {
		of := map[string]string{"added": "added", "renamed": "added", "removed": "removed", "modified": "modified"}[f.status]
		one[of] = append(one[of].([]string), f.name)
	}
	payload := object{
		"ref": "refs/heads/" + branch, "before": before, "after": at.sha, "created": before == noCommit, "deleted": false, "forced": false,
		"base_ref": nil, "compare": c.web("/%s/compare/%.12s...%.12s", r.FullName(), before, at.sha), "commits": []object{one}, "head_commit": one,
		"pusher": object{"name": at.author, "email": emailOf(at.author)},
	}
	return r.event("push", at.sha, "refs/heads/"+branch, at.author, payload)
}

// ScheduleEvent is that of a time having come, on the default branch.
func (r *Repository) ScheduleEvent(cron string) Event {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	payload := object{"schedule": cron, "workflow": ".github/workflows/nightly.yml"}
	return r.event("schedule", r.branches[r.defaultBranch], "refs/heads/"+r.defaultBranch, r.owner, payload)
}

// DispatchEvent is that of somebody who starts a workflow by hand on a branch.
func (r *Repository) DispatchEvent(branch, login string) Event {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	ref := "refs/heads/" + branch
	payload := object{"inputs": nil, "ref": ref, "workflow": ".github/workflows/gate.yml"}
	return r.event("workflow_dispatch", r.branches[branch], ref, login, payload)
}

// Event is that of the run having ended, for the workflow that waits for it. It runs on the default branch, whatever was run before.
func (run *WorkflowRun) Event() Event {
	run.g.mu.Lock()
	defer run.g.mu.Unlock()
	c := run.g.outside(run.repo)
	payload := object{
		"action": "completed", "workflow_run": c.renderRun(run),
		"workflow": object{
			"id": run.repo.id, "node_id": nodeID("W", run.repo.id), "name": run.name, "path": ".github/workflows/gate.yml", "state": "active",
			"created_at": stamp(run.created), "updated_at": stamp(run.created),
			"url":       c.url("/repos/%s/actions/workflows/%d", run.repo.FullName(), run.repo.id),
			"html_url":  c.web("/%s/blob/%s/.github/workflows/gate.yml", run.repo.FullName(), run.repo.defaultBranch),
			"badge_url": c.web("/%s/workflows/gate/badge.svg", run.repo.FullName()),
		},
	}
	tip := run.repo.branches[run.repo.defaultBranch]
	return run.repo.event("workflow_run", tip, "refs/heads/"+run.repo.defaultBranch, run.repo.owner, payload)
}
