package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/headgate/headgate/engine"
)

// A fact is one thing that can be known about a case, as people read it.
type fact struct {
	path  string // in the input; provenance stands under it or under a part of it
	label string
	kinds []engine.Kind // that it can apply to; nil: all. The input schema says the same (x-fact)
	feed  string        // the threat data that it comes from

	// matters marks facts whose absence is worth a word: those that the input schema calls facts.
	matters bool
	value   func(*engine.Input) string // empty if it is not known
}

var components = []engine.Kind{engine.KindVulnerability}

// facts are all facts that are shown, in the order of explain.
var facts = []fact{
	{path: "asset.criticality", label: "criticality", matters: true, value: func(in *engine.Input) string { return in.Asset.Criticality }},
	{path: "asset.exposure", label: "exposure", matters: true, value: func(in *engine.Input) string { return in.Asset.Exposure }},
	{path: "asset.environment", label: "environment", matters: true, value: func(in *engine.Input) string { return in.Asset.Environment }},
	{path: "asset.data", label: "data", matters: true, value: func(in *engine.Input) string { return strings.Join(in.Asset.Data, ", ") }},
	{path: "asset.owner", label: "owner", value: func(in *engine.Input) string { return in.Asset.Owner }},
	{path: "asset.mission", label: "mission", value: func(in *engine.Input) string { return in.Asset.Mission }},
	{path: "asset.well_being", label: "well-being", value: func(in *engine.Input) string { return in.Asset.WellBeing }},
	{path: "asset.safety", label: "safety", value: func(in *engine.Input) string { return in.Asset.Safety }},
	{path: "context.change.status", label: "status", value: changeValue},
	{path: "context.intel.kev", label: "KEV", kinds: components, feed: "KEV", matters: true, value: kevValue},
	{path: "context.intel.epss", label: "EPSS", kinds: components, feed: "EPSS", matters: true, value: epssValue},
	{path: "context.intel.ssvc", label: "SSVC", kinds: components, feed: "SSVC", matters: true, value: ssvcValue},
	{path: "context.intel.exploited.euvd", label: "EUVD", kinds: components, feed: "EUVD", value: euvdValue},
	{path: "context.intel.exploited.vulncheck", label: "VulnCheck KEV", kinds: components, feed: "VulnCheck KEV", value: vulncheckValue},
	{path: "context.vex", label: "VEX", kinds: components, value: vexValue},
	{path: "context.reachability", label: "reachability", kinds: components, matters: true, value: reachabilityValue},
	{path: "context.runtime", label: "run time", kinds: components, value: runtimeValue},
	{path: "context.validation", label: "validation", value: validationValue},
	{path: "context.paths", label: "attack paths", value: pathsValue},
	{path: "context.history", label: "history", value: historyValue},
	{path: "context.waivers", label: "waivers", value: waiversValue},
}

// applies says whether the fact can apply to the case: whether its absence means that nobody knows.
func (f fact) applies(c *engine.Case) bool {
	return f.kinds == nil || slices.Contains(f.kinds, c.Input.Finding.Kind)
}

// parts are those parts of a finding that only some kinds have. What a rule asks of them cannot be known of any other.
var parts = map[string][]engine.Kind{
	"finding.vulnerability": components,
	"finding.package":       {engine.KindVulnerability, engine.KindLicense},
	"finding.secret":        {engine.KindSecret},
	"finding.license":       {engine.KindLicense},
}

// canApply says whether what stands at a path of the input can be known of a kind of finding.
func canApply(path string, kind engine.Kind) bool {
	under := func(parent string) bool { return path == parent || strings.HasPrefix(path, parent+".") }
	for _, f := range facts {
		if under(f.path) {
			return f.kinds == nil || slices.Contains(f.kinds, kind)
		}
	}
	for parent, kinds := range parts {
		if under(parent) {
			return slices.Contains(kinds, kind)
		}
	}
	return true
}

// factLabel is how people call the fact at a path of the input. What is no known fact is called by the end of its path.
func factLabel(path string) string {
	for _, f := range facts {
		if path == f.path || strings.HasPrefix(path, f.path+".") {
			return f.label
		}
	}
	return strings.ReplaceAll(path[strings.LastIndexByte(path, '.')+1:], "_", " ")
}

// feed is the threat data that the fact at a path comes from; empty if it comes from none.
func feed(path string) string {
	for _, f := range facts {
		if path == f.path || strings.HasPrefix(path, f.path+".") {
			return f.feed
		}
	}
	return ""
}

func changeValue(in *engine.Input) string {
	if in.Context.Change == nil {
		return ""
	}
	return string(in.Context.Change.Status)
}

