package githubtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// The published descriptions of the API, each read once and when it is first needed; nil where they are not at hand.
var (
	cloudAPI      = sync.OnceValue(func() *openapi3.T { return description("github.json") })
	enterpriseAPI = sync.OnceValue(func() *openapi3.T { return description("github-enterprise-3.19.json") })
)

// Described says whether requests and answers are held against the published API here: whether its descriptions are in the folder
// openapi of HEADGATE_CORPUS, or of ../shared/corpus beside the repository.
func Described() bool { return cloudAPI() != nil && enterpriseAPI() != nil }

func description(name string) *openapi3.T {
	corpus := os.Getenv("HEADGATE_CORPUS")
	if corpus == "" {
		root, err := os.Getwd()
		for err == nil && root != filepath.Dir(root) {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Dir(root)
		}
		corpus = filepath.Join(filepath.Dir(root), "shared", "corpus")
	}
	data, err := os.ReadFile(filepath.Join(corpus, "openapi", name))
	if err != nil {
		return nil
	}
	doc, err := openapi3.NewLoader().LoadFromData(data)
	if err != nil {
		panic(fmt.Sprintf("githubtest: %s: %v", name, err))
	}
	// GitHub gives null for the repository of a fork that was deleted and for the line of a remark that is outdated, and its descriptions
	// do not say so.
	mayBeNull(doc.Components.Schemas["pull-request"].Value.Properties["head"].Value, "repo")
	mayBeNull(doc.Components.Schemas["pull-request-simple"].Value.Properties["head"].Value, "repo")
	mayBeNull(doc.Components.Schemas["pull-request-review-comment"].Value, "line")
	mayBeNull(doc.Components.Schemas["pull-request-review-comment"].Value, "position")
	return doc
}

func mayBeNull(of *openapi3.Schema, property string) {
	value := *of.Properties[property].Value // a copy: other places refer to the same schema
	value.Nullable = true
	of.Properties[property] = openapi3.NewSchemaRef("", &value)
}

// unlisted are the statuses that GitHub gives to any request, and that the descriptions leave out of many.
var unlisted = []int{
	http.StatusMovedPermanently, http.StatusTemporaryRedirect, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
	http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusTooManyRequests,
}

// violations are where a call and its answer do not fit the published API.
func (c *call) violations(a answer) []string {
	if c.route == nil {
		if a.status == http.StatusNotFound && c.path != "/rate_limit" {
			return []string{fmt.Sprintf("%s %s is no operation that is known here", c.r.Method, c.path)}
		}
		return nil
	}
	doc := cloudAPI()
	if c.root == c.g.Enterprise.API {
		doc = enterpriseAPI()
	}
	if doc == nil {
		return nil
	}
	item := doc.Paths.Find(c.route.template)
	if item == nil || item.GetOperation(c.route.method) == nil {
		return nil // the descriptions at hand are cut to what matters most
	}
	op := item.GetOperation(c.route.method)
	req := c.r.Clone(context.Background())
	req.URL = &url.URL{Path: c.path, RawQuery: c.r.URL.RawQuery}
	req.Body = io.NopCloser(bytes.NewReader(c.body))
	vars := maps.Clone(c.vars)
	if path, ok := vars["path"]; ok && path == "" {
		vars["path"] = "." // the topmost folder: the description wants a name, GitHub takes none
	}
	in := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: vars,
		Route: &routers.Route{Spec: doc, Path: c.route.template, PathItem: item, Method: c.route.method, Operation: op},
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, SkipSettingDefaults: true, MultiError: true, IncludeResponseStatus: true,
		},
	}
	var all []string
	if err := openapi3filter.ValidateRequest(context.Background(), in); err != nil {
		all = append(all, fmt.Sprintf("request %s %s: %s", c.r.Method, c.path, brief(err)))
	}
	if op.Responses.Status(a.status) == nil && slices.Contains(unlisted, a.status) {
		if o, isObject := a.body.(object); !isObject || o["message"] == nil {
			all = append(all, fmt.Sprintf("answer %d to %s %s has no message", a.status, c.r.Method, c.path))
		}
		return all
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	content := a.raw
	if a.kind != "" {
		header.Set("Content-Type", a.kind)
	} else if a.body != nil {
		content = encode(a.body)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: a.status, Header: header, Options: in.Options}
	out.SetBodyBytes(content)
	if err := openapi3filter.ValidateResponse(context.Background(), out); err != nil {
		all = append(all, fmt.Sprintf("answer %d to %s %s: %s", a.status, c.r.Method, c.path, brief(err)))
	}
	return all
}

// brief leaves out the schemas and values, of which the errors print all.
func brief(err error) string {
	var lines []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "Schema:") || strings.HasPrefix(line, "Value:") {
			break
		} else if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
