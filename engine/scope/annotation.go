package scope

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// annotationPrefix begins the annotations that state facts of an asset, in Backstage and in Kubernetes.
const annotationPrefix = "headgate.dev/"

// annotationLists are the annotations that are lists, and where their values go.
var annotationLists = map[string]func(*match) *[]string{
	"paths":        func(m *match) *[]string { return &m.Paths },
	"images":       func(m *match) *[]string { return &m.Images },
	"repositories": func(m *match) *[]string { return &m.Repositories },
	"purls":        func(m *match) *[]string { return &m.PURLs },
	"hosts":        func(m *match) *[]string { return &m.Hosts },
}

// edgeKeys are the keys of edges and the kind that each states.
var edgeKeys = []struct {
	key  string
	kind engine.EdgeKind
}{
	{"reaches", engine.EdgeNetwork}, {"deploys", engine.EdgeDeploys}, {"uses_credentials_of", engine.EdgeCredentials}, {"reads_data_of", engine.EdgeData},
}

// annotated is the id that annotations give an asset; empty if they give none.
func annotated(annotations map[string]value) string {
	return strings.TrimSpace(annotations[annotationPrefix+"asset"].text)
}

// annotate adds what the annotations of headgate.dev state: each fact by its name, lists separated by commas. They are written for
// Headgate alone, so what it does not know among them is an error.
func (e *entry) annotate(d *document, annotations map[string]value, s *statements) error {
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		name, ok := strings.CutPrefix(key, annotationPrefix)
		if !ok {
			continue
		}
		v := annotations[key]
		place := d.place(v.line)
		name = strings.ReplaceAll(name, "-", "_")
		fact := name
		if slices.Contains([]string{"confidentiality", "integrity", "availability"}, name) {
			fact = "requirements." + name
		}
		if strings.TrimSpace(v.text) == "" {
			return isEmpty(place, key)
		}
		switch list := annotationLists[name]; {
		case name == "asset":
		case name == "aliases":
			e.aliases = append(e.aliases, listed(v.text)...)
		case name == "data":
			e.addData(place, listed(v.text)...)
		case list != nil:
			*list(&e.match) = append(*list(&e.match), listed(v.text)...)
			if err := e.match.check(place + ": " + key); err != nil {
				return err
			}
		case slices.Contains(texts, fact):
			if err := e.set(fact, v.text, place); err != nil {
				return err
			}
		default:
			if !e.annotateEdges(name, v.text, key, place, s) {
				return fmt.Errorf("%s: there is no annotation %s; there are %s", place, key, strings.Join(annotationNames(), ", "))
			}
		}
	}
	return nil
}

// annotateEdges adds the edges that an annotation states; false if it is none of edges.
func (e *entry) annotateEdges(name, text, key, place string, s *statements) bool {
	for _, k := range edgeKeys {
		if k.key != name {
			continue
		}
		for _, to := range listed(text) {
			s.edge(e.asset.ID, to, k.kind, key, place)
		}
		return true
	}
	return false
}

// edge states an edge. Those but of the network are trusted.
func (s *statements) edge(from, to string, kind engine.EdgeKind, key, place string) {
	s.edges = append(s.edges, edge{engine.Edge{From: from, To: to, Kind: kind, Trusted: kind != engine.EdgeNetwork, Source: place}, key})
}

// annotationNames are all annotations that there are, without their prefix.
func annotationNames() []string {
	names := append([]string{"asset", "aliases", "data"}, slices.Collect(maps.Keys(annotationLists))...)
	for _, key := range texts {
		names = append(names, strings.TrimPrefix(key, "requirements."))
	}
	for _, k := range edgeKeys {
		names = append(names, k.key)
	}
	for i := range names {
		names[i] = strings.ReplaceAll(names[i], "_", "-")
	}
	slices.Sort(names)
	return names
}
