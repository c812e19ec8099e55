package jira

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/ticket"
)

// Needs are what tickets ask of a project, as the settings have it.
type Needs struct {
	Type       string   // of issues
	Priorities []string // by Jira's names
	Assignees  []string
	Components []string
	Fields     []string // ids of those that the settings fill in
	Parent     string   // key; empty: none
}

// A Check is one thing that was looked at.
type Check struct {
	Name string // authentication, project, …
	Bad  bool   // it keeps tickets from being as they should
	Says string // what is, in one line
	Fix  string // what to do about it, exactly; empty: nothing
}

// An examination goes on as far as what it needs is there.
type examination struct {
	client *Client
	needs  Needs
	cloud  bool
	fields []metaField // of the issue type
	checks []Check
}

// Examine looks whether tickets could be made and kept in the project, and changes nothing. What keeps it from looking further is the last
// check.
func (c *Client) Examine(ctx context.Context, needs Needs) []Check {
	x := &examination{client: c, needs: needs}
	for _, look := range []func(*examination, context.Context) bool{
		(*examination).authentication, (*examination).project, (*examination).permissions, (*examination).issueType, (*examination).required,
		(*examination).onScreen, (*examination).priorities, (*examination).people, (*examination).parent, (*examination).transitions, (*examination).doubles,
	} {
		if !look(x, ctx) {
			break
		}
	}
	return x.checks
}

func (x *examination) good(name, format string, a ...any) bool {
	x.checks = append(x.checks, Check{Name: name, Says: report.Line(fmt.Sprintf(format, a...))})
	return true
}

func (x *examination) bad(name, fix, format string, a ...any) {
	x.checks = append(x.checks, Check{Name: name, Bad: true, Says: report.Line(fmt.Sprintf(format, a...)), Fix: report.Line(fix)})
}

// authentication looks what kind of Jira it is, and who we are to it.
func (x *examination) authentication(ctx context.Context) bool {
	o := &x.client.options
	cloud, err := x.client.isCloud(ctx)
	if err != nil {
		x.bad("authentication", "check jira.url: it is the address of the site, such as https://example.atlassian.net; and that this machine reaches it", "%v", err)
		return false
	}
	x.cloud = cloud
	var me struct {
		DisplayName string `json:"displayName"`
	}
	err = x.client.do(ctx, http.MethodGet, "myself", nil, &me)
	kind := map[bool]string{true: "Jira Cloud", false: "Jira Data Center"}[cloud]
	switch {
	case err == nil:
		return x.good("authentication", "%s, as %s", kind, me.DisplayName)
	case o.Token == "":
		x.bad("authentication", "put a token into HEADGATE_JIRA_TOKEN", "%s, and there is no token", kind)
	case cloud && o.Email == "" && o.CloudID == "":
		x.bad("authentication", "put the account's e-mail address into HEADGATE_JIRA_USER, beside its API token; a token of a service account needs jira.cloud_id", "%s does not take a token alone: %v", kind, err)
	case cloud:
		x.bad("authentication", "make a new API token at id.atlassian.com for the account that HEADGATE_JIRA_USER names, and put it into HEADGATE_JIRA_TOKEN; service accounts need jira.cloud_id", "%v", err)
	case o.Email != "":
		x.bad("authentication", "Data Center takes a personal access token alone: leave HEADGATE_JIRA_USER empty", "%v", err)
	default:
		x.bad("authentication", "make a new personal access token in the account's profile, and put it into HEADGATE_JIRA_TOKEN", "%v", err)
	}
	return false
}

func (x *examination) project(ctx context.Context) bool {
	key := x.client.options.Project
	var p struct {
		Name string `json:"name"`
	}
	if err := x.client.do(ctx, http.MethodGet, "project/"+url.PathEscape(key), nil, &p); err != nil {
		x.bad("project", "check jira.project: it is the key that tickets begin with; or give the account the permission Browse Projects in it", "%s: %v", key, err)
		return false
	}
	return x.good("project", "%s, %s", key, p.Name)
}

// permissions are those that tickets need, by their keys, as people see them.
var permissions = []struct{ key, name string }{
	{"BROWSE_PROJECTS", "Browse Projects"}, {"CREATE_ISSUES", "Create Issues"}, {"EDIT_ISSUES", "Edit Issues"}, {"TRANSITION_ISSUES", "Transition Issues"},
	{"ADD_COMMENTS", "Add Comments"}, {"LINK_ISSUES", "Link Issues"}, {"SCHEDULE_ISSUES", "Schedule Issues"}, {"ASSIGN_ISSUES", "Assign Issues"},
}

