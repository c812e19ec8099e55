package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/headgate/headgate/integrations/jira"
)

// examineJira looks at the project that tickets go to.
func (x *examination) examineJira(ctx context.Context, d *department) {
	if x.settings == nil || x.settings.Jira == nil {
		return
	}
	j := x.settings.Jira
	client, err := x.app.jiraClient(j, nil)
	if err != nil {
		d.failed("account", err)
		return
	}
	d.Place = client.Place()
	if x.offline {
		d.ok("account", "is in the environment; Jira was not asked: --offline")
		return
	}
	t := j.tickets("")
	needs := jira.Needs{Type: t.Type, Priorities: slices.Sorted(maps.Values(t.Priorities)), Fields: slices.Sorted(maps.Keys(t.Fields)), Parent: t.Parent}
	for _, o := range t.Owners {
		for to, name := range map[*[]string]string{&needs.Assignees: o.Assignee, &needs.Components: o.Component} {
			if name != "" && !slices.Contains(*to, name) {
				*to = append(*to, name)
			}
		}
		if o.Team != nil && !slices.Contains(needs.Fields, t.TeamField) {
			needs.Fields = append(needs.Fields, t.TeamField)
		}
	}
	slices.Sort(needs.Assignees)
	slices.Sort(needs.Components)
	needs.Priorities = slices.Compact(needs.Priorities)
	for _, c := range client.Examine(ctx, needs) {
		if c.Bad {
			d.fail(statusSetup, c.Name, c.Fix, "%s", c.Says)
		} else {
			d.ok(c.Name, "%s", c.Says)
		}
	}
}

// examineNotify looks whether the webhooks have an address and a key. Nothing is sent to them: what they would do with it is not known.
func (x *examination) examineNotify(_ context.Context, d *department) {
	if x.settings == nil {
		return
	}
	for i := range x.settings.Notify {
		h := &x.settings.Notify[i]
		name := fmt.Sprintf("webhook %d", i+1)
		address := h.URL
		if h.URLEnv != "" {
			address = x.app.getenv(h.URLEnv)
		}
		u, err := url.Parse(address)
		key := x.app.getenv(h.KeyEnv)
		switch {
		case address == "":
			d.fail(statusSetup, name, "set it in the environment of the job, from a secret", "%s, its address, is not set", h.URLEnv)
		case err != nil || u.Host == "":
			d.fail(statusSetup, name, "an address is https://host/path", "%s has no address of a server", h.URLEnv)
		case key == "":
			d.fail(statusSetup, name, "set "+h.KeyEnv+" in the environment of the job, from a secret: openssl rand -hex 32 makes one", "%s, the key that it is signed with, is not set", h.KeyEnv)
		case len(key) < shortestKey:
			d.warn(name, "openssl rand -hex 32 makes one", "the key in %s is shorter than %d bytes", h.KeyEnv, shortestKey)
		default:
			d.ok(name, "has an address and a key; nothing was sent")
		}
	}
}
