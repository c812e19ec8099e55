package scope

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/glob"
)

// An endpoint is where something answers: what a dynamic scanner attacked.
type endpoint struct {
	scheme string // empty: not known
	host   string // in lower case; of an IPv6 address without brackets
	port   string // that of the scheme if none is stated; empty: not known
	path   string // cleaned, beginning with "/"; empty: not known
}

var usualPorts = map[string]string{"http": "80", "https": "443"}

// parseEndpoint reads a URL, "host:port" or a host, as reports name them.
func parseEndpoint(raw string) (e endpoint, ok bool) {
	raw = strings.TrimSpace(raw)
	scheme, rest, found := strings.Cut(raw, "://")
	if !found {
		scheme, rest = "", raw
	}
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	authority, at, slash := strings.Cut(rest, "/")
	if slash {
		e.path = cleanPath("/" + at)
	}
	authority = authority[strings.LastIndexByte(authority, '@')+1:]
	e.scheme, e.host = strings.ToLower(scheme), authority
	switch i := strings.LastIndexByte(authority, ':'); {
	case strings.HasPrefix(authority, "["):
		host, port, ok := strings.Cut(authority[1:], "]")
		if !ok || port != "" && port[0] != ':' {
			return e, false
		}
		e.host, e.port = host, strings.TrimPrefix(port, ":")
	case i >= 0 && strings.Count(authority, ":") == 1:
		e.host, e.port = authority[:i], authority[i+1:]
	}
	e.host = strings.ToLower(strings.TrimSuffix(e.host, "."))
	if e.port == "" {
		e.port = usualPorts[e.scheme]
	}
	return e, e.host != "" && !strings.ContainsAny(e.host, " \t\\\"'<>") && strings.Trim(e.port, "0123456789*") == ""
}

// cleanPath is a path in one form: unescaped, without "." and "..", so that no way of writing it leads out of a prefix.
func cleanPath(p string) string {
	if text, err := url.PathUnescape(p); err == nil {
		p = text
	}
	return path.Clean(p)
}

// A hostPattern says at which endpoints an asset answers. Whatever it does not state is not asked for: "shop.example.com" is the host on
// every port, with every path. Scheme, port and path narrow it: a path means itself and all below it. In the host "*" stands for any
// characters, dots too, and {a,b} for either; in the path * and ** as in paths of files.
type hostPattern endpoint

// parseHostPattern reads a pattern; false if it is none.
func parseHostPattern(raw string) (hostPattern, bool) {
	e, ok := parseEndpoint(raw)
	if e.path == "/" {
		e.path = ""
	}
	return hostPattern(e), ok && glob.Valid(e.host) && glob.Valid(e.path)
}

// takes says whether an endpoint is one of those. What the endpoint does not tell, as the port where a report names a host only, is taken
// for the usual; a path that it does not tell is not one that is asked for.
func (p hostPattern) takes(e endpoint) bool {
	if !doublestar.MatchUnvalidated(p.host, e.host) {
		return false
	}
	if p.scheme != "" && e.scheme != "" && p.scheme != e.scheme {
		return false
	}
	if p.port != "" && p.port != "*" && p.port != e.port && (e.port != "" || p.port != "80" && p.port != "443") {
		return false
	}
	return p.path == "" || e.path != "" && (doublestar.MatchUnvalidated(p.path, e.path) || doublestar.MatchUnvalidated(p.path+"/**", e.path))
}

// below says whether an endpoint is another, or is below its path. Nothing in it is a pattern.
func (e endpoint) below(top endpoint) bool {
	if e.host != top.host || top.scheme != "" && e.scheme != "" && top.scheme != e.scheme || top.port != "" && e.port != "" && top.port != e.port {
		return false
	}
	return top.path == "" || top.path == "/" || e.path == top.path || strings.HasPrefix(e.path, top.path+"/")
}

// answers says whether one of the endpoints is the asset's.
func (m *match) answers(all []endpoint) bool {
	return slices.ContainsFunc(m.hosts, func(p hostPattern) bool { return slices.ContainsFunc(all, p.takes) })
}

// endpointsOf are the endpoints of a finding on a host: its URLs, or, where it has none, the host itself.
func endpointsOf(host string, f *engine.Finding) (all []endpoint) {
	for _, l := range f.Locations {
		if e, ok := parseEndpoint(l.URL); ok && l.URL != "" {
			all = append(all, e)
		}
	}
	if e, ok := parseEndpoint(host); ok && len(all) == 0 {
		all = append(all, e)
	}
	return all
}
