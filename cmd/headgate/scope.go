package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

var scopeFormats = []report.Format{
	{Name: "text", Title: "for people: each asset with its facts and where they stand"},
	{Name: "json", Title: "the whole scope"},
}

func newScopeCommand(a *app) *cobra.Command {
	var f runFlags
	var outputs []string
	c := &cobra.Command{
		Use:   "scope [REPORT…]",
		Short: "Show the assets, what is known of them and who says so, and what belongs to none",
		Long: `Shows what is known about assets: every fact with the file and line that states it, what sources state differently, what each asset
leads to, entry points and crown jewels. Assets are read from .headgate/assets.yaml and from the files that scope in headgate.yaml names:
Backstage's catalog-info.yaml, Threagile models, Kubernetes manifests, CycloneDX services and CODEOWNERS, which go before each other in
this order.

With reports it also shows the findings that are on no asset, and the assets that no complete report looked at.

Exit status: 0, 2 what you set up does not load, 3 a report could not be read.`,
		Example: `  headgate scope
  headgate scope reports/ -o json=scope.json`,
		RunE: func(c *cobra.Command, args []string) error {
			outs, err := parseOutputs(outputs, scopeFormats)
			if err != nil {
				return err
			}
			s, err := a.showScope(c.Context(), &f, args)
			if err != nil {
				return err
			}
			return a.writeOutputs(outs,
				func(o output, to *os.File) error {
					if o.format == "json" {
						return report.ScopeJSON(to, s)
					}
					return report.ScopeText(to, s, report.Options{All: true})
				},
				func(o output) error {
					if o.format == "json" {
						return report.ScopeJSON(a.stdout, s)
					}
					return report.ScopeText(a.stdout, s, a.reportOptions())
				},
			)
		},
	}
	f.readFlags(c)
	c.Flags().StringVar(&f.assets, "assets", "", "assets `file` (default: assets.yaml in the settings folder)")
	c.Flags().StringArrayVarP(&outputs, "output", "o", nil, "`FORMAT[=FILE]`, several at once: "+formatNames(scopeFormats)+" (default text)")
	return c
}

// showScope puts together what is known about assets, and what reports show of it.
func (a *app) showScope(ctx context.Context, f *runFlags, args []string) (*report.Scope, error) {
	r := &run{app: a, flags: f, result: &engine.Result{}}
	var err error
	if r.settings, err = a.openSettings(workingTree, f.settings, args); err != nil {
		return nil, err
	}
	r.result.Change.Repository = r.repository(args)
	if err := r.loadScope(); err != nil {
		return nil, err
	}
	if err := r.loadPolicy(ctx); err != nil {
		return nil, err
	}
	s := &report.Scope{Silent: r.assets.Silent, Edges: r.assets.Edges(), Warnings: r.assets.Warnings}
	for _, file := range r.assets.Files() {
		s.Files = append(s.Files, report.ScopeFile{Name: file.Name, Kind: file.Kind})
	}
	jewel := r.policy.CrownJewel()
	for _, d := range r.assets.Describe() {
		one := report.ScopeAsset{Asset: d.Asset, Aliases: d.Aliases, Match: d.Match, Conflicts: d.Conflicts}
		for _, fact := range d.Facts {
			one.Facts = append(one.Facts, report.ScopeFact{Fact: fact.Path, Value: fact.Value, Source: fact.Source})
		}
		if d.Asset.Exposure == "internet" {
			s.EntryPoints = append(s.EntryPoints, d.Asset.ID)
		}
		if jewel != nil && jewel(&d.Asset) {
			s.CrownJewels = append(s.CrownJewels, d.Asset.ID)
		}
		s.Assets = append(s.Assets, one)
	}
	if len(args) == 0 {
		return s, nil
	}
	if err := r.read(ctx, args); err != nil {
		return nil, err
	}
	if err := r.checkComplete(); err != nil {
		return nil, err
	}
	r.notes()
	r.scopeOfReports(s)
	return s, nil
}

// scopeOfReports adds how many findings are on each asset, which are on none, and which assets no complete report looked at.
func (r *run) scopeOfReports(s *report.Scope) {
	found := engine.Correlate(r.reading.discoveries)
	on := map[string]int{}
	named := map[string]bool{}
	for i := range s.Assets {
		named[s.Assets[i].Asset.ID] = true
	}
	out := &report.ScopeReports{Findings: len(found)}
	for _, c := range r.assets.Cases(found, engine.EventManual) {
		if id := c.Input.Asset.ID; named[id] {
			on[id]++
		} else {
			out.NoAsset = append(out.NoAsset, c.Input.Finding)
		}
	}
	covered := r.covered()
	for i := range s.Assets {
		one := &s.Assets[i]
		id := one.Asset.ID
		one.Findings, one.Covered = new(on[id]), new(covered[id])
		if !covered[id] {
			out.Unseen = append(out.Unseen, id)
		}
	}
	s.Reports = out
}
