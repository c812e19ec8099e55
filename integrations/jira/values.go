package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/engine/ticket"
)

// text is a document as the deployment takes it.
func (c *Client) text(ctx context.Context, d ticket.Document) (any, error) {
	cloud, err := c.isCloud(ctx)
	if err != nil {
		return nil, err
	}
	if cloud {
		return adf(d, c.hosts), nil
	}
	return wiki(d, c.hosts), nil
}

// fieldValues are some fields of a ticket as requests have them. One that is wanted no more is null, which clears it.
func (c *Client) fieldValues(ctx context.Context, t *ticket.Ticket, names []string) (map[string]any, error) {
	cloud, err := c.isCloud(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for _, name := range names {
		var value any
		switch name {
		case ticket.FieldSummary:
			value = cutUnits(report.Line(t.Summary), 255)
		case ticket.FieldBody:
			if value, err = c.text(ctx, t.Body); err != nil {
				return nil, err
			}
		case ticket.FieldPriority:
			value = named("name", t.Priority)
		case ticket.FieldDue:
			if !t.Due.IsZero() {
				value = t.Due.UTC().Format(time.DateOnly)
			}
		case ticket.FieldAssignee:
			if cloud {
				value = named("accountId", t.Assignee)
			} else {
				value = named("name", t.Assignee)
			}
		case ticket.FieldComponents:
			all := []any{}
			for _, name := range t.Components {
				all = append(all, named("name", name))
			}
			value = all
		case ticket.FieldParent:
			value = named("key", t.Parent)
		default:
			if value, err = c.custom(ctx, t, name); err != nil {
				return nil, err
			}
		}
		out[name] = value
	}
	return out, nil
}

// named is an object that says which one is meant; nil: none.
func named(by, name string) any {
	if name == "" {
		return nil
	}
	return map[string]string{by: name}
}

// cutUnits is text of at most n units as Jira counts.
func cutUnits(s string, n int) string {
	if units(s) <= n {
		return s
	}
	used := 1 // of the mark that something is left out
	for i, r := range s {
		if used += max(utf16.RuneLen(r), 1); used > n {
			return s[:i] + "…"
		}
	}
	return s
}

// custom is the value of a field of the settings. Text of several lines is a document in the Cloud and wiki markup in Data Center, where
// nothing that a template took from a finding may become markup.
func (c *Client) custom(ctx context.Context, t *ticket.Ticket, id string) (any, error) {
	value := t.Fields[id]
	if d, ok := value.(ticket.Document); ok {
		return c.text(ctx, d)
	}
	s, ok := value.(string)
	if !ok {
		return value, nil
	}
	areas, err := c.textAreas(ctx, t.Type)
	if err != nil || !areas[id] {
		return s, err
	}
	var d ticket.Document
	for _, line := range strings.Split(s, "\n") {
		if strings.TrimSpace(line) != "" {
			d = append(d, ticket.Block{Paragraph: []ticket.Inline{{Text: line}}})
		}
	}
	return c.text(ctx, d)
}

// textAreas are the fields of an issue type that take text of several lines, by id. It asks once.
func (c *Client) textAreas(ctx context.Context, kind string) (map[string]bool, error) {
	c.mu.Lock()
	known := c.texts[kind]
	c.mu.Unlock()
	if known != nil {
		return known, nil
	}
	all, err := c.typeFields(ctx, kind)
	if err != nil {
		return nil, err
	}
	areas := map[string]bool{}
	for _, f := range all {
		if strings.HasSuffix(f.Schema.Custom, ":textarea") || f.Schema.System == "environment" {
			areas[f.ID] = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.texts[kind] = areas
	return areas, nil
}

// A metaField is a field of the screen on which issues are made.
type metaField struct {
	ID         string `json:"fieldId"`
	Name       string `json:"name"`
	Required   bool   `json:"required"`
	HasDefault bool   `json:"hasDefaultValue"`
	Schema     struct {
		Custom string `json:"custom"`
		System string `json:"system"`
		Type   string `json:"type"`
	} `json:"schema"`
	AllowedValues []struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"allowedValues"`
}

// A metaType is an issue type of the project.
type metaType struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Subtask bool   `json:"subtask"`
}

// typeFields are the fields of an issue type, by its name.
func (c *Client) typeFields(ctx context.Context, kind string) ([]metaField, error) {
	types, err := c.types(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range types {
		if t.Name == kind {
			return pages[metaField](ctx, c, c.metaPath()+"/"+url.PathEscape(t.ID), "fields")
		}
	}
	return nil, fmt.Errorf("project %s has no issue type %q", c.options.Project, kind)
}

// types are the issue types of the project.
func (c *Client) types(ctx context.Context) ([]metaType, error) {
	return pages[metaType](ctx, c, c.metaPath(), "issueTypes")
}

func (c *Client) metaPath() string {
	return "issue/createmeta/" + url.PathEscape(c.options.Project) + "/issuetypes"
}

// pages reads a list that comes in pages, under a name of its own in the Cloud and under values in Data Center.
func pages[T any](ctx context.Context, c *Client, resource, name string) ([]T, error) {
	var all []T
	for range mostPages {
		var page map[string]json.RawMessage
		if err := c.do(ctx, http.MethodGet, resource+"?maxResults=50&startAt="+strconv.Itoa(len(all)), nil, &page); err != nil {
			return nil, fmt.Errorf("what issues of the project need: %w", err)
		}
		var some []T
		for _, key := range []string{name, "values"} {
			if page[key] != nil {
				if err := json.Unmarshal(page[key], &some); err != nil {
					return nil, fmt.Errorf("what issues of the project need: %w", err)
				}
			}
		}
		all = append(all, some...)
		total := 0
		if err := json.Unmarshal(page["total"], &total); err != nil || len(some) == 0 || len(all) >= total {
			return all, nil
		}
	}
	return all, nil
}

// isWeb says whether an address is one that a link of a ticket may lead to. Who clicks on it decides to, and sees where it leads.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Hostname() != "" && u.User == nil && len(address) <= 2000
}

// titleOf is what a link is called: its title, otherwise its host.
func titleOf(l ticket.Link) string {
	if title := strings.TrimSpace(cutUnits(report.Line(l.Title), 255)); title != "" {
		return title
	}
	if u, err := url.Parse(l.URL); err == nil && u.Host != "" {
		return u.Host
	}
	return "link"
}
