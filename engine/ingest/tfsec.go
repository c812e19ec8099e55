package ingest

import (
	"cmp"

	"github.com/headgate/headgate/engine"
)

// detectTfsec knows its results; where it found nothing, what it writes has no mark of it: see detectEmptyList.
func detectTfsec(s shape) bool {
	return s.has("results[].rule_id") && s.hasAny("results[].long_id", "results[].rule_provider", "results[].location.filename")
}

// A tfsecResult is a check on a resource.
type tfsecResult struct {
	ID          word   `json:"rule_id"`
	LongID      word   `json:"long_id"`
	Summary     text   `json:"rule_description"`
	Description text   `json:"description"`
	Severity    text   `json:"severity"`
	Status      number `json:"status"` // 0 failed, 1 passed, 2 ignored
	Resource    word   `json:"resource"`
	Location    loose[struct {
		File  word   `json:"filename"`
		Start number `json:"start_line"`
		End   number `json:"end_line"`
	}] `json:"location"`
}

// The statuses of a result.
const (
	tfsecPassed  = 1
	tfsecIgnored = 2
)

// readTfsec reads a report of tfsec, which lists passed and ignored checks as well if asked to.
func readTfsec(s *stream, b *batch) error {
	b.report.Tool = "tfsec"
	b.looked(b.repository())
	return s.object(func(key string) error {
		if key != "results" {
			return s.skip()
		}
		return each(s, &b.report.Results, func(r tfsecResult) error {
			if r.ID == "" && r.LongID == "" {
				return s.wrong("a result without rule_id")
			}
			if r.Status.value != tfsecPassed {
				b.add(r.discovery(b))
			}
			return nil
		})
	})
}

func (r *tfsecResult) discovery(b *batch) engine.Discovery {
	f := engine.Finding{
		Kind:     engine.KindMisconfiguration,
		Title:    clip(string(cmp.Or(r.Summary, r.Description, text(r.LongID), text(r.ID)))),
		Severity: severityOf(string(r.Severity)),
		Rule:     &engine.Rule{ID: string(cmp.Or(r.ID, r.LongID)), Tool: b.report.Tool},
		Resource: resourceOfTrivy("terraform", string(r.Resource)),
	}
	l := r.Location.is
	if at := lines(b.path(string(l.File)), l.Start, l.End); at != (engine.Location{}) {
		f.Locations = []engine.Location{at}
	}
	if r.Status.value == tfsecIgnored {
		f.Suppression = &engine.Suppression{Kind: "in_source", Status: "accepted"}
	}
	// The description says what is wrong with which setting: a resource can fail one check at several.
	return engine.Discovery{Target: b.repository(), Finding: f, Content: contentOf(string(r.Resource) + "\n" + string(r.Description))}
}
