package evidence

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// An appender writes the values of one type as encode does, byte for byte, in a third of the time: records and inputs are written by the
// million. It knows the types that they are made of and no others.
type appender func(b []byte, v reflect.Value) []byte

var appenders sync.Map // reflect.Type → appender; nil: encode has to write it

// appendLine writes a document behind b, as encode does.
func appendLine(b []byte, v any) (line []byte, err error) {
	from := len(b)
	defer func() {
		if what := recover(); what == errOdd {
			line, err = appendEncoded(b[:from], v)
		} else if what != nil {
			panic(what)
		}
	}()
	value := reflect.ValueOf(v)
	known, ok := appenders.Load(value.Type())
	if !ok {
		made, err := makeAppender(value.Type(), nil)
		if err != nil {
			made = nil
		}
		known, _ = appenders.LoadOrStore(value.Type(), made)
	}
	if write := known.(appender); write != nil {
		return write(b, value), nil
	}
	return appendEncoded(b, v)
}

func appendEncoded(b []byte, v any) ([]byte, error) {
	text, err := encode(v)
	return append(b, text...), err
}

// errOdd is that a value is none that JSON has, or that is so seldom that encode may write it.
var errOdd = errors.New("an odd value")

var (
	timeType      = reflect.TypeFor[time.Time]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
)

// makeAppender makes the appender of a type; above are the structs that it is a part of. Whatever encode may write by other rules than those
// below is an error.
func makeAppender(t reflect.Type, above []reflect.Type) (appender, error) {
	if t == timeType {
		return appendTime, nil
	}
	if p := reflect.PointerTo(t); t.Implements(marshalerType) || t.Implements(textType) || p.Implements(marshalerType) || p.Implements(textType) || slices.Contains(above, t) {
		return nil, fmt.Errorf("%v writes itself, or has itself as a part", t)
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, v reflect.Value) []byte { return appendText(b, v.String()) }, nil
	case reflect.Bool:
		return func(b []byte, v reflect.Value) []byte { return strconv.AppendBool(b, v.Bool()) }, nil
	case reflect.Int, reflect.Int64:
		return func(b []byte, v reflect.Value) []byte { return strconv.AppendInt(b, v.Int(), 10) }, nil
	case reflect.Float64:
		return func(b []byte, v reflect.Value) []byte { return appendNumber(b, v.Float()) }, nil
	case reflect.Pointer:
		return appendPointer(t, above)
	case reflect.Slice:
		return appendList(t, above)
	case reflect.Map:
		return appendMap(t, above)
	case reflect.Struct:
		return appendStruct(t, append(slices.Clip(above), t))
	}
	return nil, fmt.Errorf("%v is not what records and inputs are made of", t)
}

func appendPointer(t reflect.Type, above []reflect.Type) (appender, error) {
	write, err := makeAppender(t.Elem(), above)
	return func(b []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return append(b, "null"...)
		}
		return write(b, v.Elem())
	}, err
}

func appendList(t reflect.Type, above []reflect.Type) (appender, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("%v is bytes", t)
	}
	write, err := makeAppender(t.Elem(), above)
	return func(b []byte, v reflect.Value) []byte {
		b = append(b, '[')
		for i := range v.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			b = write(b, v.Index(i))
		}
		return append(b, ']')
	}, err
}

func appendMap(t reflect.Type, above []reflect.Type) (appender, error) {
	if t.Key() != reflect.TypeFor[string]() {
		return nil, fmt.Errorf("%v has other keys than text", t)
	}
	write, err := makeAppender(t.Elem(), above)
	return func(b []byte, v reflect.Value) []byte {
		if origins, ok := v.Interface().(map[string]engine.Provenance); ok { // that every input has
			return appendOrigins(b, origins, write)
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
		b = append(b, '{')
		for i, key := range keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = write(append(appendText(b, key.String()), ':'), v.MapIndex(key))
		}
		return append(b, '}')
	}, err
}

// appendOrigins is appendMap without a copy of each element.
func appendOrigins(b []byte, origins map[string]engine.Provenance, write appender) []byte {
	var room [16]string
	keys := room[:0]
	for key := range origins {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	element := new(engine.Provenance)
	value := reflect.ValueOf(element).Elem()
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		*element = origins[key]
		b = write(append(appendText(b, key), ':'), value)
	}
	return append(b, '}')
}

// A member is one field of a struct.
type member struct {
	index int
	name  string // as it is written, with the colon
	left  func(reflect.Value) bool
	write appender
}

func appendStruct(t reflect.Type, above []reflect.Type) (appender, error) {
	var members []member
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" && options == "" {
			continue
		}
		if f.Anonymous || !f.IsExported() || name == "" || options != "" && options != "omitempty" && options != "omitzero" {
			return nil, fmt.Errorf("%v.%s is written by rules that are not known here", t, f.Name)
		}
		write, err := makeAppender(f.Type, above)
		if err != nil {
			return nil, err
		}
		m := member{index: i, name: string(appendText(nil, name)) + ":", write: write}
		switch {
		case options == "omitempty":
			m.left = leftEmpty(f.Type)
		case options == "omitzero" && f.Type == timeType:
			m.left = func(v reflect.Value) bool { return timeOf(v).IsZero() }
		case options == "omitzero":
			m.left = reflect.Value.IsZero
		}
		members = append(members, m)
	}
	return func(b []byte, v reflect.Value) []byte {
		b = append(b, '{')
		first := len(b)
		for i := range members {
			m := &members[i]
			f := v.Field(m.index)
			if m.left != nil && m.left(f) {
				continue
			}
			if len(b) > first {
				b = append(b, ',')
			}
			b = m.write(append(b, m.name...), f)
		}
		return append(b, '}')
	}, nil
}

// leftEmpty says which values are left out where empty ones are: encoding/json's rule.
func leftEmpty(t reflect.Type) func(reflect.Value) bool {
	switch t.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return func(v reflect.Value) bool { return v.Len() == 0 }
	case reflect.Struct:
		return nil
	}
	return reflect.Value.IsZero
}

// appendText writes text. Most of it is plain.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			b, _ = jsontext.AppendQuote(b, s) // what is no UTF-8 becomes U+FFFD, and is an error besides
			return b
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendNumber writes a number as JavaScript does.
func appendNumber(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic(errOdd)
	}
	if size := math.Abs(f); size != 0 && (size < 1e-6 || size >= 1e21) {
		b = strconv.AppendFloat(b, f, 'e', -1, 64)
		if n := len(b); n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' { // e-09 is e-9
			b = append(b[:n-2], b[n-1])
		}
		return b
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// timeOf is the time that a value is; where it has an address, without a copy on the heap.
func timeOf(v reflect.Value) time.Time {
	if v.CanAddr() {
		return *v.Addr().Interface().(*time.Time)
	}
	return v.Interface().(time.Time)
}

func appendTime(b []byte, v reflect.Value) []byte {
	t := timeOf(v)
	if y := t.Year(); y < 0 || y > 9999 || t.Location() != time.UTC {
		panic(errOdd)
	}
	return append(t.AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}
