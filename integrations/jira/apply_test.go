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

// one makes a ticket and gives the Jira that has it.
func one(t *testing.T, o jiratest.Options) (*jiratest.Jira, *Client) {
	t.Helper()
	j := jiratest.New(o)
	c := client(t, j, o.DataCenter)
	if e := publish(t, c, nil, creating(want(1)))[0]; e.Did != engine.DidCreate {
		t.Fatalf("%+v", e)
	}
	return j, c
}

func closing(c *ticket.Change) {
	c.Move, c.MoveAs, c.Comment, c.Next.Closed, c.Did = ticket.MoveClose, ticket.ClosedGone, says("Gone."), ticket.ByUs, engine.DidClose
	c.Unreachable = &ticket.Instead{Comment: says("Please close it."), Next: c.Next}
	c.Unreachable.Next.Closed, c.Unreachable.Next.Once = "", []string{"close"}
}

func reopening(c *ticket.Change) {
	c.Move, c.Comment, c.Next.Closed, c.Did = ticket.MoveReopen, says("Back."), "", engine.DidReopen
}

func issue(t *testing.T, j *jiratest.Jira) jiratest.Issue {
	t.Helper()
	i, ok := j.Issue("PAY-1")
	if !ok {
		t.Fatal("there is no PAY-1")
	}
	return i
}

func commented(i jiratest.Issue) string {
	var all []string
	for _, c := range i.Comments {
		all = append(all, strings.TrimSpace(jiratest.Text(c.Body)))
	}
	return strings.Join(all, " ")
}

func TestClosesAndOpensByWaysOfAnyName(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j, c := one(t, jiratest.Options{DataCenter: dataCenter})
		e := publish(t, c, nil, change(closing))[0]
		if i := issue(t, j); e.Did != engine.DidClose || i.Category != "done" || commented(i) != "Gone." || e.State["category"] != "done" {
			t.Errorf("%+v: %+v", e, i)
		}
		if i := issue(t, j); dataCenter && i.Resolution != "Done" {
			t.Errorf("the screen asks for a resolution, and it is %q", i.Resolution)
		}
		e = publish(t, c, nil, change(reopening))[0]
		if i := issue(t, j); e.Did != engine.DidReopen || i.Category == "done" || commented(i) != "Gone. Back." {
			t.Errorf("%+v: %+v", e, i)
		}
	})
}

// Jira's answer to a create does not say in which status the ticket begins: who is told of it wants to know, and so does the ledger.
func TestSaysTheStatusOfATicketThatItMade(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		for _, lag := range []time.Duration{0, time.Hour} {
			j := jiratest.New(jiratest.Options{DataCenter: dataCenter, Lag: lag})
			known := &memory{effects: map[string]engine.Effect{}}
			e := publish(t, client(t, j, dataCenter), known, creating(want(1)))[0]
			i := issue(t, j)
			if e.Did != engine.DidCreate || i.Status == "" || e.State["status"] != i.Status || e.State["category"] != "new" {
				t.Errorf("the index is %v behind: %+v: %+v", lag, e, i)
			}
			if kept := known.effects[e.Kind+e.Place+e.Key].State["status"]; kept != i.Status {
				t.Errorf("the index is %v behind: the ledger has %q of %q", lag, kept, i.Status)
			}
		}
	})
}

// The classic workflow does not let closed issues be edited.
func TestClosesIntoAStatusThatCannotBeEdited(t *testing.T) {
	j := jiratest.New(jiratest.Options{DataCenter: true})
	c := client(t, j, true, func(o *Options) {
		o.Transitions = map[string]Transition{Close: {Name: "close issue", Fields: map[string]any{"resolution": map[string]string{"name": "Fixed"}, "customfield_9": "not on the screen"}}}
	})
	publish(t, c, nil, creating(want(1)))
	e := publish(t, c, nil, change(closing))[0]
	if i := issue(t, j); e.Did != engine.DidClose || i.Status != "Closed" || i.Resolution != "Fixed" || commented(i) != "Gone." {
		t.Fatalf("%+v: %+v", e, i)
	}
	e = publish(t, c, nil, change(reopening))[0]
	if i := issue(t, j); e.Did != engine.DidReopen || i.Status != "Reopened" || commented(i) != "Gone. Back." {
		t.Errorf("%+v: %+v", e, i)
	}
}

