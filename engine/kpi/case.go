package kpi

import (
	"time"

	"github.com/headgate/headgate/engine"
)

// A Case is one finding on one asset of one branch, with all of its life that is known.
type Case struct {
	Owner       string // of the asset; empty: nobody is known
	Criticality string // of the asset; empty: not known
	Priority    engine.Priority
	Waived      bool
	Due         time.Time // zero: no date
	FirstSeen   time.Time // zero: not known
	Spans       []Span    // when it was open, one after the other; empty: that it is open is all that is known
	Fixable     *bool     // there is a version that fixes it; nil: that is not how it is fixed
	Exploited   *bool     // a rule on known exploitation had a say; nil: none was asked
}

// A Span is a time in which a case was open. To is zero while it is.
type Span struct{ From, To time.Time }
