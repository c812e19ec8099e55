package evidence

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// A lineWriter puts the line of a record or an input together, member by member, as encode writes it, byte for byte: such lines are written by
// the million, and this way takes a tenth of the time. Names are handed over with the comma before and the colon behind them.
type lineWriter struct {
	b   []byte
	odd bool // there is a value that is so seldom, or such an error, that encode has to write the whole line

	done   *done    // of the decision that is written; nil: it says all by itself
	orders []*order // of names, that which was met last first
	times  *times   // that were written; nil: none is kept
}

// appendLine writes a document behind b. Fast writes it member by member; where something is odd, encode does.
func appendLine(b []byte, v any, fast func(*lineWriter)) ([]byte, error) {
	l := lineWriter{}
	return l.line(b, v, fast)
}

// line is appendLine of a writer that keeps what it has met.
func (l *lineWriter) line(b []byte, v any, fast func(*lineWriter)) ([]byte, error) {
	l.b, l.odd = b, false
	if fast(l); !l.odd {
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
	l.b = l.times.append(l.b, t)
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
	b = slices.Grow(b, len(s)+2)[:from+len(s)+2]
	if !copyPlain(b[from+1:], s) {
		b, _ = jsontext.AppendQuote(b[:from], s) // what is no UTF-8 becomes U+FFFD, and is an error besides
		return b
	}
	b[from], b[len(b)-1] = '"', '"'
	return b
}

// eachByte has a one in each byte.
const eachByte = 0x0101010101010101

// copyPlain copies text and says whether it stands in JSON as it is: ASCII without controls, quotes and backslashes. It takes eight bytes at a
// time, the last of them a second time where less are left.
func copyPlain(to []byte, s string) bool {
	var seen uint64
	n := len(s)
	to = to[:n]
	switch {
	case n >= 8:
		for i := 0; i+8 <= n; i += 8 {
			w := eight(s[i:])
			binary.LittleEndian.PutUint64(to[i:], w)
			seen |= special(w)
		}
		w := eight(s[n-8:])
		binary.LittleEndian.PutUint64(to[n-8:], w)
		seen |= special(w)
	case n >= 4:
		first, last := four(s), four(s[n-4:])
		binary.LittleEndian.PutUint32(to, first)
		binary.LittleEndian.PutUint32(to[n-4:], last)
		seen = special(uint64(first) | uint64(last)<<32)
	default:
		for i := range n {
			to[i] = s[i]
			seen |= special(eachByte*' ' - ' ' + uint64(s[i]))
		}
	}
	return seen&(eachByte*0x80) == 0
}

// plain says of text that it stands in JSON as it is.
func plain(s []byte) bool {
	var seen uint64
	for ; len(s) >= 8; s = s[8:] {
		seen |= special(binary.LittleEndian.Uint64(s))
	}
	for _, c := range s {
		seen |= special(eachByte*' ' - ' ' + uint64(c))
	}
	return seen&(eachByte*0x80) == 0
}

// special has the top bit of a byte if it, or one below it, is not plain: it says that the byte is no ASCII, or was below a space, or that what is
// left of it without a quote or backslash was nothing. A borrow only comes from a byte that is not plain itself.
func special(w uint64) uint64 {
	return w | (w - eachByte*' ') | ((w ^ eachByte*'"') - eachByte) | ((w ^ eachByte*'\\') - eachByte)
}

// eight are the first bytes of a text, as one number.
func eight(s string) uint64 { return uint64(four(s)) | uint64(four(s[4:]))<<32 }

// four are the first bytes of a text, as one number.
func four(s string) uint32 {
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
