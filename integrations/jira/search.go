package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/headgate/headgate/engine/ticket"
	"github.com/headgate/headgate/integrations/transport"
)

// property is the name of what we keep with a ticket.
const property = "headgate"

// fields are those that are read of an issue.
var fields = []string{"status", "resolution", "labels", "updated"}

// Bounds of searches.
const (
	mostPages     = 200
	issuesPerPage = 100
	mostReconcile = 50 // that Jira takes in one search
)

// A raw issue is one as Jira answers.
type raw struct {
	ID     string `json:"id"`
	Key    string `json:"key"`
	Fields struct {
		Status struct {
			Name     string `json:"name"`
			Category struct {
				Key string `json:"key"`
			} `json:"statusCategory"`
		} `json:"status"`
		Resolution *struct {
			Name string `json:"name"`
		} `json:"resolution"`
		Labels  []string `json:"labels"`
		Updated string   `json:"updated"`
		Creator *user    `json:"creator"`
		Comment *struct {
			Comments []struct {
				Author *user `json:"author"`
			} `json:"comments"`
			Total int `json:"total"`
		} `json:"comment"`
	} `json:"fields"`
	Properties map[string]json.RawMessage `json:"properties"`
	Changelog  struct {
		Total     int       `json:"total"`
		Histories []history `json:"histories"`
	} `json:"changelog"`
}

// A history is what somebody changed at once.
type history struct {
	Author  *user  `json:"author"`
	Created string `json:"created"`
	Items   []struct {
		Field string `json:"field"`
	} `json:"items"`
}

// stamp reads a time as Jira writes it; the zero time: it is none.
func stamp(s string) time.Time {
	for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}

// search calls take with each issue that has one of some labels. The issues of the ids are found as they are now; all others as the index
// has them, which can be minutes behind. A page that does not go on ends the search with an error rather than without what is on the
// pages after it.
func (c *Client) search(ctx context.Context, labels, ids []string, take func(*raw)) error {
	jql := `labels in ("` + strings.Join(labels, `","`) + `") ORDER BY created ASC`
	if len(labels) == 1 {
		jql = `labels = "` + labels[0] + `" ORDER BY created ASC`
	}
	if more, err := c.query(ctx, jql, ids, mostPages, take); err != nil {
		return fmt.Errorf("tickets of this scope: %w", err)
	} else if more {
		return fmt.Errorf("tickets of this scope: there are more than %d", mostPages*issuesPerPage)
	}
	return nil
}

// query reads so many pages of what a query finds at the most, and says whether there are more.
func (c *Client) query(ctx context.Context, jql string, ids []string, most int, take func(*raw)) (more bool, err error) {
	cloud, err := c.isCloud(ctx)
	if err != nil {
		return false, err
	}
	ctx = transport.Repeatable(ctx)
	var token string
	at := 0
	for range most {
		body := map[string]any{"jql": jql, "maxResults": issuesPerPage, "fields": fields}
		resource := "search"
		if cloud {
			resource = "search/jql"
			body["properties"] = []string{property}
			if len(ids) > 0 {
				body["reconcileIssues"] = numbers(ids)
			}
			if token != "" {
				body["nextPageToken"] = token
			}
		} else {
			body["startAt"] = at
		}
		var page struct {
			Issues *[]raw `json:"issues"`
			Token  string `json:"nextPageToken"`
			IsLast *bool  `json:"isLast"`
			Total  int    `json:"total"`
		}
		if err := c.do(ctx, http.MethodPost, resource, body, &page); err != nil {
			return false, err
		}
		if page.Issues == nil {
			return false, errors.New("there are no issues in the answer of Jira")
		}
		for i := range *page.Issues {
			take(&(*page.Issues)[i])
		}
		at += len(*page.Issues)
		switch {
		case cloud && (page.Token == "" || page.IsLast != nil && *page.IsLast), !cloud && at >= page.Total:
			return false, nil
		case len(*page.Issues) == 0, cloud && page.Token == token:
			return false, errors.New("the search says that there is more and does not go on")
		}
		token = page.Token
	}
	return true, nil
}

// numbers are ids as the search takes them.
func numbers(ids []string) []json.Number {
	var out []json.Number
	for _, id := range ids[:min(len(ids), mostReconcile)] {
		out = append(out, json.Number(id))
	}
	return out
}

// get reads one issue as it is now, by its id or key: it is found under both wherever it was moved.
func (c *Client) get(ctx context.Context, id string, more ...string) (*raw, error) {
	q := url.Values{"fields": {strings.Join(append(fields[:len(fields):len(fields)], more...), ",")}, "properties": {property}}
	if len(more) > 0 {
		q.Set("expand", "changelog")
	}
	var i raw
	if err := c.do(ctx, http.MethodGet, "issue/"+url.PathEscape(id)+"?"+q.Encode(), nil, &i); err != nil {
		return nil, fmt.Errorf("ticket %s: %w", id, err)
	}
	return &i, nil
}

// A card is an issue with what only this package needs of it.
type card struct {
	ticket.Issue
	updated string
}

// card is an issue of a scope. It has our property, and the property says what the label says: a clone has the labels alone, and is not
// ours.
func (c *Client) card(i *raw, scope string) (card, bool) {
	state, err := ticket.ReadState(i.Properties[property])
	if err != nil || state.Scope != scope || !isID(i.ID) {
		return card{}, false
	}
	out := card{Issue: ticket.Issue{Key: state.Key, ID: i.ID, Ref: cut(i.Key, longestSaid), URL: c.browse(i.Key), State: state, Labels: i.Fields.Labels}}
	out.stands(i)
	return out, true
}

// stands notes the status of an issue as it was read.
func (c *card) stands(i *raw) {
	c.Status, c.Category, c.Resolution, c.updated = i.Fields.Status.Name, i.Fields.Status.Category.Key, "", i.Fields.Updated
	if i.Fields.Resolution != nil {
		c.Resolution = i.Fields.Resolution.Name
	}
}

// isID says whether a text is the number of an issue, which is sent back in paths and bodies.
func isID(s string) bool {
	return s != "" && len(s) <= 19 && strings.Trim(s, "0123456789") == ""
}
