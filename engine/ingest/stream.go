package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// decoding is how all reports are read. Invalid UTF-8 is refused, as is nesting deeper than 10,000 (the decoder's own limits).
// Duplicate names are allowed, because remembering names costs memory and several scanners write them;
// of a list that stands twice, both count.
var decoding = jsontext.AllowDuplicateNames(true)

// A stream reads one JSON document, or several that follow each other, value by value. A format that is not JSON reads its text.
type stream struct {
	dec   *jsontext.Decoder
	text  io.Reader         // the whole document, for formats that are not JSON; nothing may be read through dec then
	words map[string]string // JSON text of a string → the string, for those that come again and again
	kept  int               // parts of a run of SARIF that are kept until it ends, see keep
	vain  int64             // where buffered looked in vain last
	seen  int64             // up to where foresee read in vain last
}

// leadBytes is how much white space a document gets before it. The decoder's buffer grows only while it holds all that was read so far,
// and stays at 4 kB otherwise, in which many a value of a report does not stand whole.
const leadBytes = 64 << 10

var lead = strings.Repeat(" ", leadBytes)

func newStream(r io.Reader) *stream {
	return &stream{dec: jsontext.NewDecoder(io.MultiReader(strings.NewReader(lead), r), decoding), text: r, words: map[string]string{}}
}

// offset is how much of the document has been read.
func (s *stream) offset() int64 { return max(0, s.dec.InputOffset()-leadBytes) }

// object reads an object and calls f for each key; f must read or skip the value. A null is an object without keys.
func (s *stream) object(f func(key string) error) error {
	return s.each('{', '}', func() error {
		key, err := s.quoted()
		if err != nil {
			return err
		}
		return f(key)
	})
}

// array reads an array and calls f for each element; f must read or skip it. A null is an array without elements.
func (s *stream) array(f func() error) error { return s.each('[', ']', f) }

// fields is object for a value that a report may also do without: anything but an object is passed over.
func (s *stream) fields(f func(key string) error) error {
	if s.peek() != '{' {
		return s.skip()
	}
	return s.object(f)
}

// items is array for a value that a report may also do without: anything but an array is passed over.
func (s *stream) items(f func() error) error {
	if s.peek() != '[' {
		return s.skip()
	}
	return s.array(f)
}

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
		return s.misplaced(tok.Kind(), open)
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

// buffered says whether the next value is an object or array that has been read from the report to its end already.
func (s *stream) buffered() bool {
	if k := s.peek(); k != '{' && k != '[' {
		return false
	}
	if endsIn(s.ahead()) {
		return true
	}
	s.vain = s.offset()
	return false
}

// ahead is where the end of the next value is looked for: in what has been read from the report already. After that was done in vain it is
// no more than a few times what has been read since, as each value inside a large one may be asked about.
func (s *stream) ahead() []byte {
	unread := s.dec.UnreadBuffer()
	return unread[:min(int64(len(unread)), max(1<<10, 4*(s.offset()-s.vain)))]
}

// foresee reads the next value with a cursor, if it is an object that has been read from the report to its end already, and passes over
// it. Only then has the decoder seen that it is well formed: what was read counts if whole is true, and without an error.
func (s *stream) foresee(read func(*cursor)) (whole bool, err error) {
	if s.peek() != '{' {
		return false, nil
	}
	if s.offset() < s.seen { // inside of a value that was read in vain: each level would be read again
		if !s.buffered() {
			return false, nil
		}
		at, err := s.element()
		if err == nil {
			read(&at)
		}
		return err == nil, err
	}
	text := s.ahead()
	at := cursor{text: text[:min(len(text), leadBytes)], words: s.words} // bounded, as is then how deep it is nested
	if read(&at); at.at >= len(at.text) {
		s.vain = s.offset()
		s.seen = s.vain + int64(len(at.text))
		return false, nil
	}
	_, err = s.dec.ReadValue()
	return err == nil, err
}

// skip passes over the next value: at once if it has been read already, else token by token, since a value can be of any size.
func (s *stream) skip() error {
	if s.buffered() {
		_, err := s.dec.ReadValue()
		return err
	}
	return s.dec.SkipValue()
}

