package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// erasureStart begins the line of an erased input, and no other.
var erasureStart = []byte(`{"erased":`)

// erasure reads a line that stands for an erased input; nil if it does not.
func erasure(line []byte) *Erasure {
	if !bytes.HasPrefix(line, erasureStart) {
		return nil
	}
	in := &Input{}
	if err := decode(line, in); err != nil || in.Erased == nil || in.Input != nil {
		return nil
	}
	if _, err := parseDigest(in.Erased.Digest); err != nil {
		return nil
	}
	return in.Erased
}

// Erase copies the inputs of a run but for those with some digests, which a line that says so takes the place of. It is how many there were.
// The records that name them, and all proofs, stay as they are; what was decided on them can no longer be decided again.
func Erase(from io.Reader, to io.Writer, digests []string, how Erasure) (n int, err error) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return n, nil
		case err == io.EOF:
			return n, errors.New("the inputs end within a line")
		case err != nil:
			return n, err
		}
		if digest := Digest(line[:len(line)-1]); slices.Contains(digests, digest) {
			how.Digest = digest
			if line, err = encode(Input{Erased: &how}); err != nil {
				return n, fmt.Errorf("erase %s: %w", digest, err)
			}
			line = append(line, '\n')
			n++
		}
		if _, err := to.Write(line); err != nil {
			return n, err
		}
	}
}
