package store

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"iter"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/lanes"
)

// packer and unpacker are made when they are first needed: each keeps tables of some megabytes.
var packer = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)))
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
	buffer := packBuffers.Get().(*[]byte)
	defer packBuffers.Put(buffer)
	*buffer = e.EncodeAll(content, (*buffer)[:0])
	return bytes.Clone(*buffer)
}

// packBuffers are where content is packed: by itself the encoder makes room for what does not get any smaller.
var packBuffers = sync.Pool{New: func() any { return new([]byte) }}

// A packedChunk is a chunk of a list as it is kept.
type packedChunk struct {
	namedChunk
	size   int
	packed []byte
}

// mostPacked bounds the chunks that are packed at a time, in bytes, if there are more than one.
const mostPacked = 1 << 20

// packedChunks packs the chunks of a list, some at a time.
func packedChunks(chunks iter.Seq2[[]byte, error]) iter.Seq2[*packedChunk, error] {
	return func(yield func(*packedChunk, error) bool) {
		var sums lanes.Hasher
		var some [][]byte
		size := 0
		flush := func() bool {
			made := make([]*packedChunk, len(some))
			digests := sums.Sum(nil, nil, some)
			_ = onAllCores(len(some), func(i int) error { // packing never fails
				made[i] = &packedChunk{namedChunk{digest: digests[i], lines: bytes.Count(some[i], []byte("\n"))}, len(some[i]), pack(some[i])}
				free(some[i])
				return nil
			})
			some, size = some[:0], 0
			for _, c := range made {
				if !yield(c, nil) {
					return false
				}
			}
			return true
		}
		for chunk, err := range chunks {
			if err != nil {
				yield(nil, err)
				return
			}
			some, size = append(some, chunk), size+len(chunk)
			if (len(some) == lanes.Count || size >= mostPacked) && !flush() {
				return
			}
		}
		flush()
	}
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
	content, err := inflate(packed, size)
	if err != nil {
		return nil, damaged(digest, err.Error())
	}
	return content, nil
}

// inflate gives back what pack made small, of so many bytes. The error says what is wrong with it.
func inflate(packed []byte, size int64) ([]byte, error) {
	if size < 0 || size > mostLine+chunkOfList {
		return nil, fmt.Errorf("is said to have %d bytes", size)
	}
	d, err := unpacker()
	if err != nil {
		panic(err) // its options, which are constant, do not fit together
	}
	content, err := d.DecodeAll(packed, make([]byte, 0, size))
	if err != nil {
		return nil, fmt.Errorf("cannot be unpacked: %w", err)
	}
	return content, nil
}

// damaged is of content that something outside of this program changed.
func damaged(digest []byte, what string) error {
	return &evidence.Damage{File: fmt.Sprintf("content %x", digest), What: what}
}
