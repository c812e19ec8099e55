package ticket

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
)

// A Run is a result and what tickets are to be made of it by.
type Run struct {
	settings Settings
	fields   map[string]field
	links    []Link // of the run: Link.ID is what the link is
	result   *engine.Result
	id       string                    // of the run
	cases    map[string][]*engine.Case // by each id of their findings
	marked   map[string][]*engine.Case // by the marks of those; nil: not asked for yet
	seen     looks

	unscanned bool // the result was made without a scan: what is open is as it was found before, and nobody looked again
}

// NewRun takes a result, the settings, and where people find the run, its evidence and its pull request. It refuses settings that are
// not valid.
func NewRun(r *engine.Result, s Settings, links []Link) (*Run, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	fields, err := s.fields()
	if err != nil {
		return nil, err
	}
	run := &Run{settings: s, fields: fields, links: links, result: r, id: idOf(r), cases: map[string][]*engine.Case{}, seen: looksOf(r), unscanned: len(r.Reports) == 0}
	for i := range r.Cases {
		c := &r.Cases[i]
		for _, id := range names(&c.Input.Finding) {
			run.cases[id] = append(run.cases[id], c)
		}
	}
	return run, nil
}

// about are the cases that a state notes, each at least once.
func (r *Run) about(s *State) []*engine.Case {
	var all []*engine.Case
	for _, c := range s.Clears {
		for _, id := range c.IDs {
			all = append(all, r.cases[id]...)
		}
	}
	if len(s.More) > 0 && r.marked == nil {
		r.marked = map[string][]*engine.Case{}
		for id, cases := range r.cases {
			r.marked[mark(id)] = cases
		}
	}
	for _, d := range s.More {
		all = append(all, r.marked[d]...)
	}
	return all
}

// idOf names a run: two runs differ at least in their time.
func idOf(r *engine.Result) string {
	parts := []string{r.Now.UTC().Format(time.RFC3339Nano), r.Change.Repository, r.Change.Head, r.Policy.Digest}
	for i := range r.Reports {
		parts = append(parts, r.Reports[i].Digest)
	}
	return digest(parts...)[:keyDigits]
}

