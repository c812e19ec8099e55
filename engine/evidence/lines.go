package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"sync"
)

// mostDocument bounds a part that is one document, in bytes.
const mostDocument = 256 << 20

// mostOf bounds a part in bytes: only what a policy and a result have in them can be large.
func mostOf(name string) int {
	switch name {
	case PartStatement:
		return mostEnvelope
	case PartTerms:
		return mostTerms
	}
	return mostDocument
}

// mostTerms bounds the terms, in bytes: they have a few hundred for each report.
const mostTerms = 64 << 20

// Document reads a whole part.
func Document(ctx context.Context, run Run, name string) ([]byte, error) {
	r, err := run.Part(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	most := mostOf(name)
	data, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err == nil && len(data) > most {
		err = &Damage{name, "is larger than it can be"}
	}
	return data, err
}

// Lines reads the lines of a part, without their line feeds. A line holds only until the next one is asked for. A part that is not there has
// none.
func Lines(ctx context.Context, run Run, name string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var spare sync.Pool
		for b := range blocks(ctx, run, name, &spare) {
			for line := range b.each() {
				if !yield(line, nil) {
					return
				}
			}
			if b.err != nil {
				yield(nil, b.err)
				return
			}
			b.done(&spare)
		}
	}
}

var lineFeed = []byte{'\n'}

// A block is some whole lines of a part, and why there are no more.
type block struct {
	lines []byte // each with its line feed
	err   error
}

// blockSize is how many bytes are read at a time, if no line is longer: those of some hundred lines, which one core works on.
const blockSize = 256 << 10

// each are the lines without their line feeds.
func (b *block) each() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for rest := b.lines; len(rest) > 0; {
			end := bytes.IndexByte(rest, '\n')
			if !yield(rest[:end:end]) {
				return
			}
			rest = rest[end+1:]
		}
	}
}

// done lets the room that the lines have be used again: nobody may hold one of them.
func (b *block) done(spare *sync.Pool) {
	if cap(b.lines) == blockSize {
		spare.Put(&b.lines)
	}
}

// blocks reads a part block by block, into spare room where there is some. A part that is not there has none.
func blocks(ctx context.Context, run Run, name string, spare *sync.Pool) iter.Seq[block] {
	return func(yield func(block) bool) {
		r, err := run.Part(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(block{err: err})
			return
		}
		defer r.Close()
		most := mostLine
		if name == PartRecords {
			most = MostRecord
		}
		tooLong := &Damage{name, fmt.Sprintf("has a line of more than %d bytes", most)}
		var rest []byte // of a line that is not whole
		for {
			if err := ctx.Err(); err != nil {
				yield(block{err: err})
				return
			}
			b, err := readBlock(r, rest, spare)
			end := bytes.LastIndexByte(b, '\n') + 1
			rest = append([]byte(nil), b[end:]...)
			b = b[:end]
			switch first := bytes.IndexByte(b, '\n'); { // only the first line of a block can be longer than one
			case first > most:
				yield(block{err: tooLong})
				return
			case len(rest) > most:
				yield(block{b, tooLong})
				return
			case err == io.EOF && len(rest) > 0:
				yield(block{b, &Damage{name, "ends within a line: it was cut"}})
				return
			case err == io.EOF:
				yield(block{lines: b})
				return
			}
			if len(b) > 0 || err != nil {
				if !yield(block{b, err}) || err != nil {
					return
				}
			}
		}
	}
}

// readBlock reads on behind what there is of a line: up to the size of a block, or twice what there is of it.
func readBlock(r io.Reader, rest []byte, spare *sync.Pool) ([]byte, error) {
	var b []byte
	if room, ok := spare.Get().(*[]byte); ok && len(rest) <= blockSize/2 {
		b = (*room)[:0]
	} else {
		b = make([]byte, 0, max(blockSize, 2*len(rest)))
	}
	b = append(b, rest...)
	n, err := io.ReadFull(r, b[len(b):cap(b)])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return b[:len(b)+n], err
}
