package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/transport"
)

// Options say which repository, on which server, and as whom.
type Options struct {
	API        string // URL of the REST API
	GraphQL    string // URL
	Server     string // URL of the pages
	Repository string // owner/name
	Token      string // goes to the host of API and GraphQL, nowhere else; empty: nothing is sent
	Login      string // who the token belongs to, where GitHub does not say; empty: github-actions[bot], who a workflow's token is
	UserAgent  string
	Base       http.RoundTripper // what sends one request; nil: HTTP
	Clock      transport.Clock   // nil: the real one
}

// A Client speaks of one repository. It may be used by several goroutines.
type Client struct {
	rest        *github.Client
	transport   *transport.Transport
	graphql     string
	owner, name string
	place       string
	configured  string
	clock       transport.Clock

	mu sync.Mutex
	me *identity // nil: not asked yet
}

// New fails if an address is none.
func New(o Options) (*Client, error) {
	if !repositoryName.MatchString(o.Repository) {
		return nil, fmt.Errorf("%q is no owner/name of a repository", o.Repository)
	}
	owner, name, _ := strings.Cut(o.Repository, "/")
	authorization := map[string]string{}
	for _, address := range []string{o.API, o.GraphQL} {
		if o.Token != "" {
			authorization[address] = "Bearer " + o.Token
		}
	}
	if o.Clock == nil {
		o.Clock = transport.WallClock()
	}
	t, err := transport.New(transport.Options{Base: o.Base, Authorization: authorization, Clock: o.Clock})
	if err != nil {
		return nil, err
	}
	client := t.Client()
	client.Transport = accepting{client.Transport}
	c := &Client{rest: github.NewClient(client), transport: t, graphql: o.GraphQL, owner: owner, name: name, configured: o.Login,
		clock: o.Clock, place: strings.TrimRight(o.Server, "/") + "/" + o.Repository}
	// Set by hand, since the library's own way appends /api/v3/ to whatever looks unlike github.com. The slash at the end is needed.
	if c.rest.BaseURL, err = url.Parse(strings.TrimRight(o.API, "/") + "/"); err != nil {
		return nil, errors.New("the address of the API is none")
	}
	c.rest.UserAgent = o.UserAgent
	return c, nil
}

// accepting asks for the API's own media type: the library asks for that of an older version, and adds previews that are none any more.
type accepting struct{ http.RoundTripper }

func (a accepting) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.Header.Set("Accept", "application/vnd.github+json")
	return a.RoundTripper.RoundTrip(req)
}

// Counts says how many requests were sent so far.
func (c *Client) Counts() transport.Counts { return c.transport.Counts() }

// An identity is who writes with the token.
type identity struct {
	login string // without what the API appends to the login of an app
	app   bool
}

const appSuffix = "[bot]"

func identityOf(login string) identity {
	plain, app := strings.CutSuffix(login, appSuffix)
	return identity{plain, app}
}

func authorOf(u *github.User) identity {
	return identity{strings.TrimSuffix(u.GetLogin(), appSuffix), u.GetType() == "Bot"}
}

// is says whether a login of the API is this one. In REST the login of an app ends in [bot]; in GraphQL it does not, and its type says so.
// A person cannot take the name of an app, but one without the suffix can look like it: the type decides.
func (i identity) is(login, kind string) bool {
	return strings.EqualFold(strings.TrimSuffix(login, appSuffix), i.login) && (kind == "Bot") == i.app
}

// identity asks once who the token is: what carries our mark and was written by somebody else is not ours. The REST API does not tell a
// workflow's token.
func (c *Client) identity(ctx context.Context) identity {
	c.mu.Lock()
	me := c.me
	c.mu.Unlock()
	if me != nil {
		return *me
	}
	var answer struct {
		Viewer struct{ Login string }
	}
	err := c.query(ctx, `query { viewer { login } }`, nil, &answer)
	login := answer.Viewer.Login
	if err != nil || login == "" {
		login = cmp.Or(c.configured, "github-actions"+appSuffix)
	}
	return c.learn(identityOf(login))
}

// learn notes who the token is. What GitHub says last is right: the first may have been a guess.
func (c *Client) learn(me identity) identity {
	c.mu.Lock()
	defer c.mu.Unlock()
	if me.login != "" {
		c.me = &me
	}
	return me
}

// query asks GraphQL. What it sends must be safe to send twice. GraphQL answers 200 also when it fails.
func (c *Client) query(ctx context.Context, document string, variables map[string]any, into any) error {
	body := map[string]any{"query": document}
	if variables != nil {
		body["variables"] = variables
	}
	req, err := c.rest.NewRequest(http.MethodPost, c.graphql, body)
	if err != nil {
		return errors.New("the address of GraphQL is none")
	}
	answer := struct {
		Data   any `json:"data"`
		Errors []struct {
			Type    string `json:"type"`
			Message string `json:"message"`
		} `json:"errors"`
	}{Data: into}
	if _, err := c.rest.Do(transport.Repeatable(ctx), req, &answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return &graphQLError{answer.Errors[0].Type, answer.Errors[0].Message}
	}
	return nil
}

// A graphQLError is the first of an answer's errors.
type graphQLError struct{ kind, message string }

func (e *graphQLError) Error() string { return "GraphQL: " + oneLine(e.message) }

// State is what a pull request is at the moment.
type State struct {
	Head string // commit
	Open bool
}

// State asks for the pull request as it is now: since the run began its author may have pushed.
func (c *Client) State(ctx context.Context, number int) (State, error) {
	p, _, err := c.rest.PullRequests.Get(ctx, c.owner, c.name, number)
	if err != nil {
		return State{}, err
	}
	if !commitID.MatchString(p.GetHead().GetSHA()) {
		return State{}, fmt.Errorf("pull request %d: %w", number, errNoAnswer)
	}
	return State{Head: p.GetHead().GetSHA(), Open: p.GetState() == "open"}, nil
}

// errNoAnswer is an answer of status 200 that says nothing: the library takes an empty body for a value without anything in it, and a list
// that could not be had must not look like an empty one.
var errNoAnswer = errors.New("the answer is empty")

// wrote says whether somebody is who the token is.
func (c *Client) wrote(ctx context.Context, u *github.User) bool {
	return c.identity(ctx).is(u.GetLogin(), u.GetType())
}

// effect begins the account of one effect.
func (c *Client) effect(kind, key string) engine.Effect {
	return engine.Effect{Kind: kind, Key: key, Place: c.place, State: map[string]string{}}
}
