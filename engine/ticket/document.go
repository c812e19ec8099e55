package ticket

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
