package evidence

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
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
		r, err := run.Part(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			return
		}
		if err != nil {
			yield(nil, err)
			return
		}
		defer r.Close()
		most := mostLine
		if name == PartRecords {
			most = MostRecord
		}
		from := bufio.NewReaderSize(r, 64<<10)
		var long []byte
		for {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			line, err := from.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				if long = append(long, line...); len(long) > most {
					yield(nil, &Damage{name, fmt.Sprintf("has a line of more than %d bytes", most)})
					return
				}
				continue
			}
			if len(long) > 0 {
				line = append(long, line...)
				long = nil
			}
			switch {
			case err == io.EOF && len(line) == 0:
				return
			case err == io.EOF:
				yield(nil, &Damage{name, "ends within a line: it was cut"})
				return
			case err != nil:
				yield(nil, err)
				return
			case len(line)-1 > most:
				yield(nil, &Damage{name, fmt.Sprintf("has a line of more than %d bytes", most)})
				return
			}
			if !yield(line[:len(line)-1], nil) {
				return
			}
		}
	}
}
