package waiver

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
)

// A Use is what became of a list in one run.
type Use struct {
	list   *List
	now    time.Time
	uses   []use             // by waiver
	byID   map[string]int    // waiver by id
	absent map[string]string // why waivers that only the change under review has do not hold, by id
}

// A use is what became of one waiver.
type use struct {
	proof  Proof
	cases  int    // in its scope
	held   int    // of them, those for which its guards hold
	broken string // the first guard that does not hold, and of which case
}

// Apply finds the cases that each waiver is about and joins those that are in force to their inputs, with their provenance. Nothing
// else of a case is changed. A waiver that is not verified is joined too, as such: what that means is the policy's matter.
func (l *List) Apply(cases []engine.Case, now time.Time, verify Verifier) *Use {
	u := &Use{list: l, now: now, byID: map[string]int{}}
	if l == nil {
		return u
	}
	u.uses = make([]use, len(l.Waivers))
	for i := range l.Waivers {
		u.byID[l.Waivers[i].ID] = i
		u.uses[i].proof = verify(&l.Waivers[i])
	}
	find := l.index()
	for i := range cases {
		u.join(&cases[i], find(&cases[i].Input))
	}
	return u
}

// index finds the waivers that a case can be in the scope of. Most name a finding, so only the others have to be looked at for each
// package and place, and of these once.
func (l *List) index() func(*engine.Input) []int {
	byFinding := map[string][]int{}
	var wide []int
	for i := range l.Waivers {
		if f := l.Waivers[i].Finding; f != "" {
			byFinding[f] = append(byFinding[f], i)
		} else {
			wide = append(wide, i)
		}
	}
	known := map[string][]int{} // of wide, by package and places
	return func(in *engine.Input) []int {
		var found []int
		for _, id := range in.Finding.IDs {
			found = append(found, byFinding[id]...)
		}
		found = append(found, byFinding[in.Finding.ID]...)
		if v := in.Finding.Vulnerability; v != nil {
			for _, name := range v.Names() {
				found = append(found, byFinding[name]...)
			}
		}
		if len(wide) > 0 {
			found = append(found, l.wide(in, wide, known)...)
		}
		slices.Sort(found)
		return slices.DeleteFunc(slices.Compact(found), func(i int) bool { return !l.Waivers[i].covers(in) })
	}
}

// wide are those of some waivers that may be about what the finding is in.
func (l *List) wide(in *engine.Input, some []int, known map[string][]int) []int {
	var key strings.Builder
	if p := in.Finding.Package; p != nil {
		fmt.Fprintf(&key, "%q%q%q", p.PURL, p.Binaries, p.Versions)
	}
	for _, at := range in.Finding.Locations {
		fmt.Fprintf(&key, "\n%q", at.Path)
	}
	key.WriteString("\n" + in.Asset.ID)
	found, ok := known[key.String()]
	if !ok {
		for _, i := range some {
			if l.Waivers[i].covers(in) {
				found = append(found, i)
			}
		}
		known[key.String()] = found
	}
	return found
}

// join adds to a case the waivers in whose scope it is and that are in force.
func (u *Use) join(c *engine.Case, found []int) {
	var places []string
	var first, last time.Time
	for _, i := range found {
		w, use := &u.list.Waivers[i], &u.uses[i]
		use.cases++
		if w.ended(u.now) || !w.begun(u.now) {
			continue
		}
		if why := w.While.broken(&c.Input); why != "" {
			if use.broken == "" {
				use.broken = fmt.Sprintf("%s, for %s", why, called(&c.Input))
			}
			continue
		}
		use.held++
		c.Input.Context.Waivers = append(c.Input.Context.Waivers, w.fact(use.proof, u.now))
		place := w.at(u.list.name)
		if use.proof.Verified {
			place += " (" + use.proof.How + ")"
		}
		places = append(places, place)
		if first.IsZero() || w.Created.After(first) {
			first = w.Created
		}
		if end := w.Expires.Add(day - time.Second); last.IsZero() || end.Before(last) {
			last = end
		}
	}
	if len(places) == 0 {
		return
	}
	slices.SortFunc(c.Input.Context.Waivers, func(a, b engine.Waiver) int { return strings.Compare(a.ID, b.ID) })
	if c.Provenance == nil {
		c.Provenance = map[string]engine.Provenance{}
	}
	c.Provenance["context.waivers"] = engine.Provenance{Source: strings.Join(places, ", "), At: first, Expires: last}
}

