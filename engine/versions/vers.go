package versions

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A Range is a set of versions of one ecosystem.
type Range struct {
	ecosystem string
	all       bool
	bounds    []bound // each version once, in order; empty without all: no version
}

// A bound is a version and how versions in the range compare with it: =, !=, <, <=, > or >=.
type bound struct{ comparator, version string }

// mostBounds bounds a range: real ones have one pair for each release branch.
const mostBounds = 200

// errNoRange means that a text is no range, or one whose meaning is not certain.
var errNoRange = errors.New("not a version range")

// schemes are the names of vers for the ecosystems of package URLs, where they differ.
var schemes = map[string]string{
	"alpine": "apk", "debian": "deb", "go": "golang", "gomod": "golang", "rubygems": "gem", "crates": "cargo", "crates.io": "cargo",
	"packagist": "composer", "rhel": "rpm",
}

// semverEcosystems are those whose versions are ordered as semver.org says, which vers calls "semver".
var semverEcosystems = []string{"npm", "cargo", "golang"}

// ParseRange reads a range of versions of an ecosystem in the form of the version range specifier ("vers:npm/>=1.2.0|<1.4.2",
// https://github.com/package-url/vers-spec), or its constraints alone, as CSAF has them ("<1.4.2", "vls:>=1|<2"). The range is of that
// ecosystem: one of another, one whose versions have no known order, or one that could mean several things, is an error.
func ParseRange(ecosystem, text string) (*Range, error) {
	ecosystem = strings.ToLower(ecosystem)
	constraints := strings.TrimSpace(text)
	constraints = strings.TrimPrefix(constraints, "vls:")
	if rest, ok := strings.CutPrefix(constraints, "vers:"); ok {
		scheme, after, ok := strings.Cut(rest, "/")
		scheme = strings.ToLower(scheme)
		if known := schemes[scheme]; known != "" {
			scheme = known
		}
		if !ok || scheme != ecosystem && (scheme != "semver" || !slices.Contains(semverEcosystems, ecosystem)) {
			return nil, fmt.Errorf("%w of %s", errNoRange, ecosystem)
		}
		constraints = after
	}
	if constraints == "*" {
		return &Range{ecosystem: ecosystem, all: true}, nil
	}
	r := &Range{ecosystem: ecosystem}
	parts := strings.Split(strings.Trim(constraints, "|"), "|")
	if len(parts) > mostBounds {
		return nil, fmt.Errorf("%w: more than %d constraints", errNoRange, mostBounds)
	}
	for _, part := range parts {
		b, err := boundOf(part)
		if err != nil {
			return nil, err
		}
		r.bounds = append(r.bounds, b)
	}
	return r, r.order()
}

// boundOf reads one constraint. Spaces between comparator and version say nothing, those inside a version would say something unknown.
func boundOf(text string) (bound, error) {
	text = strings.TrimSpace(text)
	b := bound{comparator: "="}
	for _, c := range []string{"!=", "<=", ">=", "<", ">", "="} {
		if rest, ok := strings.CutPrefix(text, c); ok {
			b.comparator, text = c, strings.TrimSpace(rest)
			break
		}
	}
	version, err := url.PathUnescape(text)
	if err != nil || version == "" || strings.ContainsAny(version, " \t\n,<>=!|*") {
		return b, fmt.Errorf("%w: the constraint %.80q", errNoRange, text)
	}
	for part := range strings.SplitSeq(version, ".") {
		if part == "x" || part == "X" {
			return b, fmt.Errorf("%w: a wildcard in %.80q", errNoRange, text)
		}
	}
	b.version = version
	return b, nil
}

// order sorts the bounds. Each version may stand once only, and of the bounds that are no single versions every lower one must be
// followed by an upper one and the reverse: all else is no range, or states something more than once in ways that may disagree.
func (r *Range) order() error {
	var failed error
	slices.SortStableFunc(r.bounds, func(a, b bound) int {
		order, err := Compare(r.ecosystem, a.version, b.version)
		if err != nil {
			failed = err
		}
		return order
	})
	if len(r.bounds) == 1 {
		_, failed = Compare(r.ecosystem, r.bounds[0].version, r.bounds[0].version)
	}
	if failed != nil {
		return failed
	}
	before := byte(0)
	for i, b := range r.bounds {
		if i > 0 {
			if order, _ := Compare(r.ecosystem, r.bounds[i-1].version, b.version); order == 0 {
				return fmt.Errorf("%w: it has %.80q twice", errNoRange, b.version)
			}
		}
		side := b.comparator[0]
		if side != '<' && side != '>' {
			continue
		}
		if side == before {
			return fmt.Errorf("%w: two bounds on one side", errNoRange)
		}
		before = side
	}
	return nil
}

// Contains says whether a version is in the range. An error means that it cannot be told.
func (r *Range) Contains(version string) (bool, error) {
	if _, err := Compare(r.ecosystem, version, version); err != nil {
		return false, err
	}
	if r.all {
		return true, nil
	}
	inside := r.startsInside()
	for _, b := range r.bounds {
		order, err := Compare(r.ecosystem, version, b.version)
		if err != nil {
			return false, err
		}
		if order == 0 {
			return b.comparator != "!=" && strings.HasSuffix(b.comparator, "="), nil
		}
		if order < 0 {
			break
		}
		if side := b.comparator[0]; side == '<' || side == '>' {
			inside = side == '>'
		}
	}
	return inside, nil
}

// startsInside says whether the versions below all bounds are in the range: if the first bound that is no single version is an upper one,
// or if there are only versions left out.
func (r *Range) startsInside() bool {
	single := false
	for _, b := range r.bounds {
		switch b.comparator[0] {
		case '<':
			return true
		case '>':
			return false
		case '=':
			single = true
		}
	}
	return !single
}
