package report

import (
	"regexp"
	"strings"
	"unicode"
)

// Text from outside becomes Markdown in two ways only: as a code span, in which a code host makes nothing of anything, or as prose
// of plain words, in which every word that could mean something to Markdown, to HTML or to a code host is itself a code span.

// longestName bounds a code span, in columns: a name that takes several lines hides what stands around it.
const longestName = 120

// code makes a code span of any text. In a table cell a pipe would end the cell even there.
func code(s string, cell bool) string {
	s = cutMiddle(clean(s), longestName)
	if s == "" {
		return ""
	}
	s = unmarked(s) // what goes to a terminal is read by runners too
	if cell {
		// A pipe is escaped by a backslash. Parsers disagree about a pipe after a backslash, so that one becomes a broken bar.
		s = strings.ReplaceAll(s, `\|`, `\¦`)
		s = strings.ReplaceAll(s, "|", `\|`)
	}
	// The fence is longer than any run of backticks inside. One that the text begins or ends with must not join it.
	run, most := 0, 0
	for _, r := range s {
		if r == '`' {
			run++
			most = max(most, run)
		} else {
			run = 0
		}
	}
	fence := strings.Repeat("`", most+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return fence + s + fence
}

// prose makes Markdown of a sentence that may hold text from outside: plain words stay as they are, all others are put into code
// spans, neighbours into one. The result never begins with anything that Markdown takes for more than text.
func prose(s string, cell bool) string {
	var out, odd []string
	flush := func() {
		if len(odd) > 0 {
			out, odd = append(out, code(strings.Join(odd, " "), cell)), nil
		}
	}
	for i, w := range strings.Fields(clean(s)) {
		ends := ".,;:"
		if !strings.Contains(w, "(") { // it closes what another word opened
			ends += ")"
		}
		word, tail := w, ""
		if end := strings.TrimRight(w, ends); end != "" {
			word, tail = end, w[len(end):]
		}
		switch {
		case strings.TrimRight(w, ".,;:)") == "track*":
			flush()
			out = append(out, strings.Replace(w, "*", `\*`, 1))
		case isPlainWord(w) && (i > 0 || startsSentence(w)):
			flush()
			out = append(out, w)
		case tail != "":
			odd = append(odd, word)
			flush()
			out[len(out)-1] += tail
		default:
			odd = append(odd, word)
		}
	}
	flush()
	return strings.Join(out, " ")
}

// isPlainWord says that a word means nothing but itself to Markdown and to code hosts, wherever in a line but at its beginning:
// letters, digits and some punctuation, and no beginning of an address or of a reference ("GH-123", "%1", a commit, an advisory) or of a command ("/close").
func isPlainWord(w string) bool {
	for _, r := range w {
		if !unicode.In(r, unicode.L, unicode.M, unicode.N) && !strings.ContainsRune(".,;:()'%+=?/-–—…→·“”‘’", r) {
			return false
		}
	}
	lower := strings.ToLower(w)
	for _, begin := range []string{"//", "www", "gh-", "ghsa-"} {
		if strings.Contains(lower, begin) {
			return false
		}
	}
	return !strings.HasPrefix(w, "/") && !milestone.MatchString(w) && !commitLike.MatchString(lower) && strings.Count(w, ":") < 2 && strings.TrimLeft(w, "=-") != ""
}

// commitLike is what code hosts take for a commit and link to.
var commitLike = regexp.MustCompile(`\b[0-9a-f]{7,}\b`)

// milestone is what GitLab takes for one: a percent sign before a word.
var milestone = regexp.MustCompile(`%[\pL\pM\pN(]`)

// startsSentence says that a line may begin with the word: not with the mark of a list, a heading, a rule or a command to a bot.
func startsSentence(w string) bool {
	for _, r := range w {
		return unicode.In(r, unicode.L)
	}
	return false
}

// SentenceCase begins a sentence with a capital, if it begins with a word of plain letters: names, identifiers and paths keep their case.
func SentenceCase(s string) string {
	first, _, _ := strings.Cut(s, " ")
	first = strings.TrimRight(first, ".,;:!?")
	if first == "" || strings.ContainsFunc(first, func(r rune) bool { return r < 'a' || r > 'z' }) {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
