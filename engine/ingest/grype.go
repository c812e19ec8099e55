package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectGrype wants matches and what else only Grype has beside them; the name of the tool stands at the end, behind all matches.
func detectGrype(s shape) bool {
	if s.hasAny("runs", "bomFormat", "vulnerabilities") {
		return false
	}
	return s["descriptor.name"] == "grype" || s["matches"] == "[" && (s.has("source.type") || s.has("descriptor.name", "descriptor.version") ||
		s.has("matches[].vulnerability.id") || s.has("matches[].artifact.name")) ||
		s.has("ignoredMatches[].vulnerability.id")
}

// readGrype reads a report of Grype. What was scanned stands after the matches.
func readGrype(s *stream, b *batch) error {
	var source grypeSource
	b.report.Tool = "grype"
	listed := false
	err := s.object(func(key string) error {
		switch key {
		case "matches", "ignoredMatches":
			listed = listed || key == "matches"
			return each(s, &b.report.Results, func(m grypeMatch) error {
				if m.Vulnerability.ID == "" {
					return s.wrong("a match without vulnerability.id")
				}
				d := engine.Discovery{Finding: m.finding()}
				if key == "ignoredMatches" {
					d.Finding.Suppression = m.suppression()
				}
				b.add(d)
				return nil
			})
		case "source":
			var v loose[grypeSource]
			err := s.decode(&v)
			source = v.is
			return err
		case "descriptor":
			var d loose[grypeDescriptor]
			err := s.decode(&d)
			b.report.Tool = cmp.Or(string(d.is.Name), b.report.Tool)
			b.report.Version, b.report.Time = string(d.is.Version), timeOf(string(d.is.Timestamp))
			return err
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	if !listed {
		b.incomplete("it has no list of matches")
	}
	source.place(b)
	return nil
}

// place gives the findings their target and their paths, which in Grype start at the root of the image or folder, with a slash or
// without.
func (g *grypeSource) place(b *batch) {
	image, target := "", b.repository()
	if g.Type == "image" || g.Type == "oci-model" {
		t := g.Target.is
		image = imageReference(slices.Concat([]string{string(t.UserInput)}, t.Tags, t.RepoDigests)...)
		target = ImageTarget(image)
	}
	b.looked(target)
	for i := range b.found {
		b.found[i].Target = target
		f := &b.found[i].Finding
		if len(f.Locations) == 0 && image != "" {
			f.Locations = []engine.Location{{}}
		}
		for j := range f.Locations {
			l := &f.Locations[j]
			l.Path, l.Image = strings.TrimPrefix(b.path(l.Path), "/"), image
		}
	}
}

// finding is the match without target.
func (m grypeMatch) finding() engine.Finding {
	v := m.Vulnerability
	own := severityOf(string(v.Severity))
	f := engine.Finding{
		Kind:          engine.KindVulnerability,
		Title:         clip(string(v.Description)),
		Severity:      own,
		Vulnerability: m.names(),
		CVSS:          v.assessments(nil),
		Package:       packageOf(string(m.Artifact.PURL), string(m.Artifact.Type), string(m.Artifact.Name), string(m.Artifact.Version)),
		Locations:     m.Artifact.places(),
	}
	for _, r := range m.Related {
		// Related entries are other records of the same weakness, or what an advisory covers: their ratings are ratings of this.
		f.CVSS = r.assessments(f.CVSS)
		f.CWEs = append(f.CWEs, r.cwes()...)
		if own == "" {
			f.Severity = worse(f.Severity, severityOf(string(r.Severity)))
		}
		if f.Title == "" {
			f.Title = clip(string(r.Description))
		}
	}
	f.CWEs = sortedNumbers(append(f.CWEs, v.cwes()...))
	builtFrom(f.Package, m.Artifact.source())
	if f.Package != nil {
		setFixed(f.Package, v.Fix.is.Versions...)
		setFixed(f.Package, v.FixedInVersion...) // before version 0.10
	}
	return f
}

// names are those of the vulnerability. Grype's ids are CVEs, GHSAs and distributions' advisories, each with the CVEs that it covers
// as related vulnerabilities: a GHSA with one is another name of that CVE. What stands related to a CVE is no exact name of it: with
// --by-cve Grype puts the first CVE of an advisory in front and relates the advisory to it.
func (m grypeMatch) names() *engine.Vulnerability {
	id := string(m.Vulnerability.ID)
	if isCVE(id) {
		return vulnerabilityOf(id)
	}
	var cves []string
	for _, r := range m.Related {
		if isCVE(string(r.ID)) {
			cves = append(cves, string(r.ID))
		}
	}
	return vulnerabilityOf(id, cves...)
}

func (v grypeRecord) cwes() []int {
	var all []string
	for _, c := range v.CWEs {
		all = append(all, string(c.CWE))
	}
	return cwesIn(all...)
}

// assessments adds the record's own to those known. Grype writes a base score of 0 for one that is missing.
func (v grypeRecord) assessments(all []engine.CVSS) []engine.CVSS {
	namespace, _, _ := strings.Cut(string(v.Namespace), ":") // e.g. "github:language:go"
	for _, c := range v.CVSS {
		source := cmp.Or(string(c.Source), namespace)
		if strings.HasPrefix(source, "nvd") {
			source = "nvd" // nvd@nist.gov
		}
		found, ok := cvssOfVersion(string(c.Version), string(c.Vector), c.Metrics.is.BaseScore.value, source)
		all = addCVSS(all, found, ok)
	}
	for i, old := range []grypeOld{v.OldCVSS3.is, v.OldCVSS2.is} {
		found, ok := cvssOfVersion([]string{"3.1", "2.0"}[i], string(old.Vector), old.Score.value, namespace)
		all = addCVSS(all, found, ok)
	}
	return all
}

// source is the source package of a distribution's package. A Debian or Alpine package without upstream is built from the source of its
// own name; of an rpm it may be that the source was not told.
func (a grypeArtifact) source() string {
	switch {
	case a.Upstreams == nil || len(*a.Upstreams) > 1:
		return ""
	case len(*a.Upstreams) == 1:
		return string((*a.Upstreams)[0].Name)
	case a.Type == "deb" || a.Type == "apk":
		return string(a.Name)
	}
	return ""
}

// places are the files that prove that the package is there; Grype lists those that merely support it as well.
func (a grypeArtifact) places() []engine.Location {
	var primary, all []engine.Location
	for _, l := range a.Locations {
		p := string(cmp.Or(l.Path, l.AccessPath))
		if p == "" {
			continue
		}
		all = append(all, engine.Location{Path: p})
		if l.Annotations.is.Evidence == "primary" {
			primary = append(primary, engine.Location{Path: p})
		}
	}
	if primary != nil {
		return primary
	}
	return all
}

// suppression is the word of the rules that made Grype ignore a match. They stand in a file beside the code, where the change under
// review can write them.
func (m grypeMatch) suppression() *engine.Suppression {
	s := engine.Suppression{Kind: "in_source", Status: "accepted"}
	var why []string
	for _, r := range m.Rules {
		text := string(r.Reason)
		if r.VEXStatus != "" {
			text = strings.TrimSpace(string(r.VEXStatus) + " " + string(r.VEXJustification) + " " + text)
			if r.VEXStatus == "under_investigation" {
				s.Status = "under_review"
			}
		}
		if text != "" {
			why = append(why, text)
		}
	}
	s.Justification = clip(strings.Join(why, "; "))
	return &s
}
