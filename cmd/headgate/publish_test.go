package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/jira/jiratest"
	"github.com/headgate/headgate/integrations/store"
)

// tracker is a Jira with a project PAY as teams have them.
func tracker() *jiratest.Jira {
	return jiratest.New(jiratest.Options{Projects: []jiratest.Project{{
		Key: "PAY", Types: []jiratest.IssueType{{Name: "Task"}}, Components: []string{"Payments"},
		Workflow: jiratest.Workflow{
			Statuses: []jiratest.Status{{ID: "1", Name: "To Do", Category: "new"}, {ID: "2", Name: "In Progress", Category: "indeterminate"}, {ID: "3", Name: "Done", Category: "done"}},
			Transitions: []jiratest.Transition{{ID: "11", Name: "Reopen", To: "To Do"}, {ID: "21", Name: "Start", To: "In Progress"},
				{ID: "31", Name: "Finish", To: "Done", Resolution: "Done"}},
		},
	}}})
}

// A publisher runs the program where a Jira answers instead of the network.
type publisher struct {
	t    *testing.T
	jira *jiratest.Jira
	env  map[string]string
}

func newPublisher(t *testing.T) *publisher {
	t.Chdir(t.TempDir())
	writeFile(t, ".headgate/headgate.yaml", "jira: {url: https://acme.atlassian.net, project: PAY, events: [manual], from: \"track*\"}\n")
	return &publisher{t, tracker(), maps.Clone(robot)}
}

func (p *publisher) run(args ...string) (status int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(name string) string { return p.env[name] },
		now: func() time.Time { return readmeTime }, wire: p.jira, waits: unhurried{}}
	status = a.run(p.t.Context(), args)
	for _, text := range []string{out.String(), errs.String()} {
		if strings.Contains(text, jiratest.Robot.Token) {
			p.t.Fatalf("%v writes the token:\n%s", args, text)
		}
	}
	return status, out.String(), errs.String()
}

// gate writes result.json for a scan of code on a day.
func (p *publisher) gate(day string, findings ...string) {
	p.t.Helper()
	var results []string
	for _, path := range findings {
		results = append(results, `{"ruleId": "G304", "level": "error", "message": {"text": "path from the request"}, "locations": [{"physicalLocation": `+
			`{"artifactLocation": {"uri": "`+path+`"}, "region": {"startLine": 7}}}]}`)
	}
	writeFile(p.t, "scan.sarif", `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec"}}, "results": [`+strings.Join(results, ",")+`]}]}`)
	if status, _, stderr := p.run("gate", "scan.sarif", "--repository", "acme/shop", "--now", day, "-o", "json=result.json"); status > statusBlocked {
		p.t.Fatalf("gate ends with %d: %s", status, stderr)
	}
}

// An unhurried clock does not wait: what publish waits for has happened here.
type unhurried struct{}

func (unhurried) Now() time.Time                                   { return time.Now() }
func (unhurried) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestADryRunWritesNothingAndPublishingTwiceWritesOnce(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go", "<b>&{code}.go")
	if status, stdout, stderr := p.run("publish", "result.json", "--to", "jira", "--dry-run"); status != statusPass || !strings.Contains(stdout, "2 to create") {
		t.Fatalf("status %d: %s%s", status, stdout, stderr)
	}
	writes := func() (n int) {
		for _, r := range p.jira.Requests() {
			if r.Method != http.MethodGet && !strings.Contains(r.Path, "/search") {
				n++
			}
		}
		return n
	}
	if n := writes(); n > 0 || len(p.jira.Issues()) > 0 {
		t.Fatalf("a dry run sends %d requests that write", n)
	}
	if status, stdout, stderr := p.run("publish", "result.json"); status != statusPass || !strings.Contains(stdout, "2 created") {
		t.Fatalf("status %d: %s%s", status, stdout, stderr)
	}
	p.jira.Forget()
	if status, stdout, _ := p.run("publish", "result.json"); status != statusPass || !strings.Contains(stdout, "2 stay as they are") || writes() > 0 || len(p.jira.Issues()) != 2 {
		t.Errorf("status %d, %d requests that write:\n%s", status, writes(), stdout)
	}
}