func (x *examination) permissions(ctx context.Context) bool {
	var keys []string
	for _, p := range permissions {
		if p.key != "ASSIGN_ISSUES" || len(x.needs.Assignees) > 0 {
			keys = append(keys, p.key)
		}
	}
	var answer struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	q := url.Values{"projectKey": {x.client.options.Project}, "permissions": {strings.Join(keys, ",")}}
	if err := x.client.do(ctx, http.MethodGet, "mypermissions?"+q.Encode(), nil, &answer); err != nil {
		x.bad("permissions", "", "%v", err)
		return true
	}
	var lacks []string
	for _, p := range permissions {
		if slices.Contains(keys, p.key) && !answer.Permissions[p.key].Have {
			lacks = append(lacks, p.name)
		}
	}
	if len(lacks) == 0 {
		return x.good("permissions", "all that are needed")
	}
	x.bad("permissions", "in the permission scheme of project "+x.client.options.Project+", give the account: "+strings.Join(lacks, ", "), "lacks %s", strings.Join(lacks, ", "))
	return true
}

func (x *examination) issueType(ctx context.Context) bool {
	types, err := x.client.types(ctx)
	if err != nil {
		x.bad("issue type", "", "%v", err)
		return false
	}
	var names []string
	for _, t := range types {
		if !t.Subtask {
			names = append(names, t.Name)
		}
	}
	if !slices.Contains(names, x.needs.Type) {
		x.bad("issue type", "set jira.issue_type to one of: "+strings.Join(names, ", "), "the project has no %q", x.needs.Type)
		return false
	}
	if x.fields, err = x.client.typeFields(ctx, x.needs.Type); err != nil {
		x.bad("issue type", "", "%v", err)
		return false
	}
	return x.good("issue type", "%s", x.needs.Type)
}

// written are the fields that every ticket has, besides those that the settings fill in.
var written = []string{"summary", "project", "issuetype", ticket.FieldBody, "labels"}

// required looks for fields that have to have a value and get none.
func (x *examination) required(context.Context) bool {
	found := false
	for _, f := range x.fields {
		if !f.Required || f.HasDefault || slices.Contains(written, f.ID) || slices.Contains(x.sent(), f.ID) {
			continue
		}
		found = true
		x.bad("required fields", fmt.Sprintf("add to jira.fields: %s: %s", f.ID, f.example()), "%s (%s) has to have a value, and the settings have none", f.Name, f.ID)
	}
	if !found {
		x.good("required fields", "all have a value")
	}
	return true
}

