package store

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"

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
// be told from one that is absent.
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
func nextChunk(in *bufio.Reader, lines int) ([]byte, error) {
	if lines == 0 {
		chunk := make([]byte, chunkOfBytes)
		n, err := io.ReadFull(in, chunk)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return chunk[:n], err
	}
	var chunk []byte
	for len(chunk) < lines {
		line, err := nextLine(in)
		chunk = append(chunk, line...)
		if err != nil {
			return chunk, err
		}
	}
	return chunk, nil
}

// nextLine reads one line with its line feed, and no more than a line can be.
func nextLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		some, err := in.ReadSlice('\n')
		line = append(line, some...)
		if len(line) > mostLine {
			return nil, fmt.Errorf("a line is longer than %d bytes", mostLine)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}
