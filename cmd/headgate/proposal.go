package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/simulate"
	"github.com/headgate/headgate/integrations/git"
)

// simulationTime bounds how long it may take to try what a change makes of what judges changes.
const simulationTime = 20 * time.Second

// propose notes what the change under review makes of what judges changes, and what that would change about this run. Whatever goes wrong
// with it is said, and changes nothing: the run is decided.
func (r *run) propose(ctx context.Context, args []string) {
	if r.origin == nil || r.change.diff == nil || r.change.tip == "" || r.event.privileged() {
		return
	}
	files := slices.DeleteFunc(r.change.diff.Paths(), func(name string) bool { return !r.judges(name) })
	if len(files) == 0 {
		return
	}
	p := &engine.Proposal{Files: files}
	if more := len(files) - engine.MostProposed; more > 0 {
		p.Files, p.More = files[:engine.MostProposed], more
	}
	r.result.Proposed = p
	ctx, cancel := context.WithTimeoutCause(ctx, simulationTime, fmt.Errorf("it took longer than %s", simulationTime))
	defer cancel()
	type trial struct {
		simulation *engine.Simulation
		waivers    []engine.ProposedWaiver
		more       int // waivers
		err        error
	}
	done := make(chan trial, 1) // room, so that what nobody waits for any more can end
	go func() {
		tried, s, err := r.try(ctx, args)
		waivers, more := tried.unapproved()
		done <- trial{s, waivers, more, err}
	}()
	var made trial
	select {
	case made = <-done:
	case <-ctx.Done():
		made.err = undecided(context.Cause(ctx), "")
	}
	what := "what the change under review makes of " + p.Files[0]
	if n := len(files) - 1; n > 0 {
		what += fmt.Sprintf(" and %s", amount(n, "other file"))
	}
	if made.err != nil {
		p.Error = wouldNot(made.err)
		r.app.say("note", what+" "+p.Error)
		return
	}
	p.Simulation, p.Waivers, p.MoreWaivers = made.simulation, made.waivers, made.more
	n, then := made.simulation.Changes, "once it is merged"
	if slices.ContainsFunc(p.Waivers, func(w engine.ProposedWaiver) bool { return len(w.Awaits) > 0 }) {
		then += " and its waivers are approved"
	}
	r.app.say("note", fmt.Sprintf("%s decides nothing here; %s, %d of %s would be decided otherwise: %s", what, then,
		n.Stricter+n.Looser+n.Mixed, amount(n.Cases, "case"), made.simulation.Outcome))
}

// wouldNot says what would come of a proposal that fails.
func wouldNot(err error) string {
	if f := (*failure)(nil); errors.As(err, &f) && f.status == statusSetup {
		return "would not load: " + f.Error()
	}
	return "could not decide: " + err.Error()
}

// judges says whether a file of the repository is one of those that judge changes: of a settings folder, of what flags and settings name,
// or of the scope.
func (r *run) judges(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		above := path.Dir(dir)
		if strings.EqualFold(path.Base(dir), settingsFolder) && (above == "." || r.origin.at == above || strings.HasPrefix(r.origin.at, above+"/")) {
			return true
		}
	}
	for _, file := range r.named() {
		if rel, inside := r.origin.rel(file); inside && (rel == name || strings.HasPrefix(name, rel+"/")) {
			return true
		}
	}
	folder, inside := r.origin.rel(r.settings.folder)
	in, below := strings.CutPrefix(name, strings.TrimPrefix(path.Dir(folder)+"/", "./"))
	return inside && below && slices.ContainsFunc(r.settings.Scope, func(pattern string) bool {
		return doublestar.MatchUnvalidated(path.Clean(strings.TrimPrefix(pattern, "./")), in)
	})
}

// named are the files and folders that flags and settings name.
func (r *run) named() []string {
	intel, _ := r.settings.intelFolder(r.flags.intel)
	all := slices.Concat([]string{r.settings.folder, r.flags.settings, r.flags.assets, r.flags.waivers, intel}, r.flags.policies, r.flags.policyKeys, r.flags.validations,
		r.observedFiles(r.observations()))
	return slices.DeleteFunc(all, func(file string) bool { return file == "" })
}

// unapproved are the waivers that only the change under review has and that nobody is shown to have approved, and how many more there are.
func (r *run) unapproved() (all []engine.ProposedWaiver, more int) {
	if r.waivers.use == nil {
		return nil, 0
	}
	for _, o := range r.waivers.use.Outcomes() {
		if open := !o.Verified || len(o.Awaits) > 0; !open || o.Ended || r.reviewed.waivers.list.Same(o.Waiver) != nil {
			continue
		}
		if len(all) == engine.MostProposed {
			more++
			continue
		}
		all = append(all, engine.ProposedWaiver{ID: o.ID, Accepts: o.Target(), Expires: o.Expires.Format(time.DateOnly), Why: o.Why, Awaits: o.Awaits})
	}
	return all, more
}

// try decides what was read again, with what judges as the change has it.
func (r *run) try(ctx context.Context, args []string) (*run, *engine.Simulation, error) {
	tried := &run{}
	opened, err := git.OpenTree(ctx, ".", r.change.tip)
	if err != nil {
		return tried, nil, undecided(err, "")
	}
	defer opened.Close()
	head := *r.origin
	head.commit, head.files, head.proposed, head.outside = opened.Commit, opened, true, r.named()
	quiet := *r.app
	quiet.stderr = io.Discard
	reading := *r.reading
	reading.reports = slices.Clone(reading.reports)
	for i := range reading.reports {
		reading.reports[i].Allowed = false
	}
	tried = &run{app: &quiet, flags: r.flags, event: r.event, origin: &head, reviewed: r, reading: &reading, change: r.change, ledger: r.ledger,
		result: &engine.Result{Now: r.result.Now, Change: r.result.Change, Engine: r.result.Engine}}
	if err := tried.loadAll(ctx, args); err != nil {
		return tried, nil, err
	}
	if err := tried.decide(ctx); err != nil {
		return tried, nil, err
	}
	side := func(of *run) simulate.Side {
		s := simulate.Side{Name: engine.SimulatedSide{Policy: of.policy.Info()}}
		s.Name.Policy.Source, s.Name.Policy.Revision = of.result.Policy.Source, of.result.Policy.Revision
		return s
	}
	compared := simulate.New(side(r), side(tried))
	compared.AddDecided("this run", r.result, tried.result)
	return tried, compared.Simulation(), nil
}

// loadAll reads all that judges, one after the other.
func (r *run) loadAll(ctx context.Context, args []string) error {
	if err := r.loadJudges(ctx, args); err != nil {
		return err
	}
	if err := r.loadPolicy(ctx); err != nil {
		return err
	}
	if err := r.loadIntel(); err != nil {
		return err
	}
	r.weakenByPolicy()
	return ctx.Err()
}
