package ingest

import "github.com/headgate/headgate/engine"

// detectCargoAudit wants what cargo-audit says of its database and of the lock file.
func detectCargoAudit(s shape) bool {
	return s.has("database.advisory-count") || s.has("lockfile.dependency-count") && s.hasAny("vulnerabilities.list", "vulnerabilities.found")
}

// readCargoAudit reads a report of cargo-audit.
func readCargoAudit(s *stream, b *batch) error {
	b.report.Tool = "cargo-audit"
	b.looked(b.repository())
	return s.object(func(key string) error {
		switch key {
		case "vulnerabilities":
			return s.fields(func(key string) error {
				if key != "list" {
					return s.skip()
				}
				return cargoAdvisories(s, b)
			})
		case "warnings": // by their kind: unmaintained, unsound, notice, yanked
			return s.fields(func(string) error {
				if s.peek() != '[' {
					return s.skip()
				}
				return cargoAdvisories(s, b)
			})
		}
		return s.skip()
	})
}

// What is read of an advisory on a package, under its names (https://docs.rs/rustsec/latest/rustsec/report).
type cargoAdvisory struct {
	Kind     text `json:"kind"` // of warnings
	Advisory loose[struct {
		ID            word  `json:"id"`
		Title         text  `json:"title"`
		Aliases       words `json:"aliases"`
		CVSS          text  `json:"cvss"`
		Informational text  `json:"informational"`
	}] `json:"advisory"`
	Versions loose[struct {
		Patched words `json:"patched"`
	}] `json:"versions"`
	Package loose[struct {
		Name    word `json:"name"`
		Version word `json:"version"`
	}] `json:"package"`
}

func cargoAdvisories(s *stream, b *batch) error {
	return each(s, &b.report.Results, func(c cargoAdvisory) error {
		a, p := c.Advisory.is, c.Package.is
		if a.ID == "" {
			if c.Kind != "" {
				return nil // a release was taken back: no one says that it is vulnerable
			}
			return s.wrong("a vulnerability without advisory.id")
		}
		f := engine.Finding{
			Kind:          engine.KindVulnerability,
			Title:         clip(string(a.Title)),
			Vulnerability: vulnerabilityOf(string(a.ID), a.Aliases...),
			Package:       packageNamed("cargo", string(p.Name), string(p.Version)),
		}
		score, ok := cvssOf(string(a.CVSS), 0, "rustsec")
		f.CVSS = addCVSS(f.CVSS, score, ok)
		f.Severity = severityOfScore(score.Score)
		if info := string(a.Informational); info == "unmaintained" || info == "notice" {
			f.Severity = engine.SeverityInfo // the database says so: it is no vulnerability by itself
		}
		if f.Package != nil {
			setFixed(f.Package, c.Versions.is.Patched...)
		}
		b.add(engine.Discovery{Target: b.repository(), Finding: f})
		return nil
	})
}
