package scope

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Description is one asset and where everything that is known of it stands.
type Description struct {
	Asset     engine.Asset
	Aliases   []string
	Facts     []Fact   // in the order of the input document, tags last
	Match     []string // what makes a finding its own, in words: "path services/checkout/**"
	Conflicts []engine.Conflict
}

// A Fact is one fact of an asset.
type Fact struct{ Path, Value, Source string }

// Describe describes all assets, in the order of their ids.
func (inv *Inventory) Describe() []Description {
	all := make([]Description, 0, len(inv.assets))
	for i := range inv.assets {
		e := &inv.assets[i]
		d := Description{Asset: e.asset, Aliases: slices.Sorted(slices.Values(e.aliases)), Match: e.match.words(), Conflicts: e.conflicts}
		for _, key := range texts {
			if text := *textAt(&e.asset, key); text != "" && key != "name" {
				d.Facts = append(d.Facts, Fact{"asset." + key, text, e.lines["asset."+key]})
			}
		}
		if len(e.asset.Data) > 0 {
			d.Facts = append(d.Facts, Fact{"asset.data", strings.Join(e.asset.Data, ", "), e.lines["asset.data"]})
		}
		for _, key := range slices.Sorted(maps.Keys(e.asset.Tags)) {
			d.Facts = append(d.Facts, Fact{"asset.tags." + key, e.asset.Tags[key], e.lines["asset.tags."+key]})
		}
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b Description) int { return strings.Compare(a.Asset.ID, b.Asset.ID) })
	return all
}

// Disputed counts the facts of assets that sources state differently.
func (inv *Inventory) Disputed() (n int) {
	for i := range inv.assets {
		n += len(inv.assets[i].conflicts)
	}
	return n
}

// words are the patterns of a match, each with what it is about.
func (m *match) words() (all []string) {
	for _, list := range []struct {
		noun     string
		patterns []string
	}{{"path", m.Paths}, {"image", m.Images}, {"repository", m.Repositories}, {"package", m.PURLs}, {"host", m.Hosts}} {
		for _, p := range list.patterns {
			all = append(all, list.noun+" "+p)
		}
	}
	for _, p := range m.within {
		all = append(all, "path "+p.glob+" of "+p.repository)
	}
	return all
}

// Files are the files that something was read from, in the order of the precedence of their kinds and of their names.
func (inv *Inventory) Files() []ReadFile {
	kinds := SourceNames()
	return slices.SortedFunc(slices.Values(inv.files), func(a, b ReadFile) int {
		return cmp.Or(cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), strings.Compare(a.Name, b.Name))
	})
}
