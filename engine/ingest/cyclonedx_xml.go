package ingest

import (
	"cmp"
	"encoding/xml"
	"errors"
	"path"
	"strconv"
	"strings"
)

// readXML reads the document element by element. The library of the CycloneDX project reads whole documents, none of version 1.7 and
// none with the extension for vulnerabilities, and refuses a document for one field that does not parse.
func (d *cycloneDX) readXML() error {
	x := newXMLReader(d.s)
	err := x.children(func(root xml.StartElement) error {
		if root.Name.Local != "bom" {
			return errors.New("the document is no bom")
		}
		d.version = path.Base(root.Name.Space)
		if err := d.checkVersion(); err != nil {
			return err
		}
		for _, a := range root.Attr {
			switch a.Name.Local {
			case "serialNumber":
				d.serial = plain(a.Value)
			case "version":
				d.edition = plain(a.Value)
			}
		}
		return x.children(d.xmlPart(x))
	})
	if err != nil {
		return err
	}
	if d.version == "" {
		return d.checkVersion()
	}
	return nil
}

func (d *cycloneDX) xmlPart(x *xmlReader) func(xml.StartElement) error {
	return func(e xml.StartElement) error {
		switch e.Name.Local {
		case "metadata":
			var m cdxXMLMetadata
			err := x.decode(&m, e)
			d.meta, d.described = m.metadata(), true
			return err
		case "components":
			return x.children(func(e xml.StartElement) error {
				var c cdxXMLComponent
				err := x.decode(&c, e)
				d.addXML(c)
				return err
			})
		case "properties":
			return x.children(func(e xml.StartElement) error {
				var p cdxXMLProperty
				err := x.decode(&p, e)
				d.observes(p.property())
				return err
			})
		case "dependencies":
			return x.children(func(e xml.StartElement) error {
				var v cdxXMLDependency
				err := x.decode(&v, e)
				d.depend(plain(v.Ref), func() (on []string) {
					for _, o := range v.DependsOn {
						on = append(on, plain(o.Ref))
					}
					return on
				})
				return err
			})
		case "vulnerabilities":
			d.b.noScan = false
			return x.children(func(e xml.StartElement) error {
				var v cdxXMLVulnerability
				if err := x.decode(&v, e); err != nil {
					return err
				}
				return d.addXMLVulnerability(v, v.Ref)
			})
		}
		return x.skip()
	}
}

// addXML keeps a component with the vulnerabilities that stand in it.
func (d *cycloneDX) addXML(c cdxXMLComponent) {
	whole := c.component()
	d.add(&whole)
	d.addNested(c)
}

func (d *cycloneDX) addNested(c cdxXMLComponent) {
	for _, inner := range c.Components {
		d.addNested(inner)
	}
	if len(c.Vulnerabilities) == 0 {
		return
	}
	ref := plain(cmp.Or(c.Ref, c.PURL))
	if ref == "" {
		d.unnamed++
		ref = "#" + strconv.Itoa(d.unnamed) // in these versions a component need not have one
		one := c.component()
		one.Ref, one.Components = word(ref), nil
		d.add(&one)
	}
	for _, v := range c.Vulnerabilities {
		_ = d.addXMLVulnerability(v, ref) // without an id it says nothing that could be found
	}
}

func (d *cycloneDX) addXMLVulnerability(v cdxXMLVulnerability, ref string) error {
	out := v.vulnerability()
	if ref != "" {
		out.Affects = append(out.Affects, cdxAffected{Ref: word(plain(ref))})
	}
	if !d.keep(&out) {
		return errors.New("a vulnerability without an id")
	}
	return nil
}

func (c cdxXMLComponent) component() cdxComponent {
	out := cdxComponent{
		Ref: word(plain(c.Ref)), Type: word(c.Type), Group: word(plain(c.Group)), Name: word(plain(c.Name)), Version: word(plain(c.Version)),
		PURL: word(plain(c.PURL)), Scope: word(c.Scope),
	}
	for _, p := range c.Properties {
		out.Properties = append(out.Properties, p.property())
	}
	for _, p := range c.Places {
		out.Places = append(out.Places, word(plain(p)))
	}
	for _, inner := range c.Components {
		out.Components = append(out.Components, inner.component())
	}
	return out
}

func (v cdxXMLVulnerability) vulnerability() cdxVulnerability {
	out := cdxVulnerability{
		ID: word(plain(v.ID)), Source: v.Source.party(), Summary: text(v.Summary), Detail: text(v.Detail), Advice: text(v.Advice),
		Analysis: cdxAnalysis{
			State: text(strings.TrimSpace(v.Analysis.State)), Justification: text(strings.TrimSpace(v.Analysis.Justification)),
			Detail: text(v.Analysis.Detail), Issued: text(v.Analysis.Issued), Updated: text(v.Analysis.Updated),
		},
	}
	for _, o := range v.Others {
		out.References = append(out.References, word(plain(o)))
	}
	for _, c := range v.CWEs {
		out.CWEs = append(out.CWEs, strings.TrimSpace(c))
	}
	for _, r := range v.Ratings {
		score, err := strconv.ParseFloat(strings.TrimSpace(cmp.Or(r.Score.Base, r.Score.Value)), 64)
		if err != nil || score-score != 0 { // infinite, or no number
			score = 0
		}
		out.Ratings = append(out.Ratings, cdxRating{
			Source: r.Source.party(), Score: score, Severity: text(r.Severity), Method: text(strings.TrimSpace(r.Method)),
			Vector: text(strings.TrimSpace(r.Vector)),
		})
	}
	for _, a := range v.Affects {
		to := cdxAffected{Ref: word(plain(a.Ref))}
		for _, l := range a.Versions {
			to.Versions = append(to.Versions, cdxVersion{word(plain(l.Version)), word(plain(l.Range)), text(strings.TrimSpace(l.Status))})
		}
		out.Affects = append(out.Affects, to)
	}
	return out
}

func (p cdxXMLProperty) property() cdxProperty {
	return cdxProperty{word(plain(p.Name)), word(plain(p.Value))}
}

func (s cdxXMLSource) party() cdxParty { return cdxParty{word(plain(cmp.Or(s.Name, s.Named)))} }

func (m cdxXMLMetadata) metadata() cdxMetadata {
	out := cdxMetadata{
		Time: text(strings.TrimSpace(m.Time)), Component: m.Component.component(),
		Supplier: cdxParty{word(plain(m.Supplier))}, Manufacturer: cdxParty{word(plain(m.Manufacturer))},
	}
	for _, t := range append(m.Tools.Old, m.Tools.New...) {
		out.Tools = append(out.Tools, cdxTool{word(plain(t.Name)), word(plain(t.Version))})
	}
	for _, p := range m.Properties {
		out.Properties = append(out.Properties, p.property())
	}
	for _, a := range m.Authors {
		out.Authors = append(out.Authors, cdxParty{word(plain(a))})
	}
	return out
}
