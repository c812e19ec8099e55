package jiratest

import (
	"net/http"
	"slices"
	"strings"
)

func (j *Jira) getTransitions(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	all := []any{}
	if j.may(c.by, i.project, "TRANSITION_ISSUES") {
		expand := strings.Contains(c.URL.Query().Get("expand"), "transitions.fields")
		for _, t := range i.project.Workflow.ways(i.status.Name) {
			shown := map[string]any{"id": t.ID, "name": t.Name, "to": j.statusJSON(i.project.Workflow.status(t.To))}
			if !j.options.DataCenter {
				shown["hasScreen"] = len(t.Fields) > 0
			}
			if expand {
				fields := map[string]any{}
				for _, id := range t.Fields {
					if f := j.onScreen(i, t, id); id != "comment" { // it is never listed
						fields[id] = j.screenMeta(f)
					}
				}
				shown["fields"] = fields
			}
			all = append(all, shown)
		}
	}
	c.write(http.StatusOK, map[string]any{"expand": "transitions", "transitions": all})
}

// onScreen is a field as the screen of a transition has it.
func (j *Jira) onScreen(i *issue, t Transition, id string) *Field {
	f := Field{ID: id, Name: id, Type: "string"}
	if has := field(j.fields(i.project, i.project.issueType(i.kind)), id); has != nil {
		f = *has
	}
	if id == "resolution" {
		f = Field{ID: id, Name: "Resolution", Type: "priority", Allowed: resolutions} // an object with a name, likewise
	}
	f.Required = slices.Contains(t.Required, id)
	return &f
}

func (j *Jira) screenMeta(f *Field) map[string]any {
	m := f.meta(j)
	delete(m, "fieldId")
	if j.options.DataCenter {
		m["fieldId"] = f.ID
	} else {
		m["key"] = f.ID
	}
	if f.ID == "resolution" {
		m["schema"] = map[string]any{"type": "resolution", "system": "resolution"}
	}
	return m
}

func (j *Jira) postTransition(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	var e edit
	if !c.read(&e) {
		return
	}
	if e.Transition == nil || e.Transition.ID == "" {
		c.refuse(http.StatusBadRequest, "Missing 'transition' identifier")
		return
	}
	ways := i.project.Workflow.ways(i.status.Name)
	at := slices.IndexFunc(ways, func(t Transition) bool { return t.ID == e.Transition.ID })
	if at < 0 || !j.may(c.by, i.project, "TRANSITION_ISSUES") {
		c.refuse(http.StatusBadRequest, "It seems that you have tried to perform an illegal workflow operation (id %s) on issue %s.", e.Transition.ID, i.key)
		return
	}
	way := ways[at]
	var on []Field
	for _, id := range way.Fields {
		if id != "comment" {
			on = append(on, *j.onScreen(i, way, id))
		}
	}
	resolution := way.Resolution
	done, wrong := j.checkEdit(i.project, on, &e, c.v3)
	for _, f := range on {
		if _, given := e.Fields[f.ID]; f.Required && !given {
			wrong[f.ID] = f.Name + " is required."
		}
	}
	if len(wrong) > 0 {
		c.wrong(wrong)
		return
	}
	for id, v := range done.fields {
		if id == "resolution" {
			resolution, _ = one(v, "name")
		} else {
			j.set(i, id, v, c.by)
		}
	}
	if slices.Contains(way.Fields, "comment") { // without a screen that has it, the comment is dropped, and nothing said
		for _, body := range done.comments {
			j.comment(i, body, c.by)
		}
	}
	j.move(i, i.project.Workflow.status(way.To), resolution, c.by)
	j.changed(i, c.by, true)
	c.WriteHeader(http.StatusNoContent)
}
