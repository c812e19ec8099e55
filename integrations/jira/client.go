// Package jira makes tickets true in Jira, Cloud and Data Center: it reads what there is of a scope, lets engine/ticket decide, and does
// what was decided, so that there is at most one ticket for a key, whatever is retried, killed or run side by side.
//
// The library is what addresses, sends and decodes requests. Its typed helpers are not used where they send what Jira's own OpenAPI
// document forbids, or cannot decode what Data Center answers: see facts in the comments. Its ways to authenticate are not used either,
// since they put the token on each hop of a redirect; integrations/transport keeps it with the one site.
package jira

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andygrunwald/go-jira"

	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/transport"
)

// The deployments of Jira.
const (
	Auto       = "auto" // asked from the site
	Cloud      = "cloud"
	DataCenter = "datacenter"
)

// gateway is where sites of the Cloud are reached by service accounts, by cloud id.
const gateway = "https://api.atlassian.com"

// Options say which project, where, and as whom.
type Options struct {
	Site       string // address where people see it: https://example.atlassian.net
	CloudID    string // not empty: requests go through the gateway, as service accounts of the Cloud need it
	Gateway    string // address of the gateway; empty: that of Atlassian
	Deployment string // Auto, Cloud or DataCenter; empty: Auto
	Email      string // not empty: who the token belongs to, in the Cloud; empty: the token is sent as a bearer's
	Token      string // API token in the Cloud, personal access token in Data Center
	Project    string // key

	Transitions map[string]Transition // by what they do: Close, Reopen, or the value of ticket.Change.MoveAs
	LinkHosts   []string              // that links in texts may lead to, besides the site itself

	UserAgent string
	Base      http.RoundTripper // what sends one request; nil: HTTP
	Clock     transport.Clock   // nil: the real one
}

// A Transition is a way that a setting names.
type Transition struct {
	Name   string         // in the workflow; empty: any into the right category
	Fields map[string]any // to be sent with it, by id: those that are on its screen
}

// Names of transitions in Options.
const (
	Close     = "close"
	Reopen    = "reopen"
	Duplicate = "duplicate" // of a ticket that turned out to be a double
)

// A Client speaks with one project of one site. It may be used by several goroutines.
type Client struct {
	options   Options
	transport *transport.Transport
	library   *jira.Client
	hosts     []string

	mu    sync.Mutex
	cloud *bool // nil: not asked yet
	me    *user // likewise
	texts map[string]map[string]bool
}

// writesPerMinute keeps a large backlog from running into the limits that Jira has for everyone of a site.
const writesPerMinute = 300

// New fails if an address is none.
func New(o Options) (*Client, error) {
	site, err := url.Parse(o.Site)
	if err != nil || site.Hostname() == "" || site.User != nil || site.RawQuery != "" || site.Fragment != "" {
		return nil, fmt.Errorf("%q is no address of a Jira site", shown(o.Site))
	}
	if !isProject(o.Project) {
		return nil, fmt.Errorf("%q is no key of a project", o.Project)
	}
	if o.Clock == nil {
		o.Clock = transport.WallClock()
	}
	o.Site = strings.TrimRight(o.Site, "/")
	root := o.Site
	if o.CloudID != "" {
		if strings.Trim(o.CloudID, "0123456789abcdefABCDEF-") != "" {
			return nil, fmt.Errorf("%q is no cloud id", o.CloudID)
		}
		if o.Gateway == "" {
			o.Gateway = gateway
		}
		root = strings.TrimRight(o.Gateway, "/") + "/ex/jira/" + o.CloudID
	}
	authorization := map[string]string{}
	switch {
	case o.Token == "":
	case o.Email != "":
		authorization[root] = "Basic " + base64.StdEncoding.EncodeToString([]byte(o.Email+":"+o.Token))
	default:
		authorization[root] = "Bearer " + o.Token
	}
	t, err := transport.New(transport.Options{Base: o.Base, Authorization: authorization, Clock: o.Clock, WritesPerMinute: writesPerMinute})
	if err != nil {
		return nil, err
	}
	library, err := jira.NewClient(t.Client(), root)
	if err != nil {
		return nil, errors.New("the address of the site is none")
	}
	c := &Client{options: o, transport: t, library: library, hosts: append([]string{site.Hostname()}, o.LinkHosts...), texts: map[string]map[string]bool{}}
	switch o.Deployment {
	case "", Auto:
	case Cloud, DataCenter:
		c.setCloud(o.Deployment == Cloud)
	default:
		return nil, fmt.Errorf("deployment %q is none of %s, %s, %s", o.Deployment, Auto, Cloud, DataCenter)
	}
	return c, nil
}

// isProject says whether a text can be the key of a project, so that it can stand in a query.
func isProject(s string) bool {
	return s != "" && len(s) <= 255 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && s[0] >= 'A'
}

// shown is an address without what it may hold besides.
func shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Place names the project among all others, for effects.
func (c *Client) Place() string { return c.options.Site + "/projects/" + c.options.Project }

// Counts says how many requests were sent so far.
func (c *Client) Counts() transport.Counts { return c.transport.Counts() }

// browse is where people see an issue.
func (c *Client) browse(key string) string { return c.options.Site + "/browse/" + url.PathEscape(key) }

