package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// why says in the words of the rules why a case has its priority and action, what carries it first: firm raises, the raises that
// reach the priority, then caps that lowered it, then what made the action, then what exempts it. It may be empty: no rule said
// anything.
func why(d *engine.Decision) []string {
	priority := d.Priority.Rank()
	var firm, raises, caps, acts, exempts []string
	top := -1
	for i := range d.Reasons {
		r := &d.Reasons[i]
		switch r.Kind {
		case "raise":
			top = max(top, r.To.Rank())
			if r.To.Rank() < priority || priority == 0 {
				break
			}
			if r.Firm {
				firm = append(firm, r.Message)
			} else {
				raises = append(raises, r.Message)
			}
		case "cap":
			caps = append(caps, r.Message)
		case "deny", "warn":
			acts = append(acts, r.Message)
		case "exempt":
			exempts = append(exempts, r.Message)
		}
	}
	lowered := top > priority
	if !lowered {
		caps = nil
	}
	var out []string
	for _, m := range slices.Concat(firm, raises, caps, acts, exempts) {
		if m = sentence(m); m != "" && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	return out
}

// sentence strips what a message ends with, so that several can be joined.
func sentence(m string) string { return strings.TrimRight(clean(m), " .;") }

// worthKnowing says of the facts that are not known what they would change: "reachability not known (unreachable: track)".
func worthKnowing(d *engine.Decision) []string {
	var out []string
	for _, p := range d.Pivots {
		var changes []string
		for _, value := range slices.Sorted(maps.Keys(p.Outcomes)) {
			if to := p.Outcomes[value]; to != d.Priority {
				changes = append(changes, value+": "+string(to))
			}
		}
		if len(changes) > 0 {
			out = append(out, factLabel(p.Fact)+" not known ("+strings.Join(changes, ", ")+")")
		}
	}
	return out
}

// headline is the title of a finding where it says more than the name does: that of a published weakness is known by its name, and
// the package stands beside it.
func headline(f *engine.Finding) string {
	if f.Vulnerability != nil && f.Package != nil {
		return ""
	}
	return sentence(f.Title)
}

// lowered says whether an exemption lowered the action.
func lowered(d *engine.Decision) bool { return d.WouldHave != nil && *d.WouldHave != d.Action }
