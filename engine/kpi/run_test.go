package kpi

import (
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

func onChange(pull int, daysAgo float64, outcome engine.Action, blocks, passes []string) *Run {
	return &Run{At: ago(daysAgo), Repository: "acme/shop", Branch: "main", Pull: pull, Event: engine.EventPullRequest, Outcome: outcome, Blocks: blocks, Passes: passes}
}

func TestAPullRequestComesFreeByAFixOrByAWaiver(t *testing.T) {
	c := collector(t)
	for _, r := range []*Run{
		onChange(1, 20, engine.Block, []string{"a"}, nil),
		onChange(1, 19.75, engine.Block, []string{"a", "b"}, nil),
		onChange(2, 19.7, engine.Warn, nil, []string{"a"}), // another one
		onChange(1, 19.5, engine.Pass, nil, nil),           // fixed: 12 hours
		onChange(3, 10, engine.Block, []string{"a"}, nil),
		onChange(3, 9.75, engine.Warn, nil, []string{"a"}), // waived: 6 hours
		onChange(4, 8, engine.Block, []string{"a"}, nil),
		onChange(4, 6, engine.Warn, nil, []string{"a"}), // waived after two days
		onChange(5, 5, engine.Block, []string{"a"}, nil),
		onChange(0, 4, engine.Block, nil, nil), // nobody knows which
	} {
		c.Run(r)
	}
	r := c.Report()
	shows(t, r, "gate.runs", "", 10, 0)
	shows(t, r, "gate.block_rate", "", 0.6, "-")
	shows(t, r, "gate.override_rate", "", 0.25, "-")
	shows(t, r, "gate.unblock", "", 12, "-")
	if !c.Wants(onChange(5, 3, engine.Pass, nil, nil)) || c.Wants(onChange(3, 3, engine.Pass, nil, nil)) || !c.Wants(onChange(9, 3, engine.Block, nil, nil)) {
		t.Error("what is wanted of runs is not what tells overrides")
	}
}

func TestAClockThatGoesBackMakesNoTimeNegative(t *testing.T) {
	c := collector(t)
	c.Run(onChange(1, 10, engine.Block, []string{"a"}, nil))
	c.Run(onChange(1, 12, engine.Pass, nil, nil))
	x := opened(engine.Act, 10, 12)
	c.Case(x)
	r := c.Report()
	shows(t, r, "gate.unblock", "", 0, "-")
	shows(t, r, "remediation.mean", "", 0, "-")
}

func onBranch(branch string, daysAgo float64, pairs ...string) *Run {
	r := &Run{At: ago(daysAgo), Repository: "acme/shop", Branch: branch, Event: engine.EventSchedule, Outcome: engine.Warn, Reported: 100, Findings: 40}
	if len(pairs) > 0 {
		r.Graph = &Graph{}
		for _, p := range pairs {
			if p != "" {
				r.Graph.Pairs = append(r.Graph.Pairs, [2]string{p[:1], p[1:]})
			}
		}
		r.Graph.Validated = len(r.Graph.Pairs)
	}
	return r
}

func TestValidatedPathsOpenAndCloseBetweenTheRunsOfABranch(t *testing.T) {
	c := collector(t)
	for _, r := range []*Run{
		onBranch("main", 300, "ax", "ay"), // before both periods: how it was
		onBranch("main", 150, "ax"),
		onBranch("main", 40, "ax", "bx"),
		onBranch("next", 30, "cz"),
		onBranch("main", 20, "bx", "by"),
		onBranch("main", 10), // without a graph: as it was
		{At: ago(5), Repository: "acme/shop", Branch: "main", Event: engine.EventSchedule, Outcome: engine.Warn, Again: true, Graph: &Graph{}}, // read no reports
	} {
		c.Run(r)
	}
	r := c.Report()
	shows(t, r, "paths.validated", "", 3, 1)
	shows(t, r, "paths.opened", "", 3, 0)
	shows(t, r, "paths.closed", "", 1, 1)
	shows(t, r, "paths.net", "", 2, -1)
	shows(t, r, "noise.reported", "", 200, 100)
	shows(t, r, "evidence.checkpoint_age", "", 5, nil)
	for _, s := range r.Series {
		if s.ID == "paths" && (*s.Points[0].Value != 2 || *s.Points[12].Value != 1 || *s.Points[25].Value != 3) {
			t.Errorf("paths by week: %v, %v, %v", *s.Points[0].Value, *s.Points[12].Value, *s.Points[25].Value)
		}
	}
	many, few := &Graph{Validated: 150, Pairs: make([][2]string, 100)}, &Graph{Validated: 3, Pairs: [][2]string{{"a", "x"}, {"b", "x"}, {"c", "x"}}}
	if opened, closed := many.since(few); opened != 147 || closed != 0 {
		t.Errorf("of more than are listed %d opened and %d closed", opened, closed)
	}
}

func TestTicketsAreCountedAsTheyWereLastSeen(t *testing.T) {
	c := collector(t)
	for _, d := range []Deed{
		{ago(30), "jira", "a", engine.DidCreate}, {ago(20), "jira", "a", engine.DidClose},
		{ago(30), "jira", "b", engine.DidCreate},
		{ago(30), "jira", "c", engine.DidCreate}, {ago(25), "jira", "c", engine.DidClose}, {ago(24), "jira", "c", engine.DidReopen},
		{ago(120), "jira", "d", engine.DidReopen},
		{ago(30), "jira", "e", engine.DidCreate}, {ago(5), "jira", "e", engine.DidClose}, // a person opened it again
	} {
		c.Deed(&d)
	}
	for _, x := range []Ticket{
		{Place: "jira", Key: "a", Status: "Done", Resolution: "Fixed", Done: true, Changed: ago(1)},
		{Place: "jira", Key: "b", Status: "Done", Resolution: "Won't Do", Done: true, Changed: ago(28)}, // by a person
		{Place: "jira", Key: "c", Status: "To Do", Unseen: true},
		{Place: "jira", Key: "d", Status: "To Do"},
		{Place: "jira", Key: "e", Status: "To Do"},
	} {
		c.Ticket(&x)
	}
	r := c.Report()
	shows(t, r, "tickets.open", "", 3, "-")
	shows(t, r, "tickets.close", "", 2, "-")
	shows(t, r, "tickets.reopened", "", 1, 1)
	shows(t, r, "tickets.unseen", "", 1, "-")
	var statuses []string
	for _, f := range r.Figures {
		if f.ID == "tickets.by_status" {
			statuses = append(statuses, f.Status)
		}
	}
	if len(statuses) != 3 || statuses[0] != "To Do" || statuses[2] != "Done, Won't Do" {
		t.Errorf("statuses %q", statuses)
	}
}

func TestWaiversOfARepositoryCountOnceAndThoseThatEndAreListed(t *testing.T) {
	c := collector(t)
	dayOf := func(days float64) string { return ago(days).Format(time.DateOnly) }
	c.Waivers("acme/shop", "main", []Waiver{{ID: "w-1", Expires: dayOf(-20), State: "used", Verified: true}, {ID: "w-2", Expires: dayOf(-90), State: "granted"},
		{ID: "w-3", Expires: dayOf(4), State: "expired"}})
	c.Waivers("acme/shop", "next", []Waiver{{ID: "w-1", Expires: dayOf(-10), State: "used", Verified: true}})
	r := c.Report()
	shows(t, r, "waivers.ending", "", 1, "-")
	shows(t, r, "waivers.unverified", "", 1, "-")
	if len(r.Waivers) != 2 || r.Waivers[0].ID != "w-3" || r.Waivers[1].Expires != dayOf(-20) {
		t.Errorf("waivers %+v", r.Waivers)
	}
}
