package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/headgate/headgate/engine"
)

// inCheckout goes to a copy of the example, and says where that is.
func inCheckout(t *testing.T) (example string) {
	t.Helper()
	example, err := filepath.Abs(filepath.Join("..", "..", "examples", "checkout"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS(".", os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
	return example
}

// What judges a change is read from its base commit, and so is the threat data that lies in the repository: the ledger keeps it as well.
func TestTheThreatDataOfABaseCommitIsKeptInTheLedger(t *testing.T) {
	example := inCheckout(t)
	for _, args := range [][]string{{"init", "-q", "-b", "main"}, {"add", "."}, {"commit", "-qm", "base"}, {"rm", "-qr", ".headgate/intel"}, {"commit", "-qm", "change"}} {
		gitIn(t, ".", args...)
	}
	h := here{t: t}
	if status, out, said := h.run("gate", "reports", "--event", "pull_request", "--base", "HEAD~1", "--ledger", "ledger.db", "-o", "json=result.json"); status != statusBlocked {
		t.Fatalf("status %d: %s%s", status, out, said)
	}
	if status, _, said := h.run("intel", "restore", "ledger.db", "--to", "then"); status != statusPass {
		t.Fatalf("status %d: %s", status, said)
	}
	for feed, name := range map[string]string{"kev": "kev.json", "epss": "epss.csv", "ssvc": "vulnrichment.ndjson"} {
		want := readFile(t, filepath.Join(example, ".headgate", "intel", name))
		if have, err := os.ReadFile(filepath.Join("then", feed)); err != nil || string(have) != want {
			t.Errorf("%s does not come back as it was: %d bytes, %v", feed, len(have), err)
		}
	}
}

// Who decides as at an earlier day has to see that what became known since counts too.
func TestThreatDataThatIsLaterThanTheClockIsOnRecord(t *testing.T) {
	inCheckout(t)
	h := here{t: t}
	for now, want := range map[string][]string{
		"2026-08-16": {"clock 2026-08-16T00:00:00Z"},
		"2026-08-07": {"EPSS scores of 2026-08-16, later than the clock", "clock 2026-08-07T00:00:00Z"},
		"2026-08-01": {"EPSS scores of 2026-08-16, later than the clock", "KEV catalogue of 2026-08-07, later than the clock", "clock 2026-08-01T00:00:00Z"},
	} {
		_, _, said := h.run("gate", "reports", "--now", now, "-o", "json=result.json")
		var result engine.Result
		if err := json.Unmarshal([]byte(readFile(t, "result.json")), &result); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if !slices.Equal(result.Weakened, want) {
			t.Errorf("as at %s: %q, want %q", now, result.Weakened, want)
		}
	}
}
