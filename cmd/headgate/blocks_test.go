package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
	"go.yaml.in/yaml/v3"
)

// runElsewhere are the pages that a test of their own runs or makes.
var runElsewhere = map[string]func(*testing.T){
	"README.md":           TestReadmeShowsWhatTheProgramDoes,
	"docs/quick-start.md": TestTheQuickStartLeadsFromNothingToThePage,
	"docs/action.md":      TestWorkflowsOnPagesAreValid,
	"docs/flags.md":       TestReferencePagesSayWhatTheProgramHas,
	"policies/README.md":  TestTheCatalogueIsWhatTheProgramWrites,
}

// notRun are the blocks that no test can run, by their page and first line, and why. What they name must exist all the same.
var notRun = map[string]string{
	"CONTRIBUTING.md: go build ./cmd/headgate":                                                              "it is what runs this test",
	"docs/pictures/README.md: go test ./cmd/headgate -run Pictures -pictures docs/pictures":                 "it is a test itself, which needs Chromium",
	"docs/releases.md: sha256sum --check --ignore-missing checksums.txt":                                    "the files are those of a download",
	"docs/releases.md: gh attestation verify headgate_1.2.3_linux_amd64.tar.gz --repo headgate/headgate \\": "GitHub has the attestations",
	"docs/releases.md: git clone --branch v1.2.3 https://github.com/headgate/headgate && cd headgate":       "GitHub has the releases; with HEADGATE_LONG the tests of .github/release build twice and compare",
	"docs/releases.md: go run -C .github/release . build v1.2.3":                                            "it makes a release; with HEADGATE_LONG the tests of .github/release build twice and compare, and pin",
	"docs/threat-model.md: ": "it is a drawing",
}

// A codeBlock is one in a page, or a piece of code within its prose.
type codeBlock struct {
	page, kind, body string
	indented, inline bool
}

// first is how a table names the block: a drawing by nothing.
func (b *codeBlock) first() string {
	if b.kind == "text" {
		return b.page + ": "
	}
	line, _, _ := strings.Cut(b.body, "\n")
	line, _, _ = strings.Cut(line, " # ")
	return b.page + ": " + strings.TrimSpace(line)
}

// codeOfPages is the code of all pages, as a renderer of Markdown finds it.
func codeOfPages(t *testing.T) (all []codeBlock) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".md") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		page, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return ast.Walk(goldmark.DefaultParser().Parse(text.NewReader(source)), func(n ast.Node, enter bool) (ast.WalkStatus, error) {
			if !enter {
				return ast.WalkContinue, nil
			}
			b := codeBlock{page: filepath.ToSlash(page)}
			switch n := n.(type) {
			case *ast.FencedCodeBlock:
				b.kind, b.body = string(n.Language(source)), string(n.Lines().Value(source))
			case *ast.CodeBlock:
				b.indented, b.body = true, string(n.Lines().Value(source))
			case *ast.CodeSpan:
				b.inline = true
				for at := n.FirstChild(); at != nil; at = at.NextSibling() {
					if part, ok := at.(*ast.Text); ok {
						b.body += string(part.Segment.Value(source)) + " "
					}
				}
			default:
				return ast.WalkContinue, nil
			}
			all = append(all, b)
			return ast.WalkContinue, nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 1000 {
		t.Fatalf("only %d pieces of code were found", len(all))
	}
	return all
}

func TestEveryBlockOfEveryPageRunsOrSaysWhyNot(t *testing.T) {
	unused := map[string]bool{}
	for name := range notRun {
		unused[name] = true
	}
	isRun := func(page string) bool {
		return runElsewhere[page] != nil || slices.ContainsFunc(runPages, func(p docPage) bool { return p.name == page })
	}
	found := map[string]int{}
	for _, b := range codeOfPages(t) {
		switch {
		case b.inline:
		case b.indented:
			t.Errorf("%s has a block that is indented instead of fenced, which no test runs:\n%s", b.page, b.body)
		case notRun[b.first()] != "":
			delete(unused, b.first())
			checkNotRun(t, &b)
		case !isRun(b.page):
			t.Errorf("%s has a block that no test runs: put the page into runPages, or the block into notRun with the reason:\n%s", b.page, b.body)
		default:
			found[b.page]++
		}
	}
	for name := range unused {
		t.Errorf("notRun has a block that is not there: %q", name)
	}
	for _, p := range append(slices.Clone(runPages), docPage{name: "README.md"}, docPage{name: "docs/quick-start.md"}) { // what runs pages finds all that a renderer finds
		if n := len(pageBlocks.FindAllString(readFile(t, filepath.Join("..", "..", filepath.FromSlash(p.name))), -1)); n != found[p.name] {
			t.Errorf("%s has %d blocks, of which %d run", p.name, found[p.name], n)
		}
	}
}

// checkNotRun checks of commands that do not run that what they name is there.
func checkNotRun(t *testing.T, b *codeBlock) {
	t.Helper()
	script := strings.ReplaceAll(b.body, "\\\n", " ")
	for line := range strings.Lines(script) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), " # ")
		for command := range strings.SplitSeq(line, " && ") {
			args := strings.Fields(command)
			switch {
			case b.kind == "text":
				if strings.HasPrefix(command, "$ ") || len(args) > 0 && args[0] == "headgate" {
					t.Errorf("%s has a command in a block of text: %s", b.page, command)
				}
			case args[0] == "headgate":
				if err := namesWhatIsThere(args[1:]); err != nil {
					t.Errorf("%s: %s: %v", b.page, command, err)
				}
			case strings.HasPrefix(command, "go run -C .github/release . "):
				source := readFile(t, filepath.Join("..", "..", ".github", "release", "main.go"))
				for _, arg := range args[6:] {
					name, isFlag := strings.CutPrefix(arg, "--")
					if isFlag && !strings.Contains(source, fmt.Sprintf("(%q, ", name)) {
						t.Errorf("%s: %s: what makes releases has no flag %s", b.page, command, arg)
					}
				}
				if !strings.Contains(source, fmt.Sprintf("case %q:", args[5])) {
					t.Errorf("%s: %s: what makes releases has no command %s", b.page, command, args[5])
				}
			case args[0] == "go" && (args[1] == "build" || args[1] == "test"):
				for _, arg := range args[2:] {
					name, isFlag := strings.CutPrefix(arg, "-")
					if isFlag && flag.Lookup(name) == nil && flag.Lookup("test."+name) == nil {
						t.Errorf("%s: %s: tests have no flag %s", b.page, command, arg)
					}
					if dir := strings.TrimSuffix(arg, "..."); strings.HasPrefix(arg, "./") {
						if _, err := os.Stat(filepath.Join("..", "..", dir)); err != nil {
							t.Errorf("%s: %s: %v", b.page, command, err)
						}
					}
				}
			case !slices.Contains([]string{"sha256sum", "gh", "git", "cd", "grep"}, args[0]):
				t.Errorf("%s: nothing is known of the command %s", b.page, command)
			}
		}
	}
}

