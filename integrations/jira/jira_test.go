package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

const scopeName = "shop/checkout"

var scope = ticket.ScopeLabel(scopeName)

// corpus is the folder of published documents, beside the repository unless the environment says otherwise.
func corpus() string {
	if dir := os.Getenv("HEADGATE_CORPUS"); dir != "" {
		return dir
	}
	return "../../../shared/corpus"
}

// client speaks with a Jira in memory as the robot, with no connection in between.
func client(t testing.TB, j *jiratest.Jira, dataCenter bool, change ...func(*Options)) *Client {
	t.Helper()
	o := Options{Site: "https://jira.example.org", Project: "PAY", Email: jiratest.Robot.Email, Token: jiratest.Robot.Token, Base: j, Clock: j.Clock()}
	if dataCenter {
		o.Email = ""
	}
	for _, c := range change {
		c(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// key makes a key of the form that tickets have.
func key(n int) string { return fmt.Sprintf("%016x", n) }

// want is a ticket with the labels that it is found by.
func want(n int) *ticket.Ticket {
	return &ticket.Ticket{
		Key: key(n), Summary: fmt.Sprintf("Upgrade library %d", n), Type: "Task", Priority: "High", Due: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
		Body:   ticket.Document{{Paragraph: []ticket.Inline{{Text: "Why now."}}}},
		Labels: []string{ticket.Label, ticket.KeyLabel(key(n)), scope},
		Links:  []ticket.Link{{ID: "headgate:" + key(n) + ":run", URL: "https://ci.example.org/runs/1", Title: "Run 1"}},
	}
}

// creating says that tickets are to be made where there are none, and nothing else.
func creating(wanted ...*ticket.Ticket) func([]ticket.Issue) []ticket.Change {
	return func(have []ticket.Issue) []ticket.Change {
		var out []ticket.Change
		for _, t := range wanted {
			c := ticket.Change{Key: t.Key, Ticket: t, Links: t.Links, Next: ticket.State{Key: t.Key, Scope: scope}, Did: engine.DidCreate}
			for i := range have {
				if have[i].Key == t.Key {
					c = ticket.Change{Key: t.Key, Ticket: t, Issue: &have[i], Next: have[i].State, Did: engine.DidNothing}
				}
			}
			out = append(out, c)
		}
		return out
	}
}

// publish is one run.
func publish(t testing.TB, c *Client, l Ledger, decide func([]ticket.Issue) []ticket.Change) []engine.Effect {
	t.Helper()
	b, err := c.Board(context.Background(), scope, l)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := b.Settle(context.Background(), decide)
	if err != nil {
		t.Fatal(err)
	}
	return b.Apply(context.Background(), changes)
}

// both runs a test with each deployment.
func both(t *testing.T, test func(t *testing.T, dataCenter bool)) {
	t.Run("Cloud", func(t *testing.T) { test(t, false) })
	t.Run("Data Center", func(t *testing.T) { test(t, true) })
}

func isPost(path string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, path) }
}

func TestMakesATicketOnce(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j := jiratest.New(jiratest.Options{DataCenter: dataCenter})
		c := client(t, j, dataCenter)
		effects := publish(t, c, nil, creating(want(1)))
		if len(effects) != 1 || effects[0].Did != engine.DidCreate || effects[0].Ref != "PAY-1" || effects[0].URL != "https://jira.example.org/browse/PAY-1" {
			t.Fatalf("effects %+v", effects)
		}
		again := publish(t, client(t, j, dataCenter), nil, creating(want(1)))
		if again[0].Did != engine.DidNothing || again[0].Ref != "PAY-1" {
			t.Errorf("effects of the second run %+v", again)
		}
		issues := j.Issues()
		if len(issues) != 1 {
			t.Fatalf("%d issues, want 1", len(issues))
		}
		i := issues[0]
		if i.Fields["summary"] != "Upgrade library 1" || i.Fields["duedate"] != "2026-11-24" || jiratest.Text(i.Fields["description"]) == "" {
			t.Errorf("fields %v", i.Fields)
		}
		if i.RemoteLinks["headgate:"+key(1)+":run"] != "https://ci.example.org/runs/1" {
			t.Errorf("links %v", i.RemoteLinks)
		}
		var state ticket.State
		if err := json.Unmarshal([]byte(i.Properties[property]), &state); err != nil || state.Key != key(1) {
			t.Errorf("property %s: %v", i.Properties[property], err)
		}
	})
}

func TestLooksForACreateWhoseAnswerWasLost(t *testing.T) {
	for name, fault := range map[string]jiratest.Fault{
		"the connection broke":            {Cut: true, After: true},
		"502, and it was made":            {Status: 502, After: true},
		"500, and it was made":            {Status: 500, After: true},
		"502, and it was not made":        {Status: 502},
		"the connection broke before":     {Cut: true},
		"429, which says it was not made": {Status: 429, Header: http.Header{"Retry-After": {"3"}, "Ratelimit-Reason": {"jira-burst-based"}}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, dataCenter bool) {
				j := jiratest.New(jiratest.Options{DataCenter: dataCenter, Lag: 30 * time.Second})
				fault.Match = isPost("/issue")
				j.Fail(fault)
				effects := publish(t, client(t, j, dataCenter), nil, creating(want(1)))
				if len(effects) != 1 || effects[0].Did != engine.DidCreate || effects[0].Ref != "PAY-1" {
					t.Errorf("effects %+v", effects)
				}
				if n := len(j.Issues()); n != 1 {
					t.Errorf("%d issues, want 1", n)
				}
			})
		})
	}
}
