package engine

import (
	"fmt"
	"math"
	"time"
)

const day = 24 * time.Hour

// startOfDay is midnight UTC of the day of t.
func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(day) }

// setDue computes the dates of all due reasons and the earliest of them. A date of whole days is a day (midnight UTC, the day
// itself included); one with a fraction is an instant. What a date counts from but is not known falls back to now: an absent fact
// must not remove a due date.
func (d *Decision) setDue(in *Input, now time.Time) error {
	for i := range d.Reasons {
		r := &d.Reasons[i]
		if r.Kind != "due" || !r.InForce() {
			continue
		}
		date, err := dueDate(r, in, now)
		if err != nil {
			return fmt.Errorf("rule %s: %w", r.Rule, err)
		}
		r.Date = date
		if d.Due.IsZero() || date.Before(d.Due) {
			d.Due, d.DueFrom = date, r.From
		}
	}
	if d.Due.IsZero() {
		return nil
	}
	end := d.Due
	if end.Equal(startOfDay(end)) {
		end = end.Add(day)
	}
	d.Overdue = !now.Before(end)
	if !d.Overdue && (d.NextChange.IsZero() || end.Before(d.NextChange)) {
		d.NextChange = end
	}
	return nil
}

// dueDate is what one due reason comes to. A reason that fell back is marked as counting from the evaluation.
func dueDate(r *Reason, in *Input, now time.Time) (time.Time, error) {
	if r.By != "" {
		t, err := time.Parse(time.DateOnly, r.By)
		if err != nil {
			return t, fmt.Errorf("due by %q, which is not a date", r.By)
		}
		return t, nil
	}
	from := now
	switch r.From {
	case "evaluated":
	case "first_seen":
		if in.Context.History == nil {
			r.From = "evaluated"
			break
		}
		from = now.Add(-time.Duration(in.Context.History.AgeDays) * day)
	case "kev_added":
		added, ok := kevAdded(in)
		if !ok {
			r.From = "evaluated"
			break
		}
		from = added
	default:
		return from, fmt.Errorf("due from %q, which is not first_seen, evaluated or kev_added", r.From)
	}
	if *r.Days == math.Trunc(*r.Days) {
		from = startOfDay(from)
	}
	return from.Add(time.Duration(*r.Days * float64(day))).UTC(), nil
}

func kevAdded(in *Input) (time.Time, bool) {
	if i := in.Context.Intel; i != nil && i.KEV != nil && i.KEV.Added != "" {
		t, err := time.Parse(time.DateOnly, i.KEV.Added)
		return t, err == nil
	}
	return time.Time{}, false
}
