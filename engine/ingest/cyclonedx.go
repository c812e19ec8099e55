package ingest

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
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

// A cdxKept is what is kept of a vulnerability until all components are known.
type cdxKept struct {
	title    string
	severity engine.Severity
	names    *engine.Vulnerability
	cwes     []int
	cvss     []engine.CVSS
	analysis *cdxAnalysis
	advice   string // if it says which versions to upgrade to
	affects  []cdxAffected
}

// unanalysed is the analysis of what nobody has analysed, which most vulnerabilities share.
var unanalysed = &cdxAnalysis{}

// keep keeps of a vulnerability what it amounts to; one without any id is none.
func (d *cycloneDX) keep(v *cdxVulnerability) bool {
	d.b.report.Results++
	if v.ID == "" && len(v.References) == 0 {
		return false
	}
	if len(d.keeping) == 0 {
		d.keeping = make([]cdxKept, 64)
	}
	k := &d.keeping[0]
	d.keeping = d.keeping[1:]
	*k = cdxKept{title: clip(string(cmp.Or(v.Summary, v.Detail))), names: v.names(), cwes: v.cwes(), analysis: unanalysed, affects: v.Affects}
	k.severity, k.cvss = v.ratings(d.scores)
	if v.Analysis != (cdxAnalysis{}) {
		k.analysis = ptr(v.Analysis)
	}
	advice := clip(string(v.Advice))
	for sentence, rest := "", advice; rest != "" && k.advice == ""; {
		if sentence, rest, _ = strings.Cut(rest, ";"); isUpgrade(strings.TrimSpace(sentence)) {
			k.advice = advice
		}
	}
	d.vulnerabilities = append(d.vulnerabilities, k)
	d.affected += max(1, len(v.Affects))
	return true
}

// A cdxDependency is what a component depends on, by their bom-refs.
type cdxDependency struct {
	ref string
	on  []string
}

// A cdxPart is what is kept of a component.
type cdxPart struct {
	ref, purl, name, version, scope string
	more                            *cdxMore        // nil: nothing of it
	pkg                             *engine.Package // made when it is first needed
}

