package githubtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// A route is one operation of the API, by the names of its published description.
type route struct {
	method, template string
	needs            string // permissions, as in the header X-Accepted-Github-Permissions; "" for none
	anyone           bool   // users need no permission where the repository is public
	apps             bool   // for tokens of apps alone
	docs             string // the page of the documentation
	answer           func(*call) answer
}

const repoPath = "/repos/{owner}/{repo}"

func routes() []route {
	const (
		metadata  = "metadata=read"
		comment   = "issues=write; pull_requests=write"
		review    = "pull_requests=write"
		readPull  = "pull_requests=read"
		readIssue = "issues=read; pull_requests=read"
		contents  = "contents=read"
		checks    = "checks=write"
		readCheck = "checks=read"
		scanning  = "security_events=write"
		readScan  = "security_events=read"
		actions   = "actions=read"
	)
	in := func(path string) string { return repoPath + path }
	return []route{
		{method: "GET", template: repoPath, needs: metadata, docs: "repos/repos#get-a-repository", answer: (*call).getRepository},
		{method: "GET", template: "/user", docs: "users/users#get-the-authenticated-user", answer: (*call).getUser},
		{method: "GET", template: "/users/{username}", docs: "users/users#get-a-user", answer: (*call).getUser},
		{method: "GET", template: in("/collaborators/{username}/permission"), needs: metadata,
			docs: "collaborators/collaborators#get-repository-permissions-for-a-user", answer: (*call).getPermission},

		{method: "GET", template: in("/issues/{issue_number}/comments"), needs: readIssue,
			docs: "issues/comments#list-issue-comments", answer: (*call).listComments},
		{method: "POST", template: in("/issues/{issue_number}/comments"), needs: comment, anyone: true,
			docs: "issues/comments#create-an-issue-comment", answer: (*call).createComment},
		{method: "GET", template: in("/issues/comments/{comment_id}"), needs: readIssue,
			docs: "issues/comments#get-an-issue-comment", answer: (*call).getComment},
		{method: "PATCH", template: in("/issues/comments/{comment_id}"), needs: comment, anyone: true,
			docs: "issues/comments#update-an-issue-comment", answer: (*call).updateComment},
		{method: "DELETE", template: in("/issues/comments/{comment_id}"), needs: comment, anyone: true,
			docs: "issues/comments#delete-an-issue-comment", answer: (*call).deleteComment},

		{method: "GET", template: in("/pulls"), needs: readPull, docs: "pulls/pulls#list-pull-requests", answer: (*call).listPulls},
		{method: "GET", template: in("/pulls/{pull_number}"), needs: readPull, docs: "pulls/pulls#get-a-pull-request", answer: (*call).getPull},
		{method: "GET", template: in("/pulls/{pull_number}/files"), needs: readPull,
			docs: "pulls/pulls#list-pull-requests-files", answer: (*call).listFiles},
		{method: "GET", template: in("/commits/{commit_sha}/pulls"), needs: readPull,
			docs: "commits/commits#list-pull-requests-associated-with-a-commit", answer: (*call).listPullsOfCommit},

		{method: "GET", template: in("/pulls/{pull_number}/reviews"), needs: readPull,
			docs: "pulls/reviews#list-reviews-for-a-pull-request", answer: (*call).listReviews},
		{method: "POST", template: in("/pulls/{pull_number}/reviews"), needs: review, anyone: true,
			docs: "pulls/reviews#create-a-review-for-a-pull-request", answer: (*call).createReview},
		{method: "GET", template: in("/pulls/{pull_number}/comments"), needs: readPull,
			docs: "pulls/comments#list-review-comments-on-a-pull-request", answer: (*call).listRemarks},
		{method: "POST", template: in("/pulls/{pull_number}/comments"), needs: review, anyone: true,
			docs: "pulls/comments#create-a-review-comment-for-a-pull-request", answer: (*call).createRemark},
		{method: "POST", template: in("/pulls/{pull_number}/comments/{comment_id}/replies"), needs: review, anyone: true,
			docs: "pulls/comments#create-a-reply-for-a-review-comment", answer: (*call).createReply},
		{method: "GET", template: in("/pulls/comments/{comment_id}"), needs: readPull,
			docs: "pulls/comments#get-a-review-comment-for-a-pull-request", answer: (*call).getRemark},
		{method: "PATCH", template: in("/pulls/comments/{comment_id}"), needs: review, anyone: true,
			docs: "pulls/comments#update-a-review-comment-for-a-pull-request", answer: (*call).updateRemark},
		{method: "DELETE", template: in("/pulls/comments/{comment_id}"), needs: review, anyone: true,
			docs: "pulls/comments#delete-a-review-comment-for-a-pull-request", answer: (*call).deleteRemark},

		{method: "GET", template: in("/contents/{path}"), needs: contents, docs: "repos/contents#get-repository-content", answer: (*call).getContents},
		{method: "GET", template: in("/git/trees/{tree_sha}"), needs: contents, docs: "git/trees#get-a-tree", answer: (*call).getTree},
		{method: "GET", template: in("/git/blobs/{file_sha}"), needs: contents, docs: "git/blobs#get-a-blob", answer: (*call).getBlob},
		{method: "GET", template: in("/git/ref/{ref}"), needs: contents, docs: "git/refs#get-a-reference", answer: (*call).getRef},
		{method: "GET", template: in("/branches/{branch}"), needs: contents, docs: "branches/branches#get-a-branch", answer: (*call).getBranch},
		{method: "GET", template: in("/commits"), needs: contents, docs: "commits/commits#list-commits", answer: (*call).listCommits},
		{method: "GET", template: in("/compare/{basehead}"), needs: contents, docs: "commits/commits#compare-two-commits", answer: (*call).compare},
		{method: "GET", template: in("/pulls/{pull_number}/commits"), needs: readPull,
			docs: "pulls/pulls#list-commits-on-a-pull-request", answer: (*call).listCommitsOfPull},

		{method: "POST", template: in("/check-runs"), needs: checks, apps: true, docs: "checks/runs#create-a-check-run", answer: (*call).createCheckRun},
		{method: "GET", template: in("/check-runs/{check_run_id}"), needs: readCheck, docs: "checks/runs#get-a-check-run", answer: (*call).getCheckRun},
		{method: "PATCH", template: in("/check-runs/{check_run_id}"), needs: checks, apps: true,
			docs: "checks/runs#update-a-check-run", answer: (*call).updateCheckRun},
		{method: "GET", template: in("/check-runs/{check_run_id}/annotations"), needs: readCheck,
			docs: "checks/runs#list-check-run-annotations", answer: (*call).listAnnotations},
		{method: "GET", template: in("/commits/{ref}/check-runs"), needs: readCheck,
			docs: "checks/runs#list-check-runs-for-a-git-reference", answer: (*call).listCheckRuns},

		{method: "POST", template: in("/code-scanning/sarifs"), needs: scanning,
			docs: "code-scanning/code-scanning#upload-an-analysis-as-sarif-data", answer: (*call).uploadSARIF},
		{method: "GET", template: in("/code-scanning/sarifs/{sarif_id}"), needs: readScan,
			docs: "code-scanning/code-scanning#get-information-about-a-sarif-upload", answer: (*call).getSARIF},

		{method: "GET", template: in("/actions/runs/{run_id}"), needs: actions, docs: "actions/workflow-runs#get-a-workflow-run", answer: (*call).getRun},
		{method: "GET", template: in("/actions/runs/{run_id}/artifacts"), needs: actions,
			docs: "actions/artifacts#list-workflow-run-artifacts", answer: (*call).listArtifacts},
		{method: "GET", template: in("/actions/artifacts/{artifact_id}"), needs: actions,
			docs: "actions/artifacts#get-an-artifact", answer: (*call).getArtifact},
		{method: "GET", template: in("/actions/artifacts/{artifact_id}/{archive_format}"), needs: actions,
			docs: "actions/artifacts#download-an-artifact", answer: (*call).downloadArtifact},
		{method: "GET", template: in("/commits/{ref}"), needs: contents, docs: "commits/commits#get-a-commit", answer: (*call).getCommit},

		{method: "POST", template: "/graphql", docs: "graphql", answer: (*call).graphQL},
	}
}

