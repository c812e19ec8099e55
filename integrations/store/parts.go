package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/headgate/headgate/engine/evidence"
)

// A namedChunk is one that is kept.
type namedChunk struct {
	part   string
	number int
	digest [sha256.Size]byte
	lines  int // of a list: how many it has
}

var (
	blobColumns = []string{"digest", "size", "zstd"}
	partColumns = []string{"run", "name", "chunk", "digest", "lines"}
)

// keepDocuments keeps the parts that are no lists, as content that is named by digest.
func (in *incoming) keepDocuments(ctx context.Context, t transaction, leaf int64) error {
	var all []namedChunk
	for _, name := range evidence.Parts {
		if linesOf(name) != 0 {
			continue
		}
		digests, err := keepDocument(ctx, t, in.chunks(ctx, name))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for i, d := range digests {
			all = append(all, namedChunk{part: name, number: i, digest: d})
		}
	}
	return nameChunks(ctx, t, leaf, all)
}

// keepDocument keeps the chunks of what is no list.
func keepDocument(ctx context.Context, t transaction, chunks iter.Seq2[[]byte, error]) (digests [][sha256.Size]byte, err error) {
	for chunk, err := range chunks {
		if err != nil {
			return nil, err
		}
		digest, err := keepContent(ctx, t, chunk)
		if err != nil {
			return nil, err
		}
		digests = append(digests, digest)
	}
	return digests, nil
}

// chunks are those of a part. A part that the run does not have has none.
func (in *incoming) chunks(ctx context.Context, name string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, err := in.run.Part(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.Close()
		chunksOf(r, linesOf(name))(yield)
	}
}

// lists are the packed chunks of the parts that are lists, but for the records, which are kept by themselves.
func (in *incoming) lists(ctx context.Context) iter.Seq2[*packedChunk, error] {
	return func(yield func(*packedChunk, error) bool) {
		for _, name := range evidence.Parts {
			if linesOf(name) == 0 || name == evidence.PartRecords {
				continue
			}
			number := 0
			for c, err := range packedChunks(in.chunks(ctx, name)) {
				if err != nil {
					yield(nil, fmt.Errorf("%s: %w", name, err))
					return
				}
				c.part, c.number = name, number
				if !yield(c, nil) {
					return
				}
				number++
			}
		}
	}
}

// The chunks of lists are packed ahead of whoever writes them, in batches of so many bytes, and no more than so many of these.
const (
	packedAtOnce = 1 << 20
	packedMost   = 24
)

// beginLists packs the lists while something else is written.
func (in *incoming) beginLists(ctx context.Context) *begun[*packedChunk] {
	return begin(in.lists(ctx), packedMost, packedAtOnce, func(c *packedChunk) int { return len(c.packed) })
}

// keepLists keeps what beginLists packs.
func keepLists(ctx context.Context, t transaction, leaf int64, lists *begun[*packedChunk]) error {
	var all []namedChunk
	rows := func(yield func([]any, error) bool) {
		for c, err := range lists.each {
			if err != nil {
				yield(nil, err)
				return
			}
			all = append(all, c.namedChunk)
			if !yield([]any{c.digest[:], c.size, c.packed}, nil) {
				return
			}
		}
	}
	if err := t.insert(ctx, "blob", blobColumns, rows, skipping); err != nil {
		return err
	}
	return nameChunks(ctx, t, leaf, all)
}

// nameChunks says which content a run is made of.
func nameChunks(ctx context.Context, t transaction, leaf int64, all []namedChunk) error {
	return t.insert(ctx, "part", partColumns, func(yield func([]any, error) bool) {
		for _, c := range all {
			if !yield([]any{leaf, c.part, c.number, c.digest[:], c.lines}, nil) {
				return
			}
		}
	}, plainly)
}