// A cdxMore is what most components of most documents do not have.
type cdxMore struct {
	source string // package that a distribution built it from
	paths  []string
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

// add keeps a component and those inside it. Vulnerabilities may name one without bom-ref by its package URL.
func (d *cycloneDX) add(c *cdxComponent) {
	for i := range c.Components {
		d.add(&c.Components[i])
	}
	if c.Ref == "" && c.PURL == "" {
		return
	}
	last := len(d.kept) - 1
	if last < 0 || len(d.kept[last]) == cap(d.kept[last]) {
		d.kept, last = append(d.kept, make([]cdxPart, 0, 64)), last+1
	}
	d.kept[last] = append(d.kept[last], c.part())
}

// index finds components by bom-ref, which is unique in its document; if it is not, the first has it.
func (d *cycloneDX) index() {
	d.parts = make(map[string]*cdxPart, 64*len(d.kept))
	for _, block := range slices.Backward(d.kept) {
		for i := range slices.Backward(block) {
			d.parts[block[i].ref] = &block[i]
		}
	}
}

func (c *cdxComponent) part() cdxPart {
	p := cdxPart{
		ref: string(cmp.Or(c.Ref, c.PURL)), purl: string(c.PURL), name: string(c.Name), version: string(c.Version), scope: string(c.Scope),
	}
	if c.Group != "" {
		p.name = string(c.Group + "/" + c.Name)
	}
	var more cdxMore
	for _, place := range c.Places {
		more.paths = append(more.paths, string(place))
	}
	for _, v := range c.Properties {
		if v.Name == cdxSource {
			more.source = string(v.Value)
		}
		if isPath([]byte(v.Name)) {
			more.paths = append(more.paths, string(v.Value))
		}
	}
	more.paths = slices.DeleteFunc(more.paths, func(s string) bool { return s == "" })
	if more.source != "" || len(more.paths) > 0 {
		p.more = &more
	}
	return p
}

// packaged describes the component as a package.
func (p *cdxPart) packaged() *engine.Package {
	if p.pkg == nil {
		p.pkg = packageOf(p.purl, "", p.name, p.version)
		if p.pkg == nil {
			return nil
		}
		if p.more != nil {
			builtFrom(p.pkg, p.more.source)
		}
		switch p.scope {
		case "required":
			p.pkg.Scope = "runtime"
		case "excluded":
			p.pkg.Scope = "development"
		}
	}
	return ptr(*p.pkg)
}

// product is the component as a statement names it.
func (p *cdxPart) product() engine.Product {
	if p.purl != "" {
		return engine.Product{PURL: p.purl}
	}
	return engine.Product{Name: p.name, Version: p.version}
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

// names are what the vulnerability is called: by the specification, its references are the same under other names.
func (v *cdxVulnerability) names() *engine.Vulnerability {
	var others []string
	for _, o := range v.References {
		others = append(others, string(o))
	}
	return vulnerabilityOf(string(v.ID), others...)
}

func (v *cdxVulnerability) cwes() (all []int) {
	for _, c := range v.CWEs {
		if n, err := strconv.Atoi(c); err == nil && n > 0 && len(c) <= 5 && digits(c) { // a number, by the specification
			all = append(all, n)
		} else {
			all = append(all, cwesIn("CWE-"+strings.TrimPrefix(strings.ToUpper(c), "CWE-"))...)
		}
	}
	return sortedNumbers(all)
}

// ratings are the severity and the assessments. The severity is that of the source which the vulnerability is from; without one the
// worst; and where there are only scores, what they come to. Scores by other methods, as EPSS, are none of CVSS.
func (v *cdxVulnerability) ratings(known cvssScores) (own engine.Severity, all []engine.CVSS) {
	var worst, scored engine.Severity
	all = slices.Grow(all, min(len(v.Ratings), mostCVSS))
	for _, r := range v.Ratings {
		s := severityOf(string(r.Severity))
		worst = worse(worst, s)
		if r.Source.Name != "" && r.Source.Name == v.Source.Name {
			own = worse(own, s)
		}
		version, ok := cdxMethods[strings.ToLower(string(r.Method))]
		if !ok && r.Method != "" {
			continue
		}
		vector := string(r.Vector)
		if strings.HasPrefix(vector, "AV:") && version != "2.0" && version != "" {
			vector = "CVSS:" + version + "/" + vector
		}
		source, _, _ := strings.Cut(strings.ToLower(string(cmp.Or(r.Source.Name, v.Source.Name))), ":")
		c, ok := known.cvssOfVersion(version, vector, r.Score, source)
		all = addCVSS(all, c, ok)
		if ok {
			scored = worse(scored, severityOfScore(c.Score))
		}
	}
	if len(all) == 0 {
		all = nil
	}
	return cmp.Or(own, worst, scored), all
}

var cdxMethods = map[string]string{"cvssv2": "2.0", "cvssv3": "3.0", "cvssv31": "3.1", "cvssv4": "4.0"}

// fixes are the versions that the recommendation names for a package, as Trivy, Snyk and others word it: "Upgrade x to version 1.2,
// 2.3; Upgrade y to version 4 or later". CycloneDX has no field for them.
func (v *cdxKept) fixes(p *engine.Package) []string {
	for sentence, rest := "", v.advice; rest != ""; {
		sentence, rest, _ = strings.Cut(rest, ";")
		name, versions, ok := upgradeIn(strings.TrimSpace(sentence))
		if ok && (name == p.Name || strings.HasSuffix(name, "/"+p.Name) || strings.HasSuffix(p.Name, "/"+name)) {
			return []string{versions}
		}
	}
	return nil
}

// upgradeIn reads "Upgrade NAME to version VERSIONS". What has more words than that is prose.
func upgradeIn(sentence string) (name, versions string, ok bool) {
	if !isUpgrade(sentence) {
		return "", "", false
	}
	name, versions, ok = strings.Cut(sentence[len(upgrade):], " to version ")
	versions = strings.TrimSuffix(versions, ".")
	for _, more := range []string{" or later", " or higher"} {
		versions = strings.TrimSuffix(versions, more)
	}
	versions = strings.ReplaceAll(versions, ", ", ",")
	starts := versions != "" && (versions[0] == 'v' || digits(versions[:1]))
	return name, versions, ok && starts && !strings.ContainsAny(name+versions, " ")
}

const upgrade = "upgrade "

func isUpgrade(sentence string) bool {
	return len(sentence) >= len(upgrade) && strings.EqualFold(sentence[:len(upgrade)], upgrade)
}
