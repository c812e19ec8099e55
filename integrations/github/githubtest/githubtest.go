// Package githubtest is a GitHub in memory for tests: what is written to it can be read back, and it refuses what GitHub refuses —
// comments that are too long, remarks outside of a diff, tokens without permission. Where the published API descriptions are at hand,
// every request and every answer is held against them, so that neither the program under test nor this package drifts away.
//
// The same repositories are there under the addresses of github.com and of an Enterprise Server.
package githubtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options are what a GitHub goes by. The zero value will do.
type Options struct {
	// Now is the time of what is written; nil: it starts at 2026-11-22 08:00 UTC, and each request takes a second.
	Now func() time.Time
	// Violation is told what does not fit the published API; nil: it fails the test.
	Violation func(string)
}

// Addresses are those under which a runner is told to find GitHub. None ends in a slash.
type Addresses struct {
	API, GraphQL, Server string
}

// A GitHub is one for a test; it goes when the test ends. It may be used from several goroutines.
type GitHub struct {
	// Cloud has the paths of github.com, Enterprise those of an Enterprise Server.
	Cloud, Enterprise Addresses

	t         testing.TB
	violation func(string)
	server    *httptest.Server
	storage   *httptest.Server // where artifacts are fetched from: another host, which is not to see a token

	mu           sync.Mutex
	now          func() time.Time
	lastID       int64
	accounts     map[string]*account
	repositories map[string]*Repository // by lower-case full name, former ones included
	tokens       map[string]*Token
	nodes        map[string]any // by GraphQL id
	scripts      []*script
	log          []*Request
	routes       []route
	remaining    int // requests until the primary limit
	onEnterprise bool
}

const primaryLimit = 5000 // requests an hour

// New starts a GitHub without repositories.
func New(t testing.TB, o Options) *GitHub {
	t.Helper()
	g := &GitHub{
		t: t, violation: o.Violation, now: o.Now, lastID: 1000, routes: routes(), remaining: primaryLimit,
		accounts: map[string]*account{}, repositories: map[string]*Repository{}, tokens: map[string]*Token{}, nodes: map[string]any{},
	}
	if g.violation == nil {
		g.violation = func(s string) { t.Errorf("GitHub: %s", s) }
	}
	if g.now == nil {
		at := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
		g.now = func() time.Time { at = at.Add(time.Second); return at }
	}
	g.server = httptest.NewServer(http.HandlerFunc(g.serve))
	g.storage = httptest.NewServer(http.HandlerFunc(g.serveStorage))
	t.Cleanup(func() { g.server.CloseClientConnections(); g.server.Close(); g.storage.Close() })
	root := g.server.URL
	g.Cloud = Addresses{API: root, GraphQL: root + "/graphql", Server: root}
	g.Enterprise = Addresses{API: root + "/api/v3", GraphQL: root + "/api/graphql", Server: root}
	return g
}

// A Request is one that came in.
type Request struct {
	Method string
	Path   string // as on github.com, also when it came in under the paths of an Enterprise Server
	Query  url.Values
	Body   []byte
	Login  string // who the token speaks for; "" if there was none that is known
	Status int    // of the answer; 0 while there is none, and if the connection was closed
}

// Write says whether the request may change something: all but GET and HEAD, and the queries of GraphQL.
func (r Request) Write() bool {
	if r.Path == "/graphql" {
		return !isQuery(r.Body)
	}
	return r.Method != http.MethodGet && r.Method != http.MethodHead
}

// Requests are those that came in since the start or the last Forget, in their order.
func (g *GitHub) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := make([]Request, 0, len(g.log))
	for _, r := range g.log {
		all = append(all, *r)
	}
	return all
}

// Writes are the requests among them that may have changed something.
func (g *GitHub) Writes() []Request {
	var writes []Request
	for _, r := range g.Requests() {
		if r.Write() {
			writes = append(writes, r)
		}
	}
	return writes
}

// Forget empties the list of requests.
func (g *GitHub) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.log = nil
}

// A call is a request while it is worked on.
type call struct {
	g      *GitHub
	r      *http.Request
	root   string // of the API, as it was called
	path   string // below it
	route  *route
	vars   map[string]string
	body   []byte
	token  *Token // nil: none
	repo   *Repository
	time   time.Time
	accept string
}

// An answer is what a call comes to. The body is any JSON value, or raw bytes of the named type.
type answer struct {
	status int
	header http.Header
	body   any
	raw    []byte
	kind   string
}

func ok(body any) answer      { return answer{status: http.StatusOK, body: body} }
func created(body any) answer { return answer{status: http.StatusCreated, body: body} }

const maxRequest = 64 << 20 // bytes

func (g *GitHub) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		panic(http.ErrAbortHandler) // whoever sent it is gone
	}
	c := &call{g: g, r: r, body: body, root: g.Cloud.API, path: r.URL.EscapedPath(), accept: r.Header.Get("Accept")}
	if below, ok := strings.CutPrefix(c.path, "/api/v3"); ok {
		c.root, c.path = g.Enterprise.API, below
	} else if c.path == "/api/graphql" {
		c.root, c.path = g.Enterprise.API, "/graphql"
	}
	seen := &Request{Method: r.Method, Path: c.path, Query: r.URL.Query(), Body: body}
	g.mu.Lock()
	c.token = g.tokenOf(r)
	if c.token != nil {
		seen.Login = c.token.Login
	}
	g.log = append(g.log, seen)
	g.mu.Unlock()

	fault := g.ask(*seen, false) // without the lock: a script may look around, or write
	if fault != nil && !fault.after {
		g.settle(seen, fault.do(w, r, nil))
		return
	}
	a := g.handle(c)
	if after := g.ask(*seen, true); fault == nil {
		fault = after
	}
	content := a.raw
	if content == nil && a.body != nil {
		content = encode(a.body)
	}
	if fault != nil {
		g.settle(seen, fault.do(w, r, content))
		return
	}
	g.settle(seen, a.status)
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.kind == "" && a.body != nil {
		a.kind = "application/json; charset=utf-8"
	}
	if a.kind != "" {
		w.Header().Set("Content-Type", a.kind)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		w.Write(content)
	}
}

