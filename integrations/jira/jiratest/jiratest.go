// Package jiratest is a Jira in memory: Cloud and Data Center as far as tickets need them, and as strict. It keeps its state, forgets
// nothing between restarts of those who use it, and has an index that lags behind, workflows that people make, limits and faults.
//
// What it knows of either deployment comes from Atlassian's documentation and OpenAPI documents; see Spec, which holds it to them.
package jiratest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are what a Jira is set up with. The zero value is a Cloud site with one project, PAY, and two users, robot and Maria.
type Options struct {
	DataCenter bool
	Gateway    string // cloud id: it answers below /ex/jira/{cloud id} alone, as api.atlassian.com does
	Clock      *Clock
	Lag        time.Duration // until searches see a change
	PageSize   int           // most issues in a page of a search; 0: 100
	Projects   []Project
	Priorities []string // names; nil: Highest to Lowest
	LinkTypes  []string // names of types of links between issues; nil: Blocks, Duplicate, Relates
	Check      *Spec    // nil: nothing is checked
}

// A Project has one workflow for all of its issue types.
type Project struct {
	Key        string
	Types      []IssueType
	Components []string
	Workflow   Workflow
	Assignable []string // names of users that issues can be assigned to; nil: all
	Denied     []string // permissions that the robot lacks: CREATE_ISSUES, EDIT_ISSUES, TRANSITION_ISSUES, ADD_COMMENTS, LINK_ISSUES, BROWSE_PROJECTS
}

// An IssueType has the fields of its screens besides those that all have.
type IssueType struct {
	Name   string
	Fields []Field
}

// A Field is one of a screen.
type Field struct {
	ID       string // customfield_10010
	Name     string
	Type     string // string, textarea, number, option, user, date, array
	Allowed  []string
	Required bool
	Default  bool // it has a value if none is given
}

// A Workflow is statuses, of which the first is where issues start, and the ways between them.
type Workflow struct {
	Statuses    []Status
	Transitions []Transition
}

// A Status has a category: new, indeterminate or done.
type Status struct {
	ID, Name, Category string
	Locked             bool // issues in it cannot be edited, as in Data Center's classic workflow
}

// A Transition leads to a status by name, from any where From is nil. It has a screen if it has fields.
type Transition struct {
	ID, Name   string
	From       []string
	To         string
	Fields     []string // on its screen: resolution, comment, custom fields
	Required   []string // of those
	Resolution string   // that a post function sets
}

// A User is known by account id in Cloud and by name in Data Center.
type User struct{ AccountID, Name, DisplayName, Email, Token string }

// Robot is who the tests' requests come from, Maria a person.
var (
	Robot = User{"5b10a2844c20165700ede21a", "robot", "Headgate Robot", "robot@example.org", "robot-token"}
	Maria = User{"5b10a2844c20165700ede21b", "maria", "Maria Ñandú", "maria@example.org", "maria-token"}
)

// Simple is a workflow with ways everywhere, in German, since names are everyone's own.
func Simple() Workflow {
	return Workflow{
		Statuses: []Status{{"10000", "Zu erledigen", "new", false}, {"10001", "In Arbeit", "indeterminate", false}, {"10002", "Fertig", "done", false}},
		Transitions: []Transition{
			{ID: "11", Name: "Zu erledigen", To: "Zu erledigen"},
			{ID: "21", Name: "Anfangen", To: "In Arbeit"},
			{ID: "31", Name: "Erledigt", To: "Fertig", Resolution: "Fertig"},
		},
	}
}

// Classic is the workflow that Data Center comes with: closing asks for a resolution.
func Classic() Workflow {
	return Workflow{
		Statuses: []Status{
			{"1", "Open", "new", false}, {"3", "In Progress", "indeterminate", false}, {"5", "Resolved", "done", false},
			{"4", "Reopened", "new", false}, {"6", "Closed", "done", true},
		},
		Transitions: []Transition{
			{ID: "4", Name: "Start Progress", From: []string{"Open", "Reopened"}, To: "In Progress"},
			{ID: "5", Name: "Resolve Issue", From: []string{"Open", "Reopened", "In Progress"}, To: "Resolved", Fields: []string{"resolution", "comment"}, Required: []string{"resolution"}},
			{ID: "2", Name: "Close Issue", From: []string{"Open", "Reopened", "In Progress", "Resolved"}, To: "Closed", Fields: []string{"resolution", "comment"}, Required: []string{"resolution"}},
			{ID: "3", Name: "Reopen Issue", From: []string{"Resolved", "Closed"}, To: "Reopened", Fields: []string{"comment"}},
		},
	}
}

// A Jira is one site. Its methods may be called from several goroutines.
type Jira struct {
	options Options
	users   []User

	mu       sync.Mutex
	issues   map[int64]*issue
	keys     map[string]int64 // those of before as well: they lead to the issue
	numbers  map[string]int   // the last one given out, by project
	next     int64
	faults   []*Fault
	requests []Request
	hook     func(*http.Request)
}

