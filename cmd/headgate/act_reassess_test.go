package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/integrations/jira/jiratest"
)

// At night CISA's catalogue has one vulnerability more. What the ledger has open is decided again without a scan: the page of the run says
// what came out otherwise, the ledger has it, and its ticket is brought up to date. The next night nothing has changed, and nothing is written.
func TestActDecidesAgainWhatTheLedgerHasOpen(t *testing.T) {
	a := newActed(t)
	jira := jiratest.New(jiratest.Options{Projects: []jiratest.Project{{Key: "PAY", Types: []jiratest.IssueType{{Name: "Task"}}}}})
	a.write(".headgate/headgate.yaml", "repository: acme/shop\njira: {url: \""+jira.Serve(t)+"\", project: PAY}\n")
	a.write(".headgate/assets.yaml", "assets:\n  - {id: storefront, name: Storefront, owner: team-web, criticality: business_critical, exposure: internet, match: {paths: [\"**\"]}}\n")
	a.commit("main", "set up")

	// The day before, the gate of the default branch has appended to the ledger, and a ticket was made.
	kept := t.TempDir()
	at := func(name string) string { return filepath.Join(kept, name) }
	yesterday := time.Now().UTC().AddDate(0, 0, -1)
	env := map[string]string{"HEADGATE_JIRA_USER": jiratest.Robot.Email, "HEADGATE_JIRA_TOKEN": jiratest.Robot.Token}
	run := func(args ...string) string {
		t.Helper()
		var out, errs strings.Builder
		h := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: func() time.Time { return yesterday }, getenv: func(name string) string { return env[name] }}
		if status := h.run(t.Context(), args); status != statusPass {
			t.Fatalf("%q ends with %d: %s%s", args, status, out.String(), errs.String())
		}
		return out.String()
	}
	writeFile(t, at("intel/kev.json"), strings.NewReplacer("2026.11.20", yesterday.AddDate(0, 0, -1).Format("2006.01.02"), "2026-11-20", yesterday.AddDate(0, 0, -1).Format(time.DateOnly),
		"CVE-2031-10001", "CVE-2020-1111").Replace(intelKEV))
	writeFile(t, at("trivy.json"), `{"SchemaVersion": 2, "ArtifactName": ".", "ArtifactType": "repository", "Results": [{"Target": "package-lock.json", "Class": "lang-pkgs", "Type": "npm",
		"Vulnerabilities": [{"VulnerabilityID": "CVE-2031-10001", "PkgName": "lodash", "InstalledVersion": "4.17.15", "FixedVersion": "4.17.21", "Severity": "CRITICAL",
		"PkgIdentifier": {"PURL": "pkg:npm/lodash@4.17.15"}, "Title": "command injection in template"}]}]}`)
	run("evidence", "keygen", "-o", at("key.pem"))
	settings := filepath.Join(a.dir, ".headgate")
	run("gate", at("trivy.json"), "--settings", settings, "--intel", at("intel"), "--ledger", at("ledger.db"), "--evidence-key", at("key.pem"), "--branch", "main", "--event", "push",
		"-o", "json="+at("result.json"))
	run("publish", at("result.json"), "--settings", settings)
	issues := jira.Issues()
	if len(issues) != 1 || !strings.Contains(fmt.Sprint(issues[0]), "1 attend") {
		t.Fatalf("the tickets are %+v", issues)
	}

	night := func() job {
		t.Helper()
		jira.Forget()
		if err := os.RemoveAll(filepath.Join(a.left, "summary.md")); err != nil {
			t.Fatal(err)
		}
		return a.run("reassess.yml", a.repo.ScheduleEvent("41 4 * * *"), a.repo.Actions("contents: read"), "--var", "HEADGATE_LEDGER="+at("ledger.db"),
			"--var", "JIRA_USER="+jiratest.Robot.Email, "--secret", "JIRA_TOKEN="+jiratest.Robot.Token, "--secret", "HEADGATE_EVIDENCE_KEY="+readFile(t, at("key.pem")))
	}
	written := func() (n int) {
		for _, r := range jira.Requests() {
			if r.Method != http.MethodGet && !strings.Contains(r.Path, "/search") {
				n++
			}
		}
		return n
	}

	done := night()
	a.expect("it does not decide again", !done.failed && strings.Contains(done.log, "set-output:: outcome=pass\n") && strings.Contains(done.log, "set-output:: changed=1\n") &&
		strings.Contains(done.log, "set-output:: results=/"), done) // of the first step: the second one has none
	summary := readFile(t, filepath.Join(a.left, "summary.md"))
	for _, want := range []string{"decided again · 1 rose to act", "| `CVE-2031-10001` on `storefront` | attend → act", "KEV added 2 Mar 2026", "`acme/shop main`"} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary has no %q:\n%s", want, summary)
		}
	}
	issues = jira.Issues()
	a.expect(fmt.Sprintf("the ticket is not up to date: %+v", issues), len(issues) == 1 && strings.Contains(fmt.Sprint(issues[0]), "1 act"), done)
	if shown := run("evidence", "verify", at("ledger.db"), "--key", at("key.pem.pub")); !strings.Contains(shown, "signed") {
		t.Errorf("the ledger is not signed: %s", shown)
	}
	run("db", "check", "--ledger", at("ledger.db"))

	done = night()
	a.expect("something is written on a night on which nothing changed", !done.failed && done.outputs["changed"] == "0" && done.outputs["results"] == "" && written() == 0, done)
	summary = readFile(t, filepath.Join(a.left, "summary.md"))
	a.expect("the summary does not say that nothing changed: "+summary, strings.Contains(summary, "nothing came out otherwise"), done)
	if strings.Contains(done.log, jiratest.Robot.Token) || strings.Contains(done.log, "PRIVATE KEY") {
		t.Error("a secret is in the log")
	}
}
