package evidence

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// Without writes a bundle again, without the inputs that have some digests: a line that says when and why takes the place of each. It is how many
// there were. The run, its digest and all proofs of it stay the same.
func (b *Bundle) Without(ctx context.Context, create func(name string) (io.WriteCloser, error), digests []string, how Erasure) (n int, err error) {
	w := &Writer{create: create, sums: map[string]string{}}
	for _, name := range Parts {
		from, err := b.Part(ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return n, err
		}
		to, err := w.open(name)
		if err == nil && name == PartInputs {
			n, err = Erase(from, to, digests, how)
		} else if err == nil {
			_, err = io.Copy(to, from)
		}
		if err := errors.Join(err, from.Close()); err != nil {
			return n, fmt.Errorf("%s: %w", name, err)
		}
		if _, err := w.close(to); err != nil {
			return n, err
		}
	}
	return n, w.writeSums()
}
