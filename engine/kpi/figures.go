package kpi

import (
	"fmt"
	"math"
	"strconv"

	"github.com/headgate/headgate/engine"
)

// Why a figure is absent.
const (
	noRun       = "no run is recorded yet"
	noHistory   = "a result file has no history: a ledger does"
	notByTeam   = "runs and tickets are not of one team"
	noCases     = "there are no cases"
	noClosed    = "nothing was closed in the period"
	noRuns      = "no run is in the period"
	noChanges   = "no run on a change is in the period"
	noGraph     = "assets.yaml does not say what each asset reaches, or no complete scan looked at all of them"
	noWatch     = "no case was followed for a whole day of the period: it takes runs on several days"
	noPull      = "no run said of which pull request it was"
	noBlock     = "nothing was blocked"
	noTickets   = "the ledger knows of no tickets: headgate publish --ledger with the same ledger tells it of them"
	noPlan      = "a plan is made of all cases of up to 100,000, and not of one team's: headgate plan"
	notBegun    = "the log begins after the period"
	begunWithin = "the log begins within the period: what its first run found may have been there before"
	notKept     = "it is known as it is now, and not as it was then"
	notReplayed = "no sample was decided again: --replay does it"
	noTiming    = "of no run on a change in the period the ledger knows how long it took"
)

// A maker makes the figures of a report.
type maker struct {
	c   *Collector
	out *Report
}

// A measure is the value of a figure in one period; Why says why it has none.
type measure struct {
	value     float64
	why       string
	n         *int
	low, high *float64
}

func of(n int) measure          { return measure{value: float64(n)} }
func absent(why string) measure { return measure{why: why} }

// share is a part of a whole; of nothing there is none.
func share(part, whole int, why string) measure {
	if whole == 0 {
		return absent(why)
	}
	return measure{value: float64(part) / float64(whole), n: &whole}
}

// put adds a figure from its values now and in the period before.
func (m *maker) put(id string, priority engine.Priority, now, then measure) *Figure {
	d := definition(id)
	if m.c.nothing() {
		now, then = absent(noRun), absent(noRun)
	}
	if now.why == "" && !m.c.begun.Before(m.c.o.Window.Until) { // nothing is known of it: zeros would say that all is well
		now = absent(notBegun)
	}
	f := Figure{ID: id, Name: d.Name, Priority: priority, Unit: d.Unit, Better: d.Better, When: d.When, Definition: d.Text, Bias: d.Bias, Absent: now.why, N: now.n}
	if now.why == "" {
		f.Value, f.Low, f.High = rounded(&now.value), rounded(now.low), rounded(now.high)
	}
	if then.why == "" && m.knownBefore(d.When) {
		f.Previous = rounded(&then.value)
	}
	key := id
	if priority != "" {
		key += "." + string(priority)
	}
	if target, ok := m.c.o.Targets[key]; ok {
		f.Target = &target
	}
	m.out.Figures = append(m.out.Figures, f)
	return &m.out.Figures[len(m.out.Figures)-1]
}

// atEndAlone adds a figure that is known as of the clock of the report alone: of the period before, and of one that is over, it is absent.
func (m *maker) atEndAlone(id string, priority engine.Priority, now measure) *Figure {
	if now.why == "" && !m.c.o.Window.Until.After(m.c.o.At) {
		now = absent(notKept)
	}
	return m.put(id, priority, now, absent(notKept))
}

// knownBefore says whether the log knows of the period before: all of it, or its end.
func (m *maker) knownBefore(when string) bool {
	begun := m.c.begun
	if m.c.o.Kind == FromResult || begun.IsZero() {
		return false
	}
	if when == AtEnd {
		return begun.Before(m.c.previous.Until)
	}
	return !begun.After(m.c.previous.Since)
}

// rounded cuts off what is only the order of additions.
func rounded(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return new(math.Round(*v*1e6) / 1e6)
}

// unless gives a measure, or says why there is none.
func unless(why string, make func() measure) measure {
	if why != "" {
		return absent(why)
	}
	return make()
}

