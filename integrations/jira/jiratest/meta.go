package jiratest

import (
	"net/http"
	"slices"
	"strings"
)

const base = "https://jira.example.org"

func (j *Jira) serverInfo(c *call) {
	info := map[string]any{"baseUrl": base, "version": "1001.0.0-SNAPSHOT", "versionNumbers": []int{1001, 0, 0}, "deploymentType": "Cloud", "buildNumber": 100287, "serverTitle": "Jira"}
	if j.options.DataCenter {
		info["version"], info["versionNumbers"], info["deploymentType"] = "10.3.24", []int{10, 3, 24}, "Server"
	}
	c.write(http.StatusOK, info)
}

// userJSON is a user as either deployment shows one.
func (j *Jira) userJSON(u User) map[string]any {
	if j.options.DataCenter {
		return map[string]any{"self": base + "/rest/api/2/user?username=" + u.Name, "name": u.Name, "key": "JIRAUSER" + u.Name, "displayName": u.DisplayName, "active": true}
	}
	return map[string]any{"self": base + "/rest/api/3/user?accountId=" + u.AccountID, "accountId": u.AccountID, "accountType": "atlassian", "displayName": u.DisplayName, "active": true}
}

func (j *Jira) myself(c *call) { c.write(http.StatusOK, j.userJSON(c.by)) }

func (j *Jira) myPermissions(c *call) {
	p := j.project(c.URL.Query().Get("projectKey"))
	if p == nil {
		c.refuse(http.StatusNotFound, "No project could be found with key '%s'.", c.URL.Query().Get("projectKey"))
		return
	}
	asked := strings.Split(c.URL.Query().Get("permissions"), ",")
	if j.options.DataCenter {
		asked = []string{"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ADD_COMMENTS", "LINK_ISSUES", "ASSIGN_ISSUES", "SCHEDULE_ISSUES"}
	} else if asked[0] == "" {
		c.refuse(http.StatusBadRequest, "The 'permissions' query parameter is required.")
		return
	}
	all := map[string]any{}
	for _, name := range asked {
		all[name] = map[string]any{"id": "1", "key": name, "name": name, "type": "PROJECT", "havePermission": j.may(c.by, p, name)}
	}
	c.write(http.StatusOK, map[string]any{"permissions": all})
}

// may says whether a user has a permission; people have all.
func (j *Jira) may(u User, p *Project, permission string) bool {
	return u.Name != Robot.Name || !slices.Contains(p.Denied, permission)
}

func (j *Jira) getPriorities(c *call) {
	var all []any
	for i, name := range j.options.Priorities {
		all = append(all, map[string]any{"self": base, "id": itoa(i + 1), "name": name, "statusColor": "#cccccc"})
	}
	c.write(http.StatusOK, all)
}

// resolutions are those of every site here.
var resolutions = []string{"Fertig", "Done", "Won't Do", "Duplicate", "Fixed"}

func (j *Jira) getLinkTypes(c *call) {
	all := []any{}
	for i, name := range j.options.LinkTypes {
		all = append(all, map[string]any{"id": itoa(10000 + i), "name": name, "inward": "is " + name, "outward": name})
	}
	c.write(http.StatusOK, map[string]any{"issueLinkTypes": all})
}

// projectOf is the project that a request names, if the user may see it. Otherwise the request is answered.
func (j *Jira) projectOf(c *call) *Project {
	p := j.project(c.PathValue("project"))
	if p == nil || !j.may(c.by, p, "BROWSE_PROJECTS") {
		c.refuse(http.StatusNotFound, "No project could be found with key '%s'.", c.PathValue("project"))
		return nil
	}
	return p
}

func (j *Jira) getProject(c *call) {
	p := j.projectOf(c)
	if p == nil {
		return
	}
	var types, components []any
	for i, t := range p.Types {
		types = append(types, map[string]any{"id": typeID(i), "name": t.Name, "subtask": false})
	}
	for i, name := range p.Components {
		components = append(components, map[string]any{"id": itoa(10200 + i), "name": name})
	}
	c.write(http.StatusOK, map[string]any{"id": j.projectID(p), "key": p.Key, "name": p.Key, "issueTypes": types, "components": components, "versions": []any{}})
}

// getStatuses are those that issues of each type can have.
func (j *Jira) getStatuses(c *call) {
	p := j.projectOf(c)
	if p == nil {
		return
	}
	var statuses, all []any
	for i := range p.Workflow.Statuses {
		statuses = append(statuses, j.statusJSON(&p.Workflow.Statuses[i]))
	}
	for i, t := range p.Types {
		all = append(all, map[string]any{"self": base, "id": typeID(i), "name": t.Name, "subtask": false, "statuses": statuses})
	}
	c.write(http.StatusOK, all)
}

// getAssignable finds who issues of a project can be assigned to: the Cloud knows them by account id, Data Center by name.
func (j *Jira) getAssignable(c *call) {
	q := c.URL.Query()
	p := j.project(q.Get("project"))
	if p == nil {
		c.refuse(http.StatusNotFound, "No project could be found with key '%s'.", q.Get("project"))
		return
	}
	found := []any{}
	for _, u := range j.users {
		if p.takes(u) && (!j.options.DataCenter && q.Get("accountId") == u.AccountID || j.options.DataCenter && q.Get("username") != "" && strings.HasPrefix(u.Name, q.Get("username"))) {
			found = append(found, j.userJSON(u))
		}
	}
	c.write(http.StatusOK, found)
}

func (p *Project) takes(u User) bool {
	return p.Assignable == nil || slices.Contains(p.Assignable, u.Name)
}

func typeID(i int) string { return itoa(10300 + i) }

// issueType is one of a project by id or name, nil if there is none.
func (p *Project) issueType(idOrName string) *IssueType {
	for i := range p.Types {
		if typeID(i) == idOrName || p.Types[i].Name == idOrName {
			return &p.Types[i]
		}
	}
	return nil
}

func (j *Jira) oldCreateMeta(c *call) {
	if j.options.DataCenter {
		c.refuse(http.StatusNotFound, "Issue Does Not Exist")
		return
	}
	c.refuse(http.StatusGone, "The requested API has been removed.")
}

func (j *Jira) getTypes(c *call) {
	p := j.projectOf(c)
	if p == nil {
		return
	}
	if !j.may(c.by, p, "CREATE_ISSUES") {
		c.refuse(http.StatusBadRequest, "You cannot create issues in this project.")
		return
	}
	all := []any{}
	for i, t := range p.Types {
		all = append(all, map[string]any{"self": base, "id": typeID(i), "name": t.Name, "subtask": false})
	}
	c.pageOf(j.options.DataCenter, "issueTypes", all)
}

// pageOf answers with a page: under "values" in Data Center, under a name of its own in the Cloud.
func (c *call) pageOf(dataCenter bool, name string, all []any) {
	from, to, size := c.page(len(all), 50)
	page := map[string]any{"startAt": from, "maxResults": size, "total": len(all)}
	if dataCenter {
		name = "values"
		page["isLast"] = to == len(all)
	}
	page[name] = all[from:to]
	c.write(http.StatusOK, page)
}

func (j *Jira) getTypeFields(c *call) {
	p := j.projectOf(c)
	if p == nil {
		return
	}
	t := p.issueType(c.PathValue("type"))
	if t == nil {
		c.refuse(http.StatusBadRequest, "No issue type could be found with id '%s'.", c.PathValue("type"))
		return
	}
	all := []any{}
	for _, f := range j.fields(p, t) {
		all = append(all, f.meta(j))
	}
	c.pageOf(j.options.DataCenter, "fields", all)
}
