package scope

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/headgate/headgate/engine"
)

// The form of Threagile's models: https://github.com/Threagile/threagile/blob/master/support/schema.json
type (
	threagileModel struct {
		DataAssets map[string]struct {
			ID   value   `yaml:"id"`
			Tags []value `yaml:"tags"`
		} `yaml:"data_assets"`
		Assets     map[string]threagileAsset    `yaml:"technical_assets"`
		Boundaries map[string]threagileBoundary `yaml:"trust_boundaries"`
	}

	threagileBoundary struct {
		ID     value   `yaml:"id"`
		Inside []value `yaml:"technical_assets_inside"`
	}

	threagileAsset struct {
		ID              value                    `yaml:"id"`
		Type            value                    `yaml:"type"`
		Internet        value                    `yaml:"internet"`
		Owner           value                    `yaml:"owner"`
		Tags            []value                  `yaml:"tags"`
		Confidentiality value                    `yaml:"confidentiality"`
		Integrity       value                    `yaml:"integrity"`
		Availability    value                    `yaml:"availability"`
		Processed       []value                  `yaml:"data_assets_processed"`
		Stored          []value                  `yaml:"data_assets_stored"`
		Links           map[string]threagileLink `yaml:"communication_links"`
	}

	threagileLink struct {
		Target        value   `yaml:"target"`
		Authorization value   `yaml:"authorization"`
		Received      []value `yaml:"data_assets_received"`
	}
)

// isThreagile knows a model, or the part of one that another includes, by what it is made of.
func isThreagile(d *document) bool {
	for _, key := range []string{"technical_assets", "data_assets"} {
		if n := d.at(key); n != nil && n.Kind == yaml.MappingNode {
			return true
		}
	}
	return false
}

// What Threagile's ratings are in the input. Its five grades of confidentiality and of criticality are more than the three of CVSS's
// requirements and the four of criticality here: two grades become one, and none becomes more than it is.
var (
	threagileConfidentiality = map[string]string{
		"public": "low", "internal": "low", "restricted": "medium", "confidential": "high", "strictly-confidential": "high",
	}
	threagileRequirement = map[string]string{
		"archive": "low", "operational": "low", "important": "medium", "critical": "high", "mission-critical": "high",
	}
	threagileCriticality = map[string]string{
		"archive": "low", "operational": "operational", "important": "operational", "critical": "business_critical",
		"mission-critical": "mission_critical",
	}
	threagileTypes = map[string]string{"process": "service", "datastore": "datastore"}
)

// DataClasses are the classes of data that are known by their names, so that a tag or classification of that name states one. An asset
// may have others, where it says that they are classes of data.
var DataClasses = []string{"credentials", "pci", "phi", "pii"}

// readThreagile reads technical assets. External entities belong to others, so they are none: what they link to from the internet is
// exposed to it. Integrity and availability are rated by criticality; the higher one is the asset's.
func readThreagile(docs []*document, _ Options, s *statements) error {
	models := make([]threagileModel, 0, len(docs))
	from := make([]*document, 0, len(docs))
	classes := map[string][]string{} // of data, by id of a data asset
	for _, d := range docs {
		var m threagileModel
		if !d.decode(d.root, &m, s) {
			continue
		}
		models, from = append(models, m), append(from, d)
		for _, data := range m.DataAssets {
			for _, tag := range data.Tags {
				if class := strings.ToLower(tag.text); slices.Contains(DataClasses, class) {
					classes[data.ID.text] = append(classes[data.ID.text], class)
				}
			}
		}
	}
	types := map[string]string{}
	for i := range models {
		for _, name := range inOrder(models[i].Assets, func(a threagileAsset) value { return a.ID }) {
			a := models[i].Assets[name]
			types[a.ID.text] = a.Type.text
			if a.Type.text == "external-entity" {
				s.strange[a.ID.text] = true
			}
		}
	}
	for i := range models {
		t := threagile{from[i], s, classes, types}
		m := &models[i]
		for _, name := range inOrder(m.Assets, func(a threagileAsset) value { return a.ID }) {
			a := m.Assets[name]
			if a.ID.text == "" {
				s.warn("%s: technical_assets: %.80q has no id; it is left out", t.doc.file, name)
				continue
			}
			t.asset(name, &a)
			t.links(&a)
		}
		for _, name := range inOrder(m.Boundaries, func(b threagileBoundary) value { return b.ID }) {
			for _, inside := range m.Boundaries[name].Inside {
				if types[inside.text] == "" {
					s.warn("%s: technical_assets_inside: %.80q is no technical asset", t.doc.place(inside.line), inside.text)
				} else if !s.strange[inside.text] {
					e := newEntry(inside.text, t.doc.place(inside.line))
					e.tag("trust_boundary", m.Boundaries[name].ID.text, t.doc.place(inside.line))
					s.assets = append(s.assets, e)
				}
			}
		}
	}
	return nil
}

