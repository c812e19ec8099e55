package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectSonarQube knows what its interface api/issues/search answers.
func detectSonarQube(s shape) bool {
	return s.inSeries(func(has func(...string) bool) bool {
		return has("issues") && (has("paging.total") || has("effortTotal") || has("total", "p", "ps") ||
			has("issues[].rule", "issues[].component", "issues[].key"))
	})
}

// A sonarIssue is what is read of an issue.
type sonarIssue struct {
	Key        word `json:"key"`
	Rule       word `json:"rule"`
	Severity   text `json:"severity"`
	Component  word `json:"component"`
	Project    word `json:"project"`
	Hash       text `json:"hash"` // of the line
	Type       text `json:"type"`
	Status     text `json:"status"`
	Issue      text `json:"issueStatus"` // since version 10.4
	Resolution text `json:"resolution"`
	Message    text `json:"message"`

	Line  number `json:"line"`
	Range loose[struct {
		Start number `json:"startLine"`
		End   number `json:"endLine"`
	}] `json:"textRange"`
	Impacts list[sonarImpact] `json:"impacts"`
}

type sonarImpact struct {
	Quality  text `json:"softwareQuality"`
	Severity text `json:"severity"`
}

// readSonarQube reads pages of issues. Issues of reliability and maintainability are no findings.
func readSonarQube(s *stream, b *batch) error {
	b.report.Tool = "sonarqube"
	b.looked(b.repository())
	total, gone := 0, 0
	err := s.series(func() error {
		return s.object(func(key string) error {
			switch key {
			case "total":
				return s.integerInto(&total)
			case "paging":
				return s.fields(func(key string) error {
					if key == "total" {
						return s.integerInto(&total)
					}
					return s.skip()
				})
			case "issues":
				return each(s, &b.report.Results, func(i sonarIssue) error {
					if i.Rule == "" {
						return s.wrong("an issue without a rule")
					}
					switch {
					case !i.isSecurity():
					case i.isGone():
						gone++
					default:
						b.add(i.discovery(b))
					}
					return nil
				})
			}
			return s.skip()
		})
	})
	if b.report.Results < total {
		b.incomplete(fmt.Sprintf("it lists %d of %d issues: it is one page of several", b.report.Results, total))
	}
	if n := b.report.Results; n > 0 && len(b.found) == 0 { // people who export all issues take it for a fault of the reading
		b.report.Note = fmt.Sprintf("nothing it lists is open and of security: %s of reliability or maintainability, %d no longer found", issues(n-gone), gone)
	}
	return err
}

func issues(n int) string {
	if n == 1 {
		return "1 issue is"
	}
	return fmt.Sprintf("%d issues are", n)
}

// isSecurity says whether an issue is one of security, by its type or, since version 10.2, by what it has an impact on.
func (i *sonarIssue) isSecurity() bool {
	return slices.Contains([]text{"VULNERABILITY", "SECURITY_HOTSPOT"}, i.Type) ||
		slices.ContainsFunc(i.Impacts, func(m sonarImpact) bool { return m.Quality == "SECURITY" })
}

// isGone says whether the analysis no longer finds an issue: such stay listed for a while.
func (i *sonarIssue) isGone() bool {
	if i.Issue != "" {
		return i.Issue == "FIXED"
	}
	return i.Resolution == "FIXED" || i.Resolution == "REMOVED" || i.Status == "CLOSED"
}

// severity is SonarQube's, whose "critical" is what others call high and "major" medium, as its own table of both says.
func (i *sonarIssue) severity() engine.Severity {
	word := i.Severity
	for _, m := range i.Impacts {
		if m.Quality == "SECURITY" {
			word = m.Severity
		}
	}
	switch word {
	case "BLOCKER":
		return engine.SeverityCritical
	case "CRITICAL", "HIGH":
		return engine.SeverityHigh
	case "MAJOR", "MEDIUM":
		return engine.SeverityMedium
	case "MINOR", "LOW":
		return engine.SeverityLow
	case "INFO":
		return engine.SeverityInfo
	}
	return ""
}

func (i *sonarIssue) discovery(b *batch) engine.Discovery {
	f := engine.Finding{
		Kind:     engine.KindWeakness,
		Title:    clip(string(i.Message)),
		Severity: i.severity(),
		Rule:     &engine.Rule{ID: string(i.Rule), Tool: b.report.Tool},
	}
	language, _, _ := strings.Cut(string(i.Rule), ":")
	switch language {
	case "secrets":
		f.Kind, f.Secret = engine.KindSecret, &engine.Secret{Type: string(i.Rule)}
		f.Title = clip(quotedText.ReplaceAllString(string(i.Message), "…"))
	case "terraform", "cloudformation", "kubernetes", "docker", "azureresourcemanager", "ansible", "githubactions":
		f.Kind = engine.KindMisconfiguration
	}
	f.Title = cmp.Or(f.Title, string(i.Rule))
	start, end := i.Range.is.Start, i.Range.is.End
	if !start.set {
		start = i.Line
	}
	// A component is the project's key, which may have colons, and a path; of an issue on the whole project it is the key alone.
	file, ok := strings.CutPrefix(string(i.Component), string(i.Project)+":")
	if i.Project == "" {
		_, file, ok = cutLast(string(i.Component), ":")
	}
	if ok && file != "" {
		f.Locations = []engine.Location{lines(b.path(file), start, end)}
	}
	why := cmp.Or(string(i.Issue), string(i.Resolution))
	switch why {
	case "FALSE_POSITIVE", "FALSE-POSITIVE", "WONTFIX", "ACCEPTED", "SAFE", "ACKNOWLEDGED":
		f.Suppression = &engine.Suppression{Kind: "external", Status: "accepted",
			Justification: strings.ToLower(strings.ReplaceAll(why, "-", "_"))}
	}
	return engine.Discovery{Target: b.repository(), Finding: f, Content: contentOf(string(i.Hash))}
}
