package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTheKeyOfSecretsComesFromEnvironmentFlagOrSettings(t *testing.T) {
	t.Chdir(t.TempDir())
	const keyA, keyB = "0123456789abcdef-A", "0123456789abcdef-B"
	writeFile(t, "leak.json", `[{"RuleID":"generic-api-key","Secret":"hunter2","Match":"p = hunter2","File":"a.env","StartLine":3,"Commit":""}]`)
	writeFile(t, "keys/a", keyA+"\n")
	writeFile(t, "keys/short", "hunter2")
	writeFile(t, "with/headgate.yaml", "secrets_key_file: ../keys/a\n")
	writeFile(t, "bad/headgate.yaml", "secrets_key_file: absent\n")
	run := func(env string, args ...string) (int, string, string) {
		var out, errs bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now, getenv: func(name string) string {
			if name == "HEADGATE_SECRET_KEY" {
				return env
			}
			return ""
		}}
		status := a.run(t.Context(), append([]string{"findings", "leak.json", "-o", "json"}, args...))
		return status, out.String(), errs.String()
	}
	_, none, _ := run("")
	_, a, _ := run(keyA)
	_, b, _ := run(keyB)
	if none == a || a == b || none == b || a == "" {
		t.Error("two keys give one document")
	}
	for what, args := range map[string][]string{"flag": {"--secrets-key-file", "keys/a"}, "settings": {"--settings", "with"}} {
		if _, have, stderr := run("", args...); have != a {
			t.Errorf("the key by %s: %s %s", what, have, stderr)
		}
	}
	if _, have, _ := run(keyB, "--settings", "with"); have != b {
		t.Error("the environment does not go before the settings")
	}
	for what, args := range map[string][]string{"a short key": {"--secrets-key-file", "keys/short"}, "no file": {"--settings", "bad"}, "a folder": {"--secrets-key-file", "keys"}} {
		status, _, stderr := run("", args...)
		if status != statusSetup || !strings.Contains(stderr, "the key of secrets") || strings.Contains(stderr, "hunter2") {
			t.Errorf("%s: status %d: %s", what, status, stderr)
		}
	}
}