// namesWhatIsThere says what of a command line the program does not have: a command, or a flag of it. Of a line that ends in … the rest is
// the reader's.
func namesWhatIsThere(args []string) error {
	root := (&app{getenv: func(string) string { return "" }}).root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	c, rest, err := root.Find(args)
	if err != nil {
		return err
	}
	if c == root && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") || c.HasSubCommands() && len(rest) > 0 && regexp.MustCompile(`^[a-z]+$`).MatchString(rest[0]) {
		return fmt.Errorf("%s has no command %s", c.CommandPath(), rest[0])
	}
	c.InitDefaultHelpFlag()
	c.InitDefaultVersionFlag()
	for _, arg := range rest {
		if !strings.HasPrefix(arg, "-") || arg == "-" || arg == "--" {
			continue
		}
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		var f *pflag.Flag
		if strings.HasPrefix(arg, "--") {
			f = c.Flag(name)
		} else if f = c.Flags().ShorthandLookup(name); f == nil {
			f = c.InheritedFlags().ShorthandLookup(name)
		}
		if f == nil {
			return fmt.Errorf("%s has no flag %s", c.CommandPath(), arg)
		}
	}
	return nil
}

// commandsIn are the command lines of the program in a text.
func commandsIn(text string) (all [][]string) {
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
		for _, part := range regexp.MustCompile(` (?:&&|\|\||\||;|>|#) `).Split(line, -1) {
			args := strings.Fields(part)
			for len(args) > 0 && assignment.MatchString(args[0]) {
				args = args[1:]
			}
			if len(args) > 1 && args[0] == "headgate" {
				all = append(all, args[1:])
			}
		}
	}
	return all
}

// What prose and helps name as a command can be typed.
func TestCommandsInProseAndHelpsAreThere(t *testing.T) {
	n := 0
	for _, b := range codeOfPages(t) {
		if !b.inline || b.page == "CHANGELOG.md" || strings.HasPrefix(b.body, "headgate COMMAND ") {
			continue
		}
		for _, args := range commandsIn(b.body) {
			n++
			if err := namesWhatIsThere(args); err != nil {
				t.Errorf("%s: `%s`: %v", b.page, strings.TrimSpace(b.body), err)
			}
		}
	}
	if n < 80 {
		t.Errorf("only %d commands were found in prose", n)
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, args := range commandsIn(c.Example) {
			n++
			if err := namesWhatIsThere(args); err != nil {
				t.Errorf("the help of %s: headgate %s: %v", c.CommandPath(), strings.Join(args, " "), err)
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk((&app{getenv: func(string) string { return "" }}).root())
	if err := namesWhatIsThere([]string{"gate", "--not-a-flag"}); err == nil {
		t.Error("a flag that is not there is not missed")
	}
	if err := namesWhatIsThere([]string{"evidence", "prove"}); err == nil {
		t.Error("a command that is not there is not missed")
	}
}

// What is to be copied to a cluster starts the program with flags and variables that it has.
func TestTheDeploymentOfWorkersFitsTheProgram(t *testing.T) {
	n := 0
	for _, b := range codeOfPages(t) {
		if b.kind != "yaml" || !strings.Contains(b.body, "kind: Deployment") && !strings.Contains(b.body, "kind: CronJob") {
			continue
		}
		for at := range strings.SplitSeq(b.body, "\n---\n") {
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(at), &doc); err != nil {
				t.Fatalf("%s: %v", b.page, err)
			}
			for _, args := range valuesOf[[]string](&doc, "args") {
				n++
				if err := namesWhatIsThere(args); err != nil {
					t.Errorf("%s: %v: %v", b.page, args, err)
				}
			}
			known := flagsPage(t)
			for _, env := range valuesOf[[]struct{ Name string }](&doc, "env") {
				for _, e := range env {
					if strings.HasPrefix(e.Name, "HEADGATE_") && !strings.Contains(known, "`"+e.Name+"`") {
						t.Errorf("%s: %s is no variable of the program", b.page, e.Name)
					}
				}
			}
		}
	}
	if n < 1 {
		t.Error("no deployment was found")
	}
}

// valuesOf are the values of a key anywhere in a document.
func valuesOf[T any](n *yaml.Node, key string) (all []T) {
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 1 && n.Content[i-1].Value == key {
			var v T
			if child.Decode(&v) == nil {
				all = append(all, v)
			}
			continue
		}
		all = append(all, valuesOf[T](child, key)...)
	}
	return all
}
