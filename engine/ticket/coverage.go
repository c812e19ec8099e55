package ticket

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/report"
)

// A look is what a tool says that it looked at. Names of tools are compared whatever their case; an empty target is one that the
// report does not name.
type look struct{ tool, target string }

// looks are what the reports of a run looked at.
type looks struct {
	whole   map[look]int           // complete reports
	found   map[look]int           // complete reports, and those that an earlier scan found it by
	part    map[look]bool          // some report of it did not finish
	reports map[string][]lookNamed // by digest of the report
}

type lookNamed struct {
	look
	tool string // as it is written
}

func looksOf(r *engine.Result) looks {
	l := looks{map[look]int{}, map[look]int{}, map[look]bool{}, map[string][]lookNamed{}}
	for i := range r.Reports {
		for _, k := range l.name(&r.Reports[i]) {
			if r.Reports[i].Complete {
				l.whole[k]++
			} else {
				l.part[k] = true
			}
		}
	}
	for i := range r.Scanned { // nothing was looked for now: they say what found something, and never that it is gone
		l.name(&r.Scanned[i])
	}
	return l
}

// name notes what a report looked at.
func (l looks) name(rep *engine.Report) (all []look) {
	targets := rep.Targets
	if len(targets) == 0 {
		targets = []string{""}
	}
	for _, target := range targets {
		k := look{strings.ToLower(rep.Tool), target}
		l.reports[rep.Digest] = append(l.reports[rep.Digest], lookNamed{k, rep.Tool})
		if all = append(all, k); rep.Complete {
			l.found[k]++
		}
	}
	return all
}

// covers are what found a finding: each tool on each target of its report, and only on the finding's own image where the report looked
// at several things, that image among them.
func (l looks) covers(f *engine.Finding) []Cover {
	var out []Cover
	for _, s := range f.Sources {
		of := l.reports[s.Report]
		if own := slices.IndexFunc(of, func(k lookNamed) bool { return inImage(f, k.target) }); own >= 0 {
			of = of[own : own+1]
		}
		for _, k := range of {
			if c := (Cover{k.tool, k.target, l.found[k.look]}); !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// inImage says whether a target is an image that the finding is in.
func inImage(f *engine.Finding, target string) bool {
	name, ok := strings.CutPrefix(target, string(engine.TargetImage)+" ")
	return ok && slices.ContainsFunc(f.Locations, func(at engine.Location) bool {
		rest, ok := strings.CutPrefix(at.Image, name)
		return ok && (rest == "" || rest[0] == ':' || rest[0] == '@')
	})
}

// missing says why the reports of this run do not tell that what was found under some covers is gone; empty: they do.
func (l looks) missing(covers []Cover) string {
	if len(covers) == 0 {
		return "it is not noted what found it"
	}
	for _, c := range covers {
		k := look{strings.ToLower(c.Tool), c.Target}
		switch n := l.whole[k]; {
		case l.part[k]:
			return "the scan by " + c.words() + " did not finish"
		case n == 0:
			return "there is no complete report by " + c.words()
		case n < c.Reports:
			return fmt.Sprintf("complete reports by %s: %d now, %d when it was found", c.words(), n, c.Reports)
		}
	}
	return ""
}

// words name what found something: "trivy on image ghcr.io/acme/shop".
func (c *Cover) words() string {
	w := cutEnd(report.Line(c.Tool), longestName)
	if w == "" {
		w = "a tool without a name"
	}
	if on := cutMiddle(report.Line(c.Target), longestName); on != "" {
		w += " on " + on
	}
	return w
}

// coverWords name what found something, the first few of many.
func coverWords(covers []Cover) string {
	said := map[string]bool{}
	for _, c := range covers {
		said[c.words()] = true
	}
	all := slices.Sorted(maps.Keys(said))
	if more := len(all) - 3; more > 0 {
		all = append(all[:3], fmt.Sprintf("%d more", more))
	}
	return strings.Join(all, ", ")
}
