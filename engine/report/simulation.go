package report

import (
	_ "embed"
	"fmt"
	"io"
	"strings"

	"github.com/headgate/headgate/engine"
)

//go:embed simulation.schema.json
var simulationSchema []byte

// SimulationSchema is the JSON Schema of `headgate policy simulate -o json`, version 1, with what it refers to in it.
func SimulationSchema() []byte {
	return Bundled(simulationSchema, map[string][]byte{"input-1": engine.InputSchema, "result-1": resultSchema})
}

// simulationFormats are the ways to write a simulation.
var simulationFormats = []struct {
	Format
	write func(io.Writer, *engine.Simulation, Options) error
}{
	{Format{"text", "for people: what would change, and for whom"}, simulationText},
	{Format{"json", "for programs: " + engine.SimulationSchema}, func(w io.Writer, s *engine.Simulation, _ Options) error { return encode(w, s) }},
	{Format{"markdown", "a pull request comment or a job summary"}, simulationMarkdown},
}

// SimulationFormats lists the formats of simulations.
func SimulationFormats() (all []Format) {
	for _, f := range simulationFormats {
		all = append(all, f.Format)
	}
	return all
}

// Simulation writes a simulation. The same simulation and options give the same bytes.
func Simulation(w io.Writer, format string, s *engine.Simulation, o Options) error {
	for _, f := range simulationFormats {
		if f.Name == format {
			return f.write(w, s, o)
		}
	}
	return unknown(format, SimulationFormats())
}

// A simulated view is a simulation in words.
type simulated struct{ *engine.Simulation }

// verdict says what differs, in one line.
func (s simulated) verdict() string {
	if s.Outcome == engine.Equal {
		return "equal: every case is decided alike"
	}
	var parts []string
	if n := s.NewlyBlocking.Results; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s would newly block", n, count(s.Results, "build", "builds")))
	}
	if n := s.NewlyPassing.Results; n > 0 {
		parts = append(parts, fmt.Sprintf("%d of %s would block no more", n, count(s.Results, "build", "builds")))
	}
	if len(parts) == 0 {
		parts = append(parts, "no build would newly block or pass")
	}
	return s.Outcome + ": " + strings.Join(parts, ", ")
}

// totals say how many cases there are, and how many of them change.
func (s simulated) totals() string {
	return fmt.Sprintf("%s in %s: %s", count(s.Changes.Cases, "case", "cases"), count(s.Results, "result", "results"),
		changedWords(s.Changes.Stricter, s.Changes.Looser, s.Changes.Mixed, s.Changes.Reworded))
}

// changedWords says how many cases change how; nothing changes if there are none.
func changedWords(stricter, looser, mixed, reworded int) string {
	var parts []string
	for _, n := range []struct {
		n    int
		what string
	}{{stricter, "stricter"}, {looser, "looser"}, {mixed, "stricter in one thing and looser in another"}, {reworded, "alike for other reasons"}} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n.n, n.what))
		}
	}
	if len(parts) == 0 {
		return "nothing changes"
	}
	return strings.Join(parts, ", ")
}

// A beforeAfter is a figure on both sides.
type beforeAfter struct {
	name          string
	before, after int
}

// figures are the counts on both sides, by priority, action and the rest; the rest only where there is some.
func (s simulated) figures() []beforeAfter {
	b, a := &s.Before, &s.After
	all := []beforeAfter{{"act", b.Act, a.Act}, {"attend", b.Attend, a.Attend}, {"track*", b.TrackStar, a.TrackStar}, {"track", b.Track, a.Track},
		{"block", b.Block, a.Block}, {"warn", b.Warn, a.Warn}, {"pass", b.Pass, a.Pass}}
	for _, more := range []beforeAfter{{"waived", b.Waived, a.Waived}, {"overdue", b.Overdue, a.Overdue}} {
		if more.before+more.after > 0 {
			all = append(all, more)
		}
	}
	return all
}

func (f beforeAfter) difference() string {
	if f.after == f.before {
		return ""
	}
	return fmt.Sprintf("%+d", f.after-f.before)
}

// steps say what changes of a case: "warn → block, track → act, due 24 Nov 2026 → none".
func steps(k *engine.ChangedCase) string {
	var parts []string
	if k.Before.Action != k.After.Action {
		parts = append(parts, string(k.Before.Action)+" → "+string(k.After.Action))
	}
	if k.Before.Priority != k.After.Priority {
		parts = append(parts, string(k.Before.Priority)+" → "+string(k.After.Priority))
	}
	if !k.Before.Due.Equal(k.After.Due) {
		parts = append(parts, "due "+dueDay(&k.Before)+" → "+dueDay(&k.After))
	}
	if len(parts) == 0 {
		return "other obligations"
	}
	return strings.Join(parts, ", ")
}

