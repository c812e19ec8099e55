//go:build unix

package store

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/evidence"
)

func TestContentIsKeptOnceAndGivenBackByItsDigest(t *testing.T) {
	onEach(t, func(t *testing.T, _ string, l *Ledger) {
		ctx := t.Context()
		noise := make([]byte, 3<<20) // as compressed threat data: nothing makes it smaller
		for i := range noise {
			noise[i] = byte(rand.IntN(256))
		}
		digest := evidence.Digest(noise)
		if kept, err := l.Keeps(ctx, digest); err != nil || kept {
			t.Fatalf("%v, %v", kept, err)
		}
		if _, err := l.Content(ctx, digest); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v", err)
		}
		for range 2 {
			if err := l.Keep(ctx, noise); err != nil {
				t.Fatal(err)
			}
		}
		before, err := l.Stats(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if size := before.Content; size < 3<<20 || size > 4<<20 {
			t.Errorf("it takes %d bytes", size)
		}
		if got, err := l.Content(ctx, digest); err != nil || !bytes.Equal(got, noise) {
			t.Errorf("%d bytes, %v", len(got), err)
		}
		sound(t, l) // content that no run names is nothing wrong
		for _, bad := range []string{"", "sha256:", "sha256:00", "md5:" + strings.Repeat("0", 64), "sha256:" + strings.Repeat("g", 64)} {
			if _, err := l.Content(ctx, bad); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		if err := l.Keep(ctx, make([]byte, MostContent+1)); err == nil {
			t.Error("a content without bounds is kept")
		}
	})
}
