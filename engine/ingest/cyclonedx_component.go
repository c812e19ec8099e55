package ingest

import (
	"cmp"
	"slices"

	"github.com/headgate/headgate/engine"
)

// A cdxPart is what is kept of a component.
type cdxPart struct {
	ref, purl, name, version, scope string
	more                            *cdxMore        // nil: nothing of it
	pkg                             *engine.Package // made when it is first needed
}

// A cdxMore is what most components of most documents do not have.
type cdxMore struct {
	source string // package that a distribution built it from
	paths  []string
}

// add keeps a component and those inside it. Vulnerabilities may name one without bom-ref by its package URL.
func (d *cycloneDX) add(c *cdxComponent) {
	for i := range c.Components {
		d.add(&c.Components[i])
	}
	if c.Ref == "" && c.PURL == "" {
		return
	}
	last := len(d.kept) - 1
	if last < 0 || len(d.kept[last]) == cap(d.kept[last]) {
		d.kept, last = append(d.kept, make([]cdxPart, 0, 64)), last+1
	}
	d.kept[last] = append(d.kept[last], c.part())
}

// index finds components by bom-ref, which is unique in its document; if it is not, the first has it.
func (d *cycloneDX) index() {
	d.parts = make(map[string]*cdxPart, 64*len(d.kept))
	for _, block := range slices.Backward(d.kept) {
		for i := range slices.Backward(block) {
			d.parts[block[i].ref] = &block[i]
		}
	}
}

func (c *cdxComponent) part() cdxPart {
	p := cdxPart{
		ref: string(cmp.Or(c.Ref, c.PURL)), purl: string(c.PURL), name: string(c.Name), version: string(c.Version), scope: string(c.Scope),
	}
	if c.Group != "" {
		p.name = string(c.Group + "/" + c.Name)
	}
	var more cdxMore
	for _, place := range c.Places {
		more.paths = append(more.paths, string(place))
	}
	for _, v := range c.Properties {
		if v.Name == cdxSource {
			more.source = string(v.Value)
		}
		if isPath([]byte(v.Name)) {
			more.paths = append(more.paths, string(v.Value))
		}
	}
	more.paths = slices.DeleteFunc(more.paths, func(s string) bool { return s == "" })
	if more.source != "" || len(more.paths) > 0 {
		p.more = ptr(more)
	}
	return p
}

// packaged describes the component as a package.
func (p *cdxPart) packaged() *engine.Package {
	if p.pkg == nil {
		p.pkg = packageOf(p.purl, "", p.name, p.version)
		if p.pkg == nil {
			return nil
		}
		if p.more != nil {
			builtFrom(p.pkg, p.more.source)
		}
		switch p.scope {
		case "required":
			p.pkg.Scope = "runtime"
		case "excluded":
			p.pkg.Scope = "development"
		}
	}
	return ptr(*p.pkg)
}

// product is the component as a statement names it.
func (p *cdxPart) product() engine.Product {
	if p.purl != "" {
		return engine.Product{PURL: p.purl}
	}
	return engine.Product{Name: p.name, Version: p.version}
}
