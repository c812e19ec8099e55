package ingest

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A cursor walks over the text of one value that the decoder has found to be well formed. Elements of which a large report has hundreds
// of thousands are read so: the decoder checks each once as a whole, and what is not needed is stepped over without looking at tokens.
// A cursor makes no errors; a value of another type than expected is absent.
type cursor struct {
	text  []byte
	at    int               // at the next value, key or closing bracket, white space before it included
	words map[string]string // as of the stream
}

// element reads the next value whole. Its text is valid until the stream is used again, so it is for values of a bounded size only.
func (s *stream) element() (cursor, error) {
	v, err := s.dec.ReadValue()
	return cursor{text: v, words: s.words}, err
}

// next is the first byte of what comes next, without white space.
func (c *cursor) next() byte {
	for c.at < len(c.text) {
		if b := c.text[c.at]; b > ' ' && b != ',' && b != ':' {
			return b
		}
		c.at++
	}
	return 0
}

// fields calls f for each key of an object; f must take or skip the value. Anything but an object is passed over. The key is valid until
// f returns.
func (c *cursor) fields(f func(key []byte)) {
	if c.next() != '{' {
		c.skip()
		return
	}
	c.at++
	for c.next() == '"' {
		f(c.key())
	}
	c.at++
}

// key is the text of a string, valid until the stream is used again. Most keys are so short that a search would take longer.
func (c *cursor) key() []byte {
	for at := c.at + 1; at < len(c.text); at++ {
		switch c.text[at] {
		case '"':
			v := c.text[c.at+1 : at]
			c.at = at + 1
			return v
		case '\\':
			v, _ := jsontext.AppendUnquote(nil, c.quoted())
			return v
		}
	}
	c.at = len(c.text) // where foreseen text breaks off
	return nil
}

// items calls f for each element of an array; f must take or skip it. Anything but an array is passed over.
func (c *cursor) items(f func()) {
	if c.next() != '[' {
		c.skip()
		return
	}
	c.at++
	for b := c.next(); b != ']' && b != 0; b = c.next() {
		at := c.at
		if f(); c.at == at {
			c.at++ // a bracket that nothing is in front of
		}
	}
	c.at++
}

// list is items of an array, or f once for a value alone.
func (c *cursor) list(f func()) {
	if c.next() == '[' {
		c.items(f)
	} else {
		f()
	}
}

// quoted is a string with its quotation marks.
func (c *cursor) quoted() []byte {
	start := c.at
	c.at = endOfString(c.text, start)
	return c.text[start:c.at]
}

// skip passes over the next value.
func (c *cursor) skip() {
	switch c.next() {
	case '"':
		c.at = endOfString(c.text, c.at)
	case '{', '[':
		c.at = endOfNested(c.text, c.at)
	case '}', ']':
		c.at++
	case 0:
	default:
		c.plainScalar()
	}
}

// endOfString is where the string that begins at a place of a text ends, or the end of the text.
func endOfString(text []byte, at int) int {
	at++
	for {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return len(text)
		}
		at += i + 1
		escapes := 0
		for text[at-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
	}
}

// endOfNested is where the object or array that begins at a place of a text ends, or the end of the text.
func endOfNested(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			at = endOfString(text, at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		at++
		if depth == 0 {
			break
		}
	}
	return at
}

// plainScalar is a number, a boolean or null.
func (c *cursor) plainScalar() []byte {
	start := c.at
	for ; c.at < len(c.text); c.at++ {
		switch c.text[c.at] {
		case ' ', '\n', '\t', '\r', ',', ':', '{', '}', '[', ']', '"':
			return c.text[start:c.at]
		}
	}
	return c.text[start:]
}

// scalar is a string, or a number or boolean as its text. Null is empty; objects and arrays are passed over.
func (c *cursor) scalar() string {
	switch c.next() {
	case '"':
		text, _ := unquote(c.quoted()) // the decoder has seen that it can be
		return text
	case '{', '[', 0:
		c.skip()
		return ""
	}
	if v := string(c.plainScalar()); v != "null" {
		return v
	}
	return ""
}

// name is scalar for names that come once: ids, package URLs.
func (c *cursor) name() string { return plain(c.scalar()) }

// nameIn is name for those that often stand in another one, as a version does in a package URL: then they share its memory.
func (c *cursor) nameIn(other string) string {
	if c.next() != '"' {
		return c.name()
	}
	start := c.at
	v := c.quoted()
	v = v[1:max(1, len(v)-1)]
	if n := len(v); n <= len(other) && bytes.IndexByte(v, '\\') < 0 {
		if string(v) == other[:n] {
			return plain(other[:n])
		}
		if n <= 30 { // a longer one would be copied to be looked for
			if i := strings.Index(other, string(v)); i >= 0 {
				return plain(other[i : i+n])
			}
		}
	}
	c.at = start
	return c.name()
}

// word is name for those that come again and again, which share their memory.
func (c *cursor) word() string {
	if c.next() != '"' {
		return c.name()
	}
	v := c.quoted()
	if w, ok := c.words[string(v)]; ok {
		return plain(w)
	}
	w, _ := unquote(v)
	if len(v) <= longestWord && len(c.words) < mostWords {
		c.words[string(v)] = w
	}
	return plain(w)
}

// appendWords reads a list of words, or one word alone, behind others.
func (c *cursor) appendWords(all []string) []string {
	c.list(func() {
		if w := c.word(); w != "" {
			all = append(all, w)
		}
	})
	return all
}

// number is a number, or a string that reads as one; 0 is none.
func (c *cursor) number() float64 {
	f, err := strconv.ParseFloat(c.word(), 64)
	if err != nil || f-f != 0 { // infinite, or no number
		return 0
	}
	return f
}

// endsIn says whether the value that text starts with ends in it; of text that is not well formed it may say either.
func endsIn(text []byte) bool {
	c := cursor{text: text}
	c.skip()
	return c.at < len(text)
}
