package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const stamp = "2006-01-02T15:04:05.000-0700"

func (j *Jira) postIssue(c *call) {
	var e edit
	if !c.read(&e) {
		return
	}
	var kind, in struct{ ID, Key, Name string }
	json.Unmarshal(e.Fields["issuetype"], &kind)
	json.Unmarshal(e.Fields["project"], &in)
	p := j.project(in.Key + in.ID)
	if p == nil || !j.may(c.by, p, "BROWSE_PROJECTS") {
		c.wrong(map[string]string{"project": "valid project is required"})
		return
	}
	if !j.may(c.by, p, "CREATE_ISSUES") {
		c.wrong(map[string]string{"project": "You do not have permission to create issues in this project."})
		return
	}
	t := p.issueType(kind.ID + kind.Name)
	if t == nil {
		c.wrong(map[string]string{"issuetype": "Specify a valid issue type"})
		return
	}
	on := j.fields(p, t)
	delete(e.Fields, "issuetype")
	delete(e.Fields, "project")
	done, wrong := j.checkEdit(p, on, &e, c.v3)
	for _, f := range on {
		if _, given := e.Fields[f.ID]; f.Required && !f.Default && !given && f.ID != "project" && f.ID != "issuetype" {
			wrong[f.ID] = f.Name + " is required."
		}
	}
	if len(wrong) > 0 {
		c.wrong(wrong)
		return
	}
	i := j.create(p, t.Name, c.by)
	for id, v := range done.fields {
		if v != nil {
			i.fields[id] = v
		}
	}
	i.labels = done.labels(nil)
	j.setProperties(i, &e)
	j.changed(i, c.by, true)
	c.write(http.StatusCreated, map[string]any{"id": strconv.FormatInt(i.id, 10), "key": i.key, "self": j.self(i)})
}

func (j *Jira) setProperties(i *issue, e *edit) {
	for _, p := range e.Properties {
		j.setProperty(i, p.Key, p.Value)
	}
}

func (j *Jira) self(i *issue) string {
	return base + "/rest/api/2/issue/" + strconv.FormatInt(i.id, 10)
}

// issueOf is the issue that a request names, if the user may see it. Otherwise the request is answered.
func (j *Jira) issueOf(c *call) *issue {
	i := j.find(c.PathValue("issue"))
	if i == nil || !j.may(c.by, i.project, "BROWSE_PROJECTS") {
		c.refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
		return nil
	}
	return i
}

func (j *Jira) putIssue(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	var e edit
	if !c.read(&e) {
		return
	}
	if i.status.Locked {
		c.refuse(http.StatusBadRequest, "You do not have permission to edit issues in this project, or the issue is not editable in its status.")
		return
	}
	if !j.may(c.by, i.project, "EDIT_ISSUES") {
		c.refuse(http.StatusForbidden, "You do not have permission to edit issues in this project.")
		return
	}
	if len(e.Update["comment"]) > 0 && !j.may(c.by, i.project, "ADD_COMMENTS") {
		c.wrong(map[string]string{"comment": "You do not have the permission to comment on this issue."})
		return
	}
	done, wrong := j.checkEdit(i.project, j.fields(i.project, i.project.issueType(i.kind)), &e, c.v3)
	if len(i.comments)+len(done.comments) > mostComments {
		wrong["comment"] = "The issue has reached its limit of comments."
	}
	if len(wrong) > 0 {
		c.wrong(wrong)
		return
	}
	for _, id := range slices.Sorted(maps.Keys(done.fields)) {
		j.set(i, id, done.fields[id], c.by)
	}
	j.setLabels(i, done.labels(i.labels), c.by)
	for _, body := range done.comments {
		j.comment(i, body, c.by)
	}
	j.setProperties(i, &e)
	j.changed(i, c.by, len(done.fields)+len(done.comments)+len(e.Update) > 0) // a property alone does not count as an update
	c.WriteHeader(http.StatusNoContent)
}

func (j *Jira) getIssue(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	v := i.version(time.Time{})
	fields := []string{"*all"}
	if asked := c.URL.Query().Get("fields"); asked != "" {
		fields = strings.Split(asked, ",")
	}
	var properties []string
	if asked := c.URL.Query().Get("properties"); asked != "" {
		properties = strings.Split(asked, ",")
	}
	shown := j.issueJSON(i, &v, fields, properties, c.v3)
	if slices.Contains(strings.Split(c.URL.Query().Get("expand"), ","), "changelog") {
		shown["changelog"] = j.changelog(i)
	}
	c.write(http.StatusOK, shown)
}