func TestAsksPeopleWhereTheWorkflowHasNoWay(t *testing.T) {
	stuck := jiratest.Workflow{Statuses: []jiratest.Status{{ID: "1", Name: "Open", Category: "new"}, {ID: "2", Name: "Shipped", Category: "done"}}}
	j, c := one(t, jiratest.Options{Projects: []jiratest.Project{{Key: "PAY", Workflow: stuck}}})
	e := publish(t, c, nil, change(closing))[0]
	if i := issue(t, j); e.Did != engine.DidUpdate || !strings.Contains(e.Why, "no way to done") || commented(i) != "Please close it." {
		t.Errorf("%+v: %+v", e, i)
	}
	if s := issue(t, j).Properties[property]; !strings.Contains(s, `"once":["close"]`) {
		t.Errorf("it is not noted that people were asked: %s", s)
	}
}

func TestSaysWhichFieldATransitionNeeds(t *testing.T) {
	w := jiratest.Simple()
	w.Transitions[2].Fields, w.Transitions[2].Required = []string{"customfield_7"}, []string{"customfield_7"}
	types := []jiratest.IssueType{{Name: "Task", Fields: []jiratest.Field{{ID: "customfield_7", Name: "Root cause", Type: "string"}}}}
	j, c := one(t, jiratest.Options{Projects: []jiratest.Project{{Key: "PAY", Workflow: w, Types: types}}})
	e := publish(t, c, nil, change(closing))[0]
	if e.Did != engine.DidDegrade || !strings.Contains(e.Why, "customfield_7: set it in transitions.close.fields") || commented(issue(t, j)) != "" {
		t.Errorf("%+v: %+v", e, issue(t, j))
	}
	c = client(t, j, false, func(o *Options) {
		o.Transitions = map[string]Transition{Close: {Fields: map[string]any{"customfield_7": "upgraded"}}}
	})
	if e := publish(t, c, nil, change(closing))[0]; e.Did != engine.DidClose || issue(t, j).Fields["customfield_7"] != "upgraded" {
		t.Errorf("%+v: %+v", e, issue(t, j))
	}
}

// Somebody who opened what we closed, and closed it again, has the last word, though it looks as we left it.
func TestReadsWhoClosedATicketBeforeItIsOpened(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j, c := one(t, jiratest.Options{DataCenter: dataCenter})
		publish(t, c, nil, change(closing))
		again := func(have []ticket.Issue) []ticket.Change {
			if len(have) == 1 && have[0].MovedBy == ticket.ByPerson {
				return change(func(*ticket.Change) {})(have)
			}
			return change(reopening)(have)
		}
		back, done := "In Arbeit", "Fertig"
		if dataCenter {
			back, done = "Reopened", "Resolved"
		}
		if !j.Transition("PAY-1", back, "", jiratest.Maria) || !j.Transition("PAY-1", done, "Won't Do", jiratest.Maria) {
			t.Fatal("she cannot")
		}
		publish(t, c, nil, again)
		if i := issue(t, j); i.Category != "done" {
			t.Errorf("it was opened: %+v", i)
		}
	})
}

func TestTheLedgerHasWhatBecameOfACreate(t *testing.T) {
	for name, c := range map[string]struct {
		fault jiratest.Fault
		begun bool
		id    string
	}{
		"made":       {jiratest.Fault{Status: 429, Header: http.Header{"Retry-After": {"1"}}}, false, "10001"},
		"refused":    {jiratest.Fault{Status: 400, Body: `{"errorMessages":["no"]}`, Header: http.Header{"Content-Type": {"application/json"}}}, false, ""},
		"not known":  {jiratest.Fault{Status: 502, Times: 9}, true, ""},
		"lost, made": {jiratest.Fault{Cut: true, After: true}, false, "10001"},
	} {
		t.Run(name, func(t *testing.T) {
			j := jiratest.New(jiratest.Options{})
			c.fault.Match = isPost("/issue")
			j.Fail(c.fault)
			l := &memory{effects: map[string]engine.Effect{}}
			publish(t, client(t, j, false), l, creating(want(1)))
			for _, e := range l.effects {
				if (e.State[stateBegun] != "") != c.begun || e.ID != c.id {
					t.Errorf("%+v", e)
				}
			}
			if len(l.effects) != 1 {
				t.Errorf("%d effects", len(l.effects))
			}
		})
	}
}

