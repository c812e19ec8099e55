package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/author"
	"github.com/headgate/headgate/engine/report"
)

// A checked policy is what policy check found.
type checked struct {
	Schema   string           `json:"schema"` // headgate.check/1
	Errors   int              `json:"errors"`
	Warnings int              `json:"warnings"`
	Problems []engine.Problem `json:"problems"` // by file and line
}

var checkFormats = []outputFormat[*checked]{
	{report.Format{Name: "text", Title: "for people"}, (*checked).text},
	{report.Format{Name: "json", Title: "for programs: headgate.check/1"}, (*checked).json},
	{report.Format{Name: "github", Title: "annotations of a GitHub workflow"}, (*checked).github},
}

func newPolicyCheckCommand(a *app) *cobra.Command {
	var settings string
	var outputs []string
	var strict bool
	c := &cobra.Command{
		Use:   "check [DIR…]",
		Short: "Find what is wrong with policies: what does not load, and what would never do what it reads like",
		Long: `Finds all that is wrong: syntax and types, misspelt fields and values, METADATA that is not complete, ids that are taken, rules that
nobody asks or that never hold, facts that may be absent, look-ups that cost more than they need to, parameters without a comment, and
files that are not formatted. ` + whichPacks + `

Exit status: 0 nothing is wrong (or warnings only), 2 errors (with --strict: or warnings).`,
		Example: `  headgate policy check
  headgate policy check --strict -o github policies/`,
		RunE: func(c *cobra.Command, args []string) error {
			_, _, stop := a.guard(c.Context(), authorsTime, 0)
			defer stop()
			outs, err := parseOutputs(outputs, formatsOf(checkFormats))
			if err != nil {
				return err
			}
			d, err := a.openDraft(settings, args)
			if err != nil {
				return err
			}
			found := &checked{Schema: "headgate.check/1", Problems: author.Check(d)}
			for i := range found.Problems {
				p := &found.Problems[i]
				if p.Warning = p.Warning && !strict; p.Warning {
					found.Warnings++
				} else {
					found.Errors++
				}
			}
			if found.Problems == nil {
				found.Problems = []engine.Problem{}
			}
			if err := writeAs(a, outs, checkFormats, found); err != nil {
				return err
			}
			if found.Errors > 0 {
				return setup(fmt.Errorf("%s in the policies", amount(found.Errors, "error")), "")
			}
			return nil
		},
	}
	c.Flags().StringVar(&settings, "settings", "", "`folder` with headgate.yaml and policies (default: .headgate here or above)")
	c.Flags().BoolVar(&strict, "strict", false, "take warnings for errors")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(formatsOf(checkFormats))+" (default text)")
	return c
}

// amount is "1 error" or "2 errors".
func amount(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (c *checked) text(b *strings.Builder) error {
	for _, p := range c.Problems {
		kind := "error"
		if p.Warning {
			kind = "warning"
		}
		p.What = kind + ": " + p.What
		if p.Rule != "" && !strings.Contains(p.What, p.Rule) {
			p.What += " (" + p.Rule + ")"
		}
		b.WriteString(printable(p.Error()) + "\n")
		if p.Hint != "" {
			b.WriteString("  " + printable(p.Hint) + "\n")
		}
	}
	if len(c.Problems) > 0 {
		b.WriteString("\n")
	}
	switch {
	case c.Errors+c.Warnings == 0:
		b.WriteString("nothing is wrong\n")
	default:
		fmt.Fprintf(b, "%s, %s\n", amount(c.Errors, "error"), amount(c.Warnings, "warning"))
	}
	return nil
}

func (c *checked) json(b *strings.Builder) error { return writeJSON(b, c) }

// writeJSON writes a document as it is, with text unescaped that is no markup here.
func writeJSON(b *strings.Builder, doc any) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

var (
	annotationText  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	annotationValue = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func (c *checked) github(b *strings.Builder) error {
	for _, p := range c.Problems {
		kind, text := "error", p.What
		if p.Warning {
			kind = "warning"
		}
		if p.Hint != "" {
			text += " (" + p.Hint + ")"
		}
		var at []string
		if p.File != "" {
			at = append(at, "file="+annotationValue.Replace(filepath.ToSlash(p.File)))
		}
		if p.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d", p.Line))
		}
		if p.Rule != "" {
			at = append(at, "title="+annotationValue.Replace(printable(p.Rule)))
		}
		fmt.Fprintf(b, "::%s %s::%s\n", kind, strings.Join(at, ","), annotationText.Replace(printable(text)))
	}
	return nil
}
