package ticket

import (
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Settings say which tickets there should be and what is in them. Where nobody says otherwise they are Defaults.
type Settings struct {
	Scope string          // tells the tickets of this repository and policy from those of others in one project: no others are touched
	Per   Per             // what there is one ticket per fix for
	From  engine.Priority // the lowest priority that makes a ticket

	Type       string                     // of issues: "Bug", "Task"
	Priorities map[engine.Priority]string // names in the tracker; a priority without one is left to the tracker
	Owners     map[string]Owner           // by owner of the asset; AnyOwner is of all that have no entry
	TeamField  string                     // id of the field for Owner.Team
	Labels     []string                   // besides those that tickets are found by
	Parent     string                     // key of the epic or parent; empty: none
	Fields     map[string]any             // further fields by id; the strings in them are templates over Vars

	CloseAfter int      // complete scans in a row without it that close a ticket, at least 1
	Reopens    int      // how often a ticket may be opened again because it is found again; 0: never
	ClosedAs   []string // resolutions that say that a ticket was fixed, whatever their case; all others are a person's decision to leave it
	Recreate   bool     // a ticket that somebody deleted is made again
	Excused    string   // what becomes of a ticket whose cases are all waived: ExcusedLabel or ExcusedClose
}

// A Per says what there is one ticket per fix for.
type Per string

// What tickets are divided by.
const (
	PerAsset      Per = "asset"
	PerTeam       Per = "team" // owner of the asset
	PerRepository Per = "repository"
)

// Pers are all of them.
var Pers = []Per{PerAsset, PerTeam, PerRepository}

// What becomes of tickets that are waived.
const (
	ExcusedLabel = "label" // they stay open, with a comment and WaivedLabel
	ExcusedClose = "close" // they are closed, and opened again once the waiver ends
)

// Excuses are all of them.
var Excuses = []string{ExcusedLabel, ExcusedClose}

// WaivedLabel marks tickets whose cases are all waived.
const WaivedLabel = Label + "-waived"

// AnyOwner is the entry for owners that have none of their own, and for assets without an owner.
const AnyOwner = "*"

// An Owner says how a ticket finds its people. Any field may be empty.
type Owner struct {
	Assignee  string // account id in Jira Cloud, user name in Jira Data Center
	Component string // by name
	Team      any    // value of TeamField; nil: none
}

// Defaults are the settings where nobody says otherwise.
func Defaults() Settings {
	return Settings{
		Per: PerAsset, From: engine.Attend, Type: "Task", CloseAfter: 2, Reopens: 3, Excused: ExcusedLabel,
		ClosedAs: []string{"Done", "Fixed", "Resolved", "Complete", "Completed"},
	}
}

// Check refuses settings that no tickets can be made by.
func (s *Settings) Check() error {
	switch {
	case !slices.Contains(Pers, s.Per):
		return fmt.Errorf("per: %q is none of %s", s.Per, words(Pers))
	case s.From.Rank() < 0:
		return fmt.Errorf("from: %q is none of %s", s.From, words(engine.Priorities))
	case s.Type == "":
		return fmt.Errorf("issue_type: it is empty")
	case s.CloseAfter < 1:
		return fmt.Errorf("close_after: %d is no number of scans; 1 is the least", s.CloseAfter)
	case s.Reopens < 0:
		return fmt.Errorf("reopen: %d is no number of times", s.Reopens)
	case !slices.Contains(Excuses, s.Excused):
		return fmt.Errorf("waived: %q is none of %s", s.Excused, words(Excuses))
	}
	for p := range s.Priorities {
		if p.Rank() < 0 {
			return fmt.Errorf("priorities: %q is none of %s", p, words(engine.Priorities))
		}
	}
	for _, l := range s.Labels {
		if l == "" || len(l) > mostLabel || strings.ContainsAny(l, " \t\r\n") {
			return fmt.Errorf("labels: %q is no label: they have no spaces and at most %d characters", l, mostLabel)
		}
		if strings.HasPrefix(l, Label+"-") || l == Label {
			return fmt.Errorf("labels: %q is one that tickets are found by", l)
		}
	}
	for name, o := range s.Owners {
		if o.Team != nil && s.TeamField == "" {
			return fmt.Errorf("owners: %s: a team needs team_field, the id of the field that it goes into", name)
		}
	}
	for id := range s.Fields {
		if slices.Contains(ownFields, id) {
			return fmt.Errorf("fields: %s is one that Headgate writes itself", id)
		}
	}
	_, err := s.fields()
	return err
}

// ownFields are those that no setting fills in beside ours.
var ownFields = []string{FieldSummary, FieldBody, FieldPriority, FieldDue, FieldAssignee, FieldComponents, FieldParent, "labels", "project", "issuetype"}

// mostLabel is how long a label may be.
const mostLabel = 255

func words[T ~string](all []T) string {
	var out []string
	for _, w := range all {
		out = append(out, string(w))
	}
	return strings.Join(out, ", ")
}

// fixed says whether a resolution means that a ticket was fixed. No resolution means so too: workflows without resolutions have but one
// way to be done.
func (s *Settings) fixed(resolution string) bool {
	return resolution == "" || slices.ContainsFunc(s.ClosedAs, func(r string) bool { return strings.EqualFold(r, resolution) })
}
