package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

// Whatever the number of workers, each number is worked on once; of those that fail, the first is named, and all before it are worked on.
func TestSharesHandOutEachNumberOnceAndNameTheFirstThatFails(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n, workers := r.IntN(200), 1+r.IntN(7)
		bad := map[int]bool{}
		for range r.IntN(4) {
			bad[r.IntN(n+1)] = true
		}
		first := n
		for i := range bad {
			first = min(first, i)
		}
		met, all := make([]atomic.Int32, n), newShares(n, workers)
		var work sync.WaitGroup
		for worker := range workers {
			work.Go(func() {
				for i := range all.of(t.Context(), worker) {
					if met[i].Add(1); bad[i] {
						all.failed.note(i, fmt.Errorf("number %d", i))
					}
				}
			})
		}
		work.Wait()
		for i := range n {
			if times := met[i].Load(); times > 1 || times == 0 && i <= first {
				t.Fatalf("of %d numbers, %d workers and %v that fail, %d is worked on %d times", n, workers, bad, i, times)
			}
		}
		if err := all.failed.err; (err == nil) != (first == n) || err != nil && err.Error() != fmt.Sprintf("number %d", first) {
			t.Fatalf("of %d numbers, %d workers and %v that fail, the error is %v", n, workers, bad, err)
		}
	}
}

// Who may not go on takes no more numbers.
func TestSharesEndWithTheirContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	taken := 0
	for range newShares(1000, 3).of(ctx, 1) {
		if taken++; taken == 20 {
			cancel()
		}
	}
	if taken != 20 {
		t.Fatalf("%d numbers were worked on after the context was done", taken-20)
	}
}
