package main

import (
	"strings"
	"testing"
)

const leakedKey = `[{"RuleID":"generic-api-key","Description":"key","File":"a.env","StartLine":1,"EndLine":1,"Secret":"correct-horse-battery","Match":"k=correct-horse-battery",
 "Fingerprint":"a.env:generic-api-key:1","Commit":"","Entropy":4,"Author":"","Email":"","Date":"","Message":"","StartColumn":1,"EndColumn":9,"Tags":[]}]`

// A run of a fork does not have the key: what the base knows looks introduced there, and nobody would know why.
func TestARunWithoutTheKeyOfItsBaseSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "secrets.json", leakedKey)
	writeFile(t, "key", strings.Repeat("k", shortestKey))
	start(t, "gate", "secrets.json", "--secrets-key-file", "key", "-o", "json=base.json")
	if base := readFile(t, "base.json"); !strings.Contains(base, `"secrets_key": "given"`) {
		t.Fatalf("the result does not name the kind of its key: %.400s", base)
	}
	const note = "base.json: its secrets are digested with a key that was given, and here with one made of the target's name"
	_, stdout, stderr := start(t, "gate", "secrets.json", "--baseline", "base.json", "-o", "json")
	if !strings.Contains(stderr, note) || !strings.Contains(stdout, `"secrets_key": "derived"`) {
		t.Errorf("without the key: %s", stderr)
	}
	_, stdout, stderr = start(t, "gate", "secrets.json", "--baseline", "base.json", "--secrets-key-file", "key", "-o", "json")
	if strings.Contains(stderr, "digested") || !strings.Contains(stdout, `"status": "existing"`) {
		t.Errorf("with the key: %s", stderr)
	}
}
