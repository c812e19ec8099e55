package jira

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// change is one about a ticket that there is.
func change(do func(*ticket.Change)) func([]ticket.Issue) []ticket.Change {
	return func(have []ticket.Issue) []ticket.Change {
		var out []ticket.Change
		for i := range have {
			c := ticket.Change{Key: have[i].Key, Ticket: want(1), Issue: &have[i], Next: have[i].State, Did: engine.DidUpdate}
			do(&c)
			out = append(out, c)
		}
		return out
	}
}

func says(text string) ticket.Document {
	return ticket.Document{{Paragraph: []ticket.Inline{{Text: text}}}}
}

// Every sort of request that is sent, and its answer, is as Atlassian's OpenAPI documents have it. Those that the documents do not have
// are listed here, so that a new one is looked at.
func TestEveryRequestIsAsTheOpenAPIDocumentsSay(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		spec := jiratest.NewSpec(t, corpus())
		area := jiratest.Field{ID: "customfield_10050", Name: "Advice", Type: "textarea", Required: true}
		j := jiratest.New(jiratest.Options{DataCenter: dataCenter, Check: spec, PageSize: 1,
			Projects: []jiratest.Project{{Key: "PAY", Components: []string{"checkout"}, Types: []jiratest.IssueType{{Name: "Task", Fields: []jiratest.Field{area}}}}}})
		ctx := context.Background()
		c := client(t, j, dataCenter)
		w := want(1)
		w.Components, w.Fields = []string{"checkout"}, map[string]any{"customfield_10050": "two\nlines"}
		w.Assignee = map[bool]string{false: jiratest.Maria.AccountID, true: jiratest.Maria.Name}[dataCenter]
		second := want(2)
		second.Fields = w.Fields
		for _, e := range publish(t, c, nil, creating(w, second)) {
			if e.Did != engine.DidCreate {
				t.Fatalf("%+v", e)
			}
		}
		j.Transition("PAY-2", map[bool]string{false: "Fertig", true: "Resolved"}[dataCenter], "Done", jiratest.Maria) // who moved it is to be read
		for _, do := range []func(*ticket.Change){
			func(c *ticket.Change) {
				c.Fields, c.AddLabels, c.RemoveLabels, c.Comment = []string{ticket.FieldDue, ticket.FieldPriority}, []string{"a"}, []string{"b"}, says("Now act.")
			},
			func(c *ticket.Change) {
				c.Move, c.Comment, c.Next.Closed = ticket.MoveClose, says("Gone."), ticket.ByUs
			},
			func(c *ticket.Change) { c.Move, c.Comment, c.Next.Closed = ticket.MoveReopen, says("Back."), "" },
		} {
			for _, e := range publish(t, client(t, j, dataCenter), nil, change(do)) {
				if e.Did == engine.DidDegrade {
					t.Errorf("%+v", e)
				}
			}
		}
		b, err := c.Board(ctx, scope, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.double(ctx, b.cards["10002"], b.cards["10001"]); err != nil {
			t.Error(err)
		}
		for _, f := range c.Examine(ctx, Needs{Type: "Task", Priorities: []string{"High"}, Assignees: []string{w.Assignee}, Components: w.Components, Fields: []string{"customfield_10050"}}) {
			if f.Bad {
				t.Errorf("%+v", f)
			}
		}
		version := map[bool]string{false: "3", true: "2"}[dataCenter]
		unknown := map[string]bool{}
		for _, r := range j.Requests() {
			name := strings.NewReplacer("/10001", "/{issue}", "/10002", "/{issue}").Replace(r.Method + " " + r.Path)
			known := slices.ContainsFunc(spec.Checked(), func(op string) bool { return sameShape(op, r.Method+" "+r.Path) })
			if !known {
				unknown[name] = true
			}
		}
		for name := range unknown {
			if !slices.Contains([]string{
				"GET /rest/api/" + version + "/project/PAY", "GET /rest/api/" + version + "/mypermissions", "GET /rest/api/" + version + "/user/assignable/search",
				"GET /rest/api/" + version + "/issueLinkType",
			}, name) {
				t.Errorf("%s is in no document", name)
			}
		}
		if n := len(spec.Checked()); n < 12 {
			t.Errorf("only %d operations were checked: %v", n, spec.Checked())
		}
	})
}

// sameShape says whether a request is one of an operation with names in braces.
func sameShape(op, request string) bool {
	a, b := strings.Split(op, "/"), strings.Split(request, "/")
	return len(a) == len(b) && !slices.ContainsFunc(slices.Collect(indices(len(a))), func(i int) bool { return a[i] != b[i] && !strings.HasPrefix(a[i], "{") })
}

func indices(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// A backlog of a thousand is read in pages. A run that changes nothing does nothing else, and one that changes some sends what is to be
// written and pages.
func TestAThousandTicketsTakeAsManyRequestsAsThereAreChangesAndPages(t *testing.T) {
	j := jiratest.New(jiratest.Options{})
	c := client(t, j, false)
	var all []*ticket.Ticket
	for n := range 1000 {
		w := want(n)
		w.Links = nil
		all = append(all, w)
	}
	publish(t, c, nil, creating(all...))
	if n := len(j.Issues()); n != 1000 {
		t.Fatalf("%d issues", n)
	}
	// serverInfo, an empty page, the project since it is empty, and 20 batches of 50 keys before and 20 after
	if n := len(j.Requests()); n > 1000+1+1+1+20+20 {
		t.Errorf("making 1,000 tickets took %d requests", n)
	}
	j.Clock().Advance(time.Minute)
	j.Forget()
	publish(t, client(t, j, false), nil, creating(all...))
	if n := len(j.Requests()); n > 1+10 {
		t.Errorf("a run that changes nothing took %d requests", n)
	}
	j.Forget()
	effects := publish(t, client(t, j, false), nil, func(have []ticket.Issue) []ticket.Change {
		changes := creating(all...)(have)
		for i := range changes[:30] {
			changes[i].Fields, changes[i].Comment, changes[i].Next.Absent = []string{ticket.FieldDue}, says("Due earlier."), 1
		}
		return changes
	})
	if effects[0].State["note"] == "" || effects[0].Did == engine.DidDegrade {
		t.Errorf("%+v", effects[0])
	}
	if n := len(j.Requests()); n > 1+10+30+1 {
		t.Errorf("30 changes of 1,000 tickets took %d requests", n)
	}
	writes := 0
	for _, r := range j.Requests() {
		if r.Method == http.MethodPut {
			writes++
		}
	}
	if writes != 30 {
		t.Errorf("%d writes for 30 changes", writes)
	}
}
