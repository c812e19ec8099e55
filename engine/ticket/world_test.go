package ticket

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
)

var monday = time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)

// A weak is one finding on one asset.
type weak struct {
	id, pkg, asset, owner, tool, target string
	also                                []string // further ids
	priority                            engine.Priority
	due                                 time.Time
	waived                              string // why; empty: it is open
	unfixed                             bool   // no version fixes it
}

func (w weak) called(id string, also ...string) weak    { w.id, w.also = id, also; return w }
func (w weak) in(pkg string) weak                       { w.pkg = pkg; return w }
func (w weak) on(asset, owner string) weak              { w.asset, w.owner = asset, owner; return w }
func (w weak) at(p engine.Priority, due time.Time) weak { w.priority, w.due = p, due; return w }
func (w weak) excused(why string) weak                  { w.waived = why; return w }

// log4shell is the finding of most examples.
var log4shell = weak{id: "hg1-log4shell", pkg: "log4j-core", asset: "checkout", owner: "team-pay", tool: "trivy", target: "repository acme/shop",
	priority: engine.Act, due: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)}

func (w weak) toCase() engine.Case {
	p := &engine.Package{PURL: "pkg:maven/org.acme/" + w.pkg, Ecosystem: "maven", Name: w.pkg, Versions: []string{"2.14.1"}, Fixed: []string{"2.17.1"}}
	if w.unfixed {
		p.Fixed = nil
	}
	c := engine.Case{Input: engine.Input{
		Finding: engine.Finding{ID: w.id, IDs: append([]string{w.id}, w.also...), Title: "Lookups run what they load.", Kind: engine.KindVulnerability, Package: p,
			Vulnerability: &engine.Vulnerability{ID: "CVE-" + w.id}, Locations: []engine.Location{{Path: "pom.xml"}},
			Sources: []engine.Source{{Tool: w.tool, Format: "trivy", Report: reportOf(w.tool, w.target)}}},
		Asset: engine.Asset{ID: w.asset, Owner: w.owner},
	}, Decision: engine.Decision{Priority: w.priority, Action: engine.Warn, Due: w.due,
		Reasons: []engine.Reason{{Stated: &engine.Stated{Rule: "exploit.known", Kind: "raise", To: w.priority}, Message: "known exploited since 10 Dec 2021"}}}}
	if w.waived != "" {
		c.Decision.Action, c.Decision.WouldHave = engine.Pass, new(engine.Warn)
		c.Decision.Reasons = append(c.Decision.Reasons, engine.Reason{Stated: &engine.Stated{Rule: "waivers.accepted", Kind: "exempt", AtMost: engine.Pass}, Message: w.waived})
		c.Input.Context.Waivers = []engine.Waiver{{ID: "W-1", Reason: w.waived}}
	}
	return c
}

func reportOf(tool, target string) string { return "sha256:" + digest(tool, target) }

// A scan is what one run looks at: what was found, and by whom was looked.
type scan struct {
	found   []weak
	looked  []Cover // Reports are complete ones
	partial []Cover
}

// everything looks with the tool of most examples.
func everything(found ...weak) scan {
	return scan{found: found, looked: []Cover{{"trivy", "repository acme/shop", 1}}}
}

// result is that of a scan at a time.
func (s scan) result(at time.Time) *engine.Result {
	r := &engine.Result{Schema: engine.ResultSchema, Now: at, Change: engine.RunChange{Event: engine.EventSchedule, Repository: "acme/shop"}}
	for _, w := range s.found {
		r.Cases = append(r.Cases, w.toCase())
	}
	for i, all := range [][]Cover{s.looked, s.partial} {
		for _, c := range all {
			for range c.Reports {
				r.Reports = append(r.Reports, engine.Report{Name: "r.json", Tool: c.Tool, Digest: reportOf(c.Tool, c.Target), Complete: i == 0, Targets: []string{c.Target}})
			}
		}
	}
	r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: "acme/shop"})
	return r
}

// A board is a tracker without any of what makes one hard: it makes changes true as they are.
type board struct {
	t      *testing.T
	s      Settings
	now    time.Time
	issues []Issue
	next   int
	fields map[string]map[string]string // what was written last, by key
	said   map[string][]string          // comments, by key
	moves  map[string]int               // by key and move
	stuck  bool                         // its workflow has no ways
}

func newBoard(t *testing.T) *board {
	s := Defaults()
	s.Scope = "acme/shop"
	return &board{t: t, s: s, now: monday, fields: map[string]map[string]string{}, said: map[string][]string{}, moves: map[string]int{}}
}

