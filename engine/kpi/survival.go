package kpi

import (
	"maps"
	"math"
	"slices"
	"time"
)

const (
	day = 24 * time.Hour

	// mostDays bounds durations: what is longer counts as so long, ten years.
	mostDays = 3660

	z95 = 1.959963984540054 // of the normal distribution: 95 % lie within
)

// lives count cases by days, so that a curve of millions takes no more room than one of ten: at which age they began to be watched, were closed,
// or were watched last while still open.
type lives struct {
	entered, closed, left map[int]int
}

func newLives() *lives {
	return &lives{entered: map[int]int{}, closed: map[int]int{}, left: map[int]int{}}
}

// watch counts the part of a life that lies within a period. A case that was closed after so many days and some hours was open on that day, and
// counts as closed on the next; one that is still open was watched for its full days alone.
func (l *lives) watch(s Span, within Period) {
	end := within.Until
	open := s.To.IsZero() || !s.To.Before(within.Until)
	if !open {
		end = s.To
	}
	if !s.From.Before(within.Until) || end.Before(within.Since) {
		return
	}
	from := 0
	if s.From.Before(within.Since) {
		from = fullDays(within.Since.Sub(s.From))
	}
	lasted := end.Sub(s.From)
	if open {
		if to := fullDays(lasted); to > from { // less than a day of it was seen
			l.entered[from]++
			l.left[to]++
		}
		return
	}
	l.entered[from]++
	l.closed[max(startedDays(lasted), from+1)]++
}

func fullDays(d time.Duration) int    { return min(max(0, int(d/day)), mostDays-1) }
func startedDays(d time.Duration) int { return min(max(1, int((d+day-1)/day)), mostDays) }

func (l *lives) add(more *lives) {
	for _, m := range []struct{ to, from map[int]int }{{l.entered, more.entered}, {l.closed, more.closed}, {l.left, more.left}} {
		for t, n := range m.from {
			m.to[t] += n
		}
	}
}

// atRisk calls do for each day on which a case was closed, in order, with how many were watched then and how many of them were closed.
func (l *lives) atRisk(do func(t, risk, closed int)) {
	days := map[int]bool{}
	for _, m := range []map[int]int{l.entered, l.closed, l.left} {
		for t := range m {
			days[t] = true
		}
	}
	risk := 0
	for _, t := range slices.Sorted(maps.Keys(days)) {
		if n := l.closed[t]; n > 0 {
			do(t, risk, n)
		}
		risk += l.entered[t] - l.closed[t] - l.left[t]
	}
}

// estimate is Kaplan and Meier's estimate with Greenwood's variance. The band is that of log(−log S), which stays between 0 and 1.
func (l *lives) estimate() (steps []Step) {
	share, sum := 1.0, 0.0
	l.atRisk(func(t, risk, closed int) {
		n, d := float64(risk), float64(closed)
		share *= 1 - d/n
		step := Step{Days: t, Share: share, AtRisk: risk}
		if risk > closed {
			sum += d / (n * (n - d))
			width := z95 * math.Sqrt(sum) / math.Abs(math.Log(share))
			step.Low, step.High = math.Pow(share, math.Exp(width)), math.Pow(share, math.Exp(-width))
		} else { // nobody is left whose life could vary
			share, step.Share = 0, 0
			if n := len(steps); n > 0 {
				step.High = steps[n-1].High
			} else {
				step.High = 1
			}
		}
		steps = append(steps, step)
	})
	return steps
}

// sizes are how many lives were watched, and how many of them ended.
func (l *lives) sizes() (n, closed int) {
	for _, k := range l.entered {
		n += k
	}
	for _, k := range l.closed {
		closed += k
	}
	return n, closed
}

// longest is the last day on which anything was watched.
func (l *lives) longest() (t int) {
	for _, m := range []map[int]int{l.closed, l.left} {
		for at := range m {
			t = max(t, at)
		}
	}
	return t
}

// openAfter is the step that holds after some days; the share is 1 before the first.
func openAfter(steps []Step, days float64) Step {
	at := Step{Share: 1, Low: 1, High: 1}
	for _, s := range steps {
		if float64(s.Days) > days {
			break
		}
		at = s
	}
	return at
}

// firstAtMost is the first day on which a curve is no higher than a share; nil if it never is.
func firstAtMost(steps []Step, share float64, of func(Step) float64) *float64 {
	for _, s := range steps {
		if of(s) <= share+1e-12 {
			return new(float64(s.Days))
		}
	}
	return nil
}

// logRank is the probability that two sets of lives differ as they do, or more, by chance alone; nil if nothing can be said.
func logRank(a, b *lives) *float64 {
	both := newLives()
	both.add(a)
	both.add(b)
	ofA := map[int][2]int{}
	risk := riskOf(a)
	a.atRisk(func(t, _, closed int) { ofA[t] = [2]int{0, closed} })
	observed, expected, variance := 0.0, 0.0, 0.0
	both.atRisk(func(t, all, closed int) {
		n, d, n1 := float64(all), float64(closed), float64(risk(t))
		observed += float64(ofA[t][1])
		expected += d * n1 / n
		if all > 1 {
			variance += d * (n1 / n) * (1 - n1/n) * (n - d) / (n - 1)
		}
	})
	if variance <= 0 {
		return nil
	}
	chi := (observed - expected) * (observed - expected) / variance
	return new(math.Erfc(math.Sqrt(chi / 2)))
}

// riskOf gives how many lives were watched on a day; days are asked for in order.
func riskOf(l *lives) func(t int) int {
	var days []int
	for _, m := range []map[int]int{l.entered, l.closed, l.left} {
		for t := range m {
			days = append(days, t)
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	risk, next := 0, 0
	return func(t int) int {
		for ; next < len(days) && days[next] < t; next++ {
			d := days[next]
			risk += l.entered[d] - l.closed[d] - l.left[d]
		}
		return risk
	}
}
