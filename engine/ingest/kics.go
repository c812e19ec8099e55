package ingest

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectKICS knows its queries, or its counters where it found nothing.
func detectKICS(s shape) bool {
	return s.has("queries") && s.hasAny("queries[].query_id", "queries[].query_name", "kics_version", "queries_total") ||
		s.has("kics_version") || s.has("queries_total", "files_scanned")
}

// A kicsQuery is a rule and the places at which it found something.
type kicsQuery struct {
	Name     text           `json:"query_name"`
	ID       word           `json:"query_id"`
	Severity text           `json:"severity"`
	CWE      text           `json:"cwe"` // a number
	Files    list[kicsFile] `json:"files"`
}

// A kicsFile is a place. What it says of expected and actual values is not read: it can be a secret.
type kicsFile struct {
	File         word   `json:"file_name"`
	Similarity   word   `json:"similarity_id"`
	Line         number `json:"line"`
	ResourceType word   `json:"resource_type"`
	ResourceName word   `json:"resource_name"`
	SearchKey    word   `json:"search_key"`
}

// readKICS reads a report of KICS: each place of a query is a finding.
func readKICS(s *stream, b *batch) error {
	b.report.Tool = "kics"
	b.looked(b.repository())
	return s.object(func(key string) error {
		switch key {
		case "kics_version":
			return s.nameInto(&b.report.Version)
		case "end":
			return s.timeInto(&b.report.Time)
		case "files_failed_to_scan", "queries_failed_to_execute":
			n, ok, err := s.integer()
			if ok && n > 0 {
				b.incomplete(fmt.Sprintf("kics says: %s %d", strings.ReplaceAll(key, "_", " "), n))
			}
			return err
		case "queries":
			var count int
			return each(s, &count, func(q kicsQuery) error {
				if q.ID == "" && q.Name == "" {
					return s.wrong("a query without id and name")
				}
				b.report.Results += len(q.Files)
				for _, f := range q.Files {
					b.add(q.discovery(b, f))
				}
				return nil
			})
		}
		return s.skip()
	})
}

func (q *kicsQuery) discovery(b *batch, at kicsFile) engine.Discovery {
	f := engine.Finding{
		Kind:      engine.KindMisconfiguration,
		Title:     clip(string(q.Name)),
		Severity:  severityOf(string(q.Severity)),
		Rule:      &engine.Rule{ID: string(cmp.Or(q.ID, word(clip(string(q.Name))))), Tool: b.report.Tool},
		Locations: []engine.Location{lines(b.path(string(at.File)), at.Line, number{})},
	}
	f.Title = cmp.Or(f.Title, f.Rule.ID)
	if cwe := strings.TrimSpace(string(q.CWE)); cwe != "" {
		f.CWEs = cwesIn("CWE-" + strings.TrimPrefix(strings.ToUpper(cwe), "CWE-"))
	}
	d := engine.Discovery{Target: b.repository(), Content: contentOf(string(at.Similarity))}
	if strings.HasPrefix(string(q.Name), "Passwords And Secrets") {
		f.Kind, f.Secret = engine.KindSecret, &engine.Secret{Type: clip(string(q.Name))}
		d.Finding = f
		return d // names of resources are taken from the text at the place
	}
	resource := engine.Resource{}
	if at.ResourceType != "n/a" {
		resource.Type = string(at.ResourceType)
	}
	if at.ResourceName != "n/a" {
		resource.Name = string(at.ResourceName)
	}
	if resource != (engine.Resource{}) {
		f.Resource = &resource
	}
	d.Content = cmp.Or(d.Content, contentOf(string(at.SearchKey)))
	d.Finding = f
	return d
}
