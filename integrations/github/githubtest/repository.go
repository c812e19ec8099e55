package githubtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A Repository has commits, branches and what people say of them.
type Repository struct {
	g             *GitHub
	id            int64
	owner, name   string
	private       bool
	deleted       bool
	parent        *Repository // of a fork
	defaultBranch string
	created       time.Time

	commits  *objects          // shared with forks, as on GitHub
	branches map[string]string // name → commit
	roles    map[string]string // lower-case login → "read" or "write"
	number   int               // of the last pull request
	pulls    map[int]*PullRequest

	comments   []*Comment
	suites     map[string]int64 // by commit
	checkRuns  []*CheckRun
	sarifs     []*SARIF
	noScanning bool
	runs       []*WorkflowRun
}

// objects are commits, trees and blobs by their id.
type objects struct {
	commits map[string]*commit
	blobs   map[string][]byte
	trees   map[string]map[string]file // the files of a folder, by name
	changed map[[2]string][]fileChange // between two commits, as far as it was asked for
}

// Repository makes a repository, "owner/name", with an empty branch main; its owner may write.
func (g *GitHub) Repository(fullName string) *Repository {
	owner, name, ok := strings.Cut(fullName, "/")
	if !ok {
		panic("githubtest: no full name: " + fullName)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	r := &Repository{
		g: g, id: g.id(), owner: owner, name: name, defaultBranch: "main", created: g.now().UTC(),
		commits:  &objects{commits: map[string]*commit{}, blobs: map[string][]byte{}, trees: map[string]map[string]file{}, changed: map[[2]string][]fileChange{}},
		branches: map[string]string{}, roles: map[string]string{strings.ToLower(owner): "write"}, pulls: map[int]*PullRequest{},
		suites: map[string]int64{},
	}
	g.account(owner)
	g.repositories[strings.ToLower(fullName)] = r
	return r
}

// FullName is "owner/name".
func (r *Repository) FullName() string { return r.owner + "/" + r.name }

// ID is the number of the repository.
func (r *Repository) ID() int64 { return r.id }

// Private hides the repository from all who have no role and no token for it.
func (r *Repository) Private() *Repository {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.private = true
	return r
}

// Collaborator gives a user the role "read" or "write".
func (r *Repository) Collaborator(login, role string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.g.account(login)
	r.roles[strings.ToLower(login)] = role
}

func (r *Repository) role(login string) string { return r.roles[strings.ToLower(login)] }

// Rename gives the repository another name. Requests for the former one are redirected.
func (r *Repository) Rename(name string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.name = name
	r.g.repositories[strings.ToLower(r.FullName())] = r
}

// Fork is a copy of the repository that belongs to someone else.
func (r *Repository) Fork(owner string) *Repository {
	fork := r.g.Repository(owner + "/" + r.name)
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	fork.parent, fork.commits, fork.branches = r, r.commits, maps.Clone(r.branches)
	return fork
}

// Delete removes the repository. Pull requests from it stay, and no longer say where they are from.
func (r *Repository) Delete() {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.deleted = true
	maps.DeleteFunc(r.g.repositories, func(_ string, other *Repository) bool { return other == r })
}

// A commit is one with all of its files.
type commit struct {
	sha, tree string
	parents   []string
	// generation is 1 for a commit without parents, else one more than the highest of theirs.
	generation int
	author     string // a login
	message    string
	at         time.Time
	files      map[string]file // by path
}

// A file is one in a commit.
type file struct {
	mode, sha string // of git: 100644, 100755, 120000 for a symbolic link, 040000 for a folder in a tree, 160000 for a submodule
}

// Files are contents by path. A content that starts with "symlink:" is a symbolic link to what follows.
type Files map[string]string

// Without is a content that removes a file.
const Without = "\x00removed"

const symlink = "symlink:"

// Commit adds a commit to a branch, with these files changed, and returns its id, which is that of git. The branch starts at the default
// branch if it is not there. The author is the owner of the repository unless one is named.
func (r *Repository) Commit(branch string, files Files, author ...string) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	tip, ok := r.branches[branch]
	if !ok {
		tip = r.branches[r.defaultBranch]
	}
	c := &commit{author: r.owner, message: "Change " + strings.Join(slices.Sorted(maps.Keys(files)), ", "), at: r.g.now().UTC(), files: map[string]file{}}
	if len(author) > 0 {
		c.author = author[0]
	}
	if tip != "" {
		c.parents, c.files = []string{tip}, maps.Clone(r.commits.commits[tip].files)
	}
	for name, content := range files {
		if content == Without {
			delete(c.files, name)
			continue
		}
		mode := "100644"
		if to, ok := strings.CutPrefix(content, symlink); ok {
			mode, content = "120000", to
		}
		c.files[name] = file{mode: mode, sha: r.commits.blob([]byte(content))}
	}
	c.tree = r.commits.tree(c.files)
	r.add(c)
	r.move(branch, c.sha)
	return c.sha
}

