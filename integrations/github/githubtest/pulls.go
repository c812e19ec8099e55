package githubtest

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A PullRequest asks to take a branch into another one.
type PullRequest struct {
	g           *GitHub
	repo        *Repository
	number      int
	id          int64
	title, body string
	author      string
	base        string // branch
	baseSHA     string // when it was opened: GitHub does not move it with the branch
	from        *Repository
	head        string // branch
	headSHA     string
	draft       bool
	closed      *time.Time
	merged      *time.Time
	mergeCommit string
	created     time.Time
	merges      map[[2]string]string // base and head → test merge

	reviews        []*Review
	reviewComments []*ReviewComment
	threads        []*Thread
}

// PullOptions are those of opening a pull request.
type PullOptions struct {
	Head  string      // branch
	From  *Repository // where it is; nil: the same repository
	Base  string      // branch; "": the default one
	Title string
	Body  string
	Login string // who opens it; "": the owner of the head
	Draft bool
}

// Pull opens a pull request.
func (r *Repository) Pull(o PullOptions) *PullRequest {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	p := &PullRequest{
		g: r.g, repo: r, from: o.From, head: o.Head, base: o.Base, title: o.Title, body: o.Body, author: o.Login, draft: o.Draft,
		id: r.g.id(), created: r.g.now().UTC(), merges: map[[2]string]string{},
	}
	if p.from == nil {
		p.from = r
	}
	if p.base == "" {
		p.base = r.defaultBranch
	}
	if p.author == "" {
		p.author = p.from.owner
	}
	if p.title == "" {
		p.title = "Change " + p.head
	}
	p.headSHA, p.baseSHA = p.from.branches[p.head], r.branches[p.base]
	if p.headSHA == "" || p.baseSHA == "" {
		panic(fmt.Sprintf("githubtest: no branch %s or %s", p.head, p.base))
	}
	r.g.account(p.author)
	r.number++
	p.number = r.number
	r.pulls[p.number] = p
	r.g.nodes[nodeID("PR", p.id)] = p
	return p
}

// Number is what people call it, without #.
func (p *PullRequest) Number() int { return p.number }

// HeadSHA is the commit that is asked to be taken.
func (p *PullRequest) HeadSHA() string {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return p.headSHA
}

// BaseSHA is the commit of the base branch when the pull request was opened.
func (p *PullRequest) BaseSHA() string { return p.baseSHA }

// MergeSHA is the commit that a workflow of the pull request runs on: refs/pull/N/merge.
func (p *PullRequest) MergeSHA() string {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return p.mergeSHA()
}

func (p *PullRequest) mergeSHA() string {
	ours := p.repo.branches[p.base]
	key := [2]string{ours, p.headSHA}
	if p.merges[key] == "" {
		p.merges[key] = p.repo.merged(ours, p.headSHA, p.author).sha
	}
	return p.merges[key]
}

// Close closes the pull request.
func (p *PullRequest) Close() {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	at := p.g.now().UTC()
	p.closed = &at
}

// Merge takes the head into the base, and closes the pull request.
func (p *PullRequest) Merge() string {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	c := p.repo.merged(p.repo.branches[p.base], p.headSHA, p.repo.owner)
	at := p.g.now().UTC()
	p.closed, p.merged, p.mergeCommit = &at, &at, c.sha
	p.repo.move(p.base, c.sha)
	return c.sha
}

// Squash takes the head into the base as one commit by who opened the pull request, and closes it.
func (p *PullRequest) Squash() string {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	base := p.repo.branches[p.base]
	tried := p.repo.merged(base, p.headSHA, p.author)
	c := &commit{author: p.author, message: p.title, at: p.g.now().UTC(), parents: []string{base}, files: tried.files, tree: tried.tree}
	p.repo.add(c)
	at := p.g.now().UTC()
	p.closed, p.merged, p.mergeCommit = &at, &at, c.sha
	p.repo.move(p.base, c.sha)
	return c.sha
}

// MergedAs closes the pull request as merged by a commit that is on the base already, as one that was pushed.
func (p *PullRequest) MergedAs(commit string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	at := p.g.now().UTC()
	p.closed, p.merged, p.mergeCommit = &at, &at, commit
}

func (p *PullRequest) open() bool { return p.closed == nil }

func (p *PullRequest) state() string {
	if p.open() {
		return "open"
	}
	return "closed"
}

