package report

import (
	"bytes"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/headgate/headgate/engine"
)

// The parts of OpenVEX 0.2.0 (https://github.com/openvex/spec) that are written.
type (
	openVEX struct {
		Context    string             `json:"@context"`
		ID         string             `json:"@id"`
		Author     string             `json:"author"`
		Timestamp  time.Time          `json:"timestamp"`
		Version    int                `json:"version"`
		Tooling    string             `json:"tooling"`
		Statements []openVEXStatement `json:"statements"`
	}
	openVEXStatement struct {
		ID            string           `json:"@id"`
		Vulnerability openVEXName      `json:"vulnerability"`
		Products      []openVEXProduct `json:"products"`
		Status        string           `json:"status"`
		Notes         string           `json:"status_notes,omitempty"`
		Justification string           `json:"justification,omitempty"`
		Impact        string           `json:"impact_statement,omitempty"`
		Action        string           `json:"action_statement,omitempty"`
		ActionTime    time.Time        `json:"action_statement_timestamp,omitzero"`
	}
	openVEXName struct {
		Name        string   `json:"name"`
		Description string   `json:"description,omitempty"`
		Aliases     []string `json:"aliases,omitempty"`
	}
	openVEXProduct struct {
		ID            string             `json:"@id"`
		Identifiers   openVEXIdentifiers `json:"identifiers"`
		Subcomponents []openVEXProduct   `json:"subcomponents,omitempty"`
	}
	openVEXIdentifiers struct {
		PURL string `json:"purl"`
	}
)

// writeOpenVEX writes one statement for each case of a published weakness: the asset is the product, and what the weakness is in its
// subcomponent, so that what is said of one asset is not said of another one with the same component. A case stands as standingOf says.
// Findings of other kinds have no name that others would know them by. The document is named by a digest of what it says.
//
// A run without any such case gives a document without statements, which the standard's schema does not foresee: it asks for one.
func writeOpenVEX(w io.Writer, r *engine.Result, o Options) error {
	doc := openVEX{
		Context: "https://openvex.dev/ns/v0.2.0", Author: clean(o.Issuer.author(r)), Timestamp: r.Now.UTC(), Version: 1,
		Tooling: toolName(r), Statements: []openVEXStatement{},
	}
	for i := range r.Cases {
		c := &r.Cases[i]
		v := c.Input.Finding.Vulnerability
		if v == nil {
			continue
		}
		s := standingOf(c)
		st := openVEXStatement{
			ID: caseIRI(c), Status: s.status, Notes: strings.Join(s.notes, "; "), Justification: s.justification,
			Vulnerability: openVEXName{Name: first(v.ID, "unnamed"), Description: sentence(c.Input.Finding.Title)},
			Products:      []openVEXProduct{productOf(productURL(&c.Input.Asset))},
		}
		st.Vulnerability.Name = clean(st.Vulnerability.Name)
		st.Vulnerability.Aliases = distinct(v.Aliases)
		for _, u := range componentURLs(c.Input.Finding.Package) {
			st.Products[0].Subcomponents = append(st.Products[0].Subcomponents, productOf(u))
		}
		switch s.status {
		case vexNotAffected:
			st.Impact = s.impact
		case vexAffected:
			st.Action, st.ActionTime = s.action, r.Now.UTC()
		default:
			st.Justification = ""
		}
		doc.Statements = append(doc.Statements, st)
	}
	var said bytes.Buffer
	if err := json.MarshalWrite(&said, doc, writing); err != nil {
		return err
	}
	doc.ID = "urn:headgate:vex:sha256:" + fingerprint(said.String())
	return encode(w, doc)
}

func productOf(purl string) openVEXProduct {
	return openVEXProduct{ID: purl, Identifiers: openVEXIdentifiers{purl}}
}

// toolName is what decided, with its version.
func toolName(r *engine.Result) string {
	return strings.TrimSpace("Headgate " + clean(r.Engine.Headgate))
}

// distinct are names that show as something, each once, in their order.
func distinct(names []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, n := range names {
		if n = clean(n); n != "" && !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}
