package scope

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// merge makes one asset of all that sources say of it. Two sources mean the same asset if they give it the same id, or if one gives it
// as an alias what the other gives as its id or alias: nothing is guessed. Of facts that are one text the source that goes before wins;
// data classes, tags, patterns and edges are united.
func (inv *Inventory) merge(all []*statements, o Options) error {
	inv.repository = o.Repository
	known := map[string]int{} // names of assets → their index
	for _, s := range all {
		inv.Warnings = append(inv.Warnings, s.warnings...)
		for i := range s.assets {
			e := &s.assets[i]
			if !isID(e.asset.ID) && s.source != assetsFile {
				inv.warn("%s: %.80q can be no id of an asset; it is left out", e.place, e.asset.ID)
				continue
			}
			if err := inv.add(e, s.source, known); err != nil {
				return err
			}
		}
		if s.owners != nil {
			inv.owners = s.owners
		}
	}
	inv.settleFolders()
	inv.ownByPaths()
	inv.checkMatches()
	if err := inv.link(all, known); err != nil {
		return err
	}
	return inv.check()
}

func (inv *Inventory) warn(format string, args ...any) {
	inv.Warnings = append(inv.Warnings, fmt.Sprintf(format, args...))
}

// add adds what one source says of an asset.
func (inv *Inventory) add(e *entry, from int, known map[string]int) error {
	at := -1
	for _, name := range append([]string{e.asset.ID}, e.aliases...) {
		if i, ok := known[name]; ok && at < 0 {
			at = i
		}
	}
	if from == assetsFile { // there no alias can be meant for another asset
		for _, alias := range e.aliases {
			if i, ok := known[alias]; ok && inv.assets[i].asset.ID != e.asset.ID {
				return fmt.Errorf("%s: %s is called %s, as %s is already", e.place, e.asset.ID, alias, inv.assets[i].asset.ID)
			}
		}
		if i, ok := known[e.asset.ID]; ok {
			return fmt.Errorf("%s: %s is also what %s is called", e.place, e.asset.ID, inv.assets[i].asset.ID)
		}
		at = -1
	}
	if at < 0 {
		at = len(inv.assets)
		e.sources = []int{from}
		e.asset.Tags = maps.Clone(e.asset.Tags)
		inv.assets = append(inv.assets, *e)
	} else {
		inv.assets[at].absorb(e, from)
	}
	have := &inv.assets[at]
	for _, name := range append([]string{e.asset.ID}, e.aliases...) {
		if i, ok := known[name]; ok && i != at {
			inv.warn("%s: %s is called %.80q, as %s is; they stay two assets", e.place, have.asset.ID, name, inv.assets[i].asset.ID)
			continue
		}
		known[name] = at
		if name != have.asset.ID && !slices.Contains(have.aliases, name) {
			have.aliases = append(have.aliases, name)
		}
	}
	return nil
}

// mostConflicts bounds the conflicts of one asset: as many as show that its sources do not agree.
const mostConflicts = 32

// absorb adds what a source says that goes after those that were heard.
func (e *entry) absorb(o *entry, from int) {
	if !slices.Contains(e.sources, from) {
		e.sources = append(e.sources, from)
	}
	for _, key := range texts {
		text := *textAt(&o.asset, key)
		if text == "" {
			continue
		}
		path := "asset." + key
		have := *textAt(&e.asset, key)
		switch {
		case have == "":
			e.put(key, text, o.lines[path])
		case key == "name", have == text, slices.Contains(o.general, key), key == "owner" && sameOwner(have, text):
		default:
			e.dispute(engine.Conflict{Fact: path, Value: have, Source: e.lines[path], Other: text, By: o.lines[path]})
		}
	}
	if e.folder == "" {
		e.folder = o.folder
	}
	e.addData(o.lines["asset.data"], o.asset.Data...)
	for _, key := range slices.Sorted(maps.Keys(o.asset.Tags)) {
		path := "asset.tags." + key
		switch have, ok := e.asset.Tags[key]; {
		case !ok:
			e.tag(key, o.asset.Tags[key], o.lines[path])
		case have != o.asset.Tags[key]:
			e.dispute(engine.Conflict{Fact: path, Value: have, Source: e.lines[path], Other: o.asset.Tags[key], By: o.lines[path]})
		}
	}
	m, n := &e.match, &o.match
	for _, to := range annotationLists {
		for _, pattern := range *to(n) {
			if have := to(m); !slices.Contains(*have, pattern) {
				*have = append(slices.Clip(*have), pattern)
			}
		}
	}
	for _, p := range n.within {
		if !slices.Contains(m.within, p) {
			m.within = append(slices.Clip(m.within), p)
		}
	}
}

