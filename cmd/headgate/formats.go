package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/ingest"
	"github.com/headgate/headgate/engine/report"
)

func newFormatsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "formats",
		Short: "List the report formats that can be read, and those that can be written",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			width := a.reportOptions().Width
			fmt.Fprintln(a.stdout, "read (detected from content; also in gzip, and several in a zip archive)")
			for _, f := range ingest.Formats() {
				entry(a.stdout, width, f.Name, f.Title+" · "+f.Tools, "e.g. "+f.Example)
			}
			fmt.Fprintln(a.stdout, "\nwritten (-o)")
			for _, f := range report.Formats() {
				entry(a.stdout, width, f.Name, f.Title, "")
			}
			return nil
		},
	}
}

// entry writes a name and, beside it, a text in as many lines as the width asks for. A command below it that is longer than a line goes on
// after a backslash, so that it can be copied as it stands.
func entry(w io.Writer, width int, name, text, command string) {
	const indent = 20
	lines := wrapped(text, width-indent)
	broken := wrapped(command, width-indent-len(` \`))
	for i := range len(broken) - 1 {
		broken[i] += ` \`
	}
	lines = append(lines, broken...)
	head := "  " + name
	for _, line := range lines {
		fmt.Fprintf(w, "%-*s%s\n", indent, head, line)
		head = ""
	}
}

// wrapped breaks a text between words into lines of at most so many characters; a longer word has a line of its own.
func wrapped(text string, width int) []string {
	var lines []string
	for word := range strings.FieldsSeq(text) {
		if n := len(lines); n > 0 && utf8.RuneCountInString(lines[n-1])+1+utf8.RuneCountInString(word) <= width {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}
