package ingest

import (
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectGosec wants gosec's two lists in its spelling, or one of them with an issue of its own.
func detectGosec(s shape) bool {
	return s.has("Issues") && (s.hasAny("Golang errors", "GosecVersion") || s.has("Issues[].rule_id") || s.has("Stats.nosec")) ||
		s.has("Golang errors") && s.hasAny("GosecVersion", "Stats")
}

// What is read of an issue, under its names (https://github.com/securego/gosec).
type gosecIssue struct {
	Severity text `json:"severity"`
	CWE      loose[struct {
		ID word `json:"id"`
	}] `json:"cwe"`
	RuleID       word    `json:"rule_id"`
	Details      text    `json:"details"`
	File         word    `json:"file"`
	Code         text    `json:"code"`
	Line         word    `json:"line"` // "79", or "79-81"
	NoSec        boolean `json:"nosec"`
	Suppressions list[struct {
		Kind          text `json:"kind"`
		Justification text `json:"justification"`
	}] `json:"suppressions"`
}

// readGosec reads a report of gosec. Packages with errors are checked as far as they go; if there were only errors, nothing was.
func readGosec(s *stream, b *batch) error {
	b.report.Tool = "gosec"
	b.looked(b.repository())
	broken, files, found := 0, -1, 0
	err := s.object(func(key string) error {
		switch key {
		case "Issues":
			return each(s, &b.report.Results, func(i gosecIssue) error {
				if i.RuleID == "" {
					return s.wrong("an issue without rule_id")
				}
				b.add(i.discovery(b))
				return nil
			})
		case "Golang errors":
			return s.fields(func(string) error {
				broken++
				return s.skip()
			})
		case "Stats":
			return s.fields(func(key string) error {
				switch key {
				case "files":
					return s.integerInto(&files)
				case "found":
					return s.integerInto(&found)
				}
				return s.skip()
			})
		case "GosecVersion":
			return s.nameInto(&b.report.Version)
		}
		return s.skip()
	})
	if broken > 0 && files <= 0 && len(b.found) == 0 {
		b.incomplete("gosec could not read the packages: " + strconv.Itoa(broken) + " have errors")
	}
	b.counted(found, b.report.Results, "issues")
	return err
}

func (i gosecIssue) discovery(b *batch) engine.Discovery {
	id := string(i.RuleID)
	f := engine.Finding{
		Kind:     engine.KindWeakness,
		Severity: severityOf(string(i.Severity)),
		Rule:     &engine.Rule{ID: id, Tool: "gosec"},
		CWEs:     cwesIn("CWE-" + strings.TrimPrefix(string(i.CWE.is.ID), "CWE-")),
	}
	from, to, _ := strings.Cut(string(i.Line), "-")
	f.Locations = []engine.Location{lines(b.path(string(i.File)), numberOf(from), numberOf(to))}
	f.Title = titleOfRule(&f, id, string(i.Details), string(i.Code))
	if bool(i.NoSec) || len(i.Suppressions) > 0 {
		f.Suppression = &engine.Suppression{Kind: "in_source", Status: "accepted"}
		for _, s := range i.Suppressions {
			if s.Kind == "external" {
				f.Suppression.Kind = "external"
			}
			f.Suppression.Justification = clip(string(s.Justification))
		}
	}
	return engine.Discovery{Target: b.repository(), Finding: f, Content: contentAt(string(i.Code))}
}

// numberOf is a whole number in a text.
func numberOf(text string) number {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	return number{float64(n), err == nil}
}
