// Package scope knows what matters: the assets, who owns them, and which findings are theirs.
package scope

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/glob"
)

// An Inventory is the assets that a team has named. The zero Inventory has none.
type Inventory struct {
	Warnings []string // what is wrong in files other than assets.yaml, each with file and line
	Silent   int      // how many files were looked at that say nothing of assets

	assets     []entry
	edges      []engine.Edge
	owners     *owners // nil: no file says who owns which files
	repository string  // that the files lie in; empty: not known
	files      []ReadFile
}

// An entry is one asset, what makes a finding its own, and where each of its facts stands.
type entry struct {
	asset     engine.Asset
	place     string   // where it stands: file and line
	aliases   []string // what else it is called
	match     match
	lines     map[string]string // by path of the fact, e.g. "asset.exposure": file and line
	folder    string            // a pattern of the files that are its own if nothing says which
	general   []string          // the facts that are said of a whole that this is part of
	conflicts []engine.Conflict // what sources state differently
	sources   []int             // that name it, in the order of precedence
}

// A match says which findings are an asset's: those that any of its patterns fits.
type match struct {
	Paths        []string `yaml:"paths"`        // globs over paths in a repository; ** crosses folders
	Images       []string `yaml:"images"`       // globs over image names without tag
	Repositories []string `yaml:"repositories"` // globs over "owner/name"
	PURLs        []string `yaml:"purls"`        // globs over package URLs without version
	Hosts        []string `yaml:"hosts"`        // hosts and URLs that it answers at: see hostPattern

	hosts  []hostPattern
	within []place // folders of repositories
}

// A place is what lies in one folder of one repository.
type place struct {
	repository string // "owner/name", in lower case
	glob       string // over paths in it
}

// MaxFileBytes bounds every file that says something of assets.
const MaxFileBytes = 16 << 20

// file is the form of assets.yaml.
type file struct {
	Assets []wireAsset `yaml:"assets"`
}

// A wireAsset keeps its values as nodes: they know their line, and a value that is null from one that is not there.
type wireAsset struct {
	ID          yaml.Node `yaml:"id"`
	Aliases     yaml.Node `yaml:"aliases"`
	Name        yaml.Node `yaml:"name"`
	Type        yaml.Node `yaml:"type"`
	Owner       yaml.Node `yaml:"owner"`
	Criticality yaml.Node `yaml:"criticality"`
	Mission     yaml.Node `yaml:"mission"`
	WellBeing   yaml.Node `yaml:"well_being"`
	Safety      yaml.Node `yaml:"safety"`
	Density     yaml.Node `yaml:"value_density"`
	Required    yaml.Node `yaml:"requirements"`
	Data        yaml.Node `yaml:"data"`
	Environment yaml.Node `yaml:"environment"`
	Exposure    yaml.Node `yaml:"exposure"`
	Tags        yaml.Node `yaml:"tags"`
	Match       match     `yaml:"match"`
	wireEdges   `yaml:",inline"`
}

// ReadAssets reads an assets file (assets.yaml) alone. Name is how errors and provenance call it. An error names the line and what is
// wrong there; an unknown key, an empty value or one that the input does not have, an asset that nothing can match, a repeated id or
// a file of more than 16 MiB is one.
func ReadAssets(name string, r io.Reader) (*Inventory, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return Read(File{name, text}, nil, Options{})
}

// readAssets reads the assets file.
func readAssets(from File, s *statements) error {
	name := from.Name
	if len(from.Text) > MaxFileBytes {
		return fmt.Errorf("%s: larger than %d MiB", name, MaxFileBytes>>20)
	}
	dec := yaml.NewDecoder(bytes.NewReader(from.Text))
	dec.KnownFields(true)
	var f file
	if err := dec.Decode(&f); err != nil && err != io.EOF {
		return YAMLError(name, err)
	}
	if err := dec.Decode(new(any)); err != io.EOF {
		return fmt.Errorf("%s: one document is needed, there are several", name)
	}
	seen := map[string]int{}
	for i, w := range f.Assets {
		e, err := w.entry(name)
		if err != nil {
			return err
		}
		if e.asset.ID == "" {
			return fmt.Errorf("%s: asset %d has no id", name, i+1)
		}
		if first, twice := seen[e.asset.ID]; twice {
			return fmt.Errorf("%s:%d: asset %s is there already, on line %d", name, w.ID.Line, e.asset.ID, first)
		}
		seen[e.asset.ID] = w.ID.Line
		s.assets = append(s.assets, e)
		edges, err := w.edges(name, e.asset.ID)
		if err != nil {
			return err
		}
		s.edges = append(s.edges, edges...)
	}
	return nil
}

