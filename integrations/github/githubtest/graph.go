package githubtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

func (c *call) queries() node {
	return node{
		"__typename": "Query",
		"viewer": field(func(map[string]any) (any, *graphError) {
			n := c.actorNode(c.token.Login)
			n["__typename"], n["login"] = "User", c.token.Login
			return n, nil
		}),
		"repository": field(func(args map[string]any) (any, *graphError) {
			name := fmt.Sprintf("%s/%s", args["owner"], args["name"])
			r := c.g.repositories[strings.ToLower(name)]
			if r == nil || !c.token.sees(r) || args["followRenames"] == false && !strings.EqualFold(r.FullName(), name) {
				return nil, notFound(fmt.Sprintf("Could not resolve to a Repository with the name '%s'.", name))
			}
			return c.repositoryNode(r), nil
		}),
		"node": field(func(args map[string]any) (any, *graphError) {
			id := args["id"].(string)
			switch n := c.g.nodes[id].(type) {
			case *Comment:
				return c.commentNode(n), c.readable(n.repo)
			case *ReviewComment:
				return c.remarkNode(n), c.readable(n.pull.repo)
			case *Thread:
				return c.threadNode(n), c.readable(n.pull.repo)
			case *PullRequest:
				return c.pullNode(n), c.readable(n.repo)
			}
			return nil, unresolved(id)
		}),
	}
}

func unresolved(id string) *graphError {
	return notFound(fmt.Sprintf("Could not resolve to a node with the global id of '%s'", id))
}

func (c *call) readable(r *Repository) *graphError {
	return c.allowed(r, "pull_requests=read; issues=read")
}

// allowed refuses who lacks a permission.
func (c *call) allowed(r *Repository, needs ...string) *graphError {
	for _, n := range needs {
		if !c.token.mayAny(r, n) {
			return &graphError{"FORBIDDEN", c.forbidden(n).body.(object)["message"].(string)}
		}
	}
	return nil
}

// changed is the payload of a mutation, with the id that the client gave.
func changed(kind string, args map[string]any, name string, n node) node {
	input := args["input"].(map[string]any)
	return node{"__typename": kind, "clientMutationId": input["clientMutationId"], name: n}
}

func (c *call) mutations() node {
	minimize := func(args map[string]any, classifier string) (node, *graphError) {
		id := args["input"].(map[string]any)["subjectId"].(string)
		switch n := c.g.nodes[id].(type) {
		case *Comment:
			if err := c.allowed(n.repo, "issues=write; pull_requests=write"); err != nil {
				return nil, err
			}
			n.Minimized = classifier
			return c.commentNode(n), nil
		case *ReviewComment:
			if err := c.allowed(n.pull.repo, "pull_requests=write"); err != nil {
				return nil, err
			}
			n.Minimized = classifier
			return c.remarkNode(n), nil
		}
		return nil, unresolved(id)
	}
	thread := func(args map[string]any, name string) (*Thread, *graphError) {
		id := args["input"].(map[string]any)[name].(string)
		t, ok := c.g.nodes[id].(*Thread)
		if !ok {
			return nil, unresolved(id)
		}
		return t, nil
	}
	resolve := func(args map[string]any, resolved bool) (node, *graphError) {
		t, err := thread(args, "threadId")
		if err == nil { // GitHub asks for both, though nothing is written to the contents
			err = c.allowed(t.pull.repo, "pull_requests=write", "contents=write")
		}
		if err != nil {
			return nil, err
		}
		if t.Resolved, t.Resolver = resolved, ""; resolved {
			t.Resolver = c.token.Login
		}
		return c.threadNode(t), nil
	}
	return node{
		"__typename": "Mutation",
		"minimizeComment": field(func(args map[string]any) (any, *graphError) {
			n, err := minimize(args, args["input"].(map[string]any)["classifier"].(string))
			return changed("MinimizeCommentPayload", args, "minimizedComment", n), err
		}),
		"unminimizeComment": field(func(args map[string]any) (any, *graphError) {
			n, err := minimize(args, "")
			return changed("UnminimizeCommentPayload", args, "unminimizedComment", n), err
		}),
		"resolveReviewThread": field(func(args map[string]any) (any, *graphError) {
			n, err := resolve(args, true)
			return changed("ResolveReviewThreadPayload", args, "thread", n), err
		}),
		"unresolveReviewThread": field(func(args map[string]any) (any, *graphError) {
			n, err := resolve(args, false)
			return changed("UnresolveReviewThreadPayload", args, "thread", n), err
		}),
		"addPullRequestReviewThreadReply": field(func(args map[string]any) (any, *graphError) {
			t, err := thread(args, "pullRequestReviewThreadId")
			if err == nil {
				err = c.allowed(t.pull.repo, "pull_requests=write")
			}
			body := args["input"].(map[string]any)["body"].(string)
			if err == nil && (strings.TrimSpace(body) == "" || utf8.RuneCountInString(body) > maxBody) {
				err = &graphError{"UNPROCESSABLE", "Body is blank or too long (maximum is 65536 characters)"}
			}
			if err != nil {
				return nil, err
			}
			m := t.pull.reply(t.Comments[0], c.token.Login, body, c.time)
			return changed("AddPullRequestReviewThreadReplyPayload", args, "comment", c.remarkNode(m)), nil
		}),
	}
}