func dueDay(d *engine.ChangedDecision) string {
	if d.Due.IsZero() {
		return "none"
	}
	return d.Due.UTC().Format("2 Jan 2006")
}

// A section is a list of groups with its title, and what a group without a name is.
type section struct {
	title, unnamed string
	groups         []engine.ChangedGroup
}

func (s simulated) sections() []section {
	return []section{
		{"By rule", "", s.Rules},
		{"By asset", "no asset", s.Assets},
		{"By owner", "no owner", s.Owners},
	}
}

func (s section) name(g *engine.ChangedGroup) string {
	if s.title == "By rule" && g.Name == "main" {
		return "main (the table of actions, or how main composes)"
	}
	return first(g.Name, s.unnamed)
}

// builds are the two lists of builds with their titles.
func (s simulated) builds() []struct {
	title string
	*engine.ChangedResults
} {
	return []struct {
		title string
		*engine.ChangedResults
	}{{"Would newly block", &s.NewlyBlocking}, {"Would block no more", &s.NewlyPassing}}
}

// about says which run a result is of.
func about(b *engine.ChangedResult) string {
	parts := []string{string(b.Change.Event)}
	if b.Change.Repository != "" {
		parts = append(parts, b.Change.Repository)
	}
	if b.Change.Head != "" {
		parts = append(parts, short(b.Change.Head, 7))
	}
	parts = append(parts, b.Now.UTC().Format("2 Jan 2006"), string(b.Before)+" → "+string(b.After))
	if b.Cases > 0 {
		parts = append(parts, count(b.Cases, "case", "cases"))
	}
	if b.ReportOnly {
		parts = append(parts, "recorded as report-only")
	}
	return strings.Join(parts, " · ")
}

// side names one of the two ways to decide.
func side(s *engine.SimulatedSide) string {
	name := first(s.Policy.Revision, short(s.Policy.Digest, 12))
	if s.Policy.Source != "" {
		name += " (" + s.Policy.Source + ")"
	}
	if s.Intel != nil {
		name += ", threat data " + intelWords(s.Intel)
	}
	if s.Waivers != "" {
		name += ", waivers " + s.Waivers
	}
	return name
}

