package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/versions"
)

// A ladder is the versions of one package in the order of their ecosystem. What is no version that can be ordered is not on it.
type ladder struct {
	names []string       // by rung
	parts [][]string     // of the names, by rung: what tells release branches apart
	rung  map[string]int // by name; equal versions share one
}

// newLadder orders versions. It is nil if the ecosystem's order is not known, or does not hold for them.
func newLadder(ecosystem string, names []string) *ladder {
	if _, err := versions.Parse(ecosystem, "1"); err != nil {
		return nil
	}
	type named struct {
		name    string
		version versions.Version
	}
	var all []named
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		if v, err := versions.Parse(ecosystem, n); err == nil {
			all = append(all, named{n, v})
		}
	}
	failed := false
	order := func(a, b named) int {
		n, err := a.version.Compare(b.version)
		failed = failed || err != nil
		return n
	}
	slices.SortStableFunc(all, order)
	l := &ladder{rung: make(map[string]int, len(all))}
	for i, v := range all {
		if i == 0 || order(all[i-1], v) != 0 {
			l.names, l.parts = append(l.names, v.name), append(l.parts, branch(v.name))
		}
		l.rung[v.name] = len(l.names) - 1
	}
	if failed {
		return nil
	}
	return l
}

// branch divides a version into what counts when release branches are compared: 5.2.20 is nearer to 5.2.1 than to 5.3.
func branch(version string) []string {
	return strings.FieldsFunc(strings.TrimPrefix(version, "v"), func(r rune) bool { return strings.ContainsRune(".-+_:~!^", r) })
}

// on are the rungs of those versions that are on the ladder, each once, lowest first, and whether all are.
func (l *ladder) on(names []string) (rungs []int, all bool) {
	all = true
	for _, v := range names {
		r, ok := l.rung[v]
		if all = all && ok; ok {
			rungs = append(rungs, r)
		}
	}
	slices.Sort(rungs)
	return slices.Compact(rungs), all
}

// clears says whether a version has what fixed versions, one per release branch, brought: all of them are at or below it, or the nearest
// below is of its own branch, nearer than the next one above is.
func (l *ladder) clears(at int, fixed []int) bool {
	i, same := slices.BinarySearch(fixed, at)
	switch {
	case same:
		return true
	case i == 0:
		return false
	case i == len(fixed):
		return true
	}
	return l.alike(at, fixed[i-1]) > l.alike(at, fixed[i])
}

// alike is how many parts two versions begin with in common.
func (l *ladder) alike(a, b int) (n int) {
	x, y := l.parts[a], l.parts[b]
	for n < len(x) && n < len(y) && x[n] == y[n] {
		n++
	}
	return n
}

// An affected is one finding in a package, in terms of the ladder.
type affected struct {
	*engine.Finding
	have    []int  // installed versions
	unknown bool   // there are installed versions of which nothing can be said
	fixed   []int  // versions that fix it
	why     string // no fix is known; empty: there is one
}

// above are the versions above an installed one that fix the finding: those below evidently do not.
func (a *affected) above(installed int) []int {
	i, _ := slices.BinarySearch(a.fixed, installed+1)
	return a.fixed[i:]
}

// affect places a finding on a ladder; nil is none.
func (l *ladder) affect(f *engine.Finding) affected {
	a, p := affected{Finding: f}, f.Package
	if len(p.Fixed) == 0 {
		a.why = noneKnown
		return a
	}
	if l == nil {
		if !slices.ContainsFunc(p.Fixed, func(v string) bool { return isVersion(v) && !slices.Contains(p.Versions, v) }) {
			a.why = noneAbove
		}
		return a
	}
	var all bool
	a.have, all = l.on(p.Versions)
	a.unknown = !all || len(p.Versions) == 0
	if a.fixed, _ = l.on(p.Fixed); len(a.fixed) == 0 {
		a.why = noVersion
	} else if n := len(a.have); n > 0 && a.have[n-1] >= a.fixed[len(a.fixed)-1] {
		a.why = noneAbove
	}
	return a
}

// Why there is no fix.
const (
	noneKnown = "no fixed version is known"
	noneAbove = "no fixed version above what is installed is known"
	noVersion = "what is named as its fix is no version"
	noPackage = "it is in no package that could be upgraded"
)

// longestVersion bounds what counts as a version.
const longestVersion = 256

// isVersion says whether a text can be a version: others ("see advisory") stand where scanners put versions.
func isVersion(s string) bool {
	return len(s) <= longestVersion && strings.ContainsAny(s, "0123456789") && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f })
}

// An upgrade is the least that clears all findings in one package that can be cleared.
type upgrade struct {
	ladder *ladder
	to     int         // rung; -1 is none
	moves  map[int]int // by installed rung
	fixed  []string    // without a ladder: what fixes any of them
}

