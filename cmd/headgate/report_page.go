package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
	"github.com/headgate/headgate/engine/kpi"
	"github.com/headgate/headgate/engine/page"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/store"
)

// mostPlanned bounds the cases of one branch that are held at once: of a branch with more, the plan is for act and attend alone.
const mostPlanned = 50_000

// writePage writes the page of a result file or of a ledger.
func (a *app) writePage(ctx context.Context, to io.Writer, f *reportFlags, args []string, figures *kpi.Report) error {
	if len(args) == 1 {
		result, err := readResult(args[0])
		if err != nil {
			return err
		}
		return page.Write(to, pageOfResult(result, f, figures))
	}
	l, err := openForLook(ctx, f.ledger)
	if err != nil {
		return err
	}
	defer l.Close()
	source, err := a.pageOfLedger(ctx, l, f, figures)
	if err != nil {
		return err
	}
	return page.Write(to, source)
}

// pageOfResult is the page of one run.
func pageOfResult(result *engine.Result, f *reportFlags, figures *kpi.Report) *page.Source {
	if !f.among()(result.Change.Repository) {
		of := *result
		of.Cases, of.Plan, of.NoFix, of.Paths, of.Graph, of.Waivers = nil, nil, nil, nil, nil, nil
		result = &of
	}
	if f.team != "" {
		of := *result
		owned := map[string]bool{}
		for i := range result.Cases {
			a := &result.Cases[i].Input.Asset
			owned[a.ID] = owned[a.ID] || a.Owner == f.team
		}
		of.Cases = slices.DeleteFunc(slices.Clone(result.Cases), func(c engine.Case) bool { return c.Input.Asset.Owner != f.team })
		was := map[string]*engine.Fix{}
		for i := range result.Plan {
			was[result.Plan[i].ID] = &result.Plan[i]
		}
		of.Plan, of.NoFix = plan.New(of.Cases, plan.Options{Repository: of.Change.Repository})
		for i := range of.Plan {
			if f := was[of.Plan[i].ID]; f != nil { // what it does to attack paths it does, whoever makes it
				of.Plan[i].PathsCut, of.Plan[i].CutsOff, of.Plan[i].Tickets = f.PathsCut, f.CutsOff, f.Tickets
			}
		}
		of.Paths = pathsOver(of.Paths, owned)
		result = &of
	}
	return &page.Source{
		Of: cmp.Or(result.Change.Repository, "one run"), Team: f.team, Now: result.Now, Single: true, Figures: figures,
		Results: func(yield func(*engine.Result, error) bool) { yield(result, nil) },
	}
}

// A ledgerPage reads what a page shows of a ledger. What is open is read twice: first to find out what presses most, whose reasons are to be
// told in words, then with what it was decided on.
type ledgerPage struct {
	*store.Ledger
	app          *app
	team, branch string
	among        func(repository string) bool
	scopes       func(repository string) []string // of tickets
	tickets      *ticket.Known
	now          time.Time
	latest       map[[2]string]*store.RunEntry // by repository and branch
	told         map[string]*engine.Decision   // decisions with words, by the id of their record
	open         int
}

