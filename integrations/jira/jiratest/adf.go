package jiratest

import (
	"fmt"
	"net/url"
	"strings"
)

// adf says for each node of Atlassian's document format, as far as it is known here, what may be in it. Its source is the JSON schema of
// @atlaskit/adf-schema.
var adf = map[string]struct {
	content string // names of nodes
	empty   bool   // may have none
	attrs   string // names of attributes that it may have
}{
	"doc":         {content: "paragraph bulletList codeBlock table heading", empty: true},
	"paragraph":   {content: "text hardBreak", empty: true},
	"heading":     {content: "text", empty: true, attrs: "level"},
	"bulletList":  {content: "listItem"},
	"listItem":    {content: "paragraph bulletList codeBlock"},
	"codeBlock":   {content: "text", empty: true, attrs: "language"},
	"table":       {content: "tableRow", attrs: "layout isNumberColumnEnabled"},
	"tableRow":    {content: "tableHeader tableCell"},
	"tableHeader": {content: "paragraph bulletList codeBlock"},
	"tableCell":   {content: "paragraph bulletList codeBlock"},
	"text":        {empty: true},
	"hardBreak":   {empty: true},
}

// CheckADF says what is wrong with a document, decoded from JSON, by the rules for nodes that can be in a description.
func CheckADF(v any) error {
	root, ok := v.(map[string]any)
	if !ok || root["type"] != "doc" || root["version"] != 1.0 {
		return fmt.Errorf("no document of version 1")
	}
	return checkNode(root, "", 0)
}

func checkNode(n map[string]any, in string, depth int) error {
	kind, _ := n["type"].(string)
	may, known := adf[kind]
	if !known || depth > 20 {
		return fmt.Errorf("a node of type %q is not known", kind)
	}
	for name := range n {
		if !strings.Contains(" type content attrs ", " "+name+" ") && (kind != "text" || name != "text" && name != "marks") && (kind != "doc" || name != "version") {
			return fmt.Errorf("%s has %q", kind, name)
		}
	}
	if attrs, has := n["attrs"]; has {
		list, ok := attrs.(map[string]any)
		if !ok {
			return fmt.Errorf("the attributes of %s are no object", kind)
		}
		for name := range list {
			if !strings.Contains(" "+may.attrs+" ", " "+name+" ") {
				return fmt.Errorf("%s has an attribute %q", kind, name)
			}
		}
	}
	if kind == "text" {
		return checkTextNode(n, in)
	}
	content, _ := n["content"].([]any)
	if _, has := n["content"]; len(content) == 0 && (!may.empty || kind == "doc" && !has) {
		return fmt.Errorf("%s is empty", kind)
	}
	for _, c := range content {
		child, ok := c.(map[string]any)
		if !ok {
			return fmt.Errorf("in %s is what is no node", kind)
		}
		if inside, _ := child["type"].(string); !strings.Contains(" "+may.content+" ", " "+inside+" ") {
			return fmt.Errorf("%s cannot be in %s", inside, kind)
		}
		if err := checkNode(child, kind, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func checkTextNode(n map[string]any, in string) error {
	if s, ok := n["text"].(string); !ok || s == "" {
		return fmt.Errorf("a text is empty")
	}
	marks, _ := n["marks"].([]any)
	if n["marks"] != nil && (len(marks) == 0 || in == "codeBlock") {
		return fmt.Errorf("marks are empty, or in code")
	}
	seen := map[string]bool{}
	for _, m := range marks {
		mark, _ := m.(map[string]any)
		kind, _ := mark["type"].(string)
		if seen[kind] || !strings.Contains(" strong em code link ", " "+kind+" ") || kind == "" {
			return fmt.Errorf("a mark %q twice, or not known", kind)
		}
		seen[kind] = true
		if kind == "link" {
			attrs, _ := mark["attrs"].(map[string]any)
			href, _ := attrs["href"].(string)
			if u, err := url.Parse(href); err != nil || len(attrs) != 1 || u.Scheme != "https" && u.Scheme != "http" {
				return fmt.Errorf("a link leads to %q", href)
			}
		}
	}
	if seen["code"] && seen["strong"] {
		return fmt.Errorf("code cannot be strong")
	}
	return nil
}

// Text is the text of a document without its structure: a line for each block. A string is itself.
func Text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	var b strings.Builder
	var walk func(any)
	walk = func(v any) {
		n, _ := v.(map[string]any)
		if s, ok := n["text"].(string); ok {
			b.WriteString(s)
		}
		content, _ := n["content"].([]any)
		for _, c := range content {
			walk(c)
		}
		if strings.Contains(" paragraph heading codeBlock tableRow ", " "+fmt.Sprint(n["type"])+" ") {
			b.WriteByte('\n')
		}
	}
	walk(v)
	return b.String()
}
