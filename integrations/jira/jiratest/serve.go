package jiratest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A Fault makes requests go wrong.
type Fault struct {
	Match  func(*http.Request) bool // nil: any request
	Times  int                      // how often; 0: once
	Skip   int                      // so many that match go well first
	After  bool                     // the request is carried out before it goes wrong: its answer is lost
	Cut    bool                     // the connection breaks
	Status int
	Header http.Header
	Body   string
}

// Fail lets requests go wrong from now on.
func (j *Jira) Fail(f Fault) {
	j.mu.Lock()
	defer j.mu.Unlock()
	f.Times = max(f.Times, 1)
	j.faults = append(j.faults, &f)
}

// Heal lets nothing go wrong any more.
func (j *Jira) Heal() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.faults = nil
}

// fault is what goes wrong with a request, nil for nothing.
func (j *Jira) fault(r *http.Request) *Fault {
	for _, f := range j.faults {
		if f.Times == 0 || f.Match != nil && !f.Match(r) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		f.Times--
		return f
	}
	return nil
}

// RoundTrip answers without a connection, for tests that make very many requests. A cut connection is io.ErrUnexpectedEOF.
func (j *Jira) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	w := httptest.NewRecorder()
	if cut := j.answer(w, in); cut {
		return nil, io.ErrUnexpectedEOF
	}
	res := w.Result()
	res.Request = r
	return res, nil
}

// ServeHTTP answers over a connection.
func (j *Jira) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if j.answer(w, r) {
		panic(http.ErrAbortHandler)
	}
}

