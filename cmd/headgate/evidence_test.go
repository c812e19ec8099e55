package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/evidence"
	"github.com/headgate/headgate/engine/report"
)

// Whatever a run is given that is secret, and whatever secrets scanners found, must not be in what goes to auditors.
func TestNoSecretAndNoTokenIsInEvidence(t *testing.T) {
	t.Chdir(t.TempDir())
	const found = "hunter2-hunter2-hunter2"
	writeFile(t, "leak.json", `[{"RuleID":"generic-api-key","Secret":"`+found+`","Match":"password = `+found+`","File":"a.env","StartLine":3,"Commit":""}]`)
	key, err := evidence.GenerateKey(bytes.NewReader(bytes.Repeat([]byte("k"), 64)))
	if err != nil {
		t.Fatal(err)
	}
	private, err := key.PEM()
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]string{"GITHUB_TOKEN": "ghs_16C7e42F292c6912E7710c838347Ae178B4a", "HEADGATE_GITHUB_TOKEN": "ghp_another", "JIRA_TOKEN": "ATATT3xFfGF0",
		"HEADGATE_JIRA_TOKEN": "ATATT3xAnother", "HEADGATE_SECRET_KEY": "0123456789abcdef-A", "HEADGATE_EVIDENCE_KEY": string(private),
		"ACTIONS_ID_TOKEN_REQUEST_TOKEN": "eyJhbGciOi", "CI_JOB_TOKEN": "glcbt-64"}
	env := maps.Clone(secrets)
	env["GITHUB_RUN_ID"], env["GITHUB_ACTOR"] = "7", "ana"
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now, getenv: func(name string) string { return env[name] }}
	if status := a.run(t.Context(), []string{"gate", "leak.json", "--evidence", "evidence"}); status > statusBlocked {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	b, err := evidence.OpenBundle(os.DirFS("evidence"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["found"], secrets["signs"] = found, strings.Split(string(private), "\n")[1]
	for _, part := range evidence.Parts {
		data, err := evidence.Document(context.Background(), b, part)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		if e, err := evidence.OpenEnvelope(data, nil); err == nil {
			data = append(data, e.Payload...)
		}
		for name, secret := range secrets {
			if bytes.Contains(data, []byte(secret)) {
				t.Errorf("%s has %s", part, name)
			}
		}
		if part == evidence.PartTerms && !bytes.Contains(data, []byte(`"actor":"ana"`)) {
			t.Error("the terms do not say who started the run, so that this test looks at nothing")
		}
	}
	exports := [][]string{{"show", "evidence", "0"}, {"show", "evidence", "0", "-o", "json"}, {"receipt", "evidence", "0"}, {"population", "evidence", "-o", "csv"},
		{"population", "evidence", "-o", "json"}, {"sample", "evidence", "-o", "json"}, {"replay", "evidence", "-o", "json"}}
	for _, f := range report.Formats() {
		exports = append(exports, []string{"export", "evidence", "-o", f.Name})
	}
	for _, args := range exports {
		out.Reset()
		errs.Reset()
		if status := a.run(t.Context(), append([]string{"evidence"}, args...)); status != statusPass || out.Len() == 0 && args[0] != "export" {
			t.Errorf("%v: status %d: %s", args, status, errs.String())
		}
		for name, secret := range secrets {
			if strings.Contains(out.String()+errs.String(), secret) {
				t.Errorf("%v writes %s", args, name)
			}
		}
	}
	if strings.Contains(errs.String(), secrets["signs"]) || strings.Contains(out.String(), found) {
		t.Error("the output has a secret")
	}
}
