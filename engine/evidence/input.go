package evidence

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
)

// ErrOtherInput means that a line of inputs is not the one that a record names.
var ErrOtherInput = errors.New("it is not the input that the record names")

// ReadInput reads a line of PartInputs that has to have a digest, as a record names it. Of one that was erased it is the erasure alone.
func ReadInput(line []byte, digest string) (*Input, error) {
	if gone := erasure(line); gone != nil && gone.Digest == digest {
		return &Input{Erased: gone}, nil
	}
	if Digest(line) != digest {
		return nil, ErrOtherInput
	}
	in := &Input{}
	if err := json.Unmarshal(line, in, json.RejectUnknownMembers(true)); err != nil || in.Input == nil {
		return nil, fmt.Errorf("the input %s cannot be read by this version", digest)
	}
	return in, nil
}
