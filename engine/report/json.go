package report

import (
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/headgate/headgate/engine"
)

// writing are the rules of every JSON document that is written: the same value gives the same bytes, keys in the order of the
// structs, two spaces of indentation, absent facts left out, lists never null.
var writing = json.JoinOptions(
	jsontext.WithIndent("  "),
	json.Deterministic(true),
	jsonv1.OmitEmptyWithLegacySemantics(true),
	jsontext.AllowInvalidUTF8(true), // becomes U+FFFD: a result must be written whatever a scanner wrote
)

// writeJSON writes the result file, version 1.
func writeJSON(w io.Writer, r *engine.Result, _ Options) error { return encode(w, r) }

// encode writes one document and ends its last line.
func encode(w io.Writer, v any) error {
	e := &escaper{w: w}
	if err := json.MarshalWrite(e, v, writing); err != nil {
		return err
	}
	return e.end("\n")
}

// An escaper writes JSON so that a terminal can show it and a workflow's runner finds no command in it: characters that control or hide
// text, and the second of two number signs ("##[error]"), are written as \u escapes, which mean the same. Outside strings JSON is ASCII
// without number signs, so each of these bytes belongs to a string.
type escaper struct {
	w    io.Writer
	part []byte // the beginning of a character whose end has not come yet
	sign bool   // the last byte is a number sign
}

func (e *escaper) Write(p []byte) (int, error) {
	buf := p
	if len(e.part) > 0 {
		buf = append(e.part, p...)
	}
	var out []byte
	done, i := 0, 0
	for i < len(buf) {
		if buf[i] < 0x7f {
			if buf[i] == '#' && e.sign {
				out = append(append(out, buf[done:i]...), `\u0023`...)
				done, e.sign = i+1, false
			} else {
				e.sign = buf[i] == '#'
			}
			i++
			continue
		}
		e.sign = false
		if !utf8.FullRune(buf[i:]) {
			break
		}
		r, n := utf8.DecodeRune(buf[i:])
		if unsafeRune(r) {
			out = append(out, buf[done:i]...)
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
			done = i + n
		}
		i += n
	}
	out = append(out, buf[done:i]...)
	e.part = append([]byte(nil), buf[i:]...)
	if _, err := e.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (e *escaper) end(s string) error {
	_, err := io.WriteString(e.w, string(e.part)+s)
	return err
}
