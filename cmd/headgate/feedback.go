package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/github"
	"github.com/headgate/headgate/integrations/store"
)

// feedbackFlags say what to tell GitHub. Nothing is told unless it is asked for.
type feedbackFlags struct {
	comment, review, checkRun, sarif bool
}

// add adds the flags. usual says that a comment and remarks are what the command is for.
func (f *feedbackFlags) add(c *cobra.Command, usual bool) {
	c.Flags().BoolVar(&f.comment, "comment", usual, "on GitHub, keep one comment on the pull request (needs pull-requests: write)")
	c.Flags().BoolVar(&f.review, "review", usual, "on GitHub, remark on lines of the pull request (needs pull-requests: write)")
	c.Flags().BoolVar(&f.checkRun, "check-run", false, "on GitHub, add a check of its own besides the job (needs checks: write)")
	c.Flags().BoolVar(&f.sarif, "upload-sarif", false, "on GitHub, upload the cases to code scanning (needs security-events: write)")
}

func (f *feedbackFlags) any() bool { return f.comment || f.review || f.checkRun || f.sarif }

// githubSettings are what the settings say of feedback.
type githubSettings struct {
	CommentKey string `yaml:"comment_key"` // one comment for each; absent: the workflow and job
	MaxRemarks *int   `yaml:"max_remarks"` // on lines; 0: none; absent: report.DefaultMaxRemarks
	CheckName  string `yaml:"check_name"`  // absent: Headgate
	Login      string `yaml:"login"`       // who the token is, where GitHub does not say; absent: github-actions[bot]
}

// mostRemarks bounds max_remarks: GitHub takes no more in one review.
const mostRemarks = 50

func (g *githubSettings) check() error {
	if g.CommentKey != "" && github.Key(g.CommentKey) != g.CommentKey {
		return fmt.Errorf("comment_key %q is to be of letters, digits, dots and dashes, 64 at most", g.CommentKey)
	}
	if n := g.MaxRemarks; n != nil && (*n < 0 || *n > mostRemarks) {
		return fmt.Errorf("max_remarks is to be from 0 to %d", mostRemarks)
	}
	return nil
}

// feedbackTime is how long telling may take: the decision stands already, and the job is not to wait for a service that does not answer.
const feedbackTime = 2 * time.Minute

// A telling is one run's feedback at work.
type telling struct {
	*run
	flags   *feedbackFlags
	client  *github.Client
	args    []string // what the run was given, for the commands that are named
	key     string
	failed  error        // why nothing was decided; nil: it was
	now     github.State // of the pull request; zero: nobody knows
	effects []engine.Effect
	hooks   []engine.Effect // webhooks that were not notified
}

// tell makes the effects that were asked for true, as far as it can: one that fails says why, and changes nothing about the decision.
func (r *run) tell(ctx context.Context, flags *feedbackFlags, args []string, failed error) *telling {
	t := &telling{run: r, flags: flags, args: args, failed: failed}
	if r.event.Name == "" { // nothing was begun
		var err error
		if r.event, err = r.app.trigger(); err != nil {
			return t // which is why nothing was decided, and is said
		}
	}
	event := &r.event.Event
	if event.Name == "" {
		if flags.any() {
			r.app.say("note", "no feedback to GitHub: this is no run of a workflow")
		}
		return t
	}
	t.key = github.Key(cmp.Or(t.settings().CommentKey, strings.Trim(event.Workflow+"."+event.Job, "."), "headgate"))
	if !slices.ContainsFunc(kinds, t.asks) {
		return t
	}
	if event.WorkflowRun != nil { // the checkout is of the default branch, and the reports are not
		t.lacking(errors.New("what another run found is about another commit: headgate publish tells it"), kinds...)
		return t
	}
	if err := t.connect(); err != nil {
		t.lacking(err, kinds...)
		return t
	}
	ctx, cancel := context.WithTimeout(ctx, feedbackTime)
	defer cancel()
	if t.asks(engine.EffectComment) || t.asks(engine.EffectReview) {
		if err := t.look(ctx); err != nil {
			t.lacking(err, engine.EffectReview, engine.EffectComment)
		}
	}
	t.review(ctx)
	t.scan(ctx)
	t.check(ctx)
	t.processed(ctx) // before the comment, which notes for later runs what needs no second upload
	t.comment(ctx)
	t.keep(ctx)
	return t
}

// keep keeps in the ledger what is there now. Of what did not arrive it knows no more than before.
func (t *telling) keep(ctx context.Context) {
	l := t.effectLedger()
	if l == nil {
		return
	}
	for _, e := range t.effects {
		if e.Did == engine.DidDegrade || e.ID == "" {
			continue
		}
		if err := l.Put(ctx, e); err != nil {
			t.app.say("feedback", "the ledger: "+err.Error())
			return
		}
	}
}

// effectLedger is the ledger if it keeps effects; nil if it does not, or there is none.
func (t *telling) effectLedger() *store.Ledger {
	if t.ledger == nil {
		return nil
	}
	l, _ := t.ledger.ledgerKeeper.(*store.Ledger)
	return l
}

