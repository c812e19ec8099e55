package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// An auditor works in a folder of its own with a copy of the examples.
type auditor struct{ t *testing.T }

func newAuditor(t *testing.T) *auditor {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS("examples", os.DirFS(filepath.Join(root, "examples"))); err != nil {
		t.Fatal(err)
	}
	return &auditor{t}
}

func (x *auditor) run(args ...string) (status int, stdout string) {
	x.t.Helper()
	var out, errs bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, getenv: func(string) string { return "" }, now: time.Now}
	status = a.run(x.t.Context(), args)
	return status, out.String() + errs.String()
}

// decide leaves evidence of an example.
func (x *auditor) decide(folder string, more ...string) {
	x.t.Helper()
	args := append([]string{"gate", "examples/checkout/reports", "--settings", "examples/checkout/.headgate", "--now", "2026-08-16", "--evidence", folder}, more...)
	if status, out := x.run(args...); status > statusBlocked {
		x.t.Fatalf("%v: status %d: %s", args, status, out)
	}
}

// forge leaves evidence that says something else, and holds together all the same.
func (x *auditor) forge(from, to string, lie func(*evidence.Terms, *engine.Result, map[string][]byte)) {
	x.t.Helper()
	t := x.t
	b, done, err := openBundle(from)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	again, err := (&app{}).replayer().Replay(t.Context(), b, nil)
	if err != nil || again.Result == nil {
		t.Fatalf("%s does not replay: %v", from, err)
	}
	text, err := evidence.Document(t.Context(), b, evidence.PartTerms)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := evidence.ReadTerms(text)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := evidence.Policy(t.Context(), b, terms)
	if err != nil {
		t.Fatal(err)
	}
	r := again.Result
	lie(terms, r, policy)
	if err := os.Mkdir(to, 0o777); err != nil {
		t.Fatal(err)
	}
	w, err := evidence.NewWriter(func(name string) (io.WriteCloser, error) { return os.Create(filepath.Join(to, name)) }, *terms, policy)
	if err == nil {
		err = w.Cases(r.Cases, nil)
	}
	if err == nil {
		_, err = w.Close(evidence.Outcome{Result: r})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReplayComesToTheSameWhateverTheRunWasTold(t *testing.T) {
	x := newAuditor(t)
	for name, flags := range map[string][]string{
		"report-only":       {"--report-only"},
		"another threshold": {"--fail-on", "track*", "--event", "release"},
		"no ranges":         {"--no-range", "--event", "push"},
		"an old clock":      {"--now", "2020-01-01"},
	} {
		folder := strings.ReplaceAll(name, " ", "-")
		x.decide(folder, flags...)
		if status, out := x.run("evidence", "replay", folder); status != statusPass || !strings.Contains(out, "30 decisions: 30 identical") || !strings.Contains(out, ", as recorded") {
			t.Errorf("%s: status %d: %s", name, status, out)
		}
	}
}

// Verifying shows that nobody changed what was recorded; that it is what the policy decides is what deciding again shows.
func TestReplayFindsWhatThePolicyDoesNotDecide(t *testing.T) {
	x := newAuditor(t)
	x.decide("honest")
	for name, c := range map[string]struct {
		lie    func(*evidence.Terms, *engine.Result, map[string][]byte)
		status int
		said   []string
	}{
		"a milder priority": {func(_ *evidence.Terms, r *engine.Result, _ map[string][]byte) {
			r.Cases[0].Decision.Priority = engine.Track
			r.Counts.Act, r.Counts.Track = r.Counts.Act-1, r.Counts.Track+1
		}, statusBlocked, []string{"1 differing", "the policy answers the same", `decision.priority: was "track", is "act"`, "the gate: "}},
		"another answer": {func(_ *evidence.Terms, r *engine.Result, _ map[string][]byte) {
			r.Cases[0].Decision.Answer = strings.Replace(r.Cases[0].Decision.Answer, `"act"`, `"track"`, 1)
		}, statusBlocked, []string{"1 differing", "the policy answers otherwise", "answer."}},
		"a milder gate": {func(_ *evidence.Terms, r *engine.Result, _ map[string][]byte) { r.Outcome = engine.Pass },
			statusBlocked, []string{"30 identical", "and pass was recorded", "differs: 0 decisions and 1 gate of 30"}},
		"another clock": {func(terms *evidence.Terms, r *engine.Result, _ map[string][]byte) {
			terms.At, r.Now = terms.At.AddDate(0, 0, 9), r.Now.AddDate(0, 0, 9)
		}, statusBlocked, []string{"differing", "decision.due"}},
		"another OPA": {func(terms *evidence.Terms, _ *engine.Result, _ map[string][]byte) { terms.Engine.OPA = "1.0.0" },
			statusPass, []string{"30 identical", "another engine: OPA 1.0.0 decided, and OPA " + engine.OPAVersion() + " decides"}},
		"another policy": {func(_ *evidence.Terms, _ *engine.Result, policy map[string][]byte) {
			policy["packs/sla/sla.rego"] = append(policy["packs/sla/sla.rego"], "\n# later\n"...)
		}, statusUndecided, []string{"none decided again", "the policy that is there is not the one that decided"}},
		"a policy that does not compile": {func(_ *evidence.Terms, _ *engine.Result, policy map[string][]byte) {
			policy["packs/sla/sla.rego"] = []byte("package packs.sla\nnonsense(")
		}, statusUndecided, []string{"the policy does not load in this version"}},
	} {
		folder := strings.ReplaceAll(name, " ", "-")
		x.forge("honest", folder, c.lie)
		if status, out := x.run("evidence", "verify", folder); status != statusPass {
			t.Errorf("%s does not hold together, so that replay is told nothing new: %s", name, out)
		}
		status, out := x.run("evidence", "replay", folder)
		if status != c.status {
			t.Errorf("%s: status %d, want %d", name, status, c.status)
		}
		for _, said := range c.said {
			if !strings.Contains(strings.Join(strings.Fields(out), " "), said) {
				t.Errorf("%s: it does not say %q:\n%s", name, said, out)
			}
		}
		if status, _ := x.run("evidence", "export", folder, "-o", "json"); (status == statusPass) != (c.status == statusPass) {
			t.Errorf("%s: export ends with %d", name, status)
		}
	}
}

// What a sample prints can be given to every other command, of a bundle and of a ledger.
func TestTheShortIDsThatAreShownNameRecords(t *testing.T) {
	x := newAuditor(t)
	x.decide("evidence", "--ledger", "ledger.db")
	for _, from := range []string{"evidence", "ledger.db"} {
		_, out := x.run("evidence", "sample", from, "-n", "1")
		id := regexp.MustCompile(`sha256:[0-9a-f]{12}/[0-9]+`).FindString(out)
		for _, command := range []string{"show", "replay", "receipt"} {
			if status, out := x.run("evidence", command, from, id); status != statusPass {
				t.Errorf("%s %s %q: status %d: %s", command, from, id, status, out)
			}
			if status, _ := x.run("evidence", command, from, "sha256:000000000000/1"); status != statusUndecided {
				t.Errorf("%s %s: a run that is not there: status %d", command, from, status)
			}
		}
	}
}

// Who is told of what is on the record: created once, and nothing where nothing was done.
func TestWhatIsPublishedIsInTheLogOfTheLedger(t *testing.T) {
	p := newPublisher(t)
	x := &auditor{t}
	p.gate("2026-11-21", "open.go")
	for range 2 {
		if status, _, stderr := p.run("publish", "result.json", "--ledger", "ledger.db"); status != statusPass {
			t.Fatalf("status %d: %s", status, stderr)
		}
	}
	status, out := x.run("evidence", "population", "ledger.db")
	if status != statusPass || !strings.Contains(out, "1 in 1 run: 1 record of an object outside") {
		t.Errorf("status %d: %s", status, out)
	}
	if status, out := x.run("evidence", "population", "ledger.db", "-o", "csv"); status != statusPass || !strings.Contains(out, ",effect,") || !strings.Contains(out, ",PAY-1,") || !strings.Contains(out, ",created,") {
		t.Errorf("status %d: %s", status, out)
	}
	if status, out := x.run("evidence", "verify", "ledger.db"); status != statusPass {
		t.Errorf("the ledger does not verify: %s", out)
	}
	if status, out := x.run("db", "check", "--ledger", "ledger.db"); status != statusPass {
		t.Errorf("the ledger does not check out: %s", out)
	}
	if status, out := x.run("evidence", "replay", "ledger.db"); status != statusPass || !strings.Contains(out, "no run decided anything here") {
		t.Errorf("status %d: %s", status, out)
	}
}

// A log whose checkpoints are signed does not get one that is not: nobody could verify it then.
func TestWhatIsPublishedWithoutAKeyLeavesASignedLogAsItIs(t *testing.T) {
	p := newPublisher(t)
	x := &auditor{t}
	if status, out := x.run("evidence", "keygen", "-o", "evidence.key"); status != statusPass {
		t.Fatal(out)
	}
	p.gate("2026-11-21", "open.go")
	if status, _, stderr := p.run("publish", "result.json", "--ledger", "ledger.db", "--evidence-key", "evidence.key"); status != statusPass {
		t.Fatalf("status %d: %s", status, stderr)
	}
	p.gate("2026-11-22", "open.go", "closed.go")
	if status, _, stderr := p.run("publish", "result.json", "--ledger", "ledger.db"); status != statusPass || !strings.Contains(stderr, "there is no key to sign the next one") {
		t.Fatalf("status %d: %s", status, stderr)
	}
	if status, out := x.run("evidence", "verify", "ledger.db", "--key", "evidence.key.pub"); status != statusPass {
		t.Errorf("the ledger does not verify: %s", out)
	}
}
