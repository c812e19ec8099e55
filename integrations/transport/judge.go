package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Lost is a request that may or may not have been carried out, and that would do it twice if it were sent again: a create whose answer
// did not come. Whoever sent it has to look whether the thing is there.
type Lost struct {
	Method, Host, Path string
	Status             int // of the answer; 0 if there was none
	Err                error
}

func (l *Lost) Error() string {
	return fmt.Sprintf("%s %s%s may or may not have been carried out: %v", l.Method, l.Host, l.Path, l.Err)
}

func (l *Lost) Unwrap() error { return l.Err }

func lost(req *http.Request, res *http.Response, err error) *Lost {
	l := &Lost{Method: req.Method, Host: req.URL.Host, Path: req.URL.Path, Err: err}
	if res != nil {
		l.Status = res.StatusCode
		l.Err = fmt.Errorf("the server answers %d %s", res.StatusCode, http.StatusText(res.StatusCode))
		if reason := reasonOf(res); reason != "" {
			l.Err = fmt.Errorf("%w: %s", l.Err, reason)
		}
	}
	return l
}

// Limited is a service that asks to be left alone for longer than a request waits. The request was not carried out.
type Limited struct {
	Host   string
	Until  time.Time
	Reason string // in the words of the service, one line; "" if it gives none
}

func (l *Limited) Error() string {
	s := fmt.Sprintf("%s: too many requests; it takes the next ones from %s on", l.Host, l.Until.UTC().Format(time.RFC3339))
	if l.Reason != "" {
		s += ": " + l.Reason
	}
	return s
}

// Repeatable marks requests as safe to send again, whatever their method: a query that is sent by POST, a PATCH or a mutation that
// only sets what is to be. GET, HEAD, OPTIONS, PUT and DELETE are so anyway. A DELETE that is repeated may find nothing any more.
func Repeatable(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatable{}, true)
}

// Once marks requests as not safe to send again, though their method is: an edit by PUT that adds a comment as well. Where such a one may
// have been carried out, the answer is a *Lost.
func Once(ctx context.Context) context.Context {
	return context.WithValue(ctx, repeatable{}, false)
}

type repeatable struct{}

func isSafe(req *http.Request) bool {
	if said, ok := req.Context().Value(repeatable{}).(bool); ok {
		return said
	}
	switch req.Method {
	case http.MethodGet, "", http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

func isWrite(method string) bool {
	return method != http.MethodGet && method != "" && method != http.MethodHead && method != http.MethodOptions
}

// A verdict is what one answer means for the next attempt.
type verdict struct {
	again    bool          // the next attempt may go better
	unsure   bool          // the service may have carried it out, though it does not say so
	wait     time.Duration // before the next attempt
	limit    *Limited      // the service asks to wait, and did nothing
	everyone bool          // so for all requests to the service
}

const (
	firstPause     = time.Second    // where the service names no time; it doubles with each attempt
	secondaryPause = time.Minute    // likewise for GitHub's secondary limits, by its documentation
	longestPause   = 24 * time.Hour // the most that an answer is believed to ask for
)

func judge(res *http.Response, err error, now time.Time, attempt int) verdict {
	pause := firstPause << (attempt - 1)
	if err != nil {
		dial := (*net.OpError)(nil)
		unsent := errors.As(err, &dial) && dial.Op == "dial"
		untrusted := errors.As(err, new(*tls.CertificateVerificationError))
		return verdict{again: !untrusted && !errors.As(err, new(tooLarge)), unsure: !untrusted && !unsent, wait: pause}
	}
	asked, named := askedFor(res.Header, now)
	switch code := res.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusForbidden && isLimit(res):
		if !named && isSecondary(res) {
			asked = secondaryPause << (attempt - 1)
		} else if !named {
			asked = pause
		}
		reason := reasonOf(res)
		return verdict{
			again: true, wait: asked, limit: &Limited{Until: now.Add(asked), Reason: reason},
			everyone: !strings.Contains(reason, "per-issue"), // Jira also limits the writes to one issue
		}
	case code == http.StatusServiceUnavailable && named:
		return verdict{again: true, wait: asked}
	case code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		return verdict{again: true, unsure: true, wait: pause}
	case code >= 500:
		return verdict{unsure: true}
	}
	return verdict{}
}

// isLimit tells a limit from a lack of permission, which GitHub answers with the same status.
func isLimit(res *http.Response) bool {
	return res.Header.Get("Retry-After") != "" || res.Header.Get("X-Ratelimit-Remaining") == "0" || isSecondary(res)
}

// isSecondary finds the words of GitHub's secondary limits, which come without a header of their own.
func isSecondary(res *http.Response) bool {
	body := peek(res)
	return bytes.Contains(body, []byte("secondary rate limit")) || bytes.Contains(body, []byte("secondary-rate-limits")) ||
		bytes.Contains(body, []byte("abuse detection"))
}

// reasonOf is what a service says of a refusal: Jira of its limits in a header, GitHub in the body; "" if nothing.
func reasonOf(res *http.Response) string {
	reason := res.Header.Get("RateLimit-Reason")
	if reason == "" {
		var said struct{ Message string }
		if json.Unmarshal(peek(res), &said) == nil {
			reason = said.Message
		}
	}
	return oneLine(reason)
}

// oneLine is a text from outside for an error: short, and without what would move a terminal's cursor or start a line.
func oneLine(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)), " ")
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

// peek is the start of an answer's body, which stays to be read.
func peek(res *http.Response) []byte {
	body, _ := io.ReadAll(res.Body) // in memory already
	res.Body = io.NopCloser(bytes.NewReader(body))
	return body[:min(len(body), 64<<10)]
}

// askedFor is how long the service asks to wait, from Retry-After in seconds or as a date, or from when its limit starts anew: GitHub
// gives that in seconds since 1970, Jira as a date.
func askedFor(h http.Header, now time.Time) (wait time.Duration, named bool) {
	if after := strings.TrimSpace(h.Get("Retry-After")); after != "" {
		if wait, ok := seconds(after); ok {
			return wait, true
		}
		if date, err := http.ParseTime(after); err == nil {
			return bounded(date.Sub(now)), true
		}
	}
	if h.Get("X-Ratelimit-Remaining") != "0" {
		return 0, false
	}
	reset := h.Get("X-Ratelimit-Reset")
	if unix, err := strconv.ParseInt(reset, 10, 64); err == nil {
		return bounded(time.Unix(min(unix, now.Unix()+int64(longestPause/time.Second)), 0).Sub(now)), true
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if date, err := time.Parse(layout, reset); err == nil {
			return bounded(date.Sub(now)), true
		}
	}
	return 0, false
}

// seconds reads a number of them; one too large for any type is the longest pause.
func seconds(s string) (time.Duration, bool) {
	if strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n > int64(longestPause/time.Second) {
		return longestPause, true
	}
	return bounded(time.Duration(n) * time.Second), true
}

// bounded is a wait that is neither forever nor none at all: a service that says "at once" again and again is still left to breathe.
func bounded(d time.Duration) time.Duration {
	return min(max(d, firstPause), longestPause)
}
