// Package waiver knows the risks that people accepted: it reads them, finds the cases that they are about, judges who proved what, and
// drafts new ones. What a waiver does to a decision is the policy's matter (the pack waivers).
package waiver

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/headgate/headgate/engine"
)

// A List is the waivers of one file, in its order. The nil List has none.
type List struct {
	Waivers []Waiver
	name    string // of the file, as provenance and reports call it
}

// A Waiver is one entry of the file. Of what makes its scope at least one of Finding, Package and Path is set; a case is in its scope
// if all that are set fit.
type Waiver struct {
	ID        string
	Finding   string   // an id of the finding ("hg1-…"), or an exact name of its vulnerability ("CVE-…", "GHSA-…")
	Package   string   // glob over package URLs without version
	Versions  []string // with Package: fits if the target has no version but these; empty: all versions
	Path      string   // glob over paths; fits if all places of the finding are under it
	Asset     string   // id of the asset; empty: all
	Reason    string
	Ticket    string
	Requester string // who asks for it, as the file says; empty: who wrote it, as git says
	Approver  string // who approved it, as the file says; empty: whoever of the approvers did, as git says
	Created   time.Time
	Expires   time.Time // the last day on which it holds
	While     Guards

	Line, EndLine int // of the file
	ApproverLine  int // 0 if the entry has no approver
}

// Guards bind a waiver to facts: it holds while all that are set do. A guard on a fact that is not known does not hold.
type Guards struct {
	NotExploited    bool    // kev: false: a loaded catalogue does not list it
	EPSSBelow       float64 // 0: no guard
	ReachabilityNot []string
	ExposureNot     []string
	ValidationNot   []string
	SeverityAtMost  engine.Severity
}

const day = 24 * time.Hour

func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(day) }

// ended says whether a waiver is past its last day.
func (w *Waiver) ended(now time.Time) bool { return !now.Before(w.Expires.Add(day)) }

// begun says whether a waiver's first day has come.
func (w *Waiver) begun(now time.Time) bool { return !w.Created.After(now) }

// Target is what the waiver is for, in words: "CVE-2021-44906 in pkg:npm/minimist 1.2.5, under src/**, on shop".
func (w *Waiver) Target() string {
	target := cmp.Or(w.Finding, "all findings")
	if w.Package != "" {
		target += " in " + strings.Join(append([]string{w.Package}, w.Versions...), " ")
	}
	if w.Path != "" {
		target += ", under " + w.Path
	}
	if w.Asset != "" {
		target += ", on " + w.Asset
	}
	return target
}

// covers says whether a case is in the scope of the waiver.
func (w *Waiver) covers(in *engine.Input) bool {
	return (w.Finding == "" || w.names(&in.Finding)) &&
		(w.Package == "" || w.takes(in.Finding.Package)) &&
		(w.Path == "" || w.holdsAll(in.Finding.Locations)) &&
		(w.Asset == "" || w.Asset == in.Asset.ID)
}

func (w *Waiver) names(f *engine.Finding) bool {
	return w.Finding == f.ID || slices.Contains(f.IDs, w.Finding) ||
		f.Vulnerability != nil && (slices.Contains(f.Vulnerability.Names(), w.Finding) && exact(f.Vulnerability, w.Finding))
}

// exact says whether a name means the vulnerability and nothing else: one that covers several CVEs is not accepted by the name of one.
func exact(v *engine.Vulnerability, name string) bool { return len(v.CVEs) < 2 || name == v.ID }

// takes says whether the waiver is about a package, in all the versions in which it was found. Of what a distribution built from one
// source it is about the source, or about every package that is installed: one accepted package does not accept the others.
func (w *Waiver) takes(p *engine.Package) bool {
	fits := func(purl string) bool { return doublestar.MatchUnvalidated(w.Package, purl) }
	if p == nil || p.PURL == "" {
		return false
	}
	if !fits(p.PURL) && slices.ContainsFunc(p.Components(), func(purl string) bool { return !fits(purl) }) {
		return false
	}
	if len(w.Versions) == 0 {
		return true
	}
	for _, v := range p.Versions {
		if !slices.Contains(w.Versions, v) {
			return false
		}
	}
	return len(p.Versions) > 0
}

// holdsAll says whether all places are under the waiver's path. A finding without places, or with one that has no path, is not.
func (w *Waiver) holdsAll(places []engine.Location) bool {
	for _, l := range places {
		if l.Path == "" || !doublestar.MatchUnvalidated(w.Path, l.Path) {
			return false
		}
	}
	return len(places) > 0
}

// broken says which guard does not hold of a case, and why; empty if all do.
func (g *Guards) broken(in *engine.Input) string {
	known := in.Context
	if g.NotExploited {
		switch {
		case known.Intel == nil || known.Intel.KEV == nil:
			return "kev is not known"
		case known.Intel.KEV.Listed:
			return "it is known to be exploited (kev)"
		}
	}
	if g.EPSSBelow > 0 {
		switch {
		case known.Intel == nil || known.Intel.EPSS == nil:
			return "epss is not known"
		case known.Intel.EPSS.Probability >= g.EPSSBelow:
			return "epss is " + number(known.Intel.EPSS.Probability) + ", not below " + number(g.EPSSBelow)
		}
	}
	verdict, status := "", ""
	if known.Reachability != nil {
		verdict = known.Reachability.Verdict
	}
	if known.Validation != nil {
		status = known.Validation.Status
	}
	for _, not := range []struct {
		fact, value string
		values      []string
	}{{"reachability", verdict, g.ReachabilityNot}, {"exposure", in.Asset.Exposure, g.ExposureNot}, {"validation", status, g.ValidationNot}} {
		switch {
		case len(not.values) == 0:
		case not.value == "":
			return not.fact + " is not known"
		case slices.Contains(not.values, not.value):
			return not.fact + " is " + strings.ReplaceAll(not.value, "_", " ")
		}
	}
	if g.SeverityAtMost != "" {
		switch have := in.Finding.Severity; {
		case have.Rank() == 0:
			return "severity is not known"
		case have.Rank() > g.SeverityAtMost.Rank():
			return "severity is " + string(have) + ", more than " + string(g.SeverityAtMost)
		}
	}
	return ""
}
