package ingest

import (
	"cmp"
	"strings"
)

// A sarifIndex finds the parts of a tool and their rules. It is made once per run: logs with tens of thousands of rules and results
// are common, and worse ones can be made.
type sarifIndex struct {
	driver       *sarifComponent
	extensions   []sarifComponent
	names, guids map[string]*sarifComponent
	rules        map[string]*sarifRule // by id; what the driver says goes before what extensions say
	ruleGUIDs    map[string]*sarifRule
	levels       []sarifLevels // per invocation
}

// sarifLevels are the levels that an invocation sets: for rules that are described, and for ids of those that are not.
type sarifLevels struct {
	rules map[*sarifRule]string
	ids   map[string]string
}

func (r *sarifRun) index() *sarifIndex {
	x := &sarifIndex{driver: &r.driver, extensions: r.extensions, names: map[string]*sarifComponent{}, guids: map[string]*sarifComponent{},
		rules: map[string]*sarifRule{}, ruleGUIDs: map[string]*sarifRule{}}
	x.add(&r.driver)
	for i := range r.extensions {
		x.add(&r.extensions[i])
	}
	for _, i := range r.invocations {
		l := sarifLevels{map[*sarifRule]string{}, map[string]string{}}
		for _, o := range i.overrides {
			if rule := x.rule(o.rule); rule != noRule {
				l.rules[rule] = o.level
			} else {
				l.ids[o.rule.id] = o.level
			}
		}
		x.levels = append(x.levels, l)
	}
	return x
}

func (x *sarifIndex) add(c *sarifComponent) {
	first(x.names, c.name, c)
	first(x.guids, c.guid, c)
	for i := range c.rules {
		first(x.rules, c.rules[i].id, &c.rules[i])
		first(x.ruleGUIDs, c.rules[i].guid, &c.rules[i])
	}
}

// first sets a key that is not set yet.
func first[V any](m map[string]V, key string, v V) {
	if _, ok := m[key]; !ok && key != "" {
		m[key] = v
	}
}

// noRule is the rule of results that name none, or none that the run describes.
var noRule = &sarifRule{}

// rule finds a rule: by index, then by id, where a hierarchical id ("CA5350/md5") falls back to its parents. An index that leads to a
// rule of another id counts last: some tools write 0 for all.
func (x *sarifIndex) rule(ref sarifReference) *sarifRule {
	indexed := noRule
	home := x.component(ref.component)
	if home != nil && ref.index >= 0 && ref.index < len(home.rules) {
		indexed = &home.rules[ref.index]
		if id := indexed.id; ref.id == "" || id == "" || ref.id == id || strings.HasPrefix(ref.id, id+"/") {
			return indexed
		}
	}
	const levels = 10 // of a hierarchical id
	id, more := ref.id, true
	for range levels {
		if home != nil {
			if i, ok := home.byID[id]; ok {
				return &home.rules[i]
			}
		}
		if rule, ok := x.rules[id]; ok {
			return rule
		}
		if id, _, more = cutLast(id, "/"); !more {
			break
		}
	}
	if rule, ok := x.ruleGUIDs[ref.guid]; ok {
		return rule
	}
	return indexed
}

// component is the part of the tool that a reference names: an extension, else the driver. Nil if it names none that is there.
func (x *sarifIndex) component(ref sarifComponentReference) *sarifComponent {
	switch {
	case ref.index >= 0:
		if ref.index < len(x.extensions) {
			return &x.extensions[ref.index]
		}
		return nil
	case ref.guid != "":
		return x.guids[ref.guid]
	case ref.name != "":
		return x.names[ref.name]
	}
	return x.driver
}

// override is the level that the invocation sets for the rule of a result. Without a word on which invocation found it, that is the
// only one.
func (x *sarifIndex) override(result *sarifResult, rule *sarifRule) string {
	i := result.invocation
	if i < 0 && len(x.levels) == 1 {
		i = 0
	}
	if i < 0 || i >= len(x.levels) {
		return ""
	}
	return cmp.Or(x.levels[i].rules[rule], x.levels[i].ids[result.rule.id])
}

// message is a result's text for people: its own, or the rule's or tool's for its id, with the arguments filled in and links
// reduced to their text.
func (x *sarifIndex) message(result *sarifResult, rule *sarifRule) string {
	m := result.message
	text, template := m.text, len(m.arguments) > 0
	if text == "" && m.id != "" {
		template = true
		text = rule.strings[m.id]
		if home := x.component(result.rule.component); text == "" && home != nil {
			text = home.strings[m.id]
		}
		text = cmp.Or(text, x.driver.strings[m.id])
	}
	if template {
		text = filled(text, m.arguments)
	}
	return unlinked(text)
}

// filled puts arguments into the places of a text that name them: {0}. Doubled braces are single ones.
func filled(text string, arguments []string) string {
	var out strings.Builder
	for len(text) > 0 && out.Len() < longestText {
		i := strings.IndexAny(text, "{}")
		if i < 0 || i+1 == len(text) {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:i])
		text = text[i:]
		if text[1] == text[0] {
			out.WriteByte(text[0])
			text = text[2:]
			continue
		}
		end := strings.IndexByte(text, '}')
		if text[0] == '{' && end > 0 {
			if n, ok := smallNumber(text[1:end]); ok && n < len(arguments) {
				out.WriteString(arguments[n])
				text = text[end+1:]
				continue
			}
		}
		out.WriteByte(text[0])
		text = text[1:]
	}
	return bounded(out.String())
}

// smallNumber reads a number of up to three digits.
func smallNumber(digits string) (n int, ok bool) {
	if len(digits) == 0 || len(digits) > 3 {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

// unlinked takes the targets out of links: "a [value](1)" is "a value".
func unlinked(text string) string {
	var out strings.Builder
	for {
		middle := strings.Index(text, "](")
		if middle < 0 {
			break
		}
		start, end := strings.LastIndexByte(text[:middle], '['), strings.IndexAny(text[middle+2:], ") \t\n(")
		if start < 0 || start+1 == middle || end <= 0 || text[middle+2+end] != ')' {
			out.WriteString(text[:middle+2])
			text = text[middle+2:]
			continue
		}
		out.WriteString(text[:start])
		out.WriteString(text[start+1 : middle])
		text = text[middle+2+end+1:]
	}
	out.WriteString(text)
	return out.String()
}
