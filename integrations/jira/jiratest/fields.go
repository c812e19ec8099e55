package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of Jira.
const (
	mostText     = 32767
	mostSummary  = 255
	mostLabel    = 255
	mostProperty = 32768
	mostComments = 5000
	mostRemote   = 2000
)

// fields are those of the screens of an issue type: the system's, and its own.
func (j *Jira) fields(p *Project, t *IssueType) []Field {
	all := []Field{
		{ID: "summary", Name: "Summary", Type: "string", Required: true},
		{ID: "project", Name: "Project", Type: "project", Required: true},
		{ID: "issuetype", Name: "Issue Type", Type: "issuetype", Required: true},
		{ID: "description", Name: "Description", Type: "textarea"},
		{ID: "labels", Name: "Labels", Type: "labels"},
		{ID: "priority", Name: "Priority", Type: "priority", Allowed: j.options.Priorities, Default: true},
		{ID: "duedate", Name: "Due date", Type: "date"},
		{ID: "assignee", Name: "Assignee", Type: "user"},
		{ID: "components", Name: "Components", Type: "components", Allowed: p.Components},
		{ID: "reporter", Name: "Reporter", Type: "user", Required: true, Default: true},
	}
	if !j.options.DataCenter {
		all = append(all, Field{ID: "parent", Name: "Parent", Type: "issuelink"})
	}
	return append(all, t.Fields...)
}

func (f *Field) meta(j *Jira) map[string]any {
	schema := map[string]any{"type": f.Type}
	switch f.Type {
	case "textarea":
		schema["type"] = "string"
		if strings.HasPrefix(f.ID, "customfield_") {
			schema["custom"] = "com.atlassian.jira.plugin.system.customfieldtypes:textarea"
		}
	case "labels":
		schema = map[string]any{"type": "array", "items": "string", "system": "labels"}
	case "components":
		schema = map[string]any{"type": "array", "items": "component", "system": "components"}
	case "array":
		schema["items"] = "option"
	}
	m := map[string]any{"required": f.Required, "schema": schema, "name": f.Name, "fieldId": f.ID, "hasDefaultValue": f.Default, "operations": []string{"set"}}
	if !j.options.DataCenter {
		m["key"] = f.ID
	}
	if f.Allowed != nil {
		allowed := []any{}
		for i, a := range f.Allowed {
			allowed = append(allowed, map[string]any{"id": itoa(i + 1), "name": a, "value": a})
		}
		m["allowedValues"] = allowed
	}
	return m
}

// check reads the value of a field as a request has it. wrong is what Jira says of a value that it does not take.
func (j *Jira) check(p *Project, f *Field, value json.RawMessage, v3 bool) (v any, wrong string) {
	if json.Unmarshal(value, &v) != nil {
		return nil, "not JSON"
	}
	if v == nil {
		if f.Required {
			return nil, f.Name + " is required."
		}
		return nil, ""
	}
	switch f.Type {
	case "string":
		return v, checkLine(f, v)
	case "textarea":
		return v, checkText(v, v3)
	case "labels":
		return v, checkLabels(v)
	case "number":
		if _, ok := v.(float64); !ok {
			return nil, "Operation value must be a number"
		}
	case "date":
		s, ok := v.(string)
		if _, err := time.Parse(time.DateOnly, s); !ok || err != nil {
			return nil, "Error parsing date string: " + fmt.Sprint(v)
		}
	case "user":
		return v, j.checkUser(p, v)
	case "priority":
		return v, named(v, "name", f.Allowed, "The priority selected is invalid.")
	case "option":
		return v, named(v, "value", f.Allowed, fmt.Sprintf("Option value '%v' is not valid", v))
	case "components":
		return v, eachNamed(v, "name", f.Allowed, "Component name '%v' is not valid")
	case "array":
		return v, eachNamed(v, "value", f.Allowed, "Option '%v' is not valid")
	case "issuelink":
		key, _ := one(v, "key")
		if j.find(key) == nil {
			return nil, "Could not find valid 'id' or 'key' for parent."
		}
	}
	return v, ""
}

func checkLine(f *Field, v any) string {
	s, ok := v.(string)
	switch {
	case !ok:
		return "Operation value must be a string"
	case strings.ContainsAny(s, "\r\n"):
		return "The " + strings.ToLower(f.Name) + " is invalid because it contains newline characters."
	case f.Required && strings.TrimSpace(s) == "":
		return "You must specify a " + strings.ToLower(f.Name) + " of the issue."
	case utf16Len(s) > mostSummary:
		return f.Name + " can't exceed 255 characters."
	}
	return ""
}

// utf16Len counts as Java does.
func utf16Len(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// checkText is for text of several lines: a document of Atlassian's format in version 3 of the API, a string in version 2.
func checkText(v any, v3 bool) string {
	if v3 {
		if err := CheckADF(v); err != nil {
			return "Operation value must be an Atlassian Document (see the Atlassian Document Format): " + err.Error()
		}
		if b, _ := json.Marshal(v); utf16Len(string(b)) > mostText {
			return "CONTENT_LIMIT_EXCEEDED"
		}
		return ""
	}
	s, ok := v.(string)
	switch {
	case !ok:
		return "Operation value must be a string"
	case utf16Len(s) > mostText:
		return "The entered text is too long. It exceeds the allowed limit of 32,767 characters."
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }):
		return "The text has invalid characters."
	}
	return ""
}

