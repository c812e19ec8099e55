package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
)

// sampleFlags are what evidence sample is told.
type sampleFlags struct {
	within                       stretchFlags
	size                         int
	seed, kind, output, receipts string
}

func newEvidenceSampleCommand(a *app) *cobra.Command {
	var f sampleFlags
	c := &cobra.Command{
		Use:   "sample BUNDLE|LEDGER",
		Short: "Draw a sample of decisions that anyone can draw again, each decided again",
		Long: `Draws records out of a population, decides each again, and with --receipts writes the proof of each. The population is counted first, as
evidence population does, so that what is drawn is drawn from all.

The draw can be made again by anyone, with any tool: of each record, the lot is the SHA-256 of the text "SEED ID" (one space between, nothing
behind) in hexadecimal digits; the records with the lowest lots are drawn, lowest first. The ids are the first column of evidence population
-o csv. Without --seed the seed is the root of the log's checkpoint (of a bundle, of its records), which nobody can choose freely; an auditor
who draws should choose one.

Exit status: 0 all that were drawn are identical when decided again, 1 some differ, 2 a flag does not load, 3 some could not be decided
again, or the population is not whole.`,
		Example: `  headgate evidence sample ledger.db -n 25 --seed 'audit 2026 Q3'
  headgate evidence sample ledger.db -n 25 --from 2026-07-01 --to 2026-09-30 --receipts receipts/
  headgate evidence sample ledger.db -n 5 --kind waiver`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(f.output, "text", "json"); err != nil {
				return err
			}
			if f.size < 1 || f.size > 1_000_000 {
				return setup(fmt.Errorf("-n %d: a sample has from 1 to 1000000 records", f.size), "")
			}
			if !slices.ContainsFunc(kindNames, func(k struct {
				kind      evidence.Kind
				one, many string
			}) bool {
				return string(k.kind) == f.kind
			}) {
				return setup(fmt.Errorf("--kind %q is no kind of record", f.kind), "it can be decision, waiver, effect, policy, closure, reopen")
			}
			return a.sample(c.Context(), args[0], &f)
		},
	}
	f.within.add(c)
	c.Flags().IntVarP(&f.size, "size", "n", 25, "`how many` are drawn")
	c.Flags().StringVar(&f.seed, "seed", "", "the `text` that decides what is drawn (default: the root of the checkpoint)")
	c.Flags().StringVar(&f.kind, "kind", "decision", "the `kind` of records: decision, waiver, effect, policy, closure or reopen")
	c.Flags().StringVar(&f.receipts, "receipts", "", "`folder` that gets the receipt of each, which proves it by itself")
	c.Flags().StringVarP(&f.output, "output", "o", "text", "`format`: text or json")
	return c
}

// A sampled is a sample as it is shown.
type sampled struct {
	Schema  string           `json:"schema"`
	Of      string           `json:"of"`
	Kind    string           `json:"kind"`
	From    int64            `json:"population"` // how many records it was drawn from
	Stretch evidence.Stretch `json:"stretch"`
	Log     any              `json:"log,omitempty"`
	Seed    string           `json:"seed"`
	Given   bool             `json:"seed_given"`
	Items   []sampledItem    `json:"sample"`
}

// A sampledItem is one record that was drawn.
type sampledItem struct {
	Number  int              `json:"number"` // in the order of the draw, from 1
	Lot     string           `json:"lot"`
	ID      string           `json:"id"`
	Replay  string           `json:"replay,omitempty"` // what came of deciding it again; absent: it is no decision
	Receipt string           `json:"receipt,omitempty"`
	Record  *evidence.Record `json:"record"`
}

// sample draws, decides again and shows.
func (a *app) sample(ctx context.Context, name string, f *sampleFlags) error {
	within, err := f.within.stretch()
	if err != nil {
		return err
	}
	from, done, err := a.openEvidence(ctx, name)
	if err != nil {
		return err
	}
	defer done()
	seed, err := from.seed(ctx, f.seed)
	if err != nil {
		return unread(name, err)
	}
	draw := &evidence.Sample{Seed: seed, Size: f.size}
	p, err := from.count(ctx, within, func(run *evidence.RunEntry, line *evidence.Line) error {
		if string(line.Kind) == f.kind {
			draw.Offer(run.Run, line.Record)
		}
		return nil
	})
	if err != nil {
		return unread(name, err)
	}
	s := sampled{Schema: evidence.SampleSchema, Of: p.Of, Kind: f.kind, From: p.Kinds[evidence.Kind(f.kind)], Stretch: p.Stretch, Seed: seed, Given: f.seed != "",
		Items: []sampledItem{}}
	if p.Log != nil {
		s.Log = p.Log
	}
	for i, d := range draw.Drawn() {
		s.Items = append(s.Items, sampledItem{Number: i + 1, Lot: d.Lot, ID: d.ID, Record: d.Record})
	}
	all, err := a.replaySample(ctx, from, draw.Drawn(), s.Items)
	if err == nil && f.receipts != "" {
		err = a.writeReceipts(ctx, from, f.receipts, s.Items)
	}
	if err != nil {
		return unread(name, err)
	}
	if f.output == "json" {
		e := json.NewEncoder(a.stdout)
		e.SetIndent("", "  ")
		err = e.Encode(s)
	} else {
		out := &sampleText{a.paper(), &s}
		out.write(name, &all)
		err = out.to(a.stdout)
	}
	return cmp.Or(err, all.failure())
}