func TestATicketIsFollowedWhereItIsMoved(t *testing.T) {
	for name, ledger := range map[string]*memory{"with a ledger": {effects: map[string]engine.Effect{}}, "without": nil} {
		t.Run(name, func(t *testing.T) {
			j := jiratest.New(jiratest.Options{Projects: []jiratest.Project{{Key: "PAY"}, {Key: "OPS"}}})
			c := client(t, j, false)
			var l Ledger
			if ledger != nil {
				l = ledger
			}
			publish(t, c, l, creating(want(1)))
			j.Move("PAY-1", "OPS", jiratest.Maria)
			j.Clock().Advance(time.Minute)
			e := publish(t, c, l, creating(want(1)))[0]
			if len(j.Issues()) != 1 || e.Ref != "OPS-1" || e.Did != engine.DidNothing || e.URL != "https://jira.example.org/browse/OPS-1" {
				t.Errorf("%+v of %d issues", e, len(j.Issues()))
			}
		})
	}
}

func TestTheLedgerKnowsWhatIsNotFoundAnyMore(t *testing.T) {
	j := jiratest.New(jiratest.Options{})
	l := &memory{effects: map[string]engine.Effect{}}
	c := client(t, j, false)
	publish(t, c, l, creating(want(1)))
	j.Label("PAY-1", nil, jiratest.Maria) // somebody takes all labels away
	b, err := c.Board(context.Background(), scope, l)
	if err != nil {
		t.Fatal(err)
	}
	if have := b.Issues(); len(have) != 1 || have[0].Gone {
		t.Errorf("without labels: %+v", have)
	}
	j.Delete("PAY-1")
	if b, err = c.Board(context.Background(), scope, l); err != nil {
		t.Fatal(err)
	}
	if have := b.Issues(); len(have) != 1 || !have[0].Gone || have[0].Key != key(1) {
		t.Errorf("deleted: %+v", have)
	}
}

func TestWhatOnlyLooksLikeOursIsLeftAlone(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j, c := one(t, jiratest.Options{DataCenter: dataCenter})
		j.Clone("PAY-1", jiratest.Maria)
		publish(t, c, nil, change(func(c *ticket.Change) { c.Comment = says("Now act.") }))
		clone, _ := j.Issue("PAY-2")
		if len(clone.Comments) > 0 || commented(issue(t, j)) != "Now act." {
			t.Errorf("%+v", clone)
		}
	})
}

func TestLabelsOfPeopleStay(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j, c := one(t, jiratest.Options{DataCenter: dataCenter})
		b, err := c.Board(context.Background(), scope, nil)
		if err != nil {
			t.Fatal(err)
		}
		changes := change(func(c *ticket.Change) { c.AddLabels, c.RemoveLabels = []string{"ours"}, []string{"old"} })(b.Issues())
		j.Label("PAY-1", append(want(1).Labels, "sprint-7", "old"), jiratest.Maria) // after it was read
		b.Apply(context.Background(), changes)
		labels := issue(t, j).Labels
		if !slices.Contains(labels, "sprint-7") || !slices.Contains(labels, "ours") || slices.Contains(labels, "old") {
			t.Errorf("labels %v", labels)
		}
	})
}

func TestJiraTakesWhateverATextHolds(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		j := jiratest.New(jiratest.Options{DataCenter: dataCenter})
		var all []*ticket.Ticket
		for n, s := range append(hostile, strings.Repeat("ä😀 ", 10_000)) {
			w := want(n)
			w.Body, w.Summary = sample(s), "x "+s
			w.Links = []ticket.Link{{ID: s, URL: "https://ci.example.org/1", Title: s}, {ID: "2", URL: "javascript:alert(1)", Title: "x"}}
			all = append(all, w)
		}
		for i, e := range publish(t, client(t, j, dataCenter), nil, creating(all...)) {
			if e.Did != engine.DidCreate {
				t.Errorf("%.40q: %+v", all[i].Summary, e)
			}
		}
		for _, i := range j.Issues() {
			if len(i.RemoteLinks) != 1 {
				t.Errorf("links %v", i.RemoteLinks)
			}
		}
	})
}

