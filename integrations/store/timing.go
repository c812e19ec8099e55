package store

import (
	"context"
	"time"
)

// longestTiming is longer than any run takes: what says more was not measured.
const longestTiming = 30 * 24 * time.Hour

// Took notes how long a run took that is in the log, by its leaf; rounded up to milliseconds. A time that cannot be is not noted, and of what
// is known of a run already the first stays.
func (l *Ledger) Took(ctx context.Context, leaf int64, took time.Duration) error {
	if took <= 0 || took > longestTiming {
		return nil
	}
	millis := int64((took + time.Millisecond - 1) / time.Millisecond)
	return l.db.update(ctx, func(t transaction) error {
		return t.exec(ctx, "INSERT INTO run_timing (run, millis) VALUES ($1, $2) ON CONFLICT DO NOTHING", leaf, millis)
	})
}

// tookOf is the time in a row of run_timing; 0: it is not known, or cannot be.
func tookOf(millis int64) time.Duration {
	if millis <= 0 || millis > longestTiming.Milliseconds() {
		return 0
	}
	return time.Duration(millis) * time.Millisecond
}

// strayTimings are the rows of run_timing that are of no run.
const strayTimings = "FROM run_timing WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.leaf = run_timing.run)"

// timings finds times of runs that are not there. Whether the others are true, nothing in the ledger says.
func (x *Examination) timings(ctx context.Context, t transaction) error {
	var n int64
	if _, err := one(ctx, t, "SELECT count(*) "+strayTimings, nil, &n); err != nil {
		return err
	}
	if n > 0 {
		x.Stale = true
		x.problem("%d times are kept of runs that are not there: headgate db rebuild removes them", n)
	}
	return nil
}
