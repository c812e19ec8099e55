package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What judges a change is read from its base commit, and so is the threat data that lies in the repository: the ledger keeps it as well.
func TestTheThreatDataOfABaseCommitIsKeptInTheLedger(t *testing.T) {
	example, err := filepath.Abs(filepath.Join("..", "..", "examples", "checkout"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.CopyFS(".", os.DirFS(example)); err != nil {
		t.Fatal(err)
	}
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
