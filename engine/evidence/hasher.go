package evidence

import (
	"bytes"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine/lanes"
)

// leafPrefix is what RFC 6962 has before a leaf that is hashed.
var leafPrefix = []byte{0}

// linesAtOnce is how many lines a hasher looks at before it gives the first of them: those of a hostile file can be many and short.
const linesAtOnce = 256

// A hasher works out the hashes of many lines at once. It is for one at a time, and one text at a time.
type hasher struct {
	lanes lanes.Hasher
	lines [][]byte
	sums  [][len(tlog.Hash{})]byte
}

// each are the lines of a text that ends with a line feed, without it, and the hash of each as if prefix stood before it.
func (h *hasher) each(text, prefix []byte) iter.Seq2[[]byte, tlog.Hash] {
	return func(yield func([]byte, tlog.Hash) bool) {
		for len(text) > 0 {
			h.lines = h.lines[:0]
			for len(text) > 0 && len(h.lines) < linesAtOnce {
				end := bytes.IndexByte(text, '\n')
				h.lines, text = append(h.lines, text[:end:end]), text[end+1:]
			}
			h.sums = h.lanes.Sum(h.sums[:0], prefix, h.lines)
			for i, line := range h.lines {
				if !yield(line, h.sums[i]) {
					return
				}
			}
		}
	}
}
