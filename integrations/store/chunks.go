package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"sync"

	"github.com/headgate/headgate/engine/evidence"
)

// linesOf is how many bytes of whole lines make a chunk of a part that has one element a line; 0: it is none.
func linesOf(name string) int {
	switch name {
	case evidence.PartInputs:
		return chunkOfInputs
	case evidence.PartRecords, evidence.PartAnswers, evidence.PartSummaries:
		return chunkOfList
	}
	return 0
}

// chunksOf takes a part apart, a list into chunks of whole lines with so many bytes. An empty part has one chunk, which is empty: so it can
// be told from one that is absent. Whoever has done with a chunk of a list may free it.
func chunksOf(r io.Reader, lines int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for n := 0; ; n++ {
			chunk, err := nextChunk(in, lines)
			last := errors.Is(err, io.EOF)
			if err != nil && !last {
				yield(nil, err)
				return
			}
			if len(chunk) > 0 || n == 0 {
				if !yield(chunk, nil) {
					return
				}
			}
			if last {
				return
			}
		}
	}
}

// nextChunk reads one chunk; with the last one comes io.EOF.
func nextChunk(in *bufio.Reader, lines int) (chunk []byte, err error) {
	if lines == 0 {
		chunk, err = io.ReadAll(io.LimitReader(in, chunkOfBytes))
		if err == nil && len(chunk) < chunkOfBytes {
			err = io.EOF
		}
		return chunk, err
	}
	chunk = newChunk()
	for err == nil && len(chunk) < lines {
		chunk, err = appendLine(chunk, in)
	}
	return chunk, err
}

// appendLine reads one line with its line feed, and no more than a line can be, to the end of a chunk.
func appendLine(chunk []byte, in *bufio.Reader) ([]byte, error) {
	before := len(chunk)
	for {
		some, err := in.ReadSlice('\n')
		chunk = append(chunk, some...)
		if len(chunk)-before > mostLine {
			return nil, fmt.Errorf("a line is longer than %d bytes", mostLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return chunk, err
		}
	}
}

// chunkBuffers are where chunks of lists lie until they are packed.
var chunkBuffers = sync.Pool{New: func() any { return new(make([]byte, 0, chunkOfInputs+8<<10)) }}

// newChunk is an empty chunk with room.
func newChunk() []byte { return (*chunkBuffers.Get().(*[]byte))[:0] }

// free gives back a chunk of a list, which nobody may use from then on.
func free(chunk []byte) { chunkBuffers.Put(&chunk) }
