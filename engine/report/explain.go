package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// An Explanation is everything that is known of why one case was decided as it was.
type Explanation struct {
	Case  engine.Case          `json:"case"`
	Rules []engine.RuleOutcome `json:"rules"`

	Paths    []engine.AttackPath `json:"paths,omitempty"`    // over the asset: see OnTheWay
	Findings map[string]string   `json:"findings,omitempty"` // what those are called that open steps of the paths, by id

	Fix   *engine.Fix   `json:"fix,omitempty"`    // of the plan, that clears it
	NoFix *engine.NoFix `json:"no_fix,omitempty"` // of the plan: that there is none, and why

	Now time.Time `json:"now,omitzero"` // of the run; dates of its year are shown without it
}

// NewExplanation explains a case of a result by what every rule made of it.
func NewExplanation(r *engine.Result, c *engine.Case, rules []engine.RuleOutcome) Explanation {
	e := Explanation{Case: *c, Rules: rules, Now: r.Now}
	for i := range r.Plan {
		if slices.Contains(r.Plan[i].Findings, c.Input.Finding.ID) {
			e.Fix = &r.Plan[i]
		}
	}
	for i := range r.NoFix {
		if slices.Contains(r.NoFix[i].Findings, c.Input.Finding.ID) {
			e.NoFix = &r.NoFix[i]
		}
	}
	return e
}

// explanationFormat names the version of what ExplainJSON writes.
const explanationFormat = "headgate.explanation/1"

// ExplainJSON writes explanations as one JSON document, however many there are: see ExplanationSchema.
func ExplainJSON(w io.Writer, all []Explanation) error {
	return encode(w, struct {
		Schema string        `json:"schema"`
		Cases  []Explanation `json:"cases"`
	}{explanationFormat, all})
}

// Explain writes an explanation for people: what was decided, the rules that made it so, what would change it and what to do, the facts with
// their sources, and then the rules that did not fire and what stopped them. Options.All adds where each rule stands, and lists the rules that cannot
// be about this kind of finding.
func Explain(w io.Writer, e Explanation, o Options) error {
	c := newCanvas(w, o)
	x := explainer{e: e, c: c, all: o.All}
	x.head()
	x.rules(x.fired())
	x.open()
	x.facts()
	x.ways()
	x.rules(x.silent())
	x.traced()
	x.rest()
	return c.err
}

type explainer struct {
	e   Explanation
	c   *canvas
	all bool
}

// head is what the case is and what it came to.
func (x *explainer) head() {
	f, d := &x.e.Case.Input.Finding, &x.e.Case.Decision
	what := weakness(f)
	if s := subject(f); s != "" {
		what += " in " + s
	}
	what += " on " + assetName(&x.e.Case.Input.Asset)
	x.c.paragraph(0, span{}, 0, what, bold)
	if f.Title != "" && clean(f.Title) != clean(weakness(f)) {
		x.c.paragraph(0, span{}, 0, f.Title, dim)
	}
	parts := []string{string(d.Action)}
	switch {
	case d.HeldBack():
		parts[0] = "would " + string(*d.WouldHave) + ", but the run was report-only"
	case lowered(d):
		parts[0] += " (" + string(*d.WouldHave) + " without the exemption)"
	}
	if c := x.e.Case.Input.Context.Change; c != nil && c.Event == engine.EventManual && stated(d) == engine.Block {
		parts[0] += ", as a run by hand (see --event)"
	}
	if s := due(d, x.e.Now); s != "" {
		parts = append(parts, s+x.dueReason())
	}
	label := span{string(d.Priority), priorityStyle(d.Priority)}
	x.c.paragraph(0, label, width(label.text)+1, "· "+strings.Join(parts, " · "), plain)
}

