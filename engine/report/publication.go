package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// PublicationSchemaName names the version of what `headgate publish -o json` writes.
const PublicationSchemaName = "headgate.publication/1"

// A Publication is what came of making the effects of a result true, or, in a dry run, what would.
type Publication struct {
	DryRun       bool
	Destinations []Published
}

// Published is what came of one destination.
type Published struct {
	Name    string // "jira"
	Place   string // where: a URL, and the project or repository in it
	Result  string // where several results are published, the repository and branch of the one that this came of; empty: there is one
	Note    string // why nothing was done there; empty: something was, or nothing had to be
	Changes []PublishedChange
}

// A PublishedChange is one effect, and what people want to know of it.
type PublishedChange struct {
	Effect  engine.Effect // Did is what was done, or would be
	Summary string        // of the object
	Due     string        // day, 2026-11-24, which a summary says too; empty: none
	Owner   string        // who gets it; empty: nobody is named
	Comment string        // that is added, as plain text; empty: none
	Counts  bool          // nothing of it is seen, but it is noted that it was not found
	Usual   bool          // it stays as it is, as most do: there is nothing to wonder about

	// About says which cases the object is about, for the record of the effect: more of its State, which nobody has to be told.
	About map[string]string
}

// Degraded are the effects that are not as they should be.
func (p *Publication) Degraded() (n int) {
	for i := range p.Destinations {
		for j := range p.Destinations[i].Changes {
			if p.Destinations[i].Changes[j].Effect.Did == engine.DidDegrade {
				n++
			}
		}
	}
	return n
}

// PublicationFormats lists the formats of publications.
func PublicationFormats() []Format {
	return []Format{
		{"text", "for people: what was done, or would be, and why"},
		{"json", "the effects"},
		{"result", "the result file, with the tickets of its fixes"},
	}
}

// WritePublication writes a publication as text or JSON.
func WritePublication(w io.Writer, format string, p *Publication, o Options) error {
	switch format {
	case "text":
		return writePublicationText(w, p, o)
	case "json":
		return writePublicationJSON(w, p)
	}
	return unknown(format, PublicationFormats())
}

// publicationDocument is the JSON form.
type publicationDocument struct {
	Schema       string                `json:"schema"`
	DryRun       bool                  `json:"dry_run"`
	Destinations []destinationDocument `json:"destinations"`
}

type destinationDocument struct {
	Name    string           `json:"name"`
	Place   string           `json:"place,omitempty"`
	Result  string           `json:"result,omitempty"`
	Note    string           `json:"note,omitempty"`
	Effects []effectDocument `json:"effects"`
}

type effectDocument struct {
	engine.Effect
	Summary string `json:"summary,omitempty"`
	Due     string `json:"due,omitempty"`
	Owner   string `json:"owner,omitempty"`
	Comment string `json:"comment,omitempty"`
}

func writePublicationJSON(w io.Writer, p *Publication) error {
	doc := publicationDocument{Schema: PublicationSchemaName, DryRun: p.DryRun, Destinations: []destinationDocument{}}
	for _, d := range p.Destinations {
		to := destinationDocument{Name: d.Name, Place: d.Place, Result: d.Result, Note: d.Note, Effects: []effectDocument{}}
		for _, c := range d.Changes {
			to.Effects = append(to.Effects, effectDocument{c.Effect, c.Summary, c.Due, c.Owner, c.Comment})
		}
		doc.Destinations = append(doc.Destinations, to)
	}
	return encode(w, doc)
}

// didWords are what was done, in the order that they are told in, and in words: done, to be done, and for the totals.
var didWords = []struct{ did, done, would, total string }{
	{engine.DidDegrade, "FAILED", "fails", "failed"},
	{engine.DidCreate, "created", "create", "create"},
	{engine.DidReopen, "reopened", "reopen", "reopen"},
	{engine.DidUpdate, "updated", "update", "update"},
	{engine.DidClose, "closed", "close", "close"},
	{engine.DidNothing, "left", "leave", "leave"},
}

// mostLeft is how many effects that stay as they are have a line: those that somebody may wonder about.
const mostLeft = 12

// writePublicationText writes for people what was done, or would be: what is seen first, then what stays and why, then how much it is.
func writePublicationText(w io.Writer, p *Publication, o Options) error {
	c := newCanvas(w, o)
	for i := range p.Destinations {
		if i > 0 {
			c.line()
		}
		p.writeDestination(c, &p.Destinations[i], o.All)
	}
	if p.DryRun {
		c.line()
		c.paragraph(0, span{}, 0, "Nothing was written: this is a dry run.", dim)
	}
	return c.err
}

func (p *Publication) writeDestination(c *canvas, d *Published, all bool) {
	c.line(text(d.Name, bold), space(2), text(cutMiddle(clean(d.Place), max(c.width-width(clean(d.Name))-2, 8)), dim))
	c.paragraph(2, span{}, 0, cutMiddle(clean(d.Result), mostSaid), dim)
	if d.Note != "" {
		c.paragraph(2, span{}, 0, d.Note, plain)
		if len(d.Changes) == 0 { // and the note says why
			return
		}
	}
	counts := map[string]int{}
	counting, quiet := 0, 0
	for i := range d.Changes {
		counts[d.Changes[i].Effect.Did]++
		if d.Changes[i].Counts {
			counting++
		}
	}
	for _, w := range didWords {
		told := 0
		for i := range d.Changes {
			x := &d.Changes[i]
			switch {
			case x.Effect.Did != w.did:
			case w.did == engine.DidNothing && !all && (x.Usual || told == mostLeft):
				quiet++
			default:
				told++
				p.writeChange(c, x)
			}
		}
	}
	c.line()
	c.paragraph(0, span{}, 0, p.totals(counts, counting, quiet), bold)
	c.paragraph(0, span{}, 0, owners(d.Changes), dim)
}