// scalar reads a string, or a number or boolean as its JSON text. Null is empty; objects and arrays are passed over.
func (s *stream) scalar() (string, error) {
	switch s.peek() {
	case '"':
		return s.unquoted()
	case '0', 't', 'f':
		v, err := s.dec.ReadValue()
		return string(v), err
	}
	return "", s.skip()
}

// word is scalar for strings that come again and again in a report, such as rule ids and paths: equal ones share their memory.
func (s *stream) word() (string, error) {
	if s.peek() == '"' {
		return s.quoted()
	}
	return s.scalar()
}

// integer reads a whole number, or a string that reads as one. Anything else is passed over and not ok.
func (s *stream) integer() (n int, ok bool, err error) {
	switch s.peek() {
	case '0', '"':
		text, err := s.word()
		if err != nil {
			return 0, false, err
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || v != math.Trunc(v) || math.Abs(v) > math.MaxInt32 {
			return 0, false, nil
		}
		return int(v), true, nil
	}
	return 0, false, s.skip()
}

// scalarInto is scalar for a variable.
func (s *stream) scalarInto(to *string) (err error) {
	*to, err = s.scalar()
	return err
}

// wordInto is word for a variable.
func (s *stream) wordInto(to *string) (err error) {
	*to, err = s.word()
	return err
}

// integerInto is integer for a variable, which stays as it is if there is no number.
func (s *stream) integerInto(to *int) error {
	n, ok, err := s.integer()
	if ok {
		*to = n
	}
	return err
}

// timeInto reads a time; one without a zone is in UTC. Anything else leaves it as it is.
func (s *stream) timeInto(to *time.Time) error {
	text, err := s.scalar()
	if err != nil {
		return err
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, text); err == nil {
			*to = t.UTC()
			break
		}
	}
	return nil
}

// Bounds on the strings that a stream shares.
const (
	mostWords   = 1 << 16
	longestWord = 256
)

// quoted reads a string, and shares it with equal ones.
func (s *stream) quoted() (string, error) {
	v, err := s.dec.ReadValue()
	if err != nil {
		return "", err
	}
	if w, ok := s.words[string(v)]; ok {
		return w, nil
	}
	w, err := unquote(v)
	if err == nil && len(v) <= longestWord && len(s.words) < mostWords {
		s.words[string(v)] = w
	}
	return w, err
}

// unquoted reads a string.
func (s *stream) unquoted() (string, error) {
	v, err := s.dec.ReadValue()
	if err != nil {
		return "", err
	}
	return unquote(v)
}

func unquote(v jsontext.Value) (string, error) {
	if len(v) >= 2 && bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), nil
	}
	b, err := jsontext.AppendUnquote(nil, v)
	return string(b), err
}

// end is an error unless the document ends here.
func (s *stream) end() error {
	tok, err := s.dec.ReadToken()
	switch {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	}
	return s.wrong(kindName(tok.Kind()) + " after the end of the report")
}

// A shapeError is JSON that is well formed but not what the format has at that place.
type shapeError struct {
	offset  int64
	pointer jsontext.Pointer
	what    string
}

func (e *shapeError) Error() string {
	return fmt.Sprintf("byte %d%s: %s", e.offset, at(e.pointer), e.what)
}

// wrong makes an error of what was read last.
func (s *stream) wrong(what string) error {
	return &shapeError{offset: s.offset(), pointer: s.dec.StackPointer(), what: what}
}

// misplaced says that what was read last is of one kind and should be of another.
func (s *stream) misplaced(is, should jsontext.Kind) error {
	return s.wrong(kindName(is) + " where " + kindName(should) + " belongs")
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

// unquoting takes out what an error quotes from the document, which can be part of a secret.
var unquoting = regexp.MustCompile(" ?`[^`]*`?")

// place is place for an error in this document.
func (s *stream) place(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		syntax.ByteOffset = max(0, syntax.ByteOffset-leadBytes)
	}
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		semantic.ByteOffset = max(0, semantic.ByteOffset-leadBytes)
	}
	return place(err)
}

// place says where in a document an error is: byte offset and JSON pointer, in one line and without the document's text.
func place(err error) error {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		if errors.Is(syntax.Err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("it ends in the middle, at byte %d%s", syntax.ByteOffset, at(syntax.JSONPointer))
		}
		return fmt.Errorf("byte %d%s: %s", syntax.ByteOffset, at(syntax.JSONPointer), unquoting.ReplaceAllString(syntax.Err.Error(), ""))
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
