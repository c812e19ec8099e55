package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/integrations/store"
)

func newDBEraseCommand(a *app) *cobra.Command {
	var inputs []string
	var why string
	c := dbCommand("erase --ledger LEDGER --input DIGEST --why REASON", "Take an input out of a ledger, and leave all proofs as they are",
		`Takes inputs out of a ledger, where they have something that must not be kept: a person's name, or a secret that a scanner wrote into a
message. DIGEST is what the record of a decision names its input by. In its place it says when and why. The log, the records and all proofs
stay as they are; what was decided on it cannot be decided again. Bundles and backups elsewhere still have it.`,
		func(ctx context.Context, l *store.Ledger, where string) error {
			for _, digest := range inputs {
				if digits, ok := strings.CutPrefix(digest, "sha256:"); !ok || !isDigits(digits) {
					return setup(fmt.Errorf("--input %q is no digest", digest), "a record has it as \"input\": sha256:…")
				}
			}
			if len(inputs) == 0 || why == "" {
				return setup(errors.New("--input says what to erase, and --why for what reason"), "")
			}
			n, err := l.Erase(ctx, inputs, evidence.Erasure{At: a.now().UTC().Truncate(time.Second), Why: why})
			if err != nil {
				return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), err), hintOnCheck)
			}
			if n == 0 {
				return undecided(errors.New("no run has an input of this digest: it was erased already, or never there"), "")
			}
			fmt.Fprintf(a.stdout, "erased: %s\n", number(n, "input", "inputs"))
			return nil
		})
	c.Flags().StringArrayVar(&inputs, "input", nil, "`digest` of an input, sha256:…")
	c.Flags().StringVar(&why, "why", "", "the `reason`, which stays in the ledger")
	return c
}
