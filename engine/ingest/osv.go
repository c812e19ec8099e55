package ingest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/versions"
)

// An osvEntry is what is read of a vulnerability in the OSV format (https://ossf.github.io/osv-schema/), which OSV-Scanner and
// govulncheck embed.
type osvEntry struct {
	ID       word              `json:"id"`
	Aliases  words             `json:"aliases"`
	Upstream words             `json:"upstream"` // of distributions' records: the vulnerabilities that they are about
	Summary  text              `json:"summary"`
	Details  text              `json:"details"`
	Severity osvSeverities     `json:"severity"`
	Affected list[osvAffected] `json:"affected"`
	Database loose[osvNotes]   `json:"database_specific"`
}

// osvNotes are what databases add: GitHub the severity as a word, and weaknesses.
type osvNotes struct {
	Severity text  `json:"severity"`
	CWEs     texts `json:"cwe_ids"`
}

type osvAffected struct {
	Package loose[struct {
		Name word `json:"name"`
	}] `json:"package"`
	Ranges   list[osvRange] `json:"ranges"`
	Severity osvSeverities  `json:"severity"`
}

type osvRange struct {
	Type   text           `json:"type"` // SEMVER, ECOSYSTEM or GIT
	Repo   word           `json:"repo"`
	Events list[osvEvent] `json:"events"`
}

type osvEvent struct {
	Introduced word `json:"introduced"`
	Fixed      word `json:"fixed"`
}

// titleOf is one line about a vulnerability by the entries for it: a summary, as not all databases have one, else details.
func titleOf(entries []*osvEntry) string {
	for _, e := range entries {
		if e.Summary != "" {
			return clip(string(e.Summary))
		}
	}
	for _, e := range entries {
		if e.Details != "" {
			return clip(string(e.Details))
		}
	}
	return ""
}

// severity is what the database says in a word; some edit a word into the place of the vectors.
func (e *osvEntry) severity() engine.Severity {
	s := severityOf(string(e.Database.is.Severity))
	for _, v := range e.Severity {
		if s == "" {
			s = severityOf(string(v.Score))
		}
	}
	return s
}

// assessments are the vectors of the entry and of what it says of the package, from the database that the id names, e.g. "ghsa".
func (e *osvEntry) assessments(name string) []engine.CVSS {
	source, _, _ := strings.Cut(strings.ToLower(string(e.ID)), "-")
	lists := []osvSeverities{e.Severity}
	for _, a := range e.affected(name) {
		lists = append(lists, a.Severity)
	}
	var all []engine.CVSS
	for _, l := range lists {
		for _, v := range l {
			c, ok := cvssOf(string(v.Score), 0, source)
			all = addCVSS(all, c, ok)
		}
	}
	return all
}

// affected are the parts about the package of that name.
func (e *osvEntry) affected(name string) []osvAffected {
	same := func(a osvAffected) bool {
		is := pypiSeparators.ReplaceAllString(string(a.Package.is.Name), "-")
		return name != "" && strings.EqualFold(is, pypiSeparators.ReplaceAllString(name, "-"))
	}
	var of []osvAffected
	for _, a := range e.Affected {
		if same(a) {
			of = append(of, a)
		}
	}
	return of
}

// spans are the version ranges of the package of that name that are vulnerable; commits are no versions.
func (e *osvEntry) spans(name string) []osvSpan {
	var all []osvSpan
	for _, a := range e.affected(name) {
		for _, r := range a.Ranges {
			if r.Type == "GIT" {
				continue
			}
			open := ""
			for _, ev := range r.Events {
				if ev.Introduced != "" {
					open = string(ev.Introduced)
				}
				if ev.Fixed != "" {
					all = append(all, osvSpan{open, string(ev.Fixed)})
				}
			}
		}
	}
	return all
}

// An osvSpan is a range of vulnerable versions, from the first to the one that fixes it.
type osvSpan struct{ introduced, fixed string }

// fixesOf are the versions that fix all of the entries for the package of that name in an ecosystem: those of one entry may be vulnerable by another,
// where an entry covers more or was corrected later.
func fixesOf(ecosystem, name string, entries []*osvEntry) []string {
	spans := map[osvSpan]bool{}
	for _, e := range entries {
		for _, span := range e.spans(name) {
			spans[span] = true
		}
	}
	ordered, fixes := inOrder(ecosystem, spans)
	// A version is vulnerable if it is before the end of any range that begins before it: of those, the last end is enough to know.
	byFix := slices.SortedFunc(slices.Values(ordered), func(a, b osvSpan) int { return ordering(ecosystem, a.fixed, b.fixed) })
	last, begun := "", 0
	for _, s := range byFix {
		for ; begun < len(ordered) && (ordered[begun].open() || ordering(ecosystem, ordered[begun].introduced, s.fixed) <= 0); begun++ {
			if last == "" || ordering(ecosystem, ordered[begun].fixed, last) > 0 {
				last = ordered[begun].fixed
			}
		}
		if last == "" || ordering(ecosystem, s.fixed, last) >= 0 {
			fixes = append(fixes, s.fixed)
		}
	}
	slices.Sort(fixes)
	return slices.Compact(fixes)
}

// inOrder are the ranges by where they begin, and beside them the fixes of those whose order cannot be told: they are vulnerable by no
// other range, nor is any other version by theirs.
func inOrder(ecosystem string, spans map[osvSpan]bool) (ordered []osvSpan, apart []string) {
	known := func(v string) bool { _, err := versions.Compare(ecosystem, v, v); return err == nil }
	for s := range spans {
		if known(s.fixed) && (s.open() || known(s.introduced)) {
			ordered = append(ordered, s)
		} else {
			apart = append(apart, s.fixed)
		}
	}
	slices.SortFunc(ordered, func(a, b osvSpan) int {
		if a.open() != b.open() {
			if a.open() {
				return -1
			}
			return 1
		}
		if a.open() {
			return strings.Compare(a.fixed, b.fixed)
		}
		return cmp.Or(ordering(ecosystem, a.introduced, b.introduced), strings.Compare(a.fixed, b.fixed))
	})
	return ordered, apart
}

// open says whether the range has no beginning.
func (s osvSpan) open() bool { return s.introduced == "" || s.introduced == "0" }

// ordering orders versions that can be ordered.
func ordering(ecosystem, a, b string) int {
	order, err := versions.Compare(ecosystem, a, b)
	if err != nil {
		return strings.Compare(a, b)
	}
	return order
}
