package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// ReplaySchema names the version of what `headgate evidence replay -o json` writes.
const ReplaySchema = "headgate.replay/1"

// What comes of deciding again.
const (
	ReplayIdentical = "identical"     // the policy gives the same bytes, and the record made anew has the same bytes
	ReplayDiffers   = "differs"       // it does not: see Differences
	ReplayErased    = "input erased"  // what it was decided on was taken out, which the run says
	ReplayMissing   = "input missing" // what it was decided on is not there, and nothing says that it was erased
	ReplayNoPolicy  = "no policy"     // the policy is not there, or does not load in this version: see Replay.Why
)

// A Replay is what came of deciding the decisions of a run again, with the recorded policy, inputs, settings and clock.
type Replay struct {
	Run    string          `json:"run"`
	At     string          `json:"at"` // the recorded clock, which counts again
	Policy string          `json:"policy"`
	Engine engine.Versions `json:"engine"`          // that decided
	Now    engine.Versions `json:"engine_now"`      // that decides again
	Other  string          `json:"other,omitempty"` // how the two differ; absent: they do not
	Why    string          `json:"why,omitempty"`   // why nothing could be decided again

	Decisions int `json:"decisions"` // that were asked for
	Identical int `json:"identical"`
	Differing int `json:"differs"`
	Erased    int `json:"erased"`
	Missing   int `json:"missing"`

	Gate        *GateReplay  `json:"gate,omitempty"` // absent: not all decisions of the run were decided again
	Differences []Difference `json:"differences"`    // at most mostDifferences
	More        int          `json:"more,omitempty"` // decisions that differ and are not listed

	// States is what came of each decision that was asked for, by index, if only some were, and Cases what those are that are identical.
	// Result is that of the run, if all its decisions were asked for and none differs or is missing; it is without those whose inputs were
	// erased, and then its counts are of what is left.
	States map[int64]string       `json:"-"`
	Cases  map[int64]*engine.Case `json:"-"`
	Result *engine.Result         `json:"-"`
}

// A GateReplay compares what the gate as a whole came to.
type GateReplay struct {
	Outcome   engine.Action `json:"outcome"` // recorded
	Identical bool          `json:"identical"`
	Is        engine.Action `json:"is,omitempty"` // now, if it is another
}

// A Difference is how one decision is another when it is made again.
type Difference struct {
	ID      string   `json:"id"`
	Finding string   `json:"finding"`
	Asset   string   `json:"asset"`
	Answer  bool     `json:"answer"` // the policy answers other bytes; else only what the engine makes of the answer differs
	Changes []Change `json:"changes"`
}

// bounds of what is told of differences.
const (
	mostDifferences = 50
	mostChanges     = 20
)

// A Replayer decides runs again. It keeps the policies that it compiled, as many runs have one.
type Replayer struct {
	Shipped fs.FS           // the policies of this version: what parameters are compared with, and never what decides
	Engine  engine.Versions // of this program

	// Progress is told how work comes along: how many more records there are to look at, and how many are done. Nil: nobody asks.
	Progress func(more, done int)

	policies map[string]*engine.Policy
}

// ErrBroken means that a run does not hold together, so that there is nothing to decide again.
var ErrBroken = errors.New("the run does not hold together: headgate evidence verify says why")

// Replay decides a run again: the decisions with some indexes, or all if only is nil.
func (r *Replayer) Replay(ctx context.Context, run Run, only map[int64]bool) (*Replay, error) {
	digest, says, err := statementOf(ctx, run)
	if err != nil {
		return nil, err
	}
	text, err := exactly(ctx, run, PartTerms, says.Predicate.Terms)
	if err != nil {
		return nil, err
	}
	terms, err := ReadTerms(text)
	if err != nil {
		return nil, err
	}
	now := r.Engine
	now.SecretsKey = terms.Engine.SecretsKey
	a := &again{progress: r.Progress, Replay: Replay{Run: digest, At: terms.At.UTC().Format("2006-01-02T15:04:05Z"), Policy: terms.Policy.Digest, Engine: terms.Engine, Now: now,
		Differences: []Difference{}}, terms: terms, run: run, reports: map[string]int{}}
	if only != nil {
		a.States, a.Cases = map[int64]string{}, map[int64]*engine.Case{}
	}
	for i := range terms.Reports {
		a.reports[terms.Reports[i].Digest] = i
	}
	if says.Predicate.Outcome != "" {
		a.Other = otherEngine(&terms.Engine, &now, terms.Builtins)
		if a.policy, a.Why, err = r.policyOf(ctx, run, terms); err != nil {
			return nil, err
		}
	}
	if a.progress != nil {
		a.progress(int(says.Predicate.Tree.Size), 0)
	}
	if err := a.records(ctx, only); err != nil {
		return nil, err
	}
	if only == nil && a.policy != nil && a.Missing == 0 {
		err = a.gate(ctx, &says.Predicate)
	}
	return &a.Replay, err
}

