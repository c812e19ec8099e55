package githubtest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/headgate/headgate/integrations/github/githubtest"
)

const (
	reviews = pull + "/reviews"
	remarks = pull + "/comments"
	checks  = "/repos/acme/shop/check-runs"
	sarifs  = "/repos/acme/shop/code-scanning/sarifs"
)

func remark(path string, line int) m {
	return m{"path": path, "line": line, "side": "RIGHT", "body": "look here"}
}

func TestReviewWithOneBadRemarkIsRefusedWhole(t *testing.T) {
	for name, c := range map[string]struct {
		remark m
		want   string
	}{
		"a line outside of the diff":       {remark("README", 1), "Line could not be resolved"},
		"a line past the end":              {remark("README", 100), "Line could not be resolved"},
		"line zero":                        {remark("README", 0), "Line could not be resolved"},
		"a file that did not change":       {remark("same.bin", 1), "Path could not be resolved"},
		"a removed line on the right side": {m{"path": "old.txt", "line": 1, "side": "RIGHT", "body": "x"}, "Line could not be resolved"},
		"lines in the wrong order":         {m{"path": "README", "line": 6, "start_line": 7, "body": "x"}, "Start line must precede the end line"},
		"a first line outside of the diff": {m{"path": "README", "line": 6, "start_line": 1, "body": "x"}, "Start line could not be resolved"},
		"no line":                          {m{"path": "README", "body": "x"}, "Position could not be resolved"},
		"no text":                          {m{"path": "README", "line": 6, "body": ""}, "Body can't be blank"},
		"too much text":                    {m{"path": "README", "line": 6, "body": strings.Repeat("x", 65537)}, "Body is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			r := s.must(422, s.send(s.token, "POST", reviews, m{"event": "COMMENT", "comments": []m{remark("README", 6), c.remark}}))
			if !strings.Contains(r.String(), c.want) {
				t.Errorf("got %v, want %q", r, c.want)
			}
			if len(s.pull.Reviews()) != 0 || len(s.pull.Threads()) != 0 {
				t.Error("a part of the review is there")
			}
			s.clean()
		})
	}
}

func TestReviewsAndTheirRemarks(t *testing.T) {
	s := newSetting(t)
	s.must(200, s.send(s.token, "POST", reviews, m{"event": "COMMENT", "body": "two", "commit_id": s.pull.HeadSHA(), "comments": []m{
		remark("README", 7), {"path": "README", "start_line": 4, "line": 6, "body": "three lines"}, {"path": "old.txt", "line": 1, "side": "LEFT", "body": "gone"},
	}}))
	got := s.must(200, s.send(s.token, "GET", remarks, nil)).body.([]any)
	if len(got) != 3 || got[0].(m)["diff_hunk"] != "@@ -3,7 +3,8 @@\n 3\n 4\n 5\n-6\n+six\n+6.5" || got[0].(m)["line"] != 7.0 || got[1].(m)["start_line"] != 4.0 {
		t.Fatalf("remarks: %v", got)
	}
	id := int64(got[0].(m)["id"].(float64))
	s.must(201, s.send(s.token, "POST", fmt.Sprintf("%s/%d/replies", remarks, id), m{"body": "a reply"}))
	s.must(201, s.send(s.token, "POST", remarks, m{"body": "another", "in_reply_to": id, "commit_id": s.pull.HeadSHA(), "path": "README"}))
	s.must(201, s.send(s.token, "POST", remarks, m{"body": "of the file", "commit_id": s.pull.HeadSHA(), "path": "new.go", "subject_type": "file"}))
	s.must(422, s.send(s.token, "POST", remarks, m{"body": "x", "commit_id": strings.Repeat("0", 40), "path": "README", "line": 6}))
	s.must(422, s.send(s.token, "POST", remarks, m{"body": "x", "commit_id": s.pull.HeadSHA(), "path": "README", "line": 1}))
	threads := s.pull.Threads()
	if len(threads) != 4 || len(threads[0].Comments) != 3 || threads[0].Comments[1].InReplyTo != id {
		t.Errorf("threads: %+v", threads)
	}

	// What is said of a line goes with it, until it changes.
	s.repo.Commit("feature", githubtest.Files{"README": "0\n" + strings.Replace(readme, "6\n", "six\n6.5\n", 1)})
	if got := s.must(200, s.send(s.token, "GET", fmt.Sprintf("/repos/acme/shop/pulls/comments/%d", id), nil)); got.get("line") != 8.0 || got.get("original_line") != 7.0 {
		t.Errorf("after a line above: %v of %v", got.get("line"), got.get("original_line"))
	}
	s.repo.Commit("feature", githubtest.Files{"README": readme + "13\n"})
	if got := s.send(s.token, "GET", fmt.Sprintf("/repos/acme/shop/pulls/comments/%d", id), nil); got.get("line") != nil {
		t.Errorf("after the line went: %v", got.get("line"))
	}

	s.must(200, s.send(s.token, "PATCH", fmt.Sprintf("/repos/acme/shop/pulls/comments/%d", id), m{"body": "changed"}))
	s.must(204, s.send(s.token, "DELETE", fmt.Sprintf("/repos/acme/shop/pulls/comments/%d", id), nil))
	s.must(404, s.send(s.token, "GET", fmt.Sprintf("/repos/acme/shop/pulls/comments/%d", id), nil))
	if got := s.must(200, s.send(s.token, "GET", reviews, nil)).body.([]any); len(got) != 4 || got[0].(m)["state"] != "COMMENTED" {
		t.Errorf("reviews: %v", got)
	}
	s.clean()
}

