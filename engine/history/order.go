package history

import (
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// Compare orders states by asset and id.
func Compare(a, b *State) int {
	if c := strings.Compare(a.Asset, b.Asset); c != 0 {
		return c
	}
	return strings.Compare(a.Finding, b.Finding)
}

// Facts are what a policy may know of a finding that is there at a time, and was known before. Its age counts days of the calendar (UTC), so
// that what is due some days after the first sight is due on the same day whenever it is worked out.
func (s *State) Facts(now time.Time) *engine.History {
	h := &engine.History{AgeDays: max(0, int(startOfDay(now).Sub(startOfDay(s.FirstSeen))/day)), Reopened: s.Reopened}
	if s.Status == Closed { // it is back
		h.Reopened++
	}
	return h
}

const day = 24 * time.Hour

func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(day) }
