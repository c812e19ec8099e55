package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

func newEvidenceShowCommand(a *app) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "show BUNDLE|LEDGER ID",
		Short: "Tell what was recorded of one decision, and what was before it",
		Long: `Tells what was recorded of one decision: what was decided and when, by which rules, under which policy, waivers and controls, and, in a
ledger, what was decided of the same case before, back to the first time. The decision is made again, which gives the words of its rules back.

ID is as for evidence receipt: the id of a record (run/number), in a bundle its number alone, or the id or name of a finding, with @ASSET
behind it where several assets have it. In a ledger the latest decision is meant.`,
		Example: `  headgate evidence show evidence/ CVE-2021-44228@checkout
  headgate evidence show ledger.db CVE-2021-44228@checkout -o json`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(output, "text", "json"); err != nil {
				return err
			}
			s, err := a.look(c.Context(), args[0], args[1])
			if err != nil {
				return unread(args[1], err)
			}
			if output == "json" {
				e := json.NewEncoder(a.stdout)
				e.SetIndent("", "  ")
				return e.Encode(s)
			}
			t := &shownText{a.paper(), s}
			t.write()
			return t.to(a.stdout)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "text", "`format`: text or json")
	return c
}

// A shownRecord is a record with what stands around it.
type shownRecord struct {
	Schema   string             `json:"schema"`
	ID       string             `json:"id"`
	Record   *evidence.Record   `json:"record"`
	Run      *evidence.RunEntry `json:"run"`
	Waivers  []evidence.Waiver  `json:"waivers,omitempty"` // those that it names, as the run recorded them
	Messages []string           `json:"messages,omitempty"`
	Replay   string             `json:"replay,omitempty"` // what came of deciding it again; absent: it is no decision
	Why      string             `json:"why,omitempty"`
	Before   []shownBefore      `json:"before,omitempty"` // what was recorded of the same before, the latest first
	Gap      string             `json:"gap,omitempty"`    // why what was before that is not told
	again    *engine.Case       // as it was decided again; nil: it could not be
}

// A shownBefore is an earlier record of the same.
type shownBefore struct {
	ID     string           `json:"id"`
	Record *evidence.Record `json:"record"`
}

// mostBefore bounds how far back a history is told.
const mostBefore = 1000

// look finds a record and what stands around it.
func (a *app) look(ctx context.Context, name, id string) (*shownRecord, error) {
	from, done, err := a.openEvidence(ctx, name)
	if err != nil {
		return nil, err
	}
	defer done()
	run, index, err := from.find(ctx, id)
	if err != nil {
		return nil, err
	}
	if index < 0 {
		return nil, undecided(errors.New("a run is named, and no decision of it"), "headgate evidence population lists runs")
	}
	s := &shownRecord{Schema: "headgate.shown/1"}
	waivers := map[string]evidence.Waiver{}
	if _, err := evidence.CountRun(ctx, run, func(e *evidence.RunEntry, line *evidence.Line) error {
		s.Run = e
		if line.Index == index {
			s.Record = line.Record
		}
		if line.Waiver != nil {
			waivers[line.Waiver.ID] = *line.Waiver
		}
		return nil
	}); err != nil {
		return nil, err
	}
	if s.Record == nil {
		return nil, errNoRecord
	}
	s.ID = evidence.ID(s.Run.Run, index)
	if d := s.Record.Decision; d != nil {
		for _, id := range d.Waivers {
			if w, ok := waivers[id]; ok {
				s.Waivers = append(s.Waivers, w)
			}
		}
		redone, err := a.replayer().Replay(ctx, run, map[int64]bool{index: true})
		if err != nil {
			return nil, err
		}
		s.Replay, s.Why = redone.States[index], cmp.Or(redone.Why, redone.Other)
		if s.again = redone.Cases[index]; s.again != nil {
			for i := range s.again.Decision.Reasons {
				s.Messages = append(s.Messages, s.again.Decision.Reasons[i].Message)
			}
		}
	}
	return s, s.walk(ctx, from)
}