// each puts a figure of all cases, or of act and attend together, and then of each priority. A priority that no case ever had is left out.
func (m *maker) each(id string, together engine.Priority, why string, measured func(*stratum, *tally, engine.Priority) measure) {
	for i, p := range append([]engine.Priority{together}, reversed...) {
		now, then := m.c.now.of[p], m.c.then.of[p]
		if i > 0 && now.empty() && then.empty() {
			continue
		}
		shown := p
		if i == 0 {
			shown = ""
		}
		f := m.put(id, shown, unless(why, func() measure { return measured(now, m.c.now, p) }), unless(why, func() measure { return measured(then, m.c.then, p) }))
		if days, ok := m.c.o.DueDays[p]; ok && f.Target == nil && (id == "exposure.half_life" || id == "remediation.p90") {
			f.Target = &days
		}
	}
}

func (s *stratum) empty() bool {
	n, _ := s.lives.sizes()
	return n == 0 && s.open == 0 && s.opened == 0 && s.closed == 0 && s.dueOpen == 0
}

// reversed are the priorities, the most urgent first.
var reversed = []engine.Priority{engine.Act, engine.Attend, engine.TrackStar, engine.Track}

// Report is what was counted.
func (c *Collector) Report() *Report {
	m := &maker{c: c, out: &Report{Schema: Schema, At: c.o.At, Window: c.o.Window, Previous: c.previous,
		Of:      Source{Kind: c.o.Kind, Team: c.o.Team, Branch: c.o.Branch, Repositories: c.o.Repositories, Cases: c.cases, Runs: c.runs.all, Begun: c.begun},
		Figures: []Figure{}, Series: []Series{}, Survival: []Curve{}, Teams: c.listed(), Waivers: c.ending()}}
	m.paths()
	m.exposure()
	m.remediation()
	m.open()
	m.due()
	m.backlog()
	m.noise()
	m.accepted()
	m.gate()
	m.evidence()
	m.trackers()
	m.exploited()
	if !c.nothing() {
		m.series()
	}
	return m.out
}

// nothing says that the ledger has no run yet.
func (c *Collector) nothing() bool { return c.o.Kind == FromLedger && c.begun.IsZero() }

// ofRuns says why figures of runs are absent; empty: they are not.
func (m *maker) ofRuns() string {
	switch {
	case m.c.o.Kind == FromResult:
		return noHistory
	case m.c.o.Team != "":
		return notByTeam
	}
	return ""
}

// ofLives says why figures of how cases went are absent.
func (m *maker) ofLives() string {
	if m.c.o.Kind == FromResult {
		return noHistory
	}
	return ""
}

func (m *maker) paths() {
	t := m.c.runs
	why := ""
	switch {
	case m.c.o.Team != "":
		why = notByTeam
	case t.graphs == 0:
		why = noGraph
	}
	standing := func(n *runCounts) measure {
		if n.graphs == 0 {
			return absent(noGraph)
		}
		return measure{value: float64(n.paths), n: new(n.graphs)}
	}
	m.put("paths.validated", "", unless(why, func() measure { return standing(&t.now) }), unless(why, func() measure { return standing(&t.then) }))
	if why == "" {
		why = m.ofLives()
	}
	for _, f := range []struct {
		id string
		of func(*runCounts) int
	}{
		{"paths.opened", func(n *runCounts) int { return n.opened }},
		{"paths.closed", func(n *runCounts) int { return n.closed }},
		{"paths.net", func(n *runCounts) int { return n.opened - n.closed }},
	} {
		m.put(f.id, "", unless(why, func() measure { return of(f.of(&t.now)) }), unless(why, func() measure { return of(f.of(&t.then)) }))
	}
}

