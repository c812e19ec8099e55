package scope

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// Renew gives a case the facts of its asset as the inventory has them now, with where they are from. It is false, and the case stays as it is,
// if the inventory does not have the asset. Who owns files of it is known where they lie alone, so that an owner stays where nobody names one.
func (inv *Inventory) Renew(c *engine.Case) bool {
	at := slices.IndexFunc(inv.assets, func(e entry) bool { return e.asset.ID == c.Input.Asset.ID })
	if at < 0 {
		return false
	}
	e := &inv.assets[at]
	owner, from := c.Input.Asset.Owner, c.Provenance["asset.owner"]
	c.Input.Asset = e.asset
	facts := map[string]engine.Provenance{}
	for fact, p := range c.Provenance {
		if !strings.HasPrefix(fact, "asset.") {
			facts[fact] = p
		}
	}
	for _, fact := range slices.Sorted(maps.Keys(e.lines)) {
		if fact != "asset.id" && fact != "asset.name" {
			facts[fact] = engine.Provenance{Source: e.lines[fact]}
		}
	}
	if e.asset.Owner == "" && owner != "" {
		c.Input.Asset.Owner, facts["asset.owner"] = owner, from
	}
	c.Provenance = facts
	others := slices.DeleteFunc(slices.Clone(c.Conflicts), func(c engine.Conflict) bool { return strings.HasPrefix(c.Fact, "asset.") })
	c.Conflicts = append(slices.Clone(e.conflicts), others...)
	if len(c.Conflicts) == 0 {
		c.Conflicts = nil
	}
	return true
}