// walk goes back over what was recorded before.
func (s *shownRecord) walk(ctx context.Context, from *evidenceSource) error {
	for prev := s.Record.Prev; prev != ""; {
		if from.bundle != nil {
			s.Gap = shortID(prev) + ", which is in the ledger, and not in this bundle"
			return nil
		}
		if len(s.Before) == mostBefore {
			s.Gap = "there is more before that"
			return nil
		}
		digest, _, _ := strings.Cut(prev, "/")
		run, err := from.log.Run(ctx, digest)
		if errors.Is(err, fs.ErrNotExist) {
			s.Gap = shortID(prev) + ", which is not in this ledger"
			return nil
		} else if err != nil {
			return err
		}
		r, err := recordOf(ctx, run, prev)
		if err != nil {
			return fmt.Errorf("%s: %w", prev, err)
		}
		s.Before = append(s.Before, shownBefore{prev, r})
		prev = r.Prev
	}
	return nil
}

// A shownText tells of a record.
type shownText struct {
	*paper
	*shownRecord
}

const shownColumn = 13

func (t *shownText) line(name, format string, args ...any) {
	t.field(0, shownColumn, name, format, args...)
}

func (t *shownText) write() {
	r := t.Record
	switch {
	case r.Decision != nil:
		t.decision(r.Decision)
	case r.Waiver != nil:
		t.waiver(r.Waiver)
	case r.Effect != nil:
		e := r.Effect
		t.para(0, "%s %s at %s: %s", strings.ReplaceAll(e.Kind, "_", " "), cmp.Or(e.Ref, e.Key), e.Place, cmp.Or(e.Did, "read"))
		if e.Why != "" {
			t.line("why", "%s", e.Why)
		}
	case r.Policy != nil:
		t.para(0, "another policy decides: %s", r.Policy.Is)
		t.line("before", "%s", cmp.Or(r.Policy.Was, "none"))
	case r.Case != nil:
		t.para(0, "%s on %s: %s", r.Case.Finding, r.Case.Asset, r.Kind)
	case r.Epoch != nil:
		e := r.Epoch
		t.para(0, "sweep %d: %d of %s decided again, %d otherwise", e.Number, e.Evaluated, number(int(e.Open), "open case", "open cases"), e.Changed)
		t.line("open", "%d cases on %s, root %s", e.State.Cases, number(int(e.State.Branches), "branch", "branches"), e.State.Root)
	}
	t.around()
	t.history()
	t.WriteString("\n")
	t.para(0, "%s", t.sentence())
}

func (t *shownText) decision(d *evidence.Decision) {
	on := ""
	if d.Asset.ID != "" {
		on = " on " + d.Asset.ID
	}
	t.para(0, "%s%s: %s, %s", cmp.Or(d.Finding.Name, d.Finding.ID), on, d.Priority, d.Action)
	t.WriteString("\n")
	if t.again != nil {
		t.line("finding", "%s", t.again.Input.Finding.Title)
	}
	if d.Finding.Package != "" {
		t.line("package", "%s", d.Finding.Package)
	}
	if d.Asset.ID != "" {
		about := []string{d.Asset.ID}
		for _, f := range []struct{ name, value string }{{"owner", d.Asset.Owner}, {"criticality", d.Asset.Criticality}, {"exposure", d.Asset.Exposure}} {
			if f.value != "" {
				about = append(about, f.name+" "+f.value)
			}
		}
		t.line("asset", "%s", strings.Join(about, ", "))
	}
	if d.WouldHave != "" {
		by := "report-only"
		if d.ExemptedBy != "" {
			by = d.ExemptedBy
		}
		t.line("would have", "%s, without %s", d.WouldHave, by)
	}
	if !d.FirstSeen.IsZero() {
		t.line("first seen", "%s", date(d.FirstSeen))
	}
	if !d.Due.IsZero() {
		late := ""
		if d.Overdue {
			late = ", and overdue then"
		}
		t.line("due", "%s, counted from %s%s", date(d.Due), cmp.Or(strings.ReplaceAll(d.DueFrom, "_", " "), "a date that was stated"), late)
	}
	t.reasons(d)
	t.list("obliges", d.Oblige)
	t.list("assumed", d.Assumed)
	if len(d.Range) == 2 && d.Range[0] != d.Range[1] {
		t.line("range", "%s to %s, if what is not known were known", d.Range[0], d.Range[1])
	}
	for i := range t.Waivers {
		w := &t.Waivers[i]
		proven := "not proven"
		if w.Verified {
			proven = "proven: " + cmp.Or(w.How, "yes")
		}
		t.line("waiver", "%s, asked for by %s, approved by %s (%s), until %s: %s", w.ID, cmp.Or(w.Requester, "nobody named"), cmp.Or(w.Approver, "nobody named"), proven,
			cmp.Or(w.Expires, "no date"), cmp.Or(w.Reason, "no reason given"))
	}
	t.list("controls", d.Controls)
}

