package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Review is a verdict on a pull request, or the cover of remarks.
type Review struct {
	ID        int64
	Login     string
	Body      string
	State     string // APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED or PENDING
	CommitID  string
	Submitted time.Time
}

// A ReviewComment is a remark on lines of a pull request.
type ReviewComment struct {
	ID               int64
	Review           int64
	Login, Body      string
	Path             string
	Line, StartLine  int    // at the commit it was made on; 0: none
	Side             string // LEFT or RIGHT
	CommitID         string // it was made on
	InReplyTo        int64  // the first remark of the thread; 0 for that one
	Hunk             string
	Created, Updated time.Time
	Minimized        string // the classifier it was hidden with; "" while it is shown

	pull      *PullRequest
	thread    *Thread
	startSide string
}

// A Thread is a remark with what was replied to it.
type Thread struct {
	ID       string // of GraphQL
	Resolved bool
	Resolver string // who resolved it; "" while it is not
	Comments []*ReviewComment

	pull *PullRequest
}

// Reviews are those of the pull request, oldest first. They are copies.
func (p *PullRequest) Reviews() []Review {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	all := make([]Review, 0, len(p.reviews))
	for _, r := range p.reviews {
		all = append(all, *r)
	}
	return all
}

// Review gives a verdict as somebody: APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED, on the present head.
func (p *PullRequest) Review(login, state, body string) int64 {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	return p.review(login, state, body, p.headSHA, p.g.now().UTC()).ID
}

func (p *PullRequest) review(login, state, body, commit string, at time.Time) *Review {
	p.g.account(login)
	r := &Review{ID: p.g.id(), Login: login, Body: body, State: state, CommitID: commit, Submitted: at}
	p.reviews = append(p.reviews, r)
	return r
}

// Threads are the remarks of the pull request with their replies, oldest first. They are copies.
func (p *PullRequest) Threads() []Thread {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	all := make([]Thread, 0, len(p.threads))
	for _, t := range p.threads {
		copied := *t
		copied.Comments = nil
		for _, m := range t.Comments {
			m := *m
			copied.Comments = append(copied.Comments, &m)
		}
		all = append(all, copied)
	}
	return all
}

// Resolve resolves the thread of a remark as somebody.
func (p *PullRequest) Resolve(remark int64, login string) {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	i := slices.IndexFunc(p.reviewComments, func(m *ReviewComment) bool { return m.ID == remark })
	t := p.reviewComments[i].thread
	t.Resolved, t.Resolver = true, login
}

// Reply answers a remark as somebody.
func (p *PullRequest) Reply(to int64, login, body string) int64 {
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	i := slices.IndexFunc(p.reviewComments, func(m *ReviewComment) bool { return m.ID == to })
	return p.reply(p.reviewComments[i], login, body, p.g.now().UTC()).ID
}

func (p *PullRequest) reply(to *ReviewComment, login, body string, at time.Time) *ReviewComment {
	r := p.review(login, "COMMENTED", "", p.headSHA, at)
	m := *to
	m.Review, m.Login, m.Body, m.Created, m.Updated, m.Minimized = r.ID, login, body, at, at, ""
	m.InReplyTo = to.thread.Comments[0].ID
	return p.remark(&m)
}

// remark adds a remark, in a thread of its own if it replies to none.
func (p *PullRequest) remark(m *ReviewComment) *ReviewComment {
	p.g.account(m.Login)
	m.ID, m.pull = p.g.id(), p
	if m.InReplyTo == 0 {
		m.thread = &Thread{ID: nodeID("PRRT", m.ID), pull: p}
		p.threads = append(p.threads, m.thread)
		p.g.nodes[m.thread.ID] = m.thread
	}
	m.thread.Comments = append(m.thread.Comments, m)
	p.reviewComments = append(p.reviewComments, m)
	p.g.nodes[nodeID("PRRC", m.ID)] = m
	return m
}