// settle notes what came of a request.
func (g *GitHub) settle(r *Request, status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r.Status = status
}

func encode(v any) []byte {
	var buf bytes.Buffer
	e := json.NewEncoder(&buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("githubtest: an answer that is no JSON: " + err.Error())
	}
	return buf.Bytes()
}

// handle answers a call, and holds both against the published API.
func (g *GitHub) handle(c *call) answer {
	g.mu.Lock()
	defer g.mu.Unlock()
	c.time = g.now().UTC().Truncate(time.Second)
	a, counts := c.dispatch()
	if a.header == nil {
		a.header = http.Header{}
	}
	if counts {
		a.header.Set("X-Ratelimit-Limit", strconv.Itoa(primaryLimit))
		a.header.Set("X-Ratelimit-Remaining", strconv.Itoa(max(g.remaining, 0)))
		a.header.Set("X-Ratelimit-Used", strconv.Itoa(primaryLimit-max(g.remaining, 0)))
		a.header.Set("X-Ratelimit-Reset", strconv.FormatInt(resetOf(c.time).Unix(), 10))
		a.header.Set("X-Ratelimit-Resource", "core")
	}
	a.header.Set("X-Github-Media-Type", "github.v3; format=json")
	a.header.Set("X-Github-Request-Id", fmt.Sprintf("0000:%04X", len(g.log)))
	for _, v := range c.violations(a) {
		g.violation(v)
	}
	return a
}

// resetOf is when the primary limit starts anew: at the next full hour.
func resetOf(t time.Time) time.Time { return t.Truncate(time.Hour).Add(time.Hour) }

// dispatch finds who answers, after what GitHub checks of every request. The second result says whether the primary limit counts it.
func (c *call) dispatch() (answer, bool) {
	g := c.g
	if c.r.Header.Get("User-Agent") == "" {
		return answer{status: http.StatusForbidden, raw: []byte("Request forbidden by administrative rules."), kind: "text/html"}, false
	}
	if v := c.r.Header.Get("X-Github-Api-Version"); v != "" && v != "2022-11-28" && v != "2026-03-10" {
		return c.problem(http.StatusBadRequest, fmt.Sprintf("%q is not a valid API version", v)), false
	}
	if c.r.Header.Get("Authorization") != "" && c.token == nil {
		return c.problem(http.StatusUnauthorized, "Bad credentials"), false
	}
	limited := c.root == g.Cloud.API // an Enterprise Server has no limits unless somebody sets them
	if c.path == "/rate_limit" {
		return c.rateLimit(limited), false
	}
	if limited && g.remaining <= 0 {
		return c.problem(http.StatusForbidden, "API rate limit exceeded for installation ID 1."), true
	}
	if limited {
		g.remaining--
	}
	a, found := c.byID()
	if found {
		return a, limited
	}
	if !c.find() {
		return c.problem(http.StatusNotFound, "Not Found"), limited
	}
	if a, ok := c.admit(); !ok {
		return a, limited
	}
	return c.route.answer(c), limited
}

// problem is an answer in the form of GitHub's errors.
func (c *call) problem(status int, message string) answer {
	return answer{status: status, body: object{
		"message": message, "documentation_url": c.documentation(), "status": strconv.Itoa(status),
	}}
}

// invalid is an answer to what is well-formed and makes no sense: each error is a string or an object, by GitHub's habit of the place.
func (c *call) invalid(message string, errors ...any) answer {
	a := c.problem(http.StatusUnprocessableEntity, message)
	if len(errors) > 0 {
		a.body.(object)["errors"] = errors
	}
	return a
}

func (c *call) documentation() string {
	if c.route == nil {
		return "https://docs.github.com/rest"
	}
	return "https://docs.github.com/rest/" + c.route.docs
}

// decode reads the body of a request, which is one JSON value.
func (c *call) decode(into any) (answer, bool) {
	d := json.NewDecoder(bytes.NewReader(c.body))
	if err := d.Decode(into); err != nil {
		return c.problem(http.StatusBadRequest, "Problems parsing JSON"), false
	}
	if _, err := d.Token(); err != io.EOF {
		return c.problem(http.StatusBadRequest, "Problems parsing JSON"), false
	}
	return answer{}, true
}

// object is a JSON object.
type object = map[string]any

func (g *GitHub) id() int64 {
	g.lastID++
	return g.lastID
}

func (c *call) rateLimit(limited bool) answer {
	if !limited {
		return c.problem(http.StatusNotFound, "Rate limiting is not enabled.")
	}
	limit := object{
		"limit": primaryLimit, "used": primaryLimit - max(c.g.remaining, 0), "remaining": max(c.g.remaining, 0),
		"reset": resetOf(c.time).Unix(),
	}
	search := object{"limit": 30, "used": 0, "remaining": 30, "reset": resetOf(c.time).Unix()}
	return ok(object{"rate": limit, "resources": object{"core": limit, "search": search, "graphql": limit}})
}

// Remaining sets how many requests are left until the primary limit.
func (g *GitHub) Remaining(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remaining = n
}