// names are all ids of a finding, the canonical one first.
func names(f *engine.Finding) []string {
	all := []string{f.ID}
	for _, id := range f.IDs {
		if !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

// facts are what a ticket is made of.
type facts struct {
	fix    *engine.Fix
	cases  []*engine.Case // open ones that the fix clears, the most urgent first
	worst  engine.Priority
	due    time.Time // the earliest
	clears []Cleared
	covers []Cover
	below  bool // not urgent enough to make a ticket for; one that there is stays true
}

// Tickets are those that there should be, the most urgent first, and then those that are kept if they are there. The order of cases and
// fixes in the result does not matter.
func (r *Run) Tickets() ([]Ticket, error) {
	var all []Ticket
	made := map[string]bool{}
	for i := range r.result.Plan {
		f := &r.result.Plan[i]
		by := r.divided(f)
		for _, name := range slices.Sorted(maps.Keys(by)) {
			t, err := r.ticket(f, name, by[name])
			if err != nil {
				return nil, err
			}
			if !made[t.Key] {
				all, made[t.Key] = append(all, t), true
			}
		}
	}
	slices.SortFunc(all, func(a, b Ticket) int {
		return cmp.Or(cmp.Compare(rank(a.from.below), rank(b.from.below)), cmp.Compare(b.from.worst.Rank(), a.from.worst.Rank()),
			compareDays(a.from.due, b.from.due), strings.Compare(a.Key, b.Key))
	})
	return all, nil
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// compareDays orders days, none last.
func compareDays(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return cmp.Compare(rank(a.IsZero()), rank(b.IsZero()))
	}
	return a.Compare(b)
}

// divided are the open cases that a fix clears, by what there is a ticket for. Each is in it once.
func (r *Run) divided(f *engine.Fix) map[string][]*engine.Case {
	by := map[string][]*engine.Case{}
	seen := map[*engine.Case]bool{}
	for _, id := range f.Findings {
		for _, c := range r.cases[id] {
			if c.Input.Finding.ID != id || seen[c] || !slices.Contains(f.Assets, c.Input.Asset.ID) || !plan.Open(c) {
				continue
			}
			seen[c] = true
			name := r.settings.Per.of(c)
			by[name] = append(by[name], c)
		}
	}
	return by
}

// of is what a case belongs to. A name too long to be noted is its digest.
func (p Per) of(c *engine.Case) string {
	var name string
	switch p {
	case PerAsset:
		name = c.Input.Asset.ID
	case PerTeam:
		name = c.Input.Asset.Owner
	}
	if len(name) > longestNoted {
		return digest(name)
	}
	return name
}

// ticket is the one for some cases of a fix.
func (r *Run) ticket(f *engine.Fix, name string, cases []*engine.Case) (Ticket, error) {
	s := &r.settings
	from := r.factsOf(f, cases)
	t := Ticket{Key: keyOf(s.Scope, f.ID, s.Per, name), Fix: f.ID, For: name, Type: s.Type, Priority: s.Priorities[from.worst],
		Due: from.due, Parent: s.Parent, from: from}
	t.Labels = append([]string{Label, KeyLabel(t.Key), ScopeLabel(s.Scope)}, s.Labels...)
	owner := s.owner(from.cases[0].Input.Asset.Owner)
	t.Assignee = owner.Assignee
	if owner.Component != "" {
		t.Components = []string{owner.Component}
	}
	t.Summary, t.Body = r.summary(&t), r.body(&t)
	if len(r.fields) > 0 || owner.Team != nil {
		t.Fields = map[string]any{}
	}
	vars := r.vars(&t)
	for id, field := range r.fields {
		v, err := field.fill(vars)
		if err != nil {
			return t, fmt.Errorf("field %s of ticket %s: %w", id, t.Key, err)
		}
		t.Fields[id] = v
	}
	if owner.Team != nil {
		t.Fields[s.TeamField] = owner.Team
	}
	t.Links = r.runLinks(t.Key)
	return t, nil
}

// owner says how tickets find the people of an owner.
func (s *Settings) owner(name string) Owner {
	if o, ok := s.Owners[name]; ok && name != "" {
		return o
	}
	return s.Owners[AnyOwner]
}

// factsOf are the facts of a ticket.
func (r *Run) factsOf(f *engine.Fix, cases []*engine.Case) facts {
	slices.SortFunc(cases, func(a, b *engine.Case) int {
		return cmp.Or(cmp.Compare(b.Decision.Priority.Rank(), a.Decision.Priority.Rank()), engine.CompareDue(&a.Decision, &b.Decision),
			strings.Compare(a.Input.Finding.ID, b.Input.Finding.ID), strings.Compare(a.Input.Asset.ID, b.Input.Asset.ID))
	})
	from := facts{fix: f, cases: cases, worst: cases[0].Decision.Priority, below: cases[0].Decision.Priority.Rank() < r.settings.From.Rank()}
	covers := map[Cover]bool{}
	cleared := map[string]bool{}
	for _, c := range cases {
		if due := c.Decision.Due; !due.IsZero() && (from.due.IsZero() || due.Before(from.due)) {
			from.due = due
		}
		finding := &c.Input.Finding
		for _, cover := range r.seen.covers(finding) {
			covers[cover] = true
		}
		if !cleared[finding.ID] {
			cleared[finding.ID] = true
			wrong, _ := report.FindingWords(finding)
			from.clears = append(from.clears, Cleared{IDs: names(finding), Name: cutEnd(wrong, longestName)})
		}
	}
	from.due = day(from.due)
	slices.SortFunc(from.clears, func(a, b Cleared) int { return strings.Compare(a.IDs[0], b.IDs[0]) })
	from.covers = slices.SortedFunc(maps.Keys(covers), func(a, b Cover) int {
		return cmp.Or(strings.Compare(a.Tool, b.Tool), strings.Compare(a.Target, b.Target))
	})
	return from
}

// day is the date of a time.
func day(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(24 * time.Hour)
}

// dayText is a date as trackers write it; empty: there is none.
func dayText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// vars are what templates may name of a ticket.
func (r *Run) vars(t *Ticket) *Vars {
	a := &t.from.cases[0].Input.Asset
	v := &Vars{Key: t.Key, Summary: t.Summary, Fix: report.FixWords(t.from.fix), Kind: t.from.fix.Fix, Target: report.Line(t.from.fix.Target),
		Asset: report.Line(a.ID), AssetName: report.AssetWords(a), Owner: report.Line(a.Owner), Repository: report.Line(r.result.Change.Repository),
		Priority: string(t.from.worst), Due: dayText(t.from.due)}
	var found []string
	for _, c := range t.from.cases[:min(len(t.from.cases), mostNamed)] {
		if wrong, _ := report.FindingWords(&c.Input.Finding); !slices.Contains(found, wrong) {
			found = append(found, wrong)
		}
	}
	v.Findings = strings.Join(found, ", ")
	return v
}

// mostNamed is how many findings a field or comment names.
const mostNamed = 20

// digests are of the fields of a ticket, each that is not empty: what tells whether what we want of it has changed. That of the body is
// over what decides, not over its words: a score in them that moves every day is no reason to write.
func (t *Ticket) digests() map[string]string {
	out := map[string]string{FieldSummary: short(t.Summary), FieldBody: t.material()}
	put := func(name, value string) {
		if value != "" {
			out[name] = short(value)
		}
	}
	put(FieldPriority, t.Priority)
	put(FieldDue, dayText(t.Due))
	put(FieldAssignee, t.Assignee)
	put(FieldComponents, strings.Join(t.Components, "\n"))
	put(FieldParent, t.Parent)
	for id, v := range t.Fields {
		data, _ := json.Marshal(v) // of YAML's plain values, which all have a JSON form
		put(id, string(data))
	}
	return out
}

// bodyVersion is part of the digest of a body: another one has all bodies written anew.
const bodyVersion = "2"

// material is a digest of what a body says that matters.
func (t *Ticket) material() string {
	f := t.from.fix
	parts := []string{bodyVersion, f.Fix, f.Name, f.To, string(t.from.worst), dayText(t.from.due)}
	parts = append(parts, f.How...)
	for _, c := range t.from.cases {
		parts = append(parts, c.Input.Finding.ID, c.Input.Asset.ID, string(c.Decision.Priority), dayText(c.Decision.Due))
		if intel := c.Input.Context.Intel; intel != nil && intel.KEV != nil && intel.KEV.Listed {
			parts = append(parts, "exploited")
		}
	}
	return short(parts...)
}

// short is a digest for noting: 48 bits tell apart what is compared with one other.
func short(parts ...string) string { return digest(parts...)[:12] }
