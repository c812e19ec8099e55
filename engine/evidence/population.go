package evidence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/headgate/headgate/engine"
)

// PopulationSchema names the version of what `headgate evidence population -o json` writes.
const PopulationSchema = "headgate.population/1"

// A Population is everything that was recorded in a stretch of a log, or in one bundle, with the counts that show that nothing is missing:
// every leaf is there and names its run, every run has as many records as its statement says, numbered without gaps, and all of them come to
// the roots that statement and checkpoint say.
type Population struct {
	Schema  string           `json:"schema"`
	Of      string           `json:"of"`            // bundle or ledger
	Log     *LogState        `json:"log,omitempty"` // of a ledger: as its checkpoint says
	Stretch Stretch          `json:"stretch"`
	Runs    []RunEntry       `json:"runs"`
	Outside int              `json:"outside"` // runs between the two leaves whose time is not of the period
	Records int64            `json:"records"`
	Kinds   map[Kind]int64   `json:"kinds"`   // records by kind
	Counts  Counts           `json:"counts"`  // of decisions
	Overdue int64            `json:"overdue"` // decisions that were overdue when they were made
	Waivers map[string]int64 `json:"waivers"` // records of waivers by state

	// Controls are the decisions that rules with a control in their METADATA had a say in, by control: NIST-SSDF-1.1-RV.2.1.
	Controls map[string]int64 `json:"controls"`

	Missing []string `json:"missing"` // ids of CI runs that there were, and that left no evidence
	Listed  int      `json:"listed"`  // CI runs that there were, as a list says; 0: no list was given
}

// A Stretch is the part of a log that is asked for: leaves From to To-1, and of them the runs whose time lies in a period.
type Stretch struct {
	From  int64     `json:"from"`
	To    int64     `json:"to"`             // 0, before it is counted: to the end
	Since time.Time `json:"since,omitzero"` // the period, this time included; zero: it has no beginning
	Until time.Time `json:"until,omitzero"` // the period, this time not included; zero: it has no end

	// Known are checkpoints that the log must have come by: those that From and To were taken from.
	Known []*Checkpoint `json:"-"`
}

// A RunEntry is one run of a population.
type RunEntry struct {
	Leaf       *int64        `json:"leaf,omitempty"` // absent: of a bundle
	Run        string        `json:"run"`
	At         time.Time     `json:"at"`
	Repository string        `json:"repository,omitempty"`
	Branch     string        `json:"branch,omitempty"`
	Event      engine.Event  `json:"event,omitempty"`
	Outcome    engine.Action `json:"outcome,omitempty"` // absent: the run decided nothing, and has records of what happened
	Tree       Tree          `json:"tree"`
	Coverage   Coverage      `json:"coverage"`
	Counts     Counts        `json:"counts"`
	Policy     string        `json:"policy,omitempty"`
	Weakened   []string      `json:"weakened"`
	CI         *CI           `json:"ci,omitempty"`
	Erased     int           `json:"erased,omitempty"` // inputs that were taken out
}

// A Visit sees every record of a population, in order.
type Visit func(run *RunEntry, line *Line) error

// CountLog counts the population of a stretch of a log. It is an error if anything of it is missing, changed or added.
func CountLog(ctx context.Context, log Log, runs func(context.Context, string) (Run, error), s Stretch, visit Visit) (*Population, error) {
	head, err := log.Head(ctx)
	if err != nil {
		return nil, err
	}
	if head == nil {
		return nil, errors.New("the log is empty")
	}
	c, err := ParseCheckpoint(head, nil)
	if err != nil {
		return nil, err
	}
	if s.To == 0 {
		s.To = c.Size
	}
	if s.From > s.To || s.To > c.Size {
		return nil, fmt.Errorf("the log has %d leaves, and none from %d to %d", c.Size, s.From, s.To)
	}
	p := newPopulation("ledger", s)
	p.Log = &LogState{Origin: c.Origin, Size: c.Size, Root: hashText(c.Root), Checkpoint: string(head)}
	for _, known := range s.Known {
		if known.Origin != c.Origin || known.Size > c.Size {
			return nil, fmt.Errorf("the checkpoint of size %d is of the log %s, and this one is %s and has %d leaves", known.Size, known.Origin, c.Origin, c.Size)
		}
	}
	var t tree
	for index := range c.Size {
		if err := passes(&t, s.Known); err != nil {
			return nil, err
		}
		leaf, err := log.Leaf(ctx, index)
		if err != nil {
			return nil, fmt.Errorf("leaf %d of the log: %w", index, err)
		}
		t.add(tlog.RecordHash(leaf))
		if index < s.From || index >= s.To {
			continue
		}
		digest, err := ParseLeaf(leaf)
		if err != nil {
			return nil, err
		}
		run, err := runs(ctx, digest)
		if err != nil {
			return nil, fmt.Errorf("the run of leaf %d: %w", index, err)
		}
		if err := p.add(ctx, run, digest, &index, visit); err != nil {
			return nil, fmt.Errorf("the run of leaf %d: %w", index, err)
		}
	}
	if err := passes(&t, append(s.Known, c)); err != nil {
		return nil, err
	}
	return p, nil
}

