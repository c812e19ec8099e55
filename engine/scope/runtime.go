package scope

import (
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// Observed says what became of observations.
type Observed struct {
	Stale     []engine.Observation // past their expiry: not used
	Undated   []engine.Observation // they do not say when they were made, or it is still to come: not used
	Elsewhere []engine.Observation // of no asset of this run
	NotLoaded int                  // cases whose component was not seen loaded
}

// ApplyObservations notes in each case whether its component was seen loaded on its asset. The order of the observations does not matter.
//
// A component was seen if the observation lists its package URL in a version that was found, or in none. It was not seen only if the
// observation lists components of the same type, so that it could have been, and none by its name: another version, or the source package
// of a distribution's, means that something else runs than what was scanned, and says nothing. An observation of one image says nothing of
// findings in others. What one of several observations saw was seen.
//
// Of what a distribution built from one source any package that was seen is enough, and none must have been for it not to be loaded. A
// source package of which it is not known what is installed is never looked for: it is not what loads.
func (inv *Inventory) ApplyObservations(cases []engine.Case, all []engine.Observation, now time.Time) Observed {
	var out Observed
	var fresh []*observed
	for _, o := range all {
		switch until := o.Until(); {
		case o.Time.IsZero() || o.Time.After(now.Add(aheadAtMost)):
			out.Undated = append(out.Undated, o)
		case !now.Before(until):
			out.Stale = append(out.Stale, o)
		default:
			fresh = append(fresh, inv.observed(o))
		}
	}
	for i := range cases {
		c := &cases[i]
		if p := c.Input.Finding.Package; p == nil || p.PURL == "" {
			for _, o := range fresh {
				o.used = o.used || o.of(c)
			}
			continue
		}
		best, window := unsaid, 0
		var from *observed
		for _, o := range fresh {
			if !o.of(c) {
				continue
			}
			o.used = true
			switch is := o.sees(c); {
			case is > best:
				best, window, from = is, o.WindowDays, o
			case is == best && is != unsaid && (o.WindowDays > window || o.WindowDays == window && o.Source < from.Source):
				window, from = o.WindowDays, o
			}
		}
		if best == unsaid || best == unclear {
			continue
		}
		c.Input.Context.Runtime = &engine.Runtime{Loaded: best == loaded, WindowDays: window}
		setSource(c, "context.runtime", engine.Provenance{Source: from.Source, At: from.Time, Expires: from.Until()})
		if best == notLoaded {
			out.NotLoaded++
		}
	}
	for _, o := range fresh {
		if !o.used {
			out.Elsewhere = append(out.Elsewhere, o.Observation)
		}
	}
	return out
}

// A sight is what an observation says of a component; what counts more is greater.
type sight int

const (
	unsaid    sight = iota // nothing of its type is listed
	notLoaded              // it could have been seen and was not
	unclear                // something by its name was seen, which is not it
	loaded
)

// An observed is an observation, ready to be asked.
type observed struct {
	engine.Observation
	assets map[string]bool             // whose image it is, by asset id
	byPURL map[string][]engine.Package // without version
	names  map[string]bool             // "type/name" of components and of the packages that they are built from
	types  map[string]bool             // of package URLs
	used   bool
}

func (inv *Inventory) observed(o engine.Observation) *observed {
	out := &observed{
		Observation: o, assets: map[string]bool{}, byPURL: map[string][]engine.Package{}, names: map[string]bool{}, types: map[string]bool{},
	}
	for i := range inv.assets {
		if e := &inv.assets[i]; o.Image != "" && fits(e.match.Images, o.Image) {
			out.assets[e.asset.ID] = true
		}
	}
	for _, p := range o.Components {
		for _, purl := range p.Components() {
			out.byPURL[purl] = append(out.byPURL[purl], p)
		}
		out.types[purlType(p.PURL)] = true
		for _, n := range names(&p) {
			out.names[n] = true
		}
	}
	return out
}

// of says whether an observation is of the asset that a case is on.
func (o *observed) of(c *engine.Case) bool {
	a := &c.Input.Asset
	return o.Asset != "" && (o.Asset == a.ID || o.Asset == a.Name) || o.Image != "" && o.Image == a.ID || o.assets[a.ID]
}

// sees says what the observation says of the component of a case.
func (o *observed) sees(c *engine.Case) sight {
	f := &c.Input.Finding
	here, elsewhere := 0, 0
	for _, l := range f.Locations {
		if o.Image != "" && l.Image != "" {
			if parseImage(l.Image).name == familiar(o.Image) {
				here++
			} else {
				elsewhere++
			}
		}
	}
	if elsewhere > 0 && here == 0 {
		return unsaid
	}
	installed := f.Package.Components()
	isSource := f.Package.Source != "" && len(f.Package.Binaries) == 0
	for _, purl := range installed {
		for _, p := range o.byPURL[purl] {
			if !isSource && (len(p.Versions) == 0 || len(f.Package.Versions) == 0 || slices.ContainsFunc(f.Package.Versions, isVersionOf(&p))) {
				return loaded
			}
		}
	}
	switch {
	case elsewhere > 0 || !o.types[purlType(f.Package.PURL)] || isSource: // what is installed of the source is not known
		return unsaid
	case slices.ContainsFunc(names(f.Package), func(n string) bool { return o.names[n] }):
		return unclear
	}
	return notLoaded
}

// isVersionOf says of a version that was found whether it is that of a component.
func isVersionOf(p *engine.Package) func(string) bool {
	epoch := ""
	for _, purl := range p.Found {
		epoch = qualifiers(purl)["epoch"]
	}
	return func(found string) bool {
		return slices.ContainsFunc(p.Versions, func(v string) bool {
			return sameVersion(strings.TrimPrefix(v, "v"), epoch, strings.TrimPrefix(found, "v"))
		})
	}
}

// names are those that a component can be known by among others of its type: its own, and that of the source package.
func names(p *engine.Package) []string {
	kind := purlType(p.PURL)
	all := []string{kind + "/" + p.Name}
	if p.Source != "" {
		all = append(all, kind+"/"+p.Source)
	}
	for _, binary := range p.Binaries {
		all = append(all, kind+"/"+binary)
	}
	for _, purl := range p.Found {
		if up, _, _ := strings.Cut(qualifiers(purl)["upstream"], "@"); up != "" {
			all = append(all, kind+"/"+up)
		}
	}
	return all
}

// purlType is the type of a package URL, "npm".
func purlType(purl string) string {
	kind, _, _ := strings.Cut(strings.TrimPrefix(purl, "pkg:"), "/")
	return kind
}
