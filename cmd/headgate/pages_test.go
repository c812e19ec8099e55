package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A docPage is a page whose blocks run from top to bottom, in a folder of its own with a copy of the examples.
type docPage struct {
	name  string
	given []string  // commands that the page takes as done by somebody, and need not show
	more  [2]string // a file, and what is written to its end
}

// ledgerOfPages is the address of the PostgreSQL ledger on every page; a test has another one in its place.
const ledgerOfPages = "postgres://ledger.example/headgate"

var runPages = []docPage{
	{name: "policies/WRITING.md"},
	{name: "policies/FROM-CONFTEST.md"},
	{name: "docs/jira.md"},
	{name: "docs/auditing.md"},
	{name: "docs/exports.md"},
	{name: "docs/intel.md"},
	{name: "docs/concepts.md"},
	{name: "docs/coming-from.md"},
	{name: "docs/deciding.md"},
	{name: "docs/reassess.md", more: [2]string{"examples/checkout/.headgate/headgate.yaml", "\njira: {url: https://acme.atlassian.net, project: PAY, from: act}\n"}},
	{name: "docs/workers.md"},
	{name: "docs/kpis.md", given: []string{
		"headgate gate examples/checkout --ledger ledger.db --branch main --event push -o json=result.json",
		"headgate gate examples/checkout --ledger " + ledgerOfPages + " --branch main --event push",
	}},
	{name: "examples/grafana/README.md", given: []string{"headgate gate examples/checkout --ledger " + ledgerOfPages + " --branch main --event push"}},
}

// Console blocks show what the program writes; what sh blocks say ends well; rego and yaml blocks are files; sql blocks are run on the
// page's ledger. A page that did not work would teach what is wrong.
func TestPagesShowWhatTheProgramDoes(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range runPages {
		t.Run(page.name, func(t *testing.T) {
			place := filepath.Join(root, filepath.FromSlash(page.name))
			text := []byte(readFile(t, place))
			c := &console{t: t, wire: tracker(), env: maps.Clone(robot)}
			if strings.Contains(string(text), ledgerOfPages) {
				c.ledger = pageLedger(t)
			}
			t.Chdir(t.TempDir())
			if err := os.CopyFS("examples", os.DirFS(filepath.Join(root, "examples"))); err != nil {
				t.Fatal(err)
			}
			serveFeeds(t, c.env)
			if name := page.more[0]; name != "" {
				writeFile(t, name, readFile(t, name)+page.more[1])
			}
			for _, command := range page.given {
				c.runs(command)
			}
			shown := c.replayPage(page.name, text)
			if *update && !bytes.Equal(shown, text) {
				writeFile(t, place, string(shown))
			}
		})
	}
}

// serveFeeds puts the threat data of the example where its publishers would be.
func serveFeeds(t *testing.T, env map[string]string) {
	t.Helper()
	server := httptest.NewServer(http.FileServer(http.Dir("examples/checkout/.headgate/intel")))
	t.Cleanup(server.Close)
	for feed, file := range map[string]string{"KEV": "kev.json", "EPSS": "epss.csv", "SSVC": "vulnrichment.ndjson"} {
		env["HEADGATE_"+feed+"_URL"] = server.URL + "/" + file
	}
}

// pageBlocks are the blocks of a page, with what they are indented by, their kind and what is in them.
var pageBlocks = regexp.MustCompile("(?ms)^( *)```(\\w*)\n(.*?)^ *```$")

// replayPage runs the blocks of a page, and returns it with what the program writes.
func (c *console) replayPage(page string, text []byte) []byte {
	t := c.t
	t.Helper()
	ran := 0
	shown := pageBlocks.ReplaceAllFunc(text, func(block []byte) []byte {
		m := pageBlocks.FindSubmatch(block)
		indent, body := string(m[1]), ""
		for line := range strings.Lines(string(m[3])) {
			body += strings.TrimPrefix(line, indent)
		}
		switch kind := string(m[2]); kind {
		case "console":
			ran++
			written := sameDigests(c.replay(body))
			if written != body && !*update {
				t.Errorf("%s shows other output than this, which the program writes (-update puts it there):\n%s", page, written)
			}
			return fmt.Appendf(nil, "%s```console\n%s%s```", indent, regexp.MustCompile("(?m)^(.)").ReplaceAllString(written, indent+"$1"), indent)
		case "sh":
			ran++
			for line := range strings.Lines(body) {
				command, _, _ := strings.Cut(line, " # ")
				c.runs(strings.TrimSpace(command))
			}
		case "sql":
			runSQL(t, c.ledger, body)
		case "mermaid":
		case "rego", "yaml":
			first, rest, _ := strings.Cut(body, "\n")
			name, ok := strings.CutPrefix(first, "# ")
			if !ok {
				t.Errorf("%s has a block whose first line names no file: %s", page, first)
				break
			}
			writeFile(t, name, rest)
			if path.Base(name) == "headgate.yaml" {
				if _, err := (&app{stderr: io.Discard}).openSettings(workingTree, path.Dir(name), nil); err != nil {
					t.Errorf("%s has settings that do not load: %v", page, err)
				}
			}
		default:
			t.Errorf("%s has a block of kind %q, which no test runs", page, kind)
		}
		return block
	})
	if ran == 0 {
		t.Errorf("%s has no block that runs, or it was not found", page)
	}
	return shown
}

// sameDigests writes the same digits in all digests: they are of everything, down to the last word of a policy.
func sameDigests(text string) string {
	return regexp.MustCompile(`sha256:[0-9a-f]{12,64}`).ReplaceAllStringFunc(text, func(digest string) string {
		return "sha256:" + strings.Repeat("0123456789abcdef", 4)[:len(digest)-len("sha256:")]
	})
}

func TestTheCatalogueIsWhatTheProgramWrites(t *testing.T) {
	place, err := filepath.Abs(filepath.Join("..", "..", "policies", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	c := &console{t: t}
	written := c.run("headgate policy docs")
	if *update {
		writeFile(t, place, written)
	}
	if written != readFile(t, place) {
		t.Error("policies/README.md is not what headgate policy docs writes: go test ./cmd/headgate -run Catalogue -update")
	}
}
