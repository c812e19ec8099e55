package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/headgate/headgate/engine"
)

// why says in the words of the rules why a case has its priority and action, what carries it first: the strongest raises, firm ones
// before others, then caps that lowered them, then what made the action, then what exempts it. Weaker raises say nothing that the
// strongest did not outdo. It may be empty: no rule said anything.
func why(d *engine.Decision) []string {
	top := -1
	for i := range d.Reasons {
		if r := &d.Reasons[i]; r.Kind == "raise" {
			top = max(top, r.To.Rank())
		}
	}
	var firm, raises, caps, acts, exempts []string
	for i := range d.Reasons {
		r := &d.Reasons[i]
		switch r.Kind {
		case "raise":
			switch carries := r.To.Rank() == top && top > 0; {
			case r.Firm && (carries || r.To == d.Priority):
				firm = append(firm, r.Message)
			case carries:
				raises = append(raises, r.Message)
			}
		case "cap":
			if top > d.Priority.Rank() {
				caps = append(caps, r.Message)
			}
		case "deny", "warn":
			acts = append(acts, r.Message)
		case "exempt":
			exempts = append(exempts, r.Message)
		}
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