func (m *maker) exposure() {
	why := m.ofLives()
	m.each("exposure.half_life", ofUrgent, why, func(s *stratum, _ *tally, _ priority) measure { return s.halfLife() })
	m.each("exposure.open_at_due", ofUrgent, why, func(s *stratum, _ *tally, p priority) measure {
		days, ok := m.c.o.DueDays[p]
		switch {
		case p == ofUrgent:
			return absent("act and attend have dates of their own")
		case !ok:
			return absent("the policy sets no date for it")
		}
		return s.openAtDue(days)
	})
	if why != "" {
		return
	}
	for _, p := range append([]engine.Priority{ofUrgent}, reversed...) {
		now, then := m.c.now.of[p], m.c.then.of[p]
		for i, s := range []*stratum{now, then} {
			if p != ofUrgent && now.empty() && then.empty() || i > 0 && !m.knownBefore(Within) {
				continue
			}
			curve := s.curve(p, m.c.o.DueDays)
			curve.Period = [2]string{OfWindow, OfPrevious}[i]
			if i == 0 && m.knownBefore(Within) {
				curve.P = rounded(logRank(now.lives, then.lives))
			}
			m.out.Survival = append(m.out.Survival, curve)
		}
	}
}

// halfLife is where the curve comes to one half, and its band.
func (s *stratum) halfLife() measure {
	n, _ := s.lives.sizes()
	if n == 0 {
		return absent(noWatch)
	}
	steps := s.lives.estimate()
	half := firstAtMost(steps, 0.5, func(s Step) float64 { return s.Share })
	if half == nil {
		last := openAfter(steps, mostDays)
		return measure{n: &n, why: fmt.Sprintf("%s of the cases are still open after %d days, the longest that one was followed", percent(last.Share), s.lives.longest())}
	}
	return measure{value: *half, n: &n, low: firstAtMost(steps, 0.5, func(s Step) float64 { return s.Low }),
		high: firstAtMost(steps, 0.5, func(s Step) float64 { return s.High })}
}

// openAtDue is the curve at some days.
func (s *stratum) openAtDue(days float64) measure {
	n, closed := s.lives.sizes()
	switch {
	case n == 0:
		return absent(noWatch)
	case float64(s.lives.longest()) < days && closed < n:
		return measure{n: &n, why: "no case was followed for as long as the policy allows"}
	}
	at := openAfter(s.lives.estimate(), days)
	return measure{value: at.Share, n: &n, low: &at.Low, high: &at.High}
}

// curve is how the cases of a priority went.
func (s *stratum) curve(p engine.Priority, due map[engine.Priority]float64) Curve {
	c := Curve{Priority: p, Steps: []Step{}}
	if p == ofUrgent {
		c.Priority = ""
	}
	c.N, c.Closed = s.lives.sizes()
	if c.N == 0 {
		c.Absent = noWatch
		return c
	}
	for _, step := range s.lives.estimate() {
		step.Share, step.Low, step.High = *rounded(&step.Share), *rounded(&step.Low), *rounded(&step.High)
		c.Steps = append(c.Steps, step)
	}
	c.Longest = s.lives.longest()
	if half := s.halfLife(); half.why == "" {
		c.HalfLife = &half.value
	}
	if days, ok := due[p]; ok {
		c.Due = &days
		if at := s.openAtDue(days); at.why == "" {
			c.AtDue = new(openAfter(c.Steps, days))
		}
	}
	return c
}

func (m *maker) remediation() {
	for _, f := range []struct {
		id string
		of func(*stratum) float64
	}{
		{"remediation.mean", func(s *stratum) float64 { return s.sum / float64(s.closed) }},
		{"remediation.median", func(s *stratum) float64 { return percentile(s.hours, 0.5) }},
		{"remediation.p90", func(s *stratum) float64 { return percentile(s.hours, 0.9) }},
	} {
		m.each(f.id, ofUrgent, m.ofLives(), func(s *stratum, _ *tally, _ priority) measure {
			if s.closed == 0 {
				return absent(noClosed)
			}
			return measure{value: f.of(s), n: &s.closed}
		})
	}
}

func (m *maker) both(id, why string, measured func(*tally) measure) {
	m.put(id, "", unless(why, func() measure { return measured(m.c.now) }), unless(why, func() measure { return measured(m.c.then) }))
}

