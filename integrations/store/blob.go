package store

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/headgate/headgate/engine/evidence"
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
	content, err := unpackUnread(packed, size, digest)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(content); string(sum[:]) != string(digest) {
		return nil, damaged(digest, "was edited")
	}
	return content, nil
}

// unpackUnread gives content back that whoever takes something out of it holds against a digest of its own.
func unpackUnread(packed []byte, size int64, digest []byte) ([]byte, error) {
	if size < 0 || size > mostLine+chunkOfList {
		return nil, damaged(digest, fmt.Sprintf("is said to have %d bytes", size))
	}
	d, err := unpacker()
	if err != nil {
		panic(err) // its options, which are constant, do not fit together
	}
	content, err := d.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, damaged(digest, "cannot be unpacked: "+err.Error())
	}
	return content, nil
}

// damaged is of content that something outside of this program changed.
func damaged(digest []byte, what string) error {
	return &evidence.Damage{File: fmt.Sprintf("content %x", digest), What: what}
}