// dispute keeps what a source says otherwise, each value once.
func (e *entry) dispute(is engine.Conflict) {
	if len(e.conflicts) < mostConflicts && !slices.ContainsFunc(e.conflicts, func(c engine.Conflict) bool { return c.Fact == is.Fact && c.Other == is.Other }) {
		e.conflicts = append(e.conflicts, is)
		slices.SortFunc(e.conflicts, func(a, b engine.Conflict) int {
			return cmp.Or(strings.Compare(a.Fact, b.Fact), strings.Compare(a.Other, b.Other))
		})
	}
}

// settleFolders gives the files of its folder to an asset of which nothing says which files are its own.
func (inv *Inventory) settleFolders() {
	for i := range inv.assets {
		if m := &inv.assets[i].match; len(m.Paths)+len(m.within) == 0 && inv.assets[i].folder != "" {
			m.Paths = []string{inv.assets[i].folder}
		}
	}
}

// checkMatches reads the hosts of all patterns that were united, and warns of one that takes every path from all other assets.
func (inv *Inventory) checkMatches() {
	for i := range inv.assets {
		e := &inv.assets[i]
		if err := e.match.check(e.place); err != nil {
			inv.warn("%v", err)
		}
		if len(inv.assets) > 1 && slices.ContainsFunc(e.match.Paths, func(p string) bool { return p == "**" || p == "**/*" }) {
			inv.warn("%s: paths of %s match every file, those of the other assets too", e.place, e.asset.ID)
		}
	}
}

// link puts the edges of all sources between the assets. One that leads to no asset would open a path that nobody finds: in assets.yaml
// it is an error, elsewhere a warning.
func (inv *Inventory) link(all []*statements, known map[string]int) error {
	strange := map[string]bool{}
	for _, s := range all {
		maps.Copy(strange, s.strange)
	}
	seen := map[engine.Edge]bool{}
	for _, s := range all {
		for _, e := range s.edges {
			from, ok := known[e.From]
			to, there := known[e.To]
			switch {
			case ok && there:
				e.From, e.To = inv.assets[from].asset.ID, inv.assets[to].asset.ID
				key := e.Edge
				key.Source = ""
				if !seen[key] {
					inv.edges = append(inv.edges, e.Edge)
				}
				seen[key] = true
			case s.source == assetsFile:
				return fmt.Errorf("%s: %s: %s leads to %s, which is no asset", e.Source, e.key, e.From, e.To)
			case !ok && !strange[e.From]:
				inv.warn("%s: %s: %.80q, which leads to %.80q, is no asset", e.Source, e.key, e.From, e.To)
			case !there && !strange[e.To]:
				inv.warn("%s: %s: %.80q leads to %.80q, which is no asset", e.Source, e.key, e.From, e.To)
			}
		}
	}
	return nil
}

// check refuses an asset of the assets file that neither a finding nor an edge can be of, which would lie there unnoticed.
func (inv *Inventory) check() error {
	linked := map[string]bool{}
	for _, e := range inv.edges {
		linked[e.From], linked[e.To] = true, true
	}
	for _, a := range inv.assets {
		if !a.match.any() && !linked[a.asset.ID] && a.sources[0] == assetsFile {
			return fmt.Errorf("%s: asset %s has no match: no finding can be its own (paths, images, repositories, purls or hosts), and no edge leads there",
				a.place, a.asset.ID)
		}
	}
	return nil
}

// any says whether there is a pattern at all.
func (m *match) any() bool { return len(m.patterns())+len(m.Hosts)+len(m.within) > 0 }
