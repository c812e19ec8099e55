package github

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/transport"
)

// A Check is the verdict on a commit, as the list of checks shows it.
type Check struct {
	Name        string
	Key         string            // as of Key
	Run         Run               // who speaks
	Head        string            // the commit; of a pull request its head, and not the trial merge that is checked out
	Conclusion  CheckConclusion   // never success where nothing was decided
	Title       string            // at most 255 characters
	Summary     string            // Markdown, at most 65,535 characters
	Digest      string            // of what matters in Summary
	Annotations []CheckAnnotation // the first mostAnnotations are shown
	Details     string            // URL of the run; empty: none
}

// A CheckConclusion is how a check ended.
type CheckConclusion string

// The conclusions that are used.
const (
	CheckSuccess CheckConclusion = "success"
	CheckNeutral CheckConclusion = "neutral" // there are warnings
	CheckFailure CheckConclusion = "failure" // blocked, or nothing was decided
)

// A CheckAnnotation is plain text at lines of a file.
type CheckAnnotation struct {
	Path           string
	Lines          Lines
	Level          string // failure, warning or notice
	Title, Message string
}

// Limits of checks.
const (
	annotationsEach = 50  // in one request; further ones are added by further requests
	mostAnnotations = 200 // more nobody reads
)

const needsChecks = "checks: write, and a workflow's or app's token"

// CheckRun makes the verdict on a commit. A check cannot be removed, and annotations are only ever added: a verdict that changed in more
// than words is a new check run of the same name, of which GitHub shows the newest.
func (c *Client) CheckRun(ctx context.Context, want Check) engine.Effect {
	want.Annotations = want.Annotations[:min(len(want.Annotations), mostAnnotations)]
	e := c.effect(engine.EffectCheckRun, want.Head+"/"+want.Key)
	e.Did = engine.DidNothing
	for range mostRounds {
		have, err := c.checkRun(ctx, &want)
		if err != nil {
			return degraded(e, err, needsChecks)
		}
		if have != nil && checkRunBy(have).after(want.Run) {
			e.Why = "a newer run has spoken about this commit"
			return e
		}
		did, err := c.checkStep(ctx, &want, have)
		if isLost(err) {
			if err := c.pause(ctx); err != nil {
				return degraded(e, err, needsChecks)
			}
			continue
		}
		if err != nil {
			return degraded(e, err, needsChecks)
		}
		if have != nil {
			e.ID, e.URL = strconv.FormatInt(have.GetID(), 10), have.GetHTMLURL()
			e.State["conclusion"] = have.GetConclusion()
		}
		switch {
		case did == "":
			return e
		case e.Did != engine.DidCreate:
			e.Did = did
		}
	}
	return degraded(e, errors.New("others write the same check run over and over"), needsChecks)
}

// checkRun finds the newest check run that is ours, which is the one that GitHub goes by, whatever it says. nil: there is none.
func (c *Client) checkRun(ctx context.Context, want *Check) (*github.CheckRun, error) {
	list, _, err := c.rest.Checks.ListCheckRunsForRef(ctx, c.owner, c.name, want.Head, &github.ListCheckRunsOptions{
		CheckName: &want.Name, Filter: github.String("all"), ListOptions: github.ListOptions{PerPage: 100},
	})
	if err != nil {
		return nil, err
	}
	if list == nil || list.Total == nil {
		return nil, fmt.Errorf("the check runs: %w", errNoAnswer)
	}
	var newest *github.CheckRun
	for _, run := range list.CheckRuns {
		if strings.HasPrefix(run.GetExternalID(), want.ours()) && run.GetName() == want.Name && (newest == nil || run.GetID() > newest.GetID()) {
			newest = run
		}
	}
	return newest, nil
}

// ours is how our check runs of a key are called.
func (w *Check) ours() string { return markName + ":" + w.Key + ":" }

// annotated names what cannot be changed of a check run: its annotations.
func (w *Check) annotated() string {
	text, _ := json.Marshal(w.Annotations) // of strings and numbers
	return w.ours() + shortDigest(string(text)) + ":"
}

// said names all that a check run says. Which run said it stands behind that.
func (w *Check) said() string { return w.annotated() + shortDigest(w.Digest) + ":" }

func (w *Check) externalID() string { return fmt.Sprintf("%s%d.%d", w.said(), w.Run.ID, w.Run.Attempt) }

// checkRunBy is which run made a check run of ours.
func checkRunBy(have *github.CheckRun) (r Run) {
	id := have.GetExternalID()
	number, attempt, _ := strings.Cut(id[strings.LastIndex(id, ":")+1:], ".")
	r.ID, _ = strconv.ParseInt(number, 10, 64) // what is no number is as old as can be
	r.Attempt, _ = strconv.ParseInt(attempt, 10, 64)
	return r
}

// checkStep does one thing that brings the check run closer to what it is to be. It stays in progress until all annotations are there, so
// that a run which was killed is carried on by the next.
func (c *Client) checkStep(ctx context.Context, want *Check, have *github.CheckRun) (did string, err error) {
	if have == nil || !strings.HasPrefix(have.GetExternalID(), want.annotated()) {
		made, _, err := c.rest.Checks.CreateCheckRun(ctx, c.owner, c.name, github.CreateCheckRunOptions{
			Name: want.Name, HeadSHA: want.Head, ExternalID: github.String(want.externalID()), DetailsURL: want.details(),
			Status: want.status(0), Conclusion: want.conclusion(0), Output: want.output(0),
		})
		if err == nil && made.GetID() == 0 {
			err = &transport.Lost{Method: http.MethodPost, Err: errNoAnswer}
		}
		return engine.DidCreate, understood(err)
	}
	there := have.GetOutput().GetAnnotationsCount()
	if strings.HasPrefix(have.GetExternalID(), want.said()) && have.GetStatus() == "completed" && have.GetConclusion() == string(want.Conclusion) {
		return "", nil
	}
	_, _, err = c.rest.Checks.UpdateCheckRun(ctx, c.owner, c.name, have.GetID(), github.UpdateCheckRunOptions{
		Name: want.Name, ExternalID: github.String(want.externalID()), DetailsURL: want.details(),
		Status: want.status(there), Conclusion: want.conclusion(there), Output: want.output(there),
	})
	return engine.DidUpdate, understood(err)
}

// last says whether the annotations from so many on fit one request.
func (w *Check) last(from int) bool { return len(w.Annotations)-from <= annotationsEach }

func (w *Check) status(from int) *string {
	if w.last(from) {
		return github.String("completed")
	}
	return github.String("in_progress")
}

func (w *Check) conclusion(from int) *string {
	if w.last(from) {
		return github.String(string(w.Conclusion))
	}
	return nil
}

func (w *Check) details() *string {
	if w.Details == "" {
		return nil
	}
	return &w.Details
}

func (w *Check) output(from int) *github.CheckRunOutput {
	out := &github.CheckRunOutput{Title: &w.Title, Summary: github.String(cmp.Or(w.Summary, w.Title))}
	from = min(from, len(w.Annotations))
	for _, a := range w.Annotations[from:min(len(w.Annotations), from+annotationsEach)] {
		out.Annotations = append(out.Annotations, &github.CheckRunAnnotation{
			Path: &a.Path, StartLine: &a.Lines.From, EndLine: &a.Lines.To, AnnotationLevel: &a.Level, Title: &a.Title, Message: &a.Message,
		})
	}
	return out
}
