package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// packer and unpacker are made when they are first needed: each keeps tables of some megabytes.
var packer = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
})

var unpacker = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(mostLine+chunkOfList), zstd.WithDecoderConcurrency(0))
})

// pack makes content small.
func pack(content []byte) []byte {
	e, err := packer()
	if err != nil {
		panic(err) // its options, which are constant, do not fit together
	}
	return e.EncodeAll(content, nil)
}

// unpack gives content back, and refuses what is not that of the digest.
func unpack(packed []byte, size int64, digest []byte) ([]byte, error) {
	if size < 0 || size > mostLine+chunkOfList {
		return nil, fmt.Errorf("content %x is said to have %d bytes", digest, size)
	}
	d, err := unpacker()
	if err != nil {
		panic(err) // its options, which are constant, do not fit together
	}
	content, err := d.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("content %x: %w", digest, err)
	}
	if sum := sha256.Sum256(content); string(sum[:]) != string(digest) {
		return nil, fmt.Errorf("content %x: %w", digest, errEdited)
	}
	return content, nil
}

// errEdited means that something outside of this program changed what the ledger keeps.
var errEdited = errors.New("it is not what was kept: it was edited")
