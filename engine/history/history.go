// Package history is what the runs of a branch come to, one after the other: which findings are open on which assets, since when, and
// which are gone. It is made of what runs recorded and of nothing else, so that it can be made again at any time.
package history

import (
	"slices"
	"time"
)

// The statuses of a finding on an asset.
const (
	Open   = "open"
	Waived = "waived" // open, and someone accepts it for now
	Closed = "closed" // a run that looked where it had been did not find it
)

// A State is what is known of one finding on one asset.
type State struct {
	Asset      string
	Finding    string   // the canonical id
	IDs        []string // all ids of its alias group: a group that grows gets another canonical one
	Status     string
	FirstSeen  time.Time
	LastSeen   time.Time
	Closed     time.Time // zero: it is not closed
	Reopened   int       // how often it came back
	Priority   string
	Action     string
	Due        time.Time // zero: there is no date
	NextChange time.Time // when time alone could change the decision; zero: never
	CVEs       []string  // that it covers, or once did, and its names in ENISA's EUVD: what threat data goes by
	SeenBy     []string  // the scans that reported it, by what names a scan over runs: tool and target
	Run        int64     // the leaf of the run that saw it last
	Index      int64     // and its record there
	Leaf       [32]byte  // the hash of that record, as a leaf of the tree of its run
	Waivers    int       // that the decision knows, whether they hold or not
	Opened     time.Time // when it was there last after it was not: the first time, or since it came back
	Past       []Span    // the times in which it was open before that, oldest first; of many the latest
	Ticket     Ticket    // the latest about it
	Traits
}

// A Ticket is an issue in a tracker, as it was when somebody last noted it. It is zero where there is none.
type Ticket struct {
	Name   TicketName
	Ref    string // what people call it: PAY-12
	Status string // TicketOpen or TicketClosed; empty: not known
}

// A TicketName tells a ticket from all others.
type TicketName struct {
	Place string // URL of the tracker and the project in it
	Key   string // ours
}

// The statuses of tickets.
const (
	TicketOpen   = "open"
	TicketClosed = "closed"
)

// A Span is a time in which a finding was open on an asset.
type Span struct {
	Opened time.Time `json:"opened"`
	Closed time.Time `json:"closed"`
}

// mostSpans bounds the spans that a state keeps.
const mostSpans = 50

// Traits are what the latest decision knew of a finding and its asset that others count it by.
type Traits struct {
	Owner       string // of the asset; empty: not known
	Criticality string // of the asset; empty: not known
	Fixable     *bool  // a version that fixes it is known; nil: it is of no package
	Exploited   *bool  // it is known to be exploited; nil: nobody asked
}

// A Sight is one finding on one asset in one run.
type Sight struct {
	Asset      string
	Finding    string
	IDs        []string
	Waived     bool
	Priority   string
	Action     string
	Due        time.Time
	NextChange time.Time
	CVEs       []string
	SeenBy     []string
	FirstSeen  time.Time // as whoever decided knew it; zero: nobody did
	Index      int64     // of its record
	Leaf       [32]byte  // and its hash
	Waivers    int       // that the decision knows
	Traits
}

// A Run is what a run says of itself.
type Run struct {
	Leaf  int64
	At    time.Time // the time that it was given
	Scans []string  // the scans that finished, named as in SeenBy
}

// A Branch is what is known of one branch of one repository.
type Branch struct {
	entries map[place]*entry // by the canonical id of the finding
	aliases map[place]place  // further ids of a finding → its canonical one
	gone    map[place]*State
	order   []*entry // all of them, in the order of their states; nil: nobody asked since one came or went
}

// An entry is a state as it is now.
type entry struct {
	*State
	changed bool // since the branch began, or Changed was asked
	seen    bool // in this run
}

type place struct{ asset, finding string }

