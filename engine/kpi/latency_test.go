package kpi

import (
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

func took(daysAgo float64, d time.Duration) *Run {
	r := onChange(0, daysAgo, engine.Pass, nil, nil)
	r.Took = d
	return r
}

func TestTheTimeThatTheGateTakesIsThatOfRunsOnChangesOfWhichItIsKnown(t *testing.T) {
	c := collector(t)
	c.Run(took(100, 2*time.Second))
	for i := range 40 { // in the last week but two: 0.1 to 4 seconds
		c.Run(took(20, time.Duration(40-i)*100*time.Millisecond))
	}
	c.Run(took(3, 0)) // not known
	push := took(3, time.Hour)
	push.Event = engine.EventPush
	c.Run(push)
	r := c.Report()
	shows(t, r, "gate.latency", "", 2, 2)
	shows(t, r, "gate.latency_p95", "", 3.8, 2)
	if f := r.Find("gate.latency", ""); f.N == nil || *f.N != 40 {
		t.Errorf("it is of %v runs, not of 40", f.N)
	}
	for id, want := range map[string]float64{"latency": 2, "latency_p95": 3.8} {
		var s *Series
		for i := range r.Series {
			if r.Series[i].ID == id {
				s = &r.Series[i]
			}
		}
		if s == nil || s.Unit != UnitSeconds {
			t.Fatalf("no series %s in seconds", id)
		}
		for i, p := range s.Points {
			switch i {
			case len(s.Points) - 3:
				if p.Value == nil || *p.Value != want {
					t.Errorf("%s of the week is %v, not %v", id, deref(p.Value), want)
				}
			case len(s.Points) - 15:
				if p.Value == nil || *p.Value != 2 {
					t.Errorf("%s of the week before the period is %v, not 2", id, deref(p.Value))
				}
			default:
				if p.Value != nil {
					t.Errorf("%s of a week of which no run tells is %v", id, *p.Value)
				}
			}
		}
	}
}

func TestATimeThatNoRunToldIsAbsentAndHasNoSeries(t *testing.T) {
	c := collector(t)
	c.Run(took(3, 0))
	c.Run(took(2, -time.Second))
	r := c.Report()
	shows(t, r, "gate.runs", "", 2, 0)
	shows(t, r, "gate.latency", "", "-", "-")
	shows(t, r, "gate.latency_p95", "", "-", "-")
	for _, s := range r.Series {
		if s.ID == "latency" || s.ID == "latency_p95" {
			t.Errorf("there is a series %s", s.ID)
		}
	}
}

func TestTimesAreCountedInABoundedNumberOfSizes(t *testing.T) {
	all := timings{}
	for _, d := range []time.Duration{time.Nanosecond, 10 * time.Millisecond, 11 * time.Millisecond, longestTiming, 90 * 24 * time.Hour} {
		all.add(d)
	}
	for size, n := range map[int]int{1: 2, 2: 1, 8_640_000: 2} {
		if all[size] != n {
			t.Errorf("%d took %d hundredths, not %d: %v", all[size], size, n, all)
		}
	}
}
