package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
)

func newEvidenceEraseCommand(a *app) *cobra.Command {
	var to, why string
	c := &cobra.Command{
		Use:   "erase BUNDLE ID -o FOLDER --why TEXT",
		Short: "Write a bundle again without the input of a decision",
		Long: `Writes a bundle into another folder, without what one decision was made on: what policies saw of it, with all texts of reports. A line that
says when and why takes its place. Records, signatures and all proofs stay valid; only deciding it again is no longer possible. ID is as for
evidence receipt. The bundle itself stays until somebody removes it.`,
		Example: `  headgate evidence erase evidence/ CVE-2021-44228@checkout -o erased/ --why 'names a person; asked for in LEGAL-7'`,
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case to == "":
				return setup(errors.New("-o says into which folder"), "")
			case why == "":
				return setup(errors.New("--why says why it is erased, for whoever looks for it"), "")
			}
			return a.eraseInput(c.Context(), args[0], args[1], to, why)
		},
	}
	c.Flags().StringVarP(&to, "output", "o", "", "the `folder` to write, which must not be there yet")
	c.Flags().StringVar(&why, "why", "", "the reason, `text` that stays in the bundle")
	return c
}

// eraseInput writes a bundle again without the input of one decision.
func (a *app) eraseInput(ctx context.Context, folder, id, to, why string) error {
	b, done, err := openBundle(folder)
	if err != nil {
		return err
	}
	defer done()
	if _, err := (&evidenceFlags{folder: to}).inFolder(); err != nil {
		return err
	}
	r, err := recordOf(ctx, b, id)
	if err == nil && r.Decision == nil {
		err = errors.New("it is no decision")
	}
	if err != nil {
		if f := (*failure)(nil); errors.As(err, &f) {
			return err
		}
		return undecided(fmt.Errorf("erase %s: %w", id, err), "")
	}
	stage, err := newStageFolder(to)
	if err != nil {
		return undecided(fmt.Errorf("erase %s: %w", id, plain(err)), "")
	}
	defer os.RemoveAll(stage)
	create := func(name string) (io.WriteCloser, error) { return createSynced(filepath.Join(stage, name)) }
	n, err := b.Without(ctx, create, []string{r.Decision.Input}, evidence.Erasure{At: a.now().UTC().Truncate(time.Second), Why: why})
	if err == nil && n == 0 {
		err = errors.New("it is not there: it was erased before")
	}
	if err == nil {
		err = settleFolder(stage, to)
	}
	if err != nil {
		return undecided(fmt.Errorf("erase %s: %w", id, plain(err)), "")
	}
	fmt.Fprintf(a.stdout, "the input of record %d is not in %s, which proves the same; %s still has it\n", r.Index, printable(to), printable(folder))
	return nil
}

// recordOf is the record that an id means.
func recordOf(ctx context.Context, run evidence.Run, id string) (*evidence.Record, error) {
	index, err := findRecord(ctx, run, id)
	if err != nil {
		return nil, err
	}
	n := int64(0)
	for line, err := range evidence.Lines(ctx, run, evidence.PartRecords) {
		if err != nil {
			return nil, err
		}
		if n == index {
			return evidence.ParseRecord(line)
		}
		n++
	}
	return nil, errNoRecord
}
