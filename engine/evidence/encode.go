package evidence

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// writing are the rules of every document: the same value gives the same bytes, on one line, keys in the order of the structs.
var writing = json.JoinOptions(
	json.Deterministic(true),
	jsonv1.OmitEmptyWithLegacySemantics(true),
	jsontext.AllowInvalidUTF8(true), // becomes U+FFFD, as in results
)

// Bounds of one line, in bytes: of a record, and of an input or answer.
const (
	MostRecord = 1 << 20
	mostLine   = 16 << 20
)

func encode(v any) ([]byte, error) { return json.Marshal(v, writing) }

// decode reads a document that encode wrote: no unknown and no doubled field, and of the same bytes when it is written again.
func decode(data []byte, into any) error {
	if err := json.Unmarshal(data, into, json.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("it cannot be read: %w", oneLine(err))
	}
	again, err := encode(into)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("it is not written as headgate writes it")
	}
	return nil
}

// oneLine keeps what a library says of hostile bytes short and on one line.
func oneLine(err error) error {
	text := []rune(err.Error())
	for i, r := range text {
		if r < ' ' || r == 0x7f {
			text[i] = ' '
		}
	}
	return fmt.Errorf("%s", string(text[:min(len(text), 200)]))
}
