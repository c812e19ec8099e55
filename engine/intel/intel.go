// Package intel reads threat data: which vulnerabilities are known to be exploited (CISA's KEV catalogue, and beside it those of ENISA
// and VulnCheck, each under its own name), how likely the others are to be (FIRST's EPSS), and the SSVC decision points that CISA
// publishes (Vulnrichment).
//
// A feed that cannot be trusted whole is refused whole: an error page, a file that was cut, a duplicate, a number out of range.
// What a refused feed would have said is then not known, which is never the same as no.
package intel

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// A Feed is one kind of threat data.
type Feed string

// The feeds.
const (
	FeedKEV  Feed = "kev"
	FeedEPSS Feed = "epss"
	FeedSSVC Feed = "ssvc"

	FeedEUVD      Feed = "euvd"
	FeedVulnCheck Feed = "vulncheck"
)

// Feeds are all feeds, in the order in which they are listed.
var Feeds = []Feed{FeedKEV, FeedEPSS, FeedSSVC, FeedEUVD, FeedVulnCheck}

// Further says that a feed is one that somebody has to ask for. Without it nothing is missing: it adds an opinion to what the others
// say.
func (f Feed) Further() bool { return f == FeedEUVD || f == FeedVulnCheck }

// Title is what a feed is called in messages.
func (f Feed) Title() string {
	switch f {
	case FeedKEV:
		return "KEV catalogue"
	case FeedEPSS:
		return "EPSS scores"
	case FeedSSVC:
		return "SSVC points"
	case FeedEUVD:
		return "EUVD list of exploited vulnerabilities"
	case FeedVulnCheck:
		return "VulnCheck KEV catalogue"
	}
	return string(f)
}

// ErrUnknown means that the content is none of the feeds.
var ErrUnknown = errors.New("neither a KEV catalogue of CISA, EUVD or VulnCheck, nor EPSS scores, nor CVE records with SSVC points")

// Read reads a feed of any kind, plain or gzip; which one it is, its content tells.
func Read(r io.Reader) (Feed, *Snapshot, error) {
	s, err := openSource(r)
	if err != nil {
		return "", nil, err
	}
	feed := detect(s.head())
	held := &Snapshot{}
	switch feed {
	case FeedKEV:
		held.KEV, err = readKEV(s)
	case FeedEPSS:
		held.EPSS, err = readEPSS(s)
	case FeedSSVC:
		held.SSVC, err = readVulnrichment(s)
	case FeedEUVD:
		held.EUVD, err = readEUVD(s)
	case FeedVulnCheck:
		held.VulnCheck, err = readVulnCheck(s)
	default:
		return "", nil, ErrUnknown
	}
	if err != nil {
		return feed, nil, fmt.Errorf("%s: %w", feed.Title(), err)
	}
	return feed, held, nil
}

// readAs reads a feed that must be of one kind.
func readAs[T any](r io.Reader, feed Feed, read func(*source) (*T, error)) (*T, error) {
	s, err := openSource(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", feed.Title(), err)
	}
	// What cannot be told is read all the same: the reader knows better what is wrong with it.
	if is := detect(s.head()); is != "" && is != feed {
		return nil, fmt.Errorf("%s: the content is of another feed, the %s", feed.Title(), is.Title())
	}
	held, err := read(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", feed.Title(), err)
	}
	return held, nil
}

// marks are the names in the outermost object of a JSON document that only one feed has.
var marks = map[string]Feed{
	"catalogVersion":  FeedKEV,
	"vulnerabilities": FeedKEV,
	"cveMetadata":     FeedSSVC,
	"containers":      FeedSSVC,
}

// marksInList are likewise the names in the objects of a list.
var marksInList = map[string]Feed{
	"euvdId":     FeedEUVD,
	"cveId":      FeedEUVD,
	"cve":        FeedVulnCheck,
	"date_added": FeedVulnCheck,
}

// detect tells from the beginning of a text which feed it is; empty if it is none.
func detect(head []byte) Feed {
	if bytes.HasPrefix(head, []byte("#model_version")) || bytes.HasPrefix(head, []byte(columns)) {
		return FeedEPSS
	}
	dec := jsontext.NewDecoder(bytes.NewReader(head))
	marks := marks
	if dec.PeekKind() == '[' {
		marks = marksInList
		if _, err := dec.ReadToken(); err != nil {
			return ""
		}
	}
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return ""
	}
	for {
		name, err := dec.ReadToken()
		if err != nil || name.Kind() != '"' {
			return ""
		}
		if feed, ok := marks[name.String()]; ok {
			return feed
		}
		if err := dec.SkipValue(); err != nil {
			return ""
		}
	}
}
