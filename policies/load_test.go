package policies_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"go.yaml.in/yaml/v3"

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
	return yaml.Unmarshal(text, &at)
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

// strictly compiles modules as the engine does: strict, and checked against the schemas of the documents that they see.
func strictly(t testing.TB, modules map[string]*ast.Module) *ast.Compiler {
	t.Helper()
	schemas := ast.NewSchemaSet()
	schemas.Put(ast.SchemaRootRef, schema(t, "../engine/input.schema.json"))
	schemas.Put(ast.MustParseRef("schema.summary"), schema(t, "../engine/summary.schema.json"))
	c := ast.NewCompiler().WithStrict(true).WithSchemas(schemas).WithUseTypeCheckAnnotations(true)
	if c.Compile(modules); c.Failed() {
		t.Fatal(c.Errors)
	}
	return c
}

func schema(t testing.TB, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}
