package kpi

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
)

// Options say what a report is of.
type Options struct {
	At     time.Time // the clock of the report
	Window Period    // it does not end after the second of At
	Kind   string    // FromLedger or FromResult
	Team   string    // only cases of this owner; empty: all
	Branch string    // only this branch; empty: all

	Repositories []string // what is handed over is of these alone, names or patterns; nil: of all
	NoTickets    string   // why nothing is known of tickets; empty: what is handed over is all of them

	Targets map[string]float64          // by the id of a figure, with a dot and the priority where it has one: exposure.half_life.act
	DueDays map[engine.Priority]float64 // that the policy allows; a priority that is missing has no date
}

// What is bounded.
const (
	week      = 7 * day
	mostWeeks = 520   // of a window
	mostTeams = 10000 // that are told apart; the cases of more are counted together
	listTeams = 50    // that are listed
)

// A Collector counts cases, runs and effects, in any order but that runs come as the log has them.
type Collector struct {
	o        Options
	previous Period
	weeks    []time.Time // where each week of both periods ends, the first one first

	cases     int
	begun     time.Time // of the first run in the log
	now, then *tally
	opened    map[engine.Priority][]int // by week
	closed    map[engine.Priority][]int
	atStart   map[engine.Priority]int // open before the first week
	overdue   []int
	teams     map[string]*Team
	exploited bool // known exploitation was asked for
	runs      *runTally
	tickets   *ticketTally
	waivers   waiverTally
	fixes     *int
	replayed  *sample
}

// New begins to count. A window that has no length or more than ten years is an error.
func New(o Options) (*Collector, error) {
	length := o.Window.Until.Sub(o.Window.Since)
	switch {
	case length <= 0:
		return nil, errors.New("the period ends before it begins")
	case length > mostWeeks*week:
		return nil, fmt.Errorf("the period is longer than %d weeks", mostWeeks)
	case o.Window.Until.After(o.At.Add(time.Second)):
		return nil, errors.New("the period ends in the future")
	}
	c := &Collector{o: o, previous: Period{o.Window.Since.Add(-length), o.Window.Since}, teams: map[string]*Team{}, waivers: waiverTally{of: map[[2]string]Waiver{}},
		opened: map[engine.Priority][]int{}, closed: map[engine.Priority][]int{}, atStart: map[engine.Priority]int{}}
	for end := o.Window.Until; end.After(c.previous.Since); end = end.Add(-week) {
		c.weeks = append(c.weeks, end)
	}
	slices.Reverse(c.weeks)
	for _, p := range engine.Priorities {
		c.opened[p], c.closed[p] = make([]int, len(c.weeks)), make([]int, len(c.weeks))
	}
	c.overdue = make([]int, len(c.weeks)+1)
	c.now, c.then = newTally(o.Window), newTally(c.previous)
	c.runs, c.tickets = newRunTally(len(c.weeks)), newTicketTally()
	return c, nil
}

// Case counts a case.
func (c *Collector) Case(x *Case) {
	if c.o.Team != "" && x.Owner != c.o.Team {
		return
	}
	c.cases++
	c.exploited = c.exploited || x.Exploited != nil
	c.now.count(x)
	if len(x.Spans) > 0 {
		c.then.count(x)
		c.byWeek(x)
	}
	if x.openAt(c.o.Window.Until) {
		c.team(x)
	}
}

// openAt says whether a case was open at a time. One of whose life nothing is known is open now.
func (x *Case) openAt(t time.Time) bool {
	for _, s := range x.Spans {
		if s.From.Before(t) && (s.To.IsZero() || !s.To.Before(t)) {
			return true
		}
	}
	return len(x.Spans) == 0
}

// byWeek counts when a case was opened, closed and overdue.
func (c *Collector) byWeek(x *Case) {
	opened, closed := c.opened[x.Priority], c.closed[x.Priority]
	if opened == nil {
		return
	}
	for _, s := range x.Spans {
		if i, ok := c.weekOf(s.From); ok {
			opened[i]++
		} else if s.From.Before(c.previous.Since) && (s.To.IsZero() || !s.To.Before(c.previous.Since)) {
			c.atStart[x.Priority]++
		}
		if i, ok := c.weekOf(s.To); ok && !s.To.IsZero() {
			closed[i]++
		}
		if x.Due.IsZero() || x.Waived {
			continue
		}
		// Overdue at the end of each week from the first that ends after both dates, to the last before it was closed.
		from, _ := c.weekEndingAfter(later(s.From, x.Due))
		to := len(c.weeks)
		if !s.To.IsZero() {
			to, _ = c.weekEndingAfter(s.To)
		}
		if from < to {
			c.overdue[from]++
			c.overdue[to]--
		}
	}
}

// weekOf is the week that a time lies in.
func (c *Collector) weekOf(t time.Time) (int, bool) {
	i, _ := c.weekEndingAfter(t)
	return i, !t.Before(c.previous.Since) && i < len(c.weeks)
}

func (c *Collector) weekEndingAfter(t time.Time) (int, bool) {
	return slices.BinarySearchFunc(c.weeks, t, func(end, t time.Time) int {
		if end.After(t) {
			return 1
		}
		return -1
	})
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// team counts an open case with its owner, by when it is due.
func (c *Collector) team(x *Case) {
	name := x.Owner
	t := c.teams[name]
	if t == nil {
		if len(c.teams) >= mostTeams {
			name = beyond
		}
		if t = c.teams[name]; t == nil {
			t = &Team{Name: name}
			c.teams[name] = t
		}
	}
	if x.Waived {
		t.Accepted++
		return
	}
	t.Open++
	if urgent(x.Priority) {
		t.Urgent++
	}
	left := x.Due.Sub(c.o.Window.Until)
	switch {
	case x.Due.IsZero():
		t.NoDate++
	case left < 0:
		t.Overdue++
	case left <= 7*day:
		t.In7++
	case left <= 14*day:
		t.In14++
	case left <= 30*day:
		t.In30++
	default:
		t.Later++
	}
}

// beyond is the name of all teams together that are not told apart: no owner has a line feed in the name.
const beyond = "\n"

func urgent(p engine.Priority) bool { return p == engine.Act || p == engine.Attend }

// listed are the teams with most that is overdue, and one that stands for all others.
func (c *Collector) listed() []Team {
	all := []Team{}
	for _, t := range slices.SortedFunc(maps.Values(c.teams), compareTeams) {
		if len(all) < listTeams && t.Name != beyond {
			all = append(all, *t)
			continue
		}
		if n := len(all); n == 0 || all[n-1].Teams == 0 {
			all = append(all, Team{})
		}
		all[len(all)-1].add(t)
	}
	return all
}

func (t *Team) add(more *Team) {
	t.Teams++
	t.Open, t.Urgent, t.Accepted = t.Open+more.Open, t.Urgent+more.Urgent, t.Accepted+more.Accepted
	t.Overdue, t.In7, t.In14, t.In30 = t.Overdue+more.Overdue, t.In7+more.In7, t.In14+more.In14, t.In30+more.In30
	t.Later, t.NoDate = t.Later+more.Later, t.NoDate+more.NoDate
}

func compareTeams(a, b *Team) int {
	for _, d := range []int{b.Overdue - a.Overdue, b.Urgent - a.Urgent, b.Open - a.Open} {
		if d != 0 {
			return d
		}
	}
	switch {
	case a.Name < b.Name:
		return -1
	case a.Name > b.Name:
		return 1
	}
	return 0
}
