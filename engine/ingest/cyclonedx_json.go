package ingest

import "strings"

// Components and vulnerabilities are what a large document is made of. A component is read key by key, since all others may stand inside
// it; what it holds, and vulnerabilities, are read with a cursor. A value of another type than expected is absent.

// uniqueInto reads a name that comes once, as most in a bill of materials do: sharing it would cost more than it saves.
func (s *stream) uniqueInto(to *word) error {
	text, err := s.scalar()
	*to = word(plain(text))
	return err
}

func (s *stream) sharedInto(to *word) error {
	text, err := s.word()
	*to = word(plain(text))
	return err
}

// component reads a component into the index, and those inside it.
func (d *cycloneDX) component() error {
	var c cdxComponent
	s := d.s
	err := s.fields(func(key string) error {
		switch key {
		case "bom-ref":
			return s.uniqueInto(&c.Ref)
		case "type":
			return s.sharedInto(&c.Type)
		case "group":
			return s.sharedInto(&c.Group)
		case "name":
			return s.uniqueInto(&c.Name)
		case "version":
			return s.uniqueInto(&c.Version)
		case "purl":
			return s.uniqueInto(&c.PURL)
		case "scope":
			return s.sharedInto(&c.Scope)
		case "properties":
			at, err := s.element()
			at.items(func() {
				if p := readProperty(&at); p.Value != "" {
					c.Properties = append(c.Properties, p)
				}
			})
			return err
		case "evidence":
			return s.decode(&c.Evidence)
		case "components":
			return s.items(d.component)
		}
		return s.skip()
	})
	d.add(c)
	return err
}

// readProperty reads a property that is of use, and passes over all others.
func readProperty(at *cursor) (p cdxProperty) {
	at.fields(func(key []byte) {
		switch string(key) {
		case "name":
			p.Name = word(at.word())
		case "value":
			if p.Name != "" && !p.isPath() && p.Name != cdxSource { // the name stands first in what is written by tools
				at.skip()
			} else {
				p.Value = word(at.name())
			}
		default:
			at.skip()
		}
	})
	if !p.isPath() && p.Name != cdxSource {
		return cdxProperty{}
	}
	return p
}

// cdxSource is the name of Trivy's property with the source package of a distribution's package.
const cdxSource = "aquasecurity:trivy:SrcName"

// isPath says whether a property, by the names of Trivy and Syft, has the path of a file that proves the component.
func (p cdxProperty) isPath() bool {
	return p.Name == "aquasecurity:trivy:FilePath" || strings.HasPrefix(string(p.Name), "syft:location:") && strings.HasSuffix(string(p.Name), ":path")
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
			one := func() { v.Ratings = append(v.Ratings, readRating(&at)) }
			if at.next() == '[' {
				at.items(one)
			} else {
				one()
			}
		case "cwes":
			v.CWEs = at.wordList()
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
