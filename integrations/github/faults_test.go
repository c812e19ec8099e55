package github

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github/githubtest"
)

// Whatever the service does, an effect says what stood in the way, and there is an end to it.
func TestEachFaultDegradesTheEffectAndSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		fault githubtest.Fault
		why   string
	}{
		"500":                  {githubtest.Status(500), "500"},
		"429 without an end":   {githubtest.Secondary(429, 3600), "too many requests"},
		"the limit":            {githubtest.RateLimited(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)), "too many requests"},
		"HTML":                 {githubtest.HTML(200), "a proxy in between"},
		"nothing":              {githubtest.Empty(200), "empty"},
		"null":                 {githubtest.Body("null"), "empty"},
		"another type":         {githubtest.Body(`"yes"`), "a proxy in between"},
		"another shape":        {githubtest.Body("{}"), "a proxy in between"},
		"cut":                  {githubtest.Truncated(), "answer"},
		"closed":               {githubtest.Closed(), "no answer"},
		"401":                  {githubtest.Status(401), "does not know the token"},
		"404":                  {githubtest.Status(404), "404"},
		"redirected off https": {githubtest.Redirect(302, "ftp://evil.example/"), "redirected"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.FailAll("* *", c.fault)
			client := s.client()
			effects := []engine.Effect{
				client.Comment(t.Context(), s.comment(1, "x")), client.Review(t.Context(), s.review(1, remark("a", 6, "x"))),
				client.CheckRun(t.Context(), s.check(1)), client.Upload(t.Context(), s.upload("x")),
			}
			for _, e := range effects {
				did(t, e, engine.DidDegrade)
				if e.Why == "" || strings.Contains(e.Why, s.token) || strings.ContainsAny(e.Why, "\n\r") {
					t.Errorf("%s: why: %q", e.Kind, e.Why)
				}
			}
			if !strings.Contains(effects[0].Why, c.why) {
				t.Errorf("why: %q, wanted %q", effects[0].Why, c.why)
			}
			if _, err := client.State(t.Context(), 1); err == nil {
				t.Error("the state of the pull request is known")
			}
			if _, err := client.Lines(t.Context(), 1); err == nil {
				t.Error("the lines of the pull request are known")
			}
			if n := client.Counts().Requests; n > 60 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// An empty answer to a create may stand for anything: it is looked for, and not made twice.
func TestACreateWhoseAnswerSaysNothingIsLookedFor(t *testing.T) {
	for name, fault := range map[string]githubtest.Fault{
		"empty": githubtest.Empty(201).After(), "HTML": githubtest.HTML(200).After(), "cut": githubtest.Truncated(), "502": githubtest.HTML(502).After(),
	} {
		s := newScene(t)
		s.Fail("POST */comments", fault)
		s.Fail("POST */reviews", fault)
		s.Fail("POST */check-runs", fault)
		c := s.client()
		did(t, c.Comment(t.Context(), s.comment(1, "x")), engine.DidCreate)
		e := c.Review(t.Context(), s.review(1, remark("a", 6, "x")))
		check := c.CheckRun(t.Context(), s.check(1))
		if e.Did == engine.DidDegrade || check.Did == engine.DidDegrade {
			t.Errorf("%s: %+v, %+v", name, e, check)
		}
		s.wants("x")
		s.wantsRemarks("x")
		s.wantsCheck(CheckFailure, 1)
		if n := len(s.repo.CheckRuns()); n != 1 {
			t.Errorf("%s: there are %d check runs", name, n)
		}
	}
}

func TestTheTokenStaysWithItsServer(t *testing.T) {
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.Header.Get("Authorization"))
		w.Write([]byte("[]"))
	}))
	defer other.Close()
	s := newScene(t)
	s.FailAll("* *", githubtest.Redirect(302, other.URL+"/elsewhere"))
	c := s.client()
	e := c.Comment(t.Context(), s.comment(1, "x"))
	did(t, e, engine.DidDegrade)
	for _, request := range seen {
		if request != "GET " {
			t.Errorf("the other server saw %q", request)
		}
	}
}

func TestATokenThatOnlyReadsDegradesWithWhatIsMissing(t *testing.T) {
	s := newScene(t, "contents: read") // as of a fork, or of Dependabot
	c := s.client()
	for want, e := range map[string]engine.Effect{
		"it needs issues: write or pull-requests: write": c.Comment(t.Context(), s.comment(1, "x")),
		"it needs pull-requests: write":                  c.Review(t.Context(), s.review(1, remark("a", 6, "x"))),
		"it needs checks: write":                         c.CheckRun(t.Context(), s.check(1)),
		"it needs security-events: write":                c.Upload(t.Context(), s.upload("x")),
	} {
		did(t, e, engine.DidDegrade)
		if !strings.Contains(e.Why, want) {
			t.Errorf("%s: why: %q, wanted %q", e.Kind, e.Why, want)
		}
	}
	s.wants()
}

func TestAnEnterpriseServerIsSpokenToUnderItsOwnPaths(t *testing.T) {
	s := newScene(t)
	c, err := New(Options{API: s.Enterprise.API, GraphQL: s.Enterprise.GraphQL, Server: s.Enterprise.Server, Repository: "acme/shop", Token: s.token, Clock: s.clock})
	if err != nil {
		t.Fatal(err)
	}
	if n := s.everything(t.Context(), c, 1, "x"); n > 0 {
		t.Errorf("%d effects degraded", n)
	}
	s.wants("x")
}

func TestAddressesThatAreNoneAreRefused(t *testing.T) {
	good := Options{API: "https://api.github.com", GraphQL: "https://api.github.com/graphql", Repository: "acme/shop", Token: "t"}
	for name, change := range map[string]func(*Options){
		"no repository":        func(o *Options) { o.Repository = "shop" },
		"a path":               func(o *Options) { o.Repository = "a/b/../c" },
		"plain http":           func(o *Options) { o.API = "http://api.example" },
		"a file":               func(o *Options) { o.GraphQL = "file:///etc/passwd" },
		"a token of two lines": func(o *Options) { o.Token = "a\nb" },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil || strings.Contains(fmt.Sprint(err), "a\nb") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
