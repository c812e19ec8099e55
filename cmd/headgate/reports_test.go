package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// An open standard input that nothing comes through must not hold a run beyond its deadline.
func TestADeadlineHoldsWhileAReportIsWaitedFor(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	in, open := io.Pipe()
	defer open.Close()
	var stderr bytes.Buffer
	a := &app{stdin: in, stdout: io.Discard, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
	status := a.run(t.Context(), []string{"gate", "--deadline", "20ms", "clean.sarif", "-"})
	if want := "headgate: error: the deadline of 20ms has passed\n"; status != statusUndecided || stderr.String() != want {
		t.Errorf("status %d: %q, want %q", status, stderr.String(), want)
	}
}

// What is wrong with one report is said although another is still waited for.
func TestABrokenReportIsSaidWhileAnotherIsWaitedFor(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "broken.sarif", cleanSARIF[:40])
	in, open := io.Pipe()
	defer open.Close()
	var stderr bytes.Buffer
	a := &app{stdin: in, stdout: io.Discard, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
	if status := a.run(t.Context(), []string{"gate", "broken.sarif", "-"}); status != statusUndecided || !strings.Contains(stderr.String(), "broken.sarif") {
		t.Errorf("status %d: %s", status, stderr.String())
	}
}

func TestPatternsCrossFoldersAndPassOverWhatAWalkPassesOver(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.sarif", "x/b.sarif", "x/y/c.sarif", "x/y/c.json", ".hidden/d.sarif", "x/.e.sarif", "node_modules/f.sarif", "x/testdata/g.sarif"} {
		writeFile(t, name, cleanSARIF)
	}
	for pattern, want := range map[string][]string{
		"**/*.sarif":       {"a.sarif", "x/b.sarif", "x/y/c.sarif"},
		"x/**/*.sarif":     {"x/b.sarif", "x/y/c.sarif"},
		"*/*.sarif":        {"x/b.sarif"},
		"x/y/*.{sarif,js}": {"x/y/c.sarif"},
		".hidden/*":        {".hidden/d.sarif"},
		"x/.*":             {"x/.e.sarif"},
		"./node_modules/*": {"node_modules/f.sarif"},
		"x/*":              {"x/b.sarif", "x/y/c.json", "x/y/c.sarif"}, // y is a folder
	} {
		files, err := findReports([]string{pattern})
		var have []string
		for _, f := range files {
			have = append(have, f.name)
		}
		if err != nil || !slices.Equal(have, want) {
			t.Errorf("%s: have %v, %v, want %v", pattern, have, err, want)
		}
	}
	for _, pattern := range []string{"**/*.xml", "node_modul*/*", "x/[", "absent/**"} {
		if files, err := findReports([]string{pattern}); err == nil {
			t.Errorf("%s: have %v and no error", pattern, files)
		}
	}
	if err := os.Symlink(filepath.Join("..", "x"), filepath.Join("x", "round")); err != nil {
		t.Skip("no symbolic links here")
	}
	if files, err := findReports([]string{"x/**/*.sarif"}); err == nil || !strings.Contains(err.Error(), "the link leads to itself") {
		t.Errorf("have %v, %v", files, err)
	}
}

// A file that was cut is a report that a scanner could not finish, in whatever case its name is written.
func TestADamagedFileIsNoteworthyWhateverTheCaseOfItsName(t *testing.T) {
	for _, name := range []string{"scan.json", "SCAN.JSON", "Scan.Sarif"} {
		t.Chdir(t.TempDir())
		writeFile(t, "reports/"+name, "Segmentation fault\n")
		writeFile(t, "reports/clean.sarif", cleanSARIF)
		if status, _, stderr := start(t, "gate", "reports"); status != statusUndecided || !strings.Contains(stderr, name) {
			t.Errorf("%s: status %d: %s", name, status, stderr)
		}
	}
}