// pageOfLedger is the page of what a ledger knows. What it shows is read while it is written, so that the ledger has to stay open.
func (a *app) pageOfLedger(ctx context.Context, l *store.Ledger, f *reportFlags, figures *kpi.Report) (*page.Source, error) {
	p := &ledgerPage{Ledger: l, app: a, team: f.team, branch: f.branch, among: f.among(), scopes: f.ticketScopes, now: figures.At, latest: map[[2]string]*store.RunEntry{}}
	latest, err := l.LatestRuns(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	repositories := map[string]bool{}
	for _, e := range latest {
		p.latest[[2]string{e.Repository, e.Branch}] = e
		if p.among(e.Repository) {
			repositories[e.Repository] = true
		}
	}
	effects, err := l.Effects(ctx, "")
	if err != nil {
		return nil, err
	}
	p.tickets = ticket.KnownOf(effects)
	if err := p.tell(ctx); err != nil {
		return nil, err
	}
	of := "all repositories"
	switch names := slices.Sorted(maps.Keys(repositories)); {
	case len(f.repositories) > 0 && len(names) > 3:
		of = fmt.Sprintf("%d repositories", len(names))
	case len(f.repositories) > 0:
		of = cmp.Or(strings.Join(names, ", "), "nothing that is known")
	case len(names) < 2:
		of = "the ledger"
		if figures.Evidence != nil {
			of = cmp.Or(figures.Evidence.Repository, figures.Evidence.Origin, of)
		}
	}
	if f.team != "" {
		of = f.team + ", " + of
	}
	return &page.Source{
		Of: of, Team: f.team, Now: p.now, Figures: figures, Results: p.results(ctx), Decisions: p.open,
		Verify: report.Command("headgate", "evidence", "verify", store.Shown(f.ledger)),
	}, nil
}

// A pressing is a decision that is open, as far as its place in the page depends on it.
type pressing struct {
	run              string
	index            int64
	action, priority int
	due              time.Time
}

// tell finds out what presses most and decides it again, which gives the words of the rules back. What another version decided, or what was
// erased, keeps the names of its rules.
func (p *ledgerPage) tell(ctx context.Context) error {
	var most []pressing
	cut := func() {
		slices.SortFunc(most, func(a, b pressing) int {
			return cmp.Or(cmp.Compare(b.action, a.action), cmp.Compare(b.priority, a.priority), a.due.Compare(b.due), cmp.Compare(a.run, b.run), cmp.Compare(a.index, b.index))
		})
		most = most[:min(len(most), page.MaxDecisions)]
	}
	for s, err := range p.Open(ctx, store.Selection{Branch: p.branch, NoInputs: true}) {
		if err != nil {
			return err
		}
		d := s.Record.Decision
		if !p.among(s.Repository) || p.team != "" && d.Asset.Owner != p.team {
			continue
		}
		p.open++
		at := pressing{s.Run, s.State.Index, max(d.Action.Rank(), d.WouldHave.Rank()), d.Priority.Rank(), d.Due}
		if at.due.IsZero() {
			at.due = time.Unix(1<<40, 0) // after all that have a date
		}
		if most = append(most, at); len(most) == 2*page.MaxDecisions {
			cut()
		}
	}
	cut()
	runs := map[string]map[int64]bool{}
	for _, m := range most {
		if runs[m.run] == nil {
			runs[m.run] = map[int64]bool{}
		}
		runs[m.run][m.index] = true
	}
	return p.decideAgain(ctx, runs)
}

// decideAgain gives the words of decisions back, by the digest of their run and their index in it.
func (p *ledgerPage) decideAgain(ctx context.Context, runs map[string]map[int64]bool) error {
	p.told = map[string]*engine.Decision{}
	replayer := p.app.replayer()
	for digest, only := range runs {
		run, err := p.Run(ctx, digest)
		if err != nil {
			return err
		}
		again, err := replayer.Replay(ctx, run, only)
		if err != nil {
			return fmt.Errorf("run %s: %w", digest, err)
		}
		for index, c := range again.Cases {
			p.told[evidence.ID(digest, index)] = &c.Decision
		}
	}
	return nil
}

// results are what is open, a result for each branch, with the attack paths and waivers of its latest run.
func (p *ledgerPage) results(ctx context.Context) iter.Seq2[*engine.Result, error] {
	return func(yield func(*engine.Result, error) bool) {
		var r *engine.Result
		many := false
		owned := map[string]bool{} // assets of the branch that are the team's
		end := func() bool {
			if r == nil {
				return true
			}
			r.Plan, r.NoFix = plan.New(r.Cases, plan.Options{Repository: r.Change.Repository})
			cutAtEntries(r)
			for _, scope := range p.scopes(r.Change.Repository) {
				p.tickets.Stand(scope, r.Plan)
			}
			if p.team != "" {
				r.Paths = pathsOver(r.Paths, owned)
			}
			return yield(r, nil)
		}
		for s, err := range p.Open(ctx, store.Selection{Branch: p.branch}) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !p.among(s.Repository) {
				continue
			}
			if r == nil || r.Change.Repository != s.Repository || r.Change.Branch != s.Branch {
				if !end() {
					return
				}
				if r, err = p.resultOf(ctx, s); err != nil {
					yield(nil, err)
					return
				}
				many, owned = false, map[string]bool{}
			}
			a := &s.Record.Decision.Asset
			if p.team != "" && a.Owner != p.team {
				continue
			}
			owned[a.ID] = true
			c := p.caseOf(s)
			if many && !counts(c) {
				continue
			}
			if r.Cases = append(r.Cases, *c); len(r.Cases) == mostPlanned && !many {
				many = true
				r.Cases = slices.DeleteFunc(r.Cases, func(c engine.Case) bool { return !counts(&c) })
			}
		}
		end()
	}
}