func TestTheSameRefusalIsNotAskedForAgainAndAgain(t *testing.T) {
	team := jiratest.Field{ID: "customfield_10050", Name: "Team", Type: "option", Allowed: []string{"pay"}, Required: true}
	j := jiratest.New(jiratest.Options{Projects: []jiratest.Project{{Key: "PAY", Types: []jiratest.IssueType{{Name: "Task", Fields: []jiratest.Field{team}}}}}})
	var all []*ticket.Ticket
	for n := range 20 {
		all = append(all, want(n))
	}
	creates := 0
	effects := publish(t, client(t, j, false), nil, creating(all...))
	for _, e := range effects {
		if e.Did != engine.DidDegrade || !strings.Contains(e.Why, "customfield_10050: Team is required.") {
			t.Errorf("%+v", e)
		}
	}
	for _, r := range j.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issue") {
			creates++
		}
	}
	if creates != mostRefusals {
		t.Errorf("%d creates were tried", creates)
	}
}

func TestNothingMoreIsTriedOnceJiraAsksForALongWait(t *testing.T) {
	j := jiratest.New(jiratest.Options{})
	j.Fail(jiratest.Fault{Match: isPost("/issue"), Skip: 1, Times: 99, Status: 429, Header: http.Header{"Retry-After": {"3600"}, "Ratelimit-Reason": {"quota"}}})
	effects := publish(t, client(t, j, false), nil, creating(want(1), want(2), want(3)))
	n := 0
	for _, r := range j.Requests() {
		if isCreate := r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/issue"); isCreate {
			n++
		}
	}
	if effects[0].Did != engine.DidCreate || effects[1].Did != engine.DidDegrade || effects[2].Did != engine.DidDegrade || !strings.Contains(effects[2].Why, "too many requests") || n != 2 {
		t.Errorf("%d creates: %+v", n, effects)
	}
}

func TestNothingMoreIsTriedOnceJiraFailsAgainAndAgain(t *testing.T) {
	j := jiratest.New(jiratest.Options{})
	var all []*ticket.Ticket
	for n := range 20 {
		all = append(all, want(n))
	}
	c := client(t, j, false)
	publish(t, c, nil, creating(all...))
	b, err := c.Board(context.Background(), scope, nil)
	if err != nil {
		t.Fatal(err)
	}
	changes := change(func(c *ticket.Change) { c.Comment, c.Next.Absent = says("Now act."), 1 })(b.Issues())
	j.Forget()
	j.Fail(jiratest.Fault{Times: 9999, Status: 500, Match: func(r *http.Request) bool { return r.Method == http.MethodPut }})
	for i, e := range b.Apply(context.Background(), changes) {
		if e.Did != engine.DidDegrade || e.ID == "" || i > mostFailures && !strings.Contains(e.Why, "not tried any more") {
			t.Errorf("%+v", e)
		}
	}
	writes := slices.DeleteFunc(j.Requests(), func(r jiratest.Request) bool { return r.Method != http.MethodPut })
	if len(writes) > 3*mostFailures {
		t.Errorf("%d writes were tried", len(writes))
	}
}

func TestSaysWhereADoubleCannotBeSettled(t *testing.T) {
	j := jiratest.New(jiratest.Options{Lag: 30 * time.Second})
	publish(t, client(t, j, false), nil, creating(want(1)))
	publish(t, client(t, j, false), nil, creating(want(1)))
	j.Clock().Advance(time.Minute)
	j.Fail(jiratest.Fault{Times: 99, Status: 500, Match: isPost("/issueLink")})
	if e := publish(t, client(t, j, false), nil, creating(want(1)))[0]; e.Did != engine.DidDegrade || !strings.Contains(e.Why, "PAY-2, a double of PAY-1") {
		t.Errorf("%+v", e)
	}
}

