package ingest

import (
	"html"
	"net/url"
	"regexp"
	"strings"

	"github.com/headgate/headgate/engine"
)

// address is a URL of a report as it may be shown: without a user's name and password, without a fragment, and of the query only the
// names, since values are what an attack or a session put there. What is no absolute URL is empty.
func address(raw string) string {
	u, err := url.Parse(plain(raw))
	if err != nil || u.Host == "" {
		return ""
	}
	u.Host, u.User, u.Fragment, u.RawFragment = strings.ToLower(u.Host), nil, "", ""
	var names []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if name, _, ok := strings.Cut(part, "="); ok { // without a "=" it is a value
			names = append(names, name)
		}
	}
	u.RawQuery, u.ForceQuery = strings.Join(names, "&"), false
	return u.String()
}

// hostTarget is the target for what a dynamic scanner reached: the host in lower case, with its port where that is not the usual one
// of the scheme. It takes URLs, "host:port" and "host".
func hostTarget(raw string) engine.Target {
	raw = plain(raw)
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		if u, err = url.Parse("//" + raw); err != nil {
			return engine.Target{Type: engine.TargetHost}
		}
	}
	name, port := strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), u.Port()
	if port != "" && port != map[string]string{"http": "80", "https": "443", "": "443"}[u.Scheme] {
		if strings.Contains(name, ":") {
			name = "[" + name + "]" // an IPv6 address
		}
		name += ":" + port
	}
	return engine.Target{Type: engine.TargetHost, Name: name}
}

var markup = regexp.MustCompile(`<[/!]?[a-zA-Z][^<>]*>`)

// textOf is the text of a piece of HTML. Markup that was escaped twice is taken out as well.
func textOf(fragment string) string {
	for range 2 {
		fragment = html.UnescapeString(markup.ReplaceAllString(fragment, " "))
	}
	return clip(markup.ReplaceAllString(fragment, " "))
}

// hidden is a text without the values of secrets that it may quote. A value shorter than four bytes is in any text by chance.
func hidden(text string, values ...string) string {
	for _, v := range values {
		for line := range strings.Lines(v) { // of a private key
			if line = strings.TrimSpace(line); len(line) >= 4 {
				text = strings.ReplaceAll(text, line, "…")
			}
		}
	}
	return text
}

// series reads objects that follow each other or are the elements of arrays, which may follow each other or lie in one another, as
// pages of an API do that were written into one file.
func (s *stream) series(f func() error) error {
	for {
		switch s.peek() {
		case 0:
			return nil // the end, or what is wrong there: reading to the end tells
		case 'n':
			if err := s.skip(); err != nil {
				return err
			}
		default:
			if err := s.elements(2, f); err != nil {
				return err
			}
		}
	}
}

func (s *stream) elements(depth int, f func() error) error {
	if s.peek() != '[' || depth == 0 {
		return f()
	}
	return s.array(func() error { return s.elements(depth-1, f) })
}

// inSeries tells for the marks of a format's objects whether the document has them alone, in a list, or in a list of lists.
func (s shape) inSeries(is func(has func(paths ...string) bool) bool) bool {
	for _, in := range []string{"", "[].", "[][]."} {
		has := func(paths ...string) bool {
			for _, p := range paths {
				if !s.has(in + p) {
					return false
				}
			}
			return true
		}
		if is(has) {
			return true
		}
	}
	return false
}
