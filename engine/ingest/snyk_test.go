package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
)

func TestSnykReportsAreReadAsTheirGoldens(t *testing.T) {
	for _, name := range []string{"snyk-projects.json", "snyk-container.json"} {
		t.Run(name, func(t *testing.T) { golden(t, name, Options{Repository: "acme/shop"}) })
	}
}

// snykReport is a project with these rows, and these ignored ones.
func snykReport(rows, ignored string) string {
	return `{"vulnerabilities":[` + rows + `],"ok":false,"packageManager":"npm","filtered":{"ignore":[` + ignored + `],"patch":[]},"projectName":"a","path":"/a"}`
}

func TestSnykIgnoresCountOnlyIfNoPathIsLeft(t *testing.T) {
	row := `{"id":"SNYK-JS-A-1","packageName":"a","name":"a","version":"1.0.0","filtered":{"ignored":[{"reason":"why","source":"api"}]}}`
	for _, c := range []struct{ rows, ignored, want string }{
		{row, "", ""},
		{row, row, ""},
		{"", row, "external: why"},
		{"", strings.Replace(row, "api", "cli", 1), "in_source: why"},
	} {
		report, found := readDocument(t, snykReport(c.rows, c.ignored))
		got := ""
		if s := found[0].Finding.Suppression; s != nil {
			got = s.Kind + ": " + s.Justification
		}
		if len(found) != 1 || got != c.want || report.Findings != 1 {
			t.Errorf("%d findings, suppressed by %q, want one by %q", len(found), got, c.want)
		}
	}
}

func TestSnykErrorsMakeTheReportIncomplete(t *testing.T) {
	failed := `{"ok":false,"error":"Could not detect supported target files in /a.","path":"/a"}`
	for _, doc := range []string{failed, "[" + failed + "]", "[" + strings.Replace(snykReport("", ""), `"ok":false`, `"ok":true`, 1) + "," + failed + "]"} {
		report, _ := readDocument(t, doc)
		if report.Complete || !strings.Contains(report.Incomplete, "Could not detect") {
			t.Errorf("%s is complete: %v, %q", doc, report.Complete, report.Incomplete)
		}
	}
}

func TestSnykReachabilityOfAFindingIsThatOfItsBestKnownPath(t *testing.T) {
	for _, c := range []struct{ rows, want string }{
		{"function", "reachable"}, {"reachable", "reachable"}, {"package", "potential"}, {"no-path-found", "potential"}, {"not-applicable", ""},
		{"no-path-found function", "reachable"}, {"function no-path-found", "reachable"}, {"no-info package", "potential"},
	} {
		var rows []string
		for _, r := range strings.Fields(c.rows) {
			rows = append(rows, fmt.Sprintf(`{"id":"SNYK-JS-A-1","packageName":"a","version":"1.0.0","reachability":%q}`, r))
		}
		_, found := readDocument(t, snykReport(strings.Join(rows, ","), ""))
		got := ""
		if r := found[0].Reachability; r != nil {
			got = r.Verdict
		}
		if len(found) != 1 || got != c.want {
			t.Errorf("%s: %d findings, %q, want one, %q", c.rows, len(found), got, c.want)
		}
	}
}

func TestSnykFindsTheImageBehindAProject(t *testing.T) {
	for _, c := range []struct{ name, path, want string }{
		{"docker-image|acme/shop", "acme/shop:1.2/shop", "acme/shop:1.2"},
		{"docker-image|acme/shop", "acme/shop:1.2", "acme/shop:1.2"},
		{"docker-image|acme/shop", "docker-archive:shop.tar", "acme/shop"},
		{"docker-image|localhost:5000/shop", "localhost:5000/shop:1", "localhost:5000/shop:1"},
		{"shop", "/builds/shop", ""},
	} {
		if got := (&snykProject{name: c.name, path: c.path}).reference(); got != c.want {
			t.Errorf("%s at %s is the image %q, want %q", c.name, c.path, got, c.want)
		}
	}
}

func TestSnykCountsAFindingOfSeveralProjectsOnce(t *testing.T) {
	project := func(file, version string) string {
		return fmt.Sprintf(`{"vulnerabilities":[{"id":"SNYK-JS-A-1","packageName":"a","version":%q,"from":["p","a"]}],"ok":false,"packageManager":"npm","displayTargetFile":%q}`, version, file)
	}
	_, found := readDocument(t, "["+project("a/package.json", "1.0.0")+","+project("b/package.json", "1.1.0")+"]")
	f := found[0].Finding
	if len(found) != 1 || fmt.Sprint(f.Package.Versions) != "[1.0.0 1.1.0]" || len(f.Locations) != 2 || found[0].Target != (engine.Target{Type: engine.TargetRepository, Name: "acme/shop"}) {
		t.Errorf("read as %+v %+v", found, f.Package)
	}
}
