package ticket

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// lifecycle says what becomes of a ticket by what the run says of it and by how it stands.
//
// A person's word counts: what somebody closed as anything but fixed stays closed, and what somebody opened again after us stays open.
// A ticket is only closed because of scans that looked, never because of a scan that is missing.
var lifecycle = [sights][standings]func(*matter){
	wanted:    {open: (*matter).update, openedAgain: (*matter).update, closedGone: (*matter).reopen, closedExcused: (*matter).resume, closedFixed: (*matter).reopen, closedRefused: (*matter).respect},
	below:     {open: (*matter).update, openedAgain: (*matter).update, closedGone: (*matter).leave, closedExcused: (*matter).leave, closedFixed: (*matter).leave, closedRefused: (*matter).leave},
	unplanned: {open: (*matter).keep, openedAgain: (*matter).keep, closedGone: (*matter).leave, closedExcused: (*matter).leave, closedFixed: (*matter).leave, closedRefused: (*matter).leave},
	excused:   {open: (*matter).excuse, openedAgain: (*matter).leave, closedGone: (*matter).leave, closedExcused: (*matter).leave, closedFixed: (*matter).leave, closedRefused: (*matter).leave},
	gone:      {open: (*matter).absent, openedAgain: (*matter).leave, closedGone: (*matter).leave, closedExcused: (*matter).leave, closedFixed: (*matter).leave, closedRefused: (*matter).leave},
	unseen:    {open: (*matter).leave, openedAgain: (*matter).leave, closedGone: (*matter).leave, closedExcused: (*matter).leave, closedFixed: (*matter).leave, closedRefused: (*matter).leave},
}

// What is said of a ticket only once, until it is found open again.
const (
	onceRefused = "refused" // a person's won't fix, and how to make a waiver of it
	onceLimit   = "limit"   // it was opened again often enough
	onceClose   = "close"   // please close it, since we cannot
	onceReopen  = "reopen"  // please open it
	onceOpened  = "opened"  // not said but taken in: a person opened it again after us
)

// What is said of most tickets.
const (
	usual       = "as it should be"
	staysClosed = "closed"
)

// A matter is one ticket that there is, to be decided about.
type matter struct {
	*Run
	*Change
	seen  seen
	stand standing
}

// decide says what becomes of a ticket that there is.
func (r *Run) decide(want *Ticket, issue *Issue) Change {
	m := matter{Run: r, Change: &Change{Key: issue.Key, Ticket: want, Issue: issue, Next: issue.State, Did: engine.DidNothing}, stand: r.standingOf(issue)}
	switch {
	case want == nil:
		m.seen = r.sightOf(&issue.State)
	case want.from.below:
		m.seen.sight = below
	}
	if r.unscanned && m.seen.sight == wanted && (m.stand == closedGone || m.stand == closedFixed) {
		m.rest()
	} else {
		lifecycle[m.seen.sight][m.stand](&m)
	}
	return *m.Change
}

// takeIn notes what people did to the status since, and that it is found where it is: only scans in a row count, whatever people do between
// them.
func (m *matter) takeIn() {
	if m.seen.sight != gone && m.seen.sight != unseen && !m.unscanned {
		m.Next.Absent, m.Next.Run = 0, ""
	}
	switch m.stand {
	case closedFixed, closedRefused:
		m.Next.Closed, m.Next.As = ByPerson, ""
	case closedGone, closedExcused:
		if m.Next.Closed = ByUs; m.Next.As == "" {
			m.Next.As = ClosedGone
		}
	case openedAgain:
		if m.Next.Closed, m.Next.As = "", ""; !m.Next.once(onceOpened) {
			m.Next = m.Next.told(onceOpened)
		}
	case open:
		m.Next.Closed, m.Next.As = "", ""
	}
}

// rest leaves closed what was closed as fixed, and what no scan has looked for since.
func (m *matter) rest() {
	m.takeIn()
	m.Why = "closed; no scan has looked since"
}

// leave changes nothing.
func (m *matter) leave() {
	m.takeIn()
	switch {
	case m.seen.sight == unseen:
		m.Why = m.seen.why
	case m.stand == openedAgain:
		m.Why = "somebody opened it again"
	case m.seen.sight == wanted && m.stand == closedRefused:
		m.Why = "still found; somebody closed it as " + report.Line(m.Issue.Resolution)
	case m.stand == closedRefused:
		m.Why = "closed as " + report.Line(m.Issue.Resolution)
	case m.seen.sight == below:
		m.Why = "closed; found, but not urgent enough to open it again"
	case m.stand != open:
		m.Why = staysClosed
	}
}

// keep leaves a ticket open for which no fix is known now: it is still found.
func (m *matter) keep() {
	m.takeIn()
	m.Why = "still found; no fix is known now"
}

