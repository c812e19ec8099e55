package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/store"
)

// reassessFlags are what reassess is told.
type reassessFlags struct {
	run     runFlags
	ledger  string
	key     string // that signs
	every   bool
	all     bool
	dryRun  bool
	engine  string // what works on it
	size    int    // of a shard, in cases
	wait    bool
	failOn  string
	results string // folder for what is open on branches where something came out otherwise
	outputs []string
}

// reassessFormats are those of what a sweep came to.
var reassessFormats = []report.Format{{Name: "text"}, {Name: "json"}, {Name: "markdown"}}

func newReassessCommand(a *app) *cobra.Command {
	var f reassessFlags
	c := &cobra.Command{
		Use:   "reassess --ledger LEDGER",
		Short: "Decide again what is open in the ledger, where something changed that could count",
		Long: `Decides again what the ledger has open, and reads no report. What was decided on stays, but for what is known otherwise now: threat data,
assets, waivers, attack paths, how old a finding is, and facts that have expired. Looked at is what that could make a difference for: CVEs
whose threat data changed in a way that the policy can read, assets and waivers that changed, dates that passed; everything if the policy
changed, or with --all. What comes out otherwise is recorded, one run for each repository and branch, and a manifest of the whole sweep
proves the rest: how much was looked at, and the Merkle root of everything that is open. Nothing is closed, as nothing was scanned.

Assets and waivers of the settings are those of their own repository. It alone is decided again, if the ledger has it; --every-repository
takes all, and --assets and --waivers hold for all that is decided again. Where nothing says otherwise, what was recorded stays.

Only one sweep runs on a ledger at a time. One that is cut off has changed nothing, and can be repeated.

Exit status: 0 done, 1 something rose to the priority of --fail-on, 2 what you set up does not load, 3 could not decide.`,
		Example: `  headgate intel update && headgate reassess --ledger ledger.db
  headgate reassess --ledger postgres://ledger.example/headgate --every-repository -o text -o json=changes.json
  headgate reassess --ledger ledger.db --results changed && headgate publish changed/acme%2Fshop/main.json --to jira
  headgate reassess --ledger ledger.db --policy new-policies/ --dry-run`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.reassess(c.Context(), &f) },
	}
	r := &f.run
	c.Flags().StringVar(&f.ledger, "ledger", "", ledgerForms)
	c.Flags().StringVar(&r.settings, "settings", "", "`folder` with headgate.yaml, assets.yaml and policies (default: .headgate here or above)")
	c.Flags().StringVar(&r.repository, "repository", "", "`owner/name` of the repository that is decided again (default: settings, CI, git)")
	c.Flags().BoolVar(&f.every, "every-repository", false, "decide again what is open in every repository of the ledger")
	c.Flags().BoolVar(&f.all, "all", false, "decide everything again, whether anything changed or not")
	c.Flags().StringArrayVar(&r.policies, "policy", nil, "`folder` with packs of your own, or a bundle: as for gate")
	c.Flags().StringArrayVar(&r.policyKeys, "policy-key", nil, "`file` with a public key in PEM: the bundle must be signed by it, or by one of several")
	c.Flags().StringVar(&r.intel, "intel", "", "`folder` with threat data (default: intel in the settings folder; without any, what was recorded stays)")
	c.Flags().StringVar(&r.assets, "assets", "", "assets `file` (default: assets.yaml in the settings folder)")
	c.Flags().StringVar(&r.waivers, "waivers", "", "waivers `file` (default: waivers.yaml in the settings folder)")
	c.Flags().StringVar(&r.now, "now", "", "decide as at this `time`, 2026-11-21 or 2026-11-21T10:00:00Z (recorded)")
	c.Flags().StringVar(&f.failOn, "fail-on", "", "end with exit status 1 if something rose to this `priority`: track*, attend or act")
	c.Flags().StringVar(&f.results, "results", "", "new `folder` for a result file of all that is open on each branch where something came out otherwise: headgate publish takes it")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "only show what would come out otherwise")
	c.Flags().StringVar(&f.engine, "engine", engineLocal, "what decides: `local`, this process on all cores, or river, the workers of a ledger in PostgreSQL (headgate worker)")
	c.Flags().IntVar(&f.size, "shard-size", casesOfShard, "how many cases are decided in one go, by one worker (what comes out is the same)")
	c.Flags().BoolVar(&f.wait, "wait", false, "wait for another sweep on the ledger to end, instead of giving up at once")
	c.Flags().BoolVar(&r.noClasses, "no-classes", false, "decide cases one by one that the policy cannot tell apart (slow; the same decisions)")
	c.Flags().BoolVar(&r.noRange, "no-range", false, "do not work out what facts that nobody knows could change")
	c.Flags().DurationVar(&r.deadline, "deadline", 12*time.Hour, "give up, with exit status 3, after this `time`")
	c.Flags().Int64Var(&r.maxMemory, "max-memory-bytes", 0, "give up, with exit status 3, when more memory is needed than these `bytes` (default: three quarters of what there is)")
	c.Flags().StringVar(&f.key, "evidence-key", "", "`file` with the Ed25519 key in PEM that signs; HEADGATE_EVIDENCE_KEY may be the key itself")
	c.Flags().StringArrayVarP(&f.outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(reassessFormats)+" (default text)")
	return c
}