// changes are those since the head left the base.
func (p *PullRequest) changes() []fileChange {
	o := p.repo.commits
	return o.changes(o.commits[o.mergeBase(p.repo.branches[p.base], p.headSHA)], o.commits[p.headSHA])
}

// pull is the one that a call is for.
func (c *call) pull(variable string) (*PullRequest, *answer) {
	n, err := strconv.Atoi(c.vars[variable])
	if p := c.repo.pulls[n]; err == nil && p != nil {
		return p, nil
	}
	a := c.problem(http.StatusNotFound, "Not Found")
	return nil, &a
}

func (c *call) getPull() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	return ok(c.renderPull(p, true))
}

func (c *call) listPulls() answer {
	q := c.r.URL.Query()
	state := q.Get("state")
	if state == "" {
		state = "open"
	}
	if !slices.Contains([]string{"open", "closed", "all"}, state) {
		return c.invalid("Validation Failed", object{"resource": "PullRequest", "field": "state", "code": "invalid"})
	}
	var some []*PullRequest
	for _, p := range c.repo.allPulls() {
		if state != "all" && p.state() != state || q.Get("base") != "" && p.base != q.Get("base") {
			continue
		}
		if head := q.Get("head"); head != "" && !strings.EqualFold(head, p.from.owner+":"+p.head) {
			continue
		}
		some = append(some, p)
	}
	return list(c, some, func(p *PullRequest) object { return c.renderPull(p, false) })
}

// allPulls has the newest first.
func (r *Repository) allPulls() []*PullRequest {
	all := make([]*PullRequest, 0, len(r.pulls))
	for n := r.number; n > 0; n-- {
		if p := r.pulls[n]; p != nil {
			all = append(all, p)
		}
	}
	return all
}

// listPullsOfCommit has the pull requests from branches of this repository and, once merged, those into it, newest first: for a commit
// that is in no branch of it, such as the head of a pull request from a fork, it is empty. Open ones are left out when the commit is in the
// default branch, so that the fork does not know for sure either: what does is the list of pull requests by head, owner:branch.
func (c *call) listPullsOfCommit() answer {
	o := c.repo.commits
	sha := c.vars["commit_sha"]
	if o.commits[sha] == nil {
		return c.invalid("No commit found for SHA: " + sha)
	}
	inDefault := o.history(c.repo.branches[c.repo.defaultBranch])[sha]
	var some []*PullRequest
	for _, p := range c.g.allPulls() {
		brought := o.history(p.headSHA)[sha] && !o.history(p.baseSHA)[sha] || p.mergeCommit == sha
		ours := p.from == c.repo && !inDefault || p.repo == c.repo && p.merged != nil
		if brought && ours && (p.open() || p.merged != nil) {
			some = append(some, p)
		}
	}
	return list(c, some, func(p *PullRequest) object { return c.renderPull(p, false) })
}

// allPulls are those of all repositories, newest first.
func (g *GitHub) allPulls() []*PullRequest {
	seen := map[*PullRequest]bool{} // a repository that was renamed is there under both names
	var all []*PullRequest
	for _, r := range g.repositories {
		for _, p := range r.pulls {
			if !seen[p] {
				all = append(all, p)
			}
			seen[p] = true
		}
	}
	slices.SortFunc(all, func(a, b *PullRequest) int { return cmp.Compare(b.id, a.id) })
	return all
}

const maxFiles = 3000 // of a pull request that are listed

func (c *call) listFiles() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	all := p.changes()
	return list(c, all[:min(len(all), maxFiles)], func(f fileChange) object { return c.renderChange(f, p.headSHA) })
}

func (c *call) renderChange(f fileChange, at string) object {
	o := object{
		"sha": f.sha, "filename": f.name, "status": f.status,
		"additions": f.additions, "deletions": f.deletions, "changes": f.additions + f.deletions,
		"blob_url":     c.web("/%s/blob/%s/%s", c.repo.FullName(), at, escapePath(f.name)),
		"raw_url":      c.web("/%s/raw/%s/%s", c.repo.FullName(), at, escapePath(f.name)),
		"contents_url": c.url("/repos/%s/contents/%s?ref=%s", c.repo.FullName(), escapePath(f.name), at),
	}
	if f.patch != "" {
		o["patch"] = f.patch
	}
	if f.former != "" {
		o["previous_filename"] = f.former
	}
	return o
}
