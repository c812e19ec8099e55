package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// Auditors read these documents by their schemas, which are printed.
func TestWhatIsToldOfEvidenceFitsTheSchemaThatIsPrinted(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "scan.sarif", evalSARIF)
	do := func(status int, args string) string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, getenv: func(string) string { return "" }, now: time.Now}
		if have := a.run(t.Context(), strings.Fields(args)); have != status {
			t.Fatalf("%s: status %d: %s%s", args, have, &stdout, &stderr)
		}
		return stdout.String()
	}
	for _, day := range []string{"2026-11-20", "2026-11-21"} {
		do(statusPass, "gate scan.sarif --event push --repository acme/shop --ledger ledger.db --evidence "+day+" --now "+day)
	}
	var drawn struct{ Sample []struct{ ID string } }
	sample := do(statusPass, "evidence sample ledger.db --size 1 -o json")
	if err := json.Unmarshal([]byte(sample), &drawn); err != nil || len(drawn.Sample) != 1 {
		t.Fatalf("it draws %s: %v", sample, err)
	}
	for name, written := range map[string][]string{
		"sample":     {sample, do(statusPass, "evidence sample 2026-11-20 --size 2 --seed x -o json")},
		"population": {do(statusPass, "evidence population ledger.db -o json"), do(statusPass, "evidence population 2026-11-20 -o json")},
		"replay":     {do(statusPass, "evidence replay ledger.db -o json"), do(statusPass, "evidence replay 2026-11-21 -o json")},
		"shown":      {do(statusPass, "evidence show ledger.db "+drawn.Sample[0].ID+" -o json")},
	} {
		schema := do(statusPass, "schema "+name)
		for _, text := range written {
			if err := valid(t, []byte(schema), text); err != nil {
				t.Errorf("%s: %v\n%s", name, err, text)
			}
			if err := valid(t, []byte(schema), strings.Replace(text, `"schema"`, `"shcema"`, 1)); err == nil {
				t.Errorf("%s: a key that is not known fits", name)
			}
		}
	}
}
