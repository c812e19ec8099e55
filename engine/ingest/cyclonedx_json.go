package ingest

import "bytes"

// Components and vulnerabilities are what a large document is made of; they are read with a cursor. A value of another type than expected
// is absent.

// readComponent reads a component into the index, and those inside it. All others may stand inside it: one that is not in the buffer
// whole is read key by key, so that no more than one value of it is held.
func (d *cycloneDX) readComponent() error {
	s := d.s
	var c cdxComponent
	switch whole, err := s.foresee(c.read); {
	case err != nil:
		return err
	case whole:
		d.add(&c)
		return nil
	}
	c = cdxComponent{}
	err := s.fields(func(key string) error {
		switch key {
		case "components":
			return s.items(d.readComponent)
		case "bom-ref", "type", "group", "name", "version", "purl", "scope", "properties", "evidence":
			at, err := s.element()
			if err == nil {
				c.field([]byte(key), &at)
			}
			return err
		}
		return s.skip()
	})
	d.add(&c)
	return err
}

// read reads a component with those inside it.
func (c *cdxComponent) read(at *cursor) {
	at.fields(func(key []byte) { c.field(key, at) })
}

func (c *cdxComponent) field(key []byte, at *cursor) {
	switch string(key) {
	case "bom-ref":
		c.Ref = word(at.name())
	case "type":
		c.Type = word(at.word())
	case "group":
		c.Group = word(at.word())
	case "name":
		c.Name = word(at.nameIn(string(c.Ref)))
	case "version":
		c.Version = word(at.nameIn(string(c.Ref)))
	case "purl":
		c.PURL = word(at.nameIn(string(c.Ref)))
	case "scope":
		c.Scope = word(at.word())
	case "properties":
		c.Properties = appendProperties(c.Properties, at)
	case "evidence":
		at.fields(func(key []byte) {
			if string(key) == "occurrences" {
				at.list(func() { c.Places = append(c.Places, readNamed(at, "location")) })
			} else {
				at.skip()
			}
		})
	case "components":
		at.items(func() {
			var inner cdxComponent
			inner.read(at)
			c.Components = append(c.Components, inner)
		})
	default:
		at.skip()
	}
}

// appendProperties adds the properties that are of use; all others are passed over.
func appendProperties(to []cdxProperty, at *cursor) []cdxProperty {
	at.list(func() {
		var p cdxProperty
		useless := false
		at.fields(func(key []byte) {
			switch string(key) {
			case "name":
				p.Name, useless = usefulName(at)
			case "value":
				if useless { // the name stands first in what is written by tools
					at.skip()
				} else {
					p.Value = word(at.name())
				}
			default:
				at.skip()
			}
		})
		if p.Name != "" && p.Value != "" {
			to = append(to, p)
		}
	})
	return to
}

// usefulName is the name of a property that says what is asked for: a path, a source package, or something of an observation. Of any
// other it says that it is useless.
func usefulName(at *cursor) (name word, useless bool) {
	if at.next() == '"' {
		start := at.at
		if key := at.key(); isPlain(key) && !useful(key) {
			return "", len(key) > 0
		}
		at.at = start
	}
	if name = word(at.word()); useful([]byte(name)) {
		return name, false
	}
	return "", name != ""
}

func useful(name []byte) bool {
	return isPath(name) || string(name) == cdxSource || bytes.HasPrefix(name, []byte("headgate:"))
}

// Names of Trivy's properties: of the source package of a distribution's package, and of the path of a file that proves a component.
const (
	cdxSource = "aquasecurity:trivy:SrcName"
	cdxPath   = "aquasecurity:trivy:FilePath"
)

// isPath says whether a property of that name, as Trivy and Syft have them, has the path of a file that proves the component.
func isPath(name []byte) bool {
	return string(name) == cdxPath || bytes.HasPrefix(name, []byte("syft:location:")) && bytes.HasSuffix(name, []byte(":path"))
}

// readMetadata reads what the document says of itself.
func (d *cycloneDX) readMetadata() error {
	var m cdxMetadata
	s := d.s
	err := s.fields(func(key string) error {
		switch key {
		case "timestamp", "component", "tools", "authors", "supplier", "manufacturer", "properties":
			at, err := s.element()
			if err == nil {
				m.field(key, &at)
			}
			return err
		}
		return s.skip()
	})
	d.meta, d.described = m, true
	return err
}