// reasons lists what the rules said, in their words where the decision could be made again.
func (t *shownText) reasons(d *evidence.Decision) {
	head := "why"
	for i := range d.Reasons {
		r := &d.Reasons[i]
		what := r.Kind
		if to := cmp.Or(string(r.To), string(r.AtMost)); to != "" {
			what += " " + to
		}
		if r.Staged {
			what += ", not in force yet or any more"
		}
		said := ""
		if i < len(t.Messages) {
			said = ": " + t.Messages[i]
		}
		t.line(head, "%s (%s)%s", r.Rule, what, said)
		head = ""
	}
	if len(d.Reasons) == 0 {
		t.line(head, "no rule had a reason")
	}
}

func (t *shownText) list(name string, items []string) {
	if len(items) > 0 {
		t.line(name, "%s", strings.Join(items, ", "))
	}
}

func (t *shownText) waiver(w *evidence.Waiver) {
	t.para(0, "waiver %s: %s", w.ID, w.State)
	t.WriteString("\n")
	for _, f := range []struct{ name, value string }{
		{"of", strings.Join(slices.DeleteFunc([]string{w.Finding, w.Package, w.Path, w.Asset}, func(s string) bool { return s == "" }), ", ")},
		{"reason", w.Reason}, {"ticket", w.Ticket}, {"asked for by", w.Requester}, {"approved by", w.Approver}, {"how", w.How}, {"why", w.Why},
		{"created", w.Created}, {"expires", w.Expires}, {"holds for", number(w.Cases, "case", "cases")}} {
		if f.value != "" {
			t.line(f.name, "%s", f.value)
		}
	}
	if !w.Verified {
		t.line("proven", "no: nobody is proven to have approved it")
	}
}

// around tells of the run.
func (t *shownText) around() {
	r := t.Run
	where := slices.DeleteFunc([]string{r.Repository, r.Branch, string(r.Event)}, func(s string) bool { return s == "" })
	t.line("decided", "%s%s", t.Record.At.UTC().Format(time.RFC3339), strings.TrimRight(" · "+strings.Join(where, " · "), " ·"))
	if r.CI != nil {
		by := ""
		if r.CI.Actor != "" {
			by = ", started by " + r.CI.Actor
		}
		t.line("CI run", "%s%s", r.CI.Run, by)
	}
	if r.Policy != "" {
		t.line("policy", "%s", r.Policy)
	}
	if d := t.Record.Decision; d != nil {
		t.line("input", "%s", d.Input)
	}
	head := "weakened"
	for _, w := range r.Weakened {
		t.line(head, "%s", w)
		head = ""
	}
	t.line("record", "%s, one of %d", shortID(t.ID), r.Tree.Size)
}

// history tells what was before.
func (t *shownText) history() {
	head := "before"
	for _, b := range t.Before {
		what := string(b.Record.Kind)
		if d := b.Record.Decision; d != nil {
			what = fmt.Sprintf("%s, %s", d.Priority, d.Action)
		}
		if w := b.Record.Waiver; w != nil {
			what = w.State
		}
		t.line(head, "%s: %s (%s)", b.Record.At.UTC().Format("2006-01-02 15:04"), what, shortID(b.ID))
		head = ""
	}
	if t.Gap != "" {
		t.line(head, "%s", t.Gap)
	}
}

// sentence says what was shown, and what was not.
func (t *shownText) sentence() string {
	how := ""
	switch t.Replay {
	case "":
	case evidence.ReplayIdentical:
		how = "Decided again just now, it came out identical."
	case evidence.ReplayErased:
		how = "It cannot be decided again, since its input was erased; that it was decided so stays proven."
	case evidence.ReplayDiffers:
		how = "Decided again just now, it DIFFERS: headgate evidence replay shows how."
	default:
		how = "It could not be decided again: " + t.Replay + "."
	}
	if t.Why != "" {
		how += " (" + t.Why + ")"
	}
	return strings.TrimSpace(how + " That nobody changed the record is what evidence verify shows, or the receipt of it.")
}
