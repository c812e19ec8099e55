package sweep

import (
	"testing"
	"time"

	"github.com/headgate/headgate/engine/evidence"
)

func TestADecisionIsAnotherOnceItIsOverdueWhateverItsDateCountedFromAtFirst(t *testing.T) {
	first := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	due, now := first.AddDate(0, 0, 14), first.AddDate(0, 0, 20)
	decided := func(from string, due time.Time, overdue bool) *evidence.Decision {
		return &evidence.Decision{Priority: "attend", Action: "warn", Due: due, DueFrom: from, Overdue: overdue}
	}
	for _, c := range []struct {
		name    string
		was, is *evidence.Decision
		same    bool
	}{
		{"nobody knew since when, and it is not over", decided("evaluated", due, false), decided("first_seen", due, false), true},
		{"nobody knew since when, and it is over", decided("evaluated", due, false), decided("first_seen", due, true), false},
		{"another rule gives more time", decided("evaluated", due, false), decided("first_seen", due.AddDate(0, 0, 7), false), false},
		{"it counts anew each time", decided("evaluated", due, false), decided("evaluated", due.AddDate(0, 0, 7), false), true},
		{"it counts anew, and comes sooner", decided("evaluated", due, false), decided("evaluated", due.AddDate(0, 0, -7), false), false},
		{"it was first seen, and is over", decided("first_seen", due, false), decided("first_seen", due, true), false},
	} {
		if same := Same(c.was, c.is, now); same != c.same {
			t.Errorf("%s: %v", c.name, same)
		}
	}
}
