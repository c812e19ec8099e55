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
	type some struct {
		list []A
		err  error
	}
	return func(yield func(A, error) bool) {
		come, stop, ended := make(chan some, aheadMost), make(chan struct{}), make(chan struct{})
		defer func() {
			close(stop)
			<-ended
		}()
		go func() {
			defer close(ended)
			defer close(come)
			var next some
			give := func() bool {
				select {
				case come <- next:
					next = some{}
					return true
				case <-stop:
					return false
				}
			}
			for a, err := range in {
				if err != nil {
					next.err = err
					break
				}
				if next.list = append(next.list, a); len(next.list) == aheadAtOnce && !give() {
					return
				}
			}
			give()
		}()
		for s := range come {
			for _, a := range s.list {
				if !yield(a, nil) {
					return
				}
			}
			if s.err != nil {
				var none A
				yield(none, s.err)
				return
			}
		}
	}
}