// reassess decides again what is open in a ledger, and tells the workflow that it runs in.
func (a *app) reassess(ctx context.Context, f *reassessFlags) error {
	var told toldOfSweep
	told.failed = a.decideLedgerAgain(ctx, f, &told)
	told.account(a, f)
	return told.failed
}

// decideLedgerAgain decides, records and shows. told is what came of it as far as it came.
func (a *app) decideLedgerAgain(ctx context.Context, f *reassessFlags, told *toldOfSweep) error {
	outs, err := parseOutputs(f.outputs, reassessFormats)
	if err != nil {
		return err
	}
	failOn, err := reachedFrom(f.failOn)
	if err != nil {
		return err
	}
	if err := f.readyForResults(); err != nil {
		return err
	}
	ctx, watching, done := a.guard(ctx, f.run.deadline, f.run.maxMemory)
	defer done()
	s, err := a.newSweeper(ctx, f, watching)
	if err != nil {
		return err
	}
	defer s.close()
	release, err := s.ledger.LockSweep(ctx, false)
	if errors.Is(err, store.ErrSweeping) && f.wait {
		if release, err = s.ledger.LockSweep(ctx, true); err == nil {
			defer release()
			if s, err = a.newSweeper(ctx, f, watching); err != nil { // by the clock and threat data of now: the other one may have begun later
				return err
			}
			defer s.close()
			release = func() {}
		}
	}
	if errors.Is(err, store.ErrSweeping) {
		return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(f.ledger), err), "--wait waits for its end")
	}
	if err != nil {
		return s.undecided(err)
	}
	defer release()
	if err := s.sweep(ctx); err != nil {
		return s.undecided(err)
	}
	told.came, told.weakened = s.came, s.run.result.Weakened
	if f.results != "" {
		if err := s.writeResults(ctx, f.results); err != nil {
			return undecided(fmt.Errorf("the sweep is recorded, and its results are not written: %w", plain(err)), "tickets are brought up to date with the next scan")
		}
	}
	if err := a.writeReassessment(s.came, s.run.result.Weakened, outs); err != nil {
		return err
	}
	for i := range s.came.Changed {
		if t := &s.came.Changed[i]; failOn != "" && t.Is.Priority.Rank() >= failOn.Rank() && t.Rose() {
			return errBlocked
		}
	}
	return nil
}

// reachedFrom reads the priority of --fail-on; empty if there is none.
func reachedFrom(name string) (engine.Priority, error) {
	if p := engine.Priority(name); name == "" || p.Rank() > 0 {
		return p, nil
	}
	return "", setup(fmt.Errorf("--fail-on %q is no priority to rise to", name), "it can be track*, attend or act")
}

// newSweeper sets up what decides, and opens the ledger.
func (a *app) newSweeper(ctx context.Context, f *reassessFlags, watching *guard) (*sweeper, error) {
	switch {
	case f.ledger == "":
		return nil, setup(errors.New("no ledger is named"), "--ledger says where the gate keeps what is open")
	case store.IsGit(f.ledger):
		return nil, setup(errors.New("a log on a git ref does not know what is open"), "name a SQLite file or postgres://…")
	case f.size < 1 || f.size > mostOfShard:
		return nil, setup(fmt.Errorf("--shard-size %d is not between 1 and %d", f.size, mostOfShard), "")
	case f.every && f.run.repository != "":
		return nil, setup(errors.New("--repository names one, and --every-repository all"), "leave one of them out")
	}
	s := &sweeper{app: a, flags: f, run: a.newRun(&f.run)}
	r := s.run
	if f.engine == engineRiver {
		r.shared = &sharedSweep{}
	}
	r.guard, r.result.Change.Event = watching, engine.EventSchedule
	var err error
	var set bool
	if s.now, set, err = f.run.clock(a); err != nil {
		return nil, err
	}
	if r.result.Now = s.now; set {
		r.weaken("clock " + s.now.Format(time.RFC3339))
	}
	if err := r.loadJudges(ctx, nil); err != nil {
		return nil, err
	}
	if s.signer, err = readEvidenceSigner(f.key); err != nil {
		return nil, err
	}
	if err := errors.Join(r.loadPolicy(ctx), r.loadIntel()); err != nil {
		return nil, err
	}
	r.weakenByPolicy()
	r.weakenByLaterIntel()
	slices.Sort(r.result.Weakened)
	if s.observer, err = r.policy.Observer(ctx, s.now); err != nil {
		return nil, undecided(err, "")
	}
	if s.ledger, err = store.OpenExisting(ctx, f.ledger); err != nil {
		return nil, ledgerFailure(f.ledger, err)
	}
	if err := cmp.Or(s.judge(), s.openWorkers(ctx)); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// undecided is why a sweep ended. What it would have changed is not in the ledger, or it is whole.
func (s *sweeper) undecided(err error) error {
	if f := (*failure)(nil); errors.As(err, &f) {
		return err
	}
	err = plain(err)
	switch {
	case errors.Is(err, evidence.ErrNoKey), errors.Is(err, evidence.ErrForeign):
		return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(s.flags.ledger), err), hintOnForeign(err))
	case strings.Contains(err.Error(), "the ledger"):
		return undecided(err, "")
	}
	return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(s.flags.ledger), err), "")
}
