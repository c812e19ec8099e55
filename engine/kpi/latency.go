package kpi

import "time"

// timings count how long runs took, in hundredths of a second, rounded up.
type timings map[int]int

// longestTiming bounds what is told apart: whoever waits for a day does not ask for hundredths.
const longestTiming = 24 * time.Hour

// add counts one; what is not known is not counted.
func (t timings) add(took time.Duration) {
	if took <= 0 {
		return
	}
	const hundredth = time.Second / 100
	t[int((min(took, longestTiming)+hundredth-1)/hundredth)]++
}

// seconds are how long so large a share of the runs took at most. Of none it is not known.
func (t timings) seconds(share float64) measure {
	n := sum(t)
	if n == 0 {
		return absent(noTiming)
	}
	return measure{value: float64(ranked(t, share)) / 100, n: &n}
}

// latencies are the shares that figures and series of latency are of.
var latencies = []struct {
	id, series string
	share      float64
}{{"gate.latency", "latency", 0.5}, {"gate.latency_p95", "latency_p95", 0.95}}

// latency adds the series by week, if any week is known.
func (m *maker) latency() {
	for _, l := range latencies {
		s, known := Series{ID: l.series, Name: definition(l.id).Name, Unit: UnitSeconds}, false
		for i, end := range m.c.weeks {
			p := Point{At: end}
			if v := m.c.runs.weeks[i].took.seconds(l.share); v.why == "" {
				p.Value, known = rounded(&v.value), true
			}
			s.Points = append(s.Points, p)
		}
		if known {
			m.out.Series = append(m.out.Series, s)
		}
	}
}
