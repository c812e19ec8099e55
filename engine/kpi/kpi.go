// Package kpi works out of what a ledger's log says whether exposure goes down: figures with their definition, target and value of the period
// before beside them, weekly series, and how long cases stay open.
//
// Cases, runs and objects outside are handed to a Collector one by one and only counts of them are kept, so that memory does not grow with their number.
// A figure that cannot be known is absent and says why; it is never 0.
package kpi

import (
	"time"

	"github.com/headgate/headgate/engine"
)

// Schema names the version of what `headgate report -o json` writes.
const Schema = "headgate.kpi/1"

// A Report is every figure of one stretch of time, beside those of the stretch before it.
type Report struct {
	Schema   string    `json:"schema"`
	At       time.Time `json:"at"`       // when it was made; ages and what is open count to the end of Window
	Window   Period    `json:"window"`   // what is counted
	Previous Period    `json:"previous"` // the same length of time before
	Of       Source    `json:"of"`

	Figures  []Figure  `json:"figures"`  // in the order of Definitions; one for each priority or status that has it
	Series   []Series  `json:"series"`   // by week
	Survival []Curve   `json:"survival"` // by priority, of Window and Previous
	Teams    []Team    `json:"teams"`    // those with most that is overdue first; the last may stand for all others
	Waivers  []Waiver  `json:"waivers"`  // that end soon or have ended, the first to end first
	Evidence *Evidence `json:"evidence,omitempty"`
}

// A Period is a stretch of time: Since is in it, Until is not.
type Period struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// Days are how long it is.
func (p Period) Days() float64 { return p.Until.Sub(p.Since).Hours() / 24 }

func (p Period) has(t time.Time) bool { return !t.Before(p.Since) && t.Before(p.Until) }

// A Source is what the figures are made of.
type Source struct {
	Kind   string `json:"kind"` // FromLedger or FromResult
	Team   string `json:"team,omitempty"`
	Branch string `json:"branch,omitempty"`

	Repositories []string `json:"repositories,omitempty"` // names or patterns; absent: all

	Cases int       `json:"cases"`          // open and closed
	Runs  int       `json:"runs"`           // within both periods
	Begun time.Time `json:"begun,omitzero"` // when the log began: what was before is not known
}

// What figures can be made of.
const (
	FromLedger = "ledger"
	FromResult = "result"
)

// A Figure is one number, and what to make of it.
type Figure struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Priority   engine.Priority `json:"priority,omitempty"` // of which; absent: of all that Definition speaks of
	Status     string          `json:"status,omitempty"`   // of tickets: their status and resolution in the tracker
	Value      *float64        `json:"value,omitempty"`    // absent: Absent says why
	Unit       string          `json:"unit"`               // UnitDays and so on
	N          *int            `json:"n,omitempty"`        // of how many it was made: the whole of a share, the lives of a curve
	Low        *float64        `json:"low,omitempty"`      // where Value may lie, with 95 % confidence
	High       *float64        `json:"high,omitempty"`
	Target     *float64        `json:"target,omitempty"`
	Better     string          `json:"better,omitempty"`   // BetterLess or BetterMore; absent: neither is better
	Previous   *float64        `json:"previous,omitempty"` // the same of the period before
	When       string          `json:"when"`               // AtEnd or Within
	Definition string          `json:"definition"`
	Bias       string          `json:"bias,omitempty"` // what it does not show, or shows too well
	Absent     string          `json:"absent,omitempty"`
}

// The units of figures.
const (
	UnitDays     = "days"
	UnitHours    = "hours"
	UnitSeconds  = "seconds"
	UnitShare    = "share" // 0 to 1
	UnitCases    = "cases"
	UnitFindings = "findings"
	UnitFixes    = "fixes"
	UnitPaths    = "paths"
	UnitRuns     = "runs"
	UnitTickets  = "tickets"
	UnitWaivers  = "waivers"
	UnitPoints   = "points" // case-days, weighted
	UnitRatio    = "ratio"
)

// Which way is better.
const (
	BetterLess = "less"
	BetterMore = "more"
)

// What a figure is of.
const (
	AtEnd  = "at the end" // of the period
	Within = "within"     // the period
)

