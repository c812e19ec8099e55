package store

import (
	"context"
	"fmt"
	"io/fs"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/evidence"
)

// A logView reads the log, each time on the state that view gives. It implements evidence.Log.
type logView struct {
	view func(context.Context, func(transaction) error) error
}

// within is the log as one transaction sees it.
func within(t transaction) logView {
	return logView{view: func(_ context.Context, do func(transaction) error) error { return do(t) }}
}

// Head is the latest checkpoint; nil if the log is empty. A log that has leaves and no checkpoint, or one of another size, was edited.
func (v logView) Head(ctx context.Context) (note []byte, err error) {
	err = v.view(ctx, func(t transaction) error {
		var size, last int64
		if _, err := one(ctx, t, "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1", nil, &size, &note); err != nil {
			return err
		}
		if _, err := one(ctx, t, "SELECT coalesce(max(idx), -1) FROM log_leaf", nil, &last); err != nil {
			return err
		}
		if last != size-1 {
			return &evidence.Damage{File: "the log", What: fmt.Sprintf("has %d leaves and its latest checkpoint is of size %d", last+1, size)}
		}
		return nil
	})
	return note, err
}

// Checkpoint is the one that was made at a size. Where there is none the error wraps fs.ErrNotExist.
func (v logView) Checkpoint(ctx context.Context, size int64) (note []byte, err error) {
	err = v.view(ctx, func(t transaction) error {
		found, err := one(ctx, t, "SELECT note FROM checkpoint WHERE size = $1", []any{size}, &note)
		if err == nil && !found {
			err = fmt.Errorf("the checkpoint of size %d is not there: %w", size, fs.ErrNotExist)
		}
		return err
	})
	return note, err
}

// Leaf is the leaf with an index.
func (v logView) Leaf(ctx context.Context, index int64) (data []byte, err error) {
	err = v.view(ctx, func(t transaction) error {
		found, err := one(ctx, t, "SELECT data FROM log_leaf WHERE idx = $1", []any{index}, &data)
		if err == nil && !found {
			err = fmt.Errorf("leaf %d is not there: %w", index, fs.ErrNotExist)
		}
		return err
	})
	return data, err
}

// Hashes are stored hashes.
func (v logView) Hashes(ctx context.Context, stored []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(stored))
	err := v.view(ctx, func(t transaction) error {
		for i, index := range stored {
			var hash []byte
			found, err := one(ctx, t, "SELECT hash FROM log_hash WHERE idx = $1", []any{index}, &hash)
			switch {
			case err != nil:
				return err
			case !found:
				return fmt.Errorf("hash %d of the log is not there: %w", index, fs.ErrNotExist)
			case len(hash) != tlog.HashSize:
				return &evidence.Damage{File: fmt.Sprintf("hash %d of the log", index), What: "is no hash"}
			}
			all[i] = tlog.Hash(hash)
		}
		return nil
	})
	return all, err
}

// Extends says whether the log has everything that a checkpoint is of, which was kept elsewhere: that it was not set back to an older copy,
// and did not go another way. An error says what is wrong.
func (l *Ledger) Extends(ctx context.Context, note []byte) error {
	older, err := evidence.ParseCheckpoint(note, nil)
	if err != nil {
		return err
	}
	head, err := l.Head(ctx)
	if err != nil {
		return err
	}
	size := int64(0)
	if head != nil {
		now, err := evidence.ParseCheckpoint(head, nil)
		if err != nil {
			return err
		}
		if size = now.Size; now.Origin != older.Origin {
			return fmt.Errorf("the log is %s, and the checkpoint is of %s", now.Origin, older.Origin)
		}
	}
	if size < older.Size {
		return fmt.Errorf("the log has %d leaves, and had %d when the checkpoint was made: it was set back to an older copy", size, older.Size)
	}
	root, err := tlog.TreeHash(older.Size, tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) { return l.Hashes(ctx, at) }))
	if err == nil && root != older.Root {
		err = fmt.Errorf("the log of %d leaves was another when the checkpoint was made: leaves were changed, or it went another way from an older copy", older.Size)
	}
	return err
}
