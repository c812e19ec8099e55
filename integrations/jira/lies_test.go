package jira

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// page is what something in between answers where Jira should: that all is well.
func page(match func(*http.Request) bool, after bool) jiratest.Fault {
	return jiratest.Fault{Match: match, After: after, Status: http.StatusOK, Times: 99,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: "<html><title>Log in</title></html>"}
}

func isMethod(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

func TestAWebPageIsNoAnswer(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		for name, after := range map[string]bool{"done": true, "not done": false} {
			t.Run("an edit that is "+name, func(t *testing.T) {
				j, c := one(t, jiratest.Options{DataCenter: dataCenter})
				j.Fail(page(isMethod(http.MethodPut), after))
				e := publish(t, c, nil, change(func(c *ticket.Change) {
					c.Comment, c.Did, c.Next.Absent = says("Now act."), engine.DidUpdate, 1
				}))[0]
				if said := commented(issue(t, j)); after && (e.Did != engine.DidUpdate || said != "Now act.") || !after && (e.Did != engine.DidDegrade || said != "") {
					t.Errorf("%s: %s; says %q", e.Did, e.Why, said)
				}
			})
			t.Run("a create that is "+name, func(t *testing.T) {
				j := jiratest.New(jiratest.Options{DataCenter: dataCenter})
				j.Fail(page(isPost("/issue"), after))
				e := publish(t, client(t, j, dataCenter), nil, creating(want(1)))[0]
				made, sent := len(j.Issues()), 0
				for _, r := range j.Requests() {
					if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issue") {
						sent++
					}
				}
				if sent != 1 || after && (made != 1 || e.Did != engine.DidCreate || e.Ref != "PAY-1") || !after && (made != 0 || e.Did != engine.DidDegrade) {
					t.Errorf("%s: %s; sent %d times, %d tickets", e.Did, e.Why, sent, made)
				}
			})
		}
		t.Run("a close that is not done", func(t *testing.T) {
			j, c := one(t, jiratest.Options{DataCenter: dataCenter})
			j.Fail(page(isPost("/transitions"), false))
			e := publish(t, c, nil, change(func(c *ticket.Change) { c.Move, c.Did, c.Next.Closed = ticket.MoveClose, engine.DidClose, ticket.ByUs }))[0]
			if e.Did != engine.DidDegrade || issue(t, j).Category == "done" {
				t.Errorf("%s: %s", e.Did, e.Why)
			}
		})
	})
}

// Who may make tickets and not see them would make them anew with each run.
func TestNothingIsMadeInAProjectThatCannotBeSeen(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j := jiratest.New(jiratest.Options{DataCenter: dataCenter, Projects: []jiratest.Project{{Key: "PAY", Denied: []string{"BROWSE_PROJECTS"}}}})
		_, err := client(t, j, dataCenter).Board(context.Background(), scope, nil)
		if err == nil || !strings.Contains(err.Error(), "project PAY") {
			t.Errorf("it says %v", err)
		}
	})
}