// now is the line that a remark is on at the present head; false if that is gone, and the remark outdated.
func (m *ReviewComment) now() (int, bool) {
	if m.Line == 0 || m.Side == "LEFT" {
		return m.Line, m.Line > 0
	}
	o := m.pull.repo.commits
	before, after := o.commits[m.CommitID], o.commits[m.pull.headSHA]
	f, ok := after.files[m.Path]
	if !ok {
		return 0, false
	}
	return movedLine(o.blobs[before.files[m.Path].sha], o.blobs[f.sha], m.Line)
}

func (c *call) renderReview(p *PullRequest, r *Review) object {
	page := c.web("/%s/pull/%d#pullrequestreview-%d", c.repo.FullName(), p.number, r.ID)
	self := c.url("/repos/%s/pulls/%d", c.repo.FullName(), p.number)
	return object{
		"id": r.ID, "node_id": nodeID("PRR", r.ID), "user": c.renderAccount(r.Login), "body": r.Body, "state": r.State,
		"html_url": page, "pull_request_url": self, "submitted_at": stamp(r.Submitted), "commit_id": r.CommitID,
		"author_association": c.association(c.repo, r.Login),
		"_links":             object{"html": object{"href": page}, "pull_request": object{"href": self}},
	}
}

func (c *call) renderRemark(m *ReviewComment) object {
	page := c.web("/%s/pull/%d#discussion_r%d", c.repo.FullName(), m.pull.number, m.ID)
	self := c.url("/repos/%s/pulls/comments/%d", c.repo.FullName(), m.ID)
	pull := c.url("/repos/%s/pulls/%d", c.repo.FullName(), m.pull.number)
	o := object{
		"id": m.ID, "node_id": nodeID("PRRC", m.ID), "pull_request_review_id": m.Review, "user": c.renderAccount(m.Login), "body": m.Body,
		"path": m.Path, "diff_hunk": m.Hunk, "commit_id": m.pull.headSHA, "original_commit_id": m.CommitID,
		"line": nil, "original_line": m.Line, "start_line": nil, "original_start_line": nil, "side": m.Side, "start_side": nil,
		"position": nil, "original_position": 1, "subject_type": "line",
		"created_at": stamp(m.Created), "updated_at": stamp(m.Updated), "author_association": c.association(c.repo, m.Login),
		"url": self, "html_url": page, "pull_request_url": pull,
		"_links": object{"self": object{"href": self}, "html": object{"href": page}, "pull_request": object{"href": pull}},
	}
	if line, there := m.now(); there {
		o["line"], o["position"] = line, 1
		if m.StartLine > 0 {
			o["start_line"] = line - m.Line + m.StartLine
		}
	}
	if m.Line == 0 {
		o["subject_type"] = "file"
		delete(o, "original_line")
	}
	if m.StartLine > 0 {
		o["original_start_line"], o["start_side"] = m.StartLine, m.startSide
	}
	if m.InReplyTo > 0 {
		o["in_reply_to_id"] = m.InReplyTo
	}
	return o
}

func (c *call) listReviews() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	return list(c, p.reviews, func(r *Review) object { return c.renderReview(p, r) })
}

// A remarkSent is a remark as it is asked for.
type remarkSent struct {
	Path      *string `json:"path"`
	Body      *string `json:"body"`
	Position  *int    `json:"position"`
	Line      *int    `json:"line"`
	Side      string  `json:"side"`
	StartLine *int    `json:"start_line"`
	StartSide string  `json:"start_side"`

	CommitID    *string `json:"commit_id"`
	InReplyTo   *int64  `json:"in_reply_to"`
	SubjectType string  `json:"subject_type"`
}

