// Package simulate decides recorded runs again in two ways and says what differs: before a policy, threat data or a list of waivers is
// changed, which cases and builds that would touch.
package simulate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// A Side is one way to decide.
type Side struct {
	Name   engine.SimulatedSide
	Policy *engine.Policy
	Join   func(cases []engine.Case, now time.Time) // puts other facts into cases whose inputs it may change, but not what they point to; nil: as recorded
}

// A Comparison compares two ways to decide, one result after another.
type Comparison struct {
	from, to Side
	sum      engine.Simulation
	all      group
	rules    map[string]*group
	assets   map[string]*group
	owners   map[string]*group
	builds   [2][]engine.ChangedResult // newly blocking, newly passing
	up, down bool

	blocking, passing int // cases of the run that is being compared that newly do
}

// New compares from with to.
func New(from, to Side) *Comparison {
	c := &Comparison{from: from, to: to, rules: map[string]*group{}, assets: map[string]*group{}, owners: map[string]*group{}}
	c.sum = engine.Simulation{Schema: engine.SimulationSchema, From: from.Name, To: to.Name}
	return c
}

// Add decides a result in both ways: on its inputs, at its time and for its event. What was recorded as report-only is decided as if it
// were not, since the question is what would block. The result is not changed.
func (c *Comparison) Add(ctx context.Context, name string, r *engine.Result) error {
	before, err := c.from.decide(ctx, r)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	after, err := c.to.decide(ctx, r)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for i := range before {
		c.pair(name, &r.Cases[i], &before[i].Decision, &after[i].Decision)
	}
	was, err := c.from.conclude(ctx, r, before)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	is, err := c.to.conclude(ctx, r, after)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	is.Weakened = r.Weakened
	c.conclude(name, was, is)
	return nil
}

// AddDecided adds a run that was decided in both ways already, whatever each of them had for facts: a finding may be on other assets. Cases
// of one finding that are on an asset on one side only are compared with each other, in the order of urgency, and else with what decides
// nothing.
func (c *Comparison) AddDecided(name string, before, after *engine.Result) {
	type place struct{ finding, asset string }
	of := func(k *engine.Case) place { return place{k.Input.Finding.ID, k.Input.Asset.ID} }
	later := map[place]*engine.Case{}
	for i := range after.Cases {
		later[of(&after.Cases[i])] = &after.Cases[i]
	}
	var gone []*engine.Case
	for i := range before.Cases {
		k := &before.Cases[i]
		if is := later[of(k)]; is != nil {
			c.pair(name, k, &k.Decision, &is.Decision)
			delete(later, of(k))
			continue
		}
		gone = append(gone, k)
	}
	came := map[string][]*engine.Case{} // by finding
	for i := range after.Cases {
		if k := &after.Cases[i]; later[of(k)] != nil {
			came[k.Input.Finding.ID] = append(came[k.Input.Finding.ID], k)
		}
	}
	nothing := &engine.Decision{Priority: engine.Track, Action: engine.Pass}
	for _, k := range gone {
		is, id := nothing, k.Input.Finding.ID
		if more := came[id]; len(more) > 0 {
			is, came[id] = &more[0].Decision, more[1:]
		}
		c.pair(name, k, &k.Decision, is)
	}
	for _, id := range slices.Sorted(maps.Keys(came)) {
		for _, k := range came[id] {
			c.pair(name, k, nothing, &k.Decision)
		}
	}
	c.conclude(name, before, after)
}

// pair compares how one case is decided in both ways.
func (c *Comparison) pair(name string, k *engine.Case, was, is *engine.Decision) {
	c.compare(name, k, was, is)
	if was.Action != engine.Block && is.Action == engine.Block {
		c.blocking++
	}
	if was.Action == engine.Block && is.Action != engine.Block {
		c.passing++
	}
}

// conclude compares what a run comes to in both ways, once all of its cases are compared.
func (c *Comparison) conclude(name string, was, is *engine.Result) {
	c.sum.Results++
	add(&c.sum.Before, &was.Counts)
	add(&c.sum.After, &is.Counts)
	build := engine.ChangedResult{Result: name, Now: is.Now, Change: is.Change, Before: was.Outcome, After: is.Outcome,
		ReportOnly: slices.Contains(is.Weakened, "report-only")}
	c.up, c.down = c.up || is.Outcome.Rank() > was.Outcome.Rank(), c.down || is.Outcome.Rank() < was.Outcome.Rank()
	switch {
	case is.Outcome == engine.Block && was.Outcome != engine.Block:
		build.Cases = c.blocking
		c.builds[0] = append(c.builds[0], build)
	case is.Outcome != engine.Block && was.Outcome == engine.Block:
		build.Cases = c.passing
		c.builds[1] = append(c.builds[1], build)
	}
	c.blocking, c.passing = 0, 0
}

// decide decides the cases of a result, in its order.
func (s *Side) decide(ctx context.Context, r *engine.Result) ([]engine.Case, error) {
	cases := slices.Clone(r.Cases)
	for i := range cases {
		cases[i].Provenance, cases[i].Decision = nil, engine.Decision{}
	}
	if s.Join != nil {
		s.Join(cases, r.Now)
	}
	return cases, s.Policy.Decide(ctx, cases, r.Now)
}

// conclude is the outcome of a run with decided cases, which it orders.
func (s *Side) conclude(ctx context.Context, r *engine.Result, cases []engine.Case) (*engine.Result, error) {
	made := &engine.Result{Now: r.Now, Change: r.Change, Fixed: r.Fixed, Cases: cases}
	return made, s.Policy.Conclude(ctx, made, r.Counts.Findings, false)
}