// update makes fields and labels what they should be, and says what people have to know.
func (m *matter) update() {
	m.write()
	if m.Issue.State.Closed != "" && m.Issue.MovedBy == ByUs { // it was opened again by a run that could not note so
		m.Next.Reopened++
	}
	m.Comment = m.changed(m.Ticket, &m.Issue.State)
	if m.Issue.State.Excused != "" {
		m.Comment = slices.Concat(Document{sentences(plain(m.resumed()))}, m.Comment)
	}
	if len(m.Fields)+len(m.AddLabels)+len(m.RemoveLabels) == 0 && m.Comment == nil {
		m.Why = usual
		return
	}
	m.Did, m.Links, m.Why = engine.DidUpdate, m.Ticket.Links, m.whatChanged()
}

// whatChanged says which fields are written.
func (m *matter) whatChanged() string {
	words := map[string]string{FieldBody: "text", FieldDue: "due date"}
	var parts []string
	for _, f := range m.Fields {
		if w, ok := words[f]; ok {
			f = w
		}
		parts = append(parts, f)
	}
	if len(m.AddLabels)+len(m.RemoveLabels) > 0 {
		parts = append(parts, "labels")
	}
	if m.Comment != nil {
		parts = append(parts, "a comment")
	}
	return list(parts)
}

// write says which fields and labels differ from what we last wrote, and notes what is found now.
func (m *matter) write() {
	t, was := m.Ticket, &m.Issue.State
	wrote := t.digests()
	for _, name := range slices.Sorted(maps.Keys(wrote)) {
		if was.Wrote[name] != wrote[name] {
			m.Fields = append(m.Fields, name)
		}
	}
	if was.Wrote[FieldDue] != "" && wrote[FieldDue] == "" { // other fields that we want nothing of any more are left to people
		m.Fields = append(m.Fields, FieldDue)
	}
	for _, l := range t.Labels {
		if lost := !slices.Contains(m.Issue.Labels, l); lost && (isFinder(l) || !slices.Contains(was.Labels, l)) {
			m.AddLabels = append(m.AddLabels, l)
		}
	}
	for _, l := range append(slices.Clone(was.Labels), WaivedLabel) {
		if slices.Contains(m.Issue.Labels, l) && !slices.Contains(t.Labels, l) {
			m.RemoveLabels = append(m.RemoveLabels, l)
		}
	}
	m.Next = m.noted(t, *was)
}

// isFinder says whether a ticket is found by a label. Such a one is put back where somebody has taken it away.
func isFinder(label string) bool { return label == Label || strings.HasPrefix(label, Label+"-") }

// noted is the state of a ticket that is found and open.
func (r *Run) noted(t *Ticket, was State) State {
	s := State{Key: t.Key, Scope: ScopeLabel(r.settings.Scope), Wrote: t.digests(), Labels: t.Labels, Summary: t.Summary, Per: r.settings.Per, For: t.For,
		Worst: t.from.worst, Due: dayText(t.from.due), Covers: t.from.covers, Reopened: was.Reopened}
	tooLong := func(c Cover) bool { return len(c.Tool)+len(c.Target) > longestNoted }
	if len(s.Covers) > mostCovers || slices.ContainsFunc(s.Covers, tooLong) { // to note some would be to close it without the others
		s.Covers = nil
	}
	if r.unscanned { // scans say what finds it, and how often in a row it was not found
		s.Absent, s.Run = was.Absent, was.Run
		if len(was.Covers) > 0 {
			s.Covers = was.Covers
		}
	}
	s.note(t.from.clears)
	return s
}

