package kpi

import (
	"cmp"
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
)

// A Ticket is an object in a tracker as it was last seen.
type Ticket struct {
	Place, Key         string
	Status, Resolution string // in the tracker's words
	Done               bool
	Changed            time.Time // by the tracker's clock; zero: not known
	Unseen             bool      // the latest complete scan found nothing of what it is about
}

// A Deed is what was done to a ticket.
type Deed struct {
	At         time.Time
	Place, Key string
	Did        string // engine.DidCreate and so on
}

type ticketName struct{ place, key string }

// A ticketTally is what is counted of tickets. There is one for each fix, not for each case.
type ticketTally struct {
	made, done   map[ticketName]time.Time
	reopened     [2]int // within the window, and the period before
	open, unseen int
	byStatus     map[[2]string]int
	all          int
	seen         map[ticketName]*Ticket
}

func newTicketTally() *ticketTally {
	return &ticketTally{made: map[ticketName]time.Time{}, done: map[ticketName]time.Time{}, byStatus: map[[2]string]int{}, seen: map[ticketName]*Ticket{}}
}

// Deed counts what was done to a ticket, in the order of the log.
func (c *Collector) Deed(d *Deed) {
	t, name := c.tickets, ticketName{d.Place, d.Key}
	switch d.Did {
	case engine.DidCreate:
		t.made[name] = d.At
	case engine.DidClose:
		t.done[name] = d.At
	case engine.DidReopen:
		delete(t.done, name)
		switch {
		case c.o.Window.has(d.At):
			t.reopened[0]++
		case c.previous.has(d.At):
			t.reopened[1]++
		}
	}
}

// Ticket counts a ticket as it was last seen.
func (c *Collector) Ticket(x *Ticket) {
	t, name := c.tickets, ticketName{x.Place, x.Key}
	t.all++
	t.byStatus[[2]string{x.Status, x.Resolution}]++
	if !x.Done {
		t.open++
		t.unseen += one(x.Unseen)
		delete(t.done, name)
		return
	}
	if t.done[name].IsZero() && !x.Changed.IsZero() {
		t.done[name] = x.Changed
	}
}

// took are the hours that tickets took that were done within a period.
func (t *ticketTally) took(within Period) map[int]int {
	hours := map[int]int{}
	for name, done := range t.done {
		made, ok := t.made[name]
		if ok && within.has(done) {
			hours[min(int((max(0, done.Sub(made))+time.Hour-1)/time.Hour), mostDays*24)]++
		}
	}
	return hours
}

// mostStatuses bounds how many statuses are listed one by one.
const mostStatuses = 30

// statuses are the statuses that tickets have, the most frequent first.
func (t *ticketTally) statuses() (all [][2]string) {
	for s := range t.byStatus {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b [2]string) int {
		return cmp.Or(t.byStatus[b]-t.byStatus[a], cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
	return all[:min(len(all), mostStatuses)]
}