func TestReviewsByPeople(t *testing.T) {
	s := newSetting(t)
	dev, boss := s.Token(githubtest.Token{Login: "dev"}), s.Token(githubtest.Token{Login: "acme"})
	s.must(422, s.send(dev, "POST", reviews, m{"event": "APPROVE"}))
	s.must(422, s.send(boss, "POST", reviews, m{"event": "COMMENT"}))
	s.must(200, s.send(boss, "POST", reviews, m{"event": "APPROVE"}))
	s.pull.Review("other", "CHANGES_REQUESTED", "no")
	got := s.must(200, s.send(s.token, "GET", reviews, nil)).body.([]any)
	if len(got) != 2 || got[0].(m)["state"] != "APPROVED" || got[1].(m)["state"] != "CHANGES_REQUESTED" {
		t.Errorf("reviews: %v", got)
	}
	s.clean()
}

func annotations(n int) []m {
	all := make([]m, n)
	for i := range all {
		all[i] = m{"path": "README", "start_line": 1, "end_line": 1, "annotation_level": "warning", "message": fmt.Sprint(i)}
	}
	return all
}

func (s *setting) check(more m) m {
	body := m{"name": "headgate", "head_sha": s.pull.HeadSHA(), "conclusion": "failure", "output": m{"title": "t", "summary": "s"}}
	for k, v := range more {
		body[k] = v
	}
	return body
}

func TestCheckRunLimits(t *testing.T) {
	out := func(more m) m {
		o := m{"title": "t", "summary": "s"}
		for k, v := range more {
			o[k] = v
		}
		return m{"output": o}
	}
	one := func(more m) m {
		a := annotations(1)[0]
		for k, v := range more {
			a[k] = v
		}
		return out(m{"annotations": []m{a}})
	}
	for name, more := range map[string]m{
		"51 annotations":               out(m{"annotations": annotations(51)}),
		"a summary that is too long":   out(m{"summary": strings.Repeat("x", 65536)}),
		"a text that is too long":      out(m{"text": strings.Repeat("x", 65536)}),
		"no summary":                   {"output": m{"title": "t"}},
		"a title that is too long":     one(m{"title": strings.Repeat("x", 256)}),
		"a message that is too long":   one(m{"message": strings.Repeat("x", 64<<10+1)}),
		"a level that is none":         one(m{"annotation_level": "error"}),
		"line zero":                    one(m{"start_line": 0}),
		"columns on several lines":     one(m{"end_line": 2, "start_column": 1}),
		"a path from the root":         one(m{"path": "/README"}),
		"a conclusion that is none":    {"conclusion": "passed"},
		"a conclusion of GitHub alone": {"conclusion": "stale"},
		"completed without conclusion": {"conclusion": nil, "status": "completed"},
		"a commit that is not there":   {"head_sha": strings.Repeat("0", 40)},
		"no name":                      {"name": nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetting(t)
			body := s.check(more)
			for k, v := range body {
				if v == nil {
					delete(body, k)
				}
			}
			s.must(422, s.send(s.token, "POST", checks, body))
			if len(s.repo.CheckRuns()) != 0 {
				t.Error("it is there all the same")
			}
		})
	}
	s := newSetting(t)
	s.must(201, s.send(s.token, "POST", checks, s.check(out(m{"summary": strings.Repeat("x", 65535), "annotations": annotations(50)}))))
	s.clean()
}

