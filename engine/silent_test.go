package engine_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// A pack is named among those that decided, so it has to say something.
func TestAPackThatStatesNothingDoesNotLoad(t *testing.T) {
	for name, packs := range map[string]fstest.MapFS{
		"parameters alone":                    {"mine/data.yaml": {Data: []byte("params: {}\n")}},
		"a package alone":                     {"mine/mine.rego": {Data: []byte("package packs.mine\n")}},
		"a rule of its own that nothing asks": {"mine/mine.rego": {Data: []byte("package packs.mine\n\n_far if input.asset.exposure == \"isolated\"\n")}},
	} {
		if _, err := tryLoad(packs, nil); err == nil || !strings.Contains(err.Error(), "mine: the pack states nothing") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rules and tables that several packs share may be a pack of their own.
func TestAPackThatStatesNothingIsThereForOthers(t *testing.T) {
	packs := own(rule("x", `deny contains lib.deny(rego.metadata.rule()) if input.finding.severity == data.packs.shared.worst`))
	packs["shared/data.yaml"] = &fstest.MapFile{Data: []byte("worst: critical\n")}
	packs["empty/README"] = &fstest.MapFile{Data: []byte("A place for more of them.")}
	packs["tests/all_test.rego"] = &fstest.MapFile{Data: []byte("package packs.mine_test\n\ntest_x if { true }\n")}
	if have := load(t, packs, nil).Info().Packs; slices.Contains(have, "empty") || slices.Contains(have, "tests") || !slices.Contains(have, "shared") {
		t.Errorf("these are packs: %v", have)
	}
}
