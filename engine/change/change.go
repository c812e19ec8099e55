// Package change says what a change has to do with findings: whether it introduced them, whether they were there before, or whether
// they are newly known in what it did not touch; and what it fixed. It compares with a base, what scanners found before the change,
// and with a diff, what the change did to files; either is enough, both tell more.
//
// A wrong "existing" opens the gate. So what cannot be judged is not judged, and counts as introduced.
package change

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A Head is what was found after the change.
type Head struct {
	Raw        []engine.Discovery // as reports tell it
	Found      []engine.Discovery // correlated
	Reports    []engine.Report
	Repository string // that the diff is of; empty: not known

	was map[string][]string // the ids that a finding would have under the old names of its files, by id
	not map[string]bool     // findings that have an id of the base and are not that finding
	at  map[string]int      // findings known in the base by their place rather than an id: its number there
}

// A Verdict is what the change has to do with a finding, and the ground for it. Without a status it could not be judged, and the
// ground says why.
type Verdict struct {
	Status engine.Status
	Ground string
}

// Classify judges every finding of the head, by id. Base and diff may each be nil; with neither nothing is judged.
func Classify(head *Head, base *Base, diff *Diff) map[string]Verdict {
	out := make(map[string]Verdict, len(head.Found))
	if base == nil && diff == nil {
		return out
	}
	head.at, head.not = map[string]int{}, map[string]bool{}
	if base != nil {
		head.rename(diff)
	}
	for i := range head.Found {
		x := &head.Found[i]
		if base == nil {
			out[x.Finding.ID] = alone(x, diff, head.Repository)
		} else {
			out[x.Finding.ID] = head.against(x, base, diff)
		}
	}
	return out
}

// alone judges by the diff alone.
func alone(x *engine.Discovery, diff *Diff, repository string) Verdict {
	switch t, ground := diff.judge(x, repository); t {
	case untouched:
		return Verdict{engine.StatusExisting, ground}
	case touched:
		return Verdict{engine.StatusIntroduced, ground}
	default:
		return Verdict{"", "not to be judged by the diff, counts as introduced: " + ground}
	}
}

// against judges by the base, and what is not in it by the diff, if there is one.
func (h *Head) against(x *engine.Discovery, base *Base, diff *Diff) Verdict {
	f := &x.Finding
	in, not := "in "+base.what(), "not in "+base.what()
	if !base.knowsTool(f) {
		not = "no base report of " + strings.Join(toolsOf(f), ", ")
	}
	if at, ok := sameLine(x, base, diff); ok {
		h.at[f.ID] = at
		return Verdict{engine.StatusExisting, in}
	}
	if k := base.has(append([]string{f.ID}, f.IDs...)); k != nil {
		if !elsewhere(x, k, diff) {
			return h.sameWeakness(x, k, base, diff, in)
		}
		h.not[f.ID] = true
	} else if k := base.has(h.was[f.ID]); k != nil {
		if !elsewhere(x, k, diff) {
			return Verdict{engine.StatusExisting, in + " under " + oldPlace(k)}
		}
		h.not[f.ID] = true
	}
	if base.hadPackage(x, diff) {
		return Verdict{engine.StatusDisclosed, not + ", where " + named(f.Package) + " was already at the same place"}
	}
	if diff == nil {
		return Verdict{engine.StatusIntroduced, not}
	}
	t, ground := diff.judge(x, h.Repository)
	if t != untouched {
		return Verdict{engine.StatusIntroduced, not + "; " + ground}
	}
	if old := diff.renamed(f); old != "" && base.knowsTool(f) { // as a test's file that becomes one of the product, where scanners look
		return Verdict{engine.StatusIntroduced, not + " under the old name either, " + old}
	}
	// What a scanner says of one line can come from another line of the file, as a check that was removed.
	if by := base.sameScanner(f); by != "" && f.Package == nil && f.Kind != engine.KindSecret && diff.touchesFileOf(f) {
		return Verdict{engine.StatusIntroduced, not + ", where " + by + " looked too, and the change touches other lines of the file"}
	}
	return Verdict{engine.StatusDisclosed, not + ", and " + ground}
}

// sameWeakness judges a finding that the base has too. One of a package is one finding wherever the package is taken in a repository: if
// it is now told of a lockfile or manifest of another folder too, the change brought it there.
func (h *Head) sameWeakness(x *engine.Discovery, k *known, base *Base, diff *Diff, in string) Verdict {
	f := &x.Finding
	existing := Verdict{engine.StatusExisting, in}
	if f.Vulnerability == nil || len(k.finding.Locations) == 0 || !base.knowsTools(f) {
		return existing // another scanner may name other files of the same
	}
	was := map[string]bool{}
	for _, l := range k.finding.Locations {
		was[path.Dir(cleanPath(l.Path))] = true
	}
	for _, l := range f.Locations {
		name := cleanPath(l.Path)
		if l.Path == "" || manifestOf(name) == nil || was[path.Dir(name)] || was[path.Dir(diff.OldName(name))] {
			continue
		}
		ground := in + ", but not for " + l.Path
		if diff != nil {
			there := *x
			there.Finding.Locations = []engine.Location{l}
			t, why := diff.judge(&there, h.Repository)
			if t == untouched {
				continue
			}
			ground += "; " + why
		}
		return Verdict{engine.StatusIntroduced, ground}
	}
	return existing
}

