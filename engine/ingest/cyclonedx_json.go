package ingest

import "strings"

// Components and vulnerabilities are what a large document is made of: they are read key by key, which is several times faster than by
// tags, and what is not needed is passed over. A value of another type than expected is absent.

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

func (s *stream) clippedInto(to *text) error {
	long, err := s.scalar()
	*to = text(clip(long))
	return err
}

func (c *cdxComponent) read(s *stream) error {
	return s.fields(func(key string) error {
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
			return s.items(func() error {
				var p cdxProperty
				err := s.fields(func(key string) error {
					switch key {
					case "name":
						return s.sharedInto(&p.Name)
					case "value":
						return s.uniqueInto(&p.Value)
					}
					return s.skip()
				})
				if p.isPath() {
					c.Properties = append(c.Properties, p)
				}
				return err
			})
		case "evidence":
			return s.decode(&c.Evidence)
		case "components":
			return s.items(func() error {
				var inner cdxComponent
				err := inner.read(s)
				c.Components = append(c.Components, inner)
				return err
			})
		}
		return s.skip()
	})
}

// isPath says whether a property, by the names of Trivy and Syft, has the path of a file that proves the component.
func (p cdxProperty) isPath() bool {
	return p.Name == "aquasecurity:trivy:FilePath" || strings.HasPrefix(string(p.Name), "syft:location:") && strings.HasSuffix(string(p.Name), ":path")
}

func (v *cdxVulnerability) read(s *stream) error {
	return s.fields(func(key string) error {
		switch key {
		case "id":
			return s.uniqueInto(&v.ID)
		case "source":
			return v.Source.is.read(s)
		case "references":
			return s.decode(&v.References)
		case "ratings":
			if s.peek() != '[' {
				return s.decode(&v.Ratings)
			}
			return s.array(func() error {
				var r cdxRating
				err := r.read(s)
				v.Ratings = append(v.Ratings, r)
				return err
			})
		case "cwes":
			return s.decode(&v.CWEs)
		case "description":
			return s.clippedInto(&v.Summary)
		case "detail":
			return s.clippedInto(&v.Detail)
		case "recommendation":
			return s.clippedInto(&v.Advice)
		case "analysis":
			return s.decode(&v.Analysis)
		case "affects":
			return s.items(func() error {
				var a cdxAffected
				err := a.read(s)
				v.Affects = append(v.Affects, a)
				return err
			})
		}
		return s.skip()
	})
}

func (p *cdxParty) read(s *stream) error {
	return s.fields(func(key string) error {
		if key == "name" {
			return s.sharedInto(&p.Name)
		}
		return s.skip()
	})
}

func (r *cdxRating) read(s *stream) error {
	return s.fields(func(key string) error {
		var shared word
		var err error
		switch key {
		case "source":
			return r.Source.is.read(s)
		case "score":
			return s.decode(&r.Score)
		case "severity":
			err = s.sharedInto(&shared)
			r.Severity = text(shared)
		case "method":
			err = s.sharedInto(&shared)
			r.Method = text(shared)
		case "vector":
			err = s.sharedInto(&shared)
			r.Vector = text(shared)
		default:
			return s.skip()
		}
		return err
	})
}

func (a *cdxAffected) read(s *stream) error {
	return s.fields(func(key string) error {
		switch key {
		case "ref":
			return s.uniqueInto(&a.Ref)
		case "versions":
			return s.items(func() error {
				var v cdxVersion
				err := s.fields(func(key string) error {
					var shared word
					switch key {
					case "version":
						return s.uniqueInto(&v.Version)
					case "status":
						err := s.sharedInto(&shared)
						v.Status = text(shared)
						return err
					}
					return s.skip()
				})
				a.Versions = append(a.Versions, v)
				return err
			})
		}
		return s.skip()
	})
}
