package report_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// scopeSample is a scope with everything that one can have.
func scopeSample() *report.Scope {
	return &report.Scope{
		Files:  []report.ScopeFile{{Name: ".headgate/assets.yaml", Kind: "assets.yaml"}, {Name: "services/checkout/catalog-info.yaml", Kind: "Backstage"}},
		Silent: 3,
		Assets: []report.ScopeAsset{
			{
				Asset:   engine.Asset{ID: "checkout", Name: "Checkout", Exposure: "internet", Data: []string{"pci", "pii"}, Tags: map[string]string{"tier": "1"}},
				Aliases: []string{"shop/checkout"},
				Facts: []report.ScopeFact{
					{Fact: "asset.requirements.confidentiality", Value: "high", Source: "threats/a-model-with-quite-a-long-name.yaml:1180"},
					{Fact: "asset.exposure", Value: "internet", Source: "deploy/shop.yaml:45"},
					{Fact: "asset.data", Value: "pci, pii", Source: "threats/shop.yaml:21, services/checkout/catalog-info.yaml:7"},
					{Fact: "asset.tags.tier", Value: "1", Source: "services/checkout/catalog-info.yaml:5"},
				},
				Match:     []string{"path services/checkout/**", "image ghcr.io/acme/checkout"},
				Conflicts: []engine.Conflict{{Fact: "asset.exposure", Value: "internet", Source: "deploy/shop.yaml:45", Other: "internal", By: "bom.json:7"}},
				Findings:  new(2), Covered: new(true),
			},
			{Asset: engine.Asset{ID: "payments-db", Type: "datastore"}, Findings: new(0), Covered: new(false)},
		},
		Edges: []engine.Edge{
			{From: "checkout", To: "payments-db", Kind: engine.EdgeNetwork, Source: "a.yaml:1"},
			{From: "checkout", To: "payments-db", Kind: engine.EdgeData, Trusted: true, Source: "a.yaml:2"},
		},
		EntryPoints: []string{"checkout"},
		CrownJewels: []string{"payments-db"},
		Warnings:    []string{`deploy/chart.yaml: a template, not YAML; it is not read: name what is rendered of it`},
		Reports:     &report.ScopeReports{Findings: 3, NoAsset: []engine.Finding{blocked().Cases[0].Input.Finding}, Unseen: []string{"payments-db"}},
	}
}

func TestTheScopeFitsEveryWidth(t *testing.T) {
	for _, width := range []int{60, 80, 120, 200} {
		var buf bytes.Buffer
		if err := report.ScopeText(&buf, scopeSample(), report.Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		golden(t, fmt.Sprintf("scope.%d.golden", width), buf.Bytes())
		inert(t, buf.Bytes(), width)
	}
}

func TestAHostileScopeIsInert(t *testing.T) {
	const evil = "\x1b[31m::error::##[error]\u202e\u0000" + "\n# "
	s := scopeSample()
	long := evil + strings.Repeat("ю", 300)
	a := &s.Assets[0]
	a.Asset.ID, a.Asset.Name, a.Aliases, a.Match = long, long, []string{long}, []string{long}
	a.Facts = append(a.Facts, report.ScopeFact{Fact: "asset.tags." + long, Value: long, Source: long}, report.ScopeFact{Fact: "asset.owner", Value: long, Source: long})
	a.Conflicts[0].Other, a.Conflicts[0].By = long, long
	s.Edges[0].From, s.Edges[0].To = long, long
	s.EntryPoints, s.CrownJewels, s.Warnings, s.Reports.Unseen = []string{long}, []string{long}, []string{long}, []string{long}
	s.Files[0].Kind = long
	for _, width := range []int{48, 60, 200} {
		var buf bytes.Buffer
		if err := report.ScopeText(&buf, s, report.Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		inert(t, buf.Bytes(), width)
	}
}

func TestALongScopeIsCutAndSaysSo(t *testing.T) {
	s := &report.Scope{}
	for i := range 500 {
		id := fmt.Sprintf("a%03d", i)
		s.Assets = append(s.Assets, report.ScopeAsset{Asset: engine.Asset{ID: id}})
		s.Edges = append(s.Edges, engine.Edge{From: "a000", To: id, Kind: engine.EdgeNetwork})
		s.EntryPoints, s.Warnings = append(s.EntryPoints, id), append(s.Warnings, "w"+id)
	}
	var short, whole bytes.Buffer
	if err := report.ScopeText(&short, s, report.Options{Width: 100}); err != nil {
		t.Fatal(err)
	}
	if err := report.ScopeText(&whole, s, report.Options{Width: 100, All: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"460 more assets", "480 more: -o json lists all", "+480"} {
		if !strings.Contains(short.String(), want) {
			t.Errorf("%q is not said in\n%.600s", want, short.String())
		}
	}
	if n := strings.Count(short.String(), "\n"); n > 200 {
		t.Errorf("have %d lines", n)
	}
	if !strings.Contains(whole.String(), "\na499  ") || strings.Contains(whole.String(), "more assets") {
		t.Error("all of it is not all")
	}
}

func TestTheScopeIsAlsoJSON(t *testing.T) {
	s := schema(t, report.ScopeSchema())
	for _, one := range []*report.Scope{scopeSample(), {}} {
		var buf bytes.Buffer
		if err := report.ScopeJSON(&buf, one); err != nil {
			t.Fatal(err)
		}
		validate(t, s, buf.Bytes())
	}
}
