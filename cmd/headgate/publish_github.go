package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/github"
)

// toGitHub decides again what a run on a pull request found, by what the base of the pull request says, and tells the pull request.
func (p *publication) toGitHub(ctx context.Context) (*report.Published, error) {
	event, err := p.app.trigger()
	if err != nil {
		return nil, undecided(err, "")
	}
	if event.Name == "" {
		return nil, setup(errors.New("--to github works in a run of a workflow, which says what it is about"), "outside of GitHub, headgate gate -o markdown writes the comment")
	}
	out := &report.Published{Name: "github", Place: event.Server + "/" + event.Repository}
	client, err := p.app.connectGitHub(&event.Event, p.settings.GitHub.Login)
	if err != nil {
		return nil, undecided(fmt.Errorf("github: %w", err), "")
	}
	pulls, note, err := p.pulls(ctx, client, &event)
	if err != nil || len(pulls) == 0 {
		out.Note = note
		return out, err
	}
	found, err := p.found(ctx, client, &event)
	if err != nil {
		return out, err
	}
	defer found.close()
	var failed error
	for i := range pulls {
		r, err := p.decideAgain(ctx, &event, &pulls[i], found)
		failed = errors.Join(failed, err)
		if p.flags.dryRun {
			out.Note = strings.TrimPrefix(fmt.Sprintf("%s; #%d would be told: %s", out.Note, pulls[i].Number, r.said(err)), "; ")
			continue
		}
		out.Changes = append(out.Changes, p.tellPull(ctx, r, err)...)
	}
	return out, failed
}

// pulls are the pull requests that are to be told, by what GitHub says of the commit that the other run judged; or why there are none.
// Each is judged by the newest commit of the branch that it is to go to.
func (p *publication) pulls(ctx context.Context, client *github.Client, event *trigger) (pulls []github.Pull, note string, err error) {
	w := event.WorkflowRun
	switch {
	case event.Pull != nil:
		return []github.Pull{*event.Pull}, "", nil
	case w == nil:
		return nil, "the event " + event.Name + " is about no pull request", nil
	case events[w.Event] != engine.EventPullRequest:
		return nil, "the run that ended was for " + report.Line(w.Event) + ", and not for a pull request", nil
	}
	found, err := client.Pulls(ctx, w)
	if err != nil {
		return nil, "", undecided(fmt.Errorf("github: the pull request of commit %s: %w", brief(w.Head.SHA), err), "give the job pull-requests: write")
	}
	if len(found) == 0 {
		return nil, "", undecided(fmt.Errorf("github: no pull request has the commit %s", brief(w.Head.SHA)), "its branch may be gone: then there is nobody to tell")
	}
	for _, f := range found {
		number := fmt.Sprintf("pull request #%d", f.Number)
		switch {
		case !f.Open:
			note = cmp.Or(note, number+" is closed")
		case f.Head.SHA != w.Head.SHA:
			note = number + " has moved on to " + brief(f.Head.SHA) + ", which a run of its own tells of"
		default:
			if f.Base.SHA, err = client.Tip(ctx, f.Base.Ref); err != nil {
				return nil, "", undecided(fmt.Errorf("github: the base of %s: %w", number, err), "")
			}
			pulls = append(pulls, f.Pull)
		}
	}
	return pulls, note, nil
}

// found opens what the other run left behind: what is given, else the artifact of the run that ended.
func (p *publication) found(ctx context.Context, client *github.Client, event *trigger) (a *artifact, err error) {
	const hint = "the first stage leaves its reports with actions/upload-artifact"
	switch w := event.WorkflowRun; {
	case len(p.given) > 0:
		if a, err = openArtifact(p.given[0]); err != nil {
			return nil, undecided(fmt.Errorf("%s: %w", p.given[0], err), hint)
		}
	case w == nil:
		return nil, setup(errors.New("nothing is given to read"), "name the folder with the reports, or a result file")
	default:
		content, made, err := client.Artifact(ctx, w.ID, p.flags.artifact)
		if err == nil {
			a, err = packedArtifact(p.flags.artifact, content, made)
		}
		if err != nil {
			return nil, undecided(fmt.Errorf("the artifact %s of run %d: %w", p.flags.artifact, w.ID, err), hint)
		}
	}
	if len(a.files) == 0 && a.result == nil {
		a.close()
		return nil, undecided(fmt.Errorf("%s: there is no report in it", a.name), hint)
	}
	return a, nil
}

// decideAgain decides about one pull request as a run for it would, on what another run found.
func (p *publication) decideAgain(ctx context.Context, event *trigger, pull *github.Pull, found *artifact) (*run, error) {
	r := p.app.newRun(&p.flags.run)
	r.given, r.event = found, *event
	if event.WorkflowRun != nil {
		r.event.second, r.event.Name, r.event.WorkflowRun = event.Name, "pull_request", nil
		r.event.Pull, r.event.SHA, r.event.Ref = pull, pull.Head.SHA, fmt.Sprintf("refs/pull/%d/head", pull.Number)
	}
	err := r.decideReports(ctx, nil)
	if err == nil {
		p.result, p.blocked = r.result, p.blocked || r.result.Outcome == engine.Block
		r.compareStages(found)
	}
	return r, err
}

// tellPull tells a pull request what was decided, or that nothing could be.
func (p *publication) tellPull(ctx context.Context, r *run, failed error) (changes []report.PublishedChange) {
	t := r.tell(ctx, &p.flags.feedback, nil, failed)
	t.account(p.written())
	for _, e := range t.effects {
		e.Ref = fmt.Sprintf("#%d", r.event.Pull.Number)
		changes = append(changes, report.PublishedChange{Effect: e, Summary: effectWords[e.Kind] + ": " + r.said(failed)})
		if p.effects == nil || e.Did == engine.DidDegrade || e.ID == "" {
			continue
		}
		if err := p.effects.Put(ctx, e); err != nil {
			p.app.say("feedback", "the ledger: "+err.Error())
		}
	}
	return changes
}

// said is the decision in a line.
func (r *run) said(failed error) string {
	if failed != nil {
		return report.UndecidedTitle
	}
	return report.NewCheck(r.result, report.CheckOptions{MaxAnnotations: -1}).Title
}

// compareStages records that the run on the pull request came to something else: it was judged by what its author can change.
func (r *run) compareStages(first *artifact) {
	if first.result == nil || first.result.Outcome == r.result.Outcome {
		return
	}
	r.weaken(fmt.Sprintf("the run on the pull request said %s, and by the base it is %s", first.result.Outcome, r.result.Outcome))
	slices.Sort(r.result.Weakened)
}

// written are the files of the result, as gate names them.
func (p *publication) written() (outs []output) {
	for _, text := range p.flags.outputs {
		if name, file, _ := strings.Cut(text, "="); name == "result" && file != "" {
			outs = append(outs, output{"json", file})
		}
	}
	return outs
}
