package main

import (
	"fmt"
	"text/tabwriter"

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
			w := tabwriter.NewWriter(a.stdout, 0, 0, 3, ' ', 0)
			fmt.Fprintln(w, "read (detected from content)")
			for _, f := range ingest.Formats() {
				fmt.Fprintf(w, "  %s\t%s\t%s\n", f.Name, f.Title, f.Tools)
			}
			fmt.Fprintln(w, "\nwritten (-o)")
			for _, f := range report.Formats() {
				fmt.Fprintf(w, "  %s\t%s\n", f.Name, f.Title)
			}
			return w.Flush()
		},
	}
}