func checkLabels(v any) string {
	list, ok := v.([]any)
	if !ok {
		return "data was not an array"
	}
	for _, l := range list {
		if wrong := checkLabel(l); wrong != "" {
			return wrong
		}
	}
	return ""
}

func checkLabel(v any) string {
	s, ok := v.(string)
	switch {
	case !ok:
		return "string expected"
	case strings.ContainsAny(s, " \t\n"):
		return fmt.Sprintf("The label '%s' contains spaces which is invalid.", s)
	case s == "" || utf16Len(s) > mostLabel:
		return "The label is longer than 255 characters, or empty."
	}
	return ""
}

func (j *Jira) checkUser(p *Project, v any) string {
	name, by := "name", func(u User) string { return u.Name }
	if !j.options.DataCenter {
		name, by = "accountId", func(u User) string { return u.AccountID }
	}
	who, ok := one(v, name)
	if !ok {
		return "expected Object with " + name
	}
	if !slices.ContainsFunc(j.users, func(u User) bool { return by(u) == who && p.takes(u) }) {
		return fmt.Sprintf("User '%s' cannot be assigned issues.", who)
	}
	return ""
}

// one is the only member of an object, by name.
func one(v any, name string) (string, bool) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return "", false
	}
	s, ok := m[name].(string)
	return s, ok
}

func named(v any, name string, allowed []string, wrong string) string {
	if s, ok := one(v, name); !ok || !slices.Contains(allowed, s) {
		return wrong
	}
	return ""
}

func eachNamed(v any, name string, allowed []string, wrong string) string {
	list, ok := v.([]any)
	if !ok {
		return "data was not an array"
	}
	for _, e := range list {
		if named(e, name, allowed, "x") != "" {
			return fmt.Sprintf(wrong, e)
		}
	}
	return ""
}

// An edit is what the body of a create, an edit or a transition asks for.
type edit struct {
	Fields     map[string]json.RawMessage              `json:"fields"`
	Update     map[string][]map[string]json.RawMessage `json:"update"`
	Properties []struct {
		Key   string          `json:"key"`
		Value json.RawMessage `json:"value"`
	} `json:"properties"`
	Transition *struct {
		ID string `json:"id"`
	} `json:"transition"`
}

// A checked edit can be carried out.
type checked struct {
	fields   map[string]any
	labels   func([]string) []string
	comments []any
}

// checkEdit reads all that an edit asks for, or says what is wrong with which field.
func (j *Jira) checkEdit(p *Project, on []Field, e *edit, v3 bool) (*checked, map[string]string) {
	done, wrong := &checked{fields: map[string]any{}, labels: func(l []string) []string { return l }}, map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(e.Fields)) {
		f := field(on, id)
		if f == nil {
			wrong[id] = fmt.Sprintf("Field '%s' cannot be set. It is not on the appropriate screen, or unknown.", id)
			continue
		}
		v, why := j.check(p, f, e.Fields[id], v3)
		if why != "" {
			wrong[id] = why
		} else if id == "labels" {
			done.labels = func([]string) []string { return unique(v) }
		} else {
			done.fields[id] = v
		}
	}
	for _, id := range slices.Sorted(maps.Keys(e.Update)) {
		if _, both := e.Fields[id]; both {
			wrong[id] = fmt.Sprintf("Field '%s' cannot be appear in both 'fields' and 'update'", id)
		} else if why := j.checkUpdate(done, on, id, e.Update[id], v3); why != "" {
			wrong[id] = why
		}
	}
	for _, property := range e.Properties {
		if property.Key == "" || len(property.Key) > 255 || len(property.Value) > mostProperty || len(property.Value) == 0 {
			wrong["properties"] = "The property is invalid or too long."
		}
	}
	return done, wrong
}

// checkUpdate reads verbs: those of labels and comments.
func (j *Jira) checkUpdate(done *checked, on []Field, id string, verbs []map[string]json.RawMessage, v3 bool) string {
	for _, verb := range verbs {
		for name, value := range verb {
			switch {
			case id == "labels" && (name == "add" || name == "remove"):
				var label any
				if err := json.Unmarshal(value, &label); err != nil || checkLabel(label) != "" {
					return checkLabel(label)
				}
				before, s := done.labels, label.(string)
				done.labels = func(l []string) []string {
					l = slices.DeleteFunc(slices.Clone(before(l)), func(has string) bool { return has == s })
					if name == "add" {
						l = append(l, s)
					}
					return l
				}
			case id == "comment" && name == "add":
				var c struct{ Body any }
				if err := json.Unmarshal(value, &c); err != nil || checkText(c.Body, v3) != "" {
					return "Comment body is not valid! " + checkText(c.Body, v3)
				}
				done.comments = append(done.comments, c.Body)
			default:
				return fmt.Sprintf("Field '%s' does not support operation '%s'.", id, name)
			}
		}
	}
	return ""
}

func unique(v any) []string {
	var all []string
	for _, l := range v.([]any) {
		if s := l.(string); !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

func field(on []Field, id string) *Field {
	for i := range on {
		if on[i].ID == id {
			return &on[i]
		}
	}
	return nil
}
