package store

import (
	"errors"
	"iter"
	"slices"
	"testing"
)

// counted gives numbers from 0, then an error if there is one, and says when it has ended.
func counted(n int, err error, ended *bool) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		defer func() { *ended = true }()
		for i := range n {
			if !yield(i, nil) {
				return
			}
		}
		if err != nil {
			yield(0, err)
		}
	}
}

func TestAheadGivesWhatTheSequenceHasInItsOrder(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{0, 1, aheadAtOnce - 1, aheadAtOnce, aheadAtOnce + 1, 3000} {
		for _, want := range []error{nil, broken} {
			var all []int
			var ended bool
			var last error
			for i, err := range ahead(counted(n, want, &ended)) {
				if err != nil {
					last = err
					continue
				}
				all = append(all, i)
			}
			if len(all) != n || !slices.IsSorted(all) || last != want || !ended {
				t.Errorf("of %d with %v came %d with %v, ended %t", n, want, len(all), last, ended)
			}
		}
	}
}

func TestAheadEndsTheSequenceWithItsReader(t *testing.T) {
	for _, until := range []int{0, 1, aheadAtOnce, 700} {
		var ended bool
		for i := range ahead(counted(1_000_000, nil, &ended)) {
			if i == until {
				break
			}
		}
		if !ended {
			t.Errorf("the sequence goes on behind a reader who ended at %d", until)
		}
	}
}

func TestWhatIsBegunAndNeverReadIsEnded(t *testing.T) {
	var ended bool
	b := begin(counted(1_000_000, nil, &ended), 2, 10, func(int) int { return 3 })
	b.end()
	if !ended {
		t.Error("the sequence goes on though nobody is to read it")
	}
}
