package report

import (
	"strings"

	"github.com/rivo/uniseg"
)

// width is how many columns clean text takes on a terminal. Characters of ambiguous width count as one.
func width(s string) int {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return uniseg.StringWidth(s)
		}
	}
	return len(s)
}

// cutEnd shortens clean text to limit columns; the cut shows as "…".
func cutEnd(s string, limit int) string {
	if width(s) <= limit {
		return s
	}
	head, _ := split(s, limit-1)
	return strings.TrimRight(head, " ") + "…"
}

// cutMiddle shortens clean text to limit columns and keeps both ends, more of the last: the end of a path or a dotted name tells
// more than its beginning.
func cutMiddle(s string, limit int) string {
	if width(s) <= limit {
		return s
	}
	head, _ := split(s, (limit-1)/3)
	tail, over, state := s, width(s)-(limit-1-width(head)), -1 // how much wider the tail is than the room for it
	for over > 0 && tail != "" {                               // of no room, none of it is left
		var w int
		_, tail, w, state = uniseg.FirstGraphemeClusterInString(tail, state)
		over -= w
	}
	return head + "…" + tail
}

// split divides clean text after at most limit columns, never inside a character with its marks.
func split(s string, limit int) (head, tail string) {
	n, rest, state := 0, s, -1
	for rest != "" {
		_, after, w, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if n += w; n > limit {
			break
		}
		rest, state = after, next
	}
	return s[:len(s)-len(rest)], rest
}

// wrap breaks clean text into lines of at most limit columns, between words where it can.
func wrap(s string, limit int) []string {
	limit = max(limit, 1)
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if line != "" && width(line)+1+width(word) <= limit {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for width(word) > limit {
			head, tail := split(word, limit)
			if head == "" { // one character that is wider than the line
				head, tail, _, _ = uniseg.FirstGraphemeClusterInString(word, -1)
			}
			lines, word = append(lines, head), tail
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// pad fills clean text with spaces to n columns.
func pad(s string, n int) string {
	if w := width(s); w < n {
		return s + strings.Repeat(" ", n-w)
	}
	return s
}
