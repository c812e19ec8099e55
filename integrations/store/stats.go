package store

import (
	"context"
	"time"
)

// Stats say how much a ledger holds.
type Stats struct {
	Runs, Records, Effects int64
	Open, Waived, Closed   int64     // findings on assets, of all branches
	Content                int64     // in bytes, as it is kept
	First, Last            time.Time // of the runs, by the time that each was given; zero: there is none
}

// Stats counts what the ledger holds.
func (l *Ledger) Stats(ctx context.Context) (*Stats, error) {
	s := &Stats{}
	err := l.db.view(ctx, func(t transaction) error {
		for _, count := range []struct {
			of   string
			into *int64
		}{
			{"count(*) FROM run", &s.Runs},
			{"CAST(coalesce(sum(records), 0) AS INTEGER) FROM record", &s.Records},
			{"count(*) FROM effect", &s.Effects},
			{"count(*) FROM finding_state WHERE status = 'open'", &s.Open},
			{"count(*) FROM finding_state WHERE status = 'waived'", &s.Waived},
			{"count(*) FROM finding_state WHERE status = 'closed'", &s.Closed},
			{"CAST(coalesce(sum(length(zstd)), 0) AS INTEGER) FROM blob", &s.Content},
		} {
			if _, err := one(ctx, t, l.db.inOwnWords("SELECT "+count.of), nil, count.into); err != nil {
				return err
			}
		}
		var first, last string
		if _, err := one(ctx, t, "SELECT coalesce(min(decided), ''), coalesce(max(decided), '') FROM run", nil, &first, &last); err != nil || first == "" {
			return err
		}
		var err error
		if s.First, err = time.Parse(time.RFC3339, first); err == nil {
			s.Last, err = time.Parse(time.RFC3339, last)
		}
		return err
	})
	return s, err
}
