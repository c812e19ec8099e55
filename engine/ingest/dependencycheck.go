package ingest

import (
	"cmp"
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectDependencyCheck wants the name space of its XML, or what it says of the scan beside the dependencies.
func detectDependencyCheck(s shape) bool {
	return strings.Contains(s["<analysis@xmlns"], "dependency-check") || s.has("<analysis/scanInfo", "<analysis/projectInfo") ||
		s.has("scanInfo.engineVersion") || s.has("reportSchema", "scanInfo") || s.has("dependencies[].evidenceCollected", "dependencies[].fileName")
}

// readDependencyCheck reads a report of OWASP Dependency-Check, in XML or JSON.
func readDependencyCheck(s *stream, b *batch) error {
	b.report.Tool = "dependency-check"
	b.looked(b.repository())
	if s.isXML() {
		return dcXML(newXMLReader(s), b)
	}
	return s.object(func(key string) error {
		switch key {
		case "scanInfo":
			return s.fields(func(key string) error {
				switch key {
				case "engineVersion":
					return s.nameInto(&b.report.Version)
				case "analysisExceptions":
					return s.items(func() error {
						dcFailed(b)
						return s.skip()
					})
				}
				return s.skip()
			})
		case "projectInfo":
			return s.fields(func(key string) error {
				if key == "reportDate" {
					return s.timeInto(&b.report.Time)
				}
				return s.skip()
			})
		case "dependencies":
			return each(s, new(int), func(d dcDependency) error {
				if !d.take(b) {
					return s.wrong("a vulnerability without name")
				}
				return nil
			})
		}
		return s.skip()
	})
}

// dcFailed notes that an analyser failed: what it would have found is not there.
func dcFailed(b *batch) { b.incomplete("dependency-check reports exceptions of its analysis") }

func dcXML(x *xmlReader, b *batch) error {
	return x.children(func(root xml.StartElement) error {
		if root.Name.Local != "analysis" {
			return x.wrong("it is no analysis")
		}
		return x.children(func(part xml.StartElement) error {
			switch part.Name.Local {
			case "scanInfo":
				var info struct {
					Version    string   `xml:"engineVersion"`
					Exceptions []string `xml:"analysisExceptions>exception"`
				}
				err := x.decode(&info, part)
				b.report.Version = plain(info.Version)
				if len(info.Exceptions) > 0 {
					dcFailed(b)
				}
				return err
			case "projectInfo":
				var info struct {
					Date string `xml:"reportDate"`
				}
				err := x.decode(&info, part)
				b.report.Time = timeOf(strings.TrimSpace(info.Date))
				return err
			case "dependencies":
				return x.children(func(e xml.StartElement) error {
					var d dcDependency
					if err := x.decode(&d, e); err != nil {
						return err
					}
					if !d.take(b) {
						return x.wrong("a vulnerability without name")
					}
					return nil
				})
			}
			return x.skip()
		})
	})
}

// take adds what was found in a dependency. It is false if one of the vulnerabilities has no name.
func (d *dcDependency) take(b *batch) bool {
	for i := range d.Found {
		if !d.add(b, &d.Found[i], nil) {
			return false
		}
	}
	for i := range d.Suppressed {
		v := &d.Suppressed[i]
		// The rules stand in a file beside the code, where the change under review can write them.
		if !d.add(b, v, &engine.Suppression{Kind: "in_source", Status: "accepted", Justification: clip(string(v.Notes))}) {
			return false
		}
	}
	return true
}

func (d *dcDependency) add(b *batch, v *dcFinding, suppressed *engine.Suppression) bool {
	b.report.Results++
	f := engine.Finding{
		Kind:          engine.KindVulnerability,
		Title:         firstSentence(string(v.Description)),
		Severity:      v.severity(),
		Vulnerability: v.names(),
		CWEs:          cwesIn(append(v.CWEs, v.OldCWE...)...),
		CVSS:          v.assessments(),
		Package:       d.component(),
		Suppression:   suppressed,
	}
	if f.Vulnerability == nil {
		return false
	}
	// Of a package in a lock file the path is that of the file, "?" and the package.
	file, _, _ := strings.Cut(plain(string(d.FilePath)), "?")
	if file = b.path(file); file != "" {
		f.Locations = []engine.Location{{Path: file}}
	}
	b.add(engine.Discovery{Target: b.repository(), Finding: f})
	return true
}

// component is the package that the dependency is, or, where it is none that is known, the file.
func (d *dcDependency) component() *engine.Package {
	for _, p := range d.Packages {
		if found := packageFrom(string(p.ID)); found != nil {
			return found
		}
	}
	for _, i := range d.Identifiers {
		if parts := strings.Split(plain(string(i.Name)), ":"); i.Type == "maven" && len(parts) == 3 {
			return packageNamed("maven", parts[0]+":"+parts[1], parts[2])
		}
	}
	return packageNamed("", string(d.FileName), "")
}

var ossIndexID = regexp.MustCompile(`ossindex\.sonatype\.org/vuln(?:erability)?/([0-9a-f]{8}-[0-9a-f-]{27})`)

// names are the vulnerability's. OSS Index calls those that have no name by their weakness, which is no name of one; npm's had only
// numbers.
func (v *dcFinding) names() *engine.Vulnerability {
	name := plain(string(v.Name))
	switch {
	case strings.HasPrefix(name, "CWE-"):
		for _, r := range v.References {
			if m := ossIndexID.FindStringSubmatch(string(r.URL)); m != nil {
				return vulnerabilityOf("OSSINDEX-" + m[1])
			}
		}
		name = "OSSINDEX-" + strings.TrimPrefix(contentOf(name+"\n"+string(v.Description)), "text:")
	case name != "" && digits(name):
		name = "NPM-" + name
	}
	return vulnerabilityOf(name)
}

// severity is what the report says of the vulnerability, or, as of the suppressed ones it says nothing, of its newest assessment.
func (v *dcFinding) severity() engine.Severity {
	words := []text{v.Severity}
	for _, c := range v.CVSS4 {
		words = append(words, c.Severity)
	}
	for _, c := range v.CVSS3 {
		words = append(words, c.Severity)
	}
	for _, c := range v.CVSS2 {
		words = append(words, c.Severity)
	}
	for _, w := range words {
		if s := severityOf(string(w)); s != "" {
			return s
		}
	}
	return ""
}

func (v *dcFinding) assessments() []engine.CVSS {
	var all []engine.CVSS
	source := strings.ToLower(plain(string(v.Source)))
	add := func(version, vector string, score text) {
		n, _ := strconv.ParseFloat(strings.TrimSpace(string(score)), 64)
		c, ok := cvssOfVersion(version, vector, n, source)
		all = addCVSS(all, c, ok)
	}
	for _, c := range v.CVSS4 {
		add("4.0", strings.TrimSpace(string(c.Vector)), c.Score)
	}
	for _, c := range v.CVSS3 {
		version := cmp.Or(strings.TrimSpace(string(c.Version)), "3.1")
		add(version, vectorOf("CVSS:"+version, []string{"AV", "AC", "PR", "UI", "S", "C", "I", "A"},
			c.Vector, c.Complexity, c.Privileges, c.Interaction, c.Scope, c.Confidentiality, c.Integrity, c.Availability), c.Score)
	}
	metrics2 := []string{"AV", "AC", "Au", "C", "I", "A"}
	for _, c := range v.CVSS2 {
		add("2.0", vectorOf("", metrics2, c.Vector, c.Complexity, c.Authentication, c.Confidentiality, c.Integrity, c.Availability), c.Score)
	}
	if v.OldScore != "" {
		add("2.0", vectorOf("", metrics2, v.OldVector, v.OldComplexity, v.OldAuthentication, v.OldConfidentiality, v.OldIntegrity, v.OldAvailability), v.OldScore)
	}
	return all
}

// vectorOf writes a vector from its values in words, each of which has its first letter as its sign: "NETWORK" is N. Where one is
// missing there is no vector.
func vectorOf(prefix string, metrics []string, values ...text) string {
	parts := []string{}
	if prefix != "" {
		parts = append(parts, prefix)
	}
	for i, v := range values {
		v := strings.ToUpper(strings.TrimSpace(string(v)))
		if v == "" {
			return ""
		}
		parts = append(parts, metrics[i]+":"+v[:1])
	}
	return strings.Join(parts, "/")
}