// dueReason is how the date was counted: " (first seen 21 Nov + 3 days, sla.days)".
func (x *explainer) dueReason() string {
	d := &x.e.Case.Decision
	for i := range d.Reasons {
		r := &d.Reasons[i]
		if r.Kind != "due" || !r.Date.Equal(d.Due) {
			continue
		}
		if r.By != "" || r.Days == nil {
			return " (" + r.Rule + ")"
		}
		from := d.Due.Add(-time.Duration(*r.Days * float64(24*time.Hour)))
		names := map[string]string{"first_seen": "first seen", "evaluated": "evaluated", "kev_added": "added to KEV"}
		return fmt.Sprintf(" (%s %s + %s %s, %s)", cmp.Or(names[r.From], r.From), dated(from, x.e.Now), number(*r.Days), plural(int(*r.Days), "day", "days"), r.Rule)
	}
	return ""
}

// A row of an explanation: a word for what happened, what it is about, and the words that explain it.
type explained struct {
	label span
	name  string
	text  string
}

// verbs say what a reason did.
func verb(r *engine.Reason) string {
	var s string
	switch r.Kind {
	case "raise":
		s = "raised to " + string(r.To)
	case "cap":
		s = "capped at " + string(r.To)
	case "deny":
		s = "blocked"
	case "warn":
		s = "warned"
	case "exempt":
		s = "exempted to " + string(r.AtMost)
	case "due":
		s = "due"
	case "oblige":
		s = "obliges"
	default:
		s = r.Kind
	}
	if r.Firm {
		s += " (firm)"
	}
	if !r.InForce() {
		s = "not in force: " + s
	}
	return s
}

// kinds are the kinds of rules in the order of an explanation, and what is said of one that did not fire.
var kinds = []struct{ name, silent string }{
	{"raise", "not raised"}, {"cap", "not capped"}, {"deny", "not blocked"}, {"warn", "not warned"},
	{"exempt", "not exempted"}, {"due", "no date"}, {"oblige", "not obliged"},
}

func kindOrder(kind string) int {
	for i, k := range kinds {
		if k.name == kind {
			return i
		}
	}
	return len(kinds)
}