// reopen opens a ticket that is found again, as often as the settings allow.
func (m *matter) reopen() {
	found := "found again"
	if m.stand == closedFixed {
		found = "still found"
	}
	switch {
	case m.Issue.State.once(onceReopen):
		m.takeIn()
		m.Why = found + ", and its workflow has no way to open it"
	case m.Issue.State.Reopened < m.settings.Reopens:
		m.open(report.SentenceCase(found) + " by " + coverWords(m.Ticket.from.covers) + ".")
		m.Next.Reopened++
		m.Why = found
	case m.settings.Reopens == 0 || m.Issue.State.once(onceLimit):
		m.takeIn()
		m.Why = found + "; it is not opened again"
	default:
		m.takeIn()
		m.Next = m.Next.told(onceLimit)
		m.say(fmt.Sprintf("%s by %s. It was opened again %s already, so this is left to you.", report.SentenceCase(found), coverWords(m.Ticket.from.covers), times(m.Issue.State.Reopened)))
		m.Why = found + "; it was opened again " + times(m.Issue.State.Reopened) + " already"
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// resume opens a ticket that was closed because of a waiver that has ended.
func (m *matter) resume() {
	if m.Issue.State.once(onceReopen) {
		m.takeIn()
		m.Why = "the waiver has ended, and its workflow has no way to open it"
		return
	}
	m.open(m.resumed())
	m.Why = "the waiver has ended"
}

// resumed says why what was waived is to be done now.
func (m *matter) resumed() string {
	s := "What excused it no longer does: " + cutEnd(report.Line(m.Issue.State.Excused), longestWhy) + "."
	if w := m.result.Waivers; w != nil {
		for _, n := range slices.Concat(w.Expired, w.Lapsed, w.Unverified) {
			if slices.Contains(m.Issue.State.Waivers, cutEnd(report.Line(n.ID), longestName)) {
				return s + " " + report.SentenceCase(cutEnd(report.Line(n.Why), longestWhy)) + "."
			}
		}
	}
	return s
}

// open moves a ticket back, with its fields as they should be.
func (m *matter) open(why string) {
	m.write()
	m.Did, m.Move, m.Links = engine.DidReopen, MoveReopen, m.Ticket.Links
	if w := m.Ticket.from.why(); w != "" {
		why += " " + report.SentenceCase(w) + "."
	}
	if !m.Ticket.from.due.IsZero() {
		why += " Due on " + m.date(m.Ticket.from.due) + "."
	}
	m.Comment = Document{sentences(plain(why))}
	asked := m.Issue.State
	asked.Closed = m.closedBy()
	m.Unreachable = &Instead{Next: asked.told(onceReopen),
		Comment: Document{sentences(plain(why + " This workflow has no way for Headgate to open the ticket again: please do."))}}
}

// closedBy is by whom a ticket that is done was closed.
func (m *matter) closedBy() string {
	if m.stand == closedGone || m.stand == closedExcused {
		return ByUs
	}
	return ByPerson
}

// respect leaves closed what a person does not want to fix, and says once how that becomes a waiver.
func (m *matter) respect() {
	if m.Issue.State.once(onceRefused) {
		m.leave()
		return
	}
	m.takeIn()
	m.Next = m.Next.told(onceRefused)
	m.Did = engine.DidUpdate
	closed := "Closed"
	if m.Issue.Resolution != "" {
		closed += " as “" + cutEnd(report.Line(m.Issue.Resolution), longestName) + "”"
	}
	text := closed + ", and still found: the ticket stays closed, and the gate goes on to count it."
	m.Comment = Document{sentences(plain(text)), m.waive("If the risk is accepted, a waiver says so to the gate too, for a time: to draft it", m.Ticket.from.cases[0])}
	m.Why = "somebody closed it as " + report.Line(m.Issue.Resolution) + "; offers a waiver"
}

// say adds a comment and nothing else.
func (m *matter) say(text string) {
	m.Did, m.Comment = engine.DidUpdate, Document{sentences(plain(text))}
}

// excuse notes on a ticket that all its cases are waived, or closes it, as the settings say.
func (m *matter) excuse() {
	m.takeIn()
	m.Why = m.seen.why
	if m.Issue.State.Excused != "" && (m.settings.Excused == ExcusedLabel || m.Issue.State.once(onceClose)) {
		return
	}
	m.Next.Excused, m.Next.Waivers = m.seen.why, m.seen.waivers
	if m.settings.Excused == ExcusedLabel {
		if !slices.Contains(m.Issue.Labels, WaivedLabel) {
			m.AddLabels = []string{WaivedLabel}
		}
		m.say("Nothing has to be done for now: " + m.seen.why + ".")
		return
	}
	asked := m.Next.told(onceClose)
	text := "Nothing has to be done for now: " + m.seen.why + "."
	m.close(ClosedExcused, text+" The ticket is opened again when that ends.")
	m.Unreachable = &Instead{Next: asked, Comment: Document{sentences(plain(text + " This workflow has no way for Headgate to close the ticket: please do."))}}
}

// absent counts a complete scan that did not find it, and closes the ticket once there were enough of them in a row.
func (m *matter) absent() {
	m.takeIn()
	after := m.settings.CloseAfter
	switch {
	case m.Issue.State.once(onceClose):
		m.Why = "not found any more, and its workflow has no way to close it"
		return
	case m.Issue.State.Run != m.id:
		m.Next.Absent, m.Next.Run = m.Next.Absent+1, m.id
	}
	m.Why = fmt.Sprintf("not found by %d of %d complete scans", min(m.Next.Absent, after), after)
	if m.Next.Absent < after {
		return
	}
	asked := m.Next.told(onceClose)
	text := "One complete scan no longer finds it"
	if m.Next.Absent > 1 {
		text = fmt.Sprintf("%d complete scans in a row no longer find it", m.Next.Absent)
	}
	text += ", the last one of " + m.date(m.result.Now) + " (" + coverWords(m.Issue.State.Covers) + ")."
	m.close(ClosedGone, text)
	m.Unreachable = &Instead{Next: asked, Comment: Document{sentences(plain(text + " This workflow has no way for Headgate to close the ticket: please do."))}}
}

// close moves a ticket to done.
func (m *matter) close(as, text string) {
	m.Did, m.Move, m.MoveAs = engine.DidClose, MoveClose, as
	m.Next.Closed, m.Next.As = ByUs, as
	if m.Issue.MovedBy != ByNobody { // then it is said already
		m.Comment = Document{sentences(plain(text))}
	}
	m.Links = m.runLinks(m.Key)
}
