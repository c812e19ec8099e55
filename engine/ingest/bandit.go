package ingest

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectBandit wants a result of Bandit, or what else it always writes beside its lists.
func detectBandit(s shape) bool {
	return s.has("results[].test_id", "results[].filename") || s.has("errors", "generated_at", "metrics") && !s.has("runs")
}

// What is read of a result, under its names (https://bandit.readthedocs.io/en/latest/formatters/json.html).
type banditResult struct {
	Code     text `json:"code"` // the lines around it, each behind its number
	File     word `json:"filename"`
	Severity text `json:"issue_severity"`
	Text     text `json:"issue_text"`
	CWE      loose[struct {
		ID word `json:"id"`
	}] `json:"issue_cwe"`
	Line     number `json:"line_number"`
	Range    texts  `json:"line_range"`
	TestID   word   `json:"test_id"`
	TestName word   `json:"test_name"`
}

// readBandit reads a report of Bandit. A file in its errors was not scanned.
func readBandit(s *stream, b *batch) error {
	b.report.Tool = "bandit"
	b.looked(b.repository())
	unread, certain := 0, 0
	err := s.object(func(key string) error {
		switch key {
		case "results":
			return each(s, &b.report.Results, func(r banditResult) error {
				if r.TestID == "" {
					return s.wrong("a result without test_id")
				}
				b.add(r.discovery(b))
				return nil
			})
		case "errors":
			return s.items(func() error {
				unread++
				return s.skip()
			})
		case "metrics":
			return s.fields(func(key string) error {
				if key != "_totals" {
					return s.skip()
				}
				return banditTotals(s, &certain)
			})
		case "generated_at":
			return s.timeInto(&b.report.Time)
		}
		return s.skip()
	})
	if unread > 0 {
		b.incomplete("bandit could not read some files: " + strconv.Itoa(unread))
	}
	b.counted(certain, b.report.Results, "results that no threshold hides")
	return err
}

// banditTotals reads the sums over all files, which count also what thresholds of severity and confidence keep out of the list. Of the
// results of high severity, no more than all those of lower confidence can be kept out.
func banditTotals(s *stream, certain *int) error {
	high, unsure := 0, 0
	err := s.fields(func(key string) error {
		n := 0
		err := s.integerInto(&n)
		switch key {
		case "SEVERITY.HIGH":
			high = n
		case "CONFIDENCE.UNDEFINED", "CONFIDENCE.LOW", "CONFIDENCE.MEDIUM":
			unsure += n
		}
		return err
	})
	*certain = high - unsure
	return err
}

func (r banditResult) discovery(b *batch) engine.Discovery {
	id := string(r.TestID)
	f := engine.Finding{
		Kind:     engine.KindWeakness,
		Severity: severityOf(string(r.Severity)),
		Rule:     &engine.Rule{ID: id, Tool: "bandit"},
		CWEs:     cwesIn("CWE-" + string(r.CWE.is.ID)),
	}
	first, last := r.Line, r.Line
	for _, n := range r.Range {
		if n := numberOf(n); n.set && n.value > last.value {
			last = n
		}
	}
	f.Locations = []engine.Location{lines(b.path(string(r.File)), first, last)}
	code := r.code(first, last)
	switch id {
	case "B105", "B106", "B107": // hard-coded passwords, which the text quotes
		f.Title = clip(strings.ReplaceAll(cmp.Or(string(r.TestName), "hardcoded password"), "_", " "))
	default:
		f.Title = titleOfRule(&f, id, string(r.Text), code)
	}
	return engine.Discovery{Target: b.repository(), Finding: f, Content: contentAt(code)}
}

// code is what stands at the place. Bandit shows lines around it as well, which may change without it.
func (r banditResult) code(first, last number) string {
	var at []string
	for line := range strings.SplitSeq(string(r.Code), "\n") {
		label, rest, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		if n := numberOf(label); n.set && n.value >= first.value && n.value <= last.value {
			at = append(at, rest)
		}
	}
	return strings.Join(at, "\n")
}
