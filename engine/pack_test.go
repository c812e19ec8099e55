package engine_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/util"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/policies"
)

// packed is a policy with a pack of the user's and a parameter of theirs, as a bundle has it.
func packed(t *testing.T) (engine.PolicySource, *engine.Packed) {
	t.Helper()
	src := engine.PolicySource{Shipped: policies.Files, Packs: policies.Default,
		Params: map[string]any{"exploit": map[string]any{"epss_high": 0.7}, "main": map[string]any{"fail_on": "attend"}},
		Own:    []engine.PackFolder{{Label: "own", Files: own("deny contains \"no\" if input.finding.severity == \"high\"\n")}}}
	p, err := engine.Pack(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	return src, p
}

func TestAPackedPolicyIsTheSamePolicy(t *testing.T) {
	src, p := packed(t)
	folder, err := engine.LoadPolicy(t.Context(), src)
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := engine.LoadPolicy(t.Context(), engine.PolicySource{Shipped: policies.Files, Bundle: &engine.PackBundle{Label: "b", Files: p.Files}})
	if err != nil {
		t.Fatal(err)
	}
	if folder.Info().Digest != bundle.Info().Digest || !slices.Equal(folder.Info().Packs, bundle.Info().Packs) {
		t.Errorf("the folder is %+v, the bundle %+v", folder.Info(), bundle.Info())
	}
	if have := bundle.Overrides(); !slices.Equal(have, folder.Overrides()) || len(have) != 2 {
		t.Errorf("overrides %v", have)
	}
	for name := range p.Files {
		if strings.HasSuffix(name, "_test.rego") {
			t.Errorf("%s is packed, and decides nothing", name)
		}
	}
}

func TestABundleTakesNoParameterThatItDoesNotHave(t *testing.T) {
	_, p := packed(t)
	_, err := engine.LoadPolicy(t.Context(), engine.PolicySource{Bundle: &engine.PackBundle{Label: "b", Files: p.Files},
		Params: map[string]any{"main": map[string]any{"fail_onn": "act"}}})
	if err == nil || !strings.Contains(err.Error(), "did you mean fail_on") {
		t.Error(err)
	}
}

func TestABundleWithAllDataAtItsRootLoads(t *testing.T) {
	files := map[string][]byte{"main/m.rego": nil, "packs/x/x.rego": nil}
	_, p := packed(t)
	maps.Copy(files, p.Files)
	delete(files, "main/m.rego")
	files["packs/x/x.rego"] = []byte("package packs.x\n\ndeny contains \"no\" if data.packs.x.high\n")
	files["data.json"] = []byte(`{"packs": {"x": {"high": true}}}`)
	bundle, err := engine.LoadPolicy(t.Context(), engine.PolicySource{Bundle: &engine.PackBundle{Label: "b", Files: files}})
	if err != nil {
		t.Fatal(err)
	}
	if d := mustDecide(t, bundle, input(engine.EventPush, engine.StatusExisting)); d.Action != engine.Block {
		t.Errorf("decided %+v", d)
	}
}

func TestABundleIsHeldToWhatAFolderIsHeldTo(t *testing.T) {
	_, p := packed(t)
	for name, test := range map[string]struct {
		change func(map[string][]byte)
		want   string
	}{
		"without main": {func(f map[string][]byte) {
			maps.DeleteFunc(f, func(n string, _ []byte) bool { return strings.HasPrefix(n, "main/") })
		}, "no main"},
		"without packs": {func(f map[string][]byte) {
			maps.DeleteFunc(f, func(n string, _ []byte) bool { return strings.HasPrefix(n, "packs/") })
		}, "no packs"},
		"elsewhere":   {func(f map[string][]byte) { f["extra/x.rego"] = []byte("package extra") }, "b/extra/x.rego: is never asked"},
		"at the root": {func(f map[string][]byte) { f["x.rego"] = []byte("package x") }, "b/x.rego: is never asked"},
		"WebAssembly": {func(f map[string][]byte) { f["packs/x/policy.wasm"] = []byte("x") }, "is not read"},
		"a plan":      {func(f map[string][]byte) { f["packs/x/plan.json"] = []byte("{}") }, "is not read"},
		"another package": {func(f map[string][]byte) {
			f["packs/x/x.rego"] = []byte("package packs.y\n\ndeny contains \"x\" if true\n")
		}, "is never asked"},
		"the network": {func(f map[string][]byte) {
			f["packs/x/x.rego"] = []byte("package packs.x\n\ndeny contains \"x\" if http.send({\"url\": \"https://example.com\", \"method\": \"get\"})\n")
		}, "http.send"},
		"a misspelt field": {func(f map[string][]byte) {
			f["packs/x/x.rego"] = []byte("package packs.x\n\ndeny contains \"x\" if input.asset.exposur == \"internet\"\n")
		}, "did you mean exposure"},
		"data twice": {func(f map[string][]byte) { f["packs/sla/data.json"] = []byte(`{"params": {}}`) }, "another file says what params is"},
		"too large":  {func(f map[string][]byte) { f["packs/x/x.rego"] = make([]byte, 5<<20) }, "larger than"},
	} {
		files := maps.Clone(p.Files)
		test.change(files)
		_, err := engine.LoadPolicy(t.Context(), engine.PolicySource{Shipped: policies.Files, Bundle: &engine.PackBundle{Label: "b", Files: files}})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What evidence keeps of a policy must decide as it did, also where parameters are given over a bundle that has all its data at its root.
func TestTheFilesOfAPolicyAreTheSamePolicy(t *testing.T) {
	src, p := packed(t)
	atRoot := map[string][]byte{"data.json": []byte(`{"main": {"params": {"fail_on": null}}}`)}
	for name, text := range p.Files {
		switch {
		case strings.HasPrefix(name, "main/data."):
			atRoot["data.json"] = fmt.Appendf(nil, `{"main": %s}`, jsonOf(t, text))
		default:
			atRoot[name] = text
		}
	}
	for what, src := range map[string]engine.PolicySource{
		"folders":      src,
		"as they ship": {Shipped: policies.Files, Packs: policies.Default},
		"a bundle with parameters over it": {Shipped: policies.Files, Bundle: &engine.PackBundle{Label: "b", Files: atRoot},
			Params: map[string]any{"main": map[string]any{"fail_on": "act"}}},
	} {
		policy, err := engine.LoadPolicy(t.Context(), src)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		files, err := policy.Files()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		again, err := engine.LoadPolicy(t.Context(), engine.PolicySource{Shipped: policies.Files, Bundle: &engine.PackBundle{Label: "kept", Files: files}})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if again.Info().Digest != policy.Info().Digest {
			t.Errorf("%s: the files are another policy", what)
		}
	}
}

// jsonOf is a data file, be it YAML, as JSON.
func jsonOf(t *testing.T, text []byte) []byte {
	t.Helper()
	var doc any
	if err := util.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
