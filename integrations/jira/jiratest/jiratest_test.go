package jiratest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

// corpus is the folder of published documents, beside the repository unless the environment says otherwise.
func corpus() string {
	if dir := os.Getenv("HEADGATE_CORPUS"); dir != "" {
		return dir
	}
	return "../../../../shared/corpus"
}

// ask sends a request as the robot and decodes the answer.
func ask(t *testing.T, j *Jira, method, path, body string) (status int, answer map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, "https://jira.example.org"+j.prefix()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(Robot.Email, Robot.Token)
	if j.options.DataCenter {
		r.Header.Set("Authorization", "Bearer "+Robot.Token)
	}
	res, err := j.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	data, _ := io.ReadAll(res.Body)
	if len(data) > 0 && data[0] == '{' {
		if err := json.Unmarshal(data, &answer); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, data)
		}
	}
	return res.StatusCode, answer
}

func expect(t *testing.T, j *Jira, want int, method, path, body string) map[string]any {
	t.Helper()
	status, answer := ask(t, j, method, path, body)
	if status != want {
		t.Errorf("%s %s %.200s: status %d, want %d: %v", method, path, body, status, want, answer)
	}
	return answer
}

func fields(more string) string {
	return `{"fields":{"project":{"key":"PAY"},"issuetype":{"name":"Task"},"summary":"Upgrade log4j-core"` + more + `}}`
}

func doc(content string) string { return `{"type":"doc","version":1,"content":[` + content + `]}` }

func para(text string) string {
	return fmt.Sprintf(`{"type":"paragraph","content":[{"type":"text","text":%q}]}`, text)
}

