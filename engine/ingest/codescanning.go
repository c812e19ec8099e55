package ingest

import (
	"cmp"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectCodeScanning knows the alerts of GitHub's code scanning as its REST interface lists them, and a single one.
func detectCodeScanning(s shape) bool {
	return s.inSeries(func(has func(...string) bool) bool {
		return has("most_recent_instance", "rule") || has("rule.id", "tool.name", "number", "state")
	})
}

// A codeAlert is what is read of an alert (https://docs.github.com/rest/code-scanning).
type codeAlert struct {
	Number           word `json:"number"`
	State            text `json:"state"`
	URL              word `json:"url"`
	Page             word `json:"html_url"`
	DismissedReason  text `json:"dismissed_reason"`
	DismissedComment text `json:"dismissed_comment"`
	Rule             loose[struct {
		ID          word  `json:"id"`
		Name        word  `json:"name"`
		Severity    text  `json:"severity"`
		Security    text  `json:"security_severity_level"`
		Description text  `json:"description"`
		Tags        words `json:"tags"`
	}] `json:"rule"`
	Tool loose[struct {
		Name    word `json:"name"`
		Version word `json:"version"`
	}] `json:"tool"`
	Instance loose[struct {
		Message loose[struct {
			Text text `json:"text"`
		}] `json:"message"`
		Location loose[struct {
			Path  word   `json:"path"`
			Start number `json:"start_line"`
			End   number `json:"end_line"`
		}] `json:"location"`
	}] `json:"most_recent_instance"`
	Repository loose[struct {
		Name word `json:"full_name"`
	}] `json:"repository"`
}

// readCodeScanning reads alerts, which can be of several tools.
func readCodeScanning(s *stream, b *batch) error {
	b.report.Tool = "github-code-scanning"
	b.looked(b.repository())
	tools := map[engine.Source]bool{}
	err := s.series(func() error {
		var a codeAlert
		if err := s.decode(&a); err != nil {
			return err
		}
		b.report.Results++
		if a.Rule.is.ID == "" {
			return s.wrong("an alert without rule.id")
		}
		d := a.discovery(b)
		tools[d.Finding.Sources[0]] = true
		if a.State != "fixed" {
			b.add(d)
		}
		return nil
	})
	if len(tools) == 1 {
		for t := range tools {
			b.report.Tool, b.report.Version = t.Tool, t.Version
		}
	}
	return err
}

func (a *codeAlert) discovery(b *batch) engine.Discovery {
	r, tool, at := a.Rule.is, a.Tool.is, a.Instance.is.Location.is
	source := engine.Source{Tool: string(cmp.Or(tool.Name, word(b.report.Tool)))}
	if stated(tool.Version) {
		source.Version = string(tool.Version)
	}
	place := lines(b.path(string(at.Path)), at.Start, at.End)
	place.URL = webAddress(string(a.Page))
	d := engine.Discovery{
		Target: b.repositoryNamed(string(a.Repository.is.Name), string(a.URL)),
		Finding: engine.Finding{
			Severity:  severityOf(string(r.Severity)),
			Rule:      &engine.Rule{ID: string(r.ID), Tool: source.Tool},
			CWEs:      cwesIn(r.Tags...),
			Locations: []engine.Location{place},
			Sources:   []engine.Source{source},
		},
		Content: "github:alert:" + string(a.Number), // GitHub follows the code to other lines; the number is the alert's for good
	}
	if a.Number == "" {
		d.Content = ""
	}
	if s := severityOf(string(r.Security)); s != "" {
		d.Finding.Severity = s
	}
	if a.State == "dismissed" {
		d.Finding.Suppression = &engine.Suppression{Kind: "external", Status: "accepted", Justification: dismissalReason(a.DismissedReason, a.DismissedComment)}
	}
	// What uploaded the alert was SARIF: kind and names are those of its results.
	run := sarifRun{driver: sarifComponent{name: source.Tool}}
	rule := sarifRule{id: string(r.ID), name: string(r.Name), short: string(r.Description), facts: &sarifProperties{tags: r.Tags}}
	result := sarifResult{rule: sarifReference{id: rule.id, index: -1}}
	d.Finding.Kind = run.kindOf(&result, &rule)
	run.classify(&d, &result, &rule, strings.TrimSpace(string(a.Instance.is.Message.is.Text)))
	return d
}
