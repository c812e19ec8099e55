package githubtest_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

func TestFaults(t *testing.T) {
	post := func(s *setting) reply { return s.send(s.token, "POST", comments, m{"body": "x"}) }
	for name, c := range map[string]struct {
		fault  githubtest.Fault
		status int // 0: no whole answer
		holds  string
		done   bool // all the same
	}{
		"a status":                     {githubtest.Status(502, "Retry-After", "3"), 502, "Bad Gateway", false},
		"a status after the effect":    {githubtest.Status(502).After(), 502, "Bad Gateway", true},
		"a page":                       {githubtest.HTML(200), 200, "<html>", false},
		"nothing":                      {githubtest.Empty(201), 201, "", false},
		"any text":                     {githubtest.Body(`{"id": "no number"}`), 200, "no number", false},
		"a redirect":                   {githubtest.Redirect(307, "https://elsewhere.example/"), 307, "", false},
		"the primary limit":            {githubtest.RateLimited(time.Unix(1_800_000_000, 0)), 403, "rate limit", false},
		"a secondary limit":            {githubtest.Secondary(403, 0), 403, "secondary rate limit", false},
		"a connection closed before":   {githubtest.Closed(), 0, "EOF", false},
		"a connection closed after":    {githubtest.Closed().After(), 0, "EOF", true},
		"half an answer":               {githubtest.Truncated(), 0, "unexpected EOF", true},
		"half an answer of a redirect": {githubtest.Redirect(301, "/").After(), 301, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			s.Fail("POST */issues/*/comments", c.fault)
			s.must(200, s.send(s.token, "GET", comments, nil)) // no match
			r := post(s)
			if r.status != c.status || !strings.Contains(r.String(), c.holds) {
				t.Errorf("got %v, want %d with %q", r, c.status, c.holds)
			}
			if done := len(s.pull.Comments()) == 1; done != c.done {
				t.Errorf("carried out: %v", done)
			}
			s.must(201, post(s)) // once only
			log := s.Requests()
			if len(log) != 3 || log[1].Status != c.status && c.status != 0 || log[2].Status != 201 || log[2].Login != "github-actions[bot]" {
				t.Errorf("log: %+v", log)
			}
			if writes := s.Writes(); len(writes) != 2 || !strings.Contains(string(writes[0].Body), `"x"`) {
				t.Errorf("writes: %+v", writes)
			}
			s.Forget()
			if len(s.Requests()) != 0 {
				t.Error("requests are not forgotten")
			}
		})
	}
}

func TestSlowAnswerEndsWithTheClient(t *testing.T) {
	s := newSetting(t)
	s.FailAll("* *", githubtest.Slow())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", s.Cloud.API+comments, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(req); err == nil {
		t.Error("there was an answer")
	}
}

func TestPatterns(t *testing.T) {
	s := newSetting(t)
	var seen []string
	note := func(name string) func(githubtest.Request) *githubtest.Fault {
		return func(githubtest.Request) *githubtest.Fault { seen = append(seen, name); return nil }
	}
	s.On("GET "+comments, note("exact"))
	s.On("* */comments", note("any method"))
	s.On("POST * needle", note("body"))
	s.On("DELETE *", note("never"))
	s.send(s.token, "GET", "/api/v3"+comments, nil)
	s.send(s.token, "POST", comments, m{"body": "a needle"})
	s.send(s.token, "GET", pull, nil)
	if got := strings.Join(seen, ", "); got != "exact, any method, any method, body" {
		t.Errorf("seen: %s", got)
	}
}

// Two clients that both see no comment both write one: the race that a client has to settle by itself.
func TestAnotherWriterBetweenRequests(t *testing.T) {
	s := newSetting(t)
	var once sync.Once
	s.After("GET */comments", func(githubtest.Request) *githubtest.Fault {
		once.Do(func() { s.must(201, s.send(s.token, "POST", comments, m{"body": "the other one"})) })
		return nil
	})
	if r := s.must(200, s.send(s.token, "GET", comments, nil)); len(r.body.([]any)) != 0 {
		t.Errorf("got %v", r)
	}
	s.must(201, s.send(s.token, "POST", comments, m{"body": "mine"}))
	if all := s.pull.Comments(); len(all) != 2 || all[0].Body != "the other one" || all[0].ID >= all[1].ID || all[0].Created.After(all[1].Created) {
		t.Errorf("comments: %+v", all)
	}
}

func TestPrimaryLimit(t *testing.T) {
	s := newSetting(t)
	s.Remaining(1)
	if r := s.must(200, s.send(s.token, "GET", comments, nil)); r.header.Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("headers: %v", r.header)
	}
	r := s.must(403, s.send(s.token, "GET", comments, nil))
	if r.header.Get("X-RateLimit-Remaining") != "0" || r.header.Get("X-RateLimit-Reset") != "1795338000" {
		t.Errorf("headers: %v", r.header)
	}
	if r := s.must(200, s.send(s.token, "GET", "/rate_limit", nil)); r.get("rate", "remaining") != 0.0 {
		t.Errorf("got %v", r)
	}
	if r := s.must(200, s.send(s.token, "GET", "/api/v3"+comments, nil)); r.header.Get("X-RateLimit-Limit") != "" {
		t.Errorf("an Enterprise Server limits: %v", r.header)
	}
	s.must(404, s.send(s.token, "GET", "/api/v3/rate_limit", nil))
	s.clean()
}

func TestManyAtATime(t *testing.T) {
	s := newSetting(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { s.send(s.token, "POST", comments, m{"body": "x"}) })
		all.Go(func() { s.send(s.token, "GET", pull, nil) })
		all.Go(func() { s.pull.Comments() })
	}
	all.Wait()
	if n := len(s.pull.Comments()); n != 20 {
		t.Errorf("%d comments", n)
	}
}
