package author

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
)

// Catalogue writes the packs of a draft as Markdown: what each says, its parameters, and its rules with what their METADATA says. On
// are the packs that are on by default; they are marked. Text of policies is shown as text, never as markup.
func Catalogue(w io.Writer, d *engine.Draft, on []string) error {
	var b strings.Builder
	b.WriteString("# Policies\n\n<!-- headgate policy docs wrote this from the METADATA of the rules and the comments of their parameters. -->\n\n")
	packs := packsOf(d)
	b.WriteString("| pack | says | rules |\n| --- | --- | --- |\n")
	for _, p := range packs {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %d |\n", p.name, p.name, inline(p.title), len(p.rules))
	}
	for _, p := range packs {
		p.write(&b, slices.Contains(on, p.name))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A pack is what the files of one folder say.
type pack struct {
	name, title, description string
	params                   []parameter
	rules                    []documented
}

// A documented rule is one of a set, with its METADATA.
type documented struct {
	set, id, title, description, message, remediation string
	controls                                          []string
}

func packsOf(d *engine.Draft) []*pack {
	var packs []*pack
	for _, f := range d.Files() {
		if f.Pack == "" || f.Test {
			continue
		}
		at := slices.IndexFunc(packs, func(p *pack) bool { return p.name == f.Pack })
		if at < 0 {
			at = len(packs)
			packs = append(packs, &pack{name: f.Pack})
		}
		if f.Data {
			packs[at].params = append(packs[at].params, parametersOf(f.Text)...)
		} else if f.Rules != nil {
			packs[at].read(f.Rules)
		}
	}
	slices.SortFunc(packs, func(a, b *pack) int { return strings.Compare(a.name, b.name) })
	return packs
}

func (p *pack) read(m *ast.Module) {
	for _, a := range m.Annotations {
		if a.Scope == "package" {
			p.title, p.description = a.Title, a.Description
		}
	}
	for _, r := range m.Rules {
		set := strings.Trim(r.Head.Ref()[0].Value.String(), `"`)
		if !slices.Contains(engine.Sets(), set) || r.Head.Key == nil {
			continue
		}
		rule := documented{set: set, id: p.name + "." + set}
		for _, a := range r.Annotations {
			text := func(key string) string { s, _ := a.Custom[key].(string); return s }
			rule.title, rule.description = a.Title, a.Description
			rule.message, rule.remediation = text("message"), text("remediation")
			if id := text("id"); id != "" {
				rule.id = id
			}
			all, _ := a.Custom["controls"].([]any)
			for _, c := range all {
				rule.controls = append(rule.controls, fmt.Sprint(c))
			}
		}
		p.rules = append(p.rules, rule)
	}
}

func (p *pack) write(b *strings.Builder, on bool) {
	fmt.Fprintf(b, "\n## %s\n\n", p.name)
	if p.title != "" {
		fmt.Fprintf(b, "**%s.** ", inline(p.title))
	}
	b.WriteString(inline(p.description))
	if on {
		b.WriteString(" On by default.")
	}
	b.WriteString("\n")
	if len(p.params) > 0 {
		b.WriteString("\n| parameter | default | meaning |\n| --- | --- | --- |\n")
		for _, q := range p.params {
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", q.name, code(flow(q.value)), inline(q.comment))
		}
	}
	for _, set := range engine.Sets() {
		for _, r := range p.rules {
			if r.set == set {
				r.write(b)
			}
		}
	}
}

func (r *documented) write(b *strings.Builder) {
	fmt.Fprintf(b, "\n### %s\n\n`%s`", inline(r.id), r.set)
	if r.title != "" {
		fmt.Fprintf(b, " · **%s.**", inline(r.title))
	}
	if r.description != "" {
		b.WriteString(" " + inline(r.description))
	}
	b.WriteString("\n")
	var lines []string
	if r.message != "" {
		lines = append(lines, "says: "+code(r.message))
	}
	if r.remediation != "" {
		lines = append(lines, "to do: "+inline(r.remediation))
	}
	if len(r.controls) > 0 {
		lines = append(lines, "serves: "+inline(strings.Join(r.controls, ", ")))
	}
	for i, line := range lines {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString("- " + line + "\n")
	}
}

// longestDefault bounds how much of a default is shown.
const longestDefault = 120

// flow is a value on one line, as YAML.
func flow(n *yaml.Node) string {
	plain := *n
	stripComments(&plain)
	text, err := yaml.Marshal(&plain)
	if err != nil {
		return "?"
	}
	one := strings.Join(strings.Fields(string(text)), " ")
	if runes := []rune(one); len(runes) > longestDefault {
		one = string(runes[:longestDefault]) + " …"
	}
	return one
}

func stripComments(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	n.Style = yaml.FlowStyle
	if n.Kind == yaml.ScalarNode {
		n.Style = 0
	}
	children := make([]*yaml.Node, len(n.Content))
	for i, c := range n.Content {
		child := *c
		stripComments(&child)
		children[i] = &child
	}
	n.Content = children
}

var markup = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", ">", "&gt;", "#", `\#`, "@", "&#64;",
	"|", `\|`, "~", `\~`)

// inline is text on one line, and nothing else: no markup, no mention.
func inline(s string) string { return markup.Replace(strings.Join(strings.Fields(s), " ")) }

// code is text as code, which no backtick in it ends.
func code(s string) string {
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
	fence := "`"
	for strings.Contains(s, fence) {
		fence += "`"
	}
	if fence == "`" {
		return fence + s + fence
	}
	return fence + " " + s + " " + fence
}