// Publishing decides nothing: what a later step asks for is what the run came to.
func TestAWorkflowIsToldTheOutcomeOfWhatIsPublished(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go")
	writeFile(t, "results/one.json", readFile(t, "result.json"))
	p.gate("2026-11-21")
	writeFile(t, "results/two.json", readFile(t, "result.json"))
	writeFile(t, "broken/one.json", readFile(t, "result.json"))
	writeFile(t, "broken/two.json", "{}")
	for name, value := range map[string]string{"GITHUB_EVENT_NAME": "schedule", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": strings.Repeat("a", 40), "GITHUB_OUTPUT": "output"} {
		p.env[name] = value
	}
	told := func(args ...string) map[string]string {
		writeFile(t, "output", "outcome=undecided\n")
		p.run(append([]string{"publish", "--to", "jira"}, args...)...)
		return readOutputs(t, readFile(t, "output"))
	}
	if out := told("results/one.json", "-o", "result=published.json"); out["outcome"] != "warn" || out["feedback"] != "ok" || out["result"] != "published.json" || out["cases"] != "1" {
		t.Errorf("of a result: %q", out)
	}
	if out := told("results/two.json"); out["outcome"] != "pass" || out["result"] != "" {
		t.Errorf("of one with nothing: %q", out)
	}
	if out := told("results"); out["outcome"] != "warn" || out["cases"] != "" {
		t.Errorf("of a folder: %q", out)
	}
	for _, name := range []string{"broken", "broken/two.json"} {
		if out := told(name); out["outcome"] != "undecided" {
			t.Errorf("%s: %q", name, out)
		}
	}
	p.jira = tracker()
	p.jira.Fail(jiratest.Fault{Match: func(r *http.Request) bool {
		return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/issue")
	}, Status: http.StatusBadRequest})
	if out := told("results/one.json"); out["outcome"] != "warn" || out["feedback"] != "degraded" {
		t.Errorf("of one whose ticket could not be made: %q", out)
	}
}

