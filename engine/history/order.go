package history

import (
	"cmp"
	"time"

	"github.com/headgate/headgate/engine"
)

// Compare orders states by asset and id.
func Compare(a, b *State) int {
	return cmp.Or(cmp.Compare(a.Asset, b.Asset), cmp.Compare(a.Finding, b.Finding))
}

// Facts are what a policy may know of a finding that is there at a time, and was known before.
func (s *State) Facts(now time.Time) *engine.History {
	h := &engine.History{AgeDays: max(0, int(now.Sub(s.FirstSeen)/(24*time.Hour))), Reopened: s.Reopened}
	if s.Status == Closed { // it is back
		h.Reopened++
	}
	return h
}
