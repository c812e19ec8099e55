package ticket

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Reconcile says what becomes of each ticket: of those that there should be (Run.Tickets), and of those that there are. Issues of another
// scope are left out of it. The order of issues does not matter.
func (r *Run) Reconcile(tickets []Ticket, issues []Issue) []Change {
	all := r.ours(issues)
	have := map[string]*Issue{}
	var double []*Issue // the tracker has an older one of the same key
	for _, i := range all {
		if have[i.Key] != nil {
			double = append(double, i)
			continue
		}
		have[i.Key] = i
	}
	tickets = slices.Clone(tickets)
	r.adopt(tickets, have)
	var out []Change
	wants := map[string]bool{}
	for i := range tickets {
		t := &tickets[i]
		wants[t.Key] = true
		switch issue := have[t.Key]; {
		case issue == nil && t.from.below:
		case issue == nil, issue.Gone && r.settings.Recreate && !t.from.below:
			out = append(out, r.create(t))
		case issue.Gone:
			out = append(out, Change{Key: t.Key, Ticket: t, Issue: issue, Next: issue.State, Did: engine.DidNothing, Why: "somebody deleted it; it is not made again"})
		default:
			out = append(out, r.decide(t, issue))
		}
	}
	for _, i := range all {
		switch {
		case slices.Contains(double, i):
			out = append(out, Change{Key: i.Key, Issue: i, Next: i.State, Did: engine.DidNothing, Why: "a double of " + have[i.Key].Ref})
		case wants[i.Key], i.Gone:
		default:
			out = append(out, r.decide(nil, i))
		}
	}
	return out
}

// create makes a ticket.
func (r *Run) create(t *Ticket) Change {
	return Change{Key: t.Key, Ticket: t, Links: t.Links, Next: r.noted(t, State{}), Did: engine.DidCreate, Why: t.from.worstWords()}
}

// ours are the issues of this scope, the oldest first.
func (r *Run) ours(issues []Issue) []*Issue {
	scope := ScopeLabel(r.settings.Scope)
	var all []*Issue
	for i := range issues {
		if issues[i].State.Scope == scope {
			all = append(all, &issues[i])
		}
	}
	slices.SortFunc(all, func(a, b *Issue) int { return cmp.Or(compareIDs(a.ID, b.ID), strings.Compare(a.Key, b.Key)) })
	return all
}

// compareIDs orders the ids of a tracker by number.
func compareIDs(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) }

// adopt gives tickets that there are not the key of one that there is, is wanted by no fix, and is about one of the same findings: a fix
// that is told apart otherwise than it was, since a group of names grew or a package came to be in an image too, keeps its ticket.
func (r *Run) adopt(tickets []Ticket, have map[string]*Issue) {
	taken := map[string]bool{}
	for i := range tickets {
		taken[tickets[i].Key] = true
	}
	about := map[string][]*Issue{} // by mark of an id of a finding
	for _, issue := range have {
		if taken[issue.Key] || issue.Gone {
			continue
		}
		for _, c := range issue.State.Clears {
			for _, id := range c.IDs {
				about[mark(id)] = append(about[mark(id)], issue)
			}
		}
		for _, d := range issue.State.More {
			about[d] = append(about[d], issue)
		}
	}
	for i := range tickets {
		t := &tickets[i]
		if have[t.Key] != nil {
			continue
		}
		shared := map[*Issue]int{}
		for _, c := range t.from.clears {
			for _, id := range c.IDs {
				for _, issue := range about[mark(id)] {
					if s := &issue.State; !taken[issue.Key] && (s.Per != r.settings.Per || s.For == t.For) {
						shared[issue]++
					}
				}
			}
		}
		var best *Issue
		for issue, n := range shared {
			if best == nil || cmp.Or(cmp.Compare(n, shared[best]), compareIDs(best.ID, issue.ID), strings.Compare(best.Key, issue.Key)) > 0 {
				best = issue
			}
		}
		if best != nil {
			taken[best.Key] = true
			r.rename(t, best.Key)
		}
	}
}

// rename gives a ticket the key that it has already.
func (r *Run) rename(t *Ticket, key string) {
	labels := slices.Clone(t.Labels)
	labels[slices.Index(labels, KeyLabel(t.Key))] = KeyLabel(key)
	t.Key, t.Labels, t.Links = key, labels, r.runLinks(key)
}

// runLinks are where people find the run, as links of a ticket.
func (r *Run) runLinks(key string) []Link {
	var out []Link
	for _, l := range r.links {
		out = append(out, Link{ID: Label + ":" + key + ":" + l.ID, URL: l.URL, Title: l.Title})
	}
	return out
}
