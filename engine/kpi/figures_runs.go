package kpi

import (
	"cmp"
	"slices"
	"time"
)

// A sample is what deciding again came to.
type sample struct{ identical, all int }

// Replayed notes that of so many decisions so many came out identical when they were decided again.
func (c *Collector) Replayed(identical, all int) { c.replayed = &sample{identical, all} }

// Fixes notes how many fixes clear the cases that need action.
func (c *Collector) Fixes(n int) { c.fixes = &n }

// Waivers are those of a branch, by its latest run.
func (c *Collector) Waivers(repository, branch string, all []Waiver) {
	if c.o.Branch != "" && branch != c.o.Branch {
		return
	}
	c.waivers.known = true
	for _, w := range all {
		w.Repository = repository
		key := [2]string{repository, w.ID}
		if have, ok := c.waivers.of[key]; !ok || w.Expires > have.Expires {
			c.waivers.of[key] = w
		}
	}
}

// A waiverTally has the waivers of all repositories, each once.
type waiverTally struct {
	known bool
	of    map[[2]string]Waiver
}

// within says whether a waiver is in force at the end of the window, and ends in so many days; what has no end does not.
func (w *Waiver) within(until time.Time, days int) bool {
	end, err := time.Parse(time.DateOnly, w.Expires)
	return err == nil && w.inForce() && !until.AddDate(0, 0, days).Before(end)
}

// inForce says so of a waiver.
func (w *Waiver) inForce() bool { return w.State != "expired" && w.State != "pending" }

// ending are the waivers that end within 30 days or have ended, the first to end first.
func (c *Collector) ending() []Waiver {
	all := []Waiver{}
	for _, w := range c.waivers.of {
		if w.State == "expired" || w.within(c.o.Window.Until, 30) {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b Waiver) int {
		return cmp.Or(cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Repository, b.Repository), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), mostWaivers)]
}

const mostWaivers = 200 // that are listed

func (m *maker) accepted() {
	all := m.c.now.of[allOfThem]
	m.atEndAlone("waivers.cases", "", of(all.waived))
	for _, p := range reversed {
		if s := m.c.now.of[p]; !s.empty() || !m.c.then.of[p].empty() {
			m.atEndAlone("waivers.cases", p, of(s.waived))
		}
	}
	debt := measure{value: m.c.now.debt, n: &all.waived}
	if m.c.now.undated {
		debt = absent("since when a case is there is not known")
	}
	m.atEndAlone("waivers.debt", "", debt)
	why := ""
	switch {
	case m.c.o.Team != "":
		why = "a waiver is not of one team"
	case !m.c.waivers.known:
		why = "no run on a branch is there"
	}
	ending, unverified := 0, 0
	for _, w := range m.c.waivers.of {
		ending += one(w.within(m.c.o.Window.Until, 30))
		unverified += one(w.inForce() && !w.Verified)
	}
	m.atEndAlone("waivers.ending", "", unless(why, func() measure { return of(ending) }))
	m.atEndAlone("waivers.unverified", "", unless(why, func() measure { return of(unverified) }))
}

func (m *maker) gate() {
	t := m.c.runs
	put := func(id string, measured func(*runCounts) measure) {
		m.put(id, "", unless(m.ofRuns(), func() measure { return measured(&t.now) }), unless(m.ofRuns(), func() measure { return measured(&t.then) }))
	}
	put("gate.runs", func(n *runCounts) measure { return of(n.judged) })
	put("gate.block_rate", func(n *runCounts) measure { return share(n.stopped, n.judged, noChanges) })
	named := func(n *runCounts) string {
		switch {
		case n.judged == 0:
			return noChanges
		case !t.named:
			return noPull
		}
		return ""
	}
	put("gate.override_rate", func(n *runCounts) measure {
		return unless(named(n), func() measure { return share(n.overridden, n.blocks, noBlock) })
	})
	put("gate.unblock", func(n *runCounts) measure {
		return unless(named(n), func() measure { return median(n.hours, 1, "no pull request came free") })
	})
	for _, l := range latencies {
		put(l.id, func(n *runCounts) measure {
			if n.judged == 0 {
				return absent(noChanges)
			}
			return n.took.seconds(l.share)
		})
	}
}

// median is that of a count of hours, divided; of nothing there is none.
func median(hours map[int]int, by float64, why string) measure {
	n := sum(hours)
	if n == 0 {
		return absent(why)
	}
	return measure{value: percentile(hours, 0.5) * 24 / by, n: &n}
}

func (m *maker) evidence() {
	t := m.c.runs
	put := func(id string, measured func(*runCounts) measure) {
		m.put(id, "", unless(m.ofRuns(), func() measure { return measured(&t.now) }), unless(m.ofRuns(), func() measure { return measured(&t.then) }))
	}
	put("evidence.runs", func(n *runCounts) measure { return of(n.runs) })
	put("evidence.signed", func(n *runCounts) measure { return share(n.signed, n.runs, noRuns) })
	put("evidence.loosened", func(n *runCounts) measure { return share(n.loosened, n.runs, noRuns) })
	age := absent(noRuns)
	if t.last != nil {
		age = measure{value: max(0, m.c.o.Window.Until.Sub(t.last.At).Hours()/24)}
	}
	m.put("evidence.checkpoint_age", "", unless(m.ofRuns(), func() measure { return age }), absent(notKept))
	replayed := absent(notReplayed)
	if r := m.c.replayed; r != nil {
		replayed = share(r.identical, r.all, "there is no decision to decide again")
	}
	m.put("evidence.replayed", "", unless(m.ofLives(), func() measure { return replayed }), absent(notKept))
}

func (m *maker) trackers() {
	t := m.c.tickets
	why := cmp.Or(m.ofRuns(), m.c.o.NoTickets)
	if why == "" && t.all == 0 {
		why = noTickets
	}
	m.atEndAlone("tickets.open", "", unless(why, func() measure { return measure{value: float64(t.open), n: &t.all} }))
	if why == "" {
		for _, s := range t.statuses() {
			f := m.atEndAlone("tickets.by_status", "", of(t.byStatus[s]))
			f.Status = cmp.Or(s[0], "status not known")
			if s[1] != "" {
				f.Status += ", " + s[1]
			}
		}
	}
	took := func(p Period) measure { return median(t.took(p), 24, "no ticket was done in the period") }
	m.put("tickets.close", "", unless(why, func() measure { return took(m.c.o.Window) }), unless(why, func() measure { return took(m.c.previous) }))
	m.put("tickets.reopened", "", unless(why, func() measure { return of(t.reopened[0]) }), unless(why, func() measure { return of(t.reopened[1]) }))
	m.atEndAlone("tickets.unseen", "", unless(why, func() measure { return of(t.unseen) }))
}
