// Package github makes the effects of a result true on github.com and GitHub Enterprise Server: one comment on the pull request that
// stays current, a few remarks on lines of the change, a check run and code scanning alerts.
//
// Whatever fails here degrades: it is an effect that says why, and never an error of the gate.
package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// An Event is why a workflow runs and where: what the runner says in its environment, and what GitHub says in the event's payload. The
// zero value is a run outside of any workflow. What an event does not have is empty, 0 or nil.
type Event struct {
	Name       string // the trigger, as pull_request
	Action     string // what happened, as synchronize
	Repository string // owner/name, of the workflow

	Pull        *Pull
	MergeGroup  *MergeGroup
	WorkflowRun *WorkflowRun

	SHA string // the commit that is checked out by default; for a pull request GitHub's trial merge, not its head
	Ref string // of SHA, as refs/heads/main

	Actor    string
	Workflow string // its name
	Job      string // its id
	Run      int64
	Attempt  int64

	Server  string // URL of the pages, without a slash at the end
	API     string // URL of the REST API, without a slash at the end
	GraphQL string // URL

	Summary string // file of the job summary
	Output  string // file of the step's outputs
	Actions bool   // commands in the log are obeyed
}

// A Pull is the pull request of an event.
type Pull struct {
	Number     int
	Head, Base Side
	Author     string
}

// Fork says whether the head is in another repository than the base, also in one that is gone.
func (p *Pull) Fork() bool { return !strings.EqualFold(p.Head.Repository, p.Base.Repository) }

// A Side is one end of a pull request.
type Side struct {
	SHA, Ref   string
	Repository string // owner/name; empty if it was deleted
}

// A MergeGroup is a try of the merge queue.
type MergeGroup struct {
	Head, Base Side
}

var queueRef = regexp.MustCompile(`^refs/heads/gh-readonly-queue/.+/pr-([1-9][0-9]{0,8})-[0-9a-f]{40,64}$`)

// Number is the last pull request of the group by the name of its branch: a hint, since a branch can be named by others too. 0: none.
func (m *MergeGroup) Number() int {
	if found := queueRef.FindStringSubmatch(m.Head.Ref); found != nil {
		n, _ := strconv.Atoi(found[1]) // the pattern bounds it
		return n
	}
	return 0
}

// A WorkflowRun is the finished run that started this one. What it left behind was made by the head's code and is nobody's word.
type WorkflowRun struct {
	ID, Attempt int64
	Head        Side
	Event       string // its own trigger
	Conclusion  string
}

// mostOfAPayload is how large GitHub lets a payload be.
const mostOfAPayload = 25 << 20

// ReadEvent reads the runner's environment and the payload that it names. readFile reads a file of no more than most bytes, and fails
// on a larger one. An error means that the runner says something that cannot be: which commit is judged would be a guess.
func ReadEvent(getenv func(string) string, readFile func(name string, most int64) ([]byte, error)) (Event, error) {
	if getenv("GITHUB_EVENT_NAME") == "" {
		return Event{}, nil
	}
	// The library reads the payload into a tree without a bound, and stumbles over variables that nobody asks for: it is shown neither.
	env, err := githubactions.New(githubactions.WithWriter(io.Discard), githubactions.WithGetenv(func(name string) string {
		switch name {
		case "GITHUB_EVENT_PATH", "GITHUB_RETENTION_DAYS", "GITHUB_REF_PROTECTED", "GITHUB_RUN_NUMBER":
			return ""
		}
		return getenv(name)
	})).Context()
	if err != nil {
		return Event{}, fmt.Errorf("the environment of the workflow: %w", err)
	}
	e := Event{
		Name: env.EventName, Repository: env.Repository, SHA: env.SHA, Ref: env.Ref, Actor: env.Actor, Workflow: env.Workflow, Job: env.Job,
		Run: env.RunID, Attempt: env.RunAttempt,
		Server: strings.TrimRight(env.ServerURL, "/"), API: strings.TrimRight(env.APIURL, "/"), GraphQL: env.GraphqlURL,
		Summary: env.StepSummary, Output: getenv("GITHUB_OUTPUT"), Actions: env.Actions,
	}
	if err := e.checkEnvironment(); err != nil {
		return Event{}, fmt.Errorf("the environment of the workflow: %w", err)
	}
	name := getenv("GITHUB_EVENT_PATH")
	if name == "" {
		return e, nil
	}
	text, err := readFile(name, mostOfAPayload)
	if err != nil {
		return Event{}, fmt.Errorf("the payload of the event: %w", err)
	}
	if err := e.readPayload(text); err != nil {
		return Event{}, fmt.Errorf("the payload of the event %s: %w", e.Name, err)
	}
	return e, nil
}

