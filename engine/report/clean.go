package report

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longest bounds one string of a finding, in characters. What is longer says nothing more to a reader.
const longest = 600

// looked bounds how much of a string is looked at, in bytes: one of nothing but what is left out would be looked through to its end.
const looked = 16 << 10

// stacked bounds the marks on one character: more of them run over the lines above and below.
const stacked = 3

// clean makes hostile text safe to show on a line: no control characters (C0, C1, escape), nothing that reorders or hides text
// (bidirectional controls, zero-width and other invisible characters), every kind of space and line break one plain space, not
// longer than longest. It is idempotent, and text that is already clean is returned as it is.
func clean(s string) string {
	if isPlain(s) {
		return s
	}
	cut := len(s) > looked
	if cut {
		end := looked
		for end > looked-utf8.UTFMax && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end]
	}
	var b strings.Builder
	n, marks, space := 0, stacked, true // space: what stands before is a space or nothing; no mark may join it
	for _, r := range s {
		switch {
		case unicode.IsSpace(r) || unicode.Is(unicode.Z, r) || isBlank(r):
			if !space {
				b.WriteByte(' ')
				n++
			}
			space, marks = true, stacked
			continue
		case unsafeRune(r):
			continue
		case unicode.Is(unicode.M, r) || isConjoining(r):
			if marks++; marks > stacked {
				continue
			}
		default:
			marks = 0
		}
		if n >= longest {
			return strings.TrimRight(b.String(), " ") + "…"
		}
		b.WriteRune(r) // an invalid byte was read as U+FFFD, which is what is written
		n++
		space = false
	}
	if cut && n > 0 {
		return strings.TrimRight(b.String(), " ") + "…"
	}
	return strings.TrimRight(b.String(), " ")
}

// isPlain says that clean has nothing to do: the common case, at the cost of one look.
func isPlain(s string) bool {
	if len(s) > longest || strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") || strings.Contains(s, "  ") {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// unsafeRune says whether a character controls rather than shows: control, format (which has the bidirectional controls, joiners,
// tags and the byte order mark), line and paragraph separators, private use, those that fonts leave invisible, and variation selectors, on whose width no two
// terminals agree.
func unsafeRune(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// isBlank says whether a character that is a letter or symbol by its class shows as nothing but takes room.
func isBlank(r rune) bool { return r == '\u2800' || r == '\u3164' || r == '\uffa0' }

// isConjoining says whether a character joins the one before it though it is a letter: vowels and finals of Hangul syllables, of which a
// row without end would be one character that no line can be broken in.
func isConjoining(r rune) bool { return r >= 0x1160 && r <= 0x11ff || r >= 0xd7b0 && r <= 0xd7ff }

// runnerMark is what makes a command of a line to those who run workflows, wherever it stands: "##[error]" of GitHub's runner,
// "##vso[…]" and others of its kin. The newer "::error::" of GitHub counts only where a line begins.
var runnerMark = regexp.MustCompile(`##\w*\[`)

// unmarked breaks such marks in a text.
func unmarked(s string) string {
	return runnerMark.ReplaceAllStringFunc(s, func(mark string) string { return "#·" + mark[2:] })
}

// disarm breaks such marks in a line visibly, by a dot for one of their characters, so that the line stays as wide as it is. A mark can
// run over several spans.
func disarm(spans []span) {
	var line strings.Builder
	for _, s := range spans {
		line.WriteString(s.text)
	}
	text := line.String()
	var at []int
	if begin := strings.TrimLeft(text, " "); strings.HasPrefix(begin, "::") {
		at = append(at, len(text)-len(begin))
	}
	for _, m := range runnerMark.FindAllStringIndex(text, -1) {
		at = append(at, m[0]+1)
	}
	end := len(text)
	for i := len(spans) - 1; i >= 0 && len(at) > 0; i-- {
		s := &spans[i]
		begin := end - len(s.text)
		for len(at) > 0 && at[len(at)-1] >= begin {
			k := at[len(at)-1] - begin
			s.text, at = s.text[:k]+"·"+s.text[k+1:], at[:len(at)-1]
		}
		end = begin
	}
}
