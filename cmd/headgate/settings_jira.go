package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/ticket"
)

// jiraSettings say where tickets are made, which, and what is in them.
type jiraSettings struct {
	URL        string   `yaml:"url"`        // of the site, where people see tickets; of Data Center with its context path
	CloudID    string   `yaml:"cloud_id"`   // requests go through api.atlassian.com, as those of service accounts have to
	Deployment string   `yaml:"deployment"` // auto, cloud or datacenter
	Auth       jiraAuth `yaml:"auth"`

	Project   string         `yaml:"project"`
	IssueType string         `yaml:"issue_type"`
	Scope     string         `yaml:"scope"` // tells tickets of several policies of one repository apart
	Per       ticket.Per     `yaml:"per"`
	From      string         `yaml:"from"`
	Events    []engine.Event `yaml:"events"`   // absent: push and schedule
	Branches  []string       `yaml:"branches"` // absent: any, as the workflow says

	Priorities map[engine.Priority]string `yaml:"priorities"`
	Owners     map[string]jiraOwner       `yaml:"owners"`
	TeamField  string                     `yaml:"team_field"`
	Labels     []string                   `yaml:"labels"`
	Parent     string                     `yaml:"parent"`
	Fields     map[string]any             `yaml:"fields"`

	CloseAfter  *int                      `yaml:"close_after"`
	Reopen      *int                      `yaml:"reopen"`
	ClosedAs    []string                  `yaml:"closed_as"`
	Waived      string                    `yaml:"waived"`
	Deleted     string                    `yaml:"deleted"`
	Transitions map[string]jiraTransition `yaml:"transitions"` // by jiraTransitions
}

// jiraAuth names the variables of the environment that have the account, never the account itself.
type jiraAuth struct {
	User  string `yaml:"user"`
	Token string `yaml:"token"`
}

type jiraOwner struct {
	Assignee  string `yaml:"assignee"`
	Component string `yaml:"component"`
	Team      any    `yaml:"team"`
}

// A jiraTransition is a way between statuses, and what its screen asks for.
type jiraTransition struct {
	Name   string         `yaml:"name"`
	Fields map[string]any `yaml:"fields"`
}

// jiraVariable is what a variable with the account may be called: one that is meant for Jira. No other secret of the environment is
// sent there, whatever settings say.
var jiraVariable = regexp.MustCompile(`^[A-Z][A-Z0-9_]*JIRA[A-Z0-9_]*$|^JIRA[A-Z0-9_]*$`)

// The variables that have the account where the settings name none, the first that is set.
var (
	jiraUserVariables  = []string{"HEADGATE_JIRA_USER", "JIRA_USER", "JIRA_EMAIL"}
	jiraTokenVariables = []string{"HEADGATE_JIRA_TOKEN", "JIRA_TOKEN", "JIRA_API_TOKEN"}
)

// jiraTransitions are what a transition can be for. Without one of its own, waived and duplicate go the way of close.
var jiraTransitions = []string{"close", "reopen", "waived", "duplicate"}