// upgradeOf finds the upgrade for findings that have a fix.
func upgradeOf(l *ladder, findings []affected) upgrade {
	u := upgrade{ladder: l, to: -1, moves: map[int]int{}}
	if l == nil {
		for _, f := range findings {
			for _, v := range f.Package.Fixed {
				if isVersion(v) && !slices.Contains(f.Package.Versions, v) {
					u.fixed = append(u.fixed, v)
				}
			}
		}
		slices.Sort(u.fixed)
		u.fixed = slices.Compact(u.fixed)
		return u
	}
	by := map[int][][]int{} // installed rung → the fixes of each finding there
	for _, f := range findings {
		for _, v := range f.have {
			by[v] = append(by[v], f.above(v))
		}
		if f.unknown { // of whatever branch it is, the highest has the fix
			u.to = max(u.to, f.fixed[len(f.fixed)-1])
		}
	}
	for v, fixes := range by {
		u.moves[v] = l.least(fixes)
		u.to = max(u.to, u.moves[v])
	}
	return u
}

// least is the lowest of the versions that fix some findings, all above what is installed, that clears every one. There is one: the
// highest does.
func (l *ladder) least(fixes [][]int) int {
	var candidates []int
	from := 0
	for _, f := range fixes {
		candidates, from = append(candidates, f...), max(from, f[0])
	}
	slices.Sort(candidates)
	candidates = slices.Compact(candidates)
	i, _ := slices.BinarySearch(candidates, from)
	for _, at := range candidates[i : len(candidates)-1] {
		failing := slices.IndexFunc(fixes, func(f []int) bool { return !l.clears(at, f) })
		if failing < 0 {
			return at
		}
		fixes[0], fixes[failing] = fixes[failing], fixes[0] // what stood in the way once mostly does so again
	}
	return candidates[len(candidates)-1]
}

// clears says whether the upgrade clears a finding, also one that it was not made for.
func (u *upgrade) clears(f affected) bool {
	if f.why != "" {
		return false
	}
	if u.ladder == nil {
		return len(u.fixed) == 1 && slices.Contains(f.Package.Fixed, u.fixed[0])
	}
	if f.unknown && u.to < f.fixed[len(f.fixed)-1] {
		return false
	}
	for _, v := range f.have {
		to, ok := u.moves[v]
		if !ok {
			to = u.to
		}
		if to <= v || !u.ladder.clears(to, f.above(v)) {
			return false
		}
	}
	return true
}

// describe fills in the versions of a fix.
func (u *upgrade) describe(f *engine.Fix) {
	if u.ladder == nil {
		if len(u.fixed) == 1 {
			f.To = u.fixed[0]
		} else {
			f.Fixed = u.fixed[:min(len(u.fixed), mostListed)]
		}
		return
	}
	if u.to < 0 {
		return
	}
	f.To = u.ladder.names[u.to]
	have := make([]int, 0, len(u.moves))
	several := false
	for v, to := range u.moves {
		have, several = append(have, v), several || to != u.to
	}
	slices.Sort(have)
	for _, v := range have {
		from, to := u.ladder.names[v], u.ladder.names[u.moves[v]]
		if several {
			f.Moves = append(f.Moves, engine.Move{From: from, To: to})
		}
		f.Effort = harder(f.Effort, jump(from, to))
	}
}

// jump is how far an upgrade goes; empty if the versions do not begin with numbers.
func jump(from, to string) engine.Effort {
	x, y := numbers(from), numbers(to)
	if x == nil || y == nil {
		return ""
	}
	for i, e := range []engine.Effort{engine.EffortMajor, engine.EffortMinor} {
		if at(x, i) != at(y, i) {
			return e
		}
	}
	return engine.EffortPatch
}

// numbers are the first parts of a version as long as they are numbers, without zeros in front. An epoch is left out where it is the
// same, as it is in the upgrades of one package.
func numbers(version string) (out []string) {
	if _, after, ok := strings.Cut(version, ":"); ok {
		version = after
	}
	version = strings.TrimPrefix(strings.TrimPrefix(version, "go"), "v")
	for part := range strings.FieldsFuncSeq(version, func(r rune) bool { return r == '.' || r == '-' || r == '+' }) {
		digits := part
		if end := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
			digits = part[:end]
		}
		if digits == "" {
			break
		}
		out = append(out, cmp.Or(strings.TrimLeft(digits, "0"), "0"))
		if digits != part {
			break
		}
	}
	return out
}

func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return "0"
}

// harder is the greater of two jumps.
func harder(a, b engine.Effort) engine.Effort {
	if slices.Index(engine.Efforts, a) > slices.Index(engine.Efforts, b) {
		return a
	}
	return b
}