// called is what people call a case.
func called(in *engine.Input) string {
	name := in.Finding.ID
	if in.Finding.Vulnerability != nil {
		name = in.Finding.Vulnerability.ID
	} else if in.Finding.Rule != nil {
		name = in.Finding.Rule.ID
	}
	if in.Asset.ID != "" {
		name += " on " + in.Asset.ID
	}
	return name
}

// at is where the waiver stands.
func (w *Waiver) at(name string) string { return fmt.Sprintf("%s:%d", name, w.Line) }

// fact is what a policy sees of a waiver.
func (w *Waiver) fact(p Proof, now time.Time) engine.Waiver {
	f := engine.Waiver{
		ID: w.ID, Reason: w.Reason, Ticket: w.Ticket, Requester: w.Requester, Approver: w.Approver, Verified: p.Verified,
		Created: w.Created.Format(time.DateOnly), Expires: w.Expires.Format(time.DateOnly),
		AgeDays:   int(startOfDay(now).Sub(w.Created) / day),
		ValidDays: int(w.Expires.Sub(w.Created) / day),
	}
	if p.Verified {
		f.Requester, f.Approver = p.Requester, p.Approver
	}
	return f
}

// OnlyInChange notes waivers that the change under review adds or changes, which hold once they are on its base.
func (u *Use) OnlyInChange(head *List) {
	u.absent = map[string]string{}
	for i := range head.Waivers {
		w := &head.Waivers[i]
		switch was := u.list.named(w.ID); {
		case was == nil:
			u.absent[w.ID] = "the change under review adds it: it counts once it is on the base and approved"
		case !was.says(w):
			u.absent[w.ID] = "the change under review changes it: until that is on the base and approved, it holds as it was"
		}
	}
}

// named is the waiver with an id; nil if there is none.
func (l *List) named(id string) *Waiver {
	if l == nil {
		return nil
	}
	i := slices.IndexFunc(l.Waivers, func(w Waiver) bool { return w.ID == id })
	if i < 0 {
		return nil
	}
	return &l.Waivers[i]
}

// Same is the waiver of the list that says what another one says; nil if there is none.
func (l *List) Same(w *Waiver) *Waiver {
	if was := l.named(w.ID); was != nil && was.says(w) {
		return was
	}
	return nil
}

// says says whether two entries say the same, wherever they stand.
func (w *Waiver) says(other *Waiver) bool {
	return w.ID == other.ID && w.Finding == other.Finding && w.Package == other.Package && slices.Equal(w.Versions, other.Versions) &&
		w.Path == other.Path && w.Asset == other.Asset && w.Reason == other.Reason && w.Ticket == other.Ticket &&
		w.Requester == other.Requester && w.Approver == other.Approver && w.Created.Equal(other.Created) && w.Expires.Equal(other.Expires) &&
		w.While.says(&other.While)
}

func (g *Guards) says(other *Guards) bool {
	return g.NotExploited == other.NotExploited && g.EPSSBelow == other.EPSSBelow && g.SeverityAtMost == other.SeverityAtMost &&
		slices.Equal(g.ReachabilityNot, other.ReachabilityNot) && slices.Equal(g.ExposureNot, other.ExposureNot) &&
		slices.Equal(g.ValidationNot, other.ValidationNot)
}

// An Outcome is what became of one waiver in a run.
type Outcome struct {
	*Waiver
	Proof
	Begun, Ended bool
	Cases        int    // in its scope
	Held         int    // of them, those for which its guards hold
	Broken       string // the first guard that does not hold, and of which case; empty: none
}

// Outcomes are what became of all waivers, in the order of their file.
func (u *Use) Outcomes() []Outcome {
	var all []Outcome
	for i := range u.uses {
		w, use := &u.list.Waivers[i], &u.uses[i]
		all = append(all, Outcome{Waiver: w, Proof: use.proof, Begun: w.begun(u.now), Ended: w.ended(u.now), Cases: use.cases, Held: use.held,
			Broken: use.broken})
	}
	return all
}