// issueJSON is an issue with the fields that are asked for; those that it has no value for are null.
func (j *Jira) issueJSON(i *issue, v *version, fields, properties []string, v3 bool) map[string]any {
	shown := map[string]any{"id": strconv.FormatInt(i.id, 10), "key": v.key, "self": j.self(i)}
	all := slices.Contains(fields, "*all")
	values := map[string]any{}
	for _, name := range []string{"status", "resolution", "resolutiondate", "labels", "project", "issuetype", "created", "updated", "creator", "comment",
		"summary", "description", "priority", "duedate", "assignee", "components", "parent"} {
		if all || slices.Contains(fields, name) {
			values[name] = j.value(i, v, name, v3)
		}
	}
	for name, value := range v.fields {
		if strings.HasPrefix(name, "customfield_") && (all || slices.Contains(fields, name)) {
			values[name] = value
		}
	}
	if len(values) > 0 {
		shown["fields"] = values
	}
	if len(properties) > 0 {
		has := map[string]any{}
		for _, key := range properties {
			if value, ok := v.properties[key]; ok {
				has[key] = value
			}
		}
		shown["properties"] = has
	}
	return shown
}

func (j *Jira) value(i *issue, v *version, name string, v3 bool) any {
	switch name {
	case "status":
		return j.statusJSON(v.status)
	case "resolution":
		if v.resolution == "" {
			return nil
		}
		return map[string]any{"id": itoa(1 + slices.Index(resolutions, v.resolution)), "name": v.resolution}
	case "resolutiondate":
		if v.resolved.IsZero() {
			return nil
		}
		return v.resolved.Format(stamp)
	case "labels":
		return append([]string{}, v.labels...)
	case "project":
		return map[string]any{"key": v.project, "id": j.projectID(j.project(v.project))}
	case "issuetype":
		return map[string]any{"name": i.kind}
	case "created":
		return i.created.Format(stamp)
	case "updated":
		return v.updated.Format(stamp)
	case "creator":
		return j.userJSON(i.creator)
	case "comment":
		return map[string]any{"comments": j.commentsJSON(i.comments), "startAt": 0, "maxResults": len(i.comments), "total": len(i.comments)}
	case "description":
		return text(v.fields[name], v3)
	}
	return v.fields[name]
}

// text is a text in the format of the version that is asked for.
func text(v any, v3 bool) any {
	_, isString := v.(string)
	switch {
	case v == nil:
		return nil
	case isString && v3:
		return map[string]any{"type": "doc", "version": 1, "content": []any{map[string]any{"type": "paragraph", "content": []any{map[string]any{"type": "text", "text": v}}}}}
	case !isString && !v3:
		return Text(v)
	}
	return v
}

var categories = map[string]int{"new": 2, "indeterminate": 4, "done": 3}

func (j *Jira) statusJSON(s *Status) map[string]any {
	return map[string]any{
		"self": base, "id": s.ID, "name": s.Name,
		"statusCategory": map[string]any{"self": base, "id": categories[s.Category], "key": s.Category, "colorName": "blue-gray", "name": strings.ToUpper(s.Category)},
	}
}

func (j *Jira) changelog(i *issue) map[string]any {
	all := []any{}
	for n, h := range i.histories {
		all = append(all, map[string]any{
			"id": itoa(int(i.id)*1000 + n), "author": j.userJSON(h.author), "created": h.at.Format(stamp),
			"items": []any{map[string]any{"field": h.field, "fieldtype": "jira", "from": h.from, "fromString": h.fromString, "to": h.to, "toString": h.toString}},
		})
	}
	return map[string]any{"startAt": 0, "maxResults": len(all), "total": len(all), "histories": all}
}

func (j *Jira) commentsJSON(list []comment) []any {
	all := []any{}
	for _, c := range list {
		all = append(all, map[string]any{"id": itoa(c.id), "author": j.userJSON(c.author), "body": c.body, "created": c.created.Format(stamp)})
	}
	return all
}

func (j *Jira) getComments(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	from, to, size := c.page(len(i.comments), 100)
	c.write(http.StatusOK, map[string]any{"comments": j.commentsJSON(i.comments[from:to]), "startAt": from, "maxResults": size, "total": len(i.comments)})
}

func (j *Jira) postComment(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	var body struct {
		Body any `json:"body"`
	}
	if !c.read(&body) {
		return
	}
	switch {
	case !j.may(c.by, i.project, "ADD_COMMENTS"):
		c.refuse(http.StatusForbidden, "You do not have the permission to comment on this issue.")
	case checkText(body.Body, c.v3) != "":
		c.wrong(map[string]string{"comment": checkText(body.Body, c.v3)})
	case len(i.comments) >= mostComments:
		c.refuse(http.StatusRequestEntityTooLarge, "The issue has reached its limit of comments.")
	default:
		made := j.comment(i, body.Body, c.by)
		j.changed(i, c.by, true)
		c.write(http.StatusCreated, j.commentsJSON([]comment{made})[0])
	}
}

