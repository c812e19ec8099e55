package engine

import (
	"fmt"
	"math"
	"time"
)

const day = 24 * time.Hour

// startOfDay is midnight UTC of the day of t.
func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(day) }

// setDates computes the dates of all reasons, the earliest due date, and when time alone could change the decision.
func (d *Decision) setDates(in *Input, now time.Time) error {
	if err := d.setDue(in, now); err != nil {
		return err
	}
	var ends []time.Time
	if !d.Due.IsZero() {
		ends = append(ends, endOf(d.Due))
	}
	for i := range d.Reasons {
		if r := &d.Reasons[i]; r.Kind == "exempt" && r.Days != nil && r.InForce() {
			r.Date = after(startOfDay(now), *r.Days)
			ends = append(ends, endOf(r.Date))
		}
	}
	for _, w := range in.Context.Waivers {
		if last, err := time.Parse(time.DateOnly, w.Expires); err == nil {
			ends = append(ends, endOf(last))
		}
	}
	for _, end := range ends {
		if end.After(now) && (d.NextChange.IsZero() || end.Before(d.NextChange)) {
			d.NextChange = end
		}
	}
	return nil
}

// untilExpired has the decision change no later than the first of its facts expires. Waivers have their own dates.
func (d *Decision) untilExpired(facts map[string]Provenance, now time.Time) {
	for fact, p := range facts {
		if end := p.Expires; fact != "context.waivers" && end.After(now) && (d.NextChange.IsZero() || end.Before(d.NextChange)) {
			d.NextChange = end.UTC()
		}
	}
}

// endOf is when a date is over: a day ends with the day, an instant at once.
func endOf(date time.Time) time.Time {
	if date.Equal(startOfDay(date)) {
		return date.Add(day)
	}
	return date
}

// after is a number of days after a time.
func after(t time.Time, days float64) time.Time {
	return t.Add(time.Duration(days * float64(day))).UTC()
}

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
	d.Overdue = !d.Due.IsZero() && !now.Before(endOf(d.Due))
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
	return after(from, *r.Days), nil
}

func kevAdded(in *Input) (time.Time, bool) {
	if i := in.Context.Intel; i != nil && i.KEV != nil && i.KEV.Added != "" {
		t, err := time.Parse(time.DateOnly, i.KEV.Added)
		return t, err == nil
	}
	return time.Time{}, false
}
