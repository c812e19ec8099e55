package jira

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// ways is what an examination says of transitions.
func ways(t *testing.T, j *jiratest.Jira, dataCenter bool) (says string, bad bool) {
	t.Helper()
	for _, c := range client(t, j, dataCenter).Examine(context.Background(), Needs{Type: "Task"}) {
		if c.Name == "transitions" {
			says, bad = says+c.Says+"; "+c.Fix+"\n", bad || c.Bad
		}
	}
	return says, bad
}

// somebodys is an issue that is none of ours.
func somebodys(t *testing.T, j *jiratest.Jira, dataCenter bool, labels ...string) {
	t.Helper()
	body := map[string]any{"fields": map[string]any{"project": map[string]string{"key": "PAY"}, "issuetype": map[string]string{"name": "Task"}, "summary": "Tidy up", "labels": append([]string{}, labels...)}}
	if err := client(t, j, dataCenter).do(context.Background(), http.MethodPost, "issue", body, nil); err != nil {
		t.Fatal(err)
	}
}

func TestWaysAreJudgedByWhatThereIs(t *testing.T) {
	both(t, func(t *testing.T, dataCenter bool) {
		flow := jiratest.Simple()
		project := func(w jiratest.Workflow) *jiratest.Jira {
			return jiratest.New(jiratest.Options{DataCenter: dataCenter, Projects: []jiratest.Project{{Key: "PAY", Workflow: w}}})
		}
		j := project(flow)
		if says, bad := ways(t, j, dataCenter); bad || !strings.Contains(says, "Task can be done (Fertig)") {
			t.Errorf("of an empty project it says %s", says)
		}
		somebodys(t, j, dataCenter)
		if says, bad := ways(t, j, dataCenter); bad || !strings.Contains(says, `close by "Erledigt", as PAY-1`) {
			t.Errorf("by an issue of somebody else it says %s", says)
		}
		j.Transition("PAY-1", "Fertig", "Done", jiratest.Maria)
		somebodys(t, j, dataCenter, ticket.Label)
		if says, bad := ways(t, j, dataCenter); bad || !strings.Contains(says, `close by "Erledigt", as PAY-2`) || !strings.Contains(says, `reopen by "Zu erledigen", as PAY-1`) {
			t.Errorf("by ours, and by that, it says %s", says)
		}
		flow.Transitions = flow.Transitions[:2]
		j = project(flow)
		somebodys(t, j, dataCenter)
		if says, bad := ways(t, j, dataCenter); !bad || !strings.Contains(says, "no way to done") || !strings.Contains(says, "jira.transitions.close") {
			t.Errorf("without a way it says %s", says)
		}
		for _, r := range j.Requests() {
			if r.Method != http.MethodGet && !strings.Contains(r.Path, "/search") && !strings.HasSuffix(r.Path, "/issue") {
				t.Errorf("it sends %s %s", r.Method, r.Path)
			}
		}
	})
}
