package evidence

import (
	"context"
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

// A Line is the line of a record: its bytes, without the line feed, their hash as a leaf, and what they say.
type Line struct {
	*Record
	Bytes []byte
	Hash  tlog.Hash
}

// Records reads the records of a run whole, on all cores, in their order.
func Records(ctx context.Context, run Run) iter.Seq2[*Line, error] {
	type batch struct {
		lines []*Line
		err   error
	}
	work := func() func(chunk) batch {
		return func(c chunk) batch {
			b := batch{err: c.err}
			for _, bytes := range c.lines {
				r, err := ParseRecord(bytes)
				if err != nil { // which is the first to be said
					b.err = err
					break
				}
				b.lines = append(b.lines, &Line{r, bytes, tlog.RecordHash(bytes)})
			}
			return b
		}
	}
	return func(yield func(*Line, error) bool) {
		for b := range inOrder(chunks(Lines(ctx, run, PartRecords)), work) {
			for _, l := range b.lines {
				if !yield(l, nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
		}
	}
}