// add adds what is counted by case.
func add(to, n *engine.Counts) {
	to.Findings, to.Cases = to.Findings+n.Findings, to.Cases+n.Cases
	to.Act, to.Attend, to.TrackStar, to.Track = to.Act+n.Act, to.Attend+n.Attend, to.TrackStar+n.TrackStar, to.Track+n.Track
	to.Block, to.Warn, to.Pass = to.Block+n.Block, to.Warn+n.Warn, to.Pass+n.Pass
	to.Waived, to.Overdue, to.UnknownFacts = to.Waived+n.Waived, to.Overdue+n.Overdue, to.UnknownFacts+n.UnknownFacts
	to.Introduced, to.Existing, to.Disclosed, to.Fixed = to.Introduced+n.Introduced, to.Existing+n.Existing, to.Disclosed+n.Disclosed, to.Fixed+n.Fixed
	to.IntroducedAct += n.IntroducedAct
}

// compare notes what differs between two decisions on a case.
func (c *Comparison) compare(name string, k *engine.Case, was, is *engine.Decision) {
	c.sum.Changes.Cases++
	up, down := differ(was, is)
	rules := otherRules(was.Reasons, is.Reasons)
	if !up && !down {
		if len(rules) > 0 {
			c.sum.Changes.Reworded++
		}
		return
	}
	change := engine.Mixed
	switch {
	case !down:
		change = engine.Stricter
	case !up:
		change = engine.Looser
	}
	c.up, c.down = c.up || up, c.down || down
	owner, asset := k.Input.Asset.Owner, k.Input.Asset.ID
	one := func() engine.ChangedCase {
		return engine.ChangedCase{Result: name, Change: change, Finding: k.Input.Finding, Asset: asset, Owner: owner, Rules: append([]string{}, rules...),
			Before: engine.ChangedDecision{Priority: was.Priority, Action: was.Action, Due: was.Due},
			After:  engine.ChangedDecision{Priority: is.Priority, Action: is.Action, Due: is.Due}}
	}
	g := weigh(change, k, was, is)
	c.all.note(g, one)
	named(c.assets, asset).note(g, one)
	named(c.owners, owner).note(g, one)
	for _, rule := range rules {
		named(c.rules, rule).note(g, one)
	}
	if len(rules) == 0 {
		named(c.rules, "main").note(g, one)
	}
}

// differ says whether a decision is stricter in something, and looser in something.
func differ(was, is *engine.Decision) (up, down bool) {
	due := engine.CompareDue(is, was)
	for _, step := range []int{is.Action.Rank() - was.Action.Rank(), is.Priority.Rank() - was.Priority.Rank(), -due,
		obliges(is, was) - obliges(was, is)} {
		up, down = up || step > 0, down || step < 0
	}
	// Of obligations that are others and not more or fewer, neither is stricter.
	if obliges(is, was) > 0 && obliges(was, is) > 0 {
		up, down = true, true
	}
	return up, down
}

// obliges counts the obligations of a decision that another does not have.
func obliges(d, other *engine.Decision) (n int) {
	for _, o := range d.Obligations {
		if !slices.Contains(other.Obligations, o) {
			n++
		}
	}
	return n
}

// otherRules are the rules that say something on one side that they do not say on the other, by id.
func otherRules(was, is []engine.Reason) (rules []string) {
	for _, side := range [][2][]engine.Reason{{was, is}, {is, was}} {
		for i := range side[0] {
			one := &side[0][i]
			if !slices.ContainsFunc(side[1], func(other engine.Reason) bool { return same(one, &other) }) {
				rules = append(rules, one.Rule)
			}
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules)
}

// same says whether two reasons do the same, however they word it.
func same(a, b *engine.Reason) bool {
	return a.Rule == b.Rule && a.Kind == b.Kind && a.To == b.To && a.AtMost == b.AtMost && a.Firm == b.Firm && a.From == b.From && a.By == b.By &&
		a.Obligation == b.Obligation && a.Date.Equal(b.Date) && a.EffectiveOn == b.EffectiveOn && a.EffectiveUntil == b.EffectiveUntil &&
		a.InsteadOf == b.InsteadOf && (a.Days == nil) == (b.Days == nil) && (a.Days == nil || *a.Days == *b.Days)
}

// Simulation is what was found so far.
func (c *Comparison) Simulation() *engine.Simulation {
	s := c.sum
	s.Outcome = engine.Equal
	switch {
	case c.up && c.down:
		s.Outcome = engine.Mixed
	case c.up:
		s.Outcome = engine.Stricter
	case c.down:
		s.Outcome = engine.Looser
	}
	all := c.all.group("")
	s.Changes.Stricter, s.Changes.Looser, s.Changes.Mixed, s.Examples = all.Stricter, all.Looser, all.Mixed, all.Examples
	s.Rules, s.Assets, s.Owners = groups(c.rules), groups(c.assets), groups(c.owners)
	for i, to := range []*engine.ChangedResults{&s.NewlyBlocking, &s.NewlyPassing} {
		builds := slices.SortedFunc(slices.Values(c.builds[i]), func(a, b engine.ChangedResult) int {
			return cmp.Or(b.Cases-a.Cases, strings.Compare(a.Result, b.Result))
		})
		to.Results, to.Examples = len(builds), append([]engine.ChangedResult{}, builds[:min(len(builds), engine.MostExamples)]...)
	}
	return &s
}
