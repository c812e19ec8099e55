package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// detectCSAF wants what every document of the format has.
func detectCSAF(s shape) bool { return s.has("document.csaf_version") }

// readCSAF reads an advisory or VEX document in CSAF 2.0 or 2.1 (https://docs.oasis-open.org/csaf/csaf/v2.1/). It says which versions
// of products are affected, not which are installed: statements, and no findings.
func readCSAF(s *stream, b *batch) error {
	b.noScan = true
	b.report.Tool = "CSAF"
	d := &csaf{products: map[string]engine.Product{}, groups: map[string][]string{}}
	err := s.object(func(key string) error {
		switch key {
		case "document":
			var v loose[csafDocument]
			err := s.decode(&v)
			d.document = v.is
			return err
		case "product_tree":
			var v loose[csafTree]
			err := s.decode(&v)
			d.tree = v.is
			return err
		case "vulnerabilities":
			return each(s, &b.report.Results, into(&d.vulnerabilities))
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	if v := d.document.Version; v != "2.0" && v != "2.1" {
		return fmt.Errorf("version %q of CSAF is not known; 2.0 and 2.1 are", clip(string(v)))
	}
	b.report.Time = timeOf(string(d.document.Tracking.is.Current))
	if g := d.document.Tracking.is.Generator.is.Engine.is; g.Name != "" {
		b.report.Tool, b.report.Version = string(g.Name), string(g.Version)
	}
	d.resolve()
	for _, v := range d.vulnerabilities {
		for _, st := range d.statements(v) {
			if d.document.Category == "csaf_vex" && st.VEX.Status == vexNotAffected && st.VEX.Justification == "" {
				return fmt.Errorf("%s: a product is known_not_affected without a flag or an impact that says why", st.Vulnerability.ID)
			}
			st.Time = b.report.Time
			st.VEX.Source = cmp.Or(string(d.document.Publisher.is.Name), b.report.Name)
			b.state(st)
		}
	}
	return nil
}

// A csaf is a document being read.
type csaf struct {
	document        csafDocument
	tree            csafTree
	vulnerabilities []csafVulnerability
	products        map[string]engine.Product // by product_id
	groups          map[string][]string       // product_ids by group_id
}

type csafDocument struct {
	Version   text             `json:"csaf_version"`
	Category  text             `json:"category"`
	Publisher loose[csafNamed] `json:"publisher"`
	Tracking  loose[struct {
		Current   text `json:"current_release_date"`
		Generator loose[struct {
			Engine loose[csafNamed] `json:"engine"`
		}] `json:"generator"`
	}] `json:"tracking"`
}

type csafNamed struct {
	Name    word `json:"name"`
	Version word `json:"version"`
}

type csafTree struct {
	Branches      list[csafBranch]       `json:"branches"`
	Products      list[csafProduct]      `json:"full_product_names"`
	Relationships list[csafRelationship] `json:"relationships"`
	Groups        list[struct {
		ID       word  `json:"group_id"`
		Products words `json:"product_ids"`
	}] `json:"product_groups"`
}

type csafRelationship struct {
	Product   word               `json:"product_reference"`
	RelatesTo word               `json:"relates_to_product_reference"`
	Full      loose[csafProduct] `json:"full_product_name"`
}

type csafBranch struct {
	Category text               `json:"category"`
	Name     word               `json:"name"`
	Product  loose[csafProduct] `json:"product"`
	Branches list[csafBranch]   `json:"branches"`
}

type csafProduct struct {
	ID     word `json:"product_id"`
	Name   word `json:"name"`
	Helper loose[struct {
		PURL  word  `json:"purl"`
		PURLs words `json:"purls"` // of version 2.1
	}] `json:"product_identification_helper"`
}

type csafVulnerability struct {
	CVE word `json:"cve"`
	IDs list[struct {
		Text word `json:"text"`
	}] `json:"ids"`
	Status loose[struct {
		Affected      words `json:"known_affected"`
		FirstAffected words `json:"first_affected"`
		LastAffected  words `json:"last_affected"`
		NotAffected   words `json:"known_not_affected"`
		Fixed         words `json:"fixed"`
		FirstFixed    words `json:"first_fixed"`
		Investigated  words `json:"under_investigation"`
	}] `json:"product_status"`
	Flags   list[csafNote] `json:"flags"`
	Threats list[csafNote] `json:"threats"`
}

// A csafNote says something of products: a flag by its label, a threat in words.
type csafNote struct {
	Category text  `json:"category"`
	Label    text  `json:"label"`
	Details  text  `json:"details"`
	Products words `json:"product_ids"`
	Groups   words `json:"group_ids"`
}

// resolve finds out what product ids mean: a leaf of the tree, or one product as a component of another.
func (d *csaf) resolve() {
	for _, p := range d.tree.Products {
		d.name(p, engine.Product{Name: string(p.Name)})
	}
	for _, b := range d.tree.Branches {
		d.walk(b, engine.Product{})
	}
	for _, g := range d.tree.Groups {
		d.groups[string(g.ID)] = g.Products
	}
	// A relationship may build on another one. The document bounds how often that can go on.
	left := slices.Clone(d.tree.Relationships)
	for range d.tree.Relationships {
		before := len(left)
		left = slices.DeleteFunc(left, func(r csafRelationship) bool {
			whole, ok := d.products[string(r.RelatesTo)]
			part, ok2 := d.products[string(r.Product)]
			if ok && ok2 {
				whole.Subcomponents = []engine.Product{part}
				d.products[string(r.Full.is.ID)] = whole
			}
			return ok && ok2
		})
		if len(left) == before {
			break
		}
	}
}

// walk names the products of a branch by the names on the way to them.
func (d *csaf) walk(b csafBranch, p engine.Product) {
	switch b.Category {
	case "product_name":
		p.Name = string(b.Name)
	case "product_version":
		p.Version, p.Range = string(b.Name), ""
	case "product_version_range":
		p.Version, p.Range = "", string(b.Name)
	}
	if product := b.Product.is; product.ID != "" {
		named := p
		if named.Name == "" {
			named.Name = string(product.Name)
		}
		d.name(product, named)
	}
	for _, inner := range b.Branches {
		d.walk(inner, p)
	}
}

// name notes what a product id stands for. A package URL goes before names; several are one thing under several names, of which the
// first is taken.
func (d *csaf) name(p csafProduct, named engine.Product) {
	h := p.Helper.is
	for _, purl := range append(words{string(h.PURL)}, h.PURLs...) {
		if pkg := packageFrom(purl); pkg != nil {
			version, versions := named.Version, named.Range
			if named = (engine.Product{PURL: purl}); len(pkg.Versions) == 0 {
				named.Version, named.Range = version, versions
			}
			break
		}
	}
	d.products[string(p.ID)] = named
}

// statements are what is said of one vulnerability, one for each status and justification.
func (d *csaf) statements(v csafVulnerability) []engine.Statement {
	names := v.names()
	if names == nil {
		return nil
	}
	why := d.reasons(v)
	s := v.Status.is
	var all []engine.Statement
	for _, said := range []struct {
		status string
		ids    []string
	}{
		{vexAffected, slices.Concat(s.Affected, s.FirstAffected, s.LastAffected)},
		{vexNotAffected, s.NotAffected},
		{vexFixed, slices.Concat(s.Fixed, s.FirstFixed)},
		{vexInvestigated, s.Investigated},
	} {
		at := map[string]int{} // by justification
		for _, id := range said.ids {
			p, known := d.products[id]
			if !known {
				continue
			}
			reason := ""
			if said.status == vexNotAffected {
				reason = cmp.Or(why[id], why[""])
			}
			i, ok := at[reason]
			if !ok {
				i = len(all)
				at[reason] = i
				all = append(all, engine.Statement{Vulnerability: names, VEX: engine.VEX{Status: said.status, Justification: reason}})
			}
			all[i].Products = append(all[i].Products, p)
		}
	}
	return all
}

// names are the CVE, or without one the first id of a tracker, and GitHub's id, which is another name of the same.
func (v csafVulnerability) names() *engine.Vulnerability {
	id := string(v.CVE)
	var others []string
	for _, o := range v.IDs {
		if id == "" {
			id = string(o.Text)
		}
		if strings.HasPrefix(string(o.Text), "GHSA-") {
			others = append(others, string(o.Text))
		}
	}
	return vulnerabilityOf(id, others...)
}

// reasons are why products are not affected: the label of a flag, else an impact in words.
func (d *csaf) reasons(v csafVulnerability) map[string]string {
	why := map[string]string{}
	note := func(n csafNote, reason text) {
		ids := slices.Clone(n.Products)
		for _, g := range n.Groups {
			ids = append(ids, d.groups[g]...)
		}
		if len(n.Products)+len(n.Groups) == 0 {
			ids = []string{""} // said of all products
		}
		for _, id := range ids {
			if why[id] == "" {
				why[id] = clip(string(reason))
			}
		}
	}
	for _, f := range v.Flags {
		note(f, f.Label)
	}
	for _, t := range v.Threats {
		if t.Category == "impact" {
			note(t, t.Details)
		}
	}
	return why
}
