package ingest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/headgate/headgate/engine"
)

// detectOpenVEX wants the format's context.
func detectOpenVEX(s shape) bool { return strings.Contains(s["@context"], "openvex.dev/ns") }

// readOpenVEX reads statements of versions 0.0.1 and 0.2 (https://github.com/openvex/spec). They are said of findings and are none.
func readOpenVEX(s *stream, b *batch) error {
	b.noScan = true
	b.report.Tool = "OpenVEX"
	var author, context string
	var said time.Time
	var all []openVEXStatement
	err := s.object(func(key string) error {
		switch key {
		case "@context":
			return s.nameInto(&context)
		case "author":
			return s.nameInto(&author)
		case "timestamp":
			return s.timeInto(&said)
		case "statements":
			return each(s, &b.report.Results, func(v openVEXStatement) error {
				if wrong := v.wrong(); wrong != "" {
					return s.wrong(wrong)
				}
				all = append(all, v)
				return nil
			})
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	if _, version, ok := strings.Cut(context, "openvex.dev/ns/v"); ok && !slices.Contains([]string{"0.0.1", "0.0.2", "0.2.0"}, version) && !strings.HasPrefix(version, "0.2.") {
		return s.wrong("version " + clip(version) + " is not known; 0.0.1 to 0.2 are")
	}
	b.report.Time = said
	for _, v := range all {
		st := v.statement(cmp.Or(author, b.report.Name))
		if st.Time = timeOf(string(v.Time)); st.Time.IsZero() {
			st.Time = said // a statement has the time of its document unless it has its own
		}
		b.state(st)
	}
	return nil
}

type openVEXStatement struct {
	Vulnerability openVEXName      `json:"vulnerability"`
	Products      []openVEXProduct `json:"products"`
	Subcomponents openVEXProducts  `json:"subcomponents"` // of version 0.0.1, of all products
	Status        text             `json:"status"`
	Justification text             `json:"justification"`
	Impact        text             `json:"impact_statement"`
	Action        text             `json:"action_statement"`
	Time          text             `json:"timestamp"`
}

// An openVEXName is an object, or in version 0.0.1 a string.
type openVEXName struct {
	ID      word  `json:"@id"`
	Name    word  `json:"name"`
	Aliases words `json:"aliases"`
}

// UnmarshalJSONFrom reads either form.
func (n *openVEXName) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*n = openVEXName{}
	if dec.PeekKind() != '{' {
		return n.Name.UnmarshalJSONFrom(dec)
	}
	type object openVEXName
	return json.UnmarshalDecode(dec, (*object)(n))
}

// An openVEXProduct is an object, or in version 0.0.1 a string.
type openVEXProduct struct {
	ID          word `json:"@id"`
	Identifiers loose[struct {
		PURL word `json:"purl"`
	}] `json:"identifiers"`
	Subcomponents openVEXProducts `json:"subcomponents"`
}

// UnmarshalJSONFrom reads either form.
func (p *openVEXProduct) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*p = openVEXProduct{}
	if dec.PeekKind() != '{' {
		return p.ID.UnmarshalJSONFrom(dec)
	}
	type object openVEXProduct
	return json.UnmarshalDecode(dec, (*object)(p))
}

// openVEXProducts are products inside a product.
type openVEXProducts []openVEXProduct

// wrong says what makes a statement none: it would be taken for more, or for less, than it says.
func (v *openVEXStatement) wrong() string {
	switch {
	case v.Vulnerability.name() == "":
		return "a statement without a vulnerability"
	case v.Status == vexNotAffected && v.Justification == "" && v.Impact == "":
		return "a statement not_affected without justification or impact_statement"
	case !slices.Contains([]string{vexNotAffected, vexAffected, vexFixed, vexInvestigated}, string(v.Status)):
		return "a statement whose status is not known"
	}
	return ""
}

func (n openVEXName) name() string { return string(cmp.Or(n.Name, n.ID)) }

func (v *openVEXStatement) statement(source string) engine.Statement {
	justification := cmp.Or(v.Justification, v.Impact)
	if v.Status == vexAffected {
		justification = v.Action
	}
	s := engine.Statement{
		Vulnerability: vulnerabilityOf(v.Vulnerability.name(), v.Vulnerability.Aliases...),
		VEX:           engine.VEX{Status: string(v.Status), Justification: clip(string(justification)), Source: source},
	}
	for _, p := range v.Products {
		product := p.product()
		for _, inner := range append(slices.Clone(v.Subcomponents), p.Subcomponents...) {
			product.Subcomponents = append(product.Subcomponents, inner.product())
		}
		if product.PURL != "" || product.Name != "" {
			s.Products = append(s.Products, product)
		}
	}
	return s
}

// product is named by its package URL, where it has one, else by its id.
func (p openVEXProduct) product() engine.Product {
	for _, id := range []string{string(p.Identifiers.is.PURL), string(p.ID)} {
		if strings.HasPrefix(id, "pkg:") {
			return engine.Product{PURL: id}
		}
	}
	return engine.Product{Name: string(p.ID)}
}