var (
	repositoryName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}$`)
	commitID       = regexp.MustCompile(`^(?:[0-9a-f]{40}|[0-9a-f]{64})$`)
)

func (e *Event) checkEnvironment() error {
	if e.Repository != "" && !repositoryName.MatchString(e.Repository) {
		return fmt.Errorf("GITHUB_REPOSITORY %q is no owner/name", e.Repository)
	}
	if e.SHA != "" && !commitID.MatchString(e.SHA) {
		return fmt.Errorf("GITHUB_SHA %q is no commit", e.SHA)
	}
	for name, address := range map[string]string{"GITHUB_SERVER_URL": e.Server, "GITHUB_API_URL": e.API, "GITHUB_GRAPHQL_URL": e.GraphQL} {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return fmt.Errorf("%s is no address of a server", name)
		}
	}
	return nil
}

// The parts of payloads that are read.
type (
	payload struct {
		Action      string           `json:"action"`
		PullRequest *wirePull        `json:"pull_request"`
		MergeGroup  *wireMergeGroup  `json:"merge_group"`
		WorkflowRun *wireWorkflowRun `json:"workflow_run"`
	}
	wirePull struct {
		Number int      `json:"number"`
		Head   wireSide `json:"head"`
		Base   wireSide `json:"base"`
		User   *struct {
			Login string `json:"login"`
		} `json:"user"`
	}
	wireSide struct {
		SHA  string          `json:"sha"`
		Ref  string          `json:"ref"`
		Repo *wireRepository `json:"repo"`
	}
	wireRepository struct {
		FullName string `json:"full_name"`
	}
	wireMergeGroup struct {
		HeadSHA string `json:"head_sha"`
		HeadRef string `json:"head_ref"`
		BaseSHA string `json:"base_sha"`
		BaseRef string `json:"base_ref"`
	}
	wireWorkflowRun struct {
		ID             int64           `json:"id"`
		RunAttempt     int64           `json:"run_attempt"`
		HeadSHA        string          `json:"head_sha"`
		HeadBranch     string          `json:"head_branch"`
		HeadRepository *wireRepository `json:"head_repository"`
		Event          string          `json:"event"`
		Conclusion     string          `json:"conclusion"`
	}
)

// Events whose payload must have its part: without it nobody knows what the run is about.
var hasPull = map[string]bool{"pull_request": true, "pull_request_target": true, "pull_request_review": true}

func (e *Event) readPayload(text []byte) error {
	var p payload
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(&p); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	e.Action = p.Action
	switch {
	case hasPull[e.Name] && p.PullRequest == nil:
		return errors.New("no pull request")
	case e.Name == "merge_group" && p.MergeGroup == nil:
		return errors.New("no merge group")
	case e.Name == "workflow_run" && p.WorkflowRun == nil:
		return errors.New("no workflow run")
	}
	if hasPull[e.Name] {
		e.Pull = p.PullRequest.pull()
	}
	if m := p.MergeGroup; m != nil && e.Name == "merge_group" {
		e.MergeGroup = &MergeGroup{Head: Side{m.HeadSHA, m.HeadRef, e.Repository}, Base: Side{m.BaseSHA, m.BaseRef, e.Repository}}
	}
	if w := p.WorkflowRun; w != nil && e.Name == "workflow_run" {
		e.WorkflowRun = &WorkflowRun{
			ID: w.ID, Attempt: w.RunAttempt, Event: w.Event, Conclusion: w.Conclusion,
			Head: Side{w.HeadSHA, w.HeadBranch, w.HeadRepository.name()},
		}
	}
	return e.checkPayload()
}

func (w *wirePull) pull() *Pull {
	p := &Pull{
		Number: w.Number,
		Head:   Side{w.Head.SHA, w.Head.Ref, w.Head.Repo.name()},
		Base:   Side{w.Base.SHA, w.Base.Ref, w.Base.Repo.name()},
	}
	if w.User != nil {
		p.Author = w.User.Login
	}
	return p
}

func (r *wireRepository) name() string {
	if r == nil {
		return ""
	}
	return r.FullName
}

// checkPayload refuses what would name another thing than a commit, a repository or a pull request, as a branch that is called like a
// flag of git.
func (e *Event) checkPayload() error {
	if p := e.Pull; p != nil && p.Number <= 0 {
		return fmt.Errorf("%d is no number of a pull request", p.Number)
	}
	if p := e.Pull; p != nil && e.Repository != "" && !strings.EqualFold(p.Base.Repository, e.Repository) {
		return fmt.Errorf("the pull request is for %q and the workflow of %s", p.Base.Repository, e.Repository)
	}
	if w := e.WorkflowRun; w != nil && w.ID <= 0 {
		return fmt.Errorf("%d is no number of a run", w.ID)
	}
	for _, s := range e.sides() {
		if !commitID.MatchString(s.SHA) {
			return fmt.Errorf("%q is no commit", s.SHA)
		}
		if s.Repository != "" && !repositoryName.MatchString(s.Repository) {
			return fmt.Errorf("%q is no repository", s.Repository)
		}
	}
	return nil
}

// sides are all ends that the event names.
func (e *Event) sides() []Side {
	var all []Side
	if e.Pull != nil {
		all = append(all, e.Pull.Head, e.Pull.Base)
	}
	if e.MergeGroup != nil {
		all = append(all, e.MergeGroup.Head, e.MergeGroup.Base)
	}
	if e.WorkflowRun != nil {
		all = append(all, e.WorkflowRun.Head)
	}
	return all
}
