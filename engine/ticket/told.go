package ticket

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// Told is what people are told of a change and of what came of it: of the effect that whoever made it true gives back, or, where it was not
// to be made true, of that of Planned.
func (r *Run) Told(c *Change, e engine.Effect) report.PublishedChange {
	e.State = shown(e.State)
	out := report.PublishedChange{Effect: e, Comment: c.Comment.text(), About: c.about()}
	switch {
	case c.Ticket != nil:
		out.Summary, out.Due, out.Owner = c.Ticket.Summary, dayText(c.Ticket.Due), c.Ticket.people()
	case c.Issue != nil:
		out.Summary, out.Due = report.Line(c.Issue.State.Summary), report.Line(c.Issue.State.Due)
	}
	if i := c.Issue; i != nil && c.Did == engine.DidNothing {
		out.Counts = c.Next.Absent > i.State.Absent
		out.Usual = c.Why == usual || c.Why == staysClosed
	}
	return out
}

// about says which cases a ticket is about: by the ids of findings, with spaces between them, and the asset or team that it is for. A ticket
// that is wanted no more is still about what it was about when that was found last.
func (c *Change) about() map[string]string {
	var of []Cleared
	var per Per
	var name string
	switch {
	case c.Ticket != nil:
		of, per, name = c.Ticket.from.clears, c.Next.Per, c.Ticket.For
	case c.Issue != nil:
		of, per, name = c.Issue.State.Clears, c.Issue.State.Per, c.Issue.State.For
	}
	var ids []string
	for _, cleared := range of {
		ids = append(ids, cleared.IDs...)
	}
	about := map[string]string{StateFindings: strings.Join(ids, " ")}
	switch per {
	case PerAsset:
		about[StateAsset] = name
	case PerTeam:
		about[StateTeam] = name
	}
	return about
}

// The names of what an effect's State in the log says a ticket is about.
const (
	StateFindings = "findings" // their ids, with spaces between them
	StateAsset    = "asset"    // that it is for alone; absent: it is for those of a team, or all of the repository
	StateTeam     = "team"     // that it is for alone; empty: for what no team owns, absent: as above
)

// shown is of a state what people are told: not what is kept with it for the next run.
func shown(state map[string]string) map[string]string {
	out := map[string]string{}
	for _, name := range []string{stateStatus, stateCategory, stateResolution} {
		if value := report.Line(state[name]); value != "" {
			out[name] = value
		}
	}
	return out
}

// The names of what people are told of an effect's State.
const (
	stateStatus     = "status"
	stateCategory   = "category"
	stateResolution = "resolution"
)

// Planned is the effect of a change that is not made true.
func (c *Change) Planned(place string) engine.Effect {
	e := engine.Effect{Key: c.Key, Kind: engine.EffectTicket, Place: place, Did: c.Did, Why: c.Why}
	if i := c.Issue; i != nil {
		e.ID, e.Ref, e.URL, e.State = i.ID, i.Ref, i.URL, i.Told()
	}
	return e
}

// Told is what is said of a ticket in an effect's State: its status, and its resolution where it has one.
func (i *Issue) Told() map[string]string {
	out := map[string]string{}
	for name, value := range map[string]string{stateStatus: i.Status, stateCategory: i.Category, stateResolution: i.Resolution} {
		if value != "" {
			out[name] = report.Line(value)
		}
	}
	if i.Gone {
		out[stateStatus] = "deleted"
	}
	return out
}

// people are who gets a ticket: the owner of the asset, and how the tracker knows them.
func (t *Ticket) people() string {
	all := []string{report.Line(t.from.cases[0].Input.Asset.Owner)}
	if t.Assignee != "" {
		all = append(all, "assignee "+t.Assignee)
	}
	for _, c := range t.Components {
		all = append(all, "component "+c)
	}
	return strings.Join(slices.DeleteFunc(all, func(s string) bool { return s == "" }), ", ")
}

// text is a document as plain text of one line.
func (d Document) text() string {
	var out []string
	for _, b := range d {
		var line strings.Builder
		for _, i := range b.Paragraph {
			line.WriteString(i.Text)
		}
		if line.Len() > 0 {
			out = append(out, line.String())
		}
	}
	return strings.Join(out, " ")
}

// Stand puts the tickets of fixes into the plan of a result, as they are after their changes: what people look at beside a fix.
func (r *Run) Stand(changes []Change, effects map[string]engine.Effect) {
	by := map[string][]engine.FixTicket{}
	for i := range changes {
		c := &changes[i]
		if c.Ticket == nil {
			continue
		}
		e := effects[c.Key]
		if e.Ref == "" {
			continue
		}
		by[c.Ticket.Fix] = append(by[c.Ticket.Fix], engine.FixTicket{Ref: e.Ref, URL: e.URL, Status: e.State[stateStatus], Resolution: e.State[stateResolution], For: c.Ticket.For})
	}
	for i := range r.result.Plan {
		f := &r.result.Plan[i]
		f.Tickets = by[f.ID]
		slices.SortFunc(f.Tickets, func(a, b engine.FixTicket) int { return strings.Compare(a.For+"\n"+a.Ref, b.For+"\n"+b.Ref) })
	}
}