func (c *Client) setCloud(is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cloud = &is
}

// isCloud says which of the two deployments the site is. It asks once.
func (c *Client) isCloud(ctx context.Context) (bool, error) {
	c.mu.Lock()
	known := c.cloud
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	var info struct {
		DeploymentType string `json:"deploymentType"`
	}
	if err := c.send(ctx, http.MethodGet, "rest/api/2/serverInfo", nil, &info); err != nil {
		return false, fmt.Errorf("what kind of Jira it is: %w", err)
	}
	if info.DeploymentType == "" {
		return false, fmt.Errorf("%s does not answer as Jira does", shown(c.options.Site))
	}
	is := info.DeploymentType == "Cloud"
	c.setCloud(is)
	return is, nil
}

// do sends a request to a resource of the newest version that the deployment has, and decodes the answer unless into is nil.
func (c *Client) do(ctx context.Context, method, resource string, body, into any) error {
	cloud, err := c.isCloud(ctx)
	if err != nil {
		return err
	}
	version := "2"
	if cloud {
		version = "3"
	}
	return c.send(ctx, method, "rest/api/"+version+"/"+resource, body, into)
}

func (c *Client) send(ctx context.Context, method, path string, body, into any) error {
	req, err := c.library.NewRequestWithContext(ctx, method, path, body)
	if err != nil {
		return fmt.Errorf("a request to Jira: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	if c.options.UserAgent != "" {
		req.Header.Set("User-Agent", c.options.UserAgent)
	}
	res, err := c.library.Do(req, into)
	if res == nil && err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the address, which says nothing to people
		}
		return err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode > 299 || res.StatusCode < 200:
		return refusal(res, err)
	case strings.HasPrefix(res.Header.Get("Content-Type"), "text/html"):
		return &garbled{errors.New("it is a web page, as of somebody in between who asks to log in")}
	case err != nil:
		return &garbled{err}
	}
	return nil
}

// A garbled answer says that all is well and is none of Jira's: what was asked for may have been done, or may never have come to Jira.
type garbled struct{ error }

func (g *garbled) Error() string {
	return "the answer of Jira is not as it should be: " + g.error.Error()
}
func (g *garbled) Unwrap() error { return g.error }

// isUnsure says whether a request that failed may have been carried out: then it is to be looked up.
func isUnsure(err error) bool {
	return errors.As(err, new(*transport.Lost)) || errors.As(err, new(*garbled))
}

// An Error is a refusal: what Jira says, and of which fields.
type Error struct {
	Status   int
	Messages []string
	Fields   map[string]string // by id
}

func (e *Error) Error() string {
	parts := slices.Clone(e.Messages)
	for _, id := range slices.Sorted(maps.Keys(e.Fields)) {
		parts = append(parts, id+": "+e.Fields[id])
	}
	if len(parts) == 0 {
		parts = []string{strings.ToLower(http.StatusText(e.Status))}
	}
	return report.Line(fmt.Sprintf("Jira answers %d: %s", e.Status, strings.Join(parts, "; ")))
}

// Bounds of what is taken from a refusal.
const (
	mostMessages = 5
	longestSaid  = 300 // characters
)

// refusal reads what Jira says. The library's own error names one of several fields at random.
func refusal(res *jira.Response, cause error) error {
	e := &Error{Status: res.StatusCode, Fields: map[string]string{}}
	var said *jira.Error
	if errors.As(jira.NewJiraError(res, cause), &said) {
		for _, m := range said.ErrorMessages[:min(len(said.ErrorMessages), mostMessages)] {
			e.Messages = append(e.Messages, cut(report.Line(m), longestSaid))
		}
		for _, id := range slices.Sorted(maps.Keys(said.Errors))[:min(len(said.Errors), mostMessages)] {
			e.Fields[cut(report.Line(id), longestSaid)] = cut(report.Line(said.Errors[id]), longestSaid)
		}
	}
	return e
}

// cut is text of at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// status is that of a refusal; 0: it is none.
func status(err error) int {
	var e *Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// A user is an account, as far as it tells who did something.
type user struct {
	AccountID string `json:"accountId"` // in the Cloud
	Name      string `json:"name"`      // in Data Center
	Key       string `json:"key"`       // in Data Center: it stays when the name changes
}

func (u *user) is(other *user) bool {
	switch {
	case u.AccountID != "":
		return u.AccountID == other.AccountID
	case u.Key != "" && other.Key != "":
		return u.Key == other.Key
	}
	return u.Name != "" && u.Name == other.Name
}

// myself is who the token belongs to.
func (c *Client) myself(ctx context.Context) (*user, error) {
	c.mu.Lock()
	me := c.me
	c.mu.Unlock()
	if me != nil {
		return me, nil
	}
	me = &user{}
	if err := c.do(ctx, http.MethodGet, "myself", nil, me); err != nil {
		return nil, fmt.Errorf("who the token belongs to: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.me = me
	return me, nil
}

// sleep waits, by the clock that is given.
func (c *Client) sleep(ctx context.Context, d time.Duration) error {
	return c.options.Clock.Sleep(ctx, d)
}

// strict is JSON as it is sent: the same bytes for the same value.
func strict(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}
