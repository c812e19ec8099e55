package ingest

import (
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The types of this file read what a finding can do without: a value of another type than expected is absent, not an error, so that
// a field which a scanner's version writes differently does not make its report unreadable.

// A word is a text that names something: an id, a version, a path. It has no control characters, no white space around it, and a
// bounded length.
type word string

// UnmarshalJSONFrom reads a scalar as text reads one.
func (w *word) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var t text
	if err := t.UnmarshalJSONFrom(dec); err != nil {
		return err
	}
	*w = word(plain(string(t)))
	return nil
}

// plain takes out of a name what would steer a terminal or hide text: control characters and the invisible formatting ones, as those
// that turn the direction of writing.
func plain(s string) string {
	const most = 1000 // longer than any path or coordinate that means something
	if len(s) <= most && isPlain(s) {
		return s
	}
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.C, r) {
			return -1
		}
		return r
	}, s))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// isPlain says of most names, which are of printable ASCII, that there is nothing to take out.
func isPlain[S ~string | ~[]byte](s S) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return len(s) == 0 || s[0] != ' ' && s[len(s)-1] != ' '
}

// nameInto reads a word into a variable.
func (s *stream) nameInto(to *string) error {
	text, err := s.word()
	*to = plain(text)
	return err
}

// namesInto reads words into a variable.
func (s *stream) namesInto(to *[]string) error {
	one := func() error {
		var name string
		err := s.nameInto(&name)
		if name != "" {
			*to = append(*to, name)
		}
		return err
	}
	if s.peek() == '[' {
		return s.array(one)
	}
	return one()
}

// words are several words: a list of them, or one alone.
type words []string

// UnmarshalJSONFrom reads as texts does.
func (w *words) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var all texts
	if err := all.UnmarshalJSONFrom(dec); err != nil {
		return err
	}
	*w = nil
	for _, t := range all {
		if t = plain(t); t != "" {
			*w = append(*w, t)
		}
	}
	return nil
}

// A boolean is true, or a string that says so. Anything else is false.
type boolean bool

// UnmarshalJSONFrom reads a boolean in either form and passes over anything else.
func (b *boolean) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var t text
	err := t.UnmarshalJSONFrom(dec)
	*b = boolean(strings.EqualFold(string(t), "true"))
	return err
}

// loose is an object; anything else is its zero value.
type loose[T any] struct{ is T }

// UnmarshalJSONFrom reads an object and passes over anything else.
func (l *loose[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	var zero T
	l.is = zero
	if dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	return json.UnmarshalDecode(dec, &l.is)
}

// list is an array of objects, or one object alone. Elements of another type are passed over.
type list[T any] []T

// UnmarshalJSONFrom reads an array or an object and passes over anything else.
func (l *list[T]) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = nil
	one := func() error {
		if dec.PeekKind() != '{' {
			return dec.SkipValue()
		}
		var v T
		if err := json.UnmarshalDecode(dec, &v); err != nil {
			return err
		}
		*l = append(*l, v)
		return nil
	}
	if dec.PeekKind() != '[' {
		return one()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if err := one(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// timeOf reads an RFC 3339 time; anything else is no time.
func timeOf(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// osvSeverities are OSV's vectors; a word or a vector alone is one of them.
type osvSeverities []osvSeverity

type osvSeverity struct {
	Score text `json:"score"`
}

// UnmarshalJSONFrom reads a list of objects or one text.
func (v *osvSeverities) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*v = nil
	if k := dec.PeekKind(); k == '[' || k == '{' {
		return (*list[osvSeverity])(v).UnmarshalJSONFrom(dec)
	}
	var t text
	err := t.UnmarshalJSONFrom(dec)
	if t != "" {
		*v = osvSeverities{{t}}
	}
	return err
}
