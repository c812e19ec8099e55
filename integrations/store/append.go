package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine/evidence"
)

// Bounds of what is appended, in bytes.
const (
	mostLine      = 16 << 20  // an input, an answer
	chunkOfList   = 256 << 10 // a chunk of a list ends with the line that goes beyond
	chunkOfInputs = 64 << 10  // of these, some are asked for out of many, and each costs its chunk; in smaller ones they take more room
	chunkOfBytes  = 4 << 20
)

// An incoming run is one that is read once, before anything is written, as far as it says what it is.
type incoming struct {
	run       evidence.Run
	digest    string
	statement *evidence.Statement
	terms     evidence.Terms
}

// announced reads the statement and the terms of a run.
func announced(ctx context.Context, run evidence.Run) (*incoming, error) {
	in := &incoming{run: run}
	data, err := evidence.Document(ctx, run, evidence.PartStatement)
	if err != nil {
		return nil, err
	}
	envelope, err := evidence.OpenEnvelope(data, nil)
	if err != nil {
		return nil, err
	}
	in.digest = evidence.Digest(envelope.Payload)
	if in.statement, err = evidence.ReadStatement(envelope.Payload); err != nil {
		return nil, fmt.Errorf("the statement: %w", err)
	}
	if data, err = evidence.Document(ctx, run, evidence.PartTerms); err != nil {
		return nil, err
	}
	if digest := evidence.Digest(data); digest != in.statement.Predicate.Terms {
		return nil, fmt.Errorf("the terms are not those that the statement names: %s, not %s", digest, in.statement.Predicate.Terms)
	}
	if err := json.Unmarshal(data, &in.terms); err != nil {
		return nil, fmt.Errorf("the terms: %w", err)
	}
	return in, nil
}

// ErrOfSweep means that a run is one of a sweep. Sweeps go into the log whole, with what proves them: a manifest from elsewhere would say that
// cases were looked at which nobody has looked at, and the next sweep would leave them out.
var ErrOfSweep = errors.New("it is a run of a sweep, which only the sweep itself puts into a ledger")

// Append keeps a run and puts its statement at the end of the log. A run of a sweep that is not there already is ErrOfSweep.
func (l *Ledger) Append(ctx context.Context, run evidence.Run, seal evidence.Seal) (index int64, added bool, err error) {
	in, err := announced(ctx, run)
	if err != nil {
		return 0, false, err
	}
	err = l.db.update(ctx, func(t transaction) (err error) {
		if index, added, err = in.append(ctx, t, seal); added && (in.statement.Predicate.Epoch != 0 || in.terms.Epoch != 0) {
			err = ErrOfSweep // and nothing stays
		}
		return err
	})
	if err != nil {
		return 0, false, err
	}
	return index, added, nil
}

// append keeps a run within a transaction.
func (in *incoming) append(ctx context.Context, t transaction, seal evidence.Seal) (index int64, added bool, err error) {
	if there, err := one(ctx, t, "SELECT leaf FROM run WHERE digest = $1", []any{in.digest}, &index); err != nil || there {
		return index, false, err
	}
	growth, err := evidence.Grow(ctx, within(t), evidence.Leaf(in.digest), seal)
	if err != nil {
		return 0, false, err
	}
	if err := grow(ctx, t, evidence.Leaf(in.digest), growth); err != nil {
		return 0, false, err
	}
	for _, keep := range []func(context.Context, transaction, int64) error{in.keepRun, in.keepDocuments, in.keepRecords, in.keepEpoch} {
		if err := keep(ctx, t, growth.Index); err != nil {
			return 0, false, err
		}
	}
	return growth.Index, true, nil
}

// grow adds a leaf with its hashes and the checkpoint of the new size.
func grow(ctx context.Context, t transaction, leaf []byte, g *evidence.Growth) error {
	if err := t.exec(ctx, "INSERT INTO log_leaf (idx, data) VALUES ($1, $2)", g.Index, leaf); err != nil {
		return err
	}
	for i, h := range g.Hashes {
		if err := t.exec(ctx, "INSERT INTO log_hash (idx, hash) VALUES ($1, $2)", g.First+int64(i), h[:]); err != nil {
			return err
		}
	}
	return t.exec(ctx, "INSERT INTO checkpoint (size, note) VALUES ($1, $2)", g.Index+1, g.Checkpoint)
}

func (in *incoming) keepRun(ctx context.Context, t transaction, leaf int64) error {
	p, c := &in.statement.Predicate, &in.terms.Change
	return t.exec(ctx, "INSERT INTO run (leaf, digest, decided, event, repository, branch, outcome, records, epoch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		leaf, in.digest, timeText(p.At), string(p.Event), c.Repository, c.Branch, string(p.Outcome), p.Tree.Size, in.terms.Epoch)
}

// keepRecords keeps the records, what they say of what is open, and the lists beside them, which are packed while the former are written.
func (in *incoming) keepRecords(ctx context.Context, t transaction, leaf int64) error {
	p, err := in.projection(ctx, t, leaf)
	if err != nil {
		return err
	}
	var sum evidence.Summer
	lines := func(yield func(recordLine, error) bool) {
		for line, err := range evidence.Records(ctx, in.run) {
			var finding string
			index := sum.Size()
			if err == nil {
				finding, err = p.take(line, index)
			}
			if err != nil {
				yield(recordLine{}, fmt.Errorf("record %d: %w", index, err))
				return
			}
			sum.Add(line.Hash)
			if !yield(recordLine{line.Bytes, finding == ""}, nil) {
				return
			}
		}
	}
	rows := func(yield func([]any, error) bool) {
		for pack, err := range ahead(packedRecords(ahead(lines))) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield([]any{leaf, pack.first, pack.records, pack.size, pack.body}, nil) {
				return
			}
		}
	}
	if err := t.insert(ctx, "record", recordColumns, rows, plainly); err != nil {
		return err
	}
	if have, want := sum.Tree(), in.statement.Predicate.Tree; have != want {
		return fmt.Errorf("the run has %d records with the root %s, and its statement says %d with %.80q", have.Size, have.Root, want.Size, want.Root)
	}
	lists := in.beginLists(ctx)
	defer lists.end()
	if err := p.write(ctx, t); err != nil {
		return err
	}
	return keepLists(ctx, t, leaf, lists)
}

// timeText writes a time for a column; one that is not known is empty.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
