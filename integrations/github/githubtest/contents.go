package githubtest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// lookUp finds a file or folder in a commit; "" is its topmost folder.
func (o *objects) lookUp(at *commit, path string) (file, bool) {
	f := file{mode: "040000", sha: at.tree}
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if part == "" {
			continue
		}
		next, ok := o.trees[f.sha][part]
		if !ok {
			return file{}, false
		}
		f = next
	}
	return f, true
}

// kindOf is the kind of object of git.
func kindOf(f file) string {
	switch f.mode {
	case "040000":
		return "tree"
	case "160000":
		return "commit"
	}
	return "blob"
}

const (
	maxContent = 1 << 20   // bytes of a file that the contents API gives in JSON
	maxRaw     = 100 << 20 // and raw
)

func (c *call) getContents() answer {
	ref := c.r.URL.Query().Get("ref")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	at := c.repo.resolve(ref)
	if at == nil {
		return c.problem(http.StatusNotFound, "No commit found for the ref "+ref)
	}
	path := strings.Trim(c.vars["path"], "/")
	f, there := c.repo.commits.lookUp(at, path)
	if !there {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	if kindOf(f) == "tree" {
		entries := c.repo.commits.trees[f.sha]
		all := make([]object, 0, len(entries))
		for _, name := range slices.Sorted(maps.Keys(entries)) {
			all = append(all, c.renderEntry(strings.TrimPrefix(path+"/"+name, "/"), entries[name], ref))
		}
		return ok(all)
	}
	content := c.repo.commits.blobs[f.sha]
	if strings.Contains(c.accept, ".raw") {
		if len(content) > maxRaw {
			return c.problem(http.StatusForbidden, "This API returns blobs up to 100 MB in size.")
		}
		return answer{status: http.StatusOK, raw: slices.Concat([]byte{}, content), kind: "application/vnd.github.raw+json; charset=utf-8"}
	}
	o := c.renderEntry(path, f, ref)
	switch f.mode {
	case "120000":
		o["target"] = string(content)
	case "160000":
		o["submodule_git_url"] = nil
	default:
		o["encoding"], o["content"] = "base64", wrapped(content)
		if len(content) > maxContent {
			o["encoding"], o["content"] = "none", ""
		}
	}
	return ok(o)
}

func (c *call) renderEntry(path string, f file, ref string) object {
	kind := map[string]string{"tree": "dir", "blob": "file", "commit": "submodule"}[kindOf(f)]
	if f.mode == "120000" {
		kind = "symlink"
	}
	self := c.url("/repos/%s/contents/%s?ref=%s", c.repo.FullName(), escapePath(path), ref)
	git := c.url("/repos/%s/git/%ss/%s", c.repo.FullName(), kindOf(f), f.sha)
	page := c.web("/%s/blob/%s/%s", c.repo.FullName(), ref, escapePath(path))
	o := object{
		"type": kind, "name": path[strings.LastIndex(path, "/")+1:], "path": path, "sha": f.sha, "size": len(c.repo.commits.blobs[f.sha]),
		"url": self, "git_url": git, "html_url": page, "download_url": nil,
		"_links": object{"self": self, "git": git, "html": page},
	}
	if kind == "file" || kind == "symlink" {
		o["download_url"] = c.web("/%s/raw/%s/%s", c.repo.FullName(), ref, escapePath(path))
	}
	return o
}

// wrapped is base64 as GitHub writes it: in lines of 60.
func wrapped(content []byte) string {
	s := base64.StdEncoding.EncodeToString(content)
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), 60)
		b.WriteString(s[:n] + "\n")
		s = s[n:]
	}
	return b.String()
}

func (c *call) getBlob() answer {
	content, there := c.repo.commits.blobs[c.vars["file_sha"]]
	switch {
	case !there:
		return c.problem(http.StatusNotFound, "Not Found")
	case len(content) > maxRaw:
		return c.problem(http.StatusForbidden, "This API returns blobs up to 100 MB in size.")
	case strings.Contains(c.accept, ".raw"):
		return answer{status: http.StatusOK, raw: slices.Concat([]byte{}, content), kind: "application/vnd.github.raw+json; charset=utf-8"}
	}
	return ok(object{
		"sha": c.vars["file_sha"], "node_id": "B_" + c.vars["file_sha"], "size": len(content), "encoding": "base64", "content": wrapped(content),
		"url": c.url("/repos/%s/git/blobs/%s", c.repo.FullName(), c.vars["file_sha"]),
	})
}

