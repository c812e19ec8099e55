package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/history"
	"github.com/headgate/headgate/integrations/git"
	"github.com/headgate/headgate/integrations/store"
	"github.com/headgate/headgate/integrations/transport"
)

// ledgerForms says what a ledger can be, for flags.
const ledgerForms = "a `ledger`: the file of a SQLite database, or postgres://… for one that several machines share"

// ledgerFlags are what gate is told of the ledger.
type ledgerFlags struct {
	where  string
	log    string
	branch string
}

func (f *ledgerFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.where, "ledger", "", "append the run to "+ledgerForms+", or git:REF for the log alone")
	c.Flags().StringVar(&f.log, "log", "", "the `name` of the log where the ledger is new (default: the repository, else headgate)")
	c.Flags().StringVar(&f.branch, "branch", "", "the `branch` that is decided on, or that a change is to go to (default: from CI, else git)")
}

// A ledger is where a run is appended, opened before anything is decided: what cannot be recorded is not decided.
type ledger struct {
	ledgerKeeper
	where   string
	history *history.Branch  // of the branch that is decided on; nil: the ledger keeps none
	runs    map[int64]string // the digests of the runs that it names, by leaf
	policy  string           // digest of what decided on the branch before; empty: nobody knows
}

// A ledgerKeeper is a database, or a log on a git ref.
type ledgerKeeper interface {
	evidence.Log
	Append(ctx context.Context, run evidence.Run, seal evidence.Seal) (index int64, added bool, err error)
	Close() error
}

// openLedger opens the ledger that the run is to be appended to, and reads what it knows of the branch.
func (r *run) openLedger(ctx context.Context) error {
	where := r.flags.ledger.where
	if log := r.flags.ledger.log; log != "" {
		if err := evidence.CheckOrigin(log); err != nil {
			return setup(fmt.Errorf("--log: %w", err), "")
		}
	}
	r.result.Change.Branch, r.result.Change.Pull = r.branch(ctx), r.pull()
	if where == "" {
		return nil
	}
	if store.IsGit(where) {
		l, err := store.OpenGit(ctx, where, ".", transport.WallClock().Sleep)
		if err != nil {
			return ledgerFailure(where, err)
		}
		r.ledger = &ledger{ledgerKeeper: l, where: where}
		return nil
	}
	l, err := store.Open(ctx, where)
	if err != nil {
		return ledgerFailure(where, err)
	}
	r.ledger = &ledger{ledgerKeeper: l, where: where}
	r.ledger.history, err = l.History(ctx, r.result.Change.Repository, r.result.Change.Branch)
	if err != nil {
		return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), err), hintOnCheck)
	}
	if err := r.ledger.nameRuns(ctx); err != nil {
		return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), err), hintOnCheck)
	}
	if r.ledger.policy, err = r.ledger.policyBefore(ctx, &r.result.Change); err != nil {
		return undecided(fmt.Errorf("the ledger %s: %w", store.Shown(where), err), hintOnCheck)
	}
	return nil
}

const hintOnCheck = "headgate db check finds out what is wrong with it"

// nameRuns reads the names of the runs whose records the history has.
func (l *ledger) nameRuns(ctx context.Context) error {
	l.runs = map[int64]string{}
	for _, s := range l.history.All() {
		if _, known := l.runs[s.Run]; known {
			continue
		}
		leaf, err := l.Leaf(ctx, s.Run)
		if err != nil {
			return err
		}
		if l.runs[s.Run], err = evidence.ParseLeaf(leaf); err != nil {
			return err
		}
	}
	return nil
}

// previous is the id of the record before on a case; empty if there is none.
func (l *ledger) previous(c *engine.Case) string {
	if l == nil || l.history == nil {
		return ""
	}
	s := l.history.Find(c.Input.Asset.ID, c.Input.Finding.ID, c.Input.Finding.IDs)
	if s == nil {
		return ""
	}
	return evidence.ID(l.runs[s.Run], s.Index)
}

// ledgerFailure is of a ledger that does not open.
func ledgerFailure(where string, err error) error {
	shown := store.Shown(where)
	is := fmt.Errorf("the ledger %s: %w", shown, plain(err))
	switch {
	case errors.Is(err, store.ErrUnreachable), errors.Is(err, store.ErrBusy), errors.Is(err, store.ErrNoRoom), errors.Is(err, store.ErrDisk),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return undecided(is, "")
	case errors.Is(err, store.ErrOld):
		return setup(is, "headgate db migrate --ledger "+shown+" brings its tables up to this version")
	case errors.Is(err, store.ErrNew):
		return setup(is, "a newer headgate made them: use that one")
	case errors.Is(err, store.ErrForeign):
		return setup(is, "name a file that is not there yet, or a schema of its own: headgate gate --ledger makes a ledger there")
	case errors.Is(err, fs.ErrNotExist):
		return setup(is, "headgate gate --ledger makes one")
	}
	return setup(is, "")
}

// pullNames are the names that CI systems give in the environment to the number of a pull request: GitLab, Azure Pipelines, Jenkins, Bitbucket.
var pullNames = []string{"CI_MERGE_REQUEST_IID", "SYSTEM_PULLREQUEST_PULLREQUESTID", "CHANGE_ID", "BITBUCKET_PR_ID"}

// pull is the number of the pull request that is judged; 0 if there is none, or nobody says.
func (r *run) pull() int {
	switch event := &r.event.Event; {
	case event.Pull != nil:
		return event.Pull.Number
	case event.MergeGroup != nil:
		return event.MergeGroup.Number()
	}
	if r.result.Change.Event != engine.EventPullRequest {
		return 0
	}
	for _, name := range pullNames {
		if n, err := strconv.Atoi(r.app.getenv(name)); err == nil && n > 0 {
			return n
		}
	}
	return 0
}

