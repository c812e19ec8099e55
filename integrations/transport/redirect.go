package transport

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
)

const maxRedirects = 5

func isRedirect(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return res.Header.Get("Location") != ""
	}
	return false
}

// redirected is the request that a redirect asks for. A read may go to any server, over HTTPS, and takes nothing along; a write stays
// with its service and stays the same write: made a GET, as browsers do, it would look as if it had worked.
func redirected(req *http.Request, res *http.Response, hops int) (*http.Request, error) {
	to, err := req.URL.Parse(res.Header.Get("Location"))
	switch {
	case err != nil || to.Hostname() == "":
		return nil, fmt.Errorf("%s: redirected to what is no address", req.URL.Host)
	case hops >= maxRedirects:
		return nil, fmt.Errorf("%s: more than %d redirects", req.URL.Host, maxRedirects)
	case to.Scheme != "https" && (to.Scheme != "http" || req.URL.Scheme == "https" || !private(to)):
		return nil, fmt.Errorf("%s: redirected off https, to %q at %s", req.URL.Host, to.Scheme, oneLine(to.Host))
	}
	keeps := res.StatusCode == http.StatusTemporaryRedirect || res.StatusCode == http.StatusPermanentRedirect
	if isWrite(req.Method) && (!keeps || origin(to) != origin(req.URL)) {
		return nil, fmt.Errorf("%s: a write is redirected to %s%s, where it is not sent", req.URL.Host, oneLine(to.Host), oneLine(to.EscapedPath()))
	}
	next := req.Clone(req.Context())
	to.User = nil
	next.URL, next.Host = to, ""
	next.Header.Del("Referer")
	if origin(to) != origin(req.URL) {
		next.Body, next.GetBody, next.ContentLength = nil, nil, 0
		next.Header = http.Header{}
		for _, name := range []string{"Accept", "User-Agent"} { // nothing else is for other ears
			if v := req.Header.Values(name); len(v) > 0 {
				next.Header[name] = v
			}
		}
	}
	return next, nil
}

var defaultPorts = map[string]string{"https": "443", "http": "80"}

// origin is what a token belongs to: scheme, host and port.
func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if port == "" {
		port = defaultPorts[scheme]
	}
	return scheme + "://" + net.JoinHostPort(strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")), port)
}

// private says whether nobody in between can read what is sent: HTTPS, or HTTP on this machine.
func private(u *url.URL) bool {
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
