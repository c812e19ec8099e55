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

// A CheckRun is one of an app on a commit.
type CheckRun struct {
	ID                   int64
	Login                string // of the app
	Name, HeadSHA        string
	Status, Conclusion   string // the conclusion is "" before it is completed
	Title, Summary, Text string
	ExternalID, Details  string
	Annotations          []Annotation // all that were sent, in their order
	Suite                int64

	started, completed *time.Time
}

// An Annotation is a remark of a check run.
type Annotation struct {
	Path       string `json:"path"`
	Start      int    `json:"start_line"`
	End        int    `json:"end_line"`
	StartCol   *int   `json:"start_column"`
	EndCol     *int   `json:"end_column"`
	Level      string `json:"annotation_level"`
	Message    string `json:"message"`
	Title      string `json:"title"`
	RawDetails string `json:"raw_details"`
}

// CheckRuns are those of the repository, oldest first. They are copies.
func (r *Repository) CheckRuns() []CheckRun {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	all := make([]CheckRun, 0, len(r.checkRuns))
	for _, run := range r.checkRuns {
		copied := *run
		copied.Annotations = slices.Clone(run.Annotations)
		all = append(all, copied)
	}
	return all
}

// Suite starts a check suite of GitHub Actions on a commit, as each workflow that runs on it does. A check run that a workflow makes
// lands in the first one, whichever workflow that is of.
func (r *Repository) Suite(sha string) int64 {
	r.g.mu.Lock()
	defer r.g.mu.Unlock()
	return r.suite(sha)
}

func (r *Repository) suite(sha string) int64 {
	if r.suites[sha] == 0 {
		r.suites[sha] = r.g.id()
	}
	return r.suites[sha]
}

type checkRunSent struct {
	Name        *string    `json:"name"`
	HeadSHA     *string    `json:"head_sha"`
	DetailsURL  *string    `json:"details_url"`
	ExternalID  *string    `json:"external_id"`
	Status      *string    `json:"status"`
	StartedAt   *time.Time `json:"started_at"`
	Conclusion  *string    `json:"conclusion"`
	CompletedAt *time.Time `json:"completed_at"`
	Output      *struct {
		Title       *string      `json:"title"`
		Summary     *string      `json:"summary"`
		Text        *string      `json:"text"`
		Annotations []Annotation `json:"annotations"`
	} `json:"output"`
}

const (
	maxAnnotations = 50       // a request
	maxOutput      = 65535    // characters of summary and text
	maxMessage     = 64 << 10 // bytes of an annotation's message
	maxTitle       = 255      // characters of an annotation's title
)