func TestTheResultThatIsPublishedNamesItsTickets(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go")
	for _, effects := range []string{"first.json", "effects.json"} {
		if status, _, stderr := p.run("publish", "result.json", "-o", "result=published.json", "-o", "json="+effects); status != statusPass {
			t.Fatalf("status %d: %s", status, stderr)
		}
	}
	if status, stdout, stderr := p.run("plan", "published.json"); status != statusPass || !strings.Contains(stdout, "ticket PAY-1, To Do") {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
	var effects struct {
		Destinations []struct{ Effects []engine.Effect }
	}
	if err := json.Unmarshal([]byte(readFile(t, "first.json")), &effects); err != nil {
		t.Fatal(err)
	}
	if e := effects.Destinations[0].Effects[0]; e.Kind != engine.EffectTicket || e.Ref != "PAY-1" || e.Did != engine.DidCreate || e.URL != "https://acme.atlassian.net/browse/PAY-1" {
		t.Errorf("the effect is %+v", e)
	}
}

// The ticket of a finding is in what the ledger knows of it, as the log told last: also what people did with it, and what a run that was cut
// off could not put into the log. A run that finds it as it is known tells nothing.
func TestTheLedgerKnowsTheTicketOfAFinding(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go")
	must := func(args ...string) {
		t.Helper()
		if status, stdout, stderr := p.run(args...); status != statusPass {
			t.Fatalf("%v: status %d: %s%s", args, status, stdout, stderr)
		}
	}
	must("gate", "scan.sarif", "--repository", "acme/shop", "--branch", "main", "--event", "manual", "--report-only", "--now", "2026-11-21", "--ledger", "ledger.db", "-o", "json=result.json")
	publishes := func(want string, leaves int64) {
		t.Helper()
		must("publish", "result.json", "--ledger", "ledger.db")
		must("db", "check", "--ledger", "ledger.db")
		l, err := store.OpenExisting(t.Context(), "ledger.db")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for s, err := range l.Open(t.Context(), store.Selection{}) {
			if err != nil {
				t.Fatal(err)
			}
			if have := s.State.Ticket; have.Ref+" "+have.Status != want || have.Name.Place != "https://acme.atlassian.net/projects/PAY" || have.Name.Key == "" {
				t.Errorf("have %+v, want %s", have, want)
			}
		}
		err = l.Survey(t.Context(), func(s *store.Survey) error {
			have, err := s.Size()
			if have != leaves {
				t.Errorf("the log has %d leaves, want %d", have, leaves)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	publishes("PAY-1 open", 2)
	publishes("PAY-1 open", 2)
	p.jira.Transition("PAY-1", "Done", "Won't Do", jiratest.Maria)
	publishes("PAY-1 closed", 3)
	publishes("PAY-1 closed", 3)
}

func TestATicketThatNoSearchFindsIsKnownFromTheLedger(t *testing.T) {
	for ledger, want := range map[string]int{"--ledger=ledger.db": 1, "--ledger=": 2} {
		p := newPublisher(t)
		p.gate("2026-11-21", "open.go")
		for range 2 {
			if status, _, stderr := p.run("publish", "result.json", ledger); status != statusPass {
				t.Fatalf("status %d: %s", status, stderr)
			}
			p.jira.Label("PAY-1", nil, jiratest.Maria) // somebody tidies up
		}
		if n := len(p.jira.Issues()); n != want {
			t.Errorf("%s: there are %d tickets, want %d", ledger, n, want)
		}
	}
}

func TestWhatCannotBePublishedIsAFailure(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go", "other.go")
	p.jira.Fail(jiratest.Fault{Status: http.StatusBadRequest, Header: http.Header{"Content-Type": {"application/json"}}, Body: `{"errorMessages": [], "errors": {"customfield_10020": "Team is required."}}`,
		Match: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/issue")
		}})
	status, stdout, stderr := p.run("publish", "result.json")
	if status != statusUndecided || !strings.Contains(stdout, "FAILED") || !strings.Contains(stdout, "Team is required") || !strings.Contains(stdout, "1 created") ||
		!strings.Contains(stderr, "1 of the effects could not be made true") {
		t.Errorf("status %d:\n%s%s", status, stdout, stderr)
	}
	if status, stdout, _ := p.run("publish", "result.json"); status != statusPass || len(p.jira.Issues()) != 2 {
		t.Errorf("again: status %d, %d tickets:\n%s", status, len(p.jira.Issues()), stdout)
	}
}

func TestAJiraThatIsNotThereIsAFailureAndSaysWhatToDo(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go")
	p.env["HEADGATE_JIRA_TOKEN"] = "another"
	if status, _, stderr := p.run("publish", "result.json"); status != statusUndecided || !strings.Contains(stderr, "read tickets") {
		t.Errorf("status %d: %s", status, stderr)
	}
	delete(p.env, "HEADGATE_JIRA_TOKEN")
	if status, _, stderr := p.run("publish", "result.json"); status != statusSetup || !strings.Contains(stderr, "set HEADGATE_JIRA_TOKEN") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestRunsOfOtherEventsAndBranchesPublishNoTickets(t *testing.T) {
	for settings, want := range map[string]string{
		"events: [push, schedule]":             "tickets are made on push, schedule only, and this run is of manual",
		"events: [manual], branches: [main]":   "and it is not known which this is",
		"events: [manual], branches: [shop/*]": "tickets are made for the branches shop/* only",
	} {
		p := newPublisher(t)
		writeFile(t, ".headgate/headgate.yaml", "jira: {url: https://acme.atlassian.net, project: PAY, "+settings+"}\n")
		p.gate("2026-11-21", "open.go")
		status, stdout, _ := p.run("publish", "result.json")
		if joined := strings.Join(strings.Fields(stdout), " "); status != statusPass || !strings.Contains(joined, want) || len(p.jira.Requests()) > 0 {
			t.Errorf("%s: status %d, %d requests:\n%s", settings, status, len(p.jira.Requests()), stdout)
		}
	}
}

func TestSettingsForJiraThatMakeNoSenseAreRefused(t *testing.T) {
	for settings, want := range map[string]string{
		"url: https://a:b@acme.atlassian.net, project: PAY":                                           "no address of a Jira",
		"url: http://acme.example, project: PAY":                                                      "no address of a Jira",
		"url: https://acme.atlassian.net, project: pay or 1=1":                                        "no key of a project",
		"url: https://acme.atlassian.net, project: PAY, auth: {token: AWS_SECRET_ACCESS_KEY}":         "no variable of the environment for Jira",
		"url: https://acme.atlassian.net, project: PAY, per: finding":                                 `per: "finding" is none of asset, team, repository`,
		"url: https://acme.atlassian.net, project: PAY, from: high":                                   `from: "high" is none of`,
		"url: https://acme.atlassian.net, project: PAY, close_after: 0":                               "close_after: 0",
		"url: https://acme.atlassian.net, project: PAY, reopen: -1":                                   "reopen: -1",
		"url: https://acme.atlassian.net, project: PAY, labels: [two words]":                          "no label",
		"url: https://acme.atlassian.net, project: PAY, labels: [headgate-scope-1]":                   "one that tickets are found by",
		"url: https://acme.atlassian.net, project: PAY, fields: {summary: x}":                         "one that Headgate writes itself",
		"url: https://acme.atlassian.net, project: PAY, fields: {c: '{{.Titel}}'}":                    "can't evaluate field Titel",
		"url: https://acme.atlassian.net, project: PAY, fields: {c: '{{range .Key}}{{end}}'}":         "it may have fields, if",
		"url: https://acme.atlassian.net, project: PAY, fields: {c: '{{printf \"%1000000000d\" 1}}'}": "a template calls printf",
		"url: https://acme.atlassian.net, project: PAY, owners: {team-pay: {team: 7}}":                "needs team_field",
		"url: https://acme.atlassian.net, project: PAY, transitions: {done: {name: Done}}":            `transitions: "done" is none of`,
		"url: https://acme.atlassian.net, project: PAY, waived: delete":                               `waived: "delete" is none of label, close`,
		"url: https://acme.atlassian.net, project: PAY, token: hunter2":                               "token",
		"url: https://acme.atlassian.net, project: PAY, events: [full_moon]":                          "events: one is none of",
		"url: https://acme.atlassian.net, project: PAY, priorities: {critical: Highest}":              `priorities: "critical" is none of`,
		"url: https://acme.atlassian.net, project: PAY, cloud_id: ../../admin":                        "cloud_id",
		"url: https://acme.atlassian.net, project: PAY, deployment: server":                           "deployment",
	} {
		p := newPublisher(t)
		writeFile(t, ".headgate/headgate.yaml", "jira: {"+settings+"}\n")
		writeFile(t, "clean.sarif", cleanSARIF)
		if status, _, stderr := p.run("gate", "clean.sarif"); status != statusSetup || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s", settings, status, stderr)
		}
	}
}

// Two repositories that are not known would close each other's tickets.
func TestAResultOfNoRepositoryMakesNoTickets(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21", "open.go")
	result := strings.Replace(readFile(t, "result.json"), `"repository": "acme/shop"`, `"repository": ""`, 1)
	writeFile(t, "nowhere.json", result)
	if status, _, stderr := p.run("publish", "nowhere.json"); status != statusSetup || !strings.Contains(stderr, "the result names no repository") || len(p.jira.Issues()) > 0 {
		t.Errorf("status %d, %d tickets: %s", status, len(p.jira.Issues()), stderr)
	}
	writeFile(t, ".headgate/headgate.yaml", "jira: {url: https://acme.atlassian.net, project: PAY, events: [manual], from: \"track*\", scope: shop}\n")
	if status, out, stderr := p.run("publish", "nowhere.json"); status != statusPass || !strings.Contains(out, "1 created.") {
		t.Errorf("with a scope of its own: status %d: %s%s", status, out, stderr)
	}
}

func TestPublishSaysWhereItCannotGo(t *testing.T) {
	p := newPublisher(t)
	p.gate("2026-11-21")
	for _, c := range []struct {
		settings string
		args     []string
		want     string
	}{
		{"", []string{"publish", "result.json"}, "there is nowhere to publish to"},
		{"", []string{"publish", "result.json", "--to", "jira"}, "jira is not set up"},
		{"", []string{"publish", "result.json", "--to", "fax"}, `--to "fax" is no destination`},
		{"jira: {url: https://acme.atlassian.net, project: PAY}", []string{"publish", "result.json", "--link", "Evidence=javascript:alert(1)"}, "is no title and address"},
		{"jira: {url: https://acme.atlassian.net, project: PAY}", []string{"publish", "result.json", "--link", "Evidence=http://ci.acme.example/1"}, "is no title and address"},
		{"jira: {url: https://acme.atlassian.net, project: PAY}", []string{"publish", "result.json", "-o", "yaml"}, `-o "yaml" is no format`},
	} {
		writeFile(t, ".headgate/headgate.yaml", c.settings+"\n")
		if status, _, stderr := p.run(c.args...); status != statusSetup || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: status %d: %s", c.args, status, stderr)
		}
	}
}

// jiraCommand makes a Jira for a story and puts its address into the settings in FILE in place of https://acme.atlassian.net: jira FILE. Then
// it does what a person would: jira close KEY RESOLUTION, jira open KEY, jira shows KEY STATUS [WORD…].
func jiraCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: jira FILE | close KEY RESOLUTION | open KEY | shows KEY STATUS [WORD…]")
	}
	if len(args) == 1 {
		startJira(ts, args[0])
		return
	}
	found, ok := jiras.Load(ts.Getenv("JIRA"))
	if !ok {
		ts.Fatalf("there is no Jira yet")
	}
	j := found.(*jiratest.Jira)
	switch {
	case args[0] == "close" && len(args) == 3:
		if !j.Transition(args[1], "Done", args[2], jiratest.Maria) {
			ts.Fatalf("%s cannot be closed", args[1])
		}
	case args[0] == "open" && len(args) == 2:
		if !j.Transition(args[1], "In Progress", "", jiratest.Maria) {
			ts.Fatalf("%s cannot be opened", args[1])
		}
	case args[0] == "shows" && len(args) >= 3:
		issue, ok := j.Issue(args[1])
		if !ok || issue.Status != args[2] {
			ts.Fatalf("%s is %q, not %q", args[1], issue.Status, args[2])
		}
		data, err := json.Marshal(issue)
		ts.Check(err)
		for _, word := range args[3:] {
			if !strings.Contains(string(data), word) {
				ts.Fatalf("%s does not have %q: %s", args[1], word, data)
			}
		}
	default:
		ts.Fatalf("jira %v is none of its commands", args)
	}
}

// A story has a Jira of its own, found by its address.
var jiras sync.Map

func startJira(ts *testscript.TestScript, settings string) {
	j := tracker()
	server := httptest.NewServer(j)
	ts.Defer(server.Close)
	jiras.Store(server.URL, j)
	ts.Setenv("JIRA", server.URL)
	text := strings.ReplaceAll(ts.ReadFile(settings), "https://acme.atlassian.net", server.URL)
	ts.Check(os.WriteFile(ts.MkAbs(settings), []byte(text), 0o644))
	ts.Setenv("HEADGATE_JIRA_USER", jiratest.Robot.Email)
	ts.Setenv("HEADGATE_JIRA_TOKEN", jiratest.Robot.Token)
}
