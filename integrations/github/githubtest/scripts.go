package githubtest

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Fault is what goes wrong with a request.
type Fault struct {
	after bool // the request is carried out first
	do    func(w http.ResponseWriter, r *http.Request, content []byte) (status int)
}

// A script acts on requests that it matches.
type script struct {
	method, path, body string
	after              bool
	act                func(Request) *Fault
}

// On calls act for each request that matches, before it is carried out; the fault that it returns, if any, is what the client gets. The
// pattern is a method and a path, where * stands for anything, and perhaps a text that the body has: "POST */issues/*/comments",
// "* *", "POST /graphql minimizeComment". act may do anything, such as another request, or end the client.
func (g *GitHub) On(pattern string, act func(Request) *Fault) { g.script(pattern, false, act) }

// After is On for when a request was carried out and its answer was not sent yet.
func (g *GitHub) After(pattern string, act func(Request) *Fault) { g.script(pattern, true, act) }

func (g *GitHub) script(pattern string, after bool, act func(Request) *Fault) {
	method, rest, ok := strings.Cut(pattern, " ")
	if !ok {
		panic("githubtest: no method and path: " + pattern)
	}
	path, body, _ := strings.Cut(rest, " ")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.scripts = append(g.scripts, &script{method: method, path: path, body: body, after: after, act: act})
}

// Fail has the next requests that match meet these faults, one after the other, and then none any more.
func (g *GitHub) Fail(pattern string, faults ...Fault) {
	next := make(chan Fault, len(faults))
	for _, f := range faults {
		next <- f
	}
	g.On(pattern, func(Request) *Fault {
		select {
		case f := <-next:
			return &f
		default:
			return nil
		}
	})
}

// FailAll has all requests that match meet a fault, from now on.
func (g *GitHub) FailAll(pattern string, f Fault) { g.On(pattern, func(Request) *Fault { return &f }) }

// ask finds the first fault for a request.
func (g *GitHub) ask(r Request, after bool) *Fault {
	g.mu.Lock()
	scripts := slices.Clone(g.scripts)
	g.mu.Unlock()
	for _, s := range scripts {
		if s.after != after || (s.method != "*" && s.method != r.Method) || !wild(s.path, r.Path) || !strings.Contains(string(r.Body), s.body) {
			continue
		}
		if f := s.act(r); f != nil {
			return f
		}
	}
	return nil
}

// wild matches a pattern in which * stands for any text.
func wild(pattern, s string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	s, ok := strings.CutPrefix(s, first)
	if !star {
		return ok && s == ""
	}
	for i := 0; ok && i <= len(s); i++ {
		if wild(rest, s[i:]) {
			return true
		}
	}
	return false
}

// After is the fault for a request that was carried out all the same.
func (f Fault) After() Fault {
	f.after = true
	return f
}

// Status answers with a status and an error in GitHub's form. Headers are names and values in turn.
func Status(code int, headers ...string) Fault {
	return respond(code, "application/json; charset=utf-8", fmt.Sprintf(`{"message":%q,"documentation_url":"https://docs.github.com/rest","status":"%d"}`,
		http.StatusText(code), code), headers...)
}

// HTML answers with a page of HTML, as what stands between does.
func HTML(code int) Fault {
	return respond(code, "text/html", "<html><head><title>Unicorn!</title></head><body><p>We had issues producing the response.</p></body></html>")
}

// Empty answers with no body.
func Empty(code int) Fault { return respond(code, "", "") }

// Body answers with any text, with status 200 and the type of JSON.
func Body(text string) Fault { return respond(http.StatusOK, "application/json; charset=utf-8", text) }

// Redirect sends elsewhere.
func Redirect(code int, to string) Fault { return respond(code, "", "", "Location", to) }

// RateLimited says that the primary limit is reached until then.
func RateLimited(until time.Time) Fault {
	return respond(http.StatusForbidden, "application/json; charset=utf-8",
		`{"message":"API rate limit exceeded for installation ID 1.","documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api"}`,
		"X-Ratelimit-Limit", "1000", "X-Ratelimit-Remaining", "0", "X-Ratelimit-Reset", strconv.FormatInt(until.Unix(), 10))
}

// Secondary says that a secondary limit is reached: with 403 or 429, and for so many seconds, or without a word for how long if 0.
func Secondary(code, seconds int) Fault {
	var headers []string
	if seconds > 0 {
		headers = []string{"Retry-After", strconv.Itoa(seconds)}
	}
	return respond(code, "application/json; charset=utf-8", `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",`+
		`"documentation_url":"https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits"}`, headers...)
}

func respond(code int, kind, body string, headers ...string) Fault {
	return Fault{do: func(w http.ResponseWriter, _ *http.Request, _ []byte) int {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(code)
		io.WriteString(w, body)
		return code
	}}
}

// Closed closes the connection without an answer, and the request is not carried out; with After it is.
func Closed() Fault {
	return Fault{do: func(http.ResponseWriter, *http.Request, []byte) int { panic(http.ErrAbortHandler) }}
}

// Truncated carries the request out and sends half of the answer.
func Truncated() Fault {
	return Fault{after: true, do: func(w http.ResponseWriter, _ *http.Request, content []byte) int {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Content-Length", strconv.Itoa(len(content)+1))
		w.Write(content[:len(content)/2])
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}}
}

// Slow gives no answer until the client goes away.
func Slow() Fault {
	return Fault{do: func(_ http.ResponseWriter, r *http.Request, _ []byte) int {
		<-r.Context().Done()
		return 0
	}}
}