// statementOf reads the statement of a run, and its digest, which names the run.
func statementOf(ctx context.Context, run Run) (string, *Statement, error) {
	data, err := Document(ctx, run, PartStatement)
	if err != nil {
		return "", nil, fmt.Errorf("%s: %w", PartStatement, err)
	}
	e, err := OpenEnvelope(data, nil)
	if err != nil {
		return "", nil, err
	}
	s, err := ReadStatement(e.Payload)
	return Digest(e.Payload), s, err
}

// DigestOf is the digest that names a run.
func DigestOf(ctx context.Context, run Run) (string, error) {
	digest, _, err := statementOf(ctx, run)
	return digest, err
}

// RootOf is the root of the records of a run.
func RootOf(ctx context.Context, run Run) (string, error) {
	_, says, err := statementOf(ctx, run)
	if err != nil {
		return "", err
	}
	return says.Predicate.Tree.Root, nil
}

// Decided says whether a run decided all that its reports had; else it has records of what happened, or of what a sweep found changed.
func Decided(ctx context.Context, run Run) (bool, error) {
	_, says, err := statementOf(ctx, run)
	return err == nil && says.Predicate.Outcome != "" && says.Predicate.Epoch == 0, err
}

// exactly reads a part that has to have a digest.
func exactly(ctx context.Context, run Run, part, digest string) ([]byte, error) {
	text, err := Document(ctx, run, part)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", part, err)
	}
	if Digest(text) != digest {
		return nil, fmt.Errorf("%s is not the one that was recorded: %w", part, ErrBroken)
	}
	return text, nil
}

// otherEngine says how what decides now is another than what decided then; empty if it is not.
func otherEngine(then, now *engine.Versions, builtins string) string {
	switch {
	case then.Headgate != now.Headgate && then.OPA != now.OPA:
		return fmt.Sprintf("headgate %s with OPA %s decided, and headgate %s with OPA %s decides again", then.Headgate, then.OPA, now.Headgate, now.OPA)
	case then.Headgate != now.Headgate:
		return fmt.Sprintf("headgate %s decided, and headgate %s decides again", then.Headgate, now.Headgate)
	case then.OPA != now.OPA:
		return fmt.Sprintf("OPA %s decided, and OPA %s decides again", then.OPA, now.OPA)
	case builtins != BuiltinsDigest():
		return "policies could call other functions then than now"
	}
	return ""
}

// policyOf loads the policy of a run, as it was compiled. Why says why it cannot be had.
func (r *Replayer) policyOf(ctx context.Context, run Run, terms *Terms) (p *engine.Policy, why string, err error) {
	settings, err := encode(terms.Settings)
	if err != nil {
		return nil, "", err
	}
	key := terms.Policy.Content + string(settings)
	if p = r.policies[key]; p != nil {
		return p, "", nil
	}
	files, err := Policy(ctx, run, terms)
	damage := (*Damage)(nil)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "the policy is missing", nil
	case errors.As(err, &damage):
		return nil, "the policy is not to be had: " + damage.Error(), nil
	case errors.Is(err, ErrBroken):
		return nil, "the policy that is there is not the one that decided", nil
	case err != nil:
		return nil, "", err
	}
	bundle := &engine.PackBundle{Label: "the recorded policy", Files: files}
	p, err = engine.LoadPolicy(ctx, engine.PolicySource{Shipped: r.Shipped, Bundle: bundle, Assume: terms.Settings.Assume, NoRange: terms.Settings.NoRange})
	switch {
	case ctx.Err() != nil:
		return nil, "", context.Cause(ctx)
	case err != nil:
		return nil, "the policy does not load in this version: " + oneLine(err).Error(), nil
	case p.Info().Digest != terms.Policy.Digest:
		return nil, "the policy that is there is not the one that decided", nil
	}
	if r.policies == nil {
		r.policies = map[string]*engine.Policy{}
	}
	r.policies[key] = p
	return p, "", nil
}

