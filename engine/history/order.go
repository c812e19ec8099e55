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

// Facts are what a policy may know of the state at a time.
func (s *State) Facts(now time.Time) *engine.History {
	days := int(now.Sub(s.FirstSeen) / (24 * time.Hour))
	return &engine.History{AgeDays: max(0, days), Reopened: s.Reopened}
}
