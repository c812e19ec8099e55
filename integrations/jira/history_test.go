package jira

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// However tickets come to be — scans that find, lose and find again, scans that break off, runs that are killed between any two requests,
// two runs at once, an index that lags, a Jira that fails, people who close, move, edit, delete, comment and clone — in the end there is
// one ticket for each thing that is to be done, nothing is double, and what people said counts.
func TestWhateverHappensTheTicketsComeOutRight(t *testing.T) {
	histories := 100
	if os.Getenv("HEADGATE_LONG") != "" {
		histories = 10_000
	}
	if n, err := strconv.Atoi(os.Getenv("HEADGATE_HISTORIES")); err == nil {
		histories = n
	}
	seen := map[string]int{}
	var next atomic.Int64
	var mu sync.Mutex
	var work sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		work.Go(func() {
			for seed := next.Add(1) - 1; seed < int64(histories) && !t.Failed(); seed = next.Add(1) - 1 {
				h := newTale(uint64(seed))
				h.live()
				err := h.converge()
				mu.Lock()
				if err != nil {
					t.Errorf("history %d: %v\n%s", seed, err, h.told())
				}
				h.count(seen)
				mu.Unlock()
			}
		})
	}
	work.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d histories: %v", histories, seen)
	for _, what := range []string{"closed by us", "opened by us", "double", "moved", "refused", "clone", "comment of ours", "deleted"} {
		if seen[what] < histories/100 {
			t.Errorf("in %d histories there is only %d times: %s", histories, seen[what], what)
		}
	}
}

// count says what was in a history, so that it is known that they have what they are for.
func (h *tale) count(seen map[string]int) {
	for _, i := range h.jira.Issues() {
		for _, m := range i.Moves {
			switch {
			case m.By == jiratest.Robot.Name && m.Category == "done":
				seen["closed by us"]++
			case m.By == jiratest.Robot.Name:
				seen["opened by us"]++
			case m.Resolution == "Won't Do":
				seen["refused"]++
			}
		}
		for what, is := range map[string]bool{
			"double": slices.Contains(i.Labels, DoubleLabel), "moved": i.Project != "PAY", "clone": i.Properties[property] == "",
			"comment of ours": slices.ContainsFunc(i.Comments, func(c jiratest.Comment) bool { return c.Author == jiratest.Robot.Name }),
		} {
			if is {
				seen[what]++
			}
		}
	}
	for _, f := range h.findings {
		if f.deleted {
			seen["deleted"]++
		}
	}
}

var errKilled = errors.New("killed")

// A history is one site, what is true of the world, and what happened.
type tale struct {
	random     *rand.Rand
	dataCenter bool
	jira       *jiratest.Jira
	ledger     *memory // nil: there is none
	findings   []*known
	log        []string
	raced      bool // two runs were at work at once: then both may have said the same
	runs       int
}

// A known is one thing that is to be done, as it is in truth.
type known struct {
	name    string
	present bool
	due     time.Time
	worst   engine.Priority
	deleted bool // a person deleted a ticket of it
	edited  bool // a person wrote another summary
}

func newTale(seed uint64) *tale {
	h := &tale{random: rand.New(rand.NewPCG(seed, 7))}
	h.dataCenter = h.chance(3)
	h.jira = jiratest.New(jiratest.Options{
		DataCenter: h.dataCenter, Lag: 30 * time.Second, PageSize: 2,
		Projects: []jiratest.Project{{Key: "PAY"}, {Key: "OPS"}},
	})
	if h.chance(2) {
		h.ledger = &memory{effects: map[string]engine.Effect{}}
	}
	for n := range 1 + h.random.IntN(3) {
		h.findings = append(h.findings, &known{name: fmt.Sprintf("lib%d", n), present: true, due: h.now().Add(72 * time.Hour), worst: engine.Act})
	}
	return h
}

func (h *tale) chance(of int) bool { return h.random.IntN(of) == 0 }

func (h *tale) now() time.Time { return h.jira.Clock().Now() }

func (h *tale) say(format string, a ...any) {
	h.log = append(h.log, h.now().Format("15:04:05 ")+fmt.Sprintf(format, a...))
}

func (h *tale) told() string {
	var b strings.Builder
	fmt.Fprintf(&b, "data center %v, ledger %v\n%s\n", h.dataCenter, h.ledger != nil, strings.Join(h.log, "\n"))
	for _, i := range h.jira.Issues() {
		fmt.Fprintf(&b, "%s %s %v %s moves %v duplicates %v\n  %s\n", i.Key, i.Fields["summary"], i.Labels, i.Status, i.Moves, i.Duplicates, i.Properties[property])
		for _, c := range i.Comments {
			fmt.Fprintf(&b, "  %s after %d: %.200s\n", c.Author, c.Moves, strings.TrimSpace(jiratest.Text(c.Body)))
		}
	}
	return b.String()
}

