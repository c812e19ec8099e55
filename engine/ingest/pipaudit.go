package ingest

import "github.com/headgate/headgate/engine"

// detectPipAudit wants a dependency with its list of vulnerabilities, or the two lists that pip-audit always writes.
func detectPipAudit(s shape) bool {
	return s["dependencies"] == "[" && (s.hasAny("dependencies[].vulns", "dependencies[].skip_reason") || s.has("fixes") && s.only("dependencies", "fixes")) ||
		s.has("[].name", "[].version", "[].vulns") // before version 2.0
}

// readPipAudit reads a report of pip-audit. It has no severities. A dependency that it skips, as one that is no package of the index,
// is one that it knows nothing about.
func readPipAudit(s *stream, b *batch) error {
	b.report.Tool = "pip-audit"
	b.looked(b.repository())
	if s.peek() == '[' {
		return pipDependencies(s, b)
	}
	return s.object(func(key string) error {
		if key == "dependencies" {
			return pipDependencies(s, b)
		}
		return s.skip()
	})
}

// What is read of a dependency, under its names (https://github.com/pypa/pip-audit).
type pipDependency struct {
	Name    word `json:"name"`
	Version word `json:"version"`
	Vulns   list[struct {
		ID          word  `json:"id"`
		Aliases     words `json:"aliases"`
		Fixed       words `json:"fix_versions"`
		Description text  `json:"description"`
	}] `json:"vulns"`
}

func pipDependencies(s *stream, b *batch) error {
	return each(s, new(int), func(d pipDependency) error {
		for _, v := range d.Vulns {
			if v.ID == "" {
				return s.wrong("a vulnerability without id")
			}
			b.report.Results++
			f := engine.Finding{
				Kind:          engine.KindVulnerability,
				Title:         firstSentence(string(v.Description)),
				Vulnerability: vulnerabilityOf(string(v.ID), v.Aliases...),
				Package:       packageNamed("pypi", string(d.Name), string(d.Version)),
			}
			if f.Package != nil {
				setFixed(f.Package, v.Fixed...)
			}
			b.add(engine.Discovery{Target: b.repository(), Finding: f})
		}
		return nil
	})
}
