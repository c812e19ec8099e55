package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/report"
)

// The reference pages are made of what the program is made of: a flag, a setting or a format that is added or reworded is on its page.
func TestReferencePagesSayWhatTheProgramHas(t *testing.T) {
	for page, write := range map[string]func(*testing.T) string{
		"docs/flags.md":    flagsPage,
		"docs/settings.md": settingsPage,
		"docs/formats.md":  formatsPage,
	} {
		t.Run(page, func(t *testing.T) {
			place := filepath.Join("..", "..", filepath.FromSlash(page))
			written := write(t)
			if *update {
				writeFile(t, place, written)
			}
			if written != readFile(t, place) {
				t.Errorf("%s is not what the program has: go test ./cmd/headgate -run Reference -update", page)
			}
		})
	}
}

// cell makes a text fit a cell of a table in Markdown.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "\n", " ").Replace(s)
}

// code is a text as code in a cell.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// flagsPage lists the commands with their flags.
func flagsPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString(`# Commands and flags

Made from the program: ` + "`headgate COMMAND --help`" + ` says the same with examples. Every flag can be set in the environment too, as the last column
says; of a flag that can be given several times the variable has the values with commas between them.

`)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Parent() != nil && c.Parent().Name() == "completion" {
			return
		}
		if c.HasParent() {
			fmt.Fprintf(&b, "## %s\n\n%s.\n\n```\n%s\n```\n\n", c.CommandPath(), strings.TrimSuffix(c.Short, "."), c.UseLine())
			flagsTable(&b, c)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	root := (&app{getenv: func(string) string { return "" }}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	walk(root)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func flagsTable(b *strings.Builder, c *cobra.Command) {
	rows := 0
	c.InitDefaultHelpFlag()
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if rows++; rows == 1 {
			b.WriteString("| flag | meaning | environment |\n| --- | --- | --- |\n")
		}
		value, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if value != "" {
			name += " " + value
		}
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "[]" && f.DefValue != "0" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(name), cell(usage), code(inEnvironment(f.Name)))
	})
	if rows > 0 {
		b.WriteString("\n")
	}
}

// A schemaNode is what the page reads of a JSON Schema.
type schemaNode struct {
	Ref         string                 `json:"$ref"`
	Description string                 `json:"description"`
	Type        any                    `json:"type"`
	Enum        []any                  `json:"enum"`
	Default     any                    `json:"default"`
	Properties  map[string]*schemaNode `json:"properties"`
	Items       *schemaNode            `json:"items"`
	Defs        map[string]*schemaNode `json:"$defs"`
	Additional  json.RawMessage        `json:"additionalProperties"`
}

// settingsPage lists the keys of headgate.yaml.
func settingsPage(t *testing.T) string {
	var root schemaNode
	if err := json.Unmarshal(settingsSchema, &root); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("# Settings\n\n" +
		"`.headgate/headgate.yaml`. Every key is optional; `headgate init` writes one with all of them, commented, and a schema for editors beside\n" +
		"it (`headgate schema headgate`). A key that is not on this page is refused. In a pull request they are read from the base commit.\n" +
		"[Flags](flags.md) and `HEADGATE_…` variables win over them.\n\n" +
		"Beside it lie `assets.yaml` (`headgate schema assets`), `waivers.yaml` (`headgate schema waivers`), `validations.yaml` and `policies/`.\n\n" +
		"| key | type | meaning |\n| --- | --- | --- |\n")
	var walk func(at string, n *schemaNode, depth int)
	walk = func(at string, n *schemaNode, depth int) {
		if def, ok := root.Defs[strings.TrimPrefix(n.Ref, "#/$defs/")]; ok {
			n = def
		}
		if at != "" && n.Description != "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", code(at), cell(typeOf(n)), cell(n.Description))
		}
		if depth > 4 {
			return
		}
		inside := n
		if n.Items != nil {
			inside, at = n.Items, at+"[]"
			if def, ok := root.Defs[strings.TrimPrefix(inside.Ref, "#/$defs/")]; ok {
				inside = def
			}
		}
		for _, name := range slices.Sorted(maps.Keys(inside.Properties)) {
			walk(strings.TrimPrefix(at+"."+name, "."), inside.Properties[name], depth+1)
		}
	}
	walk("", &root, 0)
	return b.String()
}

func typeOf(n *schemaNode) string {
	if len(n.Enum) > 0 {
		var words []string
		for _, v := range n.Enum {
			words = append(words, fmt.Sprint(v))
		}
		return strings.Join(words, ", ")
	}
	switch kind := n.Type.(type) {
	case string:
		if kind == "array" && n.Items != nil {
			return "list of " + cmp.Or(typeOf(n.Items), "anything")
		}
		return map[string]string{"object": "map", "string": "text", "array": "list"}[kind] + map[string]string{"integer": "number", "number": "number", "boolean": "true, false"}[kind]
	case []any:
		var words []string
		for _, v := range kind {
			words = append(words, fmt.Sprint(v))
		}
		return strings.Join(words, " or ")
	}
	return ""
}

// formatsPage lists what is read and written.
func formatsPage(t *testing.T) string {
	var b strings.Builder
	b.WriteString("# Formats\n\n" +
		"What is read is detected from its content, never from its name; gzip and zip are unpacked. `headgate formats` lists the same, and\n" +
		"`headgate findings REPORT` shows what was understood. A document of no known format, a cut one, or one of a version that nobody knows, is\n" +
		"refused: a run without it is not a pass.\n\n" +
		"## Read\n\n| name | format | written by | a command that makes one |\n| --- | --- | --- | --- |\n")
	for _, f := range ingest.Formats() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(f.Name), cell(f.Title), cell(f.Tools), code(f.Example))
	}
	for _, part := range []struct {
		title, lead string
		formats     []report.Format
	}{
		{"Written by gate", "`-o FORMAT` writes to standard output and `-o FORMAT=FILE` to a file; it may be given several times. [Exports](exports.md) shows those for others.", report.Formats()},
		{"Written by findings", "Before any decision.", report.FindingsFormats()},
		{"Written by plan", "", report.PlanFormats()},
		{"Written by publish", "", report.PublicationFormats()},
		{"Written by policy simulate", "", report.SimulationFormats()},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n", part.title)
		if part.lead != "" {
			b.WriteString(part.lead + "\n\n")
		}
		b.WriteString("| name | what it is |\n| --- | --- |\n")
		for _, f := range part.formats {
			fmt.Fprintf(&b, "| %s | %s |\n", code(f.Name), cell(f.Title))
		}
	}
	b.WriteString("\nEvery document has a JSON Schema: `headgate schema` lists them.\n")
	return b.String()
}