func (c *call) actorNode(login string) node {
	a := c.g.account(login)
	kind := "User"
	if a.kind == "Bot" {
		kind = "Bot"
	}
	return node{
		"__typename": kind, "id": nodeID("U", a.id), "databaseId": a.id, "login": actorLogin(a.login), "url": c.web("/%s", actorLogin(a.login)),
	}
}

func (c *call) repositoryNode(r *Repository) node {
	return node{
		"__typename": "Repository", "id": nodeID("R", r.id), "databaseId": r.id, "name": r.name, "nameWithOwner": r.FullName(),
		"pullRequest": field(func(args map[string]any) (any, *graphError) {
			n, _ := number(args["number"])
			p := r.pulls[n]
			if p == nil {
				return nil, notFound(fmt.Sprintf("Could not resolve to a PullRequest with the number of %d.", n))
			}
			if err := c.readable(r); err != nil {
				return nil, err
			}
			return c.pullNode(p), nil
		}),
		"object": field(func(args map[string]any) (any, *graphError) {
			if err := c.allowed(r, "contents=read"); err != nil {
				return nil, err
			}
			if oid, ok := args["oid"].(string); ok {
				return c.objectNode(r, file{sha: oid}), nil
			}
			expression, _ := args["expression"].(string)
			ref, path, hasPath := strings.Cut(expression, ":")
			at := r.resolve(ref)
			switch {
			case at == nil:
				return nil, nil
			case !hasPath:
				return c.objectNode(r, file{sha: at.sha}), nil
			}
			f, ok := r.commits.lookUp(at, path)
			if !ok {
				return nil, nil
			}
			return c.objectNode(r, f), nil
		}),
	}
}

const maxText = 512 << 10 // bytes of a blob's text that GraphQL gives

// objectNode is a blob, tree or commit; nil if there is none.
func (c *call) objectNode(r *Repository, f file) any {
	o := r.commits
	if content, ok := o.blobs[f.sha]; ok {
		n := node{
			"__typename": "Blob", "id": "B_" + f.sha, "oid": f.sha, "byteSize": len(content), "isTruncated": len(content) > maxText,
			"isBinary": slices.Contains(content, 0), "text": nil,
		}
		if n["isBinary"] == false {
			n["text"] = string(content[:min(len(content), maxText)])
		}
		return n
	}
	if entries, ok := o.trees[f.sha]; ok {
		return node{"__typename": "Tree", "id": "T_" + f.sha, "oid": f.sha, "entries": c.entryNodes(r, entries)}
	}
	if at, ok := o.commits[f.sha]; ok {
		return node{"__typename": "Commit", "id": "C_" + f.sha, "oid": f.sha, "message": at.message, "committedDate": stamp(at.at)}
	}
	return nil
}

func (c *call) entryNodes(r *Repository, entries map[string]file) []node {
	all := make([]node, 0, len(entries))
	for name, f := range entries {
		mode, _ := strconv.ParseInt(f.mode, 8, 32)
		all = append(all, node{
			"__typename": "TreeEntry", "name": name, "path": name, "mode": mode, "oid": f.sha, "size": len(r.commits.blobs[f.sha]), "type": kindOf(f),
			"object": field(func(map[string]any) (any, *graphError) { return c.objectNode(r, f), nil }),
		})
	}
	slices.SortFunc(all, func(a, b node) int { return strings.Compare(a["name"].(string), b["name"].(string)) })
	return all
}

