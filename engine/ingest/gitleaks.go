package ingest

import (
	"cmp"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectGitleaks knows the names of version 8 and, in lower case, those of version 7.
func detectGitleaks(s shape) bool {
	return s.inSeries(func(has func(...string) bool) bool {
		return has("RuleID") && (has("Secret") || has("Match") || has("Fingerprint")) ||
			has("rule", "offender") || has("rule", "commitMessage", "file")
	})
}

// A gitleak is a finding of Gitleaks. The lower-case names are those of version 7.
type gitleak struct {
	RuleID      word
	Description text
	File        word
	StartLine   number
	EndLine     number
	Secret      text
	Match       text
	Commit      word
	Link        word

	OldRule     word   `json:"rule"`
	OldFile     word   `json:"file"`
	OldLine     number `json:"lineNumber"`
	OldOffender text   `json:"offender"`
	OldMatch    text   `json:"line"`
	OldCommit   word   `json:"commit"`
	OldLink     word   `json:"leakURL"`
}

// readGitleaks reads a report of Gitleaks, which says nothing of how bad a finding is. Each commit that has a secret is an entry.
func readGitleaks(s *stream, b *batch) error {
	b.report.Tool = "gitleaks"
	b.looked(b.repository())
	return s.series(func() error {
		var l gitleak
		if err := s.decode(&l); err != nil {
			return err
		}
		b.report.Results++
		rule := cmp.Or(l.RuleID, l.OldRule)
		if rule == "" {
			return s.wrong("a finding without a rule")
		}
		secret, match := string(cmp.Or(l.Secret, l.OldOffender)), string(cmp.Or(l.Match, l.OldMatch))
		title := hidden(string(l.Description), secret, match)
		if strings.TrimSpace(title) == "" {
			title = string(rule)
		}
		start, end := l.StartLine, l.EndLine
		if l.OldLine.set {
			start, end = l.OldLine, number{}
		}
		at := lines(b.path(hidden(string(cmp.Or(l.File, l.OldFile)), secret)), start, end)
		at.URL = address(hidden(string(cmp.Or(l.Link, l.OldLink)), secret))
		commit := cmp.Or(l.Commit, l.OldCommit)
		f := engine.Finding{
			Kind:      engine.KindSecret,
			Title:     clip(title),
			Rule:      &engine.Rule{ID: hidden(string(rule), secret), Tool: b.report.Tool},
			Secret:    &engine.Secret{Type: hidden(string(rule), secret)},
			Locations: []engine.Location{at},
		}
		if strings.Trim(string(commit), "0") == "" {
			// Read from files. What was read from a commit can stand in the tree still or in the history only: Gitleaks does not say.
			f.Secret.InHistory = ptr(false)
		}
		b.add(engine.Discovery{Target: b.repository(), Finding: f, Content: contentOf(cmp.Or(secret, match))})
		return nil
	})
}
