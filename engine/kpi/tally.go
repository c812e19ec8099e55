package kpi

import (
	"maps"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
)

// A stratum is what is counted of cases together: those of one priority, those that are act or attend, or all.
type stratum struct {
	open, overdue, waived int                 // at the end
	opened, closed        int                 // within
	dueClosed, dueOpen    int                 // due within: closed in time, and all
	next                  map[int]map[int]int // due within 14 days: by age now, by age when due, in days
	lives                 *lives
	hours                 map[int]int // that closed cases took, rounded up
	sum                   float64     // of what they took, in days
}

func newStratum() *stratum {
	return &stratum{lives: newLives(), hours: map[int]int{}, next: map[int]map[int]int{}}
}

// A tally is what is counted of one period.
type tally struct {
	Period
	of map[engine.Priority]*stratum

	critical, criticalKnown int
	owned                   int
	fixable, fixableKnown   int
	debt                    float64
	undated                 bool // a waived case of which it is not known since when it is there
	next                    int
	reopened                int
	exploited, exploitedAll int // closed within, and all that were there
}

// The strata that are no priority.
const (
	allOfThem engine.Priority = ""
	ofUrgent  engine.Priority = "act, attend"
)

func newTally(p Period) *tally {
	t := &tally{Period: p, of: map[engine.Priority]*stratum{allOfThem: newStratum(), ofUrgent: newStratum()}}
	for _, priority := range engine.Priorities {
		t.of[priority] = newStratum()
	}
	return t
}

// strata are those that a case is counted in.
func (t *tally) strata(x *Case) []*stratum {
	all := []*stratum{t.of[allOfThem]}
	if s := t.of[x.Priority]; s != nil && x.Priority != allOfThem && x.Priority != ofUrgent {
		all = append(all, s)
	}
	if urgent(x.Priority) {
		all = append(all, t.of[ofUrgent])
	}
	return all
}

func (t *tally) count(x *Case) {
	strata := t.strata(x)
	open := x.openAt(t.Until)
	if open {
		t.countOpen(x, strata)
	}
	there, gone := open, false
	for i, s := range x.Spans {
		if t.has(s.From) && i > 0 {
			t.reopened++
		}
		ended := !s.To.IsZero() && t.has(s.To)
		there, gone = there || ended, gone || ended
		for _, in := range strata {
			in.span(s, t.Period)
		}
	}
	if x.Exploited != nil && *x.Exploited && there {
		t.exploitedAll++
		if !open && gone {
			t.exploited++
		}
	}
	if !x.Due.IsZero() && t.has(x.Due) {
		inTime := x.closedBy(x.Due)
		for _, in := range strata {
			switch {
			case inTime:
				in.dueClosed++
				in.dueOpen++
			case !x.Waived || len(x.Spans) > 0 && !x.Spans[len(x.Spans)-1].To.IsZero():
				in.dueOpen++
			}
		}
	}
}

// closedBy says whether a case had been closed by a time, and was so then.
func (x *Case) closedBy(at time.Time) bool {
	closed := false
	for _, s := range x.Spans {
		if !s.From.After(at) && (s.To.IsZero() || s.To.After(at)) {
			return false
		}
		closed = closed || !s.To.IsZero() && !s.To.After(at)
	}
	return closed
}

// countOpen counts a case that is open at the end of the period.
func (t *tally) countOpen(x *Case, strata []*stratum) {
	overdue := !x.Due.IsZero() && x.Due.Before(t.Until) && !x.Waived
	soon := !x.Due.IsZero() && !overdue && !x.Waived && !x.Due.After(t.Until.Add(14*day))
	for _, in := range strata {
		in.open++
		if overdue {
			in.overdue++
		}
		if x.Waived {
			in.waived++
		}
	}
	if soon {
		t.next++
		if s := t.of[x.Priority]; s != nil {
			s.soon(x, t.Until)
		}
	}
	switch x.Criticality {
	case "":
	case "mission_critical", "business_critical":
		t.critical++
		t.criticalKnown++
	default:
		t.criticalKnown++
	}
	if x.Owner != "" {
		t.owned++
	}
	if x.Fixable != nil {
		t.fixableKnown++
		if *x.Fixable {
			t.fixable++
		}
	}
	if !x.Waived {
		return
	}
	if x.FirstSeen.IsZero() {
		t.undated = true
		return
	}
	t.debt += max(0, t.Until.Sub(x.FirstSeen).Hours()/24) * weights[x.Priority]
}

// weights are what an accepted case of a priority weighs.
var weights = map[engine.Priority]float64{engine.Act: 8, engine.Attend: 4, engine.TrackStar: 2, engine.Track: 1}

// soon notes how old a case is, and how old it will be when it is due.
func (s *stratum) soon(x *Case, now time.Time) {
	from := now
	if n := len(x.Spans); n > 0 {
		from = x.Spans[n-1].From
	}
	age, due := fullDays(now.Sub(from)), fullDays(x.Due.Sub(from))
	if s.next[age] == nil {
		s.next[age] = map[int]int{}
	}
	s.next[age][due]++
}

// projected is how many of the cases that are due soon will still be open then, if they are closed as others were.
func (s *stratum) projected() (sum float64) {
	steps := s.lives.estimate()
	for _, age := range slices.Sorted(maps.Keys(s.next)) { // in order, so that rounding comes to the same each time
		now := openAfter(steps, float64(age)).Share
		for _, due := range slices.Sorted(maps.Keys(s.next[age])) {
			n, then := s.next[age][due], openAfter(steps, float64(due)).Share
			if now > 0 {
				sum += float64(n) * then / now
			} else { // nothing ever got so old: what the curve says ends before
				sum += float64(n)
			}
		}
	}
	return sum
}

// span counts one time in which a case was open.
func (s *stratum) span(x Span, within Period) {
	s.lives.watch(x, within)
	if within.has(x.From) {
		s.opened++
	}
	if x.To.IsZero() || !within.has(x.To) {
		return
	}
	s.closed++
	took := max(0, x.To.Sub(x.From))
	s.sum += took.Hours() / 24
	s.hours[min(int((took+time.Hour-1)/time.Hour), mostDays*24)]++
}

// percentile is in days; there is at least one.
func percentile(hours map[int]int, share float64) float64 { return float64(ranked(hours, share)) / 24 }

// ranked is a percentile of what is counted by its size, by nearest rank; there is at least one.
func ranked(counts map[int]int, share float64) int {
	rank, seen := max(1, int(share*float64(sum(counts))+0.999999)), 0
	for _, size := range slices.Sorted(maps.Keys(counts)) {
		if seen += counts[size]; seen >= rank {
			return size
		}
	}
	return 0
}

// sum is how many are counted.
func sum(counts map[int]int) (n int) {
	for _, k := range counts {
		n += k
	}
	return n
}