var jiraProject = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,254}$`) })

// check refuses what no tickets can be made with.
func (j *jiraSettings) check() error {
	u, err := url.Parse(j.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !loopback(u) {
		return fmt.Errorf("jira: url: %q is no address of a Jira; write https://acme.atlassian.net", j.URL)
	}
	for _, v := range []string{j.Auth.User, j.Auth.Token} {
		if v != "" && !jiraVariable.MatchString(v) {
			return fmt.Errorf("jira: auth: %q is no variable of the environment for Jira; its name has JIRA in it", v)
		}
	}
	switch {
	case !jiraProject().MatchString(j.Project):
		return fmt.Errorf("jira: project: %q is no key of a project; write PAY", j.Project)
	case !slices.Contains([]string{"", "auto", "cloud", "datacenter"}, j.Deployment):
		return fmt.Errorf("jira: deployment: %q is none of auto, cloud, datacenter", j.Deployment)
	case !slices.Contains([]string{"", "leave", "create"}, j.Deleted):
		return fmt.Errorf("jira: deleted: %q is none of leave, create", j.Deleted)
	case j.CloudID != "" && !regexp.MustCompile(`^[0-9a-fA-F-]{8,64}$`).MatchString(j.CloudID):
		return fmt.Errorf("jira: cloud_id: %q is none", j.CloudID)
	case slices.ContainsFunc(j.Events, func(e engine.Event) bool { return !slices.Contains(engine.Events, e) }):
		return fmt.Errorf("jira: events: one is none of %s", words(engine.Events))
	}
	for name := range j.Transitions {
		if !slices.Contains(jiraTransitions, name) {
			return fmt.Errorf("jira: transitions: %q is none of %s", name, words(jiraTransitions))
		}
	}
	s := j.tickets("")
	if err := s.Check(); err != nil {
		return fmt.Errorf("jira: %w", err)
	}
	return nil
}

// loopback says whether an address is on this machine, which needs no encryption.
func loopback(u *url.URL) bool {
	return u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname())
}

// ticketScope tells the tickets of a repository, and of one of its policies, from all others.
func ticketScope(repository, scope string) string {
	return strings.ToLower(repository) + "\n" + scope
}

// tickets are the settings of tickets for a repository.
func (j *jiraSettings) tickets(repository string) ticket.Settings {
	s := ticket.Defaults()
	s.Scope = ticketScope(repository, j.Scope)
	s.Per = cmp.Or(j.Per, s.Per)
	s.From = cmp.Or(engine.Priority(j.From), s.From)
	s.Type = cmp.Or(j.IssueType, s.Type)
	s.Priorities, s.TeamField, s.Labels, s.Parent, s.Fields = j.Priorities, j.TeamField, j.Labels, j.Parent, j.Fields
	s.Owners = map[string]ticket.Owner{}
	for name, o := range j.Owners {
		s.Owners[name] = ticket.Owner(o)
	}
	if j.CloseAfter != nil {
		s.CloseAfter = *j.CloseAfter
	}
	if j.Reopen != nil {
		s.Reopens = *j.Reopen
	}
	if len(j.ClosedAs) > 0 {
		s.ClosedAs = j.ClosedAs
	}
	s.Excused = cmp.Or(j.Waived, s.Excused)
	s.Recreate = j.Deleted == "create"
	return s
}

// due says whether a run publishes tickets; why says why not.
func (j *jiraSettings) due(c *engine.RunChange) (why string) {
	events := j.Events
	if len(events) == 0 {
		events = []engine.Event{engine.EventPush, engine.EventSchedule}
	}
	switch {
	case !slices.Contains(events, c.Event):
		return fmt.Sprintf("tickets are made on %s only, and this run is of %s (events of jira in headgate.yaml)", words(events), c.Event)
	case len(j.Branches) > 0 && c.Branch == "":
		return "tickets are made for the branches " + strings.Join(j.Branches, ", ") + " only, and it is not known which this is"
	case len(j.Branches) > 0 && !slices.Contains(j.Branches, c.Branch):
		return "tickets are made for the branches " + strings.Join(j.Branches, ", ") + " only, and this is " + c.Branch
	}
	return ""
}

// account is who writes tickets, out of the environment.
func (a *app) jiraAccount(j *jiraSettings) (user, token string, err error) {
	first := func(named string, usual []string) string {
		if named != "" {
			return a.getenv(named)
		}
		for _, v := range usual {
			if value := a.getenv(v); value != "" {
				return value
			}
		}
		return ""
	}
	user, token = first(j.Auth.User, jiraUserVariables), first(j.Auth.Token, jiraTokenVariables)
	if token == "" {
		return "", "", setup(errors.New("there is no token for Jira in the environment"),
			"set "+cmp.Or(j.Auth.Token, jiraTokenVariables[0])+", and on Jira Cloud "+cmp.Or(j.Auth.User, jiraUserVariables[0])+" to the e-mail address of the account")
	}
	return user, token, nil
}