func TestCheckRuns(t *testing.T) {
	s := newSetting(t)
	first := s.repo.Suite(s.pull.HeadSHA()) // of another workflow
	r := s.must(201, s.send(s.token, "POST", checks, s.check(m{"output": m{"title": "t", "summary": "s", "annotations": annotations(50)}})))
	if r.get("check_suite", "id") != float64(first) {
		t.Errorf("it is in suite %v, not in the first one %d", r.get("check_suite", "id"), first)
	}
	self := fmt.Sprintf("%s/%.0f", checks, r.get("id"))
	s.must(200, s.send(s.token, "PATCH", self, m{"output": m{"title": "t", "summary": "s", "annotations": annotations(7)}}))
	if n := len(s.must(200, s.send(s.token, "GET", self+"/annotations?per_page=100", nil)).body.([]any)); n != 57 {
		t.Errorf("%d annotations", n)
	}
	s.must(200, s.send(s.token, "GET", self, nil))
	s.must(201, s.send(s.token, "POST", checks, s.check(m{"conclusion": "success"})))
	of := "/repos/acme/shop/commits/" + s.pull.HeadSHA() + "/check-runs"
	if got := s.must(200, s.send(s.token, "GET", of, nil)); got.get("total_count") != 1.0 || got.get("check_runs").([]any)[0].(m)["conclusion"] != "success" {
		t.Errorf("the latest: %v", got)
	}
	if got := s.must(200, s.send(s.token, "GET", of+"?filter=all", nil)); got.get("total_count") != 2.0 {
		t.Errorf("all: %v", got)
	}
	s.clean()
	s.must(403, s.send(s.Token(githubtest.Token{Login: "acme"}), "POST", checks, s.check(nil)))
	s.must(403, s.send(s.repo.Actions("checks: read"), "POST", checks, s.check(nil)))
	other := s.Token(githubtest.Token{Login: "other[bot]", Permissions: map[string]string{"checks": "write"}})
	s.must(403, s.send(other, "PATCH", self, m{"conclusion": "success"}))
}

func packed(t *testing.T, content string) string {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := io.WriteString(z, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes())
}

const (
	sarifResult = `{"message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "README"}}}]}`
	sarifRun    = `{"tool": {"driver": {"name": "headgate"}}, "results": [%s]}`
	sarifFile   = `{"version": "2.1.0", "runs": [%s]}`
)