// Policy is the policy of a run, as it was compiled: its files by path.
func Policy(ctx context.Context, run Run, terms *Terms) (map[string][]byte, error) {
	text, err := exactly(ctx, run, PartPolicy, terms.Policy.Content)
	if err != nil {
		return nil, err
	}
	content := &PolicyContent{}
	if err := decode(text, content); err != nil {
		return nil, fmt.Errorf("%s: %w", PartPolicy, err)
	}
	if content.Schema != PolicySchema {
		return nil, fmt.Errorf("%s: it is of %.60q, and this headgate reads %s", PartPolicy, content.Schema, PolicySchema)
	}
	files := map[string][]byte{}
	for name, text := range content.Files {
		files[name] = []byte(text)
	}
	return files, nil
}

// An again is one run that is decided again.
type again struct {
	Replay
	progress func(more, done int) // nil: nobody asks
	run      Run
	terms    *Terms
	policy   *engine.Policy // nil: Why says why there is none
	reports  map[string]int
	answers  map[string][]byte // by digest; nil: nobody asked
	all      []engine.Case     // that were made again, if all are asked for
}

// atOnce is how many decisions are made again at once.
const atOnce = 8192

// records goes through the records, with the input of each decision.
func (a *again) records(ctx context.Context, only map[int64]bool) error {
	inputs, stop := iter.Pull2(Lines(ctx, a.run, PartInputs))
	defer stop()
	var some []*redone
	damage := (*Damage)(nil)
	for line, err := range Records(ctx, a.run) {
		if err != nil {
			return fmt.Errorf("%s: %w", PartRecords, err)
		}
		if a.progress != nil && line.Index%batchSize == batchSize-1 {
			a.progress(0, batchSize)
		}
		if line.Decision == nil {
			continue
		}
		input, err, ok := inputs()
		if errors.As(err, &damage) {
			a.Why, ok = "inputs are missing: "+damage.Error(), false
		} else if err != nil {
			return fmt.Errorf("%s: %w", PartInputs, err)
		}
		if only != nil && !only[line.Index] {
			continue
		}
		one := &redone{line: line}
		if ok {
			one.text = bytes.Clone(input)
		}
		if some = append(some, one); len(some) == atOnce {
			if err := a.decide(ctx, some, only == nil); err != nil {
				return err
			}
			some = nil
		}
	}
	return a.decide(ctx, some, only == nil)
}

// A redone is one decision that is made again.
type redone struct {
	line  *Line
	text  []byte // of the input; nil: there is none
	input Input
	state string
	is    []byte // the record made anew
	said  string // the policy's answer
	err   error
}

// decide makes some decisions again and compares them.
func (a *again) decide(ctx context.Context, some []*redone, keep bool) error {
	onAllCores(len(some), func(i int) { some[i].read(a.policy != nil) })
	var cases []engine.Case
	var of []*redone
	for _, one := range some {
		if one.err != nil {
			return one.err
		}
		if one.state == "" {
			cases = append(cases, engine.Case{Input: *one.input.Input, Provenance: one.input.Provenance, Conflicts: one.input.Conflicts})
			of = append(of, one)
		}
	}
	if len(cases) > 0 {
		if err := a.policy.Decide(ctx, cases, a.terms.At); err != nil {
			return err
		}
	}
	onAllCores(len(of), func(i int) { of[i].compare(a, &cases[i]) })
	for i := range of {
		if a.Cases != nil && of[i].state == ReplayIdentical {
			a.Cases[of[i].line.Index] = &cases[i]
		}
	}
	for _, one := range some {
		if one.err != nil {
			return one.err
		}
		if err := a.note(ctx, one); err != nil {
			return err
		}
	}
	if keep {
		a.all = append(a.all, cases...)
	}
	return nil
}

