package main

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
)

// noon is a fixed clock.
var noon = time.Date(2026, 8, 18, 12, 0, 0, 0, time.UTC)

// nextCommand is the command by which a run says that its worst case is explained.
func nextCommand(t *testing.T, said string) []string {
	t.Helper()
	_, after, found := strings.Cut(said, "\nwhy: headgate ")
	line, _, _ := strings.Cut(after, "\n")
	if !found {
		t.Fatalf("no command is named:\n%s", said)
	}
	return strings.Fields(strings.ReplaceAll(line, "'", ""))
}

// Who pastes the command that a run names is told why that was decided, and not what else would be.
func TestTheCommandThatIsNamedExplainsWhatWasDecided(t *testing.T) {
	inCheckout(t)
	writeFile(t, "mine/mine/mine.rego", "package packs.mine\n\nraise contains {\"rule\": \"mine.all\", \"kind\": \"raise\", \"to\": \"act\", \"firm\": true, \"message\": \"mine\"} if true\n")
	writeFile(t, "assets.yaml", "assets: [{id: everything, match: {paths: [\"**\"]}, owner: team-one, criticality: low, exposure: isolated}]\n")
	writeFile(t, "feeds/README", "no threat data\n")
	writeFile(t, "unfinished.sarif", `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "invocations": [{"executionSuccessful": false}], "results": []}]}`)
	for _, args := range [][]string{
		nil, {"--policy", "mine"}, {"--assets", "assets.yaml"}, {"--intel", "feeds"}, {"--now", "2026-11-30"}, {"--fail-on", "act"}, {"--report-only"},
		{"--event", "push"}, {"--repository", "acme/other"}, {"unfinished.sarif", "--allow-incomplete", "unfinished.sarif"},
	} {
		_, text, stderr := here{t: t, clock: noon}.run(append([]string{"gate", "reports", "-o", "text", "-o", "json=result.json"}, args...)...)
		if stderr != "" && text == "" {
			t.Fatalf("%q: %s", args, stderr)
		}
		var result engine.Result
		if err := json.Unmarshal([]byte(readFile(t, "result.json")), &result); err != nil {
			t.Fatal(err)
		}
		next := nextCommand(t, text)
		_, out, stderr := here{t: t, clock: noon}.run(append(next, "-o", "json")...)
		var told struct{ Cases []struct{ Case engine.Case } }
		if err := json.Unmarshal([]byte(out), &told); err != nil || len(told.Cases) == 0 {
			t.Errorf("%q: %q: %v: %s", args, next, err, stderr)
		}
		for _, one := range told.Cases {
			if !slices.ContainsFunc(result.Cases, func(c engine.Case) bool {
				return reflect.DeepEqual(c.Decision, one.Case.Decision) && c.Input.Asset.ID == one.Case.Input.Asset.ID
			}) {
				t.Errorf("%q: %q: was not decided: %s, %s", args, next, one.Case.Decision.Priority, one.Case.Decision.Action)
			}
		}
	}
}

// Standard input is read once, and the address of a bundle may hold what opens it: then commands are about the result.
func TestTheCommandThatIsNamedRepeatsNothingThatCannotBeGivenAgain(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "one.sarif", `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "rules": [{"id": "r", "properties": {"security-severity": "9.8"}}]}}, "results": [
		{"ruleId": "r", "level": "error", "message": {"text": "m"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.go"}, "region": {"startLine": 1}}}]}]}]}`)
	_, text, stderr := here{t: t, clock: noon, stdin: readFile(t, "one.sarif")}.run("gate", "-", "--event", "manual")
	if next := nextCommand(t, text+stderr); len(next) != 3 || next[2] != "RESULT" {
		t.Errorf("of standard input: %q", next)
	}
	for policy, want := range map[string]int{
		"mine": 3, "oci://example.com/policies:1": 3, "https://example.com/policies.tar.gz#sha256:00": 3,
		"https://example.com/policies.tar.gz?key=secret": 0, "https://user:secret@example.com/policies.tar.gz": 0,
	} {
		if again := (&runFlags{policies: []string{policy}}).again([]string{"reports"}, []string{"--policy", policy}); len(again) != want {
			t.Errorf("of %s: %q", policy, again)
		}
	}
}
