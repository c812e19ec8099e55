// Package sweep knows what deciding again is about: why a case is looked at, when a decision is another one than before, and how what
// changed is told. It reads no ledger and decides nothing itself.
package sweep

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/headgate/headgate/engine"
	"github.com/headgate/headgate/engine/evidence"
)

// A Why is a reason to decide a case again.
type Why string

// The reasons.
const (
	WhyAsked   Why = "asked"   // everything was asked for
	WhyPolicy  Why = "policy"  // another policy, engine or assumption decides
	WhyIntel   Why = "intel"   // threat data changed in a way that the policy, or the guard of a waiver, can read
	WhyAsset   Why = "asset"   // what is known of its asset changed
	WhyWaivers Why = "waivers" // other waivers hold, or the same ones for another time
	WhyTime    Why = "time"    // a date passed: it is overdue, a fact or a waiver has expired, a rule came into force
	WhyPaths   Why = "paths"   // the part of the asset graph that it is in changed, or what is open there
)

// Whys are all reasons, in the order in which they are told.
var Whys = []Why{WhyPolicy, WhyIntel, WhyAsset, WhyWaivers, WhyTime, WhyPaths, WhyAsked}

// Schema names the version of what `headgate reassess -o json` writes.
const Schema = "headgate.reassessment/1"

// A Reassessment is what a sweep came to.
type Reassessment struct {
	Schema  string            `json:"schema"`
	At      time.Time         `json:"at"`
	DryRun  bool              `json:"dry_run,omitempty"`
	Policy  engine.PolicyInfo `json:"policy"`
	Intel   engine.IntelInfo  `json:"intel"`
	Log     *LogEntry         `json:"log,omitempty"` // absent: nothing was written
	Epoch   *evidence.Epoch   `json:"epoch"`         // of a dry run without runs and state
	Changed []Transition      `json:"transitions"`   // worst first
}

// A LogEntry is where the manifest stands.
type LogEntry struct {
	Run  string `json:"run"`
	Leaf int64  `json:"leaf"`
}

// A Transition is one case that came out otherwise.
type Transition struct {
	Repository string `json:"repository,omitempty"`
	Branch     string `json:"branch,omitempty"`
	Asset      string `json:"asset"`
	Owner      string `json:"owner,omitempty"`
	Finding    string `json:"finding"`
	Name       string `json:"name"` // of the vulnerability or rule
	Package    string `json:"package,omitempty"`

	Was     State    `json:"was"`
	Is      State    `json:"is"`
	Why     []Why    `json:"why"`
	Because []string `json:"because"` // what is known otherwise than it was, in words
}

// A State is what matters of a decision.
type State struct {
	Priority engine.Priority `json:"priority"`
	Action   engine.Action   `json:"action"`
	Due      time.Time       `json:"due,omitzero"`
	Overdue  bool            `json:"overdue,omitzero"`
	Waived   bool            `json:"waived,omitzero"`
}

// StateOf is what matters of a recorded decision.
func StateOf(d *evidence.Decision) State {
	return State{Priority: d.Priority, Action: d.Action, Due: d.Due, Overdue: d.Overdue, Waived: d.ExemptedBy != ""}
}

// Compare orders transitions: the worst first, by what they are now, then by how far they rose, then by due date and name.
func Compare(a, b *Transition) int {
	rise := func(t *Transition) int { return t.Is.Priority.Rank() - t.Was.Priority.Rank() }
	return cmp.Or(
		cmp.Compare(b.Is.Priority.Rank(), a.Is.Priority.Rank()),
		cmp.Compare(b.Is.Action.Rank(), a.Is.Action.Rank()),
		cmp.Compare(rise(b), rise(a)),
		engine.CompareDue(&engine.Decision{Due: a.Is.Due}, &engine.Decision{Due: b.Is.Due}),
		strings.Compare(a.Name, b.Name), strings.Compare(a.Repository, b.Repository), strings.Compare(a.Branch, b.Branch),
		strings.Compare(a.Asset, b.Asset), strings.Compare(a.Finding, b.Finding),
	)
}

// Same says whether a decision that is made again at a time is the one that was recorded. A date that counts from the evaluation stays as it
// was first given: else it would move on with every sweep, and never come. One that counted from it, as nobody knew then since when the
// finding was there, comes as any other: that is what a ledger knows of all but the first run.
func Same(was, is *evidence.Decision, now time.Time) bool {
	if was.Priority != is.Priority || was.Action != is.Action || was.WouldHave != is.WouldHave || was.ExemptedBy != is.ExemptedBy ||
		!slices.Equal(was.Waivers, is.Waivers) || !slices.Equal(was.Oblige, is.Oblige) || !slices.EqualFunc(rules(was), rules(is), sameReason) {
		return false
	}
	if !is.NextChange.IsZero() && (was.NextChange.IsZero() || is.NextChange.Before(was.NextChange)) { // else nobody would look when it comes
		return false
	}
	if was.DueFrom == "evaluated" && is.DueFrom == "evaluated" && !is.Due.Before(was.Due) {
		return true
	}
	passed := !was.NextChange.IsZero() && !was.NextChange.After(now)
	return was.Due.Equal(is.Due) && was.Overdue == is.Overdue && (!passed || was.NextChange.Equal(is.NextChange))
}

// rules are the reasons of a decision in an order that does not depend on their messages.
func rules(d *evidence.Decision) []evidence.Reason {
	all := slices.Clone(d.Reasons)
	slices.SortFunc(all, func(a, b evidence.Reason) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Kind, b.Kind), cmp.Compare(a.To.Rank(), b.To.Rank()), cmp.Compare(a.AtMost.Rank(), b.AtMost.Rank()))
	})
	return all
}

// sameReason says whether two reasons are of the same rule and say the same, whatever the dates that follow.
func sameReason(a, b evidence.Reason) bool {
	return a.Rule == b.Rule && a.Kind == b.Kind && a.To == b.To && a.AtMost == b.AtMost && a.Firm == b.Firm && a.Staged == b.Staged
}