// place finds the lines of a remark in the diff, or says why it has none.
func (c *call) place(p *PullRequest, s remarkSent, commit string) (*ReviewComment, string) {
	m := &ReviewComment{
		Login: c.token.Login, Path: *s.Path, Body: *s.Body, Side: s.Side, CommitID: commit, Created: c.time, Updated: c.time,
	}
	if m.Side == "" {
		m.Side = "RIGHT"
	}
	o := c.repo.commits
	changes := o.changes(o.commits[o.mergeBase(p.repo.branches[p.base], commit)], o.commits[commit])
	i := slices.IndexFunc(changes, func(f fileChange) bool { return f.name == m.Path })
	switch {
	case i < 0:
		return nil, "Path could not be resolved"
	case utf8.RuneCountInString(m.Body) > maxBody:
		return nil, "Body is too long (maximum is 65536 characters)"
	case strings.TrimSpace(m.Body) == "":
		return nil, "Body can't be blank"
	case s.SubjectType == "file":
		return m, ""
	case s.Line == nil && s.Position == nil:
		return nil, "Position could not be resolved"
	}
	lines := linesOf(changes[i].patch)
	if s.Line == nil { // the older way to name a line: how far it is down the patch, headers of later hunks counted
		at := *s.Position - 1
		for _, l := range lines {
			if at == 0 {
				m.Side, m.Line = "RIGHT", l.right
				if l.right == 0 {
					m.Side, m.Line = "LEFT", l.left
				}
			}
			at--
		}
	} else {
		m.Line = *s.Line
	}
	l, there := on(lines, m.Side, m.Line)
	if !there {
		return nil, "Line could not be resolved"
	}
	m.Hunk = hunkTo(changes[i].patch, l)
	if s.StartLine == nil {
		return m, ""
	}
	m.StartLine, m.startSide = *s.StartLine, s.StartSide
	if m.startSide == "" {
		m.startSide = m.Side
	}
	first, there := on(lines, m.startSide, m.StartLine)
	switch {
	case m.StartLine >= m.Line:
		return nil, "Start line must precede the end line"
	case !there:
		return nil, "Start line could not be resolved"
	case first.hunk != l.hunk:
		return nil, "Pull request review thread start line must be part of the same hunk as the line."
	}
	return m, ""
}

// createReview makes a review with all of its remarks, or with one that cannot be placed, nothing.
func (c *call) createReview() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	var sent struct {
		CommitID string       `json:"commit_id"`
		Body     string       `json:"body"`
		Event    string       `json:"event"`
		Comments []remarkSent `json:"comments"`
	}
	if a, ok := c.decode(&sent); !ok {
		return a
	}
	state, known := map[string]string{"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED", "": "PENDING"}[sent.Event]
	if sent.CommitID == "" {
		sent.CommitID = p.headSHA
	}
	switch {
	case !known:
		return c.invalid("Unprocessable Entity", "Variable $event of type PullRequestReviewEvent was provided invalid value")
	case !p.repo.commits.history(p.headSHA)[sent.CommitID]:
		return c.invalid("Unprocessable Entity", "Commit could not be resolved")
	case sent.Body == "" && len(sent.Comments) == 0 && state != "APPROVED" && state != "PENDING":
		return c.invalid("Unprocessable Entity", "Review body can't be blank")
	case utf8.RuneCountInString(sent.Body) > maxBody:
		return c.invalid("Unprocessable Entity", "Body is too long (maximum is 65536 characters)")
	case strings.EqualFold(c.token.Login, p.author) && (state == "APPROVED" || state == "CHANGES_REQUESTED"):
		return c.invalid("Unprocessable Entity", fmt.Sprintf("Can not %s your own pull request", strings.ToLower(strings.ReplaceAll(sent.Event, "_", " "))))
	}
	var remarks []*ReviewComment
	for _, s := range sent.Comments {
		if s.Path == nil || s.Body == nil {
			return c.invalid("Invalid request.\n\n\"path\", \"body\" weren't supplied.")
		}
		m, why := c.place(p, s, sent.CommitID)
		if why != "" {
			return c.invalid("Unprocessable Entity", why)
		}
		remarks = append(remarks, m)
	}
	r := p.review(c.token.Login, state, sent.Body, sent.CommitID, c.time)
	for _, m := range remarks {
		m.Review = r.ID
		p.remark(m)
	}
	return ok(c.renderReview(p, r))
}

func (c *call) listRemarks() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	return list(c, p.reviewComments, c.renderRemark)
}