// New makes a Jira.
func New(o Options) *Jira {
	if o.Clock == nil {
		o.Clock = NewClock(time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC))
	}
	if o.PageSize == 0 {
		o.PageSize = 100
	}
	if o.Projects == nil {
		o.Projects = []Project{{Key: "PAY", Components: []string{"checkout", "edge"}}}
	}
	o.Projects = slices.Clone(o.Projects)
	for i := range o.Projects {
		p := &o.Projects[i]
		if p.Types == nil {
			p.Types = []IssueType{{Name: "Task"}, {Name: "Bug"}, {Name: "Epic"}}
		}
		if p.Workflow.Statuses == nil && o.DataCenter {
			p.Workflow = Classic()
		} else if p.Workflow.Statuses == nil {
			p.Workflow = Simple()
		}
	}
	if o.Priorities == nil {
		o.Priorities = []string{"Highest", "High", "Medium", "Low", "Lowest"}
	}
	if o.LinkTypes == nil {
		o.LinkTypes = []string{"Blocks", "Duplicate", "Relates"}
	}
	return &Jira{
		options: o, users: []User{Robot, Maria}, issues: map[int64]*issue{}, keys: map[string]int64{}, numbers: map[string]int{}, next: 10000,
	}
}

// Clock is what tells it the time.
func (j *Jira) Clock() *Clock { return j.options.Clock }

// Serve makes it answer at an address of this machine until the test is over.
func (j *Jira) Serve(t testing.TB) (address string) {
	t.Helper()
	s := httptest.NewServer(j)
	t.Cleanup(s.Close)
	return s.URL + j.prefix()
}

// prefix is the path that its resources are below.
func (j *Jira) prefix() string {
	if j.options.Gateway != "" {
		return "/ex/jira/" + j.options.Gateway
	}
	return ""
}

// Hook is called with each request before it is handled, and may do anything to the Jira: nothing is locked.
func (j *Jira) Hook(f func(*http.Request)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.hook = f
}

// A Request is one that was answered.
type Request struct {
	Method, Path, Query, Body string
	User                      string // name; empty: none
	Status                    int    // 0: the connection was cut
}

// Requests are all so far.
func (j *Jira) Requests() []Request {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.requests)
}

// Forget empties the list of requests.
func (j *Jira) Forget() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.requests = nil
}

// An Issue is one as a person sees it.
type Issue struct {
	ID, Key, Project             string
	Status, Category, Resolution string
	Fields                       map[string]any
	Labels                       []string
	Properties                   map[string]string // JSON
	Comments                     []Comment
	RemoteLinks                  map[string]string // global id → address
	Duplicates                   []string          // keys of issues that this one duplicates
	Creator                      string
	Moves                        []Move
}

// A Comment is a text by someone, as it was sent.
type Comment struct {
	Author string
	Body   any
	Moves  int // that the issue had made until then
}

// A Move is a change of status.
type Move struct{ By, Category, Resolution string }

// Issues are all that exist now, by id.
func (j *Jira) Issues() []Issue {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Issue
	for _, id := range slices.Sorted(maps.Keys(j.issues)) {
		all = append(all, j.issues[id].shown())
	}
	return all
}

// Issue is the one with a key, by which it was known once.
func (j *Jira) Issue(key string) (Issue, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := j.find(key)
	if i == nil {
		return Issue{}, false
	}
	return i.shown(), true
}

// find is the issue with an id or key, nil if there is none.
func (j *Jira) find(idOrKey string) *issue {
	if id, err := strconv.ParseInt(idOrKey, 10, 64); err == nil {
		return j.issues[id]
	}
	id, ok := j.keys[strings.ToUpper(idOrKey)]
	if !ok {
		return nil
	}
	return j.issues[id]
}

func (j *Jira) project(key string) *Project {
	for i := range j.options.Projects {
		if p := &j.options.Projects[i]; strings.EqualFold(p.Key, key) || projectID(i) == key {
			return p
		}
	}
	return nil
}

func projectID(i int) string { return strconv.Itoa(10100 + i) }

func (j *Jira) projectID(p *Project) string {
	for i := range j.options.Projects {
		if p == &j.options.Projects[i] {
			return projectID(i)
		}
	}
	return ""
}

func (w *Workflow) status(name string) *Status {
	for i := range w.Statuses {
		if w.Statuses[i].Name == name {
			return &w.Statuses[i]
		}
	}
	panic(fmt.Sprintf("no status %q in the workflow", name))
}

// ways are the transitions that lead on from a status.
func (w *Workflow) ways(status string) []Transition {
	var ways []Transition
	for _, t := range w.Transitions {
		if (t.From == nil && t.To != status) || slices.Contains(t.From, status) {
			ways = append(ways, t)
		}
	}
	return ways
}