func (j *Jira) getProperty(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	value, ok := i.properties[c.PathValue("key")]
	if !ok {
		c.refuse(http.StatusNotFound, "The property with key '%s' does not exist.", c.PathValue("key"))
		return
	}
	c.write(http.StatusOK, map[string]any{"key": c.PathValue("key"), "value": value})
}

func (j *Jira) putProperty(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	var value json.RawMessage
	if !c.read(&value) {
		return
	}
	key := c.PathValue("key")
	switch {
	case len(key) > 255 || len(value) > mostProperty:
		c.refuse(http.StatusBadRequest, "The property is too long.")
	case !j.may(c.by, i.project, "EDIT_ISSUES"):
		c.refuse(http.StatusForbidden, "You do not have permission to edit issues in this project.")
	default:
		_, was := i.properties[key]
		j.setProperty(i, key, value)
		j.changed(i, c.by, false)
		c.write(map[bool]int{true: http.StatusOK, false: http.StatusCreated}[was], map[string]any{})
	}
}

func (j *Jira) getRemoteLinks(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	all := []any{}
	for _, r := range i.remote {
		if id := c.URL.Query().Get("globalId"); id == "" || id == r.globalID {
			all = append(all, map[string]any{"id": r.id, "self": j.self(i), "globalId": r.globalID, "object": r.object})
		}
	}
	c.write(http.StatusOK, all)
}

func (j *Jira) postRemoteLink(c *call) {
	i := j.issueOf(c)
	if i == nil {
		return
	}
	var body struct {
		GlobalID     string         `json:"globalId"`
		Relationship string         `json:"relationship"`
		Application  map[string]any `json:"application"`
		Object       map[string]any `json:"object"`
	}
	if !c.read(&body) {
		return
	}
	address, _ := body.Object["url"].(string)
	title, _ := body.Object["title"].(string)
	switch {
	case !j.may(c.by, i.project, "LINK_ISSUES"):
		c.refuse(http.StatusForbidden, "You do not have permission to link issues.")
	case address == "" || title == "" || utf16Len(body.GlobalID) > 255 || utf16Len(title) > 255 || strings.TrimSpace(title) != title:
		c.wrong(map[string]string{"object": "'url' and 'title' are required, and at most 255 characters of each name."})
	default:
		j.upsert(c, i, remote{globalID: body.GlobalID, object: body.Object})
	}
}

// upsert replaces the link with the same global id.
func (j *Jira) upsert(c *call, i *issue, r remote) {
	status, at := http.StatusCreated, slices.IndexFunc(i.remote, func(has remote) bool { return r.globalID != "" && has.globalID == r.globalID })
	switch {
	case at >= 0:
		status, r.id = http.StatusOK, i.remote[at].id
		i.remote[at] = r
	case len(i.remote) >= mostRemote:
		c.refuse(http.StatusBadRequest, "The issue has reached its limit of remote links.")
		return
	default:
		r.id = int(i.id)*100 + len(i.remote)
		i.remote = append(i.remote, r)
	}
	c.write(status, map[string]any{"id": r.id, "self": fmt.Sprintf("%s/remotelink/%d", j.self(i), r.id)})
}

func (j *Jira) postIssueLink(c *call) {
	var body struct {
		Type struct {
			Name string `json:"name"`
			ID   string `json:"id"`
		} `json:"type"`
		Inward struct {
			ID  string `json:"id"`
			Key string `json:"key"`
		} `json:"inwardIssue"`
		Outward struct {
			ID  string `json:"id"`
			Key string `json:"key"`
		} `json:"outwardIssue"`
	}
	if !c.read(&body) {
		return
	}
	in, out := j.find(body.Inward.ID+body.Inward.Key), j.find(body.Outward.ID+body.Outward.Key)
	switch {
	case !slices.Contains(j.options.LinkTypes, body.Type.Name):
		c.refuse(http.StatusNotFound, "No issue link type with name '%s' found.", body.Type.Name)
	case in == nil || out == nil || in == out:
		c.refuse(http.StatusNotFound, "Issue does not exist or you do not have permission to see it.")
	case !j.may(c.by, in.project, "LINK_ISSUES"):
		c.refuse(http.StatusUnauthorized, "No Link Issue Permission for issue '%s'", in.key)
	default:
		if !slices.Contains(in.links, link{body.Type.Name, true, out.id}) { // the same link again is no other one
			in.links = append(in.links, link{body.Type.Name, true, out.id})
			out.links = append(out.links, link{body.Type.Name, false, in.id})
		}
		c.write(http.StatusCreated, map[string]any{})
	}
}