func (r *Repository) add(c *commit) {
	r.g.account(c.author)
	if c.sha == "" {
		c.sha = c.hash()
	}
	c.generation = 1
	for _, p := range c.parents {
		c.generation = max(c.generation, r.commits.commits[p].generation+1)
	}
	r.commits.commits[c.sha] = c
}

// Merge adds a commit to a branch that has another branch of this or of a fork in it, and the files of both; where both changed a file,
// that of the other wins.
func (r *Repository) Merge(branch string, from *Repository, other string) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	c := r.merged(r.branches[branch], from.branches[other], r.owner)
	r.move(branch, c.sha)
	return c.sha
}

func (r *Repository) merged(ours, theirs, author string) *commit {
	base := r.commits.mergeBase(ours, theirs)
	files := maps.Clone(r.commits.commits[ours].files)
	var before map[string]file
	if base != "" {
		before = r.commits.commits[base].files
	}
	for name, f := range r.commits.commits[theirs].files {
		if before[name] != f {
			files[name] = f
		}
	}
	for name := range before {
		if _, ok := r.commits.commits[theirs].files[name]; !ok {
			delete(files, name)
		}
	}
	c := &commit{
		parents: []string{ours, theirs}, author: author, files: files, at: r.g.now().UTC(),
		message: fmt.Sprintf("Merge %.7s into %.7s", theirs, ours),
	}
	c.tree = r.commits.tree(files)
	r.add(c)
	return c
}

// Branch sets a branch to a commit, as a push by force does.
func (r *Repository) Branch(name, sha string) {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	r.move(name, sha)
}

// move sets a branch, and with it the pull requests from it.
func (r *Repository) move(branch, sha string) {
	if _, ok := r.commits.commits[sha]; !ok {
		panic("githubtest: no commit " + sha)
	}
	r.branches[branch] = sha
	for _, other := range r.g.repositories {
		for _, p := range other.pulls {
			if p.from == r && p.head == branch && p.open() {
				p.headSHA = sha
			}
		}
	}
}

// Tip is the commit of a branch, "" if there is no such branch.
func (r *Repository) Tip(branch string) string {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.branches[branch]
}

// resolve finds the commit of a branch, a reference such as refs/pull/1/merge, or a commit by its id.
func (r *Repository) resolve(ref string) *commit {
	name := strings.TrimPrefix(strings.TrimPrefix(ref, "refs/"), "heads/")
	if sha, ok := r.branches[name]; ok {
		return r.commits.commits[sha]
	}
	if c, ok := r.commits.commits[ref]; ok {
		return c
	}
	var pull int
	if n, _ := fmt.Sscanf(name, "pull/%d/", &pull); n == 1 && r.pulls[pull] != nil {
		switch p := r.pulls[pull]; {
		case strings.HasSuffix(name, "/head"):
			return r.commits.commits[p.headSHA]
		case strings.HasSuffix(name, "/merge") && p.open():
			return r.commits.commits[p.mergeSHA()]
		}
	}
	return nil
}
