// Package intel reads threat data: which vulnerabilities are known to be exploited (CISA's KEV catalogue), how likely the others
// are to be (FIRST's EPSS), and the SSVC decision points that CISA publishes (Vulnrichment).
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
)

// Feeds are all feeds, in the order in which they are listed.
var Feeds = []Feed{FeedKEV, FeedEPSS, FeedSSVC}

// Title is what a feed is called in messages.
func (f Feed) Title() string {
	switch f {
	case FeedKEV:
		return "KEV catalogue"
	case FeedEPSS:
		return "EPSS scores"
	case FeedSSVC:
		return "SSVC points"
	}
	return string(f)
}

// ErrUnknown means that the content is none of the feeds.
var ErrUnknown = errors.New("neither a KEV catalogue, nor EPSS scores, nor CVE records with SSVC points")

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

// detect tells from the beginning of a text which feed it is; empty if it is none.
func detect(head []byte) Feed {
	if bytes.HasPrefix(head, []byte("#model_version")) || bytes.HasPrefix(head, []byte(columns)) {
		return FeedEPSS
	}
	dec := jsontext.NewDecoder(bytes.NewReader(head))
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