// shortened is how provenance calls a file: by its last folder and name, so that the same set-up gives the same bytes wherever it lies.
func shortened(name string) string {
	dir, file := path.Split(name)
	return path.Join(path.Base(dir), file)
}

func (w *wireAsset) entry(name string) (entry, error) {
	e := entry{place: fmt.Sprintf("%s:%d", name, w.ID.Line), match: w.Match, lines: map[string]string{}}
	a := &e.asset
	for _, f := range []fact{
		{"id", &a.ID, &w.ID}, {"name", &a.Name, &w.Name}, {"type", &a.Type, &w.Type}, {"owner", &a.Owner, &w.Owner},
		{"criticality", &a.Criticality, &w.Criticality}, {"mission", &a.Mission, &w.Mission}, {"well_being", &a.WellBeing, &w.WellBeing},
		{"safety", &a.Safety, &w.Safety}, {"value_density", &a.ValueDensity, &w.Density}, {"environment", &a.Environment, &w.Environment},
		{"exposure", &a.Exposure, &w.Exposure},
	} {
		if err := e.fact(name, []string{"asset", f.key}, f); err != nil {
			return e, err
		}
	}
	if err := e.requirements(name, &w.Required); err != nil {
		return e, err
	}
	if err := decode(name, "data", &w.Data, &a.Data); err != nil {
		return e, err
	}
	if err := decode(name, "tags", &w.Tags, &a.Tags); err != nil {
		return e, err
	}
	for key := range a.Tags {
		e.lines["asset.tags."+key] = fmt.Sprintf("%s:%d", shortened(name), w.Tags.Line)
	}
	if err := decode(name, "aliases", &w.Aliases, &e.aliases); err != nil {
		return e, err
	}
	if slices.Contains(e.aliases, "") {
		return e, isEmpty(fmt.Sprintf("%s:%d", name, w.Aliases.Line), "a value of aliases")
	}
	slices.Sort(a.Data)
	a.Data = slices.Compact(a.Data)
	if slices.Contains(a.Data, "") {
		return e, isEmpty(fmt.Sprintf("%s:%d", name, w.Data.Line), "a value of data")
	}
	if len(a.Data) > 0 {
		e.lines["asset.data"] = fmt.Sprintf("%s:%d", shortened(name), w.Data.Line)
	}
	err := e.match.check(fmt.Sprintf("%s:%d: asset %s", name, w.ID.Line, a.ID))
	return e, err
}

// A fact is one text of an asset: its key, where it goes and where it stands.
type fact struct {
	key  string
	to   *string
	from *yaml.Node
}

// fact reads one text, if it is there, and refuses one that the input does not have at the path.
func (e *entry) fact(name string, path []string, f fact) error {
	if err := decode(name, f.key, f.from, f.to); err != nil || f.from.IsZero() {
		return err
	}
	place := fmt.Sprintf("%s:%d", name, f.from.Line)
	if *f.to == "" {
		return isEmpty(place, f.key)
	}
	if allowed := engine.InputValues(path...); allowed != nil && !slices.Contains(allowed, *f.to) {
		return fmt.Errorf("%s: %s is %q; it can be %s", place, f.key, *f.to, strings.Join(allowed, ", "))
	}
	e.lines[strings.Join(path, ".")] = fmt.Sprintf("%s:%d", shortened(name), f.from.Line)
	return nil
}

// wireRequirements are the security requirements of an asset.
type wireRequirements struct {
	Confidentiality yaml.Node `yaml:"confidentiality"`
	Integrity       yaml.Node `yaml:"integrity"`
	Availability    yaml.Node `yaml:"availability"`
}

// requirements reads the security requirements, if the asset has any.
func (e *entry) requirements(name string, from *yaml.Node) error {
	if from.IsZero() {
		return nil
	}
	var w wireRequirements
	if err := decode(name, "requirements", from, &w); err != nil {
		return err
	}
	for i := 0; i < len(from.Content); i += 2 { // a node does not refuse keys that it does not have
		if key := from.Content[i]; engine.InputValues("asset", "requirements", key.Value) == nil {
			return fmt.Errorf("%s:%d: there is no key %s", name, key.Line, key.Value)
		}
	}
	var r engine.Requirements
	for _, f := range []fact{
		{"confidentiality", &r.Confidentiality, &w.Confidentiality}, {"integrity", &r.Integrity, &w.Integrity},
		{"availability", &r.Availability, &w.Availability},
	} {
		if err := e.fact(name, []string{"asset", "requirements", f.key}, f); err != nil {
			return err
		}
	}
	if r == (engine.Requirements{}) {
		return isEmpty(fmt.Sprintf("%s:%d", name, from.Line), "requirements")
	}
	e.asset.Requirements = &r
	return nil
}