func (m *maker) open() {
	m.each("open.cases", allOfThem, "", func(s *stratum, _ *tally, _ priority) measure { return of(s.open) })
	all := func(t *tally) int { return t.of[allOfThem].open }
	m.both("open.on_critical", "", func(t *tally) measure {
		return share(t.critical, t.criticalKnown, "of no asset with an open case the criticality is known")
	})
	m.both("open.with_owner", "", func(t *tally) measure { return share(t.owned, all(t), "nothing is open") })
	m.both("open.with_fix", "", func(t *tally) measure {
		return share(t.fixable, t.fixableKnown, "no vulnerability of a package is open")
	})
}

func (m *maker) due() {
	m.each("due.compliance", allOfThem, m.ofLives(), func(s *stratum, _ *tally, _ priority) measure {
		return share(s.dueClosed, s.dueOpen, "nothing was due in the period")
	})
	m.each("due.overdue", allOfThem, "", func(s *stratum, _ *tally, _ priority) measure { return of(s.overdue) })
	m.both("due.next_14_days", "", func(t *tally) measure { return of(t.next) })
	m.both("due.projected", m.ofLives(), func(t *tally) measure {
		sum := 0.0
		for _, p := range reversed {
			sum += t.of[p].projected()
		}
		return measure{value: sum, n: &t.next}
	})
}

func (m *maker) backlog() {
	why := m.ofLives()
	m.each("backlog.opened", allOfThem, why, func(s *stratum, _ *tally, _ priority) measure { return of(s.opened) })
	m.each("backlog.closed", allOfThem, why, func(s *stratum, _ *tally, _ priority) measure { return of(s.closed) })
	if why == "" && m.c.begun.After(m.c.o.Window.Since) { // the stock that the first run found would look like growth
		why = begunWithin
	}
	m.each("backlog.net", allOfThem, why, func(s *stratum, _ *tally, _ priority) measure { return of(s.opened - s.closed) })
	m.both("backlog.capacity", why, func(t *tally) measure {
		s := t.of[allOfThem]
		if s.opened == 0 {
			return absent("nothing was opened in the period")
		}
		return measure{value: float64(s.closed) / float64(s.opened), n: &s.opened}
	})
	m.both("reopened.rate", m.ofLives(), func(t *tally) measure { return share(t.reopened, t.of[allOfThem].closed, noClosed) })
}

func (m *maker) noise() {
	t := m.c.runs
	why := ""
	switch {
	case m.c.o.Team != "":
		why = notByTeam
	case t.branches == 0:
		why = "no run on a branch is there"
	}
	needing := func(t *tally) int { s := t.of[ofUrgent]; return s.open - s.waived }
	m.put("noise.reported", "", unless(why, func() measure { return of(t.now.reported) }), unless(why, func() measure { return of(t.then.reported) }))
	m.put("noise.findings", "", unless(why, func() measure { return of(t.now.findings) }), unless(why, func() measure { return of(t.then.findings) }))
	m.both("noise.actionable", "", func(t *tally) measure { return of(needing(t)) })
	fixes := absent(noPlan)
	if m.c.fixes != nil {
		fixes = of(*m.c.fixes)
	}
	m.atEndAlone("noise.fixes", "", fixes)
	cut := func(n *runCounts, t *tally) measure {
		if n.reported == 0 {
			return absent("scanners reported nothing")
		}
		return measure{value: max(0, 1-float64(needing(t))/float64(n.reported)), n: &n.reported}
	}
	m.put("noise.cut", "", unless(why, func() measure { return cut(&t.now, m.c.now) }), unless(why, func() measure { return cut(&t.then, m.c.then) }))
}

func (m *maker) exploited() {
	why := m.ofLives()
	if why == "" && !m.c.exploited {
		why = "no run had the catalogue and a rule that asks for it"
	}
	m.both("kev.coverage", why, func(t *tally) measure {
		return share(t.exploited, t.exploitedAll, "no case known to be exploited was there")
	})
	m.both("kev.efficiency", why, func(t *tally) measure { return share(t.exploited, t.of[allOfThem].closed, noClosed) })
}

func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1000)/10, 'f', -1, 64) + " %"
}
