package ticket

import (
	"slices"
	"strconv"
)

// A Document is text with little structure, which a tracker's renderer turns into its own markup. The words in it are what they are:
// nothing in a Text is markup, whatever it looks like.
type Document []Block

// A Block is one part of a document. Exactly one field is set.
type Block struct {
	Heading   string     `json:"heading,omitempty"`
	Paragraph []Inline   `json:"paragraph,omitempty"`
	List      [][]Inline `json:"list,omitempty"` // with bullets
	Table     *Table     `json:"table,omitempty"`
	Code      *Code      `json:"code,omitempty"`
}

// A Table has as many cells in each row as its head. What does not fit into a tracker's limits is left out by whole rows from the end,
// and said in a line below: the most urgent rows come first.
type Table struct {
	Head []string     `json:"head"`
	Rows [][][]Inline `json:"rows"`
}

// Code is lines to be shown as they are.
type Code struct {
	Language string `json:"language,omitempty"` // bash, and so on; empty: none
	Text     string `json:"text"`
}

// An Inline is a run of text.
type Inline struct {
	Text   string `json:"text"`
	Strong bool   `json:"strong,omitempty"`
	Code   bool   `json:"code,omitempty"`
	URL    string `json:"url,omitempty"` // where it leads. A renderer writes text alone where a link is to no host that it may lead to
}

// Fit leaves out as many rows of tables, the last ones first, as it takes for a document to be no larger than most by the measure of
// whoever writes it, and says how many those are. What is in no row stays, since the first blocks say why and what; only if even that
// is too large, the last blocks go. The document itself is not changed.
func (d Document) Fit(most int, size func(Document) int) Document {
	for at := len(d) - 1; at >= 0 && size(d) > most; at-- {
		if d[at].Table == nil {
			continue
		}
		least, room := 0, len(d[at].Table.Rows) // rows that may fit, and that do not
		for least+1 < room {
			if middle := (least + room) / 2; size(d.withRows(at, middle)) <= most {
				least = middle
			} else {
				room = middle
			}
		}
		d = d.withRows(at, least)
	}
	for len(d) > 0 && size(d) > most {
		d = d[:len(d)-1]
	}
	return d
}

// withRows is the document with the first n rows of the table at a place, and how many more there are under it.
func (d Document) withRows(at, n int) Document {
	t := *d[at].Table
	more := len(t.Rows) - n
	if t.Rows = t.Rows[:n]; more == 0 {
		return d
	}
	line := Block{Paragraph: []Inline{plain(moreRows(more))}}
	return slices.Concat(d[:at], Document{{Table: &t}, line}, d[at+1:])
}

// moreRows says that rows are left out.
func moreRows(n int) string {
	if n == 1 {
		return "1 more is in the result of the run."
	}
	return strconv.Itoa(n) + " more are in the result of the run."
}

func plain(s string) Inline        { return Inline{Text: s} }
func strong(s string) Inline       { return Inline{Text: s, Strong: true} }
func code(s string) Inline         { return Inline{Text: s, Code: true} }
func sentences(of ...Inline) Block { return Block{Paragraph: of} }

// cells are those of a row, each of one piece of text; one without text is empty.
func cells(of ...Inline) [][]Inline {
	var out [][]Inline
	for _, i := range of {
		if i.Text == "" {
			out = append(out, nil)
		} else {
			out = append(out, []Inline{i})
		}
	}
	return out
}
