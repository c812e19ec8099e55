package page

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// Bounds of the table of decisions. The page has to open on a telephone and to go through a mail server.
const (
	MaxDecisions = 10_000 // that the page has; the rest is counted
	shownAtFirst = 50     // that are there without script, and on paper
	mostReasons  = 12     // of one decision
)

// A row is one decision as the table has it. The script has the same rows as numbers into one list of words.
type row struct {
	ID         string
	Priority   string
	Action     string
	Wrong, In  string
	Asset      string
	Owner      string // empty: nobody knows
	Repository string
	Branch     string
	Due        string // day, 2026-11-24; empty: there is none
	Overdue    bool
	Waived     bool
	New        bool // the change brought it
	Reasons    []reason
	Todo       string // what to do about it
	Ticket     string // of the fix that clears it; empty: none is known

	action, priority int
	due              time.Time
}

// A reason is what one rule said.
type reason struct{ Rule, Message string }

// Why is the first line of a row: what carries the decision.
func (r *row) Why() string {
	if len(r.Reasons) == 0 {
		return "No rule has anything against it"
	}
	return r.Reasons[0].Message
}

// Class is how its priority looks.
func (r *row) Class() string { return "p" + strconv.Itoa(max(0, r.priority)) }

// Date is when it is due, in words.
func (r *row) Date() string {
	switch {
	case r.Due == "":
		return "no date"
	case r.Overdue:
		return "overdue " + r.Due
	}
	return r.Due
}

// When is the same where no heading says what the date is.
func (r *row) When() string {
	if r.Due == "" || r.Overdue {
		return r.Date()
	}
	return "due " + r.Due
}

// Acts is what the build does about it.
func (r *row) Acts() string {
	if r.Waived {
		return r.Action + ", excused"
	}
	return r.Action
}

// rowOf is a case as a row.
func rowOf(c *engine.Case, r *engine.Result) row {
	f, d := &c.Input.Finding, &c.Decision
	out := row{
		ID: report.Line(f.ID), Priority: string(d.Priority), Action: string(d.Action), Asset: report.AssetWords(&c.Input.Asset),
		Owner: report.Line(c.Input.Asset.Owner), Repository: report.Line(r.Change.Repository), Branch: report.Line(r.Change.Branch),
		Overdue: d.Overdue, Waived: d.Exemption() != nil,
		New:      c.Input.Context.Change != nil && c.Input.Context.Change.Status == engine.StatusIntroduced,
		priority: d.Priority.Rank(), action: d.Action.Rank(), due: d.Due,
	}
	out.Wrong, out.In = report.FindingWords(f)
	if !d.Due.IsZero() {
		out.Due = d.Due.UTC().Format(time.DateOnly)
	}
	if d.WouldHave != nil {
		out.action = d.WouldHave.Rank()
	}
	out.Reasons = reasonsOf(d)
	for i := range d.Reasons {
		if m := d.Reasons[i].Remediation; m != "" && d.Reasons[i].InForce() {
			out.Todo = report.Line(m)
			break
		}
	}
	return out
}

// reasonsOf are what the rules said: first what carries the decision, in the order that every report has, then the rest.
func reasonsOf(d *engine.Decision) []reason {
	carries := report.WhyWords(d)
	place := func(message string) int {
		if i := slices.Index(carries, message); i >= 0 {
			return i
		}
		return len(carries)
	}
	var out []reason
	for i := range d.Reasons {
		r := &d.Reasons[i]
		message := strings.TrimRight(report.Line(r.Message), " .;")
		if message == "" { // a ledger does not keep the words, and this rule could not be asked again
			message = strings.TrimSpace(r.Kind + " " + string(r.To))
		}
		if !r.InForce() {
			message += " (not in force)"
		}
		out = append(out, reason{Rule: report.Line(r.Rule), Message: message})
	}
	slices.SortStableFunc(out, func(a, b reason) int { return cmp.Compare(place(a.Message), place(b.Message)) })
	return out[:min(len(out), mostReasons)]
}

// compareRows orders what presses most first: action, priority, date; names settle the rest.
func compareRows(a, b row) int {
	if c := cmp.Or(cmp.Compare(b.action, a.action), cmp.Compare(b.priority, a.priority)); c != 0 {
		return c
	}
	if a.due.IsZero() != b.due.IsZero() {
		if b.due.IsZero() {
			return -1
		}
		return 1
	}
	return cmp.Or(a.due.Compare(b.due), strings.Compare(a.Wrong, b.Wrong), strings.Compare(a.In, b.In), strings.Compare(a.Repository, b.Repository),
		strings.Compare(a.Branch, b.Branch), strings.Compare(a.Asset, b.Asset), strings.Compare(a.ID, b.ID))
}

// decisions are the rows that press most, and how many there are in all. Memory is bounded by what the page has.
type decisions struct {
	rows  []row
	total int
}

func (t *decisions) add(r row) {
	t.total++
	if t.rows = append(t.rows, r); len(t.rows) >= 2*MaxDecisions {
		t.cut()
	}
}

func (t *decisions) cut() {
	slices.SortFunc(t.rows, compareRows)
	t.rows = t.rows[:min(len(t.rows), MaxDecisions)]
}

// words are strings, each once, by their number.
type words struct {
	List  []string
	known map[string]int
}

func (w *words) of(s string) int {
	n, ok := w.known[s]
	if !ok {
		n = len(w.List)
		if w.known == nil {
			w.known = map[string]int{}
		}
		w.known[s] = n
		w.List = append(w.List, s)
	}
	return n
}

// A table is what the script reads: the rows, as numbers into the words, in the order of columns that page.js names.
type table struct {
	Words []string `json:"words"`
	Rows  [][]any  `json:"rows"`
}

// tableOf is the table of rows. Reasons stand as pairs of rule and message.
func tableOf(rows []row) table {
	var w words
	t := table{Rows: make([][]any, len(rows))}
	flag := func(is bool, n int) int {
		if is {
			return n
		}
		return 0
	}
	for i := range rows {
		r := &rows[i]
		reasons := make([]int, 0, 2*len(r.Reasons))
		for _, s := range r.Reasons {
			reasons = append(reasons, w.of(s.Rule), w.of(s.Message))
		}
		t.Rows[i] = []any{r.ID, w.of(r.Priority), w.of(r.Action), w.of(r.Wrong), w.of(r.In), w.of(r.Asset), w.of(r.Owner), w.of(r.Repository),
			w.of(r.Branch), w.of(r.Due), flag(r.Overdue, 1) | flag(r.Waived, 2) | flag(r.New, 4), w.of(r.Todo), w.of(r.Ticket), reasons}
	}
	t.Words = w.List
	return t
}