// NewBranch is a branch with what was known of it.
func NewBranch(known ...*State) *Branch {
	b := &Branch{entries: make(map[place]*entry, len(known)), aliases: map[place]place{}, gone: map[place]*State{}}
	for _, s := range known {
		b.put(s)
	}
	return b
}

func (b *Branch) put(s *State) *entry {
	at := place{s.Asset, s.Finding}
	e := &entry{State: s}
	b.entries[at], b.order = e, nil
	for _, id := range s.IDs {
		b.aliases[place{s.Asset, id}] = at
	}
	return e
}

// find is the entry of a finding under one of its ids; nil if there is none.
func (b *Branch) find(asset, id string) *entry {
	if e := b.entries[place{asset, id}]; e != nil {
		return e
	}
	if at, ok := b.aliases[place{asset, id}]; ok {
		return b.entries[at]
	}
	return nil
}

// Find is what is known of a finding on an asset, under any of its ids; nil if nothing is.
func (b *Branch) Find(asset, finding string, ids []string) *State {
	if e := b.find(asset, finding); e != nil {
		return e.State
	}
	for _, id := range ids {
		if e := b.find(asset, id); e != nil {
			return e.State
		}
	}
	return nil
}

// See notes what a run saw. States that turn out to be of one finding become one. A clock that went back makes a first sight earlier, and
// no last one.
func (b *Branch) See(r *Run, seen *Sight) {
	s := &State{Asset: seen.Asset, Finding: seen.Finding, Status: Open, FirstSeen: r.At, LastSeen: r.At}
	s.IDs, s.CVEs, s.SeenBy = union(seen.IDs, nil), union(seen.CVEs, nil), seen.SeenBy
	known := b.known(seen)
	if len(known) == 0 && !seen.FirstSeen.IsZero() { // by another ledger
		s.FirstSeen = earlier(s.FirstSeen, seen.FirstSeen)
	}
	for i, old := range known {
		s.FirstSeen, s.LastSeen = earlier(s.FirstSeen, old.FirstSeen), later(s.LastSeen, old.LastSeen)
		s.IDs, s.CVEs = union(s.IDs, append(slices.Clone(old.IDs), old.Finding)), union(s.CVEs, old.CVEs)
		s.Reopened = max(s.Reopened, old.Reopened)
		if i == 0 && old.Status == Closed { // under the id that it has now, or had last
			s.Reopened++
		}
		s.Ticket = s.Ticket.or(old.Ticket)
		b.remove(old)
	}
	s.open(r, known)
	if seen.Waived {
		s.Status = Waived
	}
	s.IDs = slices.DeleteFunc(s.IDs, func(id string) bool { return id == s.Finding })
	s.decided(r, seen)
	e := b.put(s)
	e.changed, e.seen = true, true
}

// open says since when a state is open, after what is known of it: since it was first seen, or since it came back.
func (s *State) open(r *Run, known []*State) {
	s.Opened = s.FirstSeen
	if len(known) == 0 {
		return
	}
	was := known[0]
	s.Opened, s.Past = was.Opened, was.Past
	if was.Status == Closed {
		s.Opened = r.At
		s.Past = append(slices.Clone(was.Past), Span{Opened: was.Opened, Closed: was.Closed})
		s.Past = s.Past[max(0, len(s.Past)-mostSpans):]
	}
	for _, other := range known[1:] {
		if other.Status != Closed {
			s.Opened = earlier(s.Opened, other.Opened)
		}
	}
	if n := len(s.Past); n > 0 {
		s.Opened = later(s.Opened, s.Past[n-1].Closed)
	} else { // a clock that went back
		s.Opened = earlier(s.Opened, s.FirstSeen)
	}
}

// Redecide notes what deciding again came to, without looking: when a finding was seen, by what and as what stays as it was. It is false if
// the finding is not open there.
func (b *Branch) Redecide(r *Run, made *Sight) bool {
	e := b.entries[place{made.Asset, made.Finding}]
	if e == nil || e.Status == Closed {
		return false
	}
	s := *e.State
	s.Status = Open
	if made.Waived {
		s.Status = Waived
	}
	s.decided(r, made)
	e.State, e.changed = &s, true
	return true
}

