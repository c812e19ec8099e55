package jira

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/headgate/headgate/engine/ticket"
)

// transitions looks how tickets could be closed, and opened again. Ways can only be asked of an issue: one of ours, or, while there is none,
// any of the same type in the project, which has the same workflow.
func (x *examination) transitions(ctx context.Context) bool {
	open, closed, err := x.samples(ctx)
	if err != nil {
		x.bad("transitions", "", "%v", err)
		return true
	}
	if open == nil {
		x.statuses(ctx)
	} else {
		x.leads(ctx, open, Close, ticket.CategoryDone)
	}
	if closed != nil {
		x.leads(ctx, closed, Reopen, ticket.CategoryNew)
	}
	return true
}

// samples are an issue that is open and one that is closed; nil: there is none.
func (x *examination) samples(ctx context.Context) (open, closed *raw, err error) {
	take := func(i *raw) {
		done := i.Fields.Status.Category.Key == ticket.CategoryDone
		switch {
		case !isID(i.ID):
		case done && closed == nil:
			closed = i
		case !done && open == nil:
			open = i
		}
	}
	project := `project = "` + x.client.options.Project + `"`
	queries := []string{project + ` AND labels = "` + ticket.Label + `"`}
	if !strings.ContainsAny(x.needs.Type, "\"\\") {
		queries = append(queries, project+` AND issuetype = "`+x.needs.Type+`"`)
	}
	for _, q := range queries {
		if open != nil && closed != nil {
			break
		}
		if _, err := x.client.query(ctx, q+` ORDER BY created DESC`, nil, 1, take); err != nil {
			return nil, nil, err
		}
	}
	return open, closed, nil
}

// leads looks whether a way leads from where an issue is.
func (x *examination) leads(ctx context.Context, some *raw, name, to string) {
	board := &Board{client: x.client}
	w, err := board.way(ctx, &card{Issue: ticket.Issue{ID: some.ID, Ref: some.Key}}, name, to)
	switch {
	case isImpassable(err):
		x.bad("transitions", "name a transition in jira.transitions."+name+", or add one to the workflow; otherwise people are asked to "+name+" tickets, in a comment", "%s, %s: %v", some.Key, some.Fields.Status.Name, err)
	case err != nil:
		x.bad("transitions", "", "%s, %s: %v", some.Key, some.Fields.Status.Name, err)
	default:
		x.good("transitions", "%s by %q, as %s in %s could", name, w.Name, some.Key, some.Fields.Status.Name)
	}
}

// statuses looks whether tickets could be closed at all, where there is no issue to ask.
func (x *examination) statuses(ctx context.Context) {
	var types []struct {
		Name     string `json:"name"`
		Statuses []struct {
			Name     string `json:"name"`
			Category struct {
				Key string `json:"key"`
			} `json:"statusCategory"`
		} `json:"statuses"`
	}
	if err := x.client.do(ctx, http.MethodGet, "project/"+url.PathEscape(x.client.options.Project)+"/statuses", nil, &types); err != nil {
		x.bad("transitions", "", "%v", err)
		return
	}
	var done []string
	for _, t := range types {
		for _, s := range t.Statuses {
			if t.Name == x.needs.Type && s.Category.Key == ticket.CategoryDone {
				done = append(done, s.Name)
			}
		}
	}
	if len(done) == 0 {
		x.bad("transitions", "give the workflow of "+x.needs.Type+" a status of the category Done; otherwise people are asked to close tickets, in a comment",
			"the workflow of %s has no status that means done", x.needs.Type)
		return
	}
	x.good("transitions", "%s can be done (%s); which way leads there can be told once there is one that is open", x.needs.Type, strings.Join(done, ", "))
}
