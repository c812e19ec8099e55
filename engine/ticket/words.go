package ticket

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
)

// Bounds of texts, in characters.
const (
	longestSummary = 255
	longestWhy     = 300 // of one case in a table
	longestTitle   = 120
	mostHow        = 12 // lines
)

// summary says what to do, where, what it clears and by when, in one line. Where that is too long, what it is about gives way first.
func (r *Run) summary(t *Ticket) string {
	what := report.SentenceCase(report.FixWords(lineless(t.from.fix)))
	end := " (" + t.counts()
	if !t.from.due.IsZero() {
		end += "; due " + report.DayWords(t.from.due, r.result.Now)
	}
	end += ")"
	where := cutMiddle(r.where(t), 80)
	if where != "" {
		if t.from.fix.Image != "" {
			where = " for " + where
		} else {
			where = " in " + where
		}
	}
	return cutMiddle(what, longestSummary-utf8.RuneCountInString(where+end)) + where + end
}

// atLine is the line of a place.
var atLine = regexp.MustCompile(`:[0-9]+$`)

// lineless is a fix without the lines of its places: they move with every change above them, which is no news of the ticket.
func lineless(f *engine.Fix) *engine.Fix {
	out := *f
	out.At = nil
	for _, at := range f.At {
		if at = atLine.ReplaceAllString(at, ""); !slices.Contains(out.At, at) {
			out.At = append(out.At, at)
		}
	}
	return &out
}

// where is what a ticket is for as people call it; empty where that is the repository, which needs no word.
func (r *Run) where(t *Ticket) string {
	switch {
	case r.settings.Per == PerAsset:
		return report.AssetWords(&t.from.cases[0].Input.Asset)
	case r.settings.Per == PerTeam && t.For != "":
		return report.Line(t.For)
	}
	return report.Line(r.result.Change.Repository)
}

// counts are what a ticket clears: what is urgent enough for one, or else all.
func (t *Ticket) counts() string {
	n := map[engine.Priority]int{}
	for _, c := range t.from.cases {
		if p := c.Decision.Priority; p.Rank() >= engine.Attend.Rank() || t.from.worst.Rank() < engine.Attend.Rank() {
			n[p]++
		}
	}
	return report.CountWords(n)
}

// body says why now, what it clears, how to do it, and how we will know.
func (r *Run) body(t *Ticket) Document {
	d := Document{sentences(plain(r.whyNow(t)))}
	d = append(d, Block{Table: r.clears(t)})
	d = append(d, how(t.from.fix)...)
	d = append(d, r.howKnown(t)...)
	var links []Inline
	for _, l := range r.links {
		if len(links) > 0 {
			links = append(links, plain(" · "))
		}
		links = append(links, Inline{Text: l.Title, URL: l.URL})
	}
	if len(links) > 0 {
		d = append(d, Block{Paragraph: links})
	}
	return d
}

// whyNow is two sentences: what the worst is and why it is urgent, and by when what is to be cleared.
func (r *Run) whyNow(t *Ticket) string {
	second := "It clears " + t.counts()
	if on := r.where(t); on != "" {
		second += " on " + on
		if owner := report.Line(t.from.cases[0].Input.Asset.Owner); owner != "" && owner != on {
			second += " (" + owner + ")"
		}
	}
	if cut := report.CutWords(t.from.fix, r.result); cut != "" {
		second += ", " + cut
	}
	if !t.from.due.IsZero() {
		second += ", and is due on " + r.date(t.from.due)
		if t.from.due.Before(day(r.result.Now)) {
			second += ", which is past"
		}
	}
	return t.from.worstWords() + ". " + second + "."
}

// worstWords are the worst case as people know it, and why it is urgent: "CVE-2021-44228 (lookups run what they load): known exploited
// since 10 Dec 2021".
func (f *facts) worstWords() string {
	finding := &f.cases[0].Input.Finding
	is, _ := report.FindingWords(finding)
	if title := strings.TrimRight(cutEnd(report.Line(finding.Title), longestTitle), " .;:"); title != "" && !strings.EqualFold(title, is) {
		is += " (" + title + ")"
	}
	why := f.why()
	if why == "" {
		why = "the policy says " + string(f.worst)
	}
	return cutEnd(is+": "+why, 2*longestWhy) // it begins with a name
}

