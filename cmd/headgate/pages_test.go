package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The pages for authors run from top to bottom, each in a folder of its own with a copy of the examples: rego and yaml blocks are files,
// console blocks show what the program writes. A page that did not work would teach what is wrong.
func TestPagesForAuthorsShowWhatTheProgramDoes(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"policies/WRITING.md", "policies/FROM-CONFTEST.md", "docs/jira.md", "docs/auditing.md", "docs/exports.md", "docs/action.md", "docs/intel.md", "docs/concepts.md", "docs/coming-from.md", "docs/deciding.md", "docs/reassess.md"} {
		t.Run(page, func(t *testing.T) {
			place := filepath.Join(root, filepath.FromSlash(page))
			text := []byte(readFile(t, place))
			t.Chdir(t.TempDir())
			if err := os.CopyFS("examples", os.DirFS(filepath.Join(root, "examples"))); err != nil {
				t.Fatal(err)
			}
			shown := replayPage(t, page, text)
			if *update && !bytes.Equal(shown, text) {
				writeFile(t, place, string(shown))
			}
		})
	}
}

// replayPage runs the blocks of a page, and returns it with what the program writes.
func replayPage(t *testing.T, page string, text []byte) []byte {
	t.Helper()
	c := &console{t: t, wire: tracker(), env: robot}
	blocks := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	ran := 0
	shown := blocks.ReplaceAllFunc(text, func(block []byte) []byte {
		m := blocks.FindSubmatch(block)
		switch kind, body := string(m[1]), string(m[2]); kind {
		case "console":
			ran++
			written := sameDigests(c.replay(body))
			if written != body && !*update {
				t.Errorf("%s shows other output than this, which the program writes (-update puts it there):\n%s", page, written)
			}
			return fmt.Appendf(nil, "```console\n%s```", written)
		case "mermaid":
		case "rego", "yaml":
			first, rest, _ := strings.Cut(body, "\n")
			name, ok := strings.CutPrefix(first, "# ")
			if !ok {
				t.Errorf("%s has a block whose first line names no file: %s", page, first)
				break
			}
			writeFile(t, name, rest)
		default:
			t.Errorf("%s has a block of kind %q, which no test runs", page, kind)
		}
		return block
	})
	if ran == 0 {
		t.Errorf("%s has no console block, or it was not found", page)
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