// branch is the one that is decided on: as the flag says, else as CI says, else as git says. Of a change it is the one that it is to go to.
func (r *run) branch(ctx context.Context) string {
	event := &r.event.Event
	switch name, isBranch := strings.CutPrefix(event.Ref, "refs/heads/"); {
	case r.flags.ledger.branch != "":
		return r.flags.ledger.branch
	case event.Pull != nil:
		return event.Pull.Base.Ref
	case event.MergeGroup != nil:
		return strings.TrimPrefix(event.MergeGroup.Base.Ref, "refs/heads/")
	case isBranch:
		return name
	case event.Name != "" || r.underReview() || r.flags.ledger.where == "": // a tag; a change, of which git knows only its own branch
		return ""
	}
	return git.Branch(ctx, ".")
}

// joinHistory adds what earlier runs recorded.
func (r *run) joinHistory(context.Context) error {
	if r.ledger == nil || r.ledger.history == nil {
		return nil
	}
	from := engine.Provenance{Source: "the ledger"}
	for i := range r.result.Cases {
		c := &r.result.Cases[i]
		s := r.ledger.history.Find(c.Input.Asset.ID, c.Input.Finding.ID, c.Input.Finding.IDs)
		if s == nil {
			continue
		}
		c.Input.Context.History = s.Facts(r.result.Now)
		if c.Provenance == nil {
			c.Provenance = map[string]engine.Provenance{}
		}
		c.Provenance["context.history"] = from
	}
	return nil
}

// keepInLedger appends the run, whose evidence lies in a folder. That it cannot be appended is a failure to decide: it was asked for, and what
// is not recorded did not happen. Beside it is noted how long the run took since it began.
func (r *run) keepInLedger(ctx context.Context, t *evidenceTarget, began time.Time) error {
	if r.ledger == nil {
		return nil
	}
	b, done, err := openBundle(t.folder)
	if err != nil {
		return err
	}
	defer done()
	index, added, err := r.ledger.append(ctx, b, evidence.Seal{Origin: cmp.Or(r.flags.ledger.log, r.result.Change.Repository, "headgate"), Signer: t.signer})
	if err != nil {
		return undecided(fmt.Errorf("the run is not in the ledger %s: %w", store.Shown(r.ledger.where), plain(err)), hintOnForeign(err))
	}
	what := "the run is in the ledger %s already: leaf %d of its log"
	if added {
		what = "the run is in the ledger %s: leaf %d of its log"
		r.noteTime(ctx, index, r.app.now().Sub(began))
	}
	r.app.say("note", fmt.Sprintf(what, store.Shown(r.ledger.where), index))
	return nil
}

// noteTime notes in a database how long the run took, for the figures of the gate. It is no evidence, so that a run is whole without it. One that
// was given another clock is no gate in use, and its time says nothing of those.
func (r *run) noteTime(ctx context.Context, leaf int64, took time.Duration) {
	l, ok := r.ledger.ledgerKeeper.(*store.Ledger)
	if !ok || r.flags.now != "" {
		return
	}
	if err := l.Took(ctx, leaf, took); err != nil {
		r.app.say("note", fmt.Sprintf("how long the run took is not in the ledger %s: %v", store.Shown(r.ledger.where), plain(err)))
	}
}

// hintOnForeign says what to do about a log that is not signed as the run would sign it.
func hintOnForeign(err error) string {
	switch {
	case errors.Is(err, evidence.ErrNoKey):
		return "--evidence-key, or HEADGATE_EVIDENCE_KEY, names it"
	case !errors.Is(err, evidence.ErrForeign):
		return ""
	}
	return "verify the ledger; if it is as it should be, headgate evidence append --adopt puts the run there and signs it from then on"
}

// append appends a run to the log under the name that it has; a new log gets one.
func (l *ledger) append(ctx context.Context, run evidence.Run, seal evidence.Seal) (index int64, added bool, err error) {
	head, err := l.Head(ctx)
	if err != nil {
		return 0, false, err
	}
	if head != nil {
		c, err := evidence.ParseCheckpoint(head, nil)
		if err != nil {
			return 0, false, err
		}
		seal.Origin = c.Origin
	}
	return l.Append(ctx, run, seal)
}

// An effectLedger remembers objects outside between runs.
type effectLedger interface {
	Effects(ctx context.Context, place string) ([]engine.Effect, error)
	Put(ctx context.Context, e engine.Effect) error
}

// openLedger opens the ledger that remembers effects, if one is named. A dry run makes none.
func (p *publication) openLedger(ctx context.Context) (done func(), err error) {
	where := p.flags.ledger
	done = func() {}
	if where == "" {
		return done, nil
	}
	if store.IsGit(where) {
		return done, setup(errors.New("a log on a git ref remembers no effects"), "name a SQLite file or postgres://…")
	}
	open := store.Open
	if p.flags.dryRun {
		open = store.OpenExisting
	}
	l, err := open(ctx, where)
	if p.flags.dryRun && errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	if err != nil {
		return done, ledgerFailure(where, err)
	}
	p.effects = l
	return func() { _ = l.Close() }, nil // what was put is there already
}

// close lets go of the ledger, if there is one.
func (l *ledger) close() {
	if l != nil {
		_ = l.Close() // what was appended is there already
	}
}