func (c *call) pullNode(p *PullRequest) node {
	state := strings.ToUpper(p.state())
	if p.merged != nil {
		state = "MERGED"
	}
	var own []*Comment
	for _, m := range p.repo.comments {
		if m.number == p.number {
			own = append(own, m)
		}
	}
	return node{
		"__typename": "PullRequest", "id": nodeID("PR", p.id), "number": p.number, "state": state, "title": p.title,
		"url": c.web("/%s/pull/%d", p.repo.FullName(), p.number), "author": c.actorNode(p.author),
		"headRefOid": p.headSHA, "headRefName": p.head, "baseRefOid": p.baseSHA, "baseRefName": p.base, "isCrossRepository": p.from != p.repo,
		"comments":      connection("comments", own, c.commentNode),
		"reviewThreads": connection("reviewThreads", p.threads, c.threadNode),
		"reviews": field(func(args map[string]any) (any, *graphError) {
			states, _ := args["states"].([]any)
			author, _ := args["author"].(string)
			var some []*Review
			for _, r := range p.reviews {
				if (len(states) == 0 || slices.Contains(states, any(r.State))) && (author == "" || strings.EqualFold(actorLogin(r.Login), author)) {
					some = append(some, r)
				}
			}
			return connection("reviews", some, func(r *Review) node { return c.reviewNode(p, r) })(args)
		}),
	}
}

func (c *call) commentNode(m *Comment) node {
	return c.written("IssueComment", "IC", m.ID, m.Login, m.Body, m.Minimized, node{
		"createdAt": stamp(m.Created), "updatedAt": stamp(m.Updated),
		"url": c.web("/%s/pull/%d#issuecomment-%d", m.repo.FullName(), m.number, m.ID),
	})
}

func (c *call) remarkNode(m *ReviewComment) node {
	n := node{
		"createdAt": stamp(m.Created), "updatedAt": stamp(m.Updated), "path": m.Path, "line": nil, "originalLine": nil,
		"url": c.web("/%s/pull/%d#discussion_r%d", m.pull.repo.FullName(), m.pull.number, m.ID),
	}
	line, there := m.now()
	if there {
		n["line"] = line
	}
	if m.Line > 0 {
		n["originalLine"] = m.Line
	}
	n["outdated"] = m.Line > 0 && !there
	return c.written("PullRequestReviewComment", "PRRC", m.ID, m.Login, m.Body, m.Minimized, n)
}

// written adds what all comments have.
func (c *call) written(kind, prefix string, id int64, login, body, minimized string, n node) node {
	n["__typename"], n["id"], n["databaseId"], n["fullDatabaseId"] = kind, nodeID(prefix, id), id, strconv.FormatInt(id, 10)
	n["author"], n["body"], n["viewerDidAuthor"] = c.actorNode(login), body, strings.EqualFold(login, c.token.Login)
	n["isMinimized"], n["minimizedReason"] = minimized != "", text(strings.ReplaceAll(strings.ToLower(minimized), "_", "-"))
	return n
}

func (c *call) threadNode(t *Thread) node {
	m := t.Comments[0]
	var resolver any // a user; GitHub does not name an app
	if t.Resolver != "" && c.g.account(t.Resolver).kind == "User" {
		resolver = c.actorNode(t.Resolver)
	}
	n := node{
		"__typename": "PullRequestReviewThread", "resolvedBy": resolver, "id": t.ID, "isResolved": t.Resolved, "isOutdated": false, "line": nil, "originalLine": nil, "path": m.Path,
		"viewerCanReply":   c.token.mayAny(t.pull.repo, "pull_requests=write"),
		"viewerCanResolve": c.allowed(t.pull.repo, "pull_requests=write", "contents=write") == nil,
		"comments":         connection("comments", t.Comments, c.remarkNode),
		"pullRequest":      field(func(map[string]any) (any, *graphError) { return c.pullNode(t.pull), nil }),
	}
	if m.Line > 0 {
		line, there := m.now()
		n["originalLine"], n["isOutdated"] = m.Line, !there
		if there {
			n["line"] = line
		}
	}
	return n
}

func (c *call) reviewNode(p *PullRequest, r *Review) node {
	return node{
		"__typename": "PullRequestReview", "id": nodeID("PRR", r.ID), "databaseId": r.ID, "author": c.actorNode(r.Login), "body": r.Body,
		"state": r.State, "submittedAt": stamp(r.Submitted), "url": c.web("/%s/pull/%d#pullrequestreview-%d", p.repo.FullName(), p.number, r.ID),
	}
}