// find looks up the route of a call. A variable at the end of a template takes in slashes where the template is one of paths.
func (c *call) find() bool {
	for i := range c.g.routes {
		r := &c.g.routes[i]
		method := c.r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if r.method != method {
			continue
		}
		if vars, ok := match(r.template, c.path); ok {
			c.route, c.vars = r, vars
			return true
		}
	}
	return false
}

func match(template, path string) (map[string]string, bool) {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	vars := map[string]string{}
	for i, w := range want {
		if i >= len(have) {
			return nil, false
		}
		name, ok := strings.CutPrefix(w, "{")
		switch {
		case !ok && w != have[i]:
			return nil, false
		case !ok:
			continue
		}
		value := have[i]
		name = strings.TrimSuffix(name, "}")
		if greedy(template, name, i == len(want)-1) {
			value = strings.Join(have[i:], "/")
			have = have[:i+1]
		}
		decoded, err := url.PathUnescape(value)
		if err != nil || decoded == "" && name != "path" { // the topmost folder has no path
			return nil, false
		}
		vars[name] = decoded
	}
	return vars, len(want) == len(have)
}

// greedy says whether a variable takes in slashes: paths of files, and names of branches at the end.
func greedy(template, name string, last bool) bool {
	return last && (name == "path" || name == "ref" || name == "branch" || name == "basehead")
}

