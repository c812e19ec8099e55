package ingest

import (
	"cmp"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectThreagile knows the risks that Threagile writes beside its report.
func detectThreagile(s shape) bool {
	return s.hasAny("[].synthetic_id") && s.hasAny("[].category", "[].category_id", "[].risk_status", "[].severity")
}

// A threagileRisk is a risk of the model.
type threagileRisk struct {
	Category   word `json:"category"`
	CategoryID word `json:"category_id"`
	Status     text `json:"risk_status"`
	Severity   text `json:"severity"`
	Title      text `json:"title"` // HTML
	ID         word `json:"synthetic_id"`
	Asset      word `json:"most_relevant_technical_asset"`
	Data       word `json:"most_relevant_data_asset"`
	Link       word `json:"most_relevant_communication_link"`
	Boundary   word `json:"most_relevant_trust_boundary"`
	Runtime    word `json:"most_relevant_shared_runtime"`
}

// readThreagile reads a list of risks.
func readThreagile(s *stream, b *batch) error {
	b.report.Tool = "threagile"
	return each(s, &b.report.Results, func(r threagileRisk) error {
		if r.Category == "" && r.CategoryID == "" {
			return s.wrong("a risk without a category")
		}
		b.add(r.discovery(b))
		return nil
	})
}

func (r *threagileRisk) discovery(b *batch) engine.Discovery {
	f := engine.Finding{
		Kind:        engine.KindWeakness,
		Title:       textOf(string(r.Title)),
		Severity:    severityOf(string(r.Severity)),
		Rule:        &engine.Rule{ID: string(cmp.Or(r.Category, r.CategoryID)), Tool: "threagile"},
		Resource:    r.resource(),
		Suppression: r.suppression(),
	}
	if strings.EqualFold(string(r.Severity), "elevated") {
		f.Severity = engine.SeverityHigh // its scale is low, medium, elevated, high, critical: between two, the worse
	}
	f.Title = cmp.Or(f.Title, f.Rule.ID)
	return engine.Discovery{Target: b.repository(), Finding: f, Content: contentOf(string(r.ID))}
}

// resource is the part of the model that the risk is on.
func (r *threagileRisk) resource() *engine.Resource {
	for _, p := range []struct {
		kind string
		name word
	}{{"technical_asset", r.Asset}, {"communication_link", r.Link}, {"trust_boundary", r.Boundary}, {"shared_runtime", r.Runtime}, {"data_asset", r.Data}} {
		if p.name != "" {
			return &engine.Resource{Type: p.kind, Name: string(p.name)}
		}
	}
	return nil
}

// suppression is what was written down of a risk in the model, which lies beside the code, where the change under review can write it.
func (r *threagileRisk) suppression() *engine.Suppression {
	switch r.Status {
	case "accepted", "mitigated", "false-positive":
		return &engine.Suppression{Kind: "in_source", Status: "accepted", Justification: string(r.Status)}
	case "in-discussion":
		return &engine.Suppression{Kind: "in_source", Status: "under_review", Justification: string(r.Status)}
	}
	return nil // unchecked, and in progress
}
