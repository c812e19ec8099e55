package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// url is an address of the API, under the root by which it was called; web one for people.
func (c *call) url(format string, a ...any) string { return c.root + fmt.Sprintf(format, a...) }
func (c *call) web(format string, a ...any) string {
	return c.g.Cloud.Server + fmt.Sprintf(format, a...)
}

func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// maybe is a time that may be unknown.
func maybe(t *time.Time) any {
	if t == nil {
		return nil
	}
	return stamp(*t)
}

// text is one that may be absent.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// nodeID is the id of something in GraphQL.
func nodeID(kind string, id int64) string { return fmt.Sprintf("%s_kwDO%08X", kind, id) }

func (c *call) renderAccount(login string) object {
	a := c.g.account(login)
	self := c.url("/users/%s", url.PathEscape(a.login))
	o := object{
		"login": a.login, "id": a.id, "node_id": nodeID("U", a.id), "avatar_url": c.web("/avatars/%d", a.id), "gravatar_id": "",
		"html_url": c.web("/%s", url.PathEscape(strings.TrimSuffix(a.login, "[bot]"))), "url": self, "type": a.kind, "site_admin": false,
		"following_url": self + "/following{/other_user}", "gists_url": self + "/gists{/gist_id}",
		"starred_url": self + "/starred{/owner}{/repo}", "events_url": self + "/events{/privacy}",
	}
	for name, path := range map[string]string{
		"followers": "followers", "subscriptions": "subscriptions", "organizations": "orgs", "repos": "repos", "received_events": "received_events",
	} {
		o[name+"_url"] = self + "/" + path
	}
	return o
}

// repositoryPaths are the addresses of what belongs to a repository.
var repositoryPaths = map[string]string{
	"archive": "/{archive_format}{/ref}", "assignees": "/assignees{/user}", "blobs": "/git/blobs{/sha}", "branches": "/branches{/branch}",
	"collaborators": "/collaborators{/collaborator}", "comments": "/comments{/number}", "commits": "/commits{/sha}",
	"compare": "/compare/{base}...{head}", "contents": "/contents/{+path}", "contributors": "/contributors", "deployments": "/deployments",
	"downloads": "/downloads", "events": "/events", "forks": "/forks", "git_commits": "/git/commits{/sha}", "git_refs": "/git/refs{/sha}",
	"git_tags": "/git/tags{/sha}", "hooks": "/hooks", "issue_comment": "/issues/comments{/number}", "issue_events": "/issues/events{/number}",
	"issues": "/issues{/number}", "keys": "/keys{/key_id}", "labels": "/labels{/name}", "languages": "/languages", "merges": "/merges",
	"milestones": "/milestones{/number}", "notifications": "/notifications{?since,all,participating}", "pulls": "/pulls{/number}",
	"releases": "/releases{/id}", "stargazers": "/stargazers", "statuses": "/statuses/{sha}", "subscribers": "/subscribers",
	"subscription": "/subscription", "tags": "/tags", "teams": "/teams", "trees": "/git/trees{/sha}",
}

func (c *call) renderRepository(r *Repository) object {
	self := c.url("/repos/%s", r.FullName())
	o := object{
		"id": r.id, "node_id": nodeID("R", r.id), "name": r.name, "full_name": r.FullName(), "owner": c.renderAccount(r.owner), "private": r.private,
		"html_url": c.web("/%s", r.FullName()), "description": nil, "fork": r.parent != nil, "url": self, "default_branch": r.defaultBranch,
		"visibility": "public", "archived": false, "disabled": false, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil,
		"has_issues": true, "has_projects": false, "has_wiki": false, "has_pages": false, "has_downloads": true, "has_discussions": false,
		"topics": []string{}, "is_template": false, "web_commit_signoff_required": false, "allow_forking": true,
		"clone_url": c.web("/%s.git", r.FullName()), "git_url": "git:" + strings.TrimPrefix(c.web("/%s.git", r.FullName()), "http:"),
		"ssh_url": "git@127.0.0.1:" + r.FullName() + ".git", "svn_url": c.web("/%s", r.FullName()),
		"created_at": stamp(r.created), "updated_at": stamp(r.created), "pushed_at": stamp(r.created),
	}
	if r.private {
		o["visibility"] = "private"
	}
	for name, path := range repositoryPaths {
		o[name+"_url"] = self + path
	}
	for _, count := range []string{
		"size", "forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers", "watchers_count",
	} {
		o[count] = 0
	}
	return o
}

func (c *call) getRepository() answer {
	o := c.renderRepository(c.repo)
	o["network_count"], o["subscribers_count"] = 0, 0
	o["temp_clone_token"] = nil
	if c.repo.parent != nil {
		o["parent"], o["source"] = c.renderRepository(c.repo.parent), c.renderRepository(c.repo.parent)
	}
	return ok(o)
}

