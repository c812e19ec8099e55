package ingest

import (
	"net/url"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A cdxLinked is what a document says of a component of another one, which it names by a BOM-Link ("urn:cdx:SERIAL/VERSION#REF",
// https://cyclonedx.org/capabilities/bomlink/).
type cdxLinked struct {
	statement engine.Statement // without products
	ref       string
}

// A bom is what other documents can refer to in a CycloneDX document with a serial number.
type bom struct {
	link    string // "SERIAL/VERSION", in lower case
	subject cdxComponent
	parts   map[string]*cdxPart // by bom-ref
}

// Linked are the statements of documents about components of other documents that were read along with them. As with what a document says
// of its own components, each is about the findings of the document that has the component, and about that document's subject, not about
// every product with the same component. A link that leads nowhere says nothing.
func Linked(readings []*Reading) []engine.Statement {
	documents := map[string][]*Reading{}
	for _, r := range readings {
		if r.bom != nil {
			documents[r.bom.link] = append(documents[r.bom.link], r)
		}
	}
	var all []engine.Statement
	for _, r := range readings {
		for _, l := range r.linked {
			link, ref, _ := strings.Cut(strings.TrimPrefix(l.ref, "urn:cdx:"), "#")
			for _, to := range documents[strings.ToLower(link)] {
				part := to.bom.parts[ref]
				if plain, err := url.PathUnescape(ref); part == nil && err == nil {
					part = to.bom.parts[plain]
				}
				if part == nil {
					continue
				}
				own := l.statement
				own.Products, own.Report = packaged([]engine.Product{part.product()}), to.Report.Digest
				all = append(all, own)
				if whole, ok := wholeOf(to.bom.subject); ok && ref != string(to.bom.subject.Ref) {
					whole.Subcomponents = []engine.Product{part.product()}
					said := l.statement
					said.Products = packaged([]engine.Product{whole})
					all = append(all, said)
				}
			}
		}
	}
	return all
}

// wholeOf is the product that a document describes, if it names one.
func wholeOf(subject cdxComponent) (engine.Product, bool) {
	if subject.Name == "" || subject.Type == "file" {
		return engine.Product{}, false
	}
	part := subject.part()
	whole := part.product()
	if subject.Type == "container" && whole.PURL == "" {
		whole = engine.Product{Name: ImageTarget(imageReference(cdxImage(subject))).Name}
	}
	return whole, true
}