// seed is the given one, or the root of what it is drawn from.
func (s *evidenceSource) seed(ctx context.Context, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if s.bundle != nil {
		return evidence.RootOf(ctx, s.bundle)
	}
	head, err := s.log.Head(ctx)
	if err != nil {
		return "", err
	}
	if head == nil {
		return "", errors.New("the log is empty")
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("sha256:%x", c.Root[:]), nil
}

// replaySample decides what was drawn again, run by run.
func (a *app) replaySample(ctx context.Context, from *evidenceSource, drawn []evidence.Drawn, items []sampledItem) (all replays, err error) {
	all = newReplays()
	with := a.replayer()
	of := map[string]map[int64]bool{}
	for _, d := range drawn {
		if d.Decision == nil {
			continue
		}
		if of[d.Run] == nil {
			of[d.Run] = map[int64]bool{}
		}
		of[d.Run][d.Index] = true
	}
	done := map[string]*evidence.Replay{}
	for i, d := range drawn {
		if d.Decision == nil {
			continue
		}
		if done[d.Run] == nil {
			run, err := from.run(ctx, d.Run)
			if err != nil {
				return all, err
			}
			if done[d.Run], err = with.Replay(ctx, run, of[d.Run]); err != nil {
				return all, fmt.Errorf("run %s: %w", d.Run, err)
			}
			all.add(done[d.Run])
		}
		items[i].Replay = done[d.Run].States[d.Index]
	}
	return all, nil
}

// writeReceipts writes the receipt of each record that was drawn.
func (a *app) writeReceipts(ctx context.Context, from *evidenceSource, folder string, items []sampledItem) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return plain(err)
	}
	var run evidence.Run
	if from.bundle != nil {
		run = from.bundle
	}
	for i := range items {
		r, err := a.receiptOf(ctx, run, from.log, items[i].ID)
		if err != nil {
			return err
		}
		text, err := r.Encode()
		if err != nil {
			return err
		}
		file := filepath.Join(folder, fmt.Sprintf("%03d.json", items[i].Number))
		if err := writeTo(file, func(to *os.File) error { _, err := to.Write(text); return err }); err != nil {
			return fmt.Errorf("write %s: %w", file, plain(err))
		}
		items[i].Receipt = filepath.ToSlash(file)
	}
	return nil
}

// A sampleText tells of a sample.
type sampleText struct {
	*paper
	*sampled
}

func (t *sampleText) write(name string, all *replays) {
	t.para(0, "%d of %d %s of the %s %s", len(t.Items), t.From, kindName(t.Kind, int(t.From)), t.Of, name)
	given := "given"
	if !t.Given {
		given = "the root of the checkpoint"
		if t.Of == "bundle" {
			given = "the root of the records"
		}
	}
	t.para(0, "seed %s (%s)", t.Seed, given)
	t.WriteString("\n")
	for i := range t.Items {
		t.item(&t.Items[i])
	}
	if len(t.Items) > 0 {
		t.WriteString("\n")
	}
	t.para(0, "drawn from all: the population is whole, and the %s with the lowest SHA-256 of \"SEED ID\" are the sample; anyone who has the seed and the ids comes to the same.",
		kindName(t.Kind, 2))
	if all.Decisions > 0 {
		t.para(0, "%s", all.sentence())
	}
	for _, one := range all.Runs {
		if one.Other != "" {
			t.para(0, "another engine: %s", one.Other)
			break
		}
	}
}

func kindName(kind string, n int) string {
	for _, k := range kindNames {
		if string(k.kind) == kind && n == 1 {
			return k.one
		} else if string(k.kind) == kind {
			return k.many
		}
	}
	return kind
}

func (t *sampleText) item(i *sampledItem) {
	said := []string{i.Record.At.UTC().Format(time.DateOnly)}
	what, on := "", ""
	switch {
	case i.Record.Decision != nil:
		d := i.Record.Decision
		what, on = cmp.Or(d.Finding.Name, d.Finding.ID), d.Asset.ID
		said = append(said, string(d.Priority), string(d.Action))
	case i.Record.Waiver != nil:
		w := i.Record.Waiver
		what = w.ID
		said = append(said, w.State, cmp.Or(w.Approver, "nobody")+" approved")
	case i.Record.Effect != nil:
		what, said = cmp.Or(i.Record.Effect.Ref, i.Record.Effect.Key), append(said, i.Record.Effect.Kind, i.Record.Effect.Did)
	case i.Record.Policy != nil:
		what = i.Record.Policy.Is
	case i.Record.Case != nil:
		what, on = i.Record.Case.Finding, i.Record.Case.Asset
	case i.Record.Epoch != nil:
		what, said = fmt.Sprintf("sweep %d", i.Record.Epoch.Number), append(said, i.Record.Epoch.State.Root)
	}
	if on != "" {
		what += " on " + on
	}
	if i.Replay != "" {
		said = append(said, "replay: "+i.Replay)
	}
	t.field(0, 5, fmt.Sprintf("%3d", i.Number), "%s · %s", what, strings.Join(said, " · "))
	t.field(0, 5, "", "%s%s", shortID(i.ID), withReceipt(i.Receipt))
}

func withReceipt(file string) string {
	if file == "" {
		return ""
	}
	return " · " + file
}