// fired are the reasons: what counts most first.
func (x *explainer) fired() []explained {
	d := &x.e.Case.Decision
	reasons := slices.Clone(d.Reasons)
	slices.SortStableFunc(reasons, func(a, b engine.Reason) int {
		firm := func(r engine.Reason) int {
			if r.Firm {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(kindOrder(a.Kind), kindOrder(b.Kind)), cmp.Compare(firm(a), firm(b)), cmp.Compare(b.To.Rank(), a.To.Rank()))
	})
	var rows []explained
	for i := range reasons {
		r := &reasons[i]
		st := plain
		if r.Kind == "raise" && r.InForce() {
			st = priorityStyle(r.To)
		}
		message := sentence(r.Message)
		if r.Obligation != "" && !strings.Contains(message, r.Obligation) {
			message = r.Obligation + ": " + message
		}
		rows = append(rows, explained{text(verb(r), st), r.Rule, message + x.location(r.Rule)})
	}
	if len(rows) == 0 {
		rows = append(rows, explained{text("no rule", plain), "", "no rule says anything of this case: it is tracked"})
	}
	return rows
}

// location is where a rule stands, if that was asked for and is known.
func (x *explainer) location(rule string) string {
	for _, r := range x.e.Rules {
		if x.all && r.Rule == rule && r.Location != "" {
			return " (" + r.Location + ")"
		}
	}
	return ""
}

// notKnown finds in what stopped a rule the paths of the input that nothing is known of.
var notKnown = regexp.MustCompile(`\b([a-z_]+(?:\.[a-z_]+)+) is not known`)

// foreign says that a rule was stopped by what no finding of this kind can have: another kind, or a fact that cannot apply to it.
func (x *explainer) foreign(why string) bool {
	if strings.HasPrefix(why, "finding.kind is ") {
		return true
	}
	for _, m := range notKnown.FindAllStringSubmatch(why, -1) {
		if !canApply(m[1], x.e.Case.Input.Finding.Kind) {
			return true
		}
	}
	return false
}

// silent are the rules that did not fire, and what stopped each. Rules for other kinds of findings say nothing of this one and share
// a line.
func (x *explainer) silent() []explained {
	var rows []explained
	var packs []string
	others := 0
	for _, k := range kinds {
		for _, r := range x.e.Rules {
			switch {
			case r.Fired || r.Kind != k.name:
			case !x.all && x.foreign(r.Why):
				others++
				if pack, _, _ := strings.Cut(r.Rule, "."); !slices.Contains(packs, pack) {
					packs = append(packs, pack)
				}
			default:
				rows = append(rows, explained{text(k.silent, dim), r.Rule, cmp.Or(sentence(r.Why), sentence(r.Title)) + x.location(r.Rule)})
			}
		}
	}
	if others > 0 {
		slices.Sort(packs)
		rows = append(rows, explained{
			text("not about it", dim), "",
			count(others, "rule for another kind of finding", "rules for other kinds of findings") + ": " + strings.Join(packs, ", "),
		})
	}
	return rows
}

// facts are what is known with its source, and what could be known and is not.
func (x *explainer) facts() {
	in := &x.e.Case.Input
	var known, unknown [][]span
	for _, f := range facts {
		value := f.value(in)
		as, assumed := assumption(&x.e.Case.Decision, f.path)
		switch {
		case assumed:
			unknown = append(unknown, []span{text(f.label, dim), text("not known, taken as "+as, plain), {}})
		case value != "":
			known = append(known, []span{text(f.label, dim), text(value, plain), text(source(x.e.Case.Provenance, f.path), dim)})
		case source(x.e.Case.Provenance, f.path) != "": // somebody looked, and says why it is not known
			unknown = append(unknown, []span{text(f.label, dim), text("not known", plain), text(source(x.e.Case.Provenance, f.path), dim)})
		case f.matters && f.applies(&x.e.Case):
			unknown = append(unknown, []span{text(f.label, dim), text("not known", plain), {}})
		}
	}
	rows := append(known, unknown...)
	if len(rows) == 0 {
		return
	}
	x.c.line()
	g := &grid{gap: 2, columns: []column{{}, {}, {}}}
	beside := g.fits(x.c.width-2-entryWidth, rows)
	for i, row := range rows {
		label := space(entryWidth)
		if i == 0 {
			label = span{pad("facts", entryWidth), dim}
		}
		if beside {
			x.c.line(append([]span{space(2), label}, g.row(row)...)...)
			continue
		}
		s := row[1].text
		if row[2].text != "" {
			s += " · " + row[2].text
		}
		x.c.paragraph(2, span{label.text + pad(row[0].text, g.widths[0]), dim}, entryWidth+g.widths[0]+2, s, plain)
	}
}

// source is where a fact, or a part of it, comes from.
func source(from map[string]engine.Provenance, path string) string {
	p, ok := from[path]
	for _, k := range slices.Sorted(maps.Keys(from)) {
		if !ok && strings.HasPrefix(k, path+".") {
			p, ok = from[k], true
		}
	}
	if !ok {
		return ""
	}
	s := p.Source
	if !p.At.IsZero() {
		s += " of " + p.At.UTC().Format("2 Jan 2006")
	}
	if !p.Expires.IsZero() {
		s += ", until " + p.Expires.UTC().Format("2 Jan 2006")
	}
	return s
}

// open is what would change the decision, and what to do.
func (x *explainer) open() {
	d := &x.e.Case.Decision
	x.c.line()
	for _, s := range disputed(x.e.Case.Conflicts) {
		x.entry("disputed", s)
	}
	if len(d.Range) == 2 {
		s := string(d.Range[0]) + " to " + string(d.Range[1])
		if d.Range[0] == d.Range[1] {
			s += ": no missing fact would change it"
		}
		x.entry("range", s)
	}
	for _, s := range worthKnowing(d) {
		x.entry("hinges on", s)
	}
	if !d.NextChange.IsZero() {
		x.entry("changes", "with time alone on "+dated(d.NextChange, x.e.Now))
	}
	x.fix()
	for _, r := range how(d) {
		x.entry("how", r)
	}
	if len(d.Obligations) > 0 {
		x.entry("also", strings.Join(d.Obligations, ", "))
	}
}

// rest is what the case goes by elsewhere.
func (x *explainer) rest() {
	f, d := &x.e.Case.Input.Finding, &x.e.Case.Decision
	x.c.line()
	var controls []string
	for i := range d.Reasons {
		r := &d.Reasons[i]
		for _, c := range r.Controls {
			if !slices.Contains(controls, c) {
				controls = append(controls, c)
			}
		}
	}
	if len(controls) > 0 {
		x.entry("controls", strings.Join(controls, ", "))
	}
	x.entry("id", f.ID)
	x.entry("places", places(f))
	x.entry("found by", strings.Join(tools(f), ", "))
	if f.Vulnerability != nil {
		x.entry("known as", strings.Join(f.Vulnerability.Aliases, ", "))
	}
}

// fix is what the plan does about the case.
func (x *explainer) fix() {
	if n := x.e.NoFix; n != nil {
		x.entry("fix", n.Why)
		x.entry("instead", n.Instead)
	}
	f := x.e.Fix
	if f == nil {
		return
	}
	s := todoOf(f).words()
	if f.Direct != nil && !*f.Direct {
		s += ", through what brings it"
	}
	if more := len(f.Findings) - 1; more > 0 {
		s += "; it clears " + count(more, "finding", "findings") + " besides"
	}
	x.entry("fix", s)
	for _, h := range f.How {
		if f.Fix == engine.FixUpgrade || f.Fix == engine.FixRebuild {
			x.entry("command", h)
		}
	}
}

// mostHow is how many ways to remedy a case are told: more is no advice.
const mostHow = 3

// how is what the rules advise that carry the priority and the due date. The advice of weaker rules would stand beside it as if it
// weighed the same.
func how(d *engine.Decision) []string {
	capped := strongest(d) > d.Priority.Rank()
	var out []string
	add := func(carries func(*engine.Reason) bool) {
		for i := range d.Reasons {
			if r := &d.Reasons[i]; r.InForce() && carries(r) && r.Remediation != "" && !slices.Contains(out, r.Remediation) {
				out = append(out, r.Remediation)
			}
		}
	}
	add(func(r *engine.Reason) bool {
		return r.To == d.Priority && (r.Kind == "raise" && (r.Firm || !capped) || r.Kind == "cap" && capped)
	})
	add(func(r *engine.Reason) bool { return r.Kind == "due" && !d.Due.IsZero() && r.Date.Equal(d.Due) })
	return out[:min(len(out), mostHow)]
}

// mostPlaces is how many places of a finding are listed.
const mostPlaces = 5

func places(f *engine.Finding) string {
	var out []string
	for i := range f.Locations {
		one := *f
		one.Locations = f.Locations[i : i+1]
		if s := place(&one); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return some(out, mostPlaces)
}

// entryWidth is the column in which entries begin.
const entryWidth = 14

func (x *explainer) entry(label, s string) {
	if clean(s) != "" {
		x.c.paragraph(2, text(label, dim), entryWidth, s, plain)
	}
}

// rules writes groups of rows in three columns. Where the third would be too narrow to read it goes below the second.
func (x *explainer) rules(groups ...[]explained) {
	labels, names := 0, 0
	for _, rows := range groups {
		for i := range rows {
			rows[i].name = clean(rows[i].name)
			labels, names = max(labels, width(rows[i].label.text)), max(names, width(rows[i].name))
		}
	}
	const least = 40                                                       // of the third column, beside the others
	beside := min(names, max(x.c.width/3, x.c.width-least-(2+labels+2+2))) // a name that is cut cannot be looked up
	at := 2 + labels + 2 + beside + 2
	below := x.c.width-at < least
	hang := 2 + labels + 2
	if below {
		names = min(names, x.c.width-hang)
		if x.c.width-hang < 32 {
			hang = 4
		}
	} else {
		names = beside
	}
	for _, rows := range groups {
		if len(rows) > 0 {
			x.c.line()
		}
		for _, r := range rows {
			first := []span{space(2), {pad(r.label.text, labels), r.label.style}, space(2), {pad(cutMiddle(r.name, names), names), plain}}
			lines := wrap(clean(r.text), min(x.c.width, readable+20)-at)
			if below || len(lines) == 0 {
				x.c.line(first...)
				x.c.paragraph(hang, span{}, 0, r.text, dim)
				continue
			}
			for i, l := range lines {
				if i > 0 {
					first = []span{space(at - 2)}
				}
				x.c.line(append(first, space(2), span{l, dim})...)
			}
		}
	}
}
