package main

import (
	"bytes"
	"encoding/json"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// versionSays is what the command version writes.
func versionSays(t *testing.T, args ...string) string {
	t.Helper()
	return said(t, append([]string{"version"}, args...)...)
}

// said is what a command writes that passes. The environment names a version, as a job does that installs one.
func said(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	getenv := func(name string) string { return map[string]string{"HEADGATE_VERSION": "v1.2.3"}[name] }
	a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: getenv, now: time.Now}
	if status := a.run(t.Context(), args); status != statusPass {
		t.Fatalf("%v: status %d: %s", args, status, &stderr)
	}
	return stdout.String()
}

func TestVersionIsAFlagToo(t *testing.T) {
	if have, want := said(t, "--version"), versionSays(t); have != want {
		t.Errorf("--version says %q, and version %q", have, want)
	}
	if have := said(t); !strings.Contains(have, "Usage:") {
		t.Errorf("without it help is not shown, but %q", have)
	}
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

func TestVersionTellsWhatGoKnowsOfABuild(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	at := time.Date(2026, 11, 22, 7, 54, 47, 0, time.UTC)
	stamps := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: revision}, {Key: "vcs.time", Value: "2026-11-22T07:54:47Z"}, {Key: "vcs.modified", Value: modified}}
	}
	module := func(version string, settings []debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}, Settings: settings}
	}
	for name, c := range map[string]struct {
		info *debug.BuildInfo
		want build
	}{
		"no module":                        {nil, build{Version: "dev"}},
		"outside a checkout":               {module("(devel)", nil), build{Version: "dev"}},
		"a checkout":                       {module("v0.0.0-20261122075447-0123456789ab", stamps("false")), build{Version: "v0.0.0-20261122075447-0123456789ab", Commit: revision, Date: at}},
		"a checkout of a release":          {module("v1.2.3", stamps("false")), build{Version: "v1.2.3", Commit: revision, Date: at}},
		"a checkout with changes":          {module("v0.0.0-20261122075447-0123456789ab+dirty", stamps("true")), build{Version: "v0.0.0-20261122075447-0123456789ab+dirty", Commit: revision, Date: at, Modified: true}},
		"a checkout, by an older Go":       {module("(devel)", stamps("false")), build{Version: "dev-0123456789ab", Commit: revision, Date: at}},
		"an installed release":             {module("v1.2.3", nil), build{Version: "v1.2.3"}},
		"an installed candidate":           {module("v1.2.3-rc.1", nil), build{Version: "v1.2.3-rc.1"}},
		"an installed commit":              {module("v0.0.0-20261122075447-0123456789ab", nil), build{Version: "v0.0.0-20261122075447-0123456789ab", Commit: "0123456789ab", Date: at}},
		"an installed commit on a release": {module("v1.2.4-0.20261122075447-0123456789ab", nil), build{Version: "v1.2.4-0.20261122075447-0123456789ab", Commit: "0123456789ab", Date: at}},
	} {
		if got := madeFrom(c.info); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
