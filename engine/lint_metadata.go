package engine

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// customKeys are what the METADATA of a rule may have under custom.
var customKeys = []string{"controls", "effective_on", "effective_until", "id", "message", "remediation"}

// metadata wants of each rule of a set what comment, ticket and catalogue need. A rule that brings its own words, as those of conftest
// do, may have none of it.
func (l *linter) metadata() {
	if l.pack == "" || !slices.Contains(kinds, ruleName(l.rule)) || l.rule.Head.Key == nil {
		return
	}
	name, at := ruleName(l.rule), l.rule.Location
	if len(l.rule.Annotations) == 0 {
		if !takesMetadata(l.rule) { // else loading refuses it
			l.warn(at, "write METADATA above the rule: title, description, custom.id",
				"%s has no METADATA: its reasons are called %s.%s, as those of every such rule, and the catalogue does not have it", name, l.pack, name)
		}
		return
	}
	a := l.rule.Annotations[len(l.rule.Annotations)-1]
	text := func(key string) string { s, _ := a.Custom[key].(string); return strings.TrimSpace(s) }
	for _, needed := range []struct{ name, value string }{
		{"title", a.Title}, {"description", a.Description}, {"custom.id", text("id")},
	} {
		if strings.TrimSpace(needed.value) == "" && (needed.name != "custom.id" || !takesMetadata(l.rule)) {
			l.fail(at, "", "the METADATA of %s has no %s", ruleLabel(l.rule), needed.name)
		}
	}
	for _, wanted := range []struct{ name, value, why string }{
		{"message", text("message"), "people read the title instead"},
		{"remediation", text("remediation"), "nobody is told what to do"},
	} {
		if wanted.value == "" {
			l.warn(at, "", "the METADATA of %s has no custom.%s: %s", ruleLabel(l.rule), wanted.name, wanted.why)
		}
	}
	if len(list(a.Custom["controls"])) == 0 {
		l.warn(at, "", "the METADATA of %s has no custom.controls: no audit finds it by what it serves", ruleLabel(l.rule))
	}
	if id := text("id"); id != "" && !strings.HasPrefix(id, l.pack+".") {
		l.warn(at, "call it "+l.pack+"."+strings.ReplaceAll(id, ".", "_"), "the id %s does not begin with the name of its pack", id)
	}
	for key := range a.Custom {
		if !slices.Contains(customKeys, key) {
			l.warn(at, "", "nobody reads custom.%s%s", key, nearest(key, customKeys))
		}
	}
}

// placeholders finds values that a message names and the rule does not give: people would read the braces.
func (l *linter) placeholders() {
	given := map[string]bool{}
	ast.WalkTerms(l.rule, func(t *ast.Term) bool {
		if s, ok := t.Value.(ast.String); ok {
			given[string(s)] = true
		}
		return false
	})
	for _, a := range l.rule.Annotations {
		text, _ := a.Custom["message"].(string)
		for _, s := range parseMessage(text) {
			if len(s.path) == 1 && !given[s.path[0]] {
				l.fail(l.rule.Location, "give it: lib.vars(…, {\""+s.path[0]+"\": …})", "the message names %s, which the rule gives no value", s.text)
			}
		}
	}
}
