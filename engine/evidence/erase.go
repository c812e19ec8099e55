package evidence

import "bytes"

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
