package ingest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectCycloneDX wants the name of the format, or what only its components and vulnerabilities have where they stand first.
func detectCycloneDX(s shape) bool {
	return s["bomFormat"] == "CycloneDX" || strings.Contains(s["$schema"], "cyclonedx.org/schema/bom") ||
		s.has("specVersion") && s.hasAny("components[].bom-ref", "components[].type", "vulnerabilities[].affects[].ref") ||
		cdxNamespace(s) != ""
}

// cdxNamespace is the namespace of a CycloneDX document in XML.
func cdxNamespace(s shape) string {
	for key, value := range s {
		if strings.HasPrefix(key, "<bom@") && strings.Contains(value, "cyclonedx.org/schema/bom/") {
			return value
		}
	}
	return ""
}

// cdxVersions are the versions of the format that are read. In XML, 1.0 and 1.1 have components as well.
var cdxVersions = []string{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6", "1.7"}

// readCycloneDX reads a bill of materials with what it says of vulnerabilities. What is affected is named by reference, so that all
// components are kept, in short, until the end.
//
// A vulnerability of a component is a finding, whatever its analysis says; the analysis is a statement. A document whose analyses are
// about components of another document is a VEX document: it states, and finds nothing.
func readCycloneDX(s *stream, b *batch) error {
	d := newCycloneDX(s, b)
	b.report.Tool = "CycloneDX"
	b.noScan = true // until it lists vulnerabilities, be it none
	if err := d.read(); err != nil {
		return err
	}
	d.finish()
	if b.report.Results > 0 {
		b.noScan = len(b.found) == 0
	}
	return nil
}

// A cycloneDX is a document being read.
type cycloneDX struct {
	s *stream
	b *batch

	version, serial string
	edition         string // the version of the document itself; empty: 1
	meta            cdxMetadata
	described       bool                // meta has been read
	properties      []cdxProperty       // of the document: those that say what it observed
	kept            [][]cdxPart         // components, in blocks
	parts           map[string]*cdxPart // by bom-ref, once all is read
	unnamed         int                 // components that got a bom-ref here
	dependencies    []cdxDependency     // of the subject; of all that stand before the subject
	reading         cdxVulnerability    // the one being read; its lists serve the next
	vulnerabilities []*cdxKept
	keeping         []cdxKept // room for further vulnerabilities
	affected        int       // how many components they name
	scores          cvssScores
}

// A cdxDependency is what a component depends on, by their bom-refs.
type cdxDependency struct {
	ref string
	on  []string
}

func newCycloneDX(s *stream, b *batch) *cycloneDX {
	return &cycloneDX{s: s, b: b, scores: cvssScores{}}
}

func (d *cycloneDX) read() error {
	if d.s.isXML() {
		return d.readXML()
	}
	return d.readJSON()
}

func (d *cycloneDX) readJSON() error {
	s := d.s
	err := s.object(func(key string) error {
		switch key {
		case "specVersion":
			return s.nameInto(&d.version)
		case "serialNumber":
			return s.nameInto(&d.serial)
		case "version":
			return s.nameInto(&d.edition)
		case "metadata":
			return d.readMetadata()
		case "components":
			return s.items(d.readComponent)
		case "properties":
			at, err := s.element()
			if err == nil {
				d.observes(appendProperties(nil, &at)...)
			}
			return err
		case "dependencies":
			return s.items(d.readDependency)
		case "vulnerabilities":
			d.b.noScan = false
			return s.array(func() error {
				at, err := s.element()
				if err != nil {
					return err
				}
				v := &d.reading
				*v = cdxVulnerability{References: v.References[:0], Ratings: v.Ratings[:0], CWEs: v.CWEs[:0]}
				v.read(at)
				if !d.keep(v) {
					return s.wrong("a vulnerability without an id")
				}
				return nil
			})
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	return d.checkVersion()
}

func (d *cycloneDX) checkVersion() error {
	if !slices.Contains(cdxVersions, d.version) {
		return fmt.Errorf("version %q of CycloneDX is not known; versions 1.0 to 1.7 are", clip(d.version))
	}
	return nil
}

// depend notes what a component depends on, if that is the subject or the subject is not known yet.
func (d *cycloneDX) depend(ref string, on func() []string) {
	if ref != "" && (!d.described || ref == string(d.meta.Component.Ref)) {
		d.dependencies = append(d.dependencies, cdxDependency{ref, on()})
	}
}

// direct are the bom-refs that the subject depends on.
func (d *cycloneDX) direct() map[string]bool {
	all := map[string]bool{}
	for _, v := range d.dependencies {
		if v.ref == string(d.meta.Component.Ref) {
			for _, ref := range v.on {
				all[ref] = true
			}
		}
	}
	return all
}

// finish resolves references, now that all is known.
func (d *cycloneDX) finish() {
	r := &d.b.report
	if len(d.meta.Tools) > 0 {
		r.Tool, r.Version = cmp.Or(string(d.meta.Tools[0].Name), r.Tool), string(d.meta.Tools[0].Version)
	}
	r.Time = timeOf(string(d.meta.Time))
	subject := d.meta.Component
	d.add(&subject)
	d.index()
	if serial, ok := strings.CutPrefix(strings.ToLower(d.serial), "urn:uuid:"); ok {
		d.b.bom = &bom{serial + "/" + cmp.Or(d.edition, "1"), subject, d.parts}
	}
	target, image := d.b.repository(), ""
	if subject.Type == "container" {
		image = imageReference(cdxImage(subject))
		target = ImageTarget(image)
	}
	direct := d.direct()
	d.b.found = slices.Grow(d.b.found, d.affected)
	for i, v := range d.vulnerabilities {
		d.vulnerabilities[i] = nil // its memory is the finding's now
		affects := v.affects
		if len(affects) == 0 {
			affects = []cdxAffected{{Ref: subject.Ref}} // of the whole
		}
		for i, a := range affects {
			a.Ref = word(d.within(string(a.Ref)))
			part := d.parts[string(a.Ref)]
			d.state(v, a, part)
			if part == nil && v.analysis.State != "" {
				continue // about another document's component
			}
			f := engine.Finding{
				Kind: engine.KindVulnerability, Title: v.title, Severity: v.severity, Vulnerability: v.names, CWEs: v.cwes, CVSS: v.cvss,
			}
			if i > 0 {
				f.CVSS, f.CWEs = slices.Clone(f.CVSS), slices.Clone(f.CWEs)
			}
			var paths []string
			if part == nil {
				f.Package = cdxElsewhere(string(a.Ref))
			} else {
				f.Package = part.packaged()
				if part.more != nil {
					paths = part.more.paths
				}
			}
			if f.Package != nil && direct[string(a.Ref)] {
				f.Package.Direct = ptr(true)
			}
			if f.Package != nil {
				setFixed(f.Package, v.fixes(f.Package)...)
			}
			for _, p := range paths {
				f.Locations = append(f.Locations, engine.Location{Path: strings.TrimPrefix(d.b.path(p), "/"), Image: image})
			}
			if len(paths) == 0 && image != "" {
				f.Locations = []engine.Location{{Image: image}}
			}
			d.b.add(engine.Discovery{Target: target, Finding: f})
		}
	}
}

// within is the bom-ref that a BOM-Link to this document leads to; any other reference is itself.
func (d *cycloneDX) within(ref string) string {
	link, fragment, ok := strings.Cut(ref, "#")
	serial, _, _ := strings.Cut(strings.TrimPrefix(link, "urn:cdx:"), "/")
	if !ok || serial == "" || !strings.EqualFold("urn:uuid:"+serial, d.serial) {
		return ref
	}
	if _, known := d.parts[fragment]; known {
		return fragment
	}
	return bomLinked(ref)
}

// cdxImage is the reference of a container image, whose tag or digest is its version.
func cdxImage(c cdxComponent) string {
	name, version := string(c.Name), string(c.Version)
	if version == "" || strings.ContainsAny(path.Base(name), ":@") {
		return name
	}
	if strings.HasPrefix(version, "sha256:") {
		return name + "@" + version
	}
	return name + ":" + version
}

// cdxElsewhere is the package of a reference that leads out of the document: a package URL, or a BOM-Link
// ("urn:cdx:SERIAL/VERSION#REF") to a component whose bom-ref is one. Any other reference is only a name.
func cdxElsewhere(ref string) *engine.Package {
	if p := packageFrom(bomLinked(ref)); p != nil {
		return p
	}
	return packageNamed("", bomLinked(ref), "")
}