// passes makes sure that a log that grows comes by the checkpoints that are known of it.
func passes(t *tree, known []*Checkpoint) error {
	for _, c := range known {
		if c.Size == t.size && c.Root != t.root() {
			return fmt.Errorf("the first %d leaves do not give the root of the checkpoint of that size: %w", c.Size, ErrLog)
		}
	}
	return nil
}

// ErrLog means that a log does not hold together, so that there is no population to count.
var ErrLog = errors.New("the log was changed: headgate evidence verify says more")

// CountRun counts the population of one run alone.
func CountRun(ctx context.Context, run Run, visit Visit) (*Population, error) {
	p := newPopulation("bundle", Stretch{})
	return p, p.add(ctx, run, "", nil, visit)
}

func newPopulation(of string, s Stretch) *Population {
	return &Population{Schema: PopulationSchema, Of: of, Stretch: s, Runs: []RunEntry{}, Kinds: map[Kind]int64{}, Waivers: map[string]int64{}, Controls: map[string]int64{}, Missing: []string{}}
}

// add counts a run. Digest is the name that it has to have; empty: any.
func (p *Population) add(ctx context.Context, run Run, digest string, leaf *int64, visit Visit) error {
	name, says, err := statementOf(ctx, run)
	switch {
	case err != nil:
		return err
	case digest != "" && name != digest:
		return fmt.Errorf("it is %s: %w", name, ErrBroken)
	}
	w := &says.Predicate
	if s := &p.Stretch; !s.Since.IsZero() && w.At.Before(s.Since) || !s.Until.IsZero() && !w.At.Before(s.Until) {
		p.Outside++
		return nil
	}
	text, err := exactly(ctx, run, PartTerms, w.Terms)
	if err != nil {
		return err
	}
	terms, err := ReadTerms(text)
	if err != nil {
		return err
	}
	e := RunEntry{Leaf: leaf, Run: name, At: w.At, Repository: terms.Change.Repository, Branch: terms.Change.Branch, Event: w.Event, Outcome: w.Outcome,
		Tree: w.Tree, Coverage: w.Coverage, Counts: w.Counts, Policy: w.Policy, Weakened: w.Weakened, CI: w.CI}
	var sums Summer
	decisions := 0
	for line, err := range Records(ctx, run) {
		if err != nil {
			return fmt.Errorf("%s: %w", PartRecords, err)
		}
		if line.Index != sums.Size() {
			return fmt.Errorf("record %d stands in the place of record %d: %w", line.Index, sums.Size(), ErrBroken)
		}
		sums.Add(line.Hash)
		p.Kinds[line.Kind]++
		if d := line.Decision; d != nil {
			decisions++
			if d.Overdue {
				p.Overdue++
			}
			for _, control := range d.Controls {
				p.Controls[control]++
			}
		}
		if line.Waiver != nil {
			p.Waivers[line.Waiver.State]++
		}
		if err := visit(&e, line); err != nil {
			return err
		}
	}
	if sums.Tree() != w.Tree || decisions != w.Coverage.Decisions {
		return ErrBroken
	}
	for input, err := range Lines(ctx, run, PartInputs) {
		if err != nil {
			return fmt.Errorf("%s: %w", PartInputs, err)
		}
		if erasure(input) != nil {
			e.Erased++
		}
	}
	p.Records += w.Tree.Size
	p.Counts.add(&w.Counts)
	p.Runs = append(p.Runs, e)
	return nil
}

func (c *Counts) add(more *Counts) {
	c.Act += more.Act
	c.Attend += more.Attend
	c.TrackStar += more.TrackStar
	c.Track += more.Track
	c.Block += more.Block
	c.Warn += more.Warn
	c.Waived += more.Waived
}

// Compare names the CI runs of a list that left no evidence in the population.
func (p *Population) Compare(list []string) {
	p.Listed = len(list)
	left := map[string]bool{}
	for i := range p.Runs {
		if ci := p.Runs[i].CI; ci != nil {
			left[ci.Run] = true
		}
	}
	for _, id := range list {
		if !left[id] {
			p.Missing = append(p.Missing, id)
			left[id] = true
		}
	}
}
