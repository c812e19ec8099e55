package engine

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
)

// A Draft is a policy as its author has it: with its tests, not yet compiled, perhaps with mistakes. The author's own part are the
// packs of PolicySource.Own, or all that ships if there are none.
type Draft struct {
	source   PolicySource
	packs    []string
	files    []policyFile // in the order in which they were read
	modules  map[string]*ast.Module
	data     map[string]any
	own      []string  // folders of the author, as labels; none: everything
	problems []Problem // of reading
}

// ReadDraft reads a policy and its tests. It takes no parameters of the settings: tests and checks hold for the defaults. An error
// means that a folder cannot be read; what is wrong with a file is for Check to say.
func ReadDraft(src PolicySource) (*Draft, error) {
	files, packs, err := src.files(true)
	if err != nil {
		return nil, err
	}
	d := &Draft{source: src, packs: packs, files: files}
	for _, own := range src.Own {
		d.own = append(d.own, own.Label)
	}
	if d.data, err = mount(files); err != nil {
		d.problems = problemsOf(err)
	}
	modules, problems := parse(files)
	d.modules, d.problems = modules, append(d.problems, problems...)
	return d, nil
}

// A DraftFile is a file of the author's own part.
type DraftFile struct {
	Label string // how errors name it
	Pack  string // empty: of lib or main
	Text  []byte
	Data  bool        // parameters and tables
	Test  bool        // tests
	Rules *ast.Module // nil: data, or it cannot be parsed
}

// Files are the author's own files, in the order of their packs and names.
func (d *Draft) Files() []DraftFile {
	var files []DraftFile
	for _, f := range d.files {
		if !d.isOwn(f.label) {
			continue
		}
		file := DraftFile{Label: f.label, Text: bytes.Clone(f.text), Data: !strings.HasSuffix(f.label, ".rego"), Test: isTest(f.label),
			Rules: d.modules[f.label]}
		if parts := strings.Split(f.path, "/"); len(parts) > 2 && parts[0] == "packs" {
			file.Pack = parts[1]
		}
		files = append(files, file)
	}
	return files
}

func (d *Draft) isOwn(label string) bool {
	return len(d.own) == 0 || slices.ContainsFunc(d.own, func(folder string) bool { return strings.HasPrefix(label, folder+"/") })
}

// deciding are the modules without tests.
func (d *Draft) deciding() map[string]*ast.Module {
	modules := maps.Clone(d.modules)
	maps.DeleteFunc(modules, func(label string, _ *ast.Module) bool { return isTest(label) })
	return modules
}

// Problems are those that keep the draft from being compiled at all: files that cannot be read or lie where nobody asks them.
func (d *Draft) Problems() []Problem { return d.problems }

// ForTests is what OPA's tester needs: all modules, a compiler that has compiled none of them and that allows and refuses what the
// gate does, and the data. Print statements are heard.
func (d *Draft) ForTests() (map[string]*ast.Module, *ast.Compiler, storage.Store, error) {
	c, err := newCompiler()
	if err != nil {
		return nil, nil, nil, err
	}
	return d.modules, c.WithEnablePrintStatements(true), inmem.NewFromObject(d.data), nil
}