// inOrder are the keys of a mapping as they stand in the file.
func inOrder[T any](m map[string]T, at func(T) value) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(cmp.Compare(at(m[a]).line, at(m[b]).line), strings.Compare(a, b))
	})
}

func newEntry(id, place string) entry {
	e := entry{place: place, lines: map[string]string{}}
	e.asset.ID = id
	return e
}

// A threagile reads one model.
type threagile struct {
	doc     *document
	said    *statements
	classes map[string][]string
	types   map[string]string
}

// asset states the facts of a technical asset.
func (t *threagile) asset(name string, a *threagileAsset) {
	if a.Type.text == "external-entity" {
		return
	}
	e := newEntry(a.ID.text, t.doc.place(a.ID.line))
	set := func(key, text string, v value) {
		if err := e.set(key, text, t.doc.place(v.line)); err != nil {
			t.said.warn("%v; it is left out", err)
		}
	}
	rate := func(key string, grades map[string]string, v value) string {
		grade, ok := grades[v.text]
		if v.text != "" && !ok {
			t.said.warn("%s: %s: %.80q is no rating of Threagile's; it is left out", t.doc.place(v.line), key, v.text)
		}
		return grade
	}
	set("name", name, a.ID)
	set("owner", a.Owner.text, a.Owner)
	set("type", threagileTypes[a.Type.text], a.Type)
	set("requirements.confidentiality", rate("confidentiality", threagileConfidentiality, a.Confidentiality), a.Confidentiality)
	set("requirements.integrity", rate("integrity", threagileRequirement, a.Integrity), a.Integrity)
	set("requirements.availability", rate("availability", threagileRequirement, a.Availability), a.Availability)
	grades := engine.InputValues("asset", "criticality")
	higher, by := threagileCriticality[a.Integrity.text], a.Integrity
	if other := threagileCriticality[a.Availability.text]; slices.Index(grades, other) > slices.Index(grades, higher) {
		higher, by = other, a.Availability
	}
	set("criticality", higher, by)
	if a.Internet.text == "true" {
		set("exposure", "internet", a.Internet)
	}
	for _, v := range slices.Concat(a.Stored, a.Processed) {
		e.addData(t.doc.place(v.line), t.classes[v.text]...)
	}
	for _, v := range a.Tags {
		e.tag(v.text, "true", t.doc.place(v.line))
	}
	t.said.assets = append(t.said.assets, e)
}

// links states where an asset's communication leads. Who is on an asset that receives the data of a data store by its own rights, not by
// those of a person who asks, has these data.
func (t *threagile) links(a *threagileAsset) {
	for _, name := range inOrder(a.Links, func(l threagileLink) value { return l.Target }) {
		l := a.Links[name]
		to, place := l.Target.text, t.doc.place(l.Target.line)
		if to == "" {
			t.said.warn("%s: communication_links: %.80q of %s has no target", t.doc.place(a.ID.line), name, a.ID.text)
			continue
		}
		if a.Type.text == "external-entity" {
			if a.Internet.text == "true" && t.types[to] != "" && !t.said.strange[to] {
				e := newEntry(to, place)
				e.put("exposure", "internet", place)
				t.said.assets = append(t.said.assets, e)
			}
			continue
		}
		t.said.edge(a.ID.text, to, engine.EdgeNetwork, "communication_links", place)
		if t.types[to] == "datastore" && len(l.Received) > 0 && slices.Contains([]string{"none", "technical-user"}, l.Authorization.text) {
			t.said.edge(a.ID.text, to, engine.EdgeData, "communication_links", place)
		}
	}
}