// live lets some things happen.
func (h *tale) live() {
	h.run()
	for range 3 + h.random.IntN(10) {
		switch h.random.IntN(8) {
		case 0, 1, 2:
			h.run()
		case 3:
			f := h.findings[0]
			f.present = !f.present
			h.say("%s is there: %v, for some runs", f.name, f.present)
			for range 2 {
				h.run()
				h.jira.Clock().Advance(time.Minute)
			}
		case 4:
			f := h.findings[h.random.IntN(len(h.findings))]
			f.present = !f.present
			h.say("%s is there: %v", f.name, f.present)
		case 5:
			f := h.findings[h.random.IntN(len(h.findings))]
			f.worst, f.due = []engine.Priority{engine.Act, engine.Attend}[h.random.IntN(2)], f.due.Add(24*time.Hour)
			h.say("%s is now %s, due %s", f.name, f.worst, f.due.Format(time.DateOnly))
		default:
			h.person()
		}
		h.jira.Clock().Advance([]time.Duration{0, 5 * time.Second, 20 * time.Second, time.Minute, time.Hour}[h.random.IntN(5)])
	}
}

// person is something that somebody does by hand.
func (h *tale) person() {
	all := h.jira.Issues()
	if len(all) == 0 {
		return
	}
	i := all[h.random.IntN(len(all))]
	done := "Fertig"
	if h.dataCenter {
		done = "Resolved"
	}
	f := h.about(i)
	switch h.random.IntN(8) {
	case 0:
		h.say("Maria closes %s as done: %v", i.Key, h.jira.Transition(i.Key, done, "Done", jiratest.Maria))
	case 1:
		h.say("Maria won't do %s: %v", i.Key, h.jira.Transition(i.Key, done, "Won't Do", jiratest.Maria))
	case 2:
		back := "In Arbeit"
		if h.dataCenter {
			back = "Reopened"
		}
		h.say("Maria opens %s: %v", i.Key, h.jira.Transition(i.Key, back, "", jiratest.Maria))
	case 3:
		h.say("Maria moves %s: %v", i.Key, h.jira.Move(i.Key, "OPS", jiratest.Maria))
	case 4:
		if f != nil {
			f.edited = true
		}
		h.say("Maria edits %s: %v", i.Key, h.jira.Edit(i.Key, "summary", "Maria's words", jiratest.Maria))
	case 5:
		h.say("Maria comments %s: %v", i.Key, h.jira.Say(i.Key, "I am on it.", jiratest.Maria))
	case 6:
		h.say("Maria clones %s: %v", i.Key, h.jira.Clone(i.Key, jiratest.Maria))
	case 7:
		if !h.chance(2) {
			return
		}
		if f != nil {
			f.deleted = true
		}
		h.say("Maria deletes %s: %v", i.Key, h.jira.Delete(i.Key))
	}
}

// about is what a ticket of ours is about; nil: it is none of ours.
func (h *tale) about(i jiratest.Issue) *known {
	if i.Properties[property] == "" {
		return nil
	}
	for _, f := range h.findings {
		if slices.Contains(i.Labels, ticket.KeyLabel(h.key(f))) || slices.Contains(i.Labels, DoubleLabel) {
			return f
		}
	}
	return nil
}

// run is a scan and what is published of it, with whatever goes wrong.
func (h *tale) run() {
	complete := !h.chance(5)
	result := h.result(complete)
	h.say("run %d, complete %v", h.runs, complete)
	for range h.random.IntN(3) {
		h.spoil()
	}
	p := &process{base: h.jira, kill: -1}
	if h.chance(3) {
		p.kill, p.after = h.random.IntN(14), h.chance(2)
		h.say("is killed at request %d, after it: %v", p.kill, p.after)
	}
	if h.chance(5) {
		h.interleave()
	}
	h.publish(p, result)
	h.jira.Hook(nil)
}

// spoil makes some request to come fail.
func (h *tale) spoil() {
	f := jiratest.Fault{Skip: h.random.IntN(12), After: h.chance(2)}
	switch h.random.IntN(5) {
	case 0:
		f.Status, f.After, f.Header = http.StatusTooManyRequests, false, http.Header{"Retry-After": {"2"}, "Ratelimit-Reason": {"jira-burst-based"}}
	case 1:
		f.Status = http.StatusInternalServerError
	case 2:
		f.Status, f.Body = http.StatusBadGateway, "<html>Bad gateway</html>"
	case 3:
		f.Status, f.After, f.Header = http.StatusServiceUnavailable, false, http.Header{"Retry-After": {"1"}}
	default:
		f.Cut = true
	}
	if h.chance(2) { // creates are what is worst to lose
		f.Match, f.Skip = isPost("/issue"), 0
	}
	h.say("to fail: skip %d, after %v, status %d, cut %v, creates only %v", f.Skip, f.After, f.Status, f.Cut, f.Match != nil)
	h.jira.Fail(f)
}

// interleave lets a second runner publish its own scan at some request of the first.
func (h *tale) interleave() {
	at, n := h.random.IntN(10), 0
	inside := false
	h.jira.Hook(func(*http.Request) {
		if n++; inside || n <= at {
			return
		}
		inside = true
		h.raced = true
		h.say("a second runner comes in at request %d", at)
		h.publish(&process{base: h.jira, kill: -1}, h.result(true))
		h.jira.Hook(nil)
	})
}

