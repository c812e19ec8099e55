package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// doctorOf runs the command on settings for a Jira in memory.
func doctorOf(t *testing.T, o jiratest.Options, settings string, env map[string]string, args ...string) (status int, out string, j *jiratest.Jira) {
	t.Helper()
	j = jiratest.New(o)
	t.Chdir(t.TempDir())
	writeFile(t, ".headgate/headgate.yaml", strings.ReplaceAll(settings, "SITE", j.Serve(t)))
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: time.Now, getenv: func(name string) string { return env[name] }}
	status = a.run(t.Context(), append([]string{"doctor", "--only", "jira"}, args...))
	return status, stdout.String() + stderr.String(), j
}

var robot = map[string]string{"HEADGATE_JIRA_USER": jiratest.Robot.Email, "HEADGATE_JIRA_TOKEN": jiratest.Robot.Token}

const plainJira = "jira: {url: SITE, project: PAY}\n"

func TestDoctorFindsNothingWhereAllIsRight(t *testing.T) {
	for name, c := range map[string]struct {
		options jiratest.Options
		env     map[string]string
		who     string
	}{
		"Cloud":       {jiratest.Options{}, robot, jiratest.Maria.AccountID},
		"Data Center": {jiratest.Options{DataCenter: true}, map[string]string{"HEADGATE_JIRA_TOKEN": jiratest.Robot.Token}, jiratest.Maria.Name},
	} {
		t.Run(name, func(t *testing.T) {
			settings := "jira: {url: SITE, project: PAY, priorities: {act: Highest}, owners: {team-pay: {assignee: '" + c.who + "', component: checkout}}}\n"
			status, out, j := doctorOf(t, c.options, settings, c.env)
			if status != statusPass || !strings.Contains(out, "Jira "+name+", as Headgate Robot") || strings.Contains(out, "fail") {
				t.Errorf("status %d:\n%s", status, out)
			}
			for _, r := range j.Requests() {
				if r.Method != http.MethodGet && !strings.Contains(r.Path, "/search") {
					t.Errorf("it sends %s %s", r.Method, r.Path)
				}
			}
		})
	}
}

// endless is a workflow in which nothing is ever done.
var endless = jiratest.Workflow{Statuses: []jiratest.Status{{ID: "1", Name: "To Do", Category: "new"}, {ID: "2", Name: "Doing", Category: "indeterminate"}}}

func TestDoctorSaysWhatToPutRight(t *testing.T) {
	team := jiratest.Field{ID: "customfield_10050", Name: "Team", Type: "option", Allowed: []string{"pay", "shop"}, Required: true}
	project := func(change func(*jiratest.Project)) jiratest.Options {
		p := jiratest.Project{Key: "PAY", Components: []string{"checkout"}, Types: []jiratest.IssueType{{Name: "Task"}, {Name: "Bug"}}}
		change(&p)
		return jiratest.Options{Projects: []jiratest.Project{p}}
	}
	as := func(change func(*jiratest.Project)) jiratest.Options { return project(change) }
	same := func(*jiratest.Project) {}
	for name, c := range map[string]struct {
		options  jiratest.Options
		settings string
		env      map[string]string
		want     []string
	}{
		"a wrong token":     {as(same), plainJira, map[string]string{"HEADGATE_JIRA_USER": jiratest.Robot.Email, "HEADGATE_JIRA_TOKEN": "old-secret"}, []string{"fail  authentication", "make a new API token"}},
		"no account":        {as(same), plainJira, map[string]string{"HEADGATE_JIRA_TOKEN": jiratest.Robot.Token}, []string{"HEADGATE_JIRA_USER"}},
		"no such project":   {as(same), "jira: {url: SITE, project: NOPE}\n", robot, []string{"fail  project", "check jira.project"}},
		"no such type":      {as(same), "jira: {url: SITE, project: PAY, issue_type: Story}\n", robot, []string{"set jira.issue_type to one of: Task, Bug"}},
		"no permissions":    {as(func(p *jiratest.Project) { p.Denied = []string{"EDIT_ISSUES", "ADD_COMMENTS"} }), plainJira, robot, []string{"lacks Edit Issues, Add Comments"}},
		"a required field":  {as(func(p *jiratest.Project) { p.Types[0].Fields = []jiratest.Field{team} }), plainJira, robot, []string{"add to jira.fields: customfield_10050: {value: pay} (one of pay, shop)"}},
		"no such field":     {as(same), "jira: {url: SITE, project: PAY, fields: {customfield_1: x}}\n", robot, []string{"customfield_1 is not on the screen of Task"}},
		"no such priority":  {as(same), "jira: {url: SITE, project: PAY, priorities: {act: P1}}\n", robot, []string{`the project has no "P1"`, "take one of: Highest, High"}},
		"no such component": {as(same), "jira: {url: SITE, project: PAY, owners: {a: {component: cart}}}\n", robot, []string{`no "cart"`, "take one of: checkout"}},
		"not assignable":    {as(func(p *jiratest.Project) { p.Assignable = []string{"robot"} }), "jira: {url: SITE, project: PAY, owners: {a: {assignee: " + jiratest.Maria.AccountID + "}}}\n", robot, []string{"cannot be assigned"}},
		"no components":     {as(func(p *jiratest.Project) { p.Components = nil }), "jira: {url: SITE, project: PAY, owners: {a: {component: cart}}}\n", robot, []string{"the project has none yet: make them in its settings"}},
		"no status done":    {as(func(p *jiratest.Project) { p.Workflow = endless }), plainJira, robot, []string{"fail  transitions", "a status of the category Done"}},
		"no such parent":    {as(same), "jira: {url: SITE, project: PAY, parent: PAY-99}\n", robot, []string{"check jira.parent"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, _ := doctorOf(t, c.options, c.settings, c.env)
			said := strings.Join(strings.Fields(strings.ReplaceAll(out, "→", "")), " ")
			if status != statusSetup {
				t.Errorf("status %d", status)
			}
			for _, want := range c.want {
				if !strings.Contains(said, strings.Join(strings.Fields(want), " ")) {
					t.Errorf("it does not say %q:\n%s", want, out)
				}
			}
			if strings.Contains(out, "secret") || strings.Contains(out, jiratest.Robot.Token) {
				t.Errorf("it shows the token:\n%s", out)
			}
		})
	}
}

func TestDoctorWritesOneDocument(t *testing.T) {
	status, out, _ := doctorOf(t, jiratest.Options{}, plainJira, robot, "-o", "json")
	var doc struct {
		Schema  string
		Systems []struct {
			Name   string
			Checks []struct{ Check, Says string }
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || status != statusPass || doc.Schema != "headgate.doctor/1" || len(doc.Systems) != 1 || len(doc.Systems[0].Checks) < 5 {
		t.Errorf("status %d, %v:\n%s", status, err, out)
	}
}
