package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/integrations/store"
)

// A ledgerReport makes a report of a ledger.
type ledgerReport struct {
	*store.Ledger
	app     *app
	options kpi.Options
	among   func(repository string) bool
	tracked *tracked
	kpi     *kpi.Collector
	latest  []*store.RunEntry // of each branch
	open    int               // cases
}

// reportedOfLedger reads a ledger once: what is open, then the runs of both periods, then what is known of tickets.
func (a *app) reportedOfLedger(ctx context.Context, f *reportFlags, o kpi.Options) (*kpi.Report, error) {
	if store.IsGit(f.ledger) {
		return nil, setup(errors.New("a log on a git ref does not know what is open"), "a report is of a ledger in a database: a file, or postgres://…")
	}
	l, err := openForLook(ctx, f.ledger)
	if err != nil {
		return nil, err
	}
	defer l.Close()
	r := &ledgerReport{Ledger: l, app: a, options: o, among: f.among()}
	if r.latest, err = l.LatestRuns(ctx, time.Time{}); err != nil {
		return nil, r.unread(f, err)
	}
	if err := r.tell(ctx, f); err != nil {
		return nil, r.unread(f, err)
	}
	r.latest = slices.DeleteFunc(r.latest, func(e *store.RunEntry) bool { return o.Branch != "" && e.Branch != o.Branch || !r.among(e.Repository) })
	var evidenceOf *kpi.Evidence
	if evidenceOf, err = r.proof(ctx); err != nil {
		return nil, r.unread(f, err)
	}
	if r.kpi, err = kpi.New(r.options); err != nil {
		return nil, setup(err, "--since and --until say which period")
	}
	if f.replay > 0 {
		if err := r.replay(ctx, f); err != nil {
			return nil, err
		}
	}
	for _, read := range []func(context.Context) error{r.states, r.runs, r.waivers, r.tickets, r.fixes} {
		if err := read(ctx); err != nil {
			return nil, r.unread(f, err)
		}
	}
	made := r.kpi.Report()
	made.Evidence = evidenceOf
	return made, nil
}

func (r *ledgerReport) unread(f *reportFlags, err error) error {
	return unread("the ledger "+store.Shown(f.ledger), err)
}

// states counts all findings.
func (r *ledgerReport) states(ctx context.Context) error {
	first, err := r.FirstRun(ctx)
	if err != nil {
		return err
	}
	r.kpi.Begun(first)
	for s, err := range r.States(ctx, r.options.Branch, r.among) {
		if err != nil {
			return err
		}
		if s.Status != history.Closed {
			r.open++
		}
		r.kpi.Case(caseOf(s))
	}
	return nil
}

func caseOf(s *history.State) *kpi.Case {
	c := &kpi.Case{Owner: s.Owner, Criticality: s.Criticality, Priority: engine.Priority(s.Priority), Waived: s.Status == history.Waived, Due: s.Due,
		FirstSeen: s.FirstSeen, Fixable: s.Fixable, Exploited: s.Exploited, Spans: make([]kpi.Span, 0, len(s.Past)+1)}
	for _, p := range s.Past {
		c.Spans = append(c.Spans, kpi.Span{From: p.Opened, To: p.Closed})
	}
	c.Spans = append(c.Spans, kpi.Span{From: s.Opened, To: s.Closed})
	return c
}

