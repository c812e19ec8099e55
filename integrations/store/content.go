package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
)

// MostContent is how many bytes a content that Keep takes can have at most.
const MostContent = mostLine

// Keep keeps a content beside those of runs, once however often it is given, such as the threat data that runs name by digest.
func (l *Ledger) Keep(ctx context.Context, content []byte) error {
	if len(content) > MostContent {
		return fmt.Errorf("a content of %d bytes is too long: it can have %d", len(content), MostContent)
	}
	return l.db.update(ctx, func(t transaction) error {
		_, err := keepContent(ctx, t, content)
		return err
	})
}

// keepContent keeps a content within a transaction. Runs have much in common, such as their policy: what is there already is not packed again.
func keepContent(ctx context.Context, t transaction, content []byte) (digest [sha256.Size]byte, err error) {
	digest = sha256.Sum256(content)
	var size int64
	if there, err := one(ctx, t, "SELECT size FROM blob WHERE digest = $1", []any{digest[:]}, &size); err != nil || there {
		return digest, err
	}
	row := func(yield func([]any, error) bool) { yield([]any{digest[:], len(content), pack(content)}, nil) }
	return digest, t.insert(ctx, "blob", blobColumns, row, skipping)
}

// Keeps says whether a content is kept.
func (l *Ledger) Keeps(ctx context.Context, digest string) (kept bool, err error) {
	sum, err := sumOf(digest)
	if err != nil {
		return false, err
	}
	err = l.db.view(ctx, func(t transaction) error {
		var size int64
		kept, err = one(ctx, t, "SELECT size FROM blob WHERE digest = $1", []any{sum}, &size)
		return err
	})
	return kept, err
}

// Content is the content of a digest, "sha256:…", compared with it. It is fs.ErrNotExist if it is not kept.
func (l *Ledger) Content(ctx context.Context, digest string) (content []byte, err error) {
	sum, err := sumOf(digest)
	if err != nil {
		return nil, err
	}
	err = l.db.view(ctx, func(t transaction) error {
		content, err = contentOf(ctx, t, sum)
		return err
	})
	return content, err
}

func sumOf(digest string) ([]byte, error) {
	text, ok := strings.CutPrefix(digest, "sha256:")
	sum, err := hex.DecodeString(text)
	if !ok || err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("%.80q is no digest: %w", digest, fs.ErrInvalid)
	}
	return sum, nil
}
