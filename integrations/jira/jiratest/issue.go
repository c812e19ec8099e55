package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// An issue and what belongs to it. What a search may see is in indexed.
type issue struct {
	id         int64
	project    *Project
	key        string
	kind       string
	status     *Status
	resolution string
	resolved   time.Time
	fields     map[string]any // by id; without labels
	labels     []string
	properties map[string]json.RawMessage
	comments   []comment
	remote     []remote
	links      []link
	histories  []history
	creator    User
	created    time.Time
	updated    time.Time

	indexed []version // oldest first; the last is the newest
}

type comment struct {
	id      int
	author  User
	body    any
	created time.Time
	moves   int // of the issue until then
}

type remote struct {
	id       int
	globalID string
	object   map[string]any
}

type link struct {
	kind     string
	outward  bool // this issue is the one that does it
	neighbor int64
}

// A history is one change of one field.
type history struct {
	author           User
	at               time.Time
	field            string
	from, fromString string
	to, toString     string
	category         string // of a move: that of the status that it leads to
	resolution       string // of a move
}

// A version is an issue as the index has it from a moment on.
type version struct {
	at         time.Time
	project    string
	key        string
	status     *Status
	resolution string
	resolved   time.Time
	updated    time.Time
	fields     map[string]any
	labels     []string
	properties map[string]json.RawMessage
}

// changed puts the issue into the index, where searches see it after the lag. Maps and slices in it are never changed in place.
func (j *Jira) changed(i *issue, by User, touch bool) {
	if touch {
		i.updated = j.options.Clock.Now()
	}
	i.indexed = append(i.indexed, i.version(j.options.Clock.Now()))
	for len(i.indexed) > 1 && !j.options.Clock.Now().Before(i.indexed[1].at.Add(j.options.Lag)) {
		i.indexed = i.indexed[1:]
	}
}

func (i *issue) version(at time.Time) version {
	return version{
		at: at, project: i.project.Key, key: i.key, status: i.status, resolution: i.resolution, resolved: i.resolved, updated: i.updated,
		fields: i.fields, labels: i.labels, properties: i.properties,
	}
}

// seen is the version that a search has; nil: it has none yet.
func (j *Jira) seen(i *issue, fresh bool) *version {
	now := j.options.Clock.Now()
	for n := len(i.indexed) - 1; n >= 0; n-- {
		if v := &i.indexed[n]; fresh || !now.Before(v.at.Add(j.options.Lag)) {
			return v
		}
	}
	return nil
}

func (j *Jira) create(p *Project, kind string, by User) *issue {
	j.next++
	j.numbers[p.Key]++
	now := j.options.Clock.Now()
	i := &issue{
		id: j.next, project: p, key: fmt.Sprintf("%s-%d", p.Key, j.numbers[p.Key]), kind: kind, status: &p.Workflow.Statuses[0],
		fields: map[string]any{}, properties: map[string]json.RawMessage{}, creator: by, created: now, updated: now,
	}
	j.issues[i.id], j.keys[i.key] = i, i.id
	return i
}

// set changes a field, and says so in the history. nil clears it.
func (j *Jira) set(i *issue, field string, value any, by User) {
	before := i.fields[field]
	i.fields = maps.Clone(i.fields)
	if value == nil {
		delete(i.fields, field)
	} else {
		i.fields[field] = value
	}
	i.histories = append(i.histories, history{author: by, at: j.options.Clock.Now(), field: field, fromString: short(before), toString: short(value)})
}

func (j *Jira) setLabels(i *issue, labels []string, by User) {
	if slices.Equal(i.labels, labels) {
		return
	}
	i.histories = append(i.histories, history{author: by, at: j.options.Clock.Now(), field: "labels", fromString: fmt.Sprint(i.labels), toString: fmt.Sprint(labels)})
	i.labels = labels
}

func (j *Jira) setProperty(i *issue, key string, value json.RawMessage) {
	i.properties = maps.Clone(i.properties)
	i.properties[key] = value
}

func (j *Jira) move(i *issue, to *Status, resolution string, by User) {
	i.histories = append(i.histories, history{by, j.options.Clock.Now(), "status", i.status.ID, i.status.Name, to.ID, to.Name, to.Category, resolution})
	i.status = to
	if to.Category != "done" {
		i.resolution, i.resolved = "", time.Time{}
	} else if resolution != "" {
		i.resolution, i.resolved = resolution, j.options.Clock.Now()
	}
}

func (j *Jira) comment(i *issue, body any, by User) comment {
	c := comment{len(i.comments) + int(i.id)*100, by, body, j.options.Clock.Now(), len(i.moved())}
	i.comments = append(i.comments, c)
	return c
}

func short(v any) string {
	if v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}

// moved are the changes of status.
func (i *issue) moved() []Move {
	var all []Move
	for _, h := range i.histories {
		if h.field == "status" {
			all = append(all, Move{h.author.Name, h.category, h.resolution})
		}
	}
	return all
}

func (i *issue) shown() Issue {
	s := Issue{
		ID: strconv.FormatInt(i.id, 10), Key: i.key, Project: i.project.Key, Status: i.status.Name, Category: i.status.Category, Resolution: i.resolution,
		Fields: maps.Clone(i.fields), Labels: slices.Clone(i.labels), Properties: map[string]string{}, RemoteLinks: map[string]string{},
		Creator: i.creator.Name, Moves: i.moved(),
	}
	for k, v := range i.properties {
		s.Properties[k] = string(v)
	}
	for _, c := range i.comments {
		s.Comments = append(s.Comments, Comment{c.author.Name, c.body, c.moves})
	}
	for _, r := range i.remote {
		s.RemoteLinks[r.globalID], _ = r.object["url"].(string)
	}
	for _, l := range i.links {
		if l.kind == "Duplicate" && l.outward {
			s.Duplicates = append(s.Duplicates, strconv.FormatInt(l.neighbor, 10))
		}
	}
	return s
}
