package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// DecidedAgain is what deciding again came to, as people are told of it. Title, Looked, Left and Proof are sentences of the program's own,
// without a word from outside; Left and Proof are empty where there is nothing to say.
type DecidedAgain struct {
	Now      time.Time
	Policy   engine.PolicyInfo
	Intel    engine.IntelInfo
	Title    string
	Looked   string    // how much was looked at, why, and what came of it
	Left     string    // what could not be decided again
	Proof    string    // where it is recorded
	CameOut  []CameOut // otherwise than before, worst first
	Weakened []string  // what loosens it
}

// CameOut is a case that came out otherwise.
type CameOut struct {
	Name    string   // of the vulnerability or rule
	Asset   string   // empty: not known
	Steps   string   // what is otherwise: "track* → act, due 24 Nov 2026"
	Because []string // what is known otherwise than it was
	Where   []string // repository and branch, package, owner; empty ones are not told
}

// AgainOptions say what a document on deciding again is to tell beyond what came of it.
type AgainOptions struct {
	RunURL   string // the page of the run, "https://…"; anything else is not linked to
	Unsaid   string // what went wrong after all was recorded; empty: nothing did
	MaxBytes int    // the most that is written, by leaving out whole rows; 0 means DefaultMaxBytes
}

// Markdown is a comment or a job summary: what changed and why, the worst first. No text of a finding is in it but as code or plain words.
func (d *DecidedAgain) Markdown(o AgainOptions) string {
	budget := o.MaxBytes
	if budget <= 0 {
		budget = DefaultMaxBytes
	}
	v := newView(&engine.Result{Now: d.Now, Policy: d.Policy, Intel: d.Intel, Weakened: d.Weakened})
	head, end := "### Headgate · decided again · "+strings.ReplaceAll(d.Title, "*", `\*`)+"\n", ""
	if s := prose(o.Unsaid, false); s != "" {
		head += "\n**But:** " + s + ".\n"
	}
	for _, sentence := range []string{d.Left, d.Proof} {
		if sentence != "" {
			end += "\n" + sentence + "\n"
		}
	}
	return assemble([]*block{
		{head: head + "\n" + d.Looked + "\n"}, v.weakenedBlock(), d.transitions(), {head: end + v.footer(&page{run: link(o.RunURL)})},
	}, budget, inBytes)
}

// transitions is the table of what came out otherwise.
func (d *DecidedAgain) transitions() *block {
	if len(d.CameOut) == 0 {
		return nil
	}
	b := &block{head: "\n| | came out | because | where |\n| --- | --- | --- | --- |\n", noun: "row"}
	for i := range d.CameOut {
		c := &d.CameOut[i]
		what := first(code(c.Name, true), "a finding")
		if on := code(c.Asset, true); on != "" {
			what += " on " + on
		}
		var where []string
		for _, place := range c.Where {
			if s := code(place, true); s != "" {
				where = append(where, s)
			}
		}
		b.rows = append(b.rows, fmt.Sprintf("| %s | %s | %s | %s |\n", what, prose(c.Steps, true), prose(strings.Join(c.Because, "; "), true), strings.Join(where, " · ")))
	}
	return b
}

// NothingDecidedAgain says that what is open was not decided again, and why. The reason may hold names of files.
func NothingDecidedAgain(reason, runURL string) string {
	body := "### Headgate · undecided\n\nNothing was decided again: what is open stands as it was decided last.\\\n" + SentenceCase(prose(reason, false)) + ".\n"
	if run := link(runURL); run != "" {
		body += "\n<sub>[run](" + run + ")</sub>\n"
	}
	return body
}