// mostOwners is how many owners have their share of what is made named.
const mostOwners = 6

// owners say who gets what is made or opened again, who gets the most first: "New for team-pay 12, team-web 2; 1 without an owner."; empty:
// it is all for the same, or there is nothing.
func owners(changes []PublishedChange) string {
	counts, without := map[string]int{}, 0
	for i := range changes {
		switch team, _, _ := strings.Cut(clean(changes[i].Owner), ","); {
		case changes[i].Effect.Did != engine.DidCreate && changes[i].Effect.Did != engine.DidReopen:
		case team == "":
			without++
		default:
			counts[team]++
		}
	}
	if len(counts) == 0 || len(counts) == 1 && without == 0 {
		return ""
	}
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b)) })
	var parts []string
	for _, name := range names[:min(len(names), mostOwners)] {
		parts = append(parts, fmt.Sprintf("%s %d", cutMiddle(name, 40), counts[name]))
	}
	if more := len(names) - mostOwners; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more owners", more))
	}
	s := "New for " + strings.Join(parts, ", ")
	if without > 0 {
		s += fmt.Sprintf("; %d without an owner", without)
	}
	return s + "."
}

// label is what was done in one word.
func (p *Publication) label(did string) (string, style) {
	st := plain
	switch did {
	case engine.DidDegrade:
		st = red
	case engine.DidCreate, engine.DidReopen:
		st = yellow
	case engine.DidUpdate:
		st = cyan
	case engine.DidNothing:
		st = dim
	}
	for _, w := range didWords {
		if w.did == did && p.DryRun {
			return w.would, st
		} else if w.did == did {
			return w.done, st
		}
	}
	return clean(did), st
}

// writeChange writes one effect: what is done to what, then by when and for whom, then why.
func (p *Publication) writeChange(c *canvas, x *PublishedChange) {
	const labels = len("reopened") + 2
	did := x.Effect.Did
	word, st := p.label(did)
	head := cutMiddle(first(x.Summary, "(its summary is not known)"), mostSaid)
	if ref := cutMiddle(clean(x.Effect.Ref), 40); ref != "" {
		head = ref + ": " + head
	}
	c.line()
	c.paragraph(2, text(word, st), labels, head, plain)
	indent := 2 + labels
	var facts []string
	if owner := clean(x.Owner); owner != "" {
		facts = append(facts, "for "+cutMiddle(owner, 80))
	}
	if s := clean(x.Effect.State["status"]); s != "" && did != engine.DidCreate { // a new one is where new ones are
		if r := clean(x.Effect.State["resolution"]); r != "" && r != s {
			s += " (" + r + ")"
		}
		facts = append(facts, "now "+cutMiddle(s, 80))
	}
	if did != engine.DidNothing && len(facts) > 0 {
		c.paragraph(indent, span{}, 0, strings.Join(facts, " · "), dim)
	}
	why, says := clean(x.Effect.Why), clean(x.Comment)
	if says != "" && (did == engine.DidClose || did == engine.DidReopen) { // which says why, and more
		why, says = says, ""
	}
	c.paragraph(indent, span{}, 0, SentenceCase(cutEnd(why, mostSaid)), plain)
	if says != "" && did != engine.DidCreate {
		c.paragraph(indent, span{}, 0, "says: "+cutEnd(says, mostSaid), dim)
	}
}

// mostSaid bounds a text of one effect, in columns.
const mostSaid = 300

// totals sum up: "3 to create, 1 to close; 7 stay as they are (2 are counted as not found)".
func (p *Publication) totals(counts map[string]int, counting, quiet int) string {
	var parts []string
	for _, w := range didWords {
		n := counts[w.did]
		if n == 0 || w.did == engine.DidNothing {
			continue
		}
		if p.DryRun && w.did != engine.DidDegrade {
			parts = append(parts, fmt.Sprintf("%d to %s", n, w.total))
		} else {
			parts = append(parts, fmt.Sprintf("%d %s", n, strings.ToLower(w.done)))
		}
	}
	s := strings.Join(parts, ", ")
	if s == "" {
		s = "nothing to do"
		if !p.DryRun {
			s = "nothing was to be done"
		}
	}
	if n := counts[engine.DidNothing]; n > 0 {
		s += fmt.Sprintf("; %d %s as %s", n, plural(n, "stays", "stay"), plural(n, "it is", "they are"))
	}
	if counting > 0 {
		s += fmt.Sprintf(", %d not found this time", counting)
	}
	if quiet > 0 && quiet < counts[engine.DidNothing] {
		s += fmt.Sprintf(" (%d not listed: --all)", quiet)
	}
	return SentenceCase(s) + "."
}