// runs counts the runs of both periods, after the last ones before them, which say how it was when they began.
func (r *ledgerReport) runs(ctx context.Context) error {
	since := r.options.Window.Since.Add(-r.options.Window.Until.Sub(r.options.Window.Since))
	before, err := r.LatestRuns(ctx, since)
	if err != nil {
		return err
	}
	for _, e := range before {
		if err := r.run(ctx, e); err != nil {
			return fmt.Errorf("run %d: %w", e.Leaf, err)
		}
	}
	for e, err := range r.Runs(ctx, since) {
		if err == nil && e.Outcome == "" {
			err = r.deeds(ctx, e)
		} else if err == nil {
			err = r.run(ctx, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// run counts one run.
func (r *ledgerReport) run(ctx context.Context, e *store.RunEntry) error {
	if r.options.Branch != "" && e.Branch != r.options.Branch || !r.among(e.Repository) || r.options.Team != "" { // figures of runs are of no team
		return nil
	}
	envelope, says, err := statementOf(ctx, e.Run)
	if err != nil {
		return err
	}
	terms, err := termsOf(ctx, e.Run)
	if err != nil {
		return err
	}
	p := &says.Predicate
	out := &kpi.Run{At: p.At, Repository: e.Repository, Branch: e.Branch, Pull: terms.Change.Pull, Event: p.Event, Outcome: p.Outcome, Again: e.Epoch > 0,
		Signed: len(envelope.Keys) > 0, Loosened: len(p.Weakened) > 0, Findings: p.Coverage.Findings, Took: e.Took}
	for i := range terms.Reports {
		out.Reported += terms.Reports[i].Results
	}
	if r.kpi.Wants(out) {
		if out.Blocks, out.Passes, err = stoppedCases(ctx, e.Run); err != nil {
			return err
		}
	}
	if p.Result != "" {
		result, err := evidence.ResultOf(ctx, e.Run, p.Result)
		if err != nil {
			return err
		}
		out.Graph = validatedOf(result)
	}
	r.kpi.Run(out)
	return nil
}

func statementOf(ctx context.Context, run evidence.Run) (*evidence.Envelope, *evidence.Statement, error) {
	data, err := evidence.Document(ctx, run, evidence.PartStatement)
	if err != nil {
		return nil, nil, err
	}
	envelope, err := evidence.OpenEnvelope(data, nil)
	if err != nil {
		return nil, nil, err
	}
	says, err := evidence.ReadStatement(envelope.Payload)
	return envelope, says, err
}

func termsOf(ctx context.Context, run evidence.Run) (*evidence.Terms, error) {
	data, err := evidence.Document(ctx, run, evidence.PartTerms)
	if err != nil {
		return nil, err
	}
	return evidence.ReadTerms(data)
}

// stoppedCases are the cases that block, and those that would have and that a waiver or report-only let pass.
func stoppedCases(ctx context.Context, run evidence.Run) (blocks, passes []string, err error) {
	for line, err := range evidence.Records(ctx, run) {
		if err != nil {
			return nil, nil, err
		}
		d := line.Decision
		switch {
		case d == nil:
		case d.Action == engine.Block:
			blocks = append(blocks, d.Finding.ID+" "+d.Asset.ID)
		case d.WouldHave == engine.Block:
			passes = append(passes, d.Finding.ID+" "+d.Asset.ID)
		}
	}
	return blocks, passes, nil
}

// validatedOf are the validated paths of a result; nil if it knew no whole graph.
func validatedOf(result *engine.Result) *kpi.Graph {
	if result.Graph == nil || len(result.Graph.Uncovered) > 0 { // of paths over assets that nobody looked at nothing is known
		return nil
	}
	g := &kpi.Graph{Validated: result.Graph.Validated}
	for _, p := range result.Paths {
		if n := len(p.Assets); p.Status == "validated" && n > 1 {
			g.Pairs = append(g.Pairs, [2]string{p.Assets[0], p.Assets[n-1]})
		}
	}
	return g
}

// deeds counts what was done to tickets.
func (r *ledgerReport) deeds(ctx context.Context, e *store.RunEntry) error {
	for line, err := range evidence.Records(ctx, e.Run) {
		if err != nil {
			return err
		}
		if x := line.Effect; x != nil && x.Kind == engine.EffectTicket && r.tracked.has(x.Key) {
			r.kpi.Deed(&kpi.Deed{At: line.At, Place: x.Place, Key: x.Key, Did: x.Did})
		}
	}
	return nil
}

// waivers counts those of the latest run of each branch.
func (r *ledgerReport) waivers(ctx context.Context) error {
	for _, e := range r.latest {
		var all []kpi.Waiver
		for line, err := range evidence.Records(ctx, e.Run) {
			if err != nil {
				return fmt.Errorf("run %d: %w", e.Leaf, err)
			}
			if line.Kind == evidence.KindDecision { // all others come before
				break
			}
			if w := line.Waiver; w != nil {
				of := w.Finding
				if of == "" {
					of = w.Package
				}
				if of == "" {
					of = w.Path
				}
				all = append(all, kpi.Waiver{ID: w.ID, Of: of, Asset: w.Asset, Approver: w.Approver, Verified: w.Verified, Expires: w.Expires, State: w.State, Cases: w.Cases})
			}
		}
		r.kpi.Waivers(e.Repository, e.Branch, all)
	}
	return nil
}

// proof is what stands below the figures, and sets the days that the policy of the latest run allows.
func (r *ledgerReport) proof(ctx context.Context) (*kpi.Evidence, error) {
	head, err := r.Head(ctx)
	if err != nil || head == nil {
		return nil, err
	}
	c, err := evidence.ParseCheckpoint(head, nil)
	if err != nil {
		return nil, err
	}
	e := &kpi.Evidence{Origin: c.Origin, Size: c.Size, Root: fmt.Sprintf("sha256:%x", c.Root[:]), Signed: len(c.Keys) > 0}
	if len(r.latest) == 0 {
		return e, nil
	}
	last := r.latest[len(r.latest)-1]
	terms, err := termsOf(ctx, last.Run)
	if err != nil {
		return nil, err
	}
	e.LatestRun, e.Policy, e.Headgate, e.Intel, e.Repository = last.At, terms.Policy.Digest, terms.Engine.Headgate, terms.Intel, last.Repository
	if r.options.DueDays, err = dueDays(ctx, last.Run, terms); err != nil {
		return nil, err
	}
	return e, nil
}

// dueDays are the days that the pack sla allowed in a run, by priority; those of a policy without that pack are not known.
func dueDays(ctx context.Context, run evidence.Run, terms *evidence.Terms) (map[engine.Priority]float64, error) {
	files, err := evidence.Policy(ctx, run, terms)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"packs/sla/data.json", "packs/sla/data.yaml"} {
		text, ok := files[name]
		if !ok {
			continue
		}
		var sla struct {
			Params struct {
				Days map[engine.Priority]*float64 `yaml:"days"`
			} `yaml:"params"`
		}
		if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&sla); err != nil { // of another make than the pack that ships
			return nil, nil
		}
		days := map[engine.Priority]float64{}
		for p, n := range sla.Params.Days {
			if n != nil {
				days[p] = *n
			}
		}
		return days, nil
	}
	return nil, nil
}

// replay decides a sample of what was recorded again.
func (r *ledgerReport) replay(ctx context.Context, f *reportFlags) error {
	from := &evidenceSource{name: f.ledger, log: r.Ledger}
	draw := &evidence.Sample{Seed: "headgate-report", Size: f.replay}
	within := evidence.Stretch{Since: r.options.Window.Since, Until: r.options.Window.Until}
	if _, err := from.count(ctx, within, func(run *evidence.RunEntry, line *evidence.Line) error {
		if line.Kind == evidence.KindDecision && r.among(run.Repository) {
			draw.Offer(run.Run, line.Record)
		}
		return nil
	}); err != nil {
		return r.unread(f, err)
	}
	drawn := draw.Drawn()
	items := make([]sampledItem, len(drawn))
	all, err := r.app.replaySample(ctx, from, drawn, items)
	if err != nil {
		return r.unread(f, err)
	}
	r.kpi.Replayed(all.Identical, len(drawn))
	return nil
}
