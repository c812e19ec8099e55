package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/author"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/policies"
)

var docsFormats = []outputFormat[*engine.Draft]{
	{report.Format{Name: "markdown", Title: "the catalogue as Markdown"}, func(d *engine.Draft, b *strings.Builder) error {
		return author.Catalogue(b, d, policies.Default)
	}},
}

func newPolicyDocsCommand(a *app) *cobra.Command {
	var settings string
	var outputs []string
	c := &cobra.Command{
		Use:   "docs [DIR…]",
		Short: "Write the catalogue of policies from the METADATA of their rules",
		Long: `Writes for each pack what it says, its parameters with their defaults and comments, and its rules. ` + whichPacks + `

Exit status: 0 written, 2 the policies do not load.`,
		Example: `  headgate policy docs
  headgate policy docs -o markdown=POLICIES.md policies/`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(outputs) == 0 {
				outputs = []string{"markdown"}
			}
			outs, err := parseOutputs(outputs, formatsOf(docsFormats))
			if err != nil {
				return err
			}
			d, err := a.openDraft(settings, args)
			if err != nil {
				return err
			}
			if problems := d.Problems(); len(problems) > 0 {
				return setup(problems[0], "headgate policy check lists all that is wrong")
			}
			return writeAs(a, outs, docsFormats, d)
		},
	}
	c.Flags().StringVar(&settings, "settings", "", "`folder` with headgate.yaml and policies (default: .headgate here or above)")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`: markdown")
	return c
}
