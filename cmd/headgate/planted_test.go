package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine/report"
)

// planted is what marks the values of secrets in the reports of engine/ingest/testdata/planted.
var planted = regexp.MustCompile(`(?i)planted-|4f1c9e7a2b`)

func TestNoOutputHasTheValueOfASecret(t *testing.T) {
	reports, err := filepath.Abs(filepath.Join("..", "..", "engine", "ingest", "testdata", "planted"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS("reports", os.DirFS(reports)); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join("reports", "*"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d reports: %v", len(files), err)
	}
	// Each report alone, so that one which cannot be read hides no other; then all of them, as sources of the same findings.
	inputs := append(files, "reports")
	if err := os.Mkdir("broken", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		content := readFile(t, f)
		writeFile(t, filepath.Join("broken", filepath.Base(f)), content[:strings.LastIndex(content, "PLANTED")+10])
	}
	inputs = append(inputs, "broken")
	whole, cut := map[string]string{}, map[string]string{}
	for _, f := range files {
		whole[filepath.Base(f)], cut[filepath.Base(f)] = readFile(t, f), readFile(t, filepath.Join("broken", filepath.Base(f)))
	}
	gitleaks := whole["gitleaks-8.json"]
	writeFile(t, "all.zip", packZip(t, whole))
	writeFile(t, "gitleaks.json.gz", packGzip(t, gitleaks))
	writeFile(t, "broken.zip", packZip(t, cut))
	writeFile(t, "broken.json.gz", packGzip(t, gitleaks)[:len(packGzip(t, gitleaks))-12])
	inputs = append(inputs, "all.zip", "gitleaks.json.gz", "broken.zip", "broken.json.gz")
	for _, in := range inputs {
		formats := []string{"text", "table", "markdown", "json", "sarif"}
		args := []string{"gate", in, "--allow-incomplete", "gitlab-secrets.json", "--allow-incomplete", "trufflehog.json"} // whose scans failed
		for _, f := range formats {
			args = append(args, "-o", f+"=out/"+f)
		}
		if err := os.MkdirAll("out", 0o755); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := start(t, args...)
		said := map[string]string{"gate's output": stdout, "gate's errors": stderr}
		if broken := strings.HasPrefix(in, "broken"); broken != (status == statusUndecided) || status == statusSetup {
			t.Errorf("%s: status %d: %s", in, status, stderr)
		}
		for _, f := range report.FindingsFormats() {
			_, said["findings as "+f.Name], said["errors of findings as "+f.Name] = start(t, "findings", in, "-o", f.Name)
		}
		written := 0
		err := filepath.WalkDir("out", func(path string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				said[path] = readFile(t, path)
				written++
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if written < len(formats) && !strings.HasPrefix(in, "broken") {
			t.Errorf("%s: only %d of %d outputs are written: %s", in, written, len(formats), stderr)
		}
		for what, text := range said {
			if at := planted.FindStringIndex(text); at != nil {
				t.Errorf("%s, %s: …%s…", in, what, text[max(0, at[0]-150):min(len(text), at[1]+50)])
			}
		}
		if err := os.RemoveAll("out"); err != nil {
			t.Fatal(err)
		}
	}
}