func intelWords(i *engine.IntelInfo) string {
	var parts []string
	if i.KEV != nil {
		parts = append(parts, "KEV "+i.KEV.Catalog)
	}
	if i.EPSS != nil {
		parts = append(parts, "EPSS "+i.EPSS.Model+" of "+i.EPSS.Date.UTC().Format("2 Jan 2006"))
	}
	if i.SSVC != nil {
		parts = append(parts, "SSVC of "+i.SSVC.Date.UTC().Format("2 Jan 2006"))
	}
	if i.EUVD != nil {
		parts = append(parts, "EUVD of "+i.EUVD.Date.UTC().Format("2 Jan 2006"))
	}
	if i.VulnCheck != nil {
		parts = append(parts, "VulnCheck KEV of "+i.VulnCheck.Date.UTC().Format("2 Jan 2006"))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// shownGroups is how many groups of a list people are shown; JSON has all.
const shownGroups = 10

// simulationText writes a simulation for people.
func simulationText(w io.Writer, sim *engine.Simulation, o Options) error {
	c, s := newCanvas(w, o), simulated{sim}
	c.paragraph(0, span{}, 0, s.verdict(), bold)
	c.paragraph(0, span{}, 0, s.totals(), plain)
	c.line()
	c.paragraph(0, text("from", dim), 6, side(&s.From), plain)
	c.paragraph(0, text("to", dim), 6, side(&s.To), plain)
	c.line()
	g := &grid{gap: 2, columns: []column{{}, {right: true}, {right: true}, {right: true}}}
	rows := [][]span{{text("", dim), text("before", dim), text("after", dim), {}}}
	for _, f := range s.figures() {
		rows = append(rows, []span{text(f.name, plain), text(fmt.Sprint(f.before), plain), text(fmt.Sprint(f.after), plain), text(f.difference(), bold)})
	}
	c.grid(g, rows)
	for _, b := range s.builds() {
		if b.Results == 0 {
			continue
		}
		c.line()
		c.line(text(b.title, bold))
		for i := range b.Examples {
			c.paragraph(2, span{}, 0, b.Examples[i].Result, plain)
			c.paragraph(4, span{}, 0, about(&b.Examples[i]), dim)
		}
		c.rest(b.Results-len(b.Examples), "build", "builds")
	}
	for _, part := range s.sections() {
		if len(part.groups) == 0 {
			continue
		}
		c.line()
		c.line(text(part.title, bold))
		for i := range part.groups[:min(len(part.groups), shownGroups)] {
			one := &part.groups[i]
			c.paragraph(2, span{}, 0, part.name(one)+": "+changedWords(one.Stricter, one.Looser, one.Mixed, 0), plain)
			if part.title == "By rule" {
				c.examples(one)
			}
		}
		c.rest(len(part.groups)-shownGroups, "more in JSON", "more in JSON")
	}
	return c.err
}

// examples writes the worst of a group's cases.
func (c *canvas) examples(of *engine.ChangedGroup) {
	g := &grid{gap: 2, columns: []column{{min: 14, cut: cutMiddle}, {min: 16, cut: cutMiddle, drop: 2}, {min: 8, cut: cutMiddle, drop: 1}, {min: 16, cut: cutEnd}}}
	var rows [][]span
	for i := range of.Examples {
		k := &of.Examples[i]
		rows = append(rows, []span{text(weakness(&k.Finding), plain), text(subject(&k.Finding), plain), text(k.Asset, plain), text(steps(k), plain)})
	}
	g.fit(c.width-4, rows)
	for _, row := range rows {
		c.line(append([]span{space(4)}, g.row(row)...)...)
	}
}

func (c *canvas) grid(g *grid, rows [][]span) {
	g.fit(c.width-2, rows)
	for _, row := range rows {
		c.line(append([]span{space(2)}, g.row(row)...)...)
	}
}

// rest says how many of a list are not shown.
func (c *canvas) rest(n int, one, many string) {
	if n > 0 {
		c.line(space(2), text("and "+count(n, one, many), dim))
	}
}

// simulationMarkdown writes a simulation as a comment.
func simulationMarkdown(w io.Writer, sim *engine.Simulation, o Options) error {
	s := simulated{sim}
	budget := o.MaxBytes
	if budget <= 0 {
		budget = DefaultMaxBytes
	}
	numbers := &block{head: "\n| | before | after | |\n| --- | ---: | ---: | ---: |\n"}
	for _, f := range s.figures() {
		numbers.head += fmt.Sprintf("| %s | %d | %d | %s |\n", strings.ReplaceAll(f.name, "*", `\*`), f.before, f.after, f.difference())
	}
	blocks := []*block{{head: "### Headgate · simulation · " + s.verdict() + "\n\n" + s.totals() + "\n"}, numbers}
	for _, b := range s.builds() {
		if b.Results == 0 {
			continue
		}
		list := &block{head: fmt.Sprintf("\n**%s: %d**\n\n", b.title, b.Results), noun: "build"}
		for i := range b.Examples {
			list.rows = append(list.rows, "- "+code(b.Examples[i].Result, false)+" "+prose(about(&b.Examples[i]), false)+"\n")
		}
		blocks = append(blocks, list)
	}
	for _, part := range s.sections() {
		if len(part.groups) == 0 {
			continue
		}
		table := &block{noun: "row", head: "\n<details><summary>" + part.title + "</summary>\n\n| | stricter | looser | mixed |\n| --- | ---: | ---: | ---: |\n",
			tail: "\n</details>\n"}
		for i := range part.groups[:min(len(part.groups), shownGroups*5)] {
			g := &part.groups[i]
			table.rows = append(table.rows, fmt.Sprintf("| %s | %d | %d | %d |\n", code(part.name(g), true), g.Stricter, g.Looser, g.Mixed))
		}
		blocks = append(blocks, table)
	}
	if len(s.Examples) > 0 {
		worst := &block{noun: "row", head: "\n**The greatest changes**\n\n| weakness | where | asset | change | rules |\n| --- | --- | --- | --- | --- |\n"}
		for i := range s.Examples {
			k := &s.Examples[i]
			worst.rows = append(worst.rows, fmt.Sprintf("| %s | %s | %s | %s | %s |\n", code(weakness(&k.Finding), true), code(subject(&k.Finding), true),
				code(k.Asset, true), strings.ReplaceAll(steps(k), "*", `\*`), code(strings.Join(k.Rules, ", "), true)))
		}
		blocks = append(blocks[:2], append([]*block{worst}, blocks[2:]...)...)
	}
	blocks = append(blocks, &block{head: "\n<sub>from " + prose(side(&s.From), false) + " · to " + prose(side(&s.To), false) + "</sub>\n"})
	_, err := io.WriteString(w, assemble(blocks, budget, inBytes))
	return err
}
