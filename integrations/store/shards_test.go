//go:build unix

package store

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/headgate/headgate/integrations/store/pgtest"
)

func TestWhatASweepSharesIsReadBackWholeAndForgotten(t *testing.T) {
	onEach(t, func(t *testing.T, _ string, l *Ledger) {
		ctx := t.Context()
		data := bytes.Repeat([]byte("what decides "), chunkOfBytes/6) // of three chunks
		epoch, err := l.ShareSweep(ctx, data, [][]byte{[]byte("one"), []byte("two")})
		if err != nil || !strings.HasPrefix(epoch, "sha256:") {
			t.Fatal(epoch, err)
		}
		if back, err := l.SharedSweep(ctx, epoch); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%d bytes come back as %d: %v", len(data), len(back), err)
		}
		if work, err := l.ShardWork(ctx, epoch, 1); err != nil || string(work) != "two" {
			t.Errorf("the second shard is %q: %v", work, err)
		}
		if err := l.ForgetSweeps(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := l.SharedSweep(ctx, epoch); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what was forgotten gives %v", err)
		}
		if _, err := l.ShardWork(ctx, epoch, 1); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a shard that was forgotten gives %v", err)
		}
		if s, err := l.Stats(ctx); err != nil || s.Content != 0 {
			t.Errorf("%d bytes are left: %v", s.Content, err)
		}
	})
}

func TestWhatCameOfAShardIsKeptOnceAndMustBeTheSame(t *testing.T) {
	where := pgtest.Start(t).Database(t)
	l, ctx := opening(t, where), t.Context()
	pool, err := Connect(ctx, where, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	epoch, err := l.ShareSweep(ctx, []byte("data"), [][]byte{[]byte("work")})
	if err != nil {
		t.Fatal(err)
	}
	keep := func(shard int, outcome string) error {
		return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return KeepShard(ctx, tx, epoch, shard, []byte(outcome)) })
	}
	if _, err := l.ShardOutcome(ctx, epoch, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a shard that nobody has done gives %v", err)
	}
	for range 2 {
		if err := keep(0, "one"); err != nil {
			t.Fatal(err)
		}
	}
	if keep(0, "other") == nil {
		t.Error("a shard may come to something else the second time")
	}
	if keep(1, "one") == nil {
		t.Error("a shard that is not there is kept")
	}
	if outcome, err := l.ShardOutcome(ctx, epoch, 0); err != nil || string(outcome) != "one" {
		t.Errorf("%q: %v", outcome, err)
	}
}