// read reads what was decided on, if it is what the record names.
func (o *redone) read(decidable bool) {
	recorded := o.line.Decision.Input
	gone := erasure(o.text)
	switch {
	case !decidable:
		o.state = ReplayNoPolicy
	case gone != nil && gone.Digest == recorded:
		o.state = ReplayErased
	case Digest(o.text) != recorded:
		o.state = ReplayMissing
	default:
		if err := json.Unmarshal(o.text, &o.input, json.RejectUnknownMembers(true)); err != nil || o.input.Input == nil {
			o.err = fmt.Errorf("the input of record %d cannot be read by this version", o.line.Index)
		}
	}
}

// compare makes the record anew and compares its bytes, among which is the digest of those that the policy answers.
func (o *redone) compare(a *again, c *engine.Case) {
	if a.terms.Settings.ReportOnly {
		c.Decision.OnlyReport()
	}
	r := *o.line.Record
	r.Decision = decisionOf(c, a.terms.At, a.reports)
	r.Decision.Input, r.Decision.Answer = o.line.Decision.Input, Digest([]byte(c.Decision.Answer))
	if o.is, o.err = appendRecord(make([]byte, 0, len(o.line.Bytes)), &r); o.err != nil {
		return
	}
	o.state = ReplayDiffers
	if bytes.Equal(o.is, o.line.Bytes) {
		o.state = ReplayIdentical
	}
	o.said = c.Decision.Answer
}

// note counts what came of a decision, and tells how it differs.
func (a *again) note(ctx context.Context, one *redone) error {
	a.Decisions++
	if a.States != nil {
		a.States[one.line.Index] = one.state
	}
	switch one.state {
	case ReplayIdentical:
		a.Identical++
		return nil
	case ReplayErased:
		a.Erased++
		return nil
	case ReplayMissing:
		a.Missing++
		return nil
	case ReplayNoPolicy:
		return nil
	}
	if a.Differing++; len(a.Differences) == mostDifferences {
		a.More++
		return nil
	}
	was := one.line.Decision
	d := Difference{ID: ID(a.Run, one.line.Index), Finding: was.Finding.ID, Asset: was.Asset.ID, Answer: was.Answer != Digest([]byte(one.said))}
	if d.Answer {
		recorded, err := a.answer(ctx, was.Answer)
		if err != nil {
			return err
		}
		d.Changes = changes("answer", recorded, []byte(one.said))
	}
	d.Changes = append(d.Changes, changes("", one.line.Bytes, one.is)...)
	d.Changes = d.Changes[:min(len(d.Changes), mostChanges)]
	a.Differences = append(a.Differences, d)
	return nil
}

// answer is what the policy answered then; nil if the run does not have it.
func (a *again) answer(ctx context.Context, digest string) ([]byte, error) {
	if a.answers == nil {
		a.answers = map[string][]byte{}
		for line, err := range Lines(ctx, a.run, PartAnswers) {
			if err != nil {
				return nil, fmt.Errorf("%s: %w", PartAnswers, err)
			}
			a.answers[Digest(line)] = bytes.Clone(line)
		}
	}
	return a.answers[digest], nil
}

// ResultOf is what a run came to, without its cases and what follows from them. The digest is that of its statement.
func ResultOf(ctx context.Context, run Run, digest string) (*engine.Result, error) {
	text, err := exactly(ctx, run, PartResult, digest)
	if err != nil {
		return nil, err
	}
	r := &engine.Result{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", PartResult, oneLine(err))
	}
	return r, nil
}

// gate asks the policy again what all cases come to.
func (a *again) gate(ctx context.Context, p *Predicate) error {
	was, err := ResultOf(ctx, a.run, p.Result)
	if err != nil {
		return err
	}
	is := *was
	is.Cases, is.Weakened = a.all, nil
	if err := a.policy.Conclude(ctx, &is, was.Counts.Findings, a.terms.Settings.ReportOnly); err != nil {
		return err
	}
	is.Weakened, is.Engine, is.Policy = was.Weakened, was.Engine, was.Policy
	if a.Differing == 0 {
		a.Result = &is
	}
	if a.Erased > 0 {
		return nil // what the gate saw is not all there
	}
	then, err := encode([]any{was.Outcome, was.Counts, was.Gate})
	if err != nil {
		return err
	}
	now, err := encode([]any{is.Outcome, is.Counts, is.Gate})
	if err != nil {
		return err
	}
	a.Gate = &GateReplay{Outcome: was.Outcome, Identical: bytes.Equal(then, now)}
	if is.Outcome != was.Outcome {
		a.Gate.Is = is.Outcome
	}
	return nil
}
