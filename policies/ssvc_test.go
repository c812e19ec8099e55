package policies_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// The Coordinator table is CISA's, cell by cell, and the digest that the policy names is that of the file it was taken from.
func TestCoordinatorTableIsTheOneThatCISAPublishes(t *testing.T) {
	corpus := os.Getenv("HEADGATE_CORPUS")
	if corpus == "" {
		corpus = filepath.Join("..", "..", "shared", "corpus")
	}
	text, err := os.ReadFile(filepath.Join(corpus, "ssvc", "cisa_coordinator_2_0_3.json"))
	if os.IsNotExist(err) {
		t.Skip("the corpus is not here; set HEADGATE_CORPUS to its folder")
	}
	if err != nil {
		t.Fatal(err)
	}
	var published struct {
		Version string              `json:"version"`
		Mapping []map[string]string `json:"mapping"`
	}
	if err := json.Unmarshal(text, &published); err != nil {
		t.Fatal(err)
	}
	table := member(t, load(t).data, "packs", "ssvc", "tables", "coordinator").(map[string]any)
	sum := sha256.Sum256(text)
	if have, want := table["digest"], "sha256:"+hex.EncodeToString(sum[:]); have != want {
		t.Errorf("the table says it is of %s, the file is %s", have, want)
	}
	if table["version"] != published.Version {
		t.Errorf("the table says it is version %s, the file is %s", table["version"], published.Version)
	}
	// Keys are those of the decision points ssvc:E:1.1.0, ssvc:A:2.0.0, ssvc:TI:1.0.0, ssvc:MWI:1.0.0 and the outcome cisa:CISA:1.1.0.
	words := []struct {
		point string
		names map[string]string
	}{
		{"ssvc:E:1.1.0", map[string]string{"N": "none", "P": "poc", "A": "active"}},
		{"ssvc:A:2.0.0", map[string]string{"N": "no", "Y": "yes"}},
		{"ssvc:TI:1.0.0", map[string]string{"P": "partial", "T": "total"}},
		{"ssvc:MWI:1.0.0", map[string]string{"L": "low", "M": "medium", "H": "high"}},
	}
	outcomes := map[string]string{"T": "track", "T*": "track*", "AT": "attend", "AC": "act"}
	for _, row := range published.Mapping {
		var at []string
		for _, w := range words {
			at = append(at, w.names[row[w.point]])
		}
		want, ok := outcomes[row["cisa:CISA:1.1.0"]]
		if !ok {
			t.Errorf("%v: %q is no outcome", at, row["cisa:CISA:1.1.0"])
		}
		if have := member(t, table["rows"], at...); have != want {
			t.Errorf("%v is %s here and %s there", at, have, want)
		}
	}
	if len(published.Mapping) != 36 {
		t.Errorf("the published table has %d rows, not 36", len(published.Mapping))
	}
}

func member(t *testing.T, v any, at ...string) any {
	t.Helper()
	for _, name := range at {
		m, _ := v.(map[string]any)
		if v = m[name]; v == nil {
			t.Fatalf("there is no %s of %v", name, at)
		}
	}
	return v
}
