package feeds

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// A client fetches over HTTPS, with one more attempt if the first one fails in passing.
type client struct {
	http      http.Client
	userAgent string
	pause     func(context.Context, time.Duration) error
	now       time.Time
}

const (
	maxRedirects = 5
	firstPause   = time.Second      // before the second attempt, if the server names no time
	longestPause = 30 * time.Second // however long the server asks for
)

func newClient(o Options) *client {
	c := &client{userAgent: o.UserAgent, pause: o.Pause, now: o.Now}
	if c.userAgent == "" {
		c.userAgent = "headgate"
	}
	if c.pause == nil {
		c.pause = pause
	}
	if o.Client != nil {
		c.http = *o.Client
	} else {
		transport := http.DefaultTransport.(*http.Transport).Clone()
		transport.ResponseHeaderTimeout = 30 * time.Second
		c.http.Transport = transport
	}
	c.http.CheckRedirect = checkRedirect
	return c
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// A refusal is a redirect that is not followed, however often it is tried.
type refusal struct{ error }

// checkRedirect lets a server send us on, but never off HTTPS, and tells the next one nothing of where we come from.
func checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return refusal{fmt.Errorf("more than %d redirects", maxRedirects)}
	}
	if err := allowed(next.URL); err != nil {
		return refusal{fmt.Errorf("redirected to %s: %w", display(next.URL.String()), err)}
	}
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return refusal{fmt.Errorf("redirected to %s: from https to plain %s", display(next.URL.String()), next.URL.Scheme)}
	}
	next.Header.Del("Referer")
	if next.URL.Host != via[0].URL.Host {
		next.Header.Del("Authorization") // the token is for whom it was sent to
	}
	return nil
}

// allowed is an error unless an address is HTTPS, or HTTP on the local machine.
func allowed(u *url.URL) error {
	host := u.Hostname()
	ip := net.ParseIP(host)
	switch {
	case host == "":
		return errors.New("not an address of a server")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback()):
		return nil
	}
	return errors.New("only https is fetched: what comes any other way can be altered by anyone in between")
}

// display is an address as it may be shown and stored: without user, password and query, which can hold a token.
func display(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// A passing error may be gone on the next attempt.
type passing struct {
	error
	after time.Duration // how long the server asks to wait; 0 if it does not say
}

func (p passing) Unwrap() error { return p.error }

// A request is what is asked of a server.
type request struct {
	address string
	token   string // empty: none
	known   validators
}

// validators name a version of a file in the words of the server that has it (RFC 9110, section 8.8).
type validators struct{ etag, modified string }

// errNotModified is a server's word that it has no other version than the one that is known.
var errNotModified = errors.New("not modified")

// errNoAnswer is that a server could not be reached, or said nothing.
var errNoAnswer = errors.New("no answer")

// An answer is a file as a server sends it.
type answer struct {
	body io.Reader
	validators
}

// get hands the answer to use. It is called once more if the first attempt failed for a reason that may pass; use must then start
// over. It is errNotModified if the server has no other version than the known one.
func (c *client) get(ctx context.Context, r request, f feed, use func(answer) error) error {
	u, err := url.Parse(r.address)
	if err != nil {
		return errors.New("not an address")
	}
	if err := allowed(u); err != nil {
		return err
	}
	err = c.attempt(ctx, u, r, f, use)
	var p passing
	if !errors.As(err, &p) || ctx.Err() != nil {
		return err
	}
	wait := firstPause
	if p.after > 0 {
		wait = min(p.after, longestPause)
	}
	if err := c.pause(ctx, wait); err != nil {
		return err
	}
	return c.attempt(ctx, u, r, f, use)
}

func (c *client) attempt(ctx context.Context, u *url.URL, r request, f feed, use func(answer) error) error {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return errors.New("not an address")
	}
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept-Encoding", "identity") // so that the bytes that are bounded and digested are the ones that are sent
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	if r.known.etag != "" {
		req.Header.Set("If-None-Match", r.known.etag)
	} else if r.known.modified != "" {
		req.Header.Set("If-Modified-Since", r.known.modified)
	}
	res, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // without the address, which may hold a token
		}
		if errors.As(err, new(refusal)) {
			return fmt.Errorf("%s: %w", f.kind.Title(), err)
		}
		return passing{error: fmt.Errorf("%s: %w: %w", f.kind.Title(), errNoAnswer, err)}
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotModified && r.known != (validators{}) {
		return errNotModified
	}
	if res.StatusCode != http.StatusOK {
		err := fmt.Errorf("%s: the server answers %d %s", f.kind.Title(), res.StatusCode, http.StatusText(res.StatusCode))
		if res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests {
			return passing{err, c.retryAfter(res.Header.Get("Retry-After"))}
		}
		return err
	}
	body := &body{r: res.Body, left: f.limit}
	err = use(answer{body, validatorsOf(res.Header)})
	if body.broken != nil { // whatever came of it, the reason is the connection
		return passing{error: fmt.Errorf("%s: the connection broke off: %w", f.kind.Title(), body.broken)}
	}
	return err
}

// validatorsOf are what an answer says of its version. They are sent back as they are, so only such are kept as are of the form that
// they should have.
func validatorsOf(h http.Header) validators {
	var v validators
	if tag := h.Get("ETag"); len(tag) <= 200 && strings.HasSuffix(tag, `"`) && (strings.HasPrefix(tag, `"`) || strings.HasPrefix(tag, `W/"`)) &&
		!strings.ContainsFunc(tag, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		v.etag = tag
	}
	if at, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		v.modified = at.UTC().Format(http.TimeFormat)
	}
	return v
}

// retryAfter reads the header of that name: seconds or a date. 0 means that it says nothing.
func (c *client) retryAfter(value string) time.Duration {
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(longestPause/time.Second))) * time.Second
	}
	if date, err := http.ParseTime(value); err == nil && date.After(c.now) {
		return date.Sub(c.now)
	}
	return 0
}

// A body bounds what is taken from a server and remembers whether the connection failed.
type body struct {
	r      io.Reader
	left   int64
	broken error
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errors.New("the server sends more than any feed of this kind should have")
	}
	if err != nil && err != io.EOF {
		b.broken = err
	}
	return n, err
}
