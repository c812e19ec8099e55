package jiratest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// oldSearch is the search by offset: what Data Center has, and what the Cloud had.
func (j *Jira) oldSearch(c *call) {
	if !j.options.DataCenter {
		c.refuse(http.StatusGone, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046")
		return
	}
	if c.Method != http.MethodPost {
		c.refuse(http.StatusNotImplemented, "Only searches by POST are known here.")
		return
	}
	var ask struct {
		JQL        string   `json:"jql"`
		StartAt    int      `json:"startAt"`
		MaxResults *int     `json:"maxResults"`
		Fields     []string `json:"fields"`
	}
	if !c.read(&ask) {
		return
	}
	q, err := parseJQL(ask.JQL)
	if err != nil {
		c.refuse(http.StatusBadRequest, "Error in the JQL Query: %s", err)
		return
	}
	found, versions := j.search(c, q, nil)
	size := j.options.PageSize
	if ask.MaxResults != nil {
		size = min(size, *ask.MaxResults)
	}
	from := min(max(ask.StartAt, 0), len(found))
	shown := []any{}
	for n := from; n < min(from+size, len(found)); n++ {
		shown = append(shown, j.issueJSON(found[n], versions[n], ask.Fields, nil, false))
	}
	c.write(http.StatusOK, map[string]any{"startAt": from, "maxResults": size, "total": len(found), "issues": shown})
}

// searchJQL is the search of the Cloud, page after page by token.
func (j *Jira) searchJQL(c *call) {
	if j.options.DataCenter {
		c.refuse(http.StatusNotFound, "null for uri: %s", c.URL.Path)
		return
	}
	var ask struct {
		JQL        string   `json:"jql"`
		Token      string   `json:"nextPageToken"`
		MaxResults *int     `json:"maxResults"`
		Fields     []string `json:"fields"`
		Properties []string `json:"properties"`
		Reconcile  []int64  `json:"reconcileIssues"`
	}
	if !c.read(&ask) {
		return
	}
	q, err := parseJQL(ask.JQL)
	switch {
	case err != nil:
		c.refuse(http.StatusBadRequest, "Error in the JQL Query: %s", err)
		return
	case len(q.projects)+len(q.labels) == 0:
		c.refuse(http.StatusBadRequest, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
		return
	case len(ask.Reconcile) > 50 || len(ask.Properties) > 5:
		c.refuse(http.StatusBadRequest, "At most 50 issues can be reconciled, and 5 properties asked for.")
		return
	}
	after, ok := token(ask.Token, ask.JQL)
	if !ok {
		c.refuse(http.StatusBadRequest, "The provided next page token is invalid or expired.")
		return
	}
	found, versions := j.search(c, q, ask.Reconcile)
	size := j.options.PageSize
	if ask.MaxResults != nil {
		size = min(size, *ask.MaxResults)
	}
	from := 0
	if after > 0 {
		if from = slices.IndexFunc(found, func(i *issue) bool { return i.id != after && i.id > after != q.newest }); from < 0 {
			from = len(found)
		}
	}
	to := min(from+size, len(found))
	shown := []any{}
	for n := from; n < to; n++ {
		shown = append(shown, j.issueJSON(found[n], versions[n], ask.Fields, ask.Properties, c.v3))
	}
	page := map[string]any{"issues": shown, "isLast": to == len(found)}
	if to < len(found) {
		page["nextPageToken"] = strconv.FormatInt(found[to-1].id, 10) + ":" + strconv.Itoa(len(ask.JQL))
	}
	c.write(http.StatusOK, page)
}

// token is the id after which the page of a token starts. It is only good for the query that it was given for.
func token(s, jql string) (after int64, ok bool) {
	if s == "" {
		return 0, true
	}
	id, of, _ := strings.Cut(s, ":")
	after, err := strconv.ParseInt(id, 10, 64)
	return after, err == nil && of == strconv.Itoa(len(jql))
}

// search finds issues by id as the index has them, but those to be reconciled as they are.
func (j *Jira) search(c *call, q *jql, reconcile []int64) ([]*issue, []*version) {
	var found []*issue
	var versions []*version
	for _, id := range slices.Sorted(maps.Keys(j.issues)) {
		i := j.issues[id]
		if v := j.seen(i, slices.Contains(reconcile, id)); v != nil && q.matches(i, v) && j.may(c.by, i.project, "BROWSE_PROJECTS") {
			found, versions = append(found, i), append(versions, v)
		}
	}
	if q.newest {
		slices.Reverse(found)
		slices.Reverse(versions)
	}
	return found, versions
}
