package report

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A note is one plain line on how far the result can be trusted.
type note struct {
	label string // incomplete, note, missing, stale, weakened, proposed, waivers, not known
	text  string
}

// takeNotes finds what weakens the result, what weakens the most first: reports that are incomplete or did not come, what the user
// switched off, waivers that need someone, and facts that nobody knows.
func (v *view) takeNotes() []note {
	var out []note
	for _, rep := range v.r.Reports {
		if rep.Complete {
			continue
		}
		s := rep.Name
		if rep.Incomplete != "" {
			s += ": " + sentence(rep.Incomplete)
		}
		if rep.Allowed {
			s += " (allowed by name)"
		}
		out = append(out, note{"incomplete", s})
	}
	for _, rep := range v.r.Reports {
		if rep.Note != "" {
			out = append(out, note{"note", rep.Name + ": " + sentence(rep.Note)})
		}
	}
	for _, e := range v.r.Expected {
		if e.Status != "met" {
			out = append(out, note{e.Status, expectation(e)})
		}
	}
	if len(v.r.Weakened) > 0 {
		out = append(out, note{"weakened", strings.Join(v.r.Weakened, ", ")})
	}
	if p := v.r.Proposed; p != nil {
		said := proposal(p)
		said[0] = strings.Join(proposedFiles(p, brief), ", ") + ": " + said[0]
		for _, s := range said {
			out = append(out, note{"proposed", s})
		}
	}
	if s := waiverNotes(v.r.Waivers, v.r.Proposed); s != "" {
		out = append(out, note{"waivers", s})
	}
	if s := v.unknown(); s != "" {
		out = append(out, note{"not known", s})
	}
	return out
}

// mostWaivers is how many waivers of each list are named.
const mostWaivers = 3

// waiverNotes names the waivers that need someone, and why; what has ended comes first. Of those that the change proposes the proposal
// tells.
func waiverNotes(w *engine.WaiverReport, p *engine.Proposal) string {
	if w == nil {
		return ""
	}
	told := func(n engine.WaiverNote) bool {
		return p != nil && n.At == "" && slices.ContainsFunc(p.Waivers, func(w engine.ProposedWaiver) bool { return w.ID == n.ID })
	}
	var parts []string
	for _, list := range []struct {
		what  string
		notes []engine.WaiverNote
	}{{"expired", w.Expired}, {"lapsed", w.Lapsed}, {"expiring", w.Expiring}, {"unverified", w.Unverified}, {"unused", w.Unused}} {
		var names []string
		for _, n := range list.notes {
			if told(n) {
				continue
			}
			names = append(names, bracketed(n.ID, sentence(n.Why)))
		}
		if len(names) > 0 {
			parts = append(parts, list.what+" "+some(names, mostWaivers))
		}
	}
	return strings.Join(parts, "; ")
}

// expectation words an expected report that is not there as it should be.
func expectation(e engine.Expected) string {
	s := "report"
	if e.Tool != "" {
		s = e.Tool + " report"
	}
	if at := cmp.Or(e.Asset, e.Path); at != "" {
		s += " for " + at
	}
	if e.Report != "" {
		s += ": " + e.Report
	}
	if e.Status == "stale" && e.MaxAge != "" {
		s += " is older than " + e.MaxAge
	}
	return s
}

// unknown says once which facts apply to the cases that concern the reader and are absent, or were assumed, and which feeds were
// not loaded. A feed that was not loaded explains its facts, which are then not listed again.
func (v *view) unknown() string {
	feeds := v.missingFeeds()
	count := map[string]int{}
	assumed := map[string]string{}
	for _, c := range v.urgent {
		for _, f := range facts {
			value, isAssumed := assumption(&c.Decision, f.path)
			if !f.matters || !f.applies(c) || f.feed != "" && slices.Contains(feeds, f.feed) {
				continue
			}
			if isAssumed {
				assumed[f.path] = value
			}
			if isAssumed || f.value(&c.Input) == "" {
				count[f.path]++
			}
		}
	}
	var parts []string
	for _, f := range facts {
		n := count[f.path]
		if n == 0 {
			continue
		}
		var detail []string
		if n < len(v.urgent) {
			detail = append(detail, strconv.Itoa(n)+" of "+strconv.Itoa(len(v.urgent)))
		}
		if f.feed != "" {
			detail = append(detail, "not in what is loaded")
		}
		if as, ok := assumed[f.path]; ok {
			detail = append(detail, "taken as "+as)
		}
		parts = append(parts, bracketed(f.label, strings.Join(detail, ", ")))
	}
	if len(feeds) > 0 && hasVulnerability(v.r.Cases) {
		parts = append(parts, and(feeds)+" (not loaded: headgate intel update)")
	}
	if s := v.pathsUnknown(); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(parts, ", ")
}

// pathsUnknown says over which assets attack paths are not known, and why. Empty: they are, or nobody asked.
func (v *view) pathsUnknown() string {
	if v.r.Graph == nil || len(v.r.Graph.Uncovered) == 0 {
		return ""
	}
	return "attack paths over " + some(v.r.Graph.Uncovered, 5) + " (no complete report of this run looked there)"
}

// missingFeeds names the threat data that was not loaded.
func (v *view) missingFeeds() []string {
	var out []string
	loaded := map[string]*engine.FeedInfo{"KEV": v.r.Intel.KEV, "EPSS": v.r.Intel.EPSS, "SSVC": v.r.Intel.SSVC}
	for _, name := range slices.Sorted(maps.Keys(loaded)) {
		if loaded[name] == nil {
			out = append(out, name)
		}
	}
	return out
}

func hasVulnerability(cases []engine.Case) bool {
	return slices.ContainsFunc(cases, func(c engine.Case) bool { return c.Input.Finding.Kind == engine.KindVulnerability })
}

// assumption is what the engine put in for a fact that is not known, or for a part of it: "context.reachability.verdict=potential" of
// context.reachability.
func assumption(d *engine.Decision, path string) (value string, ok bool) {
	for _, a := range d.Assumed {
		if rest, found := strings.CutPrefix(a, path); found && rest != "" && (rest[0] == '=' || rest[0] == '.') {
			_, value, ok = strings.Cut(rest, "=")
			return value, ok
		}
	}
	return "", false
}