// uploadedBefore is the digest of what earlier runs uploaded under a key, as the ledger or the comment has it; empty: nobody knows.
func (t *telling) uploadedBefore(ctx context.Context, key string) string {
	if l := t.effectLedger(); l != nil {
		all, err := l.Effects(ctx, t.event.Server+"/"+t.event.Repository)
		if err != nil {
			t.app.say("feedback", "the ledger: "+err.Error())
		}
		for _, e := range all {
			if e.Kind == engine.EffectSARIF && e.Key == key {
				return e.State["digest"]
			}
		}
	}
	if t.event.Pull != nil && t.flags.comment {
		return t.client.Memory(ctx, t.event.Pull.Number, t.key)
	}
	return ""
}

// settings are those of GitHub, also where no settings could be read.
func (t *telling) settings() githubSettings {
	if t.run.settings == nil {
		return githubSettings{}
	}
	return t.run.settings.GitHub
}

// kinds are the effects in the order in which they are made: the comment is last, as it names the others that did not arrive.
var kinds = []string{engine.EffectReview, engine.EffectSARIF, engine.EffectCheckRun, engine.EffectComment}

// asks says whether an effect is to be made of this event. A pull request is commented; anything else has no place for it.
func (t *telling) asks(kind string) bool {
	switch kind {
	case engine.EffectReview:
		return t.flags.review && t.event.Pull != nil
	case engine.EffectComment:
		return t.flags.comment && t.event.Pull != nil
	case engine.EffectSARIF:
		return t.flags.sarif
	}
	return t.flags.checkRun
}

func (t *telling) connect() (err error) {
	t.client, err = t.app.connectGitHub(&t.event.Event, t.settings().Login)
	return err
}

// look asks for the pull request as it is now.
func (t *telling) look(ctx context.Context) (err error) {
	t.now, err = t.client.State(ctx, t.event.Pull.Number)
	return err
}

// lacking notes of what was asked for, of these kinds, that it could not even be begun.
func (t *telling) lacking(err error, kinds ...string) {
	for _, kind := range kinds {
		if t.asks(kind) {
			t.effects = append(t.effects, engine.Effect{Kind: kind, Key: t.key, Place: t.event.Server + "/" + t.event.Repository,
				Did: engine.DidDegrade, Why: github.Why(err)})
		}
	}
}

// speaker is which run speaks, about which commit of the pull request.
func (t *telling) speaker() github.Run {
	return github.Run{Head: t.event.Pull.Head.SHA, ID: t.event.Run, Attempt: t.event.Attempt}
}

// told are the options that all texts have in common.
func (t *telling) told() report.CommentOptions {
	o := report.CommentOptions{Args: t.args, RunURL: t.event.page(), Feedback: slices.Concat(t.effects, t.hooks)}
	if p := t.event.Pull; p != nil && t.now.Head != p.Head.SHA {
		o.Head = t.now.Head // else the result is for what is there, whatever commit was checked out
	}
	return o
}

// review remarks on lines of the change. The settled remark is the same text whatever it was about.
func (t *telling) review(ctx context.Context) {
	most := t.settings().MaxRemarks
	if !t.asks(engine.EffectReview) || t.now.Head == "" || t.failed != nil || most != nil && *most == 0 {
		return
	}
	want := github.Review{Pull: t.event.Pull.Number, Key: t.key, Run: t.speaker(), Now: t.now.Head, Stands: t.stands(), Settled: settledRemark}
	lines, err := t.client.Lines(ctx, want.Pull)
	if err != nil {
		t.effects = append(t.effects, engine.Effect{Kind: engine.EffectReview, Key: t.key, Did: engine.DidDegrade, Why: github.Why(err)})
		return
	}
	o := report.RemarkOptions{Args: t.args, Lines: map[string][]report.Lines{}}
	if most != nil {
		o.Max = *most
	}
	for path, hunks := range lines {
		for _, h := range hunks {
			o.Lines[path] = append(o.Lines[path], report.Lines(h))
		}
	}
	for _, r := range report.NewRemarks(t.result, o) {
		want.Remarks = append(want.Remarks, github.Remark{
			Path: r.Path, Lines: github.Lines{From: r.From, To: r.To}, Body: r.Body, Fingerprint: r.Fingerprint, Findings: r.Findings,
		})
	}
	e := t.client.Review(ctx, want)
	if e.Did == engine.DidDegrade {
		t.annotate()
	}
	t.effects = append(t.effects, e)
}

const settledRemark = "Dealt with: the finding that stood here asks for nothing any more."

// stands says of a finding, by any of its ids, whether a case of it asks for something.
func (t *telling) stands() func(id string) bool {
	asking := map[string]bool{}
	for i := range t.result.Cases {
		c := &t.result.Cases[i]
		if c.Decision.Action == engine.Pass {
			continue
		}
		for _, id := range append(slices.Clone(c.Input.Finding.IDs), c.Input.Finding.ID) {
			asking[id] = true
		}
	}
	return func(id string) bool { return asking[id] }
}