// side is one end of a pull request. The repository of a fork that was deleted is null.
func (c *call) side(r *Repository, branch, sha string) object {
	o := object{"label": r.owner + ":" + branch, "ref": branch, "sha": sha, "user": c.renderAccount(r.owner), "repo": nil}
	if !r.deleted {
		o["repo"] = c.renderRepository(r)
	}
	return o
}

// renderPull has more for a single pull request than for one in a list.
func (c *call) renderPull(p *PullRequest, whole bool) object {
	self := c.url("/repos/%s/pulls/%d", p.repo.FullName(), p.number)
	issue := c.url("/repos/%s/issues/%d", p.repo.FullName(), p.number)
	page := c.web("/%s/pull/%d", p.repo.FullName(), p.number)
	statuses := c.url("/repos/%s/statuses/%s", p.repo.FullName(), p.headSHA)
	merge := p.mergeCommit
	if merge == "" && p.open() {
		merge = p.mergeSHA()
	}
	link := func(to string) object { return object{"href": to} }
	o := object{
		"id": p.id, "node_id": nodeID("PR", p.id), "number": p.number, "state": p.state(), "locked": false, "title": p.title, "body": text(p.body),
		"user": c.renderAccount(p.author), "labels": []object{}, "milestone": nil, "assignee": nil, "assignees": []object{},
		"requested_reviewers": []object{}, "requested_teams": []object{}, "draft": p.draft, "auto_merge": nil,
		"author_association": c.association(p.repo, p.author), "active_lock_reason": nil,
		"url": self, "issue_url": issue, "html_url": page, "diff_url": page + ".diff", "patch_url": page + ".patch",
		"comments_url": issue + "/comments", "commits_url": self + "/commits", "statuses_url": statuses,
		"review_comments_url": self + "/comments", "review_comment_url": c.url("/repos/%s/pulls/comments{/number}", p.repo.FullName()),
		"created_at": stamp(p.created), "updated_at": stamp(p.created), "closed_at": maybe(p.closed), "merged_at": maybe(p.merged),
		"merge_commit_sha": text(merge), "head": c.side(p.from, p.head, p.headSHA), "base": c.side(p.repo, p.base, p.baseSHA),
		"_links": object{
			"self": link(self), "html": link(page), "issue": link(issue), "comments": link(issue + "/comments"), "commits": link(self + "/commits"),
			"statuses": link(statuses), "review_comments": link(self + "/comments"),
			"review_comment": link(c.url("/repos/%s/pulls/comments{/number}", p.repo.FullName())),
		},
	}
	if !whole {
		return o
	}
	changes := p.changes()
	additions, deletions := 0, 0
	for _, f := range changes {
		additions += f.additions
		deletions += f.deletions
	}
	comments := 0
	for _, m := range p.repo.comments {
		if m.number == p.number {
			comments++
		}
	}
	o["merged"], o["mergeable"], o["mergeable_state"], o["merged_by"], o["rebaseable"] = p.merged != nil, p.open(), "clean", nil, nil
	o["maintainer_can_modify"], o["comments"], o["review_comments"] = p.from != p.repo, comments, len(p.reviewComments)
	o["commits"] = len(p.repo.commits.between(p.baseSHA, p.headSHA))
	o["additions"], o["deletions"], o["changed_files"] = additions, deletions, len(changes)
	return o
}

// association is what somebody is to a repository.
func (c *call) association(r *Repository, login string) string {
	switch {
	case strings.EqualFold(login, r.owner):
		return "OWNER"
	case r.role(login) == "write":
		return "COLLABORATOR"
	case strings.HasSuffix(login, "[bot]"):
		return "NONE"
	}
	return "CONTRIBUTOR"
}

// getUser is a public profile, or the own one of a user's token.
func (c *call) getUser() answer {
	login := c.vars["username"]
	if c.path == "/user" {
		if c.token.isApp() {
			return c.forbidden("")
		}
		login = c.token.Login
	}
	a, known := c.g.accounts[strings.ToLower(login)]
	if !known {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	o := c.renderAccount(a.login)
	for _, name := range []string{"name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username"} {
		o[name] = nil
	}
	for _, name := range []string{"public_repos", "public_gists", "followers", "following"} {
		o[name] = 0
	}
	o["created_at"], o["updated_at"] = stamp(c.time), stamp(c.time)
	return ok(o)
}

// getPermission says what a user may do in a repository.
func (c *call) getPermission() answer {
	a, known := c.g.accounts[strings.ToLower(c.vars["username"])]
	if !known {
		return c.problem(http.StatusNotFound, "Not Found")
	}
	role := c.repo.role(a.login)
	permission := map[string]string{"": "none", "read": "read", "write": "write"}[role]
	if role == "" && !c.repo.private {
		permission = "read"
	}
	if strings.EqualFold(a.login, c.repo.owner) {
		permission = "admin"
	}
	user := c.renderAccount(a.login)
	user["role_name"] = permission
	return ok(object{"permission": permission, "role_name": permission, "user": user})
}