func (m *cdxMetadata) field(key string, at *cursor) {
	switch key {
	case "timestamp":
		m.Time = text(at.scalar())
	case "component":
		m.Component = cdxComponent{}
		m.Component.read(at)
	case "tools":
		m.Tools = readTools(at)
	case "authors":
		at.list(func() {
			if name := readNamed(at, "name"); name != "" {
				m.Authors = append(m.Authors, cdxParty{name})
			}
		})
	case "supplier":
		m.Supplier.Name = readNamed(at, "name")
	case "manufacturer":
		m.Manufacturer.Name = readNamed(at, "name")
	case "properties":
		m.Properties = appendProperties(m.Properties, at)
	}
}

// readTools reads the tools of a document: a list, and since version 1.5 also an object with components and services.
func readTools(at *cursor) []cdxTool {
	if at.next() == '[' {
		return listedTools(at)
	}
	var components, services []cdxTool
	at.fields(func(key []byte) {
		switch string(key) {
		case "components":
			components = listedTools(at)
		case "services":
			services = listedTools(at)
		default:
			at.skip()
		}
	})
	return append(components, services...)
}

func listedTools(at *cursor) (all []cdxTool) {
	at.list(func() {
		var t cdxTool
		at.fields(func(key []byte) {
			switch string(key) {
			case "name":
				t.Name = word(at.word())
			case "version":
				t.Version = word(at.word())
			default:
				at.skip()
			}
		})
		if t != (cdxTool{}) {
			all = append(all, t)
		}
	})
	return all
}

// readDependency reads what one component depends on.
func (d *cycloneDX) readDependency() error {
	at, err := d.s.element()
	if err != nil {
		return err
	}
	var ref string
	var on cursor
	at.fields(func(key []byte) {
		switch string(key) {
		case "ref":
			ref = at.name()
		case "dependsOn":
			on = at
			at.skip()
		default:
			at.skip()
		}
	})
	d.depend(ref, func() []string { return on.appendWords(nil) })
	return nil
}

func (v *cdxVulnerability) read(at cursor) {
	at.fields(func(key []byte) {
		switch string(key) {
		case "id":
			v.ID = word(at.name())
		case "source":
			v.Source.Name = readNamed(&at, "name")
		case "references":
			at.items(func() { v.References = append(v.References, readNamed(&at, "id")) })
		case "ratings":
			at.list(func() { v.Ratings = append(v.Ratings, readRating(&at)) })
		case "cwes":
			v.CWEs = at.appendWords(v.CWEs[:0])
		case "description":
			v.Summary = text(at.scalar())
		case "detail":
			v.Detail = text(at.scalar())
		case "recommendation":
			v.Advice = text(at.scalar())
		case "analysis":
			v.Analysis.read(&at)
		case "affects":
			at.items(func() { v.Affects = append(v.Affects, readAffected(&at)) })
		default:
			at.skip()
		}
	})
}

// readNamed is one field of an object; the others are passed over.
func readNamed(at *cursor, field string) (name word) {
	at.fields(func(key []byte) {
		if string(key) == field {
			name = word(at.word())
		} else {
			at.skip()
		}
	})
	return name
}

func readRating(at *cursor) (r cdxRating) {
	at.fields(func(key []byte) {
		switch string(key) {
		case "source":
			r.Source.Name = readNamed(at, "name")
		case "score":
			r.Score = at.number()
		case "severity":
			r.Severity = text(at.word())
		case "method":
			r.Method = text(at.word())
		case "vector":
			r.Vector = text(at.word())
		default:
			at.skip()
		}
	})
	return r
}

func (a *cdxAnalysis) read(at *cursor) {
	at.fields(func(key []byte) {
		switch string(key) {
		case "state":
			a.State = text(at.word())
		case "justification":
			a.Justification = text(at.word())
		case "detail":
			a.Detail = text(at.scalar())
		case "firstIssued":
			a.Issued = text(at.scalar())
		case "lastUpdated":
			a.Updated = text(at.scalar())
		default:
			at.skip()
		}
	})
}

func readAffected(at *cursor) (a cdxAffected) {
	at.fields(func(key []byte) {
		switch string(key) {
		case "ref":
			a.Ref = word(at.name())
		case "versions":
			at.items(func() { a.Versions = append(a.Versions, readListed(at)) })
		default:
			at.skip()
		}
	})
	return a
}

func readListed(at *cursor) (v cdxVersion) {
	at.fields(func(key []byte) {
		switch string(key) {
		case "version":
			v.Version = word(at.name())
		case "range":
			v.Range = word(at.name())
		case "status":
			v.Status = text(at.word())
		default:
			at.skip()
		}
	})
	return v
}
