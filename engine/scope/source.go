package scope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
)

// A File is one file that may say something of assets.
type File struct {
	Name string // relative to the root of the repository, with slashes; provenance, errors and warnings call it so
	Text []byte
}

// Options are what files do not say themselves.
type Options struct {
	Repository string // "owner/name" of the repository that the files lie in; empty: not known
}

// A source is a kind of file that says something of assets.
type source struct {
	name string // as outputs call it
	is   func(*document) bool
	read func([]*document, Options, *statements) error
}

// assetsFile is the precedence of assets.yaml, which is before all sources.
const assetsFile = 0

// sources are all kinds of files that are read besides assets.yaml, in the order of precedence: of two that state a fact differently,
// the first is believed. One file and one line each.
var sources = []source{
	{"Backstage", isBackstage, readBackstage},
	{"Threagile", isThreagile, readThreagile},
	{"Kubernetes", isKubernetes, readKubernetes},
	{"CycloneDX", isCycloneDX, readCycloneDX},
	{"CODEOWNERS", isCodeowners, readCodeowners},
}

// SourceNames are the names of all kinds of files that are read, in the order of precedence.
func SourceNames() []string {
	names := []string{"assets.yaml"}
	for _, s := range sources {
		names = append(names, s.name)
	}
	return names
}

// Statements are what the files of one source say.
type statements struct {
	source   int // its precedence
	assets   []entry
	edges    []edge
	strange  map[string]bool // ids that edges may name though they are no assets: what belongs to others
	owners   *owners         // who owns which files; nil: nobody says
	warnings []string
}

// An edge is an engine.Edge and the key that states it.
type edge struct {
	engine.Edge
	key string
}

func (s *statements) warn(format string, args ...any) {
	s.warnings = append(s.warnings, fmt.Sprintf(format, args...))
}

// A document is one document of a file.
type document struct {
	file string
	root *yaml.Node // nil: the file is no YAML, and is taken by its name
	text []byte     // of a file that is no YAML
}

func (d *document) place(line int) string { return fmt.Sprintf("%s:%d", d.file, line) }

// value is the text at a key of the document's top, empty if there is none.
func (d *document) value(key string) string {
	if n := d.at(key); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// at is the node at a key of the document's top, nil if there is none.
func (d *document) at(key string) *yaml.Node {
	if d.root == nil || d.root.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		if d.root.Content[i].Value == key {
			return d.root.Content[i+1]
		}
	}
	return nil
}

// decode reads the document into a struct that names what is looked at. What does not fit there is warned of and left out; false means
// that nothing of it could be read.
func (d *document) decode(n *yaml.Node, to any, s *statements) bool {
	err := n.Decode(to)
	if err == nil {
		return true
	}
	s.warn("%v; it is left out", YAMLError(d.file, err))
	var types *yaml.TypeError
	return errors.As(err, &types)
}

// A value is a text and where it stands. The zero value is that of a key that is not there, or null.
type value struct {
	text string
	line int
}

// UnmarshalYAML takes any scalar by its text.
func (v *value) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: one value is needed", n.Line)}}
	}
	*v = value{n.Value, n.Line}
	return nil
}

const (
	mostDocuments = 20_000 // in one file
	mostID        = 253    // bytes of an id or another text of an asset
)

// marks are what the files of the sources have in them, each all of a line; what has none of these is not parsed, which takes long.
var marks = [][]string{{"apiVersion"}, {"technical_assets"}, {"data_assets"}, {"bomFormat", "services"}}

func (f *File) isMarked() bool {
	return slices.ContainsFunc(marks, func(all []string) bool {
		return !slices.ContainsFunc(all, func(mark string) bool { return !bytes.Contains(f.Text, []byte(mark)) })
	})
}

// Readable says whether a file of that name may say something of assets.
func Readable(name string) bool {
	return path.Base(name) == "CODEOWNERS" || slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(path.Ext(name)))
}

// documents are the documents of a file that a source may be in. A file that is no YAML is nil and, if a source must have been meant,
// a warning.
func (f *File) documents(warn func(string, ...any)) (all []*document) {
	if d := (&document{file: f.Name, text: f.Text}); isCodeowners(d) {
		return []*document{d}
	}
	if !Readable(f.Name) || !f.isMarked() {
		return nil
	}
	if len(f.Text) > MaxFileBytes {
		warn("%s: larger than %d MiB; it is not read", f.Name, MaxFileBytes>>20)
		return nil
	}
	dec := yaml.NewDecoder(bytes.NewReader(f.Text))
	for len(all) < mostDocuments {
		var n yaml.Node
		err := dec.Decode(&n)
		if err == io.EOF {
			return all
		}
		if (err != nil || len(n.Content) == 1 && hasTemplate(n.Content[0])) && bytes.Contains(f.Text, []byte("{{")) {
			warn("%s: a template, not YAML; it is not read: name what is rendered of it", f.Name)
			return nil
		}
		if err != nil {
			warn("%v; the file is not read", YAMLError(f.Name, err))
			return nil
		}
		if len(n.Content) == 1 && n.Content[0].Kind == yaml.MappingNode {
			all = append(all, &document{file: f.Name, root: n.Content[0]})
		}
	}
	warn("%s: more than %d documents; the rest is not read", f.Name, mostDocuments)
	return all
}

// hasTemplate says whether a place to fill in stands where YAML has a value: "{{ name }}" reads as a mapping with a mapping for its key,
// and the parts of a name are not its own.
func hasTemplate(n *yaml.Node) bool {
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Kind == yaml.MappingNode {
				return true
			}
			if key := n.Content[i].Value; key == "name" && i+1 < len(n.Content) && strings.Contains(n.Content[i+1].Value, "{{") {
				return true
			}
		}
	}
	return slices.ContainsFunc(n.Content, hasTemplate)
}

// Read reads what is known about assets: the assets file, if it has a name, and files of any kind in sources, detected by content.
// Where they state a fact of an asset differently, the first source is believed and the case has the conflict. Whatever is wrong in the
// assets file, or in an annotation of headgate.dev, is an error that names the line; what is wrong elsewhere is a warning, and is left
// out. Files of no kind say nothing.
func Read(assets File, files []File, o Options) (*Inventory, error) {
	inv := &Inventory{}
	all := []*statements{{source: assetsFile}}
	if assets.Name != "" {
		err := readAssets(assets, all[0])
		if err != nil {
			return nil, err
		}
		inv.files = append(inv.files, ReadFile{assets.Name, SourceNames()[assetsFile]})
	}
	docs := make([][]*document, len(sources))
	for i := range files {
		found := false
		for _, d := range files[i].documents(inv.warn) {
			for k := range sources {
				if !sources[k].is(d) {
					continue
				}
				docs[k] = append(docs[k], d)
				if one := (ReadFile{d.file, sources[k].name}); !found || inv.files[len(inv.files)-1] != one {
					inv.files = append(inv.files, one)
				}
				found = true
				break
			}
		}
		if !found {
			inv.Silent++
		}
	}
	for k, s := range sources {
		said := &statements{source: k + 1, strange: map[string]bool{}}
		if err := s.read(docs[k], o, said); err != nil {
			return nil, err
		}
		all = append(all, said)
	}
	return inv, inv.merge(all, o)
}

// A ReadFile is a file that something was read from, and the kind that it is of.
type ReadFile struct{ Name, Kind string }

// isID says whether a text can be an asset's id: short, and of visible characters.
func isID(s string) bool {
	return s != "" && len(s) <= mostID && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// listed are the parts of a list that stands in one text, separated by commas.
func listed(s string) (all []string) {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
