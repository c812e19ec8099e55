package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite golden files and the output in README.md")

// readmeTime is the clock of the README's blocks: the day after the threat data of the example.
var readmeTime = time.Date(2026, 8, 17, 9, 0, 0, 0, time.UTC)

// The README's blocks run from top to bottom in a copy of the examples: console blocks show what the program writes, rego blocks are
// files that later blocks use, and the workflow is the one to copy.
func TestReadmeShowsWhatTheProgramDoes(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	readme := filepath.Join(root, "README.md")
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS("examples", os.DirFS(filepath.Join(root, "examples"))); err != nil {
		t.Fatal(err)
	}

	c := &console{t: t}
	blocks := regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$")
	seen := map[string]int{}
	shown := blocks.ReplaceAllFunc(text, func(block []byte) []byte {
		m := blocks.FindSubmatch(block)
		kind, body := string(m[1]), string(m[2])
		seen[kind]++
		switch kind {
		case "console":
			written := c.replay(body)
			if written != body && !*update {
				t.Errorf("README.md shows other output than this, which the program writes (-update puts it there):\n%s", written)
			}
			return fmt.Appendf(nil, "```console\n%s```", written)
		case "sh":
			for line := range strings.Lines(body) {
				c.runs(strings.TrimSpace(line))
			}
		case "rego":
			first, _, _ := strings.Cut(body, "\n")
			writeFile(t, strings.TrimPrefix(first, "# "), body)
		case "yaml": // the workflow to copy
		default:
			t.Errorf("README.md has a block of kind %q, which no test runs", kind)
		}
		return block
	})
	for _, kind := range []string{"console", "sh", "rego", "yaml"} {
		if seen[kind] == 0 {
			t.Errorf("README.md has no block of kind %q, or it was not found", kind)
		}
	}
	if *update && !bytes.Equal(shown, text) {
		writeFile(t, readme, string(shown))
	}
}

var assignment = regexp.MustCompile(`^[A-Z_]+=`)

// A console runs the command lines of a block in this process.
type console struct {
	t      *testing.T
	status int // of the last command

	wire   http.RoundTripper // what answers instead of the network; nil: nothing is asked
	env    map[string]string
	ledger string // the address of the ledger that pages call ledgerOfPages
}

// replay runs the lines that begin with "$ " and puts what each writes after it, in the place of what was there.
func (c *console) replay(block string) string {
	var out strings.Builder
	for line := range strings.Lines(block) {
		command, ok := strings.CutPrefix(strings.TrimRight(line, "\n"), "$ ")
		if !ok {
			continue
		}
		out.WriteString(line)
		written := c.run(command)
		out.WriteString(written)
		if written != "" && !strings.HasSuffix(written, "\n") {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// run runs one command without quotes or redirections: the program under either of its names, with "| head -n N" after it or not, and
// with NAME=value before it or not, or echo $?; or several of them with && between. A worker goes on working until the page ends.
func (c *console) run(command string) string {
	if first, then, ok := strings.Cut(command, " && "); ok {
		written := c.run(first)
		if c.status == statusPass {
			written += c.run(then)
		}
		return written
	}
	if c.ledger != "" {
		command = strings.ReplaceAll(command, ledgerOfPages, c.ledger)
	}
	command, most, cut := strings.Cut(command, " | head -n ")
	args := strings.Fields(strings.TrimPrefix(command, "go run ./cmd/"))
	env := maps.Clone(c.env)
	for len(args) > 0 && assignment.MatchString(args[0]) {
		if env == nil {
			env = map[string]string{}
		}
		name, value, _ := strings.Cut(args[0], "=")
		env[name], args = value, args[1:]
	}
	switch {
	case command == "echo $?":
		return fmt.Sprintln(c.status)
	case len(args) == 0 || args[0] != "headgate":
		c.t.Errorf("no test can run %q", command)
		return ""
	}
	var written syncBuilder
	a := &app{
		stdin:  strings.NewReader(""),
		stdout: &written,
		stderr: &written,
		getenv: func(name string) string { return env[name] },
		now:    func() time.Time { return readmeTime },
		wire:   c.wire,
		waits:  unhurried{},
	}
	if len(args) > 1 && args[1] == "worker" {
		c.status = statusPass
		c.works(a, args[1:], &written)
		return ""
	}
	c.status = a.run(c.t.Context(), args[1:])
	shown := written.String()
	if c.ledger != "" {
		shown = strings.ReplaceAll(shown, c.ledger, ledgerOfPages)
	}
	if !cut {
		return shown
	}
	n, err := strconv.Atoi(most)
	if err != nil {
		c.t.Errorf("head -n %s: %v", most, err)
	}
	lines := strings.SplitAfter(shown, "\n")
	return strings.Join(lines[:min(n, len(lines))], "")
}

// A syncBuilder is written by what is at work, and read by its test.
type syncBuilder struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuilder) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuilder) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// works runs a worker beside the commands that follow. It must be there at the end.
func (c *console) works(a *app, args []string, written *syncBuilder) {
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() { ended <- a.run(ctx, args) }()
	c.t.Cleanup(func() {
		end()
		if status := <-ended; status != statusPass || !strings.Contains(written.String(), "ended; ") {
			c.t.Errorf("the worker ends with %d:\n%s", status, written)
		}
	})
}

// runs checks a line for which the page shows no output: it must decide. Installing is what runs this test.
func (c *console) runs(command string) {
	if strings.HasPrefix(command, "go install ") {
		return
	}
	if written := c.run(command); c.status != statusPass && c.status != statusBlocked {
		c.t.Errorf("%s ends with %d:\n%s", command, c.status, written)
	}
}

// The pages show the workflow that is there to copy, which is linted and run.
func TestThePagesShowTheWorkflowToCopy(t *testing.T) {
	_, want, _ := strings.Cut(exampleWorkflows(t)["gate.yml"], "\n") // below what it says of itself
	for _, page := range []string{"README.md", "docs/action.md"} {
		place := filepath.Join("..", "..", filepath.FromSlash(page))
		text := readFile(t, place)
		shown := shownGate.ReplaceAllLiteralString(text, "```yaml\n# .github/workflows/gate.yml\n"+want+"```")
		if !shownGate.MatchString(text) {
			t.Errorf("%s does not show .github/workflows/gate.yml", page)
		} else if *update && shown != text {
			writeFile(t, place, shown)
		} else if shown != text {
			t.Errorf("%s shows another workflow than examples/workflows/gate.yml (-update puts it there)", page)
		}
	}
}

var shownGate = regexp.MustCompile("(?ms)^```yaml\n# \\.github/workflows/gate\\.yml\n.*?^```$")

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
