package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine/evidence"
)

func newEvidenceReceiptCommand(a *app) *cobra.Command {
	var file, where string
	c := &cobra.Command{
		Use:   "receipt BUNDLE|LEDGER ID [-o FILE]",
		Short: "Make the receipt of one decision: a small file that proves it by itself",
		Long: `A receipt is one JSON file that anyone can check with evidence verify and the public key, without anything else: the record of the
decision, the proof that it is in the run, what the run states and who signed it, and, from a ledger, the proof that the run is in its log.

ID is the id of a record (run/number, where the start of the run's digest will do), in a bundle its number alone, or the id or name of a finding, with @ASSET behind it where several
assets have it. In a ledger the latest decision is meant.`,
		Example: `  headgate evidence receipt evidence/ CVE-2021-44228@checkout -o receipt.json
  headgate evidence receipt ledger.db CVE-2021-44228@checkout -o receipt.json
  headgate evidence verify receipt.json --key evidence.key.pub`,
		Args: cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			text, err := a.receipt(c.Context(), args[0], args[1], where)
			if err != nil {
				return err
			}
			if file == "" {
				_, err := a.stdout.Write(text)
				return err
			}
			if err := writeTo(file, func(f *os.File) error { _, err := f.Write(text); return err }); err != nil {
				return undecided(fmt.Errorf("write %s: %w", file, plain(err)), "")
			}
			return nil
		},
	}
	c.Flags().StringVarP(&file, "output", "o", "", "the `file` to write (default: standard output)")
	c.Flags().StringVar(&where, "ledger", "", "of a bundle: "+ledgerForms+", or git:REF, that the run was appended to and that is to prove it")
	return c
}

// receipt makes the receipt of a record, of a bundle or ledger.
func (a *app) receipt(ctx context.Context, from, id, where string) ([]byte, error) {
	var run evidence.Run
	if isLedger(from) {
		if where != "" {
			return nil, setup(errors.New("--ledger is of a bundle, and a ledger is given"), "")
		}
		where = from
	} else {
		b, done, err := openBundle(from)
		if err != nil {
			return nil, err
		}
		defer done()
		run = b
	}
	var log ledgerReader
	if where != "" {
		var err error
		if log, err = a.ledgerToRead(ctx, where); err != nil {
			return nil, err
		}
		defer log.Close()
	}
	r, err := a.receiptOf(ctx, run, log, id)
	if err != nil {
		if f := (*failure)(nil); errors.As(err, &f) {
			return nil, err
		}
		return nil, undecided(fmt.Errorf("receipt of %s: %w", id, err), "")
	}
	return r.Encode()
}

// receiptOf makes the receipt of a record of a run, or, where run is nil, of the latest that a ledger has, with the proof that it is in the log
// where there is one.
func (a *app) receiptOf(ctx context.Context, run evidence.Run, log ledgerReader, id string) (*evidence.Receipt, error) {
	var r *evidence.Receipt
	if run != nil {
		index, err := findRecord(ctx, run, id)
		if err != nil {
			return nil, err
		}
		if r, err = evidence.MakeReceipt(ctx, run, index); err != nil || log == nil {
			return r, err
		}
	}
	named, _, _ := strings.Cut(id, "/")
	head, err := log.Head(ctx)
	if err != nil {
		return nil, err
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return nil, err
	}
	for at := c.Size - 1; at >= 0; at-- {
		leaf, err := log.Leaf(ctx, at)
		if err != nil {
			return nil, err
		}
		digest, err := evidence.ParseLeaf(leaf)
		if err != nil {
			return nil, err
		}
		switch {
		case r != nil && !strings.HasPrefix(r.ID, digest+"/"), isRunName(named) && !strings.HasPrefix(digest, named):
			continue
		case r == nil:
			kept, err := log.Run(ctx, digest)
			if err != nil {
				return nil, err
			}
			index, err := findRecord(ctx, kept, id)
			if errors.Is(err, errNoRecord) {
				continue
			} else if err != nil {
				return nil, err
			}
			if r, err = evidence.MakeReceipt(ctx, kept, index); err != nil {
				return nil, err
			}
		}
		return r, r.InLog(ctx, log, at)
	}
	if r != nil {
		return nil, errors.New("its run is not in the log of the ledger: headgate evidence append puts it there")
	}
	return nil, errNoRecord
}

// errNoRecord means that an id names no decision.
var errNoRecord = errors.New("there is no such decision")

// openBundle opens a folder of evidence. No link leads out of it.
func openBundle(folder string) (*evidence.Bundle, func(), error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, nil, undecided(fmt.Errorf("%s: %w", folder, plain(err)), "")
	}
	b, err := evidence.OpenBundle(root.FS())
	if err != nil {
		root.Close()
		return nil, nil, undecided(fmt.Errorf("%s: %w", folder, err), "headgate gate --evidence makes a bundle")
	}
	return b, func() { root.Close() }, nil
}

// findRecord finds the record that an id means; it is an error if it means none or several.
func findRecord(ctx context.Context, run evidence.Run, id string) (int64, error) {
	if digest, number, ok := strings.Cut(id, "/"); ok && strings.HasPrefix(digest, "sha256:") {
		data, err := evidence.Document(ctx, run, evidence.PartStatement)
		if err != nil {
			return 0, err
		}
		if e, err := evidence.OpenEnvelope(data, nil); err != nil || !isRunName(digest) || !strings.HasPrefix(evidence.Digest(e.Payload), digest) {
			return 0, fmt.Errorf("the bundle is of another run than %s", digest)
		}
		id = number
	}
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return n, nil
	}
	name, asset, onAsset := strings.Cut(id, "@")
	var found []*evidence.Record
	for line, err := range evidence.Lines(ctx, run, evidence.PartRecords) {
		if err != nil {
			return 0, err
		}
		if !bytes.Contains(line, []byte(`"`+name+`"`)) {
			continue
		}
		r, err := evidence.ParseRecord(line)
		if err != nil {
			return 0, err
		}
		if r.Decision != nil && r.Decision.Finding.Called(name) && (!onAsset || r.Decision.Asset.ID == asset) {
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return 0, errNoRecord
	case 1:
		return found[0].Index, nil
	}
	return 0, undecided(fmt.Errorf("%d decisions are of %s", len(found), id),
		fmt.Sprintf("say which one: by its asset, %s@%s, or by its number, %d", name, found[0].Decision.Asset.ID, found[0].Index))
}
