// Package ticket says which tickets should exist for a result, what is in them, and what becomes of those that exist: from facts to
// decisions, with nothing outside.
//
// A run of `headgate publish` goes: NewRun, Run.Tickets, the tracker's issues of the scope (its client's Issues(ctx, ScopeLabel(scope))),
// Run.Reconcile, and then the client's Apply(ctx, changes), which makes them true and gives back one effect for each, in their order:
// Change.Planned with what came of it. Run.Told says of each what people want to know.
package ticket

import (
	"reflect"
	"time"
)

// A Ticket is one that should exist: one fix in one scope. A field that is empty is left to the tracker and to people.
type Ticket struct {
	Key string // of the effect: it never changes while the fix is the same
	Fix string // id of the fix
	For string // the asset or team, as Settings.Per says; empty: the repository, or a team that is not known

	Summary    string // one line, at most 255 characters
	Body       Document
	Type       string    // name of the issue type
	Priority   string    // by the tracker's name
	Due        time.Time // a date: its time of day is nothing
	Assignee   string    // account id in Jira Cloud, user name in Jira Data Center
	Components []string
	Parent     string         // key of the parent or epic
	Labels     []string       // all that are ours, among them the label of the key and of the scope
	Fields     map[string]any // other fields by id ("customfield_10010"): JSON values, or a Document for text with markup
	Links      []Link

	from facts // what the texts are made of
}

// A Link leads from a ticket to something outside, at most one for each id: a pull request, the evidence.
type Link struct {
	ID    string // stays the same when title and address change
	URL   string
	Title string
}

// An Issue is what a tracker has and says of a ticket that is ours: it carries our property, which says the same scope as we ask for.
type Issue struct {
	Key        string // ours
	ID         string // the tracker's own, which stays when the ticket is moved
	Ref        string // PAY-12
	URL        string
	State      State
	Status     string // by the tracker's name, for people
	Category   string // new, indeterminate or done: names of statuses are translated and everyone's own, these are not
	Resolution string // by the tracker's name; empty: none
	MovedBy    string // who moved it into its status: ByUs, ByPerson or ByNobody; empty: not read, since it is where State says that we left it
	Labels     []string
	Gone       bool // it existed and was deleted, or may no longer be seen: only Key, ID, Ref and State are known
}

// Done says whether it is closed.
func (i *Issue) Done() bool { return i.Category == CategoryDone }

// Who did something to an issue.
const (
	ByUs     = "us"
	ByPerson = "person"
	ByNobody = "nobody" // it is open since we were cut off between saying that we close it and doing so
)

// The categories of statuses.
const (
	CategoryNew        = "new"
	CategoryInProgress = "indeterminate"
	CategoryDone       = "done"
)

// What a Change does to the status of a ticket.
const (
	MoveClose  = "close"
	MoveReopen = "reopen"
)

// A Change is what is to become of one ticket in this run. A tracker makes it true in as few requests as it can: fields, labels, comment and
// state in one. Of a Move that goes before the transition when it closes, since what is closed may not be editable any more, and after it
// when it reopens, likewise.
type Change struct {
	Key    string
	Ticket *Ticket // nil: none should exist any more
	Issue  *Issue  // nil: there is none, and it is to be created

	Fields       []string // of Ticket to be written, by their names (FieldSummary …) and the ids of Ticket.Fields
	AddLabels    []string
	RemoveLabels []string
	Links        []Link // to be written
	Comment      Document
	Move         string // MoveClose, MoveReopen; empty: the status stays
	MoveAs       string // which of the transitions that are set up: "fixed", "waived", "duplicate"; empty: the usual

	Next State // to be kept with it after this change

	// Unreachable is said instead where the workflow has no way that the Move could go, nil if that was said before.
	Unreachable *Instead

	Did string // engine.DidCreate and so on, what it is for people; the executor says it of the effect once it is true
	Why string // in one line for people
}

// An Instead is the comment and state of a ticket whose status cannot be changed.
type Instead struct {
	Comment Document
	Next    State
}

// The names of a Ticket's own fields, as Wrote and Change.Fields have them.
const (
	FieldSummary    = "summary"
	FieldBody       = "description"
	FieldPriority   = "priority"
	FieldDue        = "duedate"
	FieldAssignee   = "assignee"
	FieldComponents = "components"
	FieldParent     = "parent"
)

// Nothing says whether a change changes nothing.
func (c *Change) Nothing() bool {
	return c.Issue != nil && len(c.Fields) == 0 && len(c.AddLabels) == 0 && len(c.RemoveLabels) == 0 && len(c.Links) == 0 &&
		c.Comment == nil && c.Move == "" && reflect.DeepEqual(c.Next, c.Issue.State)
}
