package scope

import (
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// The form of Backstage's catalog: https://backstage.io/docs/features/software-catalog/descriptor-format
type (
	backstageEntity struct {
		Kind     value `yaml:"kind"`
		Metadata struct {
			Name        value            `yaml:"name"`
			Namespace   value            `yaml:"namespace"`
			Title       value            `yaml:"title"`
			Annotations map[string]value `yaml:"annotations"`
			Labels      map[string]value `yaml:"labels"`
			Tags        []value          `yaml:"tags"`
		} `yaml:"metadata"`
		Spec backstageSpec `yaml:"spec"`
	}

	backstageSpec struct {
		Type           value   `yaml:"type"`
		Lifecycle      value   `yaml:"lifecycle"`
		Owner          value   `yaml:"owner"`
		System         value   `yaml:"system"`
		SubcomponentOf value   `yaml:"subcomponentOf"`
		DependsOn      []value `yaml:"dependsOn"`
		DependencyOf   []value `yaml:"dependencyOf"`
		ProvidesAPIs   []value `yaml:"providesApis"`
		ConsumesAPIs   []value `yaml:"consumesApis"`
		Parent         value   `yaml:"parent"` // of a Group
	}

	// An entity is one that was read, with the asset that it is.
	entity struct {
		backstageEntity
		doc   *document
		ref   string // "component:default/checkout"
		above string // the ref of what it is part of, and key the key that says so; empty: none
		key   value
		entry entry
	}

	catalog struct {
		all   []*entity
		byRef map[string]*entity
		said  *statements

		provide map[string][]*entity // by the ref of an API; nil: not made yet
	}
)

// mostLevels is how deep a whole has parts that have parts.
const mostLevels = 32

// isBackstage knows an entity by the version of its form.
func isBackstage(d *document) bool { return strings.HasPrefix(d.value("apiVersion"), "backstage.io/") }

// Environments that a lifecycle names, and types of assets that a type names. Others say nothing: "experimental" is no environment.
var (
	backstageEnvironments = map[string]string{"production": "production", "staging": "staging", "development": "development"}
	backstageTypes        = map[string]string{"service": "service", "website": "service", "library": "library", "database": "datastore"}
)

// readBackstage reads Components and Resources as assets. What annotations say of a System, or of the Component that another is part
// of, holds for the parts too, unless they say otherwise. Who consumes an API can send requests to who provides it.
func readBackstage(docs []*document, _ Options, s *statements) error {
	c := &catalog{byRef: map[string]*entity{}, said: s}
	for _, d := range docs {
		if err := c.take(d); err != nil {
			return err
		}
	}
	c.warnOfCycles()
	c.places()
	for _, e := range c.all {
		kind := strings.ToLower(e.Kind.text)
		if kind != "component" && kind != "resource" {
			continue
		}
		for at, n := c.byRef[e.above], 0; at != nil && n < mostLevels; at, n = c.byRef[at.above], n+1 {
			e.entry.inherit(&at.entry)
		}
		s.assets = append(s.assets, e.entry)
		c.edges(e)
	}
	return nil
}

// take reads one entity. Those that are neither assets nor say something of them are passed over.
func (c *catalog) take(d *document) error {
	e := &entity{doc: d}
	if !d.decode(d.root, &e.backstageEntity, c.said) {
		return nil
	}
	kind := strings.ToLower(e.Kind.text)
	if !slices.Contains([]string{"component", "resource", "system", "api", "group"}, kind) {
		return nil
	}
	m := &e.Metadata
	if strings.Contains(m.Name.text, "{{") {
		c.said.warn("%s: a template of a catalog entry; it is not read", d.place(m.Name.line))
		return nil
	}
	if m.Name.text == "" {
		c.said.warn("%s: metadata.name: the %s has no name; it is left out", d.place(d.root.Line), e.Kind.text)
		return nil
	}
	e.ref = refOf(m.Name.text, kind, m.Namespace.text)
	if first := c.byRef[e.ref]; first != nil {
		c.said.warn("%s: metadata.name: %s is there already, at %s; this one is left out", d.place(m.Name.line), e.ref, first.doc.place(first.Metadata.Name.line))
		return nil
	}
	c.byRef[e.ref] = e
	c.all = append(c.all, e)
	switch {
	case e.Spec.SubcomponentOf.text != "":
		e.key, e.above = e.Spec.SubcomponentOf, refOf(e.Spec.SubcomponentOf.text, "component", "")
	case kind == "group" && e.Spec.Parent.text != "":
		e.key, e.above = e.Spec.Parent, refOf(e.Spec.Parent.text, "group", "")
	case e.Spec.System.text != "":
		e.key, e.above = e.Spec.System, refOf(e.Spec.System.text, "system", "")
	}
	return c.describe(e, kind)
}

// refOf is a reference to an entity in one form: kind, namespace and name, in lower case as Backstage compares them.
func refOf(text, kind, namespace string) string {
	if before, after, ok := strings.Cut(text, ":"); ok {
		kind, text = before, after
	}
	if before, after, ok := strings.Cut(text, "/"); ok {
		namespace, text = before, after
	}
	if namespace == "" {
		namespace = "default"
	}
	return strings.ToLower(kind + ":" + namespace + "/" + text)
}

// plainRef is a reference as people write it: without its kind and without the usual namespace.
func plainRef(text string) string {
	_, name, ok := strings.Cut(text, ":")
	if !ok {
		name = text
	}
	return strings.TrimPrefix(name, "default/")
}

// describe states the facts of an entity.
func (c *catalog) describe(e *entity, kind string) error {
	m := &e.Metadata
	e.entry = entry{place: e.doc.place(m.Name.line), lines: map[string]string{}}
	e.entry.asset.ID = m.Name.text
	if ns := m.Namespace.text; ns != "" && ns != "default" {
		e.entry.asset.ID = ns + "/" + m.Name.text
	}
	if id := annotated(m.Annotations); id != "" {
		e.entry.asset.ID = id
	}
	if id := m.Annotations["backstage.io/kubernetes-id"].text; id != "" && id != e.entry.asset.ID {
		e.entry.aliases = append(e.entry.aliases, id)
	}
	switch kind {
	case "group":
		return nil
	case "api":
		for _, key := range slices.Sorted(maps.Keys(m.Annotations)) {
			if strings.HasPrefix(key, annotationPrefix) {
				c.said.warn("%s: %s says nothing of an API: annotate the Component that provides it", e.doc.place(m.Annotations[key].line), key)
			}
		}
		return nil
	}
	if err := e.entry.annotate(e.doc, m.Annotations, c.said); err != nil {
		return err
	}
	for _, f := range []struct {
		key, text string
		line      int
	}{
		{"name", m.Title.text, m.Title.line},
		{"owner", plainRef(e.Spec.Owner.text), e.Spec.Owner.line},
		{"environment", backstageEnvironments[e.Spec.Lifecycle.text], e.Spec.Lifecycle.line},
		{"type", backstageTypes[e.Spec.Type.text], e.Spec.Type.line},
	} {
		if *textAt(&e.entry.asset, f.key) != "" || kind == "system" && f.key != "name" {
			continue // the annotation is meant for this reader
		}
		if err := e.entry.set(f.key, f.text, e.doc.place(f.line)); err != nil {
			c.said.warn("%v; it is left out", err)
		}
	}
	for key, v := range m.Labels {
		e.entry.tag(key, v.text, e.doc.place(v.line))
	}
	for _, v := range m.Tags {
		key, text, ok := strings.Cut(v.text, ":")
		if !ok {
			text = "true"
		}
		e.entry.tag(key, text, e.doc.place(v.line))
	}
	return nil
}

// places says which files are whose: those that source-location names, else those of the folder of a file that describes one Component
// alone. Where neither tells, it is the whole repository of project-slug.
func (c *catalog) places() {
	inFile := map[string]int{}
	for _, e := range c.all {
		if strings.EqualFold(e.Kind.text, "component") {
			inFile[e.doc.file]++
		}
	}
	for _, e := range c.all {
		if !strings.EqualFold(e.Kind.text, "component") {
			continue
		}
		m := &e.entry.match
		if v := e.Metadata.Annotations["backstage.io/source-location"]; v.text != "" {
			if p, ok := sourceLocation(v.text, path.Dir(e.doc.file)); !ok {
				c.said.warn("%s: backstage.io/source-location: %.200q names no folder that is known; it is left out", e.doc.place(v.line), v.text)
			} else if p.repository == "" {
				m.Paths = append(m.Paths, p.glob)
				continue
			} else {
				m.within = append(m.within, p)
				continue
			}
		}
		slug := strings.ToLower(e.Metadata.Annotations["github.com/project-slug"].text)
		switch folder := path.Dir(e.doc.file); {
		case len(m.Paths) > 0: // an annotation says so
		case folder != "." && inFile[e.doc.file] == 1:
			e.entry.folder = below(folder)
		case slug != "":
			m.within = append(m.within, place{slug, "**"})
		case folder == "." && inFile[e.doc.file] == 1:
			e.entry.folder = "**"
		case !m.any():
			c.said.warn("%s: %d Components lie in this file: backstage.io/source-location would say which files belong to %s",
				e.entry.place, inFile[e.doc.file], e.entry.asset.ID)
		}
	}
}

// sourceLocation reads "url:https://github.com/acme/shop/tree/main/services/checkout/" and "dir:./services/checkout". Folder is where
// the description lies.
func sourceLocation(text, folder string) (place, bool) {
	if dir, ok := strings.CutPrefix(text, "dir:"); ok {
		at := path.Join(folder, dir)
		if path.IsAbs(dir) || at == ".." || strings.HasPrefix(at, "../") {
			return place{}, false
		}
		return place{glob: below(at)}, true
	}
	u, err := url.Parse(strings.TrimPrefix(text, "url:"))
	if err != nil || u.Host == "" {
		return place{}, false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 {
		return place{}, false
	}
	p := place{repository: strings.ToLower(parts[0] + "/" + strings.TrimSuffix(parts[1], ".git")), glob: "**"}
	if i := slices.IndexFunc(parts, func(s string) bool { return s == "tree" || s == "blob" }); i >= 2 && len(parts) > i+2 {
		p.glob = below(path.Join(parts[i+2:]...)) // after it stands the branch
	}
	return p, true
}

// below is a pattern of all that lies in a folder.
func below(folder string) string {
	if folder == "." {
		return "**"
	}
	return quoted(folder) + "/**"
}

var patternMarks = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "{", `\{`)

// quoted is a path in which nothing is a pattern.
func quoted(path string) string { return patternMarks.Replace(path) }

// edges states what an entity can reach: what it depends on, and who provides the APIs that it consumes.
func (c *catalog) edges(e *entity) {
	for _, v := range e.Spec.DependsOn {
		if to, ok := c.target(v.text); ok {
			c.said.edge(e.entry.asset.ID, to, engine.EdgeNetwork, "dependsOn", e.doc.place(v.line))
		}
	}
	for _, v := range e.Spec.DependencyOf {
		if from, ok := c.target(v.text); ok {
			c.said.edge(from, e.entry.asset.ID, engine.EdgeNetwork, "dependencyOf", e.doc.place(v.line))
		}
	}
	for _, v := range e.Spec.ConsumesAPIs {
		ref, provided := refOf(v.text, "api", ""), false
		for _, p := range c.providers()[ref] {
			c.said.edge(e.entry.asset.ID, p.entry.asset.ID, engine.EdgeNetwork, "consumesApis", e.doc.place(v.line))
			provided = true
		}
		if c.byRef[ref] == nil && !provided {
			c.said.warn("%s: consumesApis: %.80q is no API that is described here", e.doc.place(v.line), v.text)
		}
	}
}

// target is the id of the asset that a dependency names; false for what is none, as a System.
func (c *catalog) target(text string) (string, bool) {
	kinds := []string{"component", "resource"}
	if kind, _, ok := strings.Cut(text, ":"); ok {
		if !slices.Contains(kinds, strings.ToLower(kind)) {
			return "", false
		}
		kinds = []string{kind}
	}
	for _, kind := range kinds {
		if e := c.byRef[refOf(text, kind, "")]; e != nil {
			return e.entry.asset.ID, true
		}
	}
	return plainRef(text), true
}

// providers are the Components by the APIs that they provide.
func (c *catalog) providers() map[string][]*entity {
	if c.provide == nil {
		c.provide = map[string][]*entity{}
		for _, e := range c.all {
			for _, v := range e.Spec.ProvidesAPIs {
				ref := refOf(v.text, "api", "")
				c.provide[ref] = append(c.provide[ref], e)
			}
		}
	}
	return c.provide
}

// warnOfCycles finds entities that are part of themselves: each cycle is named once, at its first entity.
func (c *catalog) warnOfCycles() {
	state := map[*entity]int{} // the number of the walk that has been there
	for n, first := range c.all {
		var way []string
		for at := first; at != nil && (state[at] == 0 || state[at] == n+1); at = c.byRef[at.above] {
			if state[at] == n+1 {
				from := slices.Index(way, at.ref)
				c.said.warn("%s: %s is part of itself: %s", at.doc.place(at.key.line), at.ref, strings.Join(append(way[from:], at.ref), " → "))
				break
			}
			state[at] = n + 1
			way = append(way, at.ref)
		}
	}
}
