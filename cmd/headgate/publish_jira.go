package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/jira"
)

// toJira makes the tickets of a result true.
func (p *publication) toJira(ctx context.Context) (*report.Published, error) {
	j := p.settings.Jira
	if why := j.due(&p.result.Change); why != "" {
		return &report.Published{Name: "jira", Place: j.URL + ", project " + j.Project, Note: why}, nil
	}
	if p.result.Change.Repository == "" && j.Scope == "" {
		return nil, setup(errors.New("jira: the result names no repository, so that its tickets could not be told from those of others"),
			"set repository in headgate.yaml and decide again, or set scope of jira")
	}
	s := j.tickets(p.result.Change.Repository)
	run, err := ticket.NewRun(p.result, s, p.links)
	if err != nil {
		return nil, setup(fmt.Errorf("jira: %w", err), "")
	}
	client, err := p.app.jiraClient(j, p.links)
	if err != nil {
		return nil, err
	}
	out := &report.Published{Name: "jira", Place: client.Place()}
	wanted, err := run.Tickets()
	if err != nil {
		return nil, setup(fmt.Errorf("jira: %w", err), "")
	}
	board, err := client.Board(ctx, ticket.ScopeLabel(s.Scope), p.effects)
	if err != nil {
		return nil, undecided(fmt.Errorf("jira: read tickets: %w", err), "headgate doctor says what is wrong with the connection")
	}
	changes, err := board.Settle(ctx, func(issues []ticket.Issue) []ticket.Change { return run.Reconcile(wanted, issues) })
	if err != nil {
		return nil, undecided(fmt.Errorf("jira: read tickets: %w", err), "headgate doctor says what is wrong with the connection")
	}
	var effects []engine.Effect
	if p.flags.dryRun {
		for i := range changes {
			effects = append(effects, changes[i].Planned(client.Place()))
		}
	} else {
		effects = board.Apply(ctx, changes)
	}
	by := map[string]engine.Effect{}
	for i := range changes {
		out.Changes = append(out.Changes, run.Told(&changes[i], effects[i]))
		by[changes[i].Key] = effects[i]
	}
	run.Stand(changes, by)
	return out, nil
}

// jiraClient speaks with the project of the settings.
func (a *app) jiraClient(j *jiraSettings, links []ticket.Link) (*jira.Client, error) {
	user, token, err := a.jiraAccount(j)
	if err != nil {
		return nil, err
	}
	o := jira.Options{Site: j.URL, CloudID: j.CloudID, Deployment: j.Deployment, Email: user, Token: token, Project: j.Project,
		Transitions: map[string]jira.Transition{}, UserAgent: "headgate/" + buildVersion(), Base: a.wire, Clock: a.waits}
	for name, t := range j.Transitions {
		o.Transitions[name] = jira.Transition(t)
	}
	for _, l := range links {
		if u, err := url.Parse(l.URL); err == nil {
			o.LinkHosts = append(o.LinkHosts, u.Hostname())
		}
	}
	client, err := jira.New(o)
	if err != nil {
		return nil, setup(fmt.Errorf("jira: %w", err), "")
	}
	return client, nil
}

// links are where people find the run that publishes, as CI says, and what flags name.
func (a *app) links(named []string) ([]ticket.Link, error) {
	var all []ticket.Link
	add := func(id, title, address string) bool {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
			return false
		}
		all = append(all, ticket.Link{ID: id, Title: title, URL: address})
		return true
	}
	if server, repository, id := a.getenv("GITHUB_SERVER_URL"), a.getenv("GITHUB_REPOSITORY"), a.getenv("GITHUB_RUN_ID"); id != "" {
		add("run", "Run", server+"/"+repository+"/actions/runs/"+id)
	} else {
		add("run", "Run", a.getenv("CI_JOB_URL")) // GitLab
	}
	for _, l := range named {
		title, address, _ := strings.Cut(l, "=")
		if title = strings.TrimSpace(title); title == "" || len(title) > 80 || !strings.HasPrefix(address, "https://") || !add("link:"+strings.ToLower(title), title, address) {
			return nil, setup(fmt.Errorf("--link %q is no title and address", l), "write --link Evidence=https://…")
		}
	}
	return all, nil
}
