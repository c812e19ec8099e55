package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

const cleanSARIF = `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec"}}, "results": []}]}`

// start runs the program with an empty environment and standard input.
func start(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &err, getenv: func(string) string { return "" }, now: time.Now}
	status = a.run(t.Context(), args)
	return status, out.String(), err.String()
}

// resultOf runs the program, which must decide and write a result.
func resultOf(t *testing.T, args ...string) *engine.Result {
	t.Helper()
	status, stdout, stderr := start(t, append(args, "-o", "json")...)
	if status > statusBlocked {
		t.Fatalf("%v: status %d: %s", args, status, stderr)
	}
	var r engine.Result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return &r
}

func TestSettingsNameThreatDataBesideThemOrAnywhere(t *testing.T) {
	t.Chdir(t.TempDir())
	elsewhere := filepath.Join(t.TempDir(), "intel")
	writeFile(t, filepath.Join(elsewhere, "epss.csv"), intelEPSS)
	writeFile(t, "beside/feeds/epss.csv", intelEPSS)
	writeFile(t, "clean.sarif", cleanSARIF)
	for settings, text := range map[string]string{"absolute": elsewhere, "beside": "feeds"} {
		writeFile(t, settings+"/headgate.yaml", "intel: "+text+"\n")
		if r := resultOf(t, "gate", "--settings", settings, "clean.sarif"); r.Intel.EPSS == nil || r.Intel.EPSS.Model != "v2026.06.15" {
			t.Errorf("%s: gate has %+v", settings, r.Intel)
		}
		if _, stdout, _ := start(t, "intel", "show", "--settings", settings); !strings.Contains(stdout, "v2026.06.15") {
			t.Errorf("%s: show says\n%s", settings, stdout)
		}
	}
	writeFile(t, "absent/headgate.yaml", "intel: "+filepath.Join(elsewhere, "absent")+"\n")
	if status, _, stderr := start(t, "gate", "--settings", "absent", "clean.sarif"); status != statusUndecided || !strings.Contains(stderr, "absent is not there") {
		t.Errorf("status %d: %s", status, stderr)
	}
}

func TestAFolderOfReportsNamesTheRepositoryThatItIsIn(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	here, other, outside := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(here)
	for dir, name := range map[string]string{here: "acme/here", other: "acme/other"} {
		for _, args := range [][]string{{"init", "-q"}, {"remote", "add", "origin", "https://github.com/" + name}} {
			if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
				t.Fatalf("git %v: %v: %s", args, err, out)
			}
		}
	}
	for _, dir := range []string{here, other, outside} {
		writeFile(t, filepath.Join(dir, "reports", "clean.sarif"), cleanSARIF)
	}
	for _, c := range []struct{ arg, want string }{
		{filepath.Join(other, "reports"), "acme/other"},
		{filepath.Join(other, "reports", "clean.sarif"), "acme/other"},
		{"reports", "acme/here"},
		{filepath.Join(outside, "reports"), "acme/here"},
	} {
		if have := resultOf(t, "gate", c.arg).Change.Repository; have != c.want {
			t.Errorf("%s: have %q, want %q", c.arg, have, c.want)
		}
	}
	if have := resultOf(t, "gate", "--repository", "acme/named", filepath.Join(other, "reports")).Change.Repository; have != "acme/named" {
		t.Errorf("the flag does not win: have %q", have)
	}
}

func TestAnAgeIsAboveZero(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	for _, age := range []string{"0d", "000d", "0h", "-1h", "soon"} {
		writeFile(t, ".headgate/headgate.yaml", "expect:\n  - tool: gosec\n    max_age: "+age+"\n")
		if status, _, stderr := start(t, "gate", "clean.sarif"); status != statusSetup || !strings.Contains(stderr, "headgate.yaml:3: \""+age+"\" is no age") {
			t.Errorf("%s: status %d: %s", age, status, stderr)
		}
	}
}

func TestAPersonWithoutSettingsIsToldHowToHaveSome(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "clean.sarif", cleanSARIF)
	run := func(width int, env map[string]string) string {
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: time.Now, width: width, getenv: func(name string) string { return env[name] }}
		if status := a.run(t.Context(), []string{"gate", "clean.sarif"}); status != statusPass {
			t.Fatalf("status %d: %s", status, stderr.String())
		}
		return stderr.String()
	}
	if said := run(80, nil); !strings.Contains(said, "hint: nothing is set up here") {
		t.Errorf("a person is told %q", said)
	}
	for name, said := range map[string]string{"a pipe": run(0, nil), "a job": run(80, map[string]string{"GITHUB_EVENT_NAME": "push", "GITHUB_REPOSITORY": "acme/shop"})} {
		if strings.Contains(said, "set up") {
			t.Errorf("%s is told %q", name, said)
		}
	}
	writeFile(t, ".headgate/headgate.yaml", "")
	if said := run(80, nil); strings.Contains(said, "set up") {
		t.Errorf("who has settings is told %q", said)
	}
}
