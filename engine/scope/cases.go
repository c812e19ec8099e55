package scope

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Cases joins findings with the assets that they are on: one case for each asset that a finding belongs to. A finding that no asset
// claims is on a default asset, named after the scanned target, whose facts are absent. The event is why the gate runs; the order is
// by finding, then asset.
func (inv *Inventory) Cases(discoveries []engine.Discovery, event engine.Event) []engine.Case {
	cases := make([]engine.Case, 0, len(discoveries))
	byPackage := slices.ContainsFunc(inv.assets, func(e entry) bool { return len(e.match.PURLs) > 0 })
	known := map[string][]int{}
	for i := range discoveries {
		d := &discoveries[i]
		key := keyOf(d, byPackage)
		claimants, ok := known[key]
		if !ok {
			claimants = inv.claimants(d)
			known[key] = claimants
		}
		for _, j := range claimants {
			cases = append(cases, inv.newCase(d, &inv.assets[j], event))
		}
		if len(claimants) == 0 {
			cases = append(cases, inv.newCase(d, &entry{asset: defaultAsset(d.Target)}, event))
		}
	}
	slices.SortFunc(cases, func(a, b engine.Case) int {
		return cmp.Or(strings.Compare(a.Input.Finding.ID, b.Input.Finding.ID), strings.Compare(a.Input.Asset.ID, b.Input.Asset.ID))
	})
	return cases
}

// claimants are the assets that a finding belongs to, by their index.
func (inv *Inventory) claimants(d *engine.Discovery) (all []int) {
	for j := range inv.assets {
		if inv.assets[j].match.takes(d) {
			all = append(all, j)
		}
	}
	return all
}

// keyOf is all that decides which assets a finding belongs to: hundreds of findings share one lockfile or image.
func keyOf(d *engine.Discovery, byPackage bool) string {
	var key strings.Builder
	part := func(s string) {
		key.WriteString(strconv.Itoa(len(s))) // no text of a report can look like two
		key.WriteByte(':')
		key.WriteString(s)
	}
	part(string(d.Target.Type))
	part(d.Target.Name)
	for _, l := range d.Finding.Locations {
		part(l.Path)
		part(l.URL)
	}
	if p := d.Finding.Package; byPackage && p != nil {
		part("purl")
		for _, purl := range append(p.Components(), p.PURL) {
			part(purl)
		}
	}
	return key.String()
}

// defaultAsset stands for a target that no asset claims.
func defaultAsset(t engine.Target) engine.Asset {
	return engine.Asset{ID: cmp.Or(t.Name, "this "+string(t.Type)), Type: string(t.Type)}
}

func (inv *Inventory) newCase(d *engine.Discovery, e *entry, event engine.Event) engine.Case {
	c := engine.Case{
		Input: engine.Input{
			Finding: d.Finding,
			Asset:   e.asset,
			Context: engine.Context{
				Change:       &engine.Change{Event: event, Status: d.Status},
				Reachability: d.Reachability,
			},
		},
		Provenance: map[string]engine.Provenance{},
		Conflicts:  slices.Clone(e.conflicts),
	}
	for _, fact := range slices.Sorted(maps.Keys(e.lines)) {
		if fact != "asset.id" && fact != "asset.name" {
			c.Provenance[fact] = engine.Provenance{Source: e.lines[fact]}
		}
	}
	if e.asset.Owner == "" {
		if owner, at := inv.ownerOf(d); owner != "" {
			c.Input.Asset.Owner = owner
			c.Provenance["asset.owner"] = engine.Provenance{Source: at}
		}
	}
	if r := d.Reachability; r != nil {
		from := engine.Provenance{Source: r.By}
		if d.Commit != "" {
			from.Source += ", commit " + d.Commit
		}
		c.Provenance["context.reachability"] = from
		for _, o := range d.Otherwise {
			addConflict(&c, engine.Conflict{Fact: "context.reachability", Value: r.Verdict, Source: r.By, Other: o.Verdict, By: o.By})
		}
	}
	if d.Status != "" {
		c.Provenance["context.change.status"] = engine.Provenance{Source: "the scanner's baseline"}
	}
	return c
}

// Unclaimed counts the cases that are on none of the named assets. It is 0 for an inventory without assets.
func (inv *Inventory) Unclaimed(cases []engine.Case) int {
	if inv == nil || len(inv.assets) == 0 {
		return 0
	}
	named := map[string]bool{}
	for _, e := range inv.assets {
		named[e.asset.ID] = true
	}
	n := 0
	for i := range cases {
		if !named[cases[i].Input.Asset.ID] {
			n++
		}
	}
	return n
}
