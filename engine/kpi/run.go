package kpi

import (
	"slices"
	"time"

	"github.com/headgate/headgate/engine"
)

// A Run is what is counted of one run of the log that decided something.
type Run struct {
	At                 time.Time
	Repository, Branch string
	Pull               int // number of the pull request; 0: none, or not known
	Event              engine.Event
	Outcome            engine.Action
	Again              bool // it decided again what was open, and read no reports
	Signed, Loosened   bool
	Reported, Findings int           // that reports listed, and that they came to
	Took               time.Duration // how long it took, as its machine measured it; 0: not known

	// Blocks are the cases that block, and Passes those that would have and were let pass; by any names that stay the same from run to run.
	// They are asked for only where Wants says so.
	Blocks, Passes []string

	Graph *Graph // nil: the run knew no whole graph
}

// A Graph is what a run knew of attack paths.
type Graph struct {
	Validated int         // pairs
	Pairs     [][2]string // of them, as far as they are listed: entry and jewel
}

// settled says that a run decided on a branch as it is, and not on a change that is yet to be accepted.
func settled(event engine.Event) bool {
	switch event {
	case engine.EventPush, engine.EventSchedule, engine.EventManual, engine.EventRelease:
		return true
	}
	return false
}

// ofChange says that a run judged a change.
func ofChange(event engine.Event) bool {
	return event == engine.EventPullRequest || event == engine.EventMergeGroup
}

type branchName struct{ repository, branch string }

type pullName struct {
	repository string
	number     int
}

// A pull is a pull request that is blocked.
type pull struct {
	since time.Time
	cases []string // that blocked it, in the latest run that did
}

// A runTally is what is counted of runs.
type runTally struct {
	all       int
	now, then runCounts
	latest    map[branchName]*Run // that settled
	blocked   map[pullName]*pull
	named     bool // some run on a change said of which pull request
	standing
	last *Run

	weeks []weekOfRuns
}

// A runCounts is what is counted of the runs of one period.
type runCounts struct {
	runs, signed, loosened int
	judged, stopped        int         // runs on changes, and those of them that blocked
	blocks, overridden     int         // pull requests that were blocked, and how many of them a waiver or report-only let pass soon
	hours                  map[int]int // from the first block to the first pass
	took                   timings     // of runs on changes
	opened, closed         int         // validated paths
	standing
}

type weekOfRuns struct {
	judged, stopped int
	took            timings
	standing
}

func newRunTally(weeks int) *runTally {
	counts := func() runCounts { return runCounts{hours: map[int]int{}, took: timings{}} }
	t := &runTally{now: counts(), then: counts(), latest: map[branchName]*Run{}, blocked: map[pullName]*pull{}, weeks: make([]weekOfRuns, weeks)}
	for i := range t.weeks {
		t.weeks[i].took = timings{}
	}
	return t
}

// Begun says when the log began.
func (c *Collector) Begun(t time.Time) { c.begun = t }

// Wants says whether the blocking and exempted cases of a run that is next are needed.
func (c *Collector) Wants(r *Run) bool {
	return ofChange(r.Event) && r.Pull > 0 && (r.Outcome == engine.Block || c.runs.blocked[pullName{r.Repository, r.Pull}] != nil)
}

