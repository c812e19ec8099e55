package evidence

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/mod/sumdb/tlog"
)

// mostWindow bounds how far back a compressed file refers, and so what reading it needs. A file is compressed in frames of that many bytes, each
// by itself: together they are one stream, that all cores write. Where a frame ends follows from the bytes alone, and from nothing that differs
// from one time to another.
const mostWindow = 1 << 20

// packer compresses frames, on all cores at the same time. It is made when it is first needed: it keeps tables of some megabytes.
var packer = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithWindowSize(mostWindow),
		zstd.WithEncoderCRC(false)) // what is in the files has digests that say more
})

// A part is a part of a bundle that is being written.
type part struct {
	name   string
	file   io.WriteCloser
	packed hash.Hash // of the file
	plain  hash.Hash // of what is in it; nil: nobody asks

	pack  *zstd.Encoder // nil: the file is not compressed
	frame *frame        // that is being filled; nil: none is
	ahead []*frame      // that are being compressed, in their order
	spare []*frame      // that are written
}

// A frame is compressed by itself.
type frame struct {
	plain, packed []byte
	done          chan struct{} // receives once it is compressed
}

func (w *Writer) open(name string) (*part, error) {
	file, err := w.create(FileOf(name))
	if err != nil {
		return nil, err
	}
	p := &part{name: name, file: file, packed: sha256.New(), plain: sha256.New()}
	if FileOf(name) != name {
		p.pack, err = packer()
	}
	return p, err
}

// Write is write, for who copies.
func (p *part) Write(b []byte) (int, error) { return len(b), p.write(b) }

func (p *part) write(b []byte) error {
	if p.plain != nil {
		p.plain.Write(b) // never fails
	}
	if p.pack == nil {
		return p.put(b)
	}
	for len(b) > 0 {
		f := p.frame
		if f == nil {
			f = p.empty()
			p.frame = f
		}
		n := min(len(b), mostWindow-len(f.plain))
		f.plain, b = append(f.plain, b[:n]...), b[n:]
		if len(f.plain) == mostWindow {
			if err := p.cut(); err != nil {
				return err
			}
		}
	}
	return nil
}

// empty is a frame to be filled.
func (p *part) empty() *frame {
	if n := len(p.spare); n > 0 {
		f := p.spare[n-1]
		p.spare = p.spare[:n-1]
		f.plain, f.packed = f.plain[:0], f.packed[:0]
		return f
	}
	return &frame{done: make(chan struct{}, 1)}
}

// cut has the frame compressed while others are filled; of those that are on their way no more than there are cores.
func (p *part) cut() error {
	f := p.frame
	p.frame, p.ahead = nil, append(p.ahead, f)
	go func() {
		f.packed = p.pack.EncodeAll(f.plain, f.packed)
		f.done <- struct{}{}
	}()
	return p.settle(runtime.GOMAXPROCS(0))
}

// settle writes compressed frames until no more than some are on their way.
func (p *part) settle(most int) error {
	for len(p.ahead) > most {
		f := p.ahead[0]
		<-f.done
		if err := p.put(f.packed); err != nil {
			return err
		}
		p.ahead, p.spare = p.ahead[1:], append(p.spare, f)
	}
	return nil
}

// put writes bytes as they are in the file.
func (p *part) put(b []byte) error {
	p.packed.Write(b) // never fails
	_, err := p.file.Write(b)
	return err
}

// finish writes what is left.
func (p *part) finish() error {
	if p.frame != nil {
		if err := p.cut(); err != nil {
			return err
		}
	}
	return p.settle(0)
}

// close ends a part and is the digest of what is in it; empty if nobody asks.
func (w *Writer) close(p *part) (string, error) {
	if err := errors.Join(p.finish(), p.file.Close()); err != nil {
		return "", fmt.Errorf("%s: %w", FileOf(p.name), err)
	}
	w.sums[FileOf(p.name)] = hashText(tlog.Hash(p.packed.Sum(nil)))
	if p.plain == nil {
		return "", nil
	}
	return hashText(tlog.Hash(p.plain.Sum(nil))), nil
}
