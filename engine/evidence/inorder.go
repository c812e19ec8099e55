package evidence

import (
	"iter"
	"runtime"
)

// inOrder works on the elements of a sequence on all cores and gives what comes of them in their order. Worker makes what one core works
// with. What is ahead of whoever reads is bounded; reading may end early.
func inOrder[A, B any](in iter.Seq[A], worker func() func(A) B) iter.Seq[B] {
	return func(yield func(B) bool) {
		type job struct {
			in   A
			done chan B
		}
		cores := runtime.GOMAXPROCS(0)
		jobs, order := make(chan job), make(chan job, 2*cores)
		stop := make(chan struct{})
		ended := make(chan struct{})
		defer func() { // what reads in must not go on behind the caller's back
			close(stop)
			<-ended
		}()
		go func() {
			defer close(ended)
			defer close(jobs)
			defer close(order)
			for a := range in {
				j := job{a, make(chan B, 1)}
				for _, to := range []chan job{order, jobs} {
					select {
					case to <- j:
					case <-stop:
						return
					}
				}
			}
		}()
		for range cores {
			go func() {
				work := worker()
				for j := range jobs {
					j.done <- work(j.in)
				}
			}()
		}
		for j := range order {
			if !yield(<-j.done) {
				return
			}
		}
	}
}
