package author

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// A parameter is what users of a pack may set, as its data file says.
type parameter struct {
	name    string
	value   *yaml.Node
	comment string // on one line; that of the parameters above it where no empty line is between; empty: none
	line    int
}

// parametersOf reads the parameters of a data file with what their comments say. A file that is no YAML has none: loading it says why.
func parametersOf(text []byte) []parameter {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return nil
	}
	params := value(doc.Content[0], "params")
	if params == nil || params.Kind != yaml.MappingNode {
		return nil
	}
	lines := strings.Split(string(text), "\n")
	var all []parameter
	for i := 0; i+1 < len(params.Content); i += 2 {
		key, v := params.Content[i], params.Content[i+1]
		p := parameter{name: key.Value, value: v, line: key.Line, comment: commentAbove(lines, key.Line)}
		if beside := oneLine(v.LineComment + " " + key.LineComment); beside != "" {
			p.comment = strings.TrimSpace(p.comment + " " + beside)
		}
		all = append(all, p)
	}
	return all
}

// value is the value of a key of a mapping; nil if there is none.
func value(m *yaml.Node, key string) *yaml.Node {
	if m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// commentAbove is the comment of the paragraph that a line stands in: parameters that belong together share one.
func commentAbove(lines []string, line int) string {
	var comment []string
	for i := line - 2; i >= 0; i-- {
		text := strings.TrimSpace(lines[i])
		isComment := strings.HasPrefix(text, "#")
		if text == "" || text == "params:" || len(comment) > 0 && !isComment {
			break
		}
		if isComment {
			comment = append([]string{text}, comment...)
		}
	}
	return oneLine(strings.Join(comment, "\n"))
}

// oneLine is the text of a comment.
func oneLine(comment string) string {
	var words []string
	for line := range strings.Lines(comment) {
		words = append(words, strings.Fields(strings.TrimLeft(strings.TrimSpace(line), "# "))...)
	}
	return strings.Join(words, " ")
}
