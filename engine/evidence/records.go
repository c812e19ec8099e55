package evidence

import (
	"context"
	"iter"
	"sync"

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
	work := func() func(block) batch {
		s, sums := newRecordScanner(true), hasher{}
		return func(from block) batch {
			b := batch{err: from.err}
			for line, hash := range sums.each(from.lines, leafPrefix) {
				r, err := s.record(line)
				if err != nil { // which is the first to be said
					b.err = err
					break
				}
				b.lines = append(b.lines, &Line{r, line, hash})
			}
			return b
		}
	}
	return func(yield func(*Line, error) bool) {
		for b := range inOrder(blocks(ctx, run, PartRecords, &sync.Pool{}), work) {
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

// record reads a line whole.
func (s *recordScanner) record(line []byte) (*Record, error) {
	r := &struct {
		Record
		Decision
	}{}
	if s.read(line, &r.Record, &r.Decision, nil) {
		return &r.Record, nil
	}
	return ParseRecord(line)
}
