package ticket

import (
	"slices"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/plan"
	"github.com/headgate/headgate/engine/report"
)

// A sight is what a run says of what a ticket is about.
type sight int

const (
	wanted    sight = iota // found, and urgent enough for a ticket
	below                  // found, and not urgent enough to make one
	unplanned              // found, but no fix is known (any more)
	excused                // all that is found is waived, or not affected
	gone                   // looked for by all that had found it, and not found
	unseen                 // nobody can say: not all that had found it looked again
	sights
)

// A finding of sight, in words.
type seen struct {
	sight   sight
	why     string   // of unseen, and the reason of excused
	waivers []string // that excuse it, by id
}

// sightOf says what the run says of a ticket that there is and that no fix wants, by what was noted of it.
func (r *Run) sightOf(s *State) seen {
	var open, found bool
	var is seen
	for _, c := range r.about(s) {
		if s.Per.of(c) != s.For {
			continue
		}
		found = true
		if plan.Open(c) {
			open = true
			continue
		}
		is.excuse(c)
	}
	switch {
	case len(s.Clears)+len(s.More) == 0:
		is = seen{sight: unseen, why: "it is not noted what it is about"}
	case open:
		is = seen{sight: unplanned}
	case found:
		is.sight = excused
	case s.Cut:
		is = seen{sight: unseen, why: "it is about more than could be noted, so that nobody can say that all of it is gone: close it by hand"}
	default:
		if is.sight, is.why = gone, r.seen.missing(s.Covers); is.why != "" {
			is.sight = unseen
		}
	}
	return is
}

// excuse notes why a case is excused.
func (is *seen) excuse(c *engine.Case) {
	why := "VEX says that it is not affected"
	if e := exemption(&c.Decision); e != nil {
		why = cutEnd(report.Line(e.Message), longestWhy)
	} else if v := c.Input.Context.VEX; v != nil && v.Status == "fixed" {
		why = "VEX says that it is fixed"
	}
	if is.why == "" || why < is.why { // the same whatever the order of cases
		is.why = why
	}
	for _, w := range c.Input.Context.Waivers {
		if id := cutEnd(report.Line(w.ID), longestName); !slices.Contains(is.waivers, id) && len(is.waivers) < mostOnce {
			is.waivers = append(is.waivers, id)
			slices.Sort(is.waivers)
		}
	}
}

// exemption is the reason that lets a case pass; nil: there is none.
func exemption(d *engine.Decision) *engine.Reason {
	for i := range d.Reasons {
		if e := &d.Reasons[i]; e.Kind == "exempt" && e.InForce() && e.AtMost == engine.Pass {
			return e
		}
	}
	return nil
}

// A standing is how a ticket stands in its tracker.
type standing int

const (
	open          standing = iota
	openedAgain            // by a person, after we had closed it
	closedGone             // by us, since it was gone
	closedExcused          // by us, since it was waived
	closedFixed            // by a person, as fixed
	closedRefused          // by a person, as something else: won't fix, duplicate
	standings
)

// standingOf says how a ticket stands. Who closed it is what the tracker says; where that was not read, what we noted.
func (r *Run) standingOf(i *Issue) standing {
	s := &i.State
	by := i.MovedBy
	if by == "" {
		by = s.Closed
	}
	switch {
	case !i.Done() && i.MovedBy != ByUs && i.MovedBy != ByNobody && (s.Closed == ByUs || s.once(onceOpened)):
		return openedAgain
	case !i.Done():
		return open
	case by == ByUs && s.As == ClosedExcused:
		return closedExcused
	case by == ByUs: // also where it was killed before it could note why: whatever is found again is to be opened again
		return closedGone
	case r.settings.fixed(i.Resolution):
		return closedFixed
	}
	return closedRefused
}