// Run counts a run. Runs come in the order of the log; what is before both periods only says how it was when they began.
func (c *Collector) Run(r *Run) {
	t := c.runs
	if c.o.Branch != "" && r.Branch != c.o.Branch || !r.At.Before(c.o.Window.Until) {
		return
	}
	n := t.period(c, r.At)
	if n != nil {
		t.all++
		n.runs++
		n.signed += one(r.Signed)
		n.loosened += one(r.Loosened)
	}
	if t.last == nil || !r.At.Before(t.last.At) {
		t.last = r
	}
	if ofChange(r.Event) {
		t.judge(c, r, n)
	}
	if settled(r.Event) && !r.Again {
		t.settle(c, r, n)
	}
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// period is what is counted of the period that a time lies in; nil if it is before both.
func (t *runTally) period(c *Collector, at time.Time) *runCounts {
	switch {
	case c.o.Window.has(at):
		return &t.now
	case c.previous.has(at):
		return &t.then
	}
	return nil
}

// soon is how quickly a pull request that was blocked passes, if something else than a fix let it pass.
const soon = 24 * time.Hour

// judge counts a run on a change.
func (t *runTally) judge(c *Collector, r *Run, n *runCounts) {
	blocks := r.Outcome == engine.Block
	if n != nil {
		n.judged++
		n.stopped += one(blocks)
		n.took.add(r.Took)
		if i, ok := c.weekOf(r.At); ok {
			t.weeks[i].took.add(r.Took)
			t.weeks[i].judged++
			t.weeks[i].stopped += one(blocks)
		}
	}
	if r.Pull <= 0 {
		return
	}
	t.named = true
	name := pullName{r.Repository, r.Pull}
	was := t.blocked[name]
	switch {
	case blocks && was == nil:
		t.blocked[name] = &pull{since: r.At, cases: r.Blocks}
		if n != nil {
			n.blocks++
		}
	case blocks:
		was.cases = r.Blocks
	case was != nil:
		delete(t.blocked, name)
		took := max(0, r.At.Sub(was.since))
		if n != nil {
			n.hours[min(int((took+time.Hour-1)/time.Hour), mostDays*24)]++
		}
		let := slices.ContainsFunc(was.cases, func(name string) bool { return slices.Contains(r.Passes, name) })
		if began := t.period(c, was.since); began != nil && let && took <= soon {
			began.overridden++
		}
	}
}

// settle notes what a run on a branch came to.
func (t *runTally) settle(c *Collector, r *Run, n *runCounts) {
	name := branchName{r.Repository, r.Branch}
	before := t.latest[name]
	if r.Graph == nil && before != nil {
		r.Graph = before.Graph // what was not asked anew is as it was
	} else if r.Graph != nil {
		if before != nil && before.Graph != nil {
			opened, closed := r.Graph.since(before.Graph)
			if n != nil {
				n.opened, n.closed = n.opened+opened, n.closed+closed
			}
		} else if n != nil {
			n.opened += r.Graph.Validated
		}
	}
	t.latest[name] = r
	t.standing.add(r, 1)
	if before != nil {
		t.standing.add(before, -1)
	}
	// What holds at the end of the week, and of the periods, is set anew with each run until then.
	from, _ := c.weekEndingAfter(r.At)
	for i := from; i < len(t.weeks); i++ {
		t.weeks[i].standing = t.standing
	}
	if r.At.Before(c.o.Window.Until) {
		t.now.standing = t.standing
	}
	if r.At.Before(c.previous.Until) {
		t.then.standing = t.standing
	}
}

// A standing is what the latest runs of all branches come to.
type standing struct {
	branches, graphs   int // of branches, and of those whose graph is known
	paths              int // validated
	reported, findings int
}

func (s *standing) add(r *Run, times int) {
	s.branches += times
	s.reported, s.findings = s.reported+times*r.Reported, s.findings+times*r.Findings
	if r.Graph != nil {
		s.graphs, s.paths = s.graphs+times, s.paths+times*r.Graph.Validated
	}
}

// since counts the pairs that are there and were not before, and the other way round. Where not all are listed, only the number counts.
func (g *Graph) since(before *Graph) (opened, closed int) {
	if len(g.Pairs) < g.Validated || len(before.Pairs) < before.Validated {
		d := g.Validated - before.Validated
		return max(0, d), max(0, -d)
	}
	had := make(map[[2]string]bool, len(before.Pairs))
	for _, p := range before.Pairs {
		had[p] = true
	}
	for _, p := range g.Pairs {
		if !had[p] {
			opened++
		}
		delete(had, p)
	}
	return opened, len(had)
}
