// Package page makes one self-contained HTML file of what a ledger or a single run knows: are we getting safer, where not, and what next.
//
// The file asks nobody for anything: its style and script stand in it, and its content security policy, which names both by their hash,
// lets nothing else in. All text of scanners, packages and assets is hostile and stays text. The same source gives the same bytes.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/kpi"
)

// A Source is what a page is made of.
type Source struct {
	Of      string                           // whose page it is: a repository, or an organisation; empty: not known
	Team    string                           // the owner that cases are of; empty: of all
	Now     time.Time                        // the time that everything is as of
	Figures *kpi.Report                      // nil: there are none
	Results iter.Seq2[*engine.Result, error] // one for each branch of each repository; each is looked at once and not kept
	Single  bool                             // it is one run's result, and not what a ledger knows

	Decisions int    // how many there are in all, where results do not have all of them; 0: as many as results have
	Verify    string // the command that checks the evidence; empty: there is none to check
}

// Write writes the page. An error is that of the results or of the writer; then the file is not to be kept.
func Write(w io.Writer, s *Source) error {
	v, err := viewOf(s)
	if err != nil {
		return err
	}
	return pageTemplate().ExecuteTemplate(w, "page.html", v)
}

var (
	//go:embed page.css
	styleSheet string
	//go:embed page.js
	script string
	//go:embed parts/*.html
	parts embed.FS
)

// pageTemplate is read once, and only by runs that write the page. Style and script are values of it, not text: so they stand in the page as their hashes say.
var pageTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"blank": func() *row { return &row{} },
		"n":     func(v int) string { return number(float64(v), 0) },
	}).ParseFS(parts, "parts/*.html"))
})

// hash names a style or script in a content security policy.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy is the content security policy of the page: nothing may be loaded, sent or framed, and only its own style and script count.
func policy() string {
	return "default-src 'none'; style-src " + hash(styleSheet) + "; script-src " + hash(script) + "; base-uri 'none'; form-action 'none'"
}
