package ingest

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/charmap"
)

// isXML says whether the document is XML. It reads nothing.
func (s *stream) isXML() bool { return s.peeks('<') }

// peeks says whether the document begins with a character, white space aside. It reads nothing, so that a format can choose how to
// read the text.
func (s *stream) peeks(first byte) bool {
	r, ok := s.text.(*bufio.Reader)
	if !ok {
		return false
	}
	head, _ := r.Peek(peekBytes)
	head = bytes.TrimLeft(head, " \t\r\n")
	return len(head) > 0 && head[0] == first
}

// An xmlReader reads a document in XML element by element. It knows the five entities of XML itself and follows no other; how deep
// elements may nest is bounded by the standard library.
type xmlReader struct{ dec *xml.Decoder }

func newXMLReader(s *stream) *xmlReader {
	dec := xml.NewDecoder(s.text)
	dec.CharsetReader = xmlCharset
	return &xmlReader{dec}
}

// xmlCharset reads the encodings that a document may name.
func xmlCharset(charset string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(charset) {
	case "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii":
		return in, nil // what had a byte order mark is UTF-8 by now
	case "iso-8859-1", "latin1":
		return charmap.ISO8859_1.NewDecoder().Reader(in), nil
	case "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(in), nil
	}
	return nil, errors.New("its encoding is not known")
}

// children calls f for each element inside the one that was begun last; f must read or skip it. Called first, it reads the whole
// document: its one element is the root, and nothing but comments may follow it.
func (x *xmlReader) children(f func(xml.StartElement) error) error {
	top := x.dec.InputOffset() == 0
	roots := 0
	for {
		tok, err := x.dec.Token()
		if err == io.EOF && top && roots == 1 {
			return nil
		}
		if err != nil {
			return xmlPlace(err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if roots++; top && roots > 1 {
				return x.wrong("a second document")
			}
			if err := f(tok); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		case xml.CharData:
			if top && len(bytes.TrimSpace(tok)) > 0 {
				return x.wrong("text outside of the document")
			}
		}
	}
}

// decode reads the element that was begun into v, by its xml tags, which must be of strings: another type would make a report
// unreadable for a value that does not parse.
func (x *xmlReader) decode(v any, e xml.StartElement) error {
	return xmlPlace(x.dec.DecodeElement(v, &e))
}

// skip passes over the element that was begun.
func (x *xmlReader) skip() error { return xmlPlace(x.dec.Skip()) }

func (x *xmlReader) wrong(what string) error {
	return fmt.Errorf("byte %d: %s", x.dec.InputOffset(), what)
}

// xmlPlace says where a document is broken, without its text.
func xmlPlace(err error) error {
	var syntax *xml.SyntaxError
	switch {
	case err == nil:
		return nil
	case err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case errors.As(err, &syntax):
		if strings.Contains(syntax.Msg, "unexpected EOF") {
			return fmt.Errorf("it ends in the middle, in line %d", syntax.Line)
		}
		return fmt.Errorf("line %d: the XML is not well-formed", syntax.Line)
	}
	return err
}
