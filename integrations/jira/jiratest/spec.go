package jiratest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// A Spec is Atlassian's OpenAPI documents for Jira, to which requests and answers are held, so that neither those who send nor this Jira
// can drift from them. They describe the Cloud. Data Center has most resources of version 2 alike; where its answers are known to differ,
// requests alone are checked.
type Spec struct {
	t       testing.TB
	routers []routers.Router

	mu      sync.Mutex
	checked map[string]int // by method and path of the documents
}

// where the documents have a root that the tests' requests do not go to
const specHost = "your-domain.atlassian.net"

// NewSpec reads the documents from the folder openapi of the corpus, or skips the test where there is none.
func NewSpec(t testing.TB, corpus string) *Spec {
	t.Helper()
	s := &Spec{t: t, checked: map[string]int{}}
	for _, name := range []string{"jira-cloud-v3.json", "jira-cloud-v2-paths.json"} {
		data, err := os.ReadFile(filepath.Join(corpus, "openapi", name))
		if err != nil {
			t.Skip("the corpus with the OpenAPI documents is not here")
		}
		doc, err := openapi3.NewLoader().LoadFromData(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		relax(doc)
		router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation(), openapi3.DisableSchemaDefaultsValidation())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		s.routers = append(s.routers, router)
	}
	return s
}

// relax takes out of a document what real sites do not keep to.
func relax(doc *openapi3.T) {
	for _, schema := range doc.Components.Schemas {
		for _, property := range schema.Value.Properties {
			if property.Value.Format == "date-time" {
				property.Value.Format = "" // the document's own examples have zones without a colon: +0000
			}
		}
	}
	if fields := doc.Components.Schemas["IssueBean"].Value.Properties["fields"]; fields != nil {
		fields.Value.AdditionalProperties.Schema.Value.Nullable = true // a field that has no value is null
	}
	for path, item := range doc.Paths.Map() {
		if strings.HasSuffix(path, "/remotelink") {
			item.Get.Responses.Delete("200") // described as one link, with an example of a list
		}
	}
}

// Checked are the operations that were checked so far, as "POST /rest/api/3/issue".
func (s *Spec) Checked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for name := range s.checked {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}

// check holds one request and its answer to the documents. What they do not have, they say nothing of.
func (s *Spec) check(r *http.Request, body []byte, w *httptest.ResponseRecorder, answers bool) {
	in := r.Clone(context.Background())
	in.URL = &url.URL{Scheme: "https", Host: specHost, Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	in.Host = specHost
	in.Body = io.NopCloser(bytes.NewReader(body))
	for _, router := range s.routers {
		route, params, err := router.FindRoute(in)
		if err != nil {
			continue
		}
		s.mu.Lock()
		s.checked[r.Method+" "+route.Path]++
		s.mu.Unlock()
		options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc}
		input := &openapi3filter.RequestValidationInput{Request: in, PathParams: params, Route: route, Options: options}
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil && w.Code < 400 { // a refused one may be wrong
			s.t.Errorf("%s %s: the request is not as the document has it: %v", r.Method, r.URL.Path, err)
		}
		if !answers || w.Code >= 400 || w.Code == http.StatusNoContent || route.Operation.Responses.Status(w.Code) == nil {
			return
		}
		answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: w.Code, Header: w.Header(), Options: options}
		answer.SetBodyBytes(w.Body.Bytes())
		if err := openapi3filter.ValidateResponse(context.Background(), answer); err != nil {
			s.t.Errorf("%s %s: the answer is not as the document has it: %v", r.Method, r.URL.Path, err)
		}
		return
	}
}