// decode reads a value that may be absent, but neither be null nor have a null in it, which the decoder would drop.
func decode(name, key string, from *yaml.Node, to any) error {
	if from.IsZero() {
		return nil
	}
	if from.ShortTag() == "!!null" {
		return isEmpty(fmt.Sprintf("%s:%d", name, from.Line), key)
	}
	values := from
	if from.Alias != nil {
		values = from.Alias
	}
	for _, v := range values.Content {
		if v.ShortTag() == "!!null" {
			return isEmpty(fmt.Sprintf("%s:%d", name, v.Line), "a value of "+key)
		}
	}
	if err := from.Decode(to); err != nil {
		return YAMLError(name, err)
	}
	return nil
}

func isEmpty(place, what string) error {
	return fmt.Errorf("%s: %s is empty; leave it out if it is not known", place, what)
}

func (m *match) patterns() []string { return slices.Concat(m.Paths, m.Images, m.Repositories, m.PURLs) }

func (m *match) check(label string) error {
	for _, p := range m.patterns() {
		if p == "" || !glob.Valid(p) {
			return fmt.Errorf("%s: %q is no pattern", label, p)
		}
	}
	m.hosts = nil
	for _, h := range m.Hosts {
		p, ok := parseHostPattern(h)
		if !ok {
			return fmt.Errorf("%s: hosts: %q is neither a host nor a URL; write shop.example.com, *.example.com:8443 or https://example.com/shop", label, h)
		}
		m.hosts = append(m.hosts, p)
	}
	return nil
}

// takes says whether a discovery is the asset's.
func (m *match) takes(d *engine.Discovery) bool {
	switch d.Target.Type {
	case engine.TargetImage:
		if fits(m.Images, d.Target.Name) {
			return true
		}
	case engine.TargetHost:
		if m.answers(endpointsOf(d.Target.Name, &d.Finding)) {
			return true
		}
	case engine.TargetRepository:
		if fits(m.Repositories, d.Target.Name) {
			return true
		}
		if len(d.Finding.Locations) == 0 && m.holds(d.Target.Name, "") {
			return true
		}
		for _, l := range d.Finding.Locations {
			if m.holds(d.Target.Name, l.Path) {
				return true
			}
		}
	}
	p := d.Finding.Package
	return p != nil && slices.ContainsFunc(append(p.Components(), p.PURL), func(purl string) bool { return purl != "" && fits(m.PURLs, purl) })
}

// holds says whether a path of a repository is the asset's. A repository that nobody names may be the one that is meant.
func (m *match) holds(repository, path string) bool {
	return fits(m.Paths, path) || slices.ContainsFunc(m.within, func(p place) bool {
		return (repository == "" || strings.EqualFold(p.repository, repository)) && doublestar.MatchUnvalidated(p.glob, path)
	})
}

// fits says whether one of the patterns fits a name; they have been validated.
func fits(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return begins(p, name) && doublestar.MatchUnvalidated(p, name) })
}

// begins says whether a name may fit a pattern by the text before the pattern's first mark. Of ten thousand assets it leaves out nearly
// all, at the cost of a few characters each.
func begins(pattern, name string) bool {
	for i := range len(pattern) {
		switch c := pattern[i]; {
		case c == '*' || c == '?' || c == '[' || c == '{' || c == '\\' || i >= len(name): // "a/**" fits "a" too
			return true
		case c != name[i]:
			return false
		}
	}
	return len(pattern) == len(name)
}

var (
	yamlLine    = regexp.MustCompile(`line ([0-9]+): (.*)`)
	yamlUnknown = regexp.MustCompile(`field (\S+) not found in type \S+`)
	yamlType    = regexp.MustCompile(`cannot unmarshal \S+ (.*) into \S+`)
)

// YAMLError makes of a YAML decoder's error one line that names file and line.
func YAMLError(name string, err error) error {
	text := err.Error()
	var types *yaml.TypeError
	if errors.As(err, &types) && len(types.Errors) > 0 {
		text = types.Errors[0]
	}
	text = strings.TrimPrefix(strings.Join(strings.Fields(text), " "), "yaml: ")
	text = yamlUnknown.ReplaceAllString(text, "there is no key $1")
	text = yamlType.ReplaceAllString(text, "$1 does not fit here")
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s:%s: %s", name, m[1], m[2])
	}
	return fmt.Errorf("%s: %s", name, text)
}