func TestDoublesAreLinkedAndClosedUnlessSomebodyWorksOnThem(t *testing.T) {
	for name, touched := range map[string]bool{"untouched": false, "commented": true} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, dataCenter bool) {
				j := jiratest.New(jiratest.Options{DataCenter: dataCenter, Lag: 30 * time.Second})
				publish(t, client(t, j, dataCenter), nil, creating(want(1)))
				publish(t, client(t, j, dataCenter), nil, creating(want(1))) // the index does not have the first one yet
				if len(j.Issues()) != 2 {
					t.Fatalf("%d issues", len(j.Issues()))
				}
				if touched {
					j.Say("PAY-2", "I am on it.", jiratest.Maria)
				}
				j.Clock().Advance(time.Minute)
				e := publish(t, client(t, j, dataCenter), nil, creating(want(1)))[0]
				double, _ := j.Issue("PAY-2")
				if e.Ref != "PAY-1" || (double.Category == "done") == touched || !slices.Equal(double.Duplicates, []string{"10001"}) || slices.Contains(double.Labels, scope) {
					t.Errorf("%+v: %+v", e, double)
				}
				if !strings.Contains(commented(double), "double of PAY-1") && !strings.Contains(commented(double), `double of PAY-1`) {
					t.Errorf("it says %q", commented(double))
				}
			})
		})
	}
}

func TestSitesOfTheGatewayAreReachedByIt(t *testing.T) {
	const id = "11223344-a1b2-3b33-c444-def123456789"
	for name, email := range map[string]string{"with an account": jiratest.Robot.Email, "a service account's token": ""} {
		t.Run(name, func(t *testing.T) {
			j := jiratest.New(jiratest.Options{Gateway: id})
			c := client(t, j, false, func(o *Options) { o.CloudID, o.Email = id, email })
			e := publish(t, c, nil, creating(want(1)))[0]
			if e.Did != engine.DidCreate || e.URL != "https://jira.example.org/browse/PAY-1" {
				t.Errorf("%+v", e)
			}
			for _, r := range j.Requests() {
				if !strings.HasPrefix(r.Path, "/ex/jira/"+id+"/rest/api/") {
					t.Errorf("%s %s", r.Method, r.Path)
				}
			}
		})
	}
}

func TestWhatIsNoJiraIsAnError(t *testing.T) {
	for name, f := range map[string]jiratest.Fault{
		"a page":              {Status: 200, Body: "<html>Log in</html>", Header: http.Header{"Content-Type": {"text/html"}}},
		"an empty answer":     {Status: 200},
		"another document":    {Status: 200, Body: `{"hello": "world"}`},
		"a list":              {Status: 200, Body: `[]`},
		"401":                 {Status: 401, Body: `{"errorMessages": ["no"]}`},
		"500":                 {Status: 500, Body: "<html>"},
		"errors of odd types": {Status: 400, Body: `{"errorMessages": 7, "errors": []}`, Header: http.Header{"Content-Type": {"application/json"}}},
	} {
		for what, path := range map[string]string{"serverInfo": "/serverInfo", "search": "/search/jql"} {
			t.Run(name+" to "+what, func(t *testing.T) {
				j := jiratest.New(jiratest.Options{})
				publish(t, client(t, j, false), nil, creating(want(1)))
				f.Times, f.Match = 99, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, path) }
				j.Fail(f)
				b, err := client(t, j, false).Board(context.Background(), scope, nil)
				if err == nil {
					t.Fatalf("it reads %d tickets out of it", len(b.Issues()))
				}
				if strings.Contains(err.Error(), jiratest.Robot.Token) || strings.Contains(err.Error(), "\n") {
					t.Errorf("%q", err)
				}
			})
		}
	}
}

func TestOptionsThatAreWrongAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"no address":     func(o *Options) { o.Site = "" },
		"a password":     func(o *Options) { o.Site = "https://me:secret@jira.example.org" },
		"plain http":     func(o *Options) { o.Site = "http://jira.example.org" },
		"no project":     func(o *Options) { o.Project = `PAY" OR project = "HR` },
		"a deployment":   func(o *Options) { o.Deployment = "server" },
		"a cloud id":     func(o *Options) { o.CloudID = "../../evil" },
		"a broken token": func(o *Options) { o.Email, o.Token = "", "a\r\nX-Header: b" },
	} {
		t.Run(name, func(t *testing.T) {
			o := Options{Site: "https://jira.example.org", Project: "PAY", Email: "a@example.org", Token: "t0ken"}
			change(&o)
			if _, err := New(o); err == nil {
				t.Error("it is taken")
			} else if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "t0ken") {
				t.Errorf("it shows a secret: %v", err)
			}
		})
	}
}
