package ingest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoding is how all reports are read. Invalid UTF-8 is refused, as is nesting deeper than 10,000 (the decoder's own limits).
// Duplicate names are allowed, because remembering names costs memory and several scanners write them; the last one counts.
var decoding = jsontext.AllowDuplicateNames(true)

// A stream reads one JSON document, or several that follow each other, value by value.
type stream struct {
	dec *jsontext.Decoder
}

func newStream(r io.Reader) *stream {
	return &stream{jsontext.NewDecoder(r, decoding)}
}

// object reads an object and calls f for each key; f must read or skip the value. A null is an object without keys.
func (s *stream) object(f func(key string) error) error {
	return s.each('{', '}', func() error {
		tok, err := s.dec.ReadToken()
		if err != nil {
			return err
		}
		return f(tok.String())
	})
}

// array reads an array and calls f for each element; f must read or skip it. A null is an array without elements.
func (s *stream) array(f func() error) error { return s.each('[', ']', f) }

func (s *stream) each(open, end jsontext.Kind, f func() error) error {
	tok, err := s.dec.ReadToken()
	if err != nil {
		return err
	}
	switch tok.Kind() {
	case 'n':
		return nil
	case open:
	default:
		return fmt.Errorf("%s where %s belongs", kindName(tok.Kind()), kindName(open))
	}
	for {
		switch s.dec.PeekKind() {
		case end:
			_, err := s.dec.ReadToken()
			return err
		case 0:
			_, err := s.dec.ReadToken() // says what is wrong
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := f(); err != nil {
			return err
		}
	}
}

// peek is the kind of the next value: '{', '[', '"', '0', 't', 'f', 'n', or 0 at the end or before an error.
func (s *stream) peek() jsontext.Kind { return s.dec.PeekKind() }

// decode reads the next value into v, by v's json tags; what v does not name is skipped.
func (s *stream) decode(v any) error {
	return json.UnmarshalDecode(s.dec, v)
}

// skip passes over the next value.
func (s *stream) skip() error { return s.dec.SkipValue() }

// end is an error unless the document ends here.
func (s *stream) end() error {
	tok, err := s.dec.ReadToken()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%s after the end of the report", kindName(tok.Kind()))
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "the end"
}

// place says where in a document an error is: byte offset and JSON pointer, in one line and without the document's text.
func place(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if errors.Is(syntax.Err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it ends in the middle, at byte %d%s", syntax.ByteOffset, at(syntax.JSONPointer))
		}
		return fmt.Errorf("byte %d%s: %w", syntax.ByteOffset, at(syntax.JSONPointer), syntax.Err)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		return fmt.Errorf("byte %d%s: %s does not fit there", semantic.ByteOffset, at(semantic.JSONPointer), kindName(semantic.JSONKind))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends in the middle")
	}
	return err
}

// at shows a pointer, cut to a length that fits a line.
func at(p jsontext.Pointer) string {
	if p == "" {
		return ""
	}
	const most = 120
	text := strings.ToValidUTF8(string(p), "?")
	if len(text) > most {
		text = text[:most] + "…"
	}
	return fmt.Sprintf(" (%q)", text)
}
