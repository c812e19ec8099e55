package store

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"

	"github.com/headgate/headgate/engine/evidence"
)

// ShareSweep keeps a sweep that several processes share: what all of them decide with, and of each shard what is to be done. The epoch is the
// digest of the former.
func (l *Ledger) ShareSweep(ctx context.Context, data []byte, shards [][]byte) (epoch string, err error) {
	epoch = evidence.Digest(data)
	err = l.db.update(ctx, func(t transaction) error {
		digests, err := keepDocument(ctx, t, chunksOf(bytes.NewReader(data), 0))
		if err != nil {
			return err
		}
		err = t.insert(ctx, "sweep", []string{"epoch", "chunk", "digest"}, func(yield func([]any, error) bool) {
			for i, d := range digests {
				if !yield([]any{epoch, i, d[:]}, nil) {
					return
				}
			}
		}, plainly)
		if err != nil {
			return err
		}
		return t.insert(ctx, "sweep_shard", []string{"epoch", "number", "work"}, func(yield func([]any, error) bool) {
			for i, work := range shards {
				if !yield([]any{epoch, i, work}, nil) {
					return
				}
			}
		}, plainly)
	})
	return epoch, err
}

// SharedSweep is what all processes of a sweep decide with. The error wraps fs.ErrNotExist if the sweep is over.
func (l *Ledger) SharedSweep(ctx context.Context, epoch string) (data []byte, err error) {
	err = l.db.view(ctx, func(t transaction) error {
		var chunks [][]byte
		err := t.each(ctx, "SELECT digest FROM sweep WHERE epoch = $1 ORDER BY chunk", []any{epoch}, func(scan func(...any) error) error {
			var digest []byte
			err := scan(&digest)
			chunks = append(chunks, digest)
			return err
		})
		if err == nil && len(chunks) == 0 {
			err = fmt.Errorf("the sweep is over: %w", fs.ErrNotExist)
		}
		for _, digest := range chunks {
			var some []byte
			if err == nil {
				some, err = contentOf(ctx, t, digest)
			}
			data = append(data, some...)
		}
		return err
	})
	if err == nil && evidence.Digest(data) != epoch {
		err = &evidence.Damage{File: "what a sweep decides with", What: "was edited"}
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// ShardWork is what is to be done of a shard. The error wraps fs.ErrNotExist if the sweep is over.
func (l *Ledger) ShardWork(ctx context.Context, epoch string, shard int) ([]byte, error) {
	return l.ofShard(ctx, epoch, shard, "work")
}

// ShardOutcome is what came of a shard. The error wraps fs.ErrNotExist if nobody has done it yet.
func (l *Ledger) ShardOutcome(ctx context.Context, epoch string, shard int) ([]byte, error) {
	return l.ofShard(ctx, epoch, shard, "outcome")
}

func (l *Ledger) ofShard(ctx context.Context, epoch string, shard int, column string) (content []byte, err error) {
	err = l.db.view(ctx, func(t transaction) error {
		_, err := one(ctx, t, "SELECT "+column+" FROM sweep_shard WHERE epoch = $1 AND number = $2", []any{epoch, shard}, &content)
		return err
	})
	if err == nil && content == nil {
		err = fmt.Errorf("the %s of shard %d is missing: %w", column, shard, fs.ErrNotExist)
	}
	return content, err
}

// KeepShard keeps what came of a shard, within a transaction of Connect's. Where somebody has done the same shard already it must be the
// same: what comes out one way or the other is nothing to rely on.
func KeepShard(ctx context.Context, tx pgx.Tx, epoch string, shard int, outcome []byte) error {
	done, err := tx.Exec(ctx, "UPDATE sweep_shard SET outcome = $3 WHERE epoch = $1 AND number = $2 AND (outcome IS NULL OR outcome = $3)", epoch, shard, outcome)
	if err == nil && done.RowsAffected() != 1 {
		err = fmt.Errorf("the sweep is over, or shard %d came to something else before", shard)
	}
	return err
}

// ForgetSweeps takes away what sweeps share. Only whoever alone may run a sweep may call it: see LockSweep.
func (l *Ledger) ForgetSweeps(ctx context.Context) error {
	return l.db.update(ctx, func(t transaction) error {
		var chunks [][]byte
		err := t.each(ctx, "SELECT DISTINCT digest FROM sweep", nil, func(scan func(...any) error) error {
			var digest []byte
			err := scan(&digest)
			chunks = append(chunks, digest)
			return err
		})
		for _, table := range []string{"sweep_shard", "sweep"} {
			if err == nil {
				err = t.exec(ctx, "DELETE FROM "+table)
			}
		}
		for _, digest := range chunks {
			if err == nil { // unless a run has the same content
				err = t.exec(ctx, "DELETE FROM blob WHERE digest = $1 AND NOT EXISTS (SELECT 1 FROM part WHERE part.digest = blob.digest)", digest)
			}
		}
		return err
	})
}
