package report

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A view is a result sorted out for a reader: what concerns them, worst first, and what does not.
type view struct {
	r *engine.Result

	// urgent are the cases to show in full. Of a change under review: what it introduced and whatever blocks; of any other run:
	// whatever blocks or warns, and what is new.
	urgent []*engine.Case

	existing, disclosed []*engine.Case // not from this change, and not blocking
	exempted            []*engine.Case // lowered to nothing to do by a waiver or another exemption

	gone []*engine.Finding // what the change fixed, the gravest first

	known bool // the change's part in the cases is known, so that "introduced" may be said
	ids   map[string]string

	// What several parts of an output say is worked out once.
	notes []note
	fixes fixIndex
	todo  []*engine.Fix // what to do first about what presses
	ways  []way

	onlyAsset string // the name of the asset that all cases are on; empty if there are several or none
}

func newView(r *engine.Result) *view {
	v := &view{r: r, ids: ShortIDs(r.Cases), onlyAsset: onlyAsset(r.Cases), known: true}
	for i := range r.Cases {
		c := &r.Cases[i]
		v.known = v.known && status(c) != ""
		switch {
		case let(&c.Decision):
			v.exempted = append(v.exempted, c)
		case stated(&c.Decision) == engine.Block || isNew(c) || v.owned() && c.Decision.Action == engine.Warn:
			v.urgent = append(v.urgent, c)
		case status(c) == engine.StatusDisclosed:
			v.disclosed = append(v.disclosed, c)
		default:
			v.existing = append(v.existing, c)
		}
	}
	for _, list := range [][]*engine.Case{v.urgent, v.existing, v.disclosed, v.exempted} {
		slices.SortStableFunc(list, worseFirst)
	}
	for i := range r.Fixed {
		v.gone = append(v.gone, &r.Fixed[i])
	}
	slices.SortStableFunc(v.gone, func(a, b *engine.Finding) int { return cmp.Compare(b.Severity.Rank(), a.Severity.Rank()) })
	v.notes = v.takeNotes()
	v.fixes = indexFixes(r)
	v.todo = v.fixes.first(r, v.pressing())
	v.ways = v.takeWays()
	return v
}

// owned says that the run has no change under review: whoever reads it answers for all that is there.
func (v *view) owned() bool {
	switch v.r.Change.Event {
	case engine.EventPush, engine.EventSchedule, engine.EventRelease:
		return true
	}
	return false
}

// underReview says that the run decides whether a change may be merged.
func (v *view) underReview() bool {
	return v.r.Change.Event == engine.EventPullRequest || v.r.Change.Event == engine.EventMergeGroup
}

// dueOf is when a case is to be fixed; empty if nothing says so, or if it holds up a change until it is.
func (v *view) dueOf(d *engine.Decision) string {
	if v.underReview() && stated(d) == engine.Block && !d.Overdue {
		return ""
	}
	return due(d, v.r.Now)
}

// worseFirst orders what blocks before what warns, then by priority, then by due date; the engine's own order settles the rest.
func worseFirst(a, b *engine.Case) int {
	x, y := &a.Decision, &b.Decision
	if c := cmp.Or(cmp.Compare(stated(y).Rank(), stated(x).Rank()), cmp.Compare(y.Priority.Rank(), x.Priority.Rank())); c != 0 {
		return c
	}
	return engine.CompareDue(x, y)
}

func status(c *engine.Case) engine.Status {
	if c.Input.Context.Change == nil {
		return ""
	}
	return c.Input.Context.Change.Status
}

// isNew says that the change brought the case, or that nobody knows that it did not.
func isNew(c *engine.Case) bool {
	s := status(c)
	return s == "" || s == engine.StatusIntroduced
}

// subject is what the run was about: the repository, else the only asset.
func (v *view) subject() string {
	if v.r.Change.Repository != "" {
		return path.Base(v.r.Change.Repository)
	}
	if v.onlyAsset != "" {
		return v.onlyAsset
	}
	return "headgate"
}

// onlyAsset is the name of the asset that all cases are on, empty if there are several or none.
func onlyAsset(cases []engine.Case) string {
	name := ""
	for i := range cases {
		a := assetName(&cases[i].Input.Asset)
		if name != "" && a != name {
			return ""
		}
		name = a
	}
	return name
}

// apart gives the places of those components among cases shown together that would otherwise read the same: one package can be in a
// lockfile and in an image of one asset.
func apart(cases []*engine.Case) map[*engine.Case]string {
	reading := func(c *engine.Case) string {
		f := &c.Input.Finding
		return strings.Join([]string{weakness(f), subject(f), assetName(&c.Input.Asset)}, "\x00")
	}
	n := map[string]int{}
	for _, c := range cases {
		n[reading(c)]++
	}
	out := map[*engine.Case]string{}
	for _, c := range cases {
		if f := &c.Input.Finding; f.Package != nil && n[reading(c)] > 1 {
			out[c] = place(f)
		}
	}
	return out
}

// heldBack says whether only report-only keeps the run from being blocked, by a case or by the gate as a whole.
func (v *view) heldBack() bool {
	return v.r.Outcome != engine.Block && (len(with(v.urgent, engine.Block)) > 0 ||
		slices.ContainsFunc(v.r.Gate.Reasons, func(r engine.Reason) bool { return r.Kind == "deny" }))
}

// exemptions are the exempted cases by what they are called, waivers first.
func (v *view) exemptions() []group {
	var out []group
	for _, name := range []string{"waived", "exempted"} {
		g := group{name: name}
		for _, c := range v.exempted {
			if exempted(&c.Decision) == name {
				g.cases = append(g.cases, c)
			}
		}
		if len(g.cases) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// A group is cases that share a line or a number.
type group struct {
	name  string
	cases []*engine.Case
}

// with are the cases of a list with an action, or that would have it but for report-only.
func with(list []*engine.Case, a engine.Action) []*engine.Case {
	var out []*engine.Case
	for _, c := range list {
		if stated(&c.Decision) == a {
			out = append(out, c)
		}
	}
	return out
}