// set takes over what was sent; the text says what is wrong with it.
func (run *CheckRun) set(s checkRunSent, now time.Time) string {
	if o := s.Output; o != nil {
		if o.Summary == nil {
			return `"summary" wasn't supplied.`
		}
		if n := utf8.RuneCountInString(*o.Summary); n > maxOutput {
			return fmt.Sprintf("Only %d characters are allowed in summary; %d were supplied.", maxOutput, n)
		}
		if o.Text != nil && utf8.RuneCountInString(*o.Text) > maxOutput {
			return fmt.Sprintf("Only %d characters are allowed in text; %d were supplied.", maxOutput, utf8.RuneCountInString(*o.Text))
		}
		if len(o.Annotations) > maxAnnotations {
			return fmt.Sprintf("No more than %d items are allowed; %d were supplied.", maxAnnotations, len(o.Annotations))
		}
		for i, a := range o.Annotations {
			if wrong := a.wrong(); wrong != "" {
				return fmt.Sprintf("For 'properties/output/properties/annotations/items/%d', %s", i, wrong)
			}
		}
	}
	conclusions := []string{"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}
	switch {
	case s.Conclusion != nil && !slices.Contains(conclusions, *s.Conclusion):
		return fmt.Sprintf("%q is not a conclusion that an app can set.", *s.Conclusion)
	case s.Status != nil && !slices.Contains([]string{"queued", "in_progress", "completed"}, *s.Status):
		return fmt.Sprintf("%q is not a status that an app can set.", *s.Status)
	case s.Conclusion == nil && run.Conclusion == "" && (s.CompletedAt != nil || s.Status != nil && *s.Status == "completed"):
		return "A conclusion is required when the status is completed."
	}
	take(&run.Name, s.Name)
	take(&run.Details, s.DetailsURL)
	take(&run.ExternalID, s.ExternalID)
	take(&run.Status, s.Status)
	take(&run.Conclusion, s.Conclusion)
	if s.StartedAt != nil {
		run.started = s.StartedAt
	}
	if s.Conclusion != nil {
		run.Status, run.completed = "completed", &now
	}
	if s.CompletedAt != nil {
		run.completed = s.CompletedAt
	}
	if o := s.Output; o != nil {
		take(&run.Title, o.Title)
		take(&run.Summary, o.Summary)
		take(&run.Text, o.Text)
		run.Annotations = append(run.Annotations, o.Annotations...)
	}
	return ""
}

// take sets what was sent, and leaves the rest as it is.
func take(to, sent *string) {
	if sent != nil {
		*to = *sent
	}
}

func (a Annotation) wrong() string {
	switch {
	case a.Path == "" || strings.HasPrefix(a.Path, "/"):
		return "path is not a file of the repository."
	case a.Start < 1 || a.End < a.Start:
		return "start_line and end_line are no lines."
	case (a.StartCol != nil || a.EndCol != nil) && a.Start != a.End:
		return "start_column and end_column cannot be set on several lines."
	case !slices.Contains([]string{"notice", "warning", "failure"}, a.Level):
		return fmt.Sprintf("%q is not an annotation_level.", a.Level)
	case a.Message == "" || len(a.Message) > maxMessage || len(a.RawDetails) > maxMessage:
		return "message is missing or larger than 64 KB."
	case utf8.RuneCountInString(a.Title) > maxTitle:
		return "title is longer than 255 characters."
	}
	return ""
}

func (c *call) createCheckRun() answer {
	var s checkRunSent
	if a, ok := c.decode(&s); !ok {
		return a
	}
	if s.Name == nil || *s.Name == "" || s.HeadSHA == nil {
		return c.invalid("Invalid request.\n\n\"name\", \"head_sha\" weren't supplied.")
	}
	if c.repo.commits.commits[*s.HeadSHA] == nil {
		return c.invalid("No commit found for SHA: " + *s.HeadSHA)
	}
	run := &CheckRun{Login: c.token.Login, HeadSHA: *s.HeadSHA, Status: "queued", started: &c.time}
	if wrong := run.set(s, c.time); wrong != "" {
		return c.invalid("Invalid request.\n\n" + wrong)
	}
	run.ID, run.Suite = c.g.id(), c.repo.suite(run.HeadSHA)
	c.repo.checkRuns = append(c.repo.checkRuns, run)
	return created(c.renderCheckRun(run))
}

// checkRun is the one that a call is for.
func (c *call) checkRun() (*CheckRun, *answer) {
	id, _ := strconv.ParseInt(c.vars["check_run_id"], 10, 64)
	for _, run := range c.repo.checkRuns {
		if run.ID == id {
			return run, nil
		}
	}
	a := c.problem(http.StatusNotFound, "Not Found")
	return nil, &a
}

func (c *call) getCheckRun() answer {
	run, wrong := c.checkRun()
	if wrong != nil {
		return *wrong
	}
	return ok(c.renderCheckRun(run))
}

func (c *call) updateCheckRun() answer {
	run, wrong := c.checkRun()
	if wrong != nil {
		return *wrong
	}
	if run.Login != c.token.Login {
		return c.problem(http.StatusForbidden, "Invalid app_id - check run can only be modified by the GitHub App that created it.")
	}
	var s checkRunSent
	if a, ok := c.decode(&s); !ok {
		return a
	}
	if wrong := run.set(s, c.time); wrong != "" {
		return c.invalid("Invalid request.\n\n" + wrong)
	}
	return ok(c.renderCheckRun(run))
}

func (c *call) listAnnotations() answer {
	run, wrong := c.checkRun()
	if wrong != nil {
		return *wrong
	}
	return list(c, run.Annotations, func(a Annotation) object {
		o := object{
			"path": a.Path, "start_line": a.Start, "end_line": a.End, "start_column": nil, "end_column": nil, "annotation_level": a.Level,
			"message": a.Message, "title": text(a.Title), "raw_details": text(a.RawDetails),
			"blob_href": c.url("/repos/%s/git/blobs/%s", c.repo.FullName(), run.HeadSHA),
		}
		if a.StartCol != nil {
			o["start_column"] = *a.StartCol
		}
		if a.EndCol != nil {
			o["end_column"] = *a.EndCol
		}
		return o
	})
}

// listCheckRuns has those of a commit: of each app and name only the latest, unless all are asked for.
func (c *call) listCheckRuns() answer {
	at := c.repo.resolve(c.vars["ref"])
	if at == nil {
		return c.invalid("No commit found for SHA: " + c.vars["ref"])
	}
	q := c.r.URL.Query()
	var some []*CheckRun
	seen := map[string]bool{}
	for _, run := range slices.Backward(c.repo.checkRuns) {
		key := run.Login + "\x00" + run.Name
		if run.HeadSHA != at.sha || q.Get("check_name") != "" && q.Get("check_name") != run.Name || q.Get("status") != "" && q.Get("status") != run.Status {
			continue
		}
		if q.Get("filter") == "all" || !seen[key] {
			some = append(some, run)
		}
		seen[key] = true
	}
	a := list(c, some, c.renderCheckRun)
	if a.status == http.StatusOK {
		a.body = object{"total_count": len(some), "check_runs": a.body}
	}
	return a
}

func (c *call) renderCheckRun(run *CheckRun) object {
	self := c.url("/repos/%s/check-runs/%d", c.repo.FullName(), run.ID)
	page := c.web("/%s/runs/%d", c.repo.FullName(), run.ID)
	details := run.Details
	if details == "" {
		details = page
	}
	return object{
		"id": run.ID, "node_id": nodeID("CR", run.ID), "head_sha": run.HeadSHA, "name": run.Name, "external_id": run.ExternalID,
		"url": self, "html_url": page, "details_url": details, "status": run.Status, "conclusion": text(run.Conclusion),
		"started_at": maybe(run.started), "completed_at": maybe(run.completed), "check_suite": object{"id": run.Suite},
		"output": object{
			"title": text(run.Title), "summary": text(run.Summary), "text": text(run.Text),
			"annotations_count": len(run.Annotations), "annotations_url": self + "/annotations",
		},
		"app": c.renderApp(run.Login), "pull_requests": []object{},
	}
}

func (c *call) renderApp(login string) object {
	a := c.g.account(login)
	slug := actorLogin(login)
	return object{
		"id": a.id, "slug": slug, "node_id": nodeID("A", a.id), "owner": c.renderAccount("github"), "name": slug, "description": "",
		"external_url": c.web("/apps/%s", slug), "html_url": c.web("/apps/%s", slug), "created_at": stamp(c.repo.created), "updated_at": stamp(c.repo.created),
		"permissions": object{"checks": "write"}, "events": []string{},
	}
}