func TestSARIFUploads(t *testing.T) {
	s := newSetting(t)
	upload := func(more m) reply {
		body := m{"commit_sha": s.pull.HeadSHA(), "ref": "refs/pull/1/head", "sarif": packed(t, fmt.Sprintf(sarifFile, fmt.Sprintf(sarifRun, sarifResult)))}
		for k, v := range more {
			body[k] = v
		}
		return s.send(s.token, "POST", sarifs, body)
	}
	r := s.must(202, upload(m{"tool_name": "headgate"}))
	status := sarifs + "/" + r.get("id").(string)
	for _, want := range []string{"pending", "complete"} {
		if got := s.must(200, s.send(s.token, "GET", status, nil)); got.get("processing_status") != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
	s.must(202, upload(m{"commit_sha": s.pull.MergeSHA(), "ref": "refs/pull/1/merge"}))
	s.clean()
	for name, c := range map[string]struct {
		more   m
		status int
	}{
		"a short name of a branch":  {m{"ref": "main"}, 422},
		"a branch that is not":      {m{"ref": "refs/heads/none"}, 404},
		"a commit that is not":      {m{"commit_sha": strings.Repeat("0", 40)}, 404},
		"a short commit":            {m{"commit_sha": s.pull.HeadSHA()[:8]}, 422},
		"an unknown key":            {m{"category": "x"}, 422},
		"no Base64":                 {m{"sarif": "{}"}, 400},
		"not compressed":            {m{"sarif": base64.StdEncoding.EncodeToString([]byte("{}"))}, 400},
		"no SARIF":                  {m{"sarif": packed(t, `{"version": "2.1.0"}`)}, 400},
		"more than the most packed": {m{"sarif": base64.StdEncoding.EncodeToString(make([]byte, 10<<20+1))}, 413},
	} {
		if got := upload(c.more); got.status != c.status {
			t.Errorf("%s: got %v, want %d", name, got, c.status)
		}
	}
	for name, content := range map[string]string{
		"more than the most results": fmt.Sprintf(sarifFile, fmt.Sprintf(sarifRun, strings.Repeat(sarifResult+",", 25_000)+sarifResult)),
		"more than the most runs":    fmt.Sprintf(sarifFile, strings.Repeat(`{"results": []},`, 20)+`{"results": []}`),
		"a result without a place":   fmt.Sprintf(sarifFile, fmt.Sprintf(sarifRun, `{"message": {"text": "m"}}`)),
		"one category twice":         fmt.Sprintf(sarifFile, fmt.Sprintf(sarifRun, "")+","+fmt.Sprintf(sarifRun, "")),
	} {
		status := sarifs + "/" + s.must(202, upload(m{"sarif": packed(t, content)})).get("id").(string)
		s.send(s.token, "GET", status, nil)
		if got := s.send(s.token, "GET", status, nil); got.get("processing_status") != "failed" || len(got.get("errors").([]any)) == 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	s.must(403, s.send(s.repo.Actions("security-events: read"), "POST", sarifs, m{}))
	s.repo.CodeScanningOff()
	s.must(403, upload(nil))
}

func (s *setting) graph(token, api, query string, variables m) reply {
	s.t.Helper()
	return s.send(token, "POST", api, m{"query": query, "variables": variables})
}

const threadsQuery = `query($owner: String!, $name: String!, $number: Int!, $after: String) {
  viewer { login }
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviewThreads(first: 1, after: $after) { pageInfo { hasNextPage endCursor } nodes { id isResolved isOutdated line path
      comments(first: 10) { nodes { databaseId body viewerDidAuthor author { login __typename ... on Bot { id } } } } } } } } }`

func TestGraphQL(t *testing.T) {
	for _, api := range []string{"/graphql", "/api/graphql"} {
		s := newSetting(t)
		s.must(200, s.send(s.token, "POST", reviews, m{"event": "COMMENT", "comments": []m{remark("README", 6), remark("README", 7)}}))
		full := s.repo.Actions("pull-requests: write", "contents: write")
		vars := m{"owner": "acme", "name": "shop", "number": 1}
		r := s.must(200, s.graph(full, api, threadsQuery, vars))
		if r.get("data", "viewer", "login") != "github-actions[bot]" {
			t.Errorf("viewer: %v", r)
		}
		connection := r.get("data", "repository", "pullRequest", "reviewThreads").(m)
		thread := connection["nodes"].([]any)[0].(m)
		first := thread["comments"].(m)["nodes"].([]any)[0].(m)
		if author := first["author"].(m); author["login"] != "github-actions" || author["__typename"] != "Bot" || author["id"] == nil || first["viewerDidAuthor"] != true {
			t.Errorf("author: %v", first)
		}
		info := connection["pageInfo"].(m)
		vars["after"] = info["endCursor"]
		r = s.must(200, s.graph(full, api, threadsQuery, vars))
		second := r.get("data", "repository", "pullRequest", "reviewThreads", "nodes").([]any)[0].(m)
		if info["hasNextPage"] != true || second["line"] != 7.0 || second["id"] == thread["id"] {
			t.Errorf("pages: %v, then %v", connection, r)
		}

		const resolve = `mutation($id: ID!) { resolveReviewThread(input: {threadId: $id}) { thread { isResolved } } }`
		if r := s.must(200, s.graph(s.token, api, resolve, m{"id": thread["id"]})); r.get("data", "resolveReviewThread") != nil ||
			r.get("errors").([]any)[0].(m)["type"] != "FORBIDDEN" {
			t.Errorf("without contents: write: %v", r)
		}
		if r := s.must(200, s.graph(full, api, resolve, m{"id": thread["id"]})); r.get("errors") != nil || !s.pull.Threads()[0].Resolved {
			t.Errorf("resolving: %v", r)
		}
		if r := s.must(200, s.graph(full, api, resolve, m{"id": "PRRT_none"})); r.get("errors").([]any)[0].(m)["type"] != "NOT_FOUND" {
			t.Errorf("a thread that is not there: %v", r)
		}
		id := s.pull.Comment("dev", "to be hidden")
		const nodeOf = `query($n: Int!) { repository(owner: "acme", name: "shop") { pullRequest(number: $n) { comments(last: 1) { nodes { id databaseId } } } } }`
		last := s.must(200, s.graph(full, api, nodeOf, m{"n": 1})).get("data", "repository", "pullRequest", "comments", "nodes").([]any)[0].(m)
		if last["databaseId"] != float64(id) {
			t.Errorf("the last comment: %v", last)
		}
		const minimize = `mutation($id: ID!) { minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { minimizedComment { isMinimized minimizedReason } } }`
		s.must(200, s.graph(s.token, api, minimize, m{"id": last["id"]}))
		if got := s.pull.Comments()[0]; got.Minimized != "OUTDATED" {
			t.Errorf("minimised: %+v", got)
		}
		readOnly := s.repo.Actions("pull-requests: read")
		if r := s.must(200, s.graph(readOnly, api, minimize, m{"id": last["id"]})); r.get("errors").([]any)[0].(m)["type"] != "FORBIDDEN" {
			t.Errorf("a read-only token: %v", r)
		}
		s.must(401, s.graph("", api, minimize, m{"id": last["id"]}))
		s.clean()
		writes := 0
		for _, r := range s.Writes() {
			if r.Path == "/graphql" {
				writes++
			}
		}
		if writes != 6 {
			t.Errorf("%d GraphQL writes, want the six mutations", writes)
		}
	}
}

func TestGraphQLIsStrict(t *testing.T) {
	for name, query := range map[string]string{
		"a field that is not there":       `{ viewer { nickname } }`,
		"a missing argument":              `{ repository(owner: "acme") { id } }`,
		"a wrong type":                    `{ repository(owner: "acme", name: 1) { id } }`,
		"no selection":                    `{ viewer }`,
		"no query at all":                 `{ viewer { login }`,
		"a variable that is not declared": `{ repository(owner: $o, name: "shop") { id } }`,
	} {
		s := newSetting(t)
		r := s.must(200, s.graph(s.token, "/graphql", query, nil))
		if r.get("errors") == nil || r.get("data") != nil || len(s.violations) == 0 {
			t.Errorf("%s: %v, violations %q", name, r, s.violations)
		}
	}
	for name, selection := range map[string]string{"no page": "reviewThreads", "a page of 101": "reviewThreads(first: 101)"} {
		s := newSetting(t)
		r := s.must(200, s.graph(s.token, "/graphql", `{ repository(owner: "acme", name: "shop") { pullRequest(number: 1) { `+selection+` { totalCount } } } }`, nil))
		if r.get("errors") == nil {
			t.Errorf("%s: %v", name, r)
		}
	}
}

func TestContentsAndObjects(t *testing.T) {
	s := newSetting(t)
	repo := "/repos/acme/shop"
	head := s.repo.Commit("feature", githubtest.Files{".headgate/policies/a b.rego": "package a\n", "link": "symlink:README", "big.txt": strings.Repeat("x", 1<<20+1)})
	for path, want := range map[string]int{
		"/contents/README?ref=feature": 200, "/contents/.headgate/policies/a%20b.rego?ref=" + head: 200, "/contents/.headgate?ref=feature": 200,
		"/contents/link?ref=feature": 200, "/contents/big.txt?ref=feature": 200, "/contents/none": 404, "/contents/link": 404, "/contents/?ref=none": 404, "/contents/": 200,
		"/git/trees/" + head + "?recursive=1": 200, "/git/trees/none": 404, "/git/blobs/none": 404, "/branches/feature": 200, "/branches/none": 404,
		"/git/ref/heads/feature": 200, "/git/ref/heads/none": 404, "/commits/feature": 200, "/commits?sha=feature&path=README": 200, "/commits/none": 422,
		"/compare/main...feature": 200, "/compare/main...none": 404, "/pulls/1/commits": 200, "/collaborators/acme/permission": 200,
	} {
		if r := s.send(s.token, "GET", repo+path, nil); r.status != want {
			t.Errorf("%s: %v, want %d", path, r, want)
		}
	}
	file := s.must(200, s.send(s.token, "GET", repo+"/contents/README?ref=main", nil))
	content, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(file.get("content").(string), "\n", ""))
	if err != nil || string(content) != readme {
		t.Errorf("content: %q, %v", content, err)
	}
	if big := s.send(s.token, "GET", repo+"/contents/big.txt?ref=feature", nil); big.get("encoding") != "none" || big.get("content") != "" {
		t.Errorf("a large file: %v", big.get("encoding"))
	}
	if tree := s.send(s.token, "GET", repo+"/git/trees/"+head+"?recursive=1", nil); len(tree.get("tree").([]any)) != 8 {
		t.Errorf("the tree: %v", tree)
	}
	if got := s.send(s.token, "GET", repo+"/commits?sha=feature&path=README", nil).body.([]any); len(got) != 2 {
		t.Errorf("%d commits changed the file", len(got))
	}
	s.repo.Commit("main", githubtest.Files{"later": "x\n"})
	if got := s.send(s.token, "GET", repo+"/compare/main...feature", nil); got.get("status") != "diverged" || got.get("merge_base_commit", "sha") != s.pull.BaseSHA() ||
		got.get("ahead_by") != 2.0 || got.get("behind_by") != 1.0 {
		t.Errorf("compared: %v %v %v", got.get("status"), got.get("ahead_by"), got.get("behind_by"))
	}
	r := s.graph(s.token, "/graphql", `{ repository(owner: "acme", name: "shop") { object(expression: "feature:README") { ... on Blob { text isBinary } } none: object(expression: "main:none") { oid } } }`, nil)
	if text, _ := r.get("data", "repository", "object", "text").(string); !strings.HasPrefix(text, "1\n2\n") || r.get("data", "repository", "none") != nil {
		t.Errorf("by GraphQL: %v", r)
	}
	s.clean()
	private := s.repo.Private()
	s.must(403, s.send(private.Actions("pull-requests: write"), "GET", repo+"/contents/README", nil))
}

func TestArtifactsAreOnAnotherHost(t *testing.T) {
	s := newSetting(t)
	fork := s.repo.Fork("mallory")
	fork.Commit("main", githubtest.Files{"x": "x\n"})
	run := s.repo.Pull(githubtest.PullOptions{Head: "main", From: fork}).WorkflowRun("gate", "failure")
	own := s.pull.WorkflowRun("gate", "success")
	zipped := githubtest.Zip(map[string]string{"result.json": "{}"})
	id := run.Upload("headgate", zipped)
	at := fmt.Sprintf("/repos/acme/shop/actions/runs/%d", run.ID())
	r := s.must(200, s.send(s.token, "GET", at, nil))
	if len(r.get("pull_requests").([]any)) != 0 || r.get("head_repository", "full_name") != "mallory/shop" {
		t.Errorf("of a fork: %v", r)
	}
	r = s.must(200, s.send(s.token, "GET", fmt.Sprintf("/repos/acme/shop/actions/runs/%d", own.ID()), nil))
	if len(r.get("pull_requests").([]any)) != 1 {
		t.Errorf("of the repository itself: %v", r)
	}
	if r := s.must(200, s.send(s.token, "GET", at+"/artifacts?name=headgate", nil)); r.get("total_count") != 1.0 {
		t.Errorf("artifacts: %v", r)
	}
	if r := s.must(200, s.send(s.token, "GET", at+"/artifacts?name=other", nil)); r.get("total_count") != 0.0 {
		t.Errorf("artifacts of another name: %v", r)
	}
	artifact := fmt.Sprintf("/repos/acme/shop/actions/artifacts/%d", id)
	s.must(200, s.send(s.token, "GET", artifact, nil))
	s.must(401, s.send("", "GET", artifact+"/zip", nil))
	r = s.must(302, s.send(s.token, "GET", artifact+"/zip", nil))
	s.clean()
	to := r.header.Get("Location")
	if strings.HasPrefix(to, s.Cloud.API) {
		t.Errorf("the storage is no other host: %s", to)
	}
	get := func(address, token string) (int, []byte) {
		req, err := http.NewRequest("GET", address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if token != "" {
			req.Header.Set("Authorization", "Bearer "+token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		content, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, content
	}
	if code, content := get(to, ""); code != 200 || !bytes.Equal(content, zipped) {
		t.Errorf("got %d, %q", code, content)
	}
	if code, _ := get(strings.Replace(to, "sig=", "sig=x", 1), ""); code != 403 {
		t.Errorf("with another signature: %d", code)
	}
	if code, _ := get(to, s.token); code != 401 || len(s.violations) != 1 {
		t.Errorf("with the token: %d, violations %q", code, s.violations)
	}
	run.Expire()
	s.must(410, s.send(s.token, "GET", artifact+"/zip", nil))
	s.must(403, s.send(s.repo.Private().Actions("contents: read"), "GET", at, nil))
}