// createRemark makes one remark, or a reply to one.
func (c *call) createRemark() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	var s remarkSent
	if a, ok := c.decode(&s); !ok {
		return a
	}
	if s.InReplyTo != nil {
		return c.replyTo(p, *s.InReplyTo, s.Body)
	}
	switch {
	case s.Path == nil || s.Body == nil || s.CommitID == nil:
		return c.invalid("Invalid request.\n\n\"path\", \"body\", \"commit_id\" weren't supplied.")
	case !p.repo.commits.history(p.headSHA)[*s.CommitID]:
		return c.invalid("Validation Failed", c.unresolved("commit_id", "is not part of the pull request"))
	}
	m, why := c.place(p, s, *s.CommitID)
	if why != "" {
		return c.invalid("Validation Failed", c.unresolved("pull_request_review_thread.line", why))
	}
	m.Review = p.review(m.Login, "COMMENTED", "", m.CommitID, c.time).ID
	return created(c.renderRemark(p.remark(m)))
}

func (c *call) unresolved(field, message string) object {
	return object{"resource": "PullRequestReviewComment", "code": "custom", "field": field, "message": field + " " + message}
}

func (c *call) replyTo(p *PullRequest, id int64, body *string) answer {
	i := slices.IndexFunc(p.reviewComments, func(m *ReviewComment) bool { return m.ID == id })
	switch {
	case i < 0:
		return c.problem(http.StatusNotFound, "Not Found")
	case body == nil || strings.TrimSpace(*body) == "" || utf8.RuneCountInString(*body) > maxBody:
		return c.invalid("Validation Failed", c.unresolved("body", "is blank or too long (maximum is 65536 characters)"))
	}
	return created(c.renderRemark(p.reply(p.reviewComments[i], c.token.Login, *body, c.time)))
}

func (c *call) createReply() answer {
	p, wrong := c.pull("pull_number")
	if wrong != nil {
		return *wrong
	}
	var sent struct {
		Body *string `json:"body"`
	}
	if a, ok := c.decode(&sent); !ok {
		return a
	}
	id, _ := strconv.ParseInt(c.vars["comment_id"], 10, 64)
	return c.replyTo(p, id, sent.Body)
}

// remark is the one that a call is for.
func (c *call) remark() (*ReviewComment, *answer) {
	id, _ := strconv.ParseInt(c.vars["comment_id"], 10, 64)
	for _, p := range c.repo.pulls {
		for _, m := range p.reviewComments {
			if m.ID == id {
				return m, nil
			}
		}
	}
	a := c.problem(http.StatusNotFound, "Not Found")
	return nil, &a
}

func (c *call) getRemark() answer {
	m, wrong := c.remark()
	if wrong != nil {
		return *wrong
	}
	return ok(c.renderRemark(m))
}

// ownRemark is the one that a call is for, if whoever calls may change it.
func (c *call) ownRemark() (*ReviewComment, *answer) {
	m, wrong := c.remark()
	if wrong == nil {
		wrong = c.own(m.Login)
	}
	return m, wrong
}

func (c *call) updateRemark() answer {
	m, wrong := c.ownRemark()
	if wrong != nil {
		return *wrong
	}
	body, wrong := c.bodyOf()
	if wrong != nil {
		return *wrong
	}
	m.Body, m.Updated = body, c.time
	return ok(c.renderRemark(m))
}

// deleteRemark also takes the thread away when nothing is left in it.
func (c *call) deleteRemark() answer {
	m, wrong := c.ownRemark()
	if wrong != nil {
		return *wrong
	}
	same := func(other *ReviewComment) bool { return other == m }
	p, t := m.pull, m.thread
	p.reviewComments, t.Comments = slices.DeleteFunc(p.reviewComments, same), slices.DeleteFunc(t.Comments, same)
	delete(c.g.nodes, nodeID("PRRC", m.ID))
	if len(t.Comments) == 0 {
		p.threads = slices.DeleteFunc(p.threads, func(other *Thread) bool { return other == t })
		delete(c.g.nodes, t.ID)
	}
	return answer{status: http.StatusNoContent}
}