// answer says whether the connection is to be cut instead.
func (j *Jira) answer(w http.ResponseWriter, r *http.Request) (cut bool) {
	j.mu.Lock()
	hook := j.hook
	j.mu.Unlock()
	if hook != nil {
		hook(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return true
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	j.mu.Lock()
	defer j.mu.Unlock()
	entry := Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Body: string(body)}
	if u := j.user(r); u != nil {
		entry.User = u.Name
	}
	fault := j.fault(r)
	out := httptest.NewRecorder()
	if fault == nil || fault.After {
		j.handle(out, r, body)
		entry.Status = out.Code
	}
	switch {
	case fault == nil:
	case fault.Cut:
		j.requests = append(j.requests, entry)
		return true
	default:
		out = httptest.NewRecorder()
		for name, values := range fault.Header {
			out.Header()[name] = values
		}
		entry.Status = fault.Status
		out.WriteHeader(fault.Status)
		out.WriteString(fault.Body)
	}
	j.requests = append(j.requests, entry)
	for name, values := range out.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(out.Code)
	w.Write(out.Body.Bytes())
	return false
}

func (j *Jira) handle(w *httptest.ResponseRecorder, r *http.Request, body []byte) {
	path, ok := strings.CutPrefix(r.URL.Path, j.prefix())
	if !ok {
		refuse(w, http.StatusNotFound, "No such site.")
		return
	}
	if j.user(r) == nil && !strings.HasSuffix(path, "/serverInfo") {
		w.Header().Set("WWW-Authenticate", `Basic realm="Jira"`)
		refuse(w, http.StatusUnauthorized, "You are not authenticated. Authentication required to perform this operation.")
		return
	}
	in := r.Clone(r.Context())
	in.URL.Path, in.URL.RawPath = path, ""
	in.Body = io.NopCloser(bytes.NewReader(body))
	c := &call{ResponseWriter: w, Request: in, v3: strings.HasPrefix(path, "/rest/api/3/")}
	if u := j.user(r); u != nil {
		c.by = *u
	}
	version, resource, _ := strings.Cut(strings.TrimPrefix(path, "/rest/api/"), "/")
	j.route(c, version, resource)
	if j.options.Check != nil {
		j.options.Check.check(in, body, w, !j.options.DataCenter) // Data Center names some things otherwise
	}
}

// user is who a request comes from: by e-mail address and token in Cloud, by token in Data Center.
func (j *Jira) user(r *http.Request) *User {
	for i := range j.users {
		u := &j.users[i]
		want := "Basic " + base64.StdEncoding.EncodeToString([]byte(u.Email+":"+u.Token))
		bearer := "Bearer " + u.Token
		has := r.Header.Get("Authorization")
		if has == bearer && (j.options.DataCenter || j.options.Gateway != "") || has == want && !j.options.DataCenter {
			return u
		}
	}
	return nil
}

// resources are all that are known here, below /rest/api/{version}/, without the version. What is named comes before what is any.
var resources = []struct {
	method, path string
	handle       func(*Jira, *call)
}{
	{"GET", "serverInfo", (*Jira).serverInfo},
	{"GET", "myself", (*Jira).myself},
	{"GET", "mypermissions", (*Jira).myPermissions},
	{"GET", "priority", (*Jira).getPriorities},
	{"GET", "issueLinkType", (*Jira).getLinkTypes},
	{"GET", "project/{project}", (*Jira).getProject},
	{"GET", "project/{project}/statuses", (*Jira).getStatuses},
	{"GET", "user/assignable/search", (*Jira).getAssignable},
	{"GET", "issue/createmeta", (*Jira).oldCreateMeta},
	{"GET", "issue/createmeta/{project}/issuetypes", (*Jira).getTypes},
	{"GET", "issue/createmeta/{project}/issuetypes/{type}", (*Jira).getTypeFields},
	{"GET", "search", (*Jira).oldSearch},
	{"POST", "search", (*Jira).oldSearch},
	{"POST", "search/jql", (*Jira).searchJQL},
	{"POST", "issue", (*Jira).postIssue},
	{"GET", "issue/{issue}", (*Jira).getIssue},
	{"PUT", "issue/{issue}", (*Jira).putIssue},
	{"GET", "issue/{issue}/comment", (*Jira).getComments},
	{"POST", "issue/{issue}/comment", (*Jira).postComment},
	{"GET", "issue/{issue}/transitions", (*Jira).getTransitions},
	{"POST", "issue/{issue}/transitions", (*Jira).postTransition},
	{"GET", "issue/{issue}/remotelink", (*Jira).getRemoteLinks},
	{"POST", "issue/{issue}/remotelink", (*Jira).postRemoteLink},
	{"GET", "issue/{issue}/properties/{key}", (*Jira).getProperty},
	{"PUT", "issue/{issue}/properties/{key}", (*Jira).putProperty},
	{"POST", "issueLink", (*Jira).postIssueLink},
}

// route calls what a path leads to. It fills in the parts of the path that stand for something.
func (j *Jira) route(c *call, version, path string) {
	parts := strings.Split(path, "/")
	if version != "2" && (version != "3" || j.options.DataCenter) {
		c.refuse(http.StatusNotFound, "null for uri: %s", c.URL.Path)
		return
	}
	for _, r := range resources {
		if r.method == c.Method && fits(strings.Split(r.path, "/"), parts, c.SetPathValue) {
			r.handle(j, c)
			return
		}
	}
	c.ResponseWriter.Header().Set("Content-Type", "text/html;charset=UTF-8") // as real ones do for what they do not know
	c.WriteHeader(http.StatusNotFound)
	io.WriteString(c.ResponseWriter, "<!DOCTYPE html><html><title>Oops, you've found a dead link.</title></html>")
}

// fits says whether a path is one of a pattern.
func fits(pattern, path []string, set func(name, value string)) bool {
	if len(pattern) != len(path) {
		return false
	}
	for n, p := range pattern {
		if strings.HasPrefix(p, "{") {
			set(strings.Trim(p, "{}"), path[n])
		} else if p != path[n] {
			return false
		}
	}
	return true
}

// A call is one request to one resource.
type call struct {
	http.ResponseWriter
	*http.Request
	v3 bool
	by User
}

// read decodes the body strictly: a name that Jira does not know is a mistake of ours.
func (c *call) read(v any) bool {
	if !strings.HasPrefix(c.Request.Header.Get("Content-Type"), "application/json") {
		refuse(c.ResponseWriter, http.StatusUnsupportedMediaType, "Unsupported Media Type")
		return false
	}
	d := json.NewDecoder(c.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		refuse(c.ResponseWriter, http.StatusBadRequest, "Invalid request payload. "+err.Error())
		return false
	}
	return true
}

func (c *call) write(status int, v any) {
	c.ResponseWriter.Header().Set("Content-Type", "application/json;charset=UTF-8")
	c.WriteHeader(status)
	json.NewEncoder(c.ResponseWriter).Encode(v)
}

func (c *call) refuse(status int, format string, a ...any) {
	refuse(c.ResponseWriter, status, fmt.Sprintf(format, a...))
}

// wrong answers with what is wrong with which field.
func (c *call) wrong(fields map[string]string) {
	c.write(http.StatusBadRequest, map[string]any{"errorMessages": []string{}, "errors": fields})
}

func refuse(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]any{"errorMessages": []string{message}, "errors": map[string]string{}})
}

// page cuts a page out of n things by startAt and maxResults of the query.
func (c *call) page(n, most int) (from, to, size int) {
	from, _ = strconv.Atoi(c.URL.Query().Get("startAt"))
	size, err := strconv.Atoi(c.URL.Query().Get("maxResults"))
	if err != nil || size <= 0 || size > most {
		size = most
	}
	from = min(max(from, 0), n)
	return from, min(from+size, n), size
}
