package report

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A findingsDocument is what `headgate findings -o json` writes.
type findingsDocument struct {
	Schema   string           `json:"schema"`
	Reports  []engine.Report  `json:"reports"`
	Findings []engine.Finding `json:"findings"`
	Refused  []Refusal        `json:"refused,omitempty"`
}

func writeFindingsJSON(w io.Writer, u Understood, _ Options) error {
	return encode(w, findingsDocument{engine.FindingsSchema, u.Reports, u.Findings, u.Refused})
}

// writeFindingsText lists the findings, worst first by what scanners say of them, and what was read.
func writeFindingsText(w io.Writer, u Understood, o Options) error {
	reports, findings := u.Reports, u.Findings
	c := newCanvas(w, o)
	sorted := make([]*engine.Finding, len(findings))
	for i := range findings {
		sorted[i] = &findings[i]
	}
	slices.SortStableFunc(sorted, func(a, b *engine.Finding) int { return cmp.Compare(b.Severity.Rank(), a.Severity.Rank()) })
	if len(findings) > 0 {
		g := &grid{gap: 2, columns: []column{{}, {}, {min: 14, cut: cutMiddle}, {min: 12, cut: cutMiddle}, {min: 6, cut: cutMiddle}, {min: 5, cut: cutEnd}}}
		rows := [][]span{{text("severity", dim), text("kind", dim), text("weakness", dim), text("where", dim), text("fix", dim), text("by", dim)}}
		for _, f := range sorted {
			rows = append(rows, []span{
				text(cmp.Or(string(f.Severity), "not said"), severityStyle(f.Severity)), text(string(f.Kind), dim), text(weakness(f), plain),
				text(subject(f), plain), text(fixIndex{}.fixedIn(f), plain), text(strings.Join(tools(f), ", "), dim),
			})
		}
		if c.width < 90 {
			for _, row := range rows {
				row[1] = span{}
			}
		}
		g.fit(c.width, rows)
		for _, row := range rows {
			c.line(g.row(row)...)
		}
		c.line()
	}
	g := &grid{gap: 2, columns: []column{{min: 12, cut: cutMiddle}, {min: 6, cut: cutEnd}, {}}}
	var rows [][]span
	for _, r := range reports {
		rows = append(rows, []span{text(r.Name, plain), text(cmp.Or(r.Tool, r.Format), dim), text(amount(r), dim)})
	}
	g.fit(c.width, rows)
	for i, row := range rows {
		c.line(g.row(row)...)
		if r := reports[i]; !r.Complete {
			c.paragraph(2, text("incomplete", yellow), len("incomplete")+2, cmp.Or(r.Incomplete, "the scan says that it did not finish"), plain)
		}
		if r := reports[i]; r.Note != "" {
			c.paragraph(2, text("note", dim), len("note")+2, r.Note, plain)
		}
	}
	sum := count(len(findings), "finding", "findings") + " in " + count(len(reports), "report", "reports")
	if n := len(u.Refused); n > 0 {
		sum += "; " + count(n, "report", "reports") + " refused"
	}
	c.line(text(sum, plain))
	return c.err
}

// amount words what a report lists and what that amounts to.
func amount(r engine.Report) string {
	s := count(r.Findings, "finding", "findings")
	if r.Results != r.Findings {
		s += " of " + count(r.Results, "result", "results")
	}
	return s
}

func severityStyle(s engine.Severity) style {
	switch s {
	case engine.SeverityCritical:
		return red
	case engine.SeverityHigh:
		return yellow
	}
	return plain
}

// tools are the scanners that report a finding, each once.
func tools(f *engine.Finding) []string {
	var out []string
	for _, s := range f.Sources {
		if s.Tool != "" && !slices.Contains(out, s.Tool) {
			out = append(out, s.Tool)
		}
	}
	return out
}