const maxTree = 100_000 // entries of a recursive tree

func (c *call) getTree() answer {
	o := c.repo.commits
	sha := c.vars["tree_sha"]
	if at := c.repo.resolve(sha); at != nil {
		sha = at.tree
	}
	if _, there := o.trees[sha]; !there {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	var all []object
	var walk func(sha, below string)
	walk = func(sha, below string) {
		for _, name := range slices.Sorted(maps.Keys(o.trees[sha])) {
			f := o.trees[sha][name]
			e := object{
				"path": below + name, "mode": f.mode, "type": kindOf(f), "sha": f.sha,
				"url": c.url("/repos/%s/git/%ss/%s", c.repo.FullName(), kindOf(f), f.sha),
			}
			if kindOf(f) == "blob" {
				e["size"] = len(o.blobs[f.sha])
			}
			all = append(all, e)
			if kindOf(f) == "tree" && c.r.URL.Query().Get("recursive") != "" {
				walk(f.sha, below+name+"/")
			}
		}
	}
	walk(sha, "")
	return ok(object{
		"sha": sha, "url": c.url("/repos/%s/git/trees/%s", c.repo.FullName(), sha),
		"truncated": len(all) > maxTree, "tree": append([]object{}, all[:min(len(all), maxTree)]...),
	})
}

func (c *call) getBranch() answer {
	sha, there := c.repo.branches[c.vars["branch"]]
	if !there {
		return c.problem(http.StatusNotFound, "Branch not found")
	}
	self := c.url("/repos/%s/branches/%s", c.repo.FullName(), escapePath(c.vars["branch"]))
	return ok(object{
		"name": c.vars["branch"], "commit": c.renderCommit(c.repo.commits.commits[sha]), "protected": false, "protection_url": self + "/protection",
		"protection": object{"enabled": false},
		"_links":     object{"self": self, "html": c.web("/%s/tree/%s", c.repo.FullName(), escapePath(c.vars["branch"]))},
	})
}

func (c *call) getRef() answer {
	name := strings.TrimPrefix(c.vars["ref"], "heads/")
	sha, there := c.repo.branches[name]
	if !there || name == c.vars["ref"] {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	return ok(object{
		"ref": "refs/" + c.vars["ref"], "node_id": "REF_" + c.vars["ref"], "url": c.url("/repos/%s/git/refs/%s", c.repo.FullName(), escapePath(c.vars["ref"])),
		"object": object{"type": "commit", "sha": sha, "url": c.url("/repos/%s/git/commits/%s", c.repo.FullName(), sha)},
	})
}

func (c *call) renderCommit(at *commit) object {
	who := object{"name": at.author, "email": emailOf(at.author), "date": stamp(at.at)}
	parents := []object{}
	for _, p := range at.parents {
		parents = append(parents, object{
			"sha": p, "url": c.url("/repos/%s/commits/%s", c.repo.FullName(), p), "html_url": c.web("/%s/commit/%s", c.repo.FullName(), p),
		})
	}
	self := c.url("/repos/%s/commits/%s", c.repo.FullName(), at.sha)
	return object{
		"sha": at.sha, "node_id": "C_" + at.sha, "url": self, "html_url": c.web("/%s/commit/%s", c.repo.FullName(), at.sha),
		"comments_url": self + "/comments", "author": c.renderAccount(at.author), "committer": c.renderAccount(at.author), "parents": parents,
		"commit": object{
			"message": at.message, "author": who, "committer": who, "comment_count": 0,
			"url":          c.url("/repos/%s/git/commits/%s", c.repo.FullName(), at.sha),
			"tree":         object{"sha": at.tree, "url": c.url("/repos/%s/git/trees/%s", c.repo.FullName(), at.tree)},
			"verification": object{"verified": false, "reason": "unsigned", "signature": nil, "payload": nil, "verified_at": nil},
		},
	}
}

func (c *call) getCommit() answer {
	at := c.repo.resolve(c.vars["ref"])
	if at == nil {
		return c.invalid("No commit found for SHA: " + c.vars["ref"])
	}
	if strings.Contains(c.accept, ".sha") {
		return answer{status: http.StatusOK, raw: []byte(at.sha), kind: "application/vnd.github.sha; charset=utf-8"}
	}
	o := c.renderCommit(at)
	var base *commit
	if len(at.parents) > 0 {
		base = c.repo.commits.commits[at.parents[0]]
	}
	c.renderChanges(o, base, at)
	return ok(o)
}

// renderChanges adds the files that differ, up to 300 as GitHub does.
func (c *call) renderChanges(o object, base, head *commit) {
	files := []object{}
	additions, deletions := 0, 0
	for _, f := range c.repo.commits.changes(base, head) {
		additions, deletions = additions+f.additions, deletions+f.deletions
		if len(files) < 300 {
			files = append(files, c.renderChange(f, head.sha))
		}
	}
	o["files"], o["stats"] = files, object{"additions": additions, "deletions": deletions, "total": additions + deletions}
}

// listCommits has the newest first; with a path, those that changed it.
func (c *call) listCommits() answer {
	q := c.r.URL.Query()
	ref := q.Get("sha")
	if ref == "" {
		ref = c.repo.defaultBranch
	}
	at := c.repo.resolve(ref)
	if at == nil {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	o := c.repo.commits
	var some []*commit
	for _, one := range slices.Backward(o.between("", at.sha)) {
		path := q.Get("path")
		now, there := o.lookUp(one, path)
		if path != "" && len(one.parents) > 0 {
			before, was := o.lookUp(o.commits[one.parents[0]], path)
			if there == was && now == before {
				continue
			}
		} else if path != "" && !there {
			continue
		}
		if author := q.Get("author"); author != "" && !strings.EqualFold(author, one.author) {
			continue
		}
		some = append(some, one)
	}
	return list(c, some, c.renderCommit)
}

func (c *call) listCommitsOfPull() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	all := c.repo.commits.between(p.baseSHA, p.headSHA)
	return list(c, all[:min(len(all), 250)], c.renderCommit)
}

// compare compares base...head, from where they parted. Either may be of a fork: owner:branch.
func (c *call) compare() answer {
	base, head, dots := strings.Cut(c.vars["basehead"], "...")
	find := func(name string) *commit {
		if owner, ref, ok := strings.Cut(name, ":"); ok {
			if r := c.g.repositories[strings.ToLower(owner+"/"+c.repo.name)]; r != nil {
				return r.resolve(ref)
			}
			return nil
		}
		return c.repo.resolve(name)
	}
	from, to := find(base), find(head)
	if !dots || from == nil || to == nil {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	o := c.repo.commits
	parted := o.mergeBase(from.sha, to.sha)
	if parted == "" {
		return c.problem(http.StatusNotFound, "No common ancestor between "+base+" and "+head+".")
	}
	ahead, behind := o.between(from.sha, to.sha), o.between(to.sha, from.sha)
	status := "diverged"
	switch {
	case len(ahead) == 0 && len(behind) == 0:
		status = "identical"
	case len(behind) == 0:
		status = "ahead"
	case len(ahead) == 0:
		status = "behind"
	}
	commits := []object{}
	for _, one := range ahead[:min(len(ahead), 250)] {
		commits = append(commits, c.renderCommit(one))
	}
	page := c.web("/%s/compare/%s...%s", c.repo.FullName(), base, head)
	out := object{
		"url": c.url("/repos/%s/compare/%s...%s", c.repo.FullName(), base, head), "html_url": page, "permalink_url": page, "diff_url": page + ".diff",
		"patch_url": page + ".patch", "base_commit": c.renderCommit(from), "merge_base_commit": c.renderCommit(o.commits[parted]), "status": status,
		"ahead_by": len(ahead), "behind_by": len(behind), "total_commits": len(ahead), "commits": commits,
	}
	c.renderChanges(out, o.commits[parted], to)
	delete(out, "stats")
	return ok(out)
}
