package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/transport"
)

// A Remark is what is said beside lines of the change.
type Remark struct {
	Path        string
	Lines       Lines // in one hunk
	Body        string
	Fingerprint string   // tells it in later runs
	Findings    []string // what it is about, by id
}

// A Review is all remarks of a key on a pull request, as they are to be.
type Review struct {
	Pull    int
	Key     string // as of Key
	Run     Run    // who speaks
	Now     string // the head of the pull request at the moment
	Remarks []Remark

	// Stands says whether a finding still asks for something. A remark of which none does was dealt with; one that merely is not among
	// Remarks any more, since others are worse or its line is out of the diff, was not.
	Stands func(id string) bool

	// Settled is what takes the place of a remark that was dealt with, where the token may not resolve it.
	Settled string
}

// mostNoted is how many findings a remark's mark names.
const mostNoted = 8

var findingID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,70}$`)

// Review makes the remarks on a pull request what they are to be: those that are there are used again, new ones come in one review, which
// is one message to everyone who watches, and those that were dealt with are resolved. None is deleted or resolved once a person answered.
func (c *Client) Review(ctx context.Context, want Review) engine.Effect {
	e := c.effect(engine.EffectReview, fmt.Sprintf("pull/%d/%s", want.Pull, want.Key))
	e.Did = engine.DidNothing
	if want.Now != want.Run.Head {
		e.Why = "the pull request has moved on: remarks are the newer run's"
		return e
	}
	r := &reviewing{Client: c, want: &want, effect: &e}
	for range mostRounds {
		threads, err := c.threads(ctx, want.Pull, want.Key)
		if err != nil {
			return degraded(e, err, needsPulls)
		}
		posted, err := r.step(ctx, threads)
		if isLost(err) {
			if err := c.pause(ctx); err != nil {
				return degraded(e, err, needsPulls)
			}
			continue
		}
		if err != nil {
			return degraded(e, err, needsPulls)
		}
		if !posted { // else another run may have posted the same meanwhile
			return e
		}
	}
	return degraded(e, errors.New("others make the same remarks over and over"), needsPulls)
}

// A reviewing is one Review at work.
type reviewing struct {
	*Client
	want   *Review
	effect *engine.Effect
	pruned bool // remarks that the server does not take were taken out
	barred bool // the token may not resolve
}

// step does what is to be done about the remarks that are there, and posts those that are not.
func (r *reviewing) step(ctx context.Context, threads []thread) (posted bool, err error) {
	have, extra := apart(threads)
	for _, t := range extra {
		if _, err := r.rest.PullRequests.DeleteComment(ctx, r.owner, r.name, t.comment); err != nil && status(err) != http.StatusNotFound {
			return false, err
		}
		r.effect.Did = engine.DidUpdate
	}
	var fresh []Remark
	for _, remark := range r.want.Remarks {
		t, ok := have[remark.Fingerprint]
		if !ok {
			fresh = append(fresh, remark)
			continue
		}
		if err := r.renew(ctx, t, &remark); err != nil {
			return false, err
		}
	}
	for _, t := range threads {
		if have[t.mark.remark].comment == t.comment && r.settled(&t) {
			if err := r.settle(ctx, &t); err != nil {
				return false, err
			}
		}
	}
	r.count(len(have) + len(fresh))
	if len(fresh) == 0 {
		return false, nil
	}
	return true, r.post(ctx, fresh)
}

func (r *reviewing) count(n int) { r.effect.State["remarks"] = strconv.Itoa(n) }

// apart takes the threads that say the same thing twice away from the others: two runs posted at the same time. The oldest stays, and
// every one that was answered.
func apart(threads []thread) (have map[string]thread, extra []thread) {
	have = map[string]thread{}
	for _, t := range threads {
		first, twice := have[t.mark.remark]
		switch {
		case !twice:
			have[t.mark.remark] = t
		case t.answered && !first.answered:
			have[t.mark.remark], extra = t, append(extra, first)
		case !t.answered:
			extra = append(extra, t)
		}
	}
	return have, extra
}

// renew writes a remark again whose text is another one now, and opens it if it was taken for dealt with. What a person resolved stays
// so: they have seen it.
func (r *reviewing) renew(ctx context.Context, t thread, remark *Remark) error {
	if t.resolved && t.byPerson {
		return nil
	}
	if t.mark.digest != shortDigest(remark.Body) && !t.mark.run.after(r.want.Run) || !t.whole {
		if err := r.rewrite(ctx, &t, r.marked(remark)); err != nil {
			return err
		}
	}
	if t.resolved {
		r.effect.Did = engine.DidUpdate
		return r.resolve(ctx, t.id, false)
	}
	return nil
}

func (r *reviewing) rewrite(ctx context.Context, t *thread, body string) error {
	r.effect.Did = engine.DidUpdate
	_, _, err := r.rest.PullRequests.EditComment(transport.Repeatable(ctx), r.owner, r.name, t.comment, &github.PullRequestComment{Body: &body})
	return err
}

// settled says whether what a remark is about was dealt with, and nothing was done about the remark yet.
func (r *reviewing) settled(t *thread) bool {
	if t.resolved || t.answered || slices.ContainsFunc(r.want.Remarks, func(w Remark) bool { return w.Fingerprint == t.mark.remark }) {
		return false
	}
	ids := t.findings()
	return len(ids) > 0 && !slices.ContainsFunc(ids, r.want.Stands)
}

// settle resolves a remark. GitHub wants contents: write for it, which a workflow that only comments does not have and should not: then
// the remark says itself that it is dealt with.
func (r *reviewing) settle(ctx context.Context, t *thread) error {
	digest := shortDigest(r.want.Settled)
	if t.mark.digest == digest { // it says so already
		return nil
	}
	r.effect.Did = engine.DidUpdate
	if !r.barred {
		err := r.resolve(ctx, t.id, true)
		if query := (*graphQLError)(nil); !errors.As(err, &query) {
			return err
		}
		r.barred = true
	}
	r.effect.Why = "remarks that are dealt with say so and stay open: to resolve them takes contents: write"
	m := t.mark
	m.run, m.digest = r.want.Run, digest
	return r.rewrite(ctx, t, m.marked(r.want.Settled))
}

func (r *reviewing) marked(remark *Remark) string {
	m := mark{key: r.want.Key, remark: remark.Fingerprint, run: r.want.Run, digest: shortDigest(remark.Body), notes: map[string]string{}}
	ids := slices.DeleteFunc(slices.Clone(remark.Findings), func(id string) bool { return !findingID.MatchString(id) })
	m.notes[noteFindings] = strings.Join(ids[:min(len(ids), mostNoted)], ".")
	return m.marked(remark.Body)
}

// post makes new remarks in one review. The server takes all of them or none, and does not say which one it does not: then the diff is
// read again, and once more is tried with those that stand on it.
func (r *reviewing) post(ctx context.Context, fresh []Remark) error {
	err := r.create(ctx, fresh)
	if status(err) != http.StatusUnprocessableEntity || r.pruned {
		return err
	}
	r.pruned = true
	lines, readErr := r.Lines(ctx, r.want.Pull)
	if readErr != nil {
		return readErr
	}
	on := slices.DeleteFunc(slices.Clone(fresh), func(remark Remark) bool { return !shown(lines[remark.Path], remark.Lines) })
	if len(on) == len(fresh) {
		return err
	}
	off := map[string]bool{}
	for _, remark := range fresh {
		off[remark.Fingerprint] = !slices.ContainsFunc(on, func(have Remark) bool { return have.Fingerprint == remark.Fingerprint })
	}
	r.want.Remarks = slices.DeleteFunc(slices.Clone(r.want.Remarks), func(remark Remark) bool { return off[remark.Fingerprint] })
	r.effect.Why = "some lines are out of the diff by now: what is there is in the comment"
	if len(on) == 0 {
		return nil
	}
	return r.create(ctx, on)
}

func (r *reviewing) create(ctx context.Context, fresh []Remark) error {
	words := "Headgate has a remark on one line of this change."
	if len(fresh) > 1 {
		words = fmt.Sprintf("Headgate has remarks on %d lines of this change.", len(fresh))
	}
	review := &github.PullRequestReviewRequest{CommitID: &r.want.Run.Head, Body: &words, Event: github.String("COMMENT")}
	for _, remark := range fresh {
		comment := &github.DraftReviewComment{Path: &remark.Path, Body: github.String(r.marked(&remark)), Side: github.String("RIGHT"), Line: github.Int(remark.Lines.To)}
		if remark.Lines.From < remark.Lines.To {
			comment.StartSide, comment.StartLine = github.String("RIGHT"), github.Int(remark.Lines.From)
		}
		review.Comments = append(review.Comments, comment)
	}
	made, _, err := r.rest.PullRequests.CreateReview(ctx, r.owner, r.name, r.want.Pull, review)
	if err != nil {
		return understood(err)
	}
	if made.GetID() == 0 {
		return &transport.Lost{Method: http.MethodPost, Err: errNoAnswer}
	}
	r.effect.Did, r.effect.ID, r.effect.URL = engine.DidCreate, strconv.FormatInt(made.GetID(), 10), made.GetHTMLURL()
	return nil
}