// run publishes a scan a day after the one before, and gives back what changed.
func (b *board) run(s scan) []Change {
	b.t.Helper()
	b.now = b.now.Add(24 * time.Hour)
	changes := b.decide(s.result(b.now))
	b.apply(changes)
	for _, c := range b.decide(s.result(b.now)) { // what is true now needs nothing more
		if !c.Nothing() {
			b.t.Fatalf("deciding again on what was made true gives %s: %+v", c.Did, c)
		}
	}
	return changes
}

func (b *board) decide(r *engine.Result) []Change {
	b.t.Helper()
	run, err := NewRun(r, b.s, []Link{{ID: "run", Title: "Run", URL: "https://ci.example/1"}})
	if err != nil {
		b.t.Fatal(err)
	}
	tickets, err := run.Tickets()
	if err != nil {
		b.t.Fatal(err)
	}
	keys := map[string]bool{}
	for _, t := range tickets {
		if keys[t.Key] {
			b.t.Fatalf("two tickets have the key %s", t.Key)
		}
		keys[t.Key] = true
	}
	issues := make([]Issue, len(b.issues))
	for i := range b.issues {
		issues[i] = b.issues[i]
		data, err := b.issues[i].State.Encode()
		if err != nil {
			b.t.Fatal(err)
		}
		if issues[i].State, err = ReadState(data); err != nil {
			b.t.Fatal(err)
		}
	}
	return run.Reconcile(tickets, issues)
}

func (b *board) apply(changes []Change) {
	for i := range changes {
		c := &changes[i]
		var is *Issue
		if c.Issue == nil {
			b.next++
			b.issues = append(b.issues, Issue{Key: c.Key, ID: strconv.Itoa(10000 + b.next), Ref: fmt.Sprintf("PAY-%d", b.next), Category: CategoryNew, Status: "To Do", Labels: c.Ticket.Labels})
			is = &b.issues[len(b.issues)-1]
			b.fields[c.Key] = c.Ticket.digests()
		} else {
			is = &b.issues[slices.IndexFunc(b.issues, func(i Issue) bool { return i.ID == c.Issue.ID })]
		}
		next, comment := c.Next, c.Comment
		switch {
		case c.Move != "" && b.stuck:
			next, comment = c.Unreachable.Next, c.Unreachable.Comment
		case c.Move == MoveClose:
			is.Category, is.Status, is.Resolution, is.MovedBy = CategoryDone, "Done", "Done", ""
			b.moves[c.Key+" close"]++
		case c.Move == MoveReopen:
			is.Category, is.Status, is.Resolution, is.MovedBy = CategoryNew, "To Do", "", ""
			b.moves[c.Key+" reopen"]++
		}
		for _, f := range c.Fields {
			if c.Ticket == nil {
				b.t.Fatalf("%s: fields without a ticket", c.Key)
			}
			b.fields[c.Key][f] = c.Ticket.digests()[f]
		}
		is.Labels = slices.DeleteFunc(append(slices.Clone(is.Labels), c.AddLabels...), func(l string) bool { return slices.Contains(c.RemoveLabels, l) })
		if comment != nil {
			b.said[c.Key] = append(b.said[c.Key], comment.text())
		}
		is.State = next
	}
}

// person does something to the only ticket.
func (b *board) person(do func(*Issue)) {
	b.t.Helper()
	if len(b.issues) != 1 {
		b.t.Fatalf("there are %d tickets", len(b.issues))
	}
	do(&b.issues[0])
}

// closedAs closes a ticket as a person does.
func closedAs(resolution string) func(*Issue) {
	return func(i *Issue) {
		i.Category, i.Status, i.Resolution, i.MovedBy = CategoryDone, "Done", resolution, ByPerson
	}
}

// opened opens a ticket as a person does.
func opened(i *Issue) {
	i.Category, i.Status, i.Resolution, i.MovedBy = CategoryInProgress, "In Progress", "", ByPerson
}

// only is the one ticket that there is.
func (b *board) only() *Issue {
	b.t.Helper()
	if len(b.issues) != 1 {
		b.t.Fatalf("there are %d tickets, want one", len(b.issues))
	}
	return &b.issues[0]
}

// did are what was done, by count.
func did(changes []Change) string {
	n := map[string]int{}
	for _, c := range changes {
		n[c.Did]++
	}
	data, _ := json.Marshal(n)
	return string(data)
}
