package kpi

import "github.com/headgate/headgate/engine"

type priority = engine.Priority

// series are the figures by week. What was before the log began is not known.
func (m *maker) series() {
	c := m.c
	if c.o.Kind == FromResult {
		return
	}
	sums := map[string][]int{}
	for _, p := range reversed {
		opened, closed := c.opened[p], c.closed[p]
		standing := make([]int, len(c.weeks))
		n := c.atStart[p]
		for i := range c.weeks {
			n += opened[i] - closed[i]
			standing[i] = n
		}
		if c.now.of[p].empty() && c.then.of[p].empty() {
			continue
		}
		m.line("open", "Open cases", UnitCases, p, standing)
		sums["open"] = plus(sums["open"], standing)
		sums["opened"], sums["closed"] = plus(sums["opened"], opened), plus(sums["closed"], closed)
	}
	m.line("open", "Open cases", UnitCases, "", plus(make([]int, len(c.weeks)), sums["open"]))
	m.line("opened", "Opened in the week", UnitCases, "", plus(make([]int, len(c.weeks)), sums["opened"]))
	m.line("closed", "Closed in the week", UnitCases, "", plus(make([]int, len(c.weeks)), sums["closed"]))
	overdue, n := make([]int, len(c.weeks)), 0
	for i := range overdue {
		n += c.overdue[i]
		overdue[i] = n
	}
	m.line("overdue", "Overdue cases", UnitCases, "", overdue)
	if c.o.Team != "" {
		return
	}
	paths := Series{ID: "paths", Name: "Validated exposure paths", Unit: UnitPaths}
	judged, blocked := make([]int, len(c.weeks)), make([]int, len(c.weeks))
	for i, w := range c.runs.weeks {
		p := Point{At: c.weeks[i]}
		if w.graphs > 0 {
			p.Value = new(float64(w.paths))
		}
		paths.Points = append(paths.Points, p)
		judged[i], blocked[i] = w.judged, w.stopped
	}
	if c.runs.graphs > 0 {
		m.out.Series = append(m.out.Series, paths)
	}
	m.line("changes", "Changes judged in the week", UnitRuns, "", judged)
	m.line("blocked", "Changes blocked in the week", UnitRuns, "", blocked)
	m.latency()
}

func plus(a, b []int) []int {
	sum := make([]int, max(len(a), len(b)))
	for i := range a {
		sum[i] += a[i]
	}
	for i := range b {
		sum[i] += b[i]
	}
	return sum
}

// line adds a series of counts.
func (m *maker) line(id, name, unit string, of priority, values []int) {
	s := Series{ID: id, Name: name, Unit: unit, Of: of}
	for i, v := range values {
		p := Point{At: m.c.weeks[i]}
		if begun := m.c.begun; !begun.IsZero() && p.At.After(begun) {
			p.Value = new(float64(v))
		}
		s.Points = append(s.Points, p)
	}
	m.out.Series = append(m.out.Series, s)
}
