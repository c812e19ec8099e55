package jira

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/headgate/headgate/engine/ticket"
)

// mostText is how long a text may be, in UTF-16 units, as Jira counts. Its own limit is 32,767, and of documents it counts the JSON form.
const mostText = 32_000

// A node is one of Atlassian's document format. There are only those kinds that a text of ours can have: no mention, no image, no card, no
// macro. What a text says is in text nodes, in which nothing is markup.
type node struct {
	Type    string         `json:"type"`
	Version int            `json:"version,omitempty"`
	Attrs   map[string]any `json:"attrs,omitempty"`
	Content []node         `json:"content,omitempty"`
	Text    string         `json:"text,omitempty"`
	Marks   []mark         `json:"marks,omitempty"`
}

type mark struct {
	Type  string         `json:"type"`
	Attrs map[string]any `json:"attrs,omitempty"`
}

// adf is a document for the Cloud, no longer than Jira takes.
func adf(d ticket.Document, hosts []string) node {
	return adfNode(d.Fit(mostText, func(d ticket.Document) int { return units(string(strict(adfNode(d, hosts)))) }), hosts)
}

func adfNode(d ticket.Document, hosts []string) node {
	doc := node{Type: "doc", Version: 1}
	for _, b := range d {
		if n, ok := block(b, hosts); ok {
			doc.Content = append(doc.Content, n)
		}
	}
	if doc.Content == nil { // a document has at least one block
		doc.Content = []node{{Type: "paragraph"}}
	}
	return doc
}

// block is one block, if there is anything in it.
func block(b ticket.Block, hosts []string) (node, bool) {
	switch {
	case b.Heading != "":
		return node{Type: "heading", Attrs: map[string]any{"level": 3}, Content: inlines([]ticket.Inline{{Text: b.Heading}}, nil)}, clean(b.Heading) != ""
	case len(b.List) > 0:
		list := node{Type: "bulletList"}
		for _, item := range b.List {
			list.Content = append(list.Content, node{Type: "listItem", Content: []node{paragraph(item, hosts)}})
		}
		return list, true
	case b.Table != nil:
		return table(b.Table, hosts), true
	case b.Code != nil:
		n := node{Type: "codeBlock"}
		if b.Code.Language != "" {
			n.Attrs = map[string]any{"language": b.Code.Language}
		}
		if text := cleanLines(b.Code.Text); text != "" {
			n.Content = []node{{Type: "text", Text: text}}
		}
		return n, true
	}
	return paragraph(b.Paragraph, hosts), len(b.Paragraph) > 0
}

func table(t *ticket.Table, hosts []string) node {
	n := node{Type: "table"}
	head := node{Type: "tableRow"}
	for _, h := range t.Head {
		head.Content = append(head.Content, node{Type: "tableHeader", Content: []node{paragraph([]ticket.Inline{{Text: h}}, nil)}})
	}
	n.Content = append(n.Content, head)
	for _, r := range t.Rows {
		row := node{Type: "tableRow"}
		for _, cell := range r {
			row.Content = append(row.Content, node{Type: "tableCell", Content: []node{paragraph(cell, hosts)}})
		}
		n.Content = append(n.Content, row)
	}
	return n
}

func paragraph(of []ticket.Inline, hosts []string) node {
	return node{Type: "paragraph", Content: inlines(of, hosts)}
}

// inlines are text nodes. An empty one is not allowed, nor is code that is strong.
func inlines(of []ticket.Inline, hosts []string) []node {
	var out []node
	for _, i := range of {
		n := node{Type: "text", Text: clean(i.Text)}
		if n.Text == "" {
			continue
		}
		switch {
		case i.Code:
			n.Marks = append(n.Marks, mark{Type: "code"})
		case i.Strong:
			n.Marks = append(n.Marks, mark{Type: "strong"})
		}
		if mayLead(i.URL, hosts) {
			n.Marks = append(n.Marks, mark{Type: "link", Attrs: map[string]any{"href": i.URL}})
		}
		out = append(out, n)
	}
	return out
}

// mayLead says whether a link may lead to an address: over HTTPS to one of some hosts, with nothing that looks like another one.
func mayLead(address string, hosts []string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.User == nil && len(address) <= 2000 && u.Opaque == "" && plainAddress(address) &&
		slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, u.Hostname()) })
}

// plainAddress says whether there are only characters in it that addresses have as they are: others end a link in wiki markup early.
func plainAddress(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("|[]{}\\^`\"<>'", r)
	})
}

// clean is text without what is no text: characters that control, and those that turn the order of what follows.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			return ' '
		case r < ' ' || r >= 0x7F && r <= 0x9F || r == 0xFFFD || r >= 0xFFFE && r&0xFFFE == 0xFFFE:
			return -1
		case r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 || r == 0x200E || r == 0x200F || r == 0x061C || r == 0xFEFF:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
}

// cleanLines is clean line by line.
func cleanLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = clean(lines[i])
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// units is the length of a text in UTF-16, by which Jira counts.
func units(s string) (n int) {
	for _, r := range s {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}