// A Maximum is for how many days from its creation the policy lets a waiver of a case with a priority exempt; it is not bounded if
// there is no maximum.
type Maximum func(engine.Priority) (days int, bounded bool)

// Report says of decided cases which waivers need someone: those that end within soon, by their own date or by the policy's maximum,
// are expiring.
func (u *Use) Report(cases []engine.Case, most Maximum, soon time.Duration) *engine.WaiverReport {
	r := &engine.WaiverReport{Expired: []engine.WaiverNote{}, Expiring: []engine.WaiverNote{}, Lapsed: []engine.WaiverNote{},
		Unused: []engine.WaiverNote{}, Unverified: []engine.WaiverNote{}}
	shortest, longest := u.ends(cases, most)
	for i := range u.uses {
		w, use := &u.list.Waivers[i], &u.uses[i]
		note := func(to *[]engine.WaiverNote, format string, a ...any) {
			*to = append(*to, engine.WaiverNote{ID: w.ID, Why: fmt.Sprintf(format, a...), At: w.at(u.list.name)})
		}
		switch {
		case w.ended(u.now):
			note(&r.Expired, "on %s; %s", inWords(w.Expires), inScope(use.cases))
			continue
		case !w.begun(u.now):
			note(&r.Unused, "it does not hold before %s", inWords(w.Created))
			continue
		case use.cases == 0:
			note(&r.Unused, "no case of this run is in its scope")
		}
		if use.broken != "" {
			note(&r.Lapsed, "%s", use.broken)
		}
		if !use.proof.Verified {
			note(&r.Unverified, "%s", cmp.Or(use.proof.Why, "nobody says who approved it"))
		}
		first := shortest[w.ID]
		switch end := w.Expires.Add(day); {
		case use.held > 0 && !longest[w.ID].IsZero() && !longest[w.ID].After(u.now):
			note(&r.Expired, "the policy's maximum of %s has passed", first.days)
		case use.held > 0 && !first.end.IsZero() && first.end.Before(end) && first.end.Before(u.now.Add(soon)):
			note(&r.Expiring, "on %s, by the policy's maximum of %s", inWords(first.end.Add(-day)), first.days)
		case end.Before(u.now.Add(soon + day)):
			note(&r.Expiring, "on %s", inWords(w.Expires))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(u.absent)) {
		r.Unverified = append(r.Unverified, engine.WaiverNote{ID: id, Why: u.absent[id]})
	}
	for _, list := range []*[]engine.WaiverNote{&r.Expired, &r.Expiring, &r.Lapsed, &r.Unused, &r.Unverified} {
		slices.SortStableFunc(*list, func(a, b engine.WaiverNote) int { return strings.Compare(a.ID, b.ID) })
	}
	return r
}

func inWords(date time.Time) string { return date.Format("2 Jan 2006") }

func inScope(n int) string {
	switch n {
	case 0:
		return "no case is in its scope"
	case 1:
		return "1 case is in its scope and counts again"
	}
	return fmt.Sprintf("%d cases are in its scope and count again", n)
}

// An end is when the policy's maximum ends a waiver for a case.
type end struct {
	end  time.Time
	days string // "14 days for act"
}

// ends are, by waiver, the earliest end that the policy's maximum sets for any case, and the latest.
func (u *Use) ends(cases []engine.Case, most Maximum) (shortest map[string]end, longest map[string]time.Time) {
	shortest, longest = map[string]end{}, map[string]time.Time{}
	for i := range cases {
		d := &cases[i].Decision
		for _, w := range cases[i].Input.Context.Waivers {
			at, ours := u.byID[w.ID]
			if !ours {
				continue
			}
			days, bounded := most(d.Priority)
			last := u.list.Waivers[at].Expires
			if bounded {
				if by := u.list.Waivers[at].Created.Add(time.Duration(days) * day); by.Before(last) {
					last = by
				}
			}
			over := last.Add(day)
			if first, ok := shortest[w.ID]; !ok || over.Before(first.end) {
				shortest[w.ID] = end{over, fmt.Sprintf("%d days for %s", days, d.Priority)}
			}
			if over.After(longest[w.ID]) {
				longest[w.ID] = over
			}
		}
	}
	return shortest, longest
}
