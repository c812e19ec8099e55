package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/jira"
)

// A diagnosis is one thing that was looked at.
type diagnosis struct {
	Check string `json:"check"`
	Bad   bool   `json:"bad,omitempty"`
	Says  string `json:"says"`
	Fix   string `json:"fix,omitempty"` // what to do about it
}

// A department looks at one system that is set up.
type department struct {
	Name   string      `json:"name"`
	Place  string      `json:"place,omitempty"`
	Checks []diagnosis `json:"checks"`
}

// departments are what the doctor looks at: one line each. Settled says whether the settings set it up.
var departments = []struct {
	name    string
	settled func(*settings) bool
	look    func(*app, context.Context, *settings) (*department, error)
}{
	{"jira", func(s *settings) bool { return s.Jira != nil }, (*app).examineJira},
}

// doctorFormats are what the doctor can write.
var doctorFormats = []report.Format{{Name: "text", Title: "for people"}, {Name: "json", Title: "one document"}}

func newDoctorCommand(a *app) *cobra.Command {
	var folder string
	var outputs []string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Look whether what is set up works: connections, permissions, fields; say how to put right what does not",
		Long: `Looks at each system that the settings set up, and changes nothing there: whether it can be reached, whether the account may do what is
needed, and whether what the settings name is there. What is not right comes with what to do about it.

Exit status: 0 all is right, 2 something is to be put right, or the settings do not load.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			outs, err := parseOutputs(outputs, doctorFormats)
			if err != nil {
				return err
			}
			s, err := a.openSettings(workingTree, folder, nil)
			if err != nil {
				return err
			}
			return a.doctor(c.Context(), s, outs)
		},
	}
	c.Flags().StringVar(&folder, "settings", "", "`folder` with headgate.yaml (default: .headgate here or above)")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(doctorFormats)+" (default text)")
	return c
}

func (a *app) doctor(ctx context.Context, s *settings, outs []output) error {
	var all []department
	bad := 0
	for _, d := range departments {
		if !d.settled(s) {
			continue
		}
		looked, err := d.look(a, ctx, s)
		if err != nil {
			return err
		}
		for _, c := range looked.Checks {
			if c.Bad {
				bad++
			}
		}
		all = append(all, *looked)
	}
	if len(all) == 0 {
		return setup(errors.New("nothing is set up that could be looked at"), "set up jira in headgate.yaml; headgate init writes an example")
	}
	write := func(w io.Writer, o output) error {
		if o.format == "json" {
			enc := json.NewEncoder(w)
			enc.SetIndent("", "  ")
			enc.SetEscapeHTML(false)
			return enc.Encode(map[string]any{"schema": "headgate.doctor/1", "systems": all})
		}
		tellDoctor(w, a.reportOptions().Width, all)
		return nil
	}
	err := a.writeOutputs(outs,
		func(o output, to *os.File) error { return write(to, o) },
		func(o output) error { return write(a.stdout, o) },
	)
	if err != nil {
		return err
	}
	if bad > 0 {
		return setup(fmt.Errorf("%d of the checks found something to put right", bad), "")
	}
	return nil
}

// tellDoctor writes what was looked at, in lines of at most so many characters.
func tellDoctor(w io.Writer, width int, all []department) {
	for n, d := range all {
		if n > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s  %s\n\n", d.Name, d.Place)
		for _, c := range d.Checks {
			mark := "ok "
			if c.Bad {
				mark = "bad"
			}
			const indent = 25
			head := "  " + mark + "  " + c.Check
			for _, line := range wrapped(c.Says, width-indent) {
				fmt.Fprintf(w, "%-*s%s\n", indent, head, line)
				head = ""
			}
			for i, line := range wrapped(c.Fix, width-indent-2) {
				fmt.Fprintf(w, "%-*s%s%s\n", indent, "", []string{"→ ", "  "}[min(i, 1)], line)
			}
		}
	}
}

// examineJira looks at the project that tickets go to.
func (a *app) examineJira(ctx context.Context, s *settings) (*department, error) {
	j := s.Jira
	client, err := a.jiraClient(j, nil)
	if err != nil {
		return nil, err
	}
	t := j.tickets("")
	needs := jira.Needs{Type: t.Type, Priorities: slices.Sorted(maps.Values(t.Priorities)), Fields: slices.Sorted(maps.Keys(t.Fields)), Parent: t.Parent}
	for _, o := range t.Owners {
		for to, name := range map[*[]string]string{&needs.Assignees: o.Assignee, &needs.Components: o.Component} {
			if name != "" && !slices.Contains(*to, name) {
				*to = append(*to, name)
			}
		}
		if o.Team != nil && !slices.Contains(needs.Fields, t.TeamField) {
			needs.Fields = append(needs.Fields, t.TeamField)
		}
	}
	slices.Sort(needs.Assignees)
	slices.Sort(needs.Components)
	needs.Priorities = slices.Compact(needs.Priorities)
	d := &department{Name: "jira", Place: client.Place()}
	for _, c := range client.Examine(ctx, needs) {
		d.Checks = append(d.Checks, diagnosis{c.Name, c.Bad, c.Says, c.Fix})
	}
	return d, nil
}
