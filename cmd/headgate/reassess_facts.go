package main

import (
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/sweep"
	"github.com/headgate/headgate/integrations/store"
)

// splitCVEs takes a list as the ledger keeps it apart.
func splitCVEs(list string) []string { return strings.Fields(list) }

// byAssets finds the cases on assets of which other things are known now. One case of each run and asset says what was known of it then.
func (p *planner) byAssets() error {
	if p.assets == "" {
		return nil
	}
	for _, r := range p.runs {
		b, err := p.basis(r)
		if err != nil {
			return err
		}
		if b.epoch != nil && b.epoch.Assets == p.assets || p.run.flags.assets == "" && !p.own(r.Repository) {
			continue
		}
		some, err := p.view.OneOnEach(r.Leaf)
		if err != nil {
			return err
		}
		changed := map[string]bool{}
		for from, err := range p.view.Open(some) {
			if err != nil {
				return err
			}
			changed[from.State.Asset] = from.Input.Erased != nil || p.assetDiffers(from)
		}
		all, err := p.view.OfRun(r.Leaf)
		if err != nil {
			return err
		}
		p.add(slices.DeleteFunc(all, func(c store.Candidate) bool { return !changed[c.Asset] }), sweep.WhyAsset)
	}
	return nil
}

// assetDiffers says whether other things are known of an asset than a case has recorded.
func (p *planner) assetDiffers(from *store.Standing) bool {
	c := engine.Case{Input: *from.Input.Input, Provenance: from.Input.Provenance, Conflicts: from.Input.Conflicts}
	return p.run.assets.Renew(&c) && !sameJSON(from.Input.Input.Asset, c.Input.Asset)
}

// byWaivers finds the cases that waivers may hold for, or held for.
func (p *planner) byWaivers() error {
	waived, err := p.view.Waived()
	if err != nil {
		return err
	}
	p.add(waived, sweep.WhyWaivers)
	for _, r := range p.runs {
		if p.run.flags.waivers == "" && !p.own(r.Repository) {
			continue
		}
		b, err := p.basis(r)
		if err != nil {
			return err
		}
		switch {
		case b.epoch != nil && b.epoch.Waivers == p.waivers:
			continue // the same people accept the same
		case b.epoch == nil && (p.run.waivers.list == nil || len(p.run.waivers.list.Waivers) == 0):
			continue // what held for a case then is among those above
		}
		all, err := p.view.OfRun(r.Leaf)
		if err != nil {
			return err
		}
		p.add(all, sweep.WhyWaivers)
	}
	return nil
}
