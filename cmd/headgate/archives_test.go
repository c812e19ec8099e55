package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

const findingSARIF = `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec", "rules": []}}, "results": [
  {"ruleId": "G304", "message": {"text": "file inclusion"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.go"}, "region": {"startLine": 3}}}]}]}]}`

func packGzip(t *testing.T, content string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func packZip(t *testing.T, files map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, content := range files {
		to, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(to, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// understood runs findings and gives the reports that it lists.
func understood(t *testing.T, stdin string, args ...string) (status int, reports []engine.Report, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(stdin), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
	status = a.run(t.Context(), append([]string{"findings", "-o", "json"}, args...))
	var doc struct{ Reports []engine.Report }
	if out.Len() > 0 {
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
	}
	return status, doc.Reports, errs.String()
}

func TestPackedReportsAreReadWhereverReportsAre(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "plain.sarif", findingSARIF)
	writeFile(t, "in/scan.sarif.gz", packGzip(t, findingSARIF))
	writeFile(t, "in/artifact.zip", packZip(t, map[string]string{"results/scan.sarif": findingSARIF, "LICENSE": "words", "node_modules/x.sarif": "{}", "package.json": `{"name": "x"}`}))
	writeFile(t, "in/sources.zip", packZip(t, map[string]string{"main.go": "package main"}))
	writeFile(t, "unnamed", packGzip(t, findingSARIF))
	_, plain, _ := understood(t, "", "plain.sarif")
	for _, c := range []struct {
		stdin string
		args  []string
		want  []string
	}{
		{args: []string{"in"}, want: []string{"in/artifact.zip/results/scan.sarif", "in/scan.sarif.gz"}},
		{args: []string{"in/*.gz"}, want: []string{"in/scan.sarif.gz"}},
		{args: []string{"in/artifact.zip"}, want: []string{"in/artifact.zip/results/scan.sarif"}},
		{args: []string{"unnamed"}, want: []string{"unnamed"}},
		{stdin: packGzip(t, findingSARIF), args: []string{"-"}, want: []string{"-"}},
		{stdin: packZip(t, map[string]string{"a.sarif": findingSARIF}), args: []string{"-"}, want: []string{"-/a.sarif"}},
	} {
		status, reports, stderr := understood(t, c.stdin, c.args...)
		var have []string
		for _, r := range reports {
			have = append(have, r.Name)
			if r.Digest != plain[0].Digest || r.Findings != 1 {
				t.Errorf("%v: %s has the digest %s and %d findings", c.args, r.Name, r.Digest, r.Findings)
			}
		}
		if status != statusPass || strings.Join(have, " ") != strings.Join(c.want, " ") {
			t.Errorf("%v: status %d, reports %q, want %q: %s", c.args, status, have, c.want, stderr)
		}
	}
	if status, _, stderr := understood(t, "", "in/sources.zip"); status != statusUndecided || !strings.Contains(stderr, "the archive holds none") {
		t.Errorf("an archive without reports: status %d: %s", status, stderr)
	}
}

// A scan in an archive is as old as the archive, whose entries may carry any date.
func TestAReportInAnArchiveIsAsOldAsTheArchive(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "a.zip", packZip(t, map[string]string{"scan.sarif": cleanSARIF}))
	writeFile(t, ".headgate/headgate.yaml", "expect:\n  - path: scan.sarif\n    max_age: 2d\n")
	for age, want := range map[time.Duration]int{time.Hour: statusPass, 72 * time.Hour: statusUndecided} {
		at := time.Now().Add(-age)
		if err := os.Chtimes("a.zip", at, at); err != nil {
			t.Fatal(err)
		}
		if status, _, stderr := start(t, "gate", "a.zip"); status != want {
			t.Errorf("%s: status %d: %s", age, status, stderr)
		}
	}
}

func TestFindingsShowWhatCanBeReadBesideWhatCannot(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "in/good.sarif", findingSARIF)
	writeFile(t, "in/cut.sarif", findingSARIF[:80])
	writeFile(t, "in/empty.json", "")
	writeFile(t, "in/also-empty.json", "")
	writeFile(t, "in/part.zip", packZip(t, map[string]string{"good.sarif": findingSARIF, "cut.sarif": findingSARIF[:80]}))
	if err := os.Symlink("nowhere", filepath.Join("in", "dangling.json")); err != nil {
		t.Skip("no symbolic links here")
	}
	status, reports, stderr := understood(t, "", "in")
	if status != statusUndecided || len(reports) != 2 {
		t.Errorf("status %d with %d reports", status, len(reports))
	}
	for _, want := range []string{
		"headgate: refused: in/cut.sarif: not valid SARIF", "headgate: refused: in/empty.json: the file is empty", "headgate: refused: in/part.zip/cut.sarif: ",
		"headgate: refused: read in/dangling.json: ", "headgate: summary: 7 files: 2 reports in 1 format, 5 refused\n",
		"headgate: summary: 2 findings in reports, 1 after correlation\nheadgate: summary: 1 merged, 0 from several tools\n",
		"headgate: summary: 2 refused: empty: the scan wrote no result\n", "headgate: error: 5 reports refused",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("%q is not in\n%s", want, stderr)
		}
	}
	_, stdout, _ := start(t, "findings", "-o", "json", "in")
	var doc struct {
		Refused []report.Refusal
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || len(doc.Refused) != 5 {
		t.Errorf("%d refused in JSON, %v", len(doc.Refused), err)
	}
	if i := slices.IndexFunc(doc.Refused, func(r report.Refusal) bool { return r.Name == "in/empty.json" }); i < 0 || !strings.Contains(doc.Refused[i].Error, "is empty") {
		t.Errorf("refused: %+v", doc.Refused)
	}
	if status, stdout, _ := start(t, "gate", "in"); status != statusUndecided || stdout != "" {
		t.Errorf("the gate: status %d: %s", status, stdout)
	}
}

// Each of n folders has two links to the next: 2^n ways lead to the last.
func TestAFolderIsWalkedOnceHoweverManyLinksLeadThere(t *testing.T) {
	t.Chdir(t.TempDir())
	const deep = 40
	for i := range deep {
		dir := filepath.Join("all", "d"+string(rune('A'+i)))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, link := range []string{"x", "y"} {
			if err := os.Symlink(filepath.Join("..", "..", "all", "d"+string(rune('A'+i+1))), filepath.Join(dir, link)); err != nil {
				t.Skip("no symbolic links here")
			}
		}
	}
	writeFile(t, filepath.Join("all", "d"+string(rune('A'+deep)), "scan.sarif"), cleanSARIF)
	files, err := findReports([]string{filepath.Join("all", "dA")})
	if err != nil || len(files) != 1 || files[0].err != nil {
		t.Errorf("%+v, %v", files, err)
	}
}
