package store

import (
	"bytes"
	"context"
	"fmt"

	"github.com/headgate/headgate/engine/evidence"
)

// Erase takes inputs out of all runs, by the digests that records name them by: in their place it says when and why. It gives how many there
// were. The log, the records and all proofs stay as they are; what was decided on these inputs cannot be decided again. While a sweep is at
// work it is ErrSweeping: the sweep has them in hand, and would put them back. What one that was killed left for workers goes.
func (l *Ledger) Erase(ctx context.Context, digests []string, how evidence.Erasure) (n int, err error) {
	release, err := l.LockSweep(ctx, false)
	if err != nil {
		return 0, err
	}
	defer release()
	if err := l.ForgetSweeps(ctx); err != nil {
		return 0, err
	}
	type chunk struct {
		run, number int64
		digest      []byte
	}
	err = l.db.update(ctx, func(t transaction) error {
		var all []chunk
		query := "SELECT run, chunk, digest FROM part WHERE name = $1 ORDER BY run, chunk"
		err := t.each(ctx, query, []any{evidence.PartInputs}, func(scan func(...any) error) error {
			var c chunk
			err := scan(&c.run, &c.number, &c.digest)
			all = append(all, c)
			return err
		})
		if err != nil {
			return err
		}
		for _, c := range all {
			content, err := contentOf(ctx, t, c.digest)
			if err != nil {
				return err
			}
			var without bytes.Buffer
			erased, err := evidence.Erase(bytes.NewReader(content), &without, digests, how)
			if err != nil {
				return fmt.Errorf("the inputs of run %d: %w", c.run, err)
			}
			if erased == 0 {
				continue
			}
			n += erased
			if err := replaceChunk(ctx, t, c.run, c.number, c.digest, without.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, l.db.forget(ctx)
}

// replaceChunk puts other content in the place of a chunk of a run's inputs. What was there goes, unless another run has it too.
func replaceChunk(ctx context.Context, t transaction, run, number int64, was, content []byte) error {
	is, err := keepContent(ctx, t, content)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, "UPDATE part SET digest = $1 WHERE run = $2 AND name = $3 AND chunk = $4", is[:], run, evidence.PartInputs, number); err != nil {
		return err
	}
	return t.exec(ctx, "DELETE FROM blob WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM part WHERE part.digest = blob.digest)", was)
}
