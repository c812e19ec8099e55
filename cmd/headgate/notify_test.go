package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/headgate/headgate/engine/report"
	"github.com/headgate/headgate/integrations/notify"
)

const notifyKey = "0123456789abcdef0123456789abcdef"

// told runs gate with webhooks in the settings, and gives what each path of a server was sent.
func told(t *testing.T, settings string, env map[string]string, answer int, args ...string) (status int, stderr string, sent map[string][]byte) {
	t.Helper()
	sent = map[string][]byte{}
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get(notify.SignatureHeader) != notify.Signature([]byte(notifyKey), body) {
			t.Errorf("%s is not signed by the key", r.URL.Path)
		}
		mu.Lock()
		sent[r.URL.Path] = body
		mu.Unlock()
		w.WriteHeader(answer)
	}))
	defer server.Close()
	t.Chdir(t.TempDir())
	writeFile(t, ".headgate/headgate.yaml", strings.ReplaceAll(settings, "URL", server.URL))
	writeFile(t, "clean.sarif", cleanSARIF)
	writeFile(t, "hit.sarif", strings.Replace(cleanSARIF, `"results": []`, `"results": [{"ruleId": "G304", "level": "error", "message": {"text": "opens <!channel> a file"},
		"locations": [{"physicalLocation": {"artifactLocation": {"uri": "open.go"}, "region": {"startLine": 3}}}]}]`, 1))
	writeFile(t, "broken.sarif", "{")
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now, getenv: func(name string) string {
		return strings.ReplaceAll(env[name], "URL", server.URL)
	}}
	status = a.run(t.Context(), append([]string{"gate"}, args...))
	return status, errs.String(), sent
}

func TestWebhooksAreToldWhatARunCameTo(t *testing.T) {
	settings := "notify:\n" +
		"  - {url: URL/all, key_env: KEY}\n" +
		"  - {url_env: HOOK, key_env: KEY, on: [block, undecided]}\n" +
		"  - {url: URL/nightly, key_env: KEY, events: [schedule]}\n"
	env := map[string]string{"KEY": notifyKey, "HOOK": "URL/hidden"}
	for file, c := range map[string]struct {
		status int
		paths  string
		want   string
	}{
		"clean.sarif":  {statusPass, "/all", `"outcome": "pass"`},
		"hit.sarif":    {statusBlocked, "/all /hidden", `"headline": "blocked by 1 of 1 finding"`},
		"broken.sarif": {statusUndecided, "/all /hidden", `"outcome": "undecided"`},
	} {
		t.Run(file, func(t *testing.T) {
			status, stderr, sent := told(t, settings, env, http.StatusNoContent, "--event", "manual", "--fail-on", "track*", file)
			var paths []string
			for _, p := range []string{"/all", "/hidden", "/nightly"} {
				if body, ok := sent[p]; ok {
					paths = append(paths, p)
					if err := valid(t, report.NotificationSchema(), string(body)); err != nil {
						t.Errorf("%s: %v\n%s", p, err, body)
					}
					if !strings.Contains(string(body), c.want) || strings.Contains(string(body), "channel") {
						t.Errorf("%s has no %s or has text of a finding:\n%s", p, c.want, body)
					}
				}
			}
			if status != c.status || strings.Join(paths, " ") != c.paths || strings.Contains(stderr, "not notified") {
				t.Errorf("status %d, told %v: %s", status, paths, stderr)
			}
		})
	}
}

func TestWhatAWebhookAnswersChangesNothingAboutTheRun(t *testing.T) {
	settings := "notify:\n  - {url: URL/s3cret, key_env: KEY}\n"
	for name, c := range map[string]struct {
		env    map[string]string
		answer int
		want   string
	}{
		"refused":     {map[string]string{"KEY": notifyKey}, 403, "webhook 1 was not notified: 127.0.0.1:"},
		"without key": {nil, 200, "webhook 1 was not notified: KEY, the key, is not set"},
		"short key":   {map[string]string{"KEY": "short"}, 200, "webhook 1 was not notified: the key has 5 bytes, fewer than 16"},
	} {
		t.Run(name, func(t *testing.T) {
			status, stderr, _ := told(t, settings, c.env, c.answer, "clean.sarif")
			if status != statusPass || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "s3cret") || strings.Contains(stderr, notifyKey) {
				t.Errorf("status %d: %s", status, stderr)
			}
		})
	}
}

func TestTheJobLearnsOfAWebhookThatWasNotNotified(t *testing.T) {
	files := t.TempDir()
	output, summary := filepath.Join(files, "output"), filepath.Join(files, "summary")
	writeFile(t, output, "")
	writeFile(t, summary, "")
	env := map[string]string{
		"KEY": notifyKey, "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_REPOSITORY": "acme/shop",
		"GITHUB_OUTPUT": output, "GITHUB_STEP_SUMMARY": summary,
	}
	status, stderr, _ := told(t, "notify:\n  - {url: URL/s3cret, key_env: KEY}\n", env, 403, "clean.sarif")
	if status != statusPass || !strings.Contains(stderr, "::warning::Headgate: webhook 1 was not notified: 127.0.0.1:") {
		t.Errorf("status %d: %s", status, stderr)
	}
	if text := readFile(t, summary); !strings.Contains(text, "**webhook** webhook 1 was not notified") || strings.Contains(text, "s3cret") {
		t.Errorf("the summary is\n%s", text)
	}
	if text := readFile(t, output); !strings.Contains(text, "\ndegraded\n") {
		t.Errorf("the outputs are\n%s", text)
	}
}

func TestAWebhookThatIsNoneDoesNotLoad(t *testing.T) {
	for _, url := range []string{"http://hooks.example.com/x", "hooks.example.com", "https://user:word@hooks.example.com/"} {
		status, stderr, _ := told(t, fmt.Sprintf("notify:\n  - {url: %q, key_env: KEY}\n", url), nil, 200, "clean.sarif")
		if status != statusSetup || !strings.Contains(stderr, "notify 1: url: ") {
			t.Errorf("%s: status %d: %s", url, status, stderr)
		}
	}
}