// sent are the fields of tickets by these settings.
func (x *examination) sent() []string {
	all := append([]string{ticket.FieldDue}, x.needs.Fields...)
	for id, is := range map[string]bool{
		ticket.FieldPriority: len(x.needs.Priorities) > 0, ticket.FieldAssignee: len(x.needs.Assignees) > 0, ticket.FieldComponents: len(x.needs.Components) > 0,
		ticket.FieldParent: x.needs.Parent != "",
	} {
		if is {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	return all
}

// example is a value that a field could take, as the settings would have it.
func (f *metaField) example() string {
	var values []string
	for _, v := range f.AllowedValues[:min(len(f.AllowedValues), 5)] {
		if v.Value != "" {
			values = append(values, v.Value)
		} else if v.Name != "" {
			values = append(values, v.Name)
		}
	}
	one := "…"
	if len(values) > 0 {
		one = values[0]
	}
	others := ""
	if len(values) > 1 {
		others = " (one of " + strings.Join(values, ", ") + ")"
	}
	switch f.Schema.Type {
	case "option":
		return "{value: " + one + "}" + others
	case "array":
		return "[{value: " + one + "}]" + others
	case "number":
		return "1"
	case "date":
		return `"{{.Due}}"`
	case "user":
		return "{accountId: …}"
	case "priority", "version", "component":
		return "{name: " + one + "}" + others
	}
	return `"{{.Summary}}"`
}

// onScreen looks for fields that tickets have and that the screen on which issues are made does not: Jira refuses all of the ticket then.
func (x *examination) onScreen(context.Context) bool {
	has := map[string]bool{}
	for _, f := range x.fields {
		has[f.ID] = true
	}
	found := false
	for _, id := range append([]string{ticket.FieldBody, "labels"}, x.sent()...) {
		if has[id] {
			continue
		}
		found = true
		fix := "add it to the screen for creating " + x.needs.Type + " in project " + x.client.options.Project
		if slices.Contains(x.needs.Fields, id) || id == ticket.FieldParent {
			fix += ", or take it out of the settings"
		}
		x.bad("fields", fix, "%s is not on the screen of %s", id, x.needs.Type)
	}
	if !found {
		x.good("fields", "%s", strings.Join(x.sent(), ", "))
	}
	return true
}

// priorities looks for names that the project does not have.
func (x *examination) priorities(ctx context.Context) bool {
	var names []string
	for _, f := range x.fields {
		for _, v := range f.AllowedValues {
			if f.ID == ticket.FieldPriority {
				names = append(names, v.Name)
			}
		}
	}
	if names == nil {
		var all []struct {
			Name string `json:"name"`
		}
		if err := x.client.do(ctx, http.MethodGet, "priority", nil, &all); err != nil {
			x.bad("priorities", "", "%v", err)
			return true
		}
		for _, p := range all {
			names = append(names, p.Name)
		}
	}
	return x.among("priorities", "jira.priorities", x.needs.Priorities, names)
}

// among looks whether all of some names are there.
func (x *examination) among(name, setting string, want, has []string) bool {
	var lacks []string
	for _, w := range want {
		if !slices.Contains(has, w) {
			lacks = append(lacks, fmt.Sprintf("%q", w))
		}
	}
	switch {
	case len(lacks) > 0 && len(has) == 0:
		x.bad(name, "the project has none yet: make them in its settings, or take them out of "+setting, "the project has no %s", strings.Join(lacks, ", "))
	case len(lacks) > 0:
		x.bad(name, "in "+setting+" take one of: "+strings.Join(has, ", "), "the project has no %s", strings.Join(lacks, ", "))
	case len(want) > 0:
		x.good(name, "%s", strings.Join(want, ", "))
	}
	return true
}

// people looks for accounts that issues cannot be assigned to, and components that are not there.
func (x *examination) people(ctx context.Context) bool {
	by := map[bool]string{true: "accountId", false: "username"}[x.cloud]
	for _, who := range x.needs.Assignees {
		var found []user
		q := url.Values{"project": {x.client.options.Project}, by: {who}}
		err := x.client.do(ctx, http.MethodGet, "user/assignable/search?"+q.Encode(), nil, &found)
		switch {
		case err != nil:
			x.bad("owners", "", "%s: %v", who, err)
		case !slices.ContainsFunc(found, func(u user) bool { return u.AccountID == who || u.Name == who }):
			fix := "in jira.owners, name an account that may be assigned issues of the project, by its " + map[bool]string{true: "account id", false: "user name"}[x.cloud]
			x.bad("owners", fix, "%s cannot be assigned issues of project %s", who, x.client.options.Project)
		}
	}
	var components []string
	for _, f := range x.fields {
		for _, v := range f.AllowedValues {
			if f.ID == ticket.FieldComponents {
				components = append(components, v.Name)
			}
		}
	}
	return x.among("components", "jira.owners", x.needs.Components, components)
}

func (x *examination) parent(ctx context.Context) bool {
	if x.needs.Parent == "" {
		return true
	}
	if _, err := x.client.get(ctx, x.needs.Parent); err != nil {
		x.bad("parent", "check jira.parent: it is the key of an epic that the account may see", "%v", err)
		return true
	}
	return x.good("parent", "%s", x.needs.Parent)
}

// doubles looks whether doubles can be linked.
func (x *examination) doubles(ctx context.Context) bool {
	var answer struct {
		Types []struct {
			Name string `json:"name"`
		} `json:"issueLinkTypes"`
	}
	if err := x.client.do(ctx, http.MethodGet, "issueLinkType", nil, &answer); err != nil {
		return x.good("links", "what types of links there are is not known: %v", err)
	}
	for _, t := range answer.Types {
		if t.Name == duplicate {
			return x.good("links", "doubles are linked as %s", duplicate)
		}
	}
	return x.good("links", "there is no type of link %q: doubles are closed with a comment alone", duplicate)
}