// A Series is one number at the end of each week, or of each week, over both periods.
type Series struct {
	ID     string          `json:"id"` // open, opened, closed, overdue, paths, changes, blocked, latency, latency_p95
	Name   string          `json:"name"`
	Unit   string          `json:"unit"`
	Of     engine.Priority `json:"priority,omitempty"` // absent: all
	Points []Point         `json:"points"`
}

// A Point is the value of a week that ends at a time; absent: it is not known.
type Point struct {
	At    time.Time `json:"at"`
	Value *float64  `json:"value,omitempty"`
}

// A Curve says what share of cases is still open so many days after they were first seen: Kaplan and Meier's estimate. Cases that are still open
// count for as long as they were watched, and those opened before the period from the age that they had when it began.
type Curve struct {
	Priority engine.Priority `json:"priority,omitempty"` // absent: act and attend together
	Period   string          `json:"period"`             // OfWindow or OfPrevious
	N        int             `json:"n"`                  // cases that were watched
	Closed   int             `json:"closed"`             // of them, within the period
	Steps    []Step          `json:"steps"`              // after each day on which one was closed; before the first one the share is 1
	Longest  int             `json:"longest"`            // days that a case was watched: where the curve ends
	HalfLife *float64        `json:"half_life,omitempty"`
	Due      *float64        `json:"due,omitempty"` // days that the policy allows
	AtDue    *Step           `json:"at_due,omitempty"`
	Absent   string          `json:"absent,omitempty"`

	// P is the probability that window and previous period differ as they do, or more, by chance alone (log-rank); of OfWindow alone.
	P *float64 `json:"p,omitempty"`
}

// The periods of a curve.
const (
	OfWindow   = "window"
	OfPrevious = "previous"
)

// A Step is a point of a curve: from this day on the share holds.
type Step struct {
	Days   int     `json:"days"`
	Share  float64 `json:"share"`
	Low    float64 `json:"low"` // Greenwood's band of 95 %, on the log-log scale
	High   float64 `json:"high"`
	AtRisk int     `json:"at_risk"`
}

// A Team is what is open with one owner, by when it is due.
type Team struct {
	Name     string `json:"name,omitempty"`  // absent: nobody is known to own it
	Teams    int    `json:"teams,omitempty"` // it stands for so many others, and has no name
	Open     int    `json:"open"`            // but for what is accepted
	Urgent   int    `json:"urgent"`          // of them, act and attend
	Overdue  int    `json:"overdue"`
	In7      int    `json:"in_7_days"`
	In14     int    `json:"in_14_days"` // after 7
	In30     int    `json:"in_30_days"` // after 14
	Later    int    `json:"later"`
	NoDate   int    `json:"no_date"`
	Accepted int    `json:"accepted"` // by a waiver, counted nowhere else
}

// A Waiver is an accepted risk that somebody has to look at.
type Waiver struct {
	ID         string `json:"id"`
	Repository string `json:"repository,omitempty"`
	Of         string `json:"of,omitempty"` // finding, package or path
	Asset      string `json:"asset,omitempty"`
	Approver   string `json:"approver,omitempty"`
	Verified   bool   `json:"verified"`
	Expires    string `json:"expires"` // day
	State      string `json:"state"`   // as evidence has it
	Cases      int    `json:"cases"`
}

// Evidence is what an auditor asks of the log first.
type Evidence struct {
	Origin     string           `json:"origin,omitempty"` // of the log
	Size       int64            `json:"size,omitempty"`   // leaves
	Root       string           `json:"root,omitempty"`
	Signed     bool             `json:"signed"` // the latest checkpoint has a signature; whose, verify says
	LatestRun  time.Time        `json:"latest_run,omitzero"`
	Policy     string           `json:"policy,omitempty"` // digest of the policy of the latest run
	Headgate   string           `json:"headgate,omitempty"`
	Intel      engine.IntelInfo `json:"intel,omitzero"`
	Repository string           `json:"repository,omitempty"` // of the latest run
}

// Find is the figure with an id, of a priority; nil if there is none.
func (r *Report) Find(id string, of engine.Priority) *Figure {
	for i := range r.Figures {
		if f := &r.Figures[i]; f.ID == id && f.Priority == of && f.Status == "" {
			return f
		}
	}
	return nil
}