// counts says whether a case of a branch with very many is held: what needs action, and what the page tells of in words.
func counts(c *engine.Case) bool {
	return c.Decision.Priority.Rank() >= engine.Attend.Rank() || slices.ContainsFunc(c.Decision.Reasons, func(r engine.Reason) bool { return r.Message != "" })
}

// resultOf is the result of a branch without cases: that of its latest run, as of now.
func (p *ledgerPage) resultOf(ctx context.Context, s *store.Standing) (*engine.Result, error) {
	r := &engine.Result{Now: s.Terms.At, Engine: s.Terms.Engine, Policy: s.Terms.Policy.PolicyInfo, Intel: s.Terms.Intel}
	if e := p.latest[[2]string{s.Repository, s.Branch}]; e != nil {
		_, says, err := statementOf(ctx, e.Run)
		if err != nil {
			return nil, err
		}
		if r, err = evidence.ResultOf(ctx, e.Run, says.Predicate.Result); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		terms, err := termsOf(ctx, e.Run)
		if err != nil {
			return nil, err
		}
		r.Now, r.Engine, r.Policy, r.Intel, r.Weakened = terms.At, terms.Engine, terms.Policy.PolicyInfo, terms.Intel, says.Predicate.Weakened
	}
	r.Change.Repository, r.Change.Branch, r.Cases, r.Plan, r.NoFix = s.Repository, s.Branch, nil, nil, nil
	return r, nil
}

// caseOf is a standing as a case, overdue or not by the time of the page.
func (p *ledgerPage) caseOf(s *store.Standing) *engine.Case {
	d := s.Record.Decision
	c := &engine.Case{Input: engine.Input{
		Finding: engine.Finding{ID: d.Finding.ID, Kind: d.Finding.Kind, Title: d.Finding.Name, Rule: &engine.Rule{ID: d.Finding.Name}},
		Asset:   engine.Asset{ID: d.Asset.ID, Owner: d.Asset.Owner, Criticality: d.Asset.Criticality, Exposure: d.Asset.Exposure},
	}}
	if in := s.Input; in != nil && in.Input != nil {
		c.Input, c.Provenance = *in.Input, in.Provenance
	} else if d.Finding.Package != "" { // its input was erased: what the record has
		c.Input.Finding.Package = &engine.Package{Name: path.Base(d.Finding.Package), PURL: d.Finding.Package, Fixed: d.Finding.Fixed}
	}
	if told := p.told[evidence.ID(s.Run, s.State.Index)]; told != nil {
		c.Decision = *told
	} else {
		c.Decision = decisionOf(d)
	}
	c.Decision.Overdue = !c.Decision.Due.IsZero() && c.Decision.Due.Before(p.now) && s.State.Status != history.Waived
	return c
}

// decisionOf is a decision as a record has it, without the words of its rules.
func decisionOf(d *evidence.Decision) engine.Decision {
	out := engine.Decision{Priority: d.Priority, Action: d.Action, Due: d.Due, DueFrom: d.DueFrom, NextChange: d.NextChange, Obligations: d.Oblige, Assumed: d.Assumed, Range: d.Range}
	if d.WouldHave != "" {
		out.WouldHave = new(d.WouldHave)
	}
	for _, r := range d.Reasons {
		out.Reasons = append(out.Reasons, engine.Reason{Stated: &engine.Stated{Rule: r.Rule, Kind: r.Kind, To: r.To, AtMost: r.AtMost, Firm: r.Firm}, Date: r.Date})
	}
	return out
}