// scan uploads the cases to code scanning.
func (t *telling) scan(ctx context.Context) {
	if !t.flags.sarif || t.failed != nil {
		return
	}
	r := *t.result
	r.Cases = r.Cases[:min(len(r.Cases), github.MostSARIFResults)] // the worst, since more are refused altogether
	var file bytes.Buffer
	up := github.Upload{Commit: t.event.SHA, Ref: t.event.Ref, Category: "headgate/" + t.key + "/"}
	if p := t.event.Pull; p != nil {
		if !strings.HasPrefix(up.Ref, "refs/pull/") { // pull_request_target is on the base
			up.Commit, up.Ref = p.Head.SHA, fmt.Sprintf("refs/pull/%d/head", p.Number)
		}
	}
	o := report.Options{Category: up.Category}
	digest, err := report.SARIFDigest(&r, o)
	if err == nil {
		err = report.Write(&file, "sarif", &r, o)
	}
	if err != nil {
		t.effects = append(t.effects, engine.Effect{Kind: engine.EffectSARIF, Key: t.key, Did: engine.DidDegrade, Why: github.Why(err)})
		return
	}
	up.SARIF, up.Digest, up.Known = file.Bytes(), digest, t.uploadedBefore(ctx, up.Key())
	t.effects = append(t.effects, t.client.Upload(ctx, up))
}

// uploaded is the digest of what code scanning has; empty: nothing, or it is not known.
func (t *telling) uploaded() string {
	for _, e := range t.effects {
		if e.Kind == engine.EffectSARIF && e.Did != engine.DidDegrade {
			return e.State["digest"]
		}
	}
	return ""
}

// processed looks at what became of the upload, now that some time has passed.
func (t *telling) processed(ctx context.Context) {
	for i, e := range t.effects {
		if e.Kind == engine.EffectSARIF {
			t.effects[i] = t.client.Processed(ctx, e)
		}
	}
}

var conclusions = map[engine.Action]github.CheckConclusion{
	engine.Pass: github.CheckSuccess, engine.Warn: github.CheckNeutral, engine.Block: github.CheckFailure,
}

var annotationLevels = map[engine.Action]string{engine.Pass: "notice", engine.Warn: "warning", engine.Block: "failure"}

// check adds a check run. Where nothing was decided it is a failure: never a pass.
func (t *telling) check(ctx context.Context) {
	if !t.flags.checkRun {
		return
	}
	want := github.Check{Name: cmp.Or(t.settings().CheckName, "Headgate"), Key: t.key, Head: t.event.SHA, Conclusion: github.CheckFailure, Details: t.event.page()}
	if t.event.Pull != nil {
		want.Head = t.event.Pull.Head.SHA
	}
	want.Run = github.Run{Head: want.Head, ID: t.event.Run, Attempt: t.event.Attempt}
	if t.failed != nil {
		c := report.NewUndecided(plainReason(t.failed), t.told())
		want.Title, want.Summary, want.Digest = report.UndecidedTitle, c.Body, c.Digest
		t.effects = append(t.effects, t.client.CheckRun(ctx, want))
		return
	}
	c := report.NewCheck(t.result, report.CheckOptions{CommentOptions: t.told(), MaxAnnotations: 200})
	want.Title, want.Summary, want.Digest = c.Title, c.Summary, report.NewComment(t.result, t.told()).Digest
	want.Conclusion = cmp.Or(conclusions[t.result.Outcome], github.CheckFailure)
	for _, a := range c.Annotations {
		want.Annotations = append(want.Annotations, github.CheckAnnotation{
			Path: a.Path, Lines: github.Lines{From: a.From, To: a.To}, Level: cmp.Or(annotationLevels[a.Level], "warning"), Title: a.Title, Message: a.Message,
		})
	}
	t.effects = append(t.effects, t.client.CheckRun(ctx, want))
}

// comment keeps the one comment. Where nothing was decided no new one is made, as the job says so; one that is there must not go on
// speaking for a commit that nobody judged.
func (t *telling) comment(ctx context.Context) {
	if !t.asks(engine.EffectComment) || t.now.Head == "" {
		return
	}
	want := github.Comment{Pull: t.event.Pull.Number, Key: t.key, Run: t.speaker(), Now: t.now.Head, Noted: t.uploaded()}
	render := func(compact bool) report.Comment {
		o := t.told()
		o.Compact = compact
		if t.failed != nil {
			return report.NewUndecided(plainReason(t.failed), o)
		}
		return report.NewComment(t.result, o)
	}
	c := render(false)
	want.Text, want.Nothing = github.Text{Body: c.Body, Digest: c.Digest}, c.Nothing || t.failed != nil
	want.Compact = func() github.Text { c := render(true); return github.Text{Body: c.Body, Digest: c.Digest} }
	t.effects = append(t.effects, t.client.Comment(ctx, want))
}
