// Package transport carries requests to web services such as GitHub and Jira: it waits where a service asks for it, repeats what is
// safe to repeat, keeps a token with the one service that it is for, and takes no answer that is too large or cut short.
//
// It is a leaf that knows neither service. There are libraries for a part of it, and each lacks what matters most here. go-retryablehttp
// decides on a repetition without the request, so that it creates a thing twice when the first answer was lost; go-github-ratelimit
// knows only limits, and of those waits only for the secondary ones. Both read the real clock, and neither paces writes, bounds
// answers or cares for tokens.
package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Transport goes by. Zero values stand for the defaults that are named.
type Options struct {
	Base http.RoundTripper // what sends one request; nil: HTTP with the proxy settings of the environment

	// Authorization has the header of that name for each service, by any address of its: scheme, host and port count. No other place
	// gets one, and a header of that name in a request is taken out, so that nothing follows a redirect.
	Authorization map[string]string

	MaxBody         int64         // the most bytes of an answer, after decompression: more is an error. 32 MiB
	Attempts        int           // how often a request is sent at most. 4
	MaxWait         time.Duration // how long one request waits at most, all attempts together, pacing not counted. 90 seconds
	Timeout         time.Duration // for one attempt, until the answer is there whole. 30 seconds
	WritesPerMinute int           // to one service, in any minute. 60
	Clock           Clock         // nil: the real one
}

// A Transport is an http.RoundTripper that may be used by several goroutines. It follows redirects itself: whoever uses it through an
// http.Client sees the last answer as that of its own request, and so no error names an address that a service made up and signed.
type Transport struct {
	base          http.RoundTripper
	authorization map[string]string // origin → header
	options       Options

	mu       sync.Mutex
	services map[string]*service // by origin

	requests, writes, waited atomic.Int64
}

// New fails if an address in Authorization is none, or if a token could not be sent or would be read by others on its way.
func New(o Options) (*Transport, error) {
	t := &Transport{base: o.Base, options: o, authorization: map[string]string{}, services: map[string]*service{}}
	if t.base == nil {
		base := http.DefaultTransport.(*http.Transport).Clone()
		base.MaxResponseHeaderBytes = 1 << 20
		// Servers close idle connections after about a minute. A create that is sent just then is lost, so none is kept that long.
		base.IdleConnTimeout = 20 * time.Second
		t.base = base
	}
	for address, header := range o.Authorization {
		u, err := url.Parse(address)
		switch {
		case err != nil || u.Hostname() == "" || (u.Scheme != "https" && u.Scheme != "http"):
			return nil, errors.New("the address of a service is no address of a server")
		case !private(u):
			return nil, fmt.Errorf("%s: a token is not sent over plain http, where anyone in between can read it", u.Host)
		case strings.ContainsFunc(header, func(r rune) bool { return r < ' ' || r > '~' }):
			return nil, fmt.Errorf("%s: the token has a character that cannot be sent, perhaps the end of a line", u.Host)
		}
		t.authorization[origin(u)] = header
	}
	or(&t.options.MaxBody, 32<<20)
	or(&t.options.Attempts, 4)
	or(&t.options.MaxWait, 90*time.Second)
	or(&t.options.Timeout, 30*time.Second)
	or(&t.options.WritesPerMinute, 60)
	if t.options.Clock == nil {
		t.options.Clock = realClock{}
	}
	return t, nil
}

func or[N int | int64 | time.Duration](n *N, otherwise N) {
	if *n <= 0 {
		*n = otherwise
	}
}

// Client is an http.Client on this transport.
func (t *Transport) Client() *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Counts are what a transport did so far.
type Counts struct {
	Requests int           // sent, with repetitions and redirects
	Writes   int           // of those, other than GET and HEAD
	Waited   time.Duration // before repetitions, and for pacing
}

// Counts may be asked for at any time.
func (t *Transport) Counts() Counts {
	return Counts{int(t.requests.Load()), int(t.writes.Load()), time.Duration(t.waited.Load())}
}

