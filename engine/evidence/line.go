package evidence

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A lineWriter puts the line of a record or an input together, member by member, as encode writes it, byte for byte: such lines are written by
// the million, and this way takes an eighth of the time. Names are handed over with the comma before and the colon behind them.
type lineWriter struct {
	b   []byte
	odd bool // there is a value that is so seldom, or such an error, that encode has to write the whole line
}

// appendLine writes a document behind b. Fast writes it member by member; where something is odd, encode does.
func appendLine(b []byte, v any, fast func(*lineWriter)) ([]byte, error) {
	l := lineWriter{b: b}
	if fast(&l); !l.odd {
		return l.b, nil
	}
	text, err := encode(v)
	return append(b, text...), err
}

func (l *lineWriter) open()  { l.b = append(l.b, '{') }
func (l *lineWriter) close() { l.b = append(l.b, '}') }

// name begins a member.
func (l *lineWriter) name(name string) {
	if l.b[len(l.b)-1] == '{' {
		name = name[1:] // the first has no comma before it
	}
	l.b = append(l.b, name...)
}

// text writes a member that is always there, whatever it says.
func (l *lineWriter) text(name, s string) {
	l.name(name)
	l.b = appendText(l.b, s)
}

// some writes a member that is left out if it is empty.
func (l *lineWriter) some(name, s string) {
	if s != "" {
		l.text(name, s)
	}
}

// someTexts writes a list that is left out if it is empty.
func someTexts[S ~string](l *lineWriter, name string, list []S) {
	if len(list) > 0 {
		l.name(name)
		l.b = appendTexts(l.b, list)
	}
}

func appendTexts[S ~string](b []byte, list []S) []byte {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, string(s))
	}
	return append(b, ']')
}

// someNumbers writes a list that is left out if it is empty.
func (l *lineWriter) someNumbers(name string, list []int) {
	if len(list) == 0 {
		return
	}
	l.name(name)
	l.b = append(l.b, '[')
	for i, n := range list {
		if i > 0 {
			l.b = append(l.b, ',')
		}
		l.b = strconv.AppendInt(l.b, int64(n), 10)
	}
	l.b = append(l.b, ']')
}

// someOf writes a list of objects that is left out if it is empty.
func someOf[E any](l *lineWriter, name string, list []E, write func(*lineWriter, *E)) {
	if len(list) == 0 {
		return
	}
	l.name(name)
	l.b = append(l.b, '[')
	for i := range list {
		if i > 0 {
			l.b = append(l.b, ',')
		}
		l.open()
		write(l, &list[i])
		l.close()
	}
	l.b = append(l.b, ']')
}

// object writes an object that is left out if it is not there.
func object[E any](l *lineWriter, name string, v *E, write func(*lineWriter, *E)) {
	if v == nil {
		return
	}
	l.name(name)
	l.open()
	write(l, v)
	l.close()
}

func (l *lineWriter) number(name string, n int64) {
	l.name(name)
	l.b = strconv.AppendInt(l.b, n, 10)
}

func (l *lineWriter) someNumber(name string, n int) {
	if n != 0 {
		l.number(name, int64(n))
	}
}

func (l *lineWriter) truth(name string, is bool) {
	l.name(name)
	l.b = strconv.AppendBool(l.b, is)
}

// known writes yes or no, and leaves out what is not known.
func (l *lineWriter) known(name string, is *bool) {
	if is != nil {
		l.truth(name, *is)
	}
}

// float writes a number as JavaScript does.
func (l *lineWriter) float(name string, f float64) {
	size := math.Abs(f)
	if l.name(name); size != 0 && (size < 1e-6 || size >= 1e21) || math.IsNaN(f) || math.IsInf(f, 0) {
		l.odd = true
		return
	}
	l.b = strconv.AppendFloat(l.b, f, 'f', -1, 64)
}

func (l *lineWriter) time(name string, t time.Time) {
	if y := t.Year(); y < 0 || y > 9999 || t.Location() != time.UTC {
		l.odd = true
		return
	}
	l.name(name)
	l.b = append(t.AppendFormat(append(l.b, '"'), time.RFC3339Nano), '"')
}

// someTime writes a time that is left out if it is zero.
func (l *lineWriter) someTime(name string, t time.Time) {
	if !t.IsZero() {
		l.time(name, t)
	}
}

// appendText writes text. Most of it is plain.
func appendText(b []byte, s string) []byte {
	from := len(b)
	b = append(append(b, '"'), s...)
	if !plain(b[from+1:]) {
		b, _ = jsontext.AppendQuote(b[:from], s) // what is no UTF-8 becomes U+FFFD, and is an error besides
		return b
	}
	return append(b, '"')
}

// eachByte has a one in each byte.
const eachByte = 0x0101010101010101

// plain says whether text stands in JSON as it is: ASCII without controls, quotes and backslashes. It looks at eight bytes at a time: a top bit
// says that one of them is no ASCII, or was below a space, or that what is left of it without a quote or backslash was nothing. A borrow only
// comes from a byte that is not plain itself.
func plain(s []byte) bool {
	for len(s) >= 8 {
		w := binary.LittleEndian.Uint64(s)
		if (w|(w-eachByte*' ')|((w^eachByte*'"')-eachByte)|((w^eachByte*'\\')-eachByte))&(eachByte*0x80) != 0 {
			return false
		}
		s = s[8:]
	}
	for _, c := range s {
		if c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			return false
		}
	}
	return true
}
