package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/CycloneDX/cyclonedx-go"
)

// sbom lists the parts of the program as a CycloneDX document: those of all platforms, with their licences and which needs which.
func (r *release) sbom(parts []*part) ([]byte, error) {
	doc := cyclonedx.NewBOM()
	doc.JSONSchema = "http://cyclonedx.org/schema/bom-1.6.schema.json"
	doc.SpecVersion = cyclonedx.SpecVersion1_6
	id := sha256.Sum256([]byte(r.version + " " + r.commit))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // a UUID of version 8, of which only we say how it comes about
	doc.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:16])
	components, dependencies := []cyclonedx.Component{}, []cyclonedx.Dependency{}
	byPath := map[string]*part{}
	for _, p := range parts {
		byPath[p.path] = p
	}
	for _, p := range parts {
		c := p.component()
		if p.path == ours {
			c.Type, c.Name, c.Version = cyclonedx.ComponentTypeApplication, "headgate", strings.TrimPrefix(r.version, "v")
			c.Properties = &[]cyclonedx.Property{{Name: "headgate:commit", Value: r.commit}}
			doc.Metadata = &cyclonedx.Metadata{Timestamp: r.date.Format(time.RFC3339), Component: &c,
				Tools: &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{{Type: cyclonedx.ComponentTypeApplication, Name: "headgate-release", Version: r.version}}}}
		} else {
			components = append(components, c)
		}
		d := cyclonedx.Dependency{Ref: p.purl()}
		if len(p.needs) > 0 {
			needs := []string{}
			for _, path := range slices.Sorted(maps.Keys(p.needs)) {
				needs = append(needs, byPath[path].purl())
			}
			d.Dependencies = &needs
		}
		dependencies = append(dependencies, d)
	}
	doc.Components, doc.Dependencies = &components, &dependencies
	var out bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&out, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(doc)
	return out.Bytes(), err
}

// purl is the package URL of a part. Go's own library goes by "stdlib", under which scanners and vulnerability data know it.
func (p *part) purl() string {
	if p.path == std {
		return "pkg:golang/stdlib@" + strings.TrimPrefix(p.version, "v")
	}
	return "pkg:golang/" + p.path + "@" + strings.ReplaceAll(p.version, "+", "%2B")
}

func (p *part) component() cyclonedx.Component {
	c := cyclonedx.Component{Type: cyclonedx.ComponentTypeLibrary, BOMRef: p.purl(), Name: p.path, Version: p.version, PackageURL: p.purl(), Scope: cyclonedx.ScopeRequired}
	if p.path == std {
		c.Name, c.Version = "stdlib", strings.TrimPrefix(p.version, "v")
	}
	c.Licenses = &cyclonedx.Licenses{{Expression: strings.Join(p.licences, " AND ")}}
	if p.sum != "" {
		c.Properties = &[]cyclonedx.Property{{Name: "headgate:go.sum", Value: p.sum}}
	}
	return c
}