// why is what carries the worst case, in the words of the rules. That it is exploited comes first, also where another rule outdoes it.
func (f *facts) why() string {
	worst := f.cases[0]
	all := report.WhyWords(&worst.Decision)
	said := func(w string) bool {
		return strings.Contains(w, "exploited since") || strings.Contains(w, "ransomware")
	}
	if intel := worst.Input.Context.Intel; intel != nil && intel.KEV != nil && intel.KEV.Listed && !slices.ContainsFunc(all, said) {
		if since, err := time.Parse(time.DateOnly, intel.KEV.Added); err == nil {
			all = append([]string{"known exploited since " + report.DayWords(since, time.Time{})}, all...)
		}
	}
	return strings.Join(all[:min(len(all), 2)], "; ")
}

// date is a day with its year.
func (r *Run) date(t time.Time) string { return report.DayWords(t, time.Time{}) }

// clears is the table of what a ticket's fix clears, the most urgent first.
func (r *Run) clears(t *Ticket) *Table {
	several := slices.ContainsFunc(t.from.cases, func(c *engine.Case) bool { return c.Input.Asset.ID != t.from.cases[0].Input.Asset.ID })
	table := &Table{Head: []string{"Finding", "In", "Priority", "Why", "Due"}}
	if several {
		table.Head = slices.Insert(table.Head, 2, "On")
	}
	for _, c := range t.from.cases {
		wrong, in := report.FindingWords(&c.Input.Finding)
		why := cutEnd(strings.Join(report.WhyWords(&c.Decision), "; "), longestWhy)
		due := ""
		if !c.Decision.Due.IsZero() {
			due = r.date(c.Decision.Due)
		}
		row := cells(strong(wrong), Inline{}, plain(string(c.Decision.Priority)), plain(report.SentenceAbout(&c.Input.Finding, why)), plain(due))
		if row[1] = []Inline{code(in)}; image(c) != "" && image(c) != in {
			row[1] = append(row[1], plain(" of "), code(image(c)))
		}
		if several {
			row = slices.Insert(row, 2, cells(plain(report.AssetWords(&c.Input.Asset)))...)
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// image is the image that a case is in; empty: none.
func image(c *engine.Case) string {
	for _, l := range c.Input.Finding.Locations {
		if l.Image != "" {
			return report.Line(l.Image)
		}
	}
	return ""
}

// how is what the plan says of how to make a fix: commands as they are, advice as a list.
func how(f *engine.Fix) Document {
	var commands []string
	var advice [][]Inline
	for _, h := range f.How[:min(len(f.How), mostHow)] {
		if h = report.Line(h); plan.IsCommand(h) {
			commands = append(commands, h)
		} else if h != "" {
			advice = append(advice, []Inline{plain(report.SentenceCase(h))})
		}
	}
	for _, at := range f.At[:min(len(f.At), 3)] {
		advice = append(advice, []Inline{plain("Found in "), code(report.Line(at))})
	}
	var d Document
	if len(commands)+len(advice) > 0 {
		d = append(d, Block{Heading: "How to do it"})
	}
	if len(commands) > 0 {
		d = append(d, Block{Code: &Code{Language: "bash", Text: strings.Join(commands, "\n")}})
	}
	if len(advice) > 0 {
		d = append(d, Block{List: advice})
	}
	return d
}

// howKnown says how the ticket ends, and what to do about what is not to be fixed.
func (r *Run) howKnown(t *Ticket) Document {
	by := coverWords(t.from.covers)
	if by == "" {
		by = "the same scanners"
	}
	scans := "one complete scan no longer finds it"
	if n := r.settings.CloseAfter; n > 1 {
		scans = strconv.Itoa(n) + " complete scans in a row no longer find it"
	}
	ends := "This ticket closes itself once " + scans + " (" + by + ")."
	if len(t.from.clears) > mostCleared && r.noted(t, State{}).Cut {
		ends = "It is about more findings than Headgate can keep in mind: close it once the scans (" + by + ") find none of them any more."
	}
	return append(Document{{Heading: "How we will know"}, sentences(plain(ends))}, r.waive("To accept the risk for a time instead", t.from.cases[0]))
}

// waive is how a waiver for a case is drafted by who reads the ticket: they have no file of the run, but can scan as it did.
func (r *Run) waive(wish string, c *engine.Case) Block {
	checkout := "a checkout"
	if repository := report.Line(r.result.Change.Repository); repository != "" {
		checkout += " of " + repository
	}
	draft := report.Command("headgate", "waive", c.Input.Finding.ID, "reports/", "--asset", c.Input.Asset.ID, "--reason") + ` "…" --write`
	return sentences(plain(wish+", scan "+checkout+" into the folder reports, run there "), code(draft), plain(" and propose what it wrote, in a pull request of its own."))
}

// changed says what is new about a ticket since it was last written, nil if nothing is that people have to know: its priority, its date,
// and what it clears.
func (r *Run) changed(t *Ticket, was *State) Document {
	if was.Worst == "" {
		return nil
	}
	var said []Inline
	say := func(s string) { said = append(said, plain(s+" ")) }
	if was.Worst != t.from.worst && was.Worst.Rank() >= 0 {
		s := "Now " + string(t.from.worst) + " (was " + string(was.Worst) + ")"
		if why := t.from.why(); why != "" && t.from.worst.Rank() > was.Worst.Rank() {
			s += ": " + cutEnd(why, longestWhy)
		}
		say(s + ".")
	}
	if due := dayText(t.from.due); due != was.Due {
		switch old, err := time.Parse(time.DateOnly, was.Due); {
		case due == "":
			say("No longer due on a day.")
		case err != nil:
			say("Due on " + r.date(t.from.due) + ".")
		default:
			say("Due on " + r.date(t.from.due) + " (was " + r.date(old) + ").")
		}
	}
	more, gone := t.compare(was)
	if len(more) > 0 {
		say("It also clears " + list(more) + " now.")
	}
	if len(gone) > 0 {
		say("No longer open: " + list(gone) + ".")
	}
	if len(said) == 0 {
		return nil
	}
	last := &said[len(said)-1]
	last.Text = strings.TrimSuffix(last.Text, " ")
	return Document{{Paragraph: said}}
}

// compare are the findings, by their names, that a ticket clears and that were not noted, and those that were and that it does not clear
// any more. A finding is the same if any of its ids is.
func (t *Ticket) compare(was *State) (more, gone []string) {
	had, has := map[string]bool{}, map[string]bool{}
	for _, c := range was.Clears {
		for _, id := range c.IDs {
			had[id] = true
		}
	}
	for _, d := range was.More {
		had[d] = true
	}
	for _, c := range t.from.clears {
		known := was.Cut // then nobody knows what is new
		for _, id := range c.IDs {
			has[id] = true
			known = known || had[id] || len(was.More) > 0 && had[mark(id)]
		}
		if !known {
			more = append(more, c.Name)
		}
	}
	for _, c := range was.Clears {
		if !slices.ContainsFunc(c.IDs, func(id string) bool { return has[id] }) {
			gone = append(gone, report.Line(c.Name))
		}
	}
	return more, gone
}

// list names several things, the first few of many.
func list(all []string) string {
	if more := len(all) - mostNamed; more > 0 {
		return strings.Join(all[:mostNamed], ", ") + fmt.Sprintf(" and %d more", more)
	}
	if n := len(all); n > 1 {
		return strings.Join(all[:n-1], ", ") + " and " + all[n-1]
	}
	return strings.Join(all, "")
}

// cutMiddle is text of at most n characters, at least a few, without its middle.
func cutMiddle(s string, n int) string {
	r := []rune(s)
	n = max(n, 8)
	if len(r) <= n {
		return s
	}
	tail := n / 3
	return string(r[:n-tail-1]) + "…" + string(r[len(r)-tail:])
}
