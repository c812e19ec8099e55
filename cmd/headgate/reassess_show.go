package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/sweep"
)

// writeReassessment writes what a sweep came to as it was asked for. weakened is what loosens it.
func (a *app) writeReassessment(came *sweep.Reassessment, weakened []string, outs []output) error {
	write := func(to io.Writer, format string, most int) error {
		switch format {
		case "json":
			e := json.NewEncoder(to)
			e.SetEscapeHTML(false)
			e.SetIndent("", "  ")
			return e.Encode(came)
		case "markdown":
			_, err := io.WriteString(to, came.Told(weakened).Markdown(report.AgainOptions{}))
			return err
		}
		return a.reassessmentText(came, most).to(to)
	}
	return a.writeOutputs(outs,
		func(o output, to *os.File) error { return write(to, o.format, len(came.Changed)) },
		func(o output) error {
			var whole bytes.Buffer
			if err := write(&whole, o.format, mostTold); err != nil {
				return err
			}
			_, err := a.stdout.Write(whole.Bytes())
			return err
		})
}

// mostTold is how many transitions are told on standard output; a file has all of them.
const mostTold = 100

// reassessmentText tells what changed and why, worst first.
func (a *app) reassessmentText(came *sweep.Reassessment, most int) *paper {
	p := a.paper()
	for i := range came.Changed[:min(len(came.Changed), most)] {
		t := &came.Changed[i]
		p.para(0, "%s on %s: %s (%s)", t.Called(), t.Asset, t.Steps(), strings.Join(t.Because, "; "))
		if t.Repository != "" || t.Owner != "" {
			where := slices.DeleteFunc(t.Where(), func(s string) bool { return s == "" })
			p.para(2, "%s", strings.Join(where, " · "))
		}
	}
	if more := len(came.Changed) - most; more > 0 {
		p.para(0, "and %s; -o json has all", number(more, "case more", "cases more"))
	}
	if len(came.Changed) > 0 {
		p.WriteString("\n")
	}
	for _, sentence := range []string{came.Looked(), came.Left(), came.Proof()} {
		p.para(0, "%s", sentence)
	}
	return p
}
