package jiratest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func hits(answer map[string]any) int { return len(answer["issues"].([]any)) }

func TestSearchesLagBehindAndReconcileWhatIsNamed(t *testing.T) {
	j := New(Options{Lag: 30 * time.Second})
	expect(t, j, 201, "POST", "/rest/api/3/issue", fields(`,"labels":["a"]`))
	search := func(more string) map[string]any {
		return expect(t, j, 200, "POST", "/rest/api/3/search/jql", `{"jql":"labels = a","fields":["labels"]`+more+`}`)
	}
	if hits(search("")) != 0 || hits(search(`,"reconcileIssues":[10001]`)) != 1 {
		t.Error("before the lag is over: only what is reconciled is found")
	}
	j.Clock().Advance(31 * time.Second)
	if hits(search("")) != 1 {
		t.Error("after it, it is found")
	}
	j.Label("PAY-1", nil, Maria)
	if hits(search("")) != 1 || hits(search(`,"reconcileIssues":[10001]`)) != 0 {
		t.Error("the index has what was")
	}
	expect(t, j, 200, "GET", "/rest/api/3/issue/10001", "")
}

func TestSearchesCanBeginWithTheNewest(t *testing.T) {
	j := New(Options{PageSize: 2})
	for range 3 {
		expect(t, j, 201, "POST", "/rest/api/2/issue", fields(""))
	}
	var seen []string
	token := ""
	for range 2 {
		page := expect(t, j, 200, "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY AND issuetype = Task ORDER BY created DESC"`+token+`}`)
		for _, i := range page["issues"].([]any) {
			seen = append(seen, i.(map[string]any)["id"].(string))
		}
		token = fmt.Sprintf(`,"nextPageToken":%q`, page["nextPageToken"])
	}
	if strings.Join(seen, " ") != "10003 10002 10001" {
		t.Errorf("%q", seen)
	}
	if hits(expect(t, j, 200, "POST", "/rest/api/3/search/jql", `{"jql":"project = PAY AND issuetype = Bug"}`)) != 0 {
		t.Error("there is no bug")
	}
}

func TestSearchesComeInPages(t *testing.T) {
	for _, dataCenter := range []bool{false, true} {
		j := New(Options{DataCenter: dataCenter, PageSize: 2})
		for range 5 {
			expect(t, j, 201, "POST", "/rest/api/2/issue", fields(""))
		}
		seen, token := map[string]bool{}, ""
		for at := 0; at < 6; {
			path, body := "/rest/api/3/search/jql", `{"jql":"project = PAY"`+token+`}`
			if dataCenter {
				path, body = "/rest/api/2/search", fmt.Sprintf(`{"jql":"project = PAY","startAt":%d}`, at)
			}
			page := expect(t, j, 200, "POST", path, body)
			for _, i := range page["issues"].([]any) {
				seen[i.(map[string]any)["id"].(string)] = true
				at++
			}
			if page["isLast"] == true || page["total"] == float64(at) {
				break
			}
			token = fmt.Sprintf(`,"nextPageToken":%q`, page["nextPageToken"])
		}
		if len(seen) != 5 {
			t.Errorf("data center %v: %d issues in all pages", dataCenter, len(seen))
		}
	}
}

func TestTransitionsAskForWhatTheirScreensDo(t *testing.T) {
	j := New(Options{DataCenter: true})
	expect(t, j, 201, "POST", "/rest/api/2/issue", fields(""))
	path := "/rest/api/2/issue/PAY-1/transitions"
	if a := expect(t, j, 400, "POST", path, `{"transition":{"id":"2"}}`); !strings.Contains(fmt.Sprint(a), "Resolution is required") {
		t.Errorf("%v", a)
	}
	expect(t, j, 204, "POST", path, `{"transition":{"id":"2"},"fields":{"resolution":{"name":"Fixed"}},"update":{"comment":[{"add":{"body":"done"}}]}}`)
	i, _ := j.Issue("PAY-1")
	if i.Status != "Closed" || i.Resolution != "Fixed" || len(i.Comments) != 1 {
		t.Errorf("%+v", i)
	}
	expect(t, j, 400, "PUT", "/rest/api/2/issue/PAY-1", `{"fields":{"summary":"x"}}`) // it cannot be edited there

	cloud := New(Options{})
	expect(t, cloud, 201, "POST", "/rest/api/3/issue", fields(""))
	expect(t, cloud, 204, "POST", "/rest/api/3/issue/PAY-1/transitions", `{"transition":{"id":"31"},"update":{"comment":[{"add":{"body":`+doc(para("x"))+`}}]}}`)
	if i, _ := cloud.Issue("PAY-1"); i.Category != "done" || len(i.Comments) != 0 {
		t.Errorf("a comment without a screen is dropped, and nothing said: %+v", i)
	}
}

func TestWhatIsMovedIsFoundByItsIDAndItsOldKey(t *testing.T) {
	j := New(Options{Projects: []Project{{Key: "PAY"}, {Key: "OPS"}}})
	expect(t, j, 201, "POST", "/rest/api/3/issue", fields(""))
	if !j.Move("PAY-1", "OPS", Maria) {
		t.Fatal("not moved")
	}
	for _, name := range []string{"10001", "PAY-1", "OPS-1"} {
		if a := expect(t, j, 200, "GET", "/rest/api/3/issue/"+name, ""); a["key"] != "OPS-1" || a["id"] != "10001" {
			t.Errorf("%s: %v", name, a["key"])
		}
	}
	j.Delete("OPS-1")
	expect(t, j, 404, "GET", "/rest/api/3/issue/10001", "")
}

func TestPermissionsAreThoseOfTheProject(t *testing.T) {
	j := New(Options{Projects: []Project{{Key: "PAY", Denied: []string{"EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES"}}, {Key: "HR", Denied: []string{"BROWSE_PROJECTS"}}, {Key: "OPS", Denied: []string{"CREATE_ISSUES"}}}})
	expect(t, j, 201, "POST", "/rest/api/3/issue", fields(""))
	expect(t, j, 400, "POST", "/rest/api/3/issue", strings.Replace(fields(""), "PAY", "OPS", 1))
	expect(t, j, 404, "GET", "/rest/api/3/project/HR", "")
	expect(t, j, 403, "PUT", "/rest/api/3/issue/PAY-1", `{"fields":{"summary":"x"}}`)
	expect(t, j, 403, "POST", "/rest/api/3/issue/PAY-1/comment", `{"body":`+doc(para("x"))+`}`)
	expect(t, j, 403, "PUT", "/rest/api/3/issue/PAY-1/properties/x", `1`)
	expect(t, j, 403, "POST", "/rest/api/3/issue/PAY-1/remotelink", `{"object":{"url":"https://a.example","title":"x"}}`)
	if a := expect(t, j, 200, "GET", "/rest/api/3/issue/PAY-1/transitions", ""); len(a["transitions"].([]any)) != 0 {
		t.Error("transitions are shown to who may not take them")
	}
}

func TestOnlyWhoIsKnownGetsAnAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		header  string
		status  int
	}{
		"nobody":                              {Options{}, "", 401},
		"a bearer in the Cloud":               {Options{}, "Bearer " + Robot.Token, 401},
		"an account in Data Center":           {Options{DataCenter: true}, "Basic cm9ib3RAZXhhbXBsZS5vcmc6cm9ib3QtdG9rZW4=", 401},
		"a token in Data Center":              {Options{DataCenter: true}, "Bearer " + Robot.Token, 200},
		"a service account, past the gateway": {Options{Gateway: "11"}, "Bearer " + Robot.Token, 404},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := http.NewRequest("GET", "https://jira.example.org/rest/api/2/myself", nil)
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			res, err := New(c.options).RoundTrip(r)
			if err != nil || res.StatusCode != c.status {
				t.Errorf("%v, %v", res, err)
			}
		})
	}
}

func TestFaultsComeBeforeOrAfterTheEffect(t *testing.T) {
	for _, after := range []bool{false, true} {
		j := New(Options{})
		j.Fail(Fault{Cut: true, After: after, Skip: 1})
		expect(t, j, 201, "POST", "/rest/api/3/issue", fields(""))
		r, _ := http.NewRequest("POST", "https://jira.example.org/rest/api/3/issue", strings.NewReader(fields("")))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth(Robot.Email, Robot.Token)
		if _, err := j.RoundTrip(r); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v", err)
		}
		if n := len(j.Issues()); (n == 2) != after {
			t.Errorf("after %v: %d issues", after, n)
		}
		if all := j.Requests(); len(all) != 2 || all[0].User != Robot.Name || all[0].Status != 201 {
			t.Errorf("requests %+v", all)
		}
	}
}
