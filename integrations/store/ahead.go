package store

import "iter"

// Rows are made so many at a time ahead of whoever writes them, and no more than so many times that.
const (
	aheadAtOnce = 64
	aheadMost   = 8
)

// ahead runs a sequence beside whoever reads it, who works on what came while the next is made. When reading is over, the sequence is too: it is
// at no time at work behind the reader's back. It ends with its first error.
func ahead[A any](in iter.Seq2[A, error]) iter.Seq2[A, error] {
	return func(yield func(A, error) bool) {
		begun := begin(in, aheadMost, aheadAtOnce, func(A) int { return 1 })
		defer begun.end()
		begun.each(yield)
	}
}

// A begun sequence is at work, and its first elements wait for a reader.
type begun[A any] struct {
	come        chan batch[A]
	stop, ended chan struct{}
}

type batch[A any] struct {
	list []A
	err  error
}

// begin runs a sequence that is read later, once, until end is called. It gets no more than so many batches ahead of its reader, each of elements
// that weigh so much together; the last of them may go beyond.
func begin[A any](in iter.Seq2[A, error], batches, weight int, weigh func(A) int) *begun[A] {
	b := &begun[A]{make(chan batch[A], batches), make(chan struct{}), make(chan struct{})}
	go func() {
		defer close(b.ended)
		defer close(b.come)
		var next batch[A]
		weighs := 0
		give := func() bool {
			select {
			case b.come <- next:
				next, weighs = batch[A]{}, 0
				return true
			case <-b.stop:
				return false
			}
		}
		for a, err := range in {
			if err != nil {
				next.err = err
				break
			}
			next.list = append(next.list, a)
			if weighs += weigh(a); weighs >= weight && !give() {
				return
			}
		}
		give()
	}()
	return b
}

// each reads the sequence.
func (b *begun[A]) each(yield func(A, error) bool) {
	for some := range b.come {
		for _, a := range some.list {
			if !yield(a, nil) {
				return
			}
		}
		if some.err != nil {
			var none A
			yield(none, some.err)
			return
		}
	}
}

// end ends the sequence, and waits until it has.
func (b *begun[A]) end() {
	close(b.stop)
	<-b.ended
}