// decided notes the latest decision.
func (s *State) decided(r *Run, made *Sight) {
	s.Priority, s.Action, s.Due, s.NextChange, s.Run, s.Index = made.Priority, made.Action, made.Due, made.NextChange, r.Leaf, made.Index
	s.Leaf, s.Waivers, s.Traits = made.Leaf, made.Waivers, made.Traits
}

// Tell notes the tickets that there are about a state, oldest first.
func (b *Branch) Tell(about func(*State) []Ticket) {
	for _, e := range b.entries {
		s := *e.State
		for _, t := range about(e.State) {
			s.Ticket = t.or(s.Ticket)
		}
		if s.Ticket != e.Ticket {
			e.State, e.changed = &s, true
		}
	}
}

// or is the ticket as it is known now, or the one that was known before: if there is none now, or if it is closed and the other, which is
// another one, is not, so that work goes on there.
func (t Ticket) or(before Ticket) Ticket {
	switch none := (TicketName{}); {
	case before.Name == none:
	case t.Name == none:
		return before
	case t.Name == before.Name && t.Status == "":
		t.Status = before.Status
	case t.Name != before.Name && t.Status == TicketClosed && before.Status != TicketClosed:
		return before
	}
	return t
}

// known are the states of a finding under any of its ids, that of the canonical one first.
func (b *Branch) known(seen *Sight) (all []*State) {
	if e := b.find(seen.Asset, seen.Finding); e != nil {
		all = append(all, e.State)
	}
	for _, id := range seen.IDs {
		if e := b.find(seen.Asset, id); e != nil && !slices.Contains(all, e.State) {
			all = append(all, e.State)
		}
	}
	return all
}

// remove takes a state out; whoever keeps states has to forget it, unless one takes its place.
func (b *Branch) remove(s *State) {
	at := place{s.Asset, s.Finding}
	b.gone[at], b.order = s, nil
	delete(b.entries, at)
}

// End closes what a run looked for and did not see: all scans that had reported it finished again. What one of them did not finish, or
// did not look at, may still be there.
func (b *Branch) End(r *Run) {
	finished := make(map[string]bool, len(r.Scans))
	for _, s := range r.Scans {
		finished[s] = true
	}
	for _, e := range b.entries {
		s := e.State
		looked := len(s.SeenBy) > 0 && !slices.ContainsFunc(s.SeenBy, func(scan string) bool { return !finished[scan] })
		if s.Status == Closed || e.seen || !looked {
			e.seen = false
			continue
		}
		closed := *s
		closed.Status, closed.Closed, closed.NextChange = Closed, later(later(s.LastSeen, s.Opened), r.At), time.Time{}
		e.State, e.changed = &closed, true
	}
}

// Changed are the states that differ from what the branch began with, and those that are no more, as others took their place under another
// id, both in the order of asset and id. It begins anew with each call.
func (b *Branch) Changed() (put, gone []*State) {
	for _, e := range b.inOrder() {
		if e.changed {
			put, e.changed = append(put, e.State), false
		}
	}
	for at, s := range b.gone {
		if b.entries[at] == nil {
			gone = append(gone, s)
		}
	}
	clear(b.gone)
	slices.SortFunc(gone, Compare)
	return put, gone
}

// All are the states, in the order of asset and id.
func (b *Branch) All() []*State {
	all := make([]*State, 0, len(b.entries))
	for _, e := range b.inOrder() {
		all = append(all, e.State)
	}
	return all
}

func (b *Branch) inOrder() []*entry {
	if b.order == nil {
		b.order = make([]*entry, 0, len(b.entries))
		for _, e := range b.entries {
			b.order = append(b.order, e)
		}
		slices.SortFunc(b.order, func(a, b *entry) int { return Compare(a.State, b.State) })
	}
	return b.order
}

func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
