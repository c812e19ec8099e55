package jiratest

import "slices"

// What people do, by hand: each returns false where the issue is not there or the workflow has no such way.

// Transition moves an issue along a way by the name of the status that it leads to. The resolution is set where it is given.
func (j *Jira) Transition(key, status, resolution string, by User) bool {
	return j.by(key, func(i *issue) bool {
		for _, t := range i.project.Workflow.ways(i.status.Name) {
			if t.To == status {
				if resolution == "" {
					resolution = t.Resolution
				}
				j.move(i, i.project.Workflow.status(t.To), resolution, by)
				j.changed(i, by, true)
				return true
			}
		}
		return false
	})
}

// Move puts an issue into another project, where it has another key and the first status of the workflow if it does not have its own.
func (j *Jira) Move(key, project string, by User) bool {
	return j.by(key, func(i *issue) bool {
		p := j.project(project)
		if p == nil || p == i.project {
			return false
		}
		j.numbers[p.Key]++
		i.project, i.key = p, p.Key+"-"+itoa(j.numbers[p.Key])
		j.keys[i.key] = i.id
		if !slices.ContainsFunc(p.Workflow.Statuses, func(s Status) bool { return s.Name == i.status.Name }) {
			i.status = &p.Workflow.Statuses[0]
		}
		j.changed(i, by, true)
		return true
	})
}

// Delete takes an issue away.
func (j *Jira) Delete(key string) bool {
	return j.by(key, func(i *issue) bool {
		delete(j.issues, i.id)
		return true
	})
}

// Say adds a comment.
func (j *Jira) Say(key, body string, by User) bool {
	return j.by(key, func(i *issue) bool {
		j.comment(i, body, by)
		j.changed(i, by, true)
		return true
	})
}

// Edit sets a field, or clears it with nil.
func (j *Jira) Edit(key, field string, value any, by User) bool {
	return j.by(key, func(i *issue) bool {
		j.set(i, field, value, by)
		j.changed(i, by, true)
		return true
	})
}

// Label sets all labels.
func (j *Jira) Label(key string, labels []string, by User) bool {
	return j.by(key, func(i *issue) bool {
		j.setLabels(i, slices.Clone(labels), by)
		j.changed(i, by, true)
		return true
	})
}

// Clone copies an issue, as the button of that name does: fields and labels, but no properties.
func (j *Jira) Clone(key string, by User) bool {
	return j.by(key, func(i *issue) bool {
		c := j.create(i.project, i.kind, by)
		c.fields, c.labels = i.fields, i.labels
		j.changed(c, by, true)
		return true
	})
}

func (j *Jira) by(key string, do func(*issue) bool) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := j.find(key)
	return i != nil && do(i)
}