// RoundTrip sends a request, again if need be. The answer's body is there whole. An error may be a *Lost or a *Limited.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	content, err := contentOf(req)
	if err != nil {
		return nil, fmt.Errorf("the request's body: %w", err)
	}
	service := t.service(req.URL)
	if isWrite(req.Method) {
		if err := service.enter(req.Context()); err != nil {
			return nil, err
		}
		defer service.leave()
	}
	sent := req
	for hops := 0; ; hops++ {
		res, err := t.send(sent, content)
		if err != nil {
			return nil, err
		}
		if !isRedirect(res) {
			res.Request = req // not the one that was sent, which has a token or a signed address
			return res, nil
		}
		from := origin(sent.URL)
		if sent, err = redirected(sent, res, hops); err != nil {
			return nil, err
		}
		if origin(sent.URL) != from {
			content = nil
		}
	}
}

// contentOf takes the body out of a request, so that it can be sent again.
func contentOf(req *http.Request) ([]byte, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return nil, nil
	}
	defer req.Body.Close()
	return io.ReadAll(req.Body)
}

// send sends a request to one address until there is an answer to go by.
func (t *Transport) send(req *http.Request, content []byte) (*http.Response, error) {
	ctx, service, left := req.Context(), t.service(req.URL), t.options.MaxWait
	safe := isSafe(req)
	for attempt := 1; ; attempt++ {
		if until, reason := service.closed(); !until.IsZero() {
			if wait := until.Sub(t.options.Clock.Now()); wait > left {
				return nil, &Limited{Host: req.URL.Host, Until: until, Reason: reason}
			} else if wait > 0 {
				left -= wait
				if err := t.sleep(ctx, req.URL.Host, wait); err != nil {
					return nil, err
				}
			}
		}
		if isWrite(req.Method) {
			if err := t.pace(ctx, req.URL.Host, service); err != nil {
				return nil, err
			}
		}
		res, err := t.once(req, content)
		v := judge(res, err, t.options.Clock.Now(), attempt)
		last := attempt == t.options.Attempts || v.wait > left || ctx.Err() != nil
		switch {
		case v.limit != nil:
			v.limit.Host = req.URL.Host
			if v.everyone {
				service.close(v.limit.Until, v.limit.Reason)
			}
			if last {
				return nil, v.limit
			}
		case v.unsure && !safe:
			return nil, lost(req, res, err)
		case !v.again || last:
			return res, err
		}
		if v.everyone {
			continue // it waits above, as all others do
		}
		left -= v.wait
		if err := t.sleep(ctx, req.URL.Host, v.wait); err != nil {
			return nil, err
		}
	}
}

func (t *Transport) sleep(ctx context.Context, host string, d time.Duration) error {
	if err := t.options.Clock.Sleep(ctx, d); err != nil {
		return fmt.Errorf("%s: while waiting for %v before the next request: %w", host, d.Round(time.Second), err)
	}
	t.waited.Add(int64(d))
	return nil
}

// once sends a request one time and reads the answer whole.
func (t *Transport) once(req *http.Request, content []byte) (*http.Response, error) {
	ctx, cancel := context.WithTimeoutCause(req.Context(), t.options.Timeout, fmt.Errorf("no whole answer within %v", t.options.Timeout))
	defer cancel()
	sent := req.Clone(ctx)
	if len(content) == 0 {
		sent.Body = http.NoBody // an empty one of another kind would be sent in chunks, of a length that is not known
	} else {
		sent.Body, sent.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
		sent.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	}
	sent.Header.Del("Authorization")
	if header, ok := t.authorization[origin(req.URL)]; ok {
		sent.Header.Set("Authorization", header)
	}
	t.requests.Add(1)
	if isWrite(req.Method) {
		t.writes.Add(1)
	}
	res, err := t.base.RoundTrip(sent)
	if err != nil {
		return nil, fmt.Errorf("%s: no answer: %w", req.URL.Host, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, t.options.MaxBody+1))
	switch {
	case err != nil:
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("%s: the answer broke off: %w", req.URL.Host, err)
	case int64(len(body)) > t.options.MaxBody:
		return nil, fmt.Errorf("%s: %w", req.URL.Host, tooLarge(t.options.MaxBody))
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

// A tooLarge is an answer of more than so many bytes.
type tooLarge int64

func (t tooLarge) Error() string { return fmt.Sprintf("the answer is larger than %d bytes", int64(t)) }