// publish makes true what a result wants. What comes of it is for the end to tell.
func (h *tale) publish(p *process, result *engine.Result) []engine.Effect {
	ctx, cancel := context.WithCancelCause(context.Background())
	p.cancel = cancel
	defer cancel(nil)
	c, err := New(Options{Site: "https://jira.example.org", Project: "PAY", Token: jiratest.Robot.Token, Base: p, Clock: h.jira.Clock(), Email: map[bool]string{false: jiratest.Robot.Email}[h.dataCenter]})
	if err != nil {
		panic(err)
	}
	var l Ledger
	if h.ledger != nil {
		l = &mortal{h.ledger, p}
	}
	board, err := c.Board(ctx, scope, l)
	if err != nil {
		h.say("not read: %v", err)
		return nil
	}
	changes, err := board.Settle(ctx, func(have []ticket.Issue) []ticket.Change { return h.decide(result, have) })
	if err != nil {
		h.say("not settled: %v", err)
		return nil
	}
	effects := board.Apply(ctx, changes)
	for _, e := range effects {
		h.say("  %s %s: %s", e.Did, e.Ref, e.Why)
	}
	return effects
}

// result is what a scan finds at this time.
func (h *tale) result(complete bool) *engine.Result {
	h.runs++
	r := &engine.Result{Schema: engine.ResultSchema, Now: h.now(), Change: engine.RunChange{Event: engine.EventSchedule, Repository: "acme/shop", Head: fmt.Sprint(h.runs)}}
	const target = "repository acme/shop"
	r.Reports = []engine.Report{{Name: "r.json", Tool: "trivy", Digest: "sha256:1", Complete: complete, Targets: []string{target}}}
	for n, f := range h.findings {
		if !f.present || !complete && n == 0 { // a scan that breaks off does not find everything
			continue
		}
		r.Cases = append(r.Cases, engine.Case{
			Input: engine.Input{
				Finding: engine.Finding{
					ID: "hg1-" + f.name, IDs: []string{"hg1-" + f.name}, Kind: engine.KindVulnerability, Vulnerability: &engine.Vulnerability{ID: "CVE-" + f.name},
					Package: &engine.Package{PURL: "pkg:maven/org.acme/" + f.name, Ecosystem: "maven", Name: f.name, Versions: []string{"1.0.0"}, Fixed: []string{"1.0.1"}},
					Sources: []engine.Source{{Tool: "trivy", Format: "trivy", Report: "sha256:1"}},
				},
				Asset: engine.Asset{ID: "checkout", Owner: "team-pay"},
			},
			Decision: engine.Decision{Priority: f.worst, Action: engine.Warn, Due: f.due, Reasons: []engine.Reason{{Stated: &engine.Stated{Rule: "x", Kind: "raise", To: f.worst}, Message: "m"}}},
		})
	}
	r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: "acme/shop"})
	return r
}

func (h *tale) decide(r *engine.Result, have []ticket.Issue) []ticket.Change {
	run := h.ticketRun(r)
	tickets, err := run.Tickets()
	if err != nil {
		panic(err)
	}
	return run.Reconcile(tickets, have)
}

func (h *tale) ticketRun(r *engine.Result) *ticket.Run {
	s := ticket.Defaults()
	s.Scope, s.Reopens = scopeName, 1000
	run, err := ticket.NewRun(r, s, nil)
	if err != nil {
		panic(err)
	}
	return run
}

var keys sync.Map

// key is that of the ticket for a finding.
func (h *tale) key(f *known) string {
	if k, ok := keys.Load(f.name); ok {
		return k.(string)
	}
	one := &tale{jira: h.jira, findings: []*known{{name: f.name, present: true, worst: engine.Act}}}
	tickets, err := h.ticketRun(one.result(true)).Tickets()
	if err != nil || len(tickets) != 1 {
		panic("no ticket for " + f.name)
	}
	keys.Store(f.name, tickets[0].Key)
	return tickets[0].Key
}

// converge lets runs without trouble go over what has become, and compares with what should have.
func (h *tale) converge() error {
	h.say("from now on nothing goes wrong")
	h.jira.Heal()
	for range 6 {
		h.jira.Clock().Advance(10 * time.Minute)
		h.publish(&process{base: h.jira, kill: -1}, h.result(true))
	}
	h.jira.Clock().Advance(10 * time.Minute)
	h.jira.Forget()
	for _, e := range h.publish(&process{base: h.jira, kill: -1}, h.result(true)) {
		if e.Did != engine.DidNothing {
			return fmt.Errorf("it does not come to rest: %+v", e)
		}
	}
	for _, r := range h.jira.Requests() {
		if r.Method != http.MethodGet && !strings.Contains(r.Path, "/search") {
			return fmt.Errorf("a run with nothing to do sends %s %s", r.Method, r.Path)
		}
	}
	return h.judge()
}
