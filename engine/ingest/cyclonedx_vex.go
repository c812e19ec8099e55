package ingest

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/versions"
)

// cdxStates are CycloneDX's states of an analysis as a VEX status.
var cdxStates = map[string]string{
	"resolved": vexFixed, "resolved_with_pedigree": vexFixed,
	"exploitable":    vexAffected,
	"in_triage":      vexInvestigated,
	"false_positive": vexNotAffected, "not_affected": vexNotAffected,
}

// The statuses of VEX.
const (
	vexNotAffected  = "not_affected"
	vexAffected     = "affected"
	vexFixed        = "fixed"
	vexInvestigated = "under_investigation"
)

// state notes what the analysis says of one affected component. Of a component of this document it is said for what the document
// describes, not for every product that has the same component: for the findings of this report, and for the subject by its name.
func (d *cycloneDX) state(v *cdxKept, a cdxAffected, part *cdxPart) {
	if v.analysis.State == "" && len(a.Versions) == 0 {
		return
	}
	s := engine.Statement{Vulnerability: v.names, VEX: d.vex(v), Time: d.analysed(v)}
	if part == nil {
		said := cdxStatements(s, a)
		for _, one := range said {
			d.b.state(one)
		}
		if said == nil && s.VEX.Status != "" && len(a.Versions) == 0 && strings.HasPrefix(string(a.Ref), "urn:cdx:") {
			d.b.linked = append(d.b.linked, cdxLinked{s, string(a.Ref)})
		}
		return
	}
	for _, listed := range a.Versions {
		if listed.Status == "unaffected" && listed.isOf(part) {
			s.VEX.Status, s.VEX.Justification = vexNotAffected, "the version found is listed as unaffected"
		}
	}
	if s.VEX.Status == "" {
		return
	}
	own := s
	own.Products, own.Report = []engine.Product{part.product()}, thisReport
	d.b.state(own)
	subject := d.meta.Component
	whole, ok := wholeOf(subject)
	if !ok || a.Ref == subject.Ref {
		return
	}
	whole.Subcomponents = own.Products
	s.Products = []engine.Product{whole}
	d.b.state(s)
}

// isOf says whether it is about the version of the component. A range that cannot be read is about none.
func (v *cdxVersion) isOf(part *cdxPart) bool {
	if v.Range == "" || part.version == "" {
		return v.Version != "" && v.Version == word(part.version)
	}
	p := part.packaged()
	if p == nil || len(p.Versions) == 0 {
		return false
	}
	r, err := versions.ParseRange(p.Ecosystem, string(v.Range))
	if err != nil {
		return false
	}
	in, err := r.Contains(p.Versions[0])
	return err == nil && in
}

// cdxStatements are what is said of a component of another document, which only its package URL tells: of the versions that it has, or
// that are listed one by one or as ranges.
func cdxStatements(s engine.Statement, a cdxAffected) []engine.Statement {
	purl := bomLinked(string(a.Ref))
	p := packageFrom(purl)
	if p == nil {
		return nil
	}
	if len(p.Versions) > 0 || len(a.Versions) == 0 {
		s.Products = []engine.Product{{PURL: purl}}
		if s.VEX.Status == "" {
			return nil
		}
		return []engine.Statement{s}
	}
	var all []engine.Statement
	for _, v := range a.Versions {
		one := s
		if v.Status == "unaffected" {
			one.VEX.Status = vexNotAffected
		}
		if v.Version == "" && v.Range == "" || one.VEX.Status == "" || v.Status == "unknown" {
			continue
		}
		one.Products = []engine.Product{{PURL: purl, Version: string(v.Version), Range: string(v.Range)}}
		all = append(all, one)
	}
	return all
}

// vex is what the analysis says; a status that is not known is none.
func (d *cycloneDX) vex(v *cdxKept) engine.VEX {
	a := v.analysis
	m := d.meta
	var author word
	if len(m.Authors) > 0 {
		author = m.Authors[0].Name
	}
	x := engine.VEX{
		Status:        cdxStates[string(a.State)],
		Justification: clip(string(cmp.Or(a.Justification, a.Detail))),
		Source:        cmp.Or(string(author), string(m.Supplier.Name), string(m.Manufacturer.Name), d.b.report.Name),
	}
	if a.State == "false_positive" && x.Justification == "" {
		x.Justification = "false_positive"
	}
	return x
}

func (d *cycloneDX) analysed(v *cdxKept) (t time.Time) {
	for _, s := range []string{string(v.analysis.Updated), string(v.analysis.Issued), string(d.meta.Time)} {
		if t = timeOf(s); !t.IsZero() {
			break
		}
	}
	return t
}

// bomLinked is the bom-ref in a BOM-Link; any other reference is itself.
func bomLinked(ref string) string {
	if !strings.HasPrefix(ref, "urn:cdx:") {
		return ref
	}
	_, fragment, ok := strings.Cut(ref, "#")
	if !ok {
		return ref
	}
	if packageFrom(fragment) != nil {
		return fragment // a package URL has escapes of its own
	}
	if text, err := url.PathUnescape(fragment); err == nil {
		return text
	}
	return fragment
}
