package jira

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/headgate/headgate/engine/ticket"
)

// wiki is a document for Data Center, in its wiki markup, no longer than Jira takes.
func wiki(d ticket.Document, hosts []string) string {
	return wikiText(d.Fit(mostText, func(d ticket.Document) int { return units(wikiText(d, hosts)) }), hosts)
}

func wikiText(d ticket.Document, hosts []string) string {
	var b strings.Builder
	for _, of := range d {
		switch {
		case of.Heading != "":
			b.WriteString("h3. " + escape(of.Heading) + "\n\n")
		case len(of.List) > 0:
			for _, item := range of.List {
				b.WriteString("* " + wikiInlines(item, hosts) + "\n")
			}
			b.WriteByte('\n')
		case of.Table != nil:
			for _, h := range of.Table.Head {
				b.WriteString("||" + filled(escape(h)))
			}
			b.WriteString("||\n")
			for _, row := range of.Table.Rows {
				for _, cell := range row {
					b.WriteString("|" + filled(wikiInlines(cell, hosts)))
				}
				b.WriteString("|\n")
			}
			b.WriteByte('\n')
		case of.Code != nil:
			b.WriteString("{noformat}\n" + verbatim(cleanLines(of.Code.Text)) + "\n{noformat}\n\n")
		case len(of.Paragraph) > 0:
			b.WriteString(wikiInlines(of.Paragraph, hosts) + "\n\n")
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// filled is what is in a cell: an empty one would make two bars, which begin a heading.
func filled(s string) string {
	if strings.TrimSpace(s) == "" {
		return " "
	}
	return s
}

func wikiInlines(of []ticket.Inline, hosts []string) string {
	var b strings.Builder
	for _, i := range of {
		text := escape(i.Text)
		if strings.TrimSpace(text) == "" {
			b.WriteString(text)
			continue
		}
		switch {
		case i.Code:
			text = "{{" + text + "}}"
		case i.Strong:
			text = "*" + text + "*"
		}
		if mayLead(i.URL, hosts) {
			text = "[" + escape(i.Text) + "|" + i.URL + "]" // marks inside of a link's text are not reliable
		}
		b.WriteString(text)
	}
	return b.String()
}

// marked are the characters that begin markup, by Jira's guide to its notation, and that it lets be escaped with a backslash.
const marked = "{}[]()|!*_+^~?#@%-"

// escape is text in which nothing is markup: no macro, mention, image, link, emoticon, list or heading. What a backslash cannot escape is
// written as an entity, which the renderer shows as the character: the backslash itself, since two of them break the line; the ampersand of
// other entities; the colon of addresses, which are links otherwise, and of emoticons; the dot of words that begin a line's markup. What
// stands at an end may go on in the text beside it.
func escape(s string) string {
	s = clean(s)
	if word := lineWord(s); word >= 0 {
		return escape(s[:word]) + "&#46;" + escape(s[word+1:])
	}
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		switch {
		case r == '\\' || r == '&' || r == ':' && (i+1 == len(runes) || runes[i+1] != ' '), r == '.' && i == 0 && len(runes) > 1:
			fmt.Fprintf(&b, "&#%d;", r)
		case r == '-' && i > 0 && i+1 < len(runes) && isWord(runes[i-1]) && isWord(runes[i+1]): // log4j-core reads as it is
			b.WriteRune(r)
		case strings.ContainsRune(marked, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// lineWord is where the dot is of a word that begins the markup of a line, such as h1. or bq.; -1: there is none.
func lineWord(s string) int {
	trimmed := strings.TrimLeft(s, " ")
	for _, word := range []string{"bq.", "h1.", "h2.", "h3.", "h4.", "h5.", "h6."} {
		if len(trimmed) >= len(word) && strings.EqualFold(trimmed[:len(word)], word) {
			return len(s) - len(trimmed) + len(word) - 1
		}
	}
	return -1
}

// fence is what ends a block of {noformat}.
var fence = regexp.MustCompile(`(?i)\{(noformat)`)

// verbatim is text for between two {noformat}. The only thing that could end it is that word in braces, which is broken by a space that
// takes no room.
func verbatim(s string) string { return fence.ReplaceAllString(s, "{\u200b$1") }
