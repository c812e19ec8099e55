package policies_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/headgate/headgate/policies"
)

// shipped are the policies of this folder, parsed: modules by file name, tests included, and data as the folders mount it.
type shipped struct {
	modules map[string]*ast.Module
	data    map[string]any
}

func load(t testing.TB) shipped {
	t.Helper()
	s := shipped{modules: map[string]*ast.Module{}, data: map[string]any{}}
	err := fs.WalkDir(policies.Files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(policies.Files, name)
		if err != nil {
			return err
		}
		switch path.Ext(name) {
		case ".rego":
			s.modules[name], err = ast.ParseModuleWithOpts(name, string(text), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
			return err
		case ".yaml":
			return s.mount(path.Dir(name), text)
		}
		t.Errorf("%s is neither a policy nor data, and ships with the program", name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// mount puts the content of a data.yaml where OPA's own loader puts it: at its folder.
func (s shipped) mount(folder string, text []byte) error {
	at := s.data
	for _, part := range strings.Split(folder, "/") {
		if at[part] == nil {
			at[part] = map[string]any{}
		}
		at = at[part].(map[string]any)
	}
	var doc map[string]any
	if err := util.Unmarshal(text, &doc); err != nil {
		return fmt.Errorf("%s/data.yaml: %w", folder, err)
	}
	maps.Copy(at, doc)
	return nil
}

func (s shipped) store() storage.Store { return inmem.NewFromObject(s.data) }

// withoutTests are the modules that a decision is made with.
func (s shipped) withoutTests() map[string]*ast.Module {
	modules := map[string]*ast.Module{}
	for name, m := range s.modules {
		if !strings.HasSuffix(name, "_test.rego") {
			modules[name] = m
		}
	}
	return modules
}

// byDefault are the modules that a decision is made with where the settings say nothing: without the packs that are off.
func (s shipped) byDefault() map[string]*ast.Module {
	modules := s.withoutTests()
	maps.DeleteFunc(modules, func(name string, _ *ast.Module) bool {
		pack, isPack := strings.CutPrefix(path.Dir(name), "packs/")
		return isPack && !slices.Contains(policies.Default, pack)
	})
	return modules
}

// strictly compiles modules as the engine does: strict, with no builtin that reads the clock, the network, randomness or the
// environment, and checked against the schemas of the documents that they see.
func strictly(t testing.TB, modules map[string]*ast.Module) *ast.Compiler {
	t.Helper()
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema(t, "../engine/input.schema.json"))
	schemas.Put(ast.MustParseRef("schema.summary"), schema(t, "../engine/summary.schema.json"))
	pure := ast.CapabilitiesForThisVersion()
	pure.Builtins = slices.DeleteFunc(slices.Clone(pure.Builtins), func(b *ast.Builtin) bool { return b.Nondeterministic })
	c := ast.NewCompiler().WithCapabilities(pure).WithStrict(true).WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
	if c.Compile(modules); c.Failed() {
		t.Fatal(c.Errors)
	}
	return c
}

func schema(t testing.TB, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}