// renamed is the old name of a file of the finding that the change renamed; empty if it renamed none.
func (d *Diff) renamed(f *engine.Finding) string {
	for _, l := range f.Locations {
		for _, t := range d.find(cleanPath(l.Path)) {
			if t.renamed {
				return t.old
			}
		}
	}
	return ""
}

// rename works out the ids that findings in renamed files would have under the old names.
func (h *Head) rename(diff *Diff) {
	h.was = map[string][]string{}
	if diff == nil {
		return
	}
	var now, before []engine.Discovery
	for _, x := range h.Raw {
		if x.Finding.Package != nil || len(x.Finding.Locations) == 0 {
			continue
		}
		l := x.Finding.Locations[0]
		old := diff.OldName(cleanPath(l.Path))
		if old == cleanPath(l.Path) {
			continue
		}
		now = append(now, x)
		l.Path = old
		x.Finding.Locations = append([]engine.Location{l}, x.Finding.Locations[1:]...)
		before = append(before, x)
	}
	ids, olds := engine.IDs(now), engine.IDs(before)
	canonical := map[string]string{} // of the findings of the head, by any id
	for i := range h.Found {
		for _, id := range h.Found[i].Finding.IDs {
			canonical[id] = h.Found[i].Finding.ID
		}
	}
	for i := range ids {
		for _, id := range ids[i] {
			if c, ok := canonical[id]; ok {
				h.was[c] = append(h.was[c], olds[i]...)
				break
			}
		}
	}
}

// idsOf are all ids by which a finding can have been known in the base.
func (h *Head) idsOf(x *engine.Discovery) []string {
	return append(append([]string{x.Finding.ID}, x.Finding.IDs...), h.was[x.Finding.ID]...)
}

// numbered says whether a finding is told from others of its rule only by being the first, second … in the file, since the report has
// nothing of what the line reads.
func numbered(x *engine.Discovery) bool {
	f := &x.Finding
	return x.Content == "" && f.Vulnerability == nil && f.Package == nil && len(f.Locations) == 1 && f.Locations[0].Line > 0
}

// elsewhere says whether a numbered finding is on a line that the change added, while that of the base with the same number is not
// among the lines that it replaced: then the number is the same and the finding is not.
func elsewhere(x *engine.Discovery, k *known, diff *Diff) bool {
	if diff == nil || !numbered(x) {
		return false
	}
	l := x.Finding.Locations[0]
	f := diff.files[cleanPath(l.Path)]
	if f == nil || f.opaque != "" {
		return false
	}
	r := f.in(l.Line, l.Line)
	return r != nil && !slices.ContainsFunc(k.finding.Locations, func(was engine.Location) bool {
		return was.Line >= r.old && was.Line < r.old+r.gone
	})
}

// sameLine finds the finding of the base that a numbered one is, by following its line back through the diff.
func sameLine(x *engine.Discovery, base *Base, diff *Diff) (int, bool) {
	if diff == nil || !numbered(x) {
		return 0, false
	}
	l := x.Finding.Locations[0]
	name, line := cleanPath(l.Path), l.Line
	if f := diff.files[name]; f != nil {
		at, ok := f.before(line)
		if !ok {
			return 0, false
		}
		name, line = diff.OldName(name), at
	}
	there := base.byPlace[placeOf(&x.Finding, l, name, line)]
	if len(there) == 0 {
		return 0, false
	}
	if at, ok := base.byID[x.Finding.ID]; ok && slices.Contains(there, at) { // several of one rule at one line
		return at, true
	}
	return there[0], true
}

// touchesFileOf says whether the change touches any file that a finding is in.
func (d *Diff) touchesFileOf(f *engine.Finding) bool {
	for _, l := range f.Locations {
		for _, t := range d.find(cleanPath(l.Path)) {
			if len(t.runs) > 0 || t.opaque != "" {
				return true
			}
		}
	}
	return false
}

func oldPlace(k *known) string {
	for _, l := range k.finding.Locations {
		if l.Path != "" {
			return l.Path
		}
	}
	return "another name"
}

func named(p *engine.Package) string {
	return strings.TrimSpace(p.Name + " " + strings.Join(p.Versions, ", "))
}

func toolsOf(f *engine.Finding) []string {
	var out []string
	for _, s := range f.Sources {
		if s.Tool != "" {
			out = append(out, s.Tool)
		}
	}
	return out
}

func decimal(n int) string { return strconv.Itoa(n) }

// FixedByScanner are the findings that scanners know from their own baselines and found no more, and that nobody else found, in the
// order of their ids. What an unfinished scan does not find is not fixed.
func FixedByScanner(gone []engine.Discovery, head *Head) []engine.Finding {
	complete := map[string]bool{}
	for _, r := range head.Reports {
		complete[r.Digest] = r.Complete
	}
	there := map[string]bool{}
	for i := range head.Found {
		for _, id := range head.idsOf(&head.Found[i]) {
			there[id] = true
		}
	}
	var out []engine.Finding
	for _, x := range engine.Correlate(gone) {
		ok := true
		for _, id := range x.Finding.IDs {
			ok = ok && !there[id]
		}
		for _, s := range x.Finding.Sources {
			ok = ok && complete[s.Report]
		}
		if ok {
			out = append(out, x.Finding)
		}
	}
	return out
}
