package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An openLedger is a folder with a ledger in which two vulnerabilities are open in each of two repositories, and settings with the threat
// data of the day after, by which one of them is exploited.
func openLedger(t *testing.T) (dir string, inputs map[string]string) {
	t.Helper()
	e := newEstate(t)
	e.assets["part0"] = "internet"
	e.settle()
	for _, repository := range []string{"acme/shop", "acme/other"} {
		e.must("gate", "grype.json", "--repository", repository, "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	}
	e.kev[cveOf(3)] = "2026-11-02"
	e.now = e.now.Add(24 * time.Hour)
	e.settle()
	return e.dir, map[string]string{"command": "reassess", "ledger": filepath.Join(e.dir, "ledger.db"), "settings": filepath.Join(e.dir, ".headgate"),
		"every-repository": "true", "now": e.now.Format(time.RFC3339)}
}

// with is inputs and some more.
func with(inputs map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for name, value := range inputs {
		all[name] = value
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func TestActionDecidesAgain(t *testing.T) {
	dir, inputs := openLedger(t)

	// A dry run shows it, and leaves nothing to publish.
	status, shown, outputs, summary := gateStep(t, with(inputs, "dry-run", "true"))
	if status != 0 || outputs["outcome"] != "pass" || outputs["changed"] != "2" || outputs["results"] != "" || !strings.Contains(summary, "this was a dry run") {
		t.Errorf("dry run: status %d, outputs %q:\n%s\n%s", status, outputs, shown, summary)
	}

	// Two branches came out otherwise. The folder is one that the step made, and the page of the run says what and why.
	status, shown, outputs, summary = gateStep(t, with(inputs, "fail-on", "act", "output", "markdown="+filepath.Join(dir, "again.md")))
	if status != 1 || outputs["outcome"] != "block" || outputs["changed"] != "2" || !strings.Contains(shown, "::error title=Headgate::2 rose to act") {
		t.Errorf("status %d, outputs %q:\n%s", status, outputs, shown)
	}
	for _, want := range []string{"### Headgate · decided again · 2 rose to act", "| `" + cveOf(3) + "` on ", "KEV added 2 Nov 2026", "`acme/other main`", "`acme/shop main`", "**weakened** clock"} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary has no %q:\n%s", want, summary)
		}
	}
	if text := readFile(t, filepath.Join(dir, "again.md")); text != strings.TrimSuffix(summary, "\n") {
		t.Errorf("-o markdown is\n%s\nand the summary\n%s", text, summary)
	}
	for _, name := range []string{"acme%2Fother/main.json", "acme%2Fshop/main.json"} {
		if _, err := os.Stat(filepath.Join(outputs["results"], name)); outputs["results"] == "" || err != nil {
			t.Errorf("there is no %s in %q: %v", name, outputs["results"], err)
		}
	}

	// Again: nothing is to be published.
	status, shown, outputs, summary = gateStep(t, inputs)
	if status != 0 || outputs["outcome"] != "pass" || outputs["changed"] != "0" || outputs["results"] != "" || !strings.Contains(summary, "nothing came out otherwise") {
		t.Errorf("again: status %d, outputs %q:\n%s\n%s", status, outputs, shown, summary)
	}

	// What is set up wrong, and what cannot be decided, is no pass.
	for want, more := range map[int][]string{2: {"fail-on", "whenever"}, 3: {"now", "2026-10-01"}} {
		status, shown, outputs, summary = gateStep(t, with(inputs, more...))
		if status != want || outputs["outcome"] != "undecided" || outputs["results"] != "" || !strings.Contains(summary, "Nothing was decided again") || !strings.Contains(shown, "::error title=Headgate::") {
			t.Errorf("%q: status %d, outputs %q:\n%s\n%s", more, status, outputs, shown, summary)
		}
	}
}

// Where one feed cannot be had, what is open is decided again by the others; the job fails then, as nobody would notice otherwise.
func TestActionDecidesAgainByTheFeedsThatItHas(t *testing.T) {
	_, inputs := openLedger(t)
	nobody := "HEADGATE_KEV_URL=http://127.0.0.1:1/kev"
	status, shown, outputs, _ := gateStep(t, with(inputs, "fetch-intel", "kev"), nobody)
	if status != 3 || outputs["outcome"] != "pass" || outputs["changed"] != "2" || outputs["results"] == "" || !strings.Contains(shown, "::warning title=Headgate::not all threat data") {
		t.Errorf("status %d, outputs %q:\n%s", status, outputs, shown)
	}
	status, shown, outputs, _ = gateStep(t, with(inputs, "fetch-intel", "kev", "command", "gate", "reports", "grype.json"), nobody)
	if status != 3 || outputs["outcome"] != "undecided" {
		t.Errorf("the gate goes on without: status %d, outputs %q:\n%s", status, outputs, shown)
	}
}

// What is open in a ledger comes from reports, and a runner reads the log.
func TestDecidingAgainShowsNothingOfAFindingAsACommand(t *testing.T) {
	e := newEstate(t)
	hostile := "::set-output name=outcome::pass"
	writeFile(t, "hostile.sarif", fmt.Sprintf(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "gosec"}}, "results": [{"ruleId": %q, "level": "error",
		"message": {"text": "x"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "part0/a.go"}, "region": {"startLine": 1}}}]}]}]}`, hostile))
	e.must("gate", "hostile.sarif", "--ledger", "ledger.db", "--branch", "main", "--event", "push", "--report-only")
	e.now = e.now.AddDate(1, 0, 0) // it is overdue
	for _, format := range []string{"text", "markdown"} {
		out := e.must("reassess", "--ledger", "ledger.db", "--dry-run", "-o", format)
		if !strings.Contains(out, "set-output") {
			t.Errorf("it is not told of: %s", out)
		}
		for line := range strings.Lines(out) {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Errorf("a runner would obey %q", line)
			}
		}
	}
}

// All results that a sweep leaves are published at once, each as if it were alone.
func TestAFolderOfResultsIsPublishedOneByOne(t *testing.T) {
	p := newPublisher(t)
	for _, repository := range []string{"acme/shop", "acme/other"} {
		p.gate("2026-11-21", "open.go")
		text := strings.ReplaceAll(readFile(t, "result.json"), "acme/shop", repository)
		writeFile(t, filepath.Join("changed", strings.ReplaceAll(repository, "/", "%2F"), "main.json"), text)
	}
	status, stdout, stderr := p.run("publish", "changed", "-o", "text", "-o", "json=effects.json", "-o", "result=one.json", "--ledger", "ledger.db")
	if status != statusPass || strings.Count(stdout, "1 created") != 2 || !strings.Contains(stdout, "acme/other") || len(p.jira.Issues()) != 2 {
		t.Fatalf("status %d, %d tickets: %s%s", status, len(p.jira.Issues()), stdout, stderr)
	}
	var effects struct {
		Destinations []struct {
			Result  string
			Effects []struct{ Did string }
		}
	}
	text := readFile(t, "effects.json")
	if err := json.Unmarshal([]byte(text), &effects); err != nil || len(effects.Destinations) != 2 || effects.Destinations[0].Result != "acme/other" || effects.Destinations[1].Result != "acme/shop" {
		t.Errorf("%v: %s", err, text)
	}
	_, schema, _ := p.run("schema", "publication")
	if err := valid(t, []byte(schema), text); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat("one.json"); err == nil {
		t.Error("one of several results is written")
	}

	// Again: nothing is written. One that cannot be read does not keep the others.
	p.jira.Forget()
	writeFile(t, "changed/acme%2Fbroken/main.json", "{")
	p.gate("2026-11-22", "open.go", "more.go")
	writeFile(t, "changed/acme%2Fshop/main.json", readFile(t, "result.json"))
	status, stdout, stderr = p.run("publish", "changed")
	if status != statusUndecided || !strings.Contains(stderr, "acme%2Fbroken") || len(p.jira.Issues()) != 3 {
		t.Errorf("status %d, %d tickets: %s%s", status, len(p.jira.Issues()), stdout, stderr)
	}
	p.jira.Forget()
	if err := os.RemoveAll("changed/acme%2Fbroken"); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr = p.run("publish", "changed"); status != statusPass || len(p.jira.Issues()) != 3 {
		t.Errorf("status %d: %s%s", status, stdout, stderr)
	}
	for _, r := range p.jira.Requests() {
		if r.Method != http.MethodGet && !strings.Contains(r.Path, "/search") {
			t.Errorf("it writes: %s %s", r.Method, r.Path)
		}
	}

	// A folder in which there is none is no success.
	if err := os.Mkdir("empty", 0o777); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr = p.run("publish", "empty"); status != statusUndecided || !strings.Contains(stderr, "no result in the folder") {
		t.Errorf("status %d: %s", status, stderr)
	}
}