func kevValue(in *engine.Input) string {
	if in.Context.Intel == nil || in.Context.Intel.KEV == nil {
		return ""
	}
	k := in.Context.Intel.KEV
	return listing(k.Listed, k.Added, k.Ransomware)
}

func euvdValue(in *engine.Input) string {
	if in.Context.Intel == nil || in.Context.Intel.Exploited == nil || in.Context.Intel.Exploited.EUVD == nil {
		return ""
	}
	e := in.Context.Intel.Exploited.EUVD
	return listing(e.Listed, e.Added, e.Ransomware)
}

func vulncheckValue(in *engine.Input) string {
	if in.Context.Intel == nil || in.Context.Intel.Exploited == nil || in.Context.Intel.Exploited.VulnCheck == nil {
		return ""
	}
	e := in.Context.Intel.Exploited.VulnCheck
	return listing(e.Listed, e.Added, e.Ransomware)
}

// listing says what a catalogue of known exploited vulnerabilities says.
func listing(listed bool, added string, ransomware *bool) string {
	if !listed {
		return "not listed"
	}
	s := "listed"
	if added != "" {
		s += " since " + added
	}
	if ransomware != nil && *ransomware {
		s += ", used by ransomware"
	}
	return s
}

func epssValue(in *engine.Input) string {
	if in.Context.Intel == nil || in.Context.Intel.EPSS == nil {
		return ""
	}
	e := in.Context.Intel.EPSS
	return fmt.Sprintf("%s (percentile %s)", number(e.Probability), number(e.Percentile))
}

func ssvcValue(in *engine.Input) string {
	if in.Context.Intel == nil || in.Context.Intel.SSVC == nil {
		return ""
	}
	s := in.Context.Intel.SSVC
	return pairs("exploitation", s.Exploitation, "automatable", s.Automatable, "impact", s.TechnicalImpact)
}

func vexValue(in *engine.Input) string {
	if in.Context.VEX == nil {
		return ""
	}
	return bracketed(in.Context.VEX.Status, in.Context.VEX.Justification)
}

func reachabilityValue(in *engine.Input) string {
	r := in.Context.Reachability
	if r == nil {
		return ""
	}
	var how []string
	if r.By != "" {
		how = append(how, r.By)
	}
	if r.Confidence != "" {
		how = append(how, r.Confidence+" confidence")
	}
	return bracketed(r.Verdict, strings.Join(how, ", "))
}

func runtimeValue(in *engine.Input) string {
	r := in.Context.Runtime
	if r == nil {
		return ""
	}
	s := "not seen loaded"
	if r.Loaded {
		s = "loaded"
	}
	if r.WindowDays > 0 {
		s += fmt.Sprintf(" in %s", count(r.WindowDays, "day", "days"))
	}
	return s
}

func validationValue(in *engine.Input) string {
	v := in.Context.Validation
	if v == nil {
		return ""
	}
	return bracketed(v.Status, strings.TrimSpace(v.By+" "+v.Control))
}

func pathsValue(in *engine.Input) string {
	p := in.Context.Paths
	if p == nil {
		return ""
	}
	s := "none from the internet"
	if p.FromInternet {
		s = "from the internet"
		if p.Hops != nil {
			s += " in " + count(*p.Hops, "hop", "hops")
		}
	}
	if len(p.To) > 0 {
		s += " to " + some(p.To, 3)
	}
	if p.ChokePoint != nil && *p.ChokePoint {
		s += ", choke point"
	}
	return s
}

func historyValue(in *engine.Input) string {
	h := in.Context.History
	if h == nil {
		return ""
	}
	s := count(h.AgeDays, "day old", "days old")
	if h.Reopened > 0 {
		s += ", reopened " + count(h.Reopened, "time", "times")
	}
	return s
}

func waiversValue(in *engine.Input) string {
	var out []string
	for _, w := range in.Context.Waivers {
		s := w.ID
		if w.Expires != "" {
			s += " until " + w.Expires
		}
		if !w.Verified {
			s += " (unverified)"
		}
		out = append(out, s)
	}
	return some(out, 3)
}

// number is a probability without needless digits.
func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func bracketed(s, detail string) string {
	if s != "" && detail != "" {
		return s + " (" + detail + ")"
	}
	return s
}

// pairs joins names and values; a name without a value is left out.
func pairs(list ...string) string {
	var out []string
	for i := 0; i+1 < len(list); i += 2 {
		if list[i+1] != "" {
			out = append(out, list[i]+" "+list[i+1])
		}
	}
	return strings.Join(out, ", ")
}