func TestCloudAnswersAsItsOpenAPIDocumentSays(t *testing.T) {
	s := NewSpec(t, corpus())
	j := New(Options{Check: s})
	expect(t, j, 200, "GET", "/rest/api/3/serverInfo", "")
	expect(t, j, 200, "GET", "/rest/api/3/myself", "")
	expect(t, j, 200, "GET", "/rest/api/3/priority", "")
	expect(t, j, 200, "GET", "/rest/api/3/issue/createmeta/PAY/issuetypes", "")
	expect(t, j, 200, "GET", "/rest/api/3/issue/createmeta/PAY/issuetypes/10300", "")
	made := expect(t, j, 201, "POST", "/rest/api/3/issue", `{"fields":{"project":{"key":"PAY"},"issuetype":{"name":"Task"},"summary":"x","labels":["headgate"],`+
		`"description":`+doc(para("why"))+`},"properties":[{"key":"headgate","value":{"key":"1"}}]}`)
	key := made["key"].(string)
	expect(t, j, 200, "GET", "/rest/api/3/issue/"+key+"?expand=changelog", "")
	expect(t, j, 204, "PUT", "/rest/api/3/issue/"+key, `{"fields":{"priority":{"name":"High"},"duedate":"2026-11-24"},"update":{"labels":[{"add":"b"}],"comment":[{"add":{"body":`+doc(para("hi"))+`}}]}}`)
	expect(t, j, 201, "POST", "/rest/api/3/issue/"+key+"/comment", `{"body":`+doc(para("hi"))+`}`)
	expect(t, j, 200, "GET", "/rest/api/3/issue/"+key+"/comment", "")
	expect(t, j, 200, "GET", "/rest/api/3/issue/"+key+"/transitions?expand=transitions.fields", "")
	expect(t, j, 204, "POST", "/rest/api/3/issue/"+key+"/transitions", `{"transition":{"id":"31"}}`)
	expect(t, j, 201, "POST", "/rest/api/3/issue/"+key+"/remotelink", `{"globalId":"run","object":{"url":"https://ci.example.org/1","title":"Run"}}`)
	expect(t, j, 200, "POST", "/rest/api/3/issue/"+key+"/remotelink", `{"globalId":"run","object":{"url":"https://ci.example.org/2","title":"Run"}}`)
	expect(t, j, 200, "GET", "/rest/api/3/issue/"+key+"/remotelink", "")
	expect(t, j, 200, "PUT", "/rest/api/3/issue/"+key+"/properties/headgate", `{"key":"1"}`)
	expect(t, j, 200, "GET", "/rest/api/3/issue/"+key+"/properties/headgate", "")
	expect(t, j, 201, "POST", "/rest/api/3/issue", fields(""))
	expect(t, j, 201, "POST", "/rest/api/3/issueLink", `{"type":{"name":"Duplicate"},"inwardIssue":{"key":"PAY-2"},"outwardIssue":{"key":"PAY-1"}}`)
	expect(t, j, 200, "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY AND labels = \"headgate\"","fields":["*all"],"properties":["headgate"],"reconcileIssues":[10001]}`)
	if n := len(s.Checked()); n < 17 {
		t.Errorf("%d operations were checked: %v", n, s.Checked())
	}
}

func TestRefusesWhatJiraRefuses(t *testing.T) {
	j := New(Options{Projects: []Project{{Key: "PAY", Types: []IssueType{{Name: "Task", Fields: []Field{{ID: "customfield_1", Name: "Team", Type: "option", Allowed: []string{"pay"}, Required: true}}}}}, {Key: "OPS"}}})
	team := `,"customfield_1":{"value":"pay"}`
	for name, c := range map[string]struct{ method, path, body, says string }{
		"old search":                     {"POST", "/rest/api/3/search", `{"jql":"project = PAY"}`, "removed"},
		"old createmeta":                 {"GET", "/rest/api/3/issue/createmeta", "", "removed"},
		"unbounded query":                {"POST", "/rest/api/3/search/jql", `{"jql":"order by created"}`, "Unbounded"},
		"unknown field in a query":       {"POST", "/rest/api/3/search/jql", `{"jql":"summary ~ x"}`, "JQL"},
		"51 issues to reconcile":         {"POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","reconcileIssues":[1` + strings.Repeat(",1", 50) + `]}`, "50"},
		"token of another query":         {"POST", "/rest/api/3/search/jql", `{"jql":"project = PAY","nextPageToken":"1:3"}`, "token"},
		"unknown name":                   {"POST", "/rest/api/3/issue", `{"felds":{}}`, "payload"},
		"required field":                 {"POST", "/rest/api/3/issue", fields(""), "Team is required"},
		"option":                         {"POST", "/rest/api/3/issue", fields(`,"customfield_1":{"value":"x"}`), "Option"},
		"field of no screen":             {"POST", "/rest/api/3/issue", fields(team + `,"customfield_2":"x"`), "appropriate screen"},
		"summary of two lines":           {"POST", "/rest/api/3/issue", strings.Replace(fields(team), "Upgrade", `Up\ngrade`, 1), "newline"},
		"summary of 256 characters":      {"POST", "/rest/api/3/issue", strings.Replace(fields(team), "Upgrade", strings.Repeat("x", 250), 1), "255"},
		"label with a space":             {"POST", "/rest/api/3/issue", fields(team + `,"labels":["a b"]`), "spaces"},
		"priority":                       {"POST", "/rest/api/3/issue", fields(team + `,"priority":{"name":"P1"}`), "priority"},
		"date":                           {"POST", "/rest/api/3/issue", fields(team + `,"duedate":"24.11.2026"`), "date"},
		"user name in the Cloud":         {"POST", "/rest/api/3/issue", fields(team + `,"assignee":{"name":"maria"}`), "accountId"},
		"component":                      {"POST", "/rest/api/3/issue", fields(team + `,"components":[{"name":"x"}]`), "Component"},
		"parent":                         {"POST", "/rest/api/3/issue", fields(team + `,"parent":{"key":"PAY-99"}`), "parent"},
		"string as a description":        {"POST", "/rest/api/3/issue", fields(team + `,"description":"x"`), "Atlassian Document"},
		"empty text":                     {"POST", "/rest/api/3/issue", fields(team + `,"description":` + doc(`{"type":"paragraph","content":[{"type":"text","text":""}]}`)), "empty"},
		"mention":                        {"POST", "/rest/api/3/issue", fields(team + `,"description":` + doc(`{"type":"paragraph","content":[{"type":"mention","attrs":{"id":"1"}}]}`)), "mention"},
		"40,000 characters":              {"POST", "/rest/api/3/issue", fields(team + `,"description":` + doc(para(strings.Repeat("x", 40000)))), "CONTENT_LIMIT"},
		"40,000 characters in version 2": {"POST", "/rest/api/2/issue", fields(team + `,"description":"` + strings.Repeat("x", 40000) + `"`), "32,767"},
		"property of 40,000 bytes":       {"POST", "/rest/api/3/issue", strings.TrimSuffix(fields(team), "}") + `,"properties":[{"key":"a","value":"` + strings.Repeat("x", 40000) + `"}]}`, "too long"},
		"no such issue":                  {"GET", "/rest/api/3/issue/PAY-99", "", "does not exist"},
		"field in both":                  {"PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"labels":["a"]},"update":{"labels":[{"add":"b"}]}}`, "both"},
		"illegal transition":             {"POST", "/rest/api/3/issue/OPS-1/transitions", `{"transition":{"id":"99"}}`, "illegal"},
		"field without a screen":         {"POST", "/rest/api/3/issue/OPS-1/transitions", `{"transition":{"id":"31"},"fields":{"resolution":{"name":"Done"}}}`, "appropriate screen"},
		"unknown type of link":           {"POST", "/rest/api/3/issueLink", `{"type":{"name":"Twin"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-1"}}`, "link type"},
		"remote link without a title":    {"POST", "/rest/api/3/issue/OPS-1/remotelink", `{"object":{"url":"https://a.example"}}`, "title"},
		"data center's search":           {"POST", "/rest/api/2/search", `{"jql":"project = PAY"}`, "removed"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, ok := j.Issue("OPS-1"); !ok {
				expect(t, j, 201, "POST", "/rest/api/3/issue", strings.Replace(fields(""), "PAY", "OPS", 1))
			}
			status, answer := ask(t, j, c.method, c.path, c.body)
			if status < 400 || !strings.Contains(fmt.Sprint(answer), c.says) {
				t.Errorf("status %d: %v, want a refusal that says %q", status, answer, c.says)
			}
		})
	}
}
