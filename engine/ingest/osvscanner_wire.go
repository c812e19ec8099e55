package ingest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// What is read of OSV-Scanner's JSON, under its names (https://google.github.io/osv-scanner/output/#json).

type osvSource struct {
	Path word `json:"path"`
}

type osvPackageName struct {
	Name      word `json:"name"`
	OSName    word `json:"os_package_name"` // of Linux packages: the name installed, where Name is that of its source
	Version   word `json:"version"`
	Ecosystem word `json:"ecosystem"`
	Commit    word `json:"commit"` // of vendored code and submodules, which have no name
}

// An osvGroup are the ids of entries for one vulnerability.
type osvGroup struct {
	IDs         words                               `json:"ids"`
	Aliases     words                               `json:"aliases"`
	MaxSeverity text                                `json:"max_severity"`
	Analysis    loose[map[string]loose[osvVerdict]] `json:"experimental_analysis"`
	OldAnalysis loose[map[string]loose[osvVerdict]] `json:"experimentalAnalysis"` // before version 1.3.5
}

// An osvVerdict is what call analysis says of an entry, and whether the distribution thinks that it matters.
type osvVerdict struct {
	Called      boolean `json:"called"`
	Unimportant boolean `json:"unimportant"`
}

func (g osvGroup) verdicts() []osvVerdict {
	var all []osvVerdict
	for _, analysis := range []map[string]loose[osvVerdict]{g.Analysis.is, g.OldAnalysis.is} {
		for _, v := range analysis {
			all = append(all, v.is)
		}
	}
	return all
}

// severity is the score or the word for the group.
func (g osvGroup) severity() engine.Severity {
	if score, err := strconv.ParseFloat(string(g.MaxSeverity), 64); err == nil {
		return severityOfScore(score)
	}
	return severityOf(string(g.MaxSeverity))
}

// reachability is what call analysis found out. It exists for Go and Rust; with Java's, OSV-Scanner writes "called" for all else as
// well, so the word counts for those two only, and not for certain. That no call was found does not say that there is none: it tells
// neither whether the package is used at all, nor which symbols were looked for.
func (g osvGroup) reachability(ecosystem string) *engine.Reachability {
	verdicts := g.verdicts()
	called := slices.ContainsFunc(verdicts, func(v osvVerdict) bool { return bool(v.Called) })
	switch {
	case len(verdicts) == 0:
		return nil
	case !called:
		return &engine.Reachability{Verdict: "potential", By: "osv-scanner", Confidence: "medium"}
	case ecosystem == "Go" || ecosystem == "crates.io":
		return &engine.Reachability{Verdict: "reachable", By: "osv-scanner", Confidence: "medium"}
	}
	return nil
}

// unimportant says whether the distribution calls the vulnerability unimportant.
func (g osvGroup) unimportant() bool {
	return slices.ContainsFunc(g.verdicts(), func(v osvVerdict) bool { return bool(v.Unimportant) })
}

// developmentGroups are the groups of dependencies that are not shipped, as lock files name them.
var developmentGroups = []string{"dev", "develop", "development", "test", "tests", "build-requires"}

// component is the package that the findings are in. Code that is known by its commit only is named by the repository that the
// vulnerabilities are in.
func (p *osvPackageFindings) component(entries []*osvEntry) *engine.Package {
	is := p.what.is
	name := is.OSName
	if name == "" {
		name = is.Name
	}
	c := packageNamed(string(is.Ecosystem), string(name), string(is.Version))
	if c == nil && is.Commit != "" {
		c = repositoryOf(entries)
		if c == nil {
			c = &engine.Package{Name: "unnamed source"}
		}
		c.Versions = []string{string(is.Commit)}
	}
	if c == nil {
		return nil
	}
	switch eco, _, _ := strings.Cut(string(is.Ecosystem), ":"); {
	case is.OSName != "" && is.Name != "":
		builtFrom(c, string(is.Name))
	case (eco == "Debian" || eco == "Ubuntu") && slices.ContainsFunc(entries, func(e *osvEntry) bool { return len(e.affected(string(is.Name))) > 0 }):
		c.Source = string(is.Name) // the records of these are about source packages; which of its packages are installed is not said
	}
	if len(p.used) > 0 && !slices.ContainsFunc(p.used, func(g string) bool { return !slices.Contains(developmentGroups, g) }) {
		c.Scope = "development"
	}
	return c
}

// repositoryOf is the first repository that entries name, as a package; nil if they name none.
func repositoryOf(entries []*osvEntry) *engine.Package {
	for _, e := range entries {
		for _, a := range e.Affected {
			for _, r := range a.Ranges {
				if r.Repo == "" {
					continue
				}
				if rest, ok := strings.CutPrefix(string(r.Repo), "https://github.com/"); ok {
					if c := packageFrom("pkg:github/" + strings.TrimSuffix(rest, ".git")); c != nil {
						return c
					}
				}
				return &engine.Package{Name: string(r.Repo)}
			}
		}
	}
	return nil
}

// An osvGeneric is a finding of OSV-Scanner's detectors, which look for weak settings of the system.
type osvGeneric struct {
	Advisory loose[osvAdvisory] `json:"Adv"`
}

type osvAdvisory struct {
	ID       loose[struct{ Publisher, Reference word }]
	Title    text
	Severity number `json:"Sev"`
}

// genericSeverities are the numbers of OSV-SCALIBR for severities.
var genericSeverities = map[float64]engine.Severity{
	1: engine.SeverityInfo, 2: engine.SeverityLow, 3: engine.SeverityMedium, 4: engine.SeverityHigh, 5: engine.SeverityCritical,
}

func (g osvGeneric) discovery() engine.Discovery {
	a := g.Advisory.is
	f := engine.Finding{Kind: engine.KindMisconfiguration, Title: clip(string(a.Title)), Severity: genericSeverities[a.Severity.value]}
	if id := strings.Trim(string(a.ID.is.Publisher+"/"+a.ID.is.Reference), "/"); id != "" {
		f.Rule = &engine.Rule{ID: id, Tool: "osv-scanner"}
	}
	return engine.Discovery{Finding: f}
}
