package engine

import (
	"context"
	"iter"
	"sync"
	"sync/atomic"
)

// perRun is how many neighbours are taken at once: so few that all cores are done at about the same time.
const perRun = 16

// shares are numbers up to some, handed out to workers. Each has a share of its own, since neighbours are alike: the cases of a repository stand
// together, and who has met its files knows them again. A worker that is done with its share helps with those of others.
type shares struct {
	shares []share
	failed failure
}

// A share is what is left of a stretch of numbers.
type share struct {
	next atomic.Int64
	end  int
	_    [48]byte // so that no two workers write to the same cache line
}

// newShares hands out n numbers to so many workers.
func newShares(n, workers int) *shares {
	s := &shares{shares: make([]share, workers)}
	for i := range s.shares {
		s.shares[i].next.Store(int64(n * i / workers))
		s.shares[i].end = n * (i + 1) / workers
	}
	s.failed.at.Store(int64(n))
	return s
}

// of are the numbers that a worker is to work on, until the context is done. Those before one that failed are still handed out, so that the error
// names the same one however the work was spread.
func (s *shares) of(ctx context.Context, worker int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range s.shares {
			own := &s.shares[(worker+i)%len(s.shares)]
			for {
				from := int(own.next.Add(perRun)) - perRun
				if from >= own.end {
					break
				}
				for at := from; at < min(from+perRun, own.end) && s.failed.allows(at); at++ {
					if ctx.Err() != nil || !yield(at) { // small evaluations end before they notice
						return
					}
				}
			}
		}
	}
}

// A failure is the first of several things that could not be done.
type failure struct {
	at atomic.Int64
	sync.Mutex
	err error
}

// allows says that something is still worth doing.
func (f *failure) allows(at int) bool { return int64(at) < f.at.Load() }

func (f *failure) note(at int, err error) {
	f.Lock()
	defer f.Unlock()
	if f.allows(at) {
		f.at.Store(int64(at))
		f.err = err
	}
}
