package githubtest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Comment is one in the conversation of a pull request or issue.
type Comment struct {
	ID               int64
	Login            string // who wrote it
	Body             string
	Created, Updated time.Time
	Minimized        string // the classifier it was hidden with; "" while it is shown

	repo   *Repository
	number int // of the pull request or issue
}

const maxBody = 65536 // characters of a comment

// Comments are those of the pull request, oldest first. They are copies.
func (p *PullRequest) Comments() []Comment {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	var all []Comment
	for _, m := range p.repo.comments {
		if m.number == p.number {
			all = append(all, *m)
		}
	}
	return all
}

// Comment writes a comment as somebody, past all limits.
func (p *PullRequest) Comment(login, body string) int64 {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return p.repo.comment(p.number, login, body, p.g.now().UTC()).ID
}

func (r *Repository) comment(number int, login, body string, at time.Time) *Comment {
	r.g.account(login)
	m := &Comment{ID: r.g.id(), Login: login, Body: body, Created: at, Updated: at, repo: r, number: number}
	r.comments = append(r.comments, m)
	r.g.nodes[nodeID("IC", m.ID)] = m
	return m
}

func (c *call) renderComment(m *Comment) object {
	return object{
		"id": m.ID, "node_id": nodeID("IC", m.ID), "body": m.Body, "user": c.renderAccount(m.Login),
		"url":        c.url("/repos/%s/issues/comments/%d", c.repo.FullName(), m.ID),
		"html_url":   c.web("/%s/pull/%d#issuecomment-%d", c.repo.FullName(), m.number, m.ID),
		"issue_url":  c.url("/repos/%s/issues/%d", c.repo.FullName(), m.number),
		"created_at": stamp(m.Created), "updated_at": stamp(m.Updated),
		"author_association": c.association(c.repo, m.Login), "performed_via_github_app": nil,
	}
}

func (c *call) listComments() answer {
	p, wrong := c.pull("issue_number")
	if wrong != nil {
		return *wrong
	}
	since := time.Time{}
	if s := c.r.URL.Query().Get("since"); s != "" {
		var err error
		if since, err = time.Parse(time.RFC3339, s); err != nil {
			return c.invalid("Validation Failed", object{"resource": "IssueComment", "field": "since", "code": "invalid"})
		}
	}
	var some []*Comment
	for _, m := range c.repo.comments {
		if m.number == p.number && !m.Updated.Before(since) {
			some = append(some, m)
		}
	}
	return list(c, some, c.renderComment)
}

// bodyOf reads the text of a comment, with the limits of GitHub.
func (c *call) bodyOf() (string, *answer) {
	var sent struct {
		Body *string `json:"body"`
	}
	if a, ok := c.decode(&sent); !ok {
		return "", &a
	}
	var a answer
	switch {
	case sent.Body == nil:
		a = c.invalid(`Invalid request.` + "\n\n" + `"body" wasn't supplied.`)
	case strings.TrimSpace(*sent.Body) == "":
		a = c.invalid("Validation Failed", object{"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": "Body cannot be blank"})
	case utf8.RuneCountInString(*sent.Body) > maxBody:
		a = c.invalid("Validation Failed", object{
			"resource": "IssueComment", "code": "unprocessable", "field": "data",
			"message": "Body is too long (maximum is 65536 characters)",
		})
	default:
		return *sent.Body, nil
	}
	return "", &a
}

func (c *call) createComment() answer {
	p, wrong := c.pull("issue_number")
	if wrong != nil {
		return *wrong
	}
	body, wrong := c.bodyOf()
	if wrong != nil {
		return *wrong
	}
	m := c.repo.comment(p.number, c.token.Login, body, c.time)
	o := c.renderComment(m)
	a := created(o)
	a.header = http.Header{"Location": {o["url"].(string)}}
	return a
}

// comment is the one that a call is for.
func (c *call) comment() (*Comment, *answer) {
	id, _ := strconv.ParseInt(c.vars["comment_id"], 10, 64)
	for _, m := range c.repo.comments {
		if m.ID == id {
			return m, nil
		}
	}
	a := c.problem(http.StatusNotFound, "Not Found")
	return nil, &a
}

// own refuses who may not change what somebody else wrote.
func (c *call) own(author string) *answer {
	if c.token.isApp() || strings.EqualFold(c.token.Login, author) || c.repo.role(c.token.Login) == "write" {
		return nil
	}
	a := c.problem(http.StatusForbidden, "Must have admin rights to Repository.")
	return &a
}

func (c *call) getComment() answer {
	m, wrong := c.comment()
	if wrong != nil {
		return *wrong
	}
	return ok(c.renderComment(m))
}

// ownComment is the comment that a call is for, if whoever calls may change it.
func (c *call) ownComment() (*Comment, *answer) {
	m, wrong := c.comment()
	if wrong == nil {
		wrong = c.own(m.Login)
	}
	return m, wrong
}

func (c *call) updateComment() answer {
	m, wrong := c.ownComment()
	if wrong != nil {
		return *wrong
	}
	body, wrong := c.bodyOf()
	if wrong != nil {
		return *wrong
	}
	m.Body, m.Updated = body, c.time
	return ok(c.renderComment(m))
}

func (c *call) deleteComment() answer {
	m, wrong := c.ownComment()
	if wrong != nil {
		return *wrong
	}
	c.repo.comments = slices.DeleteFunc(c.repo.comments, func(other *Comment) bool { return other == m })
	delete(c.g.nodes, nodeID("IC", m.ID))
	return answer{status: http.StatusNoContent}
}
