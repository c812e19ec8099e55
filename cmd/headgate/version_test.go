package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// versionSays is what the command version writes.
func versionSays(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
	if status := a.run(t.Context(), append([]string{"version"}, args...)); status != statusPass {
		t.Fatalf("version %v: status %d: %s", args, status, &stderr)
	}
	return stdout.String()
}

func TestVersionNamesThePolicyAsResultsDo(t *testing.T) {
	text := versionSays(t, "-o", "json")
	if err := valid(t, versionSchema, text); err != nil {
		t.Error(err)
	}
	var b build
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	var stdout, stderr bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
	if status := a.run(t.Context(), []string{"gate", "clean.sarif", "-o", "json"}); status != statusPass {
		t.Fatalf("status %d: %s", status, &stderr)
	}
	var result struct {
		Policy struct{ Digest string }
		Engine struct{ Headgate, OPA string }
	}
	if err := json.Unmarshal(stdout.Bytes(), &result); err != nil {
		t.Fatal(err)
	}
	if result.Policy.Digest == "" || result.Policy.Digest != b.Policy || result.Engine.Headgate != b.Version || result.Engine.OPA != b.OPA {
		t.Errorf("the result names %+v, and the version %+v", result, b)
	}
}

func TestVersionTellsWhatTheReleaseBuildSets(t *testing.T) {
	defer func(v, c, d string) { version, commit, commitDate = v, c, d }(version, commit, commitDate)
	version, commit, commitDate = "v1.2.3", "0123456789abcdef0123456789abcdef01234567", "2026-11-22T05:00:00+01:00"
	text := versionSays(t)
	for _, want := range []string{"headgate v1.2.3\n", "commit   0123456789abcdef0123456789abcdef01234567\n", "date     2026-11-22T04:00:00Z\n", "opa      1.", "go       go1.", "packs    sha256:"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q:\n%s", want, text)
		}
	}
	if err := valid(t, versionSchema, versionSays(t, "-o", "json")); err != nil {
		t.Error(err)
	}
}
