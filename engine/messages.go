package engine

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// A message is a template: text with {finding.package.name} for a fact of the input and {threshold} for a value that the rule gave.
// The engine fills it after the decision, so that inputs which differ only in such names share one decision.
type message []segment

type segment struct {
	text string
	path []string // nil: text as it stands
	at   []field  // the path in an input, field by field; nil: it leads through a list or map
}

var placeholder = regexp.MustCompile(`\{([a-z_][a-z0-9_]*(?:\.[a-z0-9_]+)*)\}`)

// parseMessage splits a template. Braces that hold no name stand for themselves.
func parseMessage(s string) message {
	var m message
	last := 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		if at[0] > last {
			m = append(m, segment{text: s[last:at[0]]})
		}
		m = append(m, segment{text: s[at[0]:at[1]], path: strings.Split(s[at[2]:at[3]], ".")})
		last = at[1]
	}
	if last < len(s) {
		m = append(m, segment{text: s[last:]})
	}
	return m
}

// check says whether every fact that the template names exists in documents of the type. Names without a dot are the rule's own.
func (m message) check(document reflect.Type) error {
	for _, s := range m {
		if len(s.path) > 1 && !known(document, s.path) {
			return fmt.Errorf("the message names %s, which the input does not have", s.text)
		}
	}
	return nil
}

// settle puts in the values that the rule gave, and an end: only the facts of the input are left to be filled in.
func (m message) settle(vars map[string]any, end string) message {
	var settled message
	text := ""
	for _, s := range m {
		v, given := any(nil), false
		if len(s.path) == 1 {
			v, given = vars[s.path[0]]
		}
		switch {
		case given:
			text += show(reflect.ValueOf(v))
		case len(s.path) < 2:
			text += s.text
		default:
			if text != "" {
				settled = append(settled, segment{text: text})
			}
			text = ""
			s.at = fieldsAt(inputType, s.path)
			settled = append(settled, s)
		}
	}
	if text += end; text != "" {
		settled = append(settled, segment{text: text})
	}
	return settled
}

var inputType = reflect.TypeFor[Input]()

// constant says that a message is the same for all inputs, and which it is.
func (m message) constant() (text string, ok bool) {
	if len(m) == 1 && m[0].path == nil {
		return m[0].text, true
	}
	return "", len(m) == 0
}

// fill puts facts of a document, most often the input, into a message that is settled. A fact that is absent reads "not known".
func (m message) fill(document reflect.Value) string {
	var room [256]byte
	b := room[:0]
	for i := range m {
		s := &m[i]
		if s.path == nil {
			b = append(b, s.text...)
		} else if v, ok := s.find(document); ok {
			b = append(b, show(v)...)
		} else {
			b = append(b, "not known"...)
		}
	}
	return string(b)
}

// find is the fact of a document that a segment names. It is false if that is absent.
func (s *segment) find(document reflect.Value) (v reflect.Value, ok bool) {
	if s.at == nil || document.Type() != inputType {
		return lookup(document, s.path)
	}
	v = document
	for _, f := range s.at {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		if v = v.Field(f.index); f.omit && empty(v) {
			return v, false
		}
	}
	return v, v.Kind() != reflect.Pointer || !v.IsNil()
}

// fieldsAt are the fields at a path in documents of a type; nil: it leads through a list or map, or nowhere.
func fieldsAt(t reflect.Type, path []string) (at []field) {
	for _, name := range path {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			return nil
		}
		fields := layout(t)
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		if i < 0 {
			return nil
		}
		at, t = append(at, fields[i]), t.Field(fields[i].index).Type
	}
	return at
}

// longestValue bounds what one value may add to a message.
const longestValue = 200

// show is a value in words: dates as "10 Dec 2021", lists with commas, text on one line without control characters.
func show(v reflect.Value) string {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return showText(v.String())
	case reflect.Bool:
		if v.Bool() {
			return "yes"
		}
		return "no"
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, show(v.Index(i)))
		}
		return Clip(strings.Join(parts, ", "), longestValue)
	}
	return "not known"
}

func showText(s string) string {
	if len(s) == len(time.DateOnly) {
		if d, err := time.Parse(time.DateOnly, s); err == nil {
			return d.Format("2 Jan 2006")
		}
	}
	if plainText(s) {
		return s
	}
	return Clip(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")), longestValue)
}

// plainText says that a text is short, in ASCII and without control characters, as most are: it is shown as it is.
func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return len(s) <= longestValue
}

// Clip is a text of at most so many bytes: of a longer one the beginning, in whole characters, and an ellipsis after it.
func Clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