// byID answers a call below /repositories/{id}, where redirects of renamed repositories lead.
func (c *call) byID() (answer, bool) {
	rest, ok := strings.CutPrefix(c.path, "/repositories/")
	if !ok {
		return answer{}, false
	}
	id, below, _ := strings.Cut(rest, "/")
	for _, r := range c.g.repositories {
		if strconv.FormatInt(r.id, 10) == id {
			c.path = "/repos/" + r.FullName()
			if below != "" {
				c.path += "/" + below
			}
			return answer{}, false
		}
	}
	return c.problem(http.StatusNotFound, "Not Found"), true
}

// moved is the answer for a repository that has another name now. Only a read may become another request on the way.
func (c *call) moved() answer {
	rest := strings.SplitN(c.path, "/", 5) // "", repos, owner, name, rest
	to := fmt.Sprintf("%s/repositories/%d", c.root, c.repo.id)
	if len(rest) == 5 {
		to += "/" + rest[4]
	}
	if c.r.URL.RawQuery != "" {
		to += "?" + c.r.URL.RawQuery
	}
	status, message := http.StatusMovedPermanently, "Moved Permanently"
	if c.r.Method != http.MethodGet {
		status, message = http.StatusTemporaryRedirect, "Temporary Redirect"
	}
	return answer{status: status, header: http.Header{"Location": {to}}, body: object{
		"message": message, "url": to, "documentation_url": "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
	}}
}

// page cuts a list to the page that a call asks for, with the links to others.
func page[T any](c *call, all []T) ([]T, http.Header, *answer) {
	number := func(name string, otherwise int) (int, *answer) {
		s := c.r.URL.Query().Get(name)
		if s == "" {
			return otherwise, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			a := c.invalid("Validation Failed", object{"resource": "Search", "field": name, "code": "invalid"})
			return 0, &a
		}
		if n == 0 {
			return otherwise, nil
		}
		return n, nil
	}
	size, wrong := number("per_page", 30)
	if wrong != nil {
		return nil, nil, wrong
	}
	size = min(size, 100)
	at, wrong := number("page", 1)
	if wrong != nil {
		return nil, nil, wrong
	}
	last := max((len(all)+size-1)/size, 1)
	var links []string
	link := func(rel string, n int) {
		q := c.r.URL.Query()
		q.Set("page", strconv.Itoa(n))
		links = append(links, fmt.Sprintf(`<%s%s?%s>; rel=%q`, c.root, c.path, q.Encode(), rel))
	}
	if at > 1 {
		link("prev", min(at-1, last))
	}
	if at < last {
		link("next", at+1)
		link("last", last)
	}
	if at > 1 {
		link("first", 1)
	}
	h := http.Header{}
	if len(links) > 0 {
		h.Set("Link", strings.Join(links, ", "))
	}
	from := min((at-1)*size, len(all))
	return all[from:min(from+size, len(all))], h, nil
}

// list answers with a page of a list.
func list[T any](c *call, all []T, render func(T) object) answer {
	some, h, wrong := page(c, all)
	if wrong != nil {
		return *wrong
	}
	out := make([]object, 0, len(some))
	for _, x := range some {
		out = append(out, render(x))
	}
	return answer{status: http.StatusOK, header: h, body: out}
}
