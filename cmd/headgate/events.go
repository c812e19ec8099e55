package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/integrations/github"
)

// events are what the triggers of workflows are for the gate. What is not here is run by hand, or because of something that is no change
// of code, as an answer to an issue: manual, which blocks as a pull request does.
var events = map[string]engine.Event{
	"pull_request":        engine.EventPullRequest,
	"pull_request_target": engine.EventPullRequest,
	"pull_request_review": engine.EventPullRequest,
	"merge_group":         engine.EventMergeGroup,
	"push":                engine.EventPush,
	"schedule":            engine.EventSchedule,
	"release":             engine.EventRelease,
	"workflow_dispatch":   engine.EventManual,
	"repository_dispatch": engine.EventManual,
	"workflow_run":        engine.EventManual, // of which nobody knows here what it was about: headgate publish finds out
}

// A trigger is the event of the code host that a run answers; the zero value is none.
type trigger struct {
	github.Event
	second string // the event that really started the run, where it decides again what another run found; empty: it is Event
}

// page is the address of the run; empty if there is none.
func (t *trigger) page() string {
	if t.Run == 0 {
		return ""
	}
	return fmt.Sprintf("%s/%s/actions/runs/%d", t.Server, t.Repository, t.Run)
}

// base is the commit that the change of the event is to be merged into; empty if it has none.
func (t *trigger) base() string {
	switch {
	case t.Pull != nil:
		return t.Pull.Base.SHA
	case t.MergeGroup != nil:
		return t.MergeGroup.Base.SHA
	}
	return ""
}

// head is the last commit of the change of the event; empty if it has none.
func (t *trigger) head() string {
	switch {
	case t.Pull != nil:
		return t.Pull.Head.SHA
	case t.MergeGroup != nil:
		return t.MergeGroup.Head.SHA
	}
	return ""
}

// privileged says that the run has the repository's secrets, whoever made the change.
func (t *trigger) privileged() bool {
	return t.second != "" || t.Name == "pull_request_target" || t.Name == "workflow_run"
}

// connectGitHub speaks with GitHub about the repository of an event. The token is whose login says, where GitHub does not.
func (a *app) connectGitHub(e *github.Event, login string) (*github.Client, error) {
	token := cmp.Or(a.getenv("HEADGATE_GITHUB_TOKEN"), a.getenv("GITHUB_TOKEN"))
	if token == "" {
		return nil, errors.New("there is no token: set GITHUB_TOKEN in the environment of the step")
	}
	return github.New(github.Options{
		API: e.API, GraphQL: e.GraphQL, Server: e.Server, Repository: e.Repository, Token: token, Login: login, UserAgent: "headgate/" + buildVersion(),
		Clock: a.waits,
	})
}

// trigger reads what the code host says of why the program runs.
func (a *app) trigger() (t trigger, err error) {
	t.Event, err = github.ReadEvent(a.getenv, readAtMost)
	return t, err
}

// readAtMost reads a file of no more than most bytes.
func readAtMost(name string, most int64) ([]byte, error) { return workingTree.read(name, most) }

// runEvent is why the gate runs: as the flag says, else as the CI system says, else by hand.
func (f *runFlags) runEvent(t *trigger) (engine.Event, error) {
	e := cmp.Or(engine.Event(f.event), events[t.Name], engine.EventManual)
	if !slices.Contains(engine.Events, e) {
		return "", setup(fmt.Errorf("--event %q is none", e), "it can be "+words(engine.Events))
	}
	return e, nil
}
